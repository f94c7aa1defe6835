package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

const (
	pruneEvery  = 1024 // new tasks between two prunings of the message keys
	removeGroup = 500  // tasks, or holds, removed in one transaction
	maxRaces    = 10   // times that a repeated message is looked for
)

// A key is taken over when its time is up; else nothing changes. Two agents that store one message
// at once wait for each other at the key.
const createTask = `
WITH alive AS (
	SELECT 1 FROM agents WHERE id = $1
), keyed AS (
	INSERT INTO message_keys (key, task, created) SELECT $2::bytea, $3::bytea, $4::bigint FROM alive WHERE $2::bytea IS NOT NULL
	ON CONFLICT (key) DO UPDATE SET task = excluded.task, created = excluded.created WHERE message_keys.created < $5::bigint
	RETURNING 1
), made AS (
	INSERT INTO tasks (id, owner, context, state, finished, stamp, created, seq, terms, checkpoint, key, holder, bytes)
	SELECT $3::bytea, $6::bytea, $7::bytea, $8::smallint, $9::boolean, $10::bigint, $4::bigint, $11::bigint, $12::bytea, $13::bytea, $2::bytea,
		CASE WHEN $14::boolean THEN $1::bigint END, (SELECT coalesce(sum(length(event)), 0) FROM unnest($15::bytea[]) AS entry (event))
	FROM alive WHERE $2::bytea IS NULL OR EXISTS (SELECT 1 FROM keyed)
	RETURNING num
), added AS (
	INSERT INTO task_events (task, seq, event)
	SELECT num, $11::bigint - cardinality($15::bytea[]) + n, event FROM made, unnest($15::bytea[]) WITH ORDINALITY AS entry (event, n)
), hooked AS (
	INSERT INTO webhooks (task, id, config, version, revision, sent, over)
	SELECT num, $16::bytea, $17::bytea, $18::text, $19::bigint, $20::bigint, $9 AND $20 >= $11 FROM made WHERE $17 IS NOT NULL
)
SELECT EXISTS (SELECT 1 FROM alive), EXISTS (SELECT 1 FROM made)`

// Create stores a task.
func (s *Store) Create(
	ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time,
) (a2a.TaskID, error) {
	ctx, err := patient(ctx)
	if err != nil {
		return "", err
	}
	status := r.Task.Status
	id, encoded := []byte(r.Task.ID), encode(events)
	args := []any{
		nil, r.MessageKey, id, r.Created.UnixNano(), since.UnixNano(), []byte(r.Owner),
		[]byte(r.Task.ContextID), int16(status.State),
		status.State.Terminal(), status.Timestamp.UnixMilli(), int64(r.Seq), r.Terms,
		nonEmpty(r.Checkpoint), worked(status.State, r.Checkpoint),
		encoded, nil, nil, nil, nil, nil,
	}
	if w := r.Webhook; w != nil {
		config, err := json.Marshal(w.Config)
		if err != nil {
			return "", err
		}
		args = append(args[:15], []byte(w.Config.ID), config, w.Config.Version, int64(random()),
			int64(w.Sent))
	}
	for range maxRaces {
		me, err := s.mine(ctx, true)
		if err != nil {
			return "", err
		}
		var alive, made bool
		err = s.attempt(ctx, func(ctx context.Context) error {
			args[0] = me
			return s.pool.QueryRow(ctx, createTask, args...).Scan(&alive, &made)
		})
		switch {
		case errors.Is(err, tasks.ErrConflict):
			return "", tasks.ErrStored
		case err != nil:
			return "", err
		case made:
			s.prune(ctx, since)
			s.grown(r.Owner.Client(), size(encoded))
			return "", nil
		case !alive:
			s.suspect(ctx)
			continue
		}
		var existing []byte
		err = s.attempt(ctx, func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, "SELECT task FROM message_keys WHERE key = $1",
				r.MessageKey).Scan(&existing)
		})
		switch {
		case err == nil && bytes.Equal(existing, id):
			return "", tasks.ErrStored
		case !errors.Is(err, tasks.ErrNotFound):
			return a2a.TaskID(existing), err
		}
	}
	return "", tasks.ErrConflict
}

