package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxRetryAfter bounds the pause that a provider may ask for.
const maxRetryAfter = 24 * time.Hour

// maxErrorText bounds, in runes, how much of a provider's words an error repeats.
const maxErrorText = 200

// ErrUnreachable is returned when no HTTP answer arrived: connection refused,
// name not found, time out, connection cut. Trying again later may help. A
// caller whose own context was cancelled gets the context's error instead.
var ErrUnreachable = errors.New("oauth: the identity provider cannot be reached")

// Errors that a provider reports by code, for use with errors.Is. RFC 6749
// §5.2; the CIBA codes are in package ciba.
var (
	ErrInvalidRequest     = &Error{Code: "invalid_request"}
	ErrInvalidClient      = &Error{Code: "invalid_client"}
	ErrInvalidGrant       = &Error{Code: "invalid_grant"}
	ErrUnauthorizedClient = &Error{Code: "unauthorized_client"}
	ErrInvalidScope       = &Error{Code: "invalid_scope"}
	ErrInvalidTarget      = &Error{Code: "invalid_target"} // RFC 8707 §2
)

// Error is an answer with which a provider refuses a request. Code and
// Description are the provider's own words (RFC 6749 §5.2), empty when the body
// was not the JSON that the specification asks for; they are untrusted text,
// so print Error(), which escapes and shortens them, and not the fields.
type Error struct {
	Status      int           // HTTP status; 200 when a successful answer carried an error member
	Code        string        // error
	Description string        // error_description
	Interval    time.Duration // interval in the body of a slow_down, as Auth0 sends it; 0 if none
	RetryAfter  time.Duration // Retry-After, in seconds or as a date; 0 if none, at most a day
}

// Error describes the refusal in one line of printable characters.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("oauth: the identity provider answered ")
	if e.Status == 0 {
		b.WriteString("with an error")
	} else {
		b.WriteString("HTTP " + strconv.Itoa(e.Status))
	}
	if e.Code != "" {
		b.WriteString(", " + printable(e.Code))
	}
	if e.Description != "" {
		b.WriteString(": " + printable(e.Description))
	}
	if e.Status >= 300 && e.Status < 400 {
		b.WriteString("; a redirect is not followed, because the request carries credentials")
	}
	return b.String()
}

// Words is the description, shortened and escaped as in Error.
func (e *Error) Words() string { return printable(e.Description) }

// Is reports whether target is an *Error with the same non-empty code, so that
// errors.Is(err, ErrInvalidClient) holds whatever else the provider said.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code != "" && t.Code == e.Code
}

// Temporary reports whether the same request may succeed later: too many
// requests, or a fault on the provider's side.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout ||
		e.Status >= 500
}

// IsTemporary reports whether err is one that waiting may cure: the provider
// could not be reached, is overloaded or broken.
func IsTemporary(err error) bool {
	var e *Error
	return errors.Is(err, ErrUnreachable) || errors.As(err, &e) && e.Temporary()
}

// newError makes an Error of an answer. The interval is advice, so one that
// cannot be read is ignored rather than hiding the error code.
func newError(status int, header http.Header, body []byte) *Error {
	e := &Error{Status: status, RetryAfter: RetryAfter(header, maxRetryAfter)}
	var m struct {
		Code        string          `json:"error"`
		Description string          `json:"error_description"`
		Interval    json.RawMessage `json:"interval"`
	}
	if json.Unmarshal(body, &m) != nil {
		return e
	}
	e.Code, e.Description = m.Code, m.Description
	var s Seconds
	if len(m.Interval) > 0 && s.UnmarshalJSON(m.Interval) == nil {
		e.Interval = min(max(s.Duration(), 0), maxRetryAfter)
	}
	return e
}

// transportError sorts the failure of a request that got no answer. The
// caller's own cancellation is not the provider's fault; a deadline, the
// caller's or ours, means that the provider did not answer in time.
func transportError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("oauth: %w", context.Cause(ctx))
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// printable cuts s and escapes what a terminal would act upon or a reader
// could not see: control characters, bidirectional overrides, broken UTF-8.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxErrorText {
			b.WriteString("…")
			break
		}
		if r == '\\' || !unicode.IsPrint(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
