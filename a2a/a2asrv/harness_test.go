package a2asrv_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
	"staff0/ciba/jwks"
)

const testScope = "read:employee_status"

// tokens is a verifier that knows its tokens by heart.
type tokens struct{}

func (tokens) Verify(_ context.Context, token string) (*jwks.Claims, error) {
	claims := &jwks.Claims{ClientID: token, Subject: token, Machine: true,
		Scope: []string{testScope}, Expiry: time.Now().Add(time.Hour)}
	switch token {
	case "bank", "insurer":
	case "bank-for-alice", "bank-for-bob": // one client, acting for two persons
		claims.ClientID, claims.Subject, claims.Machine = "bank",
			strings.TrimPrefix(token, "bank-for-"), false
	case "short": // expires soon
		claims.ClientID, claims.Expiry = "bank", time.Now().Add(time.Minute)
	case "no-scope":
		claims.Scope = []string{"read:something_else"}
	case "expired":
		return nil, jwks.ErrExpired
	case "outage":
		return nil, jwks.ErrUnavailable
	default:
		return nil, jwks.ErrInvalid
	}
	return claims, nil
}

// script is an executor that does what the caller's last message says.
type script struct{}

func (script) Park(a2a.TaskID, any, []byte) {}
func (script) Unpark(a2a.TaskID)            {}

func (script) Execute(ctx context.Context, turn *tasks.Turn) error {
	var err error
	do := func(step tasks.Step) bool { err = turn.Do(step); return err == nil }
	said := turn.Signal
	if said == nil {
		for _, m := range turn.Task.History {
			if m.Role == a2a.RoleUser {
				said = m.Text()
			}
		}
	}
	switch said {
	case "Does jdoe@staff0.com work here?", "jdoe@staff0.com":
		do(tasks.Step{
			Events: []a2a.Event{status(a2a.TaskStateAuthRequired,
				"Waiting for the person's approval.")}, Checkpoint: []byte("c"), Park: true,
		})
	case "approve":
		_ = do(tasks.Step{Events: []a2a.Event{status(a2a.TaskStateWorking, "Approved.")}}) &&
			do(answered())
	case "decline":
		do(tasks.Step{Events: []a2a.Event{status(a2a.TaskStateRejected,
			"The request was declined.")}})
	case "Does she work here?":
		do(tasks.Step{Events: []a2a.Event{status(a2a.TaskStateInputRequired,
			"Please give the work e-mail.")}})
	case "Take 40 seconds.":
		select {
		case <-time.After(40*time.Second + 500*time.Millisecond): // not at the time of a blank
			do(answered())
		case <-ctx.Done():
		}
	case "Answer now.":
		do(answered())
	case "Which extensions?":
		do(tasks.Step{Events: []a2a.Event{status(a2a.TaskStateInputRequired,
			strings.Join(turn.Extensions, " "))}})
	default:
		return errors.New("a secret cause")
	}
	return err
}

func status(state a2a.TaskState, text string) a2a.Event {
	return &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state,
		Message: &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}}}}
}

func answered() tasks.Step {
	return tasks.Step{Events: []a2a.Event{
		&a2a.TaskArtifactUpdateEvent{LastChunk: true, Artifact: &a2a.Artifact{
			ArtifactID: "employment-status", Name: "Employment status",
			Parts: []a2a.Part{a2a.TextPart("Yes, jdoe@staff0.com is an active employee."),
				a2a.DataPart([]byte(`{"answer":"yes"}`))},
		}},
		&a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}},
	}}
}

// store is a memory store that can break down.
type store struct {
	tasks.Memory
	broken atomic.Bool // all reading
	full   atomic.Bool // writing to tasks, and reading of what may have been written
}

func (s *store) Get(ctx context.Context, id a2a.TaskID) (*tasks.Record, error) {
	if s.broken.Load() {
		return nil, errors.New("the secret name of the disk")
	}
	return s.Memory.Get(ctx, id)
}

func (s *store) Events(ctx context.Context, id a2a.TaskID, after tasks.Seq) ([]tasks.Entry, error) {
	if s.broken.Load() || s.full.Load() {
		return nil, errors.New("the secret name of the disk")
	}
	return s.Memory.Events(ctx, id, after)
}

