// Package people reads tables of people as registers export them: CSV separated by
// commas, semicolons or tabs, a JSON array of objects, or one JSON object a line.
// It knows columns and lines; what the values mean is its callers' to say.
package people

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

// Bounds of a table: far above any staff that one register should hold, and far
// below what hurts a server.
const (
	MaxBytes   = 64 << 20
	MaxRows    = 200_000
	maxColumns = 100 // of a header or of one JSON object
)

// Format says which columns a table has. Names are in lower case.
type Format struct {
	Columns  []string // those that count
	Required []string // those that a header must name
	Flags    []string // those that JSON may write as true or false, besides texts
	// Strict makes a column that does not count a fault, as a misspelt one would be;
	// without it such columns are left alone.
	Strict bool
	// Map names columns by what the file calls them, in lower case.
	Map map[string]string
}

// Row is one record as it stands in the file.
type Row struct {
	Line   int // from 1; where the record begins
	Entry  int // JSON only: the number of the record from 1, since one line may hold many
	Values []string
}

// Bad is a fault of the row.
func (r *Row) Bad(format string, args ...any) LineError {
	return LineError{r.Line, r.Entry, fmt.Sprintf(format, args...)}
}

// LineError is one thing wrong with one line. A line with several things wrong has
// several. It never holds a name, an address or a subject.
type LineError struct {
	Line, Entry int // see Row
	Reason      string
}

func (e LineError) Error() string {
	if e.Entry > 0 {
		return fmt.Sprintf("line %d (entry %d): %s", e.Line, e.Entry, e.Reason)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// Sort puts faults into the order of the file; those of one line keep theirs.
func Sort(bad []LineError) {
	slices.SortStableFunc(bad, func(a, b LineError) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Entry - b.Entry
	})
}

// MaxFaults is how many faults one error of Faults names.
const MaxFaults = 20

// Faults is the error that names the bad lines; nil if there are none.
func Faults(bad []LineError) error {
	if len(bad) == 0 {
		return nil
	}
	Sort(bad)
	all := make([]error, min(len(bad), MaxFaults))
	for i := range all {
		all[i] = bad[i]
	}
	if more := len(bad) - MaxFaults; more > 0 {
		all = append(all, fmt.Errorf("and %d more", more))
	}
	return errors.Join(all...)
}

// FileError refuses a file as a whole.
type FileError struct{ Reason string }

func (e *FileError) Error() string { return e.Reason }

// Read reads a table, in UTF-8 with or without a byte order mark, of at most
// MaxBytes and about MaxRows rows: one more is read, for the caller to refuse. It
// goes on after a bad line, so that all of them are found at once. Values stand in
// the order of f.Columns, as they are in the file.
//
// The error is a *FileError, or that of the reader.
func Read(r io.Reader, f *Format) (rows []Row, bad []LineError, err error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, nil, err
	case len(data) > MaxBytes:
		return nil, nil, &FileError{
			fmt.Sprintf("the file is larger than %d MiB; split it", MaxBytes>>20),
		}
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, nil, &FileError{
			"the file is in UTF-16; save it as UTF-8 (in a spreadsheet: “CSV UTF-8”)",
		}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch text := bytes.TrimSpace(data); {
	case len(text) == 0:
		return nil, nil, &FileError{"the file is empty: there is no header line"}
	case text[0] == '[' || text[0] == '{':
		rows, bad = f.readJSON(data)
	default:
		rows, bad = f.readCSV(data)
	}
	return rows, bad, nil
}

// column is the place of a name of the file among the columns that count, -1 if it
// is none of them.
func (f *Format) column(name string) int {
	if mapped, ok := f.Map[name]; ok {
		name = mapped
	}
	return slices.Index(f.Columns, name)
}

// readCSV reads RFC 4180 with any of the separators. Faults of the header stop it,
// since no line can be understood then.
func (f *Format) readCSV(data []byte) (rows []Row, bad []LineError) {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = -1 // counted here, to be reported with the rest
	reader.Comma = separator(data)
	reader.TrimLeadingSpace = reader.Comma != '\t' // `a, "b"` is how people write
	header, err := reader.Read()
	if err != nil {
		return nil, []LineError{csvError(err)}
	}
	line, _ := reader.FieldPos(0)
	columns, bad := f.readHeader(line, header)
	if len(bad) > 0 {
		return nil, bad
	}
	for len(rows)+len(bad) <= MaxRows {
		fields, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			bad = append(bad, csvError(err))
			continue
		}
		filled := func(s string) bool { return s != "" }
		if len(columns) > 1 && !slices.ContainsFunc(fields, filled) {
			continue // what a spreadsheet writes for a row that was emptied
		}
		line, _ := reader.FieldPos(0)
		r := Row{Line: line, Values: make([]string, len(f.Columns))}
		if len(fields) != len(columns) {
			bad = append(bad, r.Bad("%d fields where the header has %d; "+
				"put a value that holds the separator in double quotes", len(fields), len(columns)))
			continue
		}
		faults := len(bad)
		for i, field := range fields {
			switch {
			case columns[i] < 0:
			case !utf8.ValidString(field):
				bad = append(bad, r.Bad("%s is %s", f.Columns[columns[i]], notUTF8))
			default:
				r.Values[columns[i]] = field
			}
		}
		if len(bad) == faults {
			rows = append(rows, r)
		}
	}
	return rows, bad
}

