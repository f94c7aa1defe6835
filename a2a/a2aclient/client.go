package a2aclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
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
	// HTTPClient lends its Transport; redirects, cookies and the timeout of the client are not
	// used. oauth.NewHTTPClient(0) makes one.
	HTTPClient *http.Client
	// Issuer is the configured identity provider; a card that wants a token of another one is
	// refused.
	Issuer *url.URL
	// Tokens yields access tokens of that issuer. It is asked only when the card wants a token.
	Tokens oauth.TokenSource
	// Version and Binding pin the protocol version, such as wire.Version10, and the binding, such
	// as a2a.BindingHTTPJSON. The interfaces of the card that both sides speak are used in its
	// order, and "" takes any of them (§3.6.3, §8.3.2).
	Version, Binding string
	// Extensions are the URIs of those that the caller understands. The ones that the card declares
	// are asked for in every call (§4.6).
	Extensions []string
	// Patience is how long to wait for an agent that refuses connections or says 503; Follow also
	// waits for one that says 429 or 502 to its message. Zero means not at all.
	Patience time.Duration
}

// Client calls one agent. It is safe for concurrent use.
//
// Beside those of package a2a, which the agent has told, the errors of calls are:
// *UnreachableError; *HTTPError; what the token source gave; the cause of a context that has ended;
// and a2a.ErrInvalidAgentResponse for an answer that is none.
type Client struct {
	card       *a2a.AgentCard
	ways       []way        // in the order of the card
	current    atomic.Int32 // of ways; grows when one turns out not to lead anywhere
	extensions string
	transport  http.RoundTripper
	patience   time.Duration
	ids        atomic.Int64
}

// New makes a client for the agent with this card. Nothing is sent. A card that cannot be used is a
// *CardError.
func New(card *a2a.AgentCard, c Config) (*Client, error) {
	switch {
	case card == nil || c.Base == nil || c.HTTPClient == nil:
		return nil, errors.New("a2aclient: card, base and HTTP client are required")
	case c.Version != "" && wire.Lookup(c.Version) == nil:
		return nil, fmt.Errorf("a2aclient: protocol version %q is not spoken here; there are %q",
			c.Version, wire.Versions())
	}
	if !slices.Contains([]string{"", a2a.BindingJSONRPC, a2a.BindingHTTPJSON}, c.Binding) {
		return nil, fmt.Errorf("a2aclient: the binding %q is not spoken here; there are %q and %q",
			c.Binding, a2a.BindingJSONRPC, a2a.BindingHTTPJSON)
	}
	extensions, err := agreed(card, c.Extensions)
	if err != nil {
		return nil, err
	}
	ways, err := choose(card, c)
	if err != nil {
		return nil, err
	}
	wants, err := WantsToken(card, c.Issuer)
	if err != nil {
		return nil, err
	}
	rt := transport(c.HTTPClient)
	if wants {
		if c.Tokens == nil {
			return nil, errors.New(
				"a2aclient: the agent wants a token and there is no source of one")
		}
		rt = &oauth.Transport{Source: tokens{c.Tokens}, Base: rt, Origin: c.Base}
	}
	return &Client{card: card, ways: ways, extensions: extensions, transport: rt,
		patience: c.Patience}, nil
}

// Card is the card the client was made with.
func (c *Client) Card() *a2a.AgentCard { return c.card }

// Version is the protocol version that is spoken, and Binding the binding. They change when the
// client falls back to another interface.
func (c *Client) Version() string { return c.way().dialect.Version }
func (c *Client) Binding() string {
	if c.way().rest {
		return a2a.BindingHTTPJSON
	}
	return a2a.BindingJSONRPC
}

// SendMessage sends a message (§3.1.1). It is sent once: when the answer is lost, nobody can say
// whether it arrived.
func (c *Client) SendMessage(ctx context.Context, req *a2a.SendMessageRequest) (a2a.Event, error) {
	return call(ctx, c, func(w *way) (*wire.Method[*a2a.SendMessageRequest, a2a.Event],
		*a2a.SendMessageRequest) {
		r := *req
		r.Tenant = w.tenant
		return &w.dialect.SendMessage, &r
	})
}

