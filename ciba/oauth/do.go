package oauth

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ErrTooLarge is returned for a body beyond the bound of its reader.
var ErrTooLarge = fmt.Errorf("%w: the body is too large", ErrBadResponse)

// Do is the one way out for calls that carry a credential or whose answer is
// trusted. It sends req once and reads at most limit bytes of the answer, all of
// it within the client's timeout, or within the given one if the client has
// none. hc lends its transport; nil means http.DefaultTransport.
//
// It asks the transport directly: a transport knows neither redirects nor
// cookies, so whatever client the caller hands over, none can be followed and
// none can be sent. For the same reason no error repeats the URL, which may
// hold what must not be logged.
//
// Errors: [ErrInsecureURL] for an address to which nothing may be sent;
// [ErrTooLarge], together with the answer less its body, for its status says
// something all the same; the transport's own. Every status is an answer.
func Do(hc *http.Client, req *http.Request, timeout time.Duration, limit int64) (*Response, error) {
	if err := checkEndpoint(req.URL); err != nil {
		return nil, err
	}
	var client http.Client
	if hc != nil {
		client = *hc
	}
	rt := client.Transport
	if rt == nil {
		rt = http.DefaultTransport
	}
	ctx, cancel := context.WithTimeout(req.Context(), cmp.Or(max(client.Timeout, 0), timeout))
	defer cancel()
	sent := time.Now()
	res, err := rt.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer := &Response{Status: res.StatusCode, Header: res.Header, Sent: sent}
	if n := res.ContentLength; n > 0 && n <= limit {
		answer.Body = make([]byte, n)
		_, err = io.ReadFull(res.Body, answer.Body)
	} else {
		answer.Body, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
	}
	if err != nil {
		return nil, err
	}
	if int64(len(answer.Body)) > limit {
		answer.Body = nil
		return answer, fmt.Errorf("%w, more than %d bytes", ErrTooLarge, limit)
	}
	return answer, nil
}

// RetryAfter reads how long an answer asks to wait (RFC 9110 §10.2.3: a number
// of seconds, or a date): 0 if it does not say, at most longest.
func RetryAfter(h http.Header, longest time.Duration) time.Duration {
	value := h.Get("Retry-After")
	var wait time.Duration
	// n is the largest number if the value is larger.
	if n, err := strconv.ParseUint(value, 10, 64); err == nil || n > 0 {
		wait = time.Duration(min(n, uint64(longest/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), longest)
}

// Backoff is the pause after a number of failures in a row: first, then twice as
// long each time, at most longest. A crowd of callers draws lots below it.
func Backoff(failures int, first, longest time.Duration) time.Duration {
	wait := min(first, longest)
	for ; failures > 1 && wait < longest; failures-- {
		wait = min(2*wait, longest)
	}
	return wait
}
