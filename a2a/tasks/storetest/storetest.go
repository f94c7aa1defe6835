// Package storetest is what every tasks.Store must do, as one body of tests.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// Stores opens stores for a test. All of them are closed by whoever opens them, at the end of the test if not before.
type Stores struct {
	// Open opens a store with nothing in it.
	Open func(t *testing.T) tasks.Store
	// Reopen opens what a store holds once more, as the process after a crash does. Nil leaves out what only it can show.
	Reopen func(t *testing.T, s tasks.Store) tasks.Store
	// Second opens what a store holds beside it, as another agent does. Nil leaves out what only it can show.
	Second func(t *testing.T, s tasks.Store) tasks.Store
}

type test struct {
	name string
	test func(*testing.T, *fixture)
}

// Run runs all tests.
func Run(t *testing.T, stores Stores) {
	run(t, stores, []test{
		{"a task that was created can be read", created},
		{"what is not there is not found", missing},
		{"a change adds entries and replaces the sum", appended},
		{"a change that comes too late is refused and stores nothing", conflict},
		{"a task is created once", twice},
		{"a checkpoint is replaced and removed by the runner alone", checkpoints},
		{"a checkpoint changes without an entry", checkpointAlone},
		{"entries come in order after a number", events},
		{"many entries in one change", manyEvents},
		{"one of many writers wins each number", writers},
		{"readers see a task and its entries grow together", readers},
		{"an equal key within the window is the same task", keys},
		{"an equal key that arrives many times at once is one task", keysAtOnce},
		{"a list is ordered by time and id, descending", listOrder},
		{"a list is cut into pages", listPages},
		{"a list is filtered", listFilters},
		{"a list is the owner's", listOwner},
		{"anything that JSON can say is kept", content},
		{"a big task is kept", big},
		{"what ended long ago is removed", removed},
		{"what was given out does not change", immutable},
		{"an empty store has nothing to claim", claimNothing},
		{"a context that has ended stores nothing by halves", canceled},
		{"a prompt is held by one, joined by others, and given up at the end", prompts},
		{"a prompt has room for five", promptsFull},
		{"a late change is late before it is refused for its prompt", promptsLate},
		{"of many who want a prompt at once one gets it and four join", promptsAtOnce},
	})
	run(t, stores, webhooks)
	if stores.Reopen != nil {
		run(t, stores, []test{
			{"all is there after a restart", restart},
			{"what is unfinished is claimed once after a restart", claim},
			{"what this process has run is not claimed", claimRun},
			{"keys outlive a restart", keysRestart},
			{"prompts outlive a restart", promptsRestart},
		})
		run(t, stores, webhooksRestart)
	}
	if stores.Second != nil {
		run(t, stores, shared)
		run(t, stores, webhooksShared)
	}
}

func run(t *testing.T, stores Stores, tests []test) {
	for _, row := range tests {
		t.Run(row.name, func(t *testing.T) { row.test(t, newFixture(t, stores)) })
	}
}

const owner = tasks.Owner("bank\x00user")

// fixture is a store and the short words of the tests.
type fixture struct {
	tasks.Store
	t      *testing.T
	ctx    context.Context
	stores Stores
	clock  time.Time
}

func newFixture(t *testing.T, stores Stores) *fixture {
	return &fixture{stores.Open(t), t, t.Context(), stores, time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
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
		ID: a2a.TaskID(id), ContextID: "c", Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted, Timestamp: f.clock},
		History: []*a2a.Message{{MessageID: "m", TaskID: a2a.TaskID(id), ContextID: "c", Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart("Does jdoe work here?")}}},
	}
	working := status(a2a.TaskStateWorking, f.clock)
	working.TaskID, working.ContextID = first.ID, "c"
	return &tasks.Record{Task: first.Apply(working), Owner: owner, Seq: 2, Created: f.clock}, []a2a.Event{first, working}
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

