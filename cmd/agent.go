package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a/a2asrv"
	"staff0/a2a/hragent"
	"staff0/a2a/hrclient"
	"staff0/a2a/push"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

const (
	minRetention    = time.Hour
	upstreamTimeout = 10 * time.Second // one call to a directory or the HR API
)

func (p *program) newAgent() *cobra.Command {
	s := p.settings
	var flags serverFlags
	c := &cobra.Command{
		Use:   "agent",
		Short: "Run the HR agent, which answers other agents over A2A",
		Long: `agent serves the A2A protocol (1.0 and 0.3) to callers with an OAuth 2.0 token. It reads the question, asks the
person through the identity provider (OpenID CIBA), and reads the one record that the approval opens.`,
		Example: `  staff0 agent
  STAFF0_ISSUER=https://tenant.example/ HR_AGENT_AUTH0_CLIENT_SECRET_FILE=secret staff0 agent --public-url https://hr.example
  staff0 agent show TASK`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.begin(c, forAgent); err != nil {
				return err
			}
			return flags.serve(c.Context(), p.err,
				func(ctx context.Context, ln net.Listener, log *slog.Logger) (*service, error) {
					s.log(log)
					return s.newAgentService(ctx, ln, log)
				})
		},
	}
	flags.register(c, defaultAgentAddr)
	s.providerFlags(c)
	s.agentFlags(c)
	s.agentDatabaseFlag(c)
	s.cardKeyFlag(c)
	s.tlsFlags(c)
	c.AddCommand(p.newAgentShow(), p.newAgentBackup(), p.newAgentCardKey())
	return c
}

// agentServer is the HR agent as a server: a gate, and behind it what is built once the provider is
// known.
type agentServer struct {
	*settings
	log      *slog.Logger
	gate     gate
	store    tasks.Store
	loopback bool
	base     string // of the URLs in the card
	draining atomic.Bool
	// running is closed once the agent works; before that there is nothing to drain, and what is
	// below may not be looked at.
	running chan struct{}
	// stopping ends the engine, and stopError says how that went.
	stopping  sync.Once
	stopError error
	engine    *tasks.Engine
	stopWait  func() // ends the waiting for people and returns when it has ended
}

// newAgentService makes the HR agent as a server. It opens to callers once the identity provider
// has been found.
func (s *settings) newAgentService(
	ctx context.Context, ln net.Listener, log *slog.Logger,
) (*service, error) {
	tlsConfig, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	base, err := s.publicURL(ln, tlsConfig != nil)
	if err != nil {
		return nil, err
	}
	store, err := s.openTasks(ctx, log)
	if err != nil {
		return nil, err
	}
	a := &agentServer{settings: s, log: log, store: store, loopback: isLoopback(ln), base: base,
		running: make(chan struct{})}
	return &service{
		name: "the HR agent", ln: ln, handler: &a.gate, log: log, tls: tlsConfig,
		start: a.start, drain: a.drain, close: store.Close,
	}, nil
}

// publicURL is the base of the URLs in the card.
func (s *settings) publicURL(ln net.Listener, secure bool) (string, error) {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/"), nil
	}
	addr := ln.Addr().(*net.TCPAddr)
	switch {
	case addr.IP.IsLoopback():
		return baseURL(ln, secure), nil
	case addr.IP.IsUnspecified():
		return "", usageError(
			"the agent listens on every address, so its card needs one that callers use",
			"set STAFF0_PUBLIC_URL")
	case secure:
		return "https://" + addr.String(), nil
	}
	return "http://" + addr.String(), nil
}

// emailDomains are the domains of the company's addresses.
func (s *settings) emailDomains() []string {
	domains := strings.Split(s.EmailDomain, ",")
	for i := range domains {
		domains[i] = strings.TrimSpace(domains[i])
	}
	return domains
}

// employeeNumber matches a whole employee number, in any case.
func (s *settings) employeeNumber() (*regexp.Regexp, error) {
	number, err := regexp.Compile(`(?i)^(?:` + s.EmployeeNumber + `)$`)
	if err != nil {
		return nil, usageError(fmt.Sprintf("STAFF0_EMPLOYEE_NUMBER is no regular expression: %v",
			err),
			"write it as in E[0-9]{3,}")
	}
	return number, nil
}

// model is who reads questions before the rules do, nil if nobody does.
func (s *settings) model(log *slog.Logger) (*llm.Gemini, error) {
	key := s.GoogleAPIKey // wins, as in Google's own libraries
	if key == "" {
		key = s.GeminiAPIKey
	}
	switch s.Model {
	case "rules":
		return nil, nil
	case "auto":
		if key == "" {
			return nil, nil
		}
	case "gemini":
		if key == "" {
			return nil, usageError("STAFF0_MODEL is gemini, but there is no API key",
				"set GOOGLE_API_KEY or GEMINI_API_KEY, or STAFF0_MODEL=rules")
		}
	default:
		return nil, usageError(fmt.Sprintf("unknown model %q", s.Model),
			"STAFF0_MODEL is auto, gemini or rules")
	}
	model, err := llm.NewGemini(llm.GeminiConfig{APIKey: key.Reveal(), BaseURL: s.GeminiBaseURL,
		ModelName: s.GeminiModel, HTTPClient: s.httpClient(0), Log: log})
	if err != nil {
		return nil, usageError(err.Error(), "check GOOGLE_GEMINI_BASE_URL and STAFF0_GEMINI_MODEL")
	}
	return model, nil
}

