// The client of the official Go SDK for A2A 1.0, as it comes. Arguments: the name to print, the
// agent's URL, an access token.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/a2aproject/a2a-go/v2/a2a"
	"github.com/a2aproject/a2a-go/v2/a2aclient"
	"github.com/a2aproject/a2a-go/v2/a2aclient/agentcard"
)

func question(parts ...*a2a.Part) *a2a.SendMessageRequest {
	return &a2a.SendMessageRequest{Message: a2a.NewMessage(a2a.MessageRoleUser, parts...)}
}

func ask(ctx context.Context, c *a2aclient.Client, text string) (*a2a.Task, error) {
	res, err := c.SendMessage(ctx, question(a2a.NewTextPart(text)))
	if err != nil {
		return nil, err
	}
	task, ok := res.(*a2a.Task)
	if !ok {
		return nil, fmt.Errorf("a %T instead of a task", res)
	}
	return task, nil
}

// begin asks and leaves when the task is known, while the person is still being asked.
func begin(ctx context.Context, c *a2aclient.Client, text string) (a2a.TaskID, error) {
	for ev, err := range c.SendStreamingMessage(ctx, question(a2a.NewTextPart(text))) {
		if err != nil {
			return "", err
		}
		var s seen
		s.add(ev)
		return s.task, nil
	}
	return "", errors.New("a stream without an event")
}

// seen is what a stream has told.
type seen struct {
	task   a2a.TaskID
	state  a2a.TaskState
	answer bool
}

func (s *seen) add(ev a2a.Event) {
	switch e := ev.(type) {
	case *a2a.Task:
		s.task, s.state, s.answer = e.ID, e.Status.State, len(e.Artifacts) > 0
	case *a2a.TaskStatusUpdateEvent:
		s.state = e.Status.State
	case *a2a.TaskArtifactUpdateEvent:
		s.answer = true
	}
}

