package cmd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
)

// Bounds of a server. It has no write timeout, for an answer may last as long as a person takes:
// see pacedListener.
const (
	headerTimeout  = 10 * time.Second
	bodyTimeout    = 30 * time.Second
	idleTimeout    = time.Minute
	maxHeaderBytes = 32 << 10
	stopTimeout    = 8 * time.Second // of the ten seconds that a service manager may grant
)

// serverFlags are the flags of every server.
type serverFlags struct {
	addr, addrFile string
	log            logFlags
}

func (f *serverFlags) register(c *cobra.Command, addr string) {
	c.Flags().StringVar(&f.addr, "addr", addr, "listen on `HOST:PORT`; port 0 takes a free one")
	c.Flags().StringVar(&f.addrFile, "addr-file", "",
		"write HOST:PORT to this `FILE` once listening")
	f.log.register(c, slog.LevelInfo)
}

// serve listens and runs a server until ctx ends. The logger goes to errs.
func (f *serverFlags) serve(
	ctx context.Context, errs io.Writer,
	build func(context.Context, net.Listener, *slog.Logger) (*service, error),
) error {
	log, err := f.log.logger(errs)
	if err != nil {
		return err
	}
	ln, err := listen(f.addr)
	if err != nil {
		return err
	}
	svc, err := build(ctx, ln, log)
	if err != nil {
		ln.Close()
		return err
	}
	return svc.run(ctx, f.addrFile)
}

// service is one server: a listener, what answers on it, and what runs beside it.
type service struct {
	name    string
	ln      net.Listener
	handler http.Handler
	log     *slog.Logger
	tls     *tls.Config
	// start runs beside the server until its context ends; an error ends the server.
	start func(ctx context.Context) error
	// drain is called when the server is to stop and takes no new connections: it brings the
	// requests under way to their end.
	drain func(ctx context.Context)
	// close is called when nothing runs any more.
	close func() error
	// idle and write replace the bounds of those names unless they are 0.
	idle, write time.Duration
}

// listen opens the listener of a server.
func listen(addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{Control: boundStall}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, startError(fmt.Errorf("cannot listen: %w", err),
			"another address with --addr, or stop what listens there")
	}
	return ln, nil
}

