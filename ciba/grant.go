package ciba

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// Expectation is whose approval of what counts. Everything that is set must
// hold; Scope must be set, and Subject or Email.
type Expectation struct {
	Subject string // the person's sub at the provider
	// when the sub is not known beforehand: the address asked about, which the ID token must call
	// verified
	Email string
	Scope string // what the access token must at least allow, space separated
}

func (e Expectation) validate() error {
	if e.Subject == "" && e.Email == "" || strings.TrimSpace(e.Scope) == "" {
		return errors.New("ciba: Expectation needs a scope, and a subject or an e-mail address")
	}
	return nil
}

// Grant is a proven approval. It is worth one use; the token belongs in memory
// only, and there no longer than that use takes.
type Grant struct {
	Token   oauth.Token // without the ID token, which has served
	Subject string      // of both tokens
	Email   string      // from the ID token, if there and verified

	// Excess names what was granted and not asked for, a phrase each, for the operator: whoever
	// gets hold of the token could do more with it than this question needs.
	Excess []string
}

// String leaves the person out.
func (g Grant) String() string { return "ciba.Grant" }

// keyPauses are the pauses before a verification is repeated that failed for
// want of a key. The auth_req_id is spent by then, so giving up at once would
// lose an approval to a provider that changes its keys or restarts at that very
// moment. Together they outlast the seconds for which a key set refuses to look
// for an unknown key id again.
var keyPauses = [...]time.Duration{500 * time.Millisecond, 2 * time.Second, 4 * time.Second,
	5 * time.Second}

// grant proves that token approves what want says: ID token and access token
// verified, both about the same person, the one who was asked; the access token
// ours and good for the scope.
func (c *Client) grant(
	ctx context.Context, authReqID string, token *oauth.Token, want Expectation,
) (*Grant, error) {
	if token.IDToken == "" {
		return nil, &MismatchError{What: "no ID token"}
	}
	id, err := verify(ctx, func() (*jwks.Claims, error) {
		return c.idTokens.Verify(ctx, token.IDToken.Reveal(), jwks.Transaction{
			AccessToken: token.AccessToken.Reveal(), AuthReqID: authReqID,
		})
	})
	if err != nil {
		return nil, refused("the ID token", err)
	}
	access, err := verify(ctx, func() (*jwks.Claims, error) {
		return c.accessTokens.Verify(ctx, token.AccessToken.Reveal())
	})
	if err != nil {
		return nil, refused("the access token", err)
	}
	if what := c.mismatch(id, access, token, want); what != "" {
		return nil, &MismatchError{What: what}
	}
	grant := &Grant{Token: *token, Subject: id.Subject}
	grant.Token.IDToken = ""
	grant.Excess = c.excess(access, token, want)
	if id.EmailVerified {
		grant.Email = id.Email
	}
	return grant, nil
}

// mismatch names the first rule that two genuine tokens break, or "".
func (c *Client) mismatch(id, access *jwks.Claims, token *oauth.Token, want Expectation) string {
	scopes := strings.Fields(want.Scope)
	switch {
	case want.Subject != "" && id.Subject != want.Subject:
		return "the ID token is about another person"
	case want.Email != "" && (!id.EmailVerified || !sameAddress(id.Email, want.Email)):
		return "the ID token does not confirm the e-mail address"
	case access.Machine:
		return "the access token is not a person's"
	case access.Subject != id.Subject:
		return "the access token is about another person"
	case access.ClientID != c.auth.ID:
		return "the access token was issued to another client"
	case !access.HasScope(scopes...):
		return "the access token lacks the scope"
	case token.Scope != "" && !contains(strings.Fields(token.Scope), scopes):
		// RFC 6749 §5.1: the member says what was granted where that differs.
		return "less was granted than was asked for"
	}
	return ""
}

// maxTokenLife is the longest life of an access token that goes without a word. It serves one
// question, within seconds.
const maxTokenLife = time.Hour

// excess names what a good grant holds beyond what was asked for.
func (c *Client) excess(access *jwks.Claims, token *oauth.Token, want Expectation) []string {
	var all []string
	for _, aud := range access.Audience {
		// Auth0 adds its userinfo endpoint to every token with openid.
		if aud != c.audience && (c.provider != Auth0 || aud != c.metadata.Issuer+"userinfo") {
			all = append(all, "the audience "+strconv.Quote(aud))
		}
	}
	asked := append(strings.Fields(want.Scope), "openid")
	if want.Subject == "" {
		asked = append(asked, "email")
	}
	for _, scope := range access.Scope {
		if !slices.Contains(asked, scope) {
			all = append(all, "the scope "+strconv.Quote(scope))
		}
	}
	if token.Refreshable {
		all = append(all, "a refresh token")
	}
	if life := access.Expiry.Sub(access.IssuedAt); life > maxTokenLife {
		all = append(all, "a life of "+life.String())
	}
	if len(all) > maxExcess {
		all = append(all[:maxExcess], "and more")
	}
	return all
}

// maxExcess bounds what is told of a token that grants too much.
const maxExcess = 5

// verify repeats f while what is missing is a key.
func verify(ctx context.Context, f func() (*jwks.Claims, error)) (*jwks.Claims, error) {
	for i := 0; ; i++ {
		claims, err := f()
		if err == nil || i == len(keyPauses) || !errors.Is(err, jwks.ErrUnavailable) &&
			!errors.Is(err, jwks.ErrUnknownKey) {
			return claims, err
		}
		if err := sleepUntil(ctx, time.Now().Add(keyPauses[i])); err != nil {
			return nil, fmt.Errorf("%w: %w", jwks.ErrUnavailable, err)
		}
	}
}

// refused tells a bad token, which is an alarm, from one that nobody could judge.
func refused(what string, err error) error {
	if errors.Is(err, jwks.ErrUnavailable) {
		return fmt.Errorf("ciba: an approval arrived and cannot be verified: %s: %w", what, err)
	}
	return &MismatchError{What: what, Err: err}
}

func contains(have, wanted []string) bool {
	c := jwks.Claims{Scope: have}
	return c.HasScope(wanted...)
}

// sameAddress compares addresses in lower case without folding anything to
// ASCII: the Kelvin sign, whose lower case is a plain k, must not make one
// person's address equal to another's.
func sameAddress(a, b string) bool {
	lower := func(r rune) rune {
		l := unicode.ToLower(r)
		if r > unicode.MaxASCII && l <= unicode.MaxASCII {
			return r
		}
		return l
	}
	return strings.Map(lower, a) == strings.Map(lower, b)
}
