package tasks

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"staff0/a2a"
)

// DefaultRepeatWindow is how long a repeated message answers with the task of its first sending (§3.3.1).
const DefaultRepeatWindow = 10 * time.Minute

const (
	claimBatch = 1000 // tasks taken over at a time
	maxRebases = 100  // times that one change is tried again because somebody else was faster
)

// ErrDraining ends streams when the agent shuts down. The task goes on; a client subscribes to it again, here or at another agent.
var ErrDraining = errors.New("the agent is shutting down")

// Config is what an Engine is made of.
type Config struct {
	Store    Store
	Executor Executor
	// InputModes are the media types of parts that are taken (§3.1.1).
	InputModes []string
	// Opening is the text of the WORKING status with which every turn begins that a message has caused. It is stored together with the
	// message, so a caller never sees its message accepted and the task still waiting for it.
	Opening string
	// RepeatWindow is the time in which the same message of the same caller is the same task; 0 makes every message a task of its own.
	RepeatWindow time.Duration
	Log          *slog.Logger
}

// Engine runs tasks: it takes the operations of the protocol from any binding, lets the executor work, stores every step before it tells
// anybody of it, and serves streams from the log. Every operation takes the caller, and what is not the caller's is not found (§13.1).
type Engine struct {
	store    Store
	executor Executor
	modes    []string
	opening  string
	window   time.Duration
	log      *slog.Logger
	feeds    feeds

	ctx    context.Context // of all turns
	cancel context.CancelCauseFunc
	turns  sync.WaitGroup

	mu       sync.Mutex
	draining bool
	running  map[a2a.TaskID]*turnState
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
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		store: c.Store, executor: c.Executor, modes: c.InputModes, opening: c.Opening, window: c.RepeatWindow, log: c.Log,
		running: map[a2a.TaskID]*turnState{},
	}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	return e, nil
}

// Send does SendMessage (§3.1.1): it answers when the task has ended or waits for somebody (§3.2.2), or at once if the caller wants that.
func (e *Engine) Send(ctx context.Context, owner Owner, req *a2a.SendMessageRequest) (a2a.Event, error) {
	conf := req.Configuration
	if conf == nil {
		conf = &a2a.SendMessageConfiguration{}
	}
	a, err := e.accept(ctx, owner, req)
	if err != nil {
		return nil, err
	}
	fd := e.feeds.open(a.task.ID)
	defer e.feeds.close(fd)
	a.begin()
	task, seq := a.task, a.seq
	for !conf.ReturnImmediately && !settled(task) {
		entries, err := e.next(ctx, fd, seq)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			task, seq = task.Apply(entry.Event), entry.Seq
		}
	}
	return trimHistory(task, conf.HistoryLength), nil
}

// settled reports whether a blocking call returns with the task (§3.2.2).
func settled(t *a2a.Task) bool { return t.Status.State.Terminal() || t.Status.State.Interrupted() }

// Stream does SendStreamingMessage (§3.1.2): the task, then every event until it has ended. It also ends when the task asks the caller for
// input, for nothing can come before the caller's answer; it stays open while somebody else is awaited (§7.6.1).
func (e *Engine) Stream(ctx context.Context, owner Owner, req *a2a.SendMessageRequest) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		a, err := e.accept(ctx, owner, req)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		fd := e.feeds.open(a.task.ID)
		defer e.feeds.close(fd)
		a.begin()
		if !yield(Entry{a.seq, a.task}, nil) {
			return
		}
		if s := a.task.Status.State; !s.Terminal() && s != a2a.TaskStateInputRequired {
			e.follow(ctx, fd, a.seq, true, yield)
		}
	}
}

// Subscribe does SubscribeToTask (§3.1.6): the task as it is now, then every event until it has ended, whatever it waits for.
func (e *Engine) Subscribe(ctx context.Context, owner Owner, req *a2a.SubscribeToTaskRequest) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := req.Validate(); err != nil {
			yield(Entry{}, err)
			return
		}
		fd := e.feeds.open(req.ID)
		defer e.feeds.close(fd)
		rec, err := e.get(ctx, owner, req.ID)
		if err == nil && rec.Task.Status.State.Terminal() {
			err = &a2a.Error{Err: a2a.ErrUnsupportedOperation, Message: "The task has ended: use GetTask"}
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if yield(Entry{rec.Seq, rec.Task}, nil) {
			e.follow(ctx, fd, rec.Seq, false, yield)
		}
	}
}

