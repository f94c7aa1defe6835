package idp

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"staff0/ciba/people"
)

// peopleColumns are those of a file of people, in the order of Person, and then
// what a provider knows beyond HR.
var peopleColumns = people.Format{
	Columns:  []string{"subject", "email", "name", "employee_id", "email_verified", "blocked"},
	Required: []string{"subject"},
	Flags:    []string{"email_verified", "blocked"},
}

// ParsePeople reads the file of `--people`: the one that `staff0 api import`
// takes, in any of the forms of package people, at most 64 MiB.
//
// Of its columns subject, email, name and employee_id count here, and two that
// an identity provider has beyond HR: email_verified and blocked, each true or
// false. All others are left alone. E-mail addresses become lower case, as
// Auth0 keeps them and as the HR API reads them. Every person needs a subject; employee_id
// and email may be missing. The error names every bad line.
func ParsePeople(r io.Reader) ([]Person, error) {
	rows, bad, err := people.Read(r, &peopleColumns)
	if err != nil {
		return nil, fmt.Errorf("idp: people: %w", err)
	}
	var list []Person
	first := map[string]string{}
	for i := range rows {
		row := &rows[i]
		for i, value := range row.Values {
			row.Values[i] = strings.TrimSpace(value)
		}
		flag := func(column int, missing bool) bool {
			s := row.Values[column]
			if s == "" {
				return missing
			}
			b, err := strconv.ParseBool(s)
			if err != nil {
				bad = append(bad,
					row.Bad("%s is neither true nor false", peopleColumns.Columns[column]))
			}
			return b
		}
		person := Person{
			Subject: row.Values[0], Email: strings.ToLower(row.Values[1]), Name: row.Values[2],
			EmployeeID:      row.Values[3],
			EmailUnverified: !flag(4, true), Blocked: flag(5, false),
		}
		switch other, twice := first[person.Subject]; {
		case person.Subject == "":
			bad = append(bad, row.Bad("the subject is missing"))
		case twice:
			bad = append(bad, row.Bad("the subject is that of %s", other))
		default:
			first[person.Subject], _, _ = strings.Cut(row.Bad("").Error(), ": ")
		}
		list = append(list, person)
	}
	if err := people.Faults(bad); err != nil {
		return nil, fmt.Errorf("idp: people: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("idp: people: the file has nobody in it")
	}
	if _, err := newDirectory(list); err != nil {
		return nil, err
	}
	return list, nil
}
