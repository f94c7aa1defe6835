package tasks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"staff0/a2a"
)

var (
	errCanceled = errors.New("the task was canceled")
	errFinished = errors.New("the turn is over")
)

// storeRetries bounds how long the end of a turn is kept in memory while the store is out of order.
const (
	storeRetries   = 8
	storeRetryWait = 250 * time.Millisecond
)

// begin starts a turn, unless the agent shuts down: then the task waits in the store for the next process.
func (e *Engine) begin(rec *Record, modes []string, signal any) {
	if !e.enter() {
		return
	}
	go func() {
		defer e.turns.Done()
		e.run(rec, modes, signal)
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
	rec, err := e.reload(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("wake a task: %w", err)
	case !rec.Task.Status.State.Terminal():
		e.run(rec, nil, signal)
	}
	return nil
}

// enter counts a turn in, unless the engine is shutting down.
func (e *Engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return false
	}
	e.turns.Add(1)
	return true
}

func (e *Engine) isDraining() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.draining
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
	e.executor.Unpark(id)
}

// claimTurn makes sure that a task has one turn at a time. It reports whether it had to wait for another one to end.
func (e *Engine) claimTurn(id a2a.TaskID, turn *turnState) (waited bool) {
	for {
		e.mu.Lock()
		other := e.running[id]
		if other == nil {
			e.running[id] = turn
			e.mu.Unlock()
			return waited
		}
		e.mu.Unlock()
		<-other.done
		waited = true
	}
}

// run lets the executor do one turn and stores its steps.
func (e *Engine) run(rec *Record, modes []string, signal any) {
	id := rec.Task.ID
	ctx, cancel := context.WithCancelCause(e.ctx)
	turn := &turnState{cancel: cancel, done: make(chan struct{})}
	waited := e.claimTurn(id, turn)
	defer func() {
		e.mu.Lock()
		delete(e.running, id)
		e.mu.Unlock()
		close(turn.done)
		cancel(errFinished)
	}()
	if waited {
		now, err := e.reload(ctx, id)
		if err != nil || now.Task.Status.State.Terminal() {
			return
		}
		rec = now
	}

	parked, err := e.steps(ctx, &rec, modes, signal)
	switch {
	case context.Cause(ctx) != nil:
		// Canceled or shutting down: whoever did that has said what there is to say.
	case errors.Is(err, ErrLeaseLost), errors.Is(err, errCanceled):
		e.executor.Unpark(id)
	case err != nil:
		e.log.Error("a turn failed", "task", id, "error", err)
		e.fail(rec)
	case parked:
		e.executor.Park(id, rec.Checkpoint)
		if context.Cause(ctx) != nil { // a cancellation since the last step has found nothing to unpark
			e.executor.Unpark(id)
		}
	case !settled(rec.Task):
		e.log.Error("a turn ended without an end", "task", id, "state", rec.Task.Status.State)
		e.fail(rec)
	}
}

// steps stores the steps of a turn as they come and keeps the record up to date.
func (e *Engine) steps(ctx context.Context, rec **Record, modes []string, signal any) (parked bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	turn := &Turn{Task: (*rec).Task, Owner: (*rec).Owner, Checkpoint: (*rec).Checkpoint, Signal: signal, AcceptedOutputModes: modes}
	for step, err := range e.executor.Execute(ctx, turn) {
		if err != nil {
			return false, err
		}
		if context.Cause(ctx) != nil {
			return false, context.Cause(ctx)
		}
		next, err := e.step(ctx, *rec, step)
		if err != nil {
			return false, err
		}
		*rec = next
		if step.Park || next.Task.Status.State.Terminal() {
			return step.Park && !next.Task.Status.State.Terminal(), nil
		}
	}
	return false, nil
}

