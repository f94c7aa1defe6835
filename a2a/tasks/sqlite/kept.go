package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// Kept returns how many bytes are kept for a client.
func (s *Store) Kept(ctx context.Context, client string) (int64, error) {
	if s.writer == nil {
		return s.count(ctx, client)
	}
	s.keptMu.Lock()
	defer s.keptMu.Unlock()
	return s.kept[client], nil
}

// ofClient selects the tasks of a client, whatever users it acts for; see clientArgs.
const ofClient = "(owner = ? OR owner > ? AND owner < ?)"

func clientArgs(client string) []any {
	return []any{[]byte(client), []byte(client + "\x00"), []byte(client + "\x01")}
}

func (s *Store) count(ctx context.Context, client string) (n int64, err error) {
	err = s.readers.QueryRowContext(ctx, "SELECT coalesce(sum(bytes), 0) FROM tasks WHERE "+
		ofClient, clientArgs(client)...).Scan(&n)
	return n, s.readFault(err)
}

// countAll reads what is kept for every client when the file is opened.
func (s *Store) countAll(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT owner, sum(bytes) FROM tasks GROUP BY owner")
	if err != nil {
		return err
	}
	defer rows.Close()
	s.kept = map[string]int64{}
	for rows.Next() {
		var owner []byte
		var n int64
		if err := rows.Scan(&owner, &n); err != nil {
			return err
		}
		s.kept[tasks.Owner(owner).Client()] += n
	}
	return rows.Err()
}

// grown counts what a transaction has added, once it is committed.
func (s *Store) grown(by map[string]int64) {
	s.keptMu.Lock()
	defer s.keptMu.Unlock()
	for client, n := range by {
		if s.kept[client] += n; s.kept[client] == 0 {
			delete(s.kept, client)
		}
	}
}

// Shed removes tasks of a client that ended before a time, some at a time, so that others get their
// turn. They are looked for beside the writer: a client may have very many.
func (s *Store) Shed(
	ctx context.Context, client string, finishedBefore time.Time, bytes int64,
) (freed int64, err error) {
	if s.writer == nil {
		return 0, &Error{s.path, ErrReadOnly, errors.New("it was opened to be read")}
	}
	for freed < bytes {
		nums, err := s.oldest(ctx, client, finishedBefore, bytes-freed)
		if err != nil || len(nums) == 0 {
			return freed, err
		}
		for group := range slices.Chunk(nums, removeGroup) {
			c := &write{run: (*writer).removeThese, nums: group}
			if err := s.change(ctx, c); err != nil {
				return freed, err
			}
			freed += c.freed
		}
	}
	return freed, nil
}

// selectOldest is kept from the index of all that has ended, where a client without anything old
// would make it walk through the tasks of all others.
const selectOldest = "SELECT num, bytes FROM tasks WHERE +finished = 1 AND stamp < ? AND " +
	ofClient + " ORDER BY stamp, id"

// oldest finds the tasks of a client that ended first, until they make up so many bytes.
func (s *Store) oldest(
	ctx context.Context, client string, before time.Time, bytes int64,
) (nums []int64, err error) {
	ctx, err = brief(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.readers.QueryContext(ctx, selectOldest,
		append([]any{ceilMilli(before)}, clientArgs(client)...)...)
	if err != nil {
		return nil, s.readFault(err)
	}
	defer rows.Close()
	for bytes > 0 && rows.Next() {
		var num, n int64
		if err := rows.Scan(&num, &n); err != nil {
			return nil, s.readFault(err)
		}
		nums = append(nums, num)
		bytes -= n
	}
	return nums, s.readFault(rows.Err())
}

func (w *writer) removeThese(c *write) error {
	nums, err := json.Marshal(c.nums)
	if err != nil {
		return err
	}
	return w.removeSome(c, "num IN (SELECT value FROM json_each(?))", string(nums))
}

// removeSome removes the tasks that a condition selects.
func (w *writer) removeSome(c *write, where string, args ...any) error {
	s, err := w.statement("SELECT num, id, owner, bytes FROM tasks WHERE " + where)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	type old struct {
		num   int64
		id    a2a.TaskID
		owner tasks.Owner
		bytes int64
	}
	var some []old
	c.removed, c.freed = 0, 0
	for rows.Next() {
		var o old
		var owner []byte
		if err := rows.Scan(&o.num, &o.id, &owner, &o.bytes); err != nil {
			return errors.Join(err, rows.Close())
		}
		o.owner = tasks.Owner(owner)
		some = append(some, o)
		c.freed += o.bytes
		c.removed++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, o := range some {
		for _, table := range []string{"task_events WHERE task", "webhooks WHERE task",
			"tasks WHERE num"} {
			if err := w.exec(fmt.Sprintf("DELETE FROM %s = ?", table), o.num); err != nil {
				return err
			}
		}
		w.touched[o.id] = row{}
		w.kept[o.owner.Client()] -= o.bytes
	}
	return nil
}
