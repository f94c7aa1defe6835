// Package bearer is the HTTP face of an access token: it guards handlers with OAuth 2.0 bearer
// tokens (RFC 6750).
package bearer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"staff0/ciba/jwks"
)

// Verifier proves an access token. *jwks.AccessTokens and *jwks.Remembered are verifiers.
//
// An error that is jwks.ErrUnavailable says that nothing was learnt about the token; every other
// error refuses it.
type Verifier interface {
	Verify(ctx context.Context, token string) (*jwks.Claims, error)
}

// Options of Require.
type Options struct {
	// Realm names the protected space in challenges; "" leaves it out.
	Realm string
	// Scopes are those that a token must have, all of them. At least one is required: a token that
	// was issued for this audience but for no purpose opens nothing.
	Scopes []string
	// ResourceMetadata is the URL of the resource's metadata document, put into challenges
	// (RFC 9728 §5.1); "" leaves it out.
	ResourceMetadata string
	// Accept, if set, has the last word on a token that is valid and has the scopes, for instance
	// on machine and person. A token that it turns down is answered like a missing scope, with 403.
	Accept func(*jwks.Claims) bool
	// ErrorBody writes the body of a refusal; nil writes one line of text.
	ErrorBody ErrorBody
	// Log gets a line for each token that is refused, with the rule that it broke and nothing of
	// its content; nil is silent.
	Log *slog.Logger
}

// ErrorBody writes the body of a refusal in the format of the route and sets its Content-Type. The
// status and the headers WWW-Authenticate, Retry-After and Cache-Control are set by Require,
// whatever the function does.
type ErrorBody func(w http.ResponseWriter, r *http.Request, refusal *Refusal)

type guard struct {
	Options
	verifier   Verifier
	next       http.Handler
	challenges challenges
}

// Require returns a middleware that lets a request pass if its Authorization header holds a bearer
// token that v proves and that has the scopes. The handler behind it finds the claims with
// FromContext. Tokens in the query or in the body do not count (RFC 9700 §4.3.2). It fails if there
// is no verifier or no scope, so that a route cannot be left open by mistake.
func Require(v Verifier, opts Options) (func(http.Handler) http.Handler, error) {
	if v == nil {
		return nil, errors.New("bearer: no verifier")
	}
	if c, ok := v.(interface{ Validate() error }); ok {
		if err := c.Validate(); err != nil {
			return nil, err
		}
	}
	if len(opts.Scopes) == 0 {
		return nil, errors.New("bearer: no scopes")
	}
	for _, s := range opts.Scopes {
		if !scopeToken(s) {
			return nil, fmt.Errorf("bearer: %q is no scope", s)
		}
	}
	if !quotable(opts.Realm) || !quotable(opts.ResourceMetadata) {
		return nil, errors.New(
			"bearer: realm and metadata URL must be printable ASCII without quotes")
	}
	if opts.ErrorBody == nil {
		opts.ErrorBody = plainBody
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	// The caller's slice must not be able to change what the route asks for.
	opts.Scopes = append([]string(nil), opts.Scopes...)
	g := guard{Options: opts, verifier: v, challenges: newChallenges(&opts)}
	return func(next http.Handler) http.Handler {
		h := g
		h.next = next
		return &h
	}, nil
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, refusal := credentials(r.Header["Authorization"])
	if refusal == nil {
		var claims *jwks.Claims
		if claims, refusal = g.check(r.Context(), token); refusal == nil {
			g.next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
			return
		}
	}
	g.refuse(w, r, refusal)
}

// check proves the token and compares what it allows with what the route asks for.
func (g *guard) check(ctx context.Context, token string) (*jwks.Claims, *Refusal) {
	claims, err := g.verifier.Verify(ctx, token)
	switch {
	case errors.Is(err, jwks.ErrUnavailable):
		return nil, unavailable(err)
	case err != nil && !b64token(token):
		return nil, malformed(err)
	case errors.Is(err, jwks.ErrExpired):
		return nil, invalidToken("The access token has expired.", err)
	case err != nil:
		return nil, invalidToken("The access token is not valid here.", err)
	case claims == nil:
		return nil, invalidToken("The access token is not valid here.", errNoClaims)
	case !claims.HasScope(g.Scopes...):
		return nil, insufficientScope(errScope)
	case g.Accept != nil && !g.Accept(claims):
		return nil, insufficientScope(errAccept)
	}
	return claims, nil
}

// credentials takes the token out of the Authorization header. A request without one, or with
// another scheme, has no credentials of ours. Two headers are malformed even if one of them is
// fine: proxies and servers differ in which they would read.
func credentials(headers []string) (string, *Refusal) {
	if len(headers) == 0 {
		return "", noCredentials()
	}
	if len(headers) > 1 {
		return "", malformed(errTwoHeaders)
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	// RFC 9110 §11.1: the name of a scheme has no case.
	if !strings.EqualFold(scheme, "Bearer") {
		return "", noCredentials()
	}
	token = strings.Trim(token, " ")
	if token == "" {
		return "", malformed(errNoToken)
	}
	return token, nil
}

type claimsKey struct{}

// FromContext returns the claims of the token that opened the route. Behind Require ok is always
// true.
func FromContext(ctx context.Context) (claims *jwks.Claims, ok bool) {
	claims, ok = ctx.Value(claimsKey{}).(*jwks.Claims)
	return claims, ok
}
