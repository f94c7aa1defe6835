package hragent

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"staff0/a2a"
	"staff0/ciba"
)

// Bounds of the waiting.
const (
	wakeRetry  = time.Second           // when the store is out of order
	coalesce   = 2 * time.Millisecond  // polls this close are one wake-up of the processor
	aliveLook  = 50 * time.Millisecond // while the tasks may be another agent's
	idleLook   = time.Hour             // when nothing is due
	drainGrace = 5 * time.Second       // for what is in flight when the agent stops
	maxSlew    = time.Second           // between two clocks; what is more, somebody has set
)

var errStopping = errors.New("the agent is shutting down")

// waker runs the next turn of a parked task; *tasks.Engine is one.
type waker interface {
	Wake(ctx context.Context, id a2a.TaskID, signal any) error
	// Alive reports whether the tasks are certainly still this agent's.
	Alive() bool
}

// The signals with which a task is woken.
type (
	announce struct{} // the grid step has come
	approved struct {
		*collected
		at time.Time
	}
	declined struct{}
	silence  struct{ reason string } // the time is up
	failure  struct{ reason string } // the provider refuses to go on, or what it gave is not an approval
)

// approvals waits for people. One goroutine and two heaps serve all tasks: a task that waits is an entry of some hundred bytes, and a poll is a
// goroutine for as long as its HTTP call takes.
type approvals struct {
	consent Consent
	scope   string
	rate    int // polls a second; 0 is no limit
	log     *slog.Logger

	process  uint64    // tells this process from those before it
	epoch    time.Time // polls are rounded up to a multiple after it
	mu       sync.Mutex
	entries  map[a2a.TaskID]*approval
	prompts  map[string]*prompt // by auth_req_id
	clock    queue
	polls    queue
	kick     chan struct{} // there is something to look at before the time
	inFlight int           // polls
	turns    int           // under way
	answers  int           // those of them that follow an approval
	nextSlot time.Time     // when the rate allows another poll
	paused   time.Time     // until then the provider wants no polls at all (429)
	draining bool
	work     sync.WaitGroup
}

// approval is one waiting task. Tens of thousands may wait: of its request it holds what the waiting needs, and no more.
type approval struct {
	id                        a2a.TaskID
	authReqID, subject, email string    // as in request
	reason                    string    // as in request
	promised                  time.Time // the deadline that the caller was told, by the wall clock; zero until he is
	due                       time.Time // the step at which he is told, and from then on the deadline, by the clock of this process that nobody sets
	prompt                    *prompt   // nil when there is no request at the provider
	pace                      ciba.Pace
	pollAt                    time.Time          // zero: nothing to poll for any more, or another task of the prompt does it
	cancel                    context.CancelFunc // of the poll in flight, nil if there is none
	result                    any                // a signal that waits for the announcement, or for its turn
	retryAt                   time.Time          // no turn before
	at                        [queues]time.Time
	place                     [queues]int32 // in the queue, from 1; 0 is outside

	turning bool
	parked  bool // the turn under way has parked the task again
	gone    bool
}

func newApprovals(consent Consent, scope string, rate int, log *slog.Logger) *approvals {
	return &approvals{
		consent: consent, scope: scope, rate: rate, log: log,
		process: rand.Uint64(), epoch: time.Now(), entries: map[a2a.TaskID]*approval{}, prompts: map[string]*prompt{}, kick: make(chan struct{}, 1),
		clock: queue{which: onClock}, polls: queue{which: onPolls},
	}
}

// park takes a task in, or takes it back after a turn.
func (a *approvals) park(id a2a.TaskID, r request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[id]
	if e != nil { // after a turn
		if e.prompt != nil && !r.real() {
			a.detach(e)
		}
		e.take(r, time.Now())
		if e.parked = e.turning; !e.parked {
			a.schedule(e)
		}
		return
	}
	now := time.Now()
	e = a.enter(id, r, now)
	if e.polls() {
		switch {
		case r.Process != a.process:
			a.resume(e, now)
		case now.Before(a.paused):
			a.spread(e, a.paused)
		default: // the first poll follows the acknowledgement at once
			e.pollAt = now
			a.polls.put(e, e.urgency())
			a.poke()
		}
	}
	a.schedule(e)
}

