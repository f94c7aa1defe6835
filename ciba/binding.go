package ciba

import (
	"crypto/rand"
	"strings"
)

// messageForm is what a provider takes as a binding message.
type messageForm struct {
	max       int    // characters
	others    string // beside letters and digits of ASCII
	separator string // not among the others
}

// messageForms are those of the providers that take more than a code.
var messageForms = map[Provider]messageForm{
	Auth0: {64, "+-_.,#", ":"}, // its documentation of bc-authorize
	// CIBA's default in Keycloak: "^[a-zA-Z0-9-._+/!?#]{1,50}$". The signs are left out that other
	// channels stumble over.
	Keycloak: {50, "-_+", "."},
}

// BindingMessage compiles the text that the person reads beside the prompt and
// compares with what the asker shows (CIBA Core §7.1). With Auth0 and Keycloak it
// names asker and purpose before the code, "first-bank:employment-status:7K3F-9QXM"
// or the same with dots; what the character set lacks becomes "-", and so does the
// separator: no label can look like a code of its own. The asker's label is cut to fit, or
// left out, so that the code is always whole and always last. The other
// providers get the code alone: 20 characters is what oidc-provider takes, and
// the nine of [NewCode] pass everywhere.
//
// The label must come from the authenticated client, never from its message.
func (p Provider) BindingMessage(label, purpose, code string) string {
	form, ok := messageForms[p]
	if !ok {
		return code
	}
	tail := code
	if purpose != "" && len(purpose)+1+len(code) <= form.max {
		tail = form.fit(purpose) + form.separator + code
	}
	label = form.fit(label)
	label = label[:min(len(label), max(form.max-len(tail)-1, 0))]
	if label == "" {
		return tail
	}
	return label + form.separator + tail
}

// fit replaces every character that the provider refuses, and the separator. The
// result is ASCII.
func (f messageForm) fit(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' ||
			strings.ContainsRune(f.others, r) {
			return r
		}
		return '-'
	}, s)
}

// codeAlphabet has no two characters that are mistaken for one another (0 and
// O, 1, I and L), and no vowel, so that no code is a word.
const codeAlphabet = "23456789BCDFGHJKMNPQRSTVWXYZ"

// NewCode returns a fresh code such as "7K3F-9QXM" from the system's random
// source: 8 of 28 characters, 38 bits (28^8 is 3.8e11). It tells one prompt from
// another before the eyes of two people; it is no secret and opens nothing.
func NewCode() string {
	const n = len(codeAlphabet)
	var code [9]byte
	var pool [32]byte
	next := len(pool)
	for i := range code {
		if i == 4 {
			code[i] = '-'
			continue
		}
		for {
			if next == len(pool) {
				_, _ = rand.Read(pool[:]) // never fails, see crypto/rand
				next = 0
			}
			b := int(pool[next])
			next++
			if b < 256/n*n { // above it, the first characters would come up more often
				code[i] = codeAlphabet[b%n]
				break
			}
		}
	}
	return string(code[:])
}
