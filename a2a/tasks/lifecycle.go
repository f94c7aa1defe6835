package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"staff0/a2a"
)

// releaseTime bounds the giving back of tasks when the agent stops. What is not given back is taken
// when the lease ends.
const releaseTime = 2 * time.Second

// Resume takes over the unfinished tasks that no agent works on: waiting ones wait on, those that
// were at work are run again. It returns how many there were. In a store that several agents share,
// it also begins to follow what the others do, until Shutdown.
func (e *Engine) Resume(ctx context.Context) (int, error) {
	total, err := e.claim(ctx)
	if err != nil {
		return total, fmt.Errorf("claim unfinished tasks: %w", err)
	}
	if e.shared != nil {
		e.shared.once.Do(e.share)
	}
	return total, nil
}

// claim takes over what there is to take over.
func (e *Engine) claim(ctx context.Context) (total int, err error) {
	for !e.isDraining() {
		pending, err := e.store.Claim(ctx, claimBatch)
		switch {
		case e.shared != nil && errors.Is(err, ErrLeaseLost):
			e.forget()
			continue
		case err != nil:
			return total, err
		case len(pending) == 0:
			return total, nil
		}
		total += len(pending)
		for _, p := range pending {
			switch {
			case len(p.Checkpoint) > 0:
				e.park(p.ID, nil, p.Checkpoint)
			case p.State != a2a.TaskStateInputRequired: // those wait for the caller
				e.begin(turn{id: p.ID, cause: byResume})
			}
		}
	}
	return total, nil
}

// Drain is the first half of a shutdown: messages are refused with a2a.ErrUnavailable, streams end
// with ErrDraining and blocking calls with the task as it stands, so that clients go on at another
// agent, and nothing is claimed any more. Turns go on, and so does Wake: what the executor has in
// hand can be stored.
func (e *Engine) Drain() { e.endStreams(ErrDraining) }

func (e *Engine) isDraining() bool { return e.streams.Err() != nil }

// enter counts a turn in, unless the engine has stopped.
func (e *Engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return false
	}
	e.turns.Add(1)
	return true
}

// Shutdown ends all work: it drains, no turn begins any more, turns under way are interrupted
// before their next step, but for one that holds a checkpoint of what was begun outside. It waits
// for them until ctx ends. What was stored is taken up by Resume in the next process, or at once by
// another agent on the same store.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.Drain()
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	e.cancel(ErrDraining)
	if e.shared != nil {
		defer e.release(ctx)
	}
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

// release gives back what this agent has. Turns that are still under way cannot store anything
// after that.
func (e *Engine) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if err := e.shared.store.Release(ctx); err != nil {
		e.log.Warn("the tasks of this agent were not given back; another one takes them when the "+
			"lease has ended", "error", err)
	}
}