// worked reports whether a task in that state has to have a holder: those that have ended and those
// that wait for their caller have none.
func worked(state a2a.TaskState, checkpoint []byte) bool {
	return !state.Terminal() && (state != a2a.TaskStateInputRequired || len(checkpoint) > 0)
}

func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func encode(events []a2a.Event) [][]byte {
	encoded := make([][]byte, len(events))
	for i, event := range events {
		encoded[i] = a2a.AppendEvent(nil, event)
	}
	return encoded
}

// prune removes the keys whose time is up, now and then.
func (s *Store) prune(ctx context.Context, since time.Time) {
	if s.creates.Add(1)%pruneEvery != 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	if _, err := s.pool.Exec(ctx, "DELETE FROM message_keys WHERE created < $1",
		since.UnixNano()); err != nil {
		s.log.Warn("old message keys were not removed; trying again later", "error", fault(err))
	}
}

// appendChange is a change that has entries and no claims. One by the runner requires a living
// agent that holds the task, or a task nobody holds. Resuming an idle task makes the agent its
// holder: it is the one at which the caller has answered.
//
// $1 id, $2 base, $3 state, $4 finished, $5 stamp, $6 terms, $7 checkpoint, $8 run, $9 agent, $10
// events, $11 waits for the caller, $12 change
const appendChange = `
WITH changed AS (
	UPDATE tasks SET state = $3::smallint, finished = $4::boolean, stamp = $5::bigint, seq = seq + cardinality($10::bytea[]),
		terms = coalesce($6::bytea, terms), checkpoint = CASE WHEN $8::boolean OR $4 THEN $7::bytea ELSE checkpoint END,
		hold = CASE WHEN NOT $4 THEN hold END,
		holder = CASE
			WHEN $4 OR $11::boolean AND (CASE WHEN $8 THEN $7 ELSE checkpoint END) IS NULL THEN NULL
			ELSE coalesce(holder, $9::bigint)
		END,
		moved = NOT $4 AND moved, bytes = bytes + (SELECT coalesce(sum(length(event)), 0) FROM unnest($10) AS entry (event))
	WHERE id = $1::bytea AND seq = $2::bigint
		AND (NOT $8 OR (holder IS NULL OR holder = $9) AND EXISTS (SELECT 1 FROM agents WHERE agents.id = $9))
	RETURNING num
), added AS (
	INSERT INTO task_events (task, seq, event, change)
	SELECT num, $2 + n, event, CASE WHEN n = 1 THEN $12::bytea END FROM changed, unnest($10) WITH ORDINALITY AS entry (event, n)
)
SELECT count(*) FROM changed`

// Append adds a change.
func (s *Store) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	if err := c.Validate(); err != nil {
		return err
	}
	for i := range c.Claims {
		if err := c.Claims[i].Validate(true); err != nil {
			return err
		}
	}
	encoded := encode(c.Events)
	var err error
	if len(c.Claims) > 0 || len(encoded) == 0 {
		err = s.transact(ctx, &transaction{id: id, base: base, change: c, encoded: encoded})
	} else {
		err = s.append(ctx, id, base, c, encoded)
	}
	return err
}

