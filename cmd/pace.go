package cmd

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of writing. A deadline for the whole of an answer would end those that wait for a person;
// so each slice of an answer has its own, counted from when it begins to leave.
const (
	writeTimeout = 20 * time.Second
	writeSlice   = 64 << 10 // bytes that have to be taken within writeTimeout
)

// pacedListener is a listener whose connections end when the other side takes nothing of what is
// written to it.
type pacedListener struct {
	net.Listener
	timeout time.Duration // of one slice
}

// Accept implements net.Listener.
func (l *pacedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &pacedConn{Conn: c, timeout: l.timeout}, nil
}

// pacedConn writes in slices, each of which has to leave within the timeout. It stands below TLS
// and net/http, so that it sees all that is sent: answers, their ends, and what net/http says by
// itself. A write deadline that is set from above is replaced by the next write; it still ends one
// that is under way.
type pacedConn struct {
	net.Conn
	timeout time.Duration
	// when a write last set its deadline, in ns of Unix time; 0 when another one is set
	set atomic.Int64
}

// pacePart is which part of a slice's time may have gone when it begins to leave: to set a deadline
// for each small answer costs more than to write some of them.
const pacePart = 20

// Write implements io.Writer.
func (c *pacedConn) Write(p []byte) (n int, err error) {
	for {
		if err := c.hurry(); err != nil {
			return n, err
		}
		slice := p[n:min(n+writeSlice, len(p))]
		m, err := c.Conn.Write(slice)
		n += m
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

func (c *pacedConn) hurry() error {
	now := time.Now()
	if now.UnixNano()-c.set.Load() < int64(c.timeout/pacePart) {
		return nil
	}
	c.set.Store(now.UnixNano())
	return c.Conn.SetWriteDeadline(now.Add(c.timeout))
}

// SetWriteDeadline implements net.Conn. A deadline of ours is not taken off, as net/http would do
// after each request: without a write it does no harm, and the next one may have the rest of it.
func (c *pacedConn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() && c.set.Load() != 0 {
		return nil
	}
	c.set.Store(0)
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *pacedConn) SetDeadline(t time.Time) error {
	c.set.Store(0)
	return c.Conn.SetDeadline(t)
}

// CloseWrite lets net/http say the end of an answer before it closes a connection that has still
// something to read.
func (c *pacedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// pacedWriter does the same for a stream of HTTP/2, whose reader may hold it up while the
// connection goes on. After each write there is no deadline any more: over HTTP/2 one that passes
// ends the answer even if nobody is writing.
type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

// Unwrap lets http.ResponseController find what is below.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements io.Writer.
func (w *pacedWriter) Write(p []byte) (n int, err error) {
	defer w.rest()
	for {
		w.hurry()
		slice := p[n:min(n+writeSlice, len(p))]
		m, err := w.ResponseWriter.Write(slice)
		n += m
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// WriteString implements io.StringWriter.
func (w *pacedWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// FlushError implements what http.ResponseController looks for.
func (w *pacedWriter) FlushError() error {
	defer w.rest()
	w.hurry()
	return w.control.Flush()
}

// Flush implements http.Flusher.
func (w *pacedWriter) Flush() { _ = w.FlushError() }

func (w *pacedWriter) hurry() { _ = w.control.SetWriteDeadline(time.Now().Add(w.timeout)) }
func (w *pacedWriter) rest()  { _ = w.control.SetWriteDeadline(time.Time{}) }

var _ io.StringWriter = (*pacedWriter)(nil)
