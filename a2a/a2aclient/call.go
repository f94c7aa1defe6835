package a2aclient

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// Bounds of calls.
const (
	maxAnswer   = 8 << 20          // bytes of one answer that is no stream
	callTimeout = 90 * time.Second // a blocking SendMessage may take a while (§3.2.2)
	// DefaultPatience is how long an agent is waited for that does not answer yet, or says 503.
	DefaultPatience = 15 * time.Second
	patienceWait    = 250 * time.Millisecond
)

// Patiently does something again and again, for so long, while the agent refuses connections or answers 503: then it has certainly done nothing
// yet, so that no message is sent twice. Retry-After is obeyed within that time. Any other outcome is returned at once.
func Patiently[T any](ctx context.Context, patience time.Duration, try func(context.Context) (T, error)) (T, error) {
	for until := time.Now().Add(patience); ; {
		result, err := try(ctx)
		if err == nil || !notYet(err) {
			return result, err
		}
		left := time.Until(until)
		if left <= 0 {
			return result, err
		}
		if err := sleep(ctx, min(max(patienceWait, retryAfter(err)), left)); err != nil {
			return result, err
		}
	}
}

// sleep waits unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// request is what an operation takes. It is checked here too: what the agent must refuse need not travel.
type request interface{ Validate() error }

// call does one call that is not a stream.
func call[Req request, Res any](ctx context.Context, c *Client, m *wire.Method[Req, Res], req Req) (Res, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errNoAnswer)
	defer cancel()
	res, id, err := open(ctx, c, m, req, "application/json")
	if err != nil {
		var none Res
		return none, err
	}
	defer func() { _ = res.Body.Close() }()
	return single(ctx, m, res, id)
}

// open sends a call and returns an answer with status 200.
func open[Req request, Res any](ctx context.Context, c *Client, m *wire.Method[Req, Res], req Req, accept string) (*http.Response, wire.ID, error) {
	if m.Name == "" {
		return nil, nil, &a2a.Error{Err: a2a.ErrMethodNotFound, Message: "protocol " + c.dialect.Version + " has no such operation"}
	}
	if err := req.Validate(); err != nil {
		return nil, nil, err
	}
	id := wire.ID(strconv.AppendInt(nil, c.ids.Add(1), 10))
	body, err := m.AppendRequest(nil, id, req)
	if err != nil {
		return nil, nil, err
	}
	res, err := Patiently(ctx, c.patience, func(ctx context.Context) (*http.Response, error) { return c.post(ctx, body, accept) })
	return res, id, err
}

func (c *Client) post(ctx context.Context, body []byte, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	req.Header.Set(wire.VersionHeader, c.dialect.Version)
	res, err := do(c.transport, req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer func() { _ = res.Body.Close() }()
		return nil, refusal(res)
	}
	return res, nil
}

// single reads an answer that is one JSON-RPC response.
func single[Req, Res any](ctx context.Context, m *wire.Method[Req, Res], res *http.Response, id wire.ID) (Res, error) {
	body, err := readAll(ctx, res.Body, maxAnswer)
	if err != nil {
		if errors.Is(err, errTooLarge) {
			err = invalid(err)
		}
		var none Res
		return none, err
	}
	return result(m, body, id)
}

// result reads one JSON-RPC response. An error may come without the id: the agent may have been unable to read it (JSON-RPC 2.0 §5).
func result[Req, Res any](m *wire.Method[Req, Res], body []byte, id wire.ID) (Res, error) {
	var none Res
	r, err := wire.DecodeResponse(body)
	switch {
	case err != nil:
		return none, err
	case !r.ID.Equal(id) && (r.Error == nil || !r.ID.None()):
		return none, invalid(errors.New("the answer is to another call"))
	case r.Error != nil:
		return none, fault(r.Error, http.StatusOK)
	}
	return m.DecodeResult(r.Result)
}
