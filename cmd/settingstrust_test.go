package cmd

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
)

// fieldOf is the field of a setting.
func fieldOf(t *testing.T, name string) reflect.StructField {
	t.Helper()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[settings]()) {
		if f.Tag.Get("env") == name {
			return f
		}
	}
	t.Fatalf("no field holds %s", name)
	return reflect.StructField{}
}

// TestTheTableIsComplete: each setting has one row and one field.
func TestTheTableIsComplete(t *testing.T) {
	fields, err := env.GetFieldParams(new(settings))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range settingTable {
		d := &settingTable[i]
		if seen[d.name] || d.uses == 0 || d.doc == "" ||
			(d.class == harmless || d.class == fileName) != (d.party == 0) {
			t.Errorf("%s: its row is not complete, or its second one", d.name)
		}
		seen[d.name] = true
	}
	if len(fields) != len(seen) {
		t.Errorf("%d fields for %d settings", len(fields), len(seen))
	}
	for _, f := range fields {
		if !seen[f.OwnKey] {
			t.Errorf("%s has no row", f.OwnKey)
		}
	}
}

// goodValue is a value of a setting that every check accepts.
func goodValue(d *setting, directory string) string {
	switch d.name {
	case "STAFF0_PROVIDER":
		return "generic"
	case "STAFF0_MODEL":
		return "rules"
	case "STAFF0_DIRECTORY":
		return "hint"
	case "STAFF0_DISCLOSURE":
		return "open"
	case "STAFF0_CONSENT_EXPIRY", "STAFF0_RETENTION":
		return map[string]string{"STAFF0_CONSENT_EXPIRY": "3m", "STAFF0_RETENTION": "2h"}[d.name]
	case "STAFF0_WAITING_STATE":
		return "auth_required"
	case "STAFF0_KEEPALIVE":
		return "2s"
	case "STAFF0_QUESTIONS_PER_ASKER":
		return "5/s"
	case "STAFF0_BYTES_PER_ASKER":
		return "off"
	case "STAFF0_POLL_RATE":
		return "7"
	case "STAFF0_CA_FILE":
		return filepath.Join(directory, "ca.pem")
	}
	switch d.class {
	case address:
		return "https://there.example/"
	case database:
		return "memory:"
	case fileName:
		return filepath.Join(directory, "file")
	}
	return "word"
}

// commandNames are the sets of commands by what is typed.
var commandNames = map[string]commands{
	"client ask Q": forAsk, "client chat": forAsk, "client card": forAsk,
	"client task list": forAsk, "client task get ID": forAsk,
	"client task watch ID": forAsk, "client task cancel ID": forAsk, "client token": forToken,
	"client hook --addr 127.0.0.1:0": forHook,
	"agent --addr 127.0.0.1:0":       forAgent, "agent show ID": forStore,
	"agent backup FILE":      forStore,
	"agent card-key":         forCardKey,
	"api --addr 127.0.0.1:0": forAPI, "api import -": forRecords, "api list": forRecords,
}

// withoutSettings use none.
var withoutSettings = []string{"", "client", "client task", "idp", "demo", "version",
	"completion", "help"}

