package hragent

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/sqlite"
	"staff0/a2a/tasks/storetest"
	"staff0/ciba"
)

// olderFile is the file that release 861aec8 has left when it was killed; olderTasks are in it.
const olderFile = "../tasks/sqlite/testdata/861aec8.db.gz"

var olderTasks = storetest.EarlierSQLite

// unpackOlder brings the file to the present: people have a little time left to answer.
func unpackOlder(t *testing.T, left time.Duration) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.db")
	if err := os.WriteFile(path, storetest.Unpack(t, olderFile), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	deadline := time.Now().Add(left).UTC().Format(time.RFC3339Nano)
	for _, id := range []a2a.TaskID{olderTasks.Real, olderTasks.Joined, olderTasks.Pretended,
		olderTasks.Unannounced} {
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
		olderTasks.Real:        a2a.TaskStateCompleted,
		olderTasks.Joined:      a2a.TaskStateCompleted,
		olderTasks.Pretended:   a2a.TaskStateRejected,
		olderTasks.Unannounced: a2a.TaskStateCompleted,
		olderTasks.AtWork:      a2a.TaskStateCompleted,
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
