// Package hrapi is the HR API: the employees database, the HTTP server over
// it, and the client of the same routes. One route matters, GET
// /employees/{id}, and one rule: whoever holds a token reads the record of the
// token's subject and of nobody else, and is told nothing about anybody else,
// not even whether there is a record.
//
// Errors are RFC 9457 problem documents, challenges follow RFC 6750 §3. The
// package speaks database/sql and leaves the choice of the driver to its
// caller; the SQL is SQLite's.
package hrapi

import (
	"context"
	"errors"
	"time"
)

// ScopeReadEmployee is the OAuth 2.0 scope that GET /employees/{id} demands.
const ScopeReadEmployee = "read:employee"

// The values of Employee.Status and Record.Status.
const (
	StatusActive  = "active"
	StatusOnLeave = "on_leave" // employed all the same: leave does not end employment
	StatusEnded   = "ended"
)

// Employee is what the HR API tells about one person. Its JSON form is the
// body of a 200 answer.
type Employee struct {
	EmployeeID string `json:"employee_id"`
	Name       string `json:"name"`
	Email      string `json:"email"` // lower case
	Status     string `json:"status"`
	// Active says whether the person is employed at the moment of the answer,
	// by the rule of Record.ActiveAt.
	Active bool `json:"active"`
	// AsOf is the time of the last import that confirmed the record, in UTC,
	// whole seconds.
	AsOf time.Time `json:"as_of"`
}

// Record is one row of the employees table, and one line of an import file
// (which has no ConfirmedAt: the import sets it).
type Record struct {
	EmployeeID     string
	Subject        string // the person's subject at the identity provider, compared byte by byte
	Email          string // lower case
	Name           string
	Status         string
	Title          string
	Department     string
	EmploymentType string
	StartDate      string // YYYY-MM-DD, or empty when not known
	EndDate        string // YYYY-MM-DD, the last day of employment, or empty
	ConfirmedAt    time.Time
}

// Columns returns the names of the columns of the employees table in the order
// of Record.Values.
func Columns() []string {
	return append(fileColumns(), "confirmed_at")
}

// Values returns the record's fields as text, in the order of Columns.
func (r *Record) Values() []string {
	return append(r.fileValues(), formatTime(r.ConfirmedAt))
}

// ActiveAt reports whether the person is employed at a moment: the status is
// active or on_leave, the start date is not in the future and the end date not
// in the past. A date is a day in UTC, wherever the person or the server is, so
// that two servers never disagree: employment begins and ends at midnight UTC,
// and the end date itself is a day of employment. A date that is missing does
// not limit.
func (r *Record) ActiveAt(at time.Time) bool {
	if r.Status != StatusActive && r.Status != StatusOnLeave {
		return false
	}
	// Dates of four-digit years in ISO 8601 order as text.
	day := dayOf(at)
	return r.StartDate <= day && (r.EndDate == "" || day <= r.EndDate)
}

// Employee returns what may be told about the person at a moment.
func (r *Record) Employee(at time.Time) *Employee {
	return &Employee{
		EmployeeID: r.EmployeeID,
		Name:       r.Name,
		Email:      r.Email,
		Status:     r.Status,
		Active:     r.ActiveAt(at),
		AsOf:       r.ConfirmedAt,
	}
}

// Records is where the handler finds records. *Database satisfies it.
type Records interface {
	// Employee returns the record of the person with this subject, or
	// ErrNotFound. If verifiedEmail, which is in lower case or "", stands in
	// another person's record, it returns ErrSubjectMismatch instead of either. Any
	// other error means that the records cannot be read at the moment.
	Employee(ctx context.Context, subject, verifiedEmail string) (*Employee, error)
	// Ping returns nil when records can be read.
	Ping(ctx context.Context) error
}

// The answers of Client.Employee and of Records that are about the question and
// not about the machinery. Compare with errors.Is.
var (
	// ErrNotFound: the person has no record.
	ErrNotFound = errors.New("hrapi: the person has no employment record")
	// ErrUnauthorized: the API did not accept the access token (401).
	ErrUnauthorized = errors.New(
		"hrapi: the HR API did not accept the access token; check that issuer and audience are " +
			"the same on both sides")
	// ErrForbidden: the token is good, but not for this record (403).
	ErrForbidden = errors.New("hrapi: the access token does not allow to read this record")
	// ErrSubjectMismatch: the address that was proven for the person stands in
	// another person's record (409). The identity provider and the employment
	// records do not agree on who is who, and no answer about either would be right.
	ErrSubjectMismatch = errors.New(
		"hrapi: the proven address stands in the record of another subject; compare the subjects " +
			"in the employment records with those of the identity provider")
)

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
