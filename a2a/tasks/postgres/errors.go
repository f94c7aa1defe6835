package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"staff0/a2a/tasks"
)

// What can be wrong with a database. Each comes in an *Error, which says what to try.
var (
	ErrAddress     = errors.New("the address of the database cannot be read")
	ErrUnreachable = errors.New("the database server cannot be reached")
	ErrBusy        = errors.New("the database server takes no more connections")
	ErrDenied      = errors.New("the database server refuses this user")
	ErrFull        = errors.New("there is no space left for the database")
	ErrReadOnly    = errors.New("the database cannot be written")
	ErrNewerSchema = errors.New("the database was written by a newer version of this program")
	ErrOlderAgents = errors.New("agents of an older version of this program use the database")
	ErrForeign     = errors.New("the schema holds something that is not of this program")
	ErrDamaged     = errors.New("what is stored cannot be read")
	ErrFailed      = errors.New("the database failed")
)

// Error is a fault of a database. It never holds the password.
type Error struct {
	Err   error // one of the sentinels above
	Cause error // what the server or the system said, nil if nothing
}

// Error says what is wrong, why, and what to try.
func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Cause != nil {
		s += " (" + strings.ReplaceAll(e.Cause.Error(), "\n", " ") + ")"
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
	case ErrAddress:
		return "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"
	case ErrUnreachable:
		return "check host, port and network, and that the server runs"
	case ErrBusy:
		return "raise max_connections, or lower pool_max_conns in the address of every agent"
	case ErrDenied:
		return "check user, password and database, and that the user may create a schema or use " +
			"this one"
	case ErrFull:
		return "free space on the server's disk; what was acknowledged is stored, and work goes " +
			"on by itself"
	case ErrReadOnly:
		return "name the primary server; one in recovery takes no changes"
	case ErrNewerSchema:
		return "run that version, or name another database"
	case ErrOlderAgents:
		return "stop all of them, and start this one then"
	case ErrForeign:
		return "name another database or schema"
	case ErrDamaged:
		return "stop the agents and restore the last backup"
	}
	return "look into the server's log"
}

// Error codes of PostgreSQL (appendix A of its manual). The first two characters are the class.
const (
	codeUnique        = "23505"
	codeReadOnly      = "25006"
	codeIdle          = "25P03" // the server has ended the connection, see idleTimeout
	codeDuplicate     = "42P07"
	codePrivilege     = "42501"
	codeNoDatabase    = "3D000"
	codeDiskFull      = "53100"
	codeConnections   = "53300"
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	classConnection   = "08"
	classCredentials  = "28"
	classIntervention = "57" // the server stops, starts, or has ended the connection
)

// refusal reports whether an error says that the database is in order and something else in the
// way.
func refusal(err error) bool {
	for _, known := range []error{
		tasks.ErrStored, tasks.ErrConflict, tasks.ErrNotFound, tasks.ErrLeaseLost, tasks.ErrClosed,
		tasks.ErrWebhooksFull,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	_, claim := errors.AsType[*tasks.ClaimError](err)
	return claim
}

// fault gives an error of the driver its kind.
func fault(err error) error {
	var known *Error
	var pg *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &known), refusal(err):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return tasks.ErrNotFound
	case errors.Is(err, puddle.ErrClosedPool):
		return tasks.ErrClosed
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &pg) && pg.Code == codeUnique:
		return fmt.Errorf("%w: %w", tasks.ErrConflict, err)
	case errors.As(err, &pg):
		return &Error{kind(pg), err}
	case broken(err):
		return &Error{ErrUnreachable, err}
	}
	return &Error{ErrFailed, err}
}

func kind(pg *pgconn.PgError) error {
	switch pg.Code {
	case codeReadOnly:
		return ErrReadOnly
	case codeDuplicate:
		return ErrForeign
	case codePrivilege, codeNoDatabase:
		return ErrDenied
	case codeDiskFull:
		return ErrFull
	case codeConnections:
		return ErrBusy
	case codeIdle:
		return ErrUnreachable
	}
	switch pg.Code[:min(2, len(pg.Code))] {
	case classCredentials:
		return ErrDenied
	case classConnection, classIntervention:
		return ErrUnreachable
	}
	return ErrFailed
}

// broken reports whether an error is of the connection and not of the statement.
func broken(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded)
}

// passing reports whether trying again may help.
func passing(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case codeSerialization, codeDeadlock, codeConnections, codeIdle:
			return true
		}
		return strings.HasPrefix(pg.Code, classConnection) ||
			strings.HasPrefix(pg.Code, classIntervention)
	}
	return broken(err)
}
