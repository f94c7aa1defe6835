package consent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

// cause names an end that no person has caused, for the operator: what happened, and the reason in
// the store.
func cause(err error) (what, reason string) {
	mismatch, ok := errors.AsType[*ciba.MismatchError](err)
	switch {
	case !ok && errors.Is(err, oauth.ErrInvalidGrant):
		return "the provider does not know a request any more", ReasonForgot
	case !ok:
		return "the provider does not go on with a request", ReasonProvider
	}
	reason = ReasonToken
	switch {
	case strings.Contains(mismatch.What, "another person"),
		strings.Contains(mismatch.What, "not a person's"):
		reason = ReasonSomebodyElse
	case strings.Contains(mismatch.What, "e-mail address"):
		reason = ReasonAddress
	case strings.Contains(mismatch.What, "scope"),
		strings.Contains(mismatch.What, "less was granted"):
		reason = ReasonScope
	}
	return "an approval cannot be used", reason
}

// words are what a provider said beside its code, which alone tells causes apart that share a
// code. They are left out if they seem to hold anything of the person's.
func words(err error, marks []string) string {
	refused, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		return ""
	}
	said := refused.Words()
	low := strings.ToLower(said)
	for _, mark := range append(marks, "@", "|") {
		if mark != "" && strings.Contains(low, strings.ToLower(mark)) {
			return "left out, it may name the person"
		}
	}
	return said
}

// marks are the texts by which the person of a request can be known.
func (q *Request) marks() []string {
	all := []string{q.Subject, q.Email, q.Address}
	var about map[string]any
	if json.Unmarshal(q.About, &about) == nil {
		for _, v := range about {
			if text, ok := v.(string); ok {
				all = append(all, text)
			}
		}
	}
	for _, mark := range all {
		if name, _, ok := strings.Cut(mark, "@"); ok {
			all = append(all, name) // providers know people by it, too
		}
	}
	return all
}

// Plain is an error as it may be logged. The words of a provider are left out, for they may name
// the person (Keycloak's "user … not found").
func Plain(err error) string {
	refused, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		return err.Error()
	}
	code := refused.Code
	if code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return fmt.Sprintf("the identity provider answered HTTP %d", refused.Status)
	}
	return fmt.Sprintf("the identity provider answered HTTP %d, %s", refused.Status, code)
}
