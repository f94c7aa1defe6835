package push

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// approval is an executor that waits for somebody for a minute.
type approval struct {
	wake func(a2a.TaskID)
}

func (a *approval) Execute(_ context.Context, turn *tasks.Turn) error {
	var err error
	do := func(step tasks.Step) bool { err = turn.Do(step); return err == nil }
	if turn.Signal == nil {
		do(tasks.Step{Events: []a2a.Event{update(a2a.TaskStateAuthRequired)},
			Checkpoint: []byte("c"), Park: true})
		return err
	}
	do(tasks.Step{Events: []a2a.Event{
		&a2a.TaskArtifactUpdateEvent{Artifact: &a2a.Artifact{ArtifactID: "answer",
			Parts: []a2a.Part{a2a.TextPart("Yes.")}}},
		update(a2a.TaskStateCompleted),
	}})
	return err
}

func (a *approval) Park(id a2a.TaskID, _ any, _ []byte) {
	time.AfterFunc(time.Minute, func() { a.wake(id) })
}
func (a *approval) Unpark(a2a.TaskID) {}

// TestAQuestionFromItsMessageToItsEnd has everything in place but the network: the webhook hears
// each status when it is stored, and the answer.
func TestAQuestionFromItsMessageToItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		executor := &approval{}
		engine, err := tasks.NewEngine(tasks.Config{Store: w.memory, Executor: executor,
			InputModes: []string{"text/plain"}, Push: w.sender})
		if err != nil {
			t.Fatal(err)
		}
		executor.wake = func(id a2a.TaskID) {
			_ = engine.Wake(context.WithoutCancel(t.Context()), id, true)
		}
		defer func() { _ = engine.Shutdown(context.WithoutCancel(t.Context())) }()
		ask := func(url string) (a2a.Event, error) {
			return engine.Send(t.Context(), "bank", &a2a.SendMessageRequest{
				Message: &a2a.Message{MessageID: url, Role: a2a.RoleUser,
					Parts: []a2a.Part{a2a.TextPart("Does jdoe work here?")}},
				Configuration: &a2a.SendMessageConfiguration{
					ReturnImmediately:          true,
					TaskPushNotificationConfig: &a2a.TaskPushNotificationConfig{URL: url},
				},
			})
		}
		if _, err := ask("https://localhost/hook"); err == nil {
			t.Error("a webhook on this machine was taken")
		}
		w.net.does(func(*delivery, context.Context) (*http.Response, error) {
			time.Sleep(time.Hour)
			return status(200), nil
		})
		start := time.Now()
		event, err := ask("https://slow.example/")
		if err != nil || time.Since(start) > 0 {
			t.Fatalf("after %v: %v", time.Since(start), err)
		}
		w.net.answers()
		if _, err := ask(hookURL); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := w.net.taken(hookURL); !slices.Equal(got, []tasks.Seq{1, 2, 3}) {
			t.Errorf("while the person is waited for: %v", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var heard []string
		for _, d := range w.net.all() {
			if d.url == hookURL {
				for _, word := range []string{"SUBMITTED", "WORKING", "AUTH_REQUIRED",
					"artifactUpdate", "COMPLETED"} {
					if strings.Contains(d.body, word) {
						heard = append(heard, word)
					}
				}
			}
		}
		if got := strings.Join(heard,
			" "); got != "SUBMITTED WORKING AUTH_REQUIRED artifactUpdate COMPLETED" {
			t.Errorf("the webhook heard %s", got)
		}
		slow, err := engine.Get(t.Context(), "bank", &a2a.GetTaskRequest{ID: event.(*a2a.Task).ID})
		if err != nil || slow.Status.State != a2a.TaskStateCompleted {
			t.Errorf("the task with the slow webhook is %v, %v", slow, err)
		}
	})
}
