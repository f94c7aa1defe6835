package a2aclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// Bounds of calls.
const (
	maxAnswer   = 8 << 20          // bytes of one answer that is no stream
	callTimeout = 90 * time.Second // a blocking SendMessage may take a while (§3.2.2)
	idleTimeout = 45 * time.Second // of a stream; agents send a comment every 10 to 15 s
	// DefaultPatience is how long an agent is waited for that does not answer yet, or says 503.
	DefaultPatience = 15 * time.Second
	patienceWait    = 250 * time.Millisecond
)

// Config is what a Client is made of.
type Config struct {
	// Base is the configured address of the agent, see ParseBase. Only its origin is ever called.
	Base *url.URL
	// HTTPClient sends the calls. It must follow no redirect; oauth.NewHTTPClient(0) makes one.
	HTTPClient *http.Client
	// Issuer is the configured identity provider; a card that wants a token of another one is refused.
	Issuer *url.URL
	// Tokens yields access tokens of that issuer. It is asked only when the card wants a token.
	Tokens oauth.TokenSource
	// Version pins the protocol version, such as wire.Version10; "" takes the first interface of the card that both sides speak.
	Version string
	// Patience is how long to wait for an agent that refuses connections or says 503. Zero means not at all.
	Patience time.Duration
}

// Client calls one agent. It is safe for concurrent use.
type Client struct {
	card     *a2a.AgentCard
	dialect  *wire.Dialect
	endpoint string
	tenant   string
	http     *http.Client
	patience time.Duration
	ids      atomic.Int64
}

// New makes a client for the agent with this card.
func New(card *a2a.AgentCard, c Config) (*Client, error) {
	if c.Base == nil || c.HTTPClient == nil {
		return nil, errors.New("a2aclient: base and HTTP client are required")
	}
	chosen, dialect, err := choose(card, c)
	if err != nil {
		return nil, err
	}
	wants, err := wantsToken(card, c.Issuer)
	if err != nil {
		return nil, err
	}
	hc := *c.HTTPClient
	if wants {
		if c.Tokens == nil {
			return nil, errors.New("a2aclient: the agent wants a token and there is no source of one")
		}
		hc.Transport = &oauth.Transport{Source: c.Tokens, Base: hc.Transport, Origin: c.Base}
	}
	return &Client{
		card: card, dialect: dialect, endpoint: chosen.URL, tenant: chosen.Tenant, http: &hc, patience: c.Patience,
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
		return a2a.AgentInterface{}, nil, &CardError{"its interface is at another address than the one it was fetched from, " + c.Base.String()}
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

// SendStreamingMessage sends a message and yields what comes of it (§3.1.2). A stream that ends before its task is ErrCut, as the last element.
func (c *Client) SendStreamingMessage(ctx context.Context, req *a2a.SendMessageRequest) iter.Seq2[a2a.Event, error] {
	r := *req
	r.Tenant = c.tenant
	return stream(ctx, c, &c.dialect.SendStreamingMessage, &r)
}

// SubscribeToTask yields a task as it is, and then its events (§3.1.6).
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

// call does one call that is not a stream.
func call[Req, Res any](ctx context.Context, c *Client, m *wire.Method[Req, Res], req Req) (Res, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, &UnreachableError{errors.New("no answer in time")})
	defer cancel()
	var none Res
	res, id, err := open(ctx, c, m, req, "application/json")
	if err != nil {
		return none, err
	}
	defer res.Body.Close()
	return single(ctx, c, m, res, id)
}

// single reads an answer that is one JSON-RPC response.
func single[Req, Res any](ctx context.Context, c *Client, m *wire.Method[Req, Res], res *http.Response, id wire.ID) (Res, error) {
	var none Res
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case ctx.Err() != nil:
		return none, context.Cause(ctx)
	case err != nil:
		return none, &UnreachableError{err}
	case len(body) > maxAnswer:
		return none, invalid(errors.New("the answer is too large"))
	}
	return result(c, m, body, id)
}

