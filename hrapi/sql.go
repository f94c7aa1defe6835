package hrapi

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"time"
)

// applicationID is the mark that schema/001_employees.sql leaves in the file.
const applicationID = 0x53304852 // "S0HR"

// lockWait is how long a connection waits for another one, of this process or
// another, that writes. Readers never wait (WAL); an import of the largest file
// takes a few seconds.
const lockWait = 10 * time.Second

// lockRetry lies between two tries where SQLite does not wait by itself.
const lockRetry = 10 * time.Millisecond

//go:embed schema/*.sql
var schemaFiles embed.FS

// DSN returns the data source name with which the driver of modernc.org/sqlite
// opens the employees database in the file at path, made if there is none, or
// in memory, private to one *sql.DB, if path is empty. Open relies on what it
// sets for every connection: WAL, so that look-ups go on during an import; a
// busy timeout; and transactions that take the write lock when they begin, so
// that none fails half-way because another wrote first.
//
// SQLite makes files with the permissions of the process's umask. Whoever wants
// them private makes an empty file with mode 0600 first; the WAL files follow it.
func DSN(path string) string {
	query := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", lockWait.Milliseconds()),
			"journal_mode(WAL)",
			"foreign_keys(1)",
			// SQL in the schema of a file that somebody else made runs nothing.
			"trusted_schema(0)",
		},
	}
	u := url.URL{Scheme: "file", RawQuery: query.Encode()}
	if path == "" {
		// The memdb VFS shares one database among the connections that use one
		// absolute name, so the name is drawn anew for every pool.
		query.Set("vfs", "memdb")
		path = "/" + rand.Text()
		u.RawQuery = query.Encode()
	}
	// As opaque part, or a relative path would become an absolute one.
	u.Opaque = (&url.URL{Path: path}).EscapedPath()
	return u.String()
}

// Database holds the employees. Its methods may be called from many goroutines,
// and several processes may have the same file open.
type Database struct {
	db *sql.DB
	// A database in memory lives as long as one connection to it.
	keep *sql.Conn
}

// Open takes a pool of connections, opened with DSN, and brings the schema up
// to date, each migration in a transaction of its own. It refuses a database
// whose schema comes from a later version of the program (ErrSchemaTooNew) and
// one that belongs to something else (ErrNotOurs), and changes neither. The pool
// stays the caller's, to be closed after the Database.
func Open(ctx context.Context, db *sql.DB) (*Database, error) {
	if db == nil {
		return nil, errors.New("hrapi: Open needs a database")
	}
	if db.Stats().MaxOpenConnections == 1 {
		// The Database keeps one for itself, and every call would wait for ever.
		return nil, errors.New("hrapi: the pool must allow for two connections at least")
	}
	migrations, err := readMigrations()
	if err != nil {
		return nil, err
	}
	keep, err := connect(ctx, db)
	if err != nil {
		return nil, err
	}
	d := &Database{db: db, keep: keep}
	if err := d.migrate(ctx, migrations); err != nil {
		keep.Close()
		return nil, err
	}
	return d, nil
}

// connect opens the first connection, which makes a new file a WAL one. SQLite
// takes the lock for that while it holds another and, since two that waited for
// each other so would wait for ever, fails at once instead of waiting: of two
// processes that start together one would not start.
func connect(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	for deadline := time.Now().Add(lockWait); ; {
		conn, err := db.Conn(ctx)
		if err == nil {
			return conn, nil
		}
		err = wrapSQL("open", err)
		if !errors.Is(err, ErrLocked) || !time.Now().Before(deadline) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lockRetry):
		}
	}
}

// Close gives back what Open took from the pool and leaves the pool open.
func (d *Database) Close() error { return d.keep.Close() }

// readMigrations returns the statements that lead from schema version i to i+1.
func readMigrations() ([]string, error) {
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return nil, fmt.Errorf("hrapi: schema: %w", err)
	}
	statements := make([]string, len(names))
	for i, name := range names { // Glob sorts, and the names begin with their number
		b, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("hrapi: schema: %w", err)
		}
		statements[i] = string(b)
	}
	return statements, nil
}

func (d *Database) migrate(ctx context.Context, migrations []string) error {
	for {
		// Read without the write lock first: on most starts there is nothing to
		// do, and then a file that is read-only or being written will do as well.
		version, err := schemaVersion(ctx, d.keep)
		if err != nil {
			return wrapSQL("read the schema version", err)
		}
		switch {
		case version > len(migrations):
			return fmt.Errorf("%w (the database has version %d, this program knows %d)",
				ErrSchemaTooNew, version, len(migrations))
		case version == len(migrations):
			return nil
		}
		if err := d.migrateOne(ctx, migrations); err != nil {
			return err
		}
	}
}

