package a2asrv_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/wire"
	"staff0/ciba/jwks"
)

// raw is a request as it goes over a connection.
func raw(body string, header ...string) string {
	return "POST / HTTP/1.1\r\nHost: agent\r\nAuthorization: Bearer bank\r\nContent-Type: " +
		"application/json\r\n" +
		strings.Join(append(header, ""), "\r\n") + fmt.Sprintf("Content-Length: %d\r\n\r\n%s",
		len(body), body)
}

// dial connects to a server on the loopback interface.
func dial(t testing.TB, srv *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func response(t testing.TB, r *bufio.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

const getNothing = `{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"x"}}`

// Requests that come without waiting for answers are answered one after the other.
func TestPipelining(t *testing.T) {
	srv := httptest.NewServer(newAgent(t, nil).server)
	defer srv.Close()
	conn := dial(t, srv)
	for range 3 {
		if _, err := io.WriteString(conn,
			raw(getNothing)+raw(say("SendStreamingMessage", "Answer now."))); err != nil {
			t.Fatal(err)
		}
	}
	r := bufio.NewReader(conn)
	for range 3 {
		if _, body := response(t, r); !strings.Contains(body, "-32001") {
			t.Fatalf("the call: %s", body)
		}
		if _, body := response(t, r); !strings.Contains(body, "TASK_STATE_COMPLETED") {
			t.Fatalf("the stream: %s", body)
		}
	}
}

// What is larger than MaxBodySize is refused, whether its length was announced or not, and the
// server lives on.
func TestHugeBodies(t *testing.T) {
	srv := httptest.NewServer(newAgent(t, nil).server)
	defer srv.Close()
	const refusal = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"The request is larger than 1 MiB"}}`
	large := func(size int) string {
		const head, tail = `{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"x","grease":"`, `"}}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	for _, c := range []struct {
		name   string
		body   io.Reader
		status int
	}{
		{"as large as can be", strings.NewReader(large(a2asrv.MaxBodySize)), 200},
		{"as large as can be, of unknown length",
			io.MultiReader(strings.NewReader(large(a2asrv.MaxBodySize))), 200},
		{"a byte more", strings.NewReader(large(a2asrv.MaxBodySize + 1)), 413},
		{"a byte more, of unknown length",
			io.MultiReader(strings.NewReader(large(a2asrv.MaxBodySize + 1))), 413},
		{"10 MB of unknown length", io.MultiReader(strings.NewReader(large(10 << 20))), 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := must(http.NewRequest(http.MethodPost, srv.URL, c.body))
			r.Header = post("", "").Header
			res, err := srv.Client().Do(r)
			if err != nil && c.status == 413 && errors.Is(err, errReset(err)) {
				return // the server hung up while the rest was still coming
			} else if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body := must(io.ReadAll(res.Body))
			if res.StatusCode != c.status || c.status == 413 &&
				(string(body) != refusal || !res.Close) {
				t.Errorf("%d %s, close %v", res.StatusCode, body, res.Close)
			}
		})
	}
	// Announced, it is not even read: the answer comes although nothing of the body is sent.
	conn := dial(t, srv)
	_, _ = io.WriteString(conn,
		strings.Replace(raw(""), "Content-Length: 0", "Content-Length: 10485760", 1))
	if res, body := response(t, bufio.NewReader(conn)); res.StatusCode != 413 || body != refusal {
		t.Errorf("10 MB announced: %d %s", res.StatusCode, body)
	}
}

// errReset is err if it is one of a connection that the other side has closed.
func errReset(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return err
	}
	return nil
}

