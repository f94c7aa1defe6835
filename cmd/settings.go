package cmd

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"staff0/a2a/hragent"
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

// settings are all that can be set from outside, in the names of the environment. Empty is unset. A
// flag of a command wins over the environment, the environment over .env, .env over the default.
type settings struct {
	Auth0Domain string `env:"HR_AUTH0_DOMAIN"`
	Issuer      string `env:"STAFF0_ISSUER"`
	Provider    string `env:"STAFF0_PROVIDER" envDefault:"auto"`
	// read it with managementAPI
	ManagementURL string `env:"STAFF0_MANAGEMENT_URL"`

	ClientID     string       `env:"A2A_CLIENT_AUTH0_CLIENT_ID"`
	ClientSecret oauth.Secret `env:"A2A_CLIENT_AUTH0_CLIENT_SECRET"`
	ClientKey    oauth.Secret `env:"A2A_CLIENT_AUTH0_CLIENT_KEY"`
	AgentID      string       `env:"HR_AGENT_AUTH0_CLIENT_ID"`
	AgentSecret  oauth.Secret `env:"HR_AGENT_AUTH0_CLIENT_SECRET"`
	AgentKey     oauth.Secret `env:"HR_AGENT_AUTH0_CLIENT_KEY"`

	AgentAudience string `env:"HR_AGENT_AUTH0_AUDIENCE" envDefault:"https://staff0/agent"`
	APIAudience   string `env:"HR_API_AUTH0_AUDIENCE" envDefault:"https://staff0/api"`
	APIBaseURL    string `env:"HR_API_BASE_URL" envDefault:"http://localhost:10051"`

	GoogleAPIKey  oauth.Secret `env:"GOOGLE_API_KEY"`
	GeminiAPIKey  oauth.Secret `env:"GEMINI_API_KEY"`
	GeminiBaseURL string       `env:"GOOGLE_GEMINI_BASE_URL"`
	GeminiModel   string       `env:"STAFF0_GEMINI_MODEL" envDefault:"gemini-3.5-flash-lite"`
	Model         string       `env:"STAFF0_MODEL" envDefault:"auto"`

	Directory   string `env:"STAFF0_DIRECTORY"`
	Company     string `env:"STAFF0_COMPANY" envDefault:"Staff0"`
	EmailDomain string `env:"STAFF0_EMAIL_DOMAIN" envDefault:"staff0.com"`
	// EmployeeNumber is a regular expression.
	EmployeeNumber string `env:"STAFF0_EMPLOYEE_NUMBER" envDefault:"E[0-9]{3,}"`
	PublicURL      string `env:"STAFF0_PUBLIC_URL"`

	AgentDatabase string `env:"STAFF0_AGENT_DATABASE"`
	APIDatabase   string `env:"STAFF0_API_DATABASE"`

	Disclosure    string        `env:"STAFF0_DISCLOSURE" envDefault:"guarded"`
	ConsentExpiry time.Duration `env:"STAFF0_CONSENT_EXPIRY" envDefault:"2m"`
	PollRate      int           `env:"STAFF0_POLL_RATE"`
	Retention     time.Duration `env:"STAFF0_RETENTION" envDefault:"720h"`

	WaitingState string        `env:"STAFF0_WAITING_STATE" envDefault:"working"`
	KeepAlive    time.Duration `env:"STAFF0_KEEPALIVE" envDefault:"4s"`
	// read it with questionsPerAsker
	QuestionsPerAsker rate     `env:"STAFF0_QUESTIONS_PER_ASKER"`
	BytesPerAsker     byteSize `env:"STAFF0_BYTES_PER_ASKER" envDefault:"256MiB"`

	WebhookAllow  string       `env:"STAFF0_WEBHOOK_ALLOW"`
	WebhookSecret oauth.Secret `env:"STAFF0_WEBHOOK_SECRET"`

	CardKey string `env:"STAFF0_CARD_KEY"` // a file, not the key
	CAFile  string `env:"STAFF0_CA_FILE"`
	TLSCert string `env:"STAFF0_TLS_CERT"`
	TLSKey  string `env:"STAFF0_TLS_KEY"`
	Agent   string `env:"STAFF0_AGENT" envDefault:"http://localhost:10050"`

	// sources says where each setting got its value.
	sources map[string]source
	// given are the values out of .env that a row of the table looks at; never a secret.
	given map[string]string
	// unreadable are the errors of values that are not of the setting's type. They matter to the
	// commands that use the setting, and to no other.
	unreadable map[string]error
	// dotenv is the file that was read, "" if none.
	dotenv string
	// warnings are for the log, once there is one.
	warnings []string
	stateDir string
}

