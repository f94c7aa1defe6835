package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

var _ tasks.Webhooks = (*Store)(nil)

const (
	insertWebhook = `INSERT INTO webhooks (task, id, config, version, revision, sent, over, tries, since, due, failure)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '')`
	// What could not be sent to the former address is sent to this one.
	replaceWebhook = `UPDATE webhooks SET config = ?1, version = ?2, revision = ?3, tries = 0, since = 0, due = 0, failure = '',
		over = (SELECT finished AND webhooks.sent >= seq FROM tasks WHERE num = ?4) WHERE task = ?4 AND id = ?5`
	reportWebhook = `UPDATE webhooks SET sent = ?, over = ?, tries = ?, since = ?, due = ?, failure = ?
		WHERE task = (SELECT num FROM tasks WHERE id = ?) AND id = ? AND revision = ?`
	selectWebhooks = `SELECT w.num, w.config, w.version, w.revision, w.sent, w.over, w.tries, w.since, w.due, w.failure, t.seq > w.sent
		FROM webhooks w JOIN tasks t ON t.num = w.task WHERE `
)

// SetWebhook stores a webhook.
func (s *Store) SetWebhook(ctx context.Context, hook *tasks.Webhook) error {
	return s.change(ctx, &write{run: func(w *writer, _ *write) error { return w.setWebhook(hook) }})
}

func (w *writer) setWebhook(hook *tasks.Webhook) error {
	r, err := w.row(hook.Config.TaskID)
	if err != nil {
		return err
	}
	count, err := w.statement(
		"SELECT count(*), count(CASE WHEN id = ? THEN 1 END) FROM webhooks WHERE task = ?")
	if err != nil {
		return err
	}
	var all, same int
	if err := count.QueryRowContext(context.Background(), hook.Config.ID, r.num).Scan(&all,
		&same); err != nil {
		return err
	}
	switch {
	case same > 0:
		config, err := json.Marshal(hook.Config)
		if err != nil {
			return err
		}
		return w.exec(replaceWebhook, config, hook.Config.Version, rand.Int64(), r.num,
			hook.Config.ID)
	case all >= tasks.MaxWebhooks:
		return tasks.ErrWebhooksFull
	}
	finished, err := w.statement("SELECT finished AND seq <= ? FROM tasks WHERE num = ?")
	if err != nil {
		return err
	}
	var over bool
	if err := finished.QueryRowContext(context.Background(), int64(hook.Sent),
		r.num).Scan(&over); err != nil {
		return err
	}
	return w.insertWebhook(r.num, hook, over)
}

func (w *writer) insertWebhook(task int64, hook *tasks.Webhook, over bool) error {
	config, err := json.Marshal(hook.Config)
	if err != nil {
		return err
	}
	return w.exec(insertWebhook, task, hook.Config.ID, config, hook.Config.Version, rand.Int64(),
		int64(hook.Sent), over)
}

// RemoveWebhook removes a webhook.
func (s *Store) RemoveWebhook(ctx context.Context, task a2a.TaskID, id string) error {
	return s.change(ctx, &write{run: func(w *writer, _ *write) error {
		return w.exec(
			"DELETE FROM webhooks WHERE task = (SELECT num FROM tasks WHERE id = ?) AND id = ?",
			string(task), id)
	}})
}

// ReportWebhook stores what became of a webhook.
func (s *Store) ReportWebhook(ctx context.Context, hook *tasks.Webhook, _ time.Time) error {
	return s.change(ctx, &write{run: func(w *writer, _ *write) error {
		n, err := w.affect(reportWebhook, int64(hook.Sent), hook.Over, hook.Tries,
			tasks.Nanos(hook.Since), tasks.Nanos(hook.Due), hook.Failure,
			string(hook.Config.TaskID), hook.Config.ID, hook.Revision)
		if err == nil && n == 0 {
			err = tasks.ErrConflict
		}
		return err
	}})
}

// Webhooks gives those of a task.
func (s *Store) Webhooks(ctx context.Context, task a2a.TaskID) ([]*tasks.Webhook, error) {
	return s.webhooks(ctx, "t.id = ? ORDER BY w.num", string(task))
}

// LiveWebhooks gives what is not over.
func (s *Store) LiveWebhooks(
	ctx context.Context, after int64, limit int,
) ([]*tasks.Webhook, error) {
	return s.webhooks(ctx, "w.over = 0 AND w.num > ? ORDER BY w.num LIMIT ?", after, limit)
}

// TakeWebhook gives one to send to. Who has the file has it alone (the lock).
func (s *Store) TakeWebhook(
	ctx context.Context, task a2a.TaskID, id string, _ time.Time,
) (*tasks.Webhook, error) {
	hooks, err := s.webhooks(ctx, "t.id = ? AND w.id = ?", string(task), id)
	switch {
	case err != nil:
		return nil, err
	case len(hooks) == 0:
		return nil, tasks.ErrNotFound
	}
	return hooks[0], nil
}

func (s *Store) webhooks(ctx context.Context, where string, args ...any) ([]*tasks.Webhook, error) {
	rows, err := s.readers.QueryContext(ctx, selectWebhooks+where, args...)
	if err != nil {
		return nil, s.readFault(err)
	}
	defer rows.Close()
	var hooks []*tasks.Webhook
	for rows.Next() {
		w, err := scanWebhook(rows)
		if err != nil {
			return nil, s.readFault(err)
		}
		hooks = append(hooks, w)
	}
	return hooks, s.readFault(rows.Err())
}

func scanWebhook(rows *sql.Rows) (*tasks.Webhook, error) {
	w := &tasks.Webhook{Config: new(a2a.TaskPushNotificationConfig)}
	var config []byte
	var version string
	var since, due int64
	err := rows.Scan(&w.Num, &config, &version, &w.Revision, &w.Sent, &w.Over, &w.Tries, &since,
		&due, &w.Failure, &w.Behind)
	if err != nil {
		return nil, err
	}
	if err := w.Config.UnmarshalJSON(config); err != nil {
		// The cause might quote what must not be logged.
		return nil, &damaged{fmt.Errorf("the stored webhook %d cannot be read", w.Num)}
	}
	w.Config.Version, w.Since, w.Due = version, tasks.FromNanos(since), tasks.FromNanos(due)
	return w, nil
}
