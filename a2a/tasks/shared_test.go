package tasks_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// commons is a store that another agent seems to use too. What the other one does is played by the
// test.
type commons struct {
	*tasks.Memory
	mu       sync.Mutex
	tell     func(tasks.News)
	offered  []tasks.Pending
	lost     bool
	foreign  map[a2a.TaskID]bool
	claims   int
	released int
}

func (c *commons) Follow(ctx context.Context, tell func(tasks.News)) {
	c.mu.Lock()
	c.tell = tell
	c.mu.Unlock()
	<-ctx.Done()
}

func (c *commons) ClaimEvery() time.Duration { return 3 * time.Second }

func (c *commons) Alive() bool { return true }

func (c *commons) Release(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.released++
	return nil
}

func (c *commons) Claim(context.Context, int) ([]tasks.Pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claims++
	if c.lost {
		c.lost = false
		return nil, tasks.ErrLeaseLost
	}
	offered := c.offered
	c.offered = nil
	return offered, nil
}

func (c *commons) Gone(ctx context.Context, ids []a2a.TaskID) ([]a2a.TaskID, error) {
	return slices.DeleteFunc(slices.Clone(ids), func(id a2a.TaskID) bool {
		rec, err := c.Get(ctx, id)
		return err == nil && !rec.Elsewhere && !rec.Task.Status.State.Terminal()
	}), nil
}

func (c *commons) Get(ctx context.Context, id a2a.TaskID) (*tasks.Record, error) {
	rec, err := c.Memory.Get(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.foreign[id] {
		theirs := *rec
		theirs.Elsewhere = true
		return &theirs, nil
	}
	return rec, err
}

func (c *commons) Append(
	ctx context.Context, id a2a.TaskID, base tasks.Seq, change tasks.Change,
) error {
	c.mu.Lock()
	foreign := c.foreign[id]
	c.mu.Unlock()
	if foreign && change.Run {
		return tasks.ErrLeaseLost
	}
	return c.Memory.Append(ctx, id, base, change)
}

// gives makes a task another agent's.
func (c *commons) gives(ids ...a2a.TaskID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.foreign[id] = true
	}
}

func (c *commons) says(n tasks.News) {
	c.mu.Lock()
	tell := c.tell
	c.mu.Unlock()
	tell(n)
	synctest.Wait()
}

// common is a bubble with such a store, whose engine follows it.
func common(
	t *testing.T, play func(context.Context, *tasks.Turn, yielder),
	test func(t *testing.T, w *world, c *commons),
) {
	t.Helper()
	c := &commons{foreign: map[a2a.TaskID]bool{}}
	wrap := func(m *tasks.Memory) tasks.Store { c.Memory = m; return c }
	bubbleWith(t, wrap, play, func(t *testing.T, w *world) {
		if _, err := w.Resume(w.ctx); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		test(t, w, c)
	})
}

