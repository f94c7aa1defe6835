package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"staff0/a2a/hragent"
	"staff0/ciba"
	"staff0/ciba/idp"
	"staff0/ciba/oauth"
)

// Defaults that work together on one machine.
const (
	defaultAgentAddr = "127.0.0.1:10050"
	defaultAPIAddr   = "127.0.0.1:10051"
	defaultIDPAddr   = "127.0.0.1:10052"
	defaultIssuer    = "http://localhost:10052/"

	minConsentExpiry = 2 * time.Second
	maxConsentExpiry = 15 * time.Minute

	minKeepAlive = 100 * time.Millisecond
	maxKeepAlive = time.Minute

	maxSecretFile = 64 << 10
)

// settings are all that can be set from outside, in the names of the environment. Empty is unset. A flag of a command wins over the environment,
// the environment over .env, .env over the default.
type settings struct {
	Auth0Domain string `env:"HR_AUTH0_DOMAIN"`
	Issuer      string `env:"STAFF0_ISSUER"`
	Provider    string `env:"STAFF0_PROVIDER" envDefault:"auto"`

	ClientID     string       `env:"A2A_CLIENT_AUTH0_CLIENT_ID"`
	ClientSecret oauth.Secret `env:"A2A_CLIENT_AUTH0_CLIENT_SECRET"`
	AgentID      string       `env:"HR_AGENT_AUTH0_CLIENT_ID"`
	AgentSecret  oauth.Secret `env:"HR_AGENT_AUTH0_CLIENT_SECRET"`

	AgentAudience string `env:"HR_AGENT_AUTH0_AUDIENCE" envDefault:"https://staff0/agent"`
	APIAudience   string `env:"HR_API_AUTH0_AUDIENCE" envDefault:"https://staff0/api"`
	APIBaseURL    string `env:"HR_API_BASE_URL" envDefault:"http://localhost:10051"`

	GoogleAPIKey  oauth.Secret `env:"GOOGLE_API_KEY"`
	GeminiAPIKey  oauth.Secret `env:"GEMINI_API_KEY"`
	GeminiBaseURL string       `env:"GOOGLE_GEMINI_BASE_URL"`
	GeminiModel   string       `env:"STAFF0_GEMINI_MODEL" envDefault:"gemini-3.8-flash"`
	Model         string       `env:"STAFF0_MODEL" envDefault:"auto"`

	Directory   string `env:"STAFF0_DIRECTORY"`
	Company     string `env:"STAFF0_COMPANY" envDefault:"Staff0"`
	EmailDomain string `env:"STAFF0_EMAIL_DOMAIN" envDefault:"staff0.com"`
	PublicURL   string `env:"STAFF0_PUBLIC_URL"`

	AgentDatabase string `env:"STAFF0_AGENT_DATABASE"`
	APIDatabase   string `env:"STAFF0_API_DATABASE"`

	Disclosure    string        `env:"STAFF0_DISCLOSURE" envDefault:"guarded"`
	ConsentExpiry time.Duration `env:"STAFF0_CONSENT_EXPIRY" envDefault:"2m"`
	PollRate      int           `env:"STAFF0_POLL_RATE"`
	Retention     time.Duration `env:"STAFF0_RETENTION" envDefault:"720h"`

	WaitingState      string        `env:"STAFF0_WAITING_STATE" envDefault:"working"`
	KeepAlive         time.Duration `env:"STAFF0_KEEPALIVE" envDefault:"4s"`
	QuestionsPerAsker rate          `env:"STAFF0_QUESTIONS_PER_ASKER"` // read it with questionsPerAsker
	BytesPerAsker     byteSize      `env:"STAFF0_BYTES_PER_ASKER" envDefault:"256MiB"`

	WebhookAllow  string       `env:"STAFF0_WEBHOOK_ALLOW"`
	WebhookSecret oauth.Secret `env:"STAFF0_WEBHOOK_SECRET"`

	CardKey string `env:"STAFF0_CARD_KEY"` // a file, not the key
	TLSCert string `env:"STAFF0_TLS_CERT"`
	TLSKey  string `env:"STAFF0_TLS_KEY"`
	Agent   string `env:"STAFF0_AGENT" envDefault:"http://localhost:10050"`

	// sources says where each name got its value from: "environment", ".env", or nothing.
	sources map[string]string
	// dotenv is the file that was read, "" if none.
	dotenv string
	// warnings are for the log, once there is one.
	warnings []string
	stateDir string
}

// later are names of the table that this version does not act on. They are no misspellings.
var later = []string{"STAFF0_PROMPTS_PER_PERSON", "STAFF0_PROMPTS_PER_ASKER"}

