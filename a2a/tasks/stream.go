package tasks

import (
	"context"
	"iter"

	"staff0/a2a"
)

// Stream does SendStreamingMessage (§3.1.2): the task, then every event until it has ended. It also ends when the task asks the caller for
// input, for nothing can come before the caller's answer; it stays open while somebody else is awaited (§7.6.1).
func (e *Engine) Stream(ctx context.Context, owner Owner, req *a2a.SendMessageRequest) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		a, err := e.accept(ctx, owner, req)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer e.feeds.close(a.cursor)
		if !yield(Entry{a.cursor.after, a.task}, nil) {
			return
		}
		if s := a.task.Status.State; !s.Terminal() && s != a2a.TaskStateInputRequired {
			e.follow(ctx, a.cursor, true, yield)
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
		c := e.feeds.open(req.ID)
		defer e.feeds.close(c)
		rec, err := e.get(ctx, owner, req.ID)
		if err == nil && rec.Task.Status.State.Terminal() {
			err = &a2a.Error{Err: a2a.ErrUnsupportedOperation, Message: "The task has ended: use GetTask"}
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		c.after = rec.Seq
		if yield(Entry{rec.Seq, rec.Task}, nil) {
			e.follow(ctx, c, false, yield)
		}
	}
}

// follow yields the entries after the cursor until one ends the stream.
func (e *Engine) follow(ctx context.Context, c *cursor, untilInput bool, yield func(Entry, error) bool) {
	for {
		entries, err := e.next(ctx, c)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, entry := range entries {
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

// next waits for the entries after the cursor and moves it behind them; there is at least one.
func (e *Engine) next(ctx context.Context, c *cursor) ([]Entry, error) {
	for {
		entries, changed, ok := e.feeds.since(c)
		if !ok {
			var err error
			if entries, err = e.store.Events(ctx, c.fd.id, c.after); err != nil {
				return nil, e.fault("read events", c.fd.id, err)
			}
		}
		if n := len(entries); n > 0 {
			c.after = entries[n-1].Seq
			return entries, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-e.streams.Done():
			return nil, draining()
		}
	}
}

// draining is ErrDraining as a caller is told of it.
func draining() error { return &a2a.Error{Err: a2a.ErrUnavailable, Cause: ErrDraining} }
