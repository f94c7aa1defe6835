package cmd

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
)

func readme(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// readmeBlocks are the fenced blocks of a language.
func readmeBlocks(text, language string) []string {
	var blocks []string
	for {
		_, rest, ok := strings.Cut(text, "\n```"+language+"\n")
		if !ok {
			return blocks
		}
		block, after, ok := strings.Cut(rest, "\n```")
		if !ok {
			return blocks
		}
		blocks, text = append(blocks, block), after
	}
}

// readmeCommands are the lines to run: all of an `sh` block, and of a `console` block those after a
// prompt. Tests do not run the tests again.
func readmeCommands(text string) []string {
	var all []string
	for _, block := range readmeBlocks(text, "sh") {
		var lines []string
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "go test") {
				lines = append(lines, line)
			}
		}
		all = append(all, strings.Join(lines, ""))
	}
	for _, block := range readmeBlocks(text, "console") {
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok &&
				!strings.HasPrefix(command, "go test") {
				all = append(all, command)
			}
		}
	}
	return all
}

func TestReadmeCommandsAreFound(t *testing.T) {
	got := readmeCommands(
		"a\n```sh\none\ngo test ./...\ntwo\n```\n```\nnot me\n```\n\n```console\n$ three\nits " +
			"output\n$ four\n```\n")
	if want := []string{"one\ntwo", "three\n", "four"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestReadmeCommands runs what the README tells a newcomer to run, with an empty home and no
// settings.
func TestReadmeCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	commands := readmeCommands(readme(t))
	if len(commands) == 0 {
		t.Fatal("the README has no fenced block of sh or console, so there is nothing to run")
	}
	goEnv, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS").Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Split(string(goEnv), "\n")
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range commands {
		t.Run(strings.TrimSpace(command), func(t *testing.T) {
			t.Parallel()
			// a first build is among them
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			c := exec.CommandContext(ctx, "sh", "-eu", "-c", command)
			c.Dir = root
			c.Env = []string{
				"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"),
				"GOCACHE=" + values[0], "GOMODCACHE=" + values[1], "GOPROXY=" + values[2],
				"GOFLAGS=" + values[3],
			}
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestReadmeNames demands that what the README calls a script is one.
func TestReadmeNames(t *testing.T) {
	text := readme(t)
	for _, m := range regexp.MustCompile("script `([^`]+)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("testdata", "script", m[1]+".txtar")); err != nil {
			t.Errorf("the README names the script %s: %v", m[1], err)
		}
	}
}

// TestReadmeSettings demands that the README's table is the one in the code.
func TestReadmeSettings(t *testing.T) {
	fields, err := env.GetFieldParams(new(settings))
	if err != nil {
		t.Fatal(err)
	}
	standards := map[string]string{}
	for _, f := range fields {
		if f.HasDefaultValue {
			standards[f.OwnKey] = "`" + f.DefaultValue + "`"
		}
	}
	var want strings.Builder
	want.WriteString(
		"| variable | used by | default | in `.env` | meaning |\n|---|---|---|---|---|\n")
	for i := range settingTable {
		d := &settingTable[i]
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s | %s |\n", d.name, d.uses,
			cmp.Or(standards[d.name], d.standard), d.inDotenv(), d.doc)
	}
	if !strings.Contains(readme(t), "\n"+want.String()+"\n") {
		t.Errorf("the README's table of settings should be\n%s", want.String())
	}
}

// String is the column "used by" of the README.
func (u commands) String() string {
	var words []string
	for _, w := range []struct {
		of   commands
		word string
	}{{forAsk | forToken | forHook, "client"}, {forAgent | forStore | forCardKey, "agent"},
		{forAPI | forRecords, "API"}} {
		if u&w.of != 0 {
			words = append(words, w.word)
		}
	}
	return strings.ReplaceAll(strings.Join(words, ", "), "client, agent, API", "all")
}

// inDotenv is the column "in .env" of the README.
func (d *setting) inDotenv() string {
	switch {
	case d.namesOne != nil:
		return "with credentials, `file:` never"
	case d.class == fileName:
		return "never"
	case d.class == harmless || d.class == credential:
		return "yes"
	case d.party&toProvider == 0:
		return "with the key"
	}
	return "with credentials"
}
