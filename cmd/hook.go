package cmd

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/push"
	"staff0/ciba/oauth"
)

const (
	defaultHookAddr = "127.0.0.1:10053"
	maxHookBody     = 1 << 20
	maxDeliveries   = 10_000 // that are remembered, so that one which comes twice is told once
)

// webhook is a configuration for the agent to tell us of a task. With a secret, the agent shows it.
func (s *settings) webhook(url string) *a2a.TaskPushNotificationConfig {
	c := &a2a.TaskPushNotificationConfig{URL: url}
	if s.WebhookSecret != "" {
		c.Authentication = &a2a.AuthenticationInfo{Scheme: "Bearer",
			Credentials: s.WebhookSecret.Reveal()}
	}
	return c
}

func (p *program) newHook() *cobra.Command {
	var o serverFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "hook",
		Short: "Receive what an agent tells of tasks, and print it",
		Long: `hook listens for the push notifications that staff0 client ask --webhook asks for. It takes those that show the secret
STAFF0_WEBHOOK_SECRET, or one that it makes and prints, and tells each once.

An agent calls webhooks on the public internet over https. To try it on one machine, allow the agent to call this one:
staff0 agent --webhook-allow http://localhost:10053`,
		Example: `  STAFF0_WEBHOOK_SECRET=secret staff0 client hook
  STAFF0_WEBHOOK_SECRET=secret staff0 client ask "Does jdoe work here?" --webhook http://localhost:10053/`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.begin(c, forHook); err != nil {
				return err
			}
			return o.serve(c.Context(), p.err,
				func(_ context.Context, ln net.Listener, log *slog.Logger) (*service, error) {
					secret := p.settings.WebhookSecret
					if secret == "" {
						secret = oauth.Secret(rand.Text())
						fmt.Fprintf(p.err,
							"The secret of this receiver, for STAFF0_WEBHOOK_SECRET: %s\n",
							secret.Reveal())
					}
					h := &hook{secret: sha256.Sum256([]byte(secret.Reveal())), out: p.out,
						asJSON: asJSON, log: log, seen: map[string]struct{}{}}
					return &service{name: "the receiver of webhooks", ln: ln, handler: h, log: log},
						nil
				})
		},
	}
	o.register(c, defaultHookAddr)
	o.log.level = slog.LevelInfo
	c.Flags().BoolVar(&asJSON, "json", false,
		"print each notification as a line of JSON, as it came")
	return c
}

// hook receives push notifications (§4.3.3). What it prints is text of others and is escaped.
type hook struct {
	secret [sha256.Size]byte
	out    io.Writer
	asJSON bool
	log    *slog.Logger

	mu   sync.Mutex
	seen map[string]struct{}
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Notifications are posted.", http.StatusMethodNotAllowed)
		return
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	shown := sha256.Sum256([]byte(credentials))
	if !strings.EqualFold(scheme, "Bearer") ||
		subtle.ConstantTimeCompare(shown[:], h.secret[:]) != 1 {
		h.log.Warn("a notification without the secret was refused")
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "The secret is missing or wrong.", http.StatusUnauthorized)
		return
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/json" && media != "application/a2a+json" {
		http.Error(w, "Notifications are JSON.", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHookBody))
	if err != nil || !json.Valid(body) {
		http.Error(w, "The body is too large, or no JSON.", http.StatusBadRequest)
		return
	}
	h.tell(r.Header.Get(push.DeliveryHeader), body)
	w.WriteHeader(http.StatusNoContent)
}

// tell prints a notification, unless it has come before: agents deliver at least once.
func (h *hook) tell(delivery string, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if delivery != "" {
		if _, twice := h.seen[delivery]; twice {
			return
		}
		if len(h.seen) >= maxDeliveries {
			clear(h.seen)
		}
		h.seen[delivery] = struct{}{}
	}
	if h.asJSON {
		if err := writeJSON(h.out, json.RawMessage(body)); err != nil {
			h.log.Error("a notification was not printed", "error", err)
		}
		return
	}
	event, err := a2a.UnmarshalEvent(body)
	if err != nil { // another version's, or another agent's
		fmt.Fprintln(h.out, escape(string(body)))
		return
	}
	id, text := describeEvent(event)
	fmt.Fprintf(h.out, "%s  %s  %s\n", time.Now().Format(time.TimeOnly), escape(string(id)),
		escape(text))
}

// describeEvent says in a line what an event tells.
func describeEvent(event a2a.Event) (a2a.TaskID, string) {
	said := func(s a2a.TaskStatus) string {
		text := stateWord(s.State)
		if s.Message != nil {
			text += ": " + s.Message.Text()
		}
		return text
	}
	switch e := event.(type) {
	case *a2a.Task:
		return e.ID, said(e.Status)
	case *a2a.TaskStatusUpdateEvent:
		return e.TaskID, said(e.Status)
	case *a2a.TaskArtifactUpdateEvent:
		return e.TaskID, "answer: " + e.Artifact.Text()
	case *a2a.Message:
		return e.TaskID, e.Text()
	}
	return "", ""
}
