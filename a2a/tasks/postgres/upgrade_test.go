package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a/tasks/storetest"
)

// earlier is a schema that release 861aec8 has left when its agent was killed, with a task in every
// state.
const earlier = "testdata/861aec8.sql.gz"

// restore makes such a schema, whose agents live on for so long.
func restore(t *testing.T, alive string) string {
	t.Helper()
	name := space(t)
	text := strings.NewReplacer("staff0.", name+".", "SCHEMA staff0;", "SCHEMA "+name+
		";").Replace(string(storetest.Unpack(t, earlier)))
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
	storetest.Upgraded(t, open(t, Options{Schema: restore(t, "0 s")}), storetest.EarlierPostgres)
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
