package tasks_test

import (
	"context"
	"errors"
	"regexp"
	"sync/atomic"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// reads counts what is read from a store.
type reads struct {
	*tasks.Memory
	n atomic.Int32
}

func (r *reads) Get(ctx context.Context, id a2a.TaskID) (*tasks.Record, error) {
	r.n.Add(1)
	return r.Memory.Get(ctx, id)
}

// Another's task and one that is not there are the same work: neither is searched. So time does not
// tell them apart.
func TestAForeignTaskIsNotSearched(t *testing.T) {
	store := &reads{}
	bubbleWith(t, func(m *tasks.Memory) tasks.Store {
		store.Memory = m
		return store
	}, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		last := id[len(id)-1:]
		other := map[a2a.TaskID]a2a.TaskID{"0": "4"}[last]
		if other == "" {
			other = "0"
		}
		for name, c := range map[string]struct {
			owner tasks.Owner
			id    a2a.TaskID
			reads int32
			found bool
		}{
			"one's own":                  {bank, id, 1, true},
			"another's":                  {"insurer", id, 0, false},
			"of a user of the client":    {tasks.NewOwner("bank", "alice"), id, 0, false},
			"not there":                  {bank, id[:len(id)-1] + other, 0, false},
			"not there, of somebody":     {bank, a2a.NewTaskID(1, 2, 3, 4), 0, false},
			"as former releases made it": {bank, "01987c3e-5f3a-7c11-8d1e-0123456789ab", 1, false},
			"no id":                      {bank, "Z" + id[1:], 1, false},
		} {
			store.n.Store(0)
			_, err := w.Get(w.ctx, c.owner, &a2a.GetTaskRequest{ID: c.id})
			if found := err == nil; found != c.found || !found &&
				!errors.Is(err, a2a.ErrTaskNotFound) {
				t.Errorf("%s: %v", name, err)
			}
			if n := store.n.Load(); n != c.reads {
				t.Errorf("%s: the store is read %d times", name, n)
			}
		}
	})
}

func TestTaskIDs(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		form := regexp.MustCompile(`^[0-9a-v]{42}$`)
		seen := map[a2a.TaskID]bool{}
		for range 100 {
			id := w.begin("?")
			if !form.MatchString(string(id)) || seen[id] {
				t.Errorf("%s is no new id", id)
			}
			seen[id] = true
		}
	})
}
