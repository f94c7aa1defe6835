package storetest

import (
	"slices"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// some stores tasks in three groups of equal times and gives their ids in the order of a list.
func (f *fixture) some() []a2a.TaskID {
	var want []a2a.TaskID
	start := f.clock
	for i, id := range []string{"b", "Z", "a", "ä", "10", "9", "a-1", "aa", "é"} {
		f.clock = start.Add(time.Duration(i/3) * time.Minute)
		f.create(id)
	}
	for _, group := range [][]a2a.TaskID{{"b", "Z", "a"}, {"ä", "10", "9"}, {"a-1", "aa", "é"}} {
		slices.Sort(group)
		want = append(want, group...)
	}
	slices.Reverse(want)
	return want
}

func ids(page *tasks.Page) []a2a.TaskID {
	var got []a2a.TaskID
	for _, r := range page.Records {
		got = append(got, r.Task.ID)
	}
	return got
}

func listOrder(t *testing.T, f *fixture) {
	want := f.some()
	page, err := f.List(f.ctx, tasks.Query{Owner: owner, Limit: 100})
	f.check(err)
	if !slices.Equal(ids(page), want) || page.Total != 9 {
		t.Errorf("%v of %d, want %v", ids(page), page.Total, want)
	}
	for _, r := range page.Records {
		f.want(r) // what a list gives is what Get gives
	}
	// A new status brings a task to the front.
	f.add(f.must(want[8]), a2a.TaskStateWorking, "")
	page, err = f.List(f.ctx, tasks.Query{Owner: owner, Limit: 1})
	f.check(err)
	if !slices.Equal(ids(page), want[8:]) {
		t.Errorf("%v, want %v", ids(page), want[8:])
	}
}

func listPages(t *testing.T, f *fixture) {
	want := f.some()
	for size := 1; size <= 10; size++ {
		var got []a2a.TaskID
		q := tasks.Query{Owner: owner, Limit: size}
		for {
			page, err := f.List(f.ctx, q)
			f.check(err)
			if page.Total != 9 || len(page.Records) > size {
				t.Errorf("%d of %d in a page of %d", len(page.Records), page.Total, size)
			}
			if len(page.Records) == 0 {
				break
			}
			got = append(got, ids(page)...)
			last := page.Records[len(page.Records)-1].Task
			q.After = tasks.Position{Timestamp: last.Status.Timestamp, ID: last.ID}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v", size, got)
		}
	}
	page, err := f.List(f.ctx, tasks.Query{Owner: owner, Limit: 100,
		After: tasks.Position{Timestamp: f.clock.Add(time.Hour), ID: "x"}})
	f.check(err)
	if len(page.Records) != 9 {
		t.Errorf("after a position before all: %d", len(page.Records))
	}
}

func listFilters(t *testing.T, f *fixture) {
	start := f.clock
	a := f.create("a")                                                // 1 s
	f.add(a, a2a.TaskStateCompleted, "")                              // 2 s
	r, entries := f.record("b")                                       // 3 s
	r.Task.ContextID, entries[0].(*a2a.Task).ContextID = "d-é", "d-é" // another context
	f.store(r, entries)
	f.add(f.create("c"), a2a.TaskStateAuthRequired, "x") // 5 s
	for _, row := range []struct {
		name string
		q    tasks.Query
		want []a2a.TaskID
	}{
		{"none", tasks.Query{}, []a2a.TaskID{"c", "b", "a"}},
		{"context", tasks.Query{Context: "c"}, []a2a.TaskID{"c", "a"}},
		{"context that is not ASCII", tasks.Query{Context: "d-é"}, []a2a.TaskID{"b"}},
		{"unknown context", tasks.Query{Context: "D-é"}, nil},
		{"state", tasks.Query{State: a2a.TaskStateCompleted}, []a2a.TaskID{"a"}},
		{"no such state", tasks.Query{State: a2a.TaskStateFailed}, nil},
		{"since, inclusive", tasks.Query{Since: start.Add(3 * time.Second)},
			[]a2a.TaskID{"c", "b"}},
		{"since, a nanosecond later", tasks.Query{Since: start.Add(3*time.Second + 1)},
			[]a2a.TaskID{"c"}},
		{"all", tasks.Query{Context: "c", State: a2a.TaskStateAuthRequired,
			Since: start.Add(2 * time.Second)}, []a2a.TaskID{"c"}},
	} {
		row.q.Owner, row.q.Limit = owner, 10
		page, err := f.List(f.ctx, row.q)
		f.check(err)
		if !slices.Equal(ids(page), row.want) || page.Total != len(row.want) {
			t.Errorf("%s: %v of %d, want %v", row.name, ids(page), page.Total, row.want)
		}
		row.q.Limit = 1
		page, err = f.List(f.ctx, row.q)
		f.check(err)
		if page.Total != len(row.want) || len(page.Records) != min(1, len(row.want)) {
			t.Errorf("%s: the total of a short page is %d", row.name, page.Total)
		}
	}
}

func listOwner(t *testing.T, f *fixture) {
	f.create("a")
	for _, stranger := range []tasks.Owner{"bank", "bank\x00", "bank\x00user2",
		"BANK\x00user", ""} {
		page, err := f.List(f.ctx, tasks.Query{Owner: stranger, Limit: 10})
		f.check(err)
		if page.Total != 0 || len(page.Records) != 0 {
			t.Errorf("%q sees %v of %d", stranger, ids(page), page.Total)
		}
	}
}
