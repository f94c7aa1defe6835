package wire_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// same compares two JSON texts by what they say.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatalf("%s, %s: %v", a, b, err)
	}
	return reflect.DeepEqual(x, y)
}

// arrive takes a target apart as a server does.
func arrive(t *testing.T, target *wire.Target) (wire.Route, json.RawMessage) {
	t.Helper()
	path, query, _ := strings.Cut(target.Path, "?")
	route, _ := wire.MatchRoute(target.Verb, path)
	params, err := route.Params(query, target.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", target.Verb, target.Path, err)
	}
	return route, params
}

// What one side spells the other side reads, for every operation of 1.0.
func TestRoutes(t *testing.T) {
	for _, tt := range []struct {
		method, params, verb, path string
		body                       string
	}{
		{"SendMessage", `{"message":{"messageId":"m"}}`, "POST", "/message:send",
			`{"message":{"messageId":"m"}}`},
		{"SendMessage", `{"tenant":"a/b","message":{}}`, "POST", "/a%2Fb/message:send",
			`{"message":{}}`},
		{"SendStreamingMessage", `{"message":{}}`, "POST", "/message:stream", `{"message":{}}`},
		{"GetTask", `{"id":"t"}`, "GET", "/tasks/t", ""},
		{"GetTask", `{"tenant":"tasks","id":"tasks","historyLength":3}`, "GET",
			"/tasks/tasks?historyLength=3&tenant=tasks", ""},
		{"CancelTask", `{"tenant":"tasks","id":"t"}`, "POST", "/tasks/t:cancel",
			`{"tenant":"tasks"}`},
		{"SendMessage", `{"tenant":"tasks","message":{}}`, "POST", "/message:send",
			`{"tenant":"tasks","message":{}}`},
		{"GetExtendedAgentCard", `{"tenant":"tasks"}`, "GET", "/extendedAgentCard?tenant=tasks",
			""},
		{"ListTasks", `{"tenant":"message:send"}`, "GET", "/message%3Asend/tasks", ""},
		{"ListTasks", `{"tenant":"tasks"}`, "GET", "/tasks?tenant=tasks", ""},
		{"ListTasks", `{}`, "GET", "/tasks", ""},
		{"ListTasks", `{"status":"TASK_STATE_WORKING","includeArtifacts":false,"pageSize":0}`,
			"GET", "/tasks?includeArtifacts=false&pageSize=0&status=TASK_STATE_WORKING", ""},
		{"CancelTask", `{"id":"t"}`, "POST", "/tasks/t:cancel", `{}`},
		{"CancelTask", `{"id":"t:subscribe","metadata":{"a":[1,"b"]}}`, "POST",
			"/tasks/t%3Asubscribe:cancel", `{"metadata":{"a":[1,"b"]}}`},
		{"SubscribeToTask", `{"id":"t"}`, "POST", "/tasks/t:subscribe", ""},
		{"CreateTaskPushNotificationConfig", `{"taskId":"t","url":"https://x/","id":"c"}`, "POST",
			"/tasks/t/pushNotificationConfigs", `{"url":"https://x/","id":"c"}`},
		{"ListTaskPushNotificationConfigs", `{"taskId":"t","pageSize":5}`, "GET",
			"/tasks/t/pushNotificationConfigs?pageSize=5", ""},
		{"GetTaskPushNotificationConfig", `{"taskId":"t","id":"c/d"}`, "GET",
			"/tasks/t/pushNotificationConfigs/c%2Fd", ""},
		{"DeleteTaskPushNotificationConfig", `{"tenant":"x","taskId":"t","id":"c"}`, "DELETE",
			"/x/tasks/t/pushNotificationConfigs/c", ""},
		{"GetExtendedAgentCard", `{}`, "GET", "/extendedAgentCard", ""},
	} {
		target, err := wire.NewTarget(tt.method, json.RawMessage(tt.params))
		if err != nil {
			t.Fatalf("%s: %v", tt.method, err)
		}
		if target.Verb != tt.verb || target.Path != tt.path || string(target.Body) != tt.body {
			t.Errorf("%s %s is %s %s %s", tt.method, tt.params, target.Verb, target.Path,
				target.Body)
		}
		if got, params := arrive(t, target); got.Method != tt.method ||
			!same(t, params, []byte(tt.params)) {
			t.Errorf("%s %s arrives as %s %s", tt.method, tt.params, got.Method, params)
		}
	}
	if _, err := wire.NewTarget("tasks/get", json.RawMessage(`{}`)); !errors.Is(err,
		a2a.ErrMethodNotFound) {
		t.Errorf("a method of 0.3: %v", err)
	}
	if _, err := wire.NewTarget("GetTask", json.RawMessage(`{`)); err == nil {
		t.Error("broken parameters: no error")
	}
	for _, params := range []string{`{}`, `{"id":""}`, `{"id":"."}`, `{"id":".."}`,
		`{"id":"t","tenant":".."}`} {
		if _, err := wire.NewTarget("GetTask", json.RawMessage(params)); !errors.Is(err,
			a2a.ErrInvalidParams) {
			t.Errorf("%s is no path: %v", params, err)
		}
	}
}

