package a2aclient_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
)

// ofREST makes the card one of HTTP+JSON.
func ofREST(c *a2a.AgentCard) {
	c.SupportedInterfaces = []a2a.AgentInterface{{URL: agentURL + "/rest",
		ProtocolBinding: a2a.BindingHTTPJSON, ProtocolVersion: "1.0"}}
}

// said is what a client has sent.
type said struct {
	verb, target, body string
	header             http.Header
}

// scripted is an agent that gives one answer to everything, and what was said to it.
func scripted(status int, media, body string) (http.Handler, *[]said) {
	heard := &[]said{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		*heard = append(*heard, said{r.Method, r.URL.RequestURI(), string(text), r.Header})
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}), heard
}

// Every operation has its path, its query and its body (§5.3, §11.3), with the tenant of the
// interface in front, whatever is in an id.
func TestWhatIsSentOverHTTPJSON(t *testing.T) {
	n := int32(2)
	size, yes := int32(5), true
	after := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const jsonAnswer, streamAnswer = "application/json, application/a2a+json",
		"text/event-stream, application/json, application/a2a+json"
	for _, tt := range []struct {
		why                  string
		call                 func(*a2aclient.Client) error
		answer               string
		verb, target, accept string
		body                 string
	}{
		{"a message", func(c *a2aclient.Client) error {
			_, err := c.SendMessage(t.Context(), question())
			return err
		}, task("WORKING"),
			"POST", "/rest/hr/message:send", jsonAnswer,
			`{"message":{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"Does jdoe work here?"}]}}`},
		{"a message that is to be streamed", func(c *a2aclient.Client) error {
			_, err := heard(t, c.SendStreamingMessage(t.Context(), question()))
			return err
		}, task("COMPLETED"), "POST", "/rest/hr/message:stream", streamAnswer,
			`{"message":{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"Does jdoe work here?"}]}}`},
		{"a task", func(c *a2aclient.Client) error {
			_, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1", HistoryLength: &n})
			return err
		}, plainTask("WORKING"), "GET", "/rest/hr/tasks/t1?historyLength=2", jsonAnswer, ""},
		{"a task with an odd id", func(c *a2aclient.Client) error {
			_, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "../ü?a#b:cancel"})
			return err
		}, plainTask("WORKING"), "GET", "/rest/hr/tasks/..%2F%C3%BC%3Fa%23b%3Acancel",
			jsonAnswer, ""},
		{"tasks", func(c *a2aclient.Client) error {
			_, err := c.ListTasks(t.Context(), &a2a.ListTasksRequest{
				ContextID: "a b&c", Status: a2a.TaskStateCompleted, PageSize: &size,
				PageToken: "+/=", HistoryLength: &n, StatusTimestampAfter: after,
				IncludeArtifacts: &yes,
			})
			return err
		}, `{"tasks":[],"nextPageToken":"","pageSize":5,"totalSize":0}`, "GET",
			"/rest/hr/tasks?contextId=a+b%26c&historyLength=2&includeArtifacts=true&pageSize=5&pageToken=%2B%2F%3D&status=TASK_STATE_COMPLETED&statusTimestampAfter=2026-01-02T03%3A04%3A05.000Z",
			jsonAnswer, ""},
		{"a cancellation", func(c *a2aclient.Client) error {
			_, err := c.CancelTask(t.Context(),
				&a2a.CancelTaskRequest{ID: "t1", Metadata: a2a.Struct(`{"why":"x"}`)})
			return err
		}, plainTask("CANCELED"), "POST", "/rest/hr/tasks/t1:cancel", jsonAnswer,
			`{"metadata":{"why":"x"}}`},
		{"a cancellation with nothing to say", func(c *a2aclient.Client) error {
			_, err := c.CancelTask(t.Context(), &a2a.CancelTaskRequest{ID: "t1"})
			return err
		}, plainTask("CANCELED"), "POST", "/rest/hr/tasks/t1:cancel", jsonAnswer, `{}`},
		{"a subscription", func(c *a2aclient.Client) error {
			_, err := heard(t, c.SubscribeToTask(t.Context(), about("t1")))
			return err
		},
			task("COMPLETED"), "POST", "/rest/hr/tasks/t1:subscribe", streamAnswer, ""},
		{"the extended card", func(c *a2aclient.Client) error {
			_, err := c.ExtendedCard(t.Context())
			return err
		},
			`{"name":"more","supportedInterfaces":[{"url":"https://agent.example/","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]}`,
			"GET", "/rest/hr/extendedAgentCard", jsonAnswer, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			h, got := scripted(200, wire.JSONType, tt.answer)
			c := client(t, h, ofREST, func(c *a2a.AgentCard) {
				c.SupportedInterfaces[0].Tenant = "hr"
				c.Capabilities.ExtendedAgentCard = &yes
			})
			if err := tt.call(c); err != nil {
				t.Fatal(err)
			}
			s := (*got)[0]
			if s.verb != tt.verb || s.target != tt.target || s.body != tt.body ||
				s.header.Get("Accept") != tt.accept {
				t.Errorf("%s %s %s, accepts %q", s.verb, s.target, s.body, s.header.Get("Accept"))
			}
			if s.header.Get("A2A-Version") != "1.0" ||
				s.header.Get("Authorization") != "Bearer token-1" ||
				(s.header.Get("Content-Type") == "application/json") != (tt.body != "") {
				t.Errorf("headers %v", s.header)
			}
		})
	}
}

