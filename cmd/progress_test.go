//go:build linux

package cmd

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tellStory does what a question does: it begins to wait, has something to say, waits until a
// deadline, and is done.
func tellStory(p *program, quiet bool) {
	progress := p.newProgress(quiet)
	progress.wait("Asking…", time.Time{})
	progress.say("Waiting for the person's approval. Code %s.", progress.bold("7K3F-9QXM"))
	progress.wait("Waiting for the person's approval…", time.Now().Add(90*time.Second))
	progress.done()
}

func TestProgressInAPipe(t *testing.T) {
	var got bytes.Buffer
	tellStory(&program{err: &got}, false)
	if want := "Waiting for the person's approval. Code 7K3F-9QXM.\n"; got.String() != want {
		t.Errorf("a pipe gets whole lines and nothing that moves: got %q, want %q",
			got.String(), want)
	}
	// A file is no terminal either.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tellStory(&program{err: w}, false)
	w.Close()
	if text, _ := io.ReadAll(r); string(text) != got.String() {
		t.Errorf("got %q", text)
	}
}

func TestProgressQuiet(t *testing.T) {
	var got bytes.Buffer
	tellStory(&program{err: &got}, true)
	if got.Len() > 0 {
		t.Errorf("got %q", got.String())
	}
}

func TestProgressOnATerminal(t *testing.T) {
	const line = "Waiting for the person's approval. Code "
	for _, tt := range []struct {
		why        string
		environ    []string
		moves      bool
		code       string // as it is shown
		everything string // pattern of the moving line
	}{
		{"a spinner with the time that has passed and the time that is left", nil, true,
			"\x1b[1m7K3F-9QXM\x1b[0m.",
			`⠋ Waiting for the person's approval… 0s \(1m30s left\)`},
		{"NO_COLOR leaves the spinner without colour", []string{"NO_COLOR=1"}, true, "7K3F-9QXM.",
			`⠋ Asking… 0s`},
		{"an empty NO_COLOR is none (no-color.org)", []string{"NO_COLOR="}, true,
			"\x1b[1m7K3F-9QXM\x1b[0m.", ``},
		{"a terminal that cannot do it gets plain lines", []string{"TERM=dumb"}, false,
			"7K3F-9QXM.", ``},
	} {
		t.Run(tt.why, func(t *testing.T) {
			screen, shown := testTerminal(t)
			tellStory(&program{err: screen, environ: tt.environ}, false)
			got := shown()
			if !strings.Contains(got, line+tt.code) {
				t.Errorf("%q lacks %q", got, line+tt.code)
			}
			if moves := strings.Contains(got, "⠋"); moves != tt.moves {
				t.Errorf("moves: %v, want %v: %q", moves, tt.moves, got)
			}
			if !regexp.MustCompile(tt.everything).MatchString(got) {
				t.Errorf("%q lacks %q", got, tt.everything)
			}
			if tt.moves && !strings.HasSuffix(got, "\r\x1b[K") {
				t.Errorf("the moving line is left on the screen: %q", got)
			}
		})
	}
}

func TestColourNeedsATerminal(t *testing.T) {
	if got := (&program{err: new(bytes.Buffer)}).newProgress(false).bold("x"); got != "x" {
		t.Errorf("got %q", got)
	}
}
