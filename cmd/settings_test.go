package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"staff0/ciba"
	"staff0/ciba/jose"
	"staff0/ciba/oauth"
)

// writeDotenv makes a directory with a .env.
func writeDotenv(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustLoad(t *testing.T, environ []string, dir string) *settings {
	t.Helper()
	s, err := loadSettings(environ, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantUsage demands an error with exit code 2 that holds the words, in its text or in what to try.
func wantUsage(t *testing.T, err error, words ...string) {
	t.Helper()
	var e *exitError
	if !errors.As(err, &e) || e.code != exitUsage {
		t.Fatalf("got %v, want a usage error", err)
	}
	if e.hint == "" {
		t.Errorf("%v does not say what to try", err)
	}
	for _, word := range words {
		if !strings.Contains(e.Error()+"\n"+e.hint, word) {
			t.Errorf("%q lacks %q", e.Error()+"\n"+e.hint, word)
		}
	}
}

func TestDefaults(t *testing.T) {
	s := mustLoad(t, nil, "")
	issuer, configured := s.issuer()
	if issuer != "http://localhost:10052/" || configured {
		t.Errorf("issuer %q, configured %v", issuer, configured)
	}
	for _, tt := range []struct{ name, got, want string }{
		{"provider", s.Provider, "auto"},
		{"audience of the agent", s.AgentAudience, "https://staff0/agent"},
		{"audience of the API", s.APIAudience, "https://staff0/api"},
		{"API", s.APIBaseURL, "http://localhost:10051"},
		{"agent", s.Agent, "http://localhost:10050"}, {"model", s.Model, "auto"},
		{"Gemini", s.GeminiModel, "gemini-3.5-flash-lite"},
		{"company", s.Company, "Staff0"}, {"domain", s.EmailDomain, "staff0.com"},
		{"disclosure", s.Disclosure, "guarded"},
		{"expiry", s.ConsentExpiry.String(), "2m0s"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestPrecedence(t *testing.T) {
	dir := writeDotenv(t,
		"STAFF0_COMPANY=Acme\nSTAFF0_EMAIL_DOMAIN=acme.example\nSTAFF0_CONSENT_EXPIRY=5m\n")
	s := mustLoad(t, []string{"STAFF0_COMPANY=Globex", "STAFF0_CONSENT_EXPIRY="}, dir)
	if s.Company != "Globex" {
		t.Errorf("the environment wins over .env: got %q", s.Company)
	}
	if s.EmailDomain != "acme.example" {
		t.Errorf(".env wins over the default: got %q", s.EmailDomain)
	}
	if s.ConsentExpiry != 5*time.Minute {
		t.Errorf("empty counts as unset: got %v", s.ConsentExpiry)
	}
	if s.Model != "auto" {
		t.Errorf("what nobody sets is the default: got %q", s.Model)
	}
	if s = mustLoad(t, []string{"STAFF0_MODEL="},
		writeDotenv(t, "STAFF0_COMPANY=\n")); s.Model != "auto" || s.Company != "Staff0" {
		t.Errorf("empty counts as unset in both places: got %q and %q", s.Model, s.Company)
	}
	// The flag is tested where flags are: its default is the value from here.
	p := &program{settings: mustLoad(t, []string{"STAFF0_AGENT=https://env.example"}, "")}
	c := p.newAsk()
	if got := c.Flag("agent").DefValue; got != "https://env.example" {
		t.Errorf("help shows %q", got)
	}
	if err := c.Flags().Set("agent", "https://flag.example"); err != nil ||
		p.settings.Agent != "https://flag.example" {
		t.Errorf("the flag wins over the environment: got %q, %v", p.settings.Agent, err)
	}
}

func TestIssuer(t *testing.T) {
	for _, tt := range []struct {
		why     string
		environ []string
		want    string
	}{
		{"a tenant's domain", []string{"HR_AUTH0_DOMAIN=tenant.eu.auth0.com"},
			"https://tenant.eu.auth0.com/"},
		{"a domain that was copied from the address bar",
			[]string{"HR_AUTH0_DOMAIN=https://tenant.eu.auth0.com/"},
			"https://tenant.eu.auth0.com/"},
		{"an issuer, exactly as it is", []string{"STAFF0_ISSUER=https://kc.example/realms/staff"},
			"https://kc.example/realms/staff"},
		{"the issuer comes before the domain", []string{"HR_AUTH0_DOMAIN=tenant.auth0.com",
			"STAFF0_ISSUER=https://id.example/"}, "https://id.example/"},
	} {
		if got, configured := mustLoad(t, tt.environ, "").issuer(); got != tt.want || !configured {
			t.Errorf("%s: %q, %v, want %q", tt.why, got, configured, tt.want)
		}
	}
}

func TestProviderKind(t *testing.T) {
	keycloak := &oauth.Metadata{Issuer: "https://kc.example/realms/staff"}
	other := &oauth.Metadata{Issuer: "https://id.example/"}
	ours := &oauth.Metadata{Issuer: "http://localhost:10052/", Development: true}
	for _, tt := range []struct {
		why     string
		environ []string
		m       *oauth.Metadata
		want    ciba.Provider
	}{
		{"a tenant", []string{"HR_AUTH0_DOMAIN=tenant.auth0.com"}, other, ciba.Auth0},
		{"a tenant under its own issuer", []string{"HR_AUTH0_DOMAIN=tenant.auth0.com",
			"STAFF0_ISSUER=https://id.example/"}, other, ciba.Auth0},
		{"the development provider", nil, ours, ciba.Auth0},
		{"an issuer with realms", []string{"STAFF0_ISSUER=https://kc.example/realms/staff"},
			keycloak, ciba.Keycloak},
		{"any other", []string{"STAFF0_ISSUER=https://id.example/"}, other, ciba.Generic},
		{"a choice is a choice", []string{"STAFF0_PROVIDER=generic"}, ours, ciba.Generic},
		{"and wins over the domain", []string{"STAFF0_PROVIDER=keycloak",
			"HR_AUTH0_DOMAIN=x.auth0.com"}, other, ciba.Keycloak},
	} {
		if got, err := mustLoad(t, tt.environ, "").provider(tt.m); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.why, got, err, tt.want)
		}
	}
	_, err := mustLoad(t, []string{"STAFF0_PROVIDER=okta"}, "").provider(other)
	wantUsage(t, err, "okta", "generic")
}

func TestDotenvIsReadOnlyWhenItMayBeTrusted(t *testing.T) {
	const text = "STAFF0_COMPANY=Acme\n"
	t.Run("it is, and that is told", func(t *testing.T) {
		dir := writeDotenv(t, text)
		if s := mustLoad(t, nil, dir); s.Company != "Acme" ||
			s.dotenv != filepath.Join(dir, ".env") {
			t.Errorf("got %q from %q", s.Company, s.dotenv)
		}
	})
	t.Run("not under systemd", func(t *testing.T) {
		if s := mustLoad(t, []string{"INVOCATION_ID=1"},
			writeDotenv(t, text)); s.Company != "Staff0" || s.dotenv != "" || len(s.warnings) > 0 {
			t.Errorf("got %q, %q, %q", s.Company, s.dotenv, s.warnings)
		}
	})
	for _, mode := range []os.FileMode{0o602, 0o620, 0o666} {
		t.Run("not when others may write to it "+mode.String(), func(t *testing.T) {
			dir := writeDotenv(t, text)
			if err := os.Chmod(filepath.Join(dir, ".env"), mode); err != nil {
				t.Fatal(err)
			}
			s := mustLoad(t, nil, dir)
			if s.Company != "Staff0" || s.dotenv != "" || len(s.warnings) != 1 ||
				!strings.Contains(s.warnings[0], "chmod go-w") {
				t.Errorf("got %q, %q, %q", s.Company, s.dotenv, s.warnings)
			}
		})
	}
	t.Run("readable by others is the operator's business", func(t *testing.T) {
		dir := writeDotenv(t, text)
		if err := os.Chmod(filepath.Join(dir, ".env"), 0o644); err != nil {
			t.Fatal(err)
		}
		if s := mustLoad(t, nil, dir); s.Company != "Acme" {
			t.Errorf("got %q", s.Company)
		}
	})
	t.Run("there need not be one", func(t *testing.T) {
		if s := mustLoad(t, nil, t.TempDir()); len(s.warnings) > 0 || s.dotenv != "" {
			t.Errorf("got %q, %q", s.warnings, s.dotenv)
		}
	})
	t.Run("a broken one is told without its words", func(t *testing.T) {
		_, err := loadSettings(nil, writeDotenv(t, "A2A_CLIENT_AUTH0_CLIENT_SECRET \"hunter2"))
		wantUsage(t, err, ".env")
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	})
	t.Run("only names of the table are taken", func(t *testing.T) {
		s := mustLoad(t, nil,
			writeDotenv(t,
				"PATH=/evil\nHOME=/evil\nXDG_STATE_HOME=/evil\nSTATE_DIRECTORY=/evil\nSSL_CERT_FILE=/evil\nLD_PRELOAD=/evil\n"))
		if strings.Contains(s.stateDir, "evil") || len(s.sources) > 0 {
			t.Errorf("got %q, %v", s.stateDir, s.sources)
		}
	})
}

func TestSecretFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustLoad(t, []string{
		"A2A_CLIENT_AUTH0_CLIENT_SECRET_FILE=" + file, "GEMINI_API_KEY_FILE=" + file,
		"GOOGLE_API_KEY_FILE=" + file,
		"HR_AGENT_AUTH0_CLIENT_SECRET_FILE=" + file, "STAFF0_WEBHOOK_SECRET_FILE=" + file,
	}, "")
	for i, got := range []oauth.Secret{s.ClientSecret, s.GeminiAPIKey, s.GoogleAPIKey,
		s.AgentSecret, s.WebhookSecret} {
		if got.Reveal() != "from a file " {
			t.Errorf("%d: %q; the line ending goes, and nothing else", i, got.Reveal())
		}
	}
	for i := range settingTable {
		if d := &settingTable[i]; d.secret != (reflect.ValueOf(s).Elem().FieldByIndex(
			fieldOf(t, d.name).Index).Type() == reflect.TypeFor[oauth.Secret]()) {
			t.Errorf("%s: a secret is what can come from a file, and is a Secret", d.name)
		}
	}
	for _, environ := range [][]string{
		{"GOOGLE_API_KEY=a", "GOOGLE_API_KEY_FILE=" + file},
		{"GOOGLE_API_KEY_FILE=" + file + ".missing"},
	} {
		wantUsage(t, mustLoad(t, environ, "").check(forAgent), "GOOGLE_API_KEY_FILE")
		if err := mustLoad(t, environ, "").check(forAsk); err != nil {
			t.Errorf("it is nothing to the client: %v", err)
		}
	}
	s = mustLoad(t, []string{"GOOGLE_API_KEY=environment"},
		writeDotenv(t, "GOOGLE_API_KEY_FILE="+file+"\n"))
	if err := s.check(forAgent); err != nil || s.GoogleAPIKey.Reveal() != "environment" {
		t.Errorf("the environment wins over a file that .env names: got %q, %v",
			s.GoogleAPIKey.Reveal(), err)
	}
	s = mustLoad(t, []string{"GOOGLE_API_KEY_FILE=" + file},
		writeDotenv(t, "GOOGLE_API_KEY=dotenv\n"))
	if s.GoogleAPIKey.Reveal() != "from a file " ||
		s.sources["GOOGLE_API_KEY"].origin != fromEnvironment {
		t.Errorf("a file that the environment names wins over .env: got %q from %v",
			s.GoogleAPIKey.Reveal(), s.sources["GOOGLE_API_KEY"])
	}
}

func TestUnknownNames(t *testing.T) {
	for _, tt := range []struct{ name, nearest string }{
		{"STAFF0_ISUER", "STAFF0_ISSUER"}, {"STAFF0_AGNET", "STAFF0_AGENT"},
		{"STAFF0_DATABASE", "STAFF0_API_DATABASE"},
		{"STAFF0_CONSENT_EXPIRE", "STAFF0_CONSENT_EXPIRY"},
		{"STAFF0_TLS_CERTIFICATE", "STAFF0_TLS_CERT"},
	} {
		for where, s := range map[string]*settings{
			"environment": mustLoad(t, []string{tt.name + "=value"}, ""),
			".env":        mustLoad(t, nil, writeDotenv(t, tt.name+"=value\n")),
		} {
			if len(s.warnings) != 1 || !strings.Contains(s.warnings[0], tt.name+" ") ||
				!strings.Contains(s.warnings[0], tt.nearest+" is the nearest") {
				t.Errorf("%s in %s: %q", tt.name, where, s.warnings)
			}
			if strings.Contains(strings.Join(s.warnings, ""), "value") {
				t.Errorf("a value is in the log: %q", s.warnings)
			}
		}
	}
	s := mustLoad(t, []string{"PATH=/bin", "HR_SOMETHING=1", "STAFF0_MODEL=rules", "STAFF0_UNSET="},
		"")
	if len(s.warnings) > 0 {
		t.Errorf("names of others, names of the table and empty ones are no misspellings: %q",
			s.warnings)
	}
	for _, tt := range []struct{ name, want string }{
		{"STAFF0_FOO", "the setting STAFF0_FOO is not known"},
		{"HR_AGENT_AUTH0_CLIENT_SECRT",
			"the setting HR_AGENT_AUTH0_CLIENT_SECRT is not known; HR_AGENT_AUTH0_CLIENT_SECRET " +
				"is the nearest"},
		{"STAFF0_PROMPTS_PER_PERSON",
			"the setting STAFF0_PROMPTS_PER_PERSON is not in this version and does nothing"},
	} {
		if s := mustLoad(t, []string{tt.name + "=1"}, ""); len(s.warnings) != 1 ||
			s.warnings[0] != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s.warnings, tt.want)
		}
	}
}

func TestStateDirectory(t *testing.T) {
	for _, tt := range []struct {
		why     string
		environ []string
		want    string
	}{
		{"a service manager's", []string{"STATE_DIRECTORY=/var/lib/staff0", "XDG_STATE_HOME=/x",
			"HOME=/h"}, "/var/lib/staff0"},
		{"the first of several", []string{"STATE_DIRECTORY=/var/lib/a:/var/lib/b"}, "/var/lib/a"},
		{"the user's", []string{"XDG_STATE_HOME=/x", "HOME=/h"}, "/x/staff0"},
		{"a relative one is to be ignored, says the specification",
			[]string{"XDG_STATE_HOME=x", "HOME=/h"}, "/h/.local/state/staff0"},
		{"the home's", []string{"HOME=/h"}, "/h/.local/state/staff0"},
	} {
		if got := mustLoad(t, tt.environ, "").stateDir; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestDatabasePath(t *testing.T) {
	state := filepath.Join(t.TempDir(), "new", "staff0")
	s := &settings{stateDir: state}
	for _, tt := range []struct{ why, value, want string }{
		{"the default is in the state directory", "", filepath.Join(state, "agent.db")},
		{"a name alone is in the state directory", "sqlite:other.db",
			filepath.Join(state, "other.db")},
		{"a path is a path", "sqlite:" + filepath.Join(state, "deep", "a.db"),
			filepath.Join(state, "deep", "a.db")},
		{"a relative path with a directory is one, too", "sqlite:./testdata/a.db",
			"./testdata/a.db"},
		{"memory has none", "memory:", ""},
	} {
		if got, err := s.databasePath("STAFF0_AGENT_DATABASE", tt.value, "agent.db"); err != nil ||
			got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.why, got, err, tt.want)
		}
	}
	for _, dir := range []string{state, filepath.Dir(state), filepath.Join(state, "deep")} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v; directories are for nobody else", dir, info, err)
		}
	}
	for _, value := range []string{"agent.db", "sqlite:", "memory:x", "mysql:x", "file:x"} {
		_, err := s.databasePath("STAFF0_AGENT_DATABASE", value, "agent.db")
		wantUsage(t, err, "STAFF0_AGENT_DATABASE", "memory:")
	}
}

