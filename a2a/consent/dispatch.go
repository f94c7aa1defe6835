package consent

import (
	"context"
	"slices"
	"time"
)

// Run waits for people until ctx ends. Then it asks and polls nobody any more, but lets what is in
// flight come back and the turns that follow from it be run, for an approval that has been
// collected exists nowhere but in memory. What takes longer than the grace is given up. Nothing is
// lost by ending it otherwise: what waits is in the store.
func (r *Room) Run(ctx context.Context, k Keeper, wk Waker) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	r.mu.Lock()
	r.work, r.keeper, r.waker = work, k, wk
	r.mu.Unlock()
	timer := time.NewTimer(idleLook)
	defer timer.Stop()
	var grace <-chan time.Time
	done := ctx.Done()
	for {
		wait, idle := r.dispatch()
		if idle {
			r.group.Wait()
			return
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-r.kick:
		case <-done:
			done, grace = nil, time.After(drainGrace)
			r.drain()
		case <-grace:
			cancel(errStopping)
			r.group.Wait()
			return
		}
	}
}

func (r *Room) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	for _, w := range r.requests {
		if w.stop != nil && !w.asking {
			w.stop(errStopping)
		}
	}
}

// dispatch starts all that is due. It returns the time until something else is, and whether a
// draining has come to its end.
func (r *Room) dispatch() (wait time.Duration, idle bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	wait = idleLook
	for w := r.clock.first(); w != nil; w = r.clock.first() {
		if d := w.at[onClock].Sub(now); d > 0 {
			wait = d
			break
		}
		r.clock.drop(w)
		r.act(w, now)
	}
	if r.draining {
		return wait, r.inFlight == 0 && r.turns == 0 && r.driving == 0 && !r.holds()
	}
	if !r.waker.Alive() {
		// An approval is handed out once. After a sleep all polls are due, and what they would
		// collect is another agent's by now, perhaps.
		return min(wait, aliveLook), false
	}
	return min(wait, r.startPolls(now)), false
}

// act does what is due for a request. The lock is held.
func (r *Room) act(w *waiting, now time.Time) {
	switch {
	case w.settled != nil && len(w.members) == 0:
		if !now.Before(w.forget) {
			r.drop(w)
			return
		}
	case w.settled != nil:
		if !now.Before(w.retryAt) {
			r.tell(w)
		}
	case r.draining:
		return // it waits on in the store
	case w.unread && w.stop != nil:
		return // what is kept is just being read, and may say how it has ended
	case w.unread && !w.driveAt.IsZero() && !now.Before(w.driveAt) && len(w.members) > 0:
		r.startDrive(w)
		return
	case w.untidy() && !now.Before(w.due.Add(-w.q.tail())) && now.Before(w.due):
		r.tidy(w)
	case !now.Before(w.due):
		// The wall clock, which the caller has been told the deadline by, may run a little slower.
		if rest := w.q.Deadline.Sub(now); rest > 0 && rest < maxSlew {
			w.due = now.Add(rest)
			break
		}
		if len(w.members) == 0 {
			r.drop(w)
			return
		}
		r.silence(w)
		return
	default:
		if !w.driveAt.IsZero() && !now.Before(w.driveAt) && w.stop == nil && len(w.members) > 0 {
			r.startDrive(w)
		}
		if w.mayPoll() && !w.pollAt.After(now) && !r.polls.has(w) {
			if now.Before(r.paused) {
				r.spread(w, r.paused)
			} else {
				r.polls.put(w, w.urgency())
			}
		}
	}
	r.schedule(w)
}

// untidy reports whether nobody waits for a request of which more is kept than its end needs.
func (w *waiting) untidy() bool {
	return w.kept && !w.tidied && w.stop == nil && w.q.Phase == Waiting && w.settled == nil &&
		len(w.members) == 0
}

// holds reports whether something that was collected waits for its turn.
func (r *Room) holds() bool {
	return slices.ContainsFunc(r.clock.list, func(w *waiting) bool {
		return w.settled != nil && len(w.members) > 0
	})
}

// silence ends a request whose time is up. The lock is held.
func (r *Room) silence(w *waiting) {
	reason := w.q.Reason
	switch {
	case w.lost():
		r.settle(w, &Signal{Outcome: Lost, Reason: ReasonLost})
		return
	case reason != "":
	case w.q.Phase == Asking && w.acked == nil:
		// each process that has looked at it ended too soon to be sure
		r.alarmLocked(w, "a prompt is in doubt, and nobody is prompted again", ReasonInDoubt, nil)
		reason = ReasonInDoubt
	case w.q.Phase == Announced && !w.unread:
		reason = ReasonLate
	case w.idle:
		reason = ReasonUnavailable
	default:
		reason = ReasonNoAnswer
	}
	r.settle(w, &Signal{Outcome: Silent, Reason: reason})
}

// settle hands an outcome to all who take part. The lock is held.
func (r *Room) settle(w *waiting, s *Signal) {
	if w.settled != nil {
		return
	}
	s.key, s.kept, s.q, s.stored, s.memory = w.id.key, w.kept, w.q, w.stored, r.c.Memory
	w.settled, w.pollAt, w.driveAt = s, time.Time{}, time.Time{}
	w.forget = later(time.Now().Add(lingering), w.due)
	r.polls.drop(w)
	// A poll in flight is left to come back: to end it takes time, by which those who wait for a
	// person who exists could be told from the others. It is ended when the request is forgotten.
	if w.stop != nil && !w.asking {
		w.stop(errNobody)
	}
	r.tell(w)
	r.schedule(w)
}

// tell runs a turn for each who takes part. The lock is held.
func (r *Room) tell(w *waiting) {
	if r.work == nil {
		return // Run does it
	}
	for _, m := range w.members {
		if m.turning {
			continue
		}
		w.told = true
		m.turning, m.parked = true, false
		r.turns++
		if w.settled.Outcome == Approved {
			r.answers++
		}
		s, ctx := w.settled, r.work
		r.group.Go(func() { r.endTurn(ctx, m, s, r.waker.Wake(ctx, m.task, s)) })
	}
}

// endTurn is after a turn. If it has not parked the task again, the task has ended.
func (r *Room) endTurn(ctx context.Context, m *member, s *Signal, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turns--
	if s.Outcome == Approved {
		r.answers--
	}
	m.turning = false
	switch {
	case m.gone:
	case m.parked:
		r.schedule(m.w)
	case err != nil && ctx.Err() == nil:
		m.w.retryAt = time.Now().Add(again)
		r.schedule(m.w)
	default:
		r.remove(m)
	}
	if r.draining || len(r.polls.list) > 0 {
		r.poke()
	}
}
