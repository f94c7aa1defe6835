package a2aclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

const (
	agentURL  = "https://agent.example"
	issuerURL = "https://issuer.example/"
)

// inProcess serves requests with a handler, in time that synctest can see: bodies are pipes, and
// the end of a request's context ends both sides.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	body, out := io.Pipe()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(req.Context()))
	w := &pipeWriter{header: http.Header{}, out: out, ready: make(chan struct{})}
	served := req.Clone(ctx)
	go func() {
		defer func() {
			if recover() != nil { // http.ErrAbortHandler: the connection is cut
				w.WriteHeader(http.StatusOK)
				_ = out.CloseWithError(io.ErrUnexpectedEOF)
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = out.Close()
		}()
		p.ServeHTTP(w, served)
	}()
	// the reader is told before the server can end in good order
	stop := context.AfterFunc(req.Context(), func() {
		_ = body.CloseWithError(req.Context().Err())
		cancel(errGone)
	})
	select {
	case <-w.ready:
		return &http.Response{StatusCode: w.status, Header: w.sent,
			Body: &pipeBody{body, stop, cancel}, ContentLength: -1, Request: req}, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

var errGone = errors.New("the client has gone")

type pipeWriter struct {
	header, sent http.Header
	out          *io.PipeWriter
	ready        chan struct{}
	status       int
}

func (w *pipeWriter) Header() http.Header { return w.header }
func (w *pipeWriter) Flush()              {}
func (w *pipeWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	}
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}

type pipeBody struct {
	*io.PipeReader
	stop   func() bool
	cancel context.CancelCauseFunc
}

func (b *pipeBody) Close() error {
	b.stop()
	err := b.PipeReader.Close()
	b.cancel(errGone)
	return err
}

// transportFunc is a transport that is a function.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// agent is a scripted agent. Each method plays its parts in turn, the last one for ever.
type agent struct {
	t      testing.TB
	mu     sync.Mutex
	parts  map[string][]func(*call)
	played []string // methods, in order
	calls  []*call
}

// call is one call that the agent received.
type call struct {
	http.ResponseWriter
	ID     wire.ID
	Method string
	Params json.RawMessage
	r      *http.Request
}

func newAgent(t testing.TB) *agent { return &agent{t: t, parts: map[string][]func(*call){}} }

// on adds parts to what a method answers.
func (a *agent) on(method string, parts ...func(*call)) *agent {
	a.parts[method] = append(a.parts[method], parts...)
	return a
}

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Errorf("reading a call: %v", err)
		return
	}
	req, err := wire.Decode(body)
	if err != nil {
		a.t.Errorf("the client sent %s: %v", body, err)
	}
	c := &call{w, slices.Clone(req.ID), req.Method, slices.Clone(req.Params), r}
	a.mu.Lock()
	a.played, a.calls = append(a.played, req.Method), append(a.calls, c)
	parts := a.parts[req.Method]
	if len(parts) > 1 {
		a.parts[req.Method] = parts[1:]
	}
	a.mu.Unlock()
	if len(parts) == 0 {
		a.t.Errorf("the client called %s, which has no part in this", req.Method)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	parts[0](c)
}

func (a *agent) methods() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.played, " ")
}

// answer writes a body.
func answer(status int, media, body string) func(*call) {
	return func(c *call) {
		c.Header().Set("Content-Type", media)
		c.WriteHeader(status)
		_, _ = io.WriteString(c, body)
	}
}

func (c *call) envelope(member string) string {
	return `{"jsonrpc":"2.0","id":` + string(c.ID.Append(nil)) + `,` + member + `}`
}

// result answers with a result.
func result(result string) func(*call) {
	return func(c *call) { answer(200, "application/json", c.envelope(`"result":`+result))(c) }
}

// fail answers with a JSON-RPC error.
func fail(code int, message string) func(*call) {
	return func(c *call) { answer(200, "application/json", c.envelope(failure(code, message)))(c) }
}

func failure(code int, message string) string {
	return `"error":{"code":` + strconv.Itoa(code) + `,"message":` +
		string(a2a.AppendString(nil, message)) + `}`
}

// streamed answers with events and ends in good order.
func streamed(events ...string) func(*call) {
	return func(c *call) {
		out := wire.NewEventWriter(c.ResponseWriter)
		for _, e := range events {
			if out.Send([]byte(c.envelope(`"result":`+e))) != nil {
				return
			}
		}
	}
}