// TestWhatDotenvMaySet walks each setting × the place of its value × the credentials that come from
// elsewhere × each command. The expectation is the rule in words, not the table's columns: files
// never; addresses, databases and policies not beside a credential for the provider that is used by
// the same command and comes from elsewhere; beside the key of Gemini only its address, beside the
// secret of webhooks only the agent's.
func TestWhatDotenvMaySet(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "file")
	if err := os.WriteFile(secret, []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	free := map[string]bool{ // words, times and colours of the answer
		"STAFF0_MODEL": true, "STAFF0_GEMINI_MODEL": true, "STAFF0_COMPANY": true,
		"STAFF0_WAITING_STATE": true,
		"STAFF0_KEEPALIVE":     true, "STAFF0_POLL_RATE": true,
		"A2A_CLIENT_AUTH0_CLIENT_ID": true, "A2A_CLIENT_AUTH0_CLIENT_SECRET": true,
		"HR_AGENT_AUTH0_CLIENT_ID":     true,
		"HR_AGENT_AUTH0_CLIENT_SECRET": true, "GOOGLE_API_KEY": true, "GEMINI_API_KEY": true,
		"A2A_CLIENT_AUTH0_CLIENT_KEY": true, "HR_AGENT_AUTH0_CLIENT_KEY": true,
		"STAFF0_WEBHOOK_SECRET": true,
	}
	files := map[string]bool{"STAFF0_CARD_KEY": true, "STAFF0_TLS_CERT": true,
		"STAFF0_TLS_KEY": true, "STAFF0_CA_FILE": true}
	authority := httptest.NewTLSServer(http.NotFoundHandler())
	defer authority.Close()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), pem.EncodeToMemory(&pem.Block{
		Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	holders := []struct {
		environ []string
		uses    commands
		refuses func(name string) bool
	}{
		{nil, 0, func(string) bool { return false }},
		{[]string{"A2A_CLIENT_AUTH0_CLIENT_SECRET=s"}, forClient, func(name string) bool {
			return !free[name] && name != "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"A2A_CLIENT_AUTH0_CLIENT_ID=acme"}, forClient, func(name string) bool {
			return !free[name] && name != "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"A2A_CLIENT_AUTH0_CLIENT_SECRET_FILE=" + secret}, forClient,
			func(name string) bool {
				return !free[name] && name != "GOOGLE_GEMINI_BASE_URL"
			}},
		{[]string{"A2A_CLIENT_AUTH0_CLIENT_ID=bank", "A2A_CLIENT_AUTH0_CLIENT_SECRET=bank-secret"},
			0, func(string) bool {
				return false
			}},
		{[]string{"HR_AGENT_AUTH0_CLIENT_SECRET=s"}, forAgent, func(name string) bool {
			return !free[name] && name != "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"HR_AGENT_AUTH0_CLIENT_KEY_FILE=" + secret}, forAgent, func(name string) bool {
			return !free[name] && name != "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"HR_AGENT_AUTH0_CLIENT_ID=acme"}, forAgent, func(name string) bool {
			return !free[name] && name != "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"GOOGLE_API_KEY=k"}, forAgent, func(name string) bool {
			return name == "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"GEMINI_API_KEY_FILE=" + secret}, forAgent, func(name string) bool {
			return name == "GOOGLE_GEMINI_BASE_URL"
		}},
		{[]string{"STAFF0_WEBHOOK_SECRET=s"}, forAsk, func(name string) bool {
			return name == "STAFF0_AGENT"
		}},
	}
	cells := 0
	for i := range settingTable {
		d := &settingTable[i]
		value := goodValue(d, dir)
		for _, holder := range holders {
			for _, uses := range []commands{forAsk, forToken, forHook, forAgent, forStore,
				forCardKey, forAPI, forRecords} {
				for _, place := range []string{"default", "environment", "dotenv", "flag",
					"dotenv file", "environment file"} {
					var environ []string
					var dotenv string
					entry := d.name + "=" + value
					if strings.HasSuffix(place, "file") {
						if !d.secret {
							continue
						}
						entry = d.name + "_FILE=" + secret
					}
					switch {
					case strings.HasPrefix(place, "environment"):
						environ = append(environ, entry)
					case strings.HasPrefix(place, "dotenv"):
						dotenv = "# not ours\n" + entry + "\n"
					}
					named := false // the holder is the setting itself: the environment wins
					for _, held := range holder.environ {
						named = named || strings.HasPrefix(held, d.name+"=") ||
							strings.HasPrefix(held, d.name+"_FILE=")
					}
					if named {
						continue
					}
					cells++
					s := mustLoad(t, append(environ, holder.environ...), writeDotenv(t, dotenv))
					if place == "flag" {
						s.sources[d.name] = source{origin: fromFlag, flag: "x"}
					}
					used := d.uses&uses != 0
					refused := used && (place == "dotenv file" || place == "dotenv" &&
						(files[d.name] || holder.uses&uses != 0 && holder.refuses(d.name)))
					err := s.check(uses)
					if (err != nil) != refused {
						t.Errorf("%s from %s beside %v for %b: %v, refused should be %v", d.name,
							place, holder.environ, uses, err, refused)
					}
					if err != nil {
						wantUsage(t, err, d.name, "line 2 of .env")
					}
				}
			}
		}
	}
	t.Logf("%d cells", cells)
}

// A directory that is a file is a file, whatever it stands for.
func TestDotenvNamesNoDirectoryFile(t *testing.T) {
	wantUsage(t, mustLoad(t, nil, writeDotenv(t, "STAFF0_DIRECTORY=file:people.csv\n")).check(
		forAgent), "STAFF0_DIRECTORY, in line 1 of .env, names a file")
	if err := mustLoad(t, []string{"STAFF0_DIRECTORY=file:people.csv"},
		writeDotenv(t, "STAFF0_DIRECTORY=hint\n")).check(forAgent); err != nil {
		t.Error(err)
	}
}

// The .env of the original sample, as a user of it has filled it in.
const sampleDotenv = `HR_AUTH0_DOMAIN=tenant.eu.auth0.com

HR_AGENT_AUTH0_CLIENT_ID=agent-id
HR_AGENT_AUTH0_CLIENT_SECRET=agent-do-not-print
HR_AGENT_AUTH0_AUDIENCE=https://staff0/agent

HR_API_AUTH0_AUDIENCE=https://staff0/api
HR_API_BASE_URL=http://localhost:10051

A2A_CLIENT_AUTH0_CLIENT_ID=client-id
A2A_CLIENT_AUTH0_CLIENT_SECRET=client-do-not-print

GOOGLE_API_KEY=
`

// TestTheSamplesDotenv: it works unchanged for every command, also beside a key that is exported,
// and in an environment with values of its own.
func TestTheSamplesDotenv(t *testing.T) {
	for _, environ := range [][]string{
		nil, {"GOOGLE_API_KEY=exported"}, {"GEMINI_API_KEY=exported"}, {"STAFF0_WEBHOOK_SECRET=s"},
		{"STAFF0_AGENT=http://localhost:1"},
		{"STAFF0_DISCLOSURE=open", "STAFF0_AGENT_DATABASE=memory:"},
	} {
		for line, uses := range commandNames {
			s := mustLoad(t, environ, writeDotenv(t, sampleDotenv))
			if err := s.check(uses); err != nil {
				t.Errorf("%s beside %v: %v", line, environ, err)
			}
			if issuer, _ := s.issuer(); issuer != "https://tenant.eu.auth0.com/" ||
				s.AgentID != "agent-id" || s.ClientID != "client-id" {
				t.Errorf("it is not read: %q, %q, %q", issuer, s.AgentID, s.ClientID)
			}
		}
	}
	// Credentials that are the user's own are another matter.
	for secret, uses := range map[string]commands{"A2A_CLIENT_AUTH0_CLIENT_SECRET": forToken,
		"HR_AGENT_AUTH0_CLIENT_SECRET": forAgent} {
		err := mustLoad(t, []string{secret + "=mine"}, writeDotenv(t, sampleDotenv)).check(uses)
		wantUsage(t, err, "HR_AUTH0_DOMAIN comes from line 1 of .env, but "+secret+
			" from the environment", "same place")
	}
}

// TestAFlagMakesAnAddressHarmless: what is used comes from the command line, so .env decides
// nothing.
func TestAFlagMakesAnAddressHarmless(t *testing.T) {
	environ := []string{"A2A_CLIENT_AUTH0_CLIENT_SECRET=s", "A2A_CLIENT_AUTH0_CLIENT_ID=acme"}
	for _, tt := range []struct {
		args    []string
		refused bool
	}{
		{nil, true},
		{[]string{"--issuer", "https://flag.example/"}, false},
		{[]string{"--provider", "auth0"}, true},
	} {
		p := &program{settings: mustLoad(t, environ,
			writeDotenv(t, "STAFF0_ISSUER=https://evil.example/\n"))}
		c := p.newToken()
		if err := c.ParseFlags(tt.args); err != nil {
			t.Fatal(err)
		}
		if err := p.begin(c, forToken); (err != nil) != tt.refused {
			t.Errorf("%v: %v, refused should be %v", tt.args, err, tt.refused)
		}
	}
}

// TestEveryFlagOfASettingIsKnownAsOne: a flag whose default is a setting's value is marked with the
// setting, or .env would be blamed for what the flag says.
func TestEveryFlagOfASettingIsKnownAsOne(t *testing.T) {
	p := &program{settings: mustLoad(t, nil, ""), out: new(bytes.Buffer), err: new(bytes.Buffer)}
	forEachCommand(p.newRoot(), func(c *cobra.Command) {
		for line := range strings.Lines(c.Flags().FlagUsages()) {
			m := regexp.MustCompile(`--([a-z-]+).*\(((?:STAFF0|HR)_[A-Z0-9_]+)`).FindStringSubmatch(
				line)
			if m != nil && c.Annotations[settingAnnotation+m[1]] != m[2] {
				t.Errorf("%s --%s sets %s and does not say so", c.CommandPath(), m[1], m[2])
			}
		}
	})
}

func forEachCommand(c *cobra.Command, each func(*cobra.Command)) {
	each(c)
	for _, sub := range c.Commands() {
		forEachCommand(sub, each)
	}
}

// TestEveryCommandChecksItsSettings runs every command with a .env that no command may take: it
// names a file of each kind. It ends with 2 before anything is done, and says which line is to
// blame.
func TestEveryCommandChecksItsSettings(t *testing.T) {
	known := map[string]bool{}
	for line := range commandNames {
		words := strings.Fields(line)
		for n := range words {
			known[strings.Join(words[:n+1], " ")] = true
		}
	}
	for _, path := range withoutSettings {
		known[path] = true
	}
	p := &program{settings: mustLoad(t, nil, ""), out: new(bytes.Buffer), err: new(bytes.Buffer)}
	forEachCommand(p.newRoot(), func(c *cobra.Command) {
		path := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "staff0"), " ")
		if !known[path] {
			t.Errorf("it is not known which settings %q uses", path)
		}
	})
	for line, uses := range commandNames {
		t.Run(line, func(t *testing.T) {
			name, value := "", ""
			// a setting that makes this command, and as few others as can be, refuse
			for i := range settingTable {
				d := &settingTable[i]
				if d.uses&uses == 0 || d.class == credential && !d.secret {
					continue
				}
				switch {
				case d.class == fileName:
					name, value = d.name, "/dev/null"
				case d.secret:
					name, value = d.name+"_FILE", "/dev/null"
				}
			}
			environ := []string{"HOME=" + t.TempDir()}
			dotenv := fmt.Sprintf("\n%s=%s\n", name, value)
			if name == "" { // databases alone: no .env is wrong for them, so a broken one has to do
				dotenv = "A \"broken"
			}
			var out, errs bytes.Buffer
			p := &program{in: strings.NewReader(""), out: &out, err: &errs, environ: environ,
				dir: writeDotenv(t, dotenv)}
			if code := p.run(t.Context(), strings.Fields(line)); code != exitUsage {
				t.Errorf("exit code %d\n%s", code, errs.String())
			}
			if name != "" &&
				!strings.Contains(errs.String(), name+", in line 2 of .env, names a file") ||
				!strings.Contains(errs.String(), ".env") {
				t.Errorf("it says\n%s", errs.String())
			}
		})
	}
}

