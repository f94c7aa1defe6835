package idp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"staff0/ciba/jwks"
)

// claims reads the middle of a JWT without proving it.
func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	return segment(t, token, 1)
}

func segment(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// verifier proves access tokens against the keys of the provider.
func verifier(p *Provider, audience string) *jwks.AccessTokens {
	return &jwks.AccessTokens{Keys: p.keys, Issuer: testIssuer, Audience: audience}
}

func names(m map[string]any) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func TestClientCredentialsTokenIsTheProfileOfRFC9068(t *testing.T) {
	p := newTest(t, nil)
	a := post(p, pathToken, bankForm())
	if a.status != http.StatusOK || a.str("token_type") != "Bearer" ||
		a.body["expires_in"] != 600.0 || a.str("scope") != AgentScope {
		t.Fatalf("answer: %d %s", a.status, a.text)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
	token := a.str("access_token")
	if typ := segment(t, token, 0)["typ"]; typ != "at+jwt" {
		t.Errorf("typ: %v", typ)
	}
	got := claims(t, token)
	if want := []string{"aud", "client_id", "exp", "iat", "iss", "jti", "scope",
		"sub"}; !slices.Equal(names(got), want) {
		t.Errorf("claims: %v, want %v", names(got), want)
	}
	if got["sub"] != "bank@clients" || got["client_id"] != "bank" || got["aud"] != AgentAudience ||
		got["iss"] != testIssuer {
		t.Errorf("claims: %v", got)
	}
	if got["exp"].(float64)-got["iat"].(float64) != 600 {
		t.Errorf("the token does not live ten minutes: %v", got)
	}
	verified, err := verifier(p, AgentAudience).Verify(t.Context(), token)
	if err != nil || !verified.Machine {
		t.Errorf("our own verifier: %+v, %v", verified, err)
	}
	if again := claims(t,
		post(p, pathToken, bankForm()).str("access_token")); again["jti"] == got["jti"] {
		t.Error("two tokens have the same jti")
	}
}

func TestTokensOfEveryAlgorithmVerify(t *testing.T) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			p := newTest(t, func(c *Config) { c.Alg = alg })
			token := post(p, pathToken, bankForm()).str("access_token")
			if got := segment(t, token, 0)["alg"]; got != alg {
				t.Errorf("alg: %v", got)
			}
			if _, err := verifier(p, AgentAudience).Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRS256IsTheDefault(t *testing.T) {
	p, err := New(Config{Issuer: testIssuer})
	if err != nil {
		t.Fatal(err)
	}
	if got := segment(t, post(p, pathToken, bankForm()).str("access_token"),
		0)["alg"]; got != "RS256" {
		t.Errorf("alg: %v", got)
	}
}

func TestTokenRequests(t *testing.T) {
	management := testIssuer + "api/v2/"
	tests := []struct {
		what   string
		change []string
		status int
		code   string
	}{
		{"the bank's own audience and scope", nil, 200, ""},
		{"no scope means all that is allowed", []string{"scope", ""}, 200, ""},
		{"resource instead of audience, RFC 8707",
			[]string{"audience", "", "resource", AgentAudience}, 200, ""},
		{"audience and resource that agree", []string{"resource", AgentAudience}, 200, ""},
		{"audience and resource that differ", []string{"resource", APIAudience}, 400,
			"invalid_target"},
		{"no audience", []string{"audience", ""}, 400, "invalid_request"},
		{"an unknown audience", []string{"audience", "https://staff0/nothing"}, 400,
			"invalid_target"},
		{"an audience with one slash too many", []string{"audience", AgentAudience + "/"}, 400,
			"invalid_target"},
		{"somebody else's audience", []string{"audience", APIAudience}, 400, "invalid_target"},
		{"the Management API for the bank", []string{"audience", management}, 400,
			"invalid_target"},
		{"a scope beyond what is allowed", []string{"scope", AgentScope + " admin"}, 400,
			"invalid_scope"},
		{"openid for a machine", []string{"scope", "openid"}, 400, "invalid_scope"},
		{"the person's scope for a machine", []string{"scope", APIScope}, 400, "invalid_scope"},
		{"a wrong secret", []string{"client_secret", "wrong"}, 401, "invalid_client"},
		{"the secret and more", []string{"client_secret", "bank-secret "}, 401, "invalid_client"},
		{"an unknown client", []string{"client_id", "ghost"}, 401, "invalid_client"},
		{"no secret", []string{"client_secret", ""}, 401, "invalid_client"},
		{"no client", []string{"client_id", "", "client_secret", ""}, 401, "invalid_client"},
		{"a client assertion", []string{"client_secret", "", "client_assertion_type",
			"urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "e.y.J"},
			401, "invalid_client"},
		{"no grant type", []string{"grant_type", ""}, 400, "invalid_request"},
		{"the password grant", []string{"grant_type", "password"}, 400, "unsupported_grant_type"},
		{"CIBA for a client without it", []string{"grant_type", grantCIBA, "auth_req_id", "x"}, 400,
			"unauthorized_client"},
		{"the agent at the Management API", []string{"client_id", "hr-agent", "client_secret",
			"hr-agent-secret", "audience", management, "scope", ManagementScope}, 200, ""},
		{"the agent at the HR API without a person",
			[]string{"client_id", "hr-agent", "client_secret", "hr-agent-secret", "audience",
				APIAudience, "scope", APIScope}, 400, "invalid_target"},
	}
	p := newTest(t, nil)
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			a := post(p, pathToken, bankForm(), tt.change...)
			if a.status != tt.status || a.str("error") != tt.code {
				t.Fatalf("got %d %s, want %d %s", a.status, a.text, tt.status, tt.code)
			}
			if a.header.Get("Content-Type") != "application/json" ||
				a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers: %v", a.header)
			}
			if tt.code != "" && a.str("error_description") == "" {
				t.Error("the error does not say what to do")
			}
		})
	}
	if a := post(p, pathToken, bankForm(), "scope", ""); a.str("scope") != AgentScope {
		t.Errorf("without a scope: %s", a.text)
	}
}

