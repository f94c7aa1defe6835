package oauth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Client authentication methods (OpenID Connect Core 1.0 §9).
const (
	methodPost  = "client_secret_post"
	methodBasic = "client_secret_basic"
)

// ClientAuth is a client's identifier and secret at one provider.
type ClientAuth struct {
	ID     string
	Secret Secret
}

// apply encodes form with the client's authentication: in the form when the
// provider advertises client_secret_post, else as HTTP Basic. In the form there
// is one spelling; in Basic, RFC 6749 §2.3.1 wants identifier and secret form-encoded
// first, which part of the providers in use forget, and secrets with reserved
// characters then fail there.
func (a ClientAuth) apply(meta *Metadata, form url.Values) (string, http.Header, error) {
	if a.ID == "" || a.Secret == "" {
		return "", nil, errors.New("oauth: client id or client secret is not set")
	}
	header := make(http.Header, 4)
	body := form.Encode()
	switch {
	case slices.Contains(meta.AuthMethods, methodPost):
		var b strings.Builder
		b.Grow(len(body) + len(a.ID) + len(a.Secret) + 40)
		b.WriteString(body)
		if body != "" {
			b.WriteByte('&')
		}
		b.WriteString("client_id=" + url.QueryEscape(a.ID) + "&client_secret=" +
			url.QueryEscape(a.Secret.Reveal()))
		return b.String(), header, nil
	// Discovery 1.0 §3: when the member is left out, client_secret_basic is meant.
	case len(meta.AuthMethods) == 0 || slices.Contains(meta.AuthMethods, methodBasic):
		pair := url.QueryEscape(a.ID) + ":" + url.QueryEscape(a.Secret.Reveal())
		header["Authorization"] = []string{"Basic " +
			base64.StdEncoding.EncodeToString([]byte(pair))}
		return body, header, nil
	default:
		return "", nil,
			errors.New("oauth: the identity provider takes neither client_secret_post nor " +
				"client_secret_basic")
	}
}
