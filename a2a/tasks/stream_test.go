package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func (w *world) stream(req *a2a.SendMessageRequest) *reading {
	return read(w.Stream(w.ctx, bank, req))
}

func TestAStreamTellsTheTaskFirstAndEndsWithIt(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		w.stream(w.message("?")).want(t,
			"1 task SUBMITTED, 2 WORKING, 3 artifact answer, 4 COMPLETED.")
	})
}

func TestStreamsStayOpenAtAuthRequired(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		sent := w.stream(w.message("?"))
		sent.want(t, "1 task SUBMITTED, 2 WORKING, 3 AUTH_REQUIRED")
		var id a2a.TaskID
		for id = range w.actor.waiting() {
		}
		subscribed := w.subscribe(id)
		subscribed.want(t, "3 task AUTH_REQUIRED")
		w.wake(id, "approved")
		sent.want(t,
			"1 task SUBMITTED, 2 WORKING, 3 AUTH_REQUIRED, 4 WORKING, 5 artifact answer, 6 "+
				"COMPLETED.")
		subscribed.want(t, "3 task AUTH_REQUIRED, 4 WORKING, 5 artifact answer, 6 COMPLETED.")
	})
}

func TestInputRequiredEndsTheSendStreamButNotASubscription(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		w.stream(w.message("?")).want(t, "1 task SUBMITTED, 2 WORKING, 3 INPUT_REQUIRED.")
		id := w.actor.turn(0).Task.ID
		subscribed := w.subscribe(id)
		subscribed.want(t, "3 task INPUT_REQUIRED")
		w.stream(to(id, w.message("jdoe"))).want(t,
			"5 task WORKING, 6 artifact answer, 7 COMPLETED.")
		// The message itself, entry 4, is in the history and not in the stream (§3.1.2).
		subscribed.want(t, "3 task INPUT_REQUIRED, 5 WORKING, 6 artifact answer, 7 COMPLETED.")
	})
}

func TestASubscriptionSeesTheTaskAskAndGoesOn(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		ask(ctx, turn, yield)
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		subscribed := w.subscribe(id)
		time.Sleep(time.Minute)
		subscribed.want(t, "2 task WORKING, 3 INPUT_REQUIRED")
		w.send(to(id, w.message("jdoe")))
		subscribed.want(t,
			"2 task WORKING, 3 INPUT_REQUIRED, 5 WORKING, 6 artifact answer, 7 COMPLETED.")
	})
}

func TestTheTurnIsOverWhenItAsksTheCaller(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		if yield(status(a2a.TaskStateInputRequired, "Who?"), nil) {
			yield(answered(), nil)
		}
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		w.wantState(id, a2a.TaskStateInputRequired)
	})
}

func TestSubscribingToATaskThatHasEndedIsNotSupported(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		id := w.begin("?")
		for _, err := range w.Subscribe(w.ctx, bank, &a2a.SubscribeToTaskRequest{ID: id}) {
			if !errors.Is(err, a2a.ErrUnsupportedOperation) {
				t.Errorf("got %v", err)
			}
		}
		for _, err := range w.Subscribe(w.ctx, bank, &a2a.SubscribeToTaskRequest{}) {
			if !errors.Is(err, a2a.ErrInvalidParams) {
				t.Errorf("without an id: %v", err)
			}
		}
	})
}

func TestWhoLeavesDoesNotCancel(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Minute)
		yield(answered(), nil)
	}, func(t *testing.T, w *world) {
		ctx, leave := context.WithCancel(w.ctx)
		left := read(w.Stream(ctx, bank, w.message("?")))
		left.want(t, "1 task SUBMITTED, 2 WORKING")
		id := w.actor.turn(0).Task.ID
		stays := w.subscribe(id)
		for range w.Subscribe(w.ctx, bank, &a2a.SubscribeToTaskRequest{ID: id}) {
			break // one that is broken off by its reader
		}
		blocked := make(chan error)
		go func() {
			_, err := w.Send(ctx, bank, to(id, w.message("Hurry.")))
			blocked <- err
		}()
		synctest.Wait()
		leave()
		left.want(t, "1 task SUBMITTED, 2 WORKING!.")
		if err := <-blocked; !errors.Is(err, context.Canceled) {
			t.Errorf("the blocked call ended with %v", err)
		}
		time.Sleep(2 * time.Minute)
		w.wantState(id, a2a.TaskStateCompleted)
		stays.want(t, "2 task WORKING, 4 artifact answer, 5 COMPLETED.")
	})
}

