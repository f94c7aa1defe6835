package a2asrv_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
)

var update = flag.Bool("update", false, "rewrite what the servers of the conversations say")

// TestConversations replays testdata/*.txtar in bubbles of test time, which begins at
// 2000-01-01T00:00:00Z.
//
//	client NAME   a request. Without other headers it has a token of the client "bank" and, with a body, is application/json.
//	              "Header:" alone leaves a header out.
//	server NAME   what has come back since, as soon as nothing moves any more. For streams the last line says whether more may come.
//	world         what happens elsewhere: approve TASK, decline TASK, wait DURATION, leave NAME (the client hangs up),
//	              drain (the agent stops), store breaks|works, agent unready|ready.
//
// Ids that the server makes are written as uuid-1, uuid-2 … in the order of their appearance, and
// so are page tokens and numbers of requests.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations: ", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { converse(t, ar) })
			if *update && !t.Failed() {
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func converse(t *testing.T, ar *txtar.Archive) {
	a := newAgent(t, func(c *a2asrv.Config) {
		for note, change := range notes {
			if strings.Contains(string(ar.Comment), "["+note+"]") {
				change(c)
			}
		}
	})
	client := inMemory(t, a.server).client(t, false)
	names := &names{real: map[string]string{}, given: map[string]string{}}
	exchanges := map[string]*exchange{}
	for i := range ar.Files {
		step := &ar.Files[i]
		kind, name, _ := strings.Cut(step.Name, " ")
		switch kind {
		case "client":
			exchanges[name] = send(t, client, names.restore(string(step.Data)))
		case "world":
			for line := range strings.Lines(string(step.Data)) {
				a.happen(t, names.restore(strings.TrimSpace(line)), exchanges)
			}
		case "server":
			if exchanges[name] == nil {
				t.Fatalf("%q answers nothing that was sent", step.Name)
			}
			synctest.Wait()
			got := names.replace(exchanges[name].news())
			if *update {
				step.Data = []byte(got)
			} else if want := string(step.Data); got != want {
				t.Errorf("%s:\n%swant\n%s", step.Name, got, want)
			}
		default:
			t.Fatalf("a step %q is unknown", step.Name)
		}
	}
	for _, x := range exchanges {
		x.cancel()
	}
	a.shutdown(t)
}

// notes in the comment of a conversation change the agent.
var notes = map[string]func(*a2asrv.Config){
	"no streaming": func(c *a2asrv.Config) { c.Card.Capabilities.Streaming = nil },
	"tenant": func(c *a2asrv.Config) {
		for i := range c.Card.SupportedInterfaces {
			c.Card.SupportedInterfaces[i].Tenant = "acme"
		}
	},
	"extensions": func(c *a2asrv.Config) {
		c.Card.Capabilities.Extensions = []a2a.AgentExtension{{URI: "https://x.example/one"},
			{URI: "https://x.example/two"}}
	},
	"required extension": func(c *a2asrv.Config) {
		c.Card.Capabilities.Extensions = []a2a.AgentExtension{{URI: "https://x.example/needed",
			Required: true}}
	},
	"extended card": func(c *a2asrv.Config) {
		yes := true
		c.Card.Capabilities.ExtendedAgentCard = &yes
		extended := *c.Card
		extended.Description = "Says it in more detail."
		c.ExtendedCard = &extended
	},
}

func (a *agent) happen(t *testing.T, line string, exchanges map[string]*exchange) {
	t.Helper()
	synctest.Wait()
	what, whom, _ := strings.Cut(line, " ")
	var err error
	switch what {
	case "approve", "decline":
		err = a.engine.Wake(t.Context(), a2a.TaskID(whom), what)
	case "wait":
		var d time.Duration
		d, err = time.ParseDuration(whom)
		time.Sleep(d)
	case "leave":
		exchanges[whom].cancel()
	case "drain":
		a.shutdown(t)
	case "store":
		a.store.broken.Store(whom == "breaks")
	case "agent":
		a.ready.Store(whom == "ready")
	default:
		t.Fatalf("%q cannot happen", line)
	}
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	synctest.Wait()
}

// exchange is a request and what has come back of its answer.
type exchange struct {
	cancel func()
	mu     sync.Mutex
	text   bytes.Buffer
	stream bool
	over   bool
}

func send(t *testing.T, client *http.Client, text string) *exchange {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, path, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("%q is no request", lines[0])
	}
	ctx, cancel := context.WithCancel(t.Context())
	body = strings.TrimSuffix(body, "\n")
	r, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer bank")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Del(name)
		for v := range strings.SplitSeq(value, " | ") { // several headers of one name
			if v = strings.TrimSpace(v); v != "" {
				r.Header.Add(name, v)
			}
		}
	}
	x := &exchange{cancel: cancel}
	go x.receive(client, r)
	return x
}

