package a2asrv

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
	"staff0/ciba/bearer"
)

// call is one call under way.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	owner   tasks.Owner
	expiry  time.Time // of the token
	rest    bool      // it came in the HTTP+JSON binding
	media   []string  // the type of its answer, unless that is a stream
	dialect *wire.Dialect
	id      wire.ID // of JSON-RPC
	method  string
	// extensions are the URIs of those that the request activates.
	extensions []string
	wait       *wait           // nil unless the answer is waited for
	params     json.RawMessage // refers to body
	body       *buffer
}

// serveCall does one JSON-RPC call of an authenticated caller.
func (s *Server) serveCall(w http.ResponseWriter, r *http.Request) {
	if status, err := mediaType(r.Header); err != nil {
		s.refuse(w, r, status, err)
		return
	}
	c := &call{w: w, r: r, media: jsonType, body: s.buffer()}
	defer s.free(c)
	c.owner, c.expiry = caller(r.Context())

	if !s.read(c) {
		return
	}
	op, err := s.decode(c)
	s.run(c, op, err)
}

// run does what has been decoded, or says why it could not be.
func (s *Server) run(c *call, op operation, err error) {
	if err == nil {
		err = s.extensions.activate(c)
	}
	if err == nil {
		err = op.run(c)
	}
	if err != nil {
		s.fail(c, op.stream, err)
	}
}

// read reads the body, or answers why that did not work.
func (s *Server) read(c *call) (ok bool) {
	// A body that trickles in must not hold a connection. Once the body is read, net/http takes the
	// deadline off.
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Now().Add(BodyTimeout))
	var err error
	if c.body.b, err = readBody(c.r, c.body.b); err != nil {
		s.unread(c.w, c.r, err)
		return false
	}
	return true
}

// caller is whom the token names: the client, and the person if the client does not act for itself.
func caller(ctx context.Context) (tasks.Owner, time.Time) {
	claims, _ := bearer.FromContext(ctx) // the guard has put them there
	user := claims.Subject
	if claims.Machine {
		user = ""
	}
	return tasks.NewOwner(claims.ClientID, user), claims.Expiry
}

// decode finds out what is called, in which version.
func (s *Server) decode(c *call) (operation, error) {
	req, err := wire.Decode(c.body.b)
	c.id = slices.Clone(req.ID) // what waits must not hold the body
	c.method, c.params = req.Method, req.Params
	dialect, unknown := wire.For(version(c.r), req.Method)
	c.dialect = dialect
	if unknown != nil && (err == nil || req.Method != "") {
		err = unknown // a method that is not there has no parameters to be wrong
	}
	op, ok := s.operations[req.Method]
	if err == nil && !ok { // the card has no interface of this version
		err = &a2a.Error{Err: a2a.ErrVersionNotSupported}
	}
	return op, err
}

// Faults of a body.
var (
	errTooLarge = &a2a.Error{Err: a2a.ErrInvalidRequest,
		Message: "The request is larger than 1 MiB"}
	errTooSlow = &a2a.Error{Err: a2a.ErrInvalidRequest,
		Message: "The request did not arrive in time"}
	errCut = &a2a.Error{Err: a2a.ErrParse, Message: "The request was cut off"}
)

// readBody reads as much as there is, up to the bound. Memory grows with what has arrived, not with
// what was announced.
func readBody(r *http.Request, b []byte) ([]byte, error) {
	if r.ContentLength > MaxBodySize {
		return b, errTooLarge
	}
	for {
		if len(b) == cap(b) {
			b = slices.Grow(b, bufferSize)
		}
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case len(b) > MaxBodySize:
			return b, errTooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, err
		}
	}
}

// unread answers a request whose body could not be read. The connection is of no further use: the
// rest of the body would be taken for a request.
func (s *Server) unread(w http.ResponseWriter, r *http.Request, err error) {
	w.Header()["Connection"] = closing
	var timeout net.Error
	var tooLarge *http.MaxBytesError // of a handler around this one
	switch {
	case errors.Is(err, errTooLarge), errors.As(err, &tooLarge):
		s.refuse(w, r, http.StatusRequestEntityTooLarge, errTooLarge)
	case errors.As(err, &timeout) && timeout.Timeout():
		s.refuse(w, r, http.StatusRequestTimeout, errTooSlow)
	default:
		s.refuse(w, r, http.StatusBadRequest, errCut)
	}
}

