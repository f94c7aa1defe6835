package a2aclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
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

// refused reports whether the request never arrived, so that sending it again cannot do anything twice.
func (e *UnreachableError) refused() bool {
	var op *net.OpError
	return errors.Is(e.Err, syscall.ECONNREFUSED) || errors.As(e.Err, &op) && op.Op == "dial"
}

// HTTPError is an answer outside the protocol: a status other than 200.
type HTTPError struct {
	Status     int
	Challenge  string        // WWW-Authenticate, untrusted text
	RetryAfter time.Duration // 0 if none
	Err        error         // the protocol's error in the body, nil if there was none
}

func (e *HTTPError) Error() string {
	text := fmt.Sprintf("the agent answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *HTTPError) Unwrap() error { return e.Err }

// ErrCut says that a stream ended, or fell silent, before its task did. The task goes on.
var ErrCut = errors.New("the stream was cut before the task had ended")

const maxRetryAfter = 5 * time.Minute

// refusal reads an answer with a status other than 200.
func refusal(res *http.Response, d *wire.Dialect) error {
	e := &HTTPError{Status: res.StatusCode, Challenge: res.Header.Get("WWW-Authenticate")}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		e.RetryAfter = min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if d == nil {
		return e
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return e
	}
	if r, err := wire.DecodeResponse(body); err == nil && r.Error != nil {
		e.Err = wire.DecodeError(r.Error)
	}
	return e
}

// do sends a request and sorts the errors.
func do(hc *http.Client, req *http.Request) (*http.Response, error) {
	res, err := hc.Do(req)
	if err == nil {
		return res, nil
	}
	if ctx := req.Context(); ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	// Faults of the token are not the agent's.
	var refused *oauth.Error
	if errors.As(err, &refused) || errors.Is(err, oauth.ErrUnreachable) || errors.Is(err, oauth.ErrBadResponse) || errors.Is(err, oauth.ErrInsecureURL) {
		return nil, err
	}
	return nil, &UnreachableError{err}
}

// temporary reports whether an error may pass, so that a task that is known is worth asking for again.
func temporary(err error) bool {
	var unreachable *UnreachableError
	var answered *HTTPError
	switch {
	case errors.As(err, &unreachable), errors.Is(err, ErrCut), errors.Is(err, oauth.ErrUnreachable):
		return true
	case errors.As(err, &answered):
		return answered.Status == http.StatusTooManyRequests || answered.Status >= 500
	}
	return errors.Is(err, a2a.ErrInternal) || errors.Is(err, a2a.ErrUnavailable)
}
