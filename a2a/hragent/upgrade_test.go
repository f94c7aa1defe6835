package hragent

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/sqlite"
	"staff0/ciba"
)

// The waiting tasks in the file that release 861aec8 has left when it was killed; see the store's
// own test of it.
const (
	olderFile        = "../tasks/sqlite/testdata/861aec8.db.gz"
	olderWaits       = a2a.TaskID("01a21e45-332f-7f0f-8bff-d4149b18bbb0")
	olderJoined      = a2a.TaskID("01a21e45-355e-7d19-b1c1-7a320569e1cd")
	olderPretended   = a2a.TaskID("01a21e45-37a2-741b-a60c-18db3cac5408")
	olderUnannounced = a2a.TaskID("01a21e45-3b25-7f5d-b1a3-d11bdc192f58")
	olderAtWork      = a2a.TaskID("01a21e45-3bf5-7f4b-b0d8-11ec805ae5f8")
)

// unpackOlder brings the file to the present: people have a little time left to answer.
func unpackOlder(t *testing.T, left time.Duration) string {
	t.Helper()
	f, err := os.Open(olderFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "agent.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	deadline := time.Now().Add(left).UTC().Format(time.RFC3339Nano)
	for _, id := range []a2a.TaskID{olderWaits, olderJoined, olderPretended, olderUnannounced} {
		var text []byte
		if err := db.QueryRow("SELECT checkpoint FROM tasks WHERE id = ?",
			string(id)).Scan(&text); err != nil {
			t.Fatal(err)
		}
		checkpoint := map[string]any{}
		if err := json.Unmarshal(text, &checkpoint); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"deadline", "until", "expires_at"} {
			if checkpoint[name] != nil {
				checkpoint[name] = deadline
			}
		}
		checkpoint["lifetime"], checkpoint["step"] = left, deadline
		if checkpoint["interval"] != nil {
			checkpoint["interval"] = 200 * time.Millisecond
		}
		if text, err = json.Marshal(checkpoint); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("UPDATE tasks SET checkpoint = ? WHERE id = ?", text,
			string(id)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// What waits in a file of an earlier release is answered after an upgrade, and nobody is prompted
// again. Only the one whom nobody had looked up yet is prompted, for the first time.
func TestAnUpgradeWithQuestionsUnderWay(t *testing.T) {
	store, err := sqlite.Open(t.Context(), unpackOlder(t, 4*time.Second), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w := newWorld(t)
	w.store = store
	w.config.Expiry = 4 * time.Second
	w.phone.poll = func(_ context.Context, _ int, want ciba.Expectation) (*ciba.Grant, error) {
		return grantOf(want.Subject), nil
	}
	w.start()
	for id, want := range map[a2a.TaskID]a2a.TaskState{
		olderWaits:       a2a.TaskStateCompleted,
		olderJoined:      a2a.TaskStateCompleted,
		olderPretended:   a2a.TaskStateRejected,
		olderUnannounced: a2a.TaskStateCompleted,
		olderAtWork:      a2a.TaskStateCompleted,
	} {
		last := a2a.TaskStateUnspecified
		for entry, err := range w.engine.Subscribe(t.Context(), tasks.Owner("bank"),
			&a2a.SubscribeToTaskRequest{ID: id}) {
			if err != nil {
				break // it has ended already
			}
			if u, ok := entry.Event.(*a2a.TaskStatusUpdateEvent); ok {
				last = u.Status.State
			}
		}
		rec, err := store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got := rec.Task.Status.State; got != want {
			t.Errorf("task %s ended %v (the stream %v), want %v", id, got, last, want)
		}
	}
	w.end()
	if n := w.phone.prompts(); n != 1 {
		t.Errorf("%d prompts, want the one of the question that was at work", n)
	}
}
