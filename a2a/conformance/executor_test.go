package main

import (
	"strings"
	"testing"

	"staff0/a2a"
)

func TestTheLongestPrefixDecides(t *testing.T) {
	for id, want := range map[string]string{
		"tck-artifact-file-url-session": "tck-artifact-file-url",
		"tck-artifact-file-session":     "tck-artifact-file",
		"tck-stream-artifact-text":      "tck-stream-artifact-text",
		"tck-unheard-of":                "",
		"":                              "",
	} {
		if got := find(id).prefix; got != want {
			t.Errorf("%q is played as %q, want %q", id, got, want)
		}
	}
}

// The engine writes ids and times into events, so two turns must not share any.
func TestEveryTurnHasEventsOfItsOwn(t *testing.T) {
	for _, s := range scripts {
		if s.steps == nil {
			continue
		}
		seen := map[a2a.Event]bool{}
		for range 2 {
			for _, step := range s.steps() {
				for _, event := range step {
					if seen[event] {
						t.Errorf("%q makes an event once for all", s.prefix)
					}
					seen[event] = true
				}
			}
		}
	}
}

func TestEveryScriptIsReached(t *testing.T) {
	for _, s := range scripts {
		if find(s.prefix+"-1").prefix != s.prefix {
			t.Errorf("%q is hidden by another script", s.prefix)
		}
		if (s.steps == nil) != (s.reply != "") || strings.HasSuffix(s.prefix, "-") {
			t.Errorf("%q has neither steps nor a reply, or both", s.prefix)
		}
	}
}
