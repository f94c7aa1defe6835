package hragent

import (
	"context"
	"fmt"
	"os"
	"strings"

	"staff0/ciba"
	"staff0/ciba/people"
	"staff0/llm"
)

// File is a directory in memory, read from a table.
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

// directoryColumns are those of a directory file.
var directoryColumns = people.Format{
	Columns:  []string{"email", "subject", "employee_id", "login_hint"},
	Required: []string{"subject"},
}

// OpenFile reads a table of people (see package people) with the columns email, subject,
// employee_id and login_hint, in any order; others are left alone. Every line needs a subject; an
// empty login_hint is made from the subject in the provider's way. An identifier on lines of
// different people is nobody's. The error names the lines.
func OpenFile(path, issuer string, provider ciba.Provider) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the directory file cannot be read: %w", err)
	}
	defer f.Close()
	rows, bad, err := people.Read(f, &directoryColumns)
	if err != nil {
		return nil, fmt.Errorf("the directory file %s: %w", path, err)
	}
	d := &File{people: map[fileKey][]Person{}}
	for i := range rows {
		for j, value := range rows[i].Values {
			rows[i].Values[j] = strings.TrimSpace(value)
		}
		email, number := rows[i].Values[0], rows[i].Values[2]
		p := Person{Subject: rows[i].Values[1], LoginHint: rows[i].Values[3], Address: lower(email),
			Found: true}
		if p.Subject == "" {
			bad = append(bad, rows[i].Bad("the subject is missing"))
			continue
		}
		if p.LoginHint == "" {
			p.LoginHint = provider.LoginHint(issuer, p.Subject)
		}
		d.add(llm.Subject, p.Subject, p)
		d.add(llm.Email, email, p)
		d.add(llm.EmployeeNumber, number, p)
	}
	if err := people.Faults(bad); err != nil {
		return nil, fmt.Errorf("the directory file %s: %w", path, err)
	}
	return d, nil
}

// add files a person under an identifier. The same person may have several lines, with an address
// each.
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
