package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// maxGroup bounds the changes of one transaction, and so how long the first of them waits for the
// last.
const maxGroup = 256

// A transaction costs as much processor time for one change as for a few. So the writer lets others
// run before it begins one, this many times: when the processors are busy, more changes have come
// by then; when they are idle, it takes no time.
const gatherTurns = 4

// writer makes all changes, one transaction after the other.
type writer struct {
	store *Store
	db    *sql.DB
	conn  *sql.Conn
	stmt  map[string]*sql.Stmt
	queue chan *write
	done  chan struct{} // closed when the last transaction is over

	closing sync.RWMutex // held for reading while something is put into the queue
	closed  bool

	// Of the transaction under way.
	// tasks as they are in it; a row without a record is a task that is removed
	touched map[a2a.TaskID]row
	kept    map[string]int64 // by how much clients have grown in it
	undo    []func()         // takes back what has changed below, should it fail
	creates int              // since the keys were pruned

	// What is in the file, for it is asked for with every change. Only the writer's goroutine looks
	// here.
	holds   map[tasks.Key]*hold
	holding map[int64]*tasks.Key // by number of the task

	commits atomic.Int64
}

// write is one change and what became of it.
type write struct {
	// run executes the statements. A refusal (see refusal) says that it has executed none that
	// change anything: the others go on. Any other error undoes the transaction.
	run  func(*writer, *write) error
	err  error
	done chan struct{}

	// What run works on; each kind of change uses some of it.
	id       a2a.TaskID
	base     tasks.Seq
	record   *tasks.Record
	change   tasks.Change
	events   [][]byte
	since    time.Time
	limit    int
	nums     []int64
	existing a2a.TaskID
	removed  int
	freed    int64
}

func openWriter(ctx context.Context, s *Store, file string) (_ *writer, err error) {
	db, err := sql.Open("sqlite", dsn(file, "rw",
		"busy_timeout(%d)", busyTimeout.Milliseconds(), "synchronous(%s)", "FULL",
		// What is removed is overwritten: a checkpoint holds an auth_req_id.
		"secure_delete(%s)", "ON",
		"wal_autocheckpoint(%d)", walPages, "journal_size_limit(%d)", walLimit, "cache_size(-%d)",
		writerCacheKiB, "temp_store(%s)", "MEMORY"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &writer{
		store: s, db: db, stmt: map[string]*sql.Stmt{}, queue: make(chan *write, maxGroup),
		done:    make(chan struct{}),
		touched: map[a2a.TaskID]row{}, kept: map[string]int64{},
		holds: map[tasks.Key]*hold{}, holding: map[int64]*tasks.Key{},
	}
	close(w.done) // until start
	defer func() {
		if err != nil {
			_ = w.close()
		}
	}()
	if w.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	// What is not ours is left as it is: its journal mode too, which is written into the file.
	if _, err := checkVersion(ctx, w.conn, s.path); err != nil {
		return nil, err
	}
	if _, err := w.conn.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return nil, err
	}
	if err := migrate(ctx, w.conn, s.path, false); err != nil {
		return nil, err
	}
	return w, w.restoreHolds(ctx)
}

func (w *writer) start() {
	w.done = make(chan struct{})
	go w.loop()
}

func (w *writer) close() error {
	w.closing.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.closing.Unlock()
	<-w.done
	var errs []error
	if w.conn != nil {
		for _, s := range w.stmt {
			errs = append(errs, s.Close())
		}
		w.stmt = nil
		if err := w.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, w.db.Close())...)
}

// do puts a change into the queue and waits for its transaction. The wait does not end with ctx:
// what became of the change must be told.
func (w *writer) do(ctx context.Context, c *write) error {
	c.done = make(chan struct{})
	w.closing.RLock()
	if w.closed {
		w.closing.RUnlock()
		return tasks.ErrClosed
	}
	select {
	case w.queue <- c:
	case <-ctx.Done():
		w.closing.RUnlock()
		return context.Cause(ctx)
	}
	w.closing.RUnlock()
	<-c.done
	return c.err
}

