package hrapi

import (
	"context"
	"errors"
	"fmt"
)

// Why the database cannot be used. Compare with errors.Is; the texts end in
// what to try.
var (
	// ErrSchemaTooNew: a later version of the program has migrated the database.
	ErrSchemaTooNew = errors.New(
		"the employees database was written by a later version of staff0; use that version, or " +
			"another database")
	// ErrNotOurs: the file is a database, but not of employees.
	ErrNotOurs = errors.New(
		"the file is a database of something else, not of employees; choose another file (the " +
			"agent's database and the HR API's are never the same)")
	// ErrLocked: another connection held the lock for longer than a write takes.
	ErrLocked = errors.New(
		"the employees database is locked by another process; try again when that one is done")
	// ErrReadOnly: the file or its directory cannot be written to.
	ErrReadOnly = errors.New(
		"the employees database cannot be written to; check the permissions of the file and of " +
			"its directory")
	// ErrCorrupt: the file is damaged or no database at all.
	ErrCorrupt = errors.New(
		"the file is damaged, or no SQLite database; restore it from a backup, or move it away " +
			"and import the employees again")
	// ErrFull: there is no room for a write, and nothing was changed.
	ErrFull = errors.New("the disk is full, nothing was changed; make room and try again")
	// ErrCannotOpen: the file cannot be opened or made.
	ErrCannotOpen = errors.New(
		"the employees database cannot be opened; check that its directory exists and may be " +
			"entered")
)

// The primary result codes of SQLite (https://sqlite.org/rescode.html) for
// which there is advice.
var sqliteAdvice = [...]struct {
	code int
	err  error
}{
	{5, ErrLocked},   // SQLITE_BUSY
	{6, ErrLocked},   // SQLITE_LOCKED
	{8, ErrReadOnly}, // SQLITE_READONLY
	{11, ErrCorrupt}, // SQLITE_CORRUPT
	{13, ErrFull},    // SQLITE_FULL
	{14, ErrCannotOpen},
	{26, ErrCorrupt}, // SQLITE_NOTADB
}

// wrapSQL says what was being done and, where the cause is a known one, what to
// try. SQLite's texts name tables and columns and never hold a value, so the
// result may be logged. A nil error stays nil, and an error that already speaks
// to a person stays as it is.
func wrapSQL(doing string, err error) error {
	var badFile *ImportError
	var tooMany *TooManyEndedError
	if err == nil || errors.As(err, &badFile) || errors.As(err, &tooMany) {
		return err
	}
	// A cancelled query is reported as interrupted, which says less.
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("hrapi: %s: %w", doing, err)
	}
	// Asked for by shape: the driver is the caller's choice.
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		for _, advice := range sqliteAdvice {
			// The low byte is the primary code, the rest says more.
			if coded.Code()&0xff == advice.code {
				return fmt.Errorf("hrapi: %s: %w: %w", doing, err, advice.err)
			}
		}
	}
	return fmt.Errorf("hrapi: %s: %w", doing, err)
}
