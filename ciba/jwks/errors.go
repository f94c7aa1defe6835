package jwks

import (
	"errors"
	"fmt"
)

// What can become of a token. ErrExpired and ErrUnknownKey are kinds of ErrInvalid, so that a caller who only wants to
// know whether the token is to blame asks for that one. ErrUnavailable never is: nothing was learnt about the token, and
// answering "invalid" would make clients throw away good tokens during an outage of the provider.
var (
	ErrInvalid     = errors.New("the token is not valid here")
	ErrExpired     = fmt.Errorf("%w: it has expired", ErrInvalid)
	ErrUnknownKey  = fmt.Errorf("%w: its key is not in the issuer's key set", ErrInvalid)
	ErrUnavailable = errors.New("the issuer's keys are not available")
)

// refusal carries the rule that a token broke. Its text is fixed by the code that refuses, never taken from the token,
// so it may be logged without leaking a token, a subject or an address.
type refusal struct {
	kind error
	rule string
}

func (r *refusal) Error() string { return r.kind.Error() + ": " + r.rule }
func (r *refusal) Unwrap() error { return r.kind }

func refuse(rule string) error { return &refusal{kind: ErrInvalid, rule: rule} }

func refuseAs(kind error, rule string) error { return &refusal{kind: kind, rule: rule} }
