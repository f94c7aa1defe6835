package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// delay is how long the provider takes to acknowledge a request.
type delay struct {
	name string
	of   func(now time.Time) time.Duration
}

// hang is longer than anybody waits for a provider.
const hang = time.Minute

var delays = []delay{
	{"0 s", always(0)},
	{"0.3 s", always(300 * time.Millisecond)},
	{"0.7 s", always(700 * time.Millisecond)},
	{"1.2 s", always(1200 * time.Millisecond)},
	{"changing", func(now time.Time) time.Duration {
		if now.Unix()/4%2 == 0 {
			return 50 * time.Millisecond
		}
		return 700 * time.Millisecond
	}},
	{"hanging", always(hang)},
}

func always(d time.Duration) func(time.Time) time.Duration {
	return func(time.Time) time.Duration { return d }
}

// The directory's delay is drawn anew for each look-up, whoever is looked up.
const (
	directoryLeast = 20 * time.Millisecond
	directoryMost  = 120 * time.Millisecond
)

// provider is an identity provider whose people never answer. Those whose address begins with "k"
// exist.
type provider struct {
	issuer string
	server *http.Server
	key    *ecdsa.PrivateKey
	acknow atomic.Pointer[delay]
	poll   atomic.Int64 // how long a poll is held, in nanoseconds

	mu      sync.Mutex
	prompts map[string]int // by subject
}

func startProvider() (*provider, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &provider{
		issuer: fmt.Sprintf("http://localhost:%d/", listener.Addr().(*net.TCPAddr).Port), key: key,
		prompts: map[string]int{},
	}
	p.acknow.Store(&delays[0])
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /jwks", p.keys)
	mux.HandleFunc("POST /oauth/token", p.token)
	mux.HandleFunc("POST /bc-authorize", p.authorize)
	mux.HandleFunc("GET /api/v2/users-by-email", p.byEmail)
	mux.HandleFunc("GET /api/v2/users", p.byNumber)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "jwks_uri": p.issuer + "jwks", "token_endpoint": p.issuer +
			"oauth/token",
		"backchannel_authentication_endpoint":        p.issuer + "bc-authorize",
		"backchannel_token_delivery_modes_supported": []string{"poll"},
		"grant_types_supported": []string{"client_credentials",
			"urn:openid:params:grant-type:ciba"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post",
			"client_secret_basic"},
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	public, err := p.key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	enc := base64.RawURLEncoding
	reply(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
		"x": enc.EncodeToString(public[1:33]), "y": enc.EncodeToString(public[33:]),
	}}})
}

// accessToken is one for a client, for an audience.
func (p *provider) accessToken(client, audience, scope string) string {
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": p.issuer, "sub": client, "client_id": client, "aud": audience, "scope": scope,
		"iat": now.Unix(), "exp": now.Add(2 * time.Hour).Unix(), "jti": rand.Text(),
	})
	t.Header["typ"], t.Header["kid"] = "at+jwt", "k"
	signed, err := t.SignedString(p.key)
	if err != nil {
		panic(err) // a key of our own signs
	}
	return signed
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.Form.Get("grant_type") == "client_credentials" {
		reply(w, http.StatusOK, map[string]any{
			"access_token": p.accessToken("hr-agent", r.Form.Get("audience"), r.Form.Get("scope")),
			"token_type":   "Bearer", "expires_in": 7200, "scope": r.Form.Get("scope"),
		})
		return
	}
	wait(r, time.Duration(p.poll.Load()))
	reply(w, http.StatusBadRequest, map[string]any{"error": "authorization_pending"})
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	var hint struct{ Sub string }
	if json.Unmarshal([]byte(r.Form.Get("login_hint")), &hint) != nil {
		hint.Sub = r.Form.Get("login_hint")
	}
	if !strings.HasPrefix(hint.Sub, "auth0|k") {
		reply(w, http.StatusBadRequest, map[string]any{"error": "unknown_user_id"})
		return
	}
	p.mu.Lock()
	p.prompts[hint.Sub]++
	p.mu.Unlock()
	if !wait(r, p.acknow.Load().of(time.Now())) {
		return
	}
	reply(w, http.StatusOK, map[string]any{"auth_req_id": rand.Text(), "expires_in": 300,
		"interval": 1})
}

// mostPrompts is how often the person was prompted who was prompted most.
func (p *provider) mostPrompts() (most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.prompts {
		most = max(most, n)
	}
	return most
}

func (p *provider) byEmail(w http.ResponseWriter, r *http.Request) {
	wait(r, directoryLeast+mrand.N(directoryMost-directoryLeast))
	name, _, _ := strings.Cut(r.FormValue("email"), "@")
	p.users(w, name)
}

// byNumber finds employee numbers: E7… are those of people who exist.
func (p *provider) byNumber(w http.ResponseWriter, r *http.Request) {
	wait(r, directoryLeast+mrand.N(directoryMost-directoryLeast))
	_, number, _ := strings.Cut(r.FormValue("q"), `:"E`)
	number = strings.TrimSuffix(number, `"`)
	if strings.HasPrefix(number, "7") {
		p.users(w, "k"+number[1:])
		return
	}
	p.users(w, "")
}

func (p *provider) users(w http.ResponseWriter, name string) {
	if !strings.HasPrefix(name, "k") {
		reply(w, http.StatusOK, []any{})
		return
	}
	reply(w, http.StatusOK, []any{map[string]any{
		"user_id": "auth0|" + name, "email": name + "@staff0.com", "email_verified": true,
	}})
}

// wait reports whether the time has passed, rather than the caller gone away.
func wait(r *http.Request, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