func (f *fixture) try(r *tasks.Record, checkpoint string, run bool, events ...a2a.Event) (*tasks.Record, error) {
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
	return &next, f.Append(f.ctx, r.Task.ID, r.Seq, tasks.Change{Events: events, Task: next.Task, Checkpoint: next.Checkpoint, Run: run})
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
	return fmt.Sprintf("%q %d %q %d %s", r.Owner, r.Seq, r.Checkpoint, r.Created.UnixMilli(), r.Task.AppendJSON(nil))
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
		if entry.Seq != tasks.Seq(i+1) || string(a2a.AppendEvent(nil, entry.Event)) != string(a2a.AppendEvent(nil, want[i])) {
			f.t.Errorf("entry %d is %d %s\nwant %s", i+1, entry.Seq, a2a.AppendEvent(nil, entry.Event), a2a.AppendEvent(nil, want[i]))
		}
	}
}

func created(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	r.Checkpoint = []byte("auth_req_id")
	f.store(r, entries)
	f.want(r)
	f.wantEvents("t", entries)
}

func missing(t *testing.T, f *fixture) {
	f.create("t")
	if _, err := f.Get(f.ctx, "u"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := f.Events(f.ctx, "u", 0); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("events: %v", err)
	}
	r, _ := f.record("u")
	if _, err := f.try(r, "", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("append: %v", err)
	}
}

func appended(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	f.store(r, entries)
	artifact := &a2a.TaskArtifactUpdateEvent{TaskID: "t", ContextID: "c", LastChunk: true, Artifact: &a2a.Artifact{ArtifactID: "a", Parts: []a2a.Part{a2a.TextPart("Yes.")}}}
	message := &a2a.Message{MessageID: "n", TaskID: "t", ContextID: "c", Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart("Hurry.")}}
	end := status(a2a.TaskStateCompleted, f.clock.Add(time.Second))
	next, err := f.try(r, "", true, message)
	f.check(err)
	f.want(next)
	next, err = f.try(next, "", true, artifact, end)
	f.check(err)
	f.want(next)
	f.wantEvents("t", append(entries, message, artifact, end))
}

func conflict(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	f.store(r, entries)
	next := f.add(r, a2a.TaskStateAuthRequired, "new")
	for _, base := range []tasks.Seq{0, 1, 2, 4, 99} {
		late := *r
		late.Seq = base
		if _, err := f.try(&late, "late", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a change after %d of 3: %v", base, err)
		}
	}
	f.want(next)
	if entries, _ := f.Events(f.ctx, "t", 0); len(entries) != 3 {
		t.Errorf("%d entries", len(entries))
	}
}

func twice(t *testing.T, f *fixture) {
	r := f.create("t")
	again, entries := f.record("t")
	again.MessageKey = []byte("k")
	if _, err := f.Create(f.ctx, again, entries, f.clock); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("got %v", err)
	}
	f.want(r)
	// The key of the refused one is free.
	other, entries := f.record("u")
	other.MessageKey = []byte("k")
	f.store(other, entries)
}

func checkpoints(t *testing.T, f *fixture) {
	r := f.add(f.create("t"), a2a.TaskStateAuthRequired, "auth_req_id")
	f.want(r)
	// The caller's message, which has perhaps not seen it, leaves it alone.
	next, err := f.try(r, "", false, &a2a.Message{MessageID: "n", TaskID: "t", Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart("?")}})
	f.check(err)
	next.Checkpoint = []byte("auth_req_id")
	f.want(next)
	f.want(f.add(next, a2a.TaskStateWorking, ""))
	// The end removes it, whoever brings it about, and the runner may leave another.
	for i, run := range []bool{false, true} {
		r := f.add(f.create(fmt.Sprint(i)), a2a.TaskStateAuthRequired, "auth_req_id")
		end, err := f.try(r, "", run, status(a2a.TaskStateCanceled, f.clock))
		f.check(err)
		f.want(end)
	}
	f.want(f.add(f.add(f.create("note"), a2a.TaskStateAuthRequired, "auth_req_id"), a2a.TaskStateRejected, "no_answer"))
}

