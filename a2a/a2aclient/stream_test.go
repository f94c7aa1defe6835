package a2aclient_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
)

// sse answers with the bytes of a stream.
func sse(body string) func(*call) { return answer(200, "text/event-stream; charset=utf-8", body) }

func TestHowAStreamEnds(t *testing.T) {
	event := func(e string) string {
		return `data: {"jsonrpc":"2.0","id":1,"result":` + e + "}\n\n"
	}
	errorEvent := func(code string) string {
		return `data: {"jsonrpc":"2.0","id":1,"error":{"code":` + code + `,"message":"?"}}` + "\n\n"
	}
	for _, tt := range []struct {
		why  string
		body string
		told string
		err  error
	}{
		{"with its task", event(task("WORKING")) + event(status("COMPLETED")),
			"task WORKING, COMPLETED", nil},
		{"and nothing is read after that", event(task("COMPLETED")) + "data: rubbish\n\n",
			"task COMPLETED", nil},
		{"with a question to the caller", event(task("WORKING")) + event(status("INPUT_REQUIRED")),
			"task WORKING, INPUT_REQUIRED", nil},
		{"before its task", event(task("WORKING")), "task WORKING", a2aclient.ErrCut},
		{"at an approval that somebody else has to give", event(task("AUTH_REQUIRED")),
			"task AUTH_REQUIRED", a2aclient.ErrCut},
		{"at an unknown state", event(task("PAUSED")), "task UNSPECIFIED", a2aclient.ErrCut},
		{"with half an event, which does not count", event(task("WORKING")) + strings.TrimSuffix(
			event(task("COMPLETED")), "\n"), "task WORKING", a2aclient.ErrCut},
		{"with nothing", "", "", a2aclient.ErrCut},
		{"with comments only", ": hello\n\n: hello\n\n", "", a2aclient.ErrCut},
		{"with an error event", event(task("WORKING")) + errorEvent("-32603"), "task WORKING",
			a2a.ErrInternal},
		{"with an error event that is called one", event(task("WORKING")) + "event: error\n" +
			errorEvent("-32005"), "task WORKING", a2a.ErrContentTypeNotSupported},
		{"with an error before anything else", errorEvent("-32001"), "", a2a.ErrTaskNotFound},
		{"with an error that has no id",
			`data: {"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"?"}}` + "\n\n", "",
			a2a.ErrTaskNotFound},
		{"with an event of another call", strings.Replace(event(task("WORKING")), `"id":1`,
			`"id":2`, 1), "", a2a.ErrInvalidAgentResponse},
		{"with an event that is none", "data: {}\n\n", "", a2a.ErrInvalidAgentResponse},
		{"with an event above 4 MiB", "data: " + strings.Repeat(" ", 5<<20) + "\n\n", "",
			a2a.ErrInvalidAgentResponse},
		{"with a message",
			event(`{"message":{"messageId":"x","role":"ROLE_AGENT","parts":[{"text":"Hi."}]}}`),
			"message Hi.", nil},
		{"with lines in any manner",
			"\ufeff: hi\r\n\r\nid: 7\r\nretry: 5\r\ndata: " +
				"{\"jsonrpc\":\"2.0\",\r\ndata:\"id\":1,\"result\":" + task("COMPLETED") +
				"}\r\n\r\n", "task COMPLETED", nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a := newAgent(t).on("SendStreamingMessage", sse(tt.body))
			told, err := heard(t, client(t, a).SendStreamingMessage(t.Context(), question()))
			if told != tt.told || !errors.Is(err, tt.err) {
				t.Errorf("told %q, error %v; want %q, %v", told, err, tt.told, tt.err)
			}
		})
	}
}

