package storetest

import (
	"compress/gzip"
	"io"
	"os"
	"slices"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// Earlier is what a store of an earlier release held when its agent was killed: a task in every
// state, all of one owner.
type Earlier struct {
	// Tasks that had ended, or that waited for their caller.
	Completed, Rejected, Failed, InputRequired, Canceled a2a.TaskID
	// Tasks that go on.
	Real        a2a.TaskID // waits for an approval
	Joined      a2a.TaskID // for the same one
	Pretended   a2a.TaskID // nobody was asked
	Unannounced a2a.TaskID // the caller had not been told yet
	AtWork      a2a.TaskID // the person had not been looked up yet
	// Total counts all tasks, those included that are not named here.
	Total int
}

// EarlierSQLite is in a2a/tasks/sqlite/testdata/861aec8.db.gz.
var EarlierSQLite = Earlier{
	Completed:     "01a21e44-f1a3-79aa-967e-e2724d377a96",
	Rejected:      "01a21e45-0565-714c-a52b-5fb60dbe7fef",
	Failed:        "01a21e45-1b73-7ee2-943c-c48ce1e9dc2f",
	InputRequired: "01a21e45-1922-765b-ac24-9b374361f8d5",
	Canceled:      "01a21e45-195d-7565-8cf3-180ad36496d8",
	Real:          "01a21e45-332f-7f0f-8bff-d4149b18bbb0",
	Joined:        "01a21e45-355e-7d19-b1c1-7a320569e1cd",
	Pretended:     "01a21e45-37a2-741b-a60c-18db3cac5408",
	Unannounced:   "01a21e45-3b25-7f5d-b1a3-d11bdc192f58",
	AtWork:        "01a21e45-3bf5-7f4b-b0d8-11ec805ae5f8",
	Total:         11,
}

// EarlierPostgres is in a2a/tasks/postgres/testdata/861aec8.sql.gz.
var EarlierPostgres = Earlier{
	Completed:     "01a21e45-4c22-782f-af05-468ce09cf929",
	Rejected:      "01a21e45-5fe9-7a6b-a62e-4760f697a940",
	Failed:        "01a21e45-75d1-7a80-bfd0-1b0ee7e0a0fe",
	InputRequired: "01a21e45-739f-7702-854c-c30bcd65b70e",
	Canceled:      "01a21e45-73a8-78a7-9f5c-f1b209011015",
	Real:          "01a21e45-8d62-777d-a908-8cf536a18546",
	Joined:        "01a21e45-8fb0-73e7-ba1e-6fb67cdc5717",
	Pretended:     "01a21e45-91dd-7615-9e55-0a222f7cc2bb",
	Unannounced:   "01a21e45-9924-7ea4-a0ea-8ca90cca730b",
	AtWork:        "01a21e45-99fa-7b39-9ad0-495c766ffa07",
	Total:         13,
}

// Unpack reads a file of gzip.
func Unpack(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
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
	return b
}

// Upgraded demands of a store that was brought up to date that everything in it can be read and
// that what was under way goes on.
func Upgraded(t *testing.T, s tasks.Store, e Earlier) {
	t.Helper()
	for id, state := range map[a2a.TaskID]a2a.TaskState{
		e.Completed:     a2a.TaskStateCompleted,
		e.Rejected:      a2a.TaskStateRejected,
		e.Failed:        a2a.TaskStateFailed,
		e.InputRequired: a2a.TaskStateInputRequired,
		e.Canceled:      a2a.TaskStateCanceled,
		e.Real:          a2a.TaskStateAuthRequired,
		e.Joined:        a2a.TaskStateAuthRequired,
		e.Pretended:     a2a.TaskStateAuthRequired,
		e.Unannounced:   a2a.TaskStateWorking,
		e.AtWork:        a2a.TaskStateWorking,
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
	if err != nil || page.Total != e.Total || len(page.Records) != e.Total {
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
	if !slices.Equal(waiting, []a2a.TaskID{e.Real, e.Joined, e.Pretended, e.Unannounced}) {
		t.Errorf("waiting: %v", waiting)
	}
	if !slices.Equal(atWork, []a2a.TaskID{e.AtWork}) {
		t.Errorf("at work: %v", atWork)
	}
	hooks, err := s.(tasks.Webhooks).LiveWebhooks(t.Context(), 0, 10)
	if err != nil || len(hooks) != 2 || !hooks[0].Behind || hooks[0].Config.Token != "hook-token" {
		t.Errorf("webhooks %+v, %v", hooks, err)
	}
}