// The agent chooses the ids that a client calls it by. One that would lead elsewhere is not sent.
func TestIdsThatCannotBePartOfAPath(t *testing.T) {
	c := connect(t, newNetwork(t, nil), ofREST)
	for _, id := range []a2a.TaskID{".", ".."} {
		if _, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: id}); !errors.Is(err,
			a2a.ErrInvalidParams) {
			t.Errorf("%s: error %v", id, err)
		}
	}
}

func TestAnInterfaceWithAQueryKeepsIt(t *testing.T) {
	h, got := scripted(200, "application/json", plainTask("WORKING"))
	c := client(t, h, ofREST, func(c *a2a.AgentCard) {
		c.SupportedInterfaces[0].URL = agentURL + "/rest/?key=1"
	})
	for _, n := range []*int32{nil, new(int32)} {
		if _, err := c.GetTask(t.Context(),
			&a2a.GetTaskRequest{ID: "t1", HistoryLength: n}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := (*got)[0].target, (*got)[1].target; a != "/rest/tasks/t1?key=1" ||
		b != "/rest/tasks/t1?historyLength=0&key=1" {
		t.Errorf("%s and %s", a, b)
	}
}

func statusBody(code, status, reason string) string {
	details := ""
	if reason != "" {
		details = `,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` +
			reason + `","domain":"a2a-protocol.org","metadata":{"a":"b"}}]`
	}
	return `{"error":{"code":` + code + `,"status":"` + status + `","message":"?"` + details + `}}`
}

// Errors of the protocol come with a status, and are the same errors as over JSON-RPC (§5.1,
// §11.6): what the agent has said counts, and not the status of its version of the specification.
// What somebody before the agent says is an HTTPError.
func TestErrorsOverHTTPJSON(t *testing.T) {
	for _, tt := range []struct {
		why    string
		status int
		body   string
		want   error
		http   bool // it is an HTTPError
	}{
		{"a task that is not there", 404, statusBody("404", "NOT_FOUND", "TASK_NOT_FOUND"),
			a2a.ErrTaskNotFound, false},
		{"under the status of 1.0.0", 409, statusBody("409", "FAILED_PRECONDITION",
			"TASK_NOT_CANCELABLE"), a2a.ErrTaskNotCancelable, false},
		{"under the status of 1.0.1", 400, statusBody("400", "FAILED_PRECONDITION",
			"TASK_NOT_CANCELABLE"), a2a.ErrTaskNotCancelable, false},
		{"a reason of somebody else", 400, strings.Replace(statusBody("400", "X", "TASK_NOT_FOUND"),
			"a2a-protocol.org", "example.com", 1), a2a.ErrInvalidParams, false},
		{"wrong parameters", 400, statusBody("400", "INVALID_ARGUMENT", ""), a2a.ErrInvalidParams,
			false},
		{"a fault", 500, statusBody("500", "INTERNAL", ""), a2a.ErrInternal, false},
		{"no such route", 404, statusBody("404", "NOT_FOUND", ""), a2a.ErrMethodNotFound, true},
		{"too many calls", 429, statusBody("429", "RESOURCE_EXHAUSTED", ""),
			a2a.ErrUnavailable, true},
		{"no scope", 403, statusBody("403", "PERMISSION_DENIED", ""), a2a.ErrUnauthenticated, true},
		{"no words", 404, "", nil, true},
		{"words of somebody else", 404, "<html>", nil, true},
		{"an error that is none", 404, `{"error":"no"}`, nil, true},
		{"an error under 200", 200, statusBody("404", "NOT_FOUND", "TASK_NOT_FOUND"),
			a2a.ErrTaskNotFound, false},
		{"an error under 200 that is none", 200, `{"error":"no"}`, a2a.ErrInvalidAgentResponse,
			false},
		{"a list", 200, `[]`, a2a.ErrInvalidAgentResponse, false},
		{"nothing", 200, ``, a2a.ErrInvalidAgentResponse, false},
		{"a member twice", 200, `{"id":"t1","id":"t2"}`, a2a.ErrInvalidAgentResponse, false},
		{"a task without an id", 200, `{}`, a2a.ErrInvalidAgentResponse, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			h, _ := scripted(tt.status, "application/json", tt.body)
			c := client(t, h, ofREST)
			_, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"})
			_, streamed := heard(t, c.SubscribeToTask(t.Context(), about("t1")))
			for _, err := range []error{err, streamed} {
				var answered *a2aclient.HTTPError
				if tt.want != nil && !errors.Is(err, tt.want) ||
					errors.As(err, &answered) != tt.http || tt.http &&
					answered.Status != tt.status {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// Events are bare, and an error among them ends the stream.
func TestAStreamOverHTTPJSON(t *testing.T) {
	h, _ := scripted(200, "text/event-stream", "data: "+task("WORKING")+"\n\n: hi\n\ndata: "+
		statusBody("500", "INTERNAL", "")+"\n\n")
	told, err := heard(t, client(t, h, ofREST).SendStreamingMessage(t.Context(), question()))
	if told != "task WORKING" || !errors.Is(err, a2a.ErrInternal) {
		t.Errorf("told %q, error %v", told, err)
	}
}

// Text and proto of the specification differ in the verb of subscribe, and so do agents.
func TestSubscribeIsTriedWithTheOtherVerb(t *testing.T) {
	var verbs []string
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if verbs = append(verbs, r.Method); r.Method != http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", wire.EventStream)
		_, _ = io.WriteString(w, "data: "+task("COMPLETED")+"\n\n")
	}), ofREST)
	told, err := heard(t, c.SubscribeToTask(t.Context(), about("t1")))
	if told != "task COMPLETED" || err != nil || strings.Join(verbs, " ") != "POST GET" {
		t.Errorf("told %q, error %v, verbs %v", told, err, verbs)
	}
}

// Where nobody is at the first interface, the next one is taken, and kept (§5.2, CLI-3). An agent
// that has refused has answered.
func TestFallback(t *testing.T) {
	both := func(c *a2a.AgentCard) {
		c.SupportedInterfaces = []a2a.AgentInterface{
			{URL: agentURL + "/rest", ProtocolBinding: a2a.BindingHTTPJSON, ProtocolVersion: "1.0"},
			{URL: agentURL + "/a2a", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "1.0",
				Tenant: "hr"},
		}
	}
	for _, tt := range []struct {
		why      string
		status   int
		body     string
		pinned   string
		fallback bool
	}{
		{"nothing is there", 404, "<html>", "", true},
		{"the route is unknown", 404, statusBody("404", "NOT_FOUND", ""), "", true},
		{"the method is unknown", 501, "", "", true},
		{"a gateway has lost it", 503, "", "", true},
		{"the task is unknown", 404, statusBody("404", "NOT_FOUND", "TASK_NOT_FOUND"), "", false},
		{"the agent is busy", 503, statusBody("503", "UNAVAILABLE", ""), "", false},
		{"the caller may not", 403, "", "", false},
		{"something went wrong, nobody knows when", 502, "", "", false},
		{"the binding is pinned", 404, "", a2a.BindingHTTPJSON, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				a := newAgent(t).on("GetTask", result(plainTask("WORKING")))
				first := 0
				conf := config(t,
					inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/a2a" {
							a.ServeHTTP(w, r)
							return
						}
						first++
						w.WriteHeader(tt.status)
						_, _ = io.WriteString(w, tt.body)
					})})
				conf.Binding = tt.pinned
				c, err := a2aclient.New(card(both), conf)
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"})
				if (err == nil) != tt.fallback {
					t.Fatalf("error %v", err)
				}
				if time.Since(start) > a2aclient.DefaultPatience {
					t.Errorf("it took %v", time.Since(start))
				}
				if !tt.fallback {
					return
				}
				before := first
				if _, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"}); err != nil ||
					first != before {
					t.Errorf("the second call: error %v, %d requests to where nobody is", err,
						first-before)
				}
				if c.Binding() != a2a.BindingJSONRPC ||
					string(a.calls[0].Params) != `{"tenant":"hr","id":"t1"}` {
					t.Errorf("%s with %s", c.Binding(), a.calls[0].Params)
				}
			})
		})
	}
	t.Run("nowhere is anybody", func(t *testing.T) {
		h, got := scripted(404, "text/html", "<html>")
		var answered *a2aclient.HTTPError
		if _, err := client(t, h, both).GetTask(t.Context(),
			&a2a.GetTaskRequest{ID: "t1"}); !errors.As(err, &answered) || len(*got) != 2 {
			t.Errorf("error %v after %d requests", err, len(*got))
		}
	})
}

