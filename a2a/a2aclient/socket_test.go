package a2aclient_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a/a2aclient"
	"staff0/ciba/oauth"
)

// Connections that really break. What time does is tested in test time; here the kernel does it.

// patience of the test itself, which only a failure needs.
const long = 20 * time.Second

// dial makes a client of an agent at an address of this machine.
func dial(t *testing.T, addr string) *a2aclient.Client {
	t.Helper()
	hc := oauth.NewHTTPClient(0)
	t.Cleanup(hc.CloseIdleConnections)
	base := "http://" + addr
	c, err := a2aclient.New(card(at(base+"/a2a")), a2aclient.Config{
		Base: parse(t, base), HTTPClient: hc, Issuer: parse(t, issuerURL), Tokens: new(purse),
		Patience: a2aclient.DefaultPatience,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// raw answers the first connection by hand, from the request's end, and leaves those after it to
// the agent.
func raw(t *testing.T, first func(net.Conn), a *agent) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rest := &tail{Listener: l, first: first}
	srv := &http.Server{Handler: a, ReadHeaderTimeout: long}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(rest) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

type tail struct {
	net.Listener
	once  sync.Once
	first func(net.Conn)
}

func (l *tail) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	taken := false
	l.once.Do(func() {
		taken = true
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
		}
		l.first(conn)
	})
	if taken {
		return l.Accept()
	}
	return conn, nil
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

// reset closes a connection with RST.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func TestConnectionsThatBreak(t *testing.T) {
	event := `data: {"jsonrpc":"2.0","id":1,"result":` + task("WORKING") + "}\n\n"
	half := strings.TrimSuffix(`data: {"jsonrpc":"2.0","id":1,"result":`+status("COMPLETED")+
		"}\n\n", "\n\n")
	chunked := strings.Replace(head, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1)
	for _, tt := range []struct {
		why   string
		first func(net.Conn)
		lost  bool // before the task was known
	}{
		{"after an event, in good order", func(c net.Conn) {
			_, _ = io.WriteString(c, head+event)
			_ = c.Close()
		}, false},
		{"in the midst of an event", func(c net.Conn) {
			_, _ = io.WriteString(c, head+event+half)
			_ = c.Close()
		}, false},
		{"in the midst of a chunk", func(c net.Conn) {
			_, _ = io.WriteString(c, chunked+"fff\r\n"+event)
			_ = c.Close()
		}, false},
		{"with a reset before anything", reset, true},
		{"in the midst of the headers", func(c net.Conn) {
			_, _ = io.WriteString(c, head[:20])
			_ = c.Close()
		}, true},
		{"after the headers", func(c net.Conn) {
			_, _ = io.WriteString(c, chunked)
			reset(c)
		}, true},
		{"with what is not HTTP", func(c net.Conn) {
			_, _ = io.WriteString(c, "220 mail.example ESMTP\r\n")
			_ = c.Close()
		}, true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			a := newAgent(t).on("SubscribeToTask", streamed(task("WORKING"), status("COMPLETED")))
			told, err := heard(t, dial(t, raw(t, tt.first, a)).Follow(ctx, question()))
			var unreachable *a2aclient.UnreachableError
			switch {
			case tt.lost &&
				(told != "" || !errors.As(err, &unreachable) && !errors.Is(err, a2aclient.ErrCut)):
				t.Errorf("told %q, error %v", told, err)
			case tt.lost && a.methods() != "":
				t.Errorf("the message was sent again: %s", a.methods())
			case !tt.lost && (told != "task WORKING, task WORKING, COMPLETED" || err != nil):
				t.Errorf("told %q, error %v", told, err)
			}
		})
	}
}

func TestAResetAfterAnEvent(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	read := make(chan struct{}) // a reset overtakes what has not been read
	addr := raw(t, func(c net.Conn) {
		_, _ = io.WriteString(c, head+`data: {"jsonrpc":"2.0","id":1,"result":`+task("WORKING")+
			"}\n\n")
		go func() { <-read; reset(c) }()
	}, newAgent(t).on("SubscribeToTask", fail(-32004, "ended")).on("GetTask",
		result(plainTask("COMPLETED"))))
	var told []string
	for event, err := range dial(t, addr).Follow(ctx, question()) {
		if err != nil {
			t.Fatal(err)
		}
		if told = append(told, name(event)); len(told) == 1 {
			close(read)
		}
	}
	if got := strings.Join(told, ", "); got != "task WORKING, task COMPLETED" {
		t.Errorf("told %q", got)
	}
}

// The error is the kernel's, the waiting is in test time.
func TestAPortThatNobodyListensOnYet(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	// which does not wait
	_, refused := a2aclient.Resolve(t.Context(), oauth.NewHTTPClient(0), parse(t, "http://"+addr))
	var unreachable *a2aclient.UnreachableError
	if !errors.As(refused, &unreachable) {
		t.Fatalf("error %v", refused)
	}
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Duration
		a := newAgent(t).on("SendMessage", result(task("COMPLETED")))
		if _, err := connect(t, failing(unreachable.Err, 2*time.Second, &tries,
			inProcess{a})).SendMessage(t.Context(), question()); err != nil {
			t.Error(err)
		}
		if len(tries) != 9 {
			t.Errorf("tried at %v", tries)
		}
	})
}

func TestAnInterruptLetsGoOfTheConnection(t *testing.T) {
	gone := make(chan struct{})
	a := newAgent(t).on("SendStreamingMessage", func(c *call) {
		streamed(task("WORKING"))(c)
		<-c.r.Context().Done()
		close(gone)
	})
	srv := httptest.NewServer(a)
	defer srv.Close()
	cause := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	for _, err := range dial(t, strings.TrimPrefix(srv.URL, "http://")).Follow(ctx, question()) {
		cancel(cause)
		last = err
	}
	if !errors.Is(last, cause) {
		t.Errorf("ended with %v", last)
	}
	select {
	case <-gone:
	case <-time.After(long):
		t.Error("the agent still holds the connection")
	}
}
