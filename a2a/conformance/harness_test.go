package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
)

// object is a JSON object.
type object = map[string]any

// kit is one agent under test and the binding through which it is talked to.
type kit struct {
	*testing.T
	binding  binding
	base     string // of the agent
	url      string // of the binding's interface in the card
	client   *http.Client
	messages int
	hook     *receiver // if the test is over the network
}

// withKit runs the test of a requirement with an agent of its own: in test time, or over the
// network.
func withKit(t *testing.T, b binding, r requirement) {
	t.Helper()
	if r.network {
		hook := receive(t)
		server := httptest.NewUnstartedServer(nil)
		o := options{Base: "http://" + server.Listener.Addr().String(),
			Hooks: []string{hook.origin()}, Change: r.card}
		k := &kit{T: t, binding: b, base: o.Base, hook: hook}
		defer server.Close()
		k.run(o, r.test, func(agent http.Handler) {
			server.Config.Handler = agent
			server.Start()
			k.client = server.Client()
		})
		return
	}
	synctest.Test(t, func(t *testing.T) {
		k := &kit{T: t, binding: b, base: "http://agent.example"}
		k.run(options{Base: k.base, Pause: time.Minute, Change: r.card}, r.test,
			func(agent http.Handler) {
				k.client = inMemory(t, agent)
			})
		k.client.CloseIdleConnections()
	})
}

// run makes the agent, serves it, and runs the test.
func (k *kit) run(o options, test func(*kit), serve func(http.Handler)) {
	k.Helper()
	agent, err := newAgent(o)
	if err != nil {
		k.Fatal(err)
	}
	serve(agent)
	ctx, stop := context.WithCancel(k.Context())
	var sender sync.WaitGroup
	if k.hook != nil {
		sender.Go(func() { agent.send(ctx) })
	}
	defer func() {
		stop()
		sender.Wait()
		if err := agent.engine.Shutdown(context.WithoutCancel(k.Context())); err != nil {
			k.Error(err)
		}
	}()
	for _, i := range k.card()["supportedInterfaces"].([]any) {
		if i := i.(object); i["protocolBinding"] == k.binding.name() && k.url == "" {
			k.url = i["url"].(string)
		}
	}
	if k.url == "" {
		k.Skip("the card has no interface of this binding")
	}
	test(k)
}

// pipes is a listener for connections in memory: those block in a way that test time understands.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// inMemory serves h and gives a client for it; both are gone at the end of the test.
func inMemory(t *testing.T, h http.Handler) *http.Client {
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(p) }()
	transport := &http.Transport{DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			p.conns <- theirs
			return ours, nil
		}}
	t.Cleanup(func() { transport.CloseIdleConnections(); _ = server.Close(); <-done })
	return &http.Client{Transport: transport}
}

// do sends a request and gives the answer, whose body is the caller's to close.
func (k *kit) do(r *http.Request) *http.Response {
	k.Helper()
	res, err := k.client.Do(r)
	if err != nil {
		k.Fatal(err)
	}
	return res
}