func TestAnErrorInsteadOfAStreamInEitherForm(t *testing.T) {
	dialects(t, func(t *testing.T, change func(*a2a.AgentCard), spell func(string) string) {
		for why, part := range map[string]func(*call){
			"JSON": fail(-32004, "?"),
			"an event": func(c *call) {
				_ = wire.NewEventWriter(c.ResponseWriter).Send(
					[]byte(c.envelope(failure(-32004, "?"))))
			},
		} {
			a := newAgent(t).on(spell("SubscribeToTask"), part)
			if _, err := heard(t, client(t, a, change).SubscribeToTask(t.Context(),
				about("t1"))); !errors.Is(err, a2a.ErrUnsupportedOperation) {
				t.Errorf("%s: error %v", why, err)
			}
			if accept := a.calls[0].r.Header.Get(
				"Accept"); accept != "text/event-stream, application/json" {
				t.Errorf("accepts %q", accept)
			}
		}
	})
}

func TestAnAgentThatDoesNotStreamIsNotAskedTo(t *testing.T) {
	c := connect(t, newNetwork(t, nil), noStream)
	if _, err := heard(t, c.SendStreamingMessage(t.Context(), question())); !errors.Is(err,
		a2a.ErrUnsupportedOperation) {
		t.Errorf("error %v", err)
	}
}

func TestSilence(t *testing.T) {
	beat := func(pause time.Duration, times int, line string) func(*call) {
		return func(c *call) {
			streamed(task("WORKING"))(c)
			for range times {
				time.Sleep(pause)
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
			<-c.r.Context().Done()
		}
	}
	for _, tt := range []struct {
		why  string
		part func(*call)
		long time.Duration
	}{
		{"cuts a stream after 45 s", beat(0, 0, ""), 45 * time.Second},
		{"from the first moment", func(c *call) {
			sse("")(c)
			<-c.r.Context().Done()
		}, 45 * time.Second},
		{"is broken by comments", beat(15*time.Second, 100, ": keep-alive\n\n"),
			1545 * time.Second},
		{"is broken by parts of an event", beat(44*time.Second, 5, "data: "), 265 * time.Second},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				a := newAgent(t).on("SendStreamingMessage", tt.part)
				_, err := heard(t, client(t, a).SendStreamingMessage(t.Context(), question()))
				if !errors.Is(err, a2aclient.ErrCut) || time.Since(start) != tt.long {
					t.Errorf("ended after %v with %v, want %v", time.Since(start), err, tt.long)
				}
			})
		})
	}
}

func TestAStreamHasNoEndButItsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t).on("SendStreamingMessage", func(c *call) {
			streamed(task("AUTH_REQUIRED"))(c)
			for range 24 * 60 * 4 {
				time.Sleep(15 * time.Second)
				_, _ = io.WriteString(c, ": keep-alive\n\n")
			}
			streamed(status("COMPLETED"))(c)
		})
		told, err := heard(t, client(t, a).SendStreamingMessage(t.Context(), question()))
		if told != "task AUTH_REQUIRED, COMPLETED" || err != nil {
			t.Errorf("after a day: told %q, error %v", told, err)
		}
	})
}

func TestAReaderThatTakesItsTimeIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t).on("SendStreamingMessage",
			streamed(task("WORKING"), artifact("Yes.", false), status("COMPLETED")))
		n := 0
		for _, err := range client(t, a).SendStreamingMessage(t.Context(), question()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			time.Sleep(10 * time.Minute) // somebody reads a prompt
		}
		if n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

func TestAStreamWithoutBoundIsGivenUp(t *testing.T) {
	a := newAgent(t).on("SendStreamingMessage", func(c *call) {
		streamed(task("WORKING"))(c)
		line := ":" + strings.Repeat(" ", 1<<20) + "\n\n"
		for range 65 {
			if _, err := io.WriteString(c, line); err != nil {
				return
			}
		}
		<-c.r.Context().Done()
	})
	told, err := heard(t, client(t, a).SendStreamingMessage(t.Context(), question()))
	if told != "task WORKING" || !errors.Is(err, a2a.ErrInvalidAgentResponse) {
		t.Errorf("told %q, error %v", told, err)
	}
}
