package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// holdLock is the lock of a key, which whoever changes its hold, joins it or claims its tasks has.
const holdLock = "hashtextextended(encode(hold, 'hex'), " + lockSeed + ")"

// hold is a hold as a transaction finds it.
type hold struct {
	there  bool
	until  int64 // in nanoseconds
	ids    tasks.ChangeIDs
	tasks  []int64 // numbers of the tasks
	runner int64   // the agent that runs the oldest of them, 0 if none does
	shown  tasks.Hold
}

func (h *hold) alive(now time.Time) bool {
	return len(h.tasks) > 0 || h.there && now.UnixNano() < h.until
}

// Hold returns a hold that is alive.
func (s *Store) Hold(ctx context.Context, key tasks.Key) (shown *tasks.Hold, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		holds := map[tasks.Key]*hold{key: {}}
		batch := new(pgx.Batch)
		queueHolds(batch, holds)
		if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if !holds[key].alive(time.Now()) {
			return tasks.ErrNotFound
		}
		shown = holds[key].show(key)
		return nil
	})
	return shown, err
}

func (h *hold) show(key tasks.Key) *tasks.Hold {
	shown := h.shown
	shown.Key = key
	return &shown
}

// queueHolds reads the holds of the keys.
func queueHolds(batch *pgx.Batch, holds map[tasks.Key]*hold) {
	keys := make([][]byte, 0, len(holds))
	for key := range holds {
		keys = append(keys, key[:])
	}
	batch.Queue(
		"SELECT key, value, revision, until, changes FROM holds WHERE key = ANY($1::bytea[])",
		keys).Query(func(rows pgx.Rows) error {
		var key, value, ids []byte
		var revision, until int64
		_, err := pgx.ForEachRow(rows, []any{&key, &value, &revision, &until, &ids}, func() error {
			h := holds[tasks.Key(key)]
			h.there, h.until, h.ids = true, until, ids
			h.shown.Value, h.shown.Revision, h.shown.Until = value, revision, tasks.FromNanos(until)
			value, ids = nil, nil
			return nil
		})
		return err
	})
	batch.Queue(
		"SELECT num, id, hold, coalesce(holder, 0) FROM tasks WHERE hold = ANY($1::bytea[]) "+
			"ORDER BY num", keys).Query(func(rows pgx.Rows) error {
		var num, runner int64
		var id, key []byte
		_, err := pgx.ForEachRow(rows, []any{&num, &id, &key, &runner}, func() error {
			h := holds[tasks.Key(key)]
			h.tasks = append(h.tasks, num)
			h.shown.Tasks = append(h.shown.Tasks, a2a.TaskID(id))
			if h.runner == 0 {
				h.runner = runner
			}
			return nil
		})
		return err
	})
}

// Amend changes holds on behalf of no task.
func (s *Store) Amend(ctx context.Context, id tasks.ChangeID, claims []tasks.Claim) error {
	for i := range claims {
		if err := claims[i].Validate(false); err != nil {
			return err
		}
	}
	return s.transact(ctx, &transaction{change: tasks.Change{ID: id, Claims: claims, Run: true}})
}

// transaction is a change that has to look before it writes: one with claims, or one without
// entries.
type transaction struct {
	id      a2a.TaskID // empty for an amendment
	base    tasks.Seq
	change  tasks.Change
	encoded [][]byte

	me    int64
	now   time.Time
	holds map[tasks.Key]*hold
	alive bool
	task  struct {
		there       bool
		num, holder int64
		seq         tasks.Seq
		ids         tasks.ChangeIDs
		waits       bool // it has a checkpoint
	}
	holder int64 // of the task, afterwards
}

// transact makes a transaction, and tells the others.
func (s *Store) transact(ctx context.Context, t *transaction) error {
	ctx, err := patient(ctx)
	if err != nil {
		return err
	}
	t.me = s.holder.current()
	switch {
	case s.readOnly:
		return &Error{Err: ErrReadOnly}
	case t.change.Run:
		if t.me, err = s.mine(ctx, false); err != nil {
			return err
		}
	}
	err = s.attempt(ctx, func(ctx context.Context) error {
		return s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			err := t.run(ctx, conn)
			if conn.Conn().PgConn().TxStatus() != outsideTransaction {
				_, _ = conn.Exec(ctx, "ROLLBACK") // if it fails, the pool ends the connection
			}
			return err
		})
	})
	switch {
	case errors.Is(err, tasks.ErrLeaseLost):
		s.suspect(ctx)
	case err == nil, errors.Is(err, tasks.ErrStored):
		s.tellOf(t.id, len(t.encoded), t.change.Task)
		if t.holder != 0 && t.holder != t.me {
			s.notifier.add(func(m *message) { m.Claim = append(m.Claim, t.holder) })
		}
	}
	return err
}

