package sqlite

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// earlier is a file that release 861aec8 has left when it was killed, with a task in every state.
const earlier = "testdata/861aec8.db.gz"

// The tasks in it.
const (
	earlierReal      = a2a.TaskID("01a21e45-332f-7f0f-8bff-d4149b18bbb0") // waits for an approval
	earlierJoined    = a2a.TaskID("01a21e45-355e-7d19-b1c1-7a320569e1cd") // for the same one
	earlierPretended = a2a.TaskID("01a21e45-37a2-741b-a60c-18db3cac5408") // nobody was asked
	// the caller had not been told yet
	earlierUnannounced = a2a.TaskID("01a21e45-3b25-7f5d-b1a3-d11bdc192f58")
	// the person had not been looked up yet
	earlierAtWork = a2a.TaskID("01a21e45-3bf5-7f4b-b0d8-11ec805ae5f8")
)

func unpack(t *testing.T) string {
	t.Helper()
	f, err := os.Open(earlier)
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
	p := filepath.Join(t.TempDir(), "agent.db")
	if err := os.WriteFile(p, b, 0o600); err != nil {
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
	for id, state := range map[a2a.TaskID]a2a.TaskState{
		"01a21e44-f1a3-79aa-967e-e2724d377a96": a2a.TaskStateCompleted,
		"01a21e45-0565-714c-a52b-5fb60dbe7fef": a2a.TaskStateRejected,
		"01a21e45-1b73-7ee2-943c-c48ce1e9dc2f": a2a.TaskStateFailed,
		"01a21e45-1922-765b-ac24-9b374361f8d5": a2a.TaskStateInputRequired,
		"01a21e45-195d-7565-8cf3-180ad36496d8": a2a.TaskStateCanceled,
		earlierReal:                            a2a.TaskStateAuthRequired,
		earlierJoined:                          a2a.TaskStateAuthRequired,
		earlierPretended:                       a2a.TaskStateAuthRequired,
		earlierUnannounced:                     a2a.TaskStateWorking,
		earlierAtWork:                          a2a.TaskStateWorking,
	} {
		r, err := s.Get(t.Context(), id)
		if err != nil || r.Task.Status.State != state {
			t.Errorf("task %s: %v, %v", id, r, err)
			continue
		}
		if entries, err := s.Events(t.Context(), id, 0); err != nil || len(entries) != int(r.Seq) {
			t.Errorf("task %s: %d entries, %v", id, len(entries), err)
		}
	}
	page, err := s.List(t.Context(), tasks.Query{Owner: "bank", Limit: 100})
	if err != nil || page.Total != 11 || len(page.Records) != 11 {
		t.Errorf("%d tasks are listed, %v", page.Total, err)
	}
	pending, err := s.Claim(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var waiting, atWork []a2a.TaskID
	for _, p := range pending {
		if len(p.Checkpoint) > 0 {
			waiting = append(waiting, p.ID)
		} else if p.State != a2a.TaskStateInputRequired {
			atWork = append(atWork, p.ID)
		}
	}
	if !slices.Equal(waiting, []a2a.TaskID{earlierReal, earlierJoined, earlierPretended,
		earlierUnannounced}) {
		t.Errorf("waiting: %v", waiting)
	}
	if !slices.Equal(atWork, []a2a.TaskID{earlierAtWork}) {
		t.Errorf("at work: %v", atWork)
	}
	// Those that shared a prompt share a hold.
	var shared []a2a.TaskID
	var key []byte
	if err := s.readers.QueryRow("SELECT hold FROM tasks WHERE id = ?", string(earlierReal)).Scan(
		&key); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Hold(t.Context(), tasks.Key(key)); err != nil {
		t.Error(err)
	} else {
		shared = h.Tasks
	}
	if !slices.Equal(shared, []a2a.TaskID{earlierReal, earlierJoined}) {
		t.Errorf("the hold is shared by %v", shared)
	}
	hooks, err := s.LiveWebhooks(t.Context(), 0, 10)
	if err != nil || len(hooks) != 2 || !hooks[0].Behind || hooks[0].Config.Token != "hook-token" {
		t.Errorf("webhooks %+v, %v", hooks, err)
	}
	if n, err := s.Kept(t.Context(), "bank"); err != nil || n < 11*500 {
		t.Errorf("%d bytes are kept, %v", n, err)
	}
}
