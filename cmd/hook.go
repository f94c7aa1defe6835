package cmd

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/hrclient"
	"staff0/ciba/oauth"
)

const defaultHookAddr = "127.0.0.1:10053"

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
					h := &hrclient.Receiver{Secret: secret, Log: log,
						Deliver: func(body []byte) { p.tell(body, asJSON, log) }}
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

// tell prints a notification, which is text of others and is escaped.
func (p *program) tell(body []byte, asJSON bool, log *slog.Logger) {
	if asJSON {
		if err := writeJSON(p.out, json.RawMessage(body)); err != nil {
			log.Error("a notification was not printed", "error", err)
		}
		return
	}
	event, err := a2a.UnmarshalEvent(body)
	if err != nil { // another version's, or another agent's
		fmt.Fprintln(p.out, escape(string(body)))
		return
	}
	id, text := describeEvent(event)
	fmt.Fprintf(p.out, "%s  %s  %s\n", time.Now().Format(time.TimeOnly), escape(string(id)),
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
