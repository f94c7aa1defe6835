package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"staff0/a2a"
)

// The HTTP+JSON binding of 1.0 (§5.3, §11) is the same calls in another spelling: what JSON-RPC
// calls params is spread over path, query and body, and put together again here, so that both
// bindings read and validate the same thing. Results are the bare Result of the method.

// JSONType is the media type of A2A bodies (§11.1). Plain application/json says the same, and more
// clients understand it.
const JSONType = "application/a2a+json"

// BodyRule says what the body of a route is.
type BodyRule uint8

const (
	BodyIgnored  BodyRule = iota // some clients send null
	BodyOptional                 // nothing, null and {} say the same
	BodyRequired
)

// Route is one request of the binding, matched.
type Route struct {
	Method string // the operation, by its name in 1.0; "" is none
	Body   BodyRule
	path   []pathMember // what the path says
	query  []parameter
}

// pathMember is one member of the parameters.
type pathMember struct{ name, value string }

// parameter is a member that GET requests have in their query (§11.5).
type parameter struct {
	name, snake string // both spellings are read, the first is written
	literal     bool   // true, false and digits stand without quotes in JSON
}

// resource is a path with what can be done there.
type resource struct {
	path  []string // literals, and members in braces; the last may have a suffix behind the brace
	calls []restCall
}

type restCall struct {
	verb, method string
	body         BodyRule
	query        []parameter
}

var (
	queryPage  = []parameter{{"pageSize", "page_size", true}, {"pageToken", "page_token", false}}
	queryTask  = []parameter{{"historyLength", "history_length", true}}
	queryTasks = append([]parameter{
		{"contextId", "context_id", false}, {"status", "status", true},
		{"historyLength", "history_length", true},
		{"statusTimestampAfter", "status_timestamp_after", false},
		{"includeArtifacts", "include_artifacts", true},
		// Drafts called it so, and the official Go client still does.
		{"lastUpdatedAfter", "last_updated_after", false},
	}, queryPage...)
)

// aliases are parameters that mean another one.
var aliases = map[string]string{"lastUpdatedAfter": "statusTimestampAfter"}

// resources are in the order in which they are tried: an id may hold a colon, so what ends in a
// verb comes first. Of several HTTP methods the first is what clients send: the text of the
// specification has POST for subscribe, its proto GET.
var resources = []resource{
	{[]string{"message:send"},
		[]restCall{{http.MethodPost, V10.SendMessage.Name, BodyRequired, nil}}},
	{[]string{"message:stream"},
		[]restCall{{http.MethodPost, V10.SendStreamingMessage.Name, BodyRequired, nil}}},
	{[]string{tasksPath},
		[]restCall{{http.MethodGet, V10.ListTasks.Name, BodyIgnored, queryTasks}}},
	{[]string{tasksPath, "{id}:cancel"},
		[]restCall{{http.MethodPost, V10.CancelTask.Name, BodyOptional, nil}}},
	{[]string{tasksPath, "{id}:subscribe"}, []restCall{
		{http.MethodPost, V10.SubscribeToTask.Name, BodyIgnored, nil},
		{http.MethodGet, V10.SubscribeToTask.Name, BodyIgnored, nil},
	}},
	{[]string{tasksPath, "{id}"},
		[]restCall{{http.MethodGet, V10.GetTask.Name, BodyIgnored, queryTask}}},
	{[]string{tasksPath, "{taskId}", "pushNotificationConfigs"}, []restCall{
		{http.MethodPost, V10.CreateTaskPushNotificationConfig.Name, BodyRequired, nil},
		{http.MethodGet, V10.ListTaskPushNotificationConfigs.Name, BodyIgnored, queryPage},
	}},
	{[]string{tasksPath, "{taskId}", "pushNotificationConfigs", "{id}"}, []restCall{
		{http.MethodGet, V10.GetTaskPushNotificationConfig.Name, BodyIgnored, nil},
		{http.MethodDelete, V10.DeleteTaskPushNotificationConfig.Name, BodyIgnored, nil},
	}},
	{[]string{"extendedAgentCard"},
		[]restCall{{http.MethodGet, V10.GetExtendedAgentCard.Name, BodyIgnored, nil}}},
}

const (
	tenantMember = "tenant"
	tasksPath    = "tasks" // what most paths begin with
)

// MatchRoute finds what a request is for. path is escaped, begins with a slash and is relative to
// the URL of the interface; a tenant may come first in it. When the Route has no Method, allow
// lists the HTTP methods for the path, and is empty where there is nothing.
func MatchRoute(verb, path string) (route Route, allow []string) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if route, allow = matchSegments(verb, segments); route.Method != "" || len(allow) > 0 ||
		len(segments) == 1 {
		return route, allow
	}
	tenant, ok := unescapeSegment(segments[0])
	if !ok || tenant == "" {
		return Route{}, nil
	}
	if route, allow = matchSegments(verb, segments[1:]); route.Method != "" {
		route.path = append(route.path, pathMember{tenantMember, tenant})
	}
	return route, allow
}

func matchSegments(verb string, segments []string) (Route, []string) {
	for i := range resources {
		path, ok := resources[i].match(segments)
		if !ok {
			continue
		}
		var allow []string
		for _, c := range resources[i].calls {
			if c.verb == verb {
				return Route{Method: c.method, Body: c.body, path: path, query: c.query}, nil
			}
			allow = append(allow, c.verb)
		}
		return Route{}, allow
	}
	return Route{}, nil
}