// A body that does not come, or not whole, or not well, is answered in time and costs nobody else
// anything.
func TestHalfBodies(t *testing.T) {
	for _, c := range []struct {
		name, sent string
		status     int
		want       string
	}{
		{"half, then silence", raw(getNothing)[:len(raw(getNothing))-20], 408,
			"did not arrive in time"},
		{"nothing, then silence", strings.TrimSuffix(raw(getNothing), getNothing), 408,
			"did not arrive in time"},
		{"a chunk of no length", strings.Replace(raw(getNothing), "Content-Length",
			"Transfer-Encoding: chunked\r\nX-Length", 1) + "\r\n", 400, "cut off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAgent(t, nil)
				conn := must(inMemory(t, a.server).dial(t.Context(), "", ""))
				defer conn.Close()
				go func() { _, _ = io.WriteString(conn, c.sent) }()
				begin := time.Now()
				res, body := response(t, bufio.NewReader(conn))
				if res.StatusCode != c.status || !strings.Contains(body, c.want) || !res.Close {
					t.Errorf("%d %s, close %v", res.StatusCode, body, res.Close)
				}
				if took := time.Since(begin); took > a2asrv.BodyTimeout {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A stream leaves nothing on its connection that the next call stumbles over, however late that
// comes.
func TestConnectionAfterAStream(t *testing.T) {
	for _, method := range []string{"SendStreamingMessage", "SendMessage"} {
		synctest.Test(t, func(t *testing.T) {
			a := newAgent(t, nil)
			conn := must(inMemory(t, a.server).dial(t.Context(), "", ""))
			defer conn.Close()
			r := bufio.NewReader(conn)
			for range 3 {
				go func() { _, _ = io.WriteString(conn, raw(say(method, "Take 40 seconds."))) }()
				if res, body := response(t, r); res.StatusCode != 200 ||
					!strings.Contains(body, "TASK_STATE_COMPLETED") {
					t.Fatalf("the call that waits: %d %s", res.StatusCode, body)
				}
				time.Sleep(time.Hour)
				go func() { _, _ = io.WriteString(conn, raw(getNothing)) }()
				if res, body := response(t, r); res.StatusCode != 200 ||
					!strings.Contains(body, "-32001") {
					t.Fatalf("the call after it: %d %s", res.StatusCode, body)
				}
				time.Sleep(time.Hour)
			}
			a.shutdown(t)
		})
	}
}

// Timeouts of the http.Server around it do not cut what waits, and neither do those of an event
// that has been sent, over HTTP/1.1 and HTTP/2.
func TestServerTimeouts(t *testing.T) {
	for _, method := range []string{"SendStreamingMessage", "SendMessage"} {
		for _, version := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s over HTTP/%d", method, version), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newAgent(t, nil)
					p := &pipes{make(chan net.Conn), make(chan struct{})}
					protocols := new(http.Protocols)
					protocols.SetHTTP1(version == 1)
					protocols.SetUnencryptedHTTP2(version == 2)
					srv := &http.Server{Handler: a.server, Protocols: protocols,
						ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
					done := make(chan struct{})
					go func() { defer close(done); _ = srv.Serve(p) }()
					transport := &http.Transport{DialContext: p.dial, Protocols: protocols}
					res, body := do(t, &http.Client{Transport: transport},
						post(say(method, "Take 40 seconds."), ""))
					if res.ProtoMajor != version ||
						!strings.Contains(body, "TASK_STATE_COMPLETED") {
						t.Errorf("%s %s", res.Proto, body)
					}
					transport.CloseIdleConnections()
					_ = srv.Close()
					<-done
					a.shutdown(t)
				})
			})
		}
	}
}

// STR-6: a reader that stops reading loses its stream in WriteTimeout, and the task and other
// readers notice nothing.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, nil)
		p := inMemory(t, a.server)
		conn := must(p.dial(t.Context(), "", ""))
		defer conn.Close()
		// and not a byte is read
		_, err := io.WriteString(conn, raw(say("SendStreamingMessage", "Take 40 seconds.")))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(wire.WriteTimeout + time.Second)
		if _, err := conn.Write([]byte("x")); err == nil {
			t.Error("the connection is still open")
		}
		client := p.client(t, false)
		_, list := do(t, client, post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`, ""))
		if !strings.Contains(list, "TASK_STATE_WORKING") {
			t.Errorf("the task: %s", list)
		}
		time.Sleep(40 * time.Second)
		if _, list = do(t, client, post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`,
			"")); !strings.Contains(list, "TASK_STATE_COMPLETED") {
			t.Errorf("the task in the end: %s", list)
		}
		a.shutdown(t)
	})
}

