package push

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// attempt makes one attempt over a real network, at a server that the operator allows.
func attempt(t *testing.T, server *httptest.Server, handler http.HandlerFunc) *fault {
	t.Helper()
	server.Config.Handler = handler
	c := Config{Allow: []string{server.URL}, UserAgent: "test/1"}
	if server.Certificate() != nil {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AddCert(server.Certificate())
	}
	return try(t, newSender(t, c), server.URL+"/hook?key=value")
}

func try(t *testing.T, s *Sender, url string) *fault {
	t.Helper()
	hook := &tasks.Webhook{Config: &a2a.TaskPushNotificationConfig{
		TaskID: "t", ID: "a", URL: url, Token: "t",
		Authentication: &a2a.AuthenticationInfo{Scheme: "Bearer", Credentials: "s3cret"},
	}}
	n := &notice{seq: 1, event: &a2a.TaskStatusUpdateEvent{TaskID: "t"}, dialect: dialectOf("")}
	return s.send(t.Context(), hook, n)
}

func serve(t *testing.T, start func(http.Handler) *httptest.Server) *httptest.Server {
	t.Helper()
	server := start(nil)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	return server
}

func TestANotificationOverTLS(t *testing.T) {
	server := serve(t, httptest.NewTLSServer)
	var got *http.Request
	var body []byte
	fault := attempt(t, server, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	if fault != nil {
		t.Fatalf("%+v", fault)
	}
	if got.Method != http.MethodPost || got.RequestURI != "/hook?key=value" ||
		got.Header.Get("Authorization") != "Bearer s3cret" ||
		got.ContentLength != int64(len(body)) || got.Header.Get("User-Agent") != "test/1" ||
		!got.Close {
		t.Errorf("the request is %+v", got)
	}
	if got.TLS == nil || got.TLS.ServerName != "" && net.ParseIP(got.TLS.ServerName) != nil {
		t.Errorf("TLS is %+v", got.TLS)
	}
	if !strings.HasPrefix(string(body), `{"statusUpdate":{"taskId":"t"`) {
		t.Errorf("the body is %s", body)
	}
}

func TestAReceiverThatNobodyVouchesForGetsNothing(t *testing.T) {
	server := serve(t, httptest.NewTLSServer)
	server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("it got a request")
	})
	fault := try(t, newSender(t, Config{Allow: []string{server.URL}}), server.URL)
	if fault == nil || fault.text != "the certificate of its host was not accepted" ||
		fault.patience != Patience {
		t.Errorf("%+v", fault)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	server := serve(t, httptest.NewServer)
	for _, code := range []int{301, 302, 303, 307, 308} {
		calls := 0
		fault := attempt(t, server, func(w http.ResponseWriter, r *http.Request) {
			calls++
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
			http.Redirect(w, r, server.URL+"/elsewhere", code)
		})
		if calls != 1 || fault == nil ||
			fault.text != fmt.Sprint("the receiver answered with status ", code) ||
			fault.patience != RefusedPatience {
			t.Errorf("%d: %d calls, %+v", code, calls, fault)
		}
	}
}

func TestNothingIsKeptFromOneAttemptToTheNext(t *testing.T) {
	server := serve(t, httptest.NewServer)
	var peers []string
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peers = append(peers, r.RemoteAddr)
		if len(r.Cookies()) > 0 {
			t.Error("a cookie came back")
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
	})
	s := newSender(t, Config{Allow: []string{server.URL}})
	for range 2 {
		if fault := try(t, s, server.URL); fault != nil {
			t.Fatalf("%+v", fault)
		}
	}
	if peers[0] == peers[1] {
		t.Error("a connection was used twice")
	}
}

func TestABodyWithoutEndIsNotRead(t *testing.T) {
	server := serve(t, httptest.NewServer)
	written := make(chan int, 1)
	start := time.Now()
	fault := attempt(t, server, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		for b := make([]byte, 1<<16); n < 1<<30; {
			m, err := w.Write(b)
			n += m
			if err != nil {
				break
			}
		}
		written <- n
	})
	if fault != nil || time.Since(start) > Timeout {
		t.Errorf("after %v: %+v", time.Since(start), fault)
	}
	if n := <-written; n > 64<<20 {
		t.Errorf("%d bytes of the body were taken", n)
	}
}

func TestAHeaderWithoutEndIsAFault(t *testing.T) {
	server := serve(t, httptest.NewServer)
	fault := attempt(t, server, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 2*maxHeader))
	})
	if fault == nil || fault.text != "the connection failed" {
		t.Errorf("%+v", fault)
	}
}

func TestAnAnswerThatIsNoHTTPIsAFault(t *testing.T) {
	server := serve(t, httptest.NewServer)
	fault := attempt(t, server, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(conn, "220 mail.example ESMTP\r\n")
		conn.Close()
	})
	if fault == nil || fault.text != "the connection failed" || !fault.unreached {
		t.Errorf("%+v", fault)
	}
}

func TestNobodyListens(t *testing.T) {
	server := serve(t, httptest.NewServer)
	url := server.URL
	server.Close()
	fault := try(t, newSender(t, Config{Allow: []string{url}}), url)
	if fault == nil || fault.text != "the connection was refused" || !fault.unreached ||
		fault.patience != Patience {
		t.Errorf("%+v", fault)
	}
}

// TestTheEnvironmentNamesNoProxy: a proxy would dial for us, wherever it stands.
func TestTheEnvironmentNamesNoProxy(t *testing.T) {
	proxy := serve(t, httptest.NewServer)
	proxy.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the proxy was asked")
	})
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
		"ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	if os.Getenv("NO_PROXY") != "" {
		t.Setenv("NO_PROXY", "")
	}
	s := newSender(t, Config{Resolver: startNameServer(t, "127.0.0.1").resolver()})
	if fault := try(t, s, "https://bank.example/"); fault == nil ||
		fault.text != "its host is not on the public internet" {
		t.Errorf("%+v", fault)
	}
}

func nobody(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("there is no name server")
}

func TestANameThatIsNotThere(t *testing.T) {
	s := newSender(t, Config{Resolver: &net.Resolver{PreferGo: true, Dial: nobody}})
	if fault := try(t, s, "https://bank.example/"); fault == nil ||
		fault.text != "the name of its host could not be resolved" {
		t.Errorf("%+v", fault)
	}
}
