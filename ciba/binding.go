package ciba

import (
	"crypto/rand"
	"strings"
)

// maxBindingAuth0 bounds a binding message at Auth0, in characters out of
// A-Za-z0-9+-_.,:# (its documentation of bc-authorize).
const maxBindingAuth0 = 64

// BindingMessage compiles the text that the person reads beside the prompt and
// compares with what the asker shows (CIBA Core §7.1). With Auth0 it names asker
// and purpose before the code, "first-bank:employment-status:7K3F-9QXM"; what
// the character set lacks becomes "-", and so does a colon, which separates: no
// label can look like a code of its own. The asker's label is cut to fit, or
// left out, so that the code is always whole and always last. The other
// providers get the code alone: 20 characters is what oidc-provider takes, and
// the nine of [NewCode] pass everywhere.
//
// The label must come from the authenticated client, never from its message.
func (p Provider) BindingMessage(label, purpose, code string) string {
	if p != Auth0 {
		return code
	}
	tail := code
	if purpose != "" && len(purpose)+1+len(code) <= maxBindingAuth0 {
		tail = bindable(purpose) + ":" + code
	}
	label = bindable(label)
	label = label[:min(len(label), max(maxBindingAuth0-len(tail)-1, 0))]
	if label == "" {
		return tail
	}
	return label + ":" + tail
}

// bindable replaces every character that Auth0 refuses, and the separator. The
// result is ASCII.
func bindable(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("+-_.,#", r) {
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
