package a2aclient

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/ciba/oauth"
)

// WantsToken reports whether the card asks for an access token of the configured issuer, so that a
// caller who is not asked needs no provider. A card that wants anything else is a *CardError: it is
// refused before any credential moves.
//
// Scopes that the card names are not asked for: what a token allows is for the configuration to
// say, not for who receives it.
func WantsToken(card *a2a.AgentCard, issuer *url.URL) (bool, error) {
	requirements := card.SecurityRequirements
	if len(requirements) == 0 {
		// Schemes without a requirement are offers; the token is one of them, or the agent does
		// without.
		for name := range card.SecuritySchemes {
			requirements = append(requirements,
				a2a.SecurityRequirement{Schemes: map[string]a2a.StringList{name: {}}})
		}
		if len(requirements) == 0 {
			return false, nil
		}
	}
	var reasons []string
	for _, requirement := range requirements { // any one of them suffices (§4.4.1)
		reason := unmet(card, requirement, issuer)
		if reason == "" {
			return len(requirement.Schemes) > 0, nil
		}
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	return false, &CardError{Reason: strings.Join(slices.Compact(reasons), "; ")}
}

// unmet says why a requirement cannot be met, "" if it can: with the token alone, for all of its
// schemes (§4.5.2).
func unmet(card *a2a.AgentCard, requirement a2a.SecurityRequirement, issuer *url.URL) string {
	var reasons []string
	for name := range requirement.Schemes {
		scheme, ok := card.SecuritySchemes[name]
		if !ok {
			reasons = append(reasons, fmt.Sprintf("it requires %.*q without describing it",
				maxQuoted, name))
			continue
		}
		if reason := unusable(scheme, issuer); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	if len(reasons) == 0 {
		return ""
	}
	return slices.Min(reasons) // maps have no order, messages should
}

// maxQuoted bounds, in characters, what errors repeat of a card.
const maxQuoted = 200

// unusable says why a scheme is not the one this client has, "" if it is.
func unusable(s a2a.SecurityScheme, issuer *url.URL) string {
	switch {
	case s.OAuth2 != nil && s.OAuth2.Flows.ClientCredentials != nil:
		for _, at := range []string{s.OAuth2.Flows.ClientCredentials.TokenURL,
			s.OAuth2.OAuth2MetadataURL} {
			if at != "" && !ofIssuer(at, issuer) {
				return foreign(at)
			}
		}
		return ""
	case s.OpenIDConnect != nil:
		if !ofIssuer(s.OpenIDConnect.OpenIDConnectURL, issuer) {
			return foreign(s.OpenIDConnect.OpenIDConnectURL)
		}
		return ""
	case s.HTTPAuth != nil && strings.EqualFold(s.HTTPAuth.Scheme, "Bearer"):
		return ""
	case s.OAuth2 != nil:
		return "it wants an OAuth 2.0 grant that needs a person at the keyboard, or is no " +
			"longer safe"
	}
	return "it wants credentials that are no OAuth 2.0 access token"
}

func foreign(at string) string {
	return fmt.Sprintf(
		"it wants a token of an issuer that is not configured here, at %.*q; if that is the "+
			"right one, set it as STAFF0_ISSUER",
		maxQuoted, at)
}

// ofIssuer compares origins, exactly and after parsing: a prefix, a substring or a look-alike of
// the issuer's host is another host.
func ofIssuer(raw string, issuer *url.URL) bool {
	u, err := oauth.ParseEndpoint(raw)
	return err == nil && issuer != nil && oauth.SameOrigin(u, issuer)
}

// tokens marks the errors of a source, so that they are not taken for the agent's.
type tokens struct{ oauth.TokenSource }

func (t tokens) Token(ctx context.Context) (*oauth.Token, error) {
	token, err := t.TokenSource.Token(ctx)
	if err != nil {
		return nil, &tokenError{err}
	}
	return token, nil
}

// Invalidate makes oauth.Transport try again with a fresh token. A source that keeps nothing has a
// fresh one in any case.
func (t tokens) Invalidate(token *oauth.Token) {
	if source, ok := t.TokenSource.(oauth.Invalidator); ok {
		source.Invalidate(token)
	}
}

type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }
