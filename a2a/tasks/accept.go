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

// maxMessages and maxContent bound what callers may put into one task, which is read as a whole.
const (
	maxMessages = 200
	maxContent  = 256 << 10 // bytes of content
)

// accepted is a message that has been stored, in a task that begins or goes on with it. The cursor
// stands behind the task; whoever gets it closes it. A message that was answered without a task has
// the reply alone.
type accepted struct {
	task   *a2a.Task // what a stream tells first
	cursor *cursor
	reply  *a2a.Message
}

// accept stores the message of a request, in a task of its own or in the one it names, and begins
// the turn that it causes.
func (e *Engine) accept(
	ctx context.Context, owner Owner, req *a2a.SendMessageRequest,
) (accepted, error) {
	if err := e.admit(req); err != nil {
		return accepted{}, err
	}
	if reply := e.reply(ctx, owner, req.Message); reply != nil {
		return accepted{reply: reply}, nil
	}
	if err := e.makeRoom(ctx, owner.Client()); err != nil {
		return accepted{}, err
	}
	id := req.Message.TaskID
	accept := e.addMessage
	if id == "" {
		id, accept = newTaskID(owner), e.create
	}
	// The cursor is opened before anything is stored, so that nothing which follows is missed.
	c := e.feeds.open(id)
	task, err := accept(ctx, owner, id, req, c)
	if err != nil {
		e.feeds.close(c)
		return accepted{}, err
	}
	if task.ID != id { // the message was sent before, and made another task
		e.feeds.close(c)
		return e.repeated(ctx, owner, task.ID, inline(req))
	}
	return accepted{task: task, cursor: c}, nil
}

// create stores a message as a task of its own. It gives a task of another id if the message was
// sent before.
func (e *Engine) create(
	ctx context.Context, owner Owner, id a2a.TaskID, req *a2a.SendMessageRequest, c *cursor,
) (*a2a.Task, error) {
	msg := *req.Message
	if msg.ContextID == "" {
		msg.ContextID = a2a.NewContextID()
	}
	msg.TaskID = id
	now := time.Now()
	task := &a2a.Task{
		ID: id, ContextID: msg.ContextID, History: []*a2a.Message{&msg},
		Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted, Timestamp: wireTime(now)},
	}
	opening := e.working()
	e.stamp(task, []a2a.Event{opening})
	rec := &Record{Task: task.Apply(opening), Owner: owner, Seq: 2, Created: now, Terms: terms(req)}
	if e.window > 0 {
		rec.MessageKey = messageKey(owner, req.Message)
	}
	// what happens in the task is sent from its first entry on
	if hook := inline(req); hook != nil {
		rec.Webhook = newWebhook(hook, id, 0)
	}
	existing, err := e.settleNew(ctx, rec, []a2a.Event{task, opening}, now.Add(-e.window))
	if rec.Webhook != nil {
		e.push.Watch(id)
	}
	switch {
	case err != nil:
		e.begin(turn{id: id, cause: byDoubt}) // it may have been stored all the same
		return nil, e.fault("create a task", id, err)
	case existing != "":
		return &a2a.Task{ID: existing}, nil
	}
	// The stream begins with the task as submitted; the opening follows.
	c.after = 1
	e.feeds.publish(id, 1, []a2a.Event{opening})
	e.begin(turn{id: id})
	return task, nil
}

// settleNew stores a task, trying again while it is not known whether an attempt has stored it.
func (e *Engine) settleNew(
	ctx context.Context, rec *Record, events []a2a.Event, since time.Time,
) (existing a2a.TaskID, err error) {
	for p := (patience{limit: storePatience}); ; {
		existing, err = e.store.Create(context.WithoutCancel(ctx), rec, events, since)
		switch {
		case errors.Is(err, ErrStored):
			return "", nil
		case err == nil, final(err), errors.Is(err, ErrConflict), !p.wait(ctx):
			return existing, err
		}
	}
}