func TestAgentAndAPIShareNoDatabase(t *testing.T) {
	for _, tt := range []struct {
		agent, api string
		refused    bool
	}{
		{"sqlite:one.db", "sqlite:one.db", true},
		{"sqlite:one.db", "sqlite:other.db", false},
		{"memory:", "memory:", false}, // two memories
		{"", "", false},
		{"", "sqlite:agent.db", true}, // what the agent takes by default
		{"sqlite:employees.db", "", true},
		{"sqlite:/tmp/x/../one.db", "sqlite:/tmp/one.db", true},
	} {
		err := (&settings{AgentDatabase: tt.agent, APIDatabase: tt.api,
			stateDir: "/state"}).checkDatabases()
		if (err != nil) != tt.refused {
			t.Errorf("%q and %q: %v, refused should be %v", tt.agent, tt.api, err, tt.refused)
		}
	}
}

func TestConsentExpiry(t *testing.T) {
	for _, tt := range []struct {
		value string
		ok    bool
	}{{"2s", true}, {"15m", true}, {"1999ms", false}, {"15m1s", false}, {"0s", false},
		{"-2m", false}} {
		err := mustLoad(t, []string{"STAFF0_CONSENT_EXPIRY=" + tt.value}, "").check(forAgent)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.value, err)
		}
	}
}

