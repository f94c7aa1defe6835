package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"staff0/a2a"
)

// How long is waited for a store that is out of order, and how often it is tried.
const (
	storePatience  = 5 * time.Second // with a step; then the task fails
	firstStoreWait = 50 * time.Millisecond
	lastStoreWait  = 2 * time.Second
)

// patience spaces the attempts at a store that is out of order, each wait twice as long as the one
// before.
type patience struct {
	limit time.Duration // of all waits together; 0 is none
	next  time.Duration
	spent time.Duration
}

// wait reports whether it is time for another attempt; it is not when the limit is reached or ctx
// has ended.
func (p *patience) wait(ctx context.Context) bool {
	p.next = min(max(firstStoreWait, 2*p.next), lastStoreWait)
	if p.limit > 0 && p.spent+p.next > p.limit {
		return false
	}
	p.spent += p.next
	t := time.NewTimer(p.next)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// final reports whether trying again cannot help.
func final(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrLeaseLost) || errors.Is(err, ErrClosed)
}

// reload reads a record, trying again while the store is out of order.
func (e *Engine) reload(ctx context.Context, id a2a.TaskID, p patience) (*Record, error) {
	for {
		rec, err := e.store.Get(ctx, id)
		switch {
		case err == nil, final(err):
			return rec, err
		case !p.wait(ctx):
			return nil, cmp.Or(context.Cause(ctx), err)
		}
	}
}

// step stores one step. When the caller has added a message meanwhile, the step is stored after it;
// when the task has ended meanwhile, the late step loses (topics/life-of-a-task). When the store
// fails, the step waits for it a while.
func (e *Engine) step(ctx context.Context, rec *Record, step Step) (*Record, error) {
	p := patience{limit: storePatience}
	id := NewChangeID()
	for range maxRebases {
		if err := allowed(rec.Task.Status.State, step.Events); err != nil {
			return nil, err
		}
		e.stamp(rec.Task, step.Events)
		next, err := e.settle(ctx, rec, Change{
			ID: id, Events: step.Events, Checkpoint: step.checkpoint(rec), Claims: step.Claims,
			Run: true,
		}, &p)
		if !errors.Is(err, ErrConflict) {
			return next, err
		}
		if rec, err = e.reload(ctx, rec.Task.ID, p); err != nil {
			return nil, err
		}
		if rec.Task.Status.State.Terminal() {
			return nil, errCanceled
		}
	}
	return nil, ErrConflict
}

// settle stores a change based on a record, trying again while it is not known whether an attempt
// has stored it. ErrConflict and a *ClaimError say that it was not.
func (e *Engine) settle(
	ctx context.Context, rec *Record, change Change, p *patience,
) (*Record, error) {
	for {
		next, err := e.append(ctx, rec, change)
		switch {
		case errors.Is(err, ErrStored):
			return e.reload(ctx, rec.Task.ID, *p)
		case err == nil, final(err), claimed(err), errors.Is(err, ErrConflict):
			return next, err
		case !p.wait(ctx):
			return nil, err
		}
	}
}

// claimed reports whether a change was not stored because of one of its claims.
func claimed(err error) bool {
	_, ok := errors.AsType[*ClaimError](err)
	return ok
}

// checkpoint is the one to be stored with the step.
func (s *Step) checkpoint(rec *Record) []byte {
	c := rec.Checkpoint
	if s.Checkpoint != nil || ends(s.Events) || asks(s.Events) {
		c = s.Checkpoint
	}
	if len(c) == 0 {
		return nil
	}
	return c
}

// empty reports whether there is nothing to store.
func (s *Step) empty() bool {
	return len(s.Events) == 0 && s.Checkpoint == nil && len(s.Claims) == 0
}

// joins reports whether the task takes part in what others have begun.
func (s *Step) joins() bool {
	return slices.ContainsFunc(s.Claims, func(c Claim) bool { return c.Kind == Join })
}

// ends reports whether a task is over after the events.
func ends(events []a2a.Event) bool { return lastState(events).Terminal() }

// asks reports whether the caller is asked.
func asks(events []a2a.Event) bool { return lastState(events) == a2a.TaskStateInputRequired }

// lastState is the state after the events, unspecified if they leave it.
func lastState(events []a2a.Event) a2a.TaskState {
	for _, event := range slices.Backward(events) {
		if u, ok := event.(*a2a.TaskStatusUpdateEvent); ok {
			return u.Status.State
		}
	}
	return a2a.TaskStateUnspecified
}

// allowed checks the steps of an executor against the table of states. Breaking it is a bug, and
// the task fails rather than lies.
func allowed(from a2a.TaskState, events []a2a.Event) error {
	for _, event := range events {
		switch ev := event.(type) {
		case *a2a.TaskStatusUpdateEvent:
			if !mayFollow(from, ev.Status.State) {
				return fmt.Errorf("state %v may not follow %v", ev.Status.State, from)
			}
			from = ev.Status.State
		case *a2a.TaskArtifactUpdateEvent:
			switch {
			case from.Terminal():
				return fmt.Errorf("an artifact may not follow %v", from)
			case ev.Artifact == nil:
				return errors.New("an artifact update must have an artifact")
			}
		default:
			return fmt.Errorf("an executor may not send %T", event)
		}
	}
	return nil
}

// FailedText is what a caller reads when a task ends because of a fault of the agent.
const FailedText = "The request could not be processed at the moment. Please try again."

// fail ends a task whose turn went wrong, and waits for the store as long as it takes: until then
// nobody else would end it. When the agent stops before, the next process runs the task again.
func (e *Engine) fail(ctx context.Context, rec *Record) {
	p, id := patience{}, NewChangeID()
	for {
		failed := []a2a.Event{&a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{
			State:   a2a.TaskStateFailed,
			Message: &a2a.Message{Parts: []a2a.Part{a2a.TextPart(FailedText)}},
		}}}
		e.stamp(rec.Task, failed)
		_, err := e.append(ctx, rec, Change{ID: id, Events: failed, Run: true})
		if err == nil || final(err) || errors.Is(err, ErrStored) {
			return
		}
		if !errors.Is(err, ErrConflict) {
			e.log.Error("a failed task could not be ended; trying again", "task", rec.Task.ID,
				"error", err)
		}
		if !p.wait(ctx) {
			return
		}
		if rec, err = e.reload(ctx, rec.Task.ID, p); err != nil ||
			rec.Task.Status.State.Terminal() {
			return
		}
	}
}
