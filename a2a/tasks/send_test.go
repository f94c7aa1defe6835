package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func TestAnEngineNeedsStoreExecutorAndMediaTypes(t *testing.T) {
	whole := tasks.Config{Store: new(tasks.Memory), Executor: new(actor),
		InputModes: []string{"text/plain"}}
	if _, err := tasks.NewEngine(whole); err != nil {
		t.Errorf("with all three: %v", err)
	}
	for missing, c := range map[string]tasks.Config{
		"store":       {Executor: whole.Executor, InputModes: whole.InputModes},
		"executor":    {Store: whole.Store, InputModes: whole.InputModes},
		"media types": {Store: whole.Store, Executor: whole.Executor},
	} {
		if _, err := tasks.NewEngine(c); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestABlockingCallReturnsTheWholeTaskWhenItHasEnded(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		time.Sleep(time.Minute)
		yield(status(a2a.TaskStateWorking, "Half way."), nil)
		yield(answered(), nil)
	}, func(t *testing.T, w *world) {
		task := w.send(w.message("Does jdoe work here?"))
		if task.Status.State != a2a.TaskStateCompleted || len(task.Artifacts) != 1 ||
			task.Artifacts[0].Text() != "Yes." {
			t.Errorf("got %v with %d artifacts", task.Status.State, len(task.Artifacts))
		}
		wantLines(t, conversation(task), "user: Does jdoe work here?", "agent: "+opening,
			"agent: Half way.")
		stored := w.get(task.ID)
		if string(stored.AppendJSON(nil)) != string(task.AppendJSON(nil)) {
			t.Error("GetTask tells another story than the answer did")
		}
		for _, m := range task.History {
			if m.TaskID != task.ID || m.ContextID != task.ContextID || m.MessageID == "" ||
				m.Role == a2a.RoleUnspecified {
				t.Errorf("message %+v lacks what ties it to the task", m)
			}
		}
	})
}

func TestReturnImmediatelyReturnsTheSubmittedTask(t *testing.T) {
	bubble(t, hang, func(t *testing.T, w *world) {
		task := w.send(now(w.message("?")))
		if task.Status.State != a2a.TaskStateSubmitted {
			t.Errorf("state %v", task.Status.State)
		}
		if task.ID == "" || task.ContextID == "" {
			t.Error("the task has no ids of our making")
		}
		w.wantState(task.ID, a2a.TaskStateWorking)
	})
}

func TestABlockingCallReturnsAtInterruptedStates(t *testing.T) {
	for _, row := range []struct {
		state a2a.TaskState
		play  func(context.Context, *tasks.Turn, yielder)
	}{
		{a2a.TaskStateAuthRequired, approve},
		{a2a.TaskStateInputRequired, ask},
	} {
		t.Run(short(row.state), func(t *testing.T) {
			bubble(t, row.play, func(t *testing.T, w *world) {
				if got := w.send(w.message("?")).Status.State; got != row.state {
					t.Errorf("state %v", got)
				}
			})
		})
	}
}

func TestTheWorkGoesOnAfterAuthRequiredWithoutTheCaller(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		task := w.send(w.message("?"))
		if got := w.actor.waiting()[task.ID]; got != "auth_req_id" {
			t.Fatalf("parked with checkpoint %q", got)
		}
		w.wake(task.ID, "approved")
		w.wantState(task.ID, a2a.TaskStateCompleted)
		turn := w.actor.turn(1)
		if turn.Signal != "approved" || string(turn.Checkpoint) != "auth_req_id" ||
			turn.Owner != bank {
			t.Errorf("the second turn got %+v", turn)
		}
		if rec := w.record(task.ID); rec.Checkpoint != nil {
			t.Errorf("the ended task still has the checkpoint %q", rec.Checkpoint)
		}
	})
}

func TestWakingATaskThatHasEndedDoesNothing(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		if _, err := w.cancel(id); err != nil {
			t.Fatal(err)
		}
		w.wake(id, "approved")
		w.wake("no-such-task", "approved")
		if w.actor.ran() != 1 {
			t.Error("the executor was run")
		}
	})
}

func TestTheTurnSeesTheAcceptedOutputModes(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		req := w.message("?")
		req.Configuration = &a2a.SendMessageConfiguration{AcceptedOutputModes: []string{"application/json"}}
		w.send(req)
		if got := w.actor.turn(0).OutputModes; len(got) != 1 || got[0] != "application/json" {
			t.Errorf("got %v", got)
		}
	})
}