// isLoopback reports whether only this machine can reach the listener.
func isLoopback(ln net.Listener) bool {
	a, ok := ln.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// baseURL is how the listener is called from this machine.
func baseURL(ln net.Listener, secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return scheme + "://localhost:" + strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

// tlsConfig reads certificate and key, nil when there are none.
func (s *settings) tlsConfig() (*tls.Config, error) {
	switch {
	case s.TLSCert == "" && s.TLSKey == "":
		return nil, nil
	case s.TLSCert == "" || s.TLSKey == "":
		return nil, usageError("only one of TLS certificate and key is set",
			"set STAFF0_TLS_CERT and STAFF0_TLS_KEY")
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, usageError(fmt.Sprintf("the TLS certificate cannot be used: %v", err),
			"check that both files are PEM and belong together")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// writeAddr writes where the listener listens, all at once, so that whoever waits for the file
// never reads half of it.
func writeAddr(path string, ln net.Listener) (remove func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".addr-*")
	if err == nil {
		_, err = tmp.WriteString(ln.Addr().String())
		err = errors.Join(err, tmp.Close())
		if err == nil {
			err = os.Rename(tmp.Name(), path)
		}
		if err != nil {
			os.Remove(tmp.Name())
		}
	}
	if err != nil {
		return nil, startError(fmt.Errorf("cannot write the address file: %w", err),
			"a path in a directory that can be written to")
	}
	return func() { os.Remove(path) }, nil
}

// run serves until ctx ends or something beside the server fails.
func (s *service) run(ctx context.Context, addrFile string) error {
	fresh, many := new(freshConns), new(crowd)
	write := cmp.Or(s.write, writeTimeout)
	ln := &pacedListener{s.ln, write}
	server := &http.Server{
		ConnState: func(c net.Conn, state http.ConnState) {
			fresh.note(c, state)
			many.note(c, state)
		},
		Handler:           &front{s.handler, s.log, write},
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       cmp.Or(s.idle, idleTimeout),
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         s.tls,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: write},
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	remove, err := writeAddr(addrFile, s.ln)
	if err != nil {
		s.ln.Close()
		return err
	}
	defer remove()
	s.log.Info(s.name+" listens", "addr", s.ln.Addr().String())

	beside, stopBeside := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBeside()
	ended := make(chan error, 2)
	besideDone := make(chan struct{})
	go func() {
		defer close(besideDone)
		if s.start != nil {
			if err := s.start(beside); err != nil && beside.Err() == nil {
				ended <- err
			}
		}
	}()
	go func() {
		var err error
		if s.tls != nil {
			err = server.ServeTLS(ln, "", "")
		} else {
			err = server.Serve(ln)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			ended <- startError(fmt.Errorf("%s stopped serving: %w", s.name, err), "start it again")
		}
	}()

	select {
	case err = <-ended:
	case <-ctx.Done():
		s.log.Info(s.name + " stops")
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	var draining sync.WaitGroup
	draining.Go(func() {
		fresh.close()
		if server.Shutdown(grace) != nil {
			server.Close() // whoever is still there had their time
		}
	})
	if s.drain != nil {
		s.drain(grace)
	}
	draining.Wait()
	stopBeside()
	<-besideDone
	if s.close != nil {
		err = errors.Join(err, s.close())
	}
	return err
}

// freshConns are connections that nothing has been sent on yet. Clients open them ahead of need,
// and http.Server.Shutdown would wait five seconds for a first request on each.
type freshConns struct {
	mu     sync.Mutex
	m      map[net.Conn]struct{}
	closed bool
}

func (f *freshConns) note(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(f.m, c)
	case f.closed:
		c.Close()
	default:
		if f.m == nil {
			f.m = map[net.Conn]struct{}{}
		}
		f.m[c] = struct{}{}
	}
}

func (f *freshConns) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.m {
		c.Close()
	}
}

// front stands before every server. It is one layer and not several, for a stream that waits keeps
// the stack of all of them.
type front struct {
	next  http.Handler
	log   *slog.Logger
	write time.Duration // what one slice of an answer may take
}

// ServeHTTP bounds the time in which a request's body must arrive (http.Server's own ReadTimeout
// would end streams, too) and the answer leave, and keeps one broken request from ending the
// others.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer f.recovered()
	if r.Body != nil && r.Body != http.NoBody {
		control := http.NewResponseController(w)
		if control.SetReadDeadline(time.Now().Add(bodyTimeout)) == nil {
			r.Body = &guardedBody{ReadCloser: r.Body, control: control}
		}
	}
	if r.ProtoMajor < 2 { // the connection is the answer's alone
		f.next.ServeHTTP(w, r)
		return
	}
	paced := &pacedWriter{w, http.NewResponseController(w), f.write}
	f.next.ServeHTTP(paced, r)
	paced.hurry() // what is left of the answer leaves now
}

// recovered takes in a panic. net/http does too, but says so to nobody's log.
func (f *front) recovered() {
	if p := recover(); p != nil {
		if p != http.ErrAbortHandler {
			f.log.Error("a request panicked", "panic", fmt.Sprint(p))
		}
		panic(http.ErrAbortHandler) // what has been sent cannot be taken back: cut the connection
	}
}

// guardedBody lifts the deadline when the body has been read, for the connection is then watched
// for the client going away. One that could not be read keeps it: net/http goes on to read what is
// left of it.
type guardedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *guardedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *guardedBody) Close() error {
	err := b.ReadCloser.Close()
	_ = b.control.SetReadDeadline(time.Time{})
	return err
}

// gate is the way into a server: until its provider is found it answers for it, then it lets
// requests through to the server's routes.
type gate struct{ open atomic.Pointer[routes] }

// routes are what answers at a path, to the letter; "" is for all other paths. It is no
// http.ServeMux, which would clean paths and redirect: a subject in a path may hold anything.
type routes map[string]http.HandlerFunc

var shut = routes{
	"/livez": probe(func(context.Context) error { return nil }),
	"": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "The server waits for its identity provider. Try again in a second.",
			http.StatusServiceUnavailable)
	},
}

func (g *gate) set(r routes) { g.open.Store(&r) }

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := g.open.Load()
	if now == nil {
		now = &shut
	}
	h := (*now)[r.URL.Path]
	if h == nil {
		h = (*now)[""]
	}
	h(w, r)
}

// probe answers a probe by what there is to say against the server, nil if nothing.
func probe(check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { health(w, check(r.Context())) }
}

// health answers a probe.
func health(w http.ResponseWriter, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}