// shownHeaders are those that belong to the contract.
var shownHeaders = []string{
	"Content-Type", "Cache-Control", "Etag", "Vary", "Allow", "Www-Authenticate", "Retry-After",
	"X-Accel-Buffering", "Access-Control-Allow-Origin",
	"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
	"Access-Control-Expose-Headers",
	"A2a-Extensions", "X-A2a-Extensions",
}

func (x *exchange) receive(client *http.Client, r *http.Request) {
	res, err := client.Do(r)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		x.over = true
		x.text.WriteString("(no answer)\n")
		return
	}
	defer res.Body.Close()
	fmt.Fprintln(&x.text, res.Status)
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		if slices.Contains(shownHeaders, name) {
			fmt.Fprintf(&x.text, "%s: %s\n", name, strings.Join(res.Header[name], " | "))
		}
	}
	x.text.WriteString("\n")
	x.stream = strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream")
	if !x.stream {
		x.mu.Unlock()
		body, _ := io.ReadAll(res.Body)
		x.mu.Lock()
		x.over = true
		if pretty := new(bytes.Buffer); strings.HasPrefix(r.URL.Path, "/.well-known/") &&
			json.Indent(pretty, body, "", "  ") == nil {
			body = pretty.Bytes()
		}
		if len(body) > 0 {
			fmt.Fprintln(&x.text, string(body))
		}
		return
	}
	lines := bufio.NewReader(res.Body)
	for {
		x.mu.Unlock()
		line, err := lines.ReadString('\n')
		x.mu.Lock()
		x.text.WriteString(line)
		if err != nil {
			x.over = true
			return
		}
	}
}

// news is what has come since it was last asked for.
func (x *exchange) news() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	text := x.text.String()
	x.text.Reset()
	switch {
	case text == "" && !x.over && !x.stream:
		return "(no answer yet)\n"
	case x.stream && x.over:
		text += "(end)\n"
	case x.stream:
		text += "(open)\n"
	}
	return text
}

// names puts stable names in place of what is random.
type names struct {
	real, given map[string]string
}

var random = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(
		`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b0[0-9a-v]{41}|"nextPageToken":"[^"]+"|report request [A-Z2-7]+`)
})

var invented = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(uuid|page|request)-[0-9]+`)
})

func (n *names) replace(text string) string {
	return random().ReplaceAllStringFunc(text, func(found string) string {
		kind, before, after := "uuid", "", ""
		if rest, ok := strings.CutPrefix(found, `"nextPageToken":"`); ok {
			kind, before, after, found = "page", `"nextPageToken":"`, `"`,
				strings.TrimSuffix(rest, `"`)
		} else if rest, ok := strings.CutPrefix(found, "report request "); ok {
			kind, before, found = "request", "report request ", rest
		}
		if n.given[found] == "" {
			count := 1
			for _, name := range n.given {
				if strings.HasPrefix(name, kind) {
					count++
				}
			}
			name := fmt.Sprintf("%s-%d", kind, count)
			n.given[found], n.real[name] = name, found
		}
		return before + n.given[found] + after
	})
}

func (n *names) restore(text string) string {
	return invented().ReplaceAllStringFunc(text, func(name string) string {
		if real, ok := n.real[name]; ok {
			return real
		}
		return name
	})
}