// tellOf tells the other agents of a task with new entries. What was stored by an attempt that
// ended with an error is told as well.
func (s *Store) tellOf(id a2a.TaskID, entries int, task *a2a.Task) {
	if id != "" && entries > 0 {
		s.notifier.add(func(m *message) { m.change(id, task.Status.State.Terminal()) })
	}
}

// outsideTransaction is what the server says of a connection between two transactions.
const outsideTransaction = 'I'

// run makes two journeys to the server: to begin and look, and to write and commit. Whatever it
// returns, the transaction is perhaps still open.
func (t *transaction) run(ctx context.Context, conn *pgxpool.Conn) error {
	t.now, t.holder = time.Now(), 0
	t.task.there = false
	if err := t.look(ctx, conn); err != nil {
		return err
	}
	if err := t.judge(ctx, conn); err != nil {
		return err
	}
	batch := new(pgx.Batch)
	for i := range t.change.Claims {
		t.grant(batch, &t.change.Claims[i])
	}
	if t.id != "" {
		t.write(batch)
	}
	batch.Queue("COMMIT")
	return conn.SendBatch(ctx, batch).Close()
}

// look takes the locks of the keys, in their order, and then of the task, and reads what there is.
func (t *transaction) look(ctx context.Context, conn *pgxpool.Conn) error {
	batch := new(pgx.Batch)
	batch.Queue("BEGIN")
	t.holds = map[tasks.Key]*hold{}
	var keys []tasks.Key
	for i := range t.change.Claims {
		keys = append(keys, t.change.Claims[i].Key)
		t.holds[t.change.Claims[i].Key] = new(hold)
	}
	slices.SortFunc(keys, func(a, b tasks.Key) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		batch.Queue("SELECT pg_advisory_xact_lock("+holdLock+
			") FROM (SELECT $1::bytea AS hold) AS given", key[:])
	}
	batch.Queue("SELECT EXISTS (SELECT 1 FROM agents WHERE id = $1)",
		t.me).QueryRow(func(row pgx.Row) error {
		return row.Scan(&t.alive)
	})
	if t.id != "" {
		batch.Queue(
			"SELECT num, seq, coalesce(holder, 0), changes, checkpoint IS NOT NULL FROM tasks "+
				"WHERE id = $1 FOR UPDATE", []byte(t.id)).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&t.task.num, &t.task.seq, &t.task.holder, &t.task.ids, &t.task.waits)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			t.task.there = err == nil
			return err
		})
	}
	if len(keys) > 0 {
		queueHolds(batch, t.holds)
	}
	return conn.SendBatch(ctx, batch).Close()
}

// judge reports why nothing is to be stored.
func (t *transaction) judge(ctx context.Context, conn *pgxpool.Conn) error {
	if t.id == "" {
		for _, h := range t.holds {
			if h.ids.Has(t.change.ID) {
				return tasks.ErrStored
			}
		}
	}
	switch {
	case t.id == "":
	case !t.task.there:
		return tasks.ErrNotFound
	case t.task.ids.Has(t.change.ID):
		t.holder = t.task.holder // who may not have been told
		return tasks.ErrStored
	case t.task.seq != t.base:
		stored := false
		err := conn.QueryRow(ctx, hasChange, t.task.num, int64(t.base), t.change.ID[:]).Scan(
			&stored)
		switch {
		case err != nil:
			return err
		case stored:
			t.holder = t.task.holder
			return tasks.ErrStored
		}
		return tasks.ErrConflict
	}
	if t.change.Run && (!t.alive || t.id != "" && t.task.holder != 0 && t.task.holder != t.me) {
		return tasks.ErrLeaseLost
	}
	for i := range t.change.Claims {
		if err := t.refusal(&t.change.Claims[i]); err != nil {
			return err
		}
	}
	return nil
}

const hasChange = "SELECT EXISTS (SELECT 1 FROM task_events WHERE task = $1 AND seq > $2 AND " +
	"change = $3)"

