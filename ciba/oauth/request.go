package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxResponseBytes bounds every body that a provider sends. The largest
	// honest one is a token response with a fat ID token, a few KiB.
	maxResponseBytes = 256 << 10

	// defaultTimeout bounds a call made with a client that has no timeout.
	defaultTimeout = 30 * time.Second
)

// Response is a successful answer, status 200, whose body is still to be read.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Sent   time.Time // when the request was sent; lifetimes count from here
}

// Decode reads the body as a JSON object into v. An object with an error
// member is a refusal whatever its HTTP status, and is returned as *Error.
func (r *Response) Decode(v any) error {
	var m struct {
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(r.Body, &m); err != nil {
		return fmt.Errorf("%w: not a JSON object", ErrBadResponse)
	}
	if len(m.Error) > 0 && string(m.Error) != "null" {
		return newError(r.Status, r.Header, r.Body)
	}
	if err := json.Unmarshal(r.Body, v); err != nil {
		// The json package quotes the offending value, which may be a token.
		return fmt.Errorf("%w: a member has the wrong type", ErrBadResponse)
	}
	return nil
}

// PostForm sends one form, authenticated as auth, to an endpoint of meta, and
// returns the answer if its status is 200. There is one attempt and no
// redirect; the body is bounded.
//
// The endpoint must be one of those in meta, which [Discover] has checked
// against the issuer: a credential is never sent to an address that came from
// anywhere else.
//
// Errors: *Error for every other status; [ErrUnreachable] when no answer
// arrived; [ErrBadResponse] for a body beyond the bound; [ErrInsecureURL].
func PostForm(
	ctx context.Context, hc *http.Client, endpoint string, meta *Metadata, auth ClientAuth,
	form url.Values,
) (*Response, error) {
	if hc == nil || meta == nil {
		return nil, errors.New("oauth: PostForm needs an HTTP client and provider metadata")
	}
	if endpoint == "" || endpoint != meta.TokenEndpoint &&
		endpoint != meta.BackchannelAuthenticationEndpoint {
		return nil, fmt.Errorf("%w: the provider's metadata does not name it", ErrInsecureURL)
	}
	body, header, err := auth.apply(meta, form)
	if err != nil {
		return nil, err
	}
	header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	res, err := send(ctx, hc, http.MethodPost, endpoint, header, body)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		return nil, newError(res.Status, res.Header, res.Body)
	}
	return res, nil
}

// send makes one call to the provider and sorts what can go wrong on the way.
func send(
	ctx context.Context, hc *http.Client, method, endpoint string, header http.Header, body string,
) (*Response, error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, endpoint, reader)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be parsed", ErrInsecureURL)
	}
	header["Accept"] = []string{"application/json"}
	req.Header = header
	res, err := Do(hc, req, defaultTimeout, maxResponseBytes)
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrInsecureURL):
		return nil, err
	case err != nil:
		return nil, transportError(ctx, err)
	}
	return res, nil
}
