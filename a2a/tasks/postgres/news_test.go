package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// heard is what an agent has been told.
type heard struct {
	mu   sync.Mutex
	list []tasks.News
}

func follow(t *testing.T, s *Store) *heard {
	t.Helper()
	h := new(heard)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Follow(ctx, func(n tasks.News) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.list = append(h.list, n)
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	h.wants(t, tasks.News{Claim: true}) // the end of what is told at the beginning
	h.clear()
	return h
}

func (h *heard) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = nil
}

func (h *heard) has(n tasks.News) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.list, n)
}

// wants waits for news.
func (h *heard) wants(t *testing.T, n tasks.News) {
	t.Helper()
	eventually(t, fmt.Sprintf("%+v", n), func() bool { return h.has(n) })
}

// eventually waits for something that a server or another agent brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestOtherAgentsAreHeard(t *testing.T) {
	a, b := two(t)
	news := follow(t, b)
	own := follow(t, a)
	r := create(t, a, "t")
	if err := run(a, r, a2a.TaskStateAuthRequired); err != nil {
		t.Fatal(err)
	}
	news.wants(t, tasks.News{Task: "t"})
	if err := change(b, get(t, b, "t"), a2a.TaskStateCanceled, tasks.Change{}); err != nil {
		t.Fatal(err)
	}
	own.wants(t, tasks.News{Task: "t", Ended: true})
	if news.has(tasks.News{Task: "t", Ended: true}) || own.has(tasks.News{Task: "t"}) {
		t.Error("an agent was told of what it has done itself")
	}
	// Whoever leaves says so.
	if err := a.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	news.wants(t, tasks.News{Claim: true})
}

func TestWhoIsGivenATaskIsTold(t *testing.T) {
	a, b := two(t)
	news := follow(t, a)
	prompt := func(s *Store, id string, join bool) {
		t.Helper()
		r := create(t, s, id)
		err := s.Append(t.Context(), r.Task.ID, r.Seq, tasks.Change{Task: r.Task, Run: true, Prompt: &tasks.Prompt{Key: []byte("k"), Join: join}})
		if err != nil {
			t.Fatal(err)
		}
	}
	prompt(a, "first", false)
	prompt(b, "second", true)
	news.wants(t, tasks.News{Claim: true})
	wantClaimed(t, a, "second ")
}

func TestTheDeadAreMissed(t *testing.T) {
	a, b := two(t)
	c := open(t, Options{Schema: a.schema})
	ofB, ofC := follow(t, b), follow(t, c)
	a.sleepOn() // it stores what it cannot tell any more
	r := create(t, a, "t")
	if err := run(a, r, a2a.TaskStateCompleted); err != nil {
		t.Fatal(err)
	}
	lapse(t, a)
	wantClaimed(t, b)
	ofB.wants(t, tasks.News{})
	ofC.wants(t, tasks.News{})
}

func TestALostListenerLooksAndRecovers(t *testing.T) {
	a, b := two(t)
	news := follow(t, b)
	kill := func() {
		t.Helper()
		var n int
		if err := a.pool.QueryRow(t.Context(), "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = $1", "LISTEN "+b.quoted).Scan(&n); err != nil || n == 0 {
			t.Fatalf("%d listeners were killed, %v", n, err)
		}
	}
	for i := range 3 {
		kill()
		news.wants(t, tasks.News{}) // it looks
		news.clear()
		id := fmt.Sprint("t", i)
		create(t, a, id)
		if err := run(a, get(t, a, a2a.TaskID(id)), a2a.TaskStateWorking); err != nil {
			t.Fatal(err)
		}
		// Either it was listening again, or it looks after it does.
		eventually(t, "news of "+id, func() bool { return news.has(tasks.News{Task: a2a.TaskID(id)}) || news.has(tasks.News{}) })
		eventually(t, "a listener", func() bool {
			var n int
			err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE query = $1", "LISTEN "+b.quoted).Scan(&n)
			return err == nil && n > 0
		})
		news.clear()
		if err := run(a, get(t, a, a2a.TaskID(id)), a2a.TaskStateWorking); err != nil {
			t.Fatal(err)
		}
		eventually(t, "news of "+id, func() bool { return news.has(tasks.News{Task: a2a.TaskID(id)}) || news.has(tasks.News{}) })
		news.clear()
	}
}