func TestAFollowUpAtInputRequiredBeginsTheNextTurnOfTheSameTask(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		first := w.send(w.message("Does she work here?"))
		second := w.send(to(first.ID, w.message("jdoe")))
		if second.ID != first.ID || second.Status.State != a2a.TaskStateCompleted {
			t.Errorf("got %v %v", second.ID, second.Status.State)
		}
		wantLines(t, conversation(second),
			"user: Does she work here?", "agent: "+opening, "agent: Who?", "user: jdoe", "agent: "+
				opening)
	})
}

func TestAMessageAtAuthRequiredIsKeptAndRingsNobody(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.send(w.message("?")).ID
		w.send(now(to(id, w.message("It is urgent."))))
		synctest.Wait()
		if w.actor.ran() != 1 {
			t.Error("the message has begun a turn")
		}
		if got := string(w.record(id).Checkpoint); got != "auth_req_id" {
			t.Errorf("the checkpoint is %q now", got)
		}
		w.wake(id, "approved")
		wantLines(t, conversation(w.get(id)),
			"user: ?", "agent: "+opening, "agent: Waiting for the person's approval.",
			"user: It is urgent.", "agent: Approved.")
	})
}

func TestAMessageWhileWorkingIsStoredBeforeTheNextStep(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		yield(status(a2a.TaskStateWorking, "Nearly."), nil)
		yield(answered(), nil)
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		task := w.send(to(id, w.message("Hurry.")))
		if task.Status.State != a2a.TaskStateCompleted {
			t.Errorf("the blocking call returned at %v", task.Status.State)
		}
		wantLines(t, conversation(task), "user: ?", "agent: "+opening, "user: Hurry.",
			"agent: Nearly.")
	})
}

// A checkpoint alone does not move the sequence, so a message that is based on the record before it
// must leave it alone.
func TestAMessageDoesNotOverwriteACheckpointItHasNotSeen(t *testing.T) {
	slow := &slowAppend{}
	bubbleWith(t, func(m *tasks.Memory) tasks.Store {
		slow.Memory = m
		return slow
	}, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(time.Second)
		yield(tasks.Step{Checkpoint: []byte("auth_req_id"), Park: true}, nil)
	}, func(t *testing.T, w *world) {
		id := w.begin("?")
		// the message is stored after the checkpoint, and was read before it
		slow.delay(2 * time.Second)
		w.send(now(to(id, w.message("Hurry."))))
		if got := string(w.record(id).Checkpoint); got != "auth_req_id" {
			t.Errorf("checkpoint %q", got)
		}
	})
}

// slowAppend delays the next change that is not the runner's.
type slowAppend struct {
	*tasks.Memory
	wait time.Duration
}

func (s *slowAppend) delay(d time.Duration) { s.wait = d }

func (s *slowAppend) Append(
	ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change,
) error {
	if !c.Run {
		time.Sleep(s.wait)
	}
	return s.Memory.Append(ctx, id, base, c)
}

