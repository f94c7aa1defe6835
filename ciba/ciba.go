package ciba

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// GrantType is the grant_type of CIBA (CIBA Core §10.1).
const GrantType = "urn:openid:params:grant-type:ciba"

const (
	// MaxExpiry bounds how long a request is waited for, whatever the provider
	// offers. Fifteen minutes is the most that staff0 ever asks for.
	MaxExpiry = 15 * time.Minute

	// maxAuthReqID bounds an auth_req_id in bytes. Keycloak's are encrypted
	// tokens of one or two KiB.
	maxAuthReqID = 8 << 10

	// pollTimeout bounds one poll. CIBA Core §10.1.1 lets a provider hold a poll
	// open, by custom for up to 30 s; a shorter bound would cut every one.
	pollTimeout = 40 * time.Second
)

// Config is what a [Client] is made of. All of it is required, but Provider,
// whose zero value means Generic.
type Config struct {
	Metadata   *oauth.Metadata
	Auth       oauth.ClientAuth
	HTTPClient *http.Client
	Keys       jwks.KeySet // the provider's keys
	Provider   Provider
	Audience   string // the API that the access token is for, exactly as in its aud
}

// Client asks one provider for approvals on behalf of one OAuth client. It is
// safe for concurrent use; one per provider and process, since it remembers
// which auth_req_ids are in use.
type Client struct {
	metadata     *oauth.Metadata
	auth         oauth.ClientAuth
	http         *http.Client
	pollHTTP     http.Client // http, with a time-out fit for long polling
	provider     Provider
	audience     string
	idTokens     *jwks.IDTokens
	accessTokens *jwks.AccessTokens
	ids          ids
}

// New checks c. It fails when something is missing and when the provider does
// not offer CIBA in poll mode, so that a wrong provider is noticed at start-up
// and not by the first person who waits for a prompt.
func New(c Config) (*Client, error) {
	switch {
	case c.Metadata == nil || c.HTTPClient == nil:
		return nil, errors.New("ciba: Config needs Metadata and HTTPClient")
	case c.Auth.Validate() != nil:
		return nil, c.Auth.Validate()
	case c.Metadata.BackchannelAuthenticationEndpoint == "":
		return nil, errors.New(
			"ciba: the identity provider does not offer CIBA; use one whose metadata has " +
				"backchannel_authentication_endpoint")
	case len(c.Metadata.DeliveryModes) > 0 && !slices.Contains(c.Metadata.DeliveryModes, "poll"):
		return nil, errors.New("ciba: the identity provider does not offer poll mode")
	}
	if err := c.Provider.validate(); err != nil {
		return nil, err
	}
	client := &Client{
		metadata: c.Metadata,
		auth:     c.Auth,
		http:     c.HTTPClient,
		pollHTTP: *c.HTTPClient,
		provider: c.Provider,
		audience: c.Audience,
		idTokens: &jwks.IDTokens{Keys: c.Keys, Issuer: c.Metadata.Issuer, ClientID: c.Auth.ID},
		accessTokens: &jwks.AccessTokens{Keys: c.Keys, Issuer: c.Metadata.Issuer,
			Audience: c.Audience, Profile: c.Provider.Profile()},
	}
	client.pollHTTP.Timeout = max(c.HTTPClient.Timeout, pollTimeout)
	return client, errors.Join(client.idTokens.Validate(), client.accessTokens.Validate())
}

// AuthenticationRequest asks one person for approval (CIBA Core §7.1). There
// are no fields for what must not be sent in poll mode or to everybody:
// client_notification_token and user_code, which Keycloak refuses.
type AuthenticationRequest struct {
	Scope           string        // space separated, "openid" among them
	LoginHint       string        // the person, see Provider.LoginHint
	BindingMessage  string        // see Provider.BindingMessage
	RequestedExpiry time.Duration // whole seconds; 0 leaves it to the provider
}

