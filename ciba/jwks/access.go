package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// KeySet has the public keys of one issuer.
type KeySet interface {
	// Key returns the key that the header of the token names (`kid`), for its algorithm (`alg`). It
	// fails with ErrUnknownKey if the issuer has no such key, with ErrInvalid if the key is not for
	// the algorithm, and with ErrUnavailable if nobody can tell at present.
	Key(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error)
}

// named reads which key a token wants, and for which algorithm; "" for what its header does not
// say.
func named(t *jwt.Token) (kid, alg string) {
	kid, _ = t.Header["kid"].(string)
	alg, _ = t.Header["alg"].(string)
	return kid, alg
}

// Profile names the shape of access token that an issuer makes.
type Profile string

// The profiles. In each of them `aud` may hold more than this resource server: RFC 9068 §4 asks
// that it contain us, Auth0 adds its userinfo address, Keycloak adds "account".
const (
	// RFC9068 takes RFC 9068 tokens and nothing else: typ at+jwt; iss, exp, aud, sub, client_id,
	// iat and jti required. It is what an empty Profile means.
	RFC9068 Profile = "rfc9068"
	// Auth0 takes both of Auth0's token profiles. RFC 9068's is recognised by its typ and judged by
	// all of its rules. The older one has typ JWT, azp in place of client_id and perhaps no jti.
	// Nothing in its header tells it from an ID token, so the audience must not be the client and
	// claims that only ID tokens have are refused.
	Auth0 Profile = "auth0"
	// Keycloak takes typ JWT or at+jwt, azp, jti, and insists on the payload's own typ: Bearer.
	// There, ID tokens say ID.
	Keycloak Profile = "keycloak"
)

// AccessTokens judges the access tokens of one issuer for one resource server. The zero value
// refuses everything.
type AccessTokens struct {
	Keys     KeySet  // the issuer's keys; required
	Issuer   string  // exactly as in `iss`; required
	Audience string  // this resource server, exactly as in `aud`; required
	Profile  Profile // "" means RFC9068

	// Clients, if it names any, are the only clients whose tokens are taken.
	Clients []string
}

var errConfiguration = errors.New("jwks: incomplete configuration")

// Validate reports what is missing, for constructors that want to refuse at start-up.
func (a *AccessTokens) Validate() error {
	switch {
	case a == nil, a.Keys == nil:
		return fmt.Errorf("%w: no key set", errConfiguration)
	case a.Issuer == "":
		return fmt.Errorf("%w: no issuer", errConfiguration)
	case a.Audience == "":
		return fmt.Errorf("%w: no audience", errConfiguration)
	}
	switch a.Profile {
	case "", RFC9068, Auth0, Keycloak:
		return nil
	}
	return fmt.Errorf("%w: token profile %q is not known; use rfc9068, auth0 or keycloak",
		errConfiguration, a.Profile)
}

// Verify proves an access token. Its errors are ErrInvalid (with ErrExpired and ErrUnknownKey as
// kinds of it) and ErrUnavailable.
func (a *AccessTokens) Verify(ctx context.Context, token string) (*Claims, error) {
	if a.Validate() != nil {
		return nil, refuse("the verifier is not configured")
	}
	p, err := parse(token)
	if err != nil {
		return nil, err
	}
	c, err := a.judge(p, time.Now())
	if err != nil {
		return nil, err
	}
	if err := prove(ctx, a.Keys, p); err != nil {
		return nil, err
	}
	return c, nil
}

// prove finds the key and checks the signature: the costly part, and the last.
func prove(ctx context.Context, keys KeySet, p *parsed) error {
	key, err := keys.Key(ctx, p.Token)
	if err != nil {
		return err
	}
	err = verifySignature(key, p)
	from, ok := keys.(refetching)
	if !ok || !errors.Is(err, errSignature) {
		return err
	}
	// An issuer may have put another key under the id.
	if kid, _ := named(p.Token); !from.again(ctx, kid) {
		return err
	}
	if key, err = keys.Key(ctx, p.Token); err != nil {
		return err
	}
	return verifySignature(key, p)
}

// refetching is a key set that can look whether a key has changed under its id. It reports whether
// it has looked.
type refetching interface {
	again(ctx context.Context, kid string) bool
}

// judge applies every rule that needs no key.
func (a *AccessTokens) judge(p *parsed, now time.Time) (*Claims, error) {
	// RFC 9068 §4 and RFC 8725 §3.11: typ comes first, so that no other kind of token is read as an
	// access token.
	strict := p.typ == "at+jwt"
	if !strict && (p.typ != "jwt" || a.Profile == "" || a.Profile == RFC9068) {
		want := "at+jwt"
		if a.Profile == Auth0 || a.Profile == Keycloak {
			want = "at+jwt or jwt"
		}
		return nil, mismatch("typ", want, p.typ)
	}
	c, err := validate(p, a.Issuer, a.Audience, now)
	if err != nil {
		return nil, err
	}
	// RFC 9449 §7.2 and RFC 8705 §3: whoever presents a bound token must prove possession. That
	// proof is not asked for here, so taking the token would quietly turn it into one that any
	// thief can use.
	if c.payload.has("cnf") {
		return nil, refuse("bound to a key, presented as bearer")
	}
	// Members of an ID token (OpenID Connect Core §2, §3.3.2.11) have no business in an access
	// token.
	for _, claim := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
		if c.payload.has(claim) {
			return nil, refuse("an ID token is no access token")
		}
	}
	if err := a.identify(c, strict); err != nil {
		return nil, err
	}
	if c.Scope, err = c.scopes(); err != nil {
		return nil, err
	}
	if len(a.Clients) > 0 && !slices.Contains(a.Clients, c.ClientID) {
		return nil, refuse("client not allowed")
	}
	return c, nil
}

// identify reads who the token is about and whom it was issued to.
func (a *AccessTokens) identify(c *Claims, strict bool) error {
	rfc9068 := strict && a.Profile != Keycloak
	var err error
	if c.Subject, err = c.name("sub", true); err != nil {
		return err
	}
	clientID, err := c.name("client_id", rfc9068)
	if err != nil {
		return err
	}
	azp, err := c.name("azp", !rfc9068)
	if err != nil {
		return err
	}
	if clientID != "" && azp != "" && clientID != azp {
		return refuse("client_id and azp disagree")
	}
	c.ClientID = clientID
	if clientID == "" {
		c.ClientID = azp
	}
	if c.ID, err = c.name("jti", rfc9068 || a.Profile == Keycloak); err != nil {
		return err
	}
	switch a.Profile {
	case Auth0:
		if !strict && slices.Contains(c.Audience, c.ClientID) {
			return refuse("an ID token is no access token")
		}
	case Keycloak:
		if kind, _, ok := c.payload.text("typ"); !ok || kind != "Bearer" {
			return refuse("not an access token by the typ of its payload")
		}
	}
	c.Machine = a.machine(c, clientID != "")
	return nil
}

// machine tells whether the subject is the client itself. No single sign is safe on its own, so any
// of them is enough: a person taken for a machine is refused, a machine taken for a person would be
// let in.
func (a *AccessTokens) machine(c *Claims, hasClientID bool) bool {
	if c.Subject == c.ClientID || c.Subject == c.ClientID+"@clients" {
		return true
	}
	switch a.Profile {
	case Auth0:
		// "agt_" are the subjects of Auth0's agents as principals.
		if strings.HasSuffix(c.Subject, "@clients") || strings.HasPrefix(c.Subject, "agt_") {
			return true
		}
		raw, _ := c.payload.get("gty")
		grants, _ := asTexts(raw)
		return slices.Contains(grants, "client-credentials")
	case Keycloak:
		// Service accounts have a UUID as subject. The scope service_account adds client_id, the
		// scope profile adds the name of the account.
		user, _, _ := c.payload.text("preferred_username")
		return hasClientID || strings.EqualFold(user, "service-account-"+c.ClientID)
	}
	return false
}