// loadSettings reads the environment, and the .env of the working directory if it may be trusted.
func loadSettings(environ []string, dir string) (*settings, error) {
	s := &settings{sources: map[string]string{}}
	outside := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && value != "" {
			outside[name] = value
		}
	}
	file, err := s.readDotenv(outside, dir)
	if err != nil {
		return nil, err
	}
	names, secrets := settingNames()
	known := slices.Clone(names)
	for _, name := range secrets {
		known = append(known, name+"_FILE")
	}
	values := map[string]string{}
	for _, name := range known {
		switch {
		case outside[name] != "":
			values[name], s.sources[name] = outside[name], "environment"
		case file[name] != "":
			values[name], s.sources[name] = file[name], ".env"
		}
	}
	for _, name := range secrets {
		if err := s.readSecretFile(values, name); err != nil {
			return nil, err
		}
	}
	if err := env.ParseWithOptions(s, env.Options{Environment: values}); err != nil {
		return nil, usageError("a setting cannot be read: "+strings.TrimPrefix(err.Error(), "env: "), "the README lists all settings")
	}
	s.stateDir = stateDirectory(outside)
	for _, from := range []map[string]string{outside, file} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			if strings.HasPrefix(name, "STAFF0_") && !slices.Contains(known, name) && !slices.Contains(later, name) {
				s.warnings = append(s.warnings, fmt.Sprintf("the setting %s is not known; %s is the nearest", name, nearest(name, known)))
			}
		}
	}
	return s, nil
}

// settingNames are the names in the tags of settings, and those of them that hold secrets.
func settingNames() (all, secrets []string) {
	t := reflect.TypeFor[settings]()
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("env")
		if name == "" {
			continue
		}
		all = append(all, name)
		if f.Type == reflect.TypeFor[oauth.Secret]() {
			secrets = append(secrets, name)
		}
	}
	return all, secrets
}

// readDotenv reads the .env that the original sample reads. A service manager has its own ways to set an environment, so a file that happens to
// lie in its working directory is none of them; and a file that others may write to is theirs.
func (s *settings) readDotenv(outside map[string]string, dir string) (map[string]string, error) {
	if dir == "" || outside["INVOCATION_ID"] != "" { // systemd.exec(5)
		return nil, nil
	}
	path := filepath.Join(dir, ".env")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		s.warnings = append(s.warnings, fmt.Sprintf("%s is not read: %v", path, err))
		return nil, nil
	case writableByOthers(info):
		s.warnings = append(s.warnings, path+" is not read, since others may write to it; chmod go-w it")
		return nil, nil
	}
	file, err := godotenv.Read(path)
	if err != nil {
		// The parser quotes the line, which may hold a secret.
		return nil, usageError(path+" cannot be read", "each line is NAME=value or a comment that begins with #")
	}
	s.dotenv = path
	return file, nil
}

// readSecretFile takes NAME from the file that NAME_FILE names.
func (s *settings) readSecretFile(values map[string]string, name string) error {
	path := values[name+"_FILE"]
	if path == "" {
		return nil
	}
	if values[name] != "" && s.sources[name] == s.sources[name+"_FILE"] {
		return usageError(fmt.Sprintf("both %s and %s_FILE are set", name, name), "unset one of them")
	}
	if s.sources[name] == "environment" {
		return nil // the environment wins over a _FILE out of .env
	}
	f, err := os.Open(path)
	if err != nil {
		return usageError(fmt.Sprintf("the file that %s_FILE names cannot be read: %v", name, err), "check the path and its permissions")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return usageError(fmt.Sprintf("the file that %s_FILE names cannot be read: %v", name, err), "check the path and its permissions")
	}
	values[name], s.sources[name] = strings.TrimRight(string(text), "\r\n"), s.sources[name+"_FILE"]
	return nil
}

// stateDirectory is where databases are kept unless a setting says otherwise.
func stateDirectory(outside map[string]string) string {
	if dir := outside["STATE_DIRECTORY"]; dir != "" { // systemd.exec(5); the first of several
		first, _, _ := strings.Cut(dir, ":")
		return first
	}
	if dir := outside["XDG_STATE_HOME"]; dir != "" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "staff0")
	}
	home := outside["HOME"]
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	return filepath.Join(home, ".local", "state", "staff0")
}

// log tells what was read from where.
func (s *settings) log(log *slog.Logger) {
	if s.dotenv != "" {
		log.Info("settings read from a file", "path", s.dotenv)
	}
	for _, w := range s.warnings {
		log.Warn(w)
	}
}

// issuer is the configured provider, and whether anything was configured at all.
func (s *settings) issuer() (issuer string, configured bool) {
	switch {
	case s.Issuer != "":
		return s.Issuer, true
	case s.Auth0Domain != "":
		return "https://" + strings.TrimSuffix(strings.TrimPrefix(s.Auth0Domain, "https://"), "/") + "/", true
	}
	return defaultIssuer, false
}

