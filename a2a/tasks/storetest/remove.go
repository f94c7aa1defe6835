package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func removed(t *testing.T, f *fixture) {
	var ends []time.Time
	for i := range 10 {
		r := f.add(f.create(fmt.Sprint("t", i)), a2a.TaskStateCompleted, "")
		ends = append(ends, r.Task.Status.Timestamp)
	}
	f.create("open")
	left := func() []a2a.TaskID {
		t.Helper()
		page, err := f.List(f.ctx, tasks.Query{Owner: owner, Limit: 100})
		f.check(err)
		if page.Total != len(page.Records) {
			t.Errorf("%d of %d", len(page.Records), page.Total)
		}
		return ids(page)
	}
	for _, row := range []struct {
		name   string
		before time.Time
		limit  int
		want   int
		left   []a2a.TaskID
	}{
		{"nothing that ended at that very time", ends[0], 100, 0,
			[]a2a.TaskID{"open", "t9", "t8", "t7", "t6", "t5", "t4", "t3", "t2", "t1", "t0"}},
		{"but a moment later", ends[0].Add(1), 100, 1,
			[]a2a.TaskID{"open", "t9", "t8", "t7", "t6", "t5", "t4", "t3", "t2", "t1"}},
		{"the oldest first", ends[9], 3, 3,
			[]a2a.TaskID{"open", "t9", "t8", "t7", "t6", "t5", "t4"}},
		{"no unfinished task", f.clock.Add(time.Hour), 100, 6, []a2a.TaskID{"open"}},
		{"nothing is left to remove", f.clock.Add(time.Hour), 100, 0, []a2a.TaskID{"open"}},
	} {
		n, err := f.Remove(f.ctx, row.before, row.limit)
		f.check(err)
		if got := left(); n != row.want || !slices.Equal(got, row.left) {
			t.Errorf("%s: removed %d, left %v", row.name, n, got)
		}
	}
	if _, err := f.Get(f.ctx, "t0"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := f.Events(f.ctx, "t0", 0); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("events: %v", err)
	}
	f.create("t0") // the name is free
	for i := range 250 {
		f.add(f.create(fmt.Sprint("n", i)), a2a.TaskStateCompleted, "")
	}
	if n, err := f.Remove(f.ctx, f.clock.Add(time.Hour), 240); n != 240 || err != nil {
		t.Errorf("of many: %d, %v", n, err)
	}
}
