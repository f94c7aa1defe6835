package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func (w *world) resume() int {
	w.t.Helper()
	n, err := w.Resume(w.ctx)
	if err != nil {
		w.t.Fatalf("resume: %v", err)
	}
	synctest.Wait()
	return n
}

func TestAfterACrashParkedTasksWaitOnWithTheirCheckpoint(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.crash()
		if n := w.resume(); n != 1 || w.actor.waiting()[id] != "auth_req_id" || w.actor.ran() != 0 {
			t.Fatalf("%d resumed, waiting %v, %d turns", n, w.actor.waiting(), w.actor.ran())
		}
		if n := w.resume(); n != 0 {
			t.Errorf("%d resumed twice", n)
		}
		w.wake(id, "approved")
		w.wantState(id, a2a.TaskStateCompleted)
	})
}

// A checkpoint that is stored before AUTH_REQUIRED is announced is waited on too: the person has
// been rung.
func TestAfterACrashATaskWithACheckpointIsNotRunAgain(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		yield(tasks.Step{Checkpoint: []byte("auth_req_id")}, nil)
		<-ctx.Done()
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.crash()
		w.resume()
		if w.actor.waiting()[id] != "auth_req_id" || w.actor.ran() != 0 {
			t.Errorf("waiting %v, %d turns", w.actor.waiting(), w.actor.ran())
		}
	})
}

func TestAfterACrashTasksAtWorkAreRunAgain(t *testing.T) {
	bubble(t, hang, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.crash()
		w.wantState(id, a2a.TaskStateWorking)
		w.actor.does(answer)
		if n := w.resume(); n != 1 || w.actor.ran() != 1 {
			t.Fatalf("%d resumed, %d turns", n, w.actor.ran())
		}
		turn := w.actor.turn(0)
		if turn.Signal != nil || turn.Task.History[0].Text() != "?" {
			t.Errorf("the turn got %+v", turn)
		}
		w.wantState(id, a2a.TaskStateCompleted)
	})
}

func TestAfterACrashWhatHasEndedOrAsksTheCallerIsLeftAlone(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		done, asks := w.begin("jdoe"), w.begin("she")
		before := []string{string(w.get(done).AppendJSON(nil)), string(w.get(asks).AppendJSON(nil))}
		w.crash()
		w.resume()
		if w.actor.ran() != 0 || len(w.actor.waiting()) != 0 {
			t.Errorf("%d turns, waiting %v", w.actor.ran(), w.actor.waiting())
		}
		if after := []string{string(w.get(done).AppendJSON(nil)),
			string(w.get(asks).AppendJSON(nil))}; !slices.Equal(before, after) {
			t.Error("the tasks have changed")
		}
		w.send(to(asks, w.message("jdoe")))
		w.wantState(asks, a2a.TaskStateCompleted)
	})
}

func TestTasksOfThisProcessAreNotResumed(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		w.crash() // so that there is an earlier process at all
		w.begin("?")
		if n := w.resume(); n != 0 || w.actor.ran() != 1 || len(w.actor.heard()) != 1 {
			t.Errorf("%d resumed, %d turns, %v", n, w.actor.ran(), w.actor.heard())
		}
	})
}

// The caller's answer may come before the task is resumed: its turn counts, and there is no second
// one.
func TestATaskThatTheCallerHasTakenUpBeforeIsNotResumedOnTop(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		id := w.begin("she")
		w.crash()
		w.actor.does(func(_ context.Context, _ *tasks.Turn, yield yielder) {
			time.Sleep(time.Second)
			yield(waiting("auth_req_id"), nil)
		})
		w.send(now(to(id, w.message("jdoe"))))
		w.resume()
		time.Sleep(time.Minute)
		if w.actor.ran() != 1 || !slices.Equal(w.actor.heard(), []string{"park auth_req_id"}) {
			t.Errorf("%d turns, %v", w.actor.ran(), w.actor.heard())
		}
	})
}

func TestAThousandTasksAndMoreAreResumed(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		for range 2345 {
			w.begin("?")
		}
		w.crash()
		if n := w.resume(); n != 2345 || len(w.actor.waiting()) != n {
			t.Errorf("%d resumed, %d wait", n, len(w.actor.waiting()))
		}
	})
}

