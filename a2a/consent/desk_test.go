package consent

import (
	"bytes"
	"context"
	"errors"

	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

const (
	testScope = "read:employee"
	john      = "auth0|jdoe"
)

var errBoom = errors.New("boom")

// shelf is a Keeper in memory, as a store keeps holds.
type shelf struct {
	mu     sync.Mutex
	kept   map[Key]*Kept
	until  map[Key]time.Time
	fails  int      // amendments that fail first
	writes []string // the phases that were kept, and whose claims were taken
}

func (s *shelf) alive(key Key) *Kept {
	if time.Now().Before(s.until[key]) {
		return s.kept[key]
	}
	return nil
}

func (s *shelf) Hold(_ context.Context, key Key) (*Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.alive(key); k != nil {
		found := *k
		return &found, nil
	}
	return nil, ErrGone
}

func (s *shelf) Amend(_ context.Context, claims []Claim) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errBoom
	}
	note := ""
	for _, c := range claims {
		k := s.alive(c.Key)
		switch {
		case c.Kind == Take && k != nil && !bytes.Equal(k.Value, c.Value):
			return ErrHeld
		case c.Kind == Take:
			note += " and a claim"
		case c.Kind == Put && k == nil:
			return ErrGone
		case c.Kind == Put && c.Revision != 0 && c.Revision != k.Revision:
			return ErrMoved
		case c.Kind == Put:
			q, err := ReadRequest(c.Value)
			if err != nil {
				return err
			}
			note += string(q.Phase)
		}
	}
	for _, c := range claims {
		s.put(c)
	}
	s.writes = append(s.writes, note)
	return nil
}

// wrote is what was kept, in order.
func (s *shelf) wrote() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.writes, ", ")
}

// keep is what somebody else has kept.
func (s *shelf) keep(c Claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(c)
}

func (s *shelf) put(c Claim) {
	revision := int64(1)
	if k := s.alive(c.Key); k != nil {
		revision = k.Revision + 1
	}
	s.kept[c.Key], s.until[c.Key] = &Kept{Value: c.Value, Revision: revision}, c.Until
	if c.Kind == Drop {
		delete(s.kept, c.Key)
	}
}

// desk is a room with a provider and an engine that do what a test says.
type desk struct {
	*Room
	*shelf
	t      *testing.T
	lookUp func(asker string) (Person, error)
	ring   func(n int, name string) error              // nil acknowledges
	answer func(id string, n int) (*ciba.Grant, error) // to the n-th poll of an id
	rings  func(r *ciba.AuthenticationRequest)         // sees the requests
	held   time.Duration                               // by the provider, each poll
	lapsed atomic.Bool                                 // the lease

	answering   time.Duration // what an answer takes
	underWay    atomic.Int64
	mostAnswers int

	mu       sync.Mutex
	begun    time.Time
	fails    int                      // wake-ups that fail first
	lives    map[string]time.Duration // that the provider gives
	interval map[string]time.Duration
	asked    map[string][]time.Duration // since begun
	polls    map[string][]time.Duration
	ended    map[string]*Signal
	endedAt  map[string]time.Duration
	flying   int
	most     int
	stop     context.CancelFunc
	done     chan struct{}
	log      bytes.Buffer
}

func newDesk(t *testing.T, change func(c *Config)) *desk {
	d := &desk{
		t: t, begun: time.Now(), shelf: &shelf{kept: map[Key]*Kept{}, until: map[Key]time.Time{}},
		lives: map[string]time.Duration{}, interval: map[string]time.Duration{},
		asked: map[string][]time.Duration{},
		polls: map[string][]time.Duration{}, ended: map[string]*Signal{},
		endedAt: map[string]time.Duration{},
		answer:  func(string, int) (*ciba.Grant, error) { return nil, ciba.ErrPending },
		lookUp: func(asker string) (Person, error) {
			return Person{Subject: john + asker, LoginHint: asker, Found: true}, nil
		},
	}
	d.open(change)
	return d
}

