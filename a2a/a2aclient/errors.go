package a2aclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// UnreachableError says that the agent gave no answer, or that an answer broke off.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the agent cannot be reached: %v", e.Err)
}
func (e *UnreachableError) Unwrap() error { return e.Err }

// refused reports whether the request never arrived, so that sending it again cannot do anything
// twice. A name that does not exist is left out: it is more likely misspelt than about to appear.
func (e *UnreachableError) refused() bool {
	var name *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(e.Err, &name):
		return !name.IsNotFound
	case errors.As(e.Err, &op):
		return op.Op == "dial"
	}
	return errors.Is(e.Err, syscall.ECONNREFUSED)
}

// errNoAnswer ends calls that take too long.
var errNoAnswer = &UnreachableError{errors.New("no answer in time")}

// HTTPError is an answer outside the protocol: a status other than 200.
type HTTPError struct {
	Status     int
	Challenge  string        // WWW-Authenticate, untrusted text
	RetryAfter time.Duration // 0 if none, at most five minutes
	Err        error         // the protocol's error in the body, nil if there was none
}

func (e *HTTPError) Error() string {
	text := fmt.Sprintf("the agent answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Status >= 300 && e.Status < 400 {
		text += "; redirects are not followed, configure the address where the agent is"
	}
	return text
}

func (e *HTTPError) Unwrap() error { return e.Err }

// ErrCut says that a stream ended, or fell silent, before its task did. The task goes on.
var ErrCut = errors.New("the stream was cut before the task had ended")

const (
	maxRetryAfter = 5 * time.Minute
	maxRefusal    = 64 << 10 // bytes that are read of an answer that refuses
)

// refusal reads an answer with a status other than 200. In HTTP+JSON that is how the errors of the
// protocol come, and they are what is returned then.
func refusal(res *http.Response, rest bool) error {
	e := &HTTPError{
		Status: res.StatusCode, Challenge: res.Header.Get("WWW-Authenticate"),
		RetryAfter: oauth.RetryAfter(res.Header, maxRetryAfter),
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	if err != nil {
		return e // the status says enough
	}
	if rest {
		if r, err := wire.DecodeBare(body); err == nil && r.Error != nil {
			told := wire.DecodeStatus(r.Error, res.StatusCode)
			if told == nil {
				return e
			}
			if ofProtocol(told) {
				return told
			}
			e.Err = told
		}
		return e
	}
	if r, err := wire.DecodeResponse(body); err == nil && r.Error != nil {
		e.Err = fault(r.Error, res.StatusCode)
		return e
	}
	var plain struct { // §11.6, which gateways in front of agents like as well
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if a2a.Unmarshal(body, &plain) == nil && plain.Error.Message != "" {
		e.Err = &a2a.Error{Err: a2a.ErrUnknown, Message: plain.Error.Message}
	}
	return e
}

// ofProtocol reports whether the agent itself has told an error, and not who stands before it or
// what could be anybody's.
func ofProtocol(e *a2a.Error) bool {
	return a2a.CodeOf(e.Err).Reason != "" || errors.Is(e, a2a.ErrInvalidParams) ||
		errors.Is(e, a2a.ErrInternal)
}

// fault reads an error object of JSON-RPC. -32000 is what servers use for whatever the protocol has
// no number for, so the status has to say what it means.
func fault(object json.RawMessage, status int) *a2a.Error {
	e := wire.DecodeError(object)
	if e.Code != a2a.CodeOf(a2a.ErrUnavailable).Code {
		return e
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Err = a2a.ErrUnauthenticated
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		e.Err = a2a.ErrUnavailable
	default:
		e.Err = a2a.ErrUnknown
	}
	return e
}

// retryAfter is how long an error asks to wait.
func retryAfter(err error) time.Duration {
	var answered *HTTPError
	if errors.As(err, &answered) {
		return answered.RetryAfter
	}
	return 0
}

func invalid(cause error) error {
	return &a2a.Error{Err: a2a.ErrInvalidAgentResponse, Cause: cause}
}

// transport is what sends the requests of hc. A transport knows neither redirects nor cookies, so
// whatever client is handed over, none can be followed and none can be sent. The client's Timeout
// is not used either: it would end streams.
func transport(hc *http.Client) http.RoundTripper {
	if hc.Transport == nil {
		return http.DefaultTransport
	}
	return hc.Transport
}

// do sends a request and sorts the errors.
func do(rt http.RoundTripper, req *http.Request) (*http.Response, error) {
	res, err := rt.RoundTrip(req)
	if err == nil {
		return res, nil
	}
	var token *tokenError
	switch ctx := req.Context(); {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(err, &token):
		return nil, token.err
	case errors.Is(err, oauth.ErrInsecureURL):
		return nil, err
	}
	return nil, &UnreachableError{err}
}

// errTooLarge is told by readAll.
var errTooLarge = errors.New("the answer is too large")

// readAll reads a body of at most so many bytes.
func readAll(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, &UnreachableError{err}
	case int64(len(body)) > limit:
		return nil, errTooLarge
	}
	return body, nil
}

// notYet reports whether the call did not get as far as the agent.
func notYet(err error) bool {
	var unreachable *UnreachableError
	var answered *HTTPError
	return errors.As(err, &unreachable) && unreachable.refused() ||
		errors.As(err, &answered) && answered.Status == http.StatusServiceUnavailable
}

// busy reports whether a call was one too many, or a gateway had no answer to it.
func busy(err error) bool {
	var answered *HTTPError
	return errors.As(err, &answered) &&
		(answered.Status == http.StatusTooManyRequests || answered.Status == http.StatusBadGateway)
}

// notNow reports whether what may be done twice is worth trying again.
func notNow(err error) bool { return notYet(err) || busy(err) }

// temporary reports whether an error may pass, so that a task that is known is worth asking for
// again.
func temporary(err error) bool {
	var unreachable *UnreachableError
	var answered *HTTPError
	switch {
	case errors.As(err, &unreachable), errors.Is(err, ErrCut), oauth.IsTemporary(err):
		return true
	case errors.As(err, &answered):
		switch answered.Status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests:
			return true
		case http.StatusNotImplemented:
			return false
		}
		return answered.Status >= 500
	}
	return errors.Is(err, a2a.ErrInternal)
}

// ofTask reports whether an error is about the task or the operation, and not about who asks or
// whether anybody is there.
func ofTask(err error) bool {
	var answered *HTTPError
	if errors.As(err, &answered) &&
		(answered.Status == http.StatusUnauthorized || answered.Status == http.StatusForbidden) {
		return false
	}
	var told *a2a.Error
	return errors.As(err, &told)
}