func TestShutdownEndsStreamsAndStopsTurnsBeforeTheirNextStep(t *testing.T) {
	bubble(t, hang, func(t *testing.T, w *world) {
		stream := w.stream(w.message("?"))
		blocked := make(chan a2a.Event)
		go func() {
			event, err := w.Send(w.ctx, bank, w.message("and this?"))
			if err != nil {
				t.Errorf("the blocking call: %v", err)
			}
			blocked <- event
		}()
		stream.want(t, "1 task SUBMITTED, 2 WORKING")
		w.stop()
		stream.want(t, "1 task SUBMITTED, 2 WORKING!.")
		if !errors.Is(stream.err, tasks.ErrDraining) || a2a.CodeOf(stream.err).HTTP != 503 {
			t.Errorf("the stream ended with %v", stream.err)
		}
		if task, ok := (<-blocked).(*a2a.Task); !ok || task.Status.State != a2a.TaskStateWorking {
			t.Errorf("the blocking call ended with %+v", task)
		}
		for _, turn := range w.actor.turns {
			w.wantState(turn.Task.ID, a2a.TaskStateWorking)
		}
	})
}

func TestWhileShuttingDownNothingBegins(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.stop()
		if _, err := w.Send(w.ctx, bank, w.message("?")); !errors.Is(err, tasks.ErrDraining) ||
			!errors.Is(err, a2a.ErrUnavailable) {
			t.Errorf("a message is answered with %v", err)
		}
		if err := w.Wake(w.ctx, id, "approved"); !errors.Is(err, tasks.ErrDraining) {
			t.Errorf("wake: %v", err)
		}
		w.memory.Reopen()
		if n, err := w.Resume(w.ctx); n != 0 || err != nil {
			t.Errorf("resume: %d %v", n, err)
		}
		w.subscribe(id).want(t, "3 task AUTH_REQUIRED!.")
		w.wantState(id, a2a.TaskStateAuthRequired) // reading goes on
	})
}

func TestShutdownWaitsForTurnsAndNotForEver(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Hour) // deaf to its context
	}, func(t *testing.T, w *world) {
		w.begin("?")
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
		defer cancel()
		if err := w.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Hour)
	})
}

// Whatever happens outside is kept by an amendment, which asks nobody whether the agent stops.
func TestNoStepIsStoredWhenTheAgentStopsButAnAmendmentIs(t *testing.T) {
	key := tasks.Key{'k'}
	var w *world
	bubble(t, func(ctx context.Context, _ *tasks.Turn, yield yielder) {
		<-ctx.Done()
		if err := w.Amend(ctx, tasks.Claim{Kind: tasks.Take, Key: key, Value: []byte("asked"),
			Until: time.Now().Add(time.Hour)}); err != nil {
			t.Error(err)
		}
		yield(waiting("auth_req_id"), nil)
	}, func(t *testing.T, inner *world) {
		w = inner
		id := w.begin("?")
		w.stop()
		if rec := w.record(id); rec.Task.Status.State != a2a.TaskStateWorking ||
			rec.Checkpoint != nil {
			t.Errorf("%v with checkpoint %q", rec.Task.Status.State, rec.Checkpoint)
		}
		if h, err := w.store.Hold(w.ctx, key); err != nil || string(h.Value) != "asked" {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

func TestWhatAnExecutorDoesWrongFailsTheTaskWithThePublicSentence(t *testing.T) {
	for _, row := range []struct {
		name string
		play func(context.Context, *tasks.Turn, yielder)
	}{
		{"it gives an error", func(_ context.Context, _ *tasks.Turn, yield yielder) {
			yield(tasks.Step{}, errors.New("boom"))
		}},
		{"it panics", func(context.Context, *tasks.Turn, yielder) { panic("boom") }},
		{"it ends without an end", func(_ context.Context, _ *tasks.Turn, yield yielder) {}},
		{"it ends at WORKING", func(_ context.Context, _ *tasks.Turn, yield yielder) {
			yield(status(a2a.TaskStateWorking, ""), nil)
		}},
		{"it goes back to SUBMITTED", func(_ context.Context, _ *tasks.Turn, yield yielder) {
			yield(status(a2a.TaskStateSubmitted, ""), nil)
		}},
		{"it goes to a state that is none", func(_ context.Context, _ *tasks.Turn, yield yielder) {
			yield(status(0, ""), nil)
		}},
		{"it sends an artifact after the end",
			func(_ context.Context, _ *tasks.Turn, yield yielder) {
				s := completed()
				s.Events = append(s.Events, artifact("late", "x"))
				yield(s, nil)
			}},
		{"it sends an artifact update without an artifact",
			func(_ context.Context, _ *tasks.Turn, yield yielder) {
				yield(tasks.Step{Events: []a2a.Event{&a2a.TaskArtifactUpdateEvent{}}}, nil)
			}},
		{"it sends a message", func(_ context.Context, _ *tasks.Turn, yield yielder) {
			yield(tasks.Step{Events: []a2a.Event{&a2a.Message{}}}, nil)
		}},
	} {
		bubble(t, row.play, func(t *testing.T, w *world) {
			task := w.send(w.message("?"))
			if task.Status.State != a2a.TaskStateFailed ||
				task.Status.Message.Text() != tasks.FailedText {
				t.Errorf("%s: %v %q", row.name, task.Status.State, task.Status.Message.Text())
			}
			if strings.Contains(string(task.AppendJSON(nil)), "boom") {
				t.Errorf("%s: the cause is public", row.name)
			}
		})
	}
}

func TestAStepAfterTheEndIsNotTaken(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		if yield(completed(), nil) {
			t.Error("the executor was asked for more")
		}
	}, func(t *testing.T, w *world) { w.send(w.message("?")) })
}

func TestTheLastStepMayLeaveANote(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		if turn.Signal == nil {
			yield(waiting("auth_req_id"), nil)
			return
		}
		s := status(a2a.TaskStateRejected, "")
		s.Checkpoint = []byte("no_answer")
		yield(s, nil)
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.wake(id, "silence")
		if got := string(w.record(id).Checkpoint); got != "no_answer" {
			t.Errorf("checkpoint %q", got)
		}
	})
}

