package sqlite

import (
	"path/filepath"
	"testing"

	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

// open opens a store for a test and closes it at the end.
func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Stores{
		Open: func(t *testing.T) tasks.Store {
			return open(t, filepath.Join(t.TempDir(), "agent.db"))
		},
		Reopen: func(t *testing.T, s tasks.Store) tasks.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, s.(*Store).path)
		},
	})
}
