package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// readStatements are prepared once; database/sql keeps them for every connection.
type readStatements struct {
	task, entries, exists, events, claim, hold, holding *sql.Stmt
}

func (r *readStatements) prepare(ctx context.Context, db *sql.DB) error {
	for text, s := range map[string]**sql.Stmt{
		"SELECT " + rowColumns + " FROM tasks WHERE id = ?": &r.task,
		selectHold:    &r.hold,
		selectHolding: &r.holding,
		"SELECT event FROM task_events WHERE task = ? AND seq <= ? ORDER BY seq":                                        &r.entries,
		"SELECT 1 FROM tasks WHERE id = ?":                                                                              &r.exists,
		"SELECT seq, event FROM task_events WHERE task = (SELECT num FROM tasks WHERE id = ?) AND seq > ? ORDER BY seq": &r.events,
		"SELECT num, id, state, checkpoint FROM tasks WHERE finished = 0 AND num > ? AND num <= ? ORDER BY num LIMIT ?": &r.claim,
	} {
		var err error
		if *s, err = db.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (r *readStatements) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{r.task, r.entries, r.exists, r.events, r.claim, r.hold,
		r.holding} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// readFault gives an error of a reader its kind.
func (s *Store) readFault(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return tasks.ErrNotFound
	case s.closed.Load(): // database/sql has no name for what it says then
		return tasks.ErrClosed
	}
	return fault(s.path, err)
}

// brief is the context of a query that takes no time to speak of. With one that can be canceled,
// the driver would start a goroutine for it.
func brief(ctx context.Context) (context.Context, error) {
	return context.WithoutCancel(ctx), context.Cause(ctx)
}

// Get gives a task.
func (s *Store) Get(ctx context.Context, id a2a.TaskID) (*tasks.Record, error) {
	if r, ok := s.cache.get(id); ok {
		return r.record, nil
	}
	ctx, err := brief(ctx)
	if err != nil {
		return nil, err
	}
	r, err := scanRow(s.read.task.QueryRowContext(ctx, string(id)))
	if err == nil {
		err = sum(ctx, s.read.entries, r)
	}
	if err == nil && r.record.Task.ID != id {
		err = &damaged{errors.New("the entries of a task are another one's")}
	}
	if _, isDamaged := errors.AsType[*damaged](err); isDamaged {
		// Perhaps the task was removed between the two, and its number given to the next one.
		if _, again := scanRow(s.read.task.QueryRowContext(ctx, string(id))); errors.Is(again,
			sql.ErrNoRows) {
			err = again
		}
	}
	if err != nil {
		return nil, s.readFault(err)
	}
	return r.record, nil
}

// rowColumns are what scanRow reads.
const rowColumns = "num, owner, seq, created, checkpoint, terms, bytes, changes"

// scanRow reads a row of rowColumns.
func scanRow(rows interface{ Scan(...any) error }) (row, error) {
	r := row{record: new(tasks.Record)}
	var owner []byte
	var created int64
	if err := rows.Scan(&r.num, &owner, &r.record.Seq, &created, &r.record.Checkpoint,
		&r.record.Terms, &r.bytes, (*[]byte)(&r.changes)); err != nil {
		return row{}, err
	}
	r.record.Owner, r.record.Created = tasks.Owner(owner), time.Unix(0, created)
	return r, nil
}

// sum adds up the entries of a row. Entries never change, so those up to its sequence number are
// what they were when the row was read.
func sum(ctx context.Context, entries *sql.Stmt, r row) error {
	rows, err := entries.QueryContext(ctx, r.num, int64(r.record.Seq))
	if err != nil {
		return err
	}
	defer rows.Close()
	n := tasks.Seq(0)
	var task a2a.Fold
	for ; rows.Next(); n++ {
		var b sql.RawBytes
		if err := rows.Scan(&b); err != nil {
			return err
		}
		event, err := a2a.UnmarshalEvent(a2a.Repaired(b))
		if err != nil {
			return &damaged{fmt.Errorf("a stored event cannot be read: %w", err)}
		}
		task.Add(event)
	}
	r.record.Task = task.Task()
	switch err := rows.Err(); {
	case err != nil:
		return err
	case n != r.record.Seq, r.record.Task == nil:
		return &damaged{errors.New("the entries of a task are not complete")}
	}
	return nil
}

// Events gives the entries after a sequence number.
func (s *Store) Events(ctx context.Context, id a2a.TaskID, after tasks.Seq) ([]tasks.Entry, error) {
	ctx, err := brief(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.events.QueryContext(ctx, string(id), int64(after))
	if err != nil {
		return nil, s.readFault(err)
	}
	defer rows.Close()
	var entries []tasks.Entry
	for rows.Next() {
		var entry tasks.Entry
		var b sql.RawBytes
		if err := rows.Scan(&entry.Seq, &b); err != nil {
			return nil, s.readFault(err)
		}
		if entry.Event, err = a2a.UnmarshalEvent(a2a.Repaired(b)); err != nil {
			return nil, s.readFault(&damaged{fmt.Errorf("a stored event cannot be read: %w", err)})
		}
		entries = append(entries, entry)
	}
	if err := rows.Err(); err != nil {
		return nil, s.readFault(err)
	}
	if len(entries) == 0 {
		var one int
		if err := s.read.exists.QueryRowContext(ctx, string(id)).Scan(&one); err != nil {
			return nil, s.readFault(err)
		}
	}
	return entries, nil
}

// List gives a page and the total in one transaction, so that they agree.
func (s *Store) List(ctx context.Context, q tasks.Query) (*tasks.Page, error) {
	where, args := "owner = ?", []any{[]byte(q.Owner)}
	add := func(term string, values ...any) {
		where += " AND " + term
		args = append(args, values...)
	}
	if q.Context != "" {
		add("context = ?", string(q.Context))
	}
	if q.State != a2a.TaskStateUnspecified {
		add("state = ?", int64(q.State))
	}
	if !q.Since.IsZero() {
		add("stamp >= ?", ceilMilli(q.Since))
	}
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, s.readFault(err)
	}
	defer tx.Rollback()
	page := new(tasks.Page)
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM tasks WHERE "+where,
		args...).Scan(&page.Total); err != nil {
		return nil, s.readFault(err)
	}
	if q.After != (tasks.Position{}) {
		add("(stamp, id) < (?, ?)", q.After.Timestamp.UnixMilli(), string(q.After.ID))
	}
	args = append(args, q.Limit)
	rows, err := tx.QueryContext(ctx, "SELECT "+rowColumns+" FROM tasks WHERE "+where+
		" ORDER BY stamp DESC, id DESC LIMIT ?", args...)
	if err != nil {
		return nil, s.readFault(err)
	}
	defer rows.Close()
	var found []row
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return nil, s.readFault(err)
		}
		found = append(found, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, s.readFault(err)
	}
	entries := tx.StmtContext(ctx, s.read.entries)
	for _, r := range found {
		if err := sum(ctx, entries, r); err != nil {
			return nil, s.readFault(err)
		}
		page.Records = append(page.Records, r.record)
	}
	return page, nil
}

