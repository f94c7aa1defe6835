package cmd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An answer that nobody reads is given up, and so is its connection: whatever its size, and if the
// answer is the one of net/http itself.
func TestAnswerThatNobodyReadsIsCut(t *testing.T) {
	for name, c := range map[string]struct{ request, answer string }{
		"large":     {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", strings.Repeat("x", 10<<20)},
		"small":     {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x"},
		"pipelined": {strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 20), "x"},
		"continue": {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: " +
			"100-continue\r\n\r\n", "x"},
		"too large": {"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2*maxHeaderBytes) +
			"\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, stop := serving(t,
					&service{handler: http.HandlerFunc(
						func(w http.ResponseWriter, r *http.Request) {
							_, _ = io.Copy(io.Discard, r.Body)
							_, _ = io.WriteString(w, c.answer)
						})})
				conn := l.dial()
				go func() { _, _ = io.WriteString(conn, c.request) }()
				time.Sleep(time.Minute - time.Second)
				synctest.Wait()
				if _, err := conn.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("the connection is still there: %v", err)
				}
				conn.Close()
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Whoever reads slowly gets all of the answer: what is counted is progress, and not the whole.
func TestSlowReaderGetsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		l, stop := serving(t,
			&service{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(make([]byte, size))
			})})
		conn := l.dial()
		go func() {
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		}()
		begin := time.Now()
		got, buf := 0, make([]byte, writeSlice/4)
		for {
			n, err := conn.Read(buf)
			if got += n; err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(begin); got < size || took < 2*writeTimeout {
			t.Errorf("%d bytes in %v", got, took)
		}
		conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestIdleConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(t, &service{handler: http.NotFoundHandler()})
		conn := l.dial()
		go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") }()
		begin := time.Now()
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("it ended after %v", took)
		}
		conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// Over real sockets, with short times: an answer larger than what the system takes in ends, over
// HTTP/1 and HTTP/2, and over HTTP/2 it does not take the connection with it as long as that goes
// on. A pause between two writes is no harm.
func TestNobodyReadsARealConnection(t *testing.T) {
	const write = 300 * time.Millisecond
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP/1", true: "HTTP/2"}[http2], func(t *testing.T) {
			certified := httptest.NewUnstartedServer(nil)
			certified.EnableHTTP2 = http2
			certified.StartTLS()
			defer certified.Close()
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			s := &service{
				name: "test", ln: ln, tls: certified.TLS.Clone(),
				log: slog.New(slog.DiscardHandler), write: write,
				handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/pause" {
						_, _ = io.WriteString(w, "a")
						_ = http.NewResponseController(w).Flush()
						<-time.After(2 * write)
						_, _ = io.WriteString(w, "b")
						return
					}
					var err error
					for begin := time.Now(); err == nil && time.Since(begin) < 30*time.Second; {
						_, err = w.Write(make([]byte, 1<<20))
					}
					ended <- err
				}),
			}
			done := make(chan error, 1)
			ctx, stop := context.WithCancel(t.Context())
			go func() { done <- s.run(ctx, "") }()
			client := certified.Client()
			base := "https://" + ln.Addr().String()

			res, err := client.Get(base + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if want := map[bool]int{false: 1, true: 2}[http2]; res.ProtoMajor != want {
				t.Fatalf("spoken is %s", res.Proto)
			}
			select {
			case err := <-ended:
				if err == nil {
					t.Error("all of it was taken")
				} else if !http2 && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the answer has not ended")
			}
			again, err := client.Get(base + "/pause")
			if err != nil {
				t.Fatal(err)
			}
			defer again.Body.Close()
			if body, err := io.ReadAll(again.Body); err != nil || string(body) != "ab" {
				t.Errorf("the next answer is %q, %v", body, err)
			}
			client.CloseIdleConnections()
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
