package tasks

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"staff0/a2a"
)

// Memory is a Store that forgets everything when the process ends. It is for demonstrations and
// tests, and the plainest account of what a store does. The zero value is ready.
type Memory struct {
	mu        sync.RWMutex
	tasks     map[a2a.TaskID]*stored
	owners    map[Owner][]*stored // in order of creation
	keys      map[string]*stored
	holds     map[Key]*hold
	unclaimed []*stored        // what an earlier process left
	kept      map[string]int64 // bytes, by client
	encoded   []byte           // room to measure events in
	created   int
	hooked    int64
}

type stored struct {
	record  *Record // replaced, never changed
	entries []Entry
	num     int        // counts tasks in order of creation
	run     bool       // by this process
	hooks   []*Webhook // replaced, never changed; in order of creation
	// for each entry that of the change it came with, at the first one of each change
	ids     []ChangeID
	changes ChangeIDs // of changes without entries
	holding *hold     // that it takes part in
	bytes   int64
}

// Create stores a task.
func (m *Memory) Create(
	_ context.Context, r *Record, events []a2a.Event, since time.Time,
) (a2a.TaskID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tasks == nil {
		m.tasks, m.owners, m.keys = map[a2a.TaskID]*stored{}, map[Owner][]*stored{},
			map[string]*stored{}
		m.kept = map[string]int64{}
	}
	if m.tasks[r.Task.ID] != nil {
		return "", ErrStored
	}
	if r.MessageKey != nil {
		if s := m.keys[string(r.MessageKey)]; s != nil && !s.record.Created.Before(since) {
			return s.record.Task.ID, nil
		}
	}
	m.created++
	s := &stored{
		record: r, entries: numbered(nil, 0, events), ids: make([]ChangeID, len(events)),
		num: m.created, run: true,
	}
	m.tasks[r.Task.ID] = s
	m.owners[r.Owner] = append(m.owners[r.Owner], s)
	m.keep(s, events)
	if r.MessageKey != nil {
		m.keys[string(r.MessageKey)] = s
	}
	if r.Webhook != nil {
		m.hook(s, r.Webhook)
	}
	return "", nil
}

func numbered(entries []Entry, base Seq, events []a2a.Event) []Entry {
	for i, e := range events {
		entries = append(entries, Entry{base + Seq(i) + 1, e})
	}
	return entries
}

// Append adds a change.
func (m *Memory) Append(_ context.Context, id a2a.TaskID, base Seq, c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := c.Validate(); err != nil {
		return err
	}
	s := m.tasks[id]
	switch {
	case s == nil:
		return ErrNotFound
	case s.has(c.ID, base):
		return ErrStored
	case s.record.Seq != base:
		return ErrConflict
	}
	if err := m.claim(s, c.Claims); err != nil {
		return err
	}
	if len(c.Events) == 0 {
		s.changes = s.changes.With(c.ID, time.Now())
	} else {
		s.ids = append(append(s.ids, c.ID), make([]ChangeID, len(c.Events)-1)...)
	}
	next := *s.record
	next.Task, next.Seq = c.Task, base+Seq(len(c.Events))
	if c.Run || c.Task.Status.State.Terminal() {
		next.Checkpoint = c.Checkpoint
	}
	if c.Terms != nil {
		next.Terms = c.Terms
	}
	if c.Task.Status.State.Terminal() {
		m.leave(s)
	}
	s.run = s.run || c.Run
	s.record, s.entries = &next, numbered(s.entries, base, c.Events)
	m.keep(s, c.Events)
	return nil
}

// has reports whether a change is stored already. If it has entries, they came after base.
func (s *stored) has(id ChangeID, base Seq) bool {
	n := min(max(int(base), 0), len(s.ids))
	return s.changes.Has(id) || slices.Contains(s.ids[n:], id)
}

// Get returns a task.
func (m *Memory) Get(_ context.Context, id a2a.TaskID) (*Record, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.tasks[id]
	if s == nil {
		return nil, ErrNotFound
	}
	return s.record, nil
}

// Events returns the entries after a sequence number.
func (m *Memory) Events(_ context.Context, id a2a.TaskID, after Seq) ([]Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.tasks[id]
	if s == nil {
		return nil, ErrNotFound
	}
	n := min(max(int(after), 0), len(s.entries))
	return s.entries[n:len(s.entries):len(s.entries)], nil
}

// List returns a page.
func (m *Memory) List(_ context.Context, q Query) (*Page, error) {
	m.mu.RLock()
	var found []*Record
	for _, s := range m.owners[q.Owner] {
		if q.selects(s.record) {
			found = append(found, s.record)
		}
	}
	m.mu.RUnlock()
	page := &Page{Total: len(found)}
	slices.SortFunc(found, func(a, b *Record) int { return -a.position().compare(b.position()) })
	if q.After != (Position{}) {
		n, _ := slices.BinarySearchFunc(found, q.After, func(r *Record, p Position) int {
			if r.position().compare(p) < 0 {
				return 1
			}
			return -1 // what stands at the position was on the page before
		})
		found = found[n:]
	}
	page.Records = found[:min(q.Limit, len(found))]
	return page, nil
}

func (q Query) selects(r *Record) bool {
	return (q.Context == "" || r.Task.ContextID == q.Context) &&
		(q.State == a2a.TaskStateUnspecified || r.Task.Status.State == q.State) &&
		(q.Since.IsZero() || !r.Task.Status.Timestamp.Before(q.Since))
}

func (r *Record) position() Position { return Position{r.Task.Status.Timestamp, r.Task.ID} }

func (p Position) compare(q Position) int {
	return cmp.Or(p.Timestamp.Compare(q.Timestamp), cmp.Compare(p.ID, q.ID))
}

// Claim returns what an earlier process left, once.
func (m *Memory) Claim(_ context.Context, limit int) ([]Pending, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var pending []Pending
	for len(pending) < limit && len(m.unclaimed) > 0 {
		s := m.unclaimed[0]
		m.unclaimed = m.unclaimed[1:]
		if state := s.record.Task.Status.State; !s.run && !state.Terminal() {
			pending = append(pending, Pending{s.record.Task.ID, state, s.record.Checkpoint})
		}
	}
	return pending, nil
}

// Remove removes what ended long ago.
func (m *Memory) Remove(_ context.Context, finishedBefore time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var old []*stored
	for _, s := range m.tasks {
		if status := s.record.Task.Status; status.State.Terminal() &&
			status.Timestamp.Before(finishedBefore) {
			old = append(old, s)
		}
	}
	for i, s := range oldest(old) {
		if i == limit {
			break
		}
		m.remove(s)
	}
	m.sweepHolds()
	return min(limit, len(old)), nil
}

// oldest sorts tasks by the time of their end.
func oldest(tasks []*stored) []*stored {
	slices.SortFunc(tasks, func(a, b *stored) int {
		return a.record.position().compare(b.record.position())
	})
	return tasks
}

// remove removes a task. The lock is held.
func (m *Memory) remove(s *stored) {
	owner, key := s.record.Owner, string(s.record.MessageKey)
	delete(m.tasks, s.record.Task.ID)
	if m.keys[key] == s {
		delete(m.keys, key)
	}
	m.owners[owner] = slices.DeleteFunc(m.owners[owner], func(o *stored) bool { return o == s })
	m.kept[owner.Client()] -= s.bytes
}

// Reopen is what a restart of the process is to a durable store: what is unfinished can be claimed
// again.
func (m *Memory) Reopen() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unclaimed = nil
	for _, s := range m.tasks {
		s.run = false
		m.unclaimed = append(m.unclaimed, s)
	}
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
