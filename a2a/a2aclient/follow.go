package a2aclient

import (
	"context"
	"errors"
	"iter"
	"time"

	"staff0/a2a"
)

// The pace of coming back to a task.
const (
	followFirstWait = 500 * time.Millisecond
	followMaxWait   = 10 * time.Second
)

// Follow sends a message and yields all that comes of it until the task has ended or asks for input, whatever happens to connections: once the
// task is known, a cut stream is resumed by subscribing, and an agent that does not stream is asked again and again. A *a2a.Task among the
// events replaces what came before it (§3.1.6).
//
// How long to try is for ctx to say. The message itself is sent once: if the first answer is lost, nobody knows whether the agent has it.
func (c *Client) Follow(ctx context.Context, req *a2a.SendMessageRequest) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		if !c.streams() {
			event, err := c.SendMessage(ctx, req)
			if !yield(event, err) || err != nil {
				return
			}
			if task, ok := event.(*a2a.Task); ok && !over(task.Status.State) {
				c.resume(ctx, task.ID, yield)
			}
			return
		}
		c.follow(ctx, req.Message.TaskID, c.SendStreamingMessage(ctx, req), yield)
	}
}

// Watch yields a task as it is and what comes of it, in the way of Follow.
func (c *Client) Watch(ctx context.Context, id a2a.TaskID) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) { c.resume(ctx, id, yield) }
}

// over reports whether a task needs no more watching: it has ended, or it is the caller's turn.
func over(s a2a.TaskState) bool { return s.Terminal() || s == a2a.TaskStateInputRequired }

// follow passes events on, and resumes when the stream breaks after the task has become known.
func (c *Client) follow(ctx context.Context, id a2a.TaskID, events iter.Seq2[a2a.Event, error], yield func(a2a.Event, error) bool) {
	for event, err := range events {
		if err != nil {
			if id == "" || !temporary(err) || ctx.Err() != nil {
				yield(nil, err)
				return
			}
			c.resume(ctx, id, yield)
			return
		}
		if !yield(event, nil) {
			return
		}
		state, task, ok := stateOf(event)
		if task != "" {
			id = task
		}
		if !ok || over(state) {
			if ok || isMessage(event) {
				return
			}
		}
	}
}

// stateOf is the state that an event tells, and the task it is about.
func stateOf(event a2a.Event) (s a2a.TaskState, id a2a.TaskID, ok bool) {
	switch e := event.(type) {
	case *a2a.Task:
		return e.Status.State, e.ID, true
	case *a2a.TaskStatusUpdateEvent:
		return e.Status.State, e.TaskID, true
	case *a2a.TaskArtifactUpdateEvent:
		return 0, e.TaskID, false
	}
	return 0, "", false
}

func isMessage(event a2a.Event) bool {
	_, ok := event.(*a2a.Message)
	return ok
}

// resume comes back to a task until it is over: by subscribing where the agent streams, else by reading it at a slowing pace. It gives up when
// ctx ends, and on answers that will not change.
func (c *Client) resume(ctx context.Context, id a2a.TaskID, yield func(a2a.Event, error) bool) {
	wait := followFirstWait
	for {
		heard, done, err := c.watchOnce(ctx, id, yield)
		switch {
		case done:
			return
		case ctx.Err() != nil:
			yield(nil, context.Cause(ctx))
			return
		case err != nil && !temporary(err):
			yield(nil, err)
			return
		}
		if heard {
			wait = followFirstWait
		}
		if err := sleep(ctx, wait); err != nil {
			yield(nil, err)
			return
		}
		wait = min(2*wait, followMaxWait)
	}
}

// watchOnce subscribes once, or reads the task once. Done says that nothing more is to come, or that the reader has had enough; heard, that
// the agent was there.
func (c *Client) watchOnce(ctx context.Context, id a2a.TaskID, yield func(a2a.Event, error) bool) (heard, done bool, err error) {
	if c.streams() {
		for event, err := range c.SubscribeToTask(ctx, &a2a.SubscribeToTaskRequest{ID: id}) {
			if errors.Is(err, a2a.ErrUnsupportedOperation) {
				break // the task has ended (§3.1.6): read it
			}
			if err != nil {
				return heard, false, err
			}
			heard = true
			if !yield(event, nil) {
				return true, true, nil
			}
			if state, _, ok := stateOf(event); ok && over(state) {
				return true, true, nil
			}
		}
		if heard {
			return true, false, ErrCut
		}
	}
	task, err := c.GetTask(ctx, &a2a.GetTaskRequest{ID: id})
	if err != nil {
		return false, false, err
	}
	return false, !yield(task, nil) || over(task.Status.State), nil
}