func TestRefusals(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		if turn.Task.History[0].Text() == "end" {
			answer(ctx, turn, yield)
			return
		}
		approve(ctx, turn, yield)
	}, func(t *testing.T, w *world) {
		ended, open := w.send(w.message("end")), w.send(w.message("wait"))
		for _, row := range []struct {
			name string
			req  func(*a2a.SendMessageRequest)
			want error
		}{
			{"a message to a task that has ended is not supported",
				func(r *a2a.SendMessageRequest) {
					r.Message.TaskID = ended.ID
				}, a2a.ErrUnsupportedOperation},
			{"an unknown task is not found, for tasks are ours to make",
				func(r *a2a.SendMessageRequest) {
					r.Message.TaskID = "mine"
				}, a2a.ErrTaskNotFound},
			{"another context than the task's is refused", func(r *a2a.SendMessageRequest) {
				r.Message.TaskID, r.Message.ContextID = open.ID, ended.ContextID
			}, a2a.ErrInvalidParams},
			{"a media type that is not declared is refused", func(r *a2a.SendMessageRequest) {
				r.Message.Parts[0].MediaType = "text/html"
			}, a2a.ErrContentTypeNotSupported},
			{"a data part is JSON", func(r *a2a.SendMessageRequest) {
				r.Message.Parts[0] = a2a.DataPart([]byte(`{}`))
			}, a2a.ErrContentTypeNotSupported},
			{"one foreign part is enough", func(r *a2a.SendMessageRequest) {
				r.Message.Parts = append(r.Message.Parts,
					a2a.Part{Kind: a2a.PartRaw, Raw: []byte{1}})
			}, a2a.ErrContentTypeNotSupported},
			{"a media type that is none is refused", func(r *a2a.SendMessageRequest) {
				r.Message.Parts[0].MediaType = "text/"
			}, a2a.ErrContentTypeNotSupported},
			{"a message without an id is invalid", func(r *a2a.SendMessageRequest) {
				r.Message.MessageID = ""
			}, a2a.ErrInvalidParams},
			{"a webhook is not supported", func(r *a2a.SendMessageRequest) {
				r.Configuration = &a2a.SendMessageConfiguration{TaskPushNotificationConfig: &a2a.TaskPushNotificationConfig{URL: "https://bank.example/"}}
			}, a2a.ErrPushNotificationNotSupported},
			{"a negative history length is invalid", func(r *a2a.SendMessageRequest) {
				n := int32(-1)
				r.Configuration = &a2a.SendMessageConfiguration{HistoryLength: &n}
			}, a2a.ErrInvalidParams},
		} {
			req := w.message("?")
			row.req(req)
			if _, err := w.Send(w.ctx, bank, req); !errors.Is(err, row.want) {
				t.Errorf("%s; send: %v, want %v", row.name, err, row.want)
			}
			for _, err := range w.Stream(w.ctx, bank, req) {
				if !errors.Is(err, row.want) {
					t.Errorf("%s; stream: %v, want %v", row.name, err, row.want)
				}
			}
		}
		synctest.Wait()
		if w.actor.ran() != 2 {
			t.Error("a refused message has begun a turn")
		}
	})
}

func TestAMediaTypeMayHaveParametersAndAnyCase(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		req := w.message("?")
		req.Message.Parts[0].MediaType = "Text/Plain; charset=utf-8"
		w.send(req)
	})
}

func TestTheContextIsTheCallersOrOurs(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		req := w.message("?")
		req.Message.ContextID = "the-banks"
		task := w.send(req)
		if task.ContextID != "the-banks" {
			t.Errorf("the context %q was swapped in", task.ContextID)
		}
		if a, b := w.send(w.message("?")), w.send(w.message("?")); a.ContextID == b.ContextID ||
			a.ContextID == "" {
			t.Error("contexts of our making are not distinct")
		}
	})
}

func TestATaskTakesNoMoreThanSoManyMessages(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.send(w.message("?")).ID
		var err error
		n := 1
		for ; n < 1000 && err == nil; n++ {
			_, err = w.Send(w.ctx, bank, now(to(id, w.message("more"))))
		}
		if !errors.Is(err, a2a.ErrUnsupportedOperation) || n > 250 {
			t.Errorf("after %d messages: %v", n, err)
		}
		id = w.send(w.message("?")).ID
		big := a2a.Struct(`{"x":"` + strings.Repeat("x", 60<<10) + `"}`)
		for n, err = 0, nil; n < 200 && err == nil; n++ {
			req := to(id, w.message("more"))
			req.Message.Metadata = big
			_, err = w.Send(w.ctx, bank, now(req))
		}
		if !errors.Is(err, a2a.ErrUnsupportedOperation) || n > 80 {
			t.Errorf("after %d messages of 60 KiB: %v", n, err)
		}
	})
}

// What is too large for a question is refused, and nothing of it is kept.
func TestALargeMessageIsRefused(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		_, err := w.Send(w.ctx, bank, w.message(strings.Repeat("x", a2a.MaxText+1)))
		var e *a2a.Error
		if !errors.As(err, &e) || !errors.Is(err, a2a.ErrInvalidParams) ||
			e.Metadata["reason"] != a2a.ReasonTooLarge {
			t.Errorf("got %v", err)
		}
		if page, err := w.List(w.ctx, bank, &a2a.ListTasksRequest{}); err != nil ||
			page.TotalSize != 0 {
			t.Errorf("%d tasks are kept, %v", page.TotalSize, err)
		}
	})
}

