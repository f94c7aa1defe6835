package a2asrv_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/wire"
	"staff0/ciba/jwks"
)

// A server that could not do what its card says, or would let everybody in, is not made.
func TestNewRefuses(t *testing.T) {
	yes := true
	for name, change := range map[string]func(*a2asrv.Config){
		"no card":     func(c *a2asrv.Config) { c.Card = nil },
		"no engine":   func(c *a2asrv.Config) { c.Engine = nil },
		"no verifier": func(c *a2asrv.Config) { c.Verifier = nil },
		"no scope":    func(c *a2asrv.Config) { c.Scope = "" },
		"a verifier without keys": func(c *a2asrv.Config) {
			c.Verifier = &jwks.AccessTokens{Issuer: "https://tenant.example/",
				Audience: "https://staff0/agent"}
		},
		"a relative path": func(c *a2asrv.Config) {
			c.Path = "a2a"
		},
		"a realm that breaks the header": func(c *a2asrv.Config) {
			c.Realm = "a\"b"
		},
		"push notifications (CRD-3)": func(c *a2asrv.Config) {
			c.Card.Capabilities.PushNotifications = &yes
		},
		"an extended card that the card does not declare (CRD-3)": func(c *a2asrv.Config) {
			c.ExtendedCard = testCard()
		},
		"an extended card without an address of the older version": func(c *a2asrv.Config) {
			c.Card.Capabilities.ExtendedAgentCard, c.ExtendedCard = &yes, testCard()
			c.ExtendedCard.SupportedInterfaces = c.ExtendedCard.SupportedInterfaces[:2]
		},
		"no interface": func(c *a2asrv.Config) { c.Card.SupportedInterfaces = nil },
		"only interfaces that are spoken elsewhere": func(c *a2asrv.Config) {
			c.Card.SupportedInterfaces = []a2a.AgentInterface{
				{URL: "https://x/", ProtocolBinding: a2a.BindingGRPC,
					ProtocolVersion: wire.Version10},
				{URL: "https://x/", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "9.9"},
				{URL: "https://x/", ProtocolBinding: a2a.BindingHTTPJSON,
					ProtocolVersion: wire.Version03},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := a2asrv.Config{Card: testCard(), Engine: newAgent(t, nil).engine,
				Verifier: tokens{}, Scope: testScope}
			if _, err := a2asrv.New(config); err != nil {
				t.Fatalf("the configuration before the change: %v", err)
			}
			change(&config)
			if s, err := a2asrv.New(config); err == nil || s != nil {
				t.Errorf("New made a server")
			}
		})
	}
}

// serve does one request in the same goroutine.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func getCard(header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, a2asrv.CardPath, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// CRD-2: a card that the client has is not sent again. RFC 9110 §13.1.2: the comparison is weak,
// and a list may come in pieces.
func TestCardIsNotSentAgain(t *testing.T) {
	server := newAgent(t, nil).server
	union := serve(server, getCard()).Header().Get("ETag")
	pure := serve(server, getCard("A2A-Version", wire.Version10)).Header().Get("ETag")
	if union == "" || union == pure || !strings.HasPrefix(union, `"`) {
		t.Fatalf("ETags %s and %s: two forms need two strong tags", union, pure)
	}
	for _, c := range []struct {
		name, known, version string
		status               int
	}{
		{"the same tag", union, "", 304},
		{"the same tag, called weak", "W/" + union, "", 304},
		{"one of several", `"a", ` + union + `,"b"`, "", 304},
		{"any", "*", "", 304},
		{"another tag", `"a"`, "", 200},
		{"the tag without its quotes", strings.Trim(union, `"`), "", 200},
		{"the tag of the other form", union, wire.Version10, 200},
		{"the tag of that form", pure, wire.Version10, 304},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := getCard("If-None-Match", c.known)
			if c.version != "" {
				r.Header.Set("A2A-Version", c.version)
			}
			w := serve(server, r)
			if w.Code != c.status {
				t.Fatalf("status %d, want %d", w.Code, c.status)
			}
			if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("ETag") == "" ||
				w.Header().Get("Vary") != "A2A-Version") {
				t.Errorf("a 304 with headers %v and %d bytes", w.Header(), w.Body.Len())
			}
		})
	}
	r := getCard("If-None-Match", `"a"`)
	r.Header.Add("If-None-Match", union)
	if w := serve(server, r); w.Code != 304 {
		t.Errorf("two headers: status %d, want 304", w.Code)
	}
}