func TestNoRoute(t *testing.T) {
	for _, tt := range []struct{ verb, path, allow string }{
		{"GET", "", ""},
		{"GET", "/", ""},
		{"GET", "/Tasks", ""},
		{"GET", "/tasks/t/", ""},
		{"GET", "//tasks", ""},
		{"GET", "/a/b/tasks", ""},
		{"GET", "/%ZZ/tasks", ""},
		{"GET", "/tasks/%FF", ""},
		{"GET", "/%FF/tasks/t", ""},
		{"GET", "/message:send", "POST"},
		{"PUT", "/tasks/t", "GET"},
		{"GET", "/tasks/t:cancel", "POST"},
		{"get", "/x/tasks/t:subscribe", "POST GET"},
		{"PATCH", "/tasks/t/pushNotificationConfigs", "POST GET"},
		{"PATCH", "/tasks/t/pushNotificationConfigs/c", "GET DELETE"},
	} {
		if route, allow := wire.MatchRoute(tt.verb, tt.path); route.Method != "" ||
			strings.Join(allow, " ") != tt.allow {
			t.Errorf("%s %s is %q, allowed %q", tt.verb, tt.path, route.Method, allow)
		}
	}
}

// Path, query and body may say a thing twice only where they agree.
func TestParamsOfRoutes(t *testing.T) {
	for _, tt := range []struct {
		why, verb, path, query, body string
		want                         string
		err                          error
	}{
		{"snake case", "GET", "/tasks", "page_size=5&context_id=c", "",
			`{"pageSize":5,"contextId":"c"}`, nil},
		{"an alias", "GET", "/tasks", "lastUpdatedAfter=x", "", `{"statusTimestampAfter":"x"}`,
			nil},
		{"its snake case", "GET", "/tasks", "last_updated_after=x", "",
			`{"statusTimestampAfter":"x"}`, nil},
		{"alias and name", "GET", "/tasks", "lastUpdatedAfter=x&statusTimestampAfter=x", "", "",
			a2a.ErrInvalidParams},
		{"both cases", "GET", "/tasks", "page_size=5&pageSize=5", "", "", a2a.ErrInvalidParams},
		{"twice", "GET", "/tasks", "pageSize=5&pageSize=5", "", "", a2a.ErrInvalidParams},
		{"empty is unset", "GET", "/tasks", "pageSize=&status=&pageToken", "", `{}`, nil},
		{"unknown parameters", "GET", "/tasks", "a=b&id=x&message=y", "", `{}`, nil},
		{"an enum by number", "GET", "/tasks", "status=3", "", `{"status":3}`, nil},
		{"zero", "GET", "/tasks", "pageSize=0", "", `{"pageSize":0}`, nil},
		{"what is no JSON number", "GET", "/tasks", "pageSize=007&historyLength=-1", "",
			`{"pageSize":"007","historyLength":"-1"}`, nil},
		{"more digits than a number of 32 bits has", "GET", "/tasks", "pageSize=12345678901", "",
			`{"pageSize":"12345678901"}`, nil},
		{"a text that looks like a number", "GET", "/tasks", "contextId=5", "", `{"contextId":"5"}`,
			nil},
		{"a text with quotes", "GET", "/tasks", "contextId=%22%7D", "", `{"contextId":"\"}"}`, nil},
		{"a query that is none", "GET", "/tasks", "a=%", "", "", a2a.ErrInvalidParams},
		{"a parameter that is no UTF-8", "GET", "/tasks", "contextId=%FF", "", "",
			a2a.ErrInvalidParams},
		{"a body for nothing", "GET", "/tasks/t", "", "rubbish", `{"id":"t"}`, nil},
		{"the tenant in the query", "GET", "/tasks/t", "tenant=x", "", `{"id":"t","tenant":"x"}`,
			nil},
		{"and in the path", "GET", "/x/tasks/t", "tenant=x", "", `{"id":"t","tenant":"x"}`, nil},
		{"both names in the body, and the path", "POST", "/tasks/t/pushNotificationConfigs", "",
			`{"taskId":"t","task_id":"t","url":"u"}`, "", a2a.ErrInvalidParams},
		{"another one", "GET", "/x/tasks/t", "tenant=y", "", "", a2a.ErrInvalidParams},
		{"no body", "POST", "/tasks/t:cancel", "", "", `{"id":"t"}`, nil},
		{"null", "POST", "/tasks/t:cancel", "", " null\n", `{"id":"t"}`, nil},
		{"the id again", "POST", "/tasks/t:cancel", "", `{"id":"t","metadata":{}}`,
			`{"id":"t","metadata":{}}`, nil},
		{"the id, escaped", "POST", "/tasks/t:cancel", "", `{"\u0069d":"\u0074"}`,
			`{"id":"t"}`, nil},
		{"an id that is not said", "POST", "/tasks/t:cancel", "", `{"id":"","tenant":null}`,
			`{"id":"t","tenant":null}`, nil},
		{"another id", "POST", "/tasks/t:cancel", "", `{"id":"u"}`, "", a2a.ErrInvalidParams},
		{"an id that is none", "POST", "/tasks/t:cancel", "", `{"id":1}`, "", a2a.ErrInvalidParams},
		{"another task, in snake case", "POST", "/tasks/t/pushNotificationConfigs", "",
			`{"task_id":"u","url":"x"}`, "", a2a.ErrInvalidParams},
		{"the id of the configuration", "POST", "/tasks/t/pushNotificationConfigs", "",
			`{"id":"u","url":"x"}`, `{"taskId":"t","id":"u","url":"x"}`, nil},
		{"a body that is no object", "POST", "/tasks/t:cancel", "", `"t"`, "",
			a2a.ErrInvalidRequest},
		{"a body that is no JSON", "POST", "/tasks/t:cancel", "", `{`, "", a2a.ErrParse},
		{"a body that is required", "POST", "/message:send", "", ``, "", a2a.ErrParse},
		{"and not null", "POST", "/message:send", "", `null`, "", a2a.ErrInvalidRequest},
		{"a member twice", "POST", "/message:send", "", `{"a":1,"a":2}`, "", a2a.ErrInvalidRequest},
		{"too deep", "POST", "/message:send", "", strings.Repeat(`{"a":`, 101) + "1" +
			strings.Repeat("}", 101), "", a2a.ErrInvalidRequest},
	} {
		route, _ := wire.MatchRoute(tt.verb, tt.path)
		got, err := route.Params(tt.query, []byte(tt.body))
		if !errors.Is(err, tt.err) || err == nil && !same(t, got, []byte(tt.want)) {
			t.Errorf("%s: %s, error %v", tt.why, got, err)
		}
	}
}

