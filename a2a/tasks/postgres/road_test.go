package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

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
	r := &road{t: t, to: func() (net.Conn, error) {
		return net.Dial(network, server)
	}, addr: "127.0.0.1:0"}
	r.open()
	t.Cleanup(r.close)
	return r, fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", config.User, r.addr,
		config.Database)
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
	stored := make(chan int) // by which writer
	var breaking sync.WaitGroup
	breaking.Go(func() {
		var n int
		var changes [writers]int
		began := map[int]time.Time{} // the change under way of each writer
		for w := range writers {
			began[w] = time.Now()
		}
		for w := range stored {
			if changes[w]++; changes[w] < rounds {
				began[w] = time.Now()
			} else {
				delete(began, w)
			}
			if n++; n%6 != 0 { // so much gets through between two cuts
				continue
			}
			// On a slow machine the progress of some must not cut off another one for as long as its change may take.
			if slices.ContainsFunc(slices.Collect(maps.Values(began)), func(t time.Time) bool {
				return time.Since(t) > retryFor/2
			}) {
				continue
			}
			if n%48 == 0 { // the server is away for a while
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
			if err := settled(err); err != nil || existing != "" {
				t.Errorf("create: %q, %v", existing, err)
				return
			}
			for i := range rounds {
				u := event(r.Task.ID, a2a.TaskStateWorking)
				u.Status.Message = &a2a.Message{MessageID: fmt.Sprint(i), Role: a2a.RoleAgent,
					Parts: []a2a.Part{a2a.TextPart("x")}}
				next := r.Task.Apply(u)
				c := tasks.Change{ID: tasks.NewChangeID(), Events: []a2a.Event{u}, Task: next,
					Run: true}
				if w%2 == 1 { // which takes a transaction of several journeys
					claim := tasks.Claim{Kind: tasks.Open, Key: tasks.Key{byte(w)}}
					if i > 0 {
						claim.Kind, claim.Revision = tasks.Put, int64(i)
					}
					c.Claims = []tasks.Claim{claim}
				}
				if err := settled(s.Append(t.Context(), r.Task.ID, r.Seq, c)); err != nil {
					t.Errorf("change %d: %v", i, err)
					return
				}
				r.Task, r.Seq = next, r.Seq+1
				stored <- w
			}
		})
	}
	group.Wait()
	close(stored)
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
		if w%2 == 0 {
			continue
		}
		if h, err := s.Hold(t.Context(), tasks.Key{byte(w)}); err != nil || h.Revision != rounds {
			t.Errorf("hold %+v, %v", h, err)
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
			if existing, err := s.Create(t.Context(), r, events, time.Time{}); settled(
				err) != nil || existing != "" {
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
			if err := settled(run(s, r, a2a.TaskStateWorking)); err != nil {
				t.Errorf("append %s: %v", id, err)
			}
			if got := get(t, s, r.Task.ID).Seq; got != 3 {
				t.Errorf("%s has %d entries", id, got)
			}
		}
	}
}