// TestUnreadableValues: an error names the setting, its place and what it would take, and not the
// value; and it stops the commands that use the setting and no other.
func TestUnreadableValues(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		words       string
	}{
		{"STAFF0_CONSENT_EXPIRY", "120", "a duration has a unit, as in 120s"},
		{"STAFF0_RETENTION", "soon", "a duration has a unit"},
		{"STAFF0_KEEPALIVE", "4", "a duration has a unit"},
		{"STAFF0_POLL_RATE", "many", "a whole number"},
		{"STAFF0_QUESTIONS_PER_ASKER", "600", "as in 600/min"},
		{"STAFF0_BYTES_PER_ASKER", "1", "as in 256MiB"},
	} {
		for where, s := range map[string]*settings{
			"the environment": mustLoad(t,
				[]string{tt.name + "=" + tt.value, "STAFF0_COMPANY=Acme"}, ""),
			"line 3 of .env": mustLoad(t, nil, writeDotenv(t, "# a comment\n\nexport "+tt.name+"="+
				tt.value+"\nSTAFF0_COMPANY=Acme\n")),
		} {
			err := s.check(forAgent)
			wantUsage(t, err, tt.name, where, tt.words)
			if strings.Contains(err.Error(), tt.value) {
				t.Errorf("%s: the value is in the error: %v", tt.name, err)
			}
			if s.Company != "Acme" || s.ConsentExpiry != 2*time.Minute ||
				s.Retention != 720*time.Hour {
				t.Errorf("%s: the others lost their values or defaults: %q, %v, %v", tt.name,
					s.Company, s.ConsentExpiry, s.Retention)
			}
			if err := s.check(forAsk | forToken | forAPI | forStore); err != nil {
				t.Errorf("%s stops commands that do not use it: %v", tt.name, err)
			}
		}
	}
}

