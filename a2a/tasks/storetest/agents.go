package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// another is the fixture of another agent on the same store.
func (f *fixture) another() *fixture {
	f.t.Helper()
	other := *f
	other.Store = f.stores.Second(f.t, f.Store)
	return &other
}

func second(t *testing.T, f *fixture) {
	other := f.another()
	start := f.clock
	f.repeat("a", "k", start)
	if got := other.repeat("b", "k", start); got != "a" {
		t.Errorf("the other agent made task %s of the repetition", got)
	}
	r := other.must("a")
	// The other agent's caller adds to the task; the runner is late then.
	_, err := other.try(r, "", false, &a2a.Message{MessageID: "n", TaskID: "a", Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart("?")}})
	f.check(err)
	if _, err := f.try(r, "", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err,
		tasks.ErrConflict) {
		t.Errorf("the runner's late step: %v", err)
	}
	f.add(f.must("a"), a2a.TaskStateCompleted, "")
	if got := other.must("a"); got.Seq != 4 || got.Task.Status.State != a2a.TaskStateCompleted {
		t.Errorf("the other agent sees %s", show(got))
	}
	// A living agent's tasks are its own.
	mine := f.create("mine")
	if got, err := other.Claim(f.ctx, 10); len(got) != 0 || err != nil {
		t.Errorf("the other agent claimed %v, %v", got, err)
	}
	if _, err := other.try(mine, "", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err,
		tasks.ErrLeaseLost) {
		t.Errorf("the other agent ran it: %v", err)
	}
	if f.must("mine").Elsewhere || !other.must("mine").Elsewhere {
		t.Error("each of the two agents should know whose the task is")
	}
}

// answers: a task that asks its caller is nobody's, and goes on where he answers.
func answers(t *testing.T, f *fixture) {
	other := f.another()
	r := f.add(f.create("t"), a2a.TaskStateInputRequired, "")
	if f.must("t").Elsewhere || other.must("t").Elsewhere {
		t.Error("a task that waits for its caller is nobody's")
	}
	next, err := other.try(r, "", false, status(a2a.TaskStateWorking, f.clock))
	f.check(err)
	if !f.must("t").Elsewhere || other.must("t").Elsewhere {
		t.Error("the task should be the agent's that has the answer")
	}
	if _, err := f.try(next, "", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err,
		tasks.ErrLeaseLost) {
		t.Errorf("the agent that asked goes on: %v", err)
	}
	other.add(next, a2a.TaskStateCompleted, "")
}

func keysOfTwo(t *testing.T, f *fixture) {
	agents := []*fixture{f, f.another()}
	for round := range 20 {
		key := fmt.Sprint("k", round)
		var ids [8]a2a.TaskID
		var group sync.WaitGroup
		for i := range ids {
			f := agents[i%2]
			r, entries := f.record(fmt.Sprint(key, "-", i))
			r.MessageKey = []byte(key)
			group.Go(func() {
				existing, err := f.Create(f.ctx, r, entries, r.Created.Add(-1<<40))
				if err != nil {
					t.Error(err)
				}
				if ids[i] = existing; existing == "" {
					ids[i] = r.Task.ID
				}
			})
		}
		group.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("one message became %v", ids)
			}
		}
	}
}

func holdsOfTwo(t *testing.T, f *fixture) { openAtOnce(t, f, f.another()) }

func amendsOfTwo(t *testing.T, f *fixture) { amendAtOnce(t, f, f.another()) }

func joins(t *testing.T, f *fixture) {
	other := f.another()
	f.check(f.claims(f.create("first"), open('k', "v", soon())))
	late := other.create("late")
	f.wantRefusal(other.claims(late, open('k', "w", soon())), tasks.ErrHeld, "v")
	f.check(other.claims(late, join('k', 5)))
	other.wantHold('k', "v", 1, "first", "late")
	// The task is the first one's agent's now, which is told once.
	if f.must("late").Elsewhere || !other.must("late").Elsewhere {
		t.Error("who joins should go to the agent that runs the hold")
	}
	if _, err := other.try(late, "", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err,
		tasks.ErrLeaseLost) {
		t.Errorf("the agent that gave it away goes on: %v", err)
	}
	for i, want := range []int{1, 0} {
		got, err := f.Claim(f.ctx, 10)
		f.check(err)
		if len(got) != want || want == 1 && got[0].ID != "late" {
			t.Errorf("claim %d returned %+v", i, got)
		}
	}
	if got, err := other.Claim(f.ctx, 10); len(got) != 0 || err != nil {
		t.Errorf("the other agent claimed %+v, %v", got, err)
	}
	// It stays there when the first has ended.
	f.add(f.must("first"), a2a.TaskStateCanceled, "")
	third := other.create("third")
	f.check(other.claims(third, join('k', 5)))
	if f.must("third").Elsewhere {
		t.Error("the third should go where the second is")
	}
	// A hold that nobody takes part in is run by whoever joins it.
	f.add(f.must("late"), a2a.TaskStateCanceled, "")
	f.add(f.must("third"), a2a.TaskStateCanceled, "")
	f.check(other.claims(other.create("fourth"), join('k', 5)))
	if other.must("fourth").Elsewhere {
		t.Error("the fourth should stay where it is")
	}
	// Either agent may amend it.
	f.check(f.amend(put('k', "2", 1)))
	f.check(other.amend(put('k', "3", 2)))
	f.wantRefusal(f.amend(put('k', "3", 2)), tasks.ErrMoved, "3")
}

// shared is what a store of several agents does beyond.
var shared = []test{
	{"two agents see one store", second},
	{"a task that asks goes on at the agent that is answered", answers},
	{"of many at two agents who open a hold at once one does and some join", holdsOfTwo},
	{"of many at two agents who amend a hold at once one does, of all that they have read",
		amendsOfTwo},
	{"who joins a hold goes to the agent that runs it", joins},
	{"an equal key that arrives at two agents at once is one task", keysOfTwo},
}