// HEAD has the headers of GET, the length included.
func TestCardHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, nil)
		client := inMemory(t, a.server).client(t, false)
		get, body := do(t, client,
			must(http.NewRequest(http.MethodGet, "http://agent"+a2asrv.CardPath, nil)))
		head, none := do(t, client,
			must(http.NewRequest(http.MethodHead, "http://agent"+a2asrv.LegacyCardPath, nil)))
		if none != "" || head.ContentLength != int64(len(body)) ||
			get.ContentLength != head.ContentLength {
			t.Errorf("GET %d bytes, HEAD says %d and sends %q", len(body), head.ContentLength, none)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// ask asks a question that needs an approval, and gives the task.
func (a *agent) ask() string {
	w := serve(a.server, post(say("SendMessage", "Does jdoe@staff0.com work here?"), ""))
	_, rest, _ := strings.Cut(w.Body.String(), `"task":{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// EXT, TEN and CRD-4 as far as the card has a say.
func TestWhatTheCardDeclares(t *testing.T) {
	yes := true
	only := func(version, tenant string) func(*a2asrv.Config) {
		return func(c *a2asrv.Config) {
			c.Card.SupportedInterfaces = []a2a.AgentInterface{
				{URL: "https://x/", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: version,
					Tenant: tenant},
			}
		}
	}
	const older, newer, tenanted = `"method":"tasks/get","params":{"id":"x"}`,
		`"method":"GetTask","params":{"id":"x"}`,
		`"method":"GetTask","params":{"id":"x","tenant":"acme"}`
	for _, c := range []struct {
		name, call string
		change     func(*a2asrv.Config)
		want       string
	}{
		{"an extended card that is declared and not there", `"method":"GetExtendedAgentCard"`,
			func(c *a2asrv.Config) {
				c.Card.Capabilities.ExtendedAgentCard = &yes
			}, `"code":-32007`},
		{"the older version where only the newer is declared (VER-3)", older, only(wire.Version10,
			""), `"code":-32600,"message":"Protocol version is not supported"`},
		{"the newer version where only the newer is declared", newer, only(wire.Version10, ""),
			`"code":-32001`},
		{"the newer version where only the older is declared (VER-3)", newer,
			only(wire.Version03, ""), `"code":-32009`},
		{"the older version where only the older is declared", older, only(wire.Version03, ""),
			`"code":-32001`},
		{"the tenant that the card names (TEN-1)", tenanted, only(wire.Version10, "acme"),
			`"code":-32001`},
		{"another tenant", strings.Replace(tenanted, "acme", "Acme", 1),
			only(wire.Version10, "acme"), `"field":"tenant"`},
		{"no tenant where the card names one", newer, only(wire.Version10, "acme"),
			`"field":"tenant"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAgent(t, c.change)
			w := serve(a.server, post(`{"jsonrpc":"2.0","id":1,`+c.call+`}`, ""))
			if w.Code != 200 || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s, want %s", w.Code, w.Body, c.want)
			}
		})
	}
}

// The log tells what the caller is not told, under the number that the caller is told, and nothing
// that is the caller's own.
func TestFaultsAreLogged(t *testing.T) {
	a := newAgent(t, nil)
	a.store.broken.Store(true)
	w := serve(a.server, post(`{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}`,
		"bank-for-alice"))
	_, number, ok := strings.Cut(strings.TrimSuffix(w.Body.String(), `"}}`), "report request ")
	if !ok || len(number) != 10 {
		t.Fatalf("the answer names no request: %s", w.Body)
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the answer tells the cause: %s", w.Body)
	}
	log := a.log.String()
	for _, want := range []string{"request=" + number, "method=GetTask",
		"the secret name of the disk"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
	for _, personal := range []string{"alice", "Bearer"} {
		if strings.Contains(log, personal) {
			t.Errorf("the log holds %q: %s", personal, log)
		}
	}
}

// A caller that hangs up is no fault, whatever it was waiting for.
func TestLeavingIsNoFault(t *testing.T) {
	for _, method := range []string{"SendMessage", "SendStreamingMessage"} {
		synctest.Test(t, func(t *testing.T) {
			a := newAgent(t, nil)
			ctx, leave := context.WithCancel(t.Context())
			w := httptest.NewRecorder()
			var call sync.WaitGroup
			call.Go(func() {
				a.server.ServeHTTP(w, post(say(method, "Take 40 seconds."), "").WithContext(ctx))
			})
			synctest.Wait()
			told := w.Body.String()
			leave()
			call.Wait()
			if w.Body.String() != told || a.log.String() != "" {
				t.Errorf("%s: said %s, logged %s", method, w.Body, a.log)
			}
			a.shutdown(t)
		})
	}
}

// deaf fails to write from some time on, as a connection does whose other side has gone.
type deaf struct {
	*httptest.ResponseRecorder
	from time.Time
}

func (d *deaf) Write(p []byte) (int, error) {
	if !time.Now().Before(d.from) {
		return 0, io.ErrClosedPipe
	}
	return d.ResponseRecorder.Write(p)
}

// A stream ends with the first write that fails, be it of events or of a keep-alive.
func TestStreamToNobodyEnds(t *testing.T) {
	for gone, want := range map[time.Duration]time.Duration{0: 0, time.Second: a2asrv.KeepAlive,
		a2asrv.KeepAlive + time.Second: 2 * a2asrv.KeepAlive} {
		synctest.Test(t, func(t *testing.T) {
			a := newAgent(t, nil)
			begin := time.Now()
			r := post(say("SendStreamingMessage", "Does jdoe@staff0.com work here?"), "")
			a.server.ServeHTTP(&deaf{httptest.NewRecorder(), begin.Add(gone)}, r)
			if took := time.Since(begin); took != want {
				t.Errorf("gone after %v, it took %v, want %v", gone, took, want)
			}
			a.shutdown(t)
		})
	}
}

// A stream that meets a fault half-way ends with one error event (SSE-4), in either version.
func TestFaultInsideAStream(t *testing.T) {
	for _, method := range []string{"SubscribeToTask", "tasks/resubscribe"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAgent(t, nil)
				id := a.ask()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				w := httptest.NewRecorder()
				r := post(`{"jsonrpc":"2.0","id":"s","method":"`+method+`","params":{"id":"`+id+
					`"}}`, "")
				var stream sync.WaitGroup
				stream.Go(func() { a.server.ServeHTTP(w, r.WithContext(ctx)) })
				synctest.Wait()
				a.store.full.Store(true)
				go func() { _ = a.engine.Wake(ctx, a2a.TaskID(id), "approve") }()
				stream.Wait()
				a.store.full.Store(false)
				events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
				if len(events) != 2 ||
					!strings.HasPrefix(events[1],
						`data: {"jsonrpc":"2.0","id":"s","error":{"code":-32603,"message":"Internal error.`) ||
					strings.Contains(events[1], "secret") {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				a.shutdown(t)
			})
		})
	}
}

