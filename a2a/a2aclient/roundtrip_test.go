package a2aclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/a2asrv"
	"staff0/a2a/tasks"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// The client against the real server, with the real engine behind it, in both versions and both
// bindings.

// tongues are the ways to speak: the versions over JSON-RPC, and the other binding.
var tongues = []string{"1.0", "0.3", a2a.BindingHTTPJSON}

const scope = "read:employee_status"

// holder is a verifier and a source at once: the token is the name of its holder.
type holder string

func (h holder) Token(context.Context) (*oauth.Token, error) {
	return &oauth.Token{AccessToken: oauth.Secret(h)}, nil
}

type verifier struct{}

func (verifier) Verify(_ context.Context, token string) (*jwks.Claims, error) {
	claims := &jwks.Claims{ClientID: token, Subject: token, Machine: true, Scope: []string{scope},
		Expiry: time.Now().Add(time.Hour)}
	switch token {
	case "stranger":
		return nil, jwks.ErrInvalid
	case "visitor":
		claims.Scope = nil
	}
	return claims, nil
}

// script asks back when it is asked about nobody in particular, and waits for an approval else.
type script struct{}

func (script) Park(a2a.TaskID, any, []byte) {}
func (script) Unpark(a2a.TaskID)            {}
func (script) Execute(_ context.Context, turn *tasks.Turn) error {
	var err error
	do := func(step tasks.Step) bool { err = turn.Do(step); return err == nil }
	say := func(state a2a.TaskState, text string) a2a.Event {
		return &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state,
			Message: &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}}}}
	}
	asked := turn.Task.History[len(turn.Task.History)-1].Text()
	switch {
	case turn.Signal != nil:
		piece := func(text string, appended bool) a2a.Event {
			return &a2a.TaskArtifactUpdateEvent{Append: appended,
				Artifact: &a2a.Artifact{ArtifactID: "a", Parts: []a2a.Part{a2a.TextPart(text)}}}
		}
		_ = do(tasks.Step{Events: []a2a.Event{piece("Yes,", false)}}) &&
			do(tasks.Step{Events: []a2a.Event{piece("they do.", true),
				say(a2a.TaskStateCompleted, "Done.")}})
	case strings.Contains(asked, "somebody"):
		do(tasks.Step{Events: []a2a.Event{say(a2a.TaskStateInputRequired, "Who?")}})
	default:
		do(tasks.Step{Events: []a2a.Event{say(a2a.TaskStateAuthRequired, "Please approve.")},
			Checkpoint: []byte("c"), Park: true})
	}
	return err
}

// plant is an agent with all that belongs to it. It can be restarted, and connections to it can be
// cut.
type plant struct {
	t      *testing.T
	memory tasks.Memory
	card   *a2a.AgentCard

	mu     sync.Mutex
	engine *tasks.Engine
	server http.Handler
	cut    context.CancelFunc // ends the connections there are
	life   context.Context
}

func newPlant(t *testing.T, tongue string, streaming bool) *plant {
	p := &plant{t: t, card: card(func(c *a2a.AgentCard) {
		c.Description, c.DefaultInputModes, c.DefaultOutputModes = "d", []string{"text/plain"},
			[]string{"text/plain"}
		c.Capabilities.Streaming = &streaming
		c.SupportedInterfaces[0].ProtocolVersion = tongue
		if tongue == a2a.BindingHTTPJSON {
			c.SupportedInterfaces[0] = a2a.AgentInterface{URL: agentURL + "/a2a/rest",
				ProtocolBinding: tongue, ProtocolVersion: "1.0"}
		}
	})}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *plant) start() {
	engine, err := tasks.NewEngine(tasks.Config{Store: &p.memory, Executor: script{},
		InputModes: []string{"text/plain"}, Opening: "Looking…"})
	if err != nil {
		p.t.Fatal(err)
	}
	server, err := a2asrv.New(a2asrv.Config{Card: p.card, Engine: engine, Verifier: verifier{},
		Scope: scope, Path: "/a2a"})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := engine.Resume(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.engine, p.server = engine, server
	p.life, p.cut = context.WithCancel(context.Background())
}

func (p *plant) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.engine.Shutdown(ctx); err != nil {
		p.t.Error(err)
	}
}

// restart is a deploy that takes a while.
func (p *plant) restart(pause time.Duration) {
	p.stop()
	p.mu.Lock()
	p.server = http.HandlerFunc(a2asrv.NotReady)
	p.mu.Unlock()
	time.Sleep(pause)
	p.memory.Reopen()
	p.start()
}

func (p *plant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	server := p.server
	p.mu.Unlock()
	server.ServeHTTP(w, r)
}

// RoundTrip is the network: a body ends with an error when connections are cut.
func (p *plant) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := inProcess{p}.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	life := p.life
	p.mu.Unlock()
	body := res.Body.(*pipeBody)
	stop := context.AfterFunc(life, func() {
		_ = body.CloseWithError(io.ErrUnexpectedEOF)
		body.cancel(errGone)
	})
	res.Body = &lineBody{body, stop}
	return res, nil
}

type lineBody struct {
	*pipeBody
	off func() bool
}

func (b *lineBody) Close() error { b.off(); return b.pipeBody.Close() }

func (p *plant) breakConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
	p.life, p.cut = context.WithCancel(context.Background())
}

func (p *plant) approve(id a2a.TaskID) {
	if err := p.engine.Wake(p.t.Context(), id, "approved"); err != nil {
		p.t.Error(err)
	}
}