// result reads one JSON-RPC response.
func result[Req, Res any](c *Client, m *wire.Method[Req, Res], body []byte, id wire.ID) (Res, error) {
	var none Res
	r, err := wire.DecodeResponse(body)
	switch {
	case err != nil:
		return none, err
	case r.Error != nil:
		return none, wire.DecodeError(r.Error)
	case !r.ID.Equal(id):
		return none, invalid(errors.New("the answer is to another call"))
	}
	return m.DecodeResult(r.Result)
}

func invalid(cause error) error { return &a2a.Error{Err: a2a.ErrInvalidAgentResponse, Cause: cause} }

// open sends a call and returns an answer with status 200. An agent that is not there yet is waited for, since it has certainly done nothing.
func open[Req, Res any](ctx context.Context, c *Client, m *wire.Method[Req, Res], req Req, accept string) (*http.Response, wire.ID, error) {
	if m.Name == "" {
		return nil, nil, &a2a.Error{Err: a2a.ErrMethodNotFound, Message: "protocol " + c.dialect.Version + " has no such operation"}
	}
	id := wire.ID(strconv.AppendInt(nil, c.ids.Add(1), 10))
	body, err := m.AppendRequest(nil, id, req)
	if err != nil {
		return nil, nil, err
	}
	for until := time.Now().Add(c.patience); ; {
		res, err := c.post(ctx, body, accept)
		if err == nil {
			return res, id, nil
		}
		if !notYet(err) || !time.Now().Before(until) {
			return nil, nil, err
		}
		if err := sleep(ctx, patienceWait); err != nil {
			return nil, nil, err
		}
	}
}

// notYet reports whether the call did not get as far as the agent.
func notYet(err error) bool {
	var unreachable *UnreachableError
	var answered *HTTPError
	return errors.As(err, &unreachable) && unreachable.refused() ||
		errors.As(err, &answered) && answered.Status == http.StatusServiceUnavailable
}

func (c *Client) post(ctx context.Context, body []byte, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	req.Header.Set(wire.VersionHeader, c.dialect.Version)
	res, err := do(c.http, req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		return nil, refusal(res, c.dialect)
	}
	return res, nil
}

// stream does one call that answers with events.
func stream[Req any](ctx context.Context, c *Client, m *wire.Method[Req, a2a.Event], req Req) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		idle := time.AfterFunc(callTimeout, func() { cancel(fmt.Errorf("%w: nothing was heard for too long", ErrCut)) })
		defer idle.Stop()
		res, id, err := open(ctx, c, m, req, wire.EventStream+", application/json")
		if err != nil {
			yield(nil, err)
			return
		}
		defer res.Body.Close()
		if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); media != wire.EventStream {
			// An error before the stream has begun comes as plain JSON, and so does the answer of an agent that does not stream (§9.4.2).
			event, err := single(ctx, c, m, res, id)
			yield(event, err)
			return
		}
		for event, err := range wire.Events(&watched{res.Body, idle}) {
			if err != nil {
				yield(nil, cut(ctx, err))
				return
			}
			decoded, err := result(c, m, event.Data, id)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(decoded, nil) || ends(decoded) {
				return
			}
		}
		// A stream that ends in good order may still have left its task half done (§3.1.2 has no end mark).
		yield(nil, cut(ctx, nil))
	}
}

// ends reports whether nothing can follow an event.
func ends(event a2a.Event) bool {
	switch e := event.(type) {
	case *a2a.Message:
		return true
	case *a2a.Task:
		return e.Status.State.Terminal()
	case *a2a.TaskStatusUpdateEvent:
		return e.Status.State.Terminal()
	}
	return false
}

func cut(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, wire.ErrEventTooLarge):
		return invalid(err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	return ErrCut
}

// watched puts off the idle timer with everything that arrives, comments too.
type watched struct {
	io.Reader
	idle *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.idle.Reset(idleTimeout)
	return n, err
}

// sleep waits unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