func TestLongNewsIsCut(t *testing.T) {
	var m message
	for i := range 1000 {
		m.change(a2a.TaskID(fmt.Sprint("task-", i, strings.Repeat("\x00", 30))), i%2 == 0)
		m.Claim = append(m.Claim, int64(i))
	}
	m.Any, m.Free = true, true
	var sum message
	for _, p := range m.payloads() {
		if len(p) > maxPayload {
			t.Errorf("a payload of %d bytes", len(p))
		}
		var part message
		if err := json.Unmarshal([]byte(p), &part); err != nil {
			t.Fatal(err)
		}
		sum.Changed, sum.Ended, sum.Claim = append(sum.Changed, part.Changed...), append(sum.Ended, part.Ended...), append(sum.Claim, part.Claim...)
		sum.Any, sum.Free = part.Any, part.Free
	}
	if !slices.Equal(sum.Changed, m.Changed) || !slices.Equal(sum.Ended, m.Ended) || !slices.Equal(sum.Claim, m.Claim) || !sum.Any || !sum.Free {
		t.Error("the payloads do not sum up to the message")
	}
	for range 2 * maxChanges {
		m.change("t", false)
	}
	m.change(a2a.TaskID(strings.Repeat("x", maxPayload)), true)
	if len(m.Changed)+len(m.Ended) > maxChanges || !m.Any {
		t.Error("there is no bound to what waits")
	}
}

func TestNewsThatCannotBeReadIsAnything(t *testing.T) {
	a, b := two(t)
	news := follow(t, b)
	if _, err := a.pool.Exec(t.Context(), "SELECT pg_notify($1, 'hello')", a.schema); err != nil {
		t.Fatal(err)
	}
	news.wants(t, tasks.News{})
}

// road is the way to the server, which can be closed.
type road struct {
	t     *testing.T
	to    func() (net.Conn, error)
	addr  string
	mu    sync.Mutex
	ln    net.Listener
	conns []net.Conn
	mute  atomic.Bool // the next answer of the server is lost, and its connection with it
}

// newRoad gives a road and the address of the server at its other end.
func newRoad(t *testing.T) (*road, string) {
	config, err := pgx.ParseConfig(address(t))
	if err != nil {
		t.Fatal(err)
	}
	network, server := pgconn.NetworkAddress(config.Host, config.Port)
	r := &road{t: t, to: func() (net.Conn, error) { return net.Dial(network, server) }, addr: "127.0.0.1:0"}
	r.open()
	t.Cleanup(r.close)
	return r, fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", config.User, r.addr, config.Database)
}

