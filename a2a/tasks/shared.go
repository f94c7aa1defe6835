package tasks

import (
	"context"
	"sync"
	"time"

	"staff0/a2a"
)

// Shared is a Store that several agents use at once. Each holds a lease on the tasks that it runs, and whoever dies loses it.
type Shared interface {
	Store
	// Follow tells what other agents do, one piece of news after the other, until ctx ends. Whatever is stored by others after it has begun is
	// told, perhaps more than once and perhaps only as News without a task.
	Follow(ctx context.Context, tell func(News))
	// ClaimEvery is the time between two claims when there is no news of one.
	ClaimEvery() time.Duration
	// Release gives back all that this agent holds, so that another one claims it at once. After it nothing is created or run here.
	Release(ctx context.Context) error
}

// News is what another agent has done.
type News struct {
	Task  a2a.TaskID // has changed; empty when any task may have
	Ended bool       // the task has
	Claim bool       // there is something to claim, if only the loss of what this agent had
}

// sharing is what an engine knows of its part in a shared store.
type sharing struct {
	store Shared
	kick  chan struct{} // there is something to claim
	once  sync.Once

	mu     sync.Mutex
	parked map[a2a.TaskID]struct{} // what the executor waits for
}

func newSharing(s Shared) *sharing {
	return &sharing{store: s, kick: make(chan struct{}, 1), parked: map[a2a.TaskID]struct{}{}}
}

// share follows the other agents and claims what they leave, in the background, until the engine stops.
func (e *Engine) share() {
	go e.shared.store.Follow(e.ctx, e.hear)
	go func() {
		tick := time.NewTicker(e.shared.store.ClaimEvery())
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-e.shared.kick:
			case <-e.ctx.Done():
				return
			}
			n, err := e.claim(e.ctx)
			switch {
			case err != nil && e.ctx.Err() == nil:
				e.log.Warn("nothing can be claimed at present; trying again", "error", err)
			case n > 0:
				e.log.Info("tasks were taken over", "tasks", n)
			}
		}
	}()
}

// hear takes in news.
func (e *Engine) hear(n News) {
	switch {
	case n.Task != "":
		e.feeds.doubt(n.Task)
		e.changed(n.Task)
		if n.Ended {
			e.stop(n.Task, errCanceled)
		}
	case !n.Claim:
		e.feeds.doubtAll()
		e.changed("")
	}
	if n.Claim {
		select {
		case e.shared.kick <- struct{}{}:
		default:
		}
	}
}

// park begins the waiting for a task.
func (e *Engine) park(id a2a.TaskID, checkpoint []byte) {
	if s := e.shared; s != nil {
		s.mu.Lock()
		s.parked[id] = struct{}{}
		s.mu.Unlock()
	}
	e.executor.Park(id, checkpoint)
}

// unpark ends the waiting for a task.
func (e *Engine) unpark(id a2a.TaskID) {
	e.left(id)
	e.executor.Unpark(id)
}

// left notes that the executor does not wait for a task any more.
func (e *Engine) left(id a2a.TaskID) {
	if s := e.shared; s != nil {
		s.mu.Lock()
		delete(s.parked, id)
		s.mu.Unlock()
	}
}

// forget ends all work in this process: other agents have it, or will. It waits for the turns under way, for one that ends late would end the
// waiting of a task that has been claimed anew.
func (e *Engine) forget() {
	e.log.Error("this agent was taken for dead, and its tasks were given to others; it begins anew")
	e.mu.Lock()
	turns := make([]*turnState, 0, len(e.running))
	for _, t := range e.running {
		turns = append(turns, t)
	}
	e.mu.Unlock()
	for _, t := range turns {
		t.cancel(ErrLeaseLost)
	}
	for _, t := range turns {
		<-t.done
	}
	e.shared.mu.Lock()
	parked := e.shared.parked
	e.shared.parked = map[a2a.TaskID]struct{}{}
	e.shared.mu.Unlock()
	for id := range parked {
		e.executor.Unpark(id)
	}
}

// joined reads a task again that has joined others: if they are another agent's, so is the task now.
func (e *Engine) joined(ctx context.Context, rec *Record) (*Record, error) {
	if e.shared == nil {
		return rec, nil
	}
	rec, err := e.reload(ctx, rec.Task.ID, patience{limit: storePatience})
	if err == nil && rec.Elsewhere {
		err = ErrLeaseLost
	}
	return rec, err
}
