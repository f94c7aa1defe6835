package hrapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"staff0/ciba/oauth"
)

// maxAnswerBytes bounds the body of an answer. A record has some hundred bytes.
const maxAnswerBytes = 64 << 10

// requestTimeout bounds one request, body included, if the HTTPClient has no
// bound of its own.
const requestTimeout = 10 * time.Second

// Client reads one person's record with that person's access token. Both fields
// are required. It follows no redirect, whatever HTTPClient would do, and never
// asks twice: when to try again is the caller's to decide (see TemporaryError).
type Client struct {
	// BaseURL is the address of the HR API, perhaps with a path: https, or http
	// towards a loopback address.
	BaseURL    string
	HTTPClient *http.Client
}

// Validate says what is wrong with the fields, for a program to say so at start.
func (c *Client) Validate() error {
	_, err := c.base()
	return err
}

func (c *Client) base() (*url.URL, error) {
	if c.HTTPClient == nil {
		return nil, errors.New("hrapi: the client needs an HTTPClient")
	}
	u, err := oauth.ParseEndpoint(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("hrapi: the address of the HR API: %w", err)
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, errors.New("hrapi: the address of the HR API must not hold a query")
	}
	return u, nil
}

// Employee reads the record of a person. The subject must be the one of the
// token, or the API refuses. verifiedEmail is an address proven to be the
// person's, or "" if none is: it lets the API notice that its records and the
// identity provider do not agree on who has this subject.
//
// The errors are ErrNotFound (the person has no record), ErrSubjectMismatch (nothing can be said
// about the person), ErrUnauthorized, ErrForbidden, *TemporaryError (asking again may help),
// *AnswerError (it will not), the cause of ctx when that ended, or a fault of the arguments. None
// of them holds the subject, the token or anything of the record.
func (c *Client) Employee(
	ctx context.Context, token oauth.Token, subject, verifiedEmail string,
) (*Employee, error) {
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	// A request without a token or a person is a mistake of ours, and not to be
	// taken for an answer about somebody.
	if token.AccessToken == "" || subject == "" {
		return nil, errors.New("hrapi: an access token and a subject are required")
	}
	u := *base
	escaped := strings.TrimSuffix(base.EscapedPath(), "/") + "/employees/" + escapeSegment(subject)
	if u.Path, err = url.PathUnescape(escaped); err != nil {
		return nil, fmt.Errorf("hrapi: the address of the HR API: %w", err)
	}
	u.RawPath = escaped
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("hrapi: the request cannot be made")
	}
	req.Header.Set("Authorization", "Bearer "+token.AccessToken.Reveal())
	req.Header.Set("Accept", "application/json, application/problem+json")
	if verifiedEmail != "" {
		req.Header.Set(VerifiedEmailHeader, escapeAddress(verifiedEmail))
	}
	answer, err := oauth.Do(c.HTTPClient, req, requestTimeout, maxAnswerBytes)
	if err != nil && answer == nil {
		return nil, sendError(ctx, err)
	}
	return readAnswer(answer, err != nil, subject)
}

// escapeSegment escapes a subject so that it is one segment of a path on every
// way: url.PathEscape leaves dots alone, and whoever cleans paths would take a
// subject of dots for a step upwards.
func escapeSegment(subject string) string {
	if subject == "." || subject == ".." {
		return strings.ReplaceAll(subject, ".", "%2E")
	}
	return url.PathEscape(subject)
}

