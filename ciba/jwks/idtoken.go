package jwks

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"
)

// MaxIDTokenAge bounds how long ago an ID token may have been issued. It comes in the answer to the
// request that made it, so only clocks and a slow network lie between.
const MaxIDTokenAge = 10 * time.Minute

// Claims that bind an ID token to its transaction (CIBA Core §10.3.1).
const (
	claimAuthReqID    = "urn:openid:params:jwt:claim:auth_req_id"
	claimRefreshToken = "urn:openid:params:jwt:claim:rt_hash"
)

// IDTokens judges the ID tokens of one issuer for one client. The zero value refuses everything.
type IDTokens struct {
	Keys     KeySet // the issuer's keys; required
	Issuer   string // exactly as in `iss`; required
	ClientID string // the client that asked, exactly as in `aud`; required

	// TrustedAudiences may stand in `aud` beside ClientID. OpenID Connect Core §3.1.3.7 no. 3: any
	// other makes the token invalid.
	TrustedAudiences []string
}

// Transaction is what came with the ID token or led to it. A claim of the token that binds it to
// one of these must match; CIBA Core requires such claims in push mode only, so their absence says
// nothing.
type Transaction struct {
	AccessToken  string
	RefreshToken string
	AuthReqID    string
}

// Validate reports what is missing, for constructors that want to refuse at start-up.
func (t *IDTokens) Validate() error {
	switch {
	case t == nil, t.Keys == nil:
		return fmt.Errorf("%w: no key set", errConfiguration)
	case t.Issuer == "":
		return fmt.Errorf("%w: no issuer", errConfiguration)
	case t.ClientID == "":
		return fmt.Errorf("%w: no client id", errConfiguration)
	}
	return nil
}

// Verify proves an ID token by OpenID Connect Core §3.1.3.7 and CIBA Core. Its errors are those of
// AccessTokens.Verify. Whether the subject is the person who was asked is the caller's question.
func (t *IDTokens) Verify(ctx context.Context, token string, tx Transaction) (*Claims, error) {
	if t.Validate() != nil {
		return nil, refuse("the verifier is not configured")
	}
	p, err := parse(token)
	if err != nil {
		return nil, err
	}
	c, err := t.judge(p, tx, time.Now())
	if err != nil {
		return nil, err
	}
	if err := prove(ctx, t.Keys, p); err != nil {
		return nil, err
	}
	return c, nil
}

func (t *IDTokens) judge(p *parsed, tx Transaction, now time.Time) (*Claims, error) {
	// Many providers leave typ out. One that says it is another kind of token is believed.
	if p.typ != "" && p.typ != "jwt" {
		return nil, mismatch("typ", "jwt", p.typ)
	}
	c, err := validate(p, t.Issuer, t.ClientID, now)
	if err != nil {
		return nil, err
	}
	if kind, present, ok := c.payload.text("typ"); present && (!ok || kind != "ID") {
		return nil, refuse("not an ID token by the typ of its payload")
	}
	if c.ClientID, err = t.party(c); err != nil {
		return nil, err
	}
	if now.Sub(c.IssuedAt) > MaxIDTokenAge+Leeway {
		return nil, refuse("issued too long ago")
	}
	if c.Subject, err = c.name("sub", true); err != nil {
		return nil, err
	}
	if c.ID, err = c.name("jti", false); err != nil {
		return nil, err
	}
	if err := tx.bound(c, p.alg()); err != nil {
		return nil, err
	}
	email, _, ok := c.payload.text("email")
	if !ok {
		return nil, refuse("malformed email")
	}
	c.Email = email
	// Only the JSON value true counts; "true" is a string that some issuer's form field may have
	// filled.
	verified, _ := c.payload.get("email_verified")
	c.EmailVerified = email != "" && string(verified) == "true"
	return c, nil
}

// party checks the audience and the authorized party: §3.1.3.7 nos. 3 to 5.
func (t *IDTokens) party(c *Claims) (string, error) {
	for _, aud := range c.Audience {
		if aud != t.ClientID && !slices.Contains(t.TrustedAudiences, aud) {
			return "", refuse("an audience that is not trusted")
		}
	}
	azp, err := c.name("azp", len(c.Audience) > 1)
	if err != nil {
		return "", err
	}
	if azp != "" && azp != t.ClientID {
		return "", refuse("issued to another client")
	}
	return t.ClientID, nil
}

// bound checks the claims that tie the token to its transaction, where present.
func (tx Transaction) bound(c *Claims, alg string) error {
	for _, b := range []struct{ claim, want string }{
		{"at_hash", halfHash(alg, tx.AccessToken)},
		{claimRefreshToken, halfHash(alg, tx.RefreshToken)},
		{claimAuthReqID, tx.AuthReqID},
	} {
		got, present, ok := c.payload.text(b.claim)
		if !present {
			continue
		}
		if !ok || b.want == "" || subtle.ConstantTimeCompare([]byte(got), []byte(b.want)) != 1 {
			return refuse("belongs to another transaction")
		}
	}
	return nil
}

// halfHash is the left half of the hash that belongs to the algorithm (OpenID Connect Core
// §3.1.3.6); for Ed25519 that is SHA-512. It is "" for an empty token, which matches no claim.
func halfHash(alg, token string) string {
	switch {
	case token == "":
		return ""
	case alg == algEdDSA:
		sum := sha512.Sum512([]byte(token))
		return strictBase64.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(token))
	return strictBase64.EncodeToString(sum[:len(sum)/2])
}