// enter makes the entry of a task. The lock is held.
func (a *approvals) enter(id a2a.TaskID, r request, now time.Time) *approval {
	e := &approval{id: id}
	a.entries[id] = e
	e.take(r, now)
	if r.real() {
		expiry := here(r.Expiry, now)
		e.pace = ciba.Pace{Interval: r.Interval, Expiry: expiry, Deadline: expiry}
		a.attach(e)
	}
	return e
}

// parkBroken takes in a task whose checkpoint cannot be read, to have it ended.
func (a *approvals) parkBroken(id a2a.TaskID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entries[id]; e != nil {
		return
	}
	e := &approval{id: id}
	now := time.Now()
	e.take(request{Deadline: now}, now)
	a.entries[id] = e
	a.schedule(e)
}

// take takes in what is stored of a request. A reason stays: why nobody can answer any more is not known to the store.
func (e *approval) take(r request, now time.Time) {
	if e.authReqID != r.AuthReqID { // if it is the same, the string that the map of prompts has too is kept
		e.authReqID, e.subject, e.email = r.AuthReqID, r.Subject, r.Email
	}
	e.reason = cmp.Or(e.reason, r.Reason)
	e.promised, e.due = r.Deadline, here(r.Step, now)
	if e.announced() {
		e.due = here(r.Deadline, now)
	}
}

// announced reports whether the caller has been told that somebody is asked.
func (e *approval) announced() bool { return !e.promised.IsZero() }

// expectation is whose approval counts.
func (e *approval) expectation(scope string) ciba.Expectation {
	return ciba.Expectation{Subject: e.subject, Email: e.email, Scope: scope}
}

// here is a time that was stored, by the monotonic clock of this process. The scheduler compares no other: if the wall clock is set, nobody's
// polls stand still or come all at once, and no two comparisons of the same times disagree.
func here(t, now time.Time) time.Time { return now.Add(t.Sub(now)) }

// unpark forgets a task.
func (a *approvals) unpark(id a2a.TaskID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entries[id]; e != nil {
		a.forget(e)
	}
}

// forget ends the waiting of a task. The lock is held.
func (a *approvals) forget(e *approval) {
	e.gone = true
	delete(a.entries, e.id)
	a.clock.drop(e)
	a.detach(e)
}

// count is the number of tasks that wait.
func (a *approvals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.entries)
}

// signal is the turn that is due for an entry, nil if none is. What the provider has said is held until the caller has been told that somebody is
// asked: else its time would tell of itself.
func (e *approval) signal(now time.Time) any {
	switch {
	case now.Before(e.retryAt):
	case !e.announced():
		if !now.Before(e.due) {
			return announce{}
		}
	case e.result != nil:
		return e.result
	case !now.Before(e.due):
		// The wall clock, which the caller has been told the deadline by, may run a little slower.
		if rest := e.promised.Sub(now); rest > 0 && rest < maxSlew {
			e.retryAt = now.Add(rest)
			return nil
		}
		return silence{cmp.Or(e.reason, reasonNoAnswer)}
	}
	return nil
}

// mayPoll reports whether the entry has a poll before it.
func (e *approval) mayPoll() bool { return !e.pollAt.IsZero() && e.cancel == nil && e.result == nil }

// schedule puts an entry on the clock for the next thing that is due. The lock is held.
func (a *approvals) schedule(e *approval) {
	if e.turning || e.gone {
		return // the end of the turn does it
	}
	at := e.due
	if e.announced() && e.result != nil {
		at = time.Time{}
	}
	at = later(at, e.retryAt)
	if e.mayPoll() && !a.polls.has(e) {
		// Polls may wait a little for one another; what the caller sees may not, or he could tell what it waits for.
		together := a.epoch.Add((e.pollAt.Sub(a.epoch) + coalesce - 1) / coalesce * coalesce)
		if together.Before(at) {
			at = together
		}
	}
	a.clock.put(e, at)
	if a.clock.first() == e {
		a.poke()
	}
}

