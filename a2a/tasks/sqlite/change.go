package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

const (
	pruneEvery  = 1024 // new tasks between two prunings of the message keys
	removeGroup = 100  // tasks, or holds, removed in one transaction
)

// Create stores a task.
func (s *Store) Create(
	ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time,
) (a2a.TaskID, error) {
	c := &write{run: (*writer).create, id: r.Task.ID, record: r, events: encode(events),
		since: since}
	err := s.change(ctx, c)
	return c.existing, err
}

// Append adds a change.
func (s *Store) Append(
	ctx context.Context, id a2a.TaskID, base tasks.Seq, change tasks.Change,
) error {
	if err := change.Validate(); err != nil {
		return err
	}
	return s.change(ctx, &write{run: (*writer).append, id: id, base: base, change: change,
		events: encode(change.Events)})
}

// Remove removes what ended long ago, some at a time, so that others get their turn.
func (s *Store) Remove(ctx context.Context, finishedBefore time.Time, limit int) (int, error) {
	total := 0
	for total < limit {
		c := &write{run: (*writer).remove, since: finishedBefore,
			limit: min(limit-total, removeGroup)}
		if err := s.change(ctx, c); err != nil {
			return total, err
		}
		total += c.removed
		if c.removed < c.limit {
			break
		}
	}
	for {
		c := &write{run: (*writer).sweepHolds, limit: removeGroup}
		if err := s.change(ctx, c); err != nil || c.removed < c.limit {
			return total, err
		}
	}
}

func (s *Store) change(ctx context.Context, c *write) error {
	if s.writer == nil {
		return &Error{s.path, ErrReadOnly, errors.New("it was opened to be read")}
	}
	return s.writer.do(ctx, c)
}

// encode gives the events as they are stored. It happens before the writer's turn, which is
// everybody's.
func encode(events []a2a.Event) [][]byte {
	encoded := make([][]byte, len(events))
	for i, event := range events {
		encoded[i] = a2a.AppendEvent(nil, event)
	}
	return encoded
}