// TestAFileNamedByDotenvIsNotOpened: the file may be a device, a pipe, or a key of the user's.
func TestAFileNamedByDotenvIsNotOpened(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(secret, []byte("PRIVATE"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustLoad(t, nil,
		writeDotenv(t,
			"STAFF0_ISSUER=http://localhost:1/\nA2A_CLIENT_AUTH0_CLIENT_ID=x\nA2A_CLIENT_AUTH0_CLIENT_SECRET_FILE="+secret+"\n"))
	if s.ClientSecret != "" {
		t.Errorf("the secret is %q", s.ClientSecret.Reveal())
	}
	for _, uses := range []commands{forAsk, forToken} {
		wantUsage(t, s.check(uses),
			"A2A_CLIENT_AUTH0_CLIENT_SECRET_FILE, in line 3 of .env, names a file")
	}
	if err := s.check(forAgent | forAPI); err != nil {
		t.Errorf("it is nothing to other commands: %v", err)
	}
}

// TestAnOpenStateDirectoryIsSaid: one that is there is not changed, but said.
func TestAnOpenStateDirectoryIsSaid(t *testing.T) {
	for _, tt := range []struct {
		mode   os.FileMode
		warned bool
	}{{0o700, false}, {0o755, true}, {0o750, true}, {0o701, true}} {
		for _, uses := range []commands{forAgent, forAPI, forAsk} {
			dir := t.TempDir()
			if err := os.Chmod(dir, tt.mode); err != nil {
				t.Fatal(err)
			}
			s := mustLoad(t, []string{"STATE_DIRECTORY=" + dir}, "")
			if err := s.check(uses); err != nil {
				t.Fatal(err)
			}
			warned := len(s.warnings) == 1 && strings.Contains(s.warnings[0], dir) &&
				strings.Contains(s.warnings[0], "chmod go-rwx")
			if warned != (tt.warned && uses != forAsk) {
				t.Errorf("%v for %b: %q", tt.mode, uses, s.warnings)
			}
		}
	}
	s := mustLoad(t, []string{"STATE_DIRECTORY=" + filepath.Join(t.TempDir(), "none")}, "")
	if err := s.check(forAgent); err != nil || len(s.warnings) > 0 {
		t.Errorf("one that is not there yet: %v, %q", err, s.warnings)
	}
}