func TestAskingTheCallerRemovesTheCheckpoint(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		switch {
		case turn.Signal != nil:
			yield(status(a2a.TaskStateInputRequired, "Who?"), nil)
		case len(turn.Task.History) > 2:
			yield(answered(), nil)
		default:
			yield(waiting("auth_req_id"), nil)
		}
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.wake(id, "unclear")
		if got := w.record(id).Checkpoint; got != nil {
			t.Errorf("checkpoint %q", got)
		}
		// Else the answer would be a remark to a task that waits for something else.
		if got := w.send(to(id, w.message("jdoe"))).Status.State; got != a2a.TaskStateCompleted {
			t.Errorf("state %v", got)
		}
	})
}

func TestAnEmptyCheckpointRemovesTheOneBefore(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		if turn.Signal == nil {
			yield(waiting("auth_req_id"), nil)
			return
		}
		s := status(a2a.TaskStateInputRequired, "Who?")
		s.Checkpoint = []byte{}
		yield(s, nil)
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.wake(id, "again")
		if got := w.record(id).Checkpoint; got != nil {
			t.Errorf("checkpoint %q", got)
		}
	})
}

// faulty is a store that fails when it is told to.
type faulty struct {
	*tasks.Memory
	mu     sync.Mutex
	err    error // of the next calls
	left   int   // how many of them
	stored bool  // whether they are stored all the same
	reads  bool  // whether reading fails too
}

func (f *faulty) fail(n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.err = n, err
}

func (f *faulty) fault() (error, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return nil, false
	}
	f.left--
	return f.err, f.stored
}

func (f *faulty) Create(
	ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time,
) (a2a.TaskID, error) {
	if err, stored := f.fault(); err != nil {
		if stored {
			_, _ = f.Memory.Create(ctx, r, events, since)
		}
		return "", err
	}
	return f.Memory.Create(ctx, r, events, since)
}

func (f *faulty) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	if err, stored := f.fault(); err != nil {
		if stored {
			_ = f.Memory.Append(ctx, id, base, c)
		}
		return err
	}
	return f.Memory.Append(ctx, id, base, c)
}

func (f *faulty) Get(ctx context.Context, id a2a.TaskID) (*tasks.Record, error) {
	if f.reads {
		if err, _ := f.fault(); err != nil {
			return nil, err
		}
	}
	return f.Memory.Get(ctx, id)
}

var errDisk = errors.New("disk full")

func faultyBubble(
	t *testing.T, play func(context.Context, *tasks.Turn, yielder),
	test func(*testing.T, *world, *faulty),
) {
	t.Helper()
	f := new(faulty)
	bubbleWith(t, func(m *tasks.Memory) tasks.Store {
		f.Memory = m
		return f
	}, play, func(t *testing.T, w *world) { test(t, w, f) })
}