func (s *Store) append(
	ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change, encoded [][]byte,
) error {
	ctx, err := patient(ctx)
	if err != nil {
		return err
	}
	me := s.holder.current()
	switch {
	case s.readOnly:
		return &Error{Err: ErrReadOnly}
	case c.Run: // others need no lease; what they make go on is claimed if this agent has none
		if me, err = s.mine(ctx, false); err != nil {
			return err
		}
	}
	status := c.Task.Status
	args := []any{
		[]byte(id), int64(base), int16(status.State), status.State.Terminal(),
		status.Timestamp.UnixMilli(), c.Terms,
		nonEmpty(c.Checkpoint), c.Run, me, encoded, status.State == a2a.TaskStateInputRequired,
		c.ID[:],
	}
	err = s.attempt(ctx, func(ctx context.Context) error {
		var n int
		err := s.pool.QueryRow(ctx, appendChange, args...).Scan(&n)
		if err == nil && n == 0 {
			err = s.refusal(ctx, id, base, me, c)
		}
		return err
	})
	switch {
	case errors.Is(err, tasks.ErrLeaseLost):
		s.suspect(ctx)
	case err == nil, errors.Is(err, tasks.ErrStored):
		s.tellOf(id, len(encoded), c.Task)
	}
	return err
}

// refusal says why a change was not stored.
func (s *Store) refusal(
	ctx context.Context, id a2a.TaskID, base tasks.Seq, me int64, c tasks.Change,
) error {
	var seq tasks.Seq
	var holder int64
	var alive, stored bool
	err := s.pool.QueryRow(ctx, `SELECT seq, coalesce(holder, 0), EXISTS (SELECT 1 FROM agents WHERE agents.id = $2),
		EXISTS (SELECT 1 FROM task_events WHERE task = num AND task_events.seq > $3 AND change = $4) FROM tasks WHERE id = $1`,
		[]byte(id), me, int64(base), c.ID[:]).Scan(&seq, &holder, &alive, &stored)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return tasks.ErrNotFound
	case err != nil:
		return err
	case stored:
		return tasks.ErrStored
	case seq != base:
		return tasks.ErrConflict
	case c.Run && (!alive || holder != 0 && holder != me):
		return tasks.ErrLeaseLost
	}
	return tasks.ErrConflict // it has gone by since; the caller looks again
}

// suspect looks whether this agent is taken for dead.
func (s *Store) suspect(ctx context.Context) { _ = s.beat(ctx) }

const removeTasks = `
WITH old AS (
	SELECT num FROM tasks WHERE finished AND stamp < $1 ORDER BY stamp, id LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
	DELETE FROM tasks USING old WHERE tasks.num = old.num RETURNING tasks.num, tasks.id, tasks.key
), entries AS (
	DELETE FROM task_events USING old WHERE task_events.task = old.num
), keys AS (
	DELETE FROM message_keys USING gone WHERE message_keys.key = gone.key AND message_keys.task = gone.id
)
SELECT count(*) FROM gone`

// Remove removes what ended long ago, some at a time. Several agents may do so at once.
func (s *Store) Remove(ctx context.Context, finishedBefore time.Time, limit int) (int, error) {
	total := 0
	for total < limit {
		group, n := min(limit-total, removeGroup), 0
		err := s.attempt(ctx, func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, removeTasks, ceilMilli(finishedBefore), group).Scan(&n)
		})
		if err != nil {
			return total, err
		}
		if total += n; n < group {
			break
		}
	}
	for {
		var n int64
		err := s.attempt(ctx, func(ctx context.Context) error {
			tag, err := s.pool.Exec(ctx, removeHolds, time.Now().Add(-holdMargin).UnixNano(),
				removeGroup)
			n = tag.RowsAffected()
			return err
		})
		if err != nil || n < removeGroup {
			return total, err
		}
	}
}

// holdMargin is how long a hold that is over stays at least. Who joins in its last moment writes to
// the task alone, and is not seen before that is committed; and the clocks of agents differ.
const holdMargin = time.Minute

// A hold that is opened anew at this moment has another time, and stays.
const removeHolds = `DELETE FROM holds WHERE until <= $1 AND key IN (
	SELECT key FROM holds WHERE until <= $1 AND NOT EXISTS (SELECT 1 FROM tasks WHERE hold = holds.key) LIMIT $2)`

// ceilMilli is a time in the store's milliseconds, rounded up: what is not before it there is not
// before it.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
