package tasks

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"staff0/a2a"
)

// hold is a Hold as Memory keeps it.
type hold struct {
	key      Key
	value    []byte // replaced, never changed
	revision int64
	until    time.Time
	tasks    []*stored // unfinished, in the order of their creation
	changes  ChangeIDs
}

// alive reports whether the hold is not over.
func (h *hold) alive(now time.Time) bool {
	return h != nil && (len(h.tasks) > 0 || now.Before(h.until))
}

func (h *hold) show() *Hold {
	shown := &Hold{Key: h.key, Value: h.value, Revision: h.revision, Until: h.until}
	for _, s := range h.tasks {
		shown.Tasks = append(shown.Tasks, s.record.Task.ID)
	}
	return shown
}

// Amend changes holds on behalf of no task.
func (m *Memory) Amend(_ context.Context, id ChangeID, claims []Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for _, c := range claims {
		if h := m.holds[c.Key]; h != nil && h.changes.Has(id) {
			return ErrStored
		}
	}
	if err := m.claim(nil, claims); err != nil {
		return err
	}
	for _, c := range claims {
		if h := m.holds[c.Key]; h != nil {
			h.changes = h.changes.With(id, now)
		}
	}
	return nil
}

// Hold returns a hold that is alive.
func (m *Memory) Hold(_ context.Context, key Key) (*Hold, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h := m.holds[key]
	if !h.alive(time.Now()) {
		return nil, ErrNotFound
	}
	return h.show(), nil
}

// claim grants all claims of a change, or none. The task is nil for an amendment. The lock is held.
func (m *Memory) claim(s *stored, claims []Claim) error {
	now := time.Now()
	for i := range claims {
		if err := m.check(s, &claims[i], now); err != nil {
			return err
		}
	}
	for i := range claims {
		m.grant(s, &claims[i], now)
	}
	return nil
}

// check reports why a claim cannot be granted.
func (m *Memory) check(s *stored, c *Claim, now time.Time) error {
	if err := c.Validate(s != nil); err != nil {
		return err
	}
	h := m.holds[c.Key]
	state := HoldState{Alive: h.alive(now)}
	if state.Alive {
		state.Revision, state.Others = h.revision, len(h.tasks)
		if s != nil && s.holding == h {
			state.Others--
		}
	}
	reason, _ := c.Refusal(state, func() (bool, error) {
		return bytes.Equal(h.value, c.Value), nil
	})
	if reason == nil {
		return nil
	}
	refused := &ClaimError{Kind: c.Kind, Err: reason}
	if state.Alive {
		refused.Hold = h.show()
	}
	return refused
}

// grant does what a claim wants that check has let pass.
func (m *Memory) grant(s *stored, c *Claim, now time.Time) {
	h := m.holds[c.Key]
	alive := h.alive(now)
	switch c.Kind {
	case Open, Take:
		if !alive {
			h = &hold{key: c.Key}
			if m.holds == nil {
				m.holds = map[Key]*hold{}
			}
			m.holds[c.Key] = h
			h.value, h.revision = c.Value, 1
		}
		h.until = c.Until
		if c.Kind == Open {
			m.take(s, h)
		}
	case Join:
		m.take(s, h)
	case Put:
		if alive {
			h.value, h.until = c.Value, c.Until
			h.revision++
		}
	case Drop:
		if h == nil || c.Value != nil && !bytes.Equal(h.value, c.Value) {
			return
		}
		for _, s := range h.tasks {
			s.holding = nil
		}
		delete(m.holds, c.Key)
	}
}

// take lets a task take part in a hold, and in no other one.
func (m *Memory) take(s *stored, h *hold) {
	if s.holding == h {
		return
	}
	m.leave(s)
	at, _ := slices.BinarySearchFunc(h.tasks, s.num, func(s *stored, num int) int {
		return cmp.Compare(s.num, num)
	})
	h.tasks = slices.Insert(h.tasks, at, s)
	s.holding = h
}

// leave ends the part of a task in a hold.
func (m *Memory) leave(s *stored) {
	if h := s.holding; h != nil {
		h.tasks = slices.DeleteFunc(h.tasks, func(o *stored) bool { return o == s })
		s.holding = nil
	}
}

// sweepHolds removes the holds that are over. The lock is held.
func (m *Memory) sweepHolds() {
	now := time.Now()
	maps.DeleteFunc(m.holds, func(_ Key, h *hold) bool { return !h.alive(now) })
}

// keep counts what a task has grown by. The lock is held.
func (m *Memory) keep(s *stored, events []a2a.Event) {
	var n int64
	for _, event := range events {
		m.encoded = a2a.AppendEvent(m.encoded[:0], event)
		n += int64(len(m.encoded))
	}
	s.bytes += n
	m.kept[s.record.Owner.Client()] += n
}

// Kept returns how many bytes are kept for a client.
func (m *Memory) Kept(_ context.Context, client string) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.kept[client], nil
}

// Shed removes tasks of a client that ended before a time, the oldest first.
func (m *Memory) Shed(
	_ context.Context, client string, finishedBefore time.Time, bytes int64,
) (freed int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var old []*stored
	for owner, tasks := range m.owners {
		if owner.Client() != client {
			continue
		}
		for _, s := range tasks {
			if st := s.record.Task.Status; st.State.Terminal() &&
				st.Timestamp.Before(finishedBefore) {
				old = append(old, s)
			}
		}
	}
	for _, s := range oldest(old) {
		if freed >= bytes {
			break
		}
		freed += s.bytes
		m.remove(s)
	}
	return freed, nil
}
