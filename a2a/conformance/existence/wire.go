package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"staff0/a2a/wire"
)

// version is a version of the protocol in a binding.
type version string

const (
	v10  version = wire.Version10
	v03  version = wire.Version03
	rest version = "HTTP+JSON"
)

// consentExtension is the one that makes a wait AUTH_REQUIRED.
const consentExtension = "https://staff0.com/a2a/consent/v1"

// restBase is where the card says that HTTP+JSON is spoken.
const restBase = "/rest"

// caller is one asker as an agent sees it.
type caller struct {
	base     string
	token    string
	version  version
	activate bool // the consent extension
}

// message is what is sent.
type message struct {
	id, task, context, text, hook string
	at                            bool // the answer is wanted at once
}

func (c *caller) post(ctx context.Context, path string, body any) (*http.Request, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// call makes the request of a method, by its name in 1.0.
func (c *caller) call(
	ctx context.Context, method string, params map[string]any,
) (*http.Request, error) {
	var req *http.Request
	var err error
	switch {
	case c.version == v10:
		req, err = c.post(ctx, "/", map[string]any{"jsonrpc": "2.0", "id": 1, "method": method,
			"params": params})
	case c.version == v03:
		older := map[string]string{
			"SendMessage": "message/send", "SendStreamingMessage": "message/stream",
			"GetTask":    "tasks/get",
			"CancelTask": "tasks/cancel", "SubscribeToTask": "tasks/resubscribe",
		}
		req, err = c.post(ctx, "/",
			map[string]any{"jsonrpc": "2.0", "id": 1, "method": older[method], "params": params})
	case method == "SendMessage":
		req, err = c.post(ctx, restBase+"/message:send", params)
	case method == "SendStreamingMessage":
		req, err = c.post(ctx, restBase+"/message:stream", params)
	case method == "GetTask":
		req, err = http.NewRequestWithContext(ctx, http.MethodGet, c.base+restBase+"/tasks/"+
			params["id"].(string), nil)
	case method == "ListTasks":
		query := url.Values{"contextId": {params["contextId"].(string)}}
		req, err = http.NewRequestWithContext(ctx, http.MethodGet, c.base+restBase+"/tasks?"+
			query.Encode(), nil)
	case method == "CancelTask":
		req, err = c.post(ctx, restBase+"/tasks/"+params["id"].(string)+":cancel", map[string]any{})
	case method == "SubscribeToTask":
		req, err = c.post(ctx, restBase+"/tasks/"+params["id"].(string)+":subscribe",
			map[string]any{})
	}
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if c.version != v03 {
		req.Header.Set("A2A-Version", wire.Version10)
	}
	if c.activate {
		name := "A2A-Extensions"
		if c.version == v03 {
			name = "X-A2A-Extensions"
		}
		req.Header.Set(name, consentExtension)
	}
	return req, nil
}

// send makes the request that sends a message.
func (c *caller) send(ctx context.Context, m message, stream bool) (*http.Request, error) {
	sent := map[string]any{"messageId": m.id}
	if m.task != "" {
		sent["taskId"] = m.task
	}
	if m.context != "" {
		sent["contextId"] = m.context
	}
	configuration := map[string]any{}
	if c.version == v03 {
		sent["kind"], sent["role"] = "message", "user"
		sent["parts"] = []any{map[string]any{"kind": "text", "text": m.text}}
		configuration["blocking"] = !m.at
		if m.hook != "" {
			configuration["pushNotificationConfig"] = map[string]any{"url": m.hook}
		}
	} else {
		sent["role"], sent["parts"] = "ROLE_USER", []any{map[string]any{"text": m.text}}
		configuration["returnImmediately"] = m.at
		if m.hook != "" {
			configuration["taskPushNotificationConfig"] = map[string]any{"url": m.hook}
		}
	}
	method := "SendMessage"
	if stream {
		method = "SendStreamingMessage"
	}
	return c.call(ctx, method, map[string]any{"message": sent, "configuration": configuration})
}

// seen is one thing that an asker sees: an event, an answer, a notification.
type seen struct {
	at       time.Time
	form     string // the bytes, but for ids, codes and times
	task     string
	context  string
	state    string // in small letters, without what 1.0 puts before it
	deadline time.Time
}

func (s *seen) over() bool {
	return slices.Contains([]string{"completed", "rejected", "failed", "canceled"}, s.state)
}

func (s *seen) announced() bool { return !s.deadline.IsZero() && !s.over() }

// varies is what differs between any two questions, and what takes its place.
var varies = sync.OnceValue(func() []replacement {
	return []replacement{
		{regexp.MustCompile(`"(id|taskId|contextId|messageId|artifactId|nextPageToken)":"[^"]*"`),
			`"$1":"id"`},
		{regexp.MustCompile(`"(timestamp|deadline|statusTimestamp|as_of|at)":"[^"]*"`),
			`"$1":"time"`},
		{regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`), "CODE"},
		{regexp.MustCompile(`[ku][0-9]{6}@|E[78][0-9]{6}`), "WHO"},
	}
})

type replacement struct {
	what *regexp.Regexp
	with string
}

// look reads what was seen.
func look(at time.Time, prefix string, body []byte) seen {
	text := string(bytes.TrimSpace(body))
	form := text
	for _, r := range varies() {
		form = r.what.ReplaceAllString(form, r.with)
	}
	s := seen{at: at, form: prefix + form}
	var value any
	if json.Unmarshal([]byte(text), &value) == nil {
		s.walk(value)
	}
	return s
}

// walk finds the task, its state and the deadline in an answer of any version.
func (s *seen) walk(value any) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			s.walk(e)
		}
	case map[string]any:
		if status, ok := v["status"].(map[string]any); ok {
			state, _ := status["state"].(string)
			s.state = strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(state, "TASK_STATE_")),
				"_", "-")
			if id, ok := v["taskId"].(string); ok {
				s.task = id
			} else if id, ok := v["id"].(string); ok {
				s.task = id
			}
			s.context, _ = v["contextId"].(string)
			s.status(status)
			return // the history says nothing new
		}
		for _, e := range v {
			s.walk(e)
		}
	}
}

// status finds the deadline, wherever it stands in a status.
func (s *seen) status(value any) {
	m, ok := value.(map[string]any)
	if !ok {
		return
	}
	if text, ok := m["deadline"].(string); ok {
		s.deadline, _ = time.Parse(time.RFC3339, text)
	}
	for _, e := range m {
		s.status(e)
	}
}

// head is the status line and the headers of an answer, as far as they may tell anything.
func head(res *http.Response) string {
	var lines []string
	for name, values := range res.Header {
		if name != "Date" {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d %s\n", res.StatusCode, strings.Join(lines, "\n"))
}

// maxAnswer bounds one answer, or one event, in bytes.
const maxAnswer = 1 << 20

// ask sends a request and returns the one answer.
func (r *run) ask(req *http.Request, err error) (seen, error) {
	if err != nil {
		return seen{}, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return seen{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return look(time.Now(), head(res), body), err
}

// events sends a request and hands over each event of the stream that answers it, until see wants
// no more.
func (r *run) events(req *http.Request, err error, see func(seen) bool) error {
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	prefix := head(res)
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		see(look(time.Now(), prefix, body))
		return err
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		if !see(look(time.Now(), prefix, []byte(data))) {
			return nil
		}
		prefix = ""
	}
	return lines.Err()
}
