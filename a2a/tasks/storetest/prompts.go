package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// hold makes a task a holder of a key, together with a checkpoint.
func (f *fixture) hold(r *tasks.Record, key string, join bool) (*tasks.Record, error) {
	next := *r
	next.Checkpoint = []byte("prompt " + key)
	return &next, f.Append(f.ctx, r.Task.ID, r.Seq, tasks.Change{
		Task: r.Task, Checkpoint: next.Checkpoint, Run: true, Prompt: &tasks.Prompt{Key: []byte(key), Join: join},
	})
}

func (f *fixture) mustHold(r *tasks.Record, key string, join bool) *tasks.Record {
	f.t.Helper()
	next, err := f.hold(r, key, join)
	f.check(err)
	return next
}

// reserve makes a task a holder of a key before it has anything to wait for.
func (f *fixture) reserve(r *tasks.Record, key string) error {
	return f.Append(f.ctx, r.Task.ID, r.Seq, tasks.Change{Task: r.Task, Run: true, Prompt: &tasks.Prompt{Key: []byte(key)}})
}

func (f *fixture) wantHolders(key string, want ...a2a.TaskID) {
	f.t.Helper()
	records, err := f.Holders(f.ctx, []byte(key))
	f.check(err)
	var got []a2a.TaskID
	for _, r := range records {
		got = append(got, r.Task.ID)
	}
	if !slices.Equal(got, want) {
		f.t.Errorf("%s is held by %v, want %v", key, got, want)
	}
}

func prompts(t *testing.T, f *fixture) {
	a, b, c := f.create("a"), f.create("b"), f.create("c")
	refused := func(what string, r *tasks.Record, key string, join bool, want error) {
		t.Helper()
		before := f.must(r.Task.ID)
		if _, err := f.hold(r, key, join); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		f.want(before) // nothing was stored
	}
	f.wantHolders("k")
	refused("a join of nobody", a, "k", true, tasks.ErrPromptGone)
	a = f.mustHold(a, "k", false)
	f.want(a)
	refused("a key that is held", b, "k", false, tasks.ErrPromptHeld)
	a = f.mustHold(a, "k", false) // what it holds itself does not count
	refused("a join of itself", a, "k", true, tasks.ErrPromptGone)
	b = f.mustHold(b, "k", true)
	b = f.mustHold(b, "k", true)
	refused("a key that others have joined", a, "k", false, tasks.ErrPromptHeld)
	c = f.mustHold(c, "l", false) // another key is another matter
	f.wantHolders("k", "a", "b")
	f.wantHolders("l", "c")

	// What else happens to a task leaves it its key.
	a = f.add(a, a2a.TaskStateAuthRequired, "prompt k")
	f.wantHolders("k", "a", "b")
	// The end gives it up, whoever brings it about, and leaves the others theirs.
	_, err := f.try(a, "", false, status(a2a.TaskStateCanceled, f.clock))
	f.check(err)
	f.wantHolders("k", "b")
	d := f.mustHold(f.create("d"), "k", true)
	f.wantHolders("k", "b", "d")
	f.add(b, a2a.TaskStateCompleted, "")
	f.add(d, a2a.TaskStateCompleted, "")
	f.wantHolders("k")
	refused("a join of what has ended", c, "k", true, tasks.ErrPromptGone)
	// A task holds one key.
	c = f.mustHold(c, "k", false)
	f.wantHolders("l")
	f.wantHolders("k", "c")
	records, err := f.Holders(f.ctx, []byte("k"))
	f.check(err)
	if got, want := show(records[0]), show(c); got != want {
		t.Errorf("the holder is\n  %s\nwant\n  %s", got, want)
	}
}

func promptsFull(t *testing.T, f *fixture) {
	var want []a2a.TaskID
	for i := range tasks.MaxPromptHolders {
		r := f.mustHold(f.create(fmt.Sprint("t", i)), "k", i > 0)
		want = append(want, r.Task.ID)
	}
	late := f.create("late")
	if _, err := f.hold(late, "k", true); !errors.Is(err, tasks.ErrPromptFull) {
		t.Errorf("one too many: %v", err)
	}
	f.wantHolders("k", want...)
	f.mustHold(f.must("t3"), "k", true) // one of them again
	// One that leaves makes room, and the newcomer is the youngest.
	f.add(f.must("t0"), a2a.TaskStateRejected, "")
	f.mustHold(late, "k", true)
	f.wantHolders("k", append(want[1:], "late")...)
}