// loop commits whatever is waiting, and empties the log when nothing has come for a while.
func (w *writer) loop() {
	defer close(w.done)
	idle := time.NewTimer(idleCheckpoint)
	defer idle.Stop()
	var group []*write
	for {
		select {
		case c, ok := <-w.queue:
			if !ok {
				return
			}
			group = append(group[:0], c)
			for range gatherTurns {
				runtime.Gosched()
				group = w.waiting(group)
			}
			w.commit(group)
			clear(group)
			idle.Reset(idleCheckpoint)
		case <-idle.C:
			// Readers of long standing may keep a part of it; the next rest will do.
			_, _ = w.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
		}
	}
}

// waiting adds what is in the queue to the group.
func (w *writer) waiting(group []*write) []*write {
	for len(group) < maxGroup {
		select {
		case c, ok := <-w.queue:
			if !ok {
				return group
			}
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// commit makes the changes of a group durable and tells who waits for them. If they cannot be
// committed together, each is tried alone, so that one that cannot be stored does not take the
// others with it.
func (w *writer) commit(group []*write) {
	if retry := w.transaction(group); retry && len(group) > 1 {
		for i := range group {
			w.transaction(group[i : i+1])
		}
	}
	for _, c := range group {
		close(c.done)
	}
}

// transaction makes the changes of a group, all or none, and sets their errors. When it has not
// even begun, for another process holds the file, there is no use in trying them one by one: each
// would wait as long.
func (w *writer) transaction(group []*write) (retry bool) {
	clear(w.touched)
	clear(w.kept)
	clear(w.undo)
	w.undo = w.undo[:0]
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		w.failed(group, fault(w.store.path, err))
		return false
	}
	if err := w.attempt(group); err != nil {
		// SQLite has rolled back by itself after some errors, a full disk among them; then there is
		// nothing to roll back.
		_ = w.exec("ROLLBACK")
		for _, undo := range slices.Backward(w.undo) {
			undo()
		}
		w.failed(group, fault(w.store.path, err))
		return true
	}
	w.commits.Add(1)
	w.store.sick.Store(nil)
	w.store.grown(w.kept)
	for id, r := range w.touched {
		if r.record == nil {
			continue
		}
		w.store.cache.put(id, r)
	}
	return false
}

// failed tells a group of its error.
func (w *writer) failed(group []*write, err error) {
	for _, c := range group {
		c.err = err
	}
	if !errors.Is(err, tasks.ErrConflict) {
		w.store.sick.Store(&err)
		w.store.log.Error("changes could not be stored", "changes", len(group), "error", err)
	}
}

// attempt executes the changes of a group.
func (w *writer) attempt(group []*write) error {
	for _, c := range group {
		c.err = c.run(w, c)
		if c.err != nil && !refusal(c.err) {
			return c.err
		}
	}
	// From here on nobody reads these tasks from the cache, for their entries may be read already.
	for id := range w.touched {
		w.store.cache.drop(id)
	}
	return w.exec("COMMIT")
}

// statement prepares a statement once.
func (w *writer) statement(text string) (*sql.Stmt, error) {
	if s := w.stmt[text]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), text)
	if err == nil {
		w.stmt[text] = s
	}
	return s, err
}

func (w *writer) exec(text string, args ...any) error {
	_, err := w.affect(text, args...)
	return err
}

// affect executes a statement and gives the number of rows that it has changed.
func (w *writer) affect(text string, args ...any) (int64, error) {
	s, err := w.statement(text)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// probe writes a page without changing what is in it.
func (w *writer) probe(*write) error {
	files, err := migrations()
	if err != nil {
		return err
	}
	_, err = w.conn.ExecContext(context.Background(),
		fmt.Sprintf("PRAGMA user_version = %d", len(files)))
	return err
}
