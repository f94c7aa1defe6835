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
	removeGroup = 100  // tasks removed in one transaction
)

// Create stores a task.
func (s *Store) Create(ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time) (a2a.TaskID, error) {
	c := &write{run: (*writer).create, id: r.Task.ID, record: r, events: encode(events), since: since}
	err := s.change(ctx, c)
	return c.existing, err
}

// Append adds a change.
func (s *Store) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, change tasks.Change) error {
	if change.Prompt != nil && len(change.Events) == 0 && len(change.Checkpoint) == 0 && !change.Task.Status.State.Terminal() {
		if reserved, err := s.reserve(ctx, id, base, change.Prompt); reserved || err != nil {
			return err
		}
	}
	return s.change(ctx, &write{run: (*writer).append, id: id, base: base, change: change, events: encode(change.Events)})
}

// reserve makes a task a holder of a key in memory alone. It is not done when the task has a checkpoint to be removed, or when the store is out of
// order: then nobody should be asked whose answer cannot be kept.
func (s *Store) reserve(ctx context.Context, id a2a.TaskID, base tasks.Seq, p *tasks.Prompt) (bool, error) {
	if s.writer == nil || s.closed.Load() || s.sick.Load() != nil {
		return false, nil
	}
	r, err := s.row(ctx, id)
	switch {
	case err != nil:
		return false, err
	case r.record.Seq != base:
		return false, tasks.ErrConflict
	case len(r.record.Checkpoint) > 0:
		return false, nil
	}
	s.hasRun(id, r.num)
	undo, err := s.prompts.Hold(id, r.num, p)
	if err != nil {
		return false, err
	}
	// The task is looked at once more: whoever ends it drops its key after that is stored, which may have been before it was held.
	if r, err = s.row(ctx, id); err == nil && r.record.Seq != base {
		err = tasks.ErrConflict
	}
	if err != nil {
		undo()
	}
	return err == nil, err
}

// Remove removes what ended long ago, some at a time, so that others get their turn.
func (s *Store) Remove(ctx context.Context, finishedBefore time.Time, limit int) (int, error) {
	total := 0
	for total < limit {
		c := &write{run: (*writer).remove, since: finishedBefore, limit: min(limit-total, removeGroup)}
		if err := s.change(ctx, c); err != nil {
			return total, err
		}
		total += c.removed
		if c.removed < c.limit {
			break
		}
	}
	return total, nil
}

func (s *Store) change(ctx context.Context, c *write) error {
	if s.writer == nil {
		return &Error{s.path, ErrReadOnly, errors.New("it was opened to be read")}
	}
	return s.writer.do(ctx, c)
}

// encode gives the events as they are stored. It happens before the writer's turn, which is everybody's.
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
	insertTask = `INSERT INTO tasks (id, owner, context, state, finished, stamp, created, seq, checkpoint)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateTask = "UPDATE tasks SET state = ?, finished = ?, stamp = ?, seq = ?, checkpoint = ?, prompt = ? WHERE num = ? AND seq = ?"
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
			return s.QueryRowContext(context.Background(), r.MessageKey).Scan(&c.existing)
		}
	}
	s, err := w.statement(insertTask)
	if err != nil {
		return err
	}
	status := r.Task.Status
	res, err := s.ExecContext(context.Background(), string(c.id), []byte(r.Owner), string(r.Task.ContextID), int64(status.State),
		status.State.Terminal(), status.Timestamp.UnixMilli(), r.Created.UnixNano(), int64(r.Seq), r.Checkpoint)
	if err != nil {
		return err
	}
	num, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if err := w.insertEvents(num, r.Seq-tasks.Seq(len(c.events)), c.events); err != nil {
		return err
	}
	if r.Webhook != nil {
		over := status.State.Terminal() && r.Webhook.Sent >= r.Seq
		if err := w.insertWebhook(num, r.Webhook, over); err != nil {
			return err
		}
	}
	w.touched[c.id] = row{num, r}
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
	if r.record.Seq != c.base {
		return tasks.ErrConflict
	}
	next := *r.record
	next.Task, next.Seq = c.change.Task, c.base+tasks.Seq(len(c.events))
	status := next.Task.Status
	if c.change.Run || status.State.Terminal() {
		next.Checkpoint = c.change.Checkpoint
	}
	undo := func() {}
	if c.change.Prompt != nil {
		if undo, err = w.store.prompts.Hold(c.id, r.num, c.change.Prompt); err != nil {
			return err
		}
	}
	var prompt []byte
	if !status.State.Terminal() {
		prompt = w.store.prompts.Key(c.id)
	}
	n, err := w.affect(updateTask, int64(status.State), status.State.Terminal(), status.Timestamp.UnixMilli(), int64(next.Seq), next.Checkpoint,
		prompt, r.num, int64(c.base))
	if err == nil && n == 0 {
		err = tasks.ErrConflict
	}
	if err != nil {
		undo()
		return err
	}
	w.undo = append(w.undo, undo)
	if err := w.insertEvents(r.num, c.base, c.events); err != nil {
		return err
	}
	if c.change.Run {
		w.store.hasRun(c.id, r.num)
	}
	w.touched[c.id] = row{r.num, &next}
	return nil
}

// insertEvents adds entries after base in one statement.
func (w *writer) insertEvents(num int64, base tasks.Seq, events [][]byte) error {
	const most = 8 // each number of rows is a statement of its own
	for len(events) > 0 {
		n := min(len(events), most)
		args := make([]any, 0, 3*n)
		for i, event := range events[:n] {
			args = append(args, num, int64(base)+int64(i)+1, event)
		}
		text := "INSERT INTO task_events (task, seq, event) VALUES (?, ?, ?)" + strings.Repeat(", (?, ?, ?)", n-1)
		if err := w.exec(text, args...); err != nil {
			return err
		}
		base, events = base+tasks.Seq(n), events[n:]
	}
	return nil
}

// row gives a task as it is in the transaction. Its record lacks the task itself unless it is at hand.
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
	s, err := w.statement("SELECT num, owner, seq, created, checkpoint FROM tasks WHERE id = ?")
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
	s, err := w.statement("SELECT num, id FROM tasks WHERE finished = 1 AND stamp < ? ORDER BY stamp, id LIMIT ?")
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), ceilMilli(c.since), c.limit)
	if err != nil {
		return err
	}
	old := map[a2a.TaskID]int64{}
	for rows.Next() {
		var num int64
		var id a2a.TaskID
		if err := rows.Scan(&num, &id); err != nil {
			return errors.Join(err, rows.Close())
		}
		old[id] = num
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, num := range old {
		if err := w.exec("DELETE FROM task_events WHERE task = ?", num); err != nil {
			return err
		}
		if err := w.exec("DELETE FROM webhooks WHERE task = ?", num); err != nil {
			return err
		}
		if err := w.exec("DELETE FROM tasks WHERE num = ?", num); err != nil {
			return err
		}
		w.touched[id] = row{}
	}
	c.removed = len(old)
	return nil
}

// ceilMilli is a time in the store's milliseconds, rounded up: what is not before it there is not before it.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
