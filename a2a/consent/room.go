package consent

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"staff0/ciba"
)

// Bounds of the waiting.
const (
	// MaxTogether is how many tasks may take part in one request at a time.
	MaxTogether = 50

	maxAsking = 20 * time.Second // look-up, client token and CIBA request together
	// that must be left for a person to be prompted, see Request.least
	leastLeft = 2 * time.Second
	lastPoll  = 2 * time.Second // before the deadline, see Request.tail
	again     = time.Second     // until what the store has refused to keep is tried again
	// how long an outcome is known in memory after the last task of a request has ended
	lingering = 10 * time.Second
	coalesce  = 2 * time.Millisecond
	// polls that come so close leave together: to be woken for each costs as much as the poll
	inStep     = 50 * time.Millisecond
	aliveLook  = 50 * time.Millisecond // while the tasks may be another agent's
	idleLook   = time.Hour             // when nothing is due
	drainGrace = 5 * time.Second       // for what is in flight when the agent stops
	// requests that are read from the store at a time: of those that another agent leaves there may
	// be thousands, and approvals that are on their way to the store go before them
	maxReading = 4
	maxSlew    = time.Second // between two clocks; what is more, somebody has set
)

var (
	errStopping = errors.New("the agent is shutting down")
	errNobody   = errors.New("nobody takes part any more")
	errTooLate  = errors.New("the time for asking is up")
)

// Config is what a Room is made of. All but Memory, Policy, PollRate and Log is required.
type Config struct {
	Asker    Asker
	LookUp   LookUp
	Provider ciba.Provider // shapes the binding message
	Scope    string        // that the access token must have
	Purpose  string        // what the person reads behind the asker's label
	Expiry   time.Duration // from the announcement to the deadline
	Memory   time.Duration // how long an end is told again to whoever asks the same
	Policy   Policy
	PollRate int // polls a second, over all requests; 0 is no limit
	Log      *slog.Logger
}

// Room asks people and waits for them. One goroutine and two heaps serve all requests: one that
// waits is an entry of some hundred bytes, and a poll is a goroutine for as long as its HTTP call
// takes.
type Room struct {
	c       Config
	process uint64    // tells this process from those before it
	epoch   time.Time // polls are rounded up to a multiple after it
	kick    chan struct{}
	reading chan struct{} // holds one for each request that is being read

	mu       sync.Mutex
	work     context.Context // of all that is under way; nil before Run
	keeper   Keeper
	waker    Waker
	requests map[requestID]*waiting
	members  map[string]*member
	clock    queue
	polls    queue
	inFlight int       // polls
	driving  int       // requests on their way to the person
	turns    int       // under way
	answers  int       // those of them that follow an approval
	nextSlot time.Time // when the rate allows another poll
	paused   time.Time // until then the provider wants no polls at all (429)
	outage   bool      // the last poll brought no answer
	shorter  bool      // it was logged that the provider gives less time than is asked for
	excess   string    // what was logged last of what the provider grants too much
	fault    error     // that concerns no person, and keeps everybody from being asked
	faultAt  time.Time // when it was met last
	draining bool
	group    sync.WaitGroup
}

// requestID tells a request from an earlier one about the same question.
type requestID struct {
	key  Key
	code string
}

// member is a task that takes part.
type member struct {
	task     string
	w        *waiting
	approved bool // as in Ticket
	turning  bool
	parked   bool // the turn under way has parked the task again
	gone     bool
}

// waiting is a request in this process.
type waiting struct {
	id       requestID
	shared   bool // it is in Room.requests
	unread   bool // what is kept of it has to be read
	kept     bool
	tidied   bool
	looked   bool // once more, at a prompt that is in doubt
	resumed  bool // from an earlier process
	q        Request
	stored   []byte // encoded, as it was kept last
	revision int64
	members  []*member

	due     time.Time // the deadline, by the clock of this process that nobody sets
	driveAt time.Time // zero: nothing to do on the way to the person
	stop    context.CancelCauseFunc
	asking  bool // the CIBA request is on its way; it is seen through
	acked   *ciba.Acknowledgement
	pace    ciba.Pace
	pollAt  time.Time          // zero: none any more
	cancel  context.CancelFunc // of the poll in flight
	idle    bool               // polled last without an answer of the provider
	settled *Signal
	told    bool      // to anybody
	retryAt time.Time // no turn before
	forget  time.Time // when nobody takes part in what is settled

	at    [queues]time.Time
	place [queues]int32 // in the queue, from 1; 0 is outside
}