// Each error keeps its meaning: by its reason where A2A has one, by its status elsewhere.
func TestStatuses(t *testing.T) {
	for _, c := range a2a.Codes {
		err := &a2a.Error{Err: c.Err, Metadata: map[string]string{"a": "b"}}
		body := wire.AppendStatus(nil, c.HTTP, err)
		r, bad := wire.DecodeBare(body)
		if bad != nil || r.Result != nil {
			t.Fatalf("%s: %v", body, bad)
		}
		got := wire.DecodeStatus(r.Error, c.HTTP)
		if got.Message != c.Message || got.Code != c.HTTP ||
			!strings.Contains(string(body), `"status":"`+c.Status+`"`) {
			t.Errorf("%s is read as %+v", body, got)
		}
		if c.Reason != "" && (!errors.Is(got, c.Err) || got.Metadata["a"] != "b") {
			t.Errorf("%s is read as %v", body, got)
		}
	}
	for status, want := range map[int]error{
		400: a2a.ErrInvalidParams, 401: a2a.ErrUnauthenticated, 403: a2a.ErrUnauthenticated,
		404: a2a.ErrMethodNotFound, 405: a2a.ErrMethodNotFound,
		418: a2a.ErrUnknown, 429: a2a.ErrUnavailable, 500: a2a.ErrInternal,
		501: a2a.ErrMethodNotFound, 503: a2a.ErrUnavailable,
	} {
		if got := wire.DecodeStatus(json.RawMessage(`{"message":"?"}`), status); !errors.Is(got,
			want) || got.Code != status {
			t.Errorf("%d: %+v", status, got)
		}
	}
	for status, want := range map[int]string{
		401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 405: "UNIMPLEMENTED",
		408: "DEADLINE_EXCEEDED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED",
		503: "UNAVAILABLE",
	} {
		if body := string(wire.AppendStatus(nil, status, a2a.ErrInvalidRequest)); !strings.Contains(
			body, `"status":"`+want+`"`) {
			t.Errorf("%d: %s", status, body)
		}
	}
	violated := wire.AppendStatus(nil, 400, a2a.InvalidParams("id", "is required"))
	r, _ := wire.DecodeBare(violated)
	if got := wire.DecodeStatus(r.Error, 400); len(got.Violations) != 1 ||
		got.Violations[0] != (a2a.FieldViolation{Field: "id", Description: "is required"}) {
		t.Errorf("%s is read as %+v", violated, got)
	}
	// In a stream the status of the answer says nothing: the error carries its own.
	if got := wire.DecodeStatus(json.RawMessage(`{"code":500,"message":"?"}`),
		http.StatusOK); !errors.Is(got, a2a.ErrInternal) {
		t.Errorf("%+v", got)
	}
	for _, object := range []string{`"no"`, `{}`, `[]`, `{"details":1,"message":"?"}`} {
		if got := wire.DecodeStatus(json.RawMessage(object), 400); got != nil {
			t.Errorf("%s is read as %+v", object, got)
		}
	}
}

