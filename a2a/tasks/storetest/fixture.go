package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// fixture is a store and the short words of the tests.
type fixture struct {
	tasks.Store
	t      *testing.T
	ctx    context.Context
	stores Stores
	clock  time.Time
}

func newFixture(t *testing.T, stores Stores) *fixture {
	return &fixture{stores.Open(t), t, t.Context(), stores,
		time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
}

// reopened is the fixture of the next process.
func (f *fixture) reopened() *fixture {
	f.t.Helper()
	next := *f
	next.Store = f.stores.Reopen(f.t, f.Store)
	return &next
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func status(state a2a.TaskState, at time.Time) *a2a.TaskStatusUpdateEvent {
	return &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state, Timestamp: at}}
}

// record is a task of two entries, at WORKING.
func (f *fixture) record(id string) (*tasks.Record, []a2a.Event) {
	f.clock = f.clock.Add(time.Second)
	first := &a2a.Task{
		ID: a2a.TaskID(id), ContextID: "c", Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted,
			Timestamp: f.clock},
		History: []*a2a.Message{{MessageID: "m", TaskID: a2a.TaskID(id), ContextID: "c",
			Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart("Does jdoe work here?")}}},
	}
	working := status(a2a.TaskStateWorking, f.clock)
	working.TaskID, working.ContextID = first.ID, "c"
	return &tasks.Record{Task: first.Apply(working), Owner: owner, Seq: 2, Created: f.clock},
		[]a2a.Event{first, working}
}

// create stores such a task.
func (f *fixture) create(id string) *tasks.Record {
	f.t.Helper()
	r, entries := f.record(id)
	f.store(r, entries)
	return r
}

func (f *fixture) store(r *tasks.Record, entries []a2a.Event) {
	f.t.Helper()
	existing, err := f.Create(f.ctx, r, entries, f.clock)
	if err != nil || existing != "" {
		f.t.Fatalf("create: %q, %v", existing, err)
	}
}

// add appends a status and gives the record that results.
func (f *fixture) add(r *tasks.Record, state a2a.TaskState, checkpoint string) *tasks.Record {
	f.t.Helper()
	f.clock = f.clock.Add(time.Second)
	next, err := f.try(r, checkpoint, true, status(state, f.clock))
	f.check(err)
	return next
}

func (f *fixture) try(
	r *tasks.Record, checkpoint string, run bool, events ...a2a.Event,
) (*tasks.Record, error) {
	next := *r
	for _, event := range events {
		if u, ok := event.(*a2a.TaskStatusUpdateEvent); ok {
			u.TaskID, u.ContextID = r.Task.ID, r.Task.ContextID
		}
		next.Task = next.Task.Apply(event)
	}
	next.Seq += tasks.Seq(len(events))
	next.Checkpoint = nil
	if checkpoint != "" {
		next.Checkpoint = []byte(checkpoint)
	}
	return &next, f.Append(f.ctx, r.Task.ID, r.Seq, tasks.Change{ID: tasks.NewChangeID(),
		Events: events, Task: next.Task, Checkpoint: next.Checkpoint, Run: run})
}

// want compares what is stored of a task.
func (f *fixture) want(r *tasks.Record) {
	f.t.Helper()
	have, err := f.Get(f.ctx, r.Task.ID)
	f.check(err)
	if got, want := show(have), show(r); got != want {
		f.t.Errorf("stored\n  %s\nwant\n  %s", got, want)
	}
}

func show(r *tasks.Record) string {
	return fmt.Sprintf("%q %d %q %d %s", r.Owner, r.Seq, r.Checkpoint, r.Created.UnixMilli(),
		r.Task.AppendJSON(nil))
}

// wantEvents compares the entries of a task, which are numbered from 1.
func (f *fixture) wantEvents(id a2a.TaskID, want []a2a.Event) {
	f.t.Helper()
	entries, err := f.Events(f.ctx, id, 0)
	f.check(err)
	if len(entries) != len(want) {
		f.t.Fatalf("%d entries, want %d", len(entries), len(want))
	}
	for i, entry := range entries {
		if entry.Seq != tasks.Seq(i+1) ||
			string(a2a.AppendEvent(nil, entry.Event)) != string(a2a.AppendEvent(nil, want[i])) {
			f.t.Errorf("entry %d is %d %s\nwant %s", i+1, entry.Seq,
				a2a.AppendEvent(nil, entry.Event), a2a.AppendEvent(nil, want[i]))
		}
	}
}
