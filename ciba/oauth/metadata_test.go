package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func document(issuer string, patch map[string]any) string {
	base := strings.TrimSuffix(issuer, "/")
	doc := map[string]any{
		"issuer": issuer, "token_endpoint": base + "/token", "jwks_uri": base + "/jwks",
		"backchannel_authentication_endpoint":         base + "/bc-authorize",
		"token_endpoint_auth_methods_supported":       []string{"client_secret_post"},
		"grant_types_supported":                       []string{"client_credentials"},
		"backchannel_token_delivery_modes_supported":  []string{"poll"},
		"a_member_that_nobody_knows":                  map[string]any{"x": 1},
		"request_parameter_supported":                 false,
		"backchannel_user_code_parameter_supported":   nil,
		"token_endpoint_auth_signing_alg_values_etc_": 5,
	}
	maps.Copy(doc, patch)
	for k, v := range patch {
		if v == nil {
			delete(doc, k)
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestDiscover(t *testing.T) {
	for _, tt := range []struct{ issuer, asked, api string }{
		{"https://issuer.example/", "https://issuer.example/.well-known/openid-configuration",
			"https://issuer.example/api/v2/"},
		{"https://issuer.example", "https://issuer.example/.well-known/openid-configuration",
			"https://issuer.example/api/v2/"},
		{"https://sso.example:8443/realms/staff0",
			"https://sso.example:8443/realms/staff0/.well-known/openid-configuration",
			"https://sso.example:8443/realms/staff0/api/v2/"},
		{"http://localhost:10052/", "http://localhost:10052/.well-known/openid-configuration",
			"http://localhost:10052/api/v2/"},
	} {
		var asked string
		hc := clientOf(func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.String()
			if r.Header.Get("Authorization") != "" || r.Method != http.MethodGet {
				t.Errorf("%s %v", r.Method, r.Header)
			}
			jsonAnswer(document(tt.issuer, nil))(w, r)
		})
		m, err := Discover(context.Background(), hc, tt.issuer)
		if err != nil {
			t.Errorf("%s: %v", tt.issuer, err)
			continue
		}
		base := strings.TrimSuffix(tt.issuer, "/")
		if asked != tt.asked || m.ManagementAPI() != tt.api || m.Issuer != tt.issuer ||
			m.TokenEndpoint != base+"/token" ||
			m.JWKSURI != base+"/jwks" || m.BackchannelAuthenticationEndpoint != base+
			"/bc-authorize" ||
			m.AuthMethods[0] != "client_secret_post" || m.GrantTypes[0] != "client_credentials" ||
			m.DeliveryModes[0] != "poll" || m.Development {
			t.Errorf("asked %s, got %+v", asked, m)
		}
	}
}

func TestDiscoverTakesOneMachineForOneOrigin(t *testing.T) {
	issuer := "http://localhost:10052/"
	hc := clientOf(jsonAnswer(document(issuer, map[string]any{
		"token_endpoint": "http://127.0.0.1:10052/token", "jwks_uri": "http://[::1]:10052/jwks",
		"backchannel_authentication_endpoint": nil,
	})))
	if m, err := Discover(context.Background(), hc, issuer); err != nil ||
		m.BackchannelAuthenticationEndpoint != "" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestOnlyALoopbackIssuerIsForDevelopment(t *testing.T) {
	for issuer, want := range map[string]bool{"http://127.0.0.1:1/": true,
		"https://localhost/": true, "https://issuer.example/": false} {
		m, err := Discover(context.Background(),
			clientOf(jsonAnswer(document(issuer, map[string]any{"staff0_development": true}))),
			issuer)
		if err != nil || m.Development != want {
			t.Errorf("%s: %+v, %v", issuer, m, err)
		}
	}
}

// Rows 2 and 3 of the table of hostile metadata: whatever the document says, a
// credential stays at the configured origin.
func TestDiscoverRefusesAWrongProvider(t *testing.T) {
	const issuer = testIssuer
	doc := func(patch map[string]any) handler { return jsonAnswer(document(issuer, patch)) }
	for _, tt := range []struct {
		why string
		h   handler
	}{
		{"another issuer", doc(map[string]any{"issuer": "https://attacker.example/"})},
		{"the issuer without its slash", doc(map[string]any{"issuer": "https://issuer.example"})},
		{"the issuer in another case", doc(map[string]any{"issuer": "https://Issuer.example/"})},
		{"an issuer that would colour a terminal", doc(map[string]any{"issuer": "\x1b[31m"})},
		{"no issuer", doc(map[string]any{"issuer": nil})},
		{"an issuer that is no string", doc(map[string]any{"issuer": []string{issuer}})},
		{"no token endpoint", doc(map[string]any{"token_endpoint": nil})},
		{"no key set", doc(map[string]any{"jwks_uri": nil})},
		{"a token endpoint on another host",
			doc(map[string]any{"token_endpoint": "https://attacker.example/token"})},
		{"a token endpoint on a longer host",
			doc(map[string]any{"token_endpoint": "https://issuer.example.attacker.io/token"})},
		{"a token endpoint behind user information",
			doc(map[string]any{"token_endpoint": "https://issuer.example@attacker.io/token"})},
		{"a token endpoint with a trailing dot",
			doc(map[string]any{"token_endpoint": "https://issuer.example./token"})},
		{"a token endpoint on another port",
			doc(map[string]any{"token_endpoint": "https://issuer.example:8443/token"})},
		{"a token endpoint over http",
			doc(map[string]any{"token_endpoint": "http://issuer.example/token"})},
		{"a token endpoint inside the network",
			doc(map[string]any{"token_endpoint": "http://169.254.169.254/token"})},
		{"a token endpoint on this machine",
			doc(map[string]any{"token_endpoint": "http://localhost/token"})},
		{"a token endpoint that is relative", doc(map[string]any{"token_endpoint": "/token"})},
		{"a backchannel endpoint on another host",
			doc(map[string]any{"backchannel_authentication_endpoint": "https://attacker.example/bc"})},
		{"a key set on another host",
			doc(map[string]any{"jwks_uri": "https://attacker.example/jwks"})},
		{"HTML", answer(200, "<html>")},
		{"nothing", answer(200, "")},
		{"a list", answer(200, "[]")},
		{"a body beyond the bound", answer(200, strings.Repeat(" ", maxResponseBytes+1))},
		{"404", answer(404, "not found")},
		{"403", answer(403, "")},
		{"a redirect", answer(302, "", "Location", "https://attacker.example/")},
	} {
		t.Run(tt.why, func(t *testing.T) {
			calls := 0
			m, err := Discover(context.Background(),
				clientOf(func(w http.ResponseWriter, r *http.Request) {
					calls++
					tt.h(w, r)
				}), issuer)
			if m != nil || !errors.Is(err, ErrWrongProvider) || IsTemporary(err) || calls != 1 {
				t.Errorf("%d calls, got %v, %v", calls, m, err)
			}
			if err != nil && strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("the error holds a control character: %q", err)
			}
		})
	}
}

func TestDiscoverAsksNobodyForAnImpossibleIssuer(t *testing.T) {
	hc := clientOf(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for _, issuer := range []string{"", "issuer.example", "http://issuer.example/",
		"https://a:b@issuer.example/", "https://issuer.example/?x", "https://issuer.example/?",
		"https://issuer.example/#"} {
		if _, err := Discover(context.Background(), hc, issuer); !errors.Is(err,
			ErrWrongProvider) || IsTemporary(err) {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	if _, err := Discover(context.Background(), nil, testIssuer); err == nil {
		t.Error("no HTTP client, no error")
	}
}

func TestDiscoverTellsUnreachableFromWrong(t *testing.T) {
	refused := roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("connection refused")
	})
	for _, tt := range []struct {
		why string
		rt  http.RoundTripper
	}{
		{"connection refused", refused},
		{"503 while it starts", answer(503, "starting", "Retry-After", "1")},
		{"500", answer(500, "")},
		{"429", answer(429, "")},
		{"no answer in time", handler(func(_ http.ResponseWriter, r *http.Request) {
			wait(r, time.Hour)
		})},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := Discover(context.Background(), &http.Client{Transport: tt.rt}, testIssuer)
				if !IsTemporary(err) || errors.Is(err, ErrWrongProvider) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("stopping")
	cancel(cause)
	if _, err := Discover(ctx, &http.Client{Transport: refused}, testIssuer); !errors.Is(err,
		cause) || IsTemporary(err) || errors.Is(err, ErrWrongProvider) {
		t.Errorf("the caller gave up: %v", err)
	}
}
