package hrapi

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"staff0/ciba/people"
)

// ImportError says why a file was not imported. Nothing was changed.
type ImportError struct {
	// Lines holds every bad line in the order of the file. It is empty when the
	// file as a whole was refused, for Reason.
	Lines  []LineError
	Reason string
}

// LineError is one thing wrong with one line of an import file. It never holds a
// name, an address or a subject.
type LineError = people.LineError

// Error lists every bad line, one per line of text.
func (e *ImportError) Error() string {
	if len(e.Lines) == 0 {
		return "nothing was imported: " + e.Reason
	}
	var b strings.Builder
	b.WriteString("nothing was imported; correct these lines and try again:")
	for _, l := range e.Lines {
		b.WriteString("\n" + l.Error())
	}
	return b.String()
}

// row is one record as it stands in the file.
type row struct {
	people.Row
	record Record
}

func refuse(format string, args ...any) error {
	return &ImportError{Reason: fmt.Sprintf(format, args...)}
}

// parse reads a file as Import describes it. Any fault makes it an *ImportError
// with all the faults.
func parse(r io.Reader) ([]row, error) {
	columns := Columns()
	read, bad, err := people.Read(r, &people.Format{Columns: columns, Required: requiredColumns(),
		Strict: true})
	if file, ok := errors.AsType[*people.FileError](err); ok {
		return nil, refuse("%s; see an example with --example", file.Reason)
	}
	if err != nil {
		return nil, fmt.Errorf("hrapi: read the import file: %w", err)
	}
	rows := make([]row, len(read))
	for i := range read {
		rows[i].Row = read[i]
		for j, value := range read[i].Values {
			*rows[i].record.field(columns[j]) = value
		}
	}
	if bad = append(bad, checkRows(rows)...); len(bad) > 0 {
		people.Sort(bad)
		return nil, &ImportError{Lines: bad}
	}
	switch {
	case len(rows) == 0:
		return nil, refuse("the file holds no employees; see an example with --example")
	case len(rows) > people.MaxRows:
		return nil, refuse("the file holds more than %d employees; split it", people.MaxRows)
	}
	return rows, nil
}

// fileColumns are the columns that a file may have, requiredColumns those that
// it must have.
func fileColumns() []string {
	return []string{"employee_id", "subject", "email", "name", "status",
		"title", "department", "employment_type", "start_date", "end_date"}
}

func requiredColumns() []string { return fileColumns()[:5] }

// field returns where the value of a column of a file belongs.
func (r *Record) field(column string) *string {
	switch column {
	case "confirmed_at":
		return new(string) // a listing has it; the import sets its own
	case "employee_id":
		return &r.EmployeeID
	case "subject":
		return &r.Subject
	case "email":
		return &r.Email
	case "name":
		return &r.Name
	case "status":
		return &r.Status
	case "title":
		return &r.Title
	case "department":
		return &r.Department
	case "employment_type":
		return &r.EmploymentType
	case "start_date":
		return &r.StartDate
	case "end_date":
		return &r.EndDate
	}
	return nil
}

func (r *Record) fileValues() []string {
	columns := fileColumns()
	values := make([]string, len(columns), len(columns)+1)
	for i, column := range columns {
		values[i] = *r.field(column)
	}
	return values
}
