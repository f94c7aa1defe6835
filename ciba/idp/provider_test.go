package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// inProcess lets an HTTP client reach a handler without a socket.
type inProcess struct{ h http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	return record(t.h, r), nil
}

func TestOurOwnClientDiscoversTheProvider(t *testing.T) {
	p := newTest(t, nil)
	meta, err := oauth.Discover(t.Context(), &http.Client{Transport: inProcess{p}}, testIssuer)
	if err != nil {
		t.Fatal(err)
	}
	if !meta.Development || meta.TokenEndpoint != testIssuer+"oauth/token" ||
		meta.BackchannelAuthenticationEndpoint != testIssuer+"bc-authorize" ||
		meta.JWKSURI != testIssuer+".well-known/jwks.json" {
		t.Errorf("metadata: %+v", meta)
	}
	if p.Issuer() != testIssuer {
		t.Errorf("issuer: %q", p.Issuer())
	}
}

func TestMetadata(t *testing.T) {
	a := send(newTest(t, nil), "GET", pathDiscovery, "")
	for name, want := range map[string]string{
		"issuer":             `"` + testIssuer + `"`,
		"staff0_development": `true`,
		"backchannel_token_delivery_modes_supported": `["poll"]`,
		"backchannel_user_code_parameter_supported":  `false`,
		"grant_types_supported":                      `["client_credentials","urn:openid:params:grant-type:ciba"]`,
		"token_endpoint_auth_methods_supported":      `["client_secret_basic","client_secret_post"]`,
		"id_token_signing_alg_values_supported":      `["ES256"]`,
		"response_types_supported":                   `[]`,
		// absent: no signed requests
		"backchannel_authentication_request_signing_alg_values_supported": `null`,
	} {
		if got, _ := json.Marshal(a.body[name]); string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if !strings.Contains(a.text, `"grease_`) {
		t.Error("there is no unknown member in the metadata")
	}
}

func TestJWKSetHoldsPublicKeysAndGrease(t *testing.T) {
	for alg, want := range map[string]string{"RS256": "RSA", "PS256": "RSA", "ES256": "EC",
		"EdDSA": "OKP"} {
		a := send(newTest(t, func(c *Config) { c.Alg = alg }), "GET", pathJWKS, "")
		keys := a.body["keys"].([]any)
		if len(keys) != 2 {
			t.Fatalf("%s: %s", alg, a.text)
		}
		key := keys[0].(map[string]any)
		if key["kty"] != want || key["alg"] != alg || key["use"] != "sig" || key["kid"] == "" {
			t.Errorf("%s: %v", alg, key)
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if key[private] != nil {
				t.Errorf("%s: the member %s of a private key is published", alg, private)
			}
		}
		if keys[1].(map[string]any)["kty"] != "GREASE" {
			t.Errorf("%s: no unknown key type in the set", alg)
		}
	}
}

// What is published is what signs: the way of every other party to the keys.
func TestPublishedKeysVerifyTokensOfEveryAlgorithm(t *testing.T) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		p := newTest(t, func(c *Config) { c.Alg = alg })
		remote, err := jwks.NewRemote(jwks.RemoteConfig{URL: testIssuer + ".well-known/jwks.json",
			HTTPClient: &http.Client{Transport: inProcess{p}}})
		if err != nil {
			t.Fatal(err)
		}
		tokens := &jwks.AccessTokens{Keys: remote, Issuer: testIssuer, Audience: AgentAudience}
		if _, err := tokens.Verify(t.Context(),
			post(p, pathToken, bankForm()).str("access_token")); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestRotation(t *testing.T) {
	p := newTest(t, nil)
	kids := func() (out []string) {
		for _, k := range send(p, "GET", pathJWKS, "").body["keys"].([]any) {
			out = append(out, k.(map[string]any)["kid"].(string))
		}
		return out
	}
	old := post(p, pathToken, bankForm()).str("access_token")
	first := kids()[0]
	if err := p.Rotate(); err != nil {
		t.Fatal(err)
	}
	after := kids()
	if len(after) != 3 || after[0] == first || after[1] != first {
		t.Errorf("after one rotation: %v, first was %s", after, first)
	}
	if kid := segment(t, post(p, pathToken, bankForm()).str("access_token"),
		0)["kid"]; kid != after[0] {
		t.Errorf("signed with %v, want the fresh key", kid)
	}
	if _, err := verifier(p, AgentAudience).Verify(t.Context(), old); err != nil {
		t.Errorf("the old token does not live on: %v", err)
	}
	if err := p.Rotate(); err != nil {
		t.Fatal(err)
	}
	if now := kids(); len(now) != 3 || now[1] != after[0] {
		t.Errorf("after two rotations: %v", now)
	}
	if _, err := verifier(p, AgentAudience).Verify(t.Context(), old); err == nil {
		t.Error("a token of a key that is gone still verifies")
	}
}

func at(kid, alg string) *jwt.Token {
	return &jwt.Token{Header: map[string]any{"kid": kid, "alg": alg}}
}

func TestAKeyServesItsOwnAlgorithmOnly(t *testing.T) {
	p := newTest(t, nil)
	kid := segment(t, post(p, pathToken, bankForm()).str("access_token"), 0)["kid"].(string)
	if _, err := p.keys.Key(t.Context(), at(kid, "ES256")); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][2]string{{kid, "EdDSA"}, {kid, "none"}, {"", "ES256"},
		{"grease", "ES256"}} {
		if key, err := p.keys.Key(t.Context(), at(wrong[0], wrong[1])); !errors.Is(err,
			jwks.ErrUnknownKey) || key != nil {
			t.Errorf("%v: %v %v", wrong, key, err)
		}
	}
	p.keys.ready = make(chan struct{}) // as long as the key is being made
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.keys.Key(ctx, at(kid, "ES256")); !errors.Is(err, jwks.ErrUnavailable) {
		t.Errorf("a caller who gave up: %v", err)
	}
}

