package cmd

import (
	"regexp"
	"sync"

	"github.com/spf13/cobra"
)

// Flags of settings. Their defaults are what the environment and .env say, so help shows what would
// be used, and their texts are those of the table. Secrets have no flags: arguments are there for
// every process on the machine to read.

// settingAnnotation, with the name of a flag, is the annotation of a command that names the setting
// which the flag sets.
const settingAnnotation = "setting of --"

// flagOf marks a flag as the one that sets a setting.
func flagOf(c *cobra.Command, flag, name string) {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[settingAnnotation+flag] = name
}

// usage is the text of a flag: that of the setting, and its name. Only the name of the flag's value
// is left in backquotes.
func usage(name string) string {
	d := settingRow(name)
	text := unquote(d.doc) + " (" + name
	if d.standard != "" {
		text += "; " + unquote(d.standard)
	}
	return text + ")"
}

func (s *settings) stringFlag(c *cobra.Command, flag, name string, value *string) {
	c.Flags().StringVar(value, flag, *value, usage(name))
	flagOf(c, flag, name)
}

func (s *settings) providerFlags(c *cobra.Command) {
	s.stringFlag(c, "issuer", "STAFF0_ISSUER", &s.Issuer)
	issuer, _ := s.issuer()
	c.Flags().Lookup("issuer").Usage = unquote(settingRow("STAFF0_ISSUER").doc) +
		" (STAFF0_ISSUER; now " + issuer + ")"
	s.stringFlag(c, "provider", "STAFF0_PROVIDER", &s.Provider)
}

func (s *settings) apiDatabaseFlag(c *cobra.Command) {
	s.stringFlag(c, "database", "STAFF0_API_DATABASE", &s.APIDatabase)
}

func (s *settings) agentDatabaseFlag(c *cobra.Command) {
	s.stringFlag(c, "database", "STAFF0_AGENT_DATABASE", &s.AgentDatabase)
	c.Flags().Lookup("database").DefValue = shownDatabase(s.AgentDatabase)
}

func (s *settings) cardKeyFlag(c *cobra.Command) {
	s.stringFlag(c, "card-key", "STAFF0_CARD_KEY", &s.CardKey)
}

func (s *settings) tlsFlags(c *cobra.Command) {
	s.stringFlag(c, "tls-cert", "STAFF0_TLS_CERT", &s.TLSCert)
	s.stringFlag(c, "tls-key", "STAFF0_TLS_KEY", &s.TLSKey)
}

func (s *settings) agentFlags(c *cobra.Command) {
	s.stringFlag(c, "api", "HR_API_BASE_URL", &s.APIBaseURL)
	s.stringFlag(c, "public-url", "STAFF0_PUBLIC_URL", &s.PublicURL)
	s.stringFlag(c, "directory", "STAFF0_DIRECTORY", &s.Directory)
	s.stringFlag(c, "model", "STAFF0_MODEL", &s.Model)
	s.stringFlag(c, "disclosure", "STAFF0_DISCLOSURE", &s.Disclosure)
	s.stringFlag(c, "webhook-allow", "STAFF0_WEBHOOK_ALLOW", &s.WebhookAllow)
	c.Flags().DurationVar(&s.Retention, "retention", s.Retention, usage("STAFF0_RETENTION"))
	flagOf(c, "retention", "STAFF0_RETENTION")
	c.Flags().IntVar(&s.PollRate, "poll-rate", s.PollRate, usage("STAFF0_POLL_RATE"))
	flagOf(c, "poll-rate", "STAFF0_POLL_RATE")
	c.Flags().DurationVar(&s.ConsentExpiry, "consent-expiry", s.ConsentExpiry,
		usage("STAFF0_CONSENT_EXPIRY"))
	flagOf(c, "consent-expiry", "STAFF0_CONSENT_EXPIRY")
}

func (s *settings) askerFlags(c *cobra.Command) {
	s.providerFlags(c)
	s.stringFlag(c, "agent", "STAFF0_AGENT", &s.Agent)
}

// unquote takes the backquotes off a text, but for those around a word in capitals, which name the
// flag's value in help.
func unquote(text string) string {
	return quoted().ReplaceAllStringFunc(text, func(word string) string {
		if placeholder().MatchString(word) {
			return word
		}
		return word[1 : len(word)-1]
	})
}

var (
	quoted      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("`[^`]*`") })
	placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^`[A-Z]+`$") })
)
