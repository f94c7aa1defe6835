package tasks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// A blocking message to a task that waits for somebody already waits with it, until that changes; a
// repetition of the message that began the waiting says what was said then.
func TestABlockingMessageWaitsWithItsTask(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		first := w.message("?")
		id := w.send(first).ID // AUTH_REQUIRED
		if again := w.send(first); again.ID != id ||
			again.Status.State != a2a.TaskStateAuthRequired {
			t.Errorf("the first message again: %v %v", again.ID, again.Status.State)
		}
		type answer struct {
			task *a2a.Task
			at   time.Duration
		}
		answers := make(chan answer, 2)
		start := time.Now()
		remark := to(id, w.message("And?"))
		for range 2 { // the second is the same message once more
			go func() {
				event, err := w.Send(w.ctx, bank, remark)
				if err != nil {
					t.Error(err)
					return
				}
				answers <- answer{event.(*a2a.Task), time.Since(start)}
			}()
			synctest.Wait()
		}
		time.Sleep(30 * time.Second)
		w.wake(id, "approved")
		for range 2 {
			if got := <-answers; got.task.Status.State != a2a.TaskStateCompleted ||
				got.at != 30*time.Second {
				t.Errorf("answered after %v with %v", got.at, got.task.Status.State)
			}
		}
	})
}

// What ends a wait is always a task: when the agent drains, and when the caller's time is over, the
// task as it stands.
func TestAWaitEndsWithTheTaskAsItStands(t *testing.T) {
	for name, end := range map[string]func(w *world, over context.CancelCauseFunc){
		"drain": func(w *world, _ context.CancelCauseFunc) { w.Drain() },
		"over":  func(_ *world, over context.CancelCauseFunc) { over(tasks.ErrWaitOver) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, approve, func(t *testing.T, w *world) {
				id := w.send(w.message("?")).ID
				ctx, over := context.WithCancelCause(w.ctx)
				time.AfterFunc(time.Minute, func() { end(w, over) })
				event, err := w.Send(ctx, bank, to(id, w.message("And?")))
				task, ok := event.(*a2a.Task)
				if err != nil || !ok || task.ID != id ||
					task.Status.State != a2a.TaskStateAuthRequired ||
					task.History[len(task.History)-1].Text() != "And?" {
					t.Errorf("answered with %+v, %v", event, err)
				}
			})
		})
	}
	t.Run("left", func(t *testing.T) {
		bubble(t, approve, func(t *testing.T, w *world) {
			id := w.send(w.message("?")).ID
			ctx, leave := context.WithTimeout(w.ctx, time.Minute)
			defer leave()
			if _, err := w.Send(ctx, bank, to(id, w.message("And?"))); !errors.Is(err,
				context.DeadlineExceeded) {
				t.Errorf("a caller that has left: %v", err)
			}
		})
	})
}
