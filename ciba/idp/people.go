package idp

import (
	"fmt"
	"strings"
)

// Person is somebody with a login.
type Person struct {
	// Subject is the `sub` of the person's tokens, such as "auth0|jdoe".
	Subject string
	// Email is compared as it is written here; "" for somebody without one.
	Email string
	// Name is what the phone page shows.
	Name string
	// EmployeeID is app_metadata.employee_id; "" for a login without a record.
	EmployeeID string
	// EmailUnverified makes email_verified false.
	EmailUnverified bool
	// Blocked people have a login and may not use it.
	Blocked bool
}

// SamplePeople are the people of a machine without settings. The HR API has
// records of them, except of the contractor.
func SamplePeople() []Person {
	return []Person{
		{EmployeeID: "E1001", Subject: "auth0|jdoe", Name: "John Doe", Email: "jdoe@staff0.com"},
		{EmployeeID: "E1002", Subject: "auth0|asmith", Name: "Alice Smith",
			Email: "asmith@staff0.com"},
		{EmployeeID: "E1003", Subject: "auth0|bwong", Name: "Ben Wong", Email: "bwong@staff0.com"},
		{EmployeeID: "E1004", Subject: "auth0|mgarcia", Name: "María García",
			Email: "mgarcia@staff0.com"},
		{EmployeeID: "E1005", Subject: "auth0|tkato", Name: "加藤 太郎", Email: "tkato@staff0.com"},
		{EmployeeID: "E1006", Subject: "auth0|osullivan", Name: "Siobhán O'Sullivan",
			Email: "siobhan.o'sullivan@staff0.com"},
		{Subject: "auth0|contractor", Name: "Casey Contractor", Email: "casey@staff0.com"},
	}
}

// directory finds people; it never changes.
type directory struct {
	list      []Person
	subjects  map[string]int
	emails    map[string][]int
	employees map[string][]int
}

func newDirectory(list []Person) (*directory, error) {
	d := &directory{list: list, subjects: map[string]int{}, emails: map[string][]int{},
		employees: map[string][]int{}}
	for i, person := range list {
		if person.Subject == "" {
			return nil, fmt.Errorf("idp: person %d has no subject", i+1)
		}
		if strings.HasSuffix(person.Subject, "@clients") {
			// It would pass for a machine wherever Auth0's tokens are read.
			return nil, fmt.Errorf("idp: person %d: a person's subject must not end in @clients",
				i+1)
		}
		if _, twice := d.subjects[person.Subject]; twice {
			return nil, fmt.Errorf("idp: person %d has the subject of another person", i+1)
		}
		d.subjects[person.Subject] = i
		// E-mail addresses and employee numbers need not be unique at a provider;
		// whoever looks them up has to cope with that.
		if person.Email != "" {
			d.emails[person.Email] = append(d.emails[person.Email], i)
		}
		if person.EmployeeID != "" {
			d.employees[person.EmployeeID] = append(d.employees[person.EmployeeID], i)
		}
	}
	return d, nil
}

func (d *directory) bySubject(subject string) (Person, bool) {
	i, ok := d.subjects[subject]
	if !ok {
		return Person{}, false
	}
	return d.list[i], true
}

func (d *directory) byEmail(email string) []Person   { return d.all(d.emails[email]) }
func (d *directory) byEmployeeID(id string) []Person { return d.all(d.employees[id]) }

func (d *directory) all(indexes []int) []Person {
	out := make([]Person, 0, len(indexes))
	for _, i := range indexes {
		out = append(out, d.list[i])
	}
	return out
}
