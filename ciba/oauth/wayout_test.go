package oauth

import (
	"bufio"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestWayOut runs itself in a process of its own, since the environment's proxy is read once. A
// call over https goes by the proxy, which sees no more than host and port, and a private
// certificate authority vouches for the server; this machine and what NO_PROXY names are called
// directly.
func TestWayOut(t *testing.T) {
	if os.Getenv("STAFF0_TEST_WAY_OUT") == "" {
		proxy := newProxy(t)
		c := exec.Command(os.Args[0], "-test.run=^TestWayOut$", "-test.v")
		c.Env = append(os.Environ(), "STAFF0_TEST_WAY_OUT=1", "HTTPS_PROXY="+proxy.URL,
			"HTTP_PROXY="+proxy.URL, "NO_PROXY=direct.invalid")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	var calls atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
	}))
	defer server.Close()
	proxy, err := url.Parse(os.Getenv("HTTPS_PROXY"))
	if err != nil {
		t.Fatal(err)
	}
	tell := "http://" + proxy.Host + "/?to=" + strings.TrimPrefix(server.URL, "https://")
	if res, err := http.Get(tell); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	roots, err := Roots(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: server.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	private := WayOut{Roots: roots}
	for _, tt := range []struct {
		why, address string
		way          WayOut
		fails        string // what the error holds; "" is success
	}{
		// The certificate of httptest is for example.com.
		{"by the proxy, vouched for", "https://example.com/secret?q=1", private, ""},
		{"by the proxy, vouched for by nobody", "https://example.com/", WayOut{}, "certificate"},
		{"by the proxy, another name", "https://issuer.invalid/", private, "certificate"},
		{"this machine, directly", server.URL, private, ""},
		{"NO_PROXY, directly, to where nobody is", "https://direct.invalid/", private,
			"lookup direct.invalid"},
	} {
		before := calls.Load()
		req, _ := http.NewRequest(http.MethodGet, tt.address, nil)
		_, err := Do(tt.way.NewHTTPClient(10*time.Second), req, 0, 1<<10)
		if (err == nil) != (tt.fails == "") || err != nil &&
			!strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%s: %v", tt.why, err)
		}
		if got := calls.Load() - before; (got == 1) != (tt.fails == "") {
			t.Errorf("%s: %d calls", tt.why, got)
		}
	}
	seen, err := http.Get("http://" + proxy.Host + "/seen")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(seen.Body)
	want := "CONNECT example.com:443\nCONNECT example.com:443\nCONNECT issuer.invalid:443\n"
	if string(body) != want {
		t.Errorf("the proxy saw\n%swant\n%s", body, want)
	}
}

// newProxy is a proxy that leads to one server, whatever is asked for, and tells what it saw.
func newProxy(t *testing.T) *httptest.Server {
	var to atomic.Value
	seen := make(chan string, 16)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodConnect && r.URL.Path == "/seen":
			for len(seen) > 0 {
				_, _ = io.WriteString(w, <-seen)
			}
			return
		case r.Method != http.MethodConnect:
			to.Store(r.URL.Query().Get("to"))
			return
		}
		seen <- fmt.Sprintf("%s %s\n", r.Method, r.RequestURI)
		out, err := net.Dial("tcp", to.Load().(string))
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer out.Close()
		in, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer in.Close()
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func(b *bufio.Reader) {
			_, _ = io.Copy(out, b)
			_ = out.Close()
		}(buffered.Reader)
		_, _ = io.Copy(in, out)
	}))
	t.Cleanup(s.CloseClientConnections)
	t.Cleanup(s.Close)
	return s
}

func TestRootsOfNothing(t *testing.T) {
	for _, text := range []string{"", "no PEM", "-----BEGIN PRIVATE KEY-----\nAA==\n" +
		"-----END PRIVATE KEY-----\n"} {
		if pool, err := Roots([]byte(text)); !errors.Is(err, ErrNoCertificates) || pool != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