// Per caller only so many calls may wait, so that one caller cannot take the memory of all.
func TestWaitingCallsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, nil)
		ctx, leave := context.WithCancel(t.Context())
		var streams []*httptest.ResponseRecorder
		for range a2asrv.MaxWaiting {
			w := httptest.NewRecorder()
			streams = append(streams, w)
			go a.server.ServeHTTP(w,
				post(say("SendStreamingMessage", "Does jdoe@staff0.com work here?"),
					"").WithContext(ctx))
		}
		synctest.Wait()
		for i, w := range streams {
			if w.Code != 200 {
				t.Fatalf("stream %d: %d %s", i, w.Code, w.Body)
			}
		}
		for _, method := range []string{"SendStreamingMessage", "SendMessage"} {
			w := serve(a.server, post(say(method, "Answer now."), ""))
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" ||
				!strings.Contains(w.Body.String(), `"id":1,"error":{"code":-32000`) {
				t.Errorf("%s: %d %v %s, want 429", method, w.Code, w.Header(), w.Body)
			}
		}
		if w := serve(a.server, post(say("SendMessage", "Answer now."), "insurer")); w.Code != 200 {
			t.Errorf("another caller: %d %s", w.Code, w.Body)
		}
		if w := serve(a.server, post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`,
			"")); w.Code != 200 {
			t.Errorf("a call that does not wait: %d %s", w.Code, w.Body)
		}
		for i := range a2asrv.MaxWaiting + 1 {
			if w := serve(a.server,
				post(say("SendMessage", "Answer now."), "insurer")); w.Code != 200 {
				t.Fatalf("call %d of another caller, one after the other: %d %s", i, w.Code, w.Body)
			}
		}
		leave()
		synctest.Wait()
		if w := serve(a.server, post(say("SendMessage", "Answer now."), "")); w.Code != 200 {
			t.Errorf("after the others have left: %d %s", w.Code, w.Body)
		}
		a.shutdown(t)
	})
}

// Before there is a Server, a program answers with NotReady.
func TestNotReady(t *testing.T) {
	w := httptest.NewRecorder()
	a2asrv.NotReady(w, getCard())
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" ||
		w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// The card names everything that is spoken, the newest version first (CRD-3).
func TestInterfaces(t *testing.T) {
	card := testCard()
	if got := a2asrv.Interfaces("https://hr.staff0.com/"); !slices.Equal(got,
		card.SupportedInterfaces) {
		t.Errorf("%+v, want %+v", got, card.SupportedInterfaces)
	}
}

// The rest of what is sent as a path finds no handler and no panic.
func TestOddPaths(t *testing.T) {
	for _, path := range []string{"", "*", "//", "/a2a//", "/A2A", "/.well-known/",
		"/.well-known/agent-card.json/"} {
		r := post("{}", "")
		r.URL.Path = path
		w := serve(newAgent(t, nil).server, r)
		want := http.StatusNotFound
		if path == "" { // of a request line with a whole URL; it is the root
			want = http.StatusOK
		}
		if w.Code != want {
			t.Errorf("%q: %d, want %d", path, w.Code, want)
		}
	}
}
