package ciba

import (
	"fmt"
	"strings"

	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// Provider names a kind of identity provider. It chooses the shape of tokens,
// the login hint, the binding message and how the audience is named.
type Provider string

// The kinds. The development provider speaks Auth0.
const (
	Auth0    Provider = "auth0"
	Keycloak Provider = "keycloak"
	Generic  Provider = "generic" // what an empty Provider means
)

// DetectProvider guesses the kind from metadata: the development provider is
// Auth0, an issuer with "/realms/" in it is Keycloak, everything else Generic.
// Auth0 itself cannot be told by its metadata, since tenants have domains of
// their own; it is configured.
func DetectProvider(m *oauth.Metadata) Provider {
	switch {
	case m.Development:
		return Auth0
	case strings.Contains(m.Issuer, "/realms/"):
		return Keycloak
	default:
		return Generic
	}
}

func (p Provider) validate() error {
	switch p {
	case "", Auth0, Keycloak, Generic:
		return nil
	}
	return fmt.Errorf("ciba: provider %q is not known; use auth0, keycloak or generic", string(p))
}

// Profile is the shape of this provider's access tokens.
func (p Provider) Profile() jwks.Profile {
	switch p {
	case Auth0:
		return jwks.Auth0
	case Keycloak:
		return jwks.Keycloak
	default:
		return jwks.RFC9068
	}
}

// Target returns the values of the parameters audience and resource that make
// this provider issue a token for the API named audience; "" means that the
// parameter is not sent.
//
// Auth0 wants audience. It takes resource only from tenants whose Resource
// Parameter Compatibility Profile is on, so resource is not sent there. RFC 8707
// servers such as oidc-provider want resource, in the token request too (without
// it the access token is opaque), and pass over audience as RFC 6749 §3.1 tells
// them to. Keycloak passes over both, its audience is configured by a mapper;
// with its resource-indicators feature on it reads resource.
func (p Provider) Target(api string) (audience, resource string) {
	if p == Auth0 {
		return api, ""
	}
	return api, api
}
