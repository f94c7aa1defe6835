package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// hold is what the writer knows of a hold that is there: all but its value, unless that is short.
// It is replaced, never changed.
type hold struct {
	revision int64
	until    int64           // in nanoseconds
	tasks    []int64         // numbers of the unfinished ones that take part, ascending
	changes  tasks.ChangeIDs // of amendments
	short    []byte          // the value, nil if it is longer than shortValue
}

// shortValue is the length up to which values are at hand: what a claim without tasks holds is a
// key.
const shortValue = 32

func (h *hold) alive(now time.Time) bool {
	return h != nil && (len(h.tasks) > 0 || now.UnixNano() < h.until)
}

const (
	selectHold    = "SELECT value, revision, until FROM holds WHERE key = ?"
	selectHolding = "SELECT id FROM tasks WHERE hold = ? ORDER BY num"
	insertHold    = "INSERT OR REPLACE INTO holds (key, value, revision, until, changes) VALUES " +
		"(?, ?, 1, ?, ?)"
	updateHold = "UPDATE holds SET value = ?, until = ?, revision = ?, changes = ? WHERE key = ?"
)

// readHold reads a hold with two prepared statements, as it is given out.
func readHold(ctx context.Context, one, holding *sql.Stmt, key tasks.Key) (*tasks.Hold, error) {
	h := &tasks.Hold{Key: key}
	var until int64
	if err := one.QueryRowContext(ctx, key[:]).Scan(&h.Value, &h.Revision, &until); err != nil {
		return nil, err
	}
	h.Until = tasks.FromNanos(until)
	rows, err := holding.QueryContext(ctx, key[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id a2a.TaskID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		h.Tasks = append(h.Tasks, id)
	}
	return h, rows.Err()
}

// Hold returns a hold that is alive.
func (s *Store) Hold(ctx context.Context, key tasks.Key) (*tasks.Hold, error) {
	ctx, err := brief(ctx)
	if err != nil {
		return nil, err
	}
	h, err := readHold(ctx, s.read.hold, s.read.holding, key)
	if err != nil {
		return nil, s.readFault(err)
	}
	if len(h.Tasks) == 0 && !time.Now().Before(h.Until) {
		return nil, tasks.ErrNotFound
	}
	return h, nil
}

// Amend changes holds on behalf of no task.
func (s *Store) Amend(ctx context.Context, id tasks.ChangeID, claims []tasks.Claim) error {
	return s.change(ctx, &write{run: (*writer).amend, change: tasks.Change{ID: id, Claims: claims}})
}

func (w *writer) amend(c *write) error {
	for i := range c.change.Claims {
		if h := w.holds[c.change.Claims[i].Key]; h != nil && h.changes.Has(c.change.ID) {
			return tasks.ErrStored
		}
	}
	now := time.Now()
	if err := w.check(0, c.change.Claims, now); err != nil {
		return err
	}
	for i := range c.change.Claims {
		if err := w.grant(0, &c.change.Claims[i], c.change.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// invalid is an error of a claim that no store grants: the store is in order.
type invalid struct{ error }

// check reports why a claim cannot be granted. num is the task of the change, 0 if there is none.
func (w *writer) check(num int64, claims []tasks.Claim, now time.Time) error {
	for i := range claims {
		c := &claims[i]
		if err := c.Validate(num != 0); err != nil {
			return &invalid{err}
		}
		h := w.holds[c.Key]
		state := tasks.HoldState{Alive: h.alive(now)}
		if state.Alive {
			state.Revision, state.Others = h.revision, len(h.tasks)
			if slices.Contains(h.tasks, num) {
				state.Others--
			}
		}
		reason, err := c.Refusal(state, func() (bool, error) {
			return w.hasValue(c.Key, h, c.Value)
		})
		if err != nil {
			return err
		}
		if reason == nil {
			continue
		}
		refused := &tasks.ClaimError{Kind: c.Kind, Err: reason}
		if state.Alive {
			if refused.Hold, err = w.show(c.Key); err != nil {
				return err
			}
		}
		return refused
	}
	return nil
}

// hasValue reports whether a hold has the value.
func (w *writer) hasValue(key tasks.Key, h *hold, value []byte) (bool, error) {
	if h.short != nil || len(value) <= shortValue {
		return h.short != nil && bytes.Equal(h.short, value), nil
	}
	shown, err := w.show(key)
	if err != nil {
		return false, err
	}
	return bytes.Equal(shown.Value, value), nil
}

// show reads a hold as it is in the transaction.
func (w *writer) show(key tasks.Key) (*tasks.Hold, error) {
	one, err := w.statement(selectHold)
	if err != nil {
		return nil, err
	}
	holding, err := w.statement(selectHolding)
	if err != nil {
		return nil, err
	}
	return readHold(context.Background(), one, holding, key)
}

// grant does what a claim wants that check has let pass. An amendment leaves its id with the hold.
func (w *writer) grant(num int64, c *tasks.Claim, id tasks.ChangeID, now time.Time) error {
	h := w.holds[c.Key]
	alive, until := h.alive(now), tasks.Nanos(c.Until)
	next := hold{revision: 1, until: until, short: short(c.Value)}
	if alive {
		next.tasks, next.changes = h.tasks, h.changes
	}
	if num == 0 {
		next.changes = next.changes.With(id, now)
	}
	switch {
	case c.Kind == tasks.Join:
		next.revision, next.until, next.short = h.revision, h.until, h.short
		w.setHold(c.Key, &next)
		w.takePart(num, c.Key)
		return nil
	case c.Kind == tasks.Drop:
		return w.dropHold(c, h)
	case c.Kind == tasks.Put && !alive:
		return nil
	case alive: // Put, or Take of what is taken with the same value
		if next.revision = h.revision; c.Kind == tasks.Put {
			next.revision++
		}
		w.setHold(c.Key, &next)
		return w.exec(updateHold, filled(c.Value), until, next.revision, next.changes, c.Key[:])
	}
	w.setHold(c.Key, &next)
	if c.Kind == tasks.Open {
		w.takePart(num, c.Key)
	}
	return w.exec(insertHold, c.Key[:], filled(c.Value), until, next.changes)
}

func (w *writer) dropHold(c *tasks.Claim, h *hold) error {
	if h == nil {
		return nil
	}
	if c.Value != nil {
		if same, err := w.hasValue(c.Key, h, c.Value); err != nil || !same {
			return err
		}
	}
	w.setHold(c.Key, nil)
	for _, num := range h.tasks {
		w.setHolding(num, nil)
	}
	if err := w.exec("DELETE FROM holds WHERE key = ?", c.Key[:]); err != nil || len(h.tasks) == 0 {
		return err
	}
	return w.exec("UPDATE tasks SET hold = NULL WHERE hold = ?", c.Key[:])
}

// takePart lets a task take part in a hold, and in no other one. It is stored with the task.
func (w *writer) takePart(num int64, key tasks.Key) {
	w.leave(num)
	next := *w.holds[key]
	at, _ := slices.BinarySearch(next.tasks, num)
	next.tasks = slices.Insert(slices.Clone(next.tasks), at, num)
	w.setHold(key, &next)
	w.setHolding(num, &key)
}

// leave ends the part of a task in a hold. It is stored with the task.
func (w *writer) leave(num int64) {
	key := w.holding[num]
	if key == nil {
		return
	}
	if h := w.holds[*key]; h != nil {
		next := *h
		next.tasks = slices.DeleteFunc(slices.Clone(h.tasks), func(n int64) bool {
			return n == num
		})
		w.setHold(*key, &next)
	}
	w.setHolding(num, nil)
}

// setHold and setHolding change what the writer knows, until the transaction fails.
func (w *writer) setHold(key tasks.Key, h *hold) {
	before := w.holds[key]
	w.undo = append(w.undo, func() { replace(w.holds, key, before) })
	replace(w.holds, key, h)
}

func (w *writer) setHolding(num int64, key *tasks.Key) {
	before := w.holding[num]
	w.undo = append(w.undo, func() { replace(w.holding, num, before) })
	replace(w.holding, num, key)
}

func replace[K comparable, V any](m map[K]*V, k K, v *V) {
	if v == nil {
		delete(m, k)
		return
	}
	m[k] = v
}

// holdOf is the key of the hold that a task takes part in, as it is stored with it.
func (w *writer) holdOf(num int64) []byte {
	if key := w.holding[num]; key != nil {
		return key[:]
	}
	return nil
}

// restoreHolds reads what the file holds when it is opened.
func (w *writer) restoreHolds(ctx context.Context) error {
	rows, err := w.conn.QueryContext(ctx,
		"SELECT key, revision, until, changes, CASE WHEN length(value) <= ? THEN value END "+
			"FROM holds", shortValue)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		h := new(hold)
		if err := rows.Scan(&key, &h.revision, &h.until, (*[]byte)(&h.changes),
			&h.short); err != nil {
			return err
		}
		w.holds[tasks.Key(key)] = h
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	rows, err = w.conn.QueryContext(ctx,
		"SELECT num, hold FROM tasks WHERE hold IS NOT NULL ORDER BY num")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var num int64
		var b []byte
		if err := rows.Scan(&num, &b); err != nil {
			return err
		}
		key := tasks.Key(b)
		if h := w.holds[key]; h != nil {
			h.tasks = append(h.tasks, num)
			w.holding[num] = &key
		}
	}
	return rows.Err()
}

// sweepHolds removes holds that are over, at most c.limit of them.
func (w *writer) sweepHolds(c *write) error {
	now := time.Now()
	c.removed = 0
	for key, h := range w.holds {
		if c.removed == c.limit {
			break
		}
		if h.alive(now) {
			continue
		}
		c.removed++
		w.setHold(key, nil)
		if err := w.exec("DELETE FROM holds WHERE key = ?", key[:]); err != nil {
			return err
		}
	}
	return nil
}

// short is a value that is kept at hand, nil for a longer one.
func short(value []byte) []byte {
	if len(value) > shortValue {
		return nil
	}
	return filled(value)
}

// filled is a value that is not NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