// loadSettings reads the environment, and the .env of the working directory if it may be trusted.
// Settings are returned in any case; an error says that .env cannot be read.
func loadSettings(environ []string, dir string) (*settings, error) {
	s := &settings{sources: map[string]source{}, given: map[string]string{},
		unreadable: map[string]error{}}
	outside := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && value != "" {
			outside[name] = value
		}
	}
	s.stateDir = stateDirectory(outside)
	inside, lines, readErr := s.readDotenv(outside, dir)
	known := settingNames()
	values := map[string]string{}
	for i := range settingTable {
		d := &settingTable[i]
		value, from := s.find(d, outside, inside, lines)
		from.known = d.known != nil && value == d.known()
		if from.origin != fromDefault {
			values[d.name], s.sources[d.name] = value, from
		}
		if from.origin == fromDotenv && d.namesOne != nil {
			s.given[d.name] = value
		}
	}
	s.parse(values)
	for _, from := range []map[string]string{outside, inside} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			if warning := unknownName(name, known); warning != "" {
				s.warnings = append(s.warnings, warning)
			}
		}
	}
	return s, readErr
}

// find returns the value of a setting and where it comes from. A secret is read out of the file
// that NAME_FILE names, unless .env names it.
func (s *settings) find(
	d *setting, outside, inside map[string]string, lines map[string]int,
) (string, source) {
	named := d.name + "_FILE"
	for _, layer := range []struct {
		origin origin
		values map[string]string
	}{{fromEnvironment, outside}, {fromDotenv, inside}} {
		value, path := layer.values[d.name], ""
		if d.secret {
			path = layer.values[named]
		}
		from := source{origin: layer.origin}
		if layer.origin == fromDotenv {
			from.line = lines[d.name]
		}
		switch {
		case value != "" && path != "":
			s.unreadable[d.name] = usageError(fmt.Sprintf("both %s and %s are set", d.name, named),
				"unset one of them")
			return "", from
		case value != "":
			return value, from
		case path == "":
			continue
		}
		from.file = named
		if layer.origin == fromDotenv {
			from.line = lines[named]
			return "", from // .env names no files; see checkDotenv
		}
		text, err := readSecretFile(path)
		if err != nil {
			s.unreadable[d.name] = usageError(
				fmt.Sprintf("the file that %s names cannot be read: %v", named, err),
				"check the path and its permissions")
		}
		return text, from
	}
	return "", source{}
}

// parse fills the fields. A value that is not of its field's type leaves the default there.
func (s *settings) parse(values map[string]string) {
	err := env.ParseWithOptions(s, env.Options{Environment: values})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return
	}
	good := maps.Clone(values)
	for _, one := range all.Errors {
		var bad env.ParseError
		if !errors.As(one, &bad) {
			continue
		}
		field, _ := reflect.TypeFor[settings]().FieldByName(bad.Name)
		name := field.Tag.Get("env")
		delete(good, name)
		s.unreadable[name] = usageError(fmt.Sprintf("%s, from %s, cannot be read", name,
			s.sources[name]), form(field.Type, bad.Err))
	}
	_ = env.ParseWithOptions(s, env.Options{Environment: good}) // what is left was read before
}

// form says how the value of a setting is written. It does not quote the value, which may have been
// meant for another setting.
func form(t reflect.Type, err error) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration has a unit, as in 120s, 2m or 1h30m"
	case t.Kind() == reflect.Int:
		return "a whole number"
	}
	return err.Error()
}

// unknownName returns a warning of a name that looks like a setting and is none, "" for any other.
func unknownName(name string, known []string) string {
	ours := false
	for _, prefix := range []string{"STAFF0_", "A2A_CLIENT_AUTH0_", "HR_AGENT_AUTH0_",
		"HR_API_AUTH0_"} {
		ours = ours || strings.HasPrefix(name, prefix)
	}
	switch {
	case !ours || slices.Contains(known, name):
		return ""
	case slices.Contains(later, name):
		return fmt.Sprintf("the setting %s is not in this version and does nothing", name)
	}
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("the setting %s is not known; %s is the nearest", name, near)
	}
	return fmt.Sprintf("the setting %s is not known", name)
}