// mediaType checks that the body is JSON and not packed. It also keeps away what a page of another
// origin can send without being asked first.
func mediaType(h http.Header) (status int, err error) {
	if packed := h["Content-Encoding"]; len(packed) > 0 &&
		!strings.EqualFold(strings.Join(packed, ","), "identity") {
		return http.StatusUnsupportedMediaType, &a2a.Error{Err: a2a.ErrContentTypeNotSupported,
			Message: "Requests are sent without a Content-Encoding"}
	}
	types := h["Content-Type"]
	if len(types) == 1 {
		if types[0] == jsonType[0] {
			return 0, nil
		}
		media, params, err := mime.ParseMediaType(types[0])
		isJSON := media == jsonType[0] || strings.HasPrefix(media, "application/") &&
			strings.HasSuffix(media, "+json")
		charset := params["charset"]
		// RFC 8259 §8.1
		if err == nil && isJSON && (charset == "" || strings.EqualFold(charset, "utf-8")) {
			return 0, nil
		}
	}
	return http.StatusUnsupportedMediaType, &a2a.Error{Err: a2a.ErrContentTypeNotSupported,
		Message: "Requests are sent as application/json"}
}

// errTooMany is told with 429: neither the protocol nor JSON-RPC has a number for it.
var errTooMany = &a2a.Error{Err: a2a.ErrUnavailable,
	Message: "Too many calls of yours are waiting. Please try again"}

// fail answers a call that went wrong. A streaming call whose stream has not begun is answered in
// the way of its version (see Dialect.ErrorEvents).
func (s *Server) fail(c *call, stream bool, err error) {
	if gone(c.r.Context()) {
		return
	}
	var soon *tooSoon
	status := http.StatusOK // errors of the protocol are answers of JSON-RPC like any other
	switch {
	case errors.As(err, &soon):
		status = http.StatusTooManyRequests
		retryIn(c.w, soon.wait)
	case errors.Is(err, errTooMany), errors.Is(err, tasks.ErrOverQuota):
		status = http.StatusTooManyRequests
		unavailable(c.w)
	case errors.Is(err, tasks.ErrDraining), errors.Is(err, a2a.ErrUnavailable):
		status = http.StatusServiceUnavailable
		unavailable(c.w)
		err = &a2a.Error{Err: a2a.ErrUnavailable,
			Message: "The agent is shutting down. Please try again", Cause: err}
	default:
		err = s.public(c, err)
		if c.rest {
			status = a2a.CodeOf(err).HTTP
		}
	}
	out := s.buffer()
	defer s.release(out)
	out.b = c.appendError(out.b, status, err)
	if status == http.StatusOK && stream && c.dialect.ErrorEvents {
		_ = wire.NewEventWriter(c.w).Send(out.b)
		return
	}
	c.answer(status, out.b)
}

// answer writes the whole answer of a call that is no stream. After blanks have been sent there is
// no other status than theirs.
func (c *call) answer(status int, body []byte) {
	if c.wait != nil && c.wait.stop() {
		_, _ = c.w.Write(body)
		return
	}
	answer(c.w, status, c.media, body)
}

// appendError spells an error in the binding of the call.
func (c *call) appendError(b []byte, status int, err error) []byte {
	if c.rest {
		return wire.AppendStatus(b, status, err)
	}
	return c.dialect.AppendError(b, c.id, err)
}

// appendResult spells a result in the binding of the call.
func appendResult[Req, Res any](
	b []byte, c *call, m *wire.Method[Req, Res], res Res,
) ([]byte, error) {
	if c.rest {
		return m.Result.Append(b, res)
	}
	return m.AppendResult(b, c.id, res)
}

// public keeps what is nobody's business from the caller, and gives it a number by which the log
// can be searched.
func (s *Server) public(c *call, err error) error {
	if !errors.Is(a2a.CodeOf(err).Err, a2a.ErrInternal) {
		return err
	}
	request := rand.Text()[:10]
	s.log.Error("a call failed", "request", request, "method", c.method, "error", err)
	return &a2a.Error{Err: a2a.ErrInternal,
		Message: "Internal error. Please try again; if it stays, report request " + request}
}

// drop gives the body back as soon as the parameters have been read, so that a call that waits does
// not hold it.
func (s *Server) drop(c *call) {
	s.release(c.body)
	c.body, c.params = nil, nil
}

func (s *Server) free(c *call) {
	if c.body != nil {
		s.drop(c)
	}
}

// unhurried takes the deadline for writing off an answer. Before a blocking call it is that of the
// http.Server, which knows nothing of waiting. After an event it is that of the event: over HTTP/2
// a deadline that passes ends the answer even if nobody is writing.
func unhurried(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
}