// start finds the provider, builds the agent, lets callers in, and waits for people until ctx ends.
func (a *agentServer) start(ctx context.Context) error {
	up, err := a.upstream(ctx, roleAgent, a.loopback, a.log)
	if err != nil {
		return err
	}
	w, err := a.build(up)
	if err != nil {
		return err
	}
	if err := up.ready(ctx, a.log); err != nil {
		return err
	}
	return a.run(ctx, up, w)
}

// works is what is built of an agent beside its engine.
type works struct {
	agent  *hragent.Agent
	hooks  *push.Sender
	server *a2asrv.Server
}

// build puts the agent together. Nothing of it runs yet.
func (a *agentServer) build(up *upstream) (w works, err error) {
	if w.agent, err = a.newHRAgent(up); err != nil {
		return w, err
	}
	if w.hooks, err = a.newSender(); err != nil {
		return w, err
	}
	a.engine, err = tasks.NewEngine(tasks.Config{
		Store: a.store, Executor: w.agent, InputModes: hragent.InputModes(),
		Opening: hragent.Opening, RepeatWindow: tasks.DefaultRepeatWindow,
		BytesPerClient: bytesPerClient(a.BytesPerAsker), Push: w.hooks, Log: a.log,
	})
	if err == nil {
		w.server, err = a.newServer(up)
	}
	if err != nil {
		return w, startError(err, "check the settings of the agent")
	}
	return w, nil
}

// run lets callers in and works until ctx ends.
func (a *agentServer) run(ctx context.Context, up *upstream, w works) error {
	waiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.agent.Run(waiting, a.engine)
	}()
	a.stopWait = func() { stop(); <-done }
	var beside sync.WaitGroup
	defer beside.Wait()
	working, rest := context.WithCancel(ctx)
	defer rest()
	beside.Go(func() { tasks.Sweep(working, a.store, a.Retention, a.log) })
	// ends after the engine, so that the last statuses are still sent
	beside.Go(func() { w.hooks.Run(working) })
	resumed, err := a.engine.Resume(ctx)
	if err != nil {
		a.stopWait()
		return startError(errors.Join(err, a.stop(ctx)), "check STAFF0_AGENT_DATABASE")
	}
	close(a.running)
	a.gate.set(routes{
		"/livez":  probe(func(context.Context) error { return nil }),
		"/readyz": probe(func(ctx context.Context) error { return a.ready(ctx, up, w.agent) }),
		"":        w.server.ServeHTTP,
	})
	a.log.Info("the HR agent is ready", "issuer", up.issuer, "provider", string(up.kind), "card",
		a.base+"/.well-known/agent-card.json",
		"resumed", resumed)
	<-ctx.Done()
	a.stopWait()
	return a.stop(ctx) // drain has done it, unless it came before there was anything to drain
}

// stop ends the engine, once, and waits for its turns for as long as the server waits for requests:
// the store is closed after that.
func (a *agentServer) stop(ctx context.Context) error {
	a.stopping.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		a.stopError = a.engine.Shutdown(ctx)
	})
	return a.stopError
}

// newSender builds what sends to webhooks.
func (a *agentServer) newSender() (*push.Sender, error) {
	store, ok := a.store.(tasks.Webhooks)
	if !ok {
		return nil, startError(errors.New("the store keeps no webhooks"),
			"another database in STAFF0_AGENT_DATABASE")
	}
	var allow []string
	for _, host := range strings.Split(a.WebhookAllow, ",") {
		if host = strings.TrimSpace(host); host != "" {
			allow = append(allow, host)
		}
	}
	sender, err := push.New(push.Config{Store: store, Allow: allow, Log: a.log})
	if err != nil {
		return nil, usageError(err.Error(),
			"STAFF0_WEBHOOK_ALLOW holds hosts, host:port and origins, separated by commas")
	}
	return sender, nil
}

// bytesPerClient is the bound of the engine, for which 0 is its default and less is none.
func bytesPerClient(n byteSize) int64 {
	if n == 0 {
		return -1
	}
	return int64(n)
}

