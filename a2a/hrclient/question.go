package hrclient

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
)

const (
	// Limit is how long a question is waited for altogether, whatever deadline is announced.
	Limit         = 30 * time.Minute
	deadlineGrace = 30 * time.Second // past the announced deadline, for an answer on its way
)

// ErrTooLong reports that an agent was waited for until well after the deadline that it announced,
// or for Limit.
var ErrTooLong = errors.New("the agent has not answered, long after it should have")

// Question is one question to an agent, from its first message to its answer. It needs a Client,
// which should activate ConsentExtension. It is for one goroutine.
type Question struct {
	Client *a2aclient.Client

	// TaskID continues a task that has asked back, ContextID begins a new one in a context.
	TaskID    a2a.TaskID
	ContextID a2a.ContextID
	// About is the identifier that the answer has to be about. Without it that is the only one
	// that the messages hold.
	About string
	// Earlier says that the task has messages of the caller from another run. The agent has to be
	// believed about them; about a task that began here it is not, or it could put any question
	// into the caller's mouth.
	Earlier bool
	// Webhook, if not nil, is told of the task, too.
	Webhook *a2a.TaskPushNotificationConfig
	// Notify, if not nil, is called with each status of a task that goes on.
	Notify func(Status)

	task *a2a.Task
	sent []string
}

// Status is what an agent says while the answer is not there yet.
type Status struct {
	Consent
	Text    string // "" if the agent says nothing
	Changed bool   // rather than read anew
}

// Check returns a *SeveralError for a message of which nobody could tell whom the answer has to be
// about.
func (q *Question) Check(text string) error {
	if found := Identifiers(text); q.About == "" && len(found) > 1 {
		return &SeveralError{found}
	}
	return nil
}

// Ask sends a text and waits for what comes of it: the answer, or that the agent asks back. Then
// another Ask answers in the same task. When ctx ends, the task goes on at the agent; Task says
// which it is.
func (q *Question) Ask(ctx context.Context, text string) (Answer, error) {
	if err := q.Check(text); err != nil {
		return Answer{}, err
	}
	message := &a2a.Message{MessageID: a2a.NewMessageID(), Role: a2a.RoleUser, TaskID: q.TaskID,
		ContextID: q.ContextID, Parts: []a2a.Part{a2a.TextPart(text)}}
	if q.task != nil {
		message.TaskID, message.ContextID = q.task.ID, ""
	}
	req := &a2a.SendMessageRequest{Message: message}
	if q.Webhook != nil {
		req.Configuration = &a2a.SendMessageConfiguration{TaskPushNotificationConfig: q.Webhook}
	}
	q.sent = append(q.sent, text)
	return q.follow(ctx, func(ctx context.Context) iter.Seq2[a2a.Event, error] {
		return q.Client.Follow(ctx, req)
	})
}

// Watch waits for the answer to a question of another run, whose task is TaskID.
func (q *Question) Watch(ctx context.Context) (Answer, error) {
	q.Earlier = true
	return q.follow(ctx, func(ctx context.Context) iter.Seq2[a2a.Event, error] {
		return q.Client.Watch(ctx, q.TaskID)
	})
}

// Task returns the task as far as it is known, nil if it is not.
func (q *Question) Task() *a2a.Task { return q.task }

// follow reads events until the task is over. Once a deadline has been announced, a little more
// than that is waited, and no more; never longer than Limit altogether, whatever is announced.
func (q *Question) follow(
	ctx context.Context, events func(context.Context) iter.Seq2[a2a.Event, error],
) (Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	last := time.Now().Add(Limit)
	limit := time.AfterFunc(Limit, func() { cancel(ErrTooLong) })
	defer limit.Stop()
	var seen a2aclient.Assembler
	if q.task != nil {
		seen.Add(q.task)
	}
	var broken error
	for event, err := range events(ctx) {
		if err != nil {
			broken = err
			break
		}
		seen.Add(event)
		if deadline := q.notify(event); !deadline.IsZero() {
			limit.Reset(max(min(time.Until(deadline), time.Until(last)), 0) + deadlineGrace)
		}
	}
	q.task = seen.Task()
	switch m := seen.Message(); {
	case broken != nil:
		return Answer{}, broken
	case q.task != nil:
	case m == nil:
		return Answer{}, errors.New("the agent sent nothing")
	case strings.TrimSpace(m.Text()) == "":
		return Answer{}, errors.New("the agent has answered without a word")
	default: // another agent's way to answer: words alone, and words are no yes
		return Answer{Outcome: Failed, Text: m.Text(), ContextID: m.ContextID}, nil
	}
	q.complete(ctx)
	sent := q.sent
	if q.Earlier {
		sent = nil
		for _, m := range q.task.History {
			if m.Role == a2a.RoleUser {
				sent = append(sent, m.Text())
			}
		}
		sent = append(sent, q.sent...)
	}
	return Judge(q.task, sent, q.About), nil
}

// complete reads a task once that was said to be completed before anything of its answer came: some
// agents send that afterwards, when nobody listens any more.
func (q *Question) complete(ctx context.Context) {
	if q.task.Status.State != a2a.TaskStateCompleted || len(q.task.Artifacts) > 0 ||
		q.task.ID == "" {
		return
	}
	whole, err := q.Client.GetTask(ctx, &a2a.GetTaskRequest{ID: q.task.ID})
	if err == nil && whole.ID == q.task.ID && whole.Status.State == a2a.TaskStateCompleted {
		q.task = whole
	}
}

// notify passes on what has changed, and returns the deadline if one is announced. It looks at the
// event alone: to put the task together for each would cost more the longer the task is.
func (q *Question) notify(event a2a.Event) (deadline time.Time) {
	var status a2a.TaskStatus
	var beside a2a.Struct
	changed := false
	switch e := event.(type) {
	case *a2a.Task:
		status, beside = e.Status, e.Metadata
	case *a2a.TaskStatusUpdateEvent:
		status, beside, changed = e.Status, e.Metadata, true
	default:
		return time.Time{}
	}
	s := Status{Consent: consentOf(status, beside), Changed: changed}
	if q.Notify != nil && !status.State.Terminal() && status.State != a2a.TaskStateInputRequired {
		if status.Message != nil {
			s.Text = status.Message.Text()
		}
		q.Notify(s)
	}
	return s.Deadline
}