func (r *road) open() {
	ln, err := net.Listen("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.ln, r.addr = ln, ln.Addr().String()
	r.mu.Unlock()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s, err := r.to()
			if err != nil {
				c.Close()
				return
			}
			r.mu.Lock()
			if r.ln != ln { // closed meanwhile
				c.Close()
				s.Close()
			}
			r.conns = append(r.conns, c, s)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(s, c); s.Close() }()
			go func() {
				defer s.Close()
				defer c.Close()
				b := make([]byte, 1<<16)
				for {
					n, err := s.Read(b)
					if err != nil || r.mute.CompareAndSwap(true, false) {
						return
					}
					if _, err := c.Write(b[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
}

// cut breaks all connections; new ones may be made.
func (r *road) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

func (r *road) close() {
	r.mu.Lock()
	if r.ln != nil {
		r.ln.Close()
		r.ln = nil
	}
	r.mu.Unlock()
	r.cut()
}

func TestChangesSurviveBrokenConnections(t *testing.T) {
	t.Parallel()
	road, dsn := newRoad(t)
	s, err := Open(t.Context(), dsn, Options{Schema: space(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	const writers, rounds = 8, 60
	stop := make(chan struct{})
	var breaking sync.WaitGroup
	breaking.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(70 * time.Millisecond):
			}
			if i%8 == 7 { // the server is away for a while
				road.close()
				time.Sleep(100 * time.Millisecond)
				road.open()
			} else {
				road.cut()
			}
		}
	})
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			key := []byte(fmt.Sprint("key", w))
			r, events := newTask(fmt.Sprint("t", w))
			r.MessageKey = key
			existing, err := s.Create(t.Context(), r, events, time.Time{})
			if err != nil || existing != "" {
				t.Errorf("create: %q, %v", existing, err)
				return
			}
			for i := range rounds {
				u := event(r.Task.ID, a2a.TaskStateWorking)
				u.Status.Message = &a2a.Message{MessageID: fmt.Sprint(i), Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart("x")}}
				next := r.Task.Apply(u)
				if err := s.Append(t.Context(), r.Task.ID, r.Seq, tasks.Change{Events: []a2a.Event{u}, Task: next, Run: true}); err != nil {
					t.Errorf("change %d: %v", i, err)
					return
				}
				r.Task, r.Seq = next, r.Seq+1
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	group.Wait()
	close(stop)
	breaking.Wait()
	for w := range writers {
		entries, err := s.Events(t.Context(), a2a.TaskID(fmt.Sprint("t", w)), 2)
		if err != nil || len(entries) != rounds {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		for i, entry := range entries {
			if id := entry.Event.(*a2a.TaskStatusUpdateEvent).Status.Message.MessageID; id != fmt.Sprint(i) || entry.Seq != tasks.Seq(i+3) {
				t.Errorf("entry %d is %s", entry.Seq, id)
			}
		}
	}
}

func TestAServerThatIsAwayIsAClearErrorAndNothingMore(t *testing.T) {
	t.Parallel()
	road, dsn := newRoad(t)
	s, err := Open(t.Context(), dsn, Options{Schema: space(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	news := follow(t, s)
	r := create(t, s, "t")
	road.close()
	if err := s.Healthy(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("healthy: %v", err)
	}
	start := time.Now()
	err = run(s, r, a2a.TaskStateAuthRequired)
	if d := time.Since(start); !errors.Is(err, ErrUnreachable) || d > 2*retryFor {
		t.Errorf("a change: %v after %v", err, d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "t"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a reader who has no time: %v", err)
	}
	news.wants(t, tasks.News{}) // it looks
	road.open()
	eventually(t, "healthy again", func() bool { return s.Healthy(t.Context()) == nil })
	if err := run(s, r, a2a.TaskStateAuthRequired); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestAChangeWhoseAnswerIsLostIsStoredOnce(t *testing.T) {
	t.Parallel()
	road, dsn := newRoad(t)
	s, err := Open(t.Context(), dsn+"&pool_max_conns=1", Options{Schema: space(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.sleepOn() // so that there is no other talk
	for _, key := range []string{"", "key"} {
		for _, lost := range []bool{false, true} { // the first time prepares the statements
			id := fmt.Sprint("t", key, lost)
			r, events := newTask(id)
			if key != "" {
				r.MessageKey = []byte(id)
			}
			road.mute.Store(lost)
			if existing, err := s.Create(t.Context(), r, events, time.Time{}); err != nil || existing != "" {
				t.Errorf("create %s: %q, %v", id, existing, err)
			}
			if road.mute.Load() {
				t.Error("no answer was lost")
			}
			if lost { // the connection is another one, which has no statements
				if err := run(s, create(t, s, id+"2"), a2a.TaskStateWorking); err != nil {
					t.Fatal(err)
				}
			}
			road.mute.Store(lost)
			if err := run(s, r, a2a.TaskStateWorking); err != nil {
				t.Errorf("append %s: %v", id, err)
			}
			if got := get(t, s, r.Task.ID).Seq; got != 3 {
				t.Errorf("%s has %d entries", id, got)
			}
		}
	}
}
