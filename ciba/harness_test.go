package ciba

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

const (
	testIssuer = "https://issuer.example/"
	testClient = "hr-agent"
	testAPI    = "https://staff0/api"
	testScope  = "read:employee"
	testPerson = "auth0|jdoe"
	testEmail  = "jdoe@staff0.com"
	testID     = "1c266114-a1be-4252-8ad1-04986c5b9ac1"
)

var jdoe = Expectation{Subject: testPerson, Scope: testScope}

// inProcess calls a handler without a socket, which would not block durably in
// a synctest bubble.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := httptest.NewRecorder()
	var failed error
	func() {
		defer func() {
			if v := recover(); v != nil {
				failed = v.(error)
			}
		}()
		p.ServeHTTP(w, r)
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), failed
}

// provider plays a provider from a script: each request to the token endpoint
// takes the next answer, and the last one for ever.
type provider struct {
	bc    http.HandlerFunc
	polls []http.HandlerFunc

	mu    sync.Mutex
	forms []url.Values // of every request
	times []time.Time  // when each poll arrived
	begun time.Time
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.mu.Lock()
	p.forms = append(p.forms, r.PostForm)
	h := p.bc
	if r.URL.Path == "/token" {
		if len(p.polls) == 0 {
			p.mu.Unlock()
			panic(io.ErrUnexpectedEOF)
		}
		h = p.polls[min(len(p.times), len(p.polls)-1)]
		p.times = append(p.times, time.Now())
	}
	p.mu.Unlock()
	h(w, r)
}

// waits gives the time before each poll, the first counted from the start of
// the request.
func (p *provider) waits() []time.Duration {
	var list []time.Duration
	last := p.begun
	for _, t := range p.times {
		list = append(list, t.Sub(last))
		last = t
	}
	return list
}

func (p *provider) http() *http.Client {
	return &http.Client{Transport: inProcess{p}, Timeout: 10 * time.Second}
}

// client is a client of p that uses RFC 9068 tokens.
func (p *provider) client(t testing.TB, change ...func(*Config)) *Client {
	t.Helper()
	c := Config{
		Metadata: testMetadata(), Auth: oauth.ClientAuth{ID: testClient, Secret: "hr-agent-secret"},
		HTTPClient: p.http(), Keys: testKeys(t), Audience: testAPI,
	}
	for _, f := range change {
		f(&c)
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	p.begun = time.Now()
	return client
}

func testMetadata() *oauth.Metadata {
	return &oauth.Metadata{
		Issuer: testIssuer, TokenEndpoint: testIssuer + "token", JWKSURI: testIssuer + "jwks",
		BackchannelAuthenticationEndpoint: testIssuer + "bc-authorize",
		AuthMethods:                       []string{"client_secret_post"},
		DeliveryModes:                     []string{"poll"},
	}
}

func ask() *AuthenticationRequest {
	return &AuthenticationRequest{Scope: "openid " + testScope, LoginHint: testPerson,
		BindingMessage: "7K3F-9QXM"}
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func refusal(code string) http.HandlerFunc { return answer(400, `{"error":"`+code+`"}`) }

var (
	acknowledged = answer(200, `{"auth_req_id":"`+testID+`","expires_in":120,"interval":5}`)
	pending      = refusal("authorization_pending")
)

// cut breaks the connection after d.
func cut(d time.Duration) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		pause(r, d)
		panic(io.ErrUnexpectedEOF)
	}
}

// held answers after d.
func held(d time.Duration, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pause(r, d)
		h(w, r)
	}
}

func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

// The provider's key, and one that claims to be.
var (
	signer  = sync.OnceValue(newKey)
	foreign = sync.OnceValue(newKey)
)

func newKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func testKeys(t testing.TB) jwks.KeySet {
	t.Helper()
	keys, err := jwks.NewStatic(map[string]crypto.PublicKey{"k1": signer().Public()})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

type claims = map[string]any

// patched returns base with patch laid over it; nil removes.
func patched(base, patch claims) claims {
	out := maps.Clone(base)
	for k, v := range patch {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

// mint signs a JWT by ES256.
func mint(key *ecdsa.PrivateKey, header, payload claims) string {
	part := func(c claims) string {
		b, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(patched(claims{"alg": "ES256", "kid": "k1"}, header)) + "." + part(payload)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)),
		s.FillBytes(make([]byte, 32))...))
}

func idClaims() claims {
	now := time.Now().Unix()
	return claims{"iss": testIssuer, "aud": testClient, "sub": testPerson, "iat": now,
		"exp": now + 600}
}

func accessClaims() claims {
	now := time.Now().Unix()
	return claims{
		"iss": testIssuer, "aud": testAPI, "sub": testPerson, "iat": now, "exp": now + 600,
		"client_id": testClient, "scope": testScope, "jti": "j1",
	}
}

func idToken(patch claims) string { return mint(signer(), nil, patched(idClaims(), patch)) }
func accessToken(patch claims) string {
	return mint(signer(), claims{"typ": "at+jwt"}, patched(accessClaims(), patch))
}

// approved answers with tokens; patch is laid over the response.
func approved(id, access string, patch claims) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if id == "" {
			id = idToken(nil)
		}
		if access == "" {
			access = accessToken(nil)
		}
		body, err := json.Marshal(patched(claims{
			"access_token": access, "id_token": id, "token_type": "Bearer", "expires_in": 600,
			"scope": "openid " + testScope,
		}, patch))
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(w, bytes.NewReader(body))
	}
}

// run asks and polls until the end.
func (p *provider) run(t *testing.T, c *Client, own time.Duration) (*Grant, error) {
	t.Helper()
	ack, err := c.Authenticate(context.Background(), ask())
	if err != nil {
		t.Fatal(err)
	}
	p.begun = time.Now()
	var deadline time.Time
	if own != 0 {
		deadline = p.begun.Add(own)
	}
	return c.Poll(context.Background(), ack, deadline, jdoe)
}
