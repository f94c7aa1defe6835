package postgres

import (
	"context"
	"sync"
	"time"

	"staff0/a2a/tasks"
)

// What an agent leaves is taken over within its lease, counted from its last sign of life. So a
// renewal counts for a part of the lease, and who lives looks for the dead within the rest of it.
const (
	renewalCounts = 3. / 4
	renewEvery    = 1. / 4
	claimEvery    = 1. / 6
)

func part(of float64, lease time.Duration) time.Duration {
	return time.Duration(of * float64(lease))
}

// holder is this agent as the others see it.
type holder struct {
	lease  time.Duration
	counts time.Duration // a renewal

	beating sync.Mutex // one renewal at a time

	mu       sync.Mutex
	id       int64         // 0 when the lease was lost, or given back
	renewed  time.Time     // when the last successful renewal was sent
	lost     bool          // the loss has not been told yet
	released bool          // given back for good
	back     chan struct{} // closed when there is an id; nil while there is
}

func (h *holder) init(lease time.Duration) {
	h.lease, h.counts, h.back = lease, part(renewalCounts, lease), make(chan struct{})
}

func (h *holder) current() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id
}

// take makes id the agent's number.
func (h *holder) take(id int64, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.id, h.renewed = id, at
	if h.back != nil {
		close(h.back)
		h.back = nil
	}
}

// drop leaves the agent without a number.
func (h *holder) drop(id int64, released bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = h.released || released
	if h.id != id || id == 0 {
		return
	}
	h.id, h.lost, h.back = 0, !released, make(chan struct{})
}

// told reports once that a lease was lost.
func (h *holder) told() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	lost := h.lost
	h.lost = false
	return lost
}

// state returns the number, whether the lease may have ended by now, and what to wait for when
// there is none. The monotonic clock of some systems stands still while the machine sleeps, and the
// wall clock can be set: the one that has gone further counts.
func (h *holder) state() (id int64, stale, released bool, back <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	age := max(now.Sub(h.renewed), now.Round(0).Sub(h.renewed.Round(0)))
	return h.id, age > h.counts, h.released, h.back
}

// mine is the agent's number for something that it is about to do as the holder of a task. A
// process that was asleep for longer than its lease learns here, before it stores anything, whether
// it is still taken for alive. After a loss, what it has in hand is lost too; what is yet to be
// created may wait for the next claim, with which the agent begins anew.
func (s *Store) mine(ctx context.Context, wait bool) (int64, error) {
	end := time.NewTimer(retryFor)
	defer end.Stop()
	for {
		id, stale, released, back := s.holder.state()
		switch {
		case s.readOnly:
			return 0, &Error{Err: ErrReadOnly}
		case released:
			return 0, tasks.ErrLeaseLost
		case id != 0 && !stale:
			return id, nil
		case id != 0:
			if err := s.attempt(ctx, s.beat); err != nil {
				return 0, err
			}
			continue
		case !wait:
			return 0, tasks.ErrLeaseLost
		}
		select {
		case <-back:
		case <-end.C:
			return 0, tasks.ErrLeaseLost
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// register takes a number and a lease.
func (s *Store) register(ctx context.Context) error {
	id, at := int64(random()), time.Now()
	_, err := s.pool.Exec(ctx,
		"INSERT INTO agents (id, alive_until) VALUES ($1, clock_timestamp() + $2)", id,
		s.holder.counts)
	if err == nil {
		s.holder.take(id, at)
	}
	return err
}

// beat renews the lease. As long as nobody has taken the agent for dead, it may be late: what it
// holds is its own until somebody takes it.
func (s *Store) beat(ctx context.Context) error {
	s.holder.beating.Lock()
	defer s.holder.beating.Unlock()
	id, at := s.holder.current(), time.Now()
	if id == 0 {
		return nil
	}
	tag, err := s.pool.Exec(ctx,
		"UPDATE agents SET alive_until = clock_timestamp() + $2 WHERE id = $1", id, s.holder.counts)
	switch {
	case err != nil:
		return err
	case tag.RowsAffected() == 0:
		s.lose(id)
	default:
		s.holder.take(id, at)
	}
	return nil
}

// lose is what follows from the loss of the lease: the next Claim tells of it, and is asked for.
func (s *Store) lose(id int64) {
	s.log.Error("the lease of this agent has ended", "lease", s.holder.lease)
	s.holder.drop(id, false)
	s.news(tasks.News{Claim: true})
}

// beats renews the lease until the store is closed.
func (s *Store) beats() {
	every := part(renewEvery, s.holder.lease)
	failing := false
	for sleep(s.ctx, every) {
		ctx, cancel := context.WithTimeout(s.ctx, max(every, minLease))
		err := s.beat(ctx)
		cancel()
		if failing != (err != nil) && s.ctx.Err() == nil {
			if failing = err != nil; failing {
				s.log.Error("the lease cannot be renewed; trying again", "error", fault(err))
			} else {
				s.log.Info("the lease is renewed again")
			}
		}
	}
}

// ClaimEvery is the time between two looks for what the dead have left.
func (s *Store) ClaimEvery() time.Duration { return part(claimEvery, s.holder.lease) }

// Alive reports whether the last renewal counts by this process's clock. It counts from its
// sending, so the database sees no earlier end.
func (s *Store) Alive() bool {
	id, stale, _, _ := s.holder.state()
	return id != 0 && !stale
}

// Release gives back what this agent holds. All others are told of what it has stored, and that
// there is something to claim.
func (s *Store) Release(ctx context.Context) error {
	if s.readOnly {
		return nil
	}
	s.holder.beating.Lock() // a renewal under way would find the row gone and call it a loss
	defer s.holder.beating.Unlock()
	id := s.holder.current()
	s.holder.drop(id, true)
	if id == 0 { // others may not have been told of everything yet
		return fault(s.flush(ctx))
	}
	err := s.attempt(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, "DELETE FROM agents WHERE id = $1", id)
		return err
	})
	if err != nil {
		return err
	}
	s.notifier.add(func(m *message) { m.Free = true })
	return fault(s.flush(ctx))
}
