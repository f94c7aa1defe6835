package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	hold := func(s *Store, id string, join bool) {
		t.Helper()
		r := create(t, s, id)
		err := s.Append(t.Context(), r.Task.ID, r.Seq, holds(r, "k", join))
		if err != nil {
			t.Fatal(err)
		}
	}
	hold(a, "first", false)
	hold(b, "second", true)
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
		if err := a.pool.QueryRow(t.Context(),
			"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = $1",
			"LISTEN "+b.quoted).Scan(&n); err != nil || n == 0 {
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
		eventually(t, "news of "+id, func() bool {
			return news.has(tasks.News{Task: a2a.TaskID(id)}) || news.has(tasks.News{})
		})
		eventually(t, "a listener", func() bool {
			var n int
			err := a.pool.QueryRow(t.Context(),
				"SELECT count(*) FROM pg_stat_activity WHERE query = $1", "LISTEN "+
					b.quoted).Scan(&n)
			return err == nil && n > 0
		})
		news.clear()
		if err := run(a, get(t, a, a2a.TaskID(id)), a2a.TaskStateWorking); err != nil {
			t.Fatal(err)
		}
		eventually(t, "news of "+id, func() bool {
			return news.has(tasks.News{Task: a2a.TaskID(id)}) || news.has(tasks.News{})
		})
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
		sum.Changed, sum.Ended, sum.Claim = append(sum.Changed, part.Changed...),
			append(sum.Ended, part.Ended...), append(sum.Claim, part.Claim...)
		sum.Any, sum.Free = part.Any, part.Free
	}
	if !slices.Equal(sum.Changed, m.Changed) || !slices.Equal(sum.Ended, m.Ended) ||
		!slices.Equal(sum.Claim, m.Claim) || !sum.Any || !sum.Free {
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
