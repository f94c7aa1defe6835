package hragent

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"staff0/a2a/consent"
	"staff0/llm"
)

// Person is whom the provider is to ask, and by which marks the approval is known to be theirs.
type Person = consent.Person

// Directory finds the person whom an identifier names.
type Directory interface {
	// Find gives the one person with the normalised identifier. The error is an *UnknownError when
	// nobody, or not exactly one person who could be asked, has it; any other error means that the
	// directory could not be consulted, and must not name the person, for it is logged.
	Find(ctx context.Context, kind llm.IdentifierKind, identifier string) (Person, error)
}

// UnknownError says that an identifier leads to nobody who can be asked. Reason is a code for the
// operator; the caller never learns it.
type UnknownError = consent.UnknownError

// Reasons of an UnknownError.
const (
	reasonUnknown    = "unknown_person"
	reasonAmbiguous  = "ambiguous_person"
	reasonBlocked    = "blocked_person"
	reasonUnverified = "unverified_address"
	reasonTwoPeople  = "identifiers_of_two_people"
	reasonBroken     = "unreadable_record"
	reasonNoHint     = "identifier_not_in_directory_hint"
)

// Hint is the directory of providers that know addresses themselves: the address is the login_hint.
// Whoever approves must prove to own it.
type Hint struct{}

// Find takes addresses only.
func (Hint) Find(_ context.Context, kind llm.IdentifierKind, identifier string) (Person, error) {
	if kind != llm.Email {
		return Person{}, &UnknownError{Reason: reasonNoHint}
	}
	return Person{Email: identifier, LoginHint: identifier}, nil
}

// lower folds an identifier as the reading of questions does: a letter outside ASCII whose lower
// case is an ASCII letter (the Kelvin sign) stays what it is, or it would be another person's
// letter.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
			return l
		}
		return r
	}, text)
}