// A client that has gone without a word is noticed by the next keep-alive, and its stream ends.
func TestKeepAliveToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, nil)
		var left atomic.Bool
		conn := must(inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a.server.ServeHTTP(w, r)
			left.Store(true)
		})).dial(t.Context(), "", ""))
		defer conn.Close()
		go func() { // three events are read, and then nothing any more
			_, _ = io.WriteString(conn,
				raw(say("SendStreamingMessage", "Does jdoe@staff0.com work here?")))
			r := bufio.NewReaderSize(conn, 16)
			for events := 0; events < 3; {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if strings.HasPrefix(line, "data: ") {
					events++
				}
			}
		}()
		time.Sleep(a2asrv.KeepAlive)
		if left.Load() {
			t.Fatal("the stream has ended too early")
		}
		time.Sleep(wire.WriteTimeout)
		synctest.Wait()
		if !left.Load() {
			t.Error("the stream is still there")
		}
		a.shutdown(t)
	})
}

// STR-7 over a real socket: a client that hangs up frees what its stream held, at once, and the
// task goes on.
func TestDisconnect(t *testing.T) {
	a := newAgent(t, nil)
	left := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.server.ServeHTTP(w, r)
		if r.ContentLength > int64(len(getNothing)) {
			close(left)
		}
	}))
	defer srv.Close()
	conn := dial(t, srv)
	_, _ = io.WriteString(conn, raw(say("SendStreamingMessage", "Does jdoe@staff0.com work here?")))
	r := bufio.NewReader(conn)
	for line := ""; !strings.Contains(line, "AUTH_REQUIRED"); {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	conn.Close()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Fatal("the stream is still there")
	}
	if w := serve(a.server, post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`,
		"")); !strings.Contains(w.Body.String(), "TASK_STATE_AUTH_REQUIRED") {
		t.Errorf("the task: %s", w.Body)
	}
}

// A stream that waits costs the two goroutines of net/http and no more, and little memory.
func TestCostOfWaiting(t *testing.T) {
	a := newAgent(t, nil)
	srv := httptest.NewServer(a.server)
	defer srv.Close()
	defer a.shutdown(t) // before that: it ends the streams
	const streams, perStream, most = 200, 2, 45 << 10
	settled := func() (goroutines int, bytes uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapInuse + m.StackInuse
	}
	first := dial(t, srv) // so that what is made once is there
	open(t, first)
	goroutines, bytes := settled()
	for range streams {
		open(t, dial(t, srv))
	}
	moreGoroutines, moreBytes := settled()
	if got := moreGoroutines - goroutines; got > streams*perStream {
		t.Errorf("%d goroutines for %d streams", got, streams)
	}
	each := (int64(moreBytes) - int64(bytes)) / streams
	t.Logf("%d bytes of heap and stacks for each stream, both ends of its connection and its "+
		"task included", each)
	if each > most {
		t.Errorf("a waiting stream takes %d bytes", each)
	}
}

// open opens a stream and reads until it waits. It keeps nothing that has to do with reading.
func open(t testing.TB, conn net.Conn) {
	t.Helper()
	// what is not needed must not be kept
	grease := `"params":{"grease":"` + strings.Repeat("x", 60<<10) + `",`
	_, _ = io.WriteString(conn,
		raw(strings.Replace(say("SendStreamingMessage", "Does jdoe@staff0.com work here?"),
			`"params":{`, grease, 1)))
	seen, chunk := "", make([]byte, 4<<10)
	for !strings.Contains(seen, "AUTH_REQUIRED") || !strings.HasSuffix(seen, "\n\n\r\n") {
		n, err := conn.Read(chunk)
		if err != nil {
			t.Fatal(err)
		}
		seen += string(chunk[:n])
	}
}

// rsaTokens is the real verifier with a key of its own, and a way to sign for it.
func rsaTokens(
	t testing.TB,
) (_ *jwks.Remembered, sign func(claims jwt.MapClaims) string, key *rsa.PublicKey) {
	t.Helper()
	private := must(rsa.GenerateKey(rand.Reader, 2048))
	keys := must(jwks.NewStatic(map[string]crypto.PublicKey{"k": &private.PublicKey}))
	verifier := must(
		jwks.NewRemembered(&jwks.AccessTokens{Keys: keys, Issuer: "https://tenant.example/",
			Audience: "https://staff0/agent"}))
	return verifier, func(change jwt.MapClaims) string {
		now := time.Now().Unix()
		claims := jwt.MapClaims{
			"iss": "https://tenant.example/", "aud": "https://staff0/agent", "sub": "bank",
			"client_id": "bank", "jti": "1", "scope": testScope,
			"iat": now, "exp": now + 3600,
		}
		for name, value := range change {
			claims[name] = value
		}
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		token.Header["kid"], token.Header["typ"] = "k", "at+jwt"
		return must(token.SignedString(private))
	}, &private.PublicKey
}

// The whole guard with real tokens: who may, who may not, and whose a task is (D15).
func TestRealTokens(t *testing.T) {
	verifier, sign, _ := rsaTokens(t)
	a := newAgent(t, func(c *a2asrv.Config) { c.Verifier = verifier })
	id := ""
	for _, c := range []struct {
		name   string
		token  string
		status int
		want   string
	}{
		{"the client", sign(nil), 200, `"totalSize":1`},
		{"the client with another token", sign(jwt.MapClaims{"jti": "2"}), 200, `"totalSize":1`},
		{"the same client for a person", sign(jwt.MapClaims{"sub": "auth0|alice"}), 200,
			`"totalSize":0`},
		{"another client", sign(jwt.MapClaims{"sub": "insurer", "client_id": "insurer"}), 200,
			`"totalSize":0`},
		{"no scope", sign(jwt.MapClaims{"scope": "openid"}), 403, "Forbidden"},
		{"for somebody else", sign(jwt.MapClaims{"aud": "https://staff0/api"}), 401,
			"Unauthorized"},
		{"expired", sign(jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix(),
			"iat": time.Now().Add(-2 * time.Hour).Unix()}), 401, "has expired"},
		{"forged", sign(nil)[:400] + "AAAA", 401, "Unauthorized"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if id == "" {
				w := serve(a.server, post(say("SendMessage", "Answer now."), c.token))
				if w.Code != 200 {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				id = "made"
			}
			w := serve(a.server, post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`, c.token))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, c.want)
			}
		})
	}
	a.shutdown(t)
}