// repeated answers a message that was sent before with the task that it made then.
func (e *Engine) repeated(
	ctx context.Context, owner Owner, id a2a.TaskID, hook *a2a.TaskPushNotificationConfig,
) (accepted, error) {
	c := e.feeds.open(id)
	rec, err := e.get(ctx, owner, id)
	if err == nil {
		err = e.addInline(ctx, rec, hook)
	}
	if err != nil {
		e.feeds.close(c)
		return accepted{}, err
	}
	c.after = rec.Seq
	return accepted{task: rec.Task, cursor: c}, nil
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
	if err := req.Admit(a2a.Limits{}); err != nil {
		return err
	}
	if err := e.admitInline(inline(req)); err != nil {
		return err
	}
	for i := range req.Message.Parts {
		media, _, err := mime.ParseMediaType(req.Message.Parts[i].Media())
		if err != nil || !slices.Contains(e.modes, media) {
			return &a2a.Error{
				Err:      a2a.ErrContentTypeNotSupported,
				Metadata: map[string]string{"supported": strings.Join(e.modes, ", ")},
			}
		}
	}
	if e.isDraining() {
		return draining()
	}
	return nil
}

// addMessage adds a message to the task it names. Only a task that waits for the caller goes on
// because of it; to any other it is a remark that is kept and rings nobody.
func (e *Engine) addMessage(
	ctx context.Context, owner Owner, id a2a.TaskID, req *a2a.SendMessageRequest, c *cursor,
) (*a2a.Task, error) {
	m, hook := req.Message, inline(req)
	change, p := Change{ID: NewChangeID()}, patience{limit: storePatience}
	for range maxRebases {
		rec, err := e.get(ctx, owner, id)
		if err != nil {
			return nil, err
		}
		if m.ContextID != "" && m.ContextID != rec.Task.ContextID {
			return nil, a2a.InvalidParams("message.contextId", "is not that of the task")
		}
		msg := *m
		msg.ContextID = rec.Task.ContextID
		c.after = rec.Seq
		repeated := e.window > 0 && said(rec.Task, &msg)
		if !repeated {
			if err := room(rec.Task, &msg); err != nil {
				return nil, err
			}
		}
		// The webhook comes first: should the message not be stored, the caller is told more than
		// it asked for, and not less.
		if err := e.addInline(ctx, rec, hook); err != nil {
			return nil, err
		}
		hook = nil // should the message have to be stored anew, the webhook need not
		if repeated {
			return rec.Task, nil
		}
		events := []a2a.Event{&msg}
		answers := rec.Task.Status.State == a2a.TaskStateInputRequired && len(rec.Checkpoint) == 0
		if answers {
			events = append(events, e.working())
		}
		e.stamp(rec.Task, events)
		change.Events, change.Terms = events, nil
		if answers {
			change.Terms = terms(req)
		}
		next, err := e.settle(ctx, rec, change, &p)
		switch {
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			if answers {
				e.begin(turn{id: id, cause: byDoubt})
			}
			return nil, e.fault("add a message", id, err)
		}
		c.after = next.Seq
		if answers {
			e.begin(turn{id: id})
		}
		return next.Task, nil
	}
	return nil, e.fault("add a message", id, ErrConflict)
}

// room reports why a task takes no further message.
func room(t *a2a.Task, m *a2a.Message) error {
	if t.Status.State.Terminal() {
		return &a2a.Error{Err: a2a.ErrUnsupportedOperation,
			Message: "The task has ended: send the message without its id"}
	}
	messages, content := 0, size(m)
	for _, have := range t.History {
		if have.Role == a2a.RoleUser {
			messages++
			content += size(have)
		}
	}
	if messages >= maxMessages || content > maxContent {
		return &a2a.Error{Err: a2a.ErrUnsupportedOperation,
			Message: "The task is full: send the message without its id"}
	}
	return nil
}

// size is what the content of a message takes.
func size(m *a2a.Message) (n int) {
	for i := range m.Parts {
		p := &m.Parts[i]
		n += len(p.Text) + len(p.Raw) + len(p.URL) + len(p.Data) + len(p.Metadata)
	}
	return n + len(m.Metadata)
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

// messageKey tells repetitions of a message from other messages: the caller, the id, and all that
// it says.
func messageKey(owner Owner, m *a2a.Message) []byte {
	b := fmt.Appendf(nil, "%d %s", len(owner), owner)
	sum := sha256.Sum256(m.AppendJSON(b))
	return sum[:]
}
