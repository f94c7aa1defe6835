package postgres

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// earlier is a schema that release 861aec8 has left when its agent was killed, with a task in every
// state.
const earlier = "testdata/861aec8.sql.gz"

// The tasks in it that go on.
const (
	earlierReal      = a2a.TaskID("01a21e45-8d62-777d-a908-8cf536a18546") // waits for an approval
	earlierJoined    = a2a.TaskID("01a21e45-8fb0-73e7-ba1e-6fb67cdc5717") // for the same one
	earlierPretended = a2a.TaskID("01a21e45-91dd-7615-9e55-0a222f7cc2bb") // nobody was asked
	// the caller had not been told yet
	earlierUnannounced = a2a.TaskID("01a21e45-9924-7ea4-a0ea-8ca90cca730b")
	// the person had not been looked up yet
	earlierAtWork = a2a.TaskID("01a21e45-99fa-7b39-9ad0-495c766ffa07")
)

// restore makes such a schema, whose agents live on for so long.
func restore(t *testing.T, alive string) string {
	t.Helper()
	name := space(t)
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
	text := strings.NewReplacer("staff0.", name+".", "SCHEMA staff0;", "SCHEMA "+name+
		";").Replace(string(b))
	text += fmt.Sprintf("\nUPDATE %s.agents SET alive_until = now() + interval '%s';", name, alive)
	conn, err := pgx.Connect(t.Context(), address(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.PgConn().Exec(t.Context(), text).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestASchemaOfAnEarlierReleaseIsReadAndGoesOn(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Schema: restore(t, "0 s")})
	for id, state := range map[a2a.TaskID]a2a.TaskState{
		"01a21e45-4c22-782f-af05-468ce09cf929": a2a.TaskStateCompleted,
		"01a21e45-5fe9-7a6b-a62e-4760f697a940": a2a.TaskStateRejected,
		"01a21e45-75d1-7a80-bfd0-1b0ee7e0a0fe": a2a.TaskStateFailed,
		"01a21e45-739f-7702-854c-c30bcd65b70e": a2a.TaskStateInputRequired,
		"01a21e45-73a8-78a7-9f5c-f1b209011015": a2a.TaskStateCanceled,
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
	if err != nil || page.Total != 13 || len(page.Records) != 13 {
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
	hooks, err := s.LiveWebhooks(t.Context(), 0, 10)
	if err != nil || len(hooks) != 2 || !hooks[0].Behind || hooks[0].Config.Token != "hook-token" {
		t.Errorf("webhooks %+v, %v", hooks, err)
	}
}

// An agent of an earlier release would break on the next schema, so it has to be stopped first.
func TestAnAgentDoesNotStartBesideOlderOnes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), address(t), Options{Schema: restore(t, "1 h"), Lease: time.Second})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, ErrOlderAgents) || !strings.Contains(err.Error(), "version 2") ||
		!strings.Contains(err.Error(), "version 3") {
		t.Errorf("got %v", err)
	}
}
