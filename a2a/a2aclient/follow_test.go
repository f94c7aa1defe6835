package a2aclient_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
)

// old spells what the tests say of 1.0 in 0.3.
func old(line string) string {
	return strings.NewReplacer("SendStreamingMessage", "message/stream", "SendMessage",
		"message/send", "SubscribeToTask", "tasks/resubscribe",
		"GetTask", "tasks/get").Replace(line)
}

func oldTask(state string) string {
	return `{"kind":"task","id":"t1","contextId":"c1","status":{"state":"` + state + `"}}`
}

func oldStatus(state string) string {
	return `{"kind":"status-update","taskId":"t1","contextId":"c1","final":false,"status":{"state":"` + state + `"}}`
}

func TestFollow(t *testing.T) {
	const (
		send      = "SendStreamingMessage"
		subscribe = "SubscribeToTask"
		get       = "GetTask"
	)
	overloaded := answer(503, "text/plain", "")
	for _, tt := range []struct {
		why     string
		change  func(*a2a.AgentCard)
		agent   func(a *agent)
		told    string
		err     error
		methods string
	}{
		{
			why: "a stream that ends with its task is all there is",
			agent: func(a *agent) {
				a.on(send, streamed(task("SUBMITTED"), status("WORKING"), artifact("Yes.", false),
					status("COMPLETED")))
			},
			told: "task SUBMITTED, WORKING, artifact Yes., COMPLETED", methods: send,
		},
		{
			why: "an agent may answer with a message alone",
			agent: func(a *agent) {
				a.on(send, streamed(
					`{"message":{"messageId":"x","role":"ROLE_AGENT","parts":[{"text":"Hello."}]}}`))
			},
			told: "message Hello.", methods: send,
		},
		{
			why: "a message within a task does not end it",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"),
					`{"message":{"messageId":"x","role":"ROLE_AGENT","parts":[{"text":"Soon."}]}}`,
					status("COMPLETED")))
			},
			told: "task WORKING, message Soon., COMPLETED", methods: send,
		},
		{
			why: "a question of the agent is the caller's turn, though the stream stays open",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"), status("INPUT_REQUIRED"), status("WORKING")))
			},
			told: "task WORKING, INPUT_REQUIRED", methods: send,
		},
		{
			why: "AUTH_REQUIRED is somebody else's turn: the stream goes on, and is resumed when " +
				"it ends there",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"), status("AUTH_REQUIRED")))
				a.on(subscribe, streamed(task("AUTH_REQUIRED"), status("WORKING"),
					status("COMPLETED")))
			},
			told:    "task WORKING, AUTH_REQUIRED, task AUTH_REQUIRED, WORKING, COMPLETED",
			methods: send + " " + subscribe,
		},
		{
			why: "an unknown state is not the end",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"), status("PAUSED_FOR_LUNCH"),
					status("COMPLETED")))
			},
			told: "task WORKING, UNSPECIFIED, COMPLETED", methods: send,
		},
		{
			why: "a stream that ends in good order without its task's end is resumed",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING")))
				a.on(subscribe, streamed(task("WORKING"), status("COMPLETED")))
			},
			told: "task WORKING, task WORKING, COMPLETED", methods: send + " " + subscribe,
		},
		{
			why: "a stream that is cut is resumed, again and again",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, cutAfter(), cutAfter(task("WORKING"), artifact("Ye", false)),
					streamed(task("WORKING"), status("COMPLETED")))
			},
			told:    "task WORKING, task WORKING, artifact Ye, task WORKING, COMPLETED",
			methods: send + strings.Repeat(" "+subscribe, 3),
		},
		{
			why: "a task that ended meanwhile is read, and told to have ended once",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, fail(-32004, "it has ended"))
				a.on(get, result(plainTask("COMPLETED")))
			},
			told: "task WORKING, task COMPLETED", methods: send + " " + subscribe + " " + get,
		},
		{
			why: "the end in the snapshot is the end",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, streamed(task("REJECTED"), status("REJECTED")))
			},
			told: "task WORKING, task REJECTED", methods: send + " " + subscribe,
		},
		{
			why: "an agent of 0.3 need not send the task first: it is read before, and at the " +
				"end, which is told once",
			change: of03,
			agent: func(a *agent) {
				a.on(old(send), cutAfter(oldTask("submitted")))
				a.on(old(subscribe), streamed(oldStatus("auth-required"), oldStatus("completed")))
				a.on(old(get), result(oldTask("working")), result(oldTask("completed")))
			},
			told:    "task SUBMITTED, task WORKING, AUTH_REQUIRED, task COMPLETED",
			methods: old(strings.Join([]string{send, get, subscribe, get}, " ")),
		},
		{
			why: "one that has ended is not subscribed to, for agents of 0.3 have many words " +
				"for that",
			change: of03,
			agent: func(a *agent) {
				a.on(old(send), cutAfter(oldTask("working")))
				a.on(old(get), result(oldTask("completed")))
			},
			told: "task WORKING, task COMPLETED", methods: old(send + " " + get),
		},
		{
			why: "an agent of 1.0 that forgets to send the task first loses nothing either",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, streamed(artifact("they do.", true), status("COMPLETED")))
				a.on(get, result(plainTask("COMPLETED")))
			},
			told: "task WORKING, artifact they do., task COMPLETED", methods: send + " " +
				subscribe + " " + get,
		},
		{
			why: "an agent that streams and cannot subscribe is polled",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, fail(-32601, "no such method"))
				a.on(get, result(plainTask("WORKING")), result(plainTask("COMPLETED")))
			},
			told:    "task WORKING, task COMPLETED",
			methods: strings.Join([]string{send, subscribe, get, get, get}, " "),
		},
		{
			why: "an event that cannot be read does not lose the task",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"), `{"hologram":{}}`))
				a.on(get, result(plainTask("COMPLETED")))
			},
			told:    "task WORKING, task COMPLETED",
			methods: strings.Join([]string{send, get, get}, " "),
		},
		{
			why:    "an agent without streaming is polled, and unchanged tasks are not told again",
			change: noStream,
			agent: func(a *agent) {
				a.on("SendMessage", result(task("SUBMITTED")))
				a.on(get, result(plainTask("SUBMITTED")), result(plainTask("SUBMITTED")),
					result(plainTask("WORKING")), result(plainTask("COMPLETED")))
			},
			told: "task SUBMITTED, task WORKING, task COMPLETED", methods: "SendMessage" +
				strings.Repeat(" "+get, 5),
		},
		{
			why:   "an agent that answers a streaming call with plain JSON has answered",
			agent: func(a *agent) { a.on(send, result(task("COMPLETED"))) },
			told:  "task COMPLETED", methods: send,
		},
		{
			why: "and its task is followed when it goes on",
			agent: func(a *agent) {
				a.on(send, result(task("WORKING")))
				a.on(subscribe, streamed(task("COMPLETED")))
			},
			told: "task WORKING, task COMPLETED", methods: send + " " + subscribe,
		},
		{
			why: "events about another task do not end this one",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"), strings.ReplaceAll(status("COMPLETED"), "t1",
					"t2"), strings.ReplaceAll(task("FAILED"), "t1", "t2"), status("CANCELED")))
			},
			told: "task WORKING, COMPLETED, task FAILED, CANCELED", methods: send,
		},
		{
			why: "an event that names no task belongs to the one under way",
			agent: func(a *agent) {
				a.on(send, streamed(task("WORKING"),
					strings.ReplaceAll(status("COMPLETED"), "t1", "")))
			},
			told: "task WORKING, COMPLETED", methods: send,
		},
		{
			why:   "the message is not sent again when the answer is lost before a task is known",
			agent: func(a *agent) { a.on(send, cutAfter()) },
			err:   a2aclient.ErrCut, methods: send,
		},
		{
			why:   "nor when the agent fails before a task is known",
			agent: func(a *agent) { a.on(send, fail(-32603, "broken")) },
			err:   a2a.ErrInternal, methods: send,
		},
		{
			why: "an internal error in the midst of a task is not the task's end",
			agent: func(a *agent) {
				a.on(send, func(c *call) {
					streamed(task("WORKING"))(c)
					_ = wire.NewEventWriter(c.ResponseWriter).Send(
						[]byte(c.envelope(failure(-32603, "broken"))))
				})
				a.on(subscribe, streamed(task("COMPLETED")))
			},
			told: "task WORKING, task COMPLETED", methods: send + " " + subscribe,
		},
		{
			why: "an error of the agent about the message is the answer",
			agent: func(a *agent) {
				a.on(send, func(c *call) {
					streamed(task("WORKING"))(c)
					_ = wire.NewEventWriter(c.ResponseWriter).Send(
						[]byte(c.envelope(failure(-32005, "no pictures"))))
				})
			},
			told: "task WORKING", err: a2a.ErrContentTypeNotSupported, methods: send,
		},
		{
			why: "a task that is gone is given up",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, fail(-32001, "gone"))
				a.on(get, fail(-32001, "gone"))
			},
			told: "task WORKING", err: a2a.ErrTaskNotFound, methods: send + " " + subscribe +
				" " + get,
		},
		{
			why: "a token that is no longer taken is given up, after one attempt with a fresh one",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				a.on(subscribe, answer(401, "application/json",
					`{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Unauthorized"}}`))
			},
			told: "task WORKING", err: a2a.ErrUnauthenticated, methods: send + " " + subscribe +
				" " + subscribe,
		},
		{
			why: "an agent that restarts is waited for",
			agent: func(a *agent) {
				a.on(send, cutAfter(task("WORKING")))
				for range 200 {
					a.on(subscribe, overloaded)
				}
				a.on(subscribe, streamed(task("COMPLETED")))
			},
			told:    "task WORKING, task COMPLETED",
			methods: send + strings.Repeat(" "+subscribe, 201),
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAgent(t)
				tt.agent(a)
				if tt.change == nil {
					tt.change = func(*a2a.AgentCard) {}
				}
				told, err := heard(t, client(t, a, tt.change).Follow(t.Context(), question()))
				if told != tt.told {
					t.Errorf("told\n  %s\nwant\n  %s", told, tt.told)
				}
				if !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				if got := a.methods(); got != tt.methods {
					t.Errorf("called\n  %s\nwant\n  %s", got, tt.methods)
				}
			})
		})
	}
}

