package a2asrv

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"staff0/a2a"
)

// Rate is how many messages one client may send, whatever users it acts for: N in each Per, all of
// them at once if it likes. The zero value is DefaultRate.
type Rate struct {
	N   int
	Per time.Duration
}

// DefaultRate is the bound where none is configured.
var DefaultRate = Rate{600, time.Minute}

// Unlimited is no bound.
var Unlimited = Rate{N: -1}

// maxClients bounds the clients whose messages are counted. More of them send at a time only where
// somebody can make clients at will; then those that have sent least are forgotten first.
const maxClients = 10_000

// meter counts messages: a bucket for each client, which holds N tokens and gets a new one every
// Per/N.
type meter struct {
	step  time.Duration // between two tokens; 0 is no bound
	burst time.Duration // in which an empty bucket fills

	mu sync.Mutex
	// full is when the bucket of a client is full again. One that is not here is full.
	full map[string]time.Time
}

func newMeter(r Rate) (*meter, error) {
	switch {
	case r == Rate{}:
		r = DefaultRate
	case r == Unlimited:
		return &meter{}, nil
	case r.N <= 0 || r.Per/time.Duration(r.N) <= 0:
		return nil, errors.New("a2asrv: a rate needs a number and a time above 0")
	}
	step := r.Per / time.Duration(r.N)
	return &meter{step: step, burst: step * time.Duration(r.N), full: map[string]time.Time{}}, nil
}

// take takes a token of a client, or tells how long it is until there is one.
func (m *meter) take(client string) (wait time.Duration) {
	if m.step == 0 {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	full, known := m.full[client]
	if full.Before(now) {
		full = now
	}
	full = full.Add(m.step)
	if wait := full.Sub(now) - m.burst; wait > 0 {
		return wait
	}
	if !known && len(m.full) >= maxClients {
		m.forget(now)
	}
	m.full[client] = full
	return 0
}

// forget makes room: all whose buckets are full are as good as unknown; if there are none, the
// fullest one goes.
func (m *meter) forget(now time.Time) {
	fullest, first := "", time.Time{}
	for client, full := range m.full {
		if !full.After(now) {
			delete(m.full, client)
		} else if first.IsZero() || full.Before(first) {
			fullest, first = client, full
		}
	}
	if len(m.full) >= maxClients {
		delete(m.full, fullest)
	}
}

// tooSoon is the error of a client that sends too many messages. It is told with 429, as errTooMany
// is.
type tooSoon struct {
	error
	wait time.Duration
}

func (e *tooSoon) Unwrap() error { return e.error }

var errTooSoon = &a2a.Error{Err: a2a.ErrUnavailable,
	Message: "Too many questions of yours in a short time. Please try again later"}

// admit counts a message before anything is done with it, and hands it what the engine is to know
// of its request.
func (s *Server) admit(c *call, req any) error {
	send, ok := req.(*a2a.SendMessageRequest)
	if !ok {
		return nil
	}
	s.extensions.message(c, send)
	if wait := s.meter.take(c.owner.Client()); wait > 0 {
		return &tooSoon{errTooSoon, wait}
	}
	return nil
}

// retryIn tells the client when to come back, in whole seconds.
func retryIn(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
}