// step stores one step. When the caller has added a message meanwhile, the step is stored after it; when the task has ended meanwhile, the late
// step loses (topics/life-of-a-task).
func (e *Engine) step(ctx context.Context, rec *Record, step Step) (*Record, error) {
	for range maxRebases {
		if err := allowed(rec.Task.Status.State, step.Events); err != nil {
			return nil, err
		}
		checkpoint := rec.Checkpoint
		if step.Checkpoint != nil || ends(step.Events) {
			checkpoint = step.Checkpoint
		}
		if len(checkpoint) == 0 {
			checkpoint = nil
		}
		next, err := e.append(ctx, rec, step.Events, checkpoint, true)
		if !errors.Is(err, ErrConflict) {
			return next, err
		}
		if rec, err = e.reload(ctx, rec.Task.ID); err != nil {
			return nil, err
		}
		if rec.Task.Status.State.Terminal() {
			return nil, errCanceled
		}
	}
	return nil, ErrConflict
}

// ends reports whether a task is over after the events.
func ends(events []a2a.Event) bool {
	for _, event := range events {
		if u, ok := event.(*a2a.TaskStatusUpdateEvent); ok && u.Status.State.Terminal() {
			return true
		}
	}
	return false
}

// reload reads a record, trying again while the store is out of order.
func (e *Engine) reload(ctx context.Context, id a2a.TaskID) (rec *Record, err error) {
	for range storeRetries {
		if rec, err = e.store.Get(ctx, id); err == nil || errors.Is(err, ErrNotFound) {
			return rec, err
		}
		select {
		case <-time.After(storeRetryWait):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, err
}

// allowed checks the steps of an executor against the table of states. Breaking it is a bug, and the task fails rather than lies.
func allowed(from a2a.TaskState, events []a2a.Event) error {
	for _, event := range events {
		switch ev := event.(type) {
		case *a2a.TaskStatusUpdateEvent:
			if !mayFollow(from, ev.Status.State) {
				return fmt.Errorf("state %v may not follow %v", ev.Status.State, from)
			}
			from = ev.Status.State
		case *a2a.TaskArtifactUpdateEvent:
			if from.Terminal() {
				return fmt.Errorf("an artifact may not follow %v", from)
			}
		default:
			return fmt.Errorf("an executor may not send %T", event)
		}
	}
	return nil
}

// FailedText is what a caller reads when a task ends because of a fault of the agent.
const FailedText = "The request could not be processed at the moment. Please try again."

// fail ends a task whose turn went wrong. If not even that can be stored, the task stays as it is and the next process runs it again.
func (e *Engine) fail(rec *Record) {
	var err error
	for range storeRetries {
		failed := &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{
			State:   a2a.TaskStateFailed,
			Message: &a2a.Message{Parts: []a2a.Part{a2a.TextPart(FailedText)}},
		}}
		if _, err = e.append(e.ctx, rec, []a2a.Event{failed}, nil, true); err == nil {
			return
		}
		if errors.Is(err, ErrLeaseLost) {
			return
		}
		if now, err := e.reload(e.ctx, rec.Task.ID); err == nil {
			rec = now
		}
		if rec.Task.Status.State.Terminal() {
			return
		}
		select {
		case <-time.After(storeRetryWait):
		case <-e.ctx.Done():
			return
		}
	}
	e.log.Error("a failed task could not be ended", "task", rec.Task.ID, "error", err)
}

// Resume takes over the unfinished tasks that no agent works on: waiting ones wait on, those that were at work are run again. It returns how
// many there were.
func (e *Engine) Resume(ctx context.Context) (int, error) {
	total := 0
	for {
		pending, err := e.store.Claim(ctx, claimBatch)
		if err != nil {
			return total, fmt.Errorf("claim unfinished tasks: %w", err)
		}
		if len(pending) == 0 {
			return total, nil
		}
		total += len(pending)
		for _, p := range pending {
			switch {
			case len(p.Checkpoint) > 0:
				e.executor.Park(p.ID, p.Checkpoint)
			case p.State != a2a.TaskStateInputRequired:
				rec, err := e.store.Get(ctx, p.ID)
				if err != nil {
					return total, fmt.Errorf("read an unfinished task: %w", err)
				}
				e.begin(rec, nil, nil)
			}
		}
	}
}

// Shutdown ends all work: no turn begins any more, streams end with ErrDraining, turns under way are interrupted before their next step. It
// waits for them until ctx ends. What was stored is taken up by Resume in the next process.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.draining = true
	e.mu.Unlock()
	e.cancel(ErrDraining)
	done := make(chan struct{})
	go func() {
		e.turns.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
