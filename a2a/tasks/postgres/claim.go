package postgres

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// claims is what Claim has to remember.
type claims struct {
	mu sync.Mutex
	// numbers of the tasks that the last claim gave out; the next one notes in the database that
	// they were
	told []int64
}

const (
	// nobody can take us for dead before this is over
	stillAlive = "SELECT id FROM agents WHERE id = $1 FOR KEY SHARE"

	bury = `DELETE FROM agents WHERE id IN (SELECT id FROM agents WHERE alive_until < clock_timestamp() AND id <> $1 FOR UPDATE SKIP LOCKED)
		RETURNING id`

	toldTasks = "UPDATE tasks SET moved = false WHERE num = ANY($2::bigint[]) AND holder = $1 " +
		"AND moved"

	// The holders are found by leaps through their index: there are few of them, and of their tasks
	// perhaps a hundred thousand. Of tasks that share a hold, those are found whose lock is to be
	// had: the others are being joined or claimed at this very moment.
	orphans = `
WITH RECURSIVE holders (id) AS (
	(SELECT holder FROM tasks WHERE holder IS NOT NULL ORDER BY holder LIMIT 1)
	UNION ALL
	SELECT (SELECT holder FROM tasks WHERE holder > holders.id ORDER BY holder LIMIT 1) FROM holders WHERE holders.id IS NOT NULL
), dead AS MATERIALIZED (
	SELECT id FROM holders WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM agents WHERE agents.id = holders.id)
), orphans AS MATERIALIZED (
	SELECT num, hold FROM tasks WHERE holder IN (SELECT id FROM dead) ORDER BY num LIMIT $1 FOR UPDATE SKIP LOCKED
)
SELECT num, hold FROM orphans WHERE CASE WHEN hold IS NULL THEN true ELSE pg_try_advisory_xact_lock(` + holdLock + `) END`

	adopt = "UPDATE tasks SET holder = $1, moved = true WHERE num = ANY($2::bigint[])"

	// Tasks that share a hold go together, and to where one of them is already.
	adoptGroups = `
UPDATE tasks SET moved = true, holder = coalesce((
		SELECT o.holder FROM tasks o JOIN agents ON agents.id = o.holder WHERE o.hold = tasks.hold ORDER BY o.num LIMIT 1
	), $1)
WHERE hold = ANY($2::bytea[]) AND holder IS NOT NULL AND NOT EXISTS (SELECT 1 FROM agents WHERE agents.id = tasks.holder)
RETURNING holder`

	movedTasks = "SELECT num, id, state, checkpoint FROM tasks WHERE holder = $1 AND moved ORDER " +
		"BY num LIMIT $2"
)

// Claim buries agents whose lease has ended, takes over what they left, and gives out what this
// agent has become the holder of.
//
// What it gives out is noted as told by the next claim: if its answer is lost on the way, the tasks
// are given out again.
func (s *Store) Claim(ctx context.Context, limit int) ([]tasks.Pending, error) {
	if s.readOnly {
		return nil, nil
	}
	s.claims.mu.Lock()
	defer s.claims.mu.Unlock()
	id, _, released, _ := s.holder.state()
	switch {
	case released:
		return nil, nil
	case s.holder.told():
		return nil, tasks.ErrLeaseLost
	case id == 0:
		s.claims.told = nil
		if err := s.attempt(ctx, s.register); err != nil {
			return nil, err
		}
	}
	var c claim
	err := s.attempt(ctx, func(ctx context.Context) error {
		c = claim{me: s.holder.current(), told: s.claims.told, limit: limit,
			others: map[int64]struct{}{}}
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return c.run(ctx, tx) })
	})
	switch {
	case errors.Is(err, tasks.ErrLeaseLost):
		s.suspect(ctx)
		s.holder.told() // now
		return nil, err
	case err != nil:
		return nil, err
	}
	s.claims.told = c.nums
	s.afterClaim(&c)
	return c.pending, nil
}

// claim is one claim and what became of it.
type claim struct {
	me      int64
	told    []int64
	limit   int
	dead    []int64 // the agents that were buried
	nums    []int64
	pending []tasks.Pending
	others  map[int64]struct{} // agents that were given something
}

func (c *claim) run(ctx context.Context, tx pgx.Tx) error {
	batch := new(pgx.Batch)
	alive := false
	var plain []int64
	var keys [][]byte
	batch.Queue(stillAlive, c.me).Query(func(rows pgx.Rows) error {
		alive = rows.Next()
		rows.Close()
		return rows.Err()
	})
	batch.Queue(bury, c.me).Query(func(rows pgx.Rows) (err error) {
		c.dead, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	batch.Queue(toldTasks, c.me, c.told)
	batch.Queue(orphans, c.limit).Query(func(rows pgx.Rows) error {
		var num int64
		var key []byte
		_, err := pgx.ForEachRow(rows, []any{&num, &key}, func() error {
			if key == nil {
				plain = append(plain, num)
			} else {
				keys = append(keys, key)
				key = nil
			}
			return nil
		})
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if !alive {
		return tasks.ErrLeaseLost
	}
	// The locks of the holds are held now; what follows sees everything that was stored under them.
	batch = new(pgx.Batch)
	if len(plain) > 0 {
		batch.Queue(adopt, c.me, plain)
	}
	if len(keys) > 0 {
		batch.Queue(adoptGroups, c.me, keys).Query(func(rows pgx.Rows) error {
			var holder int64
			_, err := pgx.ForEachRow(rows, []any{&holder}, func() error {
				if holder != c.me {
					c.others[holder] = struct{}{}
				}
				return nil
			})
			return err
		})
	}
	batch.Queue(movedTasks, c.me, c.limit).Query(func(rows pgx.Rows) error {
		var num int64
		var id, checkpoint []byte
		var state a2a.TaskState
		_, err := pgx.ForEachRow(rows, []any{&num, &id, &state, &checkpoint}, func() error {
			c.nums = append(c.nums, num)
			c.pending = append(c.pending,
				tasks.Pending{ID: a2a.TaskID(id), State: state, Checkpoint: checkpoint})
			checkpoint = nil
			return nil
		})
		return err
	})
	return tx.SendBatch(ctx, batch).Close()
}

// afterClaim tells whom it concerns. An agent that has died may have stored what it could not tell
// any more, so all look at all their streams.
func (s *Store) afterClaim(c *claim) {
	if len(c.dead) == 0 && len(c.others) == 0 {
		return
	}
	s.log.Warn("agents were taken for dead", "agents", len(c.dead))
	s.notifier.add(func(m *message) {
		m.Any = m.Any || len(c.dead) > 0
		m.Claim = append(m.Claim, c.dead...) // if they are only asleep
		for holder := range c.others {
			m.Claim = append(m.Claim, holder)
		}
	})
}

// Gone gives those of the tasks that are not this agent's to run any more.
func (s *Store) Gone(ctx context.Context, ids []a2a.TaskID) (gone []a2a.TaskID, err error) {
	given := make([][]byte, len(ids))
	for i, id := range ids {
		given[i] = []byte(id)
	}
	err = s.attempt(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, `SELECT id FROM unnest($1::bytea[]) AS given (id) WHERE NOT EXISTS
			(SELECT 1 FROM tasks WHERE tasks.id = given.id AND NOT finished AND (holder IS NULL OR holder = $2))`, given, s.holder.current())
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		gone = make([]a2a.TaskID, len(found))
		for i, id := range found {
			gone[i] = a2a.TaskID(id)
		}
		return err
	})
	return gone, err
}
