//go:build unix

package cmd

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program itself, and the strangers that it meets: a provider
// that is not ours, and a peer that says whatever a script wants it to say.
func TestMain(m *testing.M) {
	programs := map[string]func(){
		"staff0":   func() { os.Exit(Main()) },
		"provider": func() { os.Exit(providerMain()) },
		"peer":     func() { os.Exit(peerMain()) },
	}
	if programs[filepath.Base(os.Args[0])] == nil {
		allowParallel(16)
	}
	testscript.Main(m, programs)
}

// allowParallel lets more scripts run at once than there are processors, unless somebody has said
// how many: they wait for people and deadlines more than they compute.
func allowParallel(n int) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", strconv.Itoa(n))
	}
}

// TestScripts runs the program as people and other programs use it, one story in each script.
func TestScripts(t *testing.T) {
	transcript := new(transcript)
	t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir:                 filepath.Join("testdata", "script"),
			Setup:               scriptSetup(transcript),
			Cmds:                scriptCommands(),
			RequireExplicitExec: true,
			RequireUniqueNames:  true,
		})
	})
	// The scripts above have ended: a group of parallel tests is over when its t.Run returns.
	transcript.check(t)
}

// scriptSetup gives every script a home of its own and an environment without settings but for
// databases in memory: scripts that are about files say so.
func scriptSetup(transcript *transcript) func(*testscript.Env) error {
	return func(e *testscript.Env) error {
		home := filepath.Join(e.WorkDir, "home")
		if err := os.Mkdir(home, 0o700); err != nil {
			return err
		}
		e.Setenv("HOME", home)
		e.Setenv("STAFF0_AGENT_DATABASE", "memory:")
		e.Setenv("STAFF0_API_DATABASE", "memory:")
		// With the race detector a process would sleep for a second before it ends.
		e.Setenv("GORACE", "atexit_sleep_ms=10")
		processes := &processes{byName: map[string]*process{}, transcript: transcript}
		e.Values[processesKey{}] = processes
		e.Defer(processes.stop)
		return nil
	}
}

// transcript is all that the program has printed in all scripts.
type transcript struct {
	mu      sync.Mutex
	outputs []output
}

type output struct{ script, command, stream, text string }

func (t *transcript) add(script, command, stdout, stderr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outputs = append(t.outputs, output{script, command, "stdout", stdout},
		output{script, command, "stderr", stderr})
}

var (
	// scriptSecrets are the known secrets, and the word that every secret in a script contains.
	scriptSecrets = []string{"bank-secret", "hr-agent-secret", "do-not-print"}
	jwtPattern    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)
	})
)

// check demands that no secret and no token was printed, and no personal data logged. The one
// command whose answer is a token is exempt.
func (t *transcript) check(tt *testing.T) {
	if len(t.outputs) == 0 {
		tt.Error("the scripts have left no output to check")
	}
	for _, o := range t.outputs {
		for _, secret := range scriptSecrets {
			if strings.Contains(o.text, secret) {
				tt.Errorf("%s: %s printed the secret %q on %s", o.script, o.command, secret,
					o.stream)
			}
		}
		isToken := o.stream == "stdout" && strings.HasPrefix(o.command, "staff0 client token")
		if token := jwtPattern().FindString(o.text); token != "" && !isToken {
			tt.Errorf("%s: %s printed a token on %s", o.script, o.command, o.stream)
		}
		for line := range strings.Lines(o.text) {
			if strings.HasPrefix(line, "time=") &&
				(strings.Contains(line, "@staff0.com") || strings.Contains(line, "auth0|")) {
				tt.Errorf("%s: %s logged personal data: %s", o.script, o.command, line)
			}
		}
	}
}