func TestDecodeBare(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"t"}`: "result", ` {"id":"t","error":null}`: "result",
		`{"error":{"code":1}}`: "error",
		``:                     "", `[]`: "", `null`: "", `{"a":1,"a":1}`: "", `{"a":1}{}`: "",
	} {
		r, err := wire.DecodeBare([]byte(body))
		got := map[bool]string{r.Result != nil: "result", r.Error != nil: "error"}[true]
		if got != want || (err == nil) != (want != "") || err != nil &&
			!errors.Is(err, a2a.ErrInvalidAgentResponse) {
			t.Errorf("%s: %q, error %v", body, got, err)
		}
	}
}

// Whatever ids and tenants are, they arrive as they were sent, at the operation that was meant.
func FuzzRoute(f *testing.F) {
	for _, s := range []string{"t", "a/b", "a:cancel", "%41", "ü", "tasks",
		"pushNotificationConfigs", "message:send", " +?#&=", "\x00"} {
		f.Add(s, "", s)
		f.Add("t", s, "c")
		f.Add("pushNotificationConfigs", s, "c")
	}
	f.Fuzz(func(t *testing.T, task, tenant, config string) {
		if !utf8.ValidString(task) || !utf8.ValidString(tenant) || !utf8.ValidString(config) ||
			slices.Contains([]string{task, config}, "") {
			return
		}
		for _, method := range []string{"GetTask", "CancelTask", "SubscribeToTask",
			"DeleteTaskPushNotificationConfig"} {
			said := map[string]string{"id": task}
			if strings.HasSuffix(method, "Config") {
				said = map[string]string{"taskId": task, "id": config}
			}
			if tenant != "" {
				said["tenant"] = tenant
			}
			params, err := json.Marshal(said)
			if err != nil {
				t.Fatal(err)
			}
			target, err := wire.NewTarget(method, params)
			if err != nil {
				if slices.ContainsFunc([]string{task, tenant, config}, func(s string) bool {
					return s == "." || s == ".."
				}) {
					return
				}
				t.Fatal(err)
			}
			if route, got := arrive(t, target); route.Method != method || !same(t, got, params) {
				t.Fatalf("%s %s goes to %s and arrives as %s %s", method, params, target.Path,
					route.Method, got)
			}
		}
	})
}