// elsewhere stores a status as another agent does: the engine learns nothing of it.
func (w *world) elsewhere(id a2a.TaskID, state a2a.TaskState) {
	w.t.Helper()
	rec := w.record(id)
	u := &a2a.TaskStatusUpdateEvent{TaskID: id, ContextID: rec.Task.ContextID,
		Status: a2a.TaskStatus{State: state, Timestamp: rec.Task.Status.Timestamp}}
	if err := w.memory.Append(w.ctx, id, rec.Seq,
		tasks.Change{ID: tasks.NewChangeID(), Events: []a2a.Event{u}, Task: rec.Task.Apply(u),
			Checkpoint: rec.Checkpoint, Run: true}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAStreamTellsWhatAnotherAgentHasStored(t *testing.T) {
	for name, news := range map[string]func(id a2a.TaskID) tasks.News{
		"news of the task": func(id a2a.TaskID) tasks.News { return tasks.News{Task: id} },
		"news of anything": func(a2a.TaskID) tasks.News { return tasks.News{} },
	} {
		t.Run(name, func(t *testing.T) {
			common(t, approve, func(t *testing.T, w *world, c *commons) {
				id := w.begin("?")
				stream := w.subscribe(id)
				stream.want(t, "3 task AUTH_REQUIRED")
				w.elsewhere(id, a2a.TaskStateWorking)
				w.elsewhere(id, a2a.TaskStateWorking)
				stream.want(t, "3 task AUTH_REQUIRED")
				c.says(news(id))
				stream.want(t, "3 task AUTH_REQUIRED, 4 WORKING, 5 WORKING")
				c.says(news(id)) // twice is no harm
				w.elsewhere(id, a2a.TaskStateCompleted)
				c.says(news(id))
				stream.want(t, "3 task AUTH_REQUIRED, 4 WORKING, 5 WORKING, 6 COMPLETED.")
			})
		})
	}
}

func TestWhatEndsElsewhereIsNotWaitedForHere(t *testing.T) {
	for name, news := range map[string]func(id a2a.TaskID) tasks.News{
		"news of the end": func(id a2a.TaskID) tasks.News {
			return tasks.News{Task: id, Ended: true}
		},
		"missed news": func(a2a.TaskID) tasks.News { return tasks.News{} },
	} {
		t.Run(name, func(t *testing.T) {
			common(t, approve, func(t *testing.T, w *world, c *commons) {
				id, other := w.begin("?"), w.begin("?")
				w.elsewhere(id, a2a.TaskStateCanceled)
				c.says(news(id))
				time.Sleep(c.ClaimEvery()) // the time of the next look
				synctest.Wait()
				if m := w.actor.waiting(); len(m) != 1 || m[other] == "" {
					t.Errorf("waiting %v", m)
				}
			})
		})
	}
	t.Run("a turn", func(t *testing.T) {
		common(t, hang, func(t *testing.T, w *world, c *commons) {
			id := w.begin("?")
			w.elsewhere(id, a2a.TaskStateCanceled)
			c.says(tasks.News{})
			time.Sleep(c.ClaimEvery())
			synctest.Wait()
			w.wantState(id, a2a.TaskStateCanceled)
			if err := w.Shutdown(w.ctx); err != nil {
				t.Errorf("the turn goes on: %v", err)
			}
		})
	})
}

func TestClaimsAreMadeAllTheTimeAndAtOnceWhenThereIsNews(t *testing.T) {
	common(t, approve, func(t *testing.T, w *world, c *commons) {
		offer := func(id a2a.TaskID) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.offered = []tasks.Pending{{ID: id, State: a2a.TaskStateAuthRequired,
				Checkpoint: []byte("auth_req_id")}}
		}
		offer("a")
		time.Sleep(c.ClaimEvery())
		synctest.Wait()
		if w.actor.waiting()["a"] == "" {
			t.Error("nothing was claimed at its time")
		}
		offer("b")
		c.says(tasks.News{Claim: true})
		if w.actor.waiting()["b"] == "" {
			t.Error("nothing was claimed at the news")
		}
		w.Drain()
		offer("c")
		c.says(tasks.News{Claim: true})
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.actor.waiting()["c"] != "" {
			t.Error("an agent that leaves takes on more")
		}
	})
}

func TestWhatWasLostIsForgotten(t *testing.T) {
	play := func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		if turn.Task.History[0].Text() == "hang" {
			hang(ctx, turn, yield)
			return
		}
		approve(ctx, turn, yield)
	}
	common(t, play, func(t *testing.T, w *world, c *commons) {
		parked, running := w.begin("?"), w.begin("hang")
		c.gives(parked, running)
		c.mu.Lock()
		c.lost = true
		before := c.claims
		c.mu.Unlock()
		c.says(tasks.News{Claim: true})
		if m := w.actor.waiting(); len(m) != 0 {
			t.Errorf("still waiting for %v", m)
		}
		if c.claims != before+2 {
			t.Errorf("%d claims: one tells of the loss, the next begins anew", c.claims-before)
		}
		w.wantState(running, a2a.TaskStateWorking) // it is another agent's to end
		// What still comes for the lost ones does nothing.
		turns := w.actor.ran()
		w.wake(parked, "approved")
		if w.actor.ran() != turns {
			t.Error("a task of another agent was run")
		}
		w.wantState(parked, a2a.TaskStateAuthRequired)
		// The agent goes on with other tasks.
		id := w.begin("?")
		w.wake(id, "approved")
		w.wantState(id, a2a.TaskStateCompleted)
	})
}

func TestATaskThatWasTakenAwayIsLeftAlone(t *testing.T) {
	common(t, approve, func(t *testing.T, w *world, c *commons) {
		id := w.begin("?")
		w.actor.does(func(_ context.Context, _ *tasks.Turn, yield yielder) {
			c.gives(id) // in the middle of the turn
			if yield(completed(), nil) {
				t.Error("the turn goes on")
			}
		})
		w.wake(id, "approved")
		w.wantState(id, a2a.TaskStateAuthRequired)
		if m := w.actor.waiting(); len(m) != 0 {
			t.Errorf("still waiting for %v", m)
		}
	})
}

