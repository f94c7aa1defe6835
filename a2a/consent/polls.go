package consent

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

const (
	// maxPollsInFlight bounds the connections to the provider, who may hold each poll open for half
	// a minute (CIBA Core §10.1.1).
	maxPollsInFlight = 512
	// maxAnswers bounds the approvals that were collected and are being answered. No more are
	// collected until they are: each takes memory, and would be lost with the process, while at the
	// provider it is safe.
	maxAnswers = 1024
	// pollSlack is what the rate may catch up when timers come late.
	pollSlack = 10 * time.Millisecond
	// tooManyPause follows a 429 that names no time.
	tooManyPause = time.Second
)

// wait begins the polling of a request in the phase Waiting. The lock is held.
func (r *Room) wait(w *waiting, now time.Time) {
	if w.q.AuthReqID == "" || w.settled != nil {
		return
	}
	expiry := here(w.q.Expires, now)
	w.pace = ciba.NewPace(&ciba.Acknowledgement{Interval: w.q.Interval, ExpiresAt: expiry}, w.due,
		w.q.tail())
	switch {
	case w.resumed:
		r.resume(w, now)
	case now.Before(r.paused):
		r.spread(w, r.paused)
	default:
		w.pollAt = now
	}
	r.schedule(w)
}

// resume plans the first poll of a request that another process has polled until now, or nobody for
// a while. It may have been polled a moment ago, so an interval passes first (CIBA Core §7.3).
// After that the polls are spread, or those of all requests would come in step for ever. The lock
// is held.
func (r *Room) resume(w *waiting, now time.Time) {
	left := w.pace.Last().Sub(now)
	if left > w.pace.Interval {
		left = 2 * w.pace.Interval
	}
	// the only one that is left may be too soon, for nothing comes after it
	r.spread(w, now.Add(left/2))
}

// spread puts the next poll of a request somewhere into the interval that begins at from, or into
// what is left of the request's life. The lock is held.
func (r *Room) spread(w *waiting, from time.Time) {
	window := min(w.pace.Interval, w.pace.Last().Sub(from))
	if window <= 0 {
		w.pollAt = time.Time{}
		return
	}
	w.pollAt = from.Add(rand.N(window))
}

// urgency orders polls that are due and have to wait for others: the middle of the time that is
// left. Who has little left comes before who has much, but nobody is overtaken for ever, and the
// last poll of a request is not spent in the queue.
func (w *waiting) urgency() time.Time { return w.pollAt.Add(w.pace.Deadline.Sub(w.pollAt) / 2) }

// mayPollNow reports whether a first poll need not wait for others. The lock is held.
func (r *Room) mayPollNow() bool {
	return r.c.PollRate == 0 && !r.draining && r.inFlight < maxPollsInFlight &&
		r.answers < maxAnswers &&
		len(r.polls.list) == 0 && !time.Now().Before(r.paused) && r.waker.Alive()
}

// startPolls sends the polls that are due, as far as the rate and the number in flight allow. It
// returns the time until it may send another. The lock is held.
func (r *Room) startPolls(now time.Time) time.Duration {
	if r.nextSlot.Before(now.Add(-pollSlack)) {
		r.nextSlot = now.Add(-pollSlack)
	}
	for w := r.polls.first(); w != nil; w = r.polls.first() {
		if r.inFlight >= maxPollsInFlight || r.answers >= maxAnswers {
			break // the end of a poll, or of a turn, brings us here again
		}
		if r.c.PollRate > 0 {
			if wait := r.nextSlot.Sub(now); wait > 0 {
				return max(wait, coalesce)
			}
			r.nextSlot = r.nextSlot.Add(time.Second / time.Duration(r.c.PollRate))
		}
		r.beginPoll(w)
		r.group.Go(func() { r.poll(w) })
	}
	return idleLook
}

// beginPoll counts a poll that poll does. The lock is held.
func (r *Room) beginPoll(w *waiting) {
	r.polls.drop(w)
	w.cancel = func() {}
	r.inFlight++
}