// newRequest makes a request with a body, none if that is "", and headers given as names and values
// by turns.
func (k *kit) newRequest(method, url, body string, headers ...string) *http.Request {
	k.Helper()
	r, err := http.NewRequestWithContext(k.Context(), method, url, strings.NewReader(body))
	if err != nil {
		k.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("A2A-Version", "1.0")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// answer is what a call came to: a result or a fault.
type answer struct {
	status int
	header http.Header
	body   object // all of it
	result any
	fault  *fault
}

// fault is an error of either binding.
type fault struct {
	code    float64 // of JSON-RPC, or the HTTP status
	status  string  // of google.rpc, in HTTP+JSON
	message string
	details []any
}

// reason is that of the ErrorInfo, which must be well-formed if there is one; "" without.
func (f *fault) reason() string {
	for _, d := range f.details {
		info, _ := d.(object)
		if info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo" &&
			info["domain"] == "a2a-protocol.org" {
			reason, _ := info["reason"].(string)
			return reason
		}
	}
	return ""
}

// call does one operation with one answer.
func (k *kit) call(op string, params object, headers ...string) answer {
	k.Helper()
	return k.read(k.do(k.binding.request(k, op, params, headers)))
}

// read reads an answer.
func (k *kit) read(res *http.Response) answer {
	k.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header}
	if err := json.Unmarshal(text, &a.body); err != nil {
		k.Fatalf("%d %s: %v", res.StatusCode, text, err)
	}
	a.result, a.fault = k.binding.open(k, res.StatusCode, a.body)
	return a
}

// does is a call that must succeed. Its result must have the shape of the operation's.
func (k *kit) does(op string, params object) object {
	k.Helper()
	a := k.call(op, params)
	if a.fault != nil {
		k.Fatalf("%s %v: %+v", op, params, a.fault)
	}
	k.shaped(results[op], a.result)
	result, _ := a.result.(object)
	return result
}

// refused is a call that must fail with an error of the protocol, in the codes of the binding
// (§5.4).
func (k *kit) refused(op string, params object, want error) {
	k.Helper()
	k.wants(want, k.call(op, params))
}

func (k *kit) wants(want error, a answer) {
	k.Helper()
	code := a2a.CodeOf(want)
	switch f := a.fault; {
	case f == nil:
		k.Errorf("answered %v, want %q", a.body, want)
	case f.message == "":
		k.Errorf("the error has no message: %v", a.body)
	case f.reason() != code.Reason:
		k.Errorf("the reason is %q, want %q: %v", f.reason(), code.Reason, a.body)
	default:
		k.binding.check(k, code, a)
	}
}

// message makes one whose id begins with a prefix; change, if not nil, has the last word.
func (k *kit) message(prefix string, change func(m object)) object {
	k.messages++
	m := object{"messageId": fmt.Sprint(prefix, "-", k.messages), "role": "ROLE_USER",
		"parts": []any{object{"text": "Say something"}}}
	if change != nil {
		change(m)
	}
	return object{"message": m}
}

// send sends a message that becomes a task, or belongs to one.
func (k *kit) send(prefix string, change func(m object)) object {
	k.Helper()
	task, ok := k.does("SendMessage", k.message(prefix, change))["task"].(object)
	if !ok {
		k.Fatal("the answer is no task")
	}
	return task
}

// to puts a message into a task.
func to(task object) func(object) {
	return func(m object) { m["taskId"] = task["id"] }
}

func state(task object) string {
	status, _ := task["status"].(object)
	s, _ := status["state"].(string)
	return s
}

// texts are those of the messages of a task, oldest first.
func texts(task object) []string {
	var all []string
	history, _ := task["history"].([]any)
	for _, m := range history {
		for _, p := range m.(object)["parts"].([]any) {
			text, _ := p.(object)["text"].(string)
			all = append(all, text)
		}
	}
	return all
}

// card is the agent card.
func (k *kit) card() object {
	k.Helper()
	res := k.do(k.newRequest(http.MethodGet, k.base+"/.well-known/agent-card.json", ""))
	defer res.Body.Close()
	var card object
	if err := json.NewDecoder(res.Body).Decode(&card); err != nil ||
		res.StatusCode != http.StatusOK {
		k.Fatal(res.Status, err)
	}
	return card
}

// events is a stream that is being read.
type events struct {
	k       *kit
	res     *http.Response
	scanner *bufio.Scanner
}

// stream opens a stream, which must be one.
func (k *kit) stream(op string, params object) *events {
	k.Helper()
	res := k.do(k.binding.request(k, op, params, []string{"Accept", "text/event-stream"}))
	if media := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK ||
		!strings.HasPrefix(media, "text/event-stream") {
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		k.Fatalf("%s is answered with %d %s %s", op, res.StatusCode, media, text)
	}
	return &events{k, res, bufio.NewScanner(res.Body)}
}

// next is the next event, nil when the stream has ended.
func (e *events) next() object {
	e.k.Helper()
	for e.scanner.Scan() {
		data, ok := bytes.CutPrefix(e.scanner.Bytes(), []byte("data:"))
		if !ok {
			continue // a blank line, or a comment that keeps the connection
		}
		var body object
		if err := json.Unmarshal(data, &body); err != nil {
			e.k.Fatalf("%s: %v", data, err)
		}
		result, fault := e.k.binding.open(e.k, http.StatusOK, body)
		if fault != nil {
			e.k.Fatalf("the stream tells %s", data)
		}
		e.k.shaped("StreamResponse", result)
		return result.(object)
	}
	e.close()
	return nil
}

// all reads the stream to its end.
func (e *events) all() (all []object) {
	e.k.Helper()
	for event := e.next(); event != nil; event = e.next() {
		all = append(all, event)
	}
	return all
}

func (e *events) close() { _ = e.res.Body.Close() }

// told puts what a stream tells into words: the kinds of its events, with their states.
func told(all []object) string {
	var words []string
	for _, event := range all {
		for kind, value := range event {
			if s := state(value.(object)); s != "" {
				kind += " " + strings.TrimPrefix(s, "TASK_STATE_")
			}
			words = append(words, kind)
		}
	}
	return strings.Join(words, ", ")
}

// equal reports whether two JSON values are the same.
func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return slices.Equal(x, y)
}