func TestConfigurationErrors(t *testing.T) {
	good := func() Config { return Config{Issuer: testIssuer, Alg: "ES256"} }
	for what, change := range map[string]func(*Config){
		"no issuer":                   func(c *Config) { c.Issuer = "" },
		"an issuer without its slash": func(c *Config) { c.Issuer = "http://localhost:10052" },
		"an issuer with a path": func(c *Config) {
			c.Issuer = "http://localhost:10052/realms/x/"
		},
		"an issuer with a query": func(c *Config) {
			c.Issuer = "http://localhost:10052/?"
		},
		"an issuer with a fragment": func(c *Config) {
			c.Issuer = "http://localhost:10052/#"
		},
		"an issuer with a user": func(c *Config) {
			c.Issuer = "http://u@localhost:10052/"
		},
		"an issuer without a host":       func(c *Config) { c.Issuer = "http:///" },
		"an issuer of another scheme":    func(c *Config) { c.Issuer = "ftp://localhost/" },
		"an issuer that is no URL":       func(c *Config) { c.Issuer = "http://local host/" },
		"an unknown algorithm":           func(c *Config) { c.Alg = "HS256" },
		"an unknown mode":                func(c *Config) { c.Approve = "maybe" },
		"a negative delay":               func(c *Config) { c.ApproveAfter = -1 },
		"an interval of half a second":   func(c *Config) { c.Interval = time.Second / 2 },
		"an interval of a second a half": func(c *Config) { c.Interval = 1500 * time.Millisecond },
		"an interval of a day":           func(c *Config) { c.Interval = 24 * time.Hour },
		"a negative lifetime":            func(c *Config) { c.TokenLifetime = -time.Second },
		"a lifetime of a week":           func(c *Config) { c.TokenLifetime = 168 * time.Hour },
		"a lifetime of a fraction": func(c *Config) {
			c.TokenLifetime = 1500 * time.Millisecond
		},
		"a negative bound":              func(c *Config) { c.MaxPending = -1 },
		"a negative bound for a person": func(c *Config) { c.MaxPendingPerPerson = -1 },
		"a client without a secret":     func(c *Config) { c.Clients = []Client{{ID: "x"}} },
		"a client without an id":        func(c *Config) { c.Clients = []Client{{Secret: "x"}} },
		"a client twice": func(c *Config) {
			c.Clients = []Client{{ID: "x", Secret: "x"}, {ID: "x", Secret: "y"}}
		},
		"an empty audience": func(c *Config) {
			c.Clients = []Client{{ID: "x", Secret: "x", CIBA: []Access{{}}}}
		},
		"a person without a subject": func(c *Config) { c.People = []Person{{Email: "x@y"}} },
		"a person twice": func(c *Config) {
			c.People = []Person{{Subject: "x"}, {Subject: "x"}}
		},
		"a person that looks like a bank": func(c *Config) {
			c.People = []Person{{Subject: "bank@clients"}}
		},
	} {
		c := good()
		change(&c)
		if p, err := New(c); err == nil || p != nil {
			t.Errorf("%s is taken", what)
		}
	}
	if _, err := New(good()); err != nil {
		t.Error(err)
	}
}

func TestTheCallersClientsAreNotChanged(t *testing.T) {
	clients := DefaultClients()
	newTest(t, func(c *Config) { c.Clients = clients })
	if got := clients[1].ClientCredentials[0].Audience; got != ManagementAudience {
		t.Errorf("the issuer was written into the caller's slice: %q", got)
	}
}

func TestLogSaysForDevelopmentAndNamesNobody(t *testing.T) {
	var log bytes.Buffer
	p := newTest(t, func(c *Config) {
		c.Log, c.InsecureAnyAddress = slog.New(slog.NewTextHandler(&log, nil)), true
	})
	id := ask(t, p)
	if err := p.Approve(p.Pending()[0].ID); err != nil {
		t.Fatal(err)
	}
	a := poll(p, id)
	post(p, pathToken, bankForm(), "client_secret", "wrong-guess")
	send(p, "GET", pathUsersByEmail+"?email=jdoe@staff0.com", "", "Authorization", "Bearer "+
		a.str("access_token"))
	text := log.String()
	if !strings.Contains(text, "for development") || strings.Count(text, "\n") < 5 {
		t.Errorf("log:\n%s", text)
	}
	for _, secret := range []string{"jdoe", "John", "bank-secret", "hr-agent-secret", "wrong-guess",
		id, a.str("access_token"), "9QXM"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q:\n%s", secret, text)
		}
	}
}

func TestHealth(t *testing.T) {
	p := newTest(t, nil)
	if _, err := p.keys.published(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if a := send(p, "GET", path, ""); a.status != 200 || a.text != "ok\n" {
			t.Errorf("%s: %d %q", path, a.status, a.text)
		}
	}
	p.keys.ready = make(chan struct{}) // as long as the key is being made
	if a := send(p, "GET", "/readyz", ""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("without a key: %d %v", a.status, a.header)
	}
	if a := send(p, "GET", "/livez", ""); a.status != 200 {
		t.Errorf("alive without a key: %d", a.status)
	}
}

func BenchmarkWholeApproval(b *testing.B) {
	p := newTest(b, func(c *Config) { c.Approve = Auto })
	b.ReportAllocs()
	for b.Loop() {
		if a := poll(p, ask(b, p)); a.status != http.StatusOK {
			b.Fatal(a.text)
		}
	}
}
