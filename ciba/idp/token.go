package idp

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Grant types, RFC 6749 §4.4.2 and CIBA Core §10.1.
const (
	grantClientCredentials = "client_credentials"
	grantCIBA              = "urn:openid:params:grant-type:ciba"
)

// identityScopes are the scopes of OpenID Connect Core §5.4 that mean something
// here. They belong to no audience: they say what the ID token tells.
func identityScopes() []string { return []string{"openid", "email", "profile"} }

func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	f, err := readParams(w, r, true)
	if err != nil {
		p.fail(w, err)
		return
	}
	c, err := p.authenticate(r, f)
	if err != nil {
		p.fail(w, err)
		return
	}
	var answer map[string]any
	switch f["grant_type"] {
	case grantClientCredentials:
		answer, err = p.clientCredentials(r.Context(), c, f)
	case grantCIBA:
		answer, err = p.redeem(r.Context(), c, f)
	case "":
		err = badRequest("invalid_request", "grant_type is missing.")
	default:
		err = badRequest("unsupported_grant_type", "Use %s or %s.", grantClientCredentials,
			grantCIBA)
	}
	if err != nil {
		p.fail(w, err)
		return
	}
	p.log.Info("token issued", "client_id", c.ID, "grant_type", f["grant_type"])
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) clientCredentials(
	ctx context.Context, c *Client, f params,
) (map[string]any, error) {
	if len(c.ClientCredentials) == 0 {
		return nil, badRequest("unauthorized_client", "The client may not use %s.",
			grantClientCredentials)
	}
	access, err := f.access(c.ClientCredentials)
	if err != nil {
		return nil, err
	}
	// Without a scope Auth0 grants all that the client may have.
	scopes := access.Scopes
	if asked := strings.Fields(f["scope"]); len(asked) > 0 {
		if scopes, err = within(asked, access.Scopes); err != nil {
			return nil, err
		}
	}
	// Auth0's form of a machine's subject, which no person can bear.
	return p.accessToken(ctx, c.ID, c.ID+"@clients", access.Audience, scopes)
}

// access finds the audience that is asked for: `audience` as Auth0 names it,
// `resource` as RFC 8707 does, or both if they agree.
func (f params) access(allowed []Access) (Access, error) {
	audience, resource := f["audience"], f["resource"]
	switch {
	case audience == "" && resource == "":
		return Access{}, badRequest("invalid_request", "audience is missing.")
	case audience == "":
		audience = resource
	case resource != "" && resource != audience:
		return Access{}, badRequest("invalid_target", "audience and resource differ.")
	}
	for _, a := range allowed {
		if a.Audience == audience { // plain comparison, a missing slash is another audience
			return a, nil
		}
	}
	return Access{}, badRequest("invalid_target", "The client has no grant for this audience.")
}

// within checks that every scope asked for is allowed, and drops repetitions.
func within(asked, allowed []string) ([]string, error) {
	for _, s := range asked {
		if !slices.Contains(allowed, s) {
			return nil, badRequest("invalid_scope",
				"The client may not ask for one of these scopes at this audience.")
		}
	}
	return unique(asked), nil
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// accessToken is the token answer of RFC 6749 §5.1 with a token of RFC 9068:
// the profile that Auth0 calls by that name.
func (p *Provider) accessToken(
	ctx context.Context, clientID, subject, audience string, scopes []string,
) (map[string]any, error) {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": p.issuer, "sub": subject, "aud": audience, "client_id": clientID,
		"iat": now.Unix(), "exp": now.Add(p.lifetime).Unix(), "jti": rand.Text(),
	}
	answer := map[string]any{"token_type": "Bearer", "expires_in": int64(p.lifetime / time.Second)}
	if len(scopes) > 0 {
		claims["scope"] = strings.Join(scopes, " ")
		answer["scope"] = claims["scope"]
	}
	token, err := p.keys.sign(ctx, "at+jwt", claims)
	if err != nil {
		return nil, err
	}
	answer["access_token"] = token
	return answer, nil
}

// redeem is one poll, CIBA Core §10.1 and §11.
func (p *Provider) redeem(ctx context.Context, c *Client, f params) (map[string]any, error) {
	if len(c.CIBA) == 0 {
		return nil, badRequest("unauthorized_client", "The client may not use %s.", grantCIBA)
	}
	id := f["auth_req_id"]
	if id == "" {
		return nil, badRequest("invalid_request", "auth_req_id is missing.")
	}
	if f["audience"] != "" || f["resource"] != "" {
		// RFC 8707 §2.2: the token request can only narrow what was approved.
		a, err := f.access(c.CIBA)
		if err != nil {
			return nil, err
		}
		if err := p.checkAudience(id, c.ID, a.Audience); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	got, err := p.requests.poll(id, c.ID, time.Now())
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	answer, err := p.accessToken(ctx, c.ID, got.subject, got.audience, got.scopes)
	if err != nil {
		return nil, fmt.Errorf("redeeming an approval: %w", err)
	}
	if answer["id_token"], err = p.idToken(ctx, c.ID, id, got,
		answer["access_token"].(string)); err != nil {
		return nil, fmt.Errorf("redeeming an approval: %w", err)
	}
	return answer, nil
}

func (p *Provider) checkAudience(authReqID, clientID, audience string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.requests.find(authReqID, clientID); q != nil && q.audience != audience {
		return badRequest("invalid_target", "The approval is for another audience.")
	}
	return nil
}

// idToken is the ID token of OpenID Connect Core §2. CIBA Core §10.3.1 asks for
// at_hash and the auth_req_id claim in push mode only; they are sent in poll
// mode too, so that clients which check them have something to check.
func (p *Provider) idToken(
	ctx context.Context, clientID, authReqID string, got grant, accessToken string,
) (string, error) {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": p.issuer, "sub": got.subject, "aud": clientID,
		"iat": now.Unix(), "exp": now.Add(p.lifetime).Unix(),
		"auth_time": got.decidedAt.Unix(), "at_hash": p.keys.leftHalf(accessToken),
		"urn:openid:params:jwt:claim:auth_req_id": authReqID,
	}
	if person, ok := p.people.bySubject(got.subject); ok {
		// OpenID Connect Core §5.4: these claims are what the scopes ask for.
		if slices.Contains(got.scopes, "email") && person.Email != "" {
			claims["email"], claims["email_verified"] = person.Email, !person.EmailUnverified
		}
		if slices.Contains(got.scopes, "profile") && person.Name != "" {
			claims["name"] = person.Name
		}
	}
	return p.keys.sign(ctx, "JWT", claims)
}