// newServer builds the protocol in front of the engine: the public card, the one for callers with a
// token, and the key that signs both.
func (a *agentServer) newServer(up *upstream) (*a2asrv.Server, error) {
	verifier, err := jwks.NewRemembered(up.verifier(a.AgentAudience))
	if err != nil {
		return nil, err
	}
	config := a2asrv.Config{
		Engine: a.engine, Verifier: verifier, Scope: hrclient.Scope, Realm: a.Company + " HR agent",
		Log:       a.log,
		Ready:     func() bool { return !a.draining.Load() },
		KeepAlive: a.KeepAlive, QuestionsPerAsker: a2asrv.Unlimited,
	}
	if r := a.questionsPerAsker(up.development); !r.Off {
		config.QuestionsPerAsker = a2asrv.Rate{N: r.N, Per: r.Per}
	}
	card := hragent.CardConfig{
		Company: a.Company, Organization: "https://" + a.emailDomains()[0],
		Interfaces: a2asrv.Interfaces(a.base + "/"),
		TokenURL:   up.metadata.TokenEndpoint, Scope: hrclient.Scope,
		Disclosure: hragent.Disclosure(a.Disclosure), Expiry: a.ConsentExpiry,
	}
	config.Card, config.ExtendedCard = hragent.Card(card), hragent.ExtendedCard(card)
	path, err := a.cardKeyPath()
	if err != nil {
		return nil, err
	}
	if path != "" {
		if config.CardKey, err = a2asrv.OpenCardKey(path); err != nil {
			return nil, err
		}
	}
	return a2asrv.New(config)
}

// newHRAgent builds the executor and all that it asks.
func (a *agentServer) newHRAgent(up *upstream) (*hragent.Agent, error) {
	consent, err := ciba.New(ciba.Config{
		Metadata: up.metadata, Auth: up.auth, HTTPClient: up.hc, Keys: up.keys, Provider: up.kind,
		Audience: a.APIAudience,
	})
	if err != nil {
		return nil, startError(err,
			"use a provider that offers CIBA in poll mode, and check its settings")
	}
	directory, err := a.directory(up)
	if err != nil {
		return nil, err
	}
	reader := &llm.Reader{Company: a.Company, Domains: a.emailDomains(), Log: a.log}
	model, err := a.model(a.log)
	if err != nil {
		return nil, err
	}
	if model != nil {
		reader.Model = model
		go a.lookAt(model)
	}
	if reader.Number, err = a.employeeNumber(); err != nil {
		return nil, err
	}
	records := &hrapi.Client{BaseURL: a.APIBaseURL,
		HTTPClient: a.httpClient(upstreamTimeout)}
	if err := records.Validate(); err != nil {
		return nil, usageError(err.Error(), "check HR_API_BASE_URL")
	}
	policy, err := a.policy()
	if err != nil {
		return nil, err
	}
	memory := hragent.Memory
	if up.development {
		memory = 0 // where people try things again
	}
	agent, err := hragent.New(hragent.Config{
		Company: a.Company, Reader: reader,
		Directory: directory, Consent: consent, Records: records, Provider: up.kind,
		Scope:  hrapi.ScopeReadEmployee,
		Expiry: a.ConsentExpiry, Disclosure: policy, Memory: memory,
		WaitingState: hragent.WaitingState(a.WaitingState), PollRate: a.PollRate, Log: a.log,
	})
	if err != nil {
		return nil, startError(err, "check the settings of the agent")
	}
	return agent, nil
}

// lookAt tells the operator that a model reads the questions, and whether it would. It keeps
// nothing from starting.
func (a *agentServer) lookAt(model *llm.Gemini) {
	a.log.Info("a model reads the questions; texts and names go to it, identifiers do not", "model",
		model.Model(), "address", model.Address())
	if err := model.Check(context.Background()); err != nil {
		a.log.Warn("the model cannot be used, the rules decide", "error", err)
	}
}

// directory is how identifiers become people.
func (a *agentServer) directory(up *upstream) (hragent.Directory, error) {
	kind := a.Directory
	if kind == "" {
		kind = "hint"
		if up.kind == ciba.Auth0 {
			kind = "auth0"
		}
	}
	if path, ok := strings.CutPrefix(kind, "file:"); ok {
		d, err := hragent.OpenFile(path, up.issuer, up.kind)
		if err != nil {
			return nil, startError(err, "mend the file, or STAFF0_DIRECTORY")
		}
		return d, nil
	}
	switch kind {
	case "hint":
		return hragent.Hint{}, nil
	case "auth0":
		api := a.managementAPI(up.metadata)
		client := a.httpClient(upstreamTimeout)
		client.Transport = &oauth.Transport{Base: client.Transport,
			Source: up.tokens(api, hragent.ManagementScope)}
		return &hragent.ManagementAPI{BaseURL: api, Issuer: up.issuer,
			Provider: up.kind, HTTPClient: client}, nil
	}
	return nil, a.checkDirectory()
}

// ready reports what keeps the agent from working.
func (a *agentServer) ready(ctx context.Context, up *upstream, agent *hragent.Agent) error {
	if a.draining.Load() {
		return tasks.ErrDraining
	}
	err := errors.Join(up.keys.Ready(ctx), agent.Healthy())
	if h, ok := a.store.(interface{ Healthy(context.Context) error }); ok {
		err = errors.Join(err, h.Healthy(ctx))
	}
	return err
}

// drain turns the agent unready and ends streams so that clients resume elsewhere; approvals that
// are on their way are still answered, all else that waits stays in the store.
func (a *agentServer) drain(ctx context.Context) {
	a.draining.Store(true)
	select {
	case <-a.running:
	default:
		return
	}
	a.engine.Drain()
	a.stopWait()
	if err := a.stop(ctx); err != nil {
		a.log.Warn("not everything came to an end in time; it goes on at the next start",
			"error", err)
	}
}