// Extensions that both sides know are asked for, in the header of the version (§4.6.3). One that is
// required and not known is a reason not to call at all.
func TestExtensions(t *testing.T) {
	known, needed, foreign := "https://x.example/known", "https://x.example/needed",
		"https://x.example/foreign"
	declare := func(c *a2a.AgentCard) {
		c.Capabilities.Extensions = []a2a.AgentExtension{{URI: foreign}, {URI: known},
			{URI: needed, Required: true}}
	}
	for header, change := range map[string]func(
		*a2a.AgentCard){"A2a-Extensions": func(*a2a.AgentCard) {}, "X-A2a-Extensions": of03} {
		a := newAgent(t).on("GetTask", result(plainTask("WORKING"))).on("tasks/get",
			result(oldTask("working")))
		conf := config(t, inProcess{a})
		conf.Extensions = []string{needed, known, "https://x.example/absent"}
		c, err := a2aclient.New(card(declare, change), conf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"}); err != nil {
			t.Fatal(err)
		}
		if got := a.calls[0].r.Header[header]; len(got) != 1 || got[0] != known+", "+needed {
			t.Errorf("%s: %q", header, got)
		}
	}
	conf := config(t, nil)
	conf.Extensions = []string{known}
	var unusable *a2aclient.CardError
	if _, err := a2aclient.New(card(declare), conf); !errors.As(err, &unusable) ||
		!strings.Contains(err.Error(), needed) {
		t.Errorf("error %v", err)
	}
}

func TestExtendedCard(t *testing.T) {
	yes := true
	more := func(c *a2a.AgentCard) { c.Capabilities.ExtendedAgentCard = &yes }
	const newer = `{"name":"more","supportedInterfaces":[{"url":"https://agent.example/","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]}`
	a := newAgent(t).on("GetExtendedAgentCard", result(newer)).
		on("agent/getAuthenticatedExtendedCard",
			result(`{"protocolVersion":"0.3.0","name":"more","url":"https://agent.example/"}`))
	for _, change := range []func(*a2a.AgentCard){func(*a2a.AgentCard) {}, of03} {
		if got, err := client(t, a, more, change).ExtendedCard(t.Context()); err != nil ||
			got.Name != "more" || len(got.SupportedInterfaces) != 1 {
			t.Errorf("card %v, error %v", got, err)
		}
	}
	if _, err := connect(t, newNetwork(t, nil)).ExtendedCard(t.Context()); !errors.Is(err,
		a2a.ErrUnsupportedOperation) {
		t.Errorf("an agent without one was asked: %v", err)
	}
}
