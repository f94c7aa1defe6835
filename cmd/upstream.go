package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"staff0/ciba"
	"staff0/ciba/idp"
	"staff0/ciba/jose"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// upstream is the identity provider as one role of this program sees it.
type upstream struct {
	issuer      string
	metadata    *oauth.Metadata
	kind        ciba.Provider
	development bool             // known secrets and sample people may be used
	auth        oauth.ClientAuth // of the role's client; the HR API has none
	hc          *http.Client
	keys        *jwks.Remote // nil for the client
}

// role is who looks for its provider.
type role int

const (
	roleClient role = iota
	roleAgent
	roleAPI
)

// upstream finds the provider, for as long as it takes, and what the role needs of it. loopback
// says that only this machine can reach whoever asks.
func (s *settings) upstream(
	ctx context.Context, who role, loopback bool, log *slog.Logger,
) (*upstream, error) {
	u := &upstream{hc: s.httpClient(0)}
	u.issuer, _ = s.issuer()
	var err error
	if u.metadata, err = discover(ctx, u.hc, u.issuer, log); err != nil {
		return nil, err
	}
	if u.kind, err = s.provider(u.metadata); err != nil {
		return nil, err
	}
	u.development = development(u.metadata, loopback)
	switch who {
	case roleClient:
		u.auth, err = credentials(s.ClientID, s.ClientSecret, s.ClientKey, "A2A_CLIENT_AUTH0",
			knownBank,
			u.development)
	case roleAgent:
		u.auth, err = credentials(s.AgentID, s.AgentSecret, s.AgentKey, "HR_AGENT_AUTH0",
			knownAgent,
			u.development)
	}
	if err != nil || who == roleClient { // which proves no tokens
		return u, err
	}
	if u.keys, err = jwks.NewRemote(jwks.RemoteConfig{URL: u.metadata.JWKSURI, HTTPClient: u.hc,
		Log: log}); err != nil {
		return nil, startError(err, "check the provider's metadata")
	}
	return u, nil
}

// ready waits until tokens of the provider can be proven, for as long as it takes.
func (u *upstream) ready(ctx context.Context, log *slog.Logger) error {
	return await(ctx, "the keys of the identity provider", log, u.keys.Ready)
}

// verifier proves access tokens for an audience.
func (u *upstream) verifier(audience string) *jwks.AccessTokens {
	return &jwks.AccessTokens{Keys: u.keys, Issuer: u.issuer, Audience: audience,
		Profile: u.kind.Profile()}
}

// tokens are access tokens of the role's client for an audience.
func (u *upstream) tokens(audience, scope string) oauth.TokenSource {
	audience, resource := u.kind.Target(audience)
	return oauth.Reuse(&oauth.ClientCredentials{
		Metadata: u.metadata, Auth: u.auth, HTTPClient: u.hc, Scopes: []string{scope},
		Audience: audience, Resource: resource,
	})
}

// issuer is the configured provider, and whether anything was configured at all.
func (s *settings) issuer() (issuer string, configured bool) {
	switch {
	case s.Issuer != "":
		return s.Issuer, true
	case s.Auth0Domain != "":
		return "https://" + strings.TrimSuffix(strings.TrimPrefix(s.Auth0Domain, "https://"), "/") +
			"/", true
	}
	return defaultIssuer, false
}

// provider is the kind of provider, once its metadata are known.
func (s *settings) provider(m *oauth.Metadata) (ciba.Provider, error) {
	switch p := ciba.Provider(s.Provider); {
	case (p == "auto" || p == "") && s.Auth0Domain != "":
		return ciba.Auth0, nil
	case p == "auto" || p == "":
		return ciba.DetectProvider(m), nil
	case slices.Contains(providerKinds, p):
		return p, nil
	}
	return "", usageError(fmt.Sprintf("unknown provider %q", s.Provider),
		"STAFF0_PROVIDER is auto, auth0, keycloak or generic")
}

// managementAPI is the address of the Management API, and the audience of its tokens. Behind a
// custom domain of Auth0 both stay those of the tenant's own domain.
func (s *settings) managementAPI(m *oauth.Metadata) string {
	if s.ManagementURL == "" {
		return m.ManagementAPI()
	}
	return strings.TrimSuffix(s.ManagementURL, "/") + "/"
}

// development reports whether known secrets and sample people may be used: the provider says that
// it is the development provider (which only a loopback issuer can), and whoever listens can be
// reached from this machine alone.
func development(m *oauth.Metadata, loopback bool) bool { return m.Development && loopback }

// credentials are those of a client, or the known ones where the development provider makes them
// good.
func credentials(
	id string, secret, key oauth.Secret, names string, known int, dev bool,
) (oauth.ClientAuth, error) {
	switch {
	case key != "" && (id == "" || secret != ""):
		return oauth.ClientAuth{}, usageError("a client key goes with a client id, and with no "+
			"client secret", "set "+names+"_CLIENT_ID, and unset "+names+"_CLIENT_SECRET")
	case key != "":
		signing, err := jose.ParseAnyPEM([]byte(key.Reveal()))
		if err != nil {
			return oauth.ClientAuth{}, usageError(names+"_CLIENT_KEY cannot be used: "+err.Error(),
				"make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")
		}
		return oauth.ClientAuth{ID: id, Key: signing}, nil
	case id != "" && secret != "":
		return oauth.ClientAuth{ID: id, Secret: secret}, nil
	case id != "" || secret != "":
		return oauth.ClientAuth{}, usageError("only one of client id and client secret is set",
			"set both "+names+"_CLIENT_ID and "+names+"_CLIENT_SECRET")
	case !dev:
		return oauth.ClientAuth{},
			usageError("the credentials for the identity provider are missing", "set "+names+
				"_CLIENT_ID and "+names+"_CLIENT_SECRET (or "+names+"_CLIENT_SECRET_FILE)")
	}
	c := idp.DefaultClients()[known]
	return oauth.ClientAuth{ID: c.ID, Secret: c.Secret}, nil
}

// The default clients of the development provider.
const (
	knownBank = iota
	knownAgent
)

// The pace of looking for what is not there yet.
const (
	waitFirst    = 50 * time.Millisecond
	waitMost     = 2 * time.Second
	waitTry      = 10 * time.Second // one look
	waitSayAgain = 30 * time.Second
)

// await tries until it works, for as long as it takes. An *exitError ends it.
func await(
	ctx context.Context, what string, log *slog.Logger, try func(context.Context) error,
) error {
	var said time.Time
	for wait := waitFirst; ; wait = min(2*wait, waitMost) {
		once, cancel := context.WithTimeout(ctx, waitTry)
		err := try(once)
		cancel()
		_, final := errors.AsType[*exitError](err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case final:
			return err
		}
		if time.Since(said) > waitSayAgain {
			said = time.Now()
			log.Warn("waiting for "+what, "error", err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// discover finds the provider, for as long as it takes. Only an answer that is wrong ends it.
func discover(
	ctx context.Context, hc *http.Client, issuer string, log *slog.Logger,
) (m *oauth.Metadata, err error) {
	err = await(ctx, "the identity provider", log.With("issuer", issuer),
		func(ctx context.Context) (err error) {
			if m, err = oauth.Discover(ctx, hc, issuer); err == nil || oauth.IsTemporary(err) ||
				errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return startError(err,
				"check STAFF0_ISSUER or HR_AUTH0_DOMAIN; the issuer must be exactly what the "+
					"provider calls itself")
		})
	if err != nil {
		return nil, err
	}
	return m, nil
}
