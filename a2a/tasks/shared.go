package tasks

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"staff0/a2a"
)

// lookBatch bounds the tasks that a store is asked about at a time.
const lookBatch = 5000

// Shared is a Store that several agents use at once. Each holds a lease on the tasks that it runs,
// and whoever dies loses it.
type Shared interface {
	Store
	// Follow tells what other agents do, one piece of news after the other, until ctx ends.
	// Whatever is stored by others after it has begun is told, perhaps more than once and perhaps
	// only as News without a task.
	Follow(ctx context.Context, tell func(News))
	// Gone gives those of the tasks that are not this agent's to run any more: they have ended, or
	// are another agent's.
	Gone(ctx context.Context, ids []a2a.TaskID) ([]a2a.TaskID, error)
	// ClaimEvery is the time between two claims when there is no news of one.
	ClaimEvery() time.Duration
	// Alive reports, without asking anybody, whether the others cannot have taken this agent for
	// dead yet. An agent that was asleep does nothing outside that can be done once only before it
	// has found out.
	Alive() bool
	// Release gives back all that this agent holds, so that another one claims it at once. After it
	// nothing is created or run here.
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
	look   bool                    // something may have been missed
	parked map[a2a.TaskID]struct{} // what the executor waits for
}

func newSharing(s Shared) *sharing {
	return &sharing{store: s, kick: make(chan struct{}, 1), parked: map[a2a.TaskID]struct{}{}}
}

// Alive reports whether what is this agent's to run certainly still is, see Shared.
func (e *Engine) Alive() bool { return e.shared == nil || e.shared.store.Alive() }

// share follows the other agents and claims what they leave, in the background, until the engine
// stops.
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
			if err == nil {
				err = e.look(e.ctx)
			}
			switch {
			case err != nil && e.ctx.Err() == nil:
				e.log.Warn("other agents cannot be followed at present; trying again", "error", err)
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
		e.shared.mu.Lock()
		e.shared.look = true
		e.shared.mu.Unlock()
		e.changed("")
	}
	if n.Claim {
		select {
		case e.shared.kick <- struct{}{}:
		default:
		}
	}
}

// look ends the work on tasks whose end, or change of hands, may have been missed.
func (e *Engine) look(ctx context.Context) error {
	s := e.shared
	s.mu.Lock()
	due := s.look
	s.look = false
	ids := slices.Collect(maps.Keys(s.parked))
	s.mu.Unlock()
	if !due {
		return nil
	}
	e.mu.Lock()
	ids = slices.AppendSeq(ids, maps.Keys(e.running))
	e.mu.Unlock()
	for some := range slices.Chunk(ids, lookBatch) {
		gone, err := s.store.Gone(ctx, some)
		if err != nil {
			s.mu.Lock()
			s.look = true
			s.mu.Unlock()
			return err
		}
		for _, id := range gone {
			e.stop(id, errCanceled)
		}
	}
	return nil
}

// park begins the waiting for a task.
func (e *Engine) park(id a2a.TaskID, value any, checkpoint []byte) {
	if s := e.shared; s != nil {
		s.mu.Lock()
		s.parked[id] = struct{}{}
		s.mu.Unlock()
	}
	e.executor.Park(id, value, checkpoint)
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

// forget ends all work in this process: other agents have it, or will. It waits for the turns under
// way, for one that ends late would end the waiting of a task that has been claimed anew.
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

// joined reads a task again that has joined others: if they are another agent's, so is the task
// now.
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
