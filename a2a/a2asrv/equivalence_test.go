package a2asrv_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/wire"
)

// tongue is one way to say a call.
type tongue struct {
	dialect *wire.Dialect
	rest    bool
}

func (g tongue) String() string {
	if g.rest {
		return a2a.BindingHTTPJSON
	}
	return a2a.BindingJSONRPC + " " + g.dialect.Version
}

// speaker calls one agent in one tongue. What it hears comes back as the nouns of package a2a, so
// that tongues can be compared.
type speaker struct {
	t *testing.T
	*agent
	tongue
	names *names
}

// request spells a call. In HTTP+JSON it goes the way of clients, through wire.NewTarget.
func request[Req, Res any](s *speaker, m *wire.Method[Req, Res], req Req) *http.Request {
	s.t.Helper()
	if !s.rest {
		body, err := m.AppendRequest(nil, wire.ID(`"x"`), req)
		if err != nil {
			s.t.Fatal(err)
		}
		r := post(string(body), "bank")
		r.Header.Set("A2A-Version", s.dialect.Version)
		return r
	}
	params, err := m.Params.Append(nil, req)
	if err != nil {
		s.t.Fatal(err)
	}
	target, err := wire.NewTarget(m.Name, params)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(target.Verb, "/rest"+target.Path, bytes.NewReader(target.Body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer bank")
	return r
}

// decoded reads one response of either binding.
func decoded[Req, Res any](
	s *speaker, m *wire.Method[Req, Res], status int, body []byte,
) (Res, error) {
	var none Res
	if s.rest {
		r, err := wire.DecodeBare(body)
		switch {
		case err != nil:
			return none, err
		case r.Error != nil:
			return none, wire.DecodeStatus(r.Error, status)
		}
		return m.DecodeResult(r.Result)
	}
	r, err := wire.DecodeResponse(body)
	switch {
	case err != nil:
		return none, err
	case r.Error != nil:
		told := wire.DecodeError(r.Error)
		if status == http.StatusServiceUnavailable { // its number is that of other errors as well
			told.Err = a2a.ErrUnavailable
		}
		return none, told
	}
	return m.DecodeResult(r.Result)
}

// said is the whole answer to a call in one line: what came, and the error that it ended with, with
// stable names for ids.
func said[Req, Res any](s *speaker, m *wire.Method[Req, Res], req Req) string {
	s.t.Helper()
	if m.Name == "" {
		return "(not in this version)"
	}
	w := serve(s.server, request(s, m, req))
	var lines []string
	add := func(body []byte) {
		res, err := decoded(s, m, w.Code, body)
		lines = append(lines, s.names.replace(line(s.t, res, err)))
	}
	if w.Header().Get("Content-Type") == wire.EventStream {
		for event, err := range wire.Events(w.Body) {
			if err != nil {
				s.t.Fatal(err)
			}
			add(event.Data)
		}
	} else {
		body, _ := io.ReadAll(w.Body)
		add(body)
	}
	return strings.Join(lines, "\n")
}

// line writes a result as 1.0 does. Errors are told by their meaning, for numbers, statuses and
// sentences belong to the tongues.
func line(t *testing.T, res any, err error) string {
	var told *a2a.Error
	if errors.As(err, &told) {
		return fmt.Sprintf("%v %v %v", told.Err, told.Violations, told.Metadata)
	}
	if err != nil {
		t.Fatal(err)
	}
	if event, ok := res.(a2a.Event); ok {
		return string(a2a.AppendEvent(nil, event))
	}
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func asks(text string, change ...func(*a2a.SendMessageRequest)) *a2a.SendMessageRequest {
	req := &a2a.SendMessageRequest{Message: &a2a.Message{MessageID: "m", Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart(text)}}}
	for _, c := range change {
		c(req)
	}
	return req
}

// SEC-3, §5.1: whatever the tongue, the same calls have the same results and the same errors, in
// the same order.
func TestTonguesSayTheSame(t *testing.T) {
	question := "Does jdoe@staff0.com work here?"
	steps := []struct {
		why string
		// newer calls have no word in 0.3, or another one.
		newer bool
		say   func(s *speaker, last a2a.TaskID) string
	}{
		{"a question that needs an approval", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SendMessage, asks(question))
		}},
		{"the task", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.GetTask, &a2a.GetTaskRequest{ID: id})
		}},
		{"the task without its history", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.GetTask,
				&a2a.GetTaskRequest{ID: id, HistoryLength: new(int32)})
		}},
		{"a remark", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.SendMessage,
				asks("Thank you.", func(q *a2a.SendMessageRequest) {
					q.Message.TaskID = id
				}))
		}},
		{"a remark in another context", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.SendMessage, asks("Hm.", func(q *a2a.SendMessageRequest) {
				q.Message.TaskID, q.Message.ContextID = id, "another"
			}))
		}},
		{"a page of tasks", true, func(s *speaker, _ a2a.TaskID) string {
			size, yes := int32(1), true
			return said(s, &s.dialect.ListTasks, &a2a.ListTasksRequest{
				PageSize: &size, Status: a2a.TaskStateAuthRequired, IncludeArtifacts: &yes,
				StatusTimestampAfter: time.Now().Add(-time.Hour),
			})
		}},
		{"a page that is too large", true, func(s *speaker, _ a2a.TaskID) string {
			size := int32(101)
			return said(s, &s.dialect.ListTasks, &a2a.ListTasksRequest{PageSize: &size})
		}},
		{"a page token that is none", true, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.ListTasks, &a2a.ListTasksRequest{PageToken: "x/y?"})
		}},
		{"the end of the task, in a subscription", false, func(s *speaker, id a2a.TaskID) string {
			go func() {
				synctest.Wait()
				if err := s.engine.Wake(s.t.Context(), id, "approve"); err != nil {
					s.t.Error(err)
				}
			}()
			return said(s, &s.dialect.SubscribeToTask, &a2a.SubscribeToTaskRequest{ID: id})
		}},
		{"a subscription to what has ended", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.SubscribeToTask, &a2a.SubscribeToTaskRequest{ID: id})
		}},
		{"a cancellation of what has ended", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.CancelTask, &a2a.CancelTaskRequest{ID: id})
		}},
		{"a message to what has ended", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.SendStreamingMessage,
				asks("And now?", func(q *a2a.SendMessageRequest) {
					q.Message.TaskID = id
				}))
		}},
		{"an answer in a stream", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SendStreamingMessage, asks("Answer now."))
		}},
		{"a question back in a stream", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SendStreamingMessage, asks("Does she work here?"))
		}},
		{"a cancellation", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.CancelTask,
				&a2a.CancelTaskRequest{ID: id, Metadata: a2a.Struct(`{"why":"enough"}`)})
		}},
		{"a second one", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.CancelTask, &a2a.CancelTaskRequest{ID: id})
		}},
		{"a task that nobody has", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.GetTask, &a2a.GetTaskRequest{ID: "no/where"})
		}},
		{"watching it", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SubscribeToTask, &a2a.SubscribeToTaskRequest{ID: "nowhere"})
		}},
		{"a history that is less than nothing", false, func(s *speaker, id a2a.TaskID) string {
			n := int32(-1)
			return said(s, &s.dialect.GetTask, &a2a.GetTaskRequest{ID: id, HistoryLength: &n})
		}},
		{"a message without parts", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SendMessage, asks("", func(q *a2a.SendMessageRequest) {
				q.Message.Parts = []a2a.Part{}
			}))
		}},
		{"a picture", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SendStreamingMessage,
				asks("", func(q *a2a.SendMessageRequest) {
					q.Message.Parts = []a2a.Part{{Kind: a2a.PartRaw, Raw: []byte("x"),
						MediaType: "image/png"}}
				}))
		}},
		{"letters of all kinds", false, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.SendMessage,
				asks("Answer now.", func(q *a2a.SendMessageRequest) {
					q.Message.Metadata, q.Message.MessageID = a2a.Struct(`{"ü\"":"日本\u2028<&>"}`),
						"ü日"
				}))
		}},
		{"a fault of the agent", false, func(s *speaker, id a2a.TaskID) string {
			s.store.broken.Store(true)
			defer s.store.broken.Store(false)
			return said(s, &s.dialect.GetTask, &a2a.GetTaskRequest{ID: id})
		}},
		{"a webhook", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.CreateTaskPushNotificationConfig,
				&a2a.TaskPushNotificationConfig{TaskID: id, URL: "https://x.example/"})
		}},
		{"that webhook", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.GetTaskPushNotificationConfig,
				&a2a.GetTaskPushNotificationConfigRequest{TaskID: id, ID: "c"})
		}},
		{"all webhooks", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.ListTaskPushNotificationConfigs,
				&a2a.ListTaskPushNotificationConfigsRequest{TaskID: id})
		}},
		{"no webhook", false, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.DeleteTaskPushNotificationConfig,
				&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: id, ID: "c"})
		}},
		{"the extended card", true, func(s *speaker, _ a2a.TaskID) string {
			return said(s, &s.dialect.GetExtendedAgentCard, &a2a.GetExtendedAgentCardRequest{})
		}},
		{"another tenant", true, func(s *speaker, id a2a.TaskID) string {
			return said(s, &s.dialect.GetTask, &a2a.GetTaskRequest{ID: id, Tenant: "x"})
		}},
		{"an agent that stops", false, func(s *speaker, _ a2a.TaskID) string {
			s.shutdown(s.t)
			return said(s, &s.dialect.SendMessage, asks(question))
		}},
	}
	heard := map[tongue][]string{}
	tongues := []tongue{{wire.V10, false}, {wire.V10, true}, {wire.V03, false}}
	for _, g := range tongues {
		synctest.Test(t, func(t *testing.T) {
			s := &speaker{t, newAgent(t, notes["extended card"]), g,
				&names{real: map[string]string{}, given: map[string]string{}}}
			var last a2a.TaskID
			for _, step := range steps {
				got := step.say(s, last)
				heard[g] = append(heard[g], got)
				if _, rest, ok := strings.Cut(got, `"task":{"id":"`); ok {
					id, _, _ := strings.Cut(rest, `"`)
					last = a2a.TaskID(s.names.restore(id))
				}
			}
		})
	}
	for _, g := range tongues[1:] {
		for i, step := range steps {
			if step.newer && g.dialect == wire.V03 {
				continue
			}
			got, want := heard[g][i], heard[tongues[0]][i]
			if g.dialect == wire.V03 {
				// parts of data have none there
				want = strings.ReplaceAll(want, `,"mediaType":"application/json"`, "")
			}
			if got != want {
				t.Errorf("%s, in %s:\n%s\nbut in %s:\n%s", step.why, g, got, tongues[0], want)
			}
		}
	}
	for i, step := range steps { // equal answers could all be wrong
		if kind := strings.HasPrefix(heard[tongues[0]][i], "{"); kind != slices.Contains(
			[]int{0, 1, 2, 3, 5, 8, 12, 13, 14, 15, 21, 27}, i) {
			t.Errorf("%s: %s", step.why, heard[tongues[0]][i])
		}
	}
}