// poke has the dispatcher look again.
func (a *approvals) poke() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// run waits for people until ctx ends. Then it sends no more polls, but lets those in flight come back and the turns that follow from them be
// run, for an approval that has been collected exists nowhere but in memory. What takes longer than the grace is given up.
func (a *approvals) run(ctx context.Context, w waker) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	timer := time.NewTimer(idleLook)
	defer timer.Stop()
	var grace <-chan time.Time
	done := ctx.Done()
	for {
		wait, idle := a.dispatch(work, w)
		if idle {
			a.work.Wait()
			return
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-a.kick:
		case <-done:
			done, grace = nil, time.After(drainGrace)
			a.drain()
		case <-grace:
			cancel(errStopping)
			a.work.Wait()
			return
		}
	}
}

func (a *approvals) drain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.draining = true
}

// dispatch starts all that is due. It returns the time until something else is, and whether a draining has come to its end.
func (a *approvals) dispatch(ctx context.Context, w waker) (wait time.Duration, idle bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	wait = idleLook
	for e := a.clock.first(); e != nil; e = a.clock.first() {
		if w := e.at[onClock].Sub(now); w > 0 {
			wait = w
			break
		}
		a.clock.drop(e)
		if a.draining && e.result == nil {
			continue // it waits on in the store
		}
		if signal := e.signal(now); signal != nil {
			a.startTurn(ctx, w, e, signal)
			continue
		}
		if e.mayPoll() && !e.pollAt.After(now) {
			if now.Before(a.paused) {
				a.spread(e, a.paused)
			} else {
				a.polls.put(e, e.urgency())
			}
		}
		a.schedule(e)
	}
	if a.draining {
		return wait, a.inFlight == 0 && a.turns == 0 && !a.holds()
	}
	if !w.Alive() {
		// An approval is handed out once. After a sleep all polls are due, and what they would collect is another agent's by now, perhaps.
		return min(wait, aliveLook), false
	}
	return min(wait, a.startPolls(ctx, now)), false
}

// holds reports whether something that was collected waits for its turn.
func (a *approvals) holds() bool {
	for _, e := range a.clock.list {
		if e.result != nil {
			return true
		}
	}
	return false
}

// startTurn begins a turn of the task. The lock is held.
func (a *approvals) startTurn(ctx context.Context, w waker, e *approval, signal any) {
	a.polls.drop(e)
	if _, ok := signal.(announce); !ok {
		e.result = nil
	}
	e.turning, e.parked = true, false
	a.turns++
	if _, ok := signal.(approved); ok {
		a.answers++
	}
	a.work.Go(func() {
		err := w.Wake(ctx, e.id, signal)
		a.endTurn(ctx, e, signal, err)
	})
}

// endTurn is after a turn. If it has not parked the task again, the task has ended.
func (a *approvals) endTurn(ctx context.Context, e *approval, signal any, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turns--
	if _, ok := signal.(approved); ok {
		a.answers--
	}
	e.turning = false
	switch {
	case e.gone:
	case e.parked:
		a.schedule(e)
	case err != nil && ctx.Err() == nil:
		switch signal.(type) {
		case announce, silence: // due again by the clock
		default:
			e.result = signal
		}
		e.retryAt = time.Now().Add(wakeRetry)
		a.schedule(e)
	default:
		a.forget(e)
	}
	if a.draining || len(a.polls.list) > 0 {
		a.poke()
	}
}

// resume plans the first poll of a request that another process has polled until now. It may have done so a moment ago, so an interval passes
// first (CIBA Core §7.3): the slow_down that a poll before its time is answered with counts for the rest of the request's life. After that the
// polls are spread, or those of all tasks would come in step for ever. The lock is held.
func (a *approvals) resume(e *approval, now time.Time) {
	left := e.pace.Expiry.Sub(now)
	if left > e.pace.Interval {
		left = 2 * e.pace.Interval
	}
	a.spread(e, now.Add(left/2)) // the only one that is left may be too soon, for nothing comes after it
}

// spread puts the next poll of an entry somewhere into the interval that begins at from, or into what is left of the request's life. The lock is
// held.
func (a *approvals) spread(e *approval, from time.Time) {
	window := min(e.pace.Interval, e.pace.Expiry.Sub(from))
	if window <= 0 {
		e.pollAt = time.Time{}
		return
	}
	e.pollAt = from.Add(rand.N(window))
}