// cutAfter answers with events, and then the connection breaks.
func cutAfter(events ...string) func(*call) {
	return func(c *call) {
		c.Header().Set("Content-Type", wire.EventStream)
		c.WriteHeader(http.StatusOK)
		streamed(events...)(c)
		panic(http.ErrAbortHandler)
	}
}

// Events of the task t1, as the agent writes them in 1.0.

func task(state string) string { return `{"task":` + plainTask(state) + `}` }

func plainTask(state string) string {
	return `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_` + state + `"}}`
}

func status(state string) string {
	return `{"statusUpdate":{"taskId":"t1","contextId":"c1","status":{"state":"TASK_STATE_` +
		state + `"}}}`
}

func artifact(text string, appended bool) string {
	return fmt.Sprintf(
		`{"artifactUpdate":{"taskId":"t1","contextId":"c1","append":%t,"artifact":{"artifactId":"a","parts":[{"text":%q}]}}}`, appended, text)
}

// name is an event in a word or two.
func name(event a2a.Event) string {
	switch e := event.(type) {
	case *a2a.Task:
		return "task " + short(e.Status.State)
	case *a2a.Message:
		return "message " + e.Text()
	case *a2a.TaskStatusUpdateEvent:
		return short(e.Status.State)
	case *a2a.TaskArtifactUpdateEvent:
		return "artifact " + e.Artifact.Text()
	}
	return "nothing"
}

func short(s a2a.TaskState) string { return strings.TrimPrefix(s.String(), "TASK_STATE_") }

// heard reads a stream to its end: what it told in one line, and the error at its end.
func heard(t testing.TB, events iter.Seq2[a2a.Event, error]) (line string, err error) {
	t.Helper()
	var words []string
	for event, e := range events {
		if err != nil {
			t.Fatalf("something came after the error %v", err)
		}
		if err = e; err == nil {
			words = append(words, name(event))
		} else if event != nil {
			t.Errorf("%s came together with the error %v", name(event), e)
		}
	}
	return strings.Join(words, ", "), err
}

// card is the card of an agent that wants a token, with the given changes.
func card(changes ...func(*a2a.AgentCard)) *a2a.AgentCard {
	yes := true
	c := &a2a.AgentCard{
		Name: "agent", Version: "1",
		SupportedInterfaces: []a2a.AgentInterface{{URL: agentURL + "/a2a",
			ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "1.0"}},
		Capabilities: a2a.AgentCapabilities{Streaming: &yes},
		SecuritySchemes: map[string]a2a.SecurityScheme{"token": {OAuth2: &a2a.OAuth2SecurityScheme{
			Flows: a2a.OAuthFlows{ClientCredentials: &a2a.OAuthFlow{TokenURL: issuerURL +
				"oauth/token"}},
		}}},
		SecurityRequirements: []a2a.SecurityRequirement{{Schemes: map[string]a2a.StringList{"token": {List: []string{"read:employee_status"}}}}},
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

func of03(c *a2a.AgentCard)     { c.SupportedInterfaces[0].ProtocolVersion = "0.3" }
func noStream(c *a2a.AgentCard) { c.Capabilities.Streaming = nil }

// purse is a token source that counts: its tokens are token-1, token-2 and so on, and one is kept
// until it is refused.
type purse struct {
	mu    sync.Mutex
	spent int
	asked int
	err   error
}

func (p *purse) Token(context.Context) (*oauth.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return &oauth.Token{AccessToken: oauth.Secret(fmt.Sprintf("token-%d", p.spent+1))}, p.err
}

func (p *purse) Invalidate(*oauth.Token) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent++
}

func parse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func config(t testing.TB, rt http.RoundTripper) a2aclient.Config {
	return a2aclient.Config{
		Base: parse(t, agentURL), HTTPClient: &http.Client{Transport: rt},
		Issuer: parse(t, issuerURL), Tokens: new(purse),
		Patience: a2aclient.DefaultPatience,
	}
}

// client is a client of a handler.
func client(t testing.TB, h http.Handler, changes ...func(*a2a.AgentCard)) *a2aclient.Client {
	t.Helper()
	return connect(t, inProcess{h}, changes...)
}

func connect(
	t testing.TB, rt http.RoundTripper, changes ...func(*a2a.AgentCard),
) *a2aclient.Client {
	t.Helper()
	c, err := a2aclient.New(card(changes...), config(t, rt))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func question() *a2a.SendMessageRequest {
	return &a2a.SendMessageRequest{Message: &a2a.Message{
		MessageID: "m1", Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart("Does jdoe work here?")},
	}}
}

func about(id a2a.TaskID) *a2a.SubscribeToTaskRequest { return &a2a.SubscribeToTaskRequest{ID: id} }