func TestKnownCredentials(t *testing.T) {
	for _, tt := range []struct {
		why        string
		id, secret string
		dev, ok    bool
		want       string
	}{
		{"ours, with the development provider", "", "", true, true, "bank"},
		{"ours, with any other", "", "", false, false, ""},
		{"set ones, with any", "acme", "s", false, true, "acme"},
		{"set ones win", "acme", "s", true, true, "acme"},
		{"half of them", "acme", "", true, false, ""},
		{"the other half", "", "s", true, false, ""},
	} {
		auth, err := credentials(tt.id, oauth.Secret(tt.secret), "", "A2A_CLIENT_AUTH0",
			knownBank, tt.dev)
		if (err == nil) != tt.ok || auth.ID != tt.want {
			t.Errorf("%s: %q, %v", tt.why, auth.ID, err)
		}
		if err != nil {
			wantUsage(t, err, "A2A_CLIENT_AUTH0_CLIENT_ID", "A2A_CLIENT_AUTH0_CLIENT_SECRET")
		}
	}
	key, err := jose.Generate("ES256")
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why             string
		id, secret, key oauth.Secret
		ok              bool
	}{
		{"a key in place of the secret", "acme", "", oauth.Secret(text), true},
		{"both", "acme", "s", oauth.Secret(text), false},
		{"a key of nobody", "", "", oauth.Secret(text), false},
		{"no key", "acme", "", "hunter2", false},
	} {
		auth, err := credentials(tt.id.Reveal(), tt.secret, tt.key, "HR_AGENT_AUTH0", knownAgent,
			true)
		switch {
		case tt.ok && (err != nil || auth.Key == nil || auth.Key.ID() != key.ID() ||
			auth.Secret != ""):
			t.Errorf("%s: %v", tt.why, err)
		case !tt.ok:
			wantUsage(t, err, "HR_AGENT_AUTH0_CLIENT_")
			if strings.Contains(fmt.Sprint(err), "hunter2") {
				t.Errorf("%s: the error shows it", tt.why)
			}
		}
	}
	if development(&oauth.Metadata{Development: true}, false) {
		t.Error("a server that others can reach takes known secrets")
	}
}

// TestSecretsHaveNoFlags: arguments are there for every process on the machine to read.
func TestSecretsHaveNoFlags(t *testing.T) {
	p := &program{settings: mustLoad(t, []string{"A2A_CLIENT_AUTH0_CLIENT_SECRET=hunter2",
		"HR_AGENT_AUTH0_CLIENT_SECRET=hunter2", "GOOGLE_API_KEY=hunter2"}, "")}
	root := p.newRoot()
	var text strings.Builder
	root.SetOut(&text)
	for _, args := range [][]string{{"agent"}, {"api"}, {"idp"}, {"demo"}, {"client", "ask"},
		{"client", "token"}, {"client", "task", "list"}} {
		root.SetArgs(append(args, "--help"))
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(text.String(), "hunter2") {
		t.Error("help shows a secret")
	}
	for _, word := range []string{"--client-secret", "--secret", "--api-key", "--key "} {
		if strings.Contains(text.String(), word) {
			t.Errorf("there is a flag %s", word)
		}
	}
}
