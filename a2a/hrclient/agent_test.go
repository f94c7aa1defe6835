package hrclient_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"time"

	_ "modernc.org/sqlite"

	"staff0/a2a/a2asrv"
	"staff0/a2a/hragent"
	"staff0/a2a/hrclient"
	"staff0/a2a/push"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/idp"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

// must ends a test or an example whose surroundings cannot be built.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// listening is a server whose handler is made once its address is known.
func listening(stop context.Context, handler func(base string) http.Handler) string {
	var h http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
	}))
	context.AfterFunc(stop, s.Close)
	h = handler(s.URL)
	return s.URL
}

// startAgent runs the HR agent with all that it needs, as staff0 demo does, and approves every
// prompt. It returns the addresses of the agent and of the identity provider.
func startAgent(stop context.Context) (agent, issuer string) {
	issuer = listening(stop, func(base string) http.Handler {
		return must(idp.New(idp.Config{Issuer: base + "/", Alg: "ES256", Approve: idp.Auto}))
	}) + "/"
	metadata := must(oauth.Discover(stop, oauth.NewHTTPClient(0), issuer))
	keys := must(jwks.NewRemote(jwks.RemoteConfig{URL: metadata.JWKSURI}))
	kind := ciba.DetectProvider(metadata)
	tokensFor := func(audience string) *jwks.AccessTokens {
		return &jwks.AccessTokens{Keys: keys, Issuer: issuer, Audience: audience,
			Profile: kind.Profile()}
	}
	records := listening(stop, func(string) http.Handler {
		pool := must(sql.Open("sqlite", hrapi.DSN("")))
		db := must(hrapi.Open(stop, pool))
		must(db.Seed(stop))
		return must(hrapi.NewHandler(hrapi.Config{Records: db,
			Verifier: tokensFor(idp.APIAudience)}))
	})
	auth := oauth.ClientAuth{ID: "hr-agent", Secret: "hr-agent-secret"}
	return listening(stop, func(base string) http.Handler {
		directory := oauth.NewHTTPClient(0)
		directory.Transport = &oauth.Transport{Base: directory.Transport,
			Source: oauth.Reuse(&oauth.ClientCredentials{Metadata: metadata, Auth: auth,
				HTTPClient: oauth.NewHTTPClient(0), Scopes: []string{hragent.ManagementScope},
				Audience: metadata.ManagementAPI()})}
		executor := must(hragent.New(hragent.Config{
			Company: "Staff0", Provider: kind, Scope: hrapi.ScopeReadEmployee, Expiry: time.Minute,
			Reader: &llm.Reader{Company: "Staff0", Domains: []string{"staff0.com"}},
			Directory: &hragent.ManagementAPI{BaseURL: metadata.ManagementAPI(), Issuer: issuer,
				Provider: kind, HTTPClient: directory},
			Consent: must(ciba.New(ciba.Config{Metadata: metadata, Auth: auth, Keys: keys,
				Provider: kind, HTTPClient: oauth.NewHTTPClient(0), Audience: idp.APIAudience})),
			Records: &hrapi.Client{BaseURL: records, HTTPClient: oauth.NewHTTPClient(0)},
		}))
		store := new(tasks.Memory)
		engine := must(tasks.NewEngine(tasks.Config{Store: store, Executor: executor,
			InputModes: hragent.InputModes(), Opening: hragent.Opening,
			Push: must(push.New(push.Config{Store: store}))}))
		go executor.Run(stop, engine)
		return must(a2asrv.New(a2asrv.Config{Engine: engine, Scope: hrclient.Scope,
			Verifier: tokensFor(idp.AgentAudience), QuestionsPerAsker: a2asrv.Unlimited,
			Card: hragent.Card(hragent.CardConfig{Company: "Staff0", Organization: base,
				Interfaces: a2asrv.Interfaces(base + "/"), TokenURL: metadata.TokenEndpoint,
				Scope: hrclient.Scope, Expiry: time.Minute})}))
	}), issuer
}