// provider is the kind of provider, once its metadata are known.
func (s *settings) provider(m *oauth.Metadata) (ciba.Provider, error) {
	switch p := ciba.Provider(s.Provider); p {
	case "auto", "":
		if s.Auth0Domain != "" {
			return ciba.Auth0, nil
		}
		return ciba.DetectProvider(m), nil
	case ciba.Auth0, ciba.Keycloak, ciba.Generic:
		return p, nil
	}
	return "", usageError(fmt.Sprintf("%q is no kind of provider", s.Provider), "STAFF0_PROVIDER is auto, auth0, keycloak or generic")
}

// development reports whether known secrets and sample people may be used: the provider says that it is the development provider (which only a
// loopback issuer can), and whoever listens can be reached from this machine alone.
func development(m *oauth.Metadata, loopback bool) bool { return m.Development && loopback }

// credentials are those of a client, or the known ones where the development provider makes them good.
func credentials(id string, secret oauth.Secret, names string, known int, dev bool) (oauth.ClientAuth, error) {
	switch {
	case id != "" && secret != "":
		return oauth.ClientAuth{ID: id, Secret: secret}, nil
	case id != "" || secret != "":
		return oauth.ClientAuth{}, usageError("only one of client id and client secret is set", "set both "+names+"_CLIENT_ID and "+names+"_CLIENT_SECRET")
	case !dev:
		return oauth.ClientAuth{}, usageError("the credentials for the identity provider are missing", "set "+names+"_CLIENT_ID and "+names+"_CLIENT_SECRET (or "+names+"_CLIENT_SECRET_FILE)")
	}
	c := idp.DefaultClients()[known]
	return oauth.ClientAuth{ID: c.ID, Secret: c.Secret}, nil
}

// The default clients of the development provider.
const (
	knownBank = iota
	knownAgent
)

// checkOrigins refuses an address out of .env to which a secret from elsewhere would be sent: whoever can put a file into the working directory
// must not be able to collect secrets with it.
func (s *settings) checkOrigins(secret string, addresses ...string) error {
	if s.sources[secret] != "environment" {
		return nil
	}
	for _, name := range addresses {
		if s.sources[name] == ".env" {
			return usageError(fmt.Sprintf("%s comes from %s, but %s does not", name, s.dotenv, secret),
				"set both in the same place, so that no file decides where a secret goes")
		}
	}
	return nil
}

// policy is the disclosure policy.
func (s *settings) policy() (hragent.Disclosure, error) {
	switch d := hragent.Disclosure(s.Disclosure); d {
	case hragent.Guarded, hragent.Open:
		return d, nil
	case "neutral":
		return "", usageError("this version does not have the disclosure policy neutral yet", "STAFF0_DISCLOSURE is guarded or open")
	}
	return "", usageError(fmt.Sprintf("unknown disclosure policy %q", s.Disclosure), "STAFF0_DISCLOSURE is guarded or open")
}

// defaultQuestions is how many questions one asker may send unless STAFF0_QUESTIONS_PER_ASKER says otherwise.
var defaultQuestions = rate{N: 600, Per: time.Minute}

// questionsPerAsker returns how many questions one asker may send. With the development provider there is no limit by default.
func (s *settings) questionsPerAsker(dev bool) rate {
	if dev {
		return s.QuestionsPerAsker.or(rate{Off: true})
	}
	return s.QuestionsPerAsker.or(defaultQuestions)
}

// checkWaiting checks how calls are answered while a person is asked.
func (s *settings) checkWaiting() error {
	if s.WaitingState != "working" && s.WaitingState != "auth_required" {
		return usageError(fmt.Sprintf("unknown waiting state %q", s.WaitingState), "STAFF0_WAITING_STATE is working or auth_required")
	}
	if s.KeepAlive < minKeepAlive || s.KeepAlive > maxKeepAlive {
		return usageError(fmt.Sprintf("STAFF0_KEEPALIVE is %v", s.KeepAlive), "it must be between 100ms and 1m")
	}
	return nil
}

// checkExpiry bounds the time that a person has to answer.
func (s *settings) checkExpiry() error {
	if s.ConsentExpiry < minConsentExpiry || s.ConsentExpiry > maxConsentExpiry {
		return usageError(fmt.Sprintf("STAFF0_CONSENT_EXPIRY is %v", s.ConsentExpiry), "it must be between 2s and 15m")
	}
	return nil
}

// checkURL checks an address that credentials or answers are sent to.
func checkURL(name, raw string) (*url.URL, error) {
	u, err := oauth.ParseEndpoint(raw)
	if err != nil {
		return nil, usageError(fmt.Sprintf("%s is not an address that may be used: %v", name, err), "it must be https, or http on this machine")
	}
	return u, nil
}

// nearest is the known name that takes the fewest changes.
func nearest(name string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
