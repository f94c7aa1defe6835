package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// ErrWrongProvider is returned by [Discover] when something answered and it is
// not the configured provider, or not one that can be trusted with credentials:
// another issuer, endpoints elsewhere, no metadata at that address. Trying again
// will not help. The opposite is told by [IsTemporary]: nobody answered, or the
// provider is overloaded or broken.
var ErrWrongProvider = errors.New("oauth: not the configured identity provider")

// Metadata is what an OpenID provider says about itself (OpenID Connect
// Discovery 1.0 §3, CIBA Core 1.0 §4), reduced to what staff0 reads.
type Metadata struct {
	Issuer                            string // exactly as configured, and as in its tokens
	TokenEndpoint                     string
	BackchannelAuthenticationEndpoint string // "" when the provider has no CIBA
	JWKSURI                           string
	// token_endpoint_auth_methods_supported; empty means client_secret_basic
	AuthMethods []string
	// token_endpoint_auth_signing_alg_values_supported; empty means that it does not say
	AuthAlgorithms []string
	GrantTypes     []string // grant_types_supported
	DeliveryModes  []string // backchannel_token_delivery_modes_supported

	// Development is true for the provider of "staff0 idp", whose secrets are
	// public knowledge. Only a loopback issuer can claim it.
	Development bool
}

// ManagementAPI returns the address of the provider's Management API, which is
// also the audience of its tokens: the issuer, one slash, "api/v2/".
func (m *Metadata) ManagementAPI() string {
	return strings.TrimSuffix(m.Issuer, "/") + "/api/v2/"
}

// Discover fetches the metadata of issuer and checks it: the issuer in the
// document is the configured string, character by character (Discovery §4.3),
// and every endpoint shares the issuer's origin, so that no document can direct
// a credential to another host.
//
// Errors: [ErrWrongProvider] when retrying is pointless (which includes an
// issuer that is no https or loopback http URL), otherwise one for which
// [IsTemporary] is true, or the context's.
func Discover(ctx context.Context, hc *http.Client, issuer string) (*Metadata, error) {
	if hc == nil {
		return nil, errors.New("oauth: Discover needs an HTTP client")
	}
	base, err := ParseEndpoint(issuer)
	if err == nil && (base.RawQuery != "" || base.ForceQuery) { // Discovery §2
		err = fmt.Errorf("%w: an issuer has no query", ErrInsecureURL)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: issuer: %w", ErrWrongProvider, err)
	}
	// Discovery §4.1: a final slash is removed before the path is appended.
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	res, err := send(ctx, hc, http.MethodGet, address, make(http.Header, 1), "")
	if errors.Is(err, ErrBadResponse) {
		return nil, fmt.Errorf("%w: %w", ErrWrongProvider, err)
	}
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		e := newError(res.Status, res.Header, res.Body)
		if e.Temporary() {
			return nil, e
		}
		return nil, fmt.Errorf("%w: no metadata there: %w", ErrWrongProvider, e)
	}
	return parseMetadata(base, issuer, res.Body)
}

func parseMetadata(base *url.URL, issuer string, body []byte) (*Metadata, error) {
	var doc struct {
		Issuer        string   `json:"issuer"`
		Token         string   `json:"token_endpoint"`
		Backchannel   string   `json:"backchannel_authentication_endpoint"`
		JWKS          string   `json:"jwks_uri"`
		AuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
		GrantTypes    []string `json:"grant_types_supported"`
		DeliveryModes []string `json:"backchannel_token_delivery_modes_supported"`
		Development   bool     `json:"staff0_development"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("%w: its metadata is not the JSON object it should be",
			ErrWrongProvider)
	}
	if doc.Issuer != issuer {
		return nil, fmt.Errorf(
			"%w: it calls itself %s, not %s; set the issuer exactly as the provider writes it",
			ErrWrongProvider, printable(doc.Issuer), printable(issuer))
	}
	for _, e := range []struct {
		name, raw string
		required  bool
	}{
		{"token_endpoint", doc.Token, true},
		{"jwks_uri", doc.JWKS, true},
		{"backchannel_authentication_endpoint", doc.Backchannel, false},
	} {
		if e.raw == "" {
			if e.required {
				return nil, fmt.Errorf("%w: its metadata has no %s", ErrWrongProvider, e.name)
			}
			continue
		}
		u, err := ParseEndpoint(e.raw)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrWrongProvider, e.name, err)
		}
		if !SameOrigin(base, u) {
			return nil, fmt.Errorf("%w: its %s is at another origin, %s://%s", ErrWrongProvider,
				e.name, u.Scheme, printable(u.Host))
		}
	}
	return &Metadata{
		Issuer:                            doc.Issuer,
		TokenEndpoint:                     doc.Token,
		BackchannelAuthenticationEndpoint: doc.Backchannel,
		JWKSURI:                           doc.JWKS,
		AuthMethods:                       doc.AuthMethods,
		AuthAlgorithms:                    doc.AuthAlgs,
		GrantTypes:                        doc.GrantTypes,
		DeliveryModes:                     doc.DeliveryModes,
		Development:                       doc.Development && IsLoopback(base),
	}, nil
}
