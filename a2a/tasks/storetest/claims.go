package storetest

import (
	"context"
	"fmt"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

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
	err := f.Append(ctx, "t", r.Seq, tasks.Change{ID: tasks.NewChangeID(), Events: []a2a.Event{u},
		Task: r.Task.Apply(u), Run: true})
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
			if w, ok := want[p.ID]; !ok || w.State != p.State ||
				string(w.Checkpoint) != string(p.Checkpoint) {
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
