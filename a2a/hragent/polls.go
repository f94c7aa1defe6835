package hragent

import (
	"context"
	"errors"
	"net/http"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

const (
	// maxPollsInFlight bounds the connections to the provider, who may hold each poll open for half a minute (CIBA Core §10.1.1).
	maxPollsInFlight = 512
	// maxAnswers bounds the approvals that were collected and are being answered. No more are collected until they are: each takes memory, and
	// would be lost with the process, while at the provider it is safe.
	maxAnswers = 1024
	// pollSlack is what the rate may catch up when timers come late.
	pollSlack = 10 * time.Millisecond
	// tooManyPause follows a 429 that names no time.
	tooManyPause = time.Second
)

// urgency orders polls that are due and have to wait for others: the middle of the time that is left. Who has little left comes before who has
// much, but nobody is overtaken for ever, and the last poll of a request is not spent in the queue.
func (e *approval) urgency() time.Time { return e.pollAt.Add(e.pace.Expiry.Sub(e.pollAt) / 2) }

// startPolls sends the polls that are due, as far as the rate and the number in flight allow. It returns the time until it may send another. The
// lock is held.
func (a *approvals) startPolls(ctx context.Context, now time.Time) time.Duration {
	if a.nextSlot.Before(now.Add(-pollSlack)) {
		a.nextSlot = now.Add(-pollSlack)
	}
	for e := a.polls.first(); e != nil; e = a.polls.first() {
		if a.inFlight >= maxPollsInFlight || a.answers >= maxAnswers {
			break // the end of a poll, or of a turn, brings us here again
		}
		if a.rate > 0 {
			if wait := a.nextSlot.Sub(now); wait > 0 {
				return max(wait, coalesce)
			}
			a.nextSlot = a.nextSlot.Add(time.Second / time.Duration(a.rate))
		}
		a.polls.drop(e)
		ctx, cancel := context.WithCancel(ctx)
		e.cancel = cancel
		a.inFlight++
		a.work.Go(func() { a.poll(ctx, e) })
	}
	return idleLook
}

// poll asks once how a request stands.
func (a *approvals) poll(ctx context.Context, e *approval) {
	a.mu.Lock()
	id, want := e.authReqID, e.expectation(a.scope)
	a.mu.Unlock()
	sent := time.Now()
	grant, err := a.consent.PollOnce(ctx, id, want)
	now := time.Now()

	a.mu.Lock()
	defer a.mu.Unlock()
	canceled := ctx.Err() != nil
	a.inFlight--
	if a.draining || len(a.polls.list) > 0 {
		a.poke()
	}
	p := a.prompts[id]
	if p == nil || p.poller == nil {
		if err == nil { // canceled meanwhile
			a.log.Info("an approval came after the task had ended; it was dropped", "task", e.id)
		}
		return
	}
	e = p.poller // another one, if the one that has sent the poll was canceled
	if e.cancel != nil {
		e.cancel()
	}
	e.cancel, e.pollAt = nil, time.Time{}
	switch next, again := e.pace.Next(sent, now, err); {
	case err == nil:
		a.decide(p, approved{collect(grant), now})
	case again:
		e.pollAt = next
		a.pauseFor(err, now)
	case canceled: // the time is up, or the agent stops and the next process goes on
	case e.pace.Silence(now, err), isTemporary(err): // expired, or the next poll would be
	case errors.Is(err, ciba.ErrAccessDenied):
		a.decide(p, declined{})
	default:
		a.alarm(p, err)
	}
	a.schedule(e)
}

func isTemporary(err error) bool {
	_, slow := errors.AsType[*ciba.SlowDown](err)
	_, temporary := errors.AsType[*ciba.TemporaryError](err)
	return slow || temporary || errors.Is(err, ciba.ErrPending)
}

// pauseFor honours a provider that is asked too much by all of us. The lock is held.
func (a *approvals) pauseFor(err error, now time.Time) {
	refused, ok := errors.AsType[*oauth.Error](err)
	if !ok || refused.Status != http.StatusTooManyRequests {
		return
	}
	pause := tooManyPause
	if refused.RetryAfter > 0 {
		pause = min(refused.RetryAfter, ciba.MaxExpiry)
	}
	if until := now.Add(pause); until.After(a.paused) {
		a.paused = until
	}
	for e := a.polls.first(); e != nil; e = a.polls.first() {
		a.polls.drop(e)
		a.spread(e, a.paused) // not all at once when the pause is over
		a.schedule(e)
	}
}

// alarm is for an end that no person has caused: a wrong person's token, a request that the provider has forgotten, credentials that no longer
// hold.
func (a *approvals) alarm(p *prompt, err error) {
	reason := reasonProvider
	if _, ok := errors.AsType[*ciba.MismatchError](err); ok {
		reason = reasonWrongApproval
	}
	for _, e := range p.members {
		e.reason = reason
		a.log.Error("an approval cannot be used", "task", e.id, "reason", reason, "error", plain(err))
	}
	a.decide(p, failure{reason})
}
