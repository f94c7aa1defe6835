package cmd

import (
	"log/slog"
	"slices"
	"testing"

	"staff0/ciba/idp"
)

// TestSamplePeopleAgree demands that the identity provider and the HR API know the same people
// (design §4): with other subjects or addresses, a newcomer's first question would end in silence.
func TestSamplePeopleAgree(t *testing.T) {
	s := &settings{APIDatabase: "memory:"}
	db, err := s.openEmployees(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := s.samplePeople(t.Context(), db, true, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	people := idp.SamplePeople()
	records := 0
	for record, err := range db.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		records++
		i := slices.IndexFunc(people, func(p idp.Person) bool {
			return p.Subject == record.Subject
		})
		if i < 0 {
			t.Errorf("%s has a record and no login", record.Subject)
			continue
		}
		p := people[i]
		if p.EmployeeID != record.EmployeeID || p.Name != record.Name || p.Email != record.Email {
			t.Errorf("%s: the provider has %q, the HR API has %q", p.Subject,
				[]string{p.EmployeeID, p.Name, p.Email},
				[]string{record.EmployeeID, record.Name, record.Email})
		}
		if p.Blocked || p.EmailUnverified {
			t.Errorf("%s could not be asked", p.Subject)
		}
		people = slices.Delete(people, i, i+1)
	}
	if records != 6 {
		t.Errorf("%d sample people have a record, want 6", records)
	}
	if len(people) != 1 || people[0].Subject != "auth0|contractor" || people[0].EmployeeID != "" {
		t.Errorf("without a record are %v, want the contractor alone", people)
	}
}
