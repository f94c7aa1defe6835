package hragent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/llm"
)

// ManagementScope is the OAuth 2.0 scope that the look-ups need.
const ManagementScope = "read:users"

// Bounds of one call of the Management API.
const (
	maxDirectoryAnswer = 256 << 10        // bytes
	directoryTimeout   = 10 * time.Second // unless the client has its own
)

// ManagementAPI is the directory of Auth0: users-by-email, and one search for employee numbers. It
// sees addresses and user ids, nothing else.
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
	Blocked       bool   `json:"blocked"` // absent unless somebody was blocked once
}

const managementFields = "fields=user_id%2Cemail%2Cemail_verified%2Cblocked&include_fields=true"

// Find asks the Management API. A subject needs no look-up.
func (d *ManagementAPI) Find(
	ctx context.Context, kind llm.IdentifierKind, identifier string,
) (Person, error) {
	switch kind {
	case llm.Subject:
		return d.person(identifier), nil
	case llm.Email:
		users, err := d.get(ctx, "users-by-email?"+managementFields+"&email="+
			url.QueryEscape(identifier))
		if err != nil {
			return Person{}, err
		}
		// The provider may compare more loosely than it says; only the very address counts.
		return d.one(users, func(u managementUser) bool {
			return lower(u.Email) == lower(identifier)
		}, true)
	case llm.EmployeeNumber:
		if !plainNumber(identifier) {
			// nothing that could break out of the query
			return Person{}, &UnknownError{Reason: reasonUnknown}
		}
		q := url.QueryEscape(`app_metadata.employee_id:"` + strings.ToUpper(identifier) + `"`)
		users, err := d.get(ctx, "users?search_engine=v3&"+managementFields+"&q="+q)
		if err != nil {
			return Person{}, err
		}
		return d.one(users, func(managementUser) bool { return true }, false)
	}
	return Person{}, &UnknownError{Reason: reasonUnknown}
}

func plainNumber(s string) bool {
	return s != "" &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// one picks the only user that fits. Two are as good as none: nobody can say which of them was
// meant.
func (d *ManagementAPI) one(
	users []managementUser, fits func(managementUser) bool, byAddress bool,
) (Person, error) {
	var found []managementUser
	for _, u := range users {
		if u.UserID != "" && fits(u) {
			found = append(found, u)
		}
	}
	switch {
	case len(found) == 0:
		return Person{}, &UnknownError{Reason: reasonUnknown}
	case len(found) > 1:
		return Person{}, &UnknownError{Reason: reasonAmbiguous}
	case found[0].Blocked:
		return Person{}, &UnknownError{Reason: reasonBlocked}
	case byAddress && !found[0].EmailVerified:
		// anybody can register with an address they do not own
		return Person{}, &UnknownError{Reason: reasonUnverified}
	}
	p := d.person(found[0].UserID)
	p.Found = true
	if found[0].EmailVerified {
		p.Address = lower(found[0].Email)
	}
	return p, nil
}

func (d *ManagementAPI) person(subject string) Person {
	return Person{Subject: subject, LoginHint: d.Provider.LoginHint(d.Issuer, subject)}
}

// busyError is an answer that is none, with the time after which to ask again.
type busyError struct {
	status int
	after  time.Duration
}

func (e *busyError) Error() string {
	return fmt.Sprintf("the Management API answered %d", e.status)
}

func (d *ManagementAPI) get(ctx context.Context, path string) ([]managementUser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.BaseURL+path, nil)
	if err != nil || d.HTTPClient == nil {
		// err holds the person's address
		return nil, errors.New("the Management API has no address or no client")
	}
	req.Header.Set("Accept", "application/json")
	res, err := oauth.Do(d.HTTPClient, req, directoryTimeout, maxDirectoryAnswer)
	switch {
	case res == nil:
		return nil, fmt.Errorf("the Management API cannot be reached: %w", err)
	case res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden:
		return nil, fmt.Errorf(
			"the Management API answered %d; the agent's client needs the scope "+
				ManagementScope+" for it",
			res.Status)
	case res.Status != http.StatusOK:
		return nil, &busyError{res.Status, oauth.RetryAfter(res.Header, lookUpLongestWait)}
	case err != nil:
		// Too large: nobody's list is that long, so it is a fault of this person's.
		return nil, &UnknownError{Reason: reasonBroken}
	}
	var list []json.RawMessage
	if json.Unmarshal(res.Body, &list) != nil || list == nil {
		return nil, errors.New(
			"the Management API answered with something that is no list of users")
	}
	users := make([]managementUser, len(list))
	for i, user := range list {
		// People who do not exist have no record that could be wrong, so a wrong one must not fail
		// visibly.
		if json.Unmarshal(user, &users[i]) != nil {
			return nil, &UnknownError{Reason: reasonBroken}
		}
	}
	return users, nil
}
