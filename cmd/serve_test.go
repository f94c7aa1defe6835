package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba/oauth"
)

// pipeListener is a network within the process, whose connections stand still with the clock of a
// synctest bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// serving runs a service in a bubble; stop asks it to end and waits for that.
func serving(t *testing.T, s *service) (l *pipeListener, stop func() error) {
	t.Helper()
	l = newPipeListener()
	s.ln = l
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, "") }()
	return l, func() error {
		cancel()
		return <-ended
	}
}

func TestSlowHeaderIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(t, &service{handler: http.NotFoundHandler()})
		c := l.dial()
		defer c.Close()
		begin := time.Now()
		var typing sync.WaitGroup
		defer typing.Wait()
		typing.Go(func() {
			for range 1000 { // a byte now and then keeps no connection
				if _, err := io.WriteString(c, "G"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		_, _ = io.Copy(io.Discard, c)
		if took := time.Since(begin); took > headerTimeout+time.Second {
			t.Errorf("cut after %v, want %v", took, headerTimeout)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestSlowBodyIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan error, 1)
		l, stop := serving(t,
			&service{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadAll(r.Body)
				read <- err
				w.WriteHeader(http.StatusRequestTimeout)
			})})
		c := l.dial()
		defer c.Close()
		var peer sync.WaitGroup
		defer peer.Wait()
		peer.Go(func() { _, _ = io.Copy(io.Discard, c) })
		begin := time.Now()
		peer.Go(func() {
			_, _ = io.WriteString(c,
				"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the body ended with %v", err)
		}
		if took := time.Since(begin); took != bodyTimeout {
			t.Errorf("cut after %v, want %v", took, bodyTimeout)
		}
		c.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestStreamOutlivesTheBodyTimeout: the time for a request's body is none for its answer, which
// lasts as long as a person takes.
func TestStreamOutlivesTheBodyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(t,
			&service{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadAll(r.Body)
				time.Sleep(10 * time.Minute)
				if err := r.Context().Err(); err != nil {
					t.Errorf("the stream was cut: %v", err)
				}
				_, _ = io.WriteString(w, "late")
			})})
		c := l.dial()
		defer c.Close()
		go func() {
			_, _ = io.WriteString(c,
				"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
		}()
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "late" {
			t.Errorf("%q, %v", body, err)
		}
		c.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestStopDoesNotWaitForFreshConnections: http.Server.Shutdown grants five seconds to connections
// on which nothing was sent yet.
func TestStopDoesNotWaitForFreshConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(t, &service{handler: http.NotFoundHandler()})
		for range 3 {
			defer l.dial().Close()
		}
		synctest.Wait()
		begin := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		l, stop := serving(t,
			&service{handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				<-release
			})})
		c := l.dial()
		defer c.Close()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		synctest.Wait()
		begin := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < stopTimeout-time.Second ||
			took > stopTimeout+time.Second {
			t.Errorf("who is still there has %v, and had %v", stopTimeout, took)
		}
		close(release)
	})
}

func TestStopDrainsBeforeItCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		s := &service{
			handler: http.NotFoundHandler(),
			start: func(ctx context.Context) error {
				<-ctx.Done()
				order = append(order, "beside ended")
				return nil
			},
			drain: func(context.Context) { order = append(order, "drained") },
			close: func() error { order = append(order, "closed"); return nil },
		}
		_, stop := serving(t, s)
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := strings.Join(order, ", "); got != "drained, beside ended, closed" {
			t.Errorf("got %s", got)
		}
	})
}

func TestFailureBesideEndsTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := errors.New("another issuer")
		s := &service{handler: http.NotFoundHandler(), ln: newPipeListener(),
			log:   slog.New(slog.DiscardHandler),
			start: func(context.Context) error { return wrong }}
		if err := s.run(t.Context(), ""); !errors.Is(err, wrong) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPanicCutsOneConnection(t *testing.T) {
	var logged strings.Builder
	log := slog.New(slog.NewTextHandler(&logged, nil))
	server := httptest.NewServer(
		newFront(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/panic":
				panic("something with a cause")
			case "/abort":
				panic(http.ErrAbortHandler)
			}
		}), log))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	defer server.Close()
	for _, path := range []string{"/panic", "/abort"} {
		if res, err := http.Get(server.URL + path); err == nil {
			res.Body.Close()
			t.Errorf("%s was answered %d", path, res.StatusCode)
		}
	}
	res, err := http.Get(server.URL + "/")
	if err != nil {
		t.Fatalf("the others go on: %v", err)
	}
	res.Body.Close()
	server.Close() // nobody writes the log any more
	if got := logged.String(); strings.Count(got, "a request panicked") != 1 ||
		!strings.Contains(got, "something with a cause") {
		t.Errorf("the log has %q; an aborted answer is no panic of ours", got)
	}
}

