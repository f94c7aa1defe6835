package tasks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"staff0/a2a"
)

var (
	errCanceled = errors.New("the task was canceled")
	errFinished = errors.New("the turn is over")
)

// cause is why a turn is run. What it means for a task is decided when the turn has the task to itself, from the record as it is then.
type cause uint8

const (
	byMessage cause = iota // a message that is stored
	byDoubt                // a message that is stored or not: the store has failed
	byWake                 // the executor, which has a task waiting
	byResume               // an earlier process, which was at work
)

// turn is one that is to be run.
type turn struct {
	id    a2a.TaskID
	cause cause
	modes []string
	// extensions are the URIs of those that the message has activated
	extensions []string
	signal     any
}

// due reports whether there is something to do in the turn. A turn that has run meanwhile, of whatever cause, has seen all that is stored, and has
// left the task waiting for somebody; only the executor ends such a waiting.
func (t *turn) due(r *Record) bool {
	state := r.Task.Status.State
	switch {
	case state.Terminal():
		return false
	case t.cause == byWake:
		return true
	case t.cause == byResume && state == a2a.TaskStateAuthRequired:
		return len(r.Checkpoint) == 0 // it waited for something that cannot be waited for again
	}
	return !state.Interrupted() && len(r.Checkpoint) == 0
}

// begin starts a turn, unless the agent shuts down: then the task waits in the store for the next process.
func (e *Engine) begin(t turn) {
	if !e.enter() {
		return
	}
	go func() {
		defer e.turns.Done()
		p := patience{}
		if t.cause == byDoubt {
			p.limit = storePatience
		}
		if err := e.run(e.ctx, t, p); err != nil && context.Cause(e.ctx) == nil {
			e.log.Error("a turn could not begin", "task", t.id, "error", err)
		}
	}()
}

// Wake runs the next turn of a parked task and returns when the turn is over. The executor sees the signal in its Turn. Waking a task that has
// ended, or that another agent runs, does nothing. An error says that no turn was run, because the store is out of order or the agent shuts
// down (ErrDraining); the task still waits.
func (e *Engine) Wake(ctx context.Context, id a2a.TaskID, signal any) error {
	if !e.enter() {
		return ErrDraining
	}
	defer e.turns.Done()
	if err := e.run(ctx, turn{id: id, cause: byWake, signal: signal}, patience{limit: storePatience}); err != nil {
		return fmt.Errorf("wake a task: %w", err)
	}
	return nil
}

// turnState is a turn under way in this process.
type turnState struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// stop ends the work on a task in this process.
func (e *Engine) stop(id a2a.TaskID, cause error) {
	e.mu.Lock()
	turn := e.running[id]
	e.mu.Unlock()
	if turn != nil {
		turn.cancel(cause)
	}
	e.unpark(id)
}

// claimTurn makes sure that a task has one turn at a time: it waits for another one to end.
func (e *Engine) claimTurn(id a2a.TaskID, turn *turnState) {
	for {
		e.mu.Lock()
		other := e.running[id]
		if other == nil {
			e.running[id] = turn
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
		<-other.done
	}
}

// run lets the executor do one turn and stores its steps. An error says that there was no turn; wait ends the reading of the task.
func (e *Engine) run(wait context.Context, t turn, p patience) error {
	ctx, cancel := context.WithCancelCause(e.ctx)
	state := &turnState{cancel: cancel, done: make(chan struct{})}
	e.claimTurn(t.id, state)
	defer func() {
		e.mu.Lock()
		delete(e.running, t.id)
		e.mu.Unlock()
		close(state.done)
		cancel(errFinished)
	}()
	// The record is read now and not before: a cancellation is either in it, or comes later and finds the turn in e.running. Without that, a
	// person could be rung for a task that is canceled already.
	rec, err := e.reload(wait, t.id, p)
	switch {
	case context.Cause(e.ctx) != nil:
		return context.Cause(e.ctx)
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case rec.Elsewhere, !t.due(rec):
		e.left(t.id)
		return nil
	}

	parked, err := e.steps(ctx, &rec, t)
	if !parked {
		e.left(t.id)
	}
	switch {
	case context.Cause(ctx) != nil:
		// Canceled or shutting down: whoever did that has said what there is to say.
	case errors.Is(err, ErrLeaseLost), errors.Is(err, errCanceled):
		e.unpark(t.id)
	case err != nil:
		e.log.Error("a turn failed", "task", t.id, "error", err)
		e.fail(ctx, rec)
	case parked:
		e.park(t.id, rec.Checkpoint)
		if context.Cause(ctx) != nil { // a cancellation since the last step has found nothing to unpark
			e.unpark(t.id)
		}
	case !settled(rec.Task):
		e.log.Error("a turn ended without an end", "task", t.id, "state", rec.Task.Status.State)
		e.fail(ctx, rec)
	}
	return nil
}

// steps stores the steps of a turn as they come and keeps the record up to date. The turn is over when the task has ended, waits for somebody
// outside, or asks the caller: his answer begins the next one.
func (e *Engine) steps(ctx context.Context, rec **Record, t turn) (parked bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	turn := &Turn{
		Task: (*rec).Task, Owner: (*rec).Owner, Checkpoint: (*rec).Checkpoint, Signal: t.signal, AcceptedOutputModes: t.modes, Extensions: t.extensions,
		store: e.store,
	}
	for step, err := range e.executor.Execute(ctx, turn) {
		if err != nil {
			return false, err
		}
		if context.Cause(ctx) != nil && !step.outside() {
			return false, context.Cause(ctx)
		}
		next := *rec
		if !step.empty() {
			next, err = e.step(ctx, *rec, step)
		}
		if turn.Refused = nil; refused(err) {
			turn.Refused = err
			continue
		}
		if err == nil && step.Prompt != nil && step.Prompt.Join {
			next, err = e.joined(ctx, next)
		}
		if err != nil {
			return false, err
		}
		*rec = next
		switch state := next.Task.Status.State; {
		case state.Terminal():
			return false, nil
		case step.Park, state == a2a.TaskStateInputRequired:
			return step.Park, nil
		}
	}
	return false, nil
}

// empty reports whether there is nothing to store.
func (s *Step) empty() bool { return len(s.Events) == 0 && s.Checkpoint == nil && s.Prompt == nil }

// outside reports whether the step holds what somebody outside has been made to do, such as a person who was rung: it is stored even when the
// agent stops, or the next process would do it again. An end is not: it may come of the stopping itself.
func (s *Step) outside() bool { return len(s.Checkpoint) > 0 && !ends(s.Events) }