// readDotenv reads the .env that the original sample reads. A service manager has its own ways to
// set an environment, so a file that happens to lie in its working directory is none of them; and a
// file that others may write to is theirs.
func (s *settings) readDotenv(
	outside map[string]string, dir string,
) (values map[string]string, lines map[string]int, err error) {
	if dir == "" || outside["INVOCATION_ID"] != "" { // systemd.exec(5)
		return nil, nil, nil
	}
	path := filepath.Join(dir, ".env")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		s.warnings = append(s.warnings, fmt.Sprintf("%s is not read: %v", path, err))
		return nil, nil, nil
	case writableByOthers(info):
		s.warnings = append(s.warnings, path+
			" is not read, since others may write to it; chmod go-w it")
		return nil, nil, nil
	}
	text, err := os.ReadFile(path)
	if err == nil {
		values, err = godotenv.UnmarshalBytes(text)
	}
	if err != nil {
		// The parser quotes the line, which may hold a secret.
		return nil, nil, usageError(path+" cannot be read",
			"each line is NAME=value or a comment that begins with #")
	}
	s.dotenv = path
	return values, assignments(text), nil
}

// assignments returns on which line of a .env each name gets its value: the last one, as for the
// parser.
func assignments(text []byte) map[string]int {
	lines, n := map[string]int{}, 0
	for line := range bytes.Lines(text) {
		n++
		if m := assignment().FindSubmatch(line); m != nil {
			lines[string(m[1])] = n
		}
	}
	return lines
}

var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:export\s+)?([A-Za-z0-9_.]+)\s*[=:]`)
})

// readSecretFile returns the text of a file without its line ending.
func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	return strings.TrimRight(string(text), "\r\n"), err
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

// policy is the disclosure policy.
func (s *settings) policy() (hragent.Disclosure, error) {
	switch d := hragent.Disclosure(s.Disclosure); d {
	case hragent.Guarded, hragent.Open:
		return d, nil
	case "neutral":
		return "", usageError("this version does not have the disclosure policy neutral yet",
			"STAFF0_DISCLOSURE is guarded or open")
	}
	return "", usageError(fmt.Sprintf("unknown disclosure policy %q", s.Disclosure),
		"STAFF0_DISCLOSURE is guarded or open")
}

// defaultQuestions is how many questions one asker may send unless STAFF0_QUESTIONS_PER_ASKER says
// otherwise.
var defaultQuestions = rate{N: 600, Per: time.Minute}

// questionsPerAsker returns how many questions one asker may send. With the development provider
// there is no limit by default.
func (s *settings) questionsPerAsker(dev bool) rate {
	if dev {
		return s.QuestionsPerAsker.or(rate{Off: true})
	}
	return s.QuestionsPerAsker.or(defaultQuestions)
}

// wayOut is how calls to the provider, the HR API, the Management API, the model and the agent
// leave this machine.
func (s *settings) wayOut() (oauth.WayOut, error) {
	if s.CAFile == "" {
		return oauth.WayOut{}, nil
	}
	text, err := os.ReadFile(s.CAFile)
	if err == nil {
		var roots *x509.CertPool
		if roots, err = oauth.Roots(text); err == nil {
			return oauth.WayOut{Roots: roots}, nil
		}
	}
	return oauth.WayOut{}, usageError(fmt.Sprintf("STAFF0_CA_FILE cannot be used: %v", err),
		"it names a file with certificates of certificate authorities, PEM")
}

// httpClient makes calls by the way out. The settings have been checked.
func (s *settings) httpClient(timeout time.Duration) *http.Client {
	way, _ := s.wayOut()
	return way.NewHTTPClient(timeout)
}

// checkURL checks an address that credentials or answers are sent to.
func checkURL(name, raw string) (*url.URL, error) {
	u, err := oauth.ParseEndpoint(raw)
	if err != nil {
		return nil, usageError(fmt.Sprintf("%s is not an address that may be used: %v", name, err),
			"it must be https, or http on this machine")
	}
	return u, nil
}

// nearest is the known name that takes the fewest changes, "" if it takes more than a third of the
// name.
func nearest(name string, known []string) string {
	best, least := "", len(name)/3+1
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
