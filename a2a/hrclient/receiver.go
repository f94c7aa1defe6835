package hrclient

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

const (
	maxNotification = 1 << 20
	maxDeliveries   = 10_000 // that are remembered, so that one which comes twice is told once
)

// Webhook is a configuration for the agent to report a task to an address. With a secret, the agent
// presents it there.
func Webhook(url string, secret oauth.Secret) *a2a.TaskPushNotificationConfig {
	c := &a2a.TaskPushNotificationConfig{URL: url}
	if secret != "" {
		c.Authentication = &a2a.AuthenticationInfo{Scheme: "Bearer", Credentials: secret.Reveal()}
	}
	return c
}

// Receiver receives push notifications (A2A §4.3.3). It accepts those that present its secret; one
// without a secret accepts none.
type Receiver struct {
	Secret oauth.Secret
	// Deliver takes each notification once and one at a time: JSON, as the agent sent it
	// (a2a.UnmarshalEvent), of at most 1 MiB.
	Deliver func(body []byte)
	Log     *slog.Logger

	mu   sync.Mutex
	seen map[string]struct{}
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Notifications are posted.", http.StatusMethodNotAllowed)
		return
	}
	if !r.shown(req.Header.Get("Authorization")) {
		r.Log.Warn("a notification without the secret was refused")
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "The secret is missing or wrong.", http.StatusUnauthorized)
		return
	}
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if media != "application/json" && media != "application/a2a+json" {
		http.Error(w, "Notifications are JSON.", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxNotification))
	if err != nil || !json.Valid(body) {
		http.Error(w, "The body is too large, or no JSON.", http.StatusBadRequest)
		return
	}
	r.deliver(req.Header.Get(wire.DeliveryHeader), body)
	w.WriteHeader(http.StatusNoContent)
}

// shown reports whether a header presents the secret, in a time that does not depend on how much of
// it is right.
func (r *Receiver) shown(authorization string) bool {
	scheme, credentials, _ := strings.Cut(authorization, " ")
	shown, secret := sha256.Sum256([]byte(credentials)), sha256.Sum256([]byte(r.Secret.Reveal()))
	return r.Secret != "" && strings.EqualFold(scheme, "Bearer") &&
		subtle.ConstantTimeCompare(shown[:], secret[:]) == 1
}

// deliver passes a notification on, unless it has come before: agents deliver at least once.
func (r *Receiver) deliver(delivery string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if delivery != "" {
		if _, twice := r.seen[delivery]; twice {
			return
		}
		if r.seen == nil || len(r.seen) >= maxDeliveries {
			r.seen = map[string]struct{}{}
		}
		r.seen[delivery] = struct{}{}
	}
	r.Deliver(body)
}