// hasty gives a change up when its context has ended, as a database driver may.
type hasty struct{ *tasks.Memory }

func (h hasty) Create(
	ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time,
) (a2a.TaskID, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return h.Memory.Create(ctx, r, events, since)
}

func (h hasty) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return h.Memory.Append(ctx, id, base, c)
}

func TestACallerWhoIsGoneWhenItsMessageIsStoredLeavesATaskThatRuns(t *testing.T) {
	bubbleWith(t, func(m *tasks.Memory) tasks.Store {
		return hasty{m}
	}, answer, func(t *testing.T, w *world) {
		ctx, leave := context.WithCancel(w.ctx)
		leave()
		if _, err := w.Send(ctx, bank, w.message("?")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if w.actor.ran() != 1 {
			t.Fatal("nobody runs the task")
		}
		w.wantState(w.actor.turn(0).Task.ID, a2a.TaskStateCompleted)
		w.actor.does(ask)
		id := w.begin("she")
		if _, err := w.Send(ctx, bank, to(id, w.message("jdoe"))); !errors.Is(err,
			context.Canceled) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		w.wantState(id, a2a.TaskStateCompleted)
	})
}

// Every reader, whenever it comes and however slow it is, sees the entries of the log in order and
// without a gap.
func TestManyReadersOfOneWriter(t *testing.T) {
	const steps, readers = 300, 24
	synctest.Test(t, func(t *testing.T) {
		ac := &actor{parked: map[a2a.TaskID]string{},
			play: func(_ context.Context, _ *tasks.Turn, yield yielder) {
				for i := range steps {
					if i%7 == 0 {
						time.Sleep(time.Millisecond)
					}
					yield(tasks.Step{Events: []a2a.Event{artifact(fmt.Sprint(i), "x")}}, nil)
				}
				yield(completed(), nil)
			}}
		w := &world{t: t, ctx: t.Context(), memory: new(tasks.Memory), actor: ac}
		w.store = w.memory
		w.start()
		id := w.send(now(w.message("?"))).ID
		var group sync.WaitGroup
		for i := range readers {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Millisecond)
				var last tasks.Seq
				var seen *a2a.Task
				for entry, err := range w.Subscribe(w.ctx, bank,
					&a2a.SubscribeToTaskRequest{ID: id}) {
					switch {
					case errors.Is(err, a2a.ErrUnsupportedOperation):
						return // it came too late
					case err != nil:
						t.Error(err)
						return
					case seen == nil:
						seen = entry.Event.(*a2a.Task)
					case entry.Seq <= last:
						t.Errorf("%d after %d", entry.Seq, last)
					case entry.Seq > last+1 && entry.Seq != last+2:
						// two remarks are in between, one at a time
						t.Errorf("a gap between %d and %d", last, entry.Seq)
						fallthrough
					default:
						seen = seen.Apply(entry.Event)
					}
					last = entry.Seq
					if i%5 == 0 {
						time.Sleep(time.Millisecond) // slower than the writer
					}
				}
				if last != steps+5 || len(seen.Artifacts) != steps ||
					!slices.IsSortedFunc(seen.Artifacts, byNumber) {
					t.Errorf("reader %d ended at %d with %d artifacts", i, last,
						len(seen.Artifacts))
				}
			})
		}
		group.Go(func() { // somebody else writes in between
			for range 2 {
				time.Sleep(10 * time.Millisecond)
				w.send(now(to(id, w.message("Hurry."))))
			}
		})
		group.Wait()
		w.stop()
	})
}

func byNumber(a, b *a2a.Artifact) int {
	var x, y int
	_, _ = fmt.Sscan(a.ArtifactID, &x)
	_, _ = fmt.Sscan(b.ArtifactID, &y)
	return x - y
}

func TestAReaderThatDoesNotReadDoesNotHoldTheWriterUp(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		for i := range 1000 {
			yield(tasks.Step{Events: []a2a.Event{artifact(fmt.Sprint(i), "x")}}, nil)
		}
		yield(completed(), nil)
	}, func(t *testing.T, w *world) {
		n := 0
		for entry, err := range w.Stream(w.ctx, bank, w.message("?")) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 {
				synctest.Wait() // the whole task is done while this reader looks at its first entry
				w.wantState(entry.Event.(*a2a.Task).ID, a2a.TaskStateCompleted)
			}
			if int(entry.Seq) != n {
				t.Fatalf("entry %d is numbered %d", n, entry.Seq)
			}
		}
		if n != 1003 {
			t.Errorf("%d entries", n)
		}
	})
}
