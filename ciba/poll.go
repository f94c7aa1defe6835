package ciba

import (
	"context"
	"errors"
	"net/url"
	"time"

	"staff0/ciba/oauth"
)

// pollTail is how long before the deadline Poll looks for the last time, or a
// quarter of the time if that is less.
const pollTail = 2 * time.Second

var (
	errOverlap  = errors.New("a poll for this auth_req_id is under way")
	errFinished = errors.New("ciba: the provider has given its final answer to this auth_req_id")
)

// PollOnce asks once how a request stands (CIBA Core §10.1), and verifies what
// an approval yields against want. It waits for nobody but the provider, who may
// hold the request open for half a minute.
//
// Errors: [ErrPending]; *SlowDown; [ErrAccessDenied]; [ErrExpired];
// *TemporaryError; *MismatchError; all else is final. Polls for one id do not
// overlap (the second is a *TemporaryError and sends nothing), and after a final
// answer nothing more is sent for the id. A ctx that ends during the poll leaves
// the id as it was.
func (c *Client) PollOnce(ctx context.Context, authReqID string, want Expectation) (*Grant, error) {
	if err := want.validate(); err != nil {
		return nil, err
	}
	if authReqID == "" {
		return nil, errors.New("ciba: no auth_req_id")
	}
	switch c.ids.begin(authReqID, time.Now()) {
	case polling:
		return nil, &TemporaryError{Err: errOverlap}
	case finished:
		return nil, errFinished
	}
	grant, err := c.poll(ctx, authReqID, want)
	after := finished
	if unsettled(ctx, err) {
		after = idle
	}
	c.ids.end(authReqID, after, time.Now())
	return grant, err
}

func (c *Client) poll(ctx context.Context, authReqID string, want Expectation) (*Grant, error) {
	form := url.Values{"grant_type": {GrantType}, "auth_req_id": {authReqID}}
	c.target(form)
	res, err := oauth.PostForm(ctx, &c.pollHTTP, c.metadata.TokenEndpoint, c.metadata, c.auth, form)
	if err != nil {
		return nil, pollError(err)
	}
	token, err := res.Token()
	switch {
	case err == nil:
		return c.grant(ctx, authReqID, token, want)
	case unreadable(res.Body):
		return nil, temporary(err)
	default:
		return nil, &MismatchError{What: "the token response", Err: err}
	}
}

// unsettled reports whether the id may be polled again after err.
func unsettled(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, ErrPending) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return true
	}
	if _, ok := errors.AsType[*SlowDown](err); ok {
		return true
	}
	_, ok := errors.AsType[*TemporaryError](err)
	return ok
}

// Poll waits for one request until it is decided, the provider gives it up, or
// own has passed (zero: the provider's expiry counts alone). The first poll
// follows at once. It returns the errors of PollOnce that are final, and
// [ErrExpired], at the deadline and not before, for every kind of silence.
func (c *Client) Poll(
	ctx context.Context, ack *Acknowledgement, own time.Time, want Expectation,
) (*Grant, error) {
	pace := NewPace(ack, own, min(pollTail, time.Until(ack.ExpiresAt)/4))
	for {
		grant, err := c.PollOnce(ctx, ack.AuthReqID, want)
		if err == nil {
			return grant, nil
		}
		now := time.Now()
		at, ok := pace.Next(now, err)
		silence := !ok && (unsettled(ctx, err) || pace.Silence(now, err))
		if !ok && !silence {
			return nil, err
		}
		if silence {
			at = pace.Deadline
		}
		if err := sleepUntil(ctx, at); err != nil {
			return nil, err
		}
		if silence {
			return nil, ErrExpired
		}
	}
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
