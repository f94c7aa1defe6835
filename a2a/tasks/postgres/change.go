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
	removeGroup = 500  // tasks removed in one transaction
	maxRaces    = 10   // times that a repeated message is looked for
)

// A key is taken over when its time is up; else nothing changes. Two agents that store one message at once wait for each other at the key.
const createTask = `
WITH alive AS (
	SELECT 1 FROM agents WHERE id = $1
), keyed AS (
	INSERT INTO message_keys (key, task, created) SELECT $2::bytea, $3::bytea, $4::bigint FROM alive WHERE $2::bytea IS NOT NULL
	ON CONFLICT (key) DO UPDATE SET task = excluded.task, created = excluded.created WHERE message_keys.created < $5::bigint
	RETURNING 1
), made AS (
	INSERT INTO tasks (id, owner, context, state, finished, stamp, created, seq, snapshot, checkpoint, key, holder)
	SELECT $3::bytea, $6::bytea, $7::bytea, $8::smallint, $9::boolean, $10::bigint, $4::bigint, $11::bigint, $12::bytea, $13::bytea, $2::bytea,
		CASE WHEN $14::boolean THEN $1::bigint END
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
func (s *Store) Create(ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time) (a2a.TaskID, error) {
	ctx, err := patient(ctx)
	if err != nil {
		return "", err
	}
	status := r.Task.Status
	id, snapshot, encoded := []byte(r.Task.ID), r.Task.AppendJSON(nil), encode(events)
	args := []any{
		nil, r.MessageKey, id, r.Created.UnixNano(), since.UnixNano(), []byte(r.Owner), []byte(r.Task.ContextID), int16(status.State),
		status.State.Terminal(), status.Timestamp.UnixMilli(), int64(r.Seq), snapshot, nonEmpty(r.Checkpoint), worked(status.State, r.Checkpoint),
		encoded, nil, nil, nil, nil, nil,
	}
	if w := r.Webhook; w != nil {
		config, err := json.Marshal(w.Config)
		if err != nil {
			return "", err
		}
		args = append(args[:15], []byte(w.Config.ID), config, w.Config.Version, int64(random()), int64(w.Sent))
	}
	inDoubt := false
	for range maxRaces {
		me, err := s.mine(ctx, true)
		if err != nil {
			return "", err
		}
		var alive, made bool
		err = s.attempt(ctx, func(ctx context.Context) error {
			args[0] = me
			err := s.pool.QueryRow(ctx, createTask, args...).Scan(&alive, &made)
			inDoubt = inDoubt || err != nil && unsure(err)
			return err
		})
		switch {
		case inDoubt && errors.Is(err, tasks.ErrConflict):
			return "", nil // an attempt of which no answer came had stored it
		case err != nil:
			return "", err
		case made:
			s.prune(ctx, since)
			return "", nil
		case !alive:
			s.suspect(ctx)
			continue
		}
		var existing []byte
		err = s.attempt(ctx, func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, "SELECT task FROM message_keys WHERE key = $1", r.MessageKey).Scan(&existing)
		})
		switch {
		case err == nil && inDoubt && bytes.Equal(existing, id):
			return "", nil
		case !errors.Is(err, tasks.ErrNotFound):
			return a2a.TaskID(existing), err
		}
	}
	return "", tasks.ErrConflict
}

// worked reports whether a task in that state has to have a holder: those that have ended and those that wait for their caller have none.
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
	if _, err := s.pool.Exec(ctx, "DELETE FROM message_keys WHERE created < $1", since.UnixNano()); err != nil {
		s.log.Warn("old message keys were not removed; trying again later", "error", fault(err))
	}
}

// A change by the runner needs a living agent, and a task that it holds or nobody does. Who makes a task go on that nobody had to work on becomes
// its holder: the agent at which the caller has answered. Who joins a prompt leaves the task to the holder of the oldest.
//
// $1 id, $2 base, $3 state, $4 finished, $5 stamp, $6 snapshot, $7 checkpoint, $8 run, $9 agent, $10 events, $11 waits for the caller, $12 key of
// the prompt, $13 join
const appendChange = `
WITH others AS (
	SELECT count(*) AS n, (array_agg(holder ORDER BY num))[1] AS first FROM tasks WHERE prompt = $12::bytea AND id <> $1::bytea
), changed AS (
	UPDATE tasks SET state = $3::smallint, finished = $4::boolean, stamp = $5::bigint, seq = seq + cardinality($10::bytea[]), snapshot = $6::bytea,
		checkpoint = CASE WHEN $8::boolean OR $4 THEN $7::bytea ELSE checkpoint END,
		prompt = CASE WHEN NOT $4 THEN coalesce($12, prompt) END,
		holder = CASE
			WHEN $4 OR $11::boolean AND (CASE WHEN $8 THEN $7 ELSE checkpoint END) IS NULL THEN NULL
			WHEN $13::boolean THEN coalesce(others.first, $9::bigint)
			ELSE coalesce(holder, $9)
		END,
		moved = NOT $4 AND (moved OR $13 AND coalesce(others.first <> $9, false))
	FROM others
	WHERE id = $1 AND seq = $2::bigint
		AND (NOT $8 OR (holder IS NULL OR holder = $9) AND EXISTS (SELECT 1 FROM agents WHERE agents.id = $9))
		AND CASE WHEN $12 IS NULL THEN true WHEN $13 THEN others.n BETWEEN 1 AND $14::bigint - 1 ELSE others.n = 0 END
	RETURNING num, coalesce(holder, 0) AS holder
), added AS (
	INSERT INTO task_events (task, seq, event)
	SELECT num, $2 + n, event FROM changed, unnest($10) WITH ORDINALITY AS entry (event, n)
)
SELECT holder FROM changed`

// Append adds a change.
func (s *Store) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
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
	status, encoded := c.Task.Status, encode(c.Events)
	var key []byte
	join := false
	if c.Prompt != nil {
		key, join = c.Prompt.Key, c.Prompt.Join
	}
	args := []any{
		[]byte(id), int64(base), int16(status.State), status.State.Terminal(), status.Timestamp.UnixMilli(), c.Task.AppendJSON(nil),
		nonEmpty(c.Checkpoint), c.Run, me, encoded, status.State == a2a.TaskStateInputRequired, key, join, int64(tasks.MaxPromptHolders),
	}
	var holder int64
	inDoubt := false
	err = s.attempt(ctx, func(ctx context.Context) error {
		err := s.append(ctx, key, args, &holder)
		if errors.Is(err, pgx.ErrNoRows) {
			err = s.refusal(ctx, id, base, me, c)
		}
		inDoubt = inDoubt || err != nil && !refusal(err) && unsure(err)
		return err
	})
	if inDoubt && errors.Is(err, tasks.ErrConflict) && len(encoded) > 0 && s.stored(ctx, id, base, encoded) {
		err = nil // an attempt of which no answer came had stored it
	}
	if errors.Is(err, tasks.ErrLeaseLost) {
		s.suspect(ctx)
	}
	if err != nil {
		return err
	}
	if len(encoded) > 0 {
		s.notifier.add(func(m *message) { m.change(id, status.State.Terminal()) })
	}
	if join && holder != me {
		s.notifier.add(func(m *message) { m.Claim = append(m.Claim, holder) })
	}
	return nil
}

// append executes the statement. For a prompt it first takes the lock of the key, in the same transaction but before the statement looks at the
// holders; both go to the server at once.
func (s *Store) append(ctx context.Context, key []byte, args []any, holder *int64) error {
	if key == nil {
		return s.pool.QueryRow(ctx, appendChange, args...).Scan(holder)
	}
	batch := new(pgx.Batch)
	batch.Queue("SELECT pg_advisory_xact_lock("+promptLock+") FROM (SELECT $1::bytea AS prompt) AS given", key)
	batch.Queue(appendChange, args...)
	results := s.pool.SendBatch(ctx, batch)
	_, err := results.Exec()
	if err == nil {
		err = results.QueryRow().Scan(holder)
	}
	return errors.Join(err, results.Close()) // it is committed when the batch is over
}

// refusal says why a change was not stored.
func (s *Store) refusal(ctx context.Context, id a2a.TaskID, base tasks.Seq, me int64, c tasks.Change) error {
	var key []byte
	if c.Prompt != nil {
		key = c.Prompt.Key
	}
	var seq tasks.Seq
	var holder int64
	var alive bool
	var others int
	err := s.pool.QueryRow(ctx, `SELECT seq, coalesce(holder, 0), EXISTS (SELECT 1 FROM agents WHERE agents.id = $2),
		(SELECT count(*) FROM tasks o WHERE o.prompt = $3 AND o.id <> $1) FROM tasks WHERE id = $1`, []byte(id), me, key).
		Scan(&seq, &holder, &alive, &others)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return tasks.ErrNotFound
	case err != nil:
		return err
	case seq != base:
		return tasks.ErrConflict
	case c.Run && (!alive || holder != 0 && holder != me):
		return tasks.ErrLeaseLost
	case c.Prompt == nil:
	case !c.Prompt.Join && others > 0:
		return tasks.ErrPromptHeld
	case c.Prompt.Join && others == 0:
		return tasks.ErrPromptGone
	case c.Prompt.Join && others >= tasks.MaxPromptHolders:
		return tasks.ErrPromptFull
	}
	return tasks.ErrConflict // it has gone by since; the caller looks again
}

// stored reports whether the entries after base are these.
func (s *Store) stored(ctx context.Context, id a2a.TaskID, base tasks.Seq, events [][]byte) bool {
	entries, err := s.Events(ctx, id, base)
	if err != nil || len(entries) < len(events) {
		return false
	}
	for i, want := range events {
		if !bytes.Equal(a2a.AppendEvent(nil, entries[i].Event), want) {
			return false
		}
	}
	return true
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
	return total, nil
}

// ceilMilli is a time in the store's milliseconds, rounded up: what is not before it there is not before it.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
