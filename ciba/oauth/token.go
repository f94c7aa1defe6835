package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxLifetime bounds what a provider may say about the life of a token. A
// number beyond it is nonsense and would overflow time.Duration.
const maxLifetime = 366 * 24 * time.Hour

// ErrBadResponse is returned for an answer of a provider that is not what the
// specification says: no JSON object, a member missing or of the wrong type, a
// token type other than Bearer, a body beyond the bound. Asking again will not
// mend it.
var ErrBadResponse = errors.New("oauth: malformed answer from the identity provider")

// Token is an access token and what was said about it (RFC 6749 §5.1).
type Token struct {
	AccessToken Secret
	Type        string    // always "Bearer", in whatever case the provider writes it
	Expiry      time.Time // zero: the provider did not say
	Scope       string    // space separated; "" means the scope that was asked for (RFC 6749 §5.1)
	IDToken     Secret    // "" unless the grant yields one

	// Refreshable says that a refresh token came along. It is not kept: nothing here asks for one.
	Refreshable bool
}

// TokenSource yields an access token that is usable now. Implementations are
// safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context) (*Token, error)
}

// Token reads the body as a token response (RFC 6749 §5.1). It fails with
// [ErrBadResponse] when the access token is missing or could not stand in a
// header, and when the type is not Bearer: §7.1 forbids the use of a token
// whose type the client does not understand. The expiry is counted from the
// moment the request was sent, so it errs on the early side.
func (r *Response) Token() (*Token, error) {
	var m struct {
		AccessToken string   `json:"access_token"`
		TokenType   string   `json:"token_type"`
		ExpiresIn   *Seconds `json:"expires_in"`
		Scope       string   `json:"scope"`
		IDToken     string   `json:"id_token"`
		Refresh     string   `json:"refresh_token"`
	}
	if err := r.Decode(&m); err != nil {
		return nil, err
	}
	switch {
	case m.AccessToken == "":
		return nil, fmt.Errorf("%w: no access_token", ErrBadResponse)
	case !visible(m.AccessToken):
		return nil, fmt.Errorf("%w: access_token holds characters that no token may hold",
			ErrBadResponse)
	case !strings.EqualFold(m.TokenType, "Bearer"):
		return nil, fmt.Errorf("%w: token_type is not Bearer", ErrBadResponse)
	}
	t := &Token{AccessToken: Secret(m.AccessToken), Type: m.TokenType, Scope: m.Scope,
		IDToken: Secret(m.IDToken), Refreshable: m.Refresh != ""}
	if m.ExpiresIn != nil {
		t.Expiry = r.Sent.Add(min(max(m.ExpiresIn.Duration(), 0), maxLifetime))
	}
	return t, nil
}

// visible reports whether s holds nothing but VSCHAR less the blank, the
// characters of RFC 6749 appendix A.12 that may also stand in a header value.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Seconds is a JSON number of seconds. A number in quotes is tolerated, since
// providers are known to write "expires_in":"3600"; anything else is an error.
// Values are cut to what a time.Duration holds.
type Seconds time.Duration

// Duration returns s as a duration. It may be negative or zero.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// UnmarshalJSON reads a number, or a number in quotes. A null leaves s alone.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	// 1e400 is a JSON number; f is then ±Inf, which the bounds below cut. The
	// words that ParseFloat takes for infinity and NaN are no numbers here.
	tooLarge := errors.Is(err, strconv.ErrRange)
	if !tooLarge && (err != nil || math.IsNaN(f) || math.IsInf(f, 0)) {
		return errors.New("not a number of seconds")
	}
	const bound = float64(math.MaxInt64 / int64(time.Second))
	*s = Seconds(max(min(f, bound), -bound) * float64(time.Second))
	return nil
}