func TestNothingIsToldThatWasNotStored(t *testing.T) {
	faultyBubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		for i := range 5 {
			time.Sleep(time.Second)
			yield(tasks.Step{Events: []a2a.Event{artifact(fmt.Sprint(i), "x")}}, nil)
		}
		yield(completed(), nil)
	}, func(t *testing.T, w *world, f *faulty) {
		stream := w.stream(w.message("?"))
		time.Sleep(2500 * time.Millisecond)
		stream.want(t, "1 task SUBMITTED, 2 WORKING, 3 artifact 0, 4 artifact 1")
		f.fail(1<<20, errDisk)
		time.Sleep(time.Second)
		stream.want(t, "1 task SUBMITTED, 2 WORKING, 3 artifact 0, 4 artifact 1")
		f.fail(0, nil)
		time.Sleep(time.Minute)
		stream.want(t,
			"1 task SUBMITTED, 2 WORKING, 3 artifact 0, 4 artifact 1, 5 artifact 2, 6 artifact "+
				"3, 7 artifact 4, 8 COMPLETED.")
	})
}

func TestAStoreThatStaysOutOfOrderFailsTheTaskAsSoonAsItCan(t *testing.T) {
	faultyBubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		yield(answered(), nil)
	}, func(t *testing.T, w *world, f *faulty) {
		stream := w.stream(w.message("?"))
		stream.told()
		f.fail(1<<20, errDisk)
		time.Sleep(time.Hour)
		stream.want(t, "1 task SUBMITTED, 2 WORKING")
		f.fail(0, nil)
		time.Sleep(time.Minute)
		stream.want(t, "1 task SUBMITTED, 2 WORKING, 3 FAILED.")
	})
}

// The store has stored the step and lost the connection before it could say so.
func TestAStepThatWasStoredInSpiteOfItsErrorIsNotStoredTwice(t *testing.T) {
	faultyBubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		yield(status(a2a.TaskStateWorking, "Nearly."), nil)
		time.Sleep(time.Second)
		yield(answered(), nil)
	}, func(t *testing.T, w *world, f *faulty) {
		stream := w.stream(w.message("?"))
		stream.told()
		f.stored = true
		f.fail(1, errDisk)
		time.Sleep(time.Minute)
		stream.want(t, "1 task SUBMITTED, 2 WORKING, 3 WORKING, 4 artifact answer, 5 COMPLETED.")
	})
}

// What a caller writes is tried again as what it is, the same change: whether the first attempt was
// stored makes no difference to anybody.
func TestWhatACallerWritesIsStoredOnceWhateverTheStoreSays(t *testing.T) {
	for name, stored := range map[string]bool{"not stored": false, "stored": true} {
		t.Run(name+", a new task", func(t *testing.T) {
			faultyBubble(t, answer, func(t *testing.T, w *world, f *faulty) {
				f.stored = stored
				f.fail(1, errDisk)
				req := w.message("?")
				first := w.send(req)
				if again := w.send(req); again.ID != first.ID ||
					again.Status.State != a2a.TaskStateCompleted {
					t.Errorf("%v, then %v %v", first.ID, again.ID, again.Status.State)
				}
				if w.actor.ran() != 1 {
					t.Errorf("%d turns", w.actor.ran())
				}
			})
		})
		t.Run(name+", an answer", func(t *testing.T) {
			faultyBubble(t, ask, func(t *testing.T, w *world, f *faulty) {
				id := w.begin("she")
				subscribed := w.subscribe(id)
				f.stored = stored
				f.fail(1, errDisk)
				w.send(to(id, w.message("jdoe")))
				subscribed.want(t,
					"3 task INPUT_REQUIRED, 5 WORKING, 6 artifact answer, 7 COMPLETED.")
			})
		})
		t.Run(name+", a cancellation", func(t *testing.T) {
			faultyBubble(t, approve, func(t *testing.T, w *world, f *faulty) {
				id := w.begin("?")
				subscribed := w.subscribe(id)
				f.stored = stored
				f.fail(1, errDisk)
				if _, err := w.cancel(id); err != nil {
					t.Error(err)
				}
				subscribed.want(t, "3 task AUTH_REQUIRED, 4 CANCELED.")
				if len(w.actor.waiting()) != 0 {
					t.Error("the executor still waits")
				}
			})
		})
	}
}

func TestACallerIsToldWhenTheStoreStaysBroken(t *testing.T) {
	faultyBubble(t, approve, func(t *testing.T, w *world, f *faulty) {
		id := w.begin("?")
		f.fail(1<<20, errDisk)
		if _, err := w.cancel(id); !errors.Is(err, a2a.ErrInternal) {
			t.Errorf("cancel: %v", err)
		}
		if _, err := w.Send(w.ctx, bank, w.message("?")); !errors.Is(err, a2a.ErrInternal) ||
			!errors.Is(err, errDisk) {
			t.Errorf("send: %v", err)
		}
		f.fail(0, nil)
		w.wantState(id, a2a.TaskStateAuthRequired)
	})
}

