package a2aclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// dialects runs a test in both versions, with the spelling of its own.
func dialects(
	t *testing.T, test func(t *testing.T, change func(*a2a.AgentCard), spell func(string) string),
) {
	t.Run("1.0", func(t *testing.T) {
		test(t, func(*a2a.AgentCard) {}, func(s string) string { return s })
	})
	t.Run("0.3", func(t *testing.T) { test(t, of03, old) })
}

func TestErrorsOfAnswers(t *testing.T) {
	raw := func(body string) func(*call) { return answer(200, "application/json", body) }
	for _, tt := range []struct {
		why  string
		part func(*call)
		want error
	}{
		{"an error with the call's id", fail(-32001, "gone"), a2a.ErrTaskNotFound},
		{"an error with null for an id: the agent could not read ours",
			raw(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}`), a2a.ErrParse},
		{"an error without an id", raw(`{"jsonrpc":"2.0","error":{"code":-32600,"message":"?"}}`),
			a2a.ErrInvalidRequest},
		{"an error with another id",
			raw(`{"jsonrpc":"2.0","id":99,"error":{"code":-32001,"message":"?"}}`),
			a2a.ErrInvalidAgentResponse},
		{"an error under an unknown number", fail(-31401, "?"), a2a.ErrUnknown},
		{"a server's own error is not one of credentials", fail(-32000, "?"), a2a.ErrUnknown},
		{"a result with another id", raw(`{"jsonrpc":"2.0","id":99,"result":` +
			plainTask("WORKING") + `}`), a2a.ErrInvalidAgentResponse},
		{"a result with null for an id", raw(`{"jsonrpc":"2.0","id":null,"result":` +
			plainTask("WORKING") + `}`), a2a.ErrInvalidAgentResponse},
		{"a result with the id as a text", raw(`{"jsonrpc":"2.0","id":"1","result":` +
			plainTask("WORKING") + `}`), a2a.ErrInvalidAgentResponse},
		{"a result and an error",
			raw(`{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":-32001,"message":"?"}}`),
			a2a.ErrInvalidAgentResponse},
		{"neither", raw(`{"jsonrpc":"2.0","id":1}`), a2a.ErrInvalidAgentResponse},
		{"not JSON-RPC", raw(plainTask("WORKING")), a2a.ErrInvalidAgentResponse},
		{"a member twice", raw(`{"jsonrpc":"2.0","id":1,"result":{"id":"t1","id":"t2"}}`),
			a2a.ErrInvalidAgentResponse},
		{"HTML", answer(200, "text/html", "<html>Please log in"), a2a.ErrInvalidAgentResponse},
		{"nothing", raw(""), a2a.ErrInvalidAgentResponse},
		{"more than 8 MiB", raw(strings.Repeat(" ", 8<<20+1)), a2a.ErrInvalidAgentResponse},
		{"a task without an id", result(`{"status":{"state":"TASK_STATE_WORKING"}}`),
			a2a.ErrInvalidAgentResponse},
	} {
		t.Run(tt.why, func(t *testing.T) {
			dialects(t, func(t *testing.T, change func(*a2a.AgentCard), spell func(string) string) {
				a := newAgent(t).on(spell("GetTask"), tt.part).on(spell("SubscribeToTask"), tt.part)
				c := client(t, a, change)
				task, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"})
				if task != nil || !errors.Is(err, tt.want) {
					t.Errorf("task %v, error %v, want %v", task, err, tt.want)
				}
				if told, err := heard(t, c.SubscribeToTask(t.Context(), about("t1"))); told != "" ||
					!errors.Is(err, tt.want) {
					t.Errorf("as the answer to a streaming call: told %q, error %v, want %v", told,
						err, tt.want)
				}
			})
		})
	}
}

func TestStatuses(t *testing.T) {
	rpc := `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No."}}`
	for _, tt := range []struct {
		why      string
		status   int
		header   http.Header
		body     string
		requests int
		retry    time.Duration
		inside   error
	}{
		{"401 is tried once more with a fresh token, and then told", 401,
			http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}}, rpc, 2, 0,
			a2a.ErrUnauthenticated},
		{"401 without a body", 401, nil, "", 2, 0, nil},
		{"403 is final at once", 403, nil, rpc, 1, 0, a2a.ErrUnauthenticated},
		{"429 tells when to come back", 429, http.Header{"Retry-After": {"7"}}, rpc, 1,
			7 * time.Second, a2a.ErrUnavailable},
		{"which is bounded", 429, http.Header{"Retry-After": {"99999999"}}, "", 1,
			5 * time.Minute, nil},
		{"and ignored when it makes no sense", 429, http.Header{"Retry-After": {"-1"}}, "", 1,
			0, nil},
		{"an error of the protocol under another status", 404, nil,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"gone"}}`, 1, 0,
			a2a.ErrTaskNotFound},
		{"an error of the other binding, or of a gateway", 400, nil,
			`{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"bad"}}`, 1, 0,
			a2a.ErrUnknown},
		{"a body that is none", 500, nil, `{"error":"bad"}`, 1, 0, nil},
		{"a success without content", 204, nil, "", 1, 0, nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			for _, call := range []string{"GetTask", "SubscribeToTask", "SendMessage",
				"SendStreamingMessage"} {
				n := newNetwork(t,
					map[string]http.Handler{"agent.example": http.HandlerFunc(
						func(w http.ResponseWriter, _ *http.Request) {
							for k, v := range tt.header {
								w.Header()[k] = v
							}
							w.WriteHeader(tt.status)
							_, _ = io.WriteString(w, tt.body)
						})})
				c := connect(t, n)
				var err error
				switch call {
				case "GetTask":
					_, err = c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"})
				case "SubscribeToTask":
					_, err = heard(t, c.SubscribeToTask(t.Context(), about("t1")))
				case "SendMessage":
					_, err = c.SendMessage(t.Context(), question())
				default:
					_, err = heard(t, c.SendStreamingMessage(t.Context(), question()))
				}
				var answered *a2aclient.HTTPError
				if !errors.As(err, &answered) || answered.Status != tt.status ||
					answered.RetryAfter != tt.retry {
					t.Fatalf("%s: error %#v", call, err)
				}
				if answered.Challenge != tt.header.Get("WWW-Authenticate") {
					t.Errorf("%s: challenge %q", call, answered.Challenge)
				}
				if !errors.Is(err, tt.inside) && tt.inside != nil || tt.inside == nil &&
					answered.Err != nil {
					t.Errorf("%s: inside is %v, want %v", call, answered.Err, tt.inside)
				}
				seen := n.seen["agent.example"]
				if len(seen) != tt.requests {
					t.Errorf("%s: %d requests, want %d", call, len(seen), tt.requests)
				}
				for i, token := range []string{"Bearer token-1", "Bearer token-2"}[:len(seen)] {
					if got := seen[i].Header.Get("Authorization"); got != token {
						t.Errorf("%s: request %d with %q", call, i+1, got)
					}
				}
			}
		})
	}
}

func TestARefusedTokenIsReplaced(t *testing.T) {
	a := newAgent(t).on("GetTask", answer(401, "text/plain", ""), result(plainTask("WORKING")))
	if _, err := client(t, a).GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"}); err != nil {
		t.Error(err)
	}
	if first, second := a.calls[0], a.calls[1]; string(first.Params) != string(second.Params) ||
		!first.ID.Equal(second.ID) {
		t.Error("the second request is not the first")
	}
}

func TestRetryAfterAsADate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t).on("GetTask", func(c *call) {
			c.Header().Set("Retry-After",
				time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))
			c.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := client(t, a).GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"})
		var answered *a2aclient.HTTPError
		if !errors.As(err, &answered) || answered.RetryAfter != 90*time.Second {
			t.Errorf("error %#v", err)
		}
	})
}

// failing is a transport that fails for so long.
func failing(
	err error, until time.Duration, tries *[]time.Duration, then http.RoundTripper,
) http.RoundTripper {
	start := time.Now()
	return transportFunc(func(req *http.Request) (*http.Response, error) {
		*tries = append(*tries, time.Since(start))
		if time.Since(start) < until {
			return nil, err
		}
		return then.RoundTrip(req)
	})
}

func TestPatience(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tt := range []struct {
		why  string
		err  error
		from time.Duration // when the agent is there
		long time.Duration // how long the call took
		ok   bool
	}{
		{"an agent that starts is waited for", dial(syscall.ECONNREFUSED), 2 * time.Second,
			2 * time.Second, true},
		{"until the last moment", dial(syscall.ECONNREFUSED), 15 * time.Second,
			15 * time.Second, true},
		{"and no longer", dial(syscall.ECONNREFUSED), time.Hour, 15 * time.Second, false},
		{"a name server that is out of order may come back",
			dial(&net.DNSError{Err: "timeout", IsTimeout: true}), 2 * time.Second,
			2 * time.Second, true},
		{"a name that does not exist will not",
			dial(&net.DNSError{Err: "no such host", IsNotFound: true}), time.Hour, 0, false},
		{"a connection that broke may have brought the message",
			&net.OpError{Op: "read", Err: syscall.ECONNRESET}, time.Hour, 0, false},
		{"so may one that ended", io.ErrUnexpectedEOF, time.Hour, 0, false},
		{"a loopback name that leads elsewhere is no place for credentials",
			dial(oauth.ErrInsecureURL), time.Hour, 0, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var tries []time.Duration
				a := newAgent(t).on("SendMessage", result(task("COMPLETED")))
				start := time.Now()
				_, err := connect(t, failing(tt.err, tt.from, &tries, inProcess{a})).SendMessage(
					t.Context(), question())
				if (err == nil) != tt.ok || err != nil && !errors.Is(err, tt.err) ||
					time.Since(start) != tt.long {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
				if len(a.calls) > 1 {
					t.Errorf("the message arrived %d times", len(a.calls))
				}
			})
		})
	}
}

func TestAnAgentThatSays503IsWaitedForAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &timeline{start: time.Now()}
		say := func(seconds string) func(*call) {
			return l.mark(func(c *call) {
				c.Header().Set("Retry-After", seconds)
				c.WriteHeader(http.StatusServiceUnavailable)
			})
		}
		a := newAgent(t).on("SendMessage", say(""), say("1"), say("60"), say("60"))
		_, err := client(t, a).SendMessage(t.Context(), question())
		var answered *a2aclient.HTTPError
		if !errors.As(err, &answered) || answered.Status != 503 ||
			answered.RetryAfter != time.Minute {
			t.Errorf("error %#v", err)
		}
		// a last time when patience ends
		want := []time.Duration{0, 250 * time.Millisecond, 1250 * time.Millisecond,
			15 * time.Second}
		for i, at := range l.at {
			if i >= len(want) || at != want[i] {
				t.Fatalf("tried at %v, want %v", l.at, want)
			}
		}
	})
}

func TestWithoutPatienceNothingIsWaitedFor(t *testing.T) {
	a := newAgent(t).on("SendMessage", answer(503, "text/plain", ""))
	conf := config(t, inProcess{a})
	conf.Patience = 0
	c, err := a2aclient.New(card(), conf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendMessage(t.Context(), question()); err == nil || len(a.calls) != 1 {
		t.Errorf("%d calls, error %v", len(a.calls), err)
	}
}

func TestACallThatIsNotAnsweredEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(c *call) { <-c.r.Context().Done() }
		a := newAgent(t).on("SendMessage", silent).on("SendStreamingMessage", silent,
			func(c *call) {
				answer(200, "application/json", `{"jsonrpc"`)(c)
				silent(c)
			})
		c := client(t, a)
		for _, call := range []func() error{
			func() error { _, err := c.SendMessage(t.Context(), question()); return err },
			func() error {
				_, err := heard(t, c.SendStreamingMessage(t.Context(), question()))
				return err
			},
			func() error {
				_, err := heard(t, c.SendStreamingMessage(t.Context(), question()))
				return err
			},
		} {
			start := time.Now()
			err := call()
			var unreachable *a2aclient.UnreachableError
			if !errors.As(err, &unreachable) || time.Since(start) != 90*time.Second {
				t.Errorf("ended after %v with %v", time.Since(start), err)
			}
		}
	})
}

func TestTheDeadlineOfTheCallerIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a := newAgent(t).on("SendMessage", func(c *call) { <-c.r.Context().Done() })
		_, err := client(t, a).SendMessage(ctx, question())
		var unreachable *a2aclient.UnreachableError
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &unreachable) {
			t.Errorf("error %v", err)
		}
	})
}

func TestCalls(t *testing.T) {
	dialects(t, func(t *testing.T, change func(*a2a.AgentCard), _ func(string) string) {
		a := newAgent(t).
			on("ListTasks", result(`{"tasks":[`+plainTask("WORKING")+
				`],"nextPageToken":"","pageSize":50,"totalSize":1}`)).
			on("CancelTask", result(plainTask("CANCELED"))).on("tasks/cancel",
			result(oldTask("canceled")))
		c := client(t, a, change)
		page, err := c.ListTasks(t.Context(), &a2a.ListTasksRequest{})
		switch {
		case c.Version() == wire.Version03 && !errors.Is(err, a2a.ErrMethodNotFound):
			t.Errorf("0.3 has no list: error %v", err)
		case c.Version() == wire.Version10 && (err != nil || len(page.Tasks) != 1):
			t.Errorf("page %v, error %v", page, err)
		}
		canceled, err := c.CancelTask(t.Context(), &a2a.CancelTaskRequest{ID: "t1"})
		if err != nil || canceled.Status.State != a2a.TaskStateCanceled {
			t.Errorf("task %v, error %v", canceled, err)
		}
	})
}

func TestWhatTheAgentMustRefuseIsNotSent(t *testing.T) {
	c := connect(t, newNetwork(t, nil))
	empty := &a2a.SendMessageRequest{}
	_, list := c.ListTasks(t.Context(), &a2a.ListTasksRequest{PageSize: new(int32)})
	_, get := c.GetTask(t.Context(), &a2a.GetTaskRequest{})
	_, cancel := c.CancelTask(t.Context(), &a2a.CancelTaskRequest{})
	_, send := c.SendMessage(t.Context(), empty)
	_, stream := heard(t, c.SendStreamingMessage(t.Context(), empty))
	_, subscribe := heard(t, c.SubscribeToTask(t.Context(), about("")))
	_, follow := heard(t, c.Follow(t.Context(), empty))
	_, watch := heard(t, c.Watch(t.Context(), ""))
	for i, err := range []error{list, get, cancel, send, stream, subscribe, follow, watch} {
		if !errors.Is(err, a2a.ErrInvalidParams) {
			t.Errorf("%d: error %v", i, err)
		}
	}
}
