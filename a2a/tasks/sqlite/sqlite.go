// Package sqlite keeps tasks in one SQLite file.
//
// The file belongs to one agent at a time: an exclusive lock beside it sees to that. All changes
// pass through one writer, which commits whatever is waiting in one transaction, so that a hundred
// concurrent tasks cost a few fsyncs. Readers have connections of their own and never wait for the
// writer (WAL). A change is acknowledged after the fsync of its transaction (synchronous=FULL), and
// not before.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// Bounds of a store.
const (
	// how long another process may lock the file, such as a database shell
	busyTimeout = 5 * time.Second
	walPages    = 2000     // of 4 KiB, after which the log is written back into the file
	walLimit    = 64 << 20 // bytes to which the log is cut after that
	// of rest, after which it is emptied, so that nothing removed stays in it for long
	idleCheckpoint = 2 * time.Second
	// the pages of a full batch; what is not here is in the operating system's cache
	writerCacheKiB  = 2048
	readerCacheKiB  = 512 // of each connection
	readConnections = 4
)

// Options of a store. The zero value is one to write to.
type Options struct {
	// ReadOnly opens a database that an agent may be using, owns nothing and changes nothing. It
	// must exist.
	ReadOnly bool
	Log      *slog.Logger
}

// Store is a tasks.Store in a file.
type Store struct {
	path     string
	readOnly bool
	log      *slog.Logger
	lock     *os.File
	cache    cache
	readers  *sql.DB
	read     readStatements
	writer   *writer

	boundary int64 // number of the last task of an earlier process
	claiming sync.Mutex
	claimed  int64 // number of the last task that was claimed
	// tasks of an earlier process that this one has run without claiming them; nil when all are
	// claimed
	ran   map[a2a.TaskID]struct{}
	ranMu sync.Mutex

	keptMu sync.Mutex
	kept   map[string]int64 // bytes, by client; the writer's alone

	sick   atomic.Pointer[error] // why the last transaction failed, nil when it did not
	closed atomic.Bool
}

var _ tasks.Store = (*Store)(nil)

// Open opens a database and makes it if need be, with its directory. The errors are *Error.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{path: path, readOnly: o.ReadOnly, log: o.Log, ran: map[a2a.TaskID]struct{}{}}
	if err := s.open(ctx); err != nil {
		_ = s.Close()
		return nil, fault(path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	file, err := s.prepare()
	if err != nil {
		return err
	}
	if !s.readOnly {
		if s.writer, err = openWriter(ctx, s, file); err != nil {
			return err
		}
	}
	s.readers, err = sql.Open("sqlite", dsn(file, "ro",
		"busy_timeout(%d)", busyTimeout.Milliseconds(), "query_only(%d)", 1, "cache_size(-%d)",
		readerCacheKiB))
	if err != nil {
		return err
	}
	s.readers.SetMaxOpenConns(max(readConnections, runtime.GOMAXPROCS(0)))
	s.readers.SetMaxIdleConns(readConnections)
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := migrate(ctx, conn, s.path, true); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "SELECT coalesce(max(num), 0) FROM tasks").Scan(
		&s.boundary); err != nil {
		return err
	}
	if err := s.read.prepare(ctx, s.readers); err != nil {
		return err
	}
	if s.writer == nil {
		return nil
	}
	if err := s.countAll(ctx, conn); err != nil {
		return err
	}
	s.writer.start()
	return nil
}

// prepare makes the file, private to its user, and takes the lock. It returns the real path: two
// names of one file are one database.
func (s *Store) prepare() (string, error) {
	path, err := filepath.Abs(s.path)
	if err != nil {
		return "", err
	}
	if s.readOnly {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", &Error{Path: s.path, Err: ErrMissing}
		}
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	if s.lock, err = lock(path + ".lock"); err != nil {
		return "", err
	}
	// SQLite would make the file with the permissions of the umask. Its other files take after this
	// one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return "", err
		}
	}
	return path, nil
}

// dsn is the name under which the driver opens the file; the rest are pairs of a pragma's format
// and its value.
func dsn(file, mode string, pragmas ...any) string {
	q := url.Values{"mode": {mode}, "_defensive": {"1"}}
	for i := 0; i < len(pragmas); i += 2 {
		q.Add("_pragma", fmt.Sprintf(pragmas[i].(string), pragmas[i+1]))
	}
	return (&url.URL{Scheme: "file", Path: file, RawQuery: q.Encode()}).String()
}

// Close writes what is waiting, empties the log into the file and gives the lock back.
func (s *Store) Close() error {
	s.closed.Store(true)
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.read.close(), s.readers.Close())
	}
	if s.writer != nil { // last: the connection that closes last empties the log
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return fault(s.path, errors.Join(errs...))
}

// Healthy reports why the store cannot do its work at present, nil if it can. After a failed write
// it tries a small one, so that it knows when the fault is over.
func (s *Store) Healthy(ctx context.Context) error {
	if s.writer != nil && s.sick.Load() != nil {
		if err := s.writer.do(ctx, &write{run: (*writer).probe}); err != nil {
			return fault(s.path, err)
		}
	}
	var n int
	if err := s.readers.QueryRowContext(ctx,
		"SELECT count(*) FROM (SELECT 1 FROM tasks LIMIT 1)").Scan(&n); err != nil {
		return s.readFault(err)
	}
	return nil
}

// Backup copies the store as it is at one moment into a file, which must not exist. Writers go on
// meanwhile. The copy holds what the store holds, checkpoints included, and is private to its user.
func (s *Store) Backup(ctx context.Context, file string) (err error) {
	// VACUUM INTO takes an empty file
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(file)
		}
	}()
	path, err := filepath.Abs(s.path)
	if err != nil {
		return err
	}
	// A connection of its own: the copy may take long, and those that only query may not attach a
	// file to write to.
	db, err := sql.Open("sqlite", dsn(path, "ro", "busy_timeout(%d)", busyTimeout.Milliseconds()))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return fmt.Errorf("backup: %w", fault(s.path, err))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

// syncDir makes the name of a file durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}
