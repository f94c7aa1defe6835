package cmd

import (
	"os"
	"path/filepath"
	"testing"
)

// A file that vouches for nobody is an error at the start, not a private server that cannot be
// reached later.
func TestCAFile(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, empty + "-missing", filepath.Dir(empty)} {
		s := mustLoad(t, []string{"STAFF0_CA_FILE=" + path}, "")
		for _, uses := range []commands{forAsk, forToken, forAgent, forAPI} {
			wantUsage(t, s.check(uses), "STAFF0_CA_FILE", "PEM")
		}
		if err := s.check(forStore); err != nil {
			t.Errorf("it stops a command that calls nobody: %v", err)
		}
	}
}
