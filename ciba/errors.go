package ciba

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"staff0/ciba/oauth"
)

// What can become of a request. Each is found by errors.Is; the provider's own
// answer, an *oauth.Error, is found behind it by errors.As.
//
// An error that is none of these, no *SlowDown and no *TemporaryError is final:
// the provider said something after which it must not be asked again for this
// auth_req_id, or the request could never succeed.
var (
	// ErrPending: the person has not answered. Poll again after the interval.
	ErrPending = errors.New("ciba: the person has not answered yet")
	// ErrAccessDenied: the person declined, final. Auth0 answers an expired
	// request with the same code, see [Pace.Silence].
	ErrAccessDenied = errors.New("ciba: the request was declined")
	// ErrExpired: nobody answered in time, final.
	ErrExpired = errors.New("ciba: nobody answered in time")
	// ErrUnknownUser: the provider knows nobody by this login hint, final.
	ErrUnknownUser = errors.New("ciba: the provider knows no such user")
	// ErrNoDevice: the provider knows the person and has no way to reach them, final.
	ErrNoDevice = errors.New("ciba: the person has no device that the provider can prompt")
)

// SlowDown is the provider's request to poll less often (CIBA Core §11). The
// same auth_req_id goes on. [Pace.Next] turns it into the interval to keep.
type SlowDown struct {
	Interval   time.Duration // interval in the body, 0 if none
	RetryAfter time.Duration // 0 if none
}

func (s *SlowDown) Error() string { return "ciba: the provider asks to be polled less often" }

// TemporaryError says that nothing was learnt and that the same call may
// succeed later: the provider could not be reached, is overloaded or broken.
// The auth_req_id, if there is one, stays good.
type TemporaryError struct {
	RetryAfter time.Duration // not before; 0 if the provider named no time
	Err        error
}

func (e *TemporaryError) Error() string {
	return "ciba: no answer for the moment: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *TemporaryError) Unwrap() error { return e.Err }

// MismatchError is an alarm: the provider reported success, and what it handed
// over is not an approval of this question by this person, or is not proven to
// be. It is final, nothing may be disclosed, and an operator should look. Its
// text holds no token, subject or address.
type MismatchError struct {
	What string // the rule that was broken, a fixed phrase
	Err  error  // the cause, may be nil
}

func (e *MismatchError) Error() string {
	s := "ciba: not an approval by the person who was asked: " + e.What
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *MismatchError) Unwrap() error { return e.Err }

// outcome is one of the sentinels, with the answer that led to it behind it.
// Its text leaves the provider's description out, where the person may be named.
type outcome struct{ kind, cause error }

func (o *outcome) Error() string   { return o.kind.Error() }
func (o *outcome) Unwrap() []error { return []error{o.kind, o.cause} }

// startError sorts the failure of an authentication request (CIBA Core §13).
func startError(err error) error {
	if oauth.IsTemporary(err) {
		return temporary(err)
	}
	if e, ok := errors.AsType[*oauth.Error](err); ok {
		switch e.Code {
		case "unknown_user_id":
			return &outcome{ErrUnknownUser, err}
		case "access_denied":
			return &outcome{ErrAccessDenied, err}
		case "invalid_request":
			if kind := personal(e.Description); kind != nil {
				return &outcome{kind, err}
			}
		}
	}
	return err
}

// personal tells an invalid_request that is about the person from one that is
// about our request, or nil. CIBA Core §13 has unknown_user_id, which Keycloak
// does not use, and nothing for a person without a device. Whoever may ask could
// otherwise ring the operator's alarm by asking about people who do not exist.
func personal(description string) error {
	switch strings.ToLower(strings.TrimSuffix(description, ".")) {
	case "invalid_user", "invalid user": // Keycloak, for unknown and disabled people alike
		return ErrUnknownUser
	case "user does not have push notifications enabled": // Auth0
		return ErrNoDevice
	}
	return nil
}

// pollError sorts the failure of a token request (CIBA Core §11).
func pollError(err error) error {
	e, ok := errors.AsType[*oauth.Error](err)
	switch {
	case !ok && (oauth.IsTemporary(err) || errors.Is(err, oauth.ErrBadResponse)):
		// no answer, or one beyond the bound: nothing was said about the approval
		return temporary(err)
	case !ok:
		return err
	case e.Status >= 500:
		return temporary(err)
	}
	// The code decides, not the status: CIBA has 400 for all of these, and
	// Auth0 may use 429 for slow_down.
	switch e.Code {
	case "authorization_pending":
		return &outcome{ErrPending, err}
	case "slow_down":
		return &SlowDown{Interval: e.Interval, RetryAfter: e.RetryAfter}
	case "access_denied":
		return &outcome{ErrAccessDenied, err}
	case "expired_token":
		return &outcome{ErrExpired, err}
	}
	// A 400 without a code is not from the provider but from something in
	// front of it.
	if e.Temporary() || e.Status == http.StatusBadRequest && e.Code == "" {
		return temporary(err)
	}
	return err
}

func temporary(err error) error {
	t := &TemporaryError{Err: err}
	if e, ok := errors.AsType[*oauth.Error](err); ok {
		t.RetryAfter = e.RetryAfter
	}
	return t
}

// unreadable reports whether a successful answer is no JSON at all, as a proxy
// or a cut connection leaves it.
func unreadable(body []byte) bool { return !json.Valid(body) }
