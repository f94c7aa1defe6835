package hrapi

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jwks"
)

// verifier takes tokens by their names.
type verifier map[string]*jwks.Claims

func (v verifier) Verify(_ context.Context, token string) (*jwks.Claims, error) {
	switch token {
	case "expired":
		return nil, jwks.ErrExpired
	case "outage":
		return nil, jwks.ErrUnavailable
	}
	if c, ok := v[token]; ok {
		return c, nil
	}
	return nil, jwks.ErrInvalid
}

func person(subject string, scope ...string) *jwks.Claims {
	return &jwks.Claims{Subject: subject, ClientID: "hr-agent", Scope: scope}
}

// staffOf is a Records of one moment; a subject that is not in it must not even
// be looked for, unless it is in none.
type staffOf struct {
	t    *testing.T
	have map[string]*Employee
	none []string
	err  error
}

func (p staffOf) Employee(_ context.Context, subject, _ string) (*Employee, error) {
	if p.err != nil {
		return nil, p.err
	}
	if e, ok := p.have[subject]; ok {
		return e, nil
	}
	if !slices.Contains(p.none, subject) {
		p.t.Errorf("%q was looked up", subject)
	}
	return nil, ErrNotFound
}

func (p staffOf) Ping(context.Context) error { return p.err }

var john = &Employee{"E1001", "John <Doe>", "jdoe@staff0.com", StatusActive, true,
	time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}

const johnJSON = `{"employee_id":"E1001","name":"John <Doe>","email":"jdoe@staff0.com","status":"active","active":true,"as_of":"2026-03-01T08:00:00Z"}` + "\n"

func newHandler(t *testing.T, cfg Config) http.Handler {
	t.Helper()
	h, err := NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, method, target, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func checkProblem(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q, want application/problem+json", got)
	}
	var p problem
	dec := json.NewDecoder(w.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil || p.Status != w.Code || p.Type == "" || p.Title == "" ||
		p.Detail == "" {
		t.Errorf("problem %+v (%v) under status %d", p, err, w.Code)
	}
	return p
}

func TestEmployeeRoute(t *testing.T) {
	odd := "auth0|加/藤 ?#%2F;é.."
	tokens := verifier{
		"john":    person("auth0|jdoe", "openid", "read:employee"),
		"alice":   person("auth0|asmith", "read:employee"),
		"odd":     person(odd, "read:employee"),
		"dots":    person("..", "read:employee"),
		"noscope": person("auth0|jdoe", "read:employees", "read"),
		"machine": {Subject: "auth0|jdoe", ClientID: "auth0|jdoe", Machine: true,
			Scope: []string{"read:employee"}},
		"nobody":   person("", "read:employee"),
		"nilclaim": nil,
	}
	records := staffOf{t: t, have: map[string]*Employee{"auth0|jdoe": john, odd: john, "..": john},
		none: []string{"auth0|asmith"}}
	h := newHandler(t, Config{Records: records, Verifier: tokens})
	const insufficient = `Bearer realm="Staff0 HR API", error="insufficient_scope", scope="read:employee"`
	for _, tc := range []struct {
		name, path, token string
		status            int
		challenge         string
	}{
		{"one's own record", "/employees/auth0%7Cjdoe", "john", 200, ""},
		{"one's own record, escaped in another way", "/employees/auth0%7cj%64oe", "john", 200, ""},
		{"a subject with a slash, letters and everything", "/employees/" + escapeSegment(odd),
			"odd", 200, ""},
		{"a subject of dots", "/employees/" + escapeSegment(".."), "dots", 200, ""},
		{"no record of one's own", "/employees/auth0%7Casmith", "alice", 404, ""},
		{"somebody else who has a record", "/employees/auth0%7Cjdoe", "alice", 403, insufficient},
		{"somebody else who has none", "/employees/auth0%7Cnobody", "alice", 403, insufficient},
		{"oneself in capitals", "/employees/auth0%7CJDOE", "john", 403, insufficient},
		{"oneself with a space", "/employees/auth0%7Cjdoe%20", "john", 403, insufficient},
		{"oneself escaped twice", "/employees/auth0%257Cjdoe", "john", 403, insufficient},
		{"one's employee number", "/employees/E1001", "john", 403, insufficient},
		{"bytes that are no text", "/employees/%ff%00", "john", 403, insufficient},
		{"a token without a subject", "/employees/x", "nobody", 403, insufficient},
		{"a machine, whatever its client id", "/employees/auth0%7Cjdoe", "machine", 403,
			insufficient},
		{"a scope that only begins like ours", "/employees/auth0%7Cjdoe", "noscope", 403,
			insufficient},
		{"no token", "/employees/auth0%7Cjdoe", "", 401,
			`Bearer realm="Staff0 HR API", scope="read:employee"`},
		{"an expired token", "/employees/auth0%7Cjdoe", "expired", 401,
			`Bearer realm="Staff0 HR API", error="invalid_token", scope="read:employee"`},
		{"a token of somewhere else", "/employees/auth0%7Cjdoe", "rubbish", 401,
			`Bearer realm="Staff0 HR API", error="invalid_token", scope="read:employee"`},
		{"a token that cannot be checked now", "/employees/auth0%7Cjdoe", "outage", 503, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := get(h, "GET", tc.path, tc.token)
			if w.Code != tc.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tc.status, w.Body)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q, want no-store", got)
			}
			if got := w.Header().Get("WWW-Authenticate"); got != tc.challenge {
				t.Errorf("WWW-Authenticate\n%s\nwant\n%s", got, tc.challenge)
			}
			if tc.status == 503 && w.Header().Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			if tc.status != 200 {
				want := "about:blank"
				if tc.status == 404 {
					want = typeNoRecord
				}
				if p := checkProblem(t, w); p.Type != want || strings.Contains(p.Detail, "jdoe") {
					t.Errorf("problem %+v, want type %s", p, want)
				}
			} else if w.Body.String() != johnJSON ||
				w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s %s, want %s", w.Header().Get("Content-Type"), w.Body, johnJSON)
			}
		})
	}
}

