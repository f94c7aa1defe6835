package hragent

import (
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"staff0/a2a"
	"staff0/ciba"
	"staff0/ciba/oauth"
)

// Bounds of the waiting.
const (
	maxPollsInFlight = 256                    // a provider may hold each open for half a minute
	pollsFull        = 20 * time.Millisecond  // until the next look when all of them are in flight
	wakeRetry        = time.Second            // when the store is out of order
	coalesce         = 2 * time.Millisecond   // timers this close are one wake-up of the processor
	drainGrace       = 5 * time.Second        // for what is in flight when the agent stops
	drainLook        = 20 * time.Millisecond  // between looks at it
	freshAck         = 500 * time.Millisecond // an acknowledgement younger than this has just come; older ones were stored
)

// waker runs the next turn of a parked task; *tasks.Engine is one.
type waker interface {
	Wake(ctx context.Context, id a2a.TaskID, signal any) error
}

// The signals with which a task is woken.
type (
	announce struct{} // the grid step has come
	approved struct {
		grant *ciba.Grant
		at    time.Time
	}
	declined struct{}
	silence  struct{ reason string } // the time is up
	failure  struct{ reason string } // the provider refuses to go on, or what it gave is not an approval
)

// approvals waits for people. One goroutine and one heap serve all tasks: a task that waits is an entry of some hundred bytes, and a poll is a
// goroutine for as long as its HTTP call takes.
type approvals struct {
	consent Consent
	scope   string
	open    bool // the disclosure policy: failures are told at once
	rate    int  // polls a second; 0 is no limit
	log     *slog.Logger

	mu       sync.Mutex
	entries  map[a2a.TaskID]*approval
	due      dueHeap
	kick     chan struct{} // the first of due has changed
	inFlight int           // polls
	waking   int           // turns
	nextSlot time.Time     // when the rate allows another poll
	paused   time.Time     // until then the provider wants no polls at all (429)
	work     sync.WaitGroup
}

// approval is one waiting task.
type approval struct {
	id     a2a.TaskID
	cp     *checkpoint
	pace   ciba.Pace
	pollAt time.Time // zero: nothing to poll for any more
	slot   bool      // pollAt is a slot of the rate limit
	result any       // a signal that waits for the announcement
	reason string    // for the operator, when silence follows

	at    time.Time // when something is due
	index int       // in the heap, -1 while somebody works on it
	park  bool      // the turn that was woken has parked the task again
	gone  bool
}

func newApprovals() *approvals {
	return &approvals{entries: map[a2a.TaskID]*approval{}, kick: make(chan struct{}, 1)}
}

// park takes a task in, or takes it back after a turn.
func (a *approvals) park(id a2a.TaskID, cp *checkpoint) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[id]
	if e == nil {
		e = &approval{id: id, index: -1}
		a.entries[id] = e
		if now := time.Now(); cp.real() {
			e.pace = ciba.Pace{Interval: cp.Interval, Expiry: cp.Expiry, Deadline: cp.Expiry}
			e.pollAt = now
			if !now.Before(cp.Expiry) {
				e.pollAt, e.reason = time.Time{}, reasonNoAnswer
			} else if now.Sub(cp.Step) > freshAck || cp.announced() && now.Add(cp.Lifetime).Sub(cp.Deadline) > freshAck {
				// After a restart the polls of all tasks would come in step for ever: spread them over the interval.
				e.pollAt = now.Add(rand.N(max(cp.Interval, time.Second)))
			}
		} else {
			e.reason = cp.Reason
		}
	} else if e.index < 0 { // its turn is under way and will put it back
		e.cp, e.park = cp, true
		return
	}
	e.cp = cp
	a.schedule(e)
}

// unpark forgets a task.
func (a *approvals) unpark(id a2a.TaskID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[id]
	if e == nil {
		return
	}
	e.gone = true
	delete(a.entries, id)
	if e.index >= 0 {
		heap.Remove(&a.due, e.index)
	}
}

// schedule puts an entry into the heap for the next thing that is due. The lock is held.
func (a *approvals) schedule(e *approval) {
	switch {
	case !e.cp.announced():
		e.at = e.cp.Step
	case e.result != nil:
		e.at = time.Time{}
	default:
		e.at = e.cp.Deadline
	}
	if !e.pollAt.IsZero() && e.pollAt.Before(e.at) {
		e.at = e.pollAt
	}
	heap.Push(&a.due, e)
	if e.index == 0 {
		select {
		case a.kick <- struct{}{}:
		default:
		}
	}
}

// run waits for people until ctx ends. Then it sends no more polls, but lets those in flight come back and the turns that follow from them be
// run, for an approval that has been collected exists nowhere but in memory. What takes longer than the grace is given up.
func (a *approvals) run(ctx context.Context, w waker) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var grace <-chan time.Time
	done := ctx.Done()
	for {
		timer.Reset(a.dispatch(work, w, grace != nil))
		select {
		case <-timer.C:
		case <-a.kick:
		case <-done:
			done, grace = nil, time.After(drainGrace)
		case <-grace:
			cancel(errors.New("the agent is shutting down"))
			a.work.Wait()
			return
		}
		if grace != nil && a.idle() {
			a.work.Wait()
			return
		}
	}
}

// idle reports whether nothing is in flight and nothing collected waits for its turn.
func (a *approvals) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inFlight > 0 || a.waking > 0 {
		return false
	}
	for _, e := range a.due {
		if e.result != nil {
			return false
		}
	}
	return true
}

