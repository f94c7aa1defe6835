package a2asrv_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/a2a/a2asrv"
	"staff0/a2a/wire"
)

// discard is a ResponseWriter that costs as little as can be.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header              { return d.header }
func (d *discard) Write(p []byte) (int, error)      { return len(p), nil }
func (d *discard) WriteHeader(status int)           { d.status = status }
func (d *discard) Flush()                           {}
func (d *discard) SetReadDeadline(time.Time) error  { return nil }
func (d *discard) SetWriteDeadline(time.Time) error { return nil }

// handle measures a handler alone: the same request again and again.
func handle(b *testing.B, h http.Handler, r *http.Request, body string, status int) {
	b.ReportAllocs()
	w := &discard{header: http.Header{}}
	reader := strings.NewReader(body)
	r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
	for b.Loop() {
		clear(w.header)
		w.status = http.StatusOK
		reader.Reset(body)
		h.ServeHTTP(w, r)
		if w.status != status {
			b.Fatal("status ", w.status)
		}
	}
}

// overLoopback measures handler and net/http together, over one connection, with a client that
// costs as little as can be.
func overLoopback(b *testing.B, h http.Handler, request string) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	conn := dial(b, srv)
	_ = conn.SetDeadline(time.Time{})
	r := bufio.NewReader(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(conn, request); err != nil {
			b.Fatal(err)
		}
		length := 0
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if n, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
				length, _ = strconv.Atoi(strings.TrimSpace(n))
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := r.Discard(length); err != nil {
			b.Fatal(err)
		}
	}
	conn.Close()
}

// bare is what net/http costs for the card if nothing is done for it.
func bare(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

func BenchmarkCard(b *testing.B) {
	server := newAgent(b, nil).server
	const request = "GET " + a2asrv.CardPath + " HTTP/1.1\r\nHost: agent\r\n\r\n"
	plain := bare(serve(server, getCard()).Body.Bytes())
	b.Run("handler", func(b *testing.B) { handle(b, server, getCard(), "", 200) })
	b.Run("loopback", func(b *testing.B) { overLoopback(b, server, request) })
	b.Run("loopback, bare net/http", func(b *testing.B) { overLoopback(b, plain, request) })
}

// floor is GetTask as little as one can do with net/http and golang-jwt: verify the token, read the
// body, answer what is known.
func floor(b *testing.B, verifier *jwt.Parser, key any, answer []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		var claims struct {
			jwt.RegisteredClaims
			Scope string `json:"scope"`
		}
		if _, err := verifier.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) {
			return key, nil
		}); err != nil {
			b.Error(err)
		}
		if body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20)); err != nil || len(body) == 0 {
			b.Error("no body")
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
}

func BenchmarkGet(b *testing.B) {
	verifier, sign, public := rsaTokens(b)
	token := sign(nil)
	a := newAgent(b, func(c *a2asrv.Config) { c.Verifier = verifier })
	w := serve(a.server, post(say("SendMessage", "Answer now."), token))
	_, rest, _ := strings.Cut(w.Body.String(), `"task":{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	call := `{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"` + id + `"}}`
	older := `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"` + id + `"}}`
	request := strings.Replace(raw(call, "A2A-Version: "+wire.Version10), "Bearer bank", "Bearer "+
		token, 1)
	answer := serve(a.server, post(call, token)).Body.Bytes()
	b.Run("handler", func(b *testing.B) { handle(b, a.server, post(call, token), call, 200) })
	b.Run("handler, older version", func(b *testing.B) {
		handle(b, a.server, post(older, token), older, 200)
	})
	b.Run("loopback", func(b *testing.B) { overLoopback(b, a.server, request) })
	b.Run("loopback, floor with golang-jwt", func(b *testing.B) {
		parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}),
			jwt.WithExpirationRequired())
		overLoopback(b, floor(b, parser, public, answer), request)
	})
	a.shutdown(b)
}

func BenchmarkReject(b *testing.B) {
	verifier, sign, _ := rsaTokens(b)
	server := newAgent(b, func(c *a2asrv.Config) { c.Verifier, c.Log = verifier, nil }).server
	forged := sign(nil)
	forged = forged[:len(forged)-8] + "AAAAAAAA"
	foreign := sign(jwt.MapClaims{"aud": "https://staff0/api"})
	for name, token := range map[string]string{"forged": forged, "wrong audience": foreign,
		"garbage": "garbage"} {
		b.Run("handler, "+name, func(b *testing.B) {
			handle(b, server, post(getNothing, token), getNothing, 401)
		})
		b.Run("verification alone, "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Verify(context.Background(), token); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// A whole question, from the request to the last event.
func BenchmarkAskStream(b *testing.B) {
	a := newAgent(b, func(c *a2asrv.Config) { c.Log = nil })
	for name, body := range map[string]string{
		wire.Version10: say("SendStreamingMessage", "Answer now."),
		wire.Version03: `{"jsonrpc":"2.0","id":1,"method":"message/stream","params":{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":"Answer now."}]}}}`,
	} {
		b.Run(name, func(b *testing.B) { handle(b, a.server, post(body, ""), body, 200) })
	}
	a.shutdown(b)
}
