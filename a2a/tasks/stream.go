package tasks

import (
	"context"
	"iter"
	"slices"

	"staff0/a2a"
)

// Told is an entry as a stream tells it. More says that the next one is there already, so whoever
// passes them on may do it together.
type Told struct {
	Entry
	More bool
}

// Stream does SendStreamingMessage (§3.1.2): the task, then every event until it has ended. It also
// ends when the task asks the caller for input, for nothing can come before the caller's answer; it
// stays open while somebody else is awaited (§7.6.1).
func (e *Engine) Stream(
	ctx context.Context, owner Owner, req *a2a.SendMessageRequest,
) iter.Seq2[Told, error] {
	return func(yield func(Told, error) bool) {
		a, err := e.accept(ctx, owner, req)
		switch {
		case err != nil:
			yield(Told{}, err)
			return
		case a.reply != nil: // the one event of the stream (§3.1.2)
			yield(Told{Entry: Entry{Event: a.reply}}, nil)
			return
		}
		defer e.feeds.close(a.cursor)
		s := a.task.Status.State
		// A new task is followed by the opening of its turn, which was stored with it.
		if !yield(Told{Entry{a.cursor.after, a.task}, s == a2a.TaskStateSubmitted}, nil) {
			return
		}
		if !s.Terminal() && s != a2a.TaskStateInputRequired {
			e.follow(ctx, a.cursor, true, yield)
		}
	}
}

// Subscribe does SubscribeToTask (§3.1.6): the task as it is now, then every event until it has
// ended, whatever it waits for.
func (e *Engine) Subscribe(
	ctx context.Context, owner Owner, req *a2a.SubscribeToTaskRequest,
) iter.Seq2[Told, error] {
	return func(yield func(Told, error) bool) {
		if err := req.Validate(); err != nil {
			yield(Told{}, err)
			return
		}
		c := e.feeds.open(req.ID)
		defer e.feeds.close(c)
		rec, err := e.get(ctx, owner, req.ID)
		if err == nil && rec.Task.Status.State.Terminal() {
			err = &a2a.Error{Err: a2a.ErrUnsupportedOperation,
				Message: "The task has ended: use GetTask"}
		}
		if err != nil {
			yield(Told{}, err)
			return
		}
		c.after = rec.Seq
		if yield(Told{Entry{rec.Seq, rec.Task}, false}, nil) {
			e.follow(ctx, c, false, yield)
		}
	}
}

// follow yields the entries after the cursor until one ends the stream.
func (e *Engine) follow(
	ctx context.Context, c *cursor, untilInput bool, yield func(Told, error) bool,
) {
	for {
		entries, err := e.next(ctx, c)
		if err != nil {
			yield(Told{}, err)
			return
		}
		// What a caller adds is in the history; a stream of a task has no messages (§3.1.2).
		entries = slices.DeleteFunc(slices.Clone(entries), func(entry Entry) bool {
			return isMessage(entry.Event)
		})
		for i, entry := range entries {
			if !yield(Told{entry, i+1 < len(entries)}, nil) {
				return
			}
			if u, ok := entry.Event.(*a2a.TaskStatusUpdateEvent); ok {
				if s := u.Status.State; s.Terminal() || untilInput &&
					s == a2a.TaskStateInputRequired {
					return
				}
			}
		}
	}
}

func isMessage(event a2a.Event) bool {
	_, ok := event.(*a2a.Message)
	return ok
}

// next waits for the entries after the cursor and moves it behind them; there is at least one. Who
// has left is told so, whatever there is.
func (e *Engine) next(ctx context.Context, c *cursor) ([]Entry, error) {
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
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