// dispatch starts all that is due and returns the time until something else is.
func (a *approvals) dispatch(ctx context.Context, w waker, draining bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if draining {
		a.dispatchResults(ctx, w, now)
		return drainLook
	}
	for len(a.due) > 0 {
		e := a.due[0]
		if wait := e.at.Sub(now); wait > 0 {
			return max(wait, coalesce)
		}
		heap.Pop(&a.due)
		switch {
		case !e.cp.announced() && !now.Before(e.cp.Step):
			a.startWake(ctx, w, e, announce{})
		case e.cp.announced() && e.result != nil:
			a.startWake(ctx, w, e, e.result)
		case e.cp.announced() && !now.Before(e.cp.Deadline):
			a.startWake(ctx, w, e, silence{e.reason})
		case a.mayPoll(e, now):
			a.inFlight++
			a.work.Go(func() { a.poll(ctx, e) })
		default:
			a.schedule(e)
		}
	}
	return time.Hour
}

// dispatchResults starts the turns of results that are in, and of nothing else.
func (a *approvals) dispatchResults(ctx context.Context, w waker, now time.Time) {
	for i := len(a.due) - 1; i >= 0; i-- {
		e := a.due[i]
		switch {
		case e.result == nil:
		case e.cp.announced():
			heap.Remove(&a.due, i)
			a.startWake(ctx, w, e, e.result)
		case !now.Before(e.cp.Step):
			heap.Remove(&a.due, i)
			a.startWake(ctx, w, e, announce{})
		}
	}
}

// startWake begins a turn of the task. The lock is held.
func (a *approvals) startWake(ctx context.Context, w waker, e *approval, signal any) {
	if _, ok := signal.(announce); !ok {
		e.result = nil
	}
	e.park = false
	a.waking++
	a.work.Go(func() { a.wake(ctx, w, e, signal) })
}

// mayPoll reports whether the entry is polled now; else it sets pollAt to when it may be. The lock is held.
func (a *approvals) mayPoll(e *approval, now time.Time) bool {
	switch {
	case now.Before(a.paused):
		// Not all at once when the pause is over.
		e.pollAt, e.slot = a.paused.Add(rand.N(e.pace.Interval)), false
		return false
	case a.rate > 0 && !e.slot:
		if a.nextSlot.Before(now) {
			a.nextSlot = now
		}
		e.pollAt, e.slot = a.nextSlot, true
		a.nextSlot = a.nextSlot.Add(time.Second / time.Duration(a.rate))
		if e.pollAt.After(now) {
			return false
		}
	}
	if a.inFlight >= maxPollsInFlight {
		e.pollAt = now.Add(pollsFull)
		return false
	}
	e.slot = false
	return true
}

// poll asks once how a request stands.
func (a *approvals) poll(ctx context.Context, e *approval) {
	sent := time.Now()
	grant, err := a.consent.PollOnce(ctx, e.cp.AuthReqID, e.cp.expectation(a.scope))
	now := time.Now()

	a.mu.Lock()
	defer a.mu.Unlock()
	a.inFlight--
	if e.gone {
		return // canceled meanwhile: a late approval is dropped
	}
	e.pollAt = time.Time{}
	switch next, again := e.pace.Next(sent, now, err); {
	case err == nil:
		e.result = approved{grant, now}
	case again:
		e.pollAt = next
		a.pauseFor(err, now)
	case e.pace.Silence(now, err):
		e.reason = reasonNoAnswer
	case errors.Is(err, ciba.ErrAccessDenied):
		e.result = declined{}
	case ctx.Err() != nil:
		return // shutting down; the next process goes on
	case isTemporary(err):
		e.reason = reasonNoAnswer // past the provider's expiry
	default:
		a.alarm(e, err)
	}
	a.schedule(e)
}

func isTemporary(err error) bool {
	var temporary *ciba.TemporaryError
	var slow *ciba.SlowDown
	return errors.Is(err, ciba.ErrPending) || errors.As(err, &temporary) || errors.As(err, &slow)
}

// pauseFor honours a provider that is asked too much by all of us.
func (a *approvals) pauseFor(err error, now time.Time) {
	var refused *oauth.Error
	if errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests && refused.RetryAfter > 0 {
		if until := now.Add(min(refused.RetryAfter, ciba.MaxExpiry)); until.After(a.paused) {
			a.paused = until
		}
	}
}

// alarm is for an end that no person has caused: a wrong person's token, a request that the provider has forgotten, credentials that no longer
// hold. Only an open policy tells the caller; otherwise a caller would learn that there was somebody to ask.
func (a *approvals) alarm(e *approval, err error) {
	e.reason = reasonProvider
	var mismatch *ciba.MismatchError
	if errors.As(err, &mismatch) {
		e.reason = reasonWrongApproval
	}
	a.log.Error("an approval cannot be used", "task", e.id, "reason", e.reason, "error", err)
	if a.open {
		e.result = failure{e.reason}
	} else {
		e.result = silentFailure{e.reason}
	}
}

// silentFailure is a failure that stays silent until the deadline, unless the approval had been seen already.
type silentFailure struct{ reason string }

// wake runs a turn of the task. If the turn has not parked the task again, it has ended.
func (a *approvals) wake(ctx context.Context, w waker, e *approval, signal any) {
	err := w.Wake(ctx, e.id, signal)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waking--
	switch {
	case e.gone:
	case e.park:
		a.schedule(e)
	case err != nil && ctx.Err() == nil:
		switch signal.(type) {
		case announce, silence: // due again by the clock
		default:
			e.result = signal
		}
		e.at = time.Now().Add(wakeRetry)
		heap.Push(&a.due, e)
	default:
		delete(a.entries, e.id)
	}
}

// waiting is the number of tasks that wait.
func (a *approvals) waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.entries)
}

// dueHeap orders entries by what is due first.
type dueHeap []*approval

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *dueHeap) Push(x any) {
	e := x.(*approval)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *dueHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = -1
	return e
}