// GetTask reads a task (§3.1.3).
func (c *Client) GetTask(ctx context.Context, req *a2a.GetTaskRequest) (*a2a.Task, error) {
	return call(ctx, c, func(w *way) (*wire.Method[*a2a.GetTaskRequest, *a2a.Task],
		*a2a.GetTaskRequest) {
		r := *req
		r.Tenant = w.tenant
		return &w.dialect.GetTask, &r
	})
}

// ListTasks reads a page of tasks (§3.1.4). Protocol 0.3 has no such call: ErrMethodNotFound.
func (c *Client) ListTasks(
	ctx context.Context, req *a2a.ListTasksRequest,
) (*a2a.ListTasksResponse, error) {
	return call(ctx, c, func(w *way) (*wire.Method[*a2a.ListTasksRequest, *a2a.ListTasksResponse],
		*a2a.ListTasksRequest) {
		r := *req
		r.Tenant = w.tenant
		return &w.dialect.ListTasks, &r
	})
}

// CancelTask stops a task (§3.1.5).
func (c *Client) CancelTask(ctx context.Context, req *a2a.CancelTaskRequest) (*a2a.Task, error) {
	return call(ctx, c, func(w *way) (*wire.Method[*a2a.CancelTaskRequest, *a2a.Task],
		*a2a.CancelTaskRequest) {
		r := *req
		r.Tenant = w.tenant
		return &w.dialect.CancelTask, &r
	})
}

// ExtendedCard reads the card that the agent shows to authenticated callers (§3.1.11). It is as
// untrusted as the other, and the client goes on with the one it was made with. An agent that does
// not declare one is not asked: ErrUnsupportedOperation (§3.3.4).
func (c *Client) ExtendedCard(ctx context.Context) (*a2a.AgentCard, error) {
	if has := c.card.Capabilities.ExtendedAgentCard; has == nil || !*has {
		return nil, &a2a.Error{Err: a2a.ErrUnsupportedOperation,
			Message: "the agent has no extended card"}
	}
	return call(ctx, c,
		func(w *way) (
			*wire.Method[*a2a.GetExtendedAgentCardRequest, *a2a.AgentCard],
			*a2a.GetExtendedAgentCardRequest,
		) {
			return &w.dialect.GetExtendedAgentCard,
				&a2a.GetExtendedAgentCardRequest{Tenant: w.tenant}
		})
}

// SendStreamingMessage sends a message and yields what comes of it (§3.1.2). A stream that ends
// before its task has ended or asks for input is ErrCut, as the last element. An agent that does
// not stream is not asked: ErrUnsupportedOperation (§3.3.4).
func (c *Client) SendStreamingMessage(
	ctx context.Context, req *a2a.SendMessageRequest,
) iter.Seq2[a2a.Event, error] {
	return c.sendStreaming(ctx, req, newAllowance())
}

func (c *Client) sendStreaming(
	ctx context.Context, req *a2a.SendMessageRequest, left *allowance,
) iter.Seq2[a2a.Event, error] {
	return stream(ctx, c, left, func(w *way) (*wire.Method[*a2a.SendMessageRequest, a2a.Event],
		*a2a.SendMessageRequest) {
		r := *req
		r.Tenant = w.tenant
		return &w.dialect.SendStreamingMessage, &r
	})
}

// SubscribeToTask yields a task as it is, and then its events (§3.1.6), in the way of
// SendStreamingMessage. 0.3 does not promise the task first.
func (c *Client) SubscribeToTask(
	ctx context.Context, req *a2a.SubscribeToTaskRequest,
) iter.Seq2[a2a.Event, error] {
	return c.subscribe(ctx, req, newAllowance())
}

func (c *Client) subscribe(
	ctx context.Context, req *a2a.SubscribeToTaskRequest, left *allowance,
) iter.Seq2[a2a.Event, error] {
	return stream(ctx, c, left, func(w *way) (*wire.Method[*a2a.SubscribeToTaskRequest, a2a.Event],
		*a2a.SubscribeToTaskRequest) {
		r := *req
		r.Tenant = w.tenant
		return &w.dialect.SubscribeToTask, &r
	})
}

// streams reports whether the agent streams (§3.3.4).
func (c *Client) streams() bool {
	s := c.card.Capabilities.Streaming
	return s != nil && *s
}
