package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ClientCredentials is a [TokenSource] that asks the provider for a token in
// the client's own name (RFC 6749 §4.4), anew at every call; wrap it in [Reuse].
type ClientCredentials struct {
	Metadata   *Metadata // required; says where the secret goes
	Auth       ClientAuth
	HTTPClient *http.Client // required
	Scopes     []string     // sent only if there are any

	// The API that the token is for. Auth0 takes the parameter audience, others
	// resource (RFC 8707 §2); each is sent if it is set. ciba.Provider.Target
	// knows which provider wants which.
	Audience, Resource string
}

// Bounds of asking for one token.
const (
	tokenTries       = 3
	tokenFirstWait   = 250 * time.Millisecond // then four times as long
	tokenLongestWait = 5 * time.Second        // whatever the provider asks for
)

// Token asks for a token, and again if the provider is overloaded or broken or the answer is cut:
// the request changes nothing. One that cannot be reached is the caller's matter. The errors are
// those of [PostForm] and of [Response.Token].
func (c *ClientCredentials) Token(ctx context.Context) (*Token, error) {
	wait := tokenFirstWait
	for try := 1; ; try++ {
		token, err := c.once(ctx)
		refused, answered := errors.AsType[*Error](err)
		if err == nil || try == tokenTries ||
			!(answered && refused.Temporary()) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return token, err
		}
		pause := wait
		if answered {
			pause = max(wait, min(refused.RetryAfter, tokenLongestWait))
		}
		select {
		case <-time.After(pause):
			wait *= 4
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (c *ClientCredentials) once(ctx context.Context) (*Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(c.Scopes) > 0 {
		form.Set("scope", strings.Join(c.Scopes, " "))
	}
	if c.Audience != "" {
		form.Set("audience", c.Audience)
	}
	if c.Resource != "" {
		form.Set("resource", c.Resource)
	}
	endpoint := ""
	if c.Metadata != nil {
		endpoint = c.Metadata.TokenEndpoint
	}
	res, err := PostForm(ctx, c.HTTPClient, endpoint, c.Metadata, c.Auth, form)
	if err != nil {
		return nil, err
	}
	return res.Token()
}
