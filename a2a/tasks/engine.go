package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"staff0/a2a"
)

// DefaultRepeatWindow is how long a repeated message answers with the task of its first sending
// (§3.3.1).
const DefaultRepeatWindow = 10 * time.Minute

const (
	claimBatch = 1000 // tasks taken over at a time
	maxRebases = 100  // times that one change is tried again because somebody else was faster
)

// ErrDraining ends streams when the agent drains or shuts down. The task goes on; a client
// subscribes to it again, here or at another agent.
var ErrDraining = errors.New("the agent is shutting down")

// Config is what an Engine is made of.
type Config struct {
	Store    Store
	Executor Executor
	// InputModes are the media types of parts that are taken (§3.1.1).
	InputModes []string
	// Opening is the text of the WORKING status with which every turn begins that a message has
	// caused. It is stored together with the message, so a caller never sees its message accepted
	// and the task still waiting for it.
	Opening string
	// RepeatWindow is the time in which the same message of the same caller is the same task; 0
	// makes every message a task of its own.
	RepeatWindow time.Duration
	// BytesPerClient bounds what is kept for one OAuth client; 0 is DefaultBytesPerClient, and less
	// is no bound.
	BytesPerClient int64
	// Push sends to webhooks, which takes a store of Webhooks; nil refuses them (§3.3.4).
	Push Push
	Log  *slog.Logger
}

// Engine runs tasks: it takes the operations of the protocol from any binding, lets the executor
// work, stores every step before it tells anybody of it, and serves streams from the log. Every
// operation takes the caller, and what is not the caller's is not found (§13.1).
type Engine struct {
	store    Store
	executor Executor
	modes    []string
	opening  string
	window   time.Duration
	bytes    int64
	push     Push
	log      *slog.Logger
	feeds    feeds
	full     full

	ctx    context.Context // of all turns
	cancel context.CancelCauseFunc
	turns  sync.WaitGroup

	streams    context.Context // of all who wait for a task
	endStreams context.CancelCauseFunc

	shared *sharing // nil when the store is this agent's alone

	mu      sync.Mutex
	stopped bool // no turn begins any more
	running map[a2a.TaskID]*turnState
}

// NewEngine makes an engine. It works at once; Resume takes up what an earlier process left.
func NewEngine(c Config) (*Engine, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("tasks: an engine needs a store")
	case c.Executor == nil:
		return nil, errors.New("tasks: an engine needs an executor")
	case len(c.InputModes) == 0:
		return nil, errors.New("tasks: an engine needs the media types it takes")
	}
	if _, ok := c.Store.(Webhooks); c.Push != nil && !ok {
		return nil, errors.New("tasks: the store keeps no webhooks")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		store: c.Store, executor: c.Executor, modes: c.InputModes, opening: c.Opening,
		window: c.RepeatWindow, push: c.Push,
		bytes:   cmp.Or(c.BytesPerClient, DefaultBytesPerClient),
		log:     c.Log,
		running: map[a2a.TaskID]*turnState{},
	}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	e.streams, e.endStreams = context.WithCancelCause(context.Background())
	if s, ok := c.Store.(Shared); ok {
		e.shared = newSharing(s)
	}
	return e, nil
}

// ErrWaitOver is the cause with which a context ends the waiting of Send, and nothing else of it:
// the answer is the task as it stands.
var ErrWaitOver = errors.New("the wait is over")

// Send does SendMessage (§3.1.1): it answers when the task has ended or waits for somebody
// (§3.2.2), or at once if the caller wants that. A message to a task that waits for somebody
// already waits with it, until that changes. When the agent drains, and when ctx ends with
// ErrWaitOver, the answer is the task as it stands, since the message is stored.
func (e *Engine) Send(
	ctx context.Context, owner Owner, req *a2a.SendMessageRequest,
) (a2a.Event, error) {
	a, err := e.accept(ctx, owner, req)
	switch {
	case err != nil:
		return nil, err
	case a.reply != nil:
		return a.reply, nil
	}
	defer e.feeds.close(a.cursor)
	var conf a2a.SendMessageConfiguration
	if req.Configuration != nil {
		conf = *req.Configuration
	}
	task := a.task
	// What the task waited for before the message came is nothing that the message has led to.
	old := req.Message.TaskID != "" && task.Status.State == a2a.TaskStateAuthRequired
	for !conf.ReturnImmediately && (old || !settled(task)) {
		entries, err := e.next(ctx, a.cursor)
		if errors.Is(err, ErrDraining) || errors.Is(err, ErrWaitOver) {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			task = task.Apply(entry.Event)
			old = old && lastState([]a2a.Event{entry.Event}) == a2a.TaskStateUnspecified
		}
	}
	return trimHistory(task, conf.HistoryLength), nil
}

// settled reports whether a blocking call returns with the task (§3.2.2).
func settled(t *a2a.Task) bool { return t.Status.State.Terminal() || t.Status.State.Interrupted() }

// Get does GetTask (§3.1.3).
func (e *Engine) Get(ctx context.Context, owner Owner, req *a2a.GetTaskRequest) (*a2a.Task, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	rec, err := e.get(ctx, owner, req.ID)
	if err != nil {
		return nil, err
	}
	return trimHistory(rec.Task, req.HistoryLength), nil
}

