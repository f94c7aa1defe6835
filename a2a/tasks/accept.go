package tasks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"staff0/a2a"
)

// accepted is a message that has been stored, in a task that begins or goes on with it. The turn waits for begin, so that whoever wants to
// watch is watching before anything happens.
type accepted struct {
	task  *a2a.Task // what a stream tells first
	seq   Seq       // the last entry in it
	begin func()
}

// accept stores the message of a request, in a task of its own or in the one it names.
func (e *Engine) accept(ctx context.Context, owner Owner, req *a2a.SendMessageRequest) (accepted, error) {
	if err := e.admit(req); err != nil {
		return accepted{}, err
	}
	var modes []string
	if c := req.Configuration; c != nil {
		modes = c.AcceptedOutputModes
	}
	if req.Message.TaskID != "" {
		return e.addMessage(ctx, owner, req.Message, modes)
	}

	msg := *req.Message
	if msg.ContextID == "" {
		msg.ContextID = a2a.NewContextID()
	}
	msg.TaskID = a2a.NewTaskID()
	now := time.Now()
	task := &a2a.Task{
		ID: msg.TaskID, ContextID: msg.ContextID, History: []*a2a.Message{&msg},
		Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted, Timestamp: wireTime(now)},
	}
	opening := e.working()
	e.stamp(task, []a2a.Event{opening})
	rec := &Record{Task: task.Apply(opening), Owner: owner, Seq: 2, Created: now}
	if e.window > 0 {
		rec.MessageKey = messageKey(owner, req.Message)
	}
	existing, err := e.store.Create(ctx, rec, []a2a.Event{task, opening}, now.Add(-e.window))
	switch {
	case err != nil:
		return accepted{}, e.fault("create a task", task.ID, err)
	case existing != "":
		return e.repeated(ctx, owner, existing)
	}
	// The stream begins with the task as submitted and reads the opening from the log.
	return accepted{task, 1, func() { e.begin(rec, modes, nil) }}, nil
}

// repeated answers a message that was sent before with the task that it made then.
func (e *Engine) repeated(ctx context.Context, owner Owner, id a2a.TaskID) (accepted, error) {
	rec, err := e.get(ctx, owner, id)
	if err != nil {
		return accepted{}, err
	}
	return accepted{rec.Task, rec.Seq, func() {}}, nil
}

// working is the status with which a turn begins.
func (e *Engine) working() *a2a.TaskStatusUpdateEvent {
	status := a2a.TaskStatus{State: a2a.TaskStateWorking}
	if e.opening != "" {
		status.Message = &a2a.Message{Parts: []a2a.Part{a2a.TextPart(e.opening)}}
	}
	return &a2a.TaskStatusUpdateEvent{Status: status}
}

// admit checks what a message must be, whatever its task.
func (e *Engine) admit(req *a2a.SendMessageRequest) error {
	if err := req.Validate(); err != nil {
		return err
	}
	if c := req.Configuration; c != nil && c.TaskPushNotificationConfig != nil {
		return &a2a.Error{Err: a2a.ErrPushNotificationNotSupported}
	}
	for i := range req.Message.Parts {
		media, _, err := mime.ParseMediaType(req.Message.Parts[i].Media())
		if err != nil || !slices.Contains(e.modes, media) {
			return &a2a.Error{
				Err: a2a.ErrContentTypeNotSupported, Metadata: map[string]string{"supported": strings.Join(e.modes, ", ")},
			}
		}
	}
	if e.isDraining() {
		return &a2a.Error{Err: a2a.ErrUnavailable, Cause: ErrDraining}
	}
	return nil
}

// addMessage adds a message to the task it names. Only a task that waits for the caller goes on because of it; to any other it is a remark that
// is kept and rings nobody.
func (e *Engine) addMessage(ctx context.Context, owner Owner, m *a2a.Message, modes []string) (accepted, error) {
	for range maxRebases {
		rec, err := e.get(ctx, owner, m.TaskID)
		if err != nil {
			return accepted{}, err
		}
		if m.ContextID != "" && m.ContextID != rec.Task.ContextID {
			return accepted{}, a2a.InvalidParams("message.contextId", "is not that of the task")
		}
		msg := *m
		msg.ContextID = rec.Task.ContextID
		if e.window > 0 && said(rec.Task, &msg) {
			return accepted{rec.Task, rec.Seq, func() {}}, nil
		}
		state := rec.Task.Status.State
		if state.Terminal() {
			return accepted{}, &a2a.Error{Err: a2a.ErrUnsupportedOperation, Message: "The task has ended: send the message without its id"}
		}
		events := []a2a.Event{&msg}
		answers := state == a2a.TaskStateInputRequired
		if answers {
			events = append(events, e.working())
		}
		next, err := e.append(ctx, rec, events, rec.Checkpoint, false)
		switch {
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			return accepted{}, e.fault("add a message", m.TaskID, err)
		}
		return accepted{next.Task, next.Seq, func() {
			if answers {
				e.begin(next, modes, nil)
			}
		}}, nil
	}
	return accepted{}, e.fault("add a message", m.TaskID, ErrConflict)
}

// said reports whether the message is already in the task, word for word.
func said(t *a2a.Task, m *a2a.Message) bool {
	for _, have := range t.History {
		if have.MessageID == m.MessageID && have.Role == m.Role {
			return string(have.AppendJSON(nil)) == string(m.AppendJSON(nil))
		}
	}
	return false
}

// messageKey tells repetitions of a message from other messages: the caller, the id, and all that it says.
func messageKey(owner Owner, m *a2a.Message) []byte {
	b := fmt.Appendf(nil, "%d %s", len(owner), owner)
	sum := sha256.Sum256(m.AppendJSON(b))
	return sum[:]
}