func TestWatch(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(*a2a.AgentCard)
		agent  func(a *agent)
		told   string
		err    error
	}{
		{
			why: "a task that goes on is watched to its end",
			agent: func(a *agent) {
				a.on("SubscribeToTask", streamed(task("WORKING"), status("COMPLETED")))
			},
			told: "task WORKING, COMPLETED",
		},
		{
			why: "one that has ended is shown",
			agent: func(a *agent) {
				a.on("SubscribeToTask", fail(-32004, "ended")).on("GetTask",
					result(plainTask("FAILED")))
			},
			told: "task FAILED",
		},
		{
			why:    "without streaming it is read",
			change: noStream,
			agent: func(a *agent) {
				a.on("GetTask", result(plainTask("WORKING")), result(plainTask("COMPLETED")))
			},
			told: "task WORKING, task COMPLETED",
		},
		{
			why: "an unknown one is not found",
			agent: func(a *agent) {
				a.on("SubscribeToTask", fail(-32001, "?")).on("GetTask", fail(-32001, "?"))
			},
			err: a2a.ErrTaskNotFound,
		},
		{
			why: "403 is final at once",
			agent: func(a *agent) {
				a.on("SubscribeToTask", answer(403, "application/json",
					`{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Forbidden"}}`))
			},
			err: a2a.ErrUnauthenticated,
		},
		{
			why:    "a fault while polling passes",
			change: noStream,
			agent: func(a *agent) {
				a.on("GetTask", fail(-32603, "?"), answer(502, "text/html", "?"),
					result(plainTask("COMPLETED")))
			},
			told: "task COMPLETED",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAgent(t)
				tt.agent(a)
				if tt.change == nil {
					tt.change = func(*a2a.AgentCard) {}
				}
				told, err := heard(t, client(t, a, tt.change).Watch(t.Context(), "t1"))
				if told != tt.told || !errors.Is(err, tt.err) {
					t.Errorf("told %q, error %v; want %q, %v", told, err, tt.told, tt.err)
				}
			})
		})
	}
}