const (
	// A key is taken over when its time is up or its task is gone; else nothing changes.
	insertKey = `INSERT INTO message_keys (key, task, created) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE
		SET task = excluded.task, created = excluded.created
		WHERE created < ? OR NOT EXISTS (SELECT 1 FROM tasks WHERE id = message_keys.task)`
	insertTask = `INSERT INTO tasks (id, owner, context, state, finished, stamp, created, seq, checkpoint, terms, bytes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	updateTask = `UPDATE tasks SET state = ?, finished = ?, stamp = ?, seq = ?, checkpoint = ?, terms = ?, bytes = ?, changes = ?,
		hold = ? WHERE num = ? AND seq = ?`
)

func (w *writer) create(c *write) error {
	r := c.record
	c.existing = "" // of an earlier attempt
	if r.MessageKey != nil {
		created := r.Created.UnixNano()
		n, err := w.affect(insertKey, r.MessageKey, string(c.id), created, c.since.UnixNano())
		if err != nil {
			return err
		}
		if n == 0 {
			s, err := w.statement("SELECT task FROM message_keys WHERE key = ?")
			if err != nil {
				return err
			}
			err = s.QueryRowContext(context.Background(), r.MessageKey).Scan(&c.existing)
			if err == nil && c.existing == c.id {
				c.existing, err = "", tasks.ErrStored
			}
			return err
		}
	}
	s, err := w.statement(insertTask)
	if err != nil {
		return err
	}
	status := r.Task.Status
	res, err := s.ExecContext(context.Background(), string(c.id), []byte(r.Owner),
		string(r.Task.ContextID), int64(status.State),
		status.State.Terminal(), status.Timestamp.UnixMilli(), r.Created.UnixNano(), int64(r.Seq),
		r.Checkpoint, r.Terms, size(c.events))
	if err != nil {
		return err
	}
	switch n, err := res.RowsAffected(); {
	case err != nil:
		return err
	case n == 0:
		return tasks.ErrStored
	}
	num, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if err := w.insertEvents(num, r.Seq-tasks.Seq(len(c.events)), c.events, nil); err != nil {
		return err
	}
	if r.Webhook != nil {
		over := status.State.Terminal() && r.Webhook.Sent >= r.Seq
		if err := w.insertWebhook(num, r.Webhook, over); err != nil {
			return err
		}
	}
	w.touched[c.id] = row{num: num, record: r, bytes: size(c.events)}
	w.kept[r.Owner.Client()] += size(c.events)
	return w.prune(c.since)
}

// prune removes the keys whose time is up.
func (w *writer) prune(since time.Time) error {
	if w.creates++; w.creates < pruneEvery {
		return nil
	}
	w.creates = 0
	return w.exec("DELETE FROM message_keys WHERE created < ?", since.UnixNano())
}

func (w *writer) append(c *write) error {
	r, err := w.row(c.id)
	if err != nil {
		return err
	}
	switch stored, err := w.has(&r, c); {
	case err != nil:
		return err
	case stored:
		return tasks.ErrStored
	case r.record.Seq != c.base:
		return tasks.ErrConflict
	}
	now := time.Now()
	if err := w.check(r.num, c.change.Claims, now); err != nil {
		return err
	}
	next := *r.record
	next.Task, next.Seq = c.change.Task, c.base+tasks.Seq(len(c.events))
	status := next.Task.Status
	if c.change.Run || status.State.Terminal() {
		next.Checkpoint = c.change.Checkpoint
	}
	if c.change.Terms != nil {
		next.Terms = c.change.Terms
	}
	stored := row{num: r.num, record: &next, bytes: r.bytes + size(c.events), changes: r.changes}
	if len(c.events) == 0 {
		stored.changes = r.changes.With(c.change.ID, now)
	}
	for i := range c.change.Claims {
		if err := w.grant(r.num, &c.change.Claims[i], c.change.ID, now); err != nil {
			return err
		}
	}
	if status.State.Terminal() {
		w.leave(r.num)
	}
	n, err := w.affect(updateTask, int64(status.State), status.State.Terminal(),
		status.Timestamp.UnixMilli(), int64(next.Seq), next.Checkpoint,
		next.Terms, stored.bytes, stored.changes, w.holdOf(r.num), r.num, int64(c.base))
	if err != nil {
		return err
	}
	if n == 0 {
		return &damaged{errors.New("a task is not where it was")}
	}
	if err := w.insertEvents(r.num, c.base, c.events, c.change.ID[:]); err != nil {
		return err
	}
	if c.change.Run {
		w.store.hasRun(c.id, r.num)
	}
	w.touched[c.id] = stored
	w.kept[next.Owner.Client()] += size(c.events)
	return nil
}

// has reports whether a change is stored already. If nothing has come since it was based on, it is
// not.
func (w *writer) has(r *row, c *write) (bool, error) {
	if r.changes.Has(c.change.ID) {
		return true, nil
	}
	if r.record.Seq == c.base || len(c.events) == 0 {
		return false, nil
	}
	s, err := w.statement(
		"SELECT count(*) FROM task_events WHERE task = ? AND seq > ? AND change = ?")
	if err != nil {
		return false, err
	}
	var n int
	err = s.QueryRowContext(context.Background(), r.num, int64(c.base), c.change.ID[:]).Scan(&n)
	return n > 0, err
}

// size is what encoded events take.
func size(events [][]byte) (n int64) {
	for _, e := range events {
		n += int64(len(e))
	}
	return n
}

// insertEvents adds entries after base in one statement. The first of them bears the id of the
// change.
func (w *writer) insertEvents(num int64, base tasks.Seq, events [][]byte, change []byte) error {
	const most = 8 // each number of rows is a statement of its own
	for len(events) > 0 {
		n := min(len(events), most)
		args := make([]any, 0, 4*n)
		for i, event := range events[:n] {
			args = append(args, num, int64(base)+int64(i)+1, event, change)
			change = nil
		}
		text := "INSERT INTO task_events (task, seq, event, change) VALUES (?, ?, ?, ?)" +
			strings.Repeat(", (?, ?, ?, ?)", n-1)
		if err := w.exec(text, args...); err != nil {
			return err
		}
		base, events = base+tasks.Seq(n), events[n:]
	}
	return nil
}

// row gives a task as it is in the transaction. Its record lacks the task itself unless it is at
// hand.
func (w *writer) row(id a2a.TaskID) (row, error) {
	if r, ok := w.touched[id]; ok {
		if r.record == nil {
			return row{}, tasks.ErrNotFound
		}
		return r, nil
	}
	if r, ok := w.store.cache.get(id); ok {
		return r, nil
	}
	s, err := w.statement("SELECT " + rowColumns + " FROM tasks WHERE id = ?")
	if err != nil {
		return row{}, err
	}
	r, err := scanRow(s.QueryRowContext(context.Background(), string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, tasks.ErrNotFound
	}
	return r, err
}

func (w *writer) remove(c *write) error {
	return w.removeSome(c, "finished = 1 AND stamp < ? ORDER BY stamp, id LIMIT ?",
		ceilMilli(c.since), c.limit)
}

// ceilMilli is a time in the store's milliseconds, rounded up: what is not before it there is not
// before it.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