func TestDrainSendsCallersAwayAndLetsTurnsEnd(t *testing.T) {
	common(t, approve, func(t *testing.T, w *world, c *commons) {
		id := w.begin("?")
		stream := w.subscribe(id)
		w.actor.does(func(_ context.Context, turn *tasks.Turn, yield yielder) {
			if turn.Signal == nil {
				time.Sleep(time.Minute)
			}
			yield(answered(), nil)
		})
		blocked := make(chan error)
		go func() {
			_, err := w.Send(w.ctx, bank, w.message("?"))
			blocked <- err
		}()
		synctest.Wait()
		w.Drain()
		w.Drain()
		if err := <-blocked; err != nil { // its answer is the task as it stands
			t.Errorf("a blocking call ends with %v", err)
		}
		stream.want(t, "3 task AUTH_REQUIRED!.")
		if !errors.Is(stream.err, tasks.ErrDraining) {
			t.Errorf("a stream ends with %v", stream.err)
		}
		if _, err := w.Send(w.ctx, bank, w.message("?")); !errors.Is(err, a2a.ErrUnavailable) {
			t.Errorf("a message: %v", err)
		}
		w.get(id) // reading goes on
		// What the executor has in hand is stored.
		w.wake(id, "approved")
		w.wantState(id, a2a.TaskStateCompleted)
		// So is the turn that the blocking call has begun.
		time.Sleep(time.Minute)
		synctest.Wait()
		list, err := w.List(w.ctx, bank, &a2a.ListTasksRequest{Status: a2a.TaskStateCompleted})
		if err != nil || len(list.Tasks) != 2 {
			t.Errorf("%d tasks have ended, %v", len(list.Tasks), err)
		}
		if c.released != 0 {
			t.Error("tasks were given back before the shutdown")
		}
		w.stop()
		if c.released == 0 {
			t.Error("nothing was given back")
		}
		if err := w.Wake(w.ctx, id, "approved"); !errors.Is(err, tasks.ErrDraining) {
			t.Errorf("wake: %v", err)
		}
	})
}

func TestAHoldIsSharedBySteps(t *testing.T) {
	const most = 4
	key := tasks.Key{'k'}
	var refused []error
	until := time.Now()
	w := new(world)
	share := func(_ context.Context, turn *tasks.Turn) error {
		step := tasks.Step{
			Checkpoint: []byte("mine"), Park: true, Value: "the first",
			Claims: []tasks.Claim{{Kind: tasks.Open, Key: key, Value: []byte("code 1"),
				Until: until}},
		}
		err := turn.Do(step)
		held, ok := errors.AsType[*tasks.ClaimError](err)
		if !ok {
			return err
		}
		refused = append(refused, err)
		step.Checkpoint, step.Value = append([]byte("with "), held.Hold.Value...), "another"
		step.Claims = []tasks.Claim{{Kind: tasks.Join, Key: key, Max: most}}
		if err = turn.Do(step); err != nil {
			refused = append(refused, err)
			return turn.Do(completed())
		}
		return nil
	}
	bubble(t, nil, func(t *testing.T, inner *world) {
		w = inner
		w.actor.executes(share)
		first := w.begin("?")
		var joined []a2a.TaskID
		for range most - 1 {
			joined = append(joined, w.begin("?"))
		}
		late := w.begin("?")
		if w.actor.waiting()[first] != "mine" || w.actor.heard()[0] != "park mine (the first)" {
			t.Errorf("the first waits with %q", w.actor.heard())
		}
		for _, id := range joined {
			if w.actor.waiting()[id] != "with code 1" {
				t.Error("one that joined does not wait")
			}
		}
		w.wantState(late, a2a.TaskStateCompleted)
		if len(w.actor.waiting()) != most {
			t.Errorf("waiting %v", w.actor.waiting())
		}
		for i, err := range refused {
			want := tasks.ErrHeld
			if i == len(refused)-1 {
				want = tasks.ErrHoldFull
			}
			if !errors.Is(err, want) {
				t.Errorf("refusal %d is %v, want %v", i, err, want)
			}
		}
		// A refused step has left nothing, and the task its sequence.
		if rec := w.record(late); rec.Seq != 3 || rec.Checkpoint != nil {
			t.Errorf("entry %d, checkpoint %q", rec.Seq, rec.Checkpoint)
		}
		// Canceling one leaves the hold to the others.
		if _, err := w.cancel(first); err != nil {
			t.Fatal(err)
		}
		h, err := w.Hold(w.ctx, key)
		if err != nil || !slices.Equal(h.Tasks, joined) {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

func TestAHoldOutlivesItsTasksUntilItsTime(t *testing.T) {
	key := tasks.Key{'k'}
	share := func(_ context.Context, turn *tasks.Turn) error {
		err := turn.Do(tasks.Step{Checkpoint: []byte("c"), Park: true, Claims: []tasks.Claim{
			{Kind: tasks.Open, Key: key, Value: []byte("v"), Until: time.Now().Add(time.Minute)},
		}})
		return err
	}
	bubble(t, nil, func(t *testing.T, w *world) {
		w.actor.executes(share)
		id := w.begin("?")
		if _, err := w.cancel(id); err != nil {
			t.Fatal(err)
		}
		if h, err := w.Hold(w.ctx, key); err != nil || len(h.Tasks) != 0 || string(h.Value) != "v" {
			t.Errorf("after the cancellation: %+v, %v", h, err)
		}
		if err := w.Amend(w.ctx, tasks.Claim{Kind: tasks.Put, Key: key, Value: []byte("w"),
			Until: time.Now().Add(time.Minute), Revision: 2}); !errors.Is(err, tasks.ErrMoved) {
			t.Errorf("an amendment of another revision: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := w.Hold(w.ctx, key); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("after its time: %v", err)
		}
	})
}
