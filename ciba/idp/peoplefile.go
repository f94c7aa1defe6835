package idp

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxPeopleFile bounds what ParsePeople reads.
	maxPeopleFile = 64 << 20
	// maxPeopleErrors is how many bad lines one error names.
	maxPeopleErrors = 20
)

// ParsePeople reads the file of `--people`: the one that `staff0 api import`
// takes, as CSV with a header line (separated by `,` or `;`, with or without a
// byte order mark) or as a JSON array of objects. At most 64 MiB.
//
// Of its columns subject, email, name and employee_id count here, and two that
// an identity provider has beyond HR: email_verified and blocked, each true or
// false. All others are left alone. E-mail addresses become lower case, as
// Auth0 keeps them and as the HR API reads them. Every person needs a subject; employee_id
// and email may be missing. The error names every bad line.
func ParsePeople(r io.Reader) ([]Person, error) {
	body, err := readBounded(r, maxPeopleFile)
	if err != nil {
		return nil, fmt.Errorf("idp: people: %w", err)
	}
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if !utf8.Valid(body) {
		return nil, errors.New("idp: people: the file is not UTF-8; save it as UTF-8")
	}
	var rows []personRow
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		rows, err = readPeopleJSON(trimmed)
	} else {
		rows, err = readPeopleCSV(body)
	}
	if err != nil {
		return nil, fmt.Errorf("idp: people: %w", err)
	}
	return checkPeople(rows)
}

// personRow is a line of the file before it is checked.
type personRow struct {
	where  string
	fields map[string]string
}

func readPeopleJSON(body []byte) ([]personRow, error) {
	var list []map[string]any
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("%w; the file is a JSON array of objects", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON array")
	}
	var rows []personRow
	for i, object := range list {
		row := personRow{where: fmt.Sprintf("entry %d", i+1), fields: map[string]string{}}
		for name, value := range object {
			switch v := value.(type) {
			case string:
				row.fields[name] = v
			case bool:
				row.fields[name] = strconv.FormatBool(v)
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func readPeopleCSV(body []byte) ([]personRow, error) {
	header, _, _ := bytes.Cut(body, []byte("\n"))
	in := csv.NewReader(bytes.NewReader(body))
	if bytes.Count(header, []byte(";")) > bytes.Count(header, []byte(",")) {
		in.Comma = ';' // what spreadsheets write where the comma is a decimal point
	}
	names, err := in.Read()
	if err != nil {
		return nil, errors.New("the file has no header line")
	}
	column := map[string]int{}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := column[name]; twice && name != "" {
			return nil, fmt.Errorf("line 1: column %q occurs twice", name)
		}
		column[name] = i
	}
	if _, ok := column["subject"]; !ok {
		return nil, errors.New("line 1: there is no column subject")
	}
	var rows []personRow
	for {
		record, err := in.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err // names the line
		}
		line, _ := in.FieldPos(0)
		row := personRow{where: fmt.Sprintf("line %d", line), fields: map[string]string{}}
		for name, i := range column {
			row.fields[name] = record[i]
		}
		rows = append(rows, row)
	}
}

// checkPeople makes people of the rows, or reports every bad one.
func checkPeople(rows []personRow) ([]Person, error) {
	var (
		people []Person
		bad    []error
		first  = map[string]string{}
	)
	for _, row := range rows {
		get := func(name string) string { return strings.TrimSpace(row.fields[name]) }
		flag := func(name string, missing bool) bool {
			s := get(name)
			if s == "" {
				return missing
			}
			b, err := strconv.ParseBool(s)
			if err != nil {
				bad = append(bad, fmt.Errorf("%s: %s is neither true nor false", row.where, name))
			}
			return b
		}
		person := Person{
			Subject: get("subject"), Email: strings.ToLower(get("email")), Name: get("name"), EmployeeID: get("employee_id"),
			EmailUnverified: !flag("email_verified", true), Blocked: flag("blocked", false),
		}
		switch other, twice := first[person.Subject]; {
		case person.Subject == "":
			bad = append(bad, fmt.Errorf("%s: the subject is missing", row.where))
		case twice:
			bad = append(bad, fmt.Errorf("%s: the subject is that of %s", row.where, other))
		default:
			first[person.Subject] = row.where
		}
		people = append(people, person)
	}
	if more := len(bad) - maxPeopleErrors; more > 0 {
		bad = append(bad[:maxPeopleErrors], fmt.Errorf("and %d more", more))
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("idp: people: %w", errors.Join(bad...))
	}
	if len(people) == 0 {
		return nil, errors.New("idp: people: the file has nobody in it")
	}
	if _, err := newDirectory(people); err != nil {
		return nil, err
	}
	return people, nil
}