func readAnswer(resp *oauth.Response, tooLarge bool, subject string) (*Employee, error) {
	status, body := resp.Status, resp.Body
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" is no JSON either
	switch {
	case status == http.StatusOK:
		if mediaType != "application/json" {
			return nil, &AnswerError{status, "it is not application/json"}
		}
		if tooLarge {
			return nil, &AnswerError{status, "it is too long"}
		}
		record, err := decodeEmployee(body, subject)
		if err != nil {
			return nil, &AnswerError{status, err.Error()}
		}
		return record, nil
	case status == http.StatusUnauthorized:
		return nil, ErrUnauthorized
	case status == http.StatusForbidden:
		return nil, ErrForbidden
	case status == http.StatusNotFound:
		// An API that answers in plain JSON is taken at its word; a page of a proxy
		// is no answer.
		if plain := mediaType == "application/json" && json.Valid(body); !plain &&
			problemType(mediaType, body) != typeNoRecord {
			return nil, &AnswerError{status, "it does not come from an HR API; check the address"}
		}
		return nil, ErrNotFound
	case status == http.StatusConflict && problemType(mediaType, body) == typeSubjectMismatch:
		return nil, ErrSubjectMismatch
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return nil, &TemporaryError{Status: status,
			RetryAfter: oauth.RetryAfter(resp.Header, maxRetryAfter)}
	case status >= 300 && status < 400:
		return nil, &AnswerError{status,
			"redirects are not followed, the token would go elsewhere; check the address"}
	}
	return nil, &AnswerError{status, "this status has no meaning here"}
}

// problemType returns the type of a problem document, "" for anything else. The
// type tells the 404 about a person from the 404 about an address.
func problemType(mediaType string, body []byte) string {
	if mediaType != "application/problem+json" {
		return ""
	}
	members, err := decodeObject(body)
	if err != nil {
		return ""
	}
	kind, err := text(members, "type", true)
	if err != nil {
		return ""
	}
	return kind
}

// decodeEmployee checks what can be checked: the members that a verdict rests
// on are there once, by their exact names, and do not contradict each other.
// Unknown members are left alone, except those which say whose record it is.
func decodeEmployee(body []byte, subject string) (*Employee, error) {
	members, err := decodeObject(body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"id", "sub", "subject"} {
		if whose, err := text(members, name, false); err != nil {
			return nil, err
		} else if whose != "" && whose != subject {
			return nil, errors.New("it is the record of another person")
		}
	}
	var e Employee
	for _, m := range []struct {
		name     string
		required bool
		to       *string
	}{
		{"employee_id", true, &e.EmployeeID},
		{"name", false, &e.Name},
		{"email", false, &e.Email},
		{"status", true, &e.Status},
	} {
		if *m.to, err = text(members, m.name, m.required); err != nil {
			return nil, err
		}
	}
	// Not into the bool itself: null would leave false there, which reads "no".
	switch string(members["active"]) {
	case "true":
		e.Active = true
	case "false":
	default:
		return nil, errors.New("active is missing or not a boolean")
	}
	switch e.Status {
	case StatusActive, StatusOnLeave:
	case StatusEnded:
		if e.Active {
			return nil, errors.New("status and active contradict each other")
		}
	default:
		return nil, errors.New("its status is not a known one")
	}
	asOf, err := text(members, "as_of", true)
	if err != nil {
		return nil, err
	}
	t, err := time.Parse(time.RFC3339, asOf)
	if err != nil {
		return nil, errors.New("as_of is not an RFC 3339 time")
	}
	e.AsOf = t.UTC()
	return &e, nil
}

// text returns a member that must be a text, and "" for an optional one that is
// not there.
func text(members map[string]json.RawMessage, name string, required bool) (string, error) {
	raw, ok := members[name]
	if !ok && !required {
		return "", nil
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil || required && *value == "" {
		return "", errors.New(name + " is missing or not a text")
	}
	return *value, nil
}

// decodeObject reads exactly one JSON object. encoding/json alone would take
// names in any case and the last one of two that are equal: what we read and
// what the API meant could differ.
func decodeObject(body []byte) (map[string]json.RawMessage, error) {
	malformed := errors.New("it is not one JSON object")
	if !json.Valid(body) {
		return nil, malformed
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, malformed
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, malformed
		}
		if _, twice := members[name]; twice {
			return nil, errors.New("a member appears twice")
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, malformed
		}
		members[name] = raw
	}
	return members, nil
}