func TestAFollowUpThatDoesNotArriveIsNotTakenForSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t).on("SendStreamingMessage", answer(502, "text/html", "no"))
		req := question()
		// which waits for input, and would be shown as if that were the answer
		req.Message.TaskID = "t1"
		told, err := heard(t, client(t, a).Follow(t.Context(), req))
		var answered *a2aclient.HTTPError
		if told != "" || !errors.As(err, &answered) || answered.Status != 502 {
			t.Errorf("told %q, error %v", told, err)
		}
	})
}

func TestAnAgentWithoutStreamingIsAskedToAnswerAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t).on("SendMessage", result(task("WORKING"))).
			on("GetTask", result(plainTask("WORKING")), result(plainTask("COMPLETED")))
		req := question()
		req.Configuration = &a2a.SendMessageConfiguration{AcceptedOutputModes: []string{"text/plain"}}
		if _, err := heard(t, client(t, a, noStream).Follow(t.Context(), req)); err != nil {
			t.Fatal(err)
		}
		if req.Configuration.ReturnImmediately {
			t.Error("the caller's request was changed")
		}
		var sent struct {
			Configuration struct {
				AcceptedOutputModes []string
				ReturnImmediately   bool
			}
		}
		if err := json.Unmarshal(a.calls[0].Params, &sent); err != nil {
			t.Fatal(err)
		}
		if !sent.Configuration.ReturnImmediately ||
			len(sent.Configuration.AcceptedOutputModes) != 1 {
			t.Errorf("sent %s", a.calls[0].Params)
		}
		for i, want := range []string{`{"id":"t1","historyLength":0}`,
			`{"id":"t1","historyLength":0}`, `{"id":"t1"}`} {
			if got := string(a.calls[i+1].Params); got != want {
				t.Errorf("read %d with %s, want %s: no history before the end, all of it then", i+1,
					got, want)
			}
		}
	})
}
