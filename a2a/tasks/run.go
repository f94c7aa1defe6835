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

// cause is why a turn is run. What it means for a task is decided when the turn has the task to
// itself, from the record as it is then.
type cause uint8

const (
	byMessage cause = iota // a message that is stored
	byDoubt                // a message that is stored or not: the store has failed
	byWake                 // the executor, which has a task waiting
	byResume               // an earlier process, which was at work
)

// turn is one that is to be run.
type turn struct {
	id     a2a.TaskID
	cause  cause
	signal any
}

// due reports whether there is something to do in the turn. A turn that has run meanwhile, of
// whatever cause, has seen all that is stored, and has left the task waiting for somebody; only the
// executor ends such a waiting.
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

// begin starts a turn, unless the agent shuts down: then the task waits in the store for the next
// process.
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

// Wake runs the next turn of a parked task and returns when the turn is over. The executor sees the
// signal in its Turn. Waking a task that has ended, or that another agent runs, does nothing. An
// error says that no turn was run, because the store is out of order or the agent shuts down
// (ErrDraining); the task still waits.
func (e *Engine) Wake(ctx context.Context, id a2a.TaskID, signal any) error {
	if !e.enter() {
		return ErrDraining
	}
	defer e.turns.Done()
	if err := e.run(ctx, turn{id: id, cause: byWake, signal: signal},
		patience{limit: storePatience}); err != nil {
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

// claimTurn makes sure that a task has one turn at a time: it waits for another one to end, or for
// ctx.
func (e *Engine) claimTurn(ctx context.Context, id a2a.TaskID, turn *turnState) error {
	for {
		e.mu.Lock()
		other := e.running[id]
		if other == nil {
			e.running[id] = turn
			e.mu.Unlock()
			return nil
		}
		e.mu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// run lets the executor do one turn and stores its steps. An error says that there was no turn;
// wait ends the reading of the task.
func (e *Engine) run(wait context.Context, t turn, p patience) error {
	ctx, cancel := context.WithCancelCause(e.ctx)
	state := &turnState{cancel: cancel, done: make(chan struct{})}
	if err := e.claimTurn(wait, t.id, state); err != nil {
		cancel(errFinished)
		return err
	}
	defer func() {
		e.mu.Lock()
		delete(e.running, t.id)
		e.mu.Unlock()
		close(state.done)
		cancel(errFinished)
	}()
	// The record is read now and not before: a cancellation is either in it, or comes later and
	// finds the turn in e.running. Without that, a person could be asked for a task that is
	// canceled already.
	rec, err := e.reload(wait, t.id, p)
	switch {
	case context.Cause(e.ctx) != nil:
		return context.Cause(e.ctx)
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case rec.Elsewhere, rec.Task.Status.State.Terminal():
		e.left(t.id)
		return nil
	case !t.due(rec): // perhaps it is parked
		return nil
	}

	parked, err := e.execute(ctx, &rec, t)
	if parked == nil {
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
	case parked != nil:
		e.park(t.id, parked.Value, rec.Checkpoint)
		// a cancellation since the last step has found nothing to unpark
		if context.Cause(ctx) != nil {
			e.unpark(t.id)
		}
	case !settled(rec.Task):
		e.log.Error("a turn ended without an end", "task", t.id, "state", rec.Task.Status.State)
		e.fail(ctx, rec)
	}
	return nil
}

// execute lets the executor do its turn, stores its steps and keeps the record up to date. The turn
// is over when the task has ended, waits for somebody outside, or asks the caller, whose answer
// begins the next one. It returns the step that has parked the task, if one did.
func (e *Engine) execute(ctx context.Context, rec **Record, t turn) (parked *Step, err error) {
	defer func() {
		if r := recover(); r != nil {
			parked, err = nil, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	var stopped error // of Do
	over := false
	turn := &Turn{
		Task: (*rec).Task, Owner: (*rec).Owner, Checkpoint: (*rec).Checkpoint, Signal: t.signal,
		Terms: decodeTerms((*rec).Terms),
	}
	turn.do = func(step Step) error {
		switch {
		case stopped != nil:
			return stopped
		case over:
			return errFinished
		}
		next, err := e.perform(ctx, *rec, step)
		if claimed(err) {
			return err
		}
		if err != nil {
			stopped = err
			return err
		}
		*rec, turn.Task = next, next.Task
		state := next.Task.Status.State
		over = step.Park || state.Terminal() || state == a2a.TaskStateInputRequired
		if step.Park && !state.Terminal() {
			parked = &step
		}
		return nil
	}
	err = e.executor.Execute(ctx, turn)
	switch {
	case stopped != nil:
		return nil, stopped
	case err != nil && !errors.Is(err, errFinished):
		return nil, err
	}
	return parked, nil
}

// perform stores one step of a turn, unless the turn is over for a reason of somebody else's.
func (e *Engine) perform(ctx context.Context, rec *Record, step Step) (*Record, error) {
	if context.Cause(ctx) != nil {
		return nil, context.Cause(ctx)
	}
	if step.empty() {
		return rec, nil
	}
	next, err := e.step(ctx, rec, step)
	if err == nil && step.joins() {
		next, err = e.joined(ctx, next)
	}
	return next, err
}