func TestOnlyCIBAClientsAreUnauthorizedForClientCredentials(t *testing.T) {
	p := newTest(t, func(c *Config) {
		c.Clients = []Client{{ID: "asks-only", Secret: "s",
			CIBA: []Access{{Audience: APIAudience}}}}
	})
	if a := post(p, pathToken, bankForm(), "client_id", "asks-only", "client_secret",
		"s"); a.str("error") != "unauthorized_client" {
		t.Error(a.text)
	}
}

func TestClientAuthenticationByBasic(t *testing.T) {
	const odd = "p%40:s+/=& w;~é"
	p := newTest(t, func(c *Config) {
		c.Clients = append(DefaultClients(), Client{
			ID: "odd:client", Secret: odd,
			ClientCredentials: []Access{{Audience: AgentAudience, Scopes: []string{AgentScope}}},
		})
	})
	basic := func(s string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(s))
	}
	encoded := basic(url.QueryEscape("odd:client") + ":" + url.QueryEscape(odd))
	tests := []struct {
		what   string
		header []string
		form   []string
		status int
		code   string
	}{
		{"plain id and secret", []string{basic("bank:bank-secret")}, nil, 200, ""},
		{"the scheme in another case",
			[]string{"bAsIc " + strings.TrimPrefix(basic("bank:bank-secret"), "Basic ")}, nil,
			200, ""},
		{"form-encoded first, RFC 6749 §2.3.1", []string{encoded}, nil, 200, ""},
		{"not form-encoded", []string{basic("odd:client:" + odd)}, nil, 401, "invalid_client"},
		{"a malformed escape in the secret", []string{basic("bank:%zz")}, nil, 401,
			"invalid_client"},
		{"a malformed escape in the id", []string{basic("%zz:bank-secret")}, nil, 401,
			"invalid_client"},
		{"no colon", []string{basic("bank")}, nil, 401, "invalid_client"},
		{"no id", []string{basic(":bank-secret")}, nil, 401, "invalid_client"},
		{"no base64", []string{"Basic ***"}, nil, 401, "invalid_client"},
		{"a wrong secret", []string{basic("bank:wrong")}, nil, 401, "invalid_client"},
		{"an unknown client without a secret", []string{basic("ghost:")}, nil, 401,
			"invalid_client"},
		{"another scheme", []string{"Bearer bank"}, nil, 401, "invalid_client"},
		{"the same client_id in the form too", []string{basic("bank:bank-secret")},
			[]string{"client_id", "bank"}, 200, ""},
		{"another client_id in the form", []string{basic("bank:bank-secret")},
			[]string{"client_id", "hr-agent"}, 400, "invalid_request"},
		{"a secret in the form too", []string{basic("bank:bank-secret")},
			[]string{"client_id", "bank", "client_secret", "bank-secret"}, 400, "invalid_request"},
		{"two headers", []string{basic("bank:bank-secret"), basic("bank:bank-secret")}, nil, 400,
			"invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			form := bankForm()
			form.Del("client_id")
			form.Del("client_secret")
			for i := 0; i < len(tt.form); i += 2 {
				form.Set(tt.form[i], tt.form[i+1])
			}
			header := []string{"Content-Type", "application/x-www-form-urlencoded"}
			for _, h := range tt.header {
				header = append(header, "Authorization", h)
			}
			a := send(p, "POST", pathToken, form.Encode(), header...)
			if a.status != tt.status || a.str("error") != tt.code {
				t.Fatalf("got %d %s, want %d %s", a.status, a.text, tt.status, tt.code)
			}
			if challenge := a.header.Get("WWW-Authenticate"); (tt.status == 401) != strings.HasPrefix(challenge, "Basic realm=") {
				t.Errorf("challenge with status %d: %q", a.status, challenge)
			}
		})
	}
	if a := post(p, pathToken, bankForm(), "client_secret", "wrong"); a.header.Get(
		"WWW-Authenticate") != "" {
		t.Error("a client that sent no header is challenged for one")
	}
}

