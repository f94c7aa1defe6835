package bearer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jwks"
)

const (
	issuer   = "https://tenant.example/"
	audience = "https://staff0/agent"
	scope    = "read:employee_status"
)

// office issues tokens with a key of its own and verifies them with the real rules.
type office struct{ key *ecdsa.PrivateKey }

func newOffice(t testing.TB) *office {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &office{key}
}

func (o *office) verifier(t testing.TB) *jwks.AccessTokens {
	t.Helper()
	set, err := jwks.NewStatic(map[string]crypto.PublicKey{"k": &o.key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	return &jwks.AccessTokens{Keys: set, Issuer: issuer, Audience: audience}
}

// token is a good one, except for the claims that are given; nil removes a claim.
func (o *office) token(t testing.TB, change map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "bank", "client_id": "bank", "jti": "1",
		"scope": scope,
		"iat":   time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"], token.Header["typ"] = "k", "at+jwt"
	out, err := token.SignedString(o.key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type verifierFunc func(ctx context.Context, token string) (*jwks.Claims, error)

func (f verifierFunc) Verify(ctx context.Context, token string) (*jwks.Claims, error) {
	return f(ctx, token)
}

func answering(err error) Verifier {
	return verifierFunc(func(context.Context, string) (*jwks.Claims, error) { return nil, err })
}

func guarded(t testing.TB, v Verifier, opts Options, next http.HandlerFunc) http.Handler {
	t.Helper()
	mw, err := Require(v, opts)
	if err != nil {
		t.Fatal(err)
	}
	return mw(next)
}

const (
	bare              = `Bearer realm="staff0", scope="read:employee_status", resource_metadata="https://staff0/.well-known/oauth-protected-resource/agent"`
	invalidRequest    = `Bearer realm="staff0", error="invalid_request", scope="read:employee_status", resource_metadata="https://staff0/.well-known/oauth-protected-resource/agent"`
	invalidTokenValue = `Bearer realm="staff0", error="invalid_token", scope="read:employee_status", resource_metadata="https://staff0/.well-known/oauth-protected-resource/agent"`
	scopeMissing      = `Bearer realm="staff0", error="insufficient_scope", scope="read:employee_status", resource_metadata="https://staff0/.well-known/oauth-protected-resource/agent"`
)

// RFC 6750 §3, and the rows of the table of JWT vectors as an HTTP client sees them.
func TestRequire(t *testing.T) {
	o := newOffice(t)
	good := o.token(t, nil)
	with := func(name string, value any) []string {
		return []string{"Bearer " + o.token(t, map[string]any{name: value})}
	}
	passed := 0
	h := guarded(t, o.verifier(t), Options{
		Realm: "staff0", Scopes: []string{scope},
		ResourceMetadata: "https://staff0/.well-known/oauth-protected-resource/agent",
		Accept:           func(c *jwks.Claims) bool { return c.Machine },
	}, func(http.ResponseWriter, *http.Request) { passed++ })
	for _, r := range []struct {
		name      string
		target    string
		headers   []string
		status    int
		challenge string
	}{
		{"a good token", "/", []string{"Bearer " + good}, 200, ""},
		{"the scheme in lower case", "/", []string{"bearer " + good}, 200, ""},
		{"several spaces", "/", []string{"Bearer   " + good}, 200, ""},
		{"1: no header", "/", nil, 401, bare},
		{"1: Basic", "/", []string{"Basic YTpi"}, 401, bare},
		{"1: DPoP", "/", []string{"DPoP " + good}, 401, bare},
		{"1: the token without a scheme", "/", []string{good}, 401, bare},
		{"1: an empty header", "/", []string{""}, 401, bare},
		{"1: two headers", "/", []string{"Bearer " + good, "Bearer " + good}, 400, invalidRequest},
		{"1: two headers, one of them Basic", "/", []string{"Basic YTpi", "Bearer " + good}, 400,
			invalidRequest},
		{"1: the token in the query", "/?access_token=" + good, nil, 401, bare},
		{"1: the token in header and query counts in the header", "/?access_token=" + good,
			[]string{"Bearer " + good}, 200, ""},
		{"Bearer without a token", "/", []string{"Bearer"}, 400, invalidRequest},
		{"Bearer and a space", "/", []string{"Bearer "}, 400, invalidRequest},
		{"2: 1 MiB", "/", []string{"Bearer " + strings.Repeat("A", 1<<20)}, 401, invalidTokenValue},
		{"2: two segments", "/", []string{"Bearer a.b"}, 401, invalidTokenValue},
		{"2: four segments", "/", []string{"Bearer " + good + ".x"}, 401, invalidTokenValue},
		{"2: padding", "/", []string{"Bearer " + good + "=="}, 401, invalidTokenValue},
		{"2: nothing but padding", "/", []string{"Bearer =="}, 400, invalidRequest},
		{"2: a space inside", "/", []string{"Bearer " + good[:9] + " " + good[9:]}, 400,
			invalidRequest},
		{"2: a newline inside", "/", []string{"Bearer " + good[:9] + "\n" + good[9:]}, 400,
			invalidRequest},
		{"two tokens in one header", "/", []string{"Bearer " + good + ", Bearer " + good}, 400,
			invalidRequest},
		{"opaque", "/", []string{"Bearer 2YotnFZFEjr1zCsicMWpAA"}, 401, invalidTokenValue},
		{"16: another audience", "/", with("aud", "https://staff0/api"), 401, invalidTokenValue},
		{"15: another issuer", "/", with("iss", "https://tenant.example"), 401, invalidTokenValue},
		{"17: expired", "/", with("exp", time.Now().Add(-time.Minute).Unix()), 401,
			invalidTokenValue},
		{"9: an unknown key", "/", []string{"Bearer " + newOffice(t).token(t, nil)}, 401,
			invalidTokenValue},
		{"19: no scope", "/", with("scope", nil), 403, scopeMissing},
		{"19: another scope", "/", with("scope", "read:employee"), 403, scopeMissing},
		{"19: a longer scope", "/", with("scope", scope+"only x"), 403, scopeMissing},
		{"19: a shorter scope", "/", with("scope", scope[:len(scope)-1]), 403, scopeMissing},
		{"19: one of several", "/", with("scope", "a "+scope+" b"), 200, ""},
		{"19: tabs", "/", with("scope", "a\t"+scope), 401, invalidTokenValue},
		{"19: an array", "/", with("scope", []string{scope}), 401, invalidTokenValue},
		{"20: a person where a machine is wanted", "/", with("sub", "auth0|jdoe"), 403,
			scopeMissing},
		{"22: bound to a key", "/", with("cnf", map[string]string{"jkt": "x"}), 401,
			invalidTokenValue},
	} {
		t.Run(r.name, func(t *testing.T) {
			passed = 0
			req := httptest.NewRequest(http.MethodPost, r.target,
				strings.NewReader("access_token="+good))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if r.headers != nil {
				req.Header["Authorization"] = r.headers
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != r.status || w.Header().Get("WWW-Authenticate") != r.challenge {
				t.Errorf("%d %q\nwant %d %q", w.Code, w.Header().Get("WWW-Authenticate"), r.status,
					r.challenge)
			}
			if (passed == 1) != (r.status == 200) {
				t.Errorf("the handler was called %d times", passed)
			}
			if r.status != 200 &&
				(w.Header().Get("Cache-Control") != "no-store" || w.Body.Len() == 0 ||
					w.Header().Get("Content-Type") != "text/plain; charset=utf-8") {
				t.Errorf("refusal: %v %q", w.Header(), w.Body)
			}
			if strings.Contains(w.Body.String(), good) {
				t.Error("the token is in the answer")
			}
		})
	}
}

// An outage of the issuer says nothing about a token.
func TestUnavailableKeysAreNotTheTokensFault(t *testing.T) {
	var log bytes.Buffer
	h := guarded(t, answering(fmt.Errorf("%w: dial tcp", jwks.ErrUnavailable)),
		Options{Scopes: []string{scope}, Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
	for _, token := range []string{"a.b.c", "a b"} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" ||
			w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if strings.Contains(w.Body.String(), "dial") {
			t.Errorf("the cause is in the answer: %s", w.Body)
		}
	}
	if !strings.Contains(log.String(), "level=ERROR") ||
		!strings.Contains(log.String(), "dial tcp") {
		t.Errorf("log %s", &log)
	}
}

func TestEveryOtherErrorRefuses(t *testing.T) {
	for want, v := range map[string]Verifier{
		"has expired": answering(jwks.ErrExpired),
		"not valid":   answering(errors.New("anything")),
		"not valid ":  answering(nil), // neither claims nor an error
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Authorization", "Bearer a.b.c")
		w := httptest.NewRecorder()
		guarded(t, v, Options{Scopes: []string{scope}}, nil).ServeHTTP(w, req)
		if w.Code != http.StatusUnauthorized ||
			!strings.Contains(w.Body.String(), strings.TrimSpace(want)) ||
			w.Header().Get(
				"WWW-Authenticate") != `Bearer error="invalid_token", scope="read:employee_status"` {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
}

func TestEveryScopeIsRequired(t *testing.T) {
	v := verifierFunc(func(context.Context, string) (*jwks.Claims, error) {
		return &jwks.Claims{Scope: []string{"a", "c"}}, nil
	})
	for wanted, code := range map[string]int{"a": 200, "c a": 200, "a b": 403, "b": 403} {
		scopes := strings.Fields(wanted)
		h := guarded(t, v, Options{Scopes: scopes}, func(http.ResponseWriter, *http.Request) {})
		scopes[0] = "a" // what the route asks for is fixed by then
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != code {
			t.Errorf("%q: %d, want %d", wanted, w.Code, code)
		}
	}
}

func TestARouteCannotBeLeftOpen(t *testing.T) {
	v := answering(nil)
	var none *jwks.AccessTokens
	for name, r := range map[string]struct {
		v    Verifier
		opts Options
	}{
		"no verifier":          {nil, Options{Scopes: []string{"a"}}},
		"a nil *AccessTokens":  {none, Options{Scopes: []string{"a"}}},
		"zero AccessTokens":    {&jwks.AccessTokens{}, Options{Scopes: []string{"a"}}},
		"no scopes":            {v, Options{}},
		"an empty scope":       {v, Options{Scopes: []string{""}}},
		"two scopes in one":    {v, Options{Scopes: []string{"a b"}}},
		"a scope with a quote": {v, Options{Scopes: []string{`a"b`}}},
		"a realm with a quote": {v, Options{Realm: `a"b`, Scopes: []string{"a"}}},
		"a realm with line breaks": {v,
			Options{Realm: "a\r\nSet-Cookie: x", Scopes: []string{"a"}}},
		"metadata with a backslash": {v, Options{ResourceMetadata: `a\`, Scopes: []string{"a"}}},
	} {
		if mw, err := Require(r.v, r.opts); err == nil || mw != nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestTheHandlerFindsTheClaims(t *testing.T) {
	o := newOffice(t)
	var got *jwks.Claims
	h := guarded(t, o.verifier(t), Options{Scopes: []string{scope}},
		func(_ http.ResponseWriter, r *http.Request) {
			got, _ = FromContext(r.Context())
		})
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer "+o.token(t, nil))
	h.ServeHTTP(httptest.NewRecorder(), req)
	if got == nil || got.ClientID != "bank" || !got.Machine {
		t.Errorf("claims %+v", got)
	}
	if _, ok := FromContext(context.Background()); ok {
		t.Error("claims out of nothing")
	}
}

func TestTheBodyOfARefusalIsTheRoutes(t *testing.T) {
	for name, r := range map[string]struct {
		body ErrorBody
		want string
	}{
		"a problem document": {func(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusOK) // the status is not its to choose
			w.WriteHeader(http.StatusOK)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": refusal.Status,
				"detail": refusal.Description, "instance": r.URL.Path})
		}, `{"detail":"Send an access token in the Authorization header.","instance":"/x","status":401}` + "\n"},
		"nothing at all": {func(http.ResponseWriter, *http.Request, *Refusal) {}, ""},
	} {
		h := guarded(t, answering(nil), Options{Scopes: []string{scope}, ErrorBody: r.body}, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
		if w.Code != http.StatusUnauthorized || w.Body.String() != r.want ||
			w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
}

func TestTheLogSaysWhyAndNotWho(t *testing.T) {
	o := newOffice(t)
	var log bytes.Buffer
	h := guarded(t, o.verifier(t),
		Options{Scopes: []string{scope}, Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
	token := o.token(t, map[string]any{"iat": time.Now().Add(5 * time.Minute).Unix(),
		"sub": "auth0|jdoe"})
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	h.ServeHTTP(httptest.NewRecorder(), req)
	if s := log.String(); !strings.Contains(s, "check the clocks") || strings.Contains(s, "jdoe") ||
		strings.Contains(s, token) {
		t.Errorf("log %s", s)
	}
}

func BenchmarkRequire(b *testing.B) {
	o := newOffice(b)
	remembered, err := jwks.NewRemembered(o.verifier(b))
	if err != nil {
		b.Fatal(err)
	}
	h := guarded(b, remembered, Options{Scopes: []string{scope}},
		func(http.ResponseWriter, *http.Request) {})
	for name, header := range map[string]string{"remembered": "Bearer " + o.token(b, nil),
		"noise": "Bearer not.a.token", "no token": ""} {
		b.Run(name, func(b *testing.B) {
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			if header != "" {
				req.Header.Set("Authorization", header)
			}
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				w.Body.Reset()
				h.ServeHTTP(w, req)
			}
		})
	}
}