func TestHistoryLengthKeepsTheNewestMessages(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		id := w.send(w.message("one")).ID
		all := []string{"user: one", "agent: " + opening, "agent: Who?", "user: jdoe", "agent: " +
			opening}
		req := to(id, w.message("jdoe"))
		two := int32(2)
		req.Configuration = &a2a.SendMessageConfiguration{HistoryLength: &two}
		wantLines(t, conversation(w.send(req)), all[3:]...)
		for _, row := range []struct {
			n    *int32
			want []string
		}{
			{nil, all}, {new(int32), nil}, {&two, all[3:]}, {ptr(5), all}, {ptr(99), all},
		} {
			task, err := w.Get(w.ctx, bank, &a2a.GetTaskRequest{ID: id, HistoryLength: row.n})
			if err != nil {
				t.Fatal(err)
			}
			wantLines(t, conversation(task), row.want...)
			page, err := w.List(w.ctx, bank, &a2a.ListTasksRequest{HistoryLength: row.n})
			if err != nil {
				t.Fatal(err)
			}
			wantLines(t, conversation(page.Tasks[0]), row.want...)
		}
		wantLines(t, conversation(w.get(id)), all...) // nothing was cut from what is stored
	})
}

func ptr(n int32) *int32 { return &n }

func TestTimesOfATaskNeverGoBack(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		time.Sleep(1500 * time.Microsecond)
		yield(answered(), nil)
	}, func(t *testing.T, w *world) {
		before := time.Now()
		task := w.send(w.message("?"))
		stamp := task.Status.Timestamp
		if stamp.Before(before) || stamp.Location() != time.UTC || stamp.Nanosecond()%1e6 != 0 {
			t.Errorf("stamp %v", stamp)
		}
	})
}

func TestAClockThatGoesBackDoesNotTakeTheTaskWithIt(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		ahead := time.Now().Add(time.Hour).UTC()
		task := &a2a.Task{ID: "t", ContextID: "c",
			Status: a2a.TaskStatus{State: a2a.TaskStateInputRequired, Timestamp: ahead}}
		if _, err := w.memory.Create(w.ctx, &tasks.Record{Task: task, Owner: bank, Seq: 1},
			[]a2a.Event{task}, ahead); err != nil {
			t.Fatal(err)
		}
		if got := w.send(to("t", w.message("jdoe"))).Status.Timestamp; got.Before(ahead) {
			t.Errorf("the task ended at %v and asked at %v", got, ahead)
		}
	})
}

// Repetitions: an equal message of the same caller within the window is the same task.
func TestRepeatedMessages(t *testing.T) {
	same := func() *a2a.SendMessageRequest {
		return &a2a.SendMessageRequest{Message: &a2a.Message{MessageID: "m", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("?")}}}
	}
	for _, row := range []struct {
		name   string
		change func(*a2a.SendMessageRequest)
		owner  tasks.Owner
		after  time.Duration
		same   bool
	}{
		{"the same message is the same task", nil, bank, 0, true},
		{"nine minutes later too", nil, bank, 9 * time.Minute, true},
		{"eleven minutes later it is a new one", nil, bank, 11 * time.Minute, false},
		{"of another caller it is a new one", nil, other, 0, false},
		{"another text under the id is a new one", func(r *a2a.SendMessageRequest) {
			r.Message.Parts[0].Text = "??"
		}, bank, 0, false},
		{"another id is a new one", func(r *a2a.SendMessageRequest) {
			r.Message.MessageID = "n"
		}, bank, 0, false},
		{"the configuration does not count", func(r *a2a.SendMessageRequest) {
			r.Configuration = &a2a.SendMessageConfiguration{AcceptedOutputModes: []string{"text/plain"}}
		}, bank, 0, true},
		{"metadata counts", func(r *a2a.SendMessageRequest) {
			r.Message.Metadata = a2a.Struct(`{"a":1}`)
		}, bank, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, answer, func(t *testing.T, w *world) {
				first := w.send(same())
				time.Sleep(row.after)
				req := same()
				if row.change != nil {
					row.change(req)
				}
				second, err := w.Send(w.ctx, row.owner, req)
				if err != nil {
					t.Fatal(err)
				}
				if got := second.(*a2a.Task).ID == first.ID; got != row.same {
					t.Errorf("same task: %v", got)
				}
			})
		})
	}
}

func TestARepeatedStreamBeginsWithTheTaskAsItIsNow(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		req := w.message("?")
		id := w.send(req).ID
		again := read(w.Stream(w.ctx, bank, req))
		again.want(t, "3 task AUTH_REQUIRED")
		w.wake(id, "approved")
		again.want(t, "3 task AUTH_REQUIRED, 4 WORKING, 5 artifact answer, 6 COMPLETED.")
		read(w.Stream(w.ctx, bank, req)).want(t, "6 task COMPLETED.")
	})
}

