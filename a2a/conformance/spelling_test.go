package main

import (
	"io"
	"net/http"
	"strings"

	"staff0/a2a"
)

const (
	rpc  = "JSONRPC"
	rest = "HTTP+JSON"
)

// spelling is what belongs to one binding, and the service parameters.
var spelling = []requirement{
	{id: "VER-SERVER-002", means: "a version that is not spoken is refused as such (§3.6.2)",
		test: func(k *kit) {
			for _, version := range []string{"99.0", "1.1", "2.0", "latest"} {
				k.wants(a2a.ErrVersionNotSupported,
					k.call("ListTasks", object{}, "A2A-Version", version))
			}
		}},
	{id: "VER-SERVER-003", means: "a request without a version does no harm (§3.6.2)",
		test: func(k *kit) {
			for _, version := range []string{"", " "} {
				if a := k.call("ListTasks", object{}, "A2A-Version", version); a.fault != nil &&
					a.fault.message == "" {
					k.Errorf("the answer is %v", a.body)
				}
			}
		}},
	{id: "VER-CLIENT-002", means: "a patch number makes no difference (§3.6)", test: func(k *kit) {
		if a := k.call("ListTasks", object{}, "A2A-Version", "1.0.7"); a.fault != nil {
			k.Errorf("the answer is %v", a.body)
		}
	}},

	{id: "JSONRPC-FMT-001",
		means:   "answers have the form of JSON-RPC 2.0 and the id of the request (§9.1)",
		binding: rpc, test: func(k *kit) {
			for _, id := range []string{`"a"`, `7`, `1.5`, `null`} {
				body := k.post(`{"jsonrpc":"2.0","id":` + id + `,"method":"ListTasks","params":{}}`)
				if !strings.HasPrefix(body, `{"jsonrpc":"2.0","id":`+id+`,"result":{`) {
					k.Errorf("%s is answered with %s", id, body)
				}
			}
		}},
	{id: "JSONRPC-FMT-002", means: "the media type is application/json (§9.1)", binding: rpc,
		test: func(k *kit) {
			if a := k.call("ListTasks", object{}); a.status != http.StatusOK ||
				a.header.Get("Content-Type") != "application/json" {
				k.Errorf("%d %v", a.status, a.header)
			}
			if a := k.call("ListTasks", object{}, "Content-Type",
				"application/json; charset=utf-8"); a.fault != nil {
				k.Errorf("with a charset the answer is %v", a.body)
			}
		}},
	{id: "JSONRPC-SVC-001",
		means: "methods are called as in the proto, and otherwise not there (§9.1)", binding: rpc,
		test: func(k *kit) {
			for _, method := range []string{"sendMessage", "send_message", "Sendmessage",
				"a2a.SendMessage", "NoSuchMethod"} {
				k.refused(method, k.message("tck-complete-task", nil), a2a.ErrMethodNotFound)
			}
		}},
	{id: "JSONRPC-SVC-002", means: "service parameters are headers, in whatever case (§9.2)",
		binding: rpc, test: serviceParameters},
	{id: "JSONRPC-ERR-001", means: "what is no call is refused with the codes of JSON-RPC (§9.5)",
		binding: rpc, test: func(k *kit) {
			for body, code := range map[string]string{
				``: "-32700", `{"jsonrpc":"2.0","id":1,"method":`: "-32700", `nothing`: "-32700",
				`"hello"`: "-32600", `[]`: "-32600", `{}`: "-32600",
				`{"jsonrpc":"1.0","id":1,"method":"ListTasks"}`:                  "-32600",
				`{"jsonrpc":"2.0","id":1}`:                                       "-32600",
				`{"jsonrpc":"2.0","id":{},"method":"ListTasks"}`:                 "-32600",
				`{"jsonrpc":"2.0","id":1,"method":7}`:                            "-32600",
				`{"jsonrpc":"2.0","id":1,"method":"Nothing"}`:                    "-32601",
				`{"jsonrpc":"2.0","id":1,"method":"GetTask","params":"x"}`:       "-32602",
				`{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":[]}}`: "-32602",
				`{"jsonrpc":"2.0","id":1,"method":"GetTask"}`:                    "-32602",
			} {
				if got := k.post(body); !strings.Contains(got, `"error":{"code":`+code+
					`,"message":"`) {
					k.Errorf("%q is answered with %s", body, got)
				}
			}
		}},
	{id: "JSONRPC-ERR-003", means: "errors of A2A carry an ErrorInfo (§9.5)", binding: rpc,
		test: errorInfo},
	{id: "JSONRPC-SSE-001", means: "a stream is an event stream of answers (§9.4.2)", binding: rpc,
		test: func(k *kit) {
			lines := k.eventLines()
			for _, line := range lines {
				if !strings.HasPrefix(line, `data: {"jsonrpc":"2.0","id":"`+callID+`","result":{`) {
					k.Errorf("the stream has the line %q", line)
				}
			}
		}},

	{id: "HTTP_JSON-URL-001",
		means: "operations are where the specification has them (§5.3, §11.3)", binding: rest,
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			id := task["id"].(string)
			for _, r := range []struct {
				method, path, body string
				status             int
			}{
				{http.MethodGet, "/tasks/" + id, "", 200},
				{http.MethodGet, "/tasks/" + strings.ReplaceAll(id, "-", "%2D"), "", 200},
				{http.MethodGet, "/tasks", "", 200},
				{http.MethodGet, "/task/" + id, "", 404},
				// a tenant that the card does not name
				{http.MethodGet, "/nobody-knows/tasks/" + id, "", 400},
				{http.MethodPost, "/tasks/" + id + ":cancel", "", 200},
				{http.MethodPost, "/tasks/" + id + ":cancel", "{}", 200},
			} {
				if status, body := k.fetch(r.method, r.path, r.body); status != r.status {
					k.Errorf("%s %s is answered with %d %s", r.method, r.path, status, body)
				}
			}
		}},
	{id: "HTTP_JSON-URL-002",
		means: "operations have their verbs; subscribing has two, for text and proto differ " +
			"(§5.3)",
		binding: rest, test: func(k *kit) {
			task := k.send("tck-complete-task", nil)
			id := task["id"].(string)
			// 400: the task has ended
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if status, body := k.fetch(method, "/tasks/"+id+":subscribe", ""); status != 400 {
					k.Errorf("%s is answered with %d %s", method, status, body)
				}
			}
			for path, method := range map[string]string{"/tasks/" + id: http.MethodPut,
				"/message:send": http.MethodGet, "/tasks": http.MethodDelete} {
				if status, body := k.fetch(method, path,
					""); status != http.StatusMethodNotAllowed {
					k.Errorf("%s %s is answered with %d %s", method, path, status, body)
				}
			}
		}},
	{id: "HTTP_JSON-QP-001", means: "query parameters are called in camelCase (§11.5)",
		binding: rest, test: func(k *kit) {
			k.send("tck-artifact-text", func(m object) { m["contextId"] = "ours" })
			status, body := k.fetch(http.MethodGet,
				"/tasks?contextId=ours&pageSize=1&includeArtifacts=true&historyLength=0&status=TASK_STATE_COMPLETED", "")
			if status != 200 || !strings.Contains(body, `"artifacts":[`) ||
				strings.Contains(body, `"history"`) || !strings.Contains(body, `"pageSize":1,`) {
				k.Errorf("%d %s", status, body)
			}
		}},
	{id: "HTTP_JSON-SVC-001",
		means:   "JSON comes as application/json, or as the type of A2A to who wants that (§11.1)",
		binding: rest, test: func(k *kit) {
			for accept, want := range map[string]string{"": "application/json",
				"*/*": "application/json", "application/a2a+json": "application/a2a+json"} {
				if a := k.call("ListTasks", object{}, "Accept", accept); a.header.Get(
					"Content-Type") != want {
					k.Errorf("%q is answered with %v", accept, a.header)
				}
			}
			for _, media := range []string{"application/json", "application/a2a+json"} {
				if a := k.call("SendMessage", k.message("tck-complete-task", nil), "Content-Type",
					media); a.fault != nil {
					k.Errorf("%s is answered with %v", media, a.body)
				}
			}
		}},
	{id: "HTTP_JSON-SVC-002", means: "service parameters are headers, in whatever case (§11.2)",
		binding: rest, test: serviceParameters},
	{id: "HTTP_JSON-ERR-001", means: "errors are a google.rpc.Status (§11.6)", binding: rest,
		test: func(k *kit) {
			a := k.call("GetTask", object{"id": "nobody-knows"})
			k.wants(a2a.ErrTaskNotFound, a)
			if a.header.Get("Content-Type") != "application/json" {
				k.Errorf("the error comes as %v", a.header)
			}
		}},
	{id: "HTTP_JSON-ERR-002", means: "errors of A2A carry an ErrorInfo (§11.6)", binding: rest,
		test: errorInfo},
	{id: "HTTP_JSON-SSE-001", means: "a stream is an event stream of StreamResponses (§11.7)",
		binding: rest, test: func(k *kit) {
			for _, line := range k.eventLines() {
				if !strings.HasPrefix(line, `data: {"`) || strings.Contains(line, "jsonrpc") {
					k.Errorf("the stream has the line %q", line)
				}
			}
		}},
}