// What is no path of the binding, or is one that no client would send, is refused as everything is:
// with an error of the binding, and without a panic.
func FuzzREST(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/tasks", ""}, {"GET", "/tasks/t?historyLength=1", ""}, {"POST", "/message:send",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"Answer now."}]}}`},
		{"POST", "/message:stream",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"Answer now."}]}}`},
		{"POST", "/x/tasks/a%2Fb:cancel", "null"},
		{"GET", "/tasks/t:subscribe", ""}, {"DELETE", "/tasks/t/pushNotificationConfigs/c", ""},
		{"GET", "/extendedAgentCard", ""}, {"GET", "/tasks?pageSize=1&page_size=%00", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	a := newAgent(f, nil)
	f.Fuzz(func(t *testing.T, verb, path, body string) {
		r, err := http.NewRequest(verb, "http://agent/rest/"+strings.TrimPrefix(path, "/"),
			strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer bank")
		r.Header.Set("Content-Type", "application/json")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := serve(a.server, r.WithContext(ctx))
		if ctx.Err() != nil { // it has found a question that waits
			return
		}
		bodies := []string{w.Body.String()}
		if w.Header().Get("Content-Type") == wire.EventStream {
			bodies = strings.Split(strings.ReplaceAll(strings.TrimSuffix(w.Body.String(), "\n\n"),
				"data: ", ""), "\n\n")
		} else if w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%s %q: %v", verb, path, w.Header())
		}
		for _, b := range bodies {
			res, err := wire.DecodeBare([]byte(b))
			if err != nil || (res.Error != nil) != (w.Code != 200) {
				t.Fatalf("%s %q %q is answered with %d %q", verb, path, body, w.Code, b)
			}
		}
	})
}

// A request that never ends, or is too large, costs as little as over JSON-RPC, also where its body
// does not matter.
func TestBodiesOfRoutesAreBounded(t *testing.T) {
	for _, route := range []string{"POST /message:send", "POST /tasks/x:cancel", "GET /tasks/x",
		"DELETE /tasks/x/pushNotificationConfigs/c"} {
		verb, path, _ := strings.Cut(route, " ")
		t.Run(route, func(t *testing.T) {
			server := newAgent(t, nil).server
			for name, body := range map[string]io.Reader{
				"with its length": strings.NewReader(strings.Repeat(" ", a2asrv.MaxBodySize+1)),
				"without": io.MultiReader(
					strings.NewReader(strings.Repeat(" ", a2asrv.MaxBodySize+1))),
			} {
				r := httptest.NewRequest(verb, "/rest"+path, body)
				r.Header.Set("Authorization", "Bearer bank")
				r.Header.Set("Content-Type", "application/json")
				if w := serve(server, r); w.Code != http.StatusRequestEntityTooLarge ||
					!strings.Contains(w.Body.String(), `"code":413`) ||
					w.Header().Get("Connection") != "close" {
					t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				client := inMemory(t, newAgent(t, nil).server).client(t, false)
				body, never := io.Pipe()
				defer never.Close()
				r, _ := http.NewRequest(verb, "http://agent/rest"+path, body)
				r.Header.Set("Authorization", "Bearer bank")
				r.Header.Set("Content-Type", "application/json")
				start := time.Now()
				res, text := do(t, client, r)
				if res.StatusCode != http.StatusRequestTimeout ||
					!strings.Contains(text, "DEADLINE_EXCEEDED") ||
					time.Since(start).Truncate(time.Second) != a2asrv.BodyTimeout {
					t.Errorf("%s after %v: %s", res.Status, time.Since(start), text)
				}
			})
		})
	}
}
