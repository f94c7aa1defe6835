package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// columns are what record reads.
const columns = `owner, seq, created, checkpoint, terms, coalesce(holder, 0),
	(SELECT array_agg(event ORDER BY task_events.seq) FROM task_events WHERE task = num)`

// Get gives a task.
func (s *Store) Get(ctx context.Context, id a2a.TaskID) (rec *tasks.Record, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		rec, err = s.record(s.pool.QueryRow(ctx, "SELECT "+columns+" FROM tasks WHERE id = $1",
			[]byte(id)))
		return err
	})
	return rec, err
}

func (s *Store) record(row pgx.Row) (*tasks.Record, error) {
	rec := new(tasks.Record)
	var owner []byte
	var entries [][]byte
	var created, holder int64
	if err := row.Scan(&owner, &rec.Seq, &created, &rec.Checkpoint, &rec.Terms, &holder,
		&entries); err != nil {
		return nil, err
	}
	rec.Owner, rec.Created, rec.Elsewhere = tasks.Owner(owner), time.Unix(0, created),
		holder != 0 && holder != s.holder.current()
	for _, b := range entries {
		event, err := a2a.UnmarshalEvent(a2a.Repaired(b))
		if err != nil {
			return nil, &Error{ErrDamaged, fmt.Errorf("an event: %w", err)}
		}
		if rec.Task == nil {
			rec.Task, _ = event.(*a2a.Task)
		} else {
			rec.Task = rec.Task.Apply(event)
		}
	}
	if rec.Task == nil || tasks.Seq(len(entries)) != rec.Seq {
		return nil, &Error{ErrDamaged, errors.New("the entries of a task are not complete")}
	}
	return rec, nil
}

// Events gives the entries after a sequence number.
func (s *Store) Events(
	ctx context.Context, id a2a.TaskID, after tasks.Seq,
) (entries []tasks.Entry, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		entries, err = s.events(ctx, id, after)
		return err
	})
	return entries, err
}

// events gets at least one row for a task that exists.
func (s *Store) events(ctx context.Context, id a2a.TaskID, after tasks.Seq) ([]tasks.Entry, error) {
	rows, err := s.pool.Query(ctx, `SELECT coalesce(e.seq, 0), e.event FROM tasks t LEFT JOIN task_events e ON e.task = t.num AND e.seq > $2
		WHERE t.id = $1 ORDER BY e.seq`, []byte(id), int64(after))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var entries []tasks.Entry
	exists := false
	for rows.Next() {
		exists = true
		var entry tasks.Entry
		var b []byte
		if err := rows.Scan(&entry.Seq, &b); err != nil {
			return nil, err
		}
		if entry.Seq == 0 {
			break
		}
		if entry.Event, err = a2a.UnmarshalEvent(a2a.Repaired(b)); err != nil {
			return nil, &Error{ErrDamaged, fmt.Errorf("an event: %w", err)}
		}
		entries = append(entries, entry)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if !exists {
		return nil, tasks.ErrNotFound
	}
	return entries, nil
}

// List gives a page and the total in one statement, so that they agree.
func (s *Store) List(ctx context.Context, q tasks.Query) (page *tasks.Page, err error) {
	where, args := "owner = $1", []any{[]byte(q.Owner)}
	add := func(term string, values ...any) {
		var places []any
		for range values {
			places = append(places, len(args)+len(places)+1)
		}
		where += " AND " + fmt.Sprintf(term, places...)
		args = append(args, values...)
	}
	if q.Context != "" {
		add("context = $%d", []byte(q.Context))
	}
	if q.State != a2a.TaskStateUnspecified {
		add("state = $%d", int16(q.State))
	}
	if !q.Since.IsZero() {
		add("stamp >= $%d", ceilMilli(q.Since))
	}
	all := where
	if q.After != (tasks.Position{}) {
		add("(stamp, id) < ($%d, $%d)", q.After.Timestamp.UnixMilli(), []byte(q.After.ID))
	}
	args = append(args, q.Limit)
	text := fmt.Sprintf(`SELECT total, num IS NOT NULL, %s FROM (SELECT count(*) AS total FROM tasks WHERE %s) AS counted
		LEFT JOIN (SELECT * FROM tasks WHERE %s ORDER BY stamp DESC, id DESC LIMIT $%d) AS page ON true ORDER BY stamp DESC, id DESC`,
		columns, all, where, len(args))
	err = s.attempt(ctx, func(ctx context.Context) error {
		page, err = s.page(ctx, text, args)
		return err
	})
	return page, err
}

func (s *Store) page(ctx context.Context, text string, args []any) (*tasks.Page, error) {
	rows, err := s.pool.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page := new(tasks.Page)
	for rows.Next() {
		var there bool
		if err := rows.Scan(&page.Total, &there, nil, nil, nil, nil, nil, nil, nil); err != nil {
			return nil, err
		}
		if !there {
			break
		}
		rec, err := s.record(after{rows, 2})
		if err != nil {
			return nil, err
		}
		page.Records = append(page.Records, rec)
	}
	return page, rows.Err()
}

// after is a row without its first columns.
type after struct {
	pgx.Row
	n int
}

func (a after) Scan(dest ...any) error { return a.Row.Scan(append(make([]any, a.n), dest...)...) }