// NewRoom makes a room. It does nothing until Run.
func NewRoom(c Config) (*Room, error) {
	switch {
	case c.Asker == nil || c.LookUp == nil:
		return nil, errors.New("consent: a room needs an asker and a way to look people up")
	case c.Scope == "" || c.Purpose == "":
		return nil, errors.New("consent: a room needs a scope and a purpose")
	case c.Expiry < time.Second || c.Expiry > ciba.MaxExpiry:
		return nil, errors.New(
			"consent: the time to answer must be between a second and a quarter of an hour")
	case c.PollRate < 0 || c.Memory < 0:
		return nil, errors.New("consent: a negative rate or time")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Room{
		c: c, process: rand.Uint64(), epoch: time.Now(), kick: make(chan struct{}, 1),
		reading:  make(chan struct{}, maxReading),
		requests: map[requestID]*waiting{}, members: map[string]*member{},
		clock: queue{which: onClock}, polls: queue{which: onPolls},
	}, nil
}

// Park takes a task in, or takes it back after a turn. q is the request that the task has just
// begun, nil if the task has joined one, or waits since before this process began: what is kept of
// the request is then read.
func (r *Room) Park(task string, t Ticket, q *Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := requestID{t.Key, t.Code}
	w := r.requests[id]
	if t.Alone || w == nil {
		w = &waiting{id: id, shared: !t.Alone}
		now := time.Now()
		switch {
		case t.Alone:
			w.q = Request{Code: t.Code, Deadline: t.Deadline, Phase: Waiting, Reason: ReasonFull}
		case q != nil:
			w.q, w.kept, w.stored, w.revision, w.driveAt = *q, true, q.opened, 1, now
		default:
			w.q, w.unread, w.driveAt = Request{Code: t.Code, Deadline: t.Deadline}, true, now
		}
		w.due = here(w.q.Deadline, now)
	}
	r.enter(task, w, t.Approved)
}

// ParkOlder takes in a task with a request of a release that kept it with each task: the whole of
// it, in the phase Waiting. Tasks with the same auth_req_id share it; nothing of it is kept
// elsewhere.
func (r *Room) ParkOlder(task string, q Request, approved bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := requestID{NewKey("older", q.AuthReqID), q.Code}
	w := r.requests[id]
	if w == nil || q.AuthReqID == "" {
		now := time.Now()
		w = &waiting{id: id, shared: q.AuthReqID != "", q: q, resumed: true,
			due: here(q.Deadline, now)}
		r.wait(w, now)
	}
	r.enter(task, w, approved)
}

// Wake has a task woken at once, with a signal that has nothing to do with any request.
func (r *Room) Wake(task string, s *Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(task, &waiting{settled: s, due: time.Now()}, false)
}

// enter lets a task take part. The lock is held.
func (r *Room) enter(task string, w *waiting, approved bool) {
	m := r.members[task]
	if m != nil {
		if m.parked = m.turning; m.w.id == w.id && m.w.shared == w.shared && m.w.q.Code != "" {
			r.schedule(m.w)
			return
		}
		r.leave(m)
	} else {
		m = &member{task: task}
		r.members[task] = m
	}
	m.w, m.approved = w, approved
	w.members = append(w.members, m)
	if w.shared {
		r.requests[w.id] = w
	}
	r.schedule(w)
}

// Leave forgets a task. Its request lives on until the deadline, for whoever asks the same.
func (r *Room) Leave(task string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.members[task]; m != nil {
		r.remove(m)
	}
}

// Waiting is the number of tasks that wait.
func (r *Room) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members)
}

// remove ends the waiting of a task. The lock is held.
func (r *Room) remove(m *member) {
	m.gone = true
	delete(r.members, m.task)
	r.leave(m)
}

// leave takes a task out of its request. Without anybody a request is neither looked up nor polled
// any more, but a poll in flight, which may bring an approval, comes back. The lock is held.
func (r *Room) leave(m *member) {
	w := m.w
	w.members = slices.DeleteFunc(w.members, func(x *member) bool { return x == m })
	if len(w.members) > 0 {
		return
	}
	if w.stop != nil && !w.asking {
		w.stop(errNobody)
	}
	r.polls.drop(w)
	if w.settled != nil {
		w.forget = time.Now().Add(lingering)
		if w.settled.Approval != nil && !w.told {
			w.forget = later(w.forget, w.due) // whoever asks again before the deadline has it
		}
	}
	if !w.shared {
		r.drop(w)
		return
	}
	r.schedule(w)
}

// drop forgets a request. The lock is held.
func (r *Room) drop(w *waiting) {
	r.clock.drop(w)
	r.polls.drop(w)
	if w.cancel != nil {
		w.cancel()
	}
	if w.settled != nil && w.settled.Approval != nil && !w.told {
		r.c.Log.Info("an approval came when nobody waited for it any more; it was dropped")
	}
	if r.requests[w.id] == w {
		delete(r.requests, w.id)
	}
}

// here is a time that was stored, by the monotonic clock of this process. The scheduler compares no
// other: if the wall clock is set, nobody's polls stand still or come all at once, and no two
// comparisons of the same times disagree.
func here(t, now time.Time) time.Time { return now.Add(t.Sub(now)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// mayPoll reports whether a request has a poll before it.
func (w *waiting) mayPoll() bool {
	return !w.pollAt.IsZero() && w.cancel == nil && w.settled == nil && len(w.members) > 0
}

// schedule puts a request on the clock for the next thing that is due. The lock is held.
func (r *Room) schedule(w *waiting) {
	var at time.Time
	switch {
	case w.settled != nil && len(w.members) == 0:
		at = w.forget
	case w.settled != nil:
		if !slices.ContainsFunc(w.members, func(m *member) bool { return !m.turning }) {
			r.clock.drop(w) // the end of their turns does it
			return
		}
		at = later(w.retryAt, time.Unix(0, 0))
	case w.untidy():
		at = w.due.Add(-w.q.tail())
	default:
		at = w.due
		if !w.driveAt.IsZero() && w.stop == nil && len(w.members) > 0 {
			at = earlier(at, w.driveAt)
		}
		if w.mayPoll() && !r.polls.has(w) {
			// Polls may wait a little for one another; what a caller sees may not, or he could tell
			// what it waits for.
			at = earlier(at, r.epoch.Add((w.pollAt.Sub(r.epoch)+inStep-1)/inStep*inStep))
		}
	}
	r.clock.put(w, at)
	if r.clock.first() == w {
		r.poke()
	}
}

// poke has the dispatcher look again.
func (r *Room) poke() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}
