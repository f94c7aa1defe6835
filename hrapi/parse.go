package hrapi

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of an import file. Both are far above any staff that one SQLite file
// should serve, and far below what hurts a server.
const (
	maxFileBytes   = 64 << 20
	maxFileRecords = 200_000
	maxFileColumns = 100 // of a header or of one JSON object
)

// ImportError says why a file was not imported. Nothing was changed.
type ImportError struct {
	// Lines holds every bad line in the order of the file. It is empty when the
	// file as a whole was refused, for Reason.
	Lines  []LineError
	Reason string
}

// LineError is one thing wrong with one line of an import file. A line with
// several things wrong has several.
type LineError struct {
	Line   int // from 1; where the record begins
	Entry  int // JSON only: the number of the record from 1, since one line may hold many
	Reason string
}

// Error names the line and what is wrong with it. It never holds a name, an
// address or a subject.
func (e LineError) Error() string {
	if e.Entry > 0 {
		return fmt.Sprintf("line %d (entry %d): %s", e.Line, e.Entry, e.Reason)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

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

func refuse(format string, args ...any) error {
	return &ImportError{Reason: fmt.Sprintf(format, args...)}
}

// row is one record as it stands in the file.
type row struct {
	line, entry int
	record      Record
}

func (r *row) bad(format string, args ...any) LineError {
	return LineError{Line: r.line, Entry: r.entry, Reason: fmt.Sprintf(format, args...)}
}

// parse reads a file as Import describes it. Any fault makes it an *ImportError
// with all the faults.
func parse(r io.Reader) ([]row, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("hrapi: read the import file: %w", err)
	}
	if len(data) > maxFileBytes {
		return nil, refuse("the file is larger than %d MiB; split it", maxFileBytes>>20)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, refuse("the file is in UTF-16; save it as UTF-8 (in a spreadsheet: “CSV UTF-8”)")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, refuse("the file is empty; see an example with --example")
	}

	var rows []row
	var bad []LineError
	if first := bytes.TrimSpace(data)[0]; first == '[' || first == '{' {
		rows, bad = parseJSON(data)
	} else {
		rows, bad, err = parseCSV(data)
		if err != nil {
			return nil, err
		}
	}
	bad = append(bad, checkRows(rows)...)
	if len(bad) > 0 {
		// Stable, so that several faults of one line stay in the order of the columns.
		slices.SortStableFunc(bad, func(a, b LineError) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Entry - b.Entry
		})
		return nil, &ImportError{Lines: bad}
	}
	switch {
	case len(rows) == 0:
		return nil, refuse("the file holds no employees; see an example with --example")
	case len(rows) > maxFileRecords:
		return nil, refuse("the file holds more than %d employees; split it", maxFileRecords)
	}
	return rows, nil
}

// parseCSV reads RFC 4180 with either separator. It goes on after a bad line,
// so that all of them are found at once; faults of the header stop it, since no
// line can be understood then.
func parseCSV(data []byte) ([]row, []LineError, error) {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = -1 // counted here, to be reported with the rest
	reader.Comma = separator(data)
	header, err := reader.Read()
	if err != nil {
		return nil, nil, &ImportError{Lines: []LineError{csvError(err)}}
	}
	line, _ := reader.FieldPos(0)
	columns, bad := checkHeader(line, header)
	if len(bad) > 0 {
		return nil, nil, &ImportError{Lines: bad}
	}

	var rows []row
	for len(rows)+len(bad) <= maxFileRecords {
		fields, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			bad = append(bad, csvError(err))
			continue
		}
		if !slices.ContainsFunc(fields, func(f string) bool { return f != "" }) {
			continue // what a spreadsheet writes for a row that was emptied
		}
		line, _ := reader.FieldPos(0)
		if len(fields) != len(columns) {
			bad = append(bad, LineError{Line: line, Reason: fmt.Sprintf(
				"%d fields where the header has %d; put a value that holds the separator in double quotes", len(fields), len(columns))})
			continue
		}
		r := row{line: line}
		for i, field := range fields {
			*r.record.field(columns[i]) = field
		}
		rows = append(rows, r)
	}
	return rows, bad, nil
}

// separator takes the header's word: no name of a column holds either.
func separator(data []byte) rune {
	header, _, _ := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\n"))
	if bytes.Count(header, []byte(";")) > bytes.Count(header, []byte(",")) {
		return ';'
	}
	return ','
}

func csvError(err error) LineError {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return LineError{Line: 1, Reason: "cannot be read"}
	}
	line, reason := p.StartLine, "a double quote that was never closed, or text after the closing one"
	if errors.Is(p.Err, csv.ErrBareQuote) {
		reason = `a double quote inside a value; write it as "" in a value that is quoted as a whole`
	}
	return LineError{Line: line, Reason: reason}
}

// checkHeader returns the column names in the order of the file.
func checkHeader(line int, header []string) ([]string, []LineError) {
	var bad []LineError
	fault := func(format string, args ...any) {
		bad = append(bad, LineError{Line: line, Reason: fmt.Sprintf(format, args...)})
	}
	if len(header) > maxFileColumns {
		fault("%d columns, where there are %d", len(header), len(fileColumns()))
		return nil, bad
	}
	columns := make([]string, len(header))
	for i, h := range header {
		name := strings.ToLower(strings.TrimSpace(h))
		if slices.Contains(columns[:i], name) {
			fault("column %s appears twice", quote(name))
		} else if !slices.Contains(Columns(), name) {
			fault("%s", unknownColumn(name))
		}
		columns[i] = name
	}
	for _, name := range requiredColumns() {
		if !slices.Contains(columns, name) {
			fault("column %s is missing; the first line names the columns", quote(name))
		}
	}
	return columns, bad
}

func unknownColumn(name string) string {
	return fmt.Sprintf("unknown column %s; there are %s", quote(name), strings.Join(fileColumns(), ", "))
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

// quote shows a word of the file to a person: escaped, since it may hold
// anything, and cut, since it may be of any length.
func quote(s string) string {
	const shown = 40
	if utf8.RuneCountInString(s) > shown {
		s = string([]rune(s)[:shown]) + "…"
	}
	return fmt.Sprintf("%+q", s)
}