// follow yields the entries after a sequence number until one ends the stream.
func (e *Engine) follow(ctx context.Context, fd *feed, after Seq, untilInput bool, yield func(Entry, error) bool) {
	for {
		entries, err := e.next(ctx, fd, after)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, entry := range entries {
			after = entry.Seq
			if _, ok := entry.Event.(*a2a.Message); ok {
				continue // what a caller adds is in the history; a stream of a task has no messages (§3.1.2)
			}
			if !yield(entry, nil) {
				return
			}
			if u, ok := entry.Event.(*a2a.TaskStatusUpdateEvent); ok {
				if s := u.Status.State; s.Terminal() || untilInput && s == a2a.TaskStateInputRequired {
					return
				}
			}
		}
	}
}

// next waits for the entries after a sequence number; there is at least one.
func (e *Engine) next(ctx context.Context, fd *feed, after Seq) ([]Entry, error) {
	for {
		entries, changed, ok := e.feeds.since(fd, after)
		if !ok {
			var err error
			if entries, err = e.store.Events(ctx, fd.id, after); err != nil {
				return nil, e.fault("read events", fd.id, err)
			}
		}
		if len(entries) > 0 {
			return entries, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-e.ctx.Done():
			return nil, ErrDraining
		}
	}
}

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

// get gives a task of the owner. One of somebody else is not found, with the very words of one that does not exist (§3.3.2).
func (e *Engine) get(ctx context.Context, owner Owner, id a2a.TaskID) (*Record, error) {
	rec, err := e.store.Get(ctx, id)
	switch {
	case err == nil && rec.Owner == owner:
		return rec, nil
	case err == nil, errors.Is(err, ErrNotFound):
		return nil, &a2a.Error{Err: a2a.ErrTaskNotFound, Metadata: map[string]string{"taskId": string(id)}}
	}
	return nil, e.fault("read the task", id, err)
}

// fault is what a caller learns of a store that fails.
func (e *Engine) fault(doing string, id a2a.TaskID, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e.log.Error("the task store failed", "doing", doing, "task", id, "error", err)
	return &a2a.Error{Err: a2a.ErrInternal, Cause: fmt.Errorf("%s: %w", doing, err)}
}

// trimHistory gives the task with at most n messages of history, the newest ones (§3.2.4); nil is all of them.
func trimHistory(t *a2a.Task, n *int32) *a2a.Task {
	if n == nil || int(*n) >= len(t.History) {
		return t
	}
	trimmed := *t
	trimmed.History = t.History[len(t.History)-int(*n):]
	return &trimmed
}

// Cancel does CancelTask (§3.1.5). Canceling twice is the same as once; a task that ended otherwise cannot be canceled.
func (e *Engine) Cancel(ctx context.Context, owner Owner, req *a2a.CancelTaskRequest) (*a2a.Task, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	for range maxRebases {
		rec, err := e.get(ctx, owner, req.ID)
		if err != nil {
			return nil, err
		}
		switch state := rec.Task.Status.State; {
		case state == a2a.TaskStateCanceled:
			return rec.Task, nil
		case state.Terminal():
			return nil, &a2a.Error{Err: a2a.ErrTaskNotCancelable, Metadata: map[string]string{"taskId": string(req.ID)}}
		}
		canceled := &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: a2a.TaskStateCanceled}}
		next, err := e.append(ctx, rec, []a2a.Event{canceled}, nil, false)
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

// append stores a change based on a record and tells the streams.
func (e *Engine) append(ctx context.Context, rec *Record, events []a2a.Event, checkpoint []byte, run bool) (*Record, error) {
	next := *rec
	next.Checkpoint = checkpoint
	next.Seq += Seq(len(events))
	e.stamp(rec.Task, events)
	for _, event := range events {
		next.Task = next.Task.Apply(event)
	}
	change := Change{Events: events, Task: next.Task, Checkpoint: next.Checkpoint, Run: run}
	if err := e.store.Append(ctx, rec.Task.ID, rec.Seq, change); err != nil {
		return nil, err
	}
	e.feeds.publish(rec.Task.ID, rec.Seq, events)
	return &next, nil
}

// stamp fills in what events lack. Timestamps never go back within a task, whatever the clock does (§4.1.2).
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

// wireTime cuts a time to what the wire carries, so that orders and filters mean the same on both sides.
func wireTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
