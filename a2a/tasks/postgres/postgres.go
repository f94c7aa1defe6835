// Package postgres keeps tasks in a PostgreSQL database that several agents share.
//
// Every agent holds a lease, a row that it renews by the database's clock. What it runs bears its
// number. When it dies another agent removes the row and takes over what bore the number; if it was
// only asleep, it finds the row gone and begins anew with another number, and whatever it still
// tries to store for a task that was taken from it is refused, because that task's row names
// somebody else.
//
// A change without claims is one statement, which is a transaction; one with claims is a
// transaction of two journeys to the server. Either is acknowledged when the server has committed
// it. Other agents are told of it with NOTIFY right after the commit and not within it, for
// notifying transactions commit one after the other on the whole server. An agent that dies in
// between is missed when its lease ends; whoever takes its tasks over has all agents look at all
// streams.
//
// The agents need connections of their own to the server: a pooler that shares one connection
// between transactions breaks LISTEN. What the address does not say is taken from the usual places
// of PostgreSQL's clients (PGPASSWORD, ~/.pgpass and so on).
package postgres

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"staff0/a2a/tasks"
)

// Defaults of a store.
const (
	DefaultSchema = "staff0"
	DefaultLease  = 10 * time.Second
)

// Bounds of a store.
const (
	minLease       = 100 * time.Millisecond
	connections    = 16 // unless the address has pool_max_conns
	connectTimeout = 5 * time.Second
	attemptTimeout = 5 * time.Second // one statement with its answer
	retryFor       = 5 * time.Second // while the server is away or restarts
	firstRetry     = 20 * time.Millisecond
	lastRetry      = 500 * time.Millisecond
	idleTimeout    = 2 * time.Second // between two statements of one transaction
	healthTimeout  = 2 * time.Second
	closeTimeout   = 2 * time.Second
)

// Options of a store. The zero value is one to write to.
type Options struct {
	// of our tables in the database; DefaultSchema if empty. Its name is also that of the
	// notifications
	Schema string
	// within which the tasks of an agent that has died are taken over; 0 is DefaultLease
	Lease time.Duration
	// ReadOnly opens a database that agents may be using, holds nothing and changes nothing. Its
	// schema must be up to date.
	ReadOnly bool
	Log      *slog.Logger
}

// Store is a tasks.Store, and a tasks.Shared, in a database.
type Store struct {
	schema, quoted string
	readOnly       bool
	log            *slog.Logger
	config         *pgx.ConnConfig
	pool           *pgxpool.Pool
	origin         uint64 // tells this store's notifications from those of others
	holder         holder
	notifier       notifier
	claims         claims
	counts         counts
	creates        atomic.Int64

	ctx    context.Context // of what runs in the background
	cancel context.CancelFunc
	work   sync.WaitGroup

	tell atomic.Pointer[func(tasks.News)] // nil while nobody follows
}

var _ tasks.Shared = (*Store)(nil)

// Open opens a database, brings its schema up to date and takes a lease. The errors are *Error.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Schema == "" {
		o.Schema = DefaultSchema
	}
	if o.Lease == 0 {
		o.Lease = DefaultLease
	}
	if o.Lease < minLease {
		return nil, errors.New("postgres: the lease is too short")
	}
	s := &Store{schema: o.Schema, quoted: pgx.Identifier{o.Schema}.Sanitize(), readOnly: o.ReadOnly,
		log: o.Log, origin: random()}
	s.holder.init(o.Lease)
	s.notifier.kick = make(chan struct{}, 1)
	config, err := s.parse(dsn)
	if err != nil {
		return nil, err
	}
	s.config = config.ConnConfig
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fault(err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.start(ctx); err != nil {
		s.cancel()
		s.pool.Close()
		return nil, fault(err)
	}
	return s, nil
}

// parse reads the address. What is wrong with it is not repeated, for it may hold a password.
func (s *Store) parse(dsn string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, &Error{Err: ErrAddress}
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = connections
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	params := config.ConnConfig.RuntimeParams
	params["search_path"] = s.quoted
	// The statements are written for this isolation: what waits for a row goes on with the row as
	// it is then.
	params["default_transaction_isolation"] = "read committed"
	// An agent whose machine stops in the middle of a transaction would keep its locks until TCP
	// finds out, after hours, and could not be buried.
	params["idle_in_transaction_session_timeout"] = strconv.FormatInt(idleTimeout.Milliseconds(),
		10)
	if params["application_name"] == "" {
		params["application_name"] = "staff0"
	}
	if s.readOnly {
		params["default_transaction_read_only"] = "on"
	}
	return config, nil
}

func (s *Store) start(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil || s.readOnly {
		return err
	}
	if err := s.register(ctx); err != nil {
		return err
	}
	s.work.Go(s.beats)
	s.work.Go(s.notify)
	return nil
}

// random is a number that nobody else has, and fits a bigint.
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return max(1, binary.BigEndian.Uint64(b[:])>>1)
}

// Close ends all work and gives back what this agent holds.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var err error
	if !s.readOnly && s.ctx.Err() == nil {
		err = s.Release(ctx)
	}
	s.cancel()
	s.work.Wait()
	s.pool.Close()
	return err
}

// Healthy reports why the store cannot do its work at present, nil if it can.
func (s *Store) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	var alive, standby bool
	row := s.pool.QueryRow(ctx,
		"SELECT EXISTS (SELECT 1 FROM agents WHERE id = $1), pg_is_in_recovery()",
		s.holder.current())
	switch err := row.Scan(&alive, &standby); {
	case err != nil:
		return fault(err)
	case s.readOnly:
		return nil
	case standby:
		return &Error{Err: ErrReadOnly}
	case !alive:
		return tasks.ErrLeaseLost
	}
	return nil
}

// attempt makes one attempt, and others while the server is away, is restarting or had to undo it,
// as far as ctx and the bounds allow.
func (s *Store) attempt(ctx context.Context, f func(ctx context.Context) error) error {
	start := time.Now()
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		once, cancel := context.WithTimeout(ctx, attemptTimeout)
		err := f(once)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !passing(err) || time.Since(start)+wait > retryFor:
			return fault(err)
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

// sleep waits, and reports whether ctx has not ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// patient is the context of a change: once begun, it is seen through, for what became of it must be
// told.
func patient(ctx context.Context) (context.Context, error) {
	return context.WithoutCancel(ctx), context.Cause(ctx)
}
