package tasks_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func TestCancelingATaskThatWaitsEndsTheWaiting(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		stream := w.stream(w.message("?"))
		synctest.Wait()
		id := w.actor.turn(0).Task.ID
		task, err := w.cancel(id)
		if err != nil || task.Status.State != a2a.TaskStateCanceled {
			t.Fatalf("got %v %v", task, err)
		}
		stream.want(t, "1 task SUBMITTED, 2 WORKING, 3 AUTH_REQUIRED, 4 CANCELED.")
		if len(w.actor.waiting()) != 0 {
			t.Error("the approval is still waited for")
		}
		if w.record(id).Checkpoint != nil {
			t.Error("the checkpoint is still there")
		}
	})
}

func TestCancelingTwiceIsTheSameAsOnce(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		first, err := w.cancel(id)
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.cancel(id)
		if err != nil || string(second.AppendJSON(nil)) != string(first.AppendJSON(nil)) {
			t.Errorf("the second time: %v %v", second, err)
		}
	})
}

func TestATaskThatEndedOtherwiseCannotBeCanceled(t *testing.T) {
	for _, end := range []a2a.TaskState{a2a.TaskStateCompleted, a2a.TaskStateFailed,
		a2a.TaskStateRejected} {
		bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
			yield(status(end, ""), nil)
		}, func(t *testing.T, w *world) {
			if _, err := w.cancel(w.begin("?")); !errors.Is(err, a2a.ErrTaskNotCancelable) {
				t.Errorf("%v: %v", end, err)
			}
		})
	}
	bubble(t, answer, func(t *testing.T, w *world) {
		if _, err := w.cancel("no-such-task"); !errors.Is(err, a2a.ErrTaskNotFound) {
			t.Errorf("unknown: %v", err)
		}
		if _, err := w.cancel(""); !errors.Is(err, a2a.ErrInvalidParams) {
			t.Errorf("without an id: %v", err)
		}
	})
}

func TestATurnUnderWayIsStoppedAndItsLateStepLoses(t *testing.T) {
	bubble(t, hang, func(t *testing.T, w *world) { // hang answers when it is stopped
		id := w.begin("?")
		if _, err := w.cancel(id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.wantState(id, a2a.TaskStateCanceled)
		if got := len(w.get(id).Artifacts); got != 0 {
			t.Errorf("%d artifacts came after the end", got)
		}
	})
}

// Another agent's cancellation reaches the runner only as a conflict.
func TestACancellationThatTheRunnerHasNotHeardOfWinsAllTheSame(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		if yield(status(a2a.TaskStateWorking, "Nearly."), nil) {
			yield(answered(), nil)
		}
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		rec := w.record(id)
		canceled := &a2a.TaskStatusUpdateEvent{TaskID: id,
			Status: a2a.TaskStatus{State: a2a.TaskStateCanceled, Timestamp: time.Now().UTC()}}
		err := w.memory.Append(w.ctx, id, rec.Seq, tasks.Change{ID: tasks.NewChangeID(),
			Events: []a2a.Event{canceled}, Task: rec.Task.Apply(canceled)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if rec := w.record(id); rec.Seq != 3 || rec.Task.Status.State != a2a.TaskStateCanceled {
			t.Errorf("entry %d, %v", rec.Seq, rec.Task.Status.State)
		}
		if !slices.Contains(w.actor.heard(), "unpark") {
			t.Error("the executor was not told")
		}
	})
}

// Cancellation and end race: one wins, the log says which, and everybody is told the same.
func TestCancellationAndEndHaveOneWinner(t *testing.T) {
	canceled := 0
	for range 200 {
		bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
			yield(answered(), nil)
		}, func(t *testing.T, w *world) {
			id := w.send(now(w.message("?"))).ID
			stream := w.subscribe(id)
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
			task, err := w.cancel(id)
			synctest.Wait()
			state := w.get(id).Status.State
			switch {
			case err == nil && state == a2a.TaskStateCanceled && task.Status.State == state:
				canceled++
			case errors.Is(err, a2a.ErrTaskNotCancelable) && state == a2a.TaskStateCompleted:
			default:
				t.Errorf("cancel says %v, the task is %v", err, state)
			}
			entries, _ := w.memory.Events(w.ctx, id, 0)
			ends := 0
			for _, entry := range entries {
				if u, ok := entry.Event.(*a2a.TaskStatusUpdateEvent); ok &&
					u.Status.State.Terminal() {
					ends++
				}
			}
			if ends != 1 ||
				!entries[len(entries)-1].Event.(*a2a.TaskStatusUpdateEvent).Status.State.Terminal() {
				t.Errorf("%d ends in %d entries", ends, len(entries))
			}
			if told := stream.told(); told[len(told)-1] != '.' {
				t.Errorf("the stream is still open: %s", told)
			}
		})
	}
	if canceled == 0 || canceled == 200 {
		t.Logf("the race had always the same winner: %d of 200 were canceled", canceled)
	}
}

// The cancellation falls between the last step and Park: the executor must not be left waiting.
func TestACancellationWhileTheTurnParksEndsTheWaiting(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		w.actor.onPark = func(id a2a.TaskID) {
			if _, err := w.cancel(id); err != nil {
				t.Error(err)
			}
		}
		w.begin("?")
		if got := w.actor.heard(); !slices.Equal(got,
			[]string{"unpark", "park auth_req_id", "unpark"}) {
			t.Errorf("the executor was told %v", got)
		}
	})
}

func TestATaskThatIsCanceledBeforeItsTurnBeginsIsNotRun(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		id := w.begin("?")
		// The turn that the follow-up causes waits for the one that is under way; the cancellation comes in between.
		w.actor.does(func(ctx context.Context, turn *tasks.Turn, yield yielder) {
			yield(status(a2a.TaskStateInputRequired, "Who, please?"), nil)
			time.Sleep(time.Second)
		})
		w.send(to(id, w.message("she")))
		w.send(now(to(id, w.message("he"))))
		if _, err := w.cancel(id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if w.actor.ran() != 2 {
			t.Errorf("%d turns", w.actor.ran())
		}
	})
}