func checkpointAlone(t *testing.T, f *fixture) {
	r := f.create("t")
	next, err := f.try(r, "auth_req_id", true)
	f.check(err)
	f.want(next)
	f.want(f.add(next, a2a.TaskStateAuthRequired, "auth_req_id"))
	if _, err := f.try(next, "late", true); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a late checkpoint: %v", err)
	}
}

func events(t *testing.T, f *fixture) {
	r := f.create("t")
	f.create("u") // whose entries must not be among them
	for range 10 {
		r = f.add(r, a2a.TaskStateWorking, "")
	}
	for after := range tasks.Seq(15) {
		entries, err := f.Events(f.ctx, "t", after)
		f.check(err)
		if want := max(0, 12-int(after)); len(entries) != want {
			t.Errorf("%d entries after %d, want %d", len(entries), after, want)
		}
		for i, entry := range entries {
			if entry.Seq != after+tasks.Seq(i)+1 {
				t.Errorf("entry %d after %d is numbered %d", i, after, entry.Seq)
			}
		}
	}
}

func manyEvents(t *testing.T, f *fixture) {
	for n := range 40 {
		id := fmt.Sprint("t", n)
		r, want := f.record(id)
		f.store(r, want)
		var more []a2a.Event
		for i := range n {
			more = append(more, &a2a.TaskArtifactUpdateEvent{TaskID: r.Task.ID, ContextID: "c", Artifact: &a2a.Artifact{ArtifactID: fmt.Sprint(i), Parts: []a2a.Part{a2a.TextPart("x")}}})
		}
		_, err := f.try(r, "", true, more...)
		f.check(err)
		f.wantEvents(r.Task.ID, append(want, more...))
	}
}