// serviceParameters sends all of them.
func serviceParameters(k *kit) {
	a := k.call("SendMessage", k.message("tck-complete-task", nil), "a2a-version", "1.0",
		"a2a-extensions", "https://example.com/x, urn:y")
	if a.fault != nil {
		k.Errorf("the answer is %v", a.body)
	}
	if active := a.header.Get("A2A-Extensions"); active != "" {
		k.Errorf("an extension that nobody knows is said to be active: %s", active)
	}
}

// errorInfo meets all errors of A2A that an agent without a gap can be brought to.
func errorInfo(k *kit) {
	done := k.send("tck-complete-task", nil)
	k.refused("GetTask", object{"id": "nobody-knows"}, a2a.ErrTaskNotFound)
	k.refused("CancelTask", object{"id": done["id"]}, a2a.ErrTaskNotCancelable)
	k.refused("SubscribeToTask", object{"id": done["id"]}, a2a.ErrUnsupportedOperation)
	k.wants(a2a.ErrVersionNotSupported, k.call("GetTask", object{"id": done["id"]}, "A2A-Version",
		"99.0"))
	k.refused("SendMessage", k.message("x", func(m object) {
		m["parts"] = []any{object{"raw": "", "mediaType": "application/x-unsupported-tck-type"}}
	}), a2a.ErrContentTypeNotSupported)
}

// post sends a body to JSON-RPC as it is.
func (k *kit) post(body string) string {
	k.Helper()
	r := k.newRequest(http.MethodPost, k.url, body)
	r.Header.Set("Content-Type", "application/json")
	return k.whole(k.do(r))
}

// fetch does a request to HTTP+JSON.
func (k *kit) fetch(method, path, body string) (status int, text string) {
	k.Helper()
	res := k.do(k.newRequest(method, k.url+path, body))
	return res.StatusCode, k.whole(res)
}

func (k *kit) whole(res *http.Response) string {
	k.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.Fatal(err)
	}
	return string(text)
}

// eventLines are the lines of a stream that are not empty.
func (k *kit) eventLines() (lines []string) {
	k.Helper()
	res := k.do(k.binding.request(k, "SendStreamingMessage", k.message("tck-stream-001", nil),
		[]string{"Accept", "text/event-stream"}))
	if res.Header.Get("Content-Type") != "text/event-stream" ||
		res.Header.Get("Cache-Control") == "" {
		k.Errorf("the stream has the headers %v", res.Header)
	}
	for line := range strings.Lines(k.whole(res)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) != 4 {
		k.Errorf("the stream has the lines %q", lines)
	}
	return lines
}
