package a2aclient

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/ciba/oauth"
)

// wantsToken checks that the card asks for what this client has, an access token of the configured issuer, and reports whether it asks for
// anything at all. An agent that wants something else is refused here, before any credential moves.
func wantsToken(card *a2a.AgentCard, issuer *url.URL) (bool, error) {
	requirements := card.SecurityRequirements
	if len(requirements) == 0 {
		// Schemes without a requirement are offers; the token is one of them, or the agent does without.
		for name := range card.SecuritySchemes {
			requirements = append(requirements, a2a.SecurityRequirement{Schemes: map[string]a2a.StringList{name: {}}})
		}
		if len(requirements) == 0 {
			return false, nil
		}
	}
	var reasons []string
	for _, requirement := range requirements {
		reason := ""
		for name := range requirement.Schemes {
			scheme, ok := card.SecuritySchemes[name]
			if !ok {
				reason = fmt.Sprintf("scheme %q is not described", name)
				break
			}
			if reason = unusable(scheme, issuer); reason != "" {
				break
			}
		}
		if reason == "" {
			return len(requirement.Schemes) > 0, nil
		}
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	return false, &CardError{strings.Join(slices.Compact(reasons), "; ")}
}

// unusable says why a scheme is not the one this client has, "" if it is.
func unusable(s a2a.SecurityScheme, issuer *url.URL) string {
	switch {
	case s.OAuth2 != nil && s.OAuth2.Flows.ClientCredentials != nil:
		for _, at := range []string{s.OAuth2.Flows.ClientCredentials.TokenURL, s.OAuth2.OAuth2MetadataURL} {
			if at != "" && !ofIssuer(at, issuer) {
				return foreign
			}
		}
		return ""
	case s.OpenIDConnect != nil:
		if !ofIssuer(s.OpenIDConnect.OpenIDConnectURL, issuer) {
			return foreign
		}
		return ""
	case s.HTTPAuth != nil && strings.EqualFold(s.HTTPAuth.Scheme, "Bearer"):
		return ""
	case s.OAuth2 != nil:
		return "it wants an OAuth 2.0 grant that needs a person at the keyboard, or is no longer safe"
	}
	return "it wants credentials that are no OAuth 2.0 access token"
}

const foreign = "it wants a token of an issuer that is not configured here; if that issuer is right, set it as STAFF0_ISSUER"

func ofIssuer(raw string, issuer *url.URL) bool {
	u, err := oauth.ParseEndpoint(raw)
	return err == nil && issuer != nil && oauth.SameOrigin(u, issuer)
}