func (s *store) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	if s.full.Load() {
		return errors.New("the secret name of the disk")
	}
	return s.Memory.Append(ctx, id, base, c)
}

func testCard() *a2a.AgentCard {
	yes, no := true, false
	scopes := map[string]string{testScope: "Ask for an employee's status"}
	required := []a2a.SecurityRequirement{{Schemes: map[string]a2a.StringList{"oauth2_m2m_client": {List: []string{testScope}}}}}
	return &a2a.AgentCard{
		Name: "Staff0 HR Agent", Description: "Says whether one named person works at Staff0.",
		Version: "1.0.0",
		SupportedInterfaces: []a2a.AgentInterface{
			{URL: "https://hr.staff0.com/", ProtocolBinding: a2a.BindingJSONRPC,
				ProtocolVersion: wire.Version10},
			{URL: "https://hr.staff0.com/rest", ProtocolBinding: a2a.BindingHTTPJSON,
				ProtocolVersion: wire.Version10},
			{URL: "https://hr.staff0.com/", ProtocolBinding: a2a.BindingJSONRPC,
				ProtocolVersion: wire.Version03},
		},
		Capabilities: a2a.AgentCapabilities{Streaming: &yes, PushNotifications: &no,
			ExtendedAgentCard: &no},
		SecuritySchemes: map[string]a2a.SecurityScheme{"oauth2_m2m_client": {OAuth2: &a2a.OAuth2SecurityScheme{
			Flows: a2a.OAuthFlows{ClientCredentials: &a2a.OAuthFlow{TokenURL: "https://tenant.example/oauth/token", Scopes: scopes}},
		}}},
		SecurityRequirements: required,
		DefaultInputModes:    []string{"text/plain"},
		DefaultOutputModes:   []string{"text/plain", "application/json"},
		Skills: []a2a.AgentSkill{{
			ID: "is_active_employee", Name: "Check Employment Status Tool",
			Description: "Says whether a person works at Staff0.",
			Tags:        []string{"employment status"},
			Examples: []string{"Does John Doe with email jdoe@staff0.com work at " +
				"Staff0?"},
			SecurityRequirements: required,
		}},
	}
}

// agent is a server with everything behind it.
type agent struct {
	store  *store
	engine *tasks.Engine
	server *a2asrv.Server
	log    *strings.Builder
	ready  atomic.Bool
}

// newAgent makes one; change, if not nil, has the last word on the configuration.
func newAgent(t testing.TB, change func(*a2asrv.Config)) *agent {
	t.Helper()
	a := &agent{store: &store{}, log: &strings.Builder{}}
	a.ready.Store(true)
	var err error
	a.engine, err = tasks.NewEngine(tasks.Config{Store: a.store, Executor: script{},
		InputModes: []string{"text/plain"}, Opening: "Looking into the request…"})
	if err != nil {
		t.Fatal(err)
	}
	config := a2asrv.Config{
		Card: testCard(), Engine: a.engine, Verifier: tokens{}, Scope: testScope, Realm: "staff0",
		Path: "/a2a", Ready: a.ready.Load, QuestionsPerAsker: a2asrv.Unlimited,
		ResourceMetadata: "https://hr.staff0.com/.well-known/oauth-protected-resource",
		Log:              slog.New(slog.NewTextHandler(a.log, nil)),
	}
	if change != nil {
		change(&config)
	}
	if a.server, err = a2asrv.New(config); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *agent) shutdown(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.engine.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// pipes is a listener for connections that live in memory, so that a whole http.Server fits into a
// synctest bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
}

// inMemory runs an http.Server in memory. What is returned dials it; it is gone at the end of the
// test.
func inMemory(t testing.TB, h http.Handler) *pipes {
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(p) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return p
}

// client talks to it. Connections are kept only if one is to be used again.
func (p *pipes) client(t testing.TB, keep bool) *http.Client {
	transport := &http.Transport{DialContext: p.dial, DisableKeepAlives: !keep,
		DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post makes a request as clients make them.
func post(body, token string, header ...string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "http://agent/", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+cmp.Or(token, "bank"))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// do sends a request and reads all of the answer.
func do(t testing.TB, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// say is a SendMessage or SendStreamingMessage.
func say(method, text string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method +
		`","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"` + text +
		`"}]}}}`
}