func writers(t *testing.T, f *fixture) {
	const rounds, each = 20, 8
	var ids []string
	for i := range 4 {
		ids = append(ids, fmt.Sprint("t", i))
		f.create(ids[i])
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	won := map[string]int{}
	for w := range each {
		group.Go(func() {
			for i := 0; i < rounds; i++ {
				id := ids[(w+i)%len(ids)]
				r, err := f.Get(f.ctx, a2a.TaskID(id))
				if err != nil {
					t.Error(err)
					return
				}
				u := status(a2a.TaskStateWorking, f.clock)
				u.Status.Message = &a2a.Message{MessageID: fmt.Sprint(w, "-", i), Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart("x")}}
				_, err = f.try(r, "", true, u)
				switch {
				case err == nil:
					mu.Lock()
					won[id]++
					mu.Unlock()
				case !errors.Is(err, tasks.ErrConflict):
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		entries, err := f.Events(f.ctx, a2a.TaskID(id), 0)
		f.check(err)
		if len(entries) != won[id]+2 {
			t.Errorf("%d changes were acknowledged, %d are there", won[id], len(entries)-2)
		}
		sum := entries[0].Event.(*a2a.Task)
		for _, entry := range entries {
			sum = sum.Apply(entry.Event)
		}
		r, err := f.Get(f.ctx, a2a.TaskID(id))
		f.check(err)
		if string(sum.AppendJSON(nil)) != string(r.Task.AppendJSON(nil)) {
			t.Error("the entries do not sum up to the task")
		}
	}
}

func readers(t *testing.T, f *fixture) {
	r := f.create("t")
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for seen := tasks.Seq(0); ; {
				select {
				case <-done:
					return
				default:
				}
				rec, err := f.Get(f.ctx, "t")
				if err != nil || rec.Seq < seen {
					t.Errorf("after entry %d the task is at %d, %v", seen, rec.Seq, err)
					return
				}
				entries, err := f.Events(f.ctx, "t", 0)
				if err != nil || len(entries) < int(rec.Seq) {
					t.Errorf("the task is at %d, its entries at %d, %v", rec.Seq, len(entries), err)
					return
				}
				seen = tasks.Seq(len(entries))
			}
		})
	}
	for range 200 {
		r = f.add(r, a2a.TaskStateWorking, "")
	}
	close(done)
	group.Wait()
}

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
	if n, err := f.Remove(f.ctx, r.Task.Status.Timestamp.Add(time.Second), 10); n != 1 || err != nil {
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
	page, err := f.List(f.ctx, tasks.Query{Owner: owner, Limit: 100, After: tasks.Position{Timestamp: f.clock.Add(time.Hour), ID: "x"}})
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
		{"since, inclusive", tasks.Query{Since: start.Add(3 * time.Second)}, []a2a.TaskID{"c", "b"}},
		{"since, a nanosecond later", tasks.Query{Since: start.Add(3*time.Second + 1)}, []a2a.TaskID{"c"}},
		{"all", tasks.Query{Context: "c", State: a2a.TaskStateAuthRequired, Since: start.Add(2 * time.Second)}, []a2a.TaskID{"c"}},
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
	for _, stranger := range []tasks.Owner{"bank", "bank\x00", "bank\x00user2", "BANK\x00user", ""} {
		page, err := f.List(f.ctx, tasks.Query{Owner: stranger, Limit: 10})
		f.check(err)
		if page.Total != 0 || len(page.Records) != 0 {
			t.Errorf("%q sees %v of %d", stranger, ids(page), page.Total)
		}
	}
}

func content(t *testing.T, f *fixture) {
	for i, text := range []string{
		"Arbeitet María García hier? 加藤 太郎 🙂", "\x00\x01\x7f", "'; DROP TABLE tasks; --", "line\nline\r\n\u2028", `{"a":"\u0000"}`, "",
	} {
		r, entries := f.record(fmt.Sprint("t", i))
		message := &a2a.Message{
			MessageID: text + "m", TaskID: r.Task.ID, ContextID: "c", Role: a2a.RoleUser, Metadata: a2a.Struct(`{"ключ":[1,null,{}]}`),
			Parts: []a2a.Part{
				a2a.TextPart(text), a2a.DataPart([]byte(`{"n":1.50,"big":123456789012345678901234567890,"null":null}`)), a2a.DataPart([]byte("null")),
				{Kind: a2a.PartRaw, Raw: []byte{0, 255, 128}, Filename: text + ".bin", MediaType: "application/pdf"}, {Kind: a2a.PartURL, URL: "https://a.example/?b=ü"},
			},
			Extensions: []string{"https://e.example/x"}, ReferenceTaskIDs: []a2a.TaskID{"other"},
		}
		f.store(r, entries)
		next, err := f.try(r, text+"\x00c", true, message)
		f.check(err)
		f.want(next)
		f.wantEvents(r.Task.ID, append(entries, message))
		if f.stores.Reopen == nil {
			continue
		}
		again := f.reopened() // from the disk and not from a cache
		again.want(next)
		again.wantEvents(r.Task.ID, append(entries, message))
		f = again
	}
}

func big(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	entries[0].(*a2a.Task).History[0].Parts[0].Text = strings.Repeat("ü€", 1<<20)
	r.Task = entries[0].(*a2a.Task).Apply(entries[1])
	r.Checkpoint = []byte(strings.Repeat("c", 1<<16))
	f.store(r, entries)
	f.want(r)
	f.wantEvents("t", entries)
}

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
		{"nothing that ended at that very time", ends[0], 100, 0, []a2a.TaskID{"open", "t9", "t8", "t7", "t6", "t5", "t4", "t3", "t2", "t1", "t0"}},
		{"but a moment later", ends[0].Add(1), 100, 1, []a2a.TaskID{"open", "t9", "t8", "t7", "t6", "t5", "t4", "t3", "t2", "t1"}},
		{"the oldest first", ends[9], 3, 3, []a2a.TaskID{"open", "t9", "t8", "t7", "t6", "t5", "t4"}},
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

func immutable(t *testing.T, f *fixture) {
	r := f.create("t")
	have := f.must("t")
	before := show(have)
	entries, err := f.Events(f.ctx, "t", 0)
	f.check(err)
	f.add(r, a2a.TaskStateAuthRequired, "x")
	if show(have) != before || len(entries) != 2 {
		t.Error("a change has reached what was read before it")
	}
}

func claimNothing(t *testing.T, f *fixture) {
	f.create("t")
	for range 2 {
		if got, err := f.Claim(f.ctx, 10); len(got) != 0 || err != nil {
			t.Errorf("claimed %v, %v: the task is of this very process", got, err)
		}
	}
}

func canceled(t *testing.T, f *fixture) {
	r := f.create("t")
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	u := status(a2a.TaskStateCompleted, f.clock)
	u.TaskID = "t"
	err := f.Append(ctx, "t", r.Seq, tasks.Change{Events: []a2a.Event{u}, Task: r.Task.Apply(u), Run: true})
	have := f.must("t")
	if stored := have.Seq == 3; stored != (err == nil) {
		t.Errorf("stored: %v, error: %v", stored, err)
	}
}

func restart(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	f.store(r, entries)
	next := f.add(r, a2a.TaskStateAuthRequired, "auth_req_id")
	again := f.reopened()
	again.want(next)
	got, err := again.Events(again.ctx, "t", 0)
	again.check(err)
	if len(got) != 3 {
		t.Errorf("%d entries", len(got))
	}
	_, err = again.Claim(again.ctx, 10) // nobody runs what he does not hold
	again.check(err)
	end := again.add(again.must("t"), a2a.TaskStateCompleted, "")
	again.reopened().want(end)
}

func claim(t *testing.T, f *fixture) {
	want := map[a2a.TaskID]tasks.Pending{}
	for i := range 25 {
		id := fmt.Sprint("t", i)
		r := f.create(id)
		p := tasks.Pending{ID: r.Task.ID, State: a2a.TaskStateWorking}
		switch i % 4 {
		case 1:
			f.add(r, a2a.TaskStateCompleted, "note")
			continue
		case 2:
			f.add(r, a2a.TaskStateAuthRequired, "auth_req_id"+id)
			p.State, p.Checkpoint = a2a.TaskStateAuthRequired, []byte("auth_req_id"+id)
		case 3:
			f.add(r, a2a.TaskStateInputRequired, "")
			continue
		}
		want[p.ID] = p
	}
	f = f.reopened()
	f.create("mine")
	// Canceled before it could be claimed.
	_, err := f.try(f.must("t0"), "", false, status(a2a.TaskStateCanceled, f.clock))
	f.check(err)
	delete(want, "t0")
	for {
		got, err := f.Claim(f.ctx, 4)
		f.check(err)
		if len(got) > 4 {
			t.Errorf("%d at a time", len(got))
		}
		if len(got) == 0 {
			break
		}
		for _, p := range got {
			if p.State == a2a.TaskStateInputRequired && f.must(p.ID).Task.Status.State == p.State {
				continue // nobody has anything to do with those, claimed or not
			}
			if w, ok := want[p.ID]; !ok || w.State != p.State || string(w.Checkpoint) != string(p.Checkpoint) {
				t.Errorf("claimed %+v, want %+v", p, w)
			}
			delete(want, p.ID)
		}
	}
	if len(want) != 0 {
		t.Errorf("not claimed: %v", want)
	}
	if got, err := f.Claim(f.ctx, 4); len(got) != 0 || err != nil {
		t.Errorf("claimed twice: %v, %v", got, err)
	}
}

func claimRun(t *testing.T, f *fixture) {
	f.add(f.create("asks"), a2a.TaskStateInputRequired, "")
	f = f.reopened()
	// The caller answers, and this process runs the task, before anything is claimed.
	r, err := f.try(f.must("asks"), "", false, status(a2a.TaskStateWorking, f.clock))
	f.check(err)
	f.add(r, a2a.TaskStateAuthRequired, "auth_req_id")
	if got, err := f.Claim(f.ctx, 10); len(got) != 0 || err != nil {
		t.Errorf("claimed %v, %v", got, err)
	}
	// The next process has not run it.
	if got, err := f.reopened().Claim(f.ctx, 10); len(got) != 1 || err != nil {
		t.Errorf("the next process claimed %v, %v", got, err)
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
