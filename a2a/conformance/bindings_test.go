package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"staff0/a2a"
)

// binding is one spelling of the operations (§5.3).
type binding interface {
	name() string
	// request spells a call.
	request(k *kit, op string, params object, headers []string) *http.Request
	// open takes a result or an error out of a body, or of the data of an event.
	open(k *kit, status int, body object) (result any, f *fault)
	// check compares an error with what the specification calls it in this binding.
	check(k *kit, want a2a.Code, a answer)
}

var bindings = []binding{jsonRPC{}, httpJSON{}}

func text(k *kit, params object) string {
	k.Helper()
	b, err := json.Marshal(params)
	if err != nil {
		k.Fatal(err)
	}
	return string(b)
}

// jsonRPC is §9.
type jsonRPC struct{}

const callID = "call-1"

func (jsonRPC) name() string { return "JSONRPC" }

func (jsonRPC) request(k *kit, op string, params object, headers []string) *http.Request {
	k.Helper()
	body := object{"jsonrpc": "2.0", "id": callID, "method": op, "params": params}
	return k.newRequest(http.MethodPost, k.url, text(k, body), headers...)
}

func (jsonRPC) open(k *kit, status int, body object) (any, *fault) {
	k.Helper()
	if status != http.StatusOK || body["jsonrpc"] != "2.0" || body["id"] != callID &&
		body["id"] != nil {
		k.Fatalf("%d %v is no answer of JSON-RPC 2.0", status, body)
	}
	e, failed := body["error"].(object)
	result, ok := body["result"]
	switch {
	case failed == ok:
		k.Fatalf("%v has both a result and an error, or neither", body)
	case ok:
		if len(body) != 3 || body["id"] != callID {
			k.Fatalf("%v holds something else, or lacks the id", body)
		}
		return result, nil
	}
	for member := range e {
		if member != "code" && member != "message" && member != "data" {
			k.Fatalf("the error object has a %q", member)
		}
	}
	f := &fault{}
	f.code, _ = e["code"].(float64)
	f.message, _ = e["message"].(string)
	if data, ok := e["data"]; ok {
		if f.details, ok = data.([]any); !ok {
			k.Fatalf("the data of the error are no array: %v", data)
		}
	}
	return nil, f
}

func (jsonRPC) check(k *kit, want a2a.Code, a answer) {
	k.Helper()
	if a.fault.code != float64(want.Code) {
		k.Errorf("the code is %v, want %d: %v", a.fault.code, want.Code, a.body)
	}
}

// httpJSON is §11.
type httpJSON struct{}

func (httpJSON) name() string { return "HTTP+JSON" }

// routes are the verbs and paths of the operations (§5.3). What stands in braces is taken from the
// parameters.
var routes = map[string]struct{ method, path string }{
	"SendMessage":          {http.MethodPost, "/message:send"},
	"SendStreamingMessage": {http.MethodPost, "/message:stream"},
	"GetTask":              {http.MethodGet, "/tasks/{id}"},
	"ListTasks":            {http.MethodGet, "/tasks"},
	"CancelTask":           {http.MethodPost, "/tasks/{id}:cancel"},
	"SubscribeToTask":      {http.MethodPost, "/tasks/{id}:subscribe"},
	"CreateTaskPushNotificationConfig": {http.MethodPost,
		"/tasks/{taskId}/pushNotificationConfigs"},
	"GetTaskPushNotificationConfig": {http.MethodGet,
		"/tasks/{taskId}/pushNotificationConfigs/{id}"},
	"ListTaskPushNotificationConfigs": {http.MethodGet, "/tasks/{taskId}/pushNotificationConfigs"},
	"DeleteTaskPushNotificationConfig": {http.MethodDelete,
		"/tasks/{taskId}/pushNotificationConfigs/{id}"},
	"GetExtendedAgentCard": {http.MethodGet, "/extendedAgentCard"},
}

var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\w+\}`) })

func (httpJSON) request(k *kit, op string, params object, headers []string) *http.Request {
	k.Helper()
	route, left := routes[op], maps.Clone(params)
	path := placeholder().ReplaceAllStringFunc(route.path, func(braced string) string {
		name := strings.Trim(braced, "{}")
		delete(left, name)
		return url.PathEscape(fmt.Sprint(params[name]))
	})
	if route.method == http.MethodPost {
		return k.newRequest(route.method, k.url+path, text(k, left), headers...)
	}
	query := url.Values{}
	for name, value := range left {
		query.Set(name, fmt.Sprint(value))
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return k.newRequest(route.method, k.url+path, "", headers...)
}

func (httpJSON) open(k *kit, status int, body object) (any, *fault) {
	k.Helper()
	if status == http.StatusOK {
		return body, nil
	}
	e, ok := body["error"].(object)
	if !ok || len(body) != 1 {
		k.Fatalf("%d %v holds no error object", status, body)
	}
	f := &fault{}
	f.code, _ = e["code"].(float64)
	f.status, _ = e["status"].(string)
	f.message, _ = e["message"].(string)
	f.details, _ = e["details"].([]any)
	return nil, f
}

func (httpJSON) check(k *kit, want a2a.Code, a answer) {
	k.Helper()
	if f := a.fault; a.status != want.HTTP || f.code != float64(want.HTTP) ||
		f.status != want.Status {
		k.Errorf("the status is %d, in the body %v %q, want %d %q: %v", a.status, f.code, f.status,
			want.HTTP, want.Status, a.body)
	}
}