func promptsLate(t *testing.T, f *fixture) {
	f.mustHold(f.create("a"), "k", false)
	b := f.create("b")
	f.add(b, a2a.TaskStateWorking, "")
	// Whoever has not seen the latest must look again before he hears of the prompt.
	if _, err := f.hold(b, "k", false); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a late change: %v", err)
	}
	f.mustHold(f.must("b"), "k", true)
}

func promptsReserved(t *testing.T, f *fixture) {
	a, b := f.create("a"), f.create("b")
	f.check(f.reserve(a, "k"))
	f.want(a) // nothing has changed but the key
	f.check(f.reserve(a, "k"))
	if err := f.reserve(b, "k"); !errors.Is(err, tasks.ErrPromptHeld) {
		t.Errorf("a second one: %v", err)
	}
	f.wantHolders("k", "a")
	f.mustHold(b, "k", true)
	f.wantHolders("k", "a", "b")
	a = f.add(a, a2a.TaskStateAuthRequired, "waits")
	f.add(a, a2a.TaskStateCanceled, "")
	f.wantHolders("k", "b")
	_ = f.reserve(f.must("a"), "ended") // whatever is said of it
	f.check(f.reserve(f.create("next"), "ended"))
	late := f.create("late")
	f.add(late, a2a.TaskStateWorking, "")
	if err := f.reserve(late, "k"); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a late one: %v", err)
	}
	f.check(f.reserve(f.must("late"), "l"))
	f.check(f.reserve(f.must("late"), "m")) // another one takes its place
	f.wantHolders("l")
	f.wantHolders("m", "late")
	if err := f.reserve(&tasks.Record{Task: &a2a.Task{ID: "none"}, Seq: 1}, "n"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	f.wantHolders("n")
}

// Whoever withdraws a question while it is about to be asked leaves no key behind that nobody would ever give up.
func promptsWithdrawn(_ *testing.T, f *fixture) {
	for i := range 100 {
		r, key := f.create(fmt.Sprint("t", i)), fmt.Sprint("k", i)
		var group sync.WaitGroup
		group.Go(func() { _ = f.reserve(r, key) }) // may be too late
		group.Go(func() { f.add(r, a2a.TaskStateCanceled, "") })
		group.Wait()
		f.wantHolders(key)
	}
}

func promptsAtOnce(t *testing.T, f *fixture) {
	atOnce(t, f, f)
}

// atOnce has many tasks of two agents ask for one key at the same time: one gets it, four join, the others are refused.
func atOnce(t *testing.T, agents ...*fixture) {
	const n = 24
	for round := range 5 {
		key := fmt.Sprint("k", round)
		var mu sync.Mutex
		var took, joined, full int
		var group sync.WaitGroup
		for i := range n {
			f := agents[i%len(agents)]
			r := f.create(fmt.Sprint(key, "-", i))
			group.Go(func() {
				_, err := f.hold(r, key, false)
				mu.Lock()
				if err == nil {
					took++
					mu.Unlock()
					return
				}
				mu.Unlock()
				if !errors.Is(err, tasks.ErrPromptHeld) {
					t.Errorf("take: %v", err)
					return
				}
				_, err = f.hold(r, key, true)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					joined++
				case errors.Is(err, tasks.ErrPromptFull):
					full++
				default:
					t.Errorf("join: %v", err)
				}
			})
		}
		group.Wait()
		if took != 1 || joined != tasks.MaxPromptHolders-1 || took+joined+full != n {
			t.Errorf("%d took the key, %d joined, %d were refused", took, joined, full)
		}
		records, err := agents[0].Holders(agents[0].ctx, []byte(key))
		agents[0].check(err)
		if len(records) != tasks.MaxPromptHolders {
			t.Errorf("%d holders", len(records))
		}
	}
}

func promptsRestart(t *testing.T, f *fixture) {
	a := f.create("a")
	f.check(f.reserve(a, "k"))
	f.add(a, a2a.TaskStateAuthRequired, "waits")
	f.mustHold(f.create("b"), "k", true)
	f = f.reopened()
	f.wantHolders("k", "a", "b")
	if _, err := f.hold(f.create("c"), "k", false); !errors.Is(err, tasks.ErrPromptHeld) {
		t.Errorf("after a restart: %v", err)
	}
}