// migrateOne takes the next step, whichever that is by the time it has the
// lock: another process may have taken one in between.
func (d *Database) migrateOne(ctx context.Context, migrations []string) error {
	tx, err := d.keep.BeginTx(ctx, nil)
	if err != nil {
		return wrapSQL("begin the migration", err)
	}
	defer tx.Rollback()
	version, err := schemaVersion(ctx, tx)
	if err != nil {
		return wrapSQL("read the schema version", err)
	}
	if version >= len(migrations) {
		return nil
	}
	if version == 0 {
		if _, err := tx.ExecContext(ctx,
			`CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL) STRICT`); err != nil {
			return wrapSQL("create the schema version", err)
		}
	}
	step := fmt.Sprintf("migrate the schema to version %d", version+1)
	if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
		return wrapSQL(step, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO schema_version (version, applied_at) VALUES (?, ?)`,
		version+1, formatTime(time.Now()))
	if err != nil {
		return wrapSQL(step, err)
	}
	return wrapSQL(step, tx.Commit())
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns 0 for a database with nothing in it.
func schemaVersion(ctx context.Context, q querier) (int, error) {
	// In one statement, which sees one moment: between two, another process could
	// make the schema, and its tables without its mark would look like a stranger's.
	var id, objects int
	err := q.QueryRowContext(ctx,
		`SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)`).Scan(&id, &objects)
	if err != nil {
		return 0, err
	}
	switch {
	case id == 0 && objects == 0:
		return 0, nil
	case id != applicationID:
		return 0, ErrNotOurs
	}
	var version int
	err = q.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(
		&version)
	return version, err
}

// write runs f in one transaction: all of it happens, or nothing.
func (d *Database) write(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return wrapSQL(what, err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return wrapSQL(what, err)
	}
	return wrapSQL(what, tx.Commit())
}

const selectRecords = `SELECT employee_id, subject, email, name, status, title, department, employment_type, start_date, end_date, confirmed_at FROM employees`

func scanRecord(scan func(dest ...any) error) (Record, error) {
	var r Record
	var confirmed string
	err := scan(&r.EmployeeID, &r.Subject, &r.Email, &r.Name, &r.Status, &r.Title, &r.Department,
		&r.EmploymentType, &r.StartDate, &r.EndDate, &confirmed)
	if err != nil {
		return Record{}, err
	}
	r.ConfirmedAt, err = time.Parse(time.RFC3339, confirmed)
	if err != nil {
		// The parser's own text would quote the field.
		return Record{},
			errors.New("confirmed_at is no RFC 3339 time: the database was changed by hand")
	}
	return r, nil
}

// Employee returns the record of the person with this subject at the identity
// provider, with Active as it is now, or ErrNotFound. If verifiedEmail, in lower
// case, stands in the record of another subject, it returns ErrSubjectMismatch.
func (d *Database) Employee(ctx context.Context, subject, verifiedEmail string) (*Employee, error) {
	// Two rows at most, since both columns are unique, and in one statement, which
	// sees one moment. No record has an empty address.
	rows, err := d.db.QueryContext(ctx, selectRecords+` WHERE subject = ? OR email = ?`, subject,
		verifiedEmail)
	if err != nil {
		return nil, wrapSQL("look up an employee", err)
	}
	defer rows.Close()
	var found *Record
	for rows.Next() {
		r, err := scanRecord(rows.Scan)
		if err != nil {
			return nil, wrapSQL("look up an employee", err)
		}
		if r.Subject != subject {
			return nil, ErrSubjectMismatch
		}
		found = &r
	}
	if err := rows.Err(); err != nil {
		return nil, wrapSQL("look up an employee", err)
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found.Employee(time.Now()), nil
}

// Ping returns nil when the employees table can be read.
func (d *Database) Ping(ctx context.Context) error {
	var filled bool
	err := d.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM employees)`).Scan(&filled)
	return wrapSQL("ping", err)
}

// List returns all records as they were at one moment, by employee id. The
// sequence ends after an error.
func (d *Database) List(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := list(ctx, d.db, func(r Record) bool { return yield(r, nil) }); err != nil {
			yield(Record{}, wrapSQL("list the employees", err))
		}
	}
}

// list calls each for every record until it returns false.
func list(ctx context.Context, q interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, each func(Record) bool) error {
	rows, err := q.QueryContext(ctx, selectRecords+` ORDER BY employee_id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows.Scan)
		if err != nil {
			return err
		}
		if !each(r) {
			return nil
		}
	}
	return rows.Err()
}

func insert(ctx context.Context, tx *sql.Tx, records []Record) error {
	stmt, err := tx.PrepareContext(ctx,
		`INSERT INTO employees (employee_id, subject, email, name, status, title, department, employment_type, start_date, end_date, confirmed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range records {
		r := &records[i]
		_, err := stmt.ExecContext(ctx, r.EmployeeID, r.Subject, r.Email, r.Name, r.Status, r.Title,
			r.Department,
			r.EmploymentType, r.StartDate, r.EndDate, formatTime(r.ConfirmedAt))
		if err != nil {
			return err
		}
	}
	return nil
}
