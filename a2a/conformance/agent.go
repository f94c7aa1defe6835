package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/push"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
	"staff0/ciba/jwks"
)

// options of the agent under test.
type options struct {
	Base  string        // URL under which the kit reaches it, without a slash at the end
	Union bool          // the card also has the interfaces of 0.3
	Pause time.Duration // how long the task takes that the kits subscribe to
	Hooks []string      // where webhooks may be beside the public internet
	// Change, if not nil, has the last word on the card, and with it on what is served.
	Change func(*a2a.AgentCard)
	Log    *slog.Logger
}

// agent is what a kit talks to: the scripted executor behind the engine and the bindings that
// staff0 uses, open to everybody.
type agent struct {
	http.Handler
	engine *tasks.Engine
	hooks  *push.Sender // nil without push notifications
}

func newAgent(o options) (*agent, error) {
	public := card(o)
	if o.Change != nil {
		o.Change(public)
	}
	a, store := &agent{}, new(tasks.Memory)
	config := tasks.Config{
		// Kits use their message ids again, so repetitions are tasks of their own.
		Store: store, Executor: executor{o.Pause}, InputModes: inputModes, RepeatWindow: 0,
		Log: o.Log,
	}
	var err error
	if p := public.Capabilities.PushNotifications; p != nil && *p {
		if a.hooks, err = push.New(push.Config{Store: store, Allow: o.Hooks,
			Log: o.Log}); err != nil {
			return nil, err
		}
		config.Push = a.hooks
	}
	if a.engine, err = tasks.NewEngine(config); err != nil {
		return nil, err
	}
	server, err := a2asrv.New(a2asrv.Config{
		Card: public, Engine: a.engine, Verifier: everybody{}, Scope: scope, Path: "/a2a",
		Log: o.Log, QuestionsPerAsker: a2asrv.Unlimited,
	})
	if err != nil {
		return nil, err
	}
	a.Handler = open(server)
	return a, nil
}

// send sends to webhooks until ctx ends.
func (a *agent) send(ctx context.Context) {
	if a.hooks != nil {
		a.hooks.Run(ctx)
	}
}

// Media types that the kits send. There is one that they expect to be refused.
var (
	inputModes = []string{
		"text/plain", "application/json", "application/octet-stream", "application/pdf",
		"image/png", "image/jpeg", "text/markdown", "text/csv",
	}
	outputModes = []string{"text/plain", "application/json"}
)

// card declares no security: the kits cannot send a token, and hold an agent that wants one to it.
func card(o options) *a2a.AgentCard {
	var interfaces []a2a.AgentInterface
	for _, i := range a2asrv.Interfaces(o.Base + "/a2a") {
		if o.Union || i.ProtocolVersion == wire.Version10 {
			interfaces = append(interfaces, i)
		}
	}
	return &a2a.AgentCard{
		Name:        "Staff0 conformance agent",
		Description: "Plays the scenarios of the A2A conformance kits.", Version: "1.0.0",
		SupportedInterfaces: interfaces,
		Provider:            &a2a.AgentProvider{Organization: "Staff0", URL: "https://staff0.com"},
		Capabilities: a2a.AgentCapabilities{
			Streaming: new(true), PushNotifications: new(true), ExtendedAgentCard: new(false),
			Extensions: []a2a.AgentExtension{{URI: "urn:staff0:conformance",
				Description: "Does nothing. It is there to be seen by the kits."}},
		},
		DefaultInputModes:  inputModes,
		DefaultOutputModes: outputModes,
		Skills: []a2a.AgentSkill{{
			ID: "tck", Name: "Scenarios", Description: "Does what the id of a message begins with.",
			Tags:     []string{"tck"},
			Examples: []string{"tck-complete-task"}, InputModes: inputModes,
			OutputModes: outputModes,
		}},
	}
}

// requiredExtension is the one by which the kit for 1.0 sees what happens to clients that do not
// name it. With it in the card, nothing else of the kit can work.
const requiredExtension = "urn:a2a:tck:required-extension"

func requireExtension(c *a2a.AgentCard) {
	c.Capabilities.Extensions = append(c.Capabilities.Extensions, a2a.AgentExtension{
		URI: requiredExtension, Description: "Does nothing, and must be named in every call.",
		Required: true,
	})
}

const (
	scope = "tck"
	token = "anybody"
)

// everybody is a verifier that takes everybody for the same client.
type everybody struct{}

func (everybody) Verify(context.Context, string) (*jwks.Claims, error) {
	return &jwks.Claims{ClientID: token, Subject: token, Machine: true, Scope: []string{scope},
		Expiry: time.Now().Add(time.Hour)}, nil
}

// open gives each request the token that the guard asks for, so that the guard stays in the way of
// the calls as it is in staff0.
func open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
		next.ServeHTTP(w, r)
	})
}