// poll asks once how a request stands.
func (r *Room) poll(w *waiting) {
	r.mu.Lock()
	ctx, cancel := context.WithCancel(r.work)
	defer cancel()
	settled := w.settled != nil
	w.cancel = cancel
	id, want := w.q.AuthReqID, ciba.Expectation{Subject: w.q.Subject, Email: w.q.Email,
		Scope: r.c.Scope}
	if want.Subject != "" {
		want.Email = ""
	}
	r.mu.Unlock()
	var grant *ciba.Grant
	err := context.Canceled
	if !settled {
		grant, err = r.c.Asker.PollOnce(ctx, id, want)
	}
	now := time.Now()

	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight--
	if r.draining || len(r.polls.list) > 0 {
		r.poke()
	}
	w.cancel, w.pollAt = nil, time.Time{}
	if w.settled != nil || !now.Before(w.due) {
		if err == nil {
			r.eachTask(w, func(task string) {
				r.c.Log.Info("an approval came after the time was up; it was dropped", "task", task)
			})
		}
		return
	}
	if ctx.Err() != nil && err != nil {
		return // the agent stops, and the next process goes on
	}
	r.judge(w, grant, now, err)
	r.schedule(w)
}

// judge takes in the answer to a poll. The lock is held.
func (r *Room) judge(w *waiting, grant *ciba.Grant, now time.Time, err error) {
	next, more := w.pace.Next(now, err)
	temporary := isTemporary(err)
	r.trouble(w, err)
	r.judgeProvider(err, now)
	switch {
	case err == nil:
		r.tooMuch(grant)
		a := NewApproval(grant, now)
		a.Address = w.q.Address
		r.settle(w, &Signal{Outcome: Approved, Approval: a})
	case w.lost() && (!temporary || !more || errors.Is(err, ciba.ErrPending)):
		// Somebody has been told of an approval: whatever comes now, it is not that nobody has
		// agreed.
		r.alarmLocked(w, "an approval was lost with the process that had collected it",
			ReasonLost, err)
		r.settle(w, &Signal{Outcome: Lost, Reason: ReasonLost})
	case more:
		w.pollAt = next
		r.pauseFor(err, now)
	case temporary: // the next poll would be too late
	case w.pace.Silence(now, err):
	case errors.Is(err, ciba.ErrAccessDenied):
		if r.c.Policy.tells(Declined) {
			r.settle(w, &Signal{Outcome: Declined, Reason: ReasonDeclined})
		} else {
			w.q.Reason = ReasonDeclined
			r.note(w)
		}
	default:
		what, reason := cause(err)
		r.alarmLocked(w, what, reason, err)
		r.pretend(w, Broken, reason)
		r.note(w)
	}
}

// lost reports whether a task was told of an approval that went with another process.
func (w *waiting) lost() bool {
	for _, m := range w.members {
		if m.approved {
			return true
		}
	}
	return false
}

func isTemporary(err error) bool {
	_, slow := errors.AsType[*ciba.SlowDown](err)
	_, temporary := errors.AsType[*ciba.TemporaryError](err)
	return slow || temporary || errors.Is(err, ciba.ErrPending)
}

// trouble tells the operator of a provider that does not answer polls: once, until it answers
// again. The lock is held.
func (r *Room) trouble(w *waiting, err error) {
	t, ok := errors.AsType[*ciba.TemporaryError](err)
	w.idle = ok
	switch {
	case ok && !r.outage:
		r.outage = true
		r.c.Log.Warn("the provider does not say how a request stands; it is asked again", "error",
			Plain(t))
	case !ok && r.outage:
		r.outage = false
		r.c.Log.Info("the provider answers again")
	}
}

// pauseFor honours a provider that is asked too much by all of us. The lock is held.
func (r *Room) pauseFor(err error, now time.Time) {
	refused, ok := errors.AsType[*oauth.Error](err)
	if !ok || refused.Status != http.StatusTooManyRequests {
		return
	}
	pause := tooManyPause
	if refused.RetryAfter > 0 {
		pause = min(refused.RetryAfter, ciba.MaxExpiry)
	}
	if until := now.Add(pause); until.After(r.paused) {
		r.paused = until
	}
	for w := r.polls.first(); w != nil; w = r.polls.first() {
		r.polls.drop(w)
		r.spread(w, r.paused) // not all at once when the pause is over
		r.schedule(w)
	}
}