func TestBodiesOfTokenRequests(t *testing.T) {
	const form, jsonType = "application/x-www-form-urlencoded", "application/json"
	good := bankForm().Encode()
	goodJSON := `{"grant_type":"client_credentials","client_id":"bank","client_secret":"bank-secret","audience":"https://staff0/agent"}`
	tests := []struct {
		what, contentType, body string
		status                  int
		code                    string
	}{
		{"a form", form, good, 200, ""},
		{"a form with a charset", form + "; charset=utf-8", good, 200, ""},
		{"JSON, as Auth0 takes it", jsonType, goodJSON, 200, ""},
		{"JSON with an empty parameter, which counts as omitted", jsonType,
			strings.Replace(goodJSON, "{", `{"scope":"",`, 1), 200, ""},
		{"JSON with a name twice", jsonType, strings.Replace(goodJSON, "{", `{"client_id":"ghost",`,
			1), 400, "invalid_request"},
		{"JSON with an empty name twice", jsonType,
			strings.Replace(goodJSON, "{", `{"x":"","x":"",`, 1), 400, "invalid_request"},
		{"JSON with a number", jsonType, strings.Replace(goodJSON, "{", `{"x":1,`, 1), 400,
			"invalid_request"},
		{"JSON with an object", jsonType, strings.Replace(goodJSON, "{",
			`{"x":{"client_id":"bank"},`, 1), 400, "invalid_request"},
		{"JSON with more behind it", jsonType, goodJSON + "{}", 400, "invalid_request"},
		{"JSON cut short", jsonType, goodJSON[:len(goodJSON)-1], 400, "invalid_request"},
		{"JSON cut after a name", jsonType, `{"grant_type":`, 400, "invalid_request"},
		{"JSON with a broken name", jsonType, `{"grant_type`, 400, "invalid_request"},
		{"a JSON array", jsonType, `[` + goodJSON + `]`, 400, "invalid_request"},
		{"no content type", "", good, 400, "invalid_request"},
		{"another content type", "text/plain", good, 400, "invalid_request"},
		{"a parameter twice", form, good + "&client_id=bank", 400, "invalid_request"},
		{"two resources", form, good + "&resource=https://staff0/agent&resource=https://staff0/api",
			400, "invalid_target"},
		{"a malformed escape", form, good + "&x=%zz", 400, "invalid_request"},
		{"bytes that are no UTF-8", form, good + "&x=\xff", 400, "invalid_request"},
		{"escaped bytes that are no UTF-8", form, good + "&x=%ff", 400, "invalid_request"},
		{"a body of 64 KiB", form, good + "&x=" + strings.Repeat("x", maxBody-len(good)-3),
			200, ""},
		{"a body of more than 64 KiB", form, good + "&x=" +
			strings.Repeat("x", maxBody-len(good)-2), 413, "invalid_request"},
	}
	p := newTest(t, nil)
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			a := send(p, "POST", pathToken, tt.body, "Content-Type", tt.contentType)
			if a.status != tt.status || a.str("error") != tt.code {
				t.Errorf("got %d %s, want %d %s", a.status, a.text, tt.status, tt.code)
			}
		})
	}
	if a := send(p, "POST", pathToken+"?"+good, "", "Content-Type", form); a.status != 401 {
		t.Errorf("credentials in the query are taken: %d", a.status)
	}
	if a := send(p, "POST", pathBackchannel, "{}", "Content-Type",
		jsonType); a.str("error") != "invalid_request" {
		t.Errorf("the backchannel takes JSON: %s", a.text)
	}
	if a := send(p, "GET", pathToken, ""); a.status != 405 || a.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", a.status, a.header)
	}
}

func TestFailuresOfOursStayOurs(t *testing.T) {
	p := newTest(t, nil)
	if err := p.Rotate(); err != nil { // waits for the key
		t.Fatal(err)
	}
	p.keys.mu.Lock()
	p.keys.keys, p.keys.err = nil, errors.New("secret detail")
	p.keys.mu.Unlock()
	for _, a := range []answer{post(p, pathToken, bankForm()), send(p, "GET", pathJWKS, "")} {
		if a.status != 500 || a.str("error") != "server_error" ||
			strings.Contains(a.text, "secret detail") {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if a := send(p, "GET", "/readyz", ""); a.status != 503 {
		t.Errorf("ready without a key: %d", a.status)
	}
	if err := p.Rotate(); err != nil {
		t.Fatal(err)
	}
	if a := post(p, pathToken, bankForm()); a.status != 200 {
		t.Errorf("after a rotation: %d %s", a.status, a.text)
	}
}

func TestTokenLifetimeIsConfigurable(t *testing.T) {
	p := newTest(t, func(c *Config) { c.TokenLifetime = 3 * time.Second })
	a := post(p, pathToken, bankForm())
	got := claims(t, a.str("access_token"))
	if a.body["expires_in"] != 3.0 || got["exp"].(float64)-got["iat"].(float64) != 3 {
		t.Errorf("%s %v", a.text, got)
	}
}
