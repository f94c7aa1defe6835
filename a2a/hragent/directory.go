package hragent

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"staff0/ciba"
	"staff0/llm"
)

// Person is whom the provider is to ask, and by which marks the approval is known to be theirs.
type Person struct {
	Subject   string // sub at the provider; "" when only the address is known
	Email     string // the address asked about; checked against the ID token when there is no subject
	LoginHint string // as the provider takes it
	// Found says that the directory has confirmed that there is such a person. From then on nothing may fail visibly before the person has
	// agreed, for a caller would learn from it what the directory said.
	Found bool
}

// Directory finds the person whom an identifier names.
type Directory interface {
	// Find gives the one person with the normalised identifier. The error is an *UnknownError when nobody, or not exactly one person who could
	// be asked, has it; any other error means that the directory could not be consulted.
	Find(ctx context.Context, kind llm.IdentifierKind, identifier string) (Person, error)
}

// UnknownError says that an identifier leads to nobody who can be asked. Reason is a code for the operator; the caller never learns it.
type UnknownError struct{ Reason string }

func (e *UnknownError) Error() string { return "no such person can be asked: " + e.Reason }

// Reasons of an UnknownError.
const (
	reasonUnknown    = "unknown_person"
	reasonAmbiguous  = "ambiguous_person"
	reasonBlocked    = "blocked_person"
	reasonUnverified = "unverified_address"
	reasonNoHint     = "identifier_not_in_directory_hint"
)

const maxDirectoryAnswer = 256 << 10 // bytes of one answer of the Management API

// ManagementAPI is the directory of Auth0: users-by-email, and one search for employee numbers. It sees addresses and user ids, nothing else.
type ManagementAPI struct {
	BaseURL    string // ends in /api/v2/
	Issuer     string
	Provider   ciba.Provider
	HTTPClient *http.Client // puts the agent's own token on each request
}

type managementUser struct {
	UserID        string `json:"user_id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Blocked       bool   `json:"blocked"`
}

const managementFields = "fields=user_id%2Cemail%2Cemail_verified%2Cblocked&include_fields=true"

// Find asks the Management API.
func (d *ManagementAPI) Find(ctx context.Context, kind llm.IdentifierKind, identifier string) (Person, error) {
	switch kind {
	case llm.Subject:
		return d.person(identifier), nil
	case llm.Email:
		users, err := d.get(ctx, "users-by-email?"+managementFields+"&email="+url.QueryEscape(identifier))
		if err != nil {
			return Person{}, err
		}
		// The provider may compare more loosely than it says; only the very address counts.
		return d.one(users, func(u managementUser) bool { return strings.EqualFold(u.Email, identifier) }, true)
	case llm.EmployeeNumber:
		number := strings.ToUpper(identifier)
		if strings.Trim(number, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return Person{}, &UnknownError{reasonUnknown} // nothing that could break out of the query
		}
		q := url.QueryEscape(`app_metadata.employee_id:"` + number + `"`)
		users, err := d.get(ctx, "users?search_engine=v3&"+managementFields+"&q="+q)
		if err != nil {
			return Person{}, err
		}
		return d.one(users, func(managementUser) bool { return true }, false)
	}
	return Person{}, &UnknownError{reasonUnknown}
}

// one picks the only user that fits. Two are as good as none: nobody can say which of them was meant.
func (d *ManagementAPI) one(users []managementUser, fits func(managementUser) bool, byAddress bool) (Person, error) {
	var found []managementUser
	for _, u := range users {
		if u.UserID != "" && fits(u) {
			found = append(found, u)
		}
	}
	switch {
	case len(found) == 0:
		return Person{}, &UnknownError{reasonUnknown}
	case len(found) > 1:
		return Person{}, &UnknownError{reasonAmbiguous}
	case found[0].Blocked:
		return Person{}, &UnknownError{reasonBlocked}
	case byAddress && !found[0].EmailVerified: // anybody can register with an address they do not own
		return Person{}, &UnknownError{reasonUnverified}
	}
	p := d.person(found[0].UserID)
	p.Found = true
	return p, nil
}

func (d *ManagementAPI) person(subject string) Person {
	return Person{Subject: subject, LoginHint: d.Provider.LoginHint(d.Issuer, subject)}
}

func (d *ManagementAPI) get(ctx context.Context, path string) ([]managementUser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.BaseURL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := d.HTTPClient.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the URL holds the person's address
		}
		return nil, fmt.Errorf("the Management API cannot be reached: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxDirectoryAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the Management API broke off: %w", err)
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the Management API answered %d; the agent's client needs the scope read:users for it", res.StatusCode)
	case len(body) > maxDirectoryAnswer:
		return nil, errors.New("the Management API answered with too much")
	}
	var users []managementUser
	if err := json.Unmarshal(body, &users); err != nil {
		return nil, errors.New("the Management API answered with something that is no list of users")
	}
	return users, nil
}

// Hint is the directory of providers that know addresses themselves: the address is the login_hint. Whoever approves must prove to own it.
type Hint struct{}

// Find takes addresses only.
func (Hint) Find(_ context.Context, kind llm.IdentifierKind, identifier string) (Person, error) {
	if kind != llm.Email {
		return Person{}, &UnknownError{reasonNoHint}
	}
	return Person{Email: identifier, LoginHint: identifier}, nil
}

// File is a directory in memory, read from a CSV file.
type File struct {
	people map[string][]Person // by lower-case address, subject and employee number
}

// Bounds of a directory file.
const (
	maxDirectoryFile = 64 << 20
	directoryColumns = "email,subject,employee_id,login_hint"
)

// OpenFile reads a CSV file with the columns email, subject, employee_id and login_hint, in any order. A line needs a subject and one more
// identifier or none; an empty login_hint is made from the subject in the provider's way.
func OpenFile(path, issuer string, provider ciba.Provider) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the directory file cannot be read: %w", err)
	}
	defer f.Close()
	rows := csv.NewReader(io.LimitReader(f, maxDirectoryFile))
	rows.TrimLeadingSpace = true
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("the directory file %s has no header line; it begins with %s", path, directoryColumns)
	}
	column := map[string]int{}
	for i, name := range header {
		column[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	if _, ok := column["subject"]; !ok {
		return nil, fmt.Errorf("the directory file %s has no column subject; it begins with %s", path, directoryColumns)
	}
	d := &File{people: map[string][]Person{}}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the directory file %s: %w", path, err)
		}
		field := func(name string) string {
			if i, ok := column[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		p := Person{Subject: field("subject"), LoginHint: field("login_hint"), Found: true}
		if p.Subject == "" {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("the directory file %s: line %d has no subject", path, line)
		}
		if p.LoginHint == "" {
			p.LoginHint = provider.LoginHint(issuer, p.Subject)
		}
		for _, id := range []string{p.Subject, field("email"), field("employee_id")} {
			if id != "" {
				key := strings.ToLower(id)
				d.people[key] = append(d.people[key], p)
			}
		}
	}
}

// Find looks the identifier up as it is.
func (d *File) Find(_ context.Context, _ llm.IdentifierKind, identifier string) (Person, error) {
	switch found := d.people[strings.ToLower(identifier)]; len(found) {
	case 0:
		return Person{}, &UnknownError{reasonUnknown}
	case 1:
		return found[0], nil
	}
	return Person{}, &UnknownError{reasonAmbiguous}
}
