package consent

import (
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