// separator takes the header's word: no name of a column holds any.
func separator(data []byte) rune {
	header, _, _ := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\n"))
	best, most := ',', bytes.Count(header, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(header, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func csvError(err error) LineError {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return LineError{Line: 1, Reason: "cannot be read"}
	}
	reason := "a double quote that was never closed, or text after the closing one"
	if errors.Is(p.Err, csv.ErrBareQuote) {
		reason = `a double quote inside a value; write it as "" in a value that is quoted as a whole`
	}
	return LineError{Line: p.StartLine, Reason: reason}
}

// readHeader returns for each column of the file its place among those that count.
func (f *Format) readHeader(line int, header []string) ([]int, []LineError) {
	var bad []LineError
	fault := func(format string, args ...any) {
		bad = append(bad, LineError{line, 0, fmt.Sprintf(format, args...)})
	}
	if len(header) > maxColumns {
		fault("%d columns, where there are %d", len(header), len(f.Columns))
		return nil, bad
	}
	names, columns, known := make([]string, len(header)), make([]int, len(header)), 0
	for i, h := range header {
		names[i] = strings.ToLower(strings.TrimSpace(h))
		if columns[i] = f.column(names[i]); columns[i] >= 0 {
			known++
		}
	}
	if known == 0 { // a line about a person, which must not be repeated
		fault("it does not name the columns; there are %s", strings.Join(f.Columns, ", "))
		return nil, bad
	}
	for i, name := range names {
		switch {
		case columns[i] >= 0 && slices.Contains(columns[:i], columns[i]),
			f.Strict && slices.Contains(names[:i], name):
			fault("column %s appears twice", Quote(name))
		case f.Strict && columns[i] < 0:
			fault("%s", f.unknown(name))
		}
	}
	for _, name := range f.Required {
		if !slices.Contains(columns, slices.Index(f.Columns, name)) {
			fault("column %s is missing; the first line names the columns", Quote(name))
		}
	}
	return columns, bad
}

func (f *Format) unknown(name string) string {
	return fmt.Sprintf("unknown column %s; there are %s", Quote(name),
		strings.Join(f.Columns, ", "))
}

// Quote shows a word of the file to a person: escaped, since it may hold anything,
// and cut, since it may be of any length. It is for names of columns and for
// values of a few words, not for what may be about a person.
func Quote(s string) string {
	const shown = 40
	if utf8.RuneCountInString(s) > shown {
		s = string([]rune(s)[:shown]) + "…"
	}
	return fmt.Sprintf("%+q", s)
}

const notUTF8 = "not UTF-8, which happens when a spreadsheet saves in Windows-1252 or Latin-1; " +
	"save the file as UTF-8 (“CSV UTF-8”)"
