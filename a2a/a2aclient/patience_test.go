package a2aclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
)

// TestABusyAgentIsAskedAgain is about the first answer to a message. It is sent again with its id,
// within the client's patience, and then the last answer is what is told.
func TestABusyAgentIsAskedAgain(t *testing.T) {
	for _, status := range []int{429, 502, 503} {
		for _, after := range []string{"", "2", "3600"} {
			for _, change := range []func(*a2a.AgentCard){func(*a2a.AgentCard) {}, noStream} {
				t.Run(fmt.Sprint(status, " ", after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						busy := func(c *call) {
							if after != "" {
								c.Header().Set("Retry-After", after)
							}
							c.WriteHeader(status)
						}
						const send, stream = "SendMessage", "SendStreamingMessage"
						start := time.Now()
						a := newAgent(t).on(send, busy, result(task("COMPLETED"))).on(stream, busy,
							streamed(task("COMPLETED")))
						if told, err := heard(t, client(t, a, change).Follow(t.Context(),
							question())); told != "task COMPLETED" || err != nil {
							t.Errorf("told %q, error %v", told, err)
						}
						if len(a.calls) != 2 ||
							string(a.calls[0].Params) != string(a.calls[1].Params) ||
							time.Since(start) > a2aclient.DefaultPatience {
							t.Errorf("%d calls in %v", len(a.calls), time.Since(start))
						}

						start = time.Now()
						a = newAgent(t).on(send, busy).on(stream, busy)
						_, err := heard(t, client(t, a, change).Follow(t.Context(), question()))
						var answered *a2aclient.HTTPError
						if !errors.As(err, &answered) || answered.Status != status ||
							time.Since(start) != a2aclient.DefaultPatience {
							t.Errorf("after %v: %v", time.Since(start), err)
						}
						if n := len(a.calls); n < 2 || n > 10 {
							t.Errorf("it was asked %d times", n)
						}
					})
				})
			}
		}
	}
}

func TestABusyAgentIsLeftWhenTheCallerHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t).on("SendStreamingMessage", answer(429, "text/plain", ""))
		cause := errors.New("Ctrl-C")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		start := time.Now()
		if _, err := heard(t, client(t, a).Follow(ctx, question())); !errors.Is(err, cause) ||
			time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestStreamsThatEndAtOnceAreComeBackToLessOften demands a pause that grows, whatever those streams
// tell before they end.
func TestStreamsThatEndAtOnceAreComeBackToLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		a := newAgent(t).on("SendStreamingMessage", streamed(task("WORKING"))).
			on("SubscribeToTask",
				streamed(task("WORKING"), status("WORKING"), artifact("news", false)))
		if _, err := heard(t, client(t, a).Follow(ctx, question())); !errors.Is(err,
			context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if n := len(a.calls); n < 5 || n > 13 {
			t.Errorf("%d calls in a minute", n)
		}
	})
}

// TestWhatAnAgentMaySend is about bounds that are the reader's: beginning a stream anew moves none
// of them.
func TestWhatAnAgentMaySend(t *testing.T) {
	many := func(n int) func(*call) {
		events := make([]string, n)
		for i := range events {
			events[i] = status("WORKING")
		}
		return streamed(append([]string{task("WORKING")}, events...)...)
	}
	parts := func(n int) string {
		return fmt.Sprintf(
			`{"artifactUpdate":{"taskId":"t1","append":true,"artifact":{"artifactId":"a","parts":[%s{"text":""}]}}}`, strings.Repeat(`{"text":""},`, n-1))
	}
	for _, tt := range []struct {
		why  string
		part func(*call)
		told int // events at most
	}{
		{"events of one stream", many(10_100), 10_000},
		{"parts of one stream", streamed(task("WORKING"), parts(60_000), parts(60_000)), 2},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a := newAgent(t).on("SendStreamingMessage", tt.part)
			n := 0
			for _, err := range client(t, a).SendStreamingMessage(t.Context(), question()) {
				if err == nil {
					n++
				} else if !errors.Is(err, a2a.ErrInvalidAgentResponse) {
					t.Errorf("error %v", err)
				}
			}
			if n > tt.told {
				t.Errorf("%d events were taken", n)
			}
		})
	}
	t.Run("events of all streams together", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			a := newAgent(t).on("SendStreamingMessage", many(4_000)).on("SubscribeToTask",
				many(4_000)).on("GetTask", result(plainTask("COMPLETED")))
			n := 0
			for _, err := range client(t, a).Follow(ctx, question()) {
				if n++; err != nil {
					t.Errorf("error %v", err) // the task is read instead
				}
			}
			if n > 10_001 || !strings.HasSuffix(a.methods(), "GetTask") {
				t.Errorf("%d events", n)
			}
		})
	})
}

// TestOlderCards is about agents whose card stands where it did before 0.3, or is served by
// something that does not know what it is.
func TestOlderCards(t *testing.T) {
	for _, status := range []int{200, 401, 403, 404, 500} {
		for _, older := range []int{200, 404} {
			var asked []string
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Path)
				if r.URL.Path == "/hr/.well-known/agent.json" {
					serveCard(older, "text/plain; charset=utf-8", "\ufeff"+plainCard)(w, r)
					return
				}
				serveCard(status, "text/plain", "\ufeff"+plainCard)(w, r)
			})
			_, err := a2aclient.Resolve(t.Context(), &http.Client{Transport: inProcess{h}},
				parse(t, agentURL+"/hr"))
			wantAsked, ok := 1, status == 200
			if status >= 400 && status < 500 {
				wantAsked, ok = 2, older == 200
			}
			if (err == nil) != ok || len(asked) != wantAsked {
				t.Errorf("%d, then %d: error %v after %q", status, older, err, asked)
			}
			var answered *a2aclient.HTTPError
			if !ok && (!errors.As(err, &answered) || answered.Status != status) {
				t.Errorf("%d, then %d: error %v, want the first", status, older, err)
			}
		}
	}
}

func TestInterfacesMayBeRelative(t *testing.T) {
	for raw, want := range map[string]string{
		"/a2a":                   agentURL + "/a2a",
		"a2a":                    agentURL + "/hr/.well-known/a2a",
		"../a2a/v1":              agentURL + "/hr/a2a/v1",
		"//agent.example/x":      "", // by whose scheme?
		"https://agent.example/": agentURL + "/",
		"//evil.example/x":       "",
		"http:a2a":               "",
		"":                       "",
	} {
		var called string
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			called = "https://" + r.URL.Host + r.URL.Path
			w.WriteHeader(http.StatusNotFound)
		})
		conf := config(t, inProcess{h})
		conf.Base = parse(t, agentURL+"/hr")
		c, err := a2aclient.New(card(func(c *a2a.AgentCard) {
			c.SupportedInterfaces[0].URL = raw
		}), conf)
		if err == nil {
			_, _ = c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1"})
		}
		var unusable *a2aclient.CardError
		if called != want || (err != nil) != (want == "") || err != nil &&
			!errors.As(err, &unusable) {
			t.Errorf("%q: called %q, want %q; error %v", raw, called, want, err)
		}
		if raw == "//evil.example/x" && (unusable == nil || unusable.Elsewhere != raw) {
			t.Errorf("the address found is not told: %v", err)
		}
	}
}