// open is what a new process does.
func (d *desk) open(change func(c *Config)) {
	c := Config{
		Asker: d, Provider: ciba.Generic, Scope: testScope, Purpose: "employment-status",
		Expiry: 2 * time.Minute,
		Memory: time.Minute, Policy: Policy{TellDeclined: true},
		Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		LookUp: func(_ context.Context, asker string, _ []byte) (Person, error) {
			return d.lookUp(asker)
		},
	}
	if change != nil {
		change(&c)
	}
	var err error
	if d.Room, err = NewRoom(c); err != nil {
		d.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done, room := make(chan struct{}), d.Room
	d.stop, d.done = stop, done
	go func() {
		defer close(done)
		room.Run(ctx, d.shelf, d)
	}()
}

func (d *desk) Authenticate(
	_ context.Context, r *ciba.AuthenticationRequest,
) (*ciba.Acknowledgement, error) {
	d.mu.Lock()
	name := r.LoginHint
	d.asked[name] = append(d.asked[name], time.Since(d.begun))
	n, lives, interval := len(d.asked[name]), d.lives[name], d.interval[name]
	d.mu.Unlock()
	if d.rings != nil {
		d.rings(r)
	}
	if d.ring != nil {
		if err := d.ring(n, name); err != nil {
			return nil, err
		}
	}
	return &ciba.Acknowledgement{AuthReqID: name, ExpiresAt: time.Now().Add(lives),
		ExpiresIn: lives, Interval: interval}, nil
}

func (d *desk) PollOnce(ctx context.Context, id string, _ ciba.Expectation) (*ciba.Grant, error) {
	d.mu.Lock()
	d.polls[id] = append(d.polls[id], time.Since(d.begun))
	n := len(d.polls[id])
	d.flying++
	d.most = max(d.most, d.flying)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.flying--
		d.mu.Unlock()
	}()
	if d.held > 0 {
		select {
		case <-time.After(d.held):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return d.answer(id, n)
}

func (d *desk) Alive() bool { return !d.lapsed.Load() }

func (d *desk) Wake(_ context.Context, task string, signal *Signal) error {
	if signal.Outcome == Approved && d.answering > 0 {
		n := d.underWay.Add(1)
		d.mu.Lock()
		d.mostAnswers = max(d.mostAnswers, int(n))
		d.mu.Unlock()
		time.Sleep(d.answering)
		d.underWay.Add(-1)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails > 0 {
		d.fails--
		return errBoom
	}
	d.ended[task], d.endedAt[task] = signal, time.Since(d.begun)
	return nil
}

// begins announces a question and lets a task of its name wait.
func (d *desk) begins(name string, lifetime, interval time.Duration) Ticket {
	d.mu.Lock()
	d.lives[name], d.interval[name] = lifetime, interval
	d.mu.Unlock()
	now := time.Now()
	q := &Request{Code: ciba.NewCode(), Begun: now, Deadline: now.Add(lifetime), Asker: name,
		Phase: Announced}
	key := NewKey(name)
	d.shelf.keep(d.OpenClaim(key, q))
	d.Park(name, q.Ticket(key), q)
	return q.Ticket(key)
}

// stored is a request that another process has announced and been acknowledged, some time ago.
func (d *desk) stored(name string, lifetime, interval, ago time.Duration) {
	begun := time.Now().Add(-ago)
	q := &Request{
		Code: ciba.NewCode(), Begun: begun, Deadline: begun.Add(lifetime), Asker: name,
		Phase:     Waiting,
		AuthReqID: name, Subject: john, Interval: interval, Expires: begun.Add(lifetime),
	}
	key := NewKey(name)
	d.shelf.keep(Claim{Kind: Put, Key: key, Value: q.encode(), Until: time.Now().Add(time.Hour)})
	d.Park(name, q.Ticket(key), nil)
}

// at is when an id was polled, in steps of ten milliseconds.
func (d *desk) at(id string) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []time.Duration
	for _, t := range d.polls[id] {
		list = append(list, t.Truncate(10*time.Millisecond))
	}
	return list
}

// inSteps counts all polls in steps of a duration.
func (d *desk) inSteps(step time.Duration) map[int]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := map[int]int{}
	for _, times := range d.polls {
		for _, t := range times {
			counts[int(t/step)]++
		}
	}
	return counts
}

// wantEnd checks how and when a task was told.
func (d *desk) wantEnd(task string, want Outcome, reason string, at time.Duration) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.ended[task]
	if s == nil || s.Outcome != want || s.Reason != reason || d.endedAt[task] != at {
		d.t.Errorf("%s ended with %+v at %v, want %d, %q at %v\n%s", task, s, d.endedAt[task], want,
			reason, at, d.log.String())
	}
}

func (d *desk) outcome(task string) Outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.ended[task]; s != nil {
		return s.Outcome
	}
	return 0
}

func (d *desk) prompts(name string) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked[name])
}

func office(t *testing.T, change func(c *Config), test func(t *testing.T, d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, change)
		test(t, d)
		d.stop()
		<-d.done
	})
}

func atRate(rate int) func(*Config) { return func(c *Config) { c.PollRate = rate } }

func seconds(list ...float64) []time.Duration {
	var out []time.Duration
	for _, s := range list {
		out = append(out, time.Duration(s*float64(time.Second)))
	}
	return out
}

func temporary(status int, retryAfter time.Duration) error {
	return &ciba.TemporaryError{RetryAfter: retryAfter,
		Err: &oauth.Error{Status: status, RetryAfter: retryAfter}}
}