// Existence must not show: the whole answer is the same.
func TestSomebodyElseLooksTheSameKnownOrNot(t *testing.T) {
	h := newHandler(t, Config{Records: staffOf{t: t},
		Verifier: verifier{"alice": person("auth0|asmith", "read:employee"),
			"machine": {Subject: "m", Machine: true, Scope: []string{"read:employee"}}}})
	known, unknown, machine := get(h, "GET", "/employees/auth0%7Cjdoe", "alice"),
		get(h, "GET", "/employees/x", "alice"), get(h, "GET", "/employees/x", "machine")
	for _, other := range []*httptest.ResponseRecorder{unknown, machine} {
		if known.Code != other.Code || known.Body.String() != other.Body.String() ||
			!maps.EqualFunc(known.Header(), other.Header(), slices.Equal[[]string]) {
			t.Errorf("%d %v %s\nand\n%d %v %s", known.Code, known.Header(), known.Body, other.Code,
				other.Header(), other.Body)
		}
	}
}

func TestOtherRoutes(t *testing.T) {
	h := newHandler(t, Config{Records: staffOf{t: t}, Verifier: verifier{}})
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/livez", 200}, {"GET", "/readyz", 200}, {"GET", "/openapi.json", 200},
		{"HEAD", "/livez", 200},
		{"GET", "/", 404}, {"GET", "/employees", 404}, {"GET", "/employees/", 404},
		{"GET", "/employees/a/b", 404}, {"GET", "/employees/a/", 404},
		{"GET", "//employees/a", 404}, {"GET", "/livez/", 404}, {"GET", "/LIVEZ", 404},
		{"GET", "/x/../livez", 404}, {"GET", "/employees/{id}/", 404}, {"POST", "/nowhere", 404},
		{"POST", "/employees/a", 405}, {"DELETE", "/employees/a", 405}, {"OPTIONS", "/employees/a",
			405}, {"PUT", "/readyz", 405}, {"POST", "/openapi.json", 405}, {"TRACE", "/livez", 405},
		{"HEAD", "/employees/a", 401}, {"GET", "/employees/%7Bid%7D", 401},
	} {
		w := get(h, tc.method, tc.path, "")
		if w.Code != tc.status {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, w.Code, tc.status)
		}
		if w.Code >= 400 {
			checkProblem(t, w)
		} else if !json.Valid(w.Body.Bytes()) ||
			w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %s", tc.method, tc.path, w.Body)
		}
		if got := w.Header().Get("Allow"); (got == "GET, HEAD") != (w.Code == 405) {
			t.Errorf("%s %s: Allow %q under %d", tc.method, tc.path, got, w.Code)
		}
	}
}

func TestTroubleWithTheRecords(t *testing.T) {
	var log strings.Builder
	h := newHandler(t, Config{
		Records:  staffOf{t: t, err: ErrLocked},
		Verifier: verifier{"john": person("auth0|jdoe", "read:employee")},
		Log:      slog.New(slog.NewTextHandler(&log, nil)),
	})
	for _, path := range []string{"/employees/auth0%7Cjdoe", "/readyz"} {
		w := get(h, "GET", path, "john")
		if w.Code != 503 || w.Header().Get("Retry-After") != "1" ||
			w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if p := checkProblem(t, w); strings.Contains(p.Detail, "locked") {
			t.Errorf("the cause was sent: %s", p.Detail)
		}
	}
	get(h, "GET", "/employees/x", "john")
	if !strings.Contains(log.String(), "locked") || strings.Contains(log.String(), "jdoe") {
		t.Errorf("the log should hold the cause and no subject:\n%s", log.String())
	}
	if w := get(h, "GET", "/livez", ""); w.Code != 200 {
		t.Errorf("/livez depends on the database: %d", w.Code)
	}

	log.Reset()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(gone, "GET", "/employees/auth0%7Cjdoe", nil)
	r.Header.Set("Authorization", "Bearer john")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if log.Len() > 0 {
		t.Errorf("a client that left is no trouble:\n%s", log.String())
	}
}