// Claim gives what an earlier process left, in the order of creation. Who has the file owns all of
// it (the lock).
func (s *Store) Claim(ctx context.Context, limit int) ([]tasks.Pending, error) {
	if s.writer == nil {
		return nil, nil
	}
	s.claiming.Lock()
	defer s.claiming.Unlock()
	var pending []tasks.Pending
	for len(pending) == 0 && s.claimed < s.boundary {
		n, err := s.claimSome(ctx, limit, &pending)
		if err != nil {
			return nil, s.readFault(err)
		}
		if n < limit {
			s.claimed = s.boundary
			s.ranMu.Lock()
			s.ran = nil
			s.ranMu.Unlock()
		}
	}
	return pending, nil
}

func (s *Store) claimSome(
	ctx context.Context, limit int, pending *[]tasks.Pending,
) (n int, err error) {
	rows, err := s.read.claim.QueryContext(ctx, s.claimed, s.boundary, limit)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	last := s.claimed
	for rows.Next() {
		var p tasks.Pending
		if err := rows.Scan(&last, &p.ID, &p.State, &p.Checkpoint); err != nil {
			return 0, err
		}
		n++
		s.ranMu.Lock()
		_, ran := s.ran[p.ID]
		s.ranMu.Unlock()
		if !ran {
			*pending = append(*pending, p)
		}
	}
	if err := rows.Err(); err != nil {
		*pending = nil
		return 0, err
	}
	s.claimed = last
	return n, nil
}

// hasRun notes that this process runs a task that it has not claimed, before that is stored: Claim
// looks here after it has read.
func (s *Store) hasRun(id a2a.TaskID, num int64) {
	if num > s.boundary {
		return
	}
	s.ranMu.Lock()
	defer s.ranMu.Unlock()
	if s.ran != nil {
		s.ran[id] = struct{}{}
	}
}