// late is a store whose next change by a running task fails and is stored a little later all the
// same, as when a server finishes a transaction whose connection has broken.
type late struct {
	*tasks.Memory
	delay time.Duration
	match func(tasks.Change) bool
	done  bool
}

func (l *late) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	if !l.done && l.match(c) {
		l.done = true
		if l.delay >= 0 {
			time.AfterFunc(l.delay, func() {
				_ = l.Memory.Append(context.Background(), id, base, c)
			})
		}
		return errDisk
	}
	return l.Memory.Append(ctx, id, base, c)
}

func TestAStreamEndsWhenAChangeIsStoredAfterItsError(t *testing.T) {
	bubbleWith(t, func(m *tasks.Memory) tasks.Store {
		return &late{Memory: m, delay: 20 * time.Millisecond, match: func(c tasks.Change) bool {
			return c.Task.Status.State.Terminal()
		}}
	}, answer, func(t *testing.T, w *world) {
		stream := w.stream(w.message("?"))
		time.Sleep(10 * time.Minute)
		stream.want(t, "1 task SUBMITTED, 2 WORKING, 3 artifact answer, 4 COMPLETED.")
	})
}

// A change without events moves no sequence: only its id tells whether it was stored.
func TestACheckpointAloneIsStoredAlthoughTheCallerSpeaksMeanwhile(t *testing.T) {
	bubbleWith(t, func(m *tasks.Memory) tasks.Store {
		return &late{Memory: m, delay: -1, match: func(c tasks.Change) bool {
			return len(c.Checkpoint) > 0
		}}
	}, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		yield(tasks.Step{Checkpoint: []byte("request"), Park: true}, nil)
	}, func(t *testing.T, w *world) {
		id := w.send(now(w.message("?"))).ID
		time.Sleep(10 * time.Millisecond)
		w.send(now(to(id, w.message("Please hurry."))))
		time.Sleep(time.Second)
		if got := string(w.record(id).Checkpoint); got != "request" ||
			w.actor.waiting()[id] != "request" {
			t.Errorf("stored checkpoint %q, the executor waits with %q", got, w.actor.waiting()[id])
		}
	})
}

func TestWakeSaysWhenTheTaskCannotBeRead(t *testing.T) {
	faultyBubble(t, approve, func(t *testing.T, w *world, f *faulty) {
		id := w.begin("?")
		f.reads = true
		f.fail(1<<20, errDisk)
		if err := w.Wake(w.ctx, id, "approved"); !errors.Is(err, errDisk) {
			t.Errorf("got %v", err)
		}
		f.fail(3, errDisk) // a short disturbance is waited for
		w.wake(id, "approved")
		w.wantState(id, a2a.TaskStateCompleted)
	})
}

func TestReadingFaultsAreInternalErrorsWithoutTheirCauseInPublic(t *testing.T) {
	faultyBubble(t, approve, func(t *testing.T, w *world, f *faulty) {
		id := w.begin("?")
		f.reads = true
		f.fail(1, errDisk)
		_, err := w.Get(w.ctx, bank, &a2a.GetTaskRequest{ID: id})
		var public *a2a.Error
		if !errors.Is(err, a2a.ErrInternal) || !errors.As(err, &public) ||
			strings.Contains(public.Public(), "disk") {
			t.Errorf("got %v", err)
		}
	})
}

func TestATurnThatWasTakenOverStops(t *testing.T) {
	faultyBubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		if yield(status(a2a.TaskStateWorking, "Nearly."), nil) {
			t.Error("the executor was asked for more")
		}
	}, func(t *testing.T, w *world, f *faulty) {
		id := w.begin("?")
		f.fail(1, tasks.ErrLeaseLost)
		time.Sleep(time.Minute)
		w.wantState(id, a2a.TaskStateWorking)
		if !slices.Equal(w.actor.heard(), []string{"unpark"}) {
			t.Errorf("the executor was told %v", w.actor.heard())
		}
	})
}

func TestAChangeThatAlwaysComesTooLateEndsInAnError(t *testing.T) {
	faultyBubble(t, approve, func(t *testing.T, w *world, f *faulty) {
		id := w.begin("?")
		f.fail(1<<20, tasks.ErrConflict)
		if _, err := w.cancel(id); !errors.Is(err, a2a.ErrInternal) {
			t.Errorf("cancel: %v", err)
		}
		if _, err := w.Send(w.ctx, bank, to(id, w.message("?"))); !errors.Is(err, a2a.ErrInternal) {
			t.Errorf("send: %v", err)
		}
	})
}
