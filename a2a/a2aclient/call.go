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
	// DefaultPatience is how long an agent is waited for that does not answer yet, or says 429, 502
	// or 503.
	DefaultPatience = 15 * time.Second
	// the first pause, and the one between connections that are refused
	patienceWait    = 250 * time.Millisecond
	patienceMaxWait = 4 * time.Second
)

// Patiently does something that may be done twice again and again, for so long, while the agent
// refuses connections, or it or a gateway answers 429, 502 or 503. Retry-After is obeyed within
// that time, and pauses grow without it. Any other outcome is returned at once.
func Patiently[T any](
	ctx context.Context, patience time.Duration, try func(context.Context) (T, error),
) (T, error) {
	return patiently(ctx, patience, notNow, try)
}

func patiently[T any](
	ctx context.Context, patience time.Duration, again func(error) bool,
	try func(context.Context) (T, error),
) (T, error) {
	p := newPace(patience)
	for {
		result, err := try(ctx)
		if err == nil || !again(err) || p.over() {
			return result, err
		}
		if err := p.pause(ctx, err); err != nil {
			return result, err
		}
	}
}

// pace is how an agent is waited for that has not done anything yet.
type pace struct {
	until time.Time
	wait  time.Duration
}

func newPace(patience time.Duration) *pace {
	return &pace{until: time.Now().Add(patience), wait: patienceWait}
}

func (p *pace) over() bool { return time.Until(p.until) <= 0 }

// pause waits until the next try after an error. Who answers is there and has work to do, and is
// left alone for longer each time; who refuses connections may begin at any moment.
func (p *pace) pause(ctx context.Context, err error) error {
	wait := min(max(p.wait, retryAfter(err)), time.Until(p.until))
	var answered *HTTPError
	if errors.As(err, &answered) {
		p.wait = min(2*p.wait, patienceMaxWait)
	}
	return sleep(ctx, wait)
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

// request is what an operation takes. It is checked here too: what the agent must refuse need not
// travel.
type request interface{ Validate() error }

// spelling is an operation in one way of calling it.
type spelling[Req request, Res any] func(*way) (*wire.Method[Req, Res], Req)

// call does one call that is not a stream.
func call[Req request, Res any](
	ctx context.Context, c *Client, spell spelling[Req, Res],
) (Res, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errNoAnswer)
	defer cancel()
	a, err := open(ctx, c, spell, plainAnswer)
	if err != nil {
		var none Res
		return none, err
	}
	defer func() { _ = a.res.Body.Close() }()
	return a.single(ctx)
}

// What a client accepts, over JSON-RPC and over HTTP+JSON.
var (
	plainAnswer  = [2]string{"application/json", "application/json, " + wire.JSONType}
	streamAnswer = [2]string{wire.EventStream + ", application/json", wire.EventStream +
		", application/json, " + wire.JSONType}
)

// answer is an answer with status 200 to one call.
type answer[Req request, Res any] struct {
	way    *way
	method *wire.Method[Req, Res]
	id     wire.ID // of JSON-RPC
	res    *http.Response
}

// open sends a call. Where an interface turns out not to be there, the next one of the card is
// taken, now and for the calls to come (§5.2).
func open[Req request, Res any](
	ctx context.Context, c *Client, spell spelling[Req, Res], accept [2]string,
) (*answer[Req, Res], error) {
	until := time.Now().Add(c.patience)
	var first error
	for i := c.current.Load(); ; i++ {
		w := &c.ways[i]
		m, req := spell(w)
		a, err := openBy(ctx, c, w, m, req, accept, time.Until(until))
		if err == nil || !leadsNowhere(err) {
			if first != nil {
				c.current.Store(i)
			}
			return a, err
		}
		if first == nil {
			first = err
		}
		if int(i)+1 == len(c.ways) {
			return nil, first
		}
	}
}

func openBy[Req request, Res any](
	ctx context.Context, c *Client, w *way, m *wire.Method[Req, Res], req Req, accept [2]string,
	patience time.Duration,
) (*answer[Req, Res], error) {
	if m.Name == "" {
		return nil, &a2a.Error{Err: a2a.ErrMethodNotFound, Message: "protocol " +
			w.dialect.Version + " has no such operation"}
	}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	a := &answer[Req, Res]{way: w, method: m}
	out := outgoing{way: w, target: wire.Target{Verb: http.MethodPost}, accept: accept[0]}
	if w.rest {
		params, err := m.Params.Append(nil, req)
		if err != nil {
			return nil, err
		}
		target, err := wire.NewTarget(m.Name, params)
		if err != nil {
			return nil, err
		}
		out.target, out.accept = *target, accept[1]
	} else {
		a.id = wire.ID(strconv.AppendInt(nil, c.ids.Add(1), 10))
		var err error
		if out.target.Body, err = m.AppendRequest(nil, a.id, req); err != nil {
			return nil, err
		}
	}
	res, err := patiently(ctx, patience, notYet, func(ctx context.Context) (*http.Response, error) {
		return c.send(ctx, &out)
	})
	var answered *HTTPError
	if out.target.Other != "" && errors.As(err, &answered) &&
		answered.Status == http.StatusMethodNotAllowed {
		// text and proto of the specification differ, and so do servers
		out.target.Verb = out.target.Other
		res, err = c.send(ctx, &out)
	}
	a.res = res
	return a, err
}

// outgoing is a request that can be sent again.
type outgoing struct {
	way    *way
	target wire.Target
	accept string
}

func (c *Client) send(ctx context.Context, out *outgoing) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, out.target.Verb, out.way.at(out.target.Path),
		bytes.NewReader(out.target.Body))
	if err != nil {
		return nil, err
	}
	if out.target.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", out.accept)
	req.Header.Set(wire.VersionHeader, out.way.dialect.Version)
	if c.extensions != "" {
		req.Header.Set(out.way.dialect.Extensions, c.extensions)
	}
	res, err := do(c.transport, req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer func() { _ = res.Body.Close() }()
		return nil, refusal(res, out.way.rest)
	}
	return res, nil
}

// single reads an answer that is one response.
func (a *answer[Req, Res]) single(ctx context.Context) (Res, error) {
	body, err := readAll(ctx, a.res.Body, maxAnswer)
	if err != nil {
		if errors.Is(err, errTooLarge) {
			err = invalid(err)
		}
		var none Res
		return none, err
	}
	return a.result(body)
}

// result reads one response. An error of JSON-RPC may come without the id: the agent may have been
// unable to read it (JSON-RPC 2.0 §5).
func (a *answer[Req, Res]) result(body []byte) (Res, error) {
	decode := wire.DecodeResponse
	if a.way.rest {
		decode = wire.DecodeBare
	}
	var none Res
	r, err := decode(body)
	switch {
	case err != nil:
		return none, err
	case a.way.rest && r.Error != nil:
		if e := wire.DecodeStatus(r.Error, a.res.StatusCode); e != nil {
			return none, e
		}
		return none, invalid(errors.New("the error is none of the binding"))
	case !a.way.rest && !r.ID.Equal(a.id) && (r.Error == nil || !r.ID.None()):
		return none, invalid(errors.New("the answer is to another call"))
	case r.Error != nil:
		return none, fault(r.Error, http.StatusOK)
	}
	return a.method.DecodeResult(r.Result)
}
