package hragent

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"staff0/ciba"
	"staff0/llm"
)

// File is a directory in memory, read from a CSV file.
type File struct {
	people map[fileKey][]Person // those without an Address have several
}

type fileKey struct {
	kind       llm.IdentifierKind
	identifier string // lower case, but for subjects: providers compare those to the letter
}

func newFileKey(kind llm.IdentifierKind, identifier string) fileKey {
	if kind != llm.Subject {
		identifier = lower(identifier)
	}
	return fileKey{kind, identifier}
}

// Bounds and form of a directory file.
const (
	maxDirectoryFile = 64 << 20 // bytes
	directoryColumns = "email,subject,employee_id,login_hint"
	byteOrderMark    = "\ufeff"
)

// OpenFile reads a CSV file with a header line that names the columns email, subject, employee_id and login_hint, in any order; others are left
// alone. Every line needs a subject; an empty login_hint is made from the subject in the provider's way. An identifier on lines of different
// people is nobody's. The error names the line.
func OpenFile(path, issuer string, provider ciba.Provider) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the directory file cannot be read: %w", err)
	}
	defer f.Close()
	limited := &io.LimitedReader{R: f, N: maxDirectoryFile + 1}
	d, err := readFile(limited, issuer, provider)
	switch {
	case limited.N <= 0: // a part of it would make strangers of the rest
		return nil, fmt.Errorf("the directory file %s is larger than %d MiB", path, maxDirectoryFile>>20)
	case err != nil:
		return nil, fmt.Errorf("the directory file %s: %w", path, err)
	}
	return d, nil
}

func readFile(r io.Reader, issuer string, provider ciba.Provider) (*File, error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = text.Discard(len(byteOrderMark)) // it was peeked
	}
	rows := csv.NewReader(text)
	rows.TrimLeadingSpace = true
	header, err := rows.Read()
	if err != nil {
		return nil, errors.New("there is no header line; it begins with " + directoryColumns)
	}
	column := map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := column[name]; twice && name != "" {
			return nil, fmt.Errorf("line 1: the column %s stands there twice", name)
		}
		column[name] = i
	}
	if _, ok := column["subject"]; !ok {
		return nil, errors.New("line 1: there is no column subject; the file begins with " + directoryColumns)
	}
	d := &File{people: map[fileKey][]Person{}}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return nil, err // names the line
		}
		field := func(name string) string {
			if i, ok := column[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		p := Person{Subject: field("subject"), LoginHint: field("login_hint"), Address: lower(field("email")), Found: true}
		if p.Subject == "" {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("line %d has no subject", line)
		}
		if p.LoginHint == "" {
			p.LoginHint = provider.LoginHint(issuer, p.Subject)
		}
		d.add(llm.Subject, p.Subject, p)
		d.add(llm.Email, field("email"), p)
		d.add(llm.EmployeeNumber, field("employee_id"), p)
	}
}

// add files a person under an identifier. The same person may have several lines, with an address each.
func (d *File) add(kind llm.IdentifierKind, identifier string, p Person) {
	if identifier == "" {
		return
	}
	key := newFileKey(kind, identifier)
	for i, other := range d.people[key] {
		if other.Subject == p.Subject && other.LoginHint == p.LoginHint {
			if other.Address != p.Address {
				d.people[key][i].Address = ""
			}
			return
		}
	}
	d.people[key] = append(d.people[key], p)
}

// Find looks the identifier up as it is.
func (d *File) Find(_ context.Context, kind llm.IdentifierKind, identifier string) (Person, error) {
	switch found := d.people[newFileKey(kind, identifier)]; len(found) {
	case 0:
		return Person{}, &UnknownError{Reason: reasonUnknown}
	case 1:
		return found[0], nil
	}
	return Person{}, &UnknownError{Reason: reasonAmbiguous}
}