// client resolves the card and makes a client of it, as a program does.
func (p *plant) client(who holder) *a2aclient.Client {
	p.t.Helper()
	conf := config(p.t, p)
	conf.Tokens = who
	found, err := a2aclient.Resolve(p.t.Context(), conf.HTTPClient, conf.Base)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := a2aclient.New(found, conf)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func ask(text string) *a2a.SendMessageRequest {
	return &a2a.SendMessageRequest{Message: &a2a.Message{MessageID: a2a.NewMessageID(),
		Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart(text)}}}
}

func TestRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		why    string
		stream bool
		// meanwhile happens while the approval is awaited, and approves.
		meanwhile func(p *plant, id a2a.TaskID)
	}{
		{"approved in the stream", true, func(p *plant, id a2a.TaskID) { p.approve(id) }},
		{"approved while the client polls", false, func(p *plant, id a2a.TaskID) { p.approve(id) }},
		{"approved after the connection broke", true, func(p *plant, id a2a.TaskID) {
			p.breakConnections()
			time.Sleep(time.Minute)
			p.approve(id)
		}},
		{"approved before the client is back", true, func(p *plant, id a2a.TaskID) {
			p.approve(id)
			p.breakConnections()
		}},
		{"approved after a restart", true, func(p *plant, id a2a.TaskID) {
			p.restart(3 * time.Minute)
			time.Sleep(time.Minute)
			p.approve(id)
		}},
		{"approved after a restart, while the client polls", false, func(p *plant, id a2a.TaskID) {
			p.restart(3 * time.Minute)
			p.approve(id)
		}},
		{"approved after an hour, though the token was good for an hour", true,
			func(p *plant, id a2a.TaskID) {
				time.Sleep(70 * time.Minute)
				p.approve(id)
			}},
	} {
		for _, version := range tongues {
			t.Run(tt.why+" in "+version, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newPlant(t, version, tt.stream)
					var whole a2aclient.Assembler
					waited, ended := false, 0
					for event, err := range p.client("bank").Follow(t.Context(), ask("jdoe?")) {
						if err != nil {
							t.Fatal(err)
						}
						whole.Add(event)
						state := whole.Task().Status.State
						if state == a2a.TaskStateAuthRequired && !waited {
							waited = true
							id := whole.Task().ID
							go func() {
								synctest.Wait()
								tt.meanwhile(p, id)
							}()
						}
						if state.Terminal() {
							ended++
						}
					}
					got := whole.Task()
					if !waited || ended != 1 || got.Status.State != a2a.TaskStateCompleted {
						t.Fatalf("waited %v, ended %d times, task %s", waited, ended,
							got.AppendJSON(nil))
					}
					if len(got.Artifacts) != 1 || got.Artifacts[0].Text() != "Yes,\nthey do." {
						t.Errorf("task %s", got.AppendJSON(nil))
					}
				})
			})
		}
	}
}

func TestRoundTripOfTheOtherOperations(t *testing.T) {
	for _, version := range tongues {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlant(t, version, true)
				c := p.client("bank")

				var whole a2aclient.Assembler
				for event, err := range c.Follow(t.Context(), ask("somebody?")) {
					if err != nil {
						t.Fatal(err)
					}
					whole.Add(event)
				}
				first := whole.Task()
				if first.Status.State != a2a.TaskStateInputRequired ||
					first.Status.Message.Text() != "Who?" {
					t.Fatalf("task %s", first.AppendJSON(nil))
				}
				second := ask("jdoe")
				second.Message.TaskID, second.Message.ContextID = first.ID, first.ContextID
				event, err := c.SendMessage(t.Context(), second)
				if err != nil || name(event) != "task AUTH_REQUIRED" ||
					event.(*a2a.Task).ID != first.ID {
					t.Fatalf("%v, error %v", event, err)
				}

				got, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: first.ID})
				if err != nil || got.Status.State != a2a.TaskStateAuthRequired ||
					len(got.History) == 0 {
					t.Errorf("task %v, error %v", got, err)
				}
				page, err := c.ListTasks(t.Context(), &a2a.ListTasksRequest{})
				if version != "0.3" && (err != nil || len(page.Tasks) != 1) || version == "0.3" &&
					!errors.Is(err, a2a.ErrMethodNotFound) {
					t.Errorf("page %v, error %v", page, err)
				}
				if _, err := p.client("insurer").GetTask(t.Context(),
					&a2a.GetTaskRequest{ID: first.ID}); !errors.Is(err, a2a.ErrTaskNotFound) {
					t.Errorf("another caller: error %v", err)
				}
				if _, err := heard(t, p.client("insurer").Watch(t.Context(), first.ID)); !errors.Is(
					err, a2a.ErrTaskNotFound) {
					t.Errorf("another caller watches: error %v", err)
				}
				for who, status := range map[holder]int{"stranger": 401, "visitor": 403} {
					_, err := heard(t, p.client(who).Watch(t.Context(), first.ID))
					var answered *a2aclient.HTTPError
					if !errors.As(err, &answered) || answered.Status != status ||
						!errors.Is(err, a2a.ErrUnauthenticated) || answered.Challenge == "" {
						t.Errorf("%s: error %v", who, err)
					}
				}
				canceled, err := c.CancelTask(t.Context(), &a2a.CancelTaskRequest{ID: first.ID})
				if err != nil || canceled.Status.State != a2a.TaskStateCanceled {
					t.Errorf("task %v, error %v", canceled, err)
				}
				if told, err := heard(t, c.Watch(t.Context(), first.ID)); told != "task CANCELED" ||
					err != nil {
					t.Errorf("told %q, error %v", told, err)
				}
			})
		})
	}
}
