package storetest

import (
	"errors"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// wantStored appends a change and wants it to be there already.
func (f *fixture) wantStored(id a2a.TaskID, base tasks.Seq, c tasks.Change) {
	f.t.Helper()
	before := f.must(id)
	if err := f.Append(f.ctx, id, base, c); !errors.Is(err, tasks.ErrStored) {
		f.t.Errorf("the same change again: %v", err)
	}
	f.want(before)
}

// known has the same change given to the store again, before and after others, with and without
// entries.
func known(_ *testing.T, f *fixture) {
	r := f.create("t")
	speak := func(r *tasks.Record, state a2a.TaskState) tasks.Change {
		u := status(state, f.clock)
		u.TaskID, u.ContextID = r.Task.ID, r.Task.ContextID
		return tasks.Change{
			ID: tasks.NewChangeID(), Events: []a2a.Event{u}, Task: r.Task.Apply(u),
			Checkpoint: []byte("c"), Run: true,
		}
	}
	first := speak(r, a2a.TaskStateWorking)
	f.check(f.Append(f.ctx, "t", r.Seq, first))
	f.wantStored("t", r.Seq, first)
	alone := tasks.Change{ID: tasks.NewChangeID(), Task: f.must("t").Task, Checkpoint: []byte("d"),
		Run: true}
	f.check(f.Append(f.ctx, "t", 3, alone))
	f.wantStored("t", 3, alone)
	last := speak(f.must("t"), a2a.TaskStateCompleted)
	f.check(f.Append(f.ctx, "t", 3, last))
	f.wantStored("t", r.Seq, first)
	f.wantStored("t", 3, alone)
	f.wantStored("t", 3, last)
	// Another one with the same words is another one.
	other := last
	other.ID = tasks.NewChangeID()
	if err := f.Append(f.ctx, "t", 3, other); !errors.Is(err, tasks.ErrConflict) {
		f.t.Errorf("another change: %v", err)
	}
}

// knownMany has many changes without entries, all of the last ten minutes.
func knownMany(_ *testing.T, f *fixture) {
	r := f.create("t")
	var all []tasks.Change
	for range tasks.KeepChanges + 10 {
		c := tasks.Change{ID: tasks.NewChangeID(), Task: r.Task, Checkpoint: []byte("c"), Run: true}
		f.check(f.Append(f.ctx, "t", r.Seq, c))
		all = append(all, c)
	}
	f.wantStored("t", r.Seq, all[0])
	f.wantStored("t", r.Seq, all[len(all)-1])
}

func knownAmendments(_ *testing.T, f *fixture) {
	id := tasks.NewChangeID()
	claims := []tasks.Claim{take('p', "1", soon()), take('q', "1", soon())}
	f.check(f.Amend(f.ctx, id, claims))
	f.check(f.amend(put('p', "2", 1)))
	if err := f.Amend(f.ctx, id, claims); !errors.Is(err, tasks.ErrStored) {
		f.t.Errorf("the same amendment again: %v", err)
	}
	f.wantHold('p', "2", 2)
	if err := f.amend(claims...); err == nil {
		f.t.Error("another amendment takes what is held")
	}
}

// knownTasks has the same task created again: with a message key, which another repetition of the
// message finds.
func knownTasks(_ *testing.T, f *fixture) {
	r, entries := f.record("t")
	r.MessageKey = []byte("key of the message")
	f.store(r, entries)
	if existing, err := f.Create(f.ctx, r, entries, f.clock.Add(-time.Minute)); existing != "" ||
		!errors.Is(err, tasks.ErrStored) {
		f.t.Errorf("the same task again: %q, %v", existing, err)
	}
	f.wantEvents("t", entries)
	other, entries := f.record("u")
	other.MessageKey = r.MessageKey
	if existing, err := f.Create(f.ctx, other, entries,
		f.clock.Add(-time.Minute)); existing != "t" || err != nil {
		f.t.Errorf("another task with the same key: %q, %v", existing, err)
	}
}

func terms(_ *testing.T, f *fixture) {
	r, entries := f.record("t")
	r.Terms = []byte(`{"modes":["text/plain"]}`)
	f.store(r, entries)
	want := func(text string) {
		f.t.Helper()
		if got := f.must("t"); string(got.Terms) != text {
			f.t.Errorf("terms %q, want %q", got.Terms, text)
		}
	}
	want(string(r.Terms))
	f.add(f.must("t"), a2a.TaskStateInputRequired, "")
	want(string(r.Terms))
	c := tasks.Change{ID: tasks.NewChangeID(), Task: f.must("t").Task, Terms: []byte("{}")}
	f.check(f.Append(f.ctx, "t", 3, c))
	want("{}")
	if f.stores.Reopen != nil {
		f = f.reopened()
		want("{}")
	}
}

func kept(_ *testing.T, f *fixture) {
	want := func(client string, least, most int64) {
		f.t.Helper()
		f := f
		if f.stores.Second != nil { // one that has been there for a while may know of it late
			f = f.another()
		}
		n, err := f.Kept(f.ctx, client)
		f.check(err)
		if n < least || n > most {
			f.t.Errorf("%d bytes are kept for %s, want %d to %d", n, client, least, most)
		}
	}
	want("bank", 0, 0)
	var bytes int64
	for _, id := range []string{"a", "b", "c", "d"} {
		r, entries := f.record(id)
		r.Owner = tasks.NewOwner("bank", "user "+id)
		f.store(r, entries)
		f.add(r, a2a.TaskStateCompleted, "")
		bytes += int64(len(r.Task.AppendJSON(nil)))
	}
	other, entries := f.record("o")
	other.Owner = "bank2"
	f.store(other, entries)
	f.add(other, a2a.TaskStateCompleted, "")
	unfinished, entries := f.record("u")
	unfinished.Owner = "bank"
	f.store(unfinished, entries)
	want("bank", bytes, 4*bytes)
	freed, err := f.Shed(f.ctx, "bank", past().Add(-100*24*time.Hour), 1)
	f.check(err)
	if freed != 0 {
		f.t.Errorf("%d bytes of tasks were freed that ended later", freed)
	}
	freed, err = f.Shed(f.ctx, "bank", f.clock, 1) // the oldest is enough
	f.check(err)
	if _, err := f.Get(f.ctx, "a"); !errors.Is(err, tasks.ErrNotFound) || freed < 1 {
		f.t.Errorf("the oldest is there, and %d bytes were freed: %v", freed, err)
	}
	f.must("b")
	freed, err = f.Shed(f.ctx, "bank", f.clock, 1<<30)
	f.check(err)
	for _, id := range []a2a.TaskID{"b", "c", "d"} {
		if _, err := f.Get(f.ctx, id); !errors.Is(err, tasks.ErrNotFound) {
			f.t.Errorf("task %s: %v", id, err)
		}
	}
	f.must("o")
	f.must("u")
	want("bank", 1, bytes)
	if freed == 0 {
		f.t.Error("nothing was freed")
	}
	if f.stores.Reopen != nil {
		f = f.reopened()
		want("bank", 1, bytes)
	}
}
