package sqlite

import (
	"errors"
	"fmt"
	"io/fs"

	driver "modernc.org/sqlite"

	"staff0/a2a/tasks"
)

// What can be wrong with a database. Each comes in an *Error, which says what to try.
var (
	ErrInUse       = errors.New("another agent uses the database")
	ErrBusy        = errors.New("another process locks the database")
	ErrFull        = errors.New("there is no space left for the database")
	ErrReadOnly    = errors.New("the database cannot be written")
	ErrCorrupt     = errors.New("the database is damaged")
	ErrNewerSchema = errors.New("the database was written by a newer version of this program")
	ErrForeign     = errors.New("the file is not a database of this program")
	ErrMissing     = errors.New("there is no such database")
	ErrFailed      = errors.New("the database failed")
)

// Error is a fault of a database file.
type Error struct {
	Path  string
	Err   error // one of the sentinels above
	Cause error // what the system said, nil if nothing
}

// Error says what is wrong, why, and what to try.
func (e *Error) Error() string {
	s := e.Path + ": " + e.Err.Error()
	if e.Cause != nil {
		s += " (" + e.Cause.Error() + ")"
	}
	return s + ": " + e.Try()
}

// Unwrap gives the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// Try is what the operator can do.
func (e *Error) Try() string {
	switch e.Err {
	case ErrInUse:
		return "stop the other agent, or give this one a database of its own"
	case ErrBusy:
		return "end the program that has the file open, such as a database shell or a backup"
	case ErrFull:
		return "free space on its disk or raise the limit; what was acknowledged is stored, and " +
			"work goes on by itself"
	case ErrReadOnly:
		return "let the agent's user write to the file and to its directory"
	case ErrCorrupt:
		return "stop the agent, keep the file, and put the last backup in its place"
	case ErrNewerSchema:
		return "run that version, or name another file"
	case ErrForeign, ErrMissing:
		return "check the path, or name another file"
	}
	return "check the disk and the system's log"
}

// damaged is an error about what a row holds.
type damaged struct{ error }

// inUse names the process that holds the lock.
type inUse struct{ pid string }

func (e *inUse) Error() string {
	if e.pid == "" {
		return "its process is not known"
	}
	return "process " + e.pid
}

// Result codes of SQLite (https://www.sqlite.org/rescode.html). The low byte is the kind.
const (
	codeBusy       = 5
	codeLocked     = 6
	codeReadOnly   = 8
	codeCorrupt    = 11
	codeFull       = 13
	codeCantOpen   = 14
	codeConstraint = 19
	codeNotADB     = 26
)

// refusal reports whether an error says that the store is in order and something else in the way of
// a change.
func refusal(err error) bool {
	for _, known := range []error{tasks.ErrStored, tasks.ErrConflict, tasks.ErrNotFound,
		tasks.ErrWebhooksFull} {
		if errors.Is(err, known) {
			return true
		}
	}
	_, claim := errors.AsType[*tasks.ClaimError](err)
	_, wrong := errors.AsType[*invalid](err)
	return claim || wrong
}

// fault gives an error of the driver or of the system its kind.
func fault(path string, err error) error {
	var held *inUse
	var row *damaged
	var known *Error
	switch {
	case err == nil, errors.As(err, &known), refusal(err), errors.Is(err, tasks.ErrClosed):
		return err
	case errors.As(err, &held):
		return &Error{path, ErrInUse, err}
	case errors.As(err, &row):
		return &Error{path, ErrCorrupt, row.error}
	case errors.Is(err, fs.ErrPermission):
		return &Error{path, ErrReadOnly, err}
	case full(err):
		return &Error{path, ErrFull, err}
	}
	var se *driver.Error
	if !errors.As(err, &se) {
		return &Error{path, ErrFailed, err}
	}
	kind := ErrFailed
	switch se.Code() & 0xff {
	case codeConstraint:
		return fmt.Errorf("%w: %w", tasks.ErrConflict, err)
	case codeBusy, codeLocked:
		kind = ErrBusy
	case codeReadOnly, codeCantOpen:
		kind = ErrReadOnly
	case codeFull:
		kind = ErrFull
	case codeCorrupt:
		kind = ErrCorrupt
	case codeNotADB:
		kind = ErrForeign
	}
	return &Error{path, kind, err}
}