func TestGate(t *testing.T) {
	g := new(gate)
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for _, tt := range []struct {
		path   string
		status int
		retry  string
	}{
		{"/livez", 200, ""}, {"/readyz", 503, "1"}, {"/", 503, "1"},
		{"/.well-known/agent-card.json", 503, "1"}, {"/employees/x", 503, "1"},
	} {
		if w := ask(tt.path); w.Code != tt.status || w.Header().Get("Retry-After") != tt.retry {
			t.Errorf("%s before discovery: %d with Retry-After %q, want %d and %q", tt.path, w.Code,
				w.Header().Get("Retry-After"), tt.status, tt.retry)
		}
	}
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	g.set(routes{"/readyz": answer(http.StatusAccepted), "": answer(http.StatusTeapot)})
	for path, want := range map[string]int{"/readyz": http.StatusAccepted,
		"/livez": http.StatusTeapot, "/": http.StatusTeapot, "//readyz": http.StatusTeapot,
		"/readyz/": http.StatusTeapot, "/employees/..": http.StatusTeapot} {
		if w := ask(path); w.Code != want {
			t.Errorf("%s after it: %d, want %d", path, w.Code, want)
		}
	}
}

func TestHealth(t *testing.T) {
	w := httptest.NewRecorder()
	health(w, nil)
	if w.Code != 200 || w.Body.String() != "ok\n" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	health(w, errors.New("the disk /var/lib/staff0 is full"))
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" ||
		strings.Contains(w.Body.String(), "disk") {
		t.Errorf("whoever asks without a token learns no cause: %d %q", w.Code, w.Body)
	}
}

func TestWriteAddr(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	path := filepath.Join(t.TempDir(), "addr")
	remove, err := writeAddr(path, ln)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != ln.Addr().String() {
		t.Errorf("got %q, want %q", got, ln.Addr())
	}
	remove()
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) > 0 {
		t.Errorf("left over: %v", entries)
	}
	if remove, err = writeAddr("", ln); err != nil {
		t.Error(err)
	}
	remove() // nothing to write is nothing to remove
}

// TestDiscover: a provider that is not there yet is waited for with growing pauses; one that
// answers wrongly is final.
func TestDiscover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if tries++; tries <= 10 {
				return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
			}
			return jsonAnswer(r,
				`{"issuer":"http://localhost:10052/","token_endpoint":"http://localhost:10052/t","jwks_uri":"http://localhost:10052/k"}`), nil
		})}
		begin := time.Now()
		m, err := discover(t.Context(), hc, "http://localhost:10052/",
			slog.New(slog.DiscardHandler))
		if err != nil || m.TokenEndpoint != "http://localhost:10052/t" {
			t.Fatalf("%v, %v", m, err)
		}
		// 50 ms, 100 ms … 1.6 s, then 2 s each.
		if took := time.Since(begin); took != 11150*time.Millisecond {
			t.Errorf("ten tries in vain took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			tries++
			return jsonAnswer(r,
				`{"issuer":"https://evil.example/","token_endpoint":"https://evil.example/t","jwks_uri":"https://evil.example/k"}`), nil
		})}
		_, err := discover(t.Context(), hc, "http://localhost:10052/",
			slog.New(slog.DiscardHandler))
		var e *exitError
		if !errors.As(err, &e) || !errors.Is(err, oauth.ErrWrongProvider) || tries != 1 {
			t.Errorf("%v after %d tries", err, tries)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		hc := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, io.ErrUnexpectedEOF
		})}
		gone := errors.New("stopped")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, gone)
		defer cancel()
		if _, err := discover(ctx, hc, "http://localhost:10052/",
			slog.New(slog.DiscardHandler)); !errors.Is(err, gone) {
			t.Errorf("got %v", err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func jsonAnswer(r *http.Request, body string) *http.Response {
	return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Request: r,
		Header:  http.Header{"Content-Type": {"application/json"}},
		Body:    io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func TestExitCodeOfErrors(t *testing.T) {
	for _, tt := range []struct {
		why  string
		err  error
		code int
		text string
	}{
		{"no error", nil, 0, ""},
		{"nothing more to say", leave(exitDeclined), 4, ""},
		{"leave with 0", leave(exitYes), 0, ""},
		{"usage", usageError("what", "this"), 2, "staff0: what\nTry: this\n"},
		{"a fault of ours", errors.New("broken"), 1, "staff0: broken\n"},
		{"a hostile text", fmt.Errorf("it said %s", "\x1b[2J\nTry: rm -rf /"), 1,
			"staff0: it said " + `\x1b[2J\nTry: rm -rf /` + "\n"},
		{"a wrong secret", fmt.Errorf("token: %w", oauth.ErrInvalidClient), 3, ""},
		{"interrupted", context.Canceled, 130, ""},
	} {
		var out strings.Builder
		if got := exitCode(&out, tt.err); got != tt.code {
			t.Errorf("%s: %d, want %d", tt.why, got, tt.code)
		}
		if tt.text != "" && out.String() != tt.text {
			t.Errorf("%s: printed %q, want %q", tt.why, out.String(), tt.text)
		}
	}
}

func TestCommandCanBePasted(t *testing.T) {
	got := command("staff0", "client", "ask", "--agent", "http://localhost:1", "it's; rm -rf /",
		"", "$(x)")
	if want := `staff0 client ask --agent http://localhost:1 'it'\''s; rm -rf /' '' '$(x)'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func newFront(next http.Handler, log *slog.Logger) http.Handler {
	return &front{next, log, writeTimeout}
}
