package cmd

import "github.com/spf13/cobra"

// Flags of settings. Their defaults are what the environment and .env say, so help shows what would be used. Secrets have no flags: arguments are
// there for every process on the machine to read.

func (s *settings) providerFlags(c *cobra.Command) {
	issuer, _ := s.issuer()
	c.Flags().StringVar(&s.Issuer, "issuer", s.Issuer, "issuer of the identity provider, exactly as in its tokens (STAFF0_ISSUER; now "+issuer+")")
	c.Flags().StringVar(&s.Provider, "provider", s.Provider, "kind of provider: auto, auth0, keycloak or generic (STAFF0_PROVIDER)")
}

func (s *settings) apiDatabaseFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.APIDatabase, "database", s.APIDatabase,
		"sqlite:FILE or memory: (STAFF0_API_DATABASE; sqlite:employees.db in the state directory)")
}

func (s *settings) agentDatabaseFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.AgentDatabase, "database", s.AgentDatabase,
		"sqlite:FILE, memory: or postgres://… (STAFF0_AGENT_DATABASE; sqlite:agent.db in the state directory)")
	c.Flags().Lookup("database").DefValue = shownDatabase(s.AgentDatabase)
}

func (s *settings) cardKeyFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.CardKey, "card-key", s.CardKey, "PEM `FILE` of the key that signs the agent card (STAFF0_CARD_KEY; card-key.pem in the state directory)")
}

func (s *settings) tlsFlags(c *cobra.Command) {
	c.Flags().StringVar(&s.TLSCert, "tls-cert", s.TLSCert, "certificate `FILE`, PEM (STAFF0_TLS_CERT)")
	c.Flags().StringVar(&s.TLSKey, "tls-key", s.TLSKey, "key `FILE`, PEM (STAFF0_TLS_KEY)")
}

func (s *settings) agentFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.APIBaseURL, "api", s.APIBaseURL, "`URL` of the HR API (HR_API_BASE_URL)")
	f.StringVar(&s.PublicURL, "public-url", s.PublicURL, "base `URL` that callers use, for the agent card (STAFF0_PUBLIC_URL; the listening address)")
	f.StringVar(&s.Directory, "directory", s.Directory, "how an identifier becomes a person: auth0, hint or file:PATH (STAFF0_DIRECTORY; by provider)")
	f.StringVar(&s.Model, "model", s.Model, "who reads the question: auto, gemini or rules (STAFF0_MODEL)")
	f.StringVar(&s.Disclosure, "disclosure", s.Disclosure, "who may be told what: open or guarded (STAFF0_DISCLOSURE)")
	f.StringVar(&s.WebhookAllow, "webhook-allow", s.WebhookAllow, "hosts and origins besides the public internet that webhooks may be at, separated by commas (STAFF0_WEBHOOK_ALLOW)")
	f.DurationVar(&s.Retention, "retention", s.Retention, "how long finished tasks are kept (STAFF0_RETENTION)")
	f.IntVar(&s.PollRate, "poll-rate", s.PollRate, "most polls a second to the identity provider, 0 for no limit (STAFF0_POLL_RATE)")
	f.DurationVar(&s.ConsentExpiry, "consent-expiry", s.ConsentExpiry, "how long a person has to answer, 2s to 15m (STAFF0_CONSENT_EXPIRY)")
}

func (s *settings) askerFlags(c *cobra.Command) {
	s.providerFlags(c)
	c.Flags().StringVar(&s.Agent, "agent", s.Agent, "`URL` of the agent (STAFF0_AGENT)")
}
