package tasks_test

import (
	"context"
	"testing"
	"testing/synctest"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// greeter answers greetings at once; of anything else it makes tasks.
type greeter struct{ actor }

func (*greeter) Reply(_ context.Context, _ tasks.Owner, m *a2a.Message) *a2a.Message {
	if m.Text() != "Hello" {
		return nil
	}
	return greeting
}

// greeting is shared by all answers, so the engine must not write into it.
var greeting = &a2a.Message{Parts: []a2a.Part{a2a.TextPart("Good morning")}}

// greet runs a test in test time, with an engine whose executor greets.
func greet(
	t *testing.T,
	test func(t *testing.T, e *tasks.Engine, say func(text string) *a2a.SendMessageRequest),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		engine, err := tasks.NewEngine(tasks.Config{
			Store: new(tasks.Memory), Executor: &greeter{actor{play: ask}},
			InputModes: []string{"text/plain"}, RepeatWindow: tasks.DefaultRepeatWindow,
		})
		if err != nil {
			t.Fatal(err)
		}
		test(t, engine, func(text string) *a2a.SendMessageRequest {
			return &a2a.SendMessageRequest{Message: &a2a.Message{MessageID: "m", Role: a2a.RoleUser,
				Parts: []a2a.Part{a2a.TextPart(text)}}}
		})
		if err := engine.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAMessageMayBeAnsweredWithoutATask(t *testing.T) {
	greet(t, func(t *testing.T, e *tasks.Engine, say func(string) *a2a.SendMessageRequest) {
		got, err := e.Send(t.Context(), bank, say("Hello"))
		if err != nil {
			t.Fatal(err)
		}
		m, ok := got.(*a2a.Message)
		if !ok || m.Text() != "Good morning" || m.Role != a2a.RoleAgent || m.MessageID == "" ||
			m.ContextID == "" || m.TaskID != "" {
			t.Errorf("the answer is %+v", got)
		}
		if greeting.MessageID != "" {
			t.Error("the answer of the executor was changed")
		}
		page, err := e.List(t.Context(), bank, &a2a.ListTasksRequest{})
		if err != nil || page.TotalSize != 0 {
			t.Errorf("a task is left: %v, %v", page, err)
		}
	})
}

func TestAStreamOfAReplyHoldsNothingElse(t *testing.T) {
	greet(t, func(t *testing.T, e *tasks.Engine, say func(string) *a2a.SendMessageRequest) {
		var got []a2a.Event
		for told, err := range e.Stream(t.Context(), bank, say("Hello")) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, told.Event)
		}
		if len(got) != 1 {
			t.Fatalf("the stream has %d events", len(got))
		}
		if m, ok := got[0].(*a2a.Message); !ok || m.Text() != "Good morning" {
			t.Errorf("the stream tells %+v", got[0])
		}
	})
}

func TestAReplyStaysInTheContextOfTheMessage(t *testing.T) {
	greet(t, func(t *testing.T, e *tasks.Engine, say func(string) *a2a.SendMessageRequest) {
		hello := say("Hello")
		hello.Message.ContextID = "ours"
		got, err := e.Send(t.Context(), bank, hello)
		if m, ok := got.(*a2a.Message); err != nil || !ok || m.ContextID != "ours" {
			t.Errorf("the answer is %+v, %v", got, err)
		}
	})
}

func TestAMessageToATaskIsNeverAReply(t *testing.T) {
	greet(t, func(t *testing.T, e *tasks.Engine, say func(string) *a2a.SendMessageRequest) {
		first, err := e.Send(t.Context(), bank, say("Does she work here?"))
		if err != nil {
			t.Fatal(err)
		}
		task, ok := first.(*a2a.Task)
		if !ok {
			t.Fatalf("the answer is %+v", first)
		}
		hello := say("Hello")
		hello.Message.TaskID = task.ID
		got, err := e.Send(t.Context(), bank, hello)
		if answer, ok := got.(*a2a.Task); err != nil || !ok || answer.ID != task.ID {
			t.Errorf("the answer is %+v, %v", got, err)
		}
	})
}