func (r *resource) match(segments []string) (path []pathMember, ok bool) {
	if len(segments) != len(r.path) {
		return nil, false
	}
	for i, want := range r.path {
		name, suffix, isMember := cutMember(want)
		raw := segments[i]
		if isMember {
			// The suffix is looked for before unescaping: an escaped colon is part of an id.
			if raw, ok = strings.CutSuffix(raw, suffix); !ok {
				return nil, false
			}
		}
		value, ok := unescapeSegment(raw)
		switch {
		case !ok || !isMember && value != want:
			return nil, false
		case isMember:
			path = append(path, pathMember{name, value})
		}
	}
	return path, true
}

// cutMember cuts {name}suffix.
func cutMember(template string) (name, suffix string, ok bool) {
	if template[0] != '{' {
		return "", "", false
	}
	name, suffix, _ = strings.Cut(template[1:], "}")
	return name, suffix, true
}

func unescapeSegment(raw string) (string, bool) {
	value, err := url.PathUnescape(raw)
	return value, err == nil && utf8.ValidString(value)
}

// Params puts the parameters of the call together, as JSON-RPC has them, for DecodeParams. The
// error is an *a2a.Error as that of Decode, and ErrInvalidParams for a query that cannot be read, a
// parameter that is given twice, and a member in which the path contradicts query or body.
// Parameters that the route does not have are ignored. Params refers to body.
func (r *Route) Params(query string, body []byte) (json.RawMessage, error) {
	if r.Body == BodyIgnored || r.Body == BodyOptional && len(body) == 0 {
		return r.paramsOfQuery(query)
	}
	var members []pathMember
	err := a2a.Members(body, func(name, value []byte) {
		if len(r.path) > 0 {
			members = append(members, pathMember{string(name), string(value)})
		}
	})
	switch {
	case errors.Is(err, a2a.ErrNotJSON):
		return nil, &a2a.Error{Err: a2a.ErrParse, Cause: err}
	case err != nil:
		return nil, invalidRequest("", err.Error())
	case r.Body == BodyOptional && isWord(body, "null"):
		return r.paramsOfQuery("")
	case !isObject(body):
		return nil, invalidRequest("", "must be an object")
	case len(r.path) == 0:
		return body, nil
	}
	b := appendMembers([]byte{'{'}, r.path)
	inBody := make([]bool, len(r.path)) // a member of the path that the body has, too
next:
	for _, m := range members {
		for i, p := range r.path {
			if m.name != p.name && m.name != snakeOf(p.name) {
				continue
			}
			if inBody[i] {
				return nil, a2a.InvalidParams(p.name, "is given twice")
			}
			inBody[i] = true
			if m.value != "null" && m.value != `""` && !isText([]byte(m.value), p.value) {
				return nil, a2a.InvalidParams(p.name, "is another one in the body than in the path")
			}
			continue next
		}
		b = a2a.AppendString(append(b, ','), m.name)
		b = append(append(b, ':'), m.value...)
	}
	return append(b, '}'), nil
}

// isWord reports whether the body is one word, with or without blanks around it.
func isWord(body []byte, word string) bool { return strings.Trim(string(body), " \t\r\n") == word }

// snakeOf is the proto name of the one member of a path that has two words.
func snakeOf(name string) string {
	if name == "taskId" {
		return "task_id"
	}
	return name
}

func appendMembers(b []byte, members []pathMember) []byte {
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(a2a.AppendString(b, m.name), ':')
		b = a2a.AppendString(b, m.value)
	}
	return b
}

func (r *Route) paramsOfQuery(query string) (json.RawMessage, error) {
	b := appendMembers([]byte{'{'}, r.path)
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, a2a.InvalidParams("query", "cannot be read")
	}
	var said []string
	for _, p := range append([]parameter{{tenantMember, tenantMember, false}}, r.query...) {
		found := values[p.name]
		if p.snake != p.name {
			found = append(found, values[p.snake]...)
		}
		if len(found) == 0 || len(found) == 1 && found[0] == "" {
			continue // empty is unset (§5.7)
		}
		name := p.name
		if meant := aliases[name]; meant != "" {
			name = meant
		}
		inPath := slices.IndexFunc(r.path, func(m pathMember) bool { return m.name == name })
		switch value := found[0]; {
		case inPath >= 0 && value == r.path[inPath].value && len(found) == 1:
		case inPath >= 0 || len(found) > 1 || slices.Contains(said, name):
			return nil, a2a.InvalidParams(name, "is given twice")
		case !utf8.ValidString(value):
			return nil, a2a.InvalidParams(name, "is not valid UTF-8")
		default:
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(a2a.AppendString(b, name), ':')
			b = p.append(b, value)
			said = append(said, name)
		}
	}
	return append(b, '}'), nil
}

// append writes a value as JSON. What is no number and no boolean is written in quotes and refused
// by whoever reads it, in the words it has for it.
func (p *parameter) append(b []byte, value string) []byte {
	if p.literal && (value == "true" || value == "false" || len(value) < 10 && value[0] != '0' &&
		strings.Trim(value, "0123456789") == "" || value == "0") {
		return append(b, value...)
	}
	return a2a.AppendString(b, value)
}

// DecodeBare reads an answer, or an event, of the HTTP+JSON binding: an object is the result,
// unless it has a member error (§11.6, §11.7), which no result has. The error is
// ErrInvalidAgentResponse. Response refers to body and has no ID.
func DecodeBare(body []byte) (Response, error) {
	var res Response
	err := a2a.Members(body, func(name, value []byte) {
		if string(name) == "error" && string(value) != "null" {
			res.Error = value
		}
	})
	switch {
	case err != nil:
		return Response{}, invalidResponse(err)
	case !isObject(body):
		return Response{}, invalidResponse(errors.New("the answer is not an object"))
	case res.Error == nil:
		res.Result = body
	}
	return res, nil
}