// A client whose connection is cut subscribes and sees the rest, each event once.
func TestCutStream(t *testing.T) {
	a := newAgent(t, nil)
	srv := httptest.NewServer(a.server)
	defer srv.Close()
	conn := dial(t, srv)
	open(t, conn)
	conn.Close()
	w := serve(a.server, post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`, ""))
	_, rest, _ := strings.Cut(w.Body.String(), `{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := post(`{"jsonrpc":"2.0","id":2,"method":"SubscribeToTask","params":{"id":"`+id+`"}}`, "")
	r.URL = must(r.URL.Parse(srv.URL))
	res := must(srv.Client().Do(r.WithContext(ctx)))
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"task":{"id":"`+id) {
		t.Fatalf("the first event: %s", lines.Text())
	}
	if err := a.engine.Wake(ctx, a2a.TaskID(id), "approve"); err != nil {
		t.Fatal(err)
	}
	var states []string
	for lines.Scan() {
		for _, state := range []string{"WORKING", "artifactUpdate", "COMPLETED"} {
			if strings.Contains(lines.Text(), state) {
				states = append(states, state)
			}
		}
	}
	if got := strings.Join(states, " "); got != "WORKING artifactUpdate COMPLETED" {
		t.Errorf("after the cut: %s", got)
	}
	a.shutdown(t)
}
