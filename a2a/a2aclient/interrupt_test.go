package a2aclient_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
)

func TestTheReaderMayStopAtAnyEvent(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(*a2a.AgentCard)
	}{
		{"of a stream", func(*a2a.AgentCard) {}},
		{"of polling", noStream},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
				a := newAgent(t).
					on("SendStreamingMessage", cutAfter(task("SUBMITTED"))).
					on("SendMessage", result(task("SUBMITTED"))).
					on("SubscribeToTask", func(c *call) {
						streamed(task("WORKING"), artifact("Ye", false))(c)
						<-c.r.Context().Done()
					}).
					on("GetTask", result(plainTask("WORKING")))
				for stop := range 2 {
					n := 0
					for _, err := range client(t, a, tt.change).Follow(t.Context(), question()) {
						if err != nil {
							t.Fatal(err)
						}
						if n++; n > stop {
							break
						}
					}
				}
			})
		})
	}
}

func TestAContextThatEndsIsTheCauseWhateverIsGoingOn(t *testing.T) {
	silent := func(c *call) { <-c.r.Context().Done() }
	for _, tt := range []struct {
		why    string
		change func(*a2a.AgentCard)
		agent  func(a *agent)
	}{
		{"before the answer", nil, func(a *agent) { a.on("SendStreamingMessage", silent) }},
		{"in a stream", nil, func(a *agent) {
			a.on("SendStreamingMessage", func(c *call) { streamed(task("WORKING"))(c); silent(c) })
		}},
		{"in a stream that was resumed", nil, func(a *agent) {
			a.on("SendStreamingMessage", cutAfter(task("WORKING"))).
				on("SubscribeToTask", func(c *call) { streamed(task("WORKING"))(c); silent(c) })
		}},
		{"while waiting to come back", nil, func(a *agent) {
			a.on("SendStreamingMessage", cutAfter(task("WORKING"))).on("SubscribeToTask",
				cutAfter())
		}},
		{"while waiting for an agent that starts", nil, func(a *agent) {
			a.on("SendStreamingMessage", func(c *call) {
				c.Header().Set("Retry-After", "10")
				c.WriteHeader(503)
			})
		}},
		{"in an answer that does not come to its end", noStream, func(a *agent) {
			a.on("SendMessage", func(c *call) {
				answer(200, "application/json", `{"jsonrpc":`)(c)
				silent(c)
			})
		}},
		{"while polling", noStream, func(a *agent) {
			a.on("SendMessage", result(task("WORKING"))).on("GetTask", silent)
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAgent(t)
				tt.agent(a)
				if tt.change == nil {
					tt.change = func(*a2a.AgentCard) {}
				}
				cause := errors.New("Ctrl-C")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(5*time.Second+time.Millisecond, func() { cancel(cause) })
				start := time.Now()
				_, err := heard(t, client(t, a, tt.change).Follow(ctx, question()))
				if !errors.Is(err, cause) || time.Since(start) != 5*time.Second+time.Millisecond {
					t.Errorf("ended after %v with %v", time.Since(start), err)
				}
			})
		})
	}
}