func TestReady(t *testing.T) {
	var notYet error = errors.New("no keys of https://idp.example/")
	h := newHandler(t, Config{Records: staffOf{t: t}, Verifier: verifier{},
		Ready: func(context.Context) error {
			return notYet
		}})
	w := get(h, "GET", "/readyz", "")
	if p := checkProblem(t, w); w.Code != 503 || strings.Contains(p.Detail, "idp.example") {
		t.Errorf("%d %+v, want 503 without the cause", w.Code, p)
	}
	notYet = nil
	if w := get(h, "GET", "/readyz", ""); w.Code != 200 ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("ready: %d %v", w.Code, w.Header())
	}
}

func TestNewHandlerCannotBeOpen(t *testing.T) {
	if _, err := NewHandler(Config{Records: staffOf{t: t}}); err == nil {
		t.Error("a handler without a verifier")
	}
	if _, err := NewHandler(Config{Verifier: verifier{}}); err == nil {
		t.Error("a handler without records")
	}
}

// The whole way: real tokens, the real verifier, a real file, the real client.
func TestRealTokens(t *testing.T) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	stranger := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	keys := must(jwks.NewStatic(map[string]crypto.PublicKey{"k": key.Public()}))
	d := newFile(t)
	must(d.Seed(t.Context()))
	h := newHandler(t,
		Config{Records: d, Verifier: &jwks.AccessTokens{Keys: keys, Issuer: "https://idp.example/",
			Audience: "https://staff0/api"}})
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := &Client{BaseURL: srv.URL, HTTPClient: srv.Client()}

	now := time.Now()
	for _, tc := range []struct {
		name   string
		change jwt.MapClaims
		signer *ecdsa.PrivateKey
		read   string
		want   error
	}{
		{"John reads John", nil, key, "auth0|jdoe", nil},
		{"Alice's consent does not read John", jwt.MapClaims{"sub": "auth0|asmith"}, key,
			"auth0|jdoe", ErrForbidden},
		{"the contractor has no record", jwt.MapClaims{"sub": "auth0|contractor"}, key,
			"auth0|contractor", ErrNotFound},
		{"the agent's own token", jwt.MapClaims{"sub": "hr-agent"}, key, "hr-agent", ErrForbidden},
		{"another scope", jwt.MapClaims{"scope": "openid read:employees"}, key, "auth0|jdoe",
			ErrForbidden},
		{"no scope", jwt.MapClaims{"scope": nil}, key, "auth0|jdoe", ErrForbidden},
		{"a token for the agent", jwt.MapClaims{"aud": "https://staff0/agent"}, key, "auth0|jdoe",
			ErrUnauthorized},
		{"another issuer", jwt.MapClaims{"iss": "https://idp.example"}, key, "auth0|jdoe",
			ErrUnauthorized},
		{"an expired token", jwt.MapClaims{"iat": now.Add(-2 * time.Hour).Unix(),
			"exp": now.Add(-time.Hour).Unix()}, key, "auth0|jdoe", ErrUnauthorized},
		{"a token that anybody signed", nil, stranger, "auth0|jdoe", ErrUnauthorized},
	} {
		t.Run(tc.name, func(t *testing.T) {
			claims := jwt.MapClaims{"iss": "https://idp.example/", "aud": "https://staff0/api",
				"sub": "auth0|jdoe", "client_id": "hr-agent",
				"scope": "read:employee", "jti": "1", "iat": now.Unix(),
				"exp": now.Add(time.Minute).Unix()}
			maps.Copy(claims, tc.change)
			maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
			token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
			token.Header["typ"], token.Header["kid"] = "at+jwt", "k"
			got, err := client.Employee(t.Context(),
				bearerToken(must(token.SignedString(tc.signer))), tc.read, "")
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("Employee: %+v, %v, want %v", got, err, tc.want)
			}
			if err == nil && (got.EmployeeID != "E1001" || !got.Active || got.Name != "John Doe" ||
				got.Email != "jdoe@staff0.com" || now.Sub(got.AsOf) > time.Minute) {
				t.Errorf("Employee: %+v", got)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