func (t *transaction) refusal(c *tasks.Claim) error {
	h := t.holds[c.Key]
	state := tasks.HoldState{Alive: h.alive(t.now), Revision: h.shown.Revision,
		Others: len(h.tasks)}
	if slices.Contains(h.tasks, t.task.num) {
		state.Others--
	}
	reason, _ := c.Refusal(state, func() (bool, error) {
		return bytes.Equal(h.shown.Value, c.Value), nil
	})
	if reason == nil {
		return nil
	}
	refused := &tasks.ClaimError{Kind: c.Kind, Err: reason}
	if state.Alive {
		refused.Hold = h.show(c.Key)
	}
	return refused
}

// grant does what a claim wants that judge has let pass.
func (t *transaction) grant(batch *pgx.Batch, c *tasks.Claim) {
	h := t.holds[c.Key]
	alive, until := h.alive(t.now), tasks.Nanos(c.Until)
	var ids tasks.ChangeIDs
	if alive {
		ids = h.ids
	}
	if t.id == "" {
		ids = ids.With(t.change.ID, t.now)
	}
	switch c.Kind {
	case tasks.Open, tasks.Take:
		if alive {
			batch.Queue("UPDATE holds SET until = $2, changes = $3 WHERE key = $1", c.Key[:],
				until, ids)
			break
		}
		batch.Queue(`INSERT INTO holds (key, value, revision, until, changes) VALUES ($1, $2, 1, $3, $4) ON CONFLICT (key) DO UPDATE
			SET value = excluded.value, revision = 1, until = excluded.until, changes = excluded.changes`, c.Key[:], filled(c.Value), until, ids)
	case tasks.Put:
		if alive {
			batch.Queue(
				"UPDATE holds SET value = $2, until = $3, revision = revision + 1, changes = $4 "+
					"WHERE key = $1",
				c.Key[:], filled(c.Value), until, ids)
		}
	case tasks.Drop:
		if c.Value != nil && !bytes.Equal(h.shown.Value, c.Value) {
			break
		}
		batch.Queue("DELETE FROM holds WHERE key = $1", c.Key[:])
		batch.Queue("UPDATE tasks SET hold = NULL WHERE hold = $1", c.Key[:])
	case tasks.Join:
	}
}

// write stores the task's part of the change.
func (t *transaction) write(batch *pgx.Batch) {
	status := t.change.Task.Status
	var key []byte
	var runner int64
	for i := range t.change.Claims {
		switch c := &t.change.Claims[i]; c.Kind {
		case tasks.Join:
			key, runner = c.Key[:], t.holds[c.Key].runner
		case tasks.Open:
			key = c.Key[:]
		case tasks.Take, tasks.Put, tasks.Drop:
		}
	}
	t.holder = t.task.holder
	waits := t.task.waits
	if t.change.Run {
		waits = len(t.change.Checkpoint) > 0
	}
	switch {
	case status.State.Terminal(), status.State == a2a.TaskStateInputRequired && !waits:
		t.holder = 0
	case runner != 0:
		t.holder = runner
	case t.holder == 0:
		t.holder = t.me
	}
	ids := t.task.ids
	if len(t.encoded) == 0 {
		ids = ids.With(t.change.ID, t.now)
	}
	batch.Queue(`UPDATE tasks SET state = $2, finished = $3, stamp = $4, seq = $5, checkpoint = CASE WHEN $6 OR $3 THEN $7::bytea ELSE checkpoint END,
		hold = CASE WHEN NOT $3 THEN coalesce($8::bytea, hold) END, holder = nullif($9::bigint, 0),
		moved = NOT $3 AND (moved OR $9 <> 0 AND $9 <> $10::bigint AND $8 IS NOT NULL), changes = $11, terms = coalesce($12::bytea, terms),
		bytes = bytes + $13 WHERE num = $1`,
		t.task.num, int16(status.State), status.State.Terminal(), status.Timestamp.UnixMilli(),
		int64(t.base)+int64(len(t.encoded)), t.change.Run,
		nonEmpty(t.change.Checkpoint), key, t.holder, t.me, ids, t.change.Terms, size(t.encoded))
	if len(t.encoded) > 0 {
		batch.Queue(addEntries, t.task.num, int64(t.base), t.encoded, t.change.ID[:])
	}
}

// addEntries adds the events $3 of the change $4 to the task $1 after $2.
const addEntries = `INSERT INTO task_events (task, seq, event, change)
	SELECT $1::bigint, $2::bigint + n, event, CASE WHEN n = 1 THEN $4::bytea END FROM unnest($3::bytea[]) WITH ORDINALITY AS entry (event, n)`

// filled is a value that is not NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// size is what encoded events take.
func size(events [][]byte) (n int64) {
	for _, e := range events {
		n += int64(len(e))
	}
	return n
}
