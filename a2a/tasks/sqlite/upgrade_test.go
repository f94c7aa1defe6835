package sqlite

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

// earlier is a file that release 861aec8 has left when it was killed, with a task in every state.
const earlier = "testdata/861aec8.db.gz"

func unpack(t *testing.T) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "agent.db")
	if err := os.WriteFile(p, storetest.Unpack(t, earlier), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAFileOfAnEarlierReleaseIsReadAndGoesOn(t *testing.T) {
	p := unpack(t)
	if _, err := Open(t.Context(), p, Options{ReadOnly: true}); err == nil {
		t.Error("a reader has opened a file that an agent must bring up to date first")
	}
	s := open(t, p)
	want := storetest.EarlierSQLite
	storetest.Upgraded(t, s, want)
	// Those that shared a prompt share a hold.
	var shared []a2a.TaskID
	var key []byte
	if err := s.readers.QueryRow("SELECT hold FROM tasks WHERE id = ?", string(want.Real)).Scan(
		&key); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Hold(t.Context(), tasks.Key(key)); err != nil {
		t.Error(err)
	} else {
		shared = h.Tasks
	}
	if !slices.Equal(shared, []a2a.TaskID{want.Real, want.Joined}) {
		t.Errorf("the hold is shared by %v", shared)
	}
	if n, err := s.Kept(t.Context(), "bank"); err != nil || n < 11*500 {
		t.Errorf("%d bytes are kept, %v", n, err)
	}
}