func TestEqualMessagesThatArriveAtOnceAreOneTask(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		req := w.message("?")
		ids := make(chan a2a.TaskID, 50)
		for range cap(ids) {
			go func() {
				ev, err := w.Send(w.ctx, bank, req)
				if err != nil {
					t.Error(err)
					ids <- ""
					return
				}
				ids <- ev.(*a2a.Task).ID
			}()
		}
		first := <-ids
		for range cap(ids) - 1 {
			if id := <-ids; id != first {
				t.Errorf("tasks %s and %s", first, id)
			}
		}
		if w.actor.ran() != 1 {
			t.Errorf("%d turns", w.actor.ran())
		}
	})
}

func TestARepeatedFollowUpIsStoredOnce(t *testing.T) {
	bubble(t, ask, func(t *testing.T, w *world) {
		id := w.send(w.message("?")).ID
		req := to(id, w.message("asmith"))
		for range 3 {
			if got := w.send(req).Status.State; got != a2a.TaskStateInputRequired {
				t.Errorf("state %v", got)
			}
		}
		if w.actor.ran() != 2 {
			t.Errorf("%d turns", w.actor.ran())
		}
		end := to(id, w.message("jdoe"))
		w.send(end)
		if got := w.send(end).Status.State; got != a2a.TaskStateCompleted {
			t.Errorf("the repetition of a message that has ended its task gives %v", got)
		}
		wantLines(t, conversation(w.get(id)),
			"user: ?", "agent: "+opening, "agent: Who?", "user: asmith", "agent: "+opening,
			"agent: Who?", "user: jdoe", "agent: "+opening)
	})
}

func TestWithoutAWindowEveryMessageIsATaskOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, err := tasks.NewEngine(tasks.Config{Store: new(tasks.Memory),
			Executor: &actor{play: answer}, InputModes: []string{"text/plain"}})
		if err != nil {
			t.Fatal(err)
		}
		req := &a2a.SendMessageRequest{Message: &a2a.Message{MessageID: "m", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("?")}}}
		seen := map[string]bool{}
		for range 3 {
			ev, err := engine.Send(t.Context(), bank, req)
			if err != nil {
				t.Fatal(err)
			}
			task := ev.(*a2a.Task)
			seen[fmt.Sprint(task.ID)] = true
			// no opening was configured: the WORKING status has no message
			if h := conversation(task); len(h) != 1 {
				t.Errorf("history %v", h)
			}
		}
		if len(seen) != 3 {
			t.Errorf("%d tasks", len(seen))
		}
	})
}

func TestNothingOfSomebodyElseCanBeToldFromNothing(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		ask := func(id a2a.TaskID) map[string]error {
			_, get := w.Get(w.ctx, other, &a2a.GetTaskRequest{ID: id})
			_, cancel := w.Cancel(w.ctx, other, &a2a.CancelTaskRequest{ID: id})
			_, send := w.Send(w.ctx, other, to(id, w.message("?")))
			errs := map[string]error{"get": get, "cancel": cancel, "send": send}
			for _, err := range w.Subscribe(w.ctx, other, &a2a.SubscribeToTaskRequest{ID: id}) {
				errs["subscribe"] = err
			}
			for _, err := range w.Stream(w.ctx, other, to(id, w.message("?"))) {
				errs["stream"] = err
			}
			return errs
		}
		const unknown = a2a.TaskID("0198f2a4-0000-7000-8000-000000000000")
		foreign, none := ask(id), ask(unknown)
		for op, err := range foreign {
			var have, want *a2a.Error
			if !errors.As(err, &have) || !errors.As(none[op], &want) ||
				!errors.Is(err, a2a.ErrTaskNotFound) {
				t.Errorf("%s: %v and %v", op, err, none[op])
				continue
			}
			got := strings.ReplaceAll(fmt.Sprintf("%+v", *have), string(id), string(unknown))
			if got != fmt.Sprintf("%+v", *want) {
				t.Errorf("%s: a foreign task gives\n  %s\nan unknown one\n  %+v", op, got, *want)
			}
		}
		page, err := w.List(w.ctx, other, &a2a.ListTasksRequest{})
		if err != nil || len(page.Tasks) != 0 || page.TotalSize != 0 {
			t.Errorf("list: %+v %v", page, err)
		}
		w.wantState(id, a2a.TaskStateAuthRequired)
	})
}
