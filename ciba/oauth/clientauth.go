package oauth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jose"
)

// Client authentication methods (OpenID Connect Core 1.0 §9).
const (
	methodPost  = "client_secret_post"
	methodBasic = "client_secret_basic"
	methodKey   = "private_key_jwt"
)

// ClientAuth is a client's identifier at one provider, and either its secret or the key with which
// it signs assertions.
type ClientAuth struct {
	ID     string
	Secret Secret
	Key    *jose.SigningKey
}

// Validate reports what is missing or too much.
func (a ClientAuth) Validate() error {
	switch {
	case a.ID == "":
		return errors.New("oauth: the client id is not set")
	case (a.Secret == "") == (a.Key == nil):
		return errors.New("oauth: a client has either a client secret or a client key")
	}
	return nil
}

// assertionLife is how long an assertion is good for. Auth0 takes five minutes at most; it is made
// for one request, and clocks may differ by half of it.
const assertionLife = time.Minute

// assertionType is the client_assertion_type of a JWT (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// algorithms are those of assertions, the first that the provider announces wins. EdDSA is left
// out: providers register RS256, PS256 or ES256 (FAPI-CIBA §7: the latter two).
var algorithms = []string{"RS256", "PS256", "ES256"}

// assert makes the assertion for one request (RFC 7523 §3, as updated by RFC 10070: the audience is
// the issuer alone, so that an assertion is good for nobody else).
func (a ClientAuth) assert(meta *Metadata) (string, error) {
	if !slices.Contains(meta.AuthMethods, methodKey) {
		return "", errors.New("oauth: the identity provider does not take private_key_jwt; " +
			"use a client secret")
	}
	var key *jose.SigningKey
	for _, alg := range algorithms {
		announced := len(meta.AuthAlgorithms) == 0 || slices.Contains(meta.AuthAlgorithms, alg)
		if key == nil && announced {
			key = a.Key.As(alg)
		}
	}
	if key == nil {
		return "", errors.New("oauth: the identity provider takes no algorithm of the client key " +
			"for private_key_jwt")
	}
	now := time.Now()
	// No kid: providers that name registered keys themselves (Auth0, Keycloak) would look for ours
	// in vain, and without one they try the client's keys.
	return key.SignToken("", "client-authentication+jwt", jwt.MapClaims{
		"iss": a.ID, "sub": a.ID, "aud": meta.Issuer, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

// apply encodes form with the client's authentication: in the form when the
// provider advertises client_secret_post, else as HTTP Basic. In the form there
// is one spelling; in Basic, RFC 6749 §2.3.1 wants identifier and secret form-encoded
// first, which part of the providers in use forget, and secrets with reserved
// characters then fail there.
func (a ClientAuth) apply(meta *Metadata, form url.Values) (string, http.Header, error) {
	if err := a.Validate(); err != nil {
		return "", nil, err
	}
	header := make(http.Header, 4)
	body := form.Encode()
	switch {
	case a.Key != nil:
		assertion, err := a.assert(meta)
		if err != nil {
			return "", nil, err
		}
		if body != "" {
			body += "&"
		}
		// client_id may be left out (RFC 7521 §4.2); some providers look the key up by it
		return body + url.Values{"client_id": {a.ID}, "client_assertion_type": {assertionType},
			"client_assertion": {assertion}}.Encode(), header, nil
	case slices.Contains(meta.AuthMethods, methodPost):
		var b strings.Builder
		b.Grow(len(body) + len(a.ID) + len(a.Secret) + 40)
		b.WriteString(body)
		if body != "" {
			b.WriteByte('&')
		}
		b.WriteString("client_id=" + url.QueryEscape(a.ID) + "&client_secret=" +
			url.QueryEscape(a.Secret.Reveal()))
		return b.String(), header, nil
	// Discovery 1.0 §3: when the member is left out, client_secret_basic is meant.
	case len(meta.AuthMethods) == 0 || slices.Contains(meta.AuthMethods, methodBasic):
		pair := url.QueryEscape(a.ID) + ":" + url.QueryEscape(a.Secret.Reveal())
		header["Authorization"] = []string{"Basic " +
			base64.StdEncoding.EncodeToString([]byte(pair))}
		return body, header, nil
	default:
		return "", nil,
			errors.New("oauth: the identity provider takes neither client_secret_post nor " +
				"client_secret_basic; try a client key")
	}
}
