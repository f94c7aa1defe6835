package jwks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What can become of a token. ErrExpired and ErrUnknownKey are kinds of ErrInvalid, so that a
// caller who only wants to know whether the token is to blame asks for that one. ErrUnavailable
// never is: nothing was learnt about the token, and answering "invalid" would make clients throw
// away good tokens during an outage of the provider.
var (
	ErrInvalid     = errors.New("the token is not valid here")
	ErrExpired     = fmt.Errorf("%w: it has expired", ErrInvalid)
	ErrUnknownKey  = fmt.Errorf("%w: its key is not in the issuer's key set", ErrInvalid)
	ErrUnavailable = errors.New("the issuer's keys are not available")
)

// refusal carries the rule that a token broke. Its text is fixed by the code that refuses, but for
// what mismatch shows, so it may be logged without leaking a token, a subject or an address.
type refusal struct {
	kind error
	rule string
}

func (r *refusal) Error() string { return r.kind.Error() + ": " + r.rule }
func (r *refusal) Unwrap() error { return r.kind }

func refuse(rule string) error { return &refusal{kind: ErrInvalid, rule: rule} }

func refuseAs(kind error, rule string) error { return &refusal{kind: kind, rule: rule} }

// Bounds of what a refusal shows of a token.
const (
	maxShown      = 3   // values
	maxShownBytes = 100 // of each
)

// mismatch names what was expected of a token and what came. A value that does not look like the
// name of an issuer, a resource or a type is not shown: nothing is proven, so it could be a
// person's address or a line for the log.
func mismatch(what, want string, got ...string) error {
	var b strings.Builder
	b.WriteString("expected " + what + " " + strconv.Quote(want) + ", got ")
	for i, s := range got[:min(len(got), maxShown)] {
		if i > 0 {
			b.WriteString(", ")
		}
		switch {
		case s == "":
			b.WriteString("none")
		case len(s) > maxShownBytes || strings.ContainsFunc(s, unfitToShow):
			b.WriteString("something else")
		default:
			b.WriteString(strconv.Quote(s))
		}
	}
	switch {
	case len(got) == 0:
		b.WriteString("none")
	case len(got) > maxShown:
		b.WriteString(" and more")
	}
	return refuse(b.String())
}

func unfitToShow(r rune) bool {
	return r > 'z' || !alphanumeric(byte(r)) && !strings.ContainsRune("-._~:/+%", r)
}

// unavailable is an ErrUnavailable with its cause.
type unavailable struct{ cause error }

func (u *unavailable) Error() string   { return ErrUnavailable.Error() + ": " + u.cause.Error() }
func (u *unavailable) Unwrap() []error { return []error{ErrUnavailable, u.cause} }