func (r *AuthenticationRequest) validate() error {
	switch {
	case !slices.Contains(strings.Fields(r.Scope), "openid"):
		return errors.New("ciba: the scope must contain openid")
	case r.LoginHint == "":
		return errors.New("ciba: no login hint")
	case r.BindingMessage == "":
		return errors.New("ciba: no binding message; without one nobody can tell two prompts apart")
	case r.RequestedExpiry < 0 || r.RequestedExpiry > 0 && r.RequestedExpiry < time.Second:
		return errors.New("ciba: the requested expiry is below a second")
	}
	return nil
}

// Acknowledgement is the provider's word that it asks the person (CIBA Core
// §7.3). ExpiresIn is at most [MaxExpiry], counted from the sending of the
// request; Interval is at least a second.
type Acknowledgement struct {
	AuthReqID string
	ExpiresAt time.Time
	ExpiresIn time.Duration
	Interval  time.Duration
}

// Authenticate sends one authentication request. There is no second attempt: if
// the answer is lost, the person may have been rung already, and only the caller
// knows whether to ring again.
//
// Errors: [ErrUnknownUser]; [ErrNoDevice]; [ErrAccessDenied] when the provider will not ask this
// person, which is nobody's refusal; *TemporaryError; *MismatchError for an auth_req_id that was
// handed out before; everything else is final.
func (c *Client) Authenticate(
	ctx context.Context, r *AuthenticationRequest,
) (*Acknowledgement, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	form := url.Values{
		"scope":           {r.Scope},
		"login_hint":      {r.LoginHint},
		"binding_message": {r.BindingMessage},
	}
	if r.RequestedExpiry > 0 {
		form.Set("requested_expiry", strconv.FormatInt(int64(r.RequestedExpiry/time.Second), 10))
	}
	c.target(form)
	res, err := oauth.PostForm(ctx, c.http, c.metadata.BackchannelAuthenticationEndpoint,
		c.metadata, c.auth, form)
	if err != nil {
		return nil, startError(err)
	}
	ack, err := acknowledgement(res)
	if err != nil {
		return nil, err
	}
	// A provider that hands one id to two requests would let one person's
	// approval answer the question about another.
	if !c.ids.add(ack.AuthReqID, res.Sent) {
		return nil, &MismatchError{What: "the provider handed out the same auth_req_id twice"}
	}
	return ack, nil
}

// target names the API in both requests; see Provider.Target.
func (c *Client) target(form url.Values) {
	audience, resource := c.provider.Target(c.audience)
	if audience != "" {
		form.Set("audience", audience)
	}
	if resource != "" {
		form.Set("resource", resource)
	}
}

func acknowledgement(res *oauth.Response) (*Acknowledgement, error) {
	var m struct {
		AuthReqID string         `json:"auth_req_id"`
		ExpiresIn *oauth.Seconds `json:"expires_in"`
		Interval  *oauth.Seconds `json:"interval"`
	}
	if err := res.Decode(&m); err != nil {
		return nil, err
	}
	switch {
	case m.AuthReqID == "" || len(m.AuthReqID) > maxAuthReqID:
		return nil, fmt.Errorf("%w: auth_req_id is missing or too long", oauth.ErrBadResponse)
	case m.ExpiresIn == nil || m.ExpiresIn.Duration() <= 0:
		return nil, fmt.Errorf("%w: expires_in is missing or not positive", oauth.ErrBadResponse)
	}
	ack := &Acknowledgement{
		AuthReqID: m.AuthReqID,
		ExpiresIn: min(m.ExpiresIn.Duration(), MaxExpiry),
		Interval:  DefaultInterval,
	}
	ack.ExpiresAt = res.Sent.Add(ack.ExpiresIn)
	if m.Interval != nil && m.Interval.Duration() >= time.Second {
		ack.Interval = m.Interval.Duration()
		if ack.Interval > ack.ExpiresIn {
			return nil, fmt.Errorf("%w: the interval is longer than the request lives",
				oauth.ErrBadResponse)
		}
	}
	return ack, nil
}
