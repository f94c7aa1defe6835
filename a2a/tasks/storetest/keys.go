package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// repeat creates a task under a key and reports which task that is.
func (f *fixture) repeat(id, key string, since time.Time) a2a.TaskID {
	f.t.Helper()
	r, entries := f.record(id)
	r.MessageKey = []byte(key)
	existing, err := f.Create(f.ctx, r, entries, since)
	f.check(err)
	if existing != "" {
		if _, err := f.Get(f.ctx, r.Task.ID); !errors.Is(err, tasks.ErrNotFound) {
			f.t.Errorf("the repetition was stored all the same: %v", err)
		}
		return existing
	}
	return r.Task.ID
}

func keys(t *testing.T, f *fixture) {
	start := f.clock.Add(time.Second) // when the first is created
	for _, row := range []struct {
		name, id, key string
		since         time.Time
		want          a2a.TaskID
	}{
		{"the first", "a", "k", start, "a"},
		{"the same key", "b", "k", start.Add(-time.Minute), "a"},
		{"at the very edge of the window", "c", "k", start, "a"},
		{"another key", "d", "l", start, "d"},
		{"after the window", "e", "k", start.Add(time.Millisecond), "e"},
		{"the key is the new task's then", "f", "k", start.Add(time.Millisecond), "e"},
	} {
		if got := f.repeat(row.id, row.key, row.since); got != row.want {
			t.Errorf("%s: task %s, want %s", row.name, got, row.want)
		}
	}
	// Without a key there are no repetitions.
	f.create("x")
	f.create("y")
	// A task that is gone is no task to answer with.
	r := f.add(f.must("d"), a2a.TaskStateCompleted, "")
	if n, err := f.Remove(f.ctx, r.Task.Status.Timestamp.Add(time.Second), 10); n != 1 ||
		err != nil {
		t.Fatalf("removed %d, %v", n, err)
	}
	if got := f.repeat("g", "l", start); got != "g" {
		t.Errorf("after the removal: task %s", got)
	}
}

func (f *fixture) must(id a2a.TaskID) *tasks.Record {
	f.t.Helper()
	r, err := f.Get(f.ctx, id)
	f.check(err)
	return r
}

func keysAtOnce(t *testing.T, f *fixture) {
	const n = 32
	ids := make(chan a2a.TaskID, n)
	var group sync.WaitGroup
	for i := range n {
		r, entries := f.record(fmt.Sprint("t", i))
		r.MessageKey = []byte("k")
		group.Go(func() {
			existing, err := f.Create(f.ctx, r, entries, r.Created.Add(-time.Hour))
			if err != nil {
				t.Error(err)
			}
			if existing == "" {
				existing = r.Task.ID
			}
			ids <- existing
		})
	}
	group.Wait()
	first := <-ids
	for range n - 1 {
		if id := <-ids; id != first {
			t.Errorf("tasks %s and %s", first, id)
		}
	}
	page, err := f.List(f.ctx, tasks.Query{Owner: owner, Limit: 100})
	f.check(err)
	if page.Total != 1 {
		t.Errorf("%d tasks", page.Total)
	}
}

func keysRestart(t *testing.T, f *fixture) {
	start := f.clock
	f.repeat("a", "k", start)
	f = f.reopened()
	if got := f.repeat("b", "k", start); got != "a" {
		t.Errorf("task %s", got)
	}
}