func (s *seen) complete() error {
	if s.state != a2a.TaskStateCompleted || !s.answer {
		return fmt.Errorf("the stream ended in %s, answer: %t", s.state, s.answer)
	}
	return nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	base, token := os.Args[2], os.Args[3]
	var card *a2a.AgentCard
	var c *a2aclient.Client
	check("card", func() (err error) {
		if card, err = agentcard.DefaultResolver.Resolve(ctx, base); err != nil {
			return err
		}
		if card.Name == "" || len(card.Skills) == 0 {
			return errors.New("a card without a name or skills")
		}
		c, err = a2aclient.NewFromCard(ctx, card, a2aclient.WithJSONRPCTransport(client(token)))
		return err
	})
	if c == nil {
		os.Exit(1)
	}
	check("extended-card", func() error {
		_, err := c.GetExtendedAgentCard(ctx, &a2a.GetExtendedAgentCardRequest{})
		// A scheme's scopes are an object with a list (a2a.proto, StringList). The SDK wants a bare
		// array: a2aproject/a2a-go#430.
		if err != nil &&
			strings.Contains(err.Error(),
				"securityRequirements.schemes of type a2a.SecuritySchemeScopes") {
			return na("this SDK reads no securityRequirements in the form of the specification")
		}
		return err
	})

	var done *a2a.Task
	check("ask", func() (err error) {
		done, err = ask(ctx, c, "Does jdoe@staff0.com work here?")
		return err
	})
	check("get", func() (err error) {
		for range 50 {
			if done, err = c.GetTask(ctx, &a2a.GetTaskRequest{ID: done.ID}); err != nil ||
				done.Status.State.Terminal() {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err == nil && (done.Status.State != a2a.TaskStateCompleted || len(done.Artifacts) == 0) {
			err = fmt.Errorf("the task is %s with %d artifacts", done.Status.State,
				len(done.Artifacts))
		}
		return err
	})
	check("stream", func() error {
		var s seen
		for ev, err := range c.SendStreamingMessage(ctx,
			question(a2a.NewTextPart("Is bwong@staff0.com an employee?"))) {
			if err != nil {
				return err
			}
			s.add(ev)
		}
		return s.complete()
	})
	check("subscribe", func() error {
		var s seen
		for ev, err := range c.SendStreamingMessage(ctx,
			question(a2a.NewTextPart("Is asmith@staff0.com an employee?"))) {
			if err != nil {
				return err
			}
			s.add(ev)
			break // the cut
		}
		if s.state.Terminal() {
			return fmt.Errorf("the first event of a stream says %s", s.state)
		}
		for ev, err := range c.SubscribeToTask(ctx, &a2a.SubscribeToTaskRequest{ID: s.task}) {
			if err != nil {
				return err
			}
			s.add(ev)
		}
		return s.complete()
	})
	check("list", func() error {
		l, err := c.ListTasks(ctx, &a2a.ListTasksRequest{ContextID: done.ContextID})
		if err == nil && (len(l.Tasks) != 1 || l.Tasks[0].ID != done.ID) {
			err = fmt.Errorf("%d tasks in the context of one", len(l.Tasks))
		}
		return err
	})
	check("follow-up", func() error {
		task, err := ask(ctx, c, "Does John Doe work here?")
		if err != nil {
			return err
		}
		if task.Status.State != a2a.TaskStateInputRequired {
			return fmt.Errorf("a question without an address is %s", task.Status.State)
		}
		more := question(a2a.NewTextPart("jdoe@staff0.com"))
		more.Message.TaskID = task.ID
		_, err = c.SendMessage(ctx, more)
		return err
	})
	check("cancel", func() error {
		id, err := begin(ctx, c, "Does asmith@staff0.com work here?")
		if err != nil {
			return err
		}
		task, err := c.CancelTask(ctx, &a2a.CancelTaskRequest{ID: id})
		if err == nil && task.Status.State != a2a.TaskStateCanceled {
			err = fmt.Errorf("the task is %s", task.Status.State)
		}
		return err
	})
	check("push", func() error {
		h, err := listen()
		if err != nil {
			return err
		}
		id, err := begin(ctx, c, "Does bwong@staff0.com work here?")
		if err != nil {
			return err
		}
		_, err = c.CreateTaskPushConfig(ctx, &a2a.PushConfig{
			ID: "hook", TaskID: id, URL: h.url, Token: hookToken,
			Auth: &a2a.PushAuthInfo{Scheme: "Bearer", Credentials: hookSecret},
		})
		if err != nil {
			return err
		}
		if _, err := c.GetTaskPushConfig(ctx,
			&a2a.GetTaskPushConfigRequest{TaskID: id, ID: "hook"}); err != nil {
			return fmt.Errorf("get: %w", err)
		}
		if l, err := c.ListTaskPushConfigs(ctx,
			&a2a.ListTaskPushConfigRequest{TaskID: id}); err != nil || len(l) != 1 {
			return fmt.Errorf("list: %d, %v", len(l), err)
		}
		if err := h.await(string(id), "TASK_STATE_COMPLETED"); err != nil {
			return err
		}
		return c.DeleteTaskPushConfig(ctx, &a2a.DeleteTaskPushConfigRequest{TaskID: id, ID: "hook"})
	})

	check("error-not-found", func() error {
		_, err := c.GetTask(ctx, &a2a.GetTaskRequest{ID: "nope"})
		return same(err, a2a.ErrTaskNotFound)
	})
	check("error-not-cancelable", func() error {
		_, err := c.CancelTask(ctx, &a2a.CancelTaskRequest{ID: done.ID})
		return same(err, a2a.ErrTaskNotCancelable)
	})
	check("error-content-type", func() error {
		part := a2a.NewRawPart([]byte("x"))
		part.MediaType = "image/png"
		_, err := c.SendMessage(ctx, question(part))
		return same(err, a2a.ErrUnsupportedContentType)
	})
	check("error-invalid-params", func() error {
		_, err := c.SendMessage(ctx, question())
		return same(err, a2a.ErrInvalidParams)
	})
	check("error-unsupported", func() error {
		more := question(a2a.NewTextPart("And now?"))
		more.Message.TaskID = done.ID
		_, err := c.SendMessage(ctx, more)
		return same(err, a2a.ErrUnsupportedOperation)
	})
	check("error-webhook", func() error {
		_, err := c.CreateTaskPushConfig(ctx,
			&a2a.PushConfig{TaskID: done.ID, URL: "https://10.0.0.1/hook"})
		return same(err, a2a.ErrInvalidParams)
	})
	check("error-401", func() error {
		bare, err := a2aclient.NewFromCard(ctx, card, a2aclient.WithJSONRPCTransport(client("")))
		if err != nil {
			return err
		}
		_, err = bare.GetTask(ctx, &a2a.GetTaskRequest{ID: done.ID})
		if errors.Is(err, a2a.ErrUnauthenticated) {
			return nil
		}
		return refused(err)
	})
	check("auth-interceptor", func() error {
		const session = a2aclient.SessionID("bank")
		store := a2aclient.NewInMemoryCredentialsStore()
		for scheme := range card.SecuritySchemes {
			store.Set(session, scheme, a2aclient.AuthCredential(token))
		}
		with, err := a2aclient.NewFromCard(ctx, card, a2aclient.WithJSONRPCTransport(client("")),
			a2aclient.WithCallInterceptors(&a2aclient.AuthInterceptor{Service: store}))
		if err != nil {
			return err
		}
		_, err = with.GetTask(a2aclient.AttachSessionID(ctx, session),
			&a2a.GetTaskRequest{ID: done.ID})
		if errors.Is(err, a2a.ErrUnauthenticated) || err != nil && refused(err) == nil {
			return na("it sends no token, for the card that this SDK can read has no " +
				"securityRequirements")
		}
		return err
	})
}