// get gives a task of the owner. One of somebody else is not found, with the very words of one that
// does not exist (§3.3.2).
func (e *Engine) get(ctx context.Context, owner Owner, id a2a.TaskID) (*Record, error) {
	var rec *Record
	err := ErrNotFound
	if !foreign(owner, id) {
		rec, err = e.store.Get(ctx, id)
	}
	switch {
	case err == nil && rec.Owner == owner:
		return rec, nil
	case err == nil, errors.Is(err, ErrNotFound):
		return nil, &a2a.Error{Err: a2a.ErrTaskNotFound,
			Metadata: map[string]string{"taskId": string(id)}}
	}
	return nil, e.fault("read the task", id, err)
}

// fault is what a caller learns of a store that fails.
func (e *Engine) fault(doing string, id a2a.TaskID, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, ErrLeaseLost) { // the agent begins anew in a moment, and others are there
		return &a2a.Error{Err: a2a.ErrUnavailable, Cause: err}
	}
	e.log.Error("the task store failed", "doing", doing, "task", id, "error", err)
	return &a2a.Error{Err: a2a.ErrInternal, Cause: fmt.Errorf("%s: %w", doing, err)}
}

// trimHistory gives the task with at most n messages of history, the newest ones (§3.2.4); nil is
// all of them.
func trimHistory(t *a2a.Task, n *int32) *a2a.Task {
	if n == nil || int(*n) >= len(t.History) {
		return t
	}
	trimmed := *t
	trimmed.History = t.History[len(t.History)-int(*n):]
	return &trimmed
}

// Cancel does CancelTask (§3.1.5). Canceling twice is the same as once; a task that ended otherwise
// cannot be canceled.
func (e *Engine) Cancel(
	ctx context.Context, owner Owner, req *a2a.CancelTaskRequest,
) (*a2a.Task, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	id, p := NewChangeID(), patience{limit: storePatience}
	for range maxRebases {
		rec, err := e.get(ctx, owner, req.ID)
		if err != nil {
			return nil, err
		}
		switch state := rec.Task.Status.State; {
		case state == a2a.TaskStateCanceled:
			return rec.Task, nil
		case state.Terminal():
			return nil, &a2a.Error{Err: a2a.ErrTaskNotCancelable,
				Metadata: map[string]string{"taskId": string(req.ID)}}
		}
		canceled := []a2a.Event{&a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: a2a.TaskStateCanceled}}}
		e.stamp(rec.Task, canceled)
		next, err := e.settle(ctx, rec, Change{ID: id, Events: canceled}, &p)
		switch {
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			return nil, e.fault("cancel", req.ID, err)
		}
		e.stop(req.ID, errCanceled)
		return next.Task, nil
	}
	return nil, e.fault("cancel", req.ID, ErrConflict)
}

// append stores a change, which lacks only the sum, based on a record and tells the streams. The
// events bear their stamps already. Once it has begun, a change is stored whether or not the caller
// is still there: a change that is stored and unknown to the engine would be a task that nobody
// runs.
func (e *Engine) append(ctx context.Context, rec *Record, change Change) (*Record, error) {
	next := *rec
	next.Checkpoint = change.Checkpoint
	if change.Terms != nil {
		next.Terms = change.Terms
	}
	next.Seq += Seq(len(change.Events))
	for _, event := range change.Events {
		next.Task = next.Task.Apply(event)
	}
	change.Task = next.Task
	if err := e.store.Append(context.WithoutCancel(ctx), rec.Task.ID, rec.Seq, change); err != nil {
		if !errors.Is(err, ErrConflict) && !claimed(err) {
			e.feeds.doubt(rec.Task.ID)
			e.changed(rec.Task.ID)
		}
		return nil, err
	}
	if len(change.Events) > 0 {
		e.feeds.publish(rec.Task.ID, rec.Seq, change.Events)
		e.changed(rec.Task.ID)
	}
	return &next, nil
}

// Amend changes holds on behalf of no task, as Store.Amend does; when the store fails, it waits for
// it a while.
func (e *Engine) Amend(ctx context.Context, claims ...Claim) error {
	p, id := patience{limit: storePatience}, NewChangeID()
	for {
		err := e.store.Amend(context.WithoutCancel(ctx), id, claims)
		switch {
		case errors.Is(err, ErrStored):
			return nil
		case err == nil, final(err), claimed(err), !p.wait(ctx):
			return err
		}
	}
}

// Hold returns a hold that is alive, or ErrNotFound; when the store fails, it waits for it a while.
func (e *Engine) Hold(ctx context.Context, key Key) (*Hold, error) {
	p := patience{limit: storePatience}
	for {
		h, err := e.store.Hold(ctx, key)
		if err == nil || final(err) || !p.wait(ctx) {
			return h, err
		}
	}
}

// stamp fills in what events lack. Timestamps never go back within a task, whatever the clock does
// (§4.1.2).
func (e *Engine) stamp(t *a2a.Task, events []a2a.Event) {
	now := wireTime(time.Now())
	if now.Before(t.Status.Timestamp) {
		now = t.Status.Timestamp
	}
	for _, event := range events {
		switch ev := event.(type) {
		case *a2a.TaskStatusUpdateEvent:
			ev.TaskID, ev.ContextID, ev.Status.Timestamp = t.ID, t.ContextID, now
			if m := ev.Status.Message; m != nil {
				m.TaskID, m.ContextID, m.Role = t.ID, t.ContextID, a2a.RoleAgent
				if m.MessageID == "" {
					m.MessageID = a2a.NewMessageID()
				}
			}
		case *a2a.TaskArtifactUpdateEvent:
			ev.TaskID, ev.ContextID = t.ID, t.ContextID
		}
	}
}

// wireTime cuts a time to what the wire carries, so that orders and filters mean the same on both
// sides.
func wireTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
