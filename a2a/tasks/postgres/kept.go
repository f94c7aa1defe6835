package postgres

import (
	"context"
	"sync"
	"time"

	"staff0/a2a/tasks"
)

// keptFor is how long a count of a client's bytes is believed.
const keptFor = 10 * time.Second

// maxKept bounds the clients whose counts are at hand.
const maxKept = 1024

// counts are the bytes that are kept for clients. To keep them in the database would make all
// changes of one client wait for one row.
type counts struct {
	mu sync.Mutex
	m  map[string]count
}

type count struct {
	bytes int64
	at    time.Time
}

// Kept returns how many bytes are kept for a client. The count may be ten seconds old, but for what
// this agent has made.
func (s *Store) Kept(ctx context.Context, client string) (n int64, err error) {
	s.counts.mu.Lock()
	have, ok := s.counts.m[client]
	s.counts.mu.Unlock()
	if ok && time.Since(have.at) < keptFor {
		return have.bytes, nil
	}
	err = s.attempt(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, "SELECT coalesce(sum(bytes), 0) FROM tasks WHERE "+ofClient,
			clientArgs(client)...).Scan(&n)
	})
	if err == nil {
		s.counts.mu.Lock()
		defer s.counts.mu.Unlock()
		if s.counts.m == nil || len(s.counts.m) >= maxKept {
			s.counts.m = map[string]count{}
		}
		s.counts.m[client] = count{n, time.Now()}
	}
	return n, err
}

// grown counts what this agent has added or removed.
func (s *Store) grown(client string, bytes int64) {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	if have, ok := s.counts.m[client]; ok {
		have.bytes += bytes
		s.counts.m[client] = have
	}
}

// ofClient selects the tasks of a client, whatever users it acts for; see clientArgs.
const ofClient = "(owner = $1 OR owner > $2 AND owner < $3)"

func clientArgs(client string) []any {
	return []any{[]byte(client), []byte(client + "\x00"), []byte(client + "\x01")}
}

// Of some of the oldest those are removed that are needed. They are sought among the client's own:
// in the order of all that has ended, a client without anything old would have the tasks of all
// others walked through.
const shedTasks = `
WITH own AS MATERIALIZED (
	SELECT num, bytes, stamp, id FROM tasks WHERE ` + ofClient + ` AND finished AND stamp < $4
), oldest AS (
	SELECT num, bytes, stamp, id FROM own ORDER BY stamp, id LIMIT $5
), old AS (
	SELECT num FROM (SELECT num, sum(bytes) OVER (ORDER BY stamp, id) - bytes AS before FROM oldest) AS summed WHERE before < $6
), gone AS (
	DELETE FROM tasks USING old WHERE tasks.num = old.num RETURNING tasks.id, tasks.key, tasks.bytes
), entries AS (
	DELETE FROM task_events USING old WHERE task_events.task = old.num
), keys AS (
	DELETE FROM message_keys USING gone WHERE message_keys.key = gone.key AND message_keys.task = gone.id
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone`

// Shed removes tasks of a client that ended before a time, some at a time.
func (s *Store) Shed(
	ctx context.Context, client string, finishedBefore time.Time, bytes int64,
) (freed int64, err error) {
	for freed < bytes {
		var n int
		var some int64
		err := s.attempt(ctx, func(ctx context.Context) error {
			args := append(clientArgs(client), ceilMilli(finishedBefore), removeGroup, bytes-freed)
			return s.pool.QueryRow(ctx, shedTasks, args...).Scan(&n, &some)
		})
		if err != nil {
			return freed, err
		}
		freed += some
		if n < removeGroup {
			break
		}
	}
	s.grown(client, -freed)
	return freed, nil
}

var _ tasks.Store = (*Store)(nil)
