package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

var _ tasks.Webhooks = (*Store)(nil)

const webhookColumns = "w.num, w.config, w.version, w.revision, w.sent, w.over, w.tries, " +
	"w.since, w.due, w.failure, t.seq > w.sent"

// What could not be sent to the former address is sent to this one. Whoever is sending keeps the
// webhook until it learns of the new revision.
const setWebhook = `
WITH same AS (
	UPDATE webhooks SET config = $3, version = $4, revision = $5, tries = 0, since = 0, due = 0, failure = '', over = t.finished AND sent >= t.seq
	FROM tasks t WHERE t.num = $1 AND task = $1 AND webhooks.id = $2
	RETURNING 1
), added AS (
	INSERT INTO webhooks (task, id, config, version, revision, sent, over)
	SELECT $1, $2, $3, $4, $5, $6::bigint, t.finished AND $6 >= t.seq FROM tasks t
	WHERE t.num = $1 AND NOT EXISTS (SELECT 1 FROM same) AND (SELECT count(*) FROM webhooks WHERE task = $1) < $7::bigint
	RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM same) OR EXISTS (SELECT 1 FROM added)`

// SetWebhook stores a webhook.
func (s *Store) SetWebhook(ctx context.Context, w *tasks.Webhook) error {
	ctx, config, err := s.webhookChange(ctx, w)
	if err != nil {
		return err
	}
	return s.attempt(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			// Those who add webhooks to a task wait for each other here, before they look how many
			// there are.
			var num int64
			if err := tx.QueryRow(ctx, "SELECT num FROM tasks WHERE id = $1 FOR UPDATE",
				[]byte(w.Config.TaskID)).Scan(&num); err != nil {
				return err
			}
			var stored bool
			err := tx.QueryRow(ctx, setWebhook, num, []byte(w.Config.ID), config, w.Config.Version,
				int64(random()), int64(w.Sent),
				int64(tasks.MaxWebhooks)).Scan(&stored)
			if err == nil && !stored {
				err = tasks.ErrWebhooksFull
			}
			return err
		})
	})
}

// webhookChange begins a change of a webhook.
func (s *Store) webhookChange(
	ctx context.Context, w *tasks.Webhook,
) (_ context.Context, config []byte, err error) {
	if s.readOnly {
		return nil, nil, &Error{Err: ErrReadOnly}
	}
	if ctx, err = patient(ctx); err == nil && w != nil {
		config, err = json.Marshal(w.Config)
	}
	return ctx, config, err
}

// RemoveWebhook removes a webhook.
func (s *Store) RemoveWebhook(ctx context.Context, task a2a.TaskID, id string) error {
	ctx, _, err := s.webhookChange(ctx, nil)
	if err != nil {
		return err
	}
	return s.attempt(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx,
			"DELETE FROM webhooks WHERE task = (SELECT num FROM tasks WHERE id = $1) AND id = $2",
			[]byte(task), []byte(id))
		return err
	})
}

// Webhooks gives those of a task.
func (s *Store) Webhooks(ctx context.Context, task a2a.TaskID) ([]*tasks.Webhook, error) {
	return s.webhooks(ctx, "WHERE t.id = $1 ORDER BY w.num", []byte(task))
}

// LiveWebhooks gives what is not over.
func (s *Store) LiveWebhooks(
	ctx context.Context, after int64, limit int,
) ([]*tasks.Webhook, error) {
	return s.webhooks(ctx, "WHERE NOT w.over AND w.num > $1 ORDER BY w.num LIMIT $2", after, limit)
}

func (s *Store) webhooks(
	ctx context.Context, where string, args ...any,
) (hooks []*tasks.Webhook, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, "SELECT "+webhookColumns+
			" FROM webhooks w JOIN tasks t ON t.num = w.task "+where, args...)
		if err == nil {
			hooks, err = pgx.CollectRows(rows,
				func(row pgx.CollectableRow) (*tasks.Webhook, error) {
					return scanWebhook(row)
				})
		}
		return err
	})
	return hooks, err
}

// The agent that has the webhook already takes it again; it may be late as long as no other one has
// taken it.
const takeWebhook = `
UPDATE webhooks w SET taker = $3::bigint, taken_until = clock_timestamp() + $4::interval FROM tasks t
WHERE t.id = $1 AND w.task = t.num AND w.id = $2 AND (w.taker IS NULL OR w.taker = $3 OR w.taken_until <= clock_timestamp())
RETURNING ` + webhookColumns

// TakeWebhook gives one to send to, and keeps the other agents from it.
func (s *Store) TakeWebhook(
	ctx context.Context, task a2a.TaskID, id string, until time.Time,
) (w *tasks.Webhook, err error) {
	ctx, _, err = s.webhookChange(ctx, nil)
	if err != nil {
		return nil, err
	}
	err = s.attempt(ctx, func(ctx context.Context) error {
		w, err = scanWebhook(s.pool.QueryRow(ctx, takeWebhook, []byte(task), []byte(id),
			int64(s.origin), max(time.Until(until), 0)))
		return err
	})
	if !errors.Is(err, tasks.ErrNotFound) {
		return w, err
	}
	hooks, err := s.webhooks(ctx, "WHERE t.id = $1 AND w.id = $2", []byte(task), []byte(id))
	switch {
	case err != nil:
		return nil, err
	case len(hooks) == 0:
		return nil, tasks.ErrNotFound
	}
	return nil, tasks.ErrWebhookTaken
}

const reportWebhook = `
UPDATE webhooks SET sent = $5, over = $6, tries = $7, since = $8, due = $9, failure = $10,
	taker = CASE WHEN $11::interval > interval '0' THEN taker END, taken_until = clock_timestamp() + $11
WHERE task = (SELECT num FROM tasks WHERE id = $1) AND id = $2 AND revision = $3 AND taker = $4`

// ReportWebhook stores what became of one.
func (s *Store) ReportWebhook(ctx context.Context, w *tasks.Webhook, until time.Time) error {
	ctx, _, err := s.webhookChange(ctx, nil)
	if err != nil {
		return err
	}
	var prolong time.Duration
	if !until.IsZero() {
		prolong = max(time.Until(until), 0)
	}
	return s.attempt(ctx, func(ctx context.Context) error {
		tag, err := s.pool.Exec(ctx, reportWebhook, []byte(w.Config.TaskID), []byte(w.Config.ID),
			w.Revision, int64(s.origin),
			int64(w.Sent), w.Over, w.Tries, tasks.Nanos(w.Since), tasks.Nanos(w.Due), w.Failure,
			prolong)
		if err == nil && tag.RowsAffected() == 0 {
			err = tasks.ErrConflict
		}
		return err
	})
}

func scanWebhook(row pgx.Row) (*tasks.Webhook, error) {
	w := &tasks.Webhook{Config: new(a2a.TaskPushNotificationConfig)}
	var config []byte
	var version string
	var since, due int64
	err := row.Scan(&w.Num, &config, &version, &w.Revision, &w.Sent, &w.Over, &w.Tries, &since,
		&due, &w.Failure, &w.Behind)
	if err != nil {
		return nil, err
	}
	if err := w.Config.UnmarshalJSON(config); err != nil {
		// The cause might quote what must not be logged.
		return nil, &Error{ErrDamaged, fmt.Errorf("the webhook %d", w.Num)}
	}
	w.Config.Version, w.Since, w.Due = version, tasks.FromNanos(since), tasks.FromNanos(due)
	return w, nil
}
