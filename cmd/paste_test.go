package cmd

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestHintsCanBePasted demands that a shell reads what is printed for pasting as one command of
// ours with these words, whatever ids an agent makes up.
func TestHintsCanBePasted(t *testing.T) {
	for _, id := range []string{
		"0190-abc", "--agent=https://evil.example", "-x", "a b", "a'b", "$(touch x)", "`id`", "a;b",
		"a|b", "a\\b", "~", "=ls", "{a,b}", "[a-z]*", "a^b", "#x", "%1", "",
		"!!", "é", "a\tb",
	} {
		q := &question{program: &program{}, agent: "https://hr.example/a?b&c"}
		for _, line := range []string{q.hint([]string{"task", "watch"}, id),
			q.hint(append([]string{"ask"}, flagWords("--task", id)...), "jdoe@staff0.com")} {
			out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
			if err != nil {
				t.Errorf("%q: %s: %v", id, line, err)
				continue
			}
			words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
			// It is the id that comes out, but for what is escaped since nobody could see it.
			at := slices.IndexFunc(words, func(w string) bool {
				return w == escape(id) || w == "--task="+id
			})
			if words[0] != "staff0" || words[1] != "client" || at < 0 {
				t.Errorf("%q: %s is read as %q", id, line, words)
				continue
			}
			if strings.HasPrefix(id, "-") && words[at] == id && words[at-1] != "--" {
				t.Errorf("%q: %s lets the id be a flag", id, line)
			}
		}
	}
}
