package oauth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxDiscard bounds what is read of a refused answer to keep its connection.
const maxDiscard = 64 << 10

// Transport puts the access token of Source on every request (RFC 6750 §2.1).
// When the answer is 401 and Source is an [Invalidator], it fetches one fresh
// token and sends the request once more, if its body can be sent again.
//
// It refuses a request that a redirect led to, whatever the http.Client above it
// allows, and plain http to anything but a loopback address.
type Transport struct {
	Source TokenSource       // required
	Base   http.RoundTripper // nil means http.DefaultTransport

	// Origin, if set, is the only origin that a token is sent to, compared by
	// [SameOrigin]. Set it wherever a URL can come from somebody else.
	Origin *url.URL
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.roundTrip(req)
	if err != nil && req.Body != nil {
		_ = req.Body.Close() // a RoundTripper closes the body, on errors too; twice is harmless
	}
	return res, err
}

func (t *Transport) roundTrip(req *http.Request) (*http.Response, error) {
	if t.Source == nil {
		return nil, errors.New("oauth: Transport needs a Source")
	}
	if req.Response != nil { // set by http.Client on a request that a redirect caused
		return nil, fmt.Errorf("%w: an access token does not follow a redirect", ErrInsecureURL)
	}
	if err := checkEndpoint(req.URL); err != nil {
		return nil, err
	}
	if t.Origin != nil && !SameOrigin(t.Origin, req.URL) {
		return nil, fmt.Errorf("%w: another origin than the configured one", ErrInsecureURL)
	}
	token, err := t.Source.Token(req.Context())
	if err != nil {
		return nil, err
	}
	res, err := t.base().RoundTrip(withToken(req, token))
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		return res, err
	}
	again, ok := t.second(req, token)
	if !ok {
		return res, nil
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxDiscard)
	_ = res.Body.Close()
	return t.base().RoundTrip(again)
}

// second returns the request with a fresh token, or false when there is no
// point in sending it: the body is gone, or the source has nothing newer.
func (t *Transport) second(req *http.Request, refused *Token) (*http.Request, bool) {
	inv, ok := t.Source.(Invalidator)
	if !ok || req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return nil, false
	}
	inv.Invalidate(refused)
	token, err := t.Source.Token(req.Context())
	if err != nil || token.AccessToken == refused.AccessToken {
		return nil, false
	}
	again := withToken(req, token)
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, false
		}
	}
	return again, true
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

// withToken returns a copy of req that carries the token; a RoundTripper must
// leave the request alone.
func withToken(req *http.Request, token *Token) *http.Request {
	out := new(http.Request)
	*out = *req
	out.Header = make(http.Header, len(req.Header)+1)
	for k, v := range req.Header {
		out.Header[k] = v
	}
	out.Header["Authorization"] = []string{"Bearer " + token.AccessToken.Reveal()}
	return out
}
