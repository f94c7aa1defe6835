package a2aclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// Config is what a Client is made of.
type Config struct {
	// Base is the configured address of the agent, see ParseBase. Only its origin is ever called.
	Base *url.URL
	// HTTPClient lends its Transport; redirects, cookies and the timeout of the client are not used. oauth.NewHTTPClient(0) makes one.
	HTTPClient *http.Client
	// Issuer is the configured identity provider; a card that wants a token of another one is refused.
	Issuer *url.URL
	// Tokens yields access tokens of that issuer. It is asked only when the card wants a token.
	Tokens oauth.TokenSource
	// Version pins the protocol version, such as wire.Version10; "" takes the first interface of the card that both sides speak (§3.6.3).
	Version string
	// Patience is how long to wait for an agent that refuses connections or says 503. Zero means not at all.
	Patience time.Duration
}

// Client calls one agent. It is safe for concurrent use.
//
// Beside those of package a2a, which the agent has told, the errors of calls are: *UnreachableError; *HTTPError; what the token source gave; the
// cause of a context that has ended; and a2a.ErrInvalidAgentResponse for an answer that is none.
type Client struct {
	card      *a2a.AgentCard
	dialect   *wire.Dialect
	endpoint  string
	tenant    string
	transport http.RoundTripper
	patience  time.Duration
	ids       atomic.Int64
}

// New makes a client for the agent with this card. Nothing is sent. A card that cannot be used is a *CardError.
func New(card *a2a.AgentCard, c Config) (*Client, error) {
	switch {
	case card == nil || c.Base == nil || c.HTTPClient == nil:
		return nil, errors.New("a2aclient: card, base and HTTP client are required")
	case c.Version != "" && wire.Lookup(c.Version) == nil:
		return nil, fmt.Errorf("a2aclient: protocol version %q is not spoken here; there are %q", c.Version, wire.Versions())
	}
	for _, extension := range card.Capabilities.Extensions {
		if extension.Required { // §4.6: whoever does not speak it would be refused call by call
			return nil, &CardError{fmt.Sprintf("it requires the extension %.*q, which is not spoken here", maxQuoted, extension.URI)}
		}
	}
	chosen, dialect, err := choose(card, c)
	if err != nil {
		return nil, err
	}
	wants, err := wantsToken(card, c.Issuer)
	if err != nil {
		return nil, err
	}
	rt := transport(c.HTTPClient)
	if wants {
		if c.Tokens == nil {
			return nil, errors.New("a2aclient: the agent wants a token and there is no source of one")
		}
		rt = &oauth.Transport{Source: tokens{c.Tokens}, Base: rt, Origin: c.Base}
	}
	return &Client{
		card: card, dialect: dialect, endpoint: chosen.URL, tenant: chosen.Tenant, transport: rt, patience: c.Patience,
	}, nil
}

// choose takes the first interface that both sides speak, at the configured origin (§8.3.2). What a card says of other origins is passed over:
// the token is for the agent that was configured.
func choose(card *a2a.AgentCard, c Config) (a2a.AgentInterface, *wire.Dialect, error) {
	elsewhere := false
	for _, i := range card.SupportedInterfaces {
		dialect := wire.Lookup(i.ProtocolVersion)
		if i.ProtocolBinding != a2a.BindingJSONRPC || dialect == nil || c.Version != "" && wire.Lookup(c.Version) != dialect {
			continue
		}
		u, err := oauth.ParseEndpoint(i.URL)
		if err != nil || !oauth.SameOrigin(u, c.Base) {
			elsewhere = true
			continue
		}
		return i, dialect, nil
	}
	if elsewhere {
		return a2a.AgentInterface{}, nil, &CardError{
			"its interface is at another origin than the configured " + c.Base.String() + ", or not at one that a token may be sent to",
		}
	}
	what := "JSONRPC in version " + wire.Version10 + " or " + wire.Version03
	if c.Version != "" {
		what = "JSONRPC in version " + c.Version
	}
	return a2a.AgentInterface{}, nil, &CardError{"it offers no interface of " + what}
}

// Card is the card the client was made with.
func (c *Client) Card() *a2a.AgentCard { return c.card }

// Version is the protocol version that is spoken.
func (c *Client) Version() string { return c.dialect.Version }

// SendMessage sends a message (§3.1.1). It is sent once: when the answer is lost, nobody can say whether it arrived.
func (c *Client) SendMessage(ctx context.Context, req *a2a.SendMessageRequest) (a2a.Event, error) {
	r := *req
	r.Tenant = c.tenant
	return call(ctx, c, &c.dialect.SendMessage, &r)
}

// GetTask reads a task (§3.1.3).
func (c *Client) GetTask(ctx context.Context, req *a2a.GetTaskRequest) (*a2a.Task, error) {
	r := *req
	r.Tenant = c.tenant
	return call(ctx, c, &c.dialect.GetTask, &r)
}

// ListTasks reads a page of tasks (§3.1.4). Protocol 0.3 has no such call: ErrMethodNotFound.
func (c *Client) ListTasks(ctx context.Context, req *a2a.ListTasksRequest) (*a2a.ListTasksResponse, error) {
	r := *req
	r.Tenant = c.tenant
	return call(ctx, c, &c.dialect.ListTasks, &r)
}

// CancelTask stops a task (§3.1.5).
func (c *Client) CancelTask(ctx context.Context, req *a2a.CancelTaskRequest) (*a2a.Task, error) {
	r := *req
	r.Tenant = c.tenant
	return call(ctx, c, &c.dialect.CancelTask, &r)
}

// SendStreamingMessage sends a message and yields what comes of it (§3.1.2). A stream that ends before its task has ended or asks for input is
// ErrCut, as the last element. An agent that does not stream is not asked: ErrUnsupportedOperation (§3.3.4).
func (c *Client) SendStreamingMessage(ctx context.Context, req *a2a.SendMessageRequest) iter.Seq2[a2a.Event, error] {
	r := *req
	r.Tenant = c.tenant
	return stream(ctx, c, &c.dialect.SendStreamingMessage, &r)
}

// SubscribeToTask yields a task as it is, and then its events (§3.1.6), in the way of SendStreamingMessage. 0.3 does not promise the task first.
func (c *Client) SubscribeToTask(ctx context.Context, req *a2a.SubscribeToTaskRequest) iter.Seq2[a2a.Event, error] {
	r := *req
	r.Tenant = c.tenant
	return stream(ctx, c, &c.dialect.SubscribeToTask, &r)
}

// streams reports whether the agent streams (§3.3.4).
func (c *Client) streams() bool {
	s := c.card.Capabilities.Streaming
	return s != nil && *s
}
