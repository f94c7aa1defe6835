package idp

import (
	"net/http"
	"net/url"
	"strings"

	"staff0/ciba/oauth"
)

// routes are all there is. Unknown paths and methods get 404 and 405 from the mux.
func (p *Provider) routes(guard func(http.Handler) http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathDiscovery, p.serveDiscovery)
	mux.HandleFunc("GET "+pathJWKS, p.serveJWKS)
	mux.HandleFunc("POST "+pathToken, p.serveToken)
	mux.HandleFunc("POST "+pathBackchannel, p.serveBackchannel)
	mux.Handle("GET "+pathUsersByEmail, guard(http.HandlerFunc(p.serveUsersByEmail)))
	mux.Handle("GET "+pathUsers, guard(http.HandlerFunc(p.serveUsers)))
	mux.HandleFunc("GET /approvals", p.serveApprovals)
	mux.HandleFunc("POST /approvals/{id}", p.serveDecision)
	mux.HandleFunc("GET /{$}", p.servePhone)
	mux.HandleFunc("GET /phone.json", p.servePhoneState)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		writeText(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !p.keys.isReady() {
			w.Header().Set("Retry-After", "1")
			writeText(w, http.StatusServiceUnavailable, "the signing key is not made yet")
			return
		}
		writeText(w, http.StatusOK, "ok")
	})
	return mux
}

// frontDoor turns away what a web page elsewhere could make a browser send.
// The page has no login: whoever may talk to it decides, so the name under
// which it is called (DNS rebinding) and the site that calls it (cross-site
// posts) are all that stands between a hostile page and an approval.
func (p *Provider) frontDoor(next http.Handler, anyAddress bool) http.Handler {
	cop := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		if !anyAddress && !loopbackHost(r.Host) {
			writeText(w, http.StatusForbidden,
				"This identity provider for development answers under a loopback address only. "+
					"Try http://localhost:PORT/.")
			return
		}
		if err := cop.Check(r); err != nil {
			writeText(w, http.StatusForbidden,
				"Requests from another web site are refused by this identity provider for "+
					"development.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackHost reports whether a Host header names this machine, with or without
// a port. A zone does not occur in one (RFC 9110 §7.2).
func loopbackHost(host string) bool {
	return !strings.Contains(host, "%") && oauth.IsLoopback(&url.URL{Host: host})
}
