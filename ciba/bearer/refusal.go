package bearer

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"staff0/ciba/jwks"
)

// RetryAfter is what a client is told to wait when the issuer's keys are not available.
const RetryAfter = jwks.FirstFetchGap

// Refusal is why a request did not pass: the public part for the body, the cause for the log.
type Refusal struct {
	Status int // 400, 401, 403 or 503
	// error code of RFC 6750 §3.1; "" if the request had no credentials, and with 503
	Code        string
	Description string // one sentence that says what to do
	Err         error  // the cause; not for the caller
}

// Codes of RFC 6750 §3.1.
const (
	InvalidRequest    = "invalid_request"
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
)

// The causes that arise here. Those of a token come from the verifier.
var (
	errNoCredentials = errors.New("no bearer token in the request")
	errTwoHeaders    = errors.New("more than one Authorization header")
	errNoToken       = errors.New("an Authorization header without a token")
	errNoClaims      = errors.New("the verifier returned neither claims nor an error")
	errScope         = errors.New("a scope is missing")
	errAccept        = errors.New("the route does not serve this kind of caller")
)

// noCredentials has no code: RFC 6750 §3.1, "the resource server SHOULD NOT include an error code
// or other error information".
func noCredentials() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized,
		Description: "Send an access token in the Authorization header.", Err: errNoCredentials}
}

func malformed(err error) *Refusal {
	return &Refusal{http.StatusBadRequest, InvalidRequest,
		"Send exactly one Authorization header of the form: Bearer, a space, the access token.",
		err}
}

func invalidToken(description string, err error) *Refusal {
	return &Refusal{http.StatusUnauthorized, InvalidToken, description +
		" Fetch another one for this audience.", err}
}

func insufficientScope(err error) *Refusal {
	return &Refusal{http.StatusForbidden, InsufficientScope,
		"The access token does not allow this.", err}
}

// unavailable is no judgement on the token, so it is neither 401 nor does it carry a challenge: a
// client that took it for one would throw a good token away.
func unavailable(err error) *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable,
		Description: "The access token cannot be checked at the moment. Please try again.",
		Err:         err}
}

// challenges are the values of WWW-Authenticate by error code, made once.
type challenges map[string]string

func newChallenges(o *Options) challenges {
	out := challenges{}
	for _, code := range []string{"", InvalidRequest, InvalidToken, InsufficientScope} {
		params := []string{}
		add := func(name, value string) {
			if value != "" {
				params = append(params, name+`="`+value+`"`)
			}
		}
		add("realm", o.Realm)
		add("error", code)
		add("scope", strings.Join(o.Scopes, " "))
		add("resource_metadata", o.ResourceMetadata)
		out[code] = "Bearer " + strings.Join(params, ", ")
	}
	return out
}

func (g *guard) refuse(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
	level := slog.LevelInfo
	if refusal.Status == http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	g.Log.LogAttrs(r.Context(), level, "request refused",
		slog.Int("status", refusal.Status), slog.String("error", refusal.Code),
		slog.Any("cause", refusal.Err))
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if refusal.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(int(RetryAfter.Seconds())))
	} else {
		h.Set("WWW-Authenticate", g.challenges[refusal.Code])
	}
	body := &refusalWriter{ResponseWriter: w, status: refusal.Status}
	g.ErrorBody(body, r, refusal)
	body.WriteHeader(refusal.Status)
}

// refusalWriter keeps the status of the refusal, so that a body function that forgets it does not
// turn a refusal into a success.
type refusalWriter struct {
	http.ResponseWriter
	status  int
	started bool
}

func (w *refusalWriter) WriteHeader(int) {
	if !w.started {
		w.started = true
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *refusalWriter) Write(p []byte) (int, error) {
	w.WriteHeader(w.status)
	return w.ResponseWriter.Write(p)
}

func plainBody(w http.ResponseWriter, _ *http.Request, refusal *Refusal) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, refusal.Description+"\n")
}

// b64token is the syntax of RFC 6750 §2.1.
func b64token(s string) bool {
	body := strings.TrimRight(s, "=")
	return body != "" && !strings.ContainsFunc(body, notB64)
}

func notB64(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' ||
		strings.ContainsRune("-._~+/", r))
}

// scopeToken is the syntax of RFC 6749 §3.3.
func scopeToken(s string) bool {
	return s != "" && quotable(s) && !strings.Contains(s, " ")
}

// quotable reports whether s can stand between quotes in a header as it is.
func quotable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\\'
	})
}
