package postgres

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

// address is that of the server for tests. On a machine that says that it checks everything, there
// must be one.
func address(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("STAFF0_TEST_POSTGRES")
	if dsn == "" {
		const how = "there is no PostgreSQL server to test with: name one in " +
			"STAFF0_TEST_POSTGRES, or start one with . .ci/postgres"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	return dsn
}

// space is a schema of a test's own. It is removed at the end.
func space(t testing.TB) string {
	t.Helper()
	dsn, name := address(t), fmt.Sprintf("test_%x", random())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+name+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return name
}

// open opens a store in a schema and closes it at the end.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), address(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Stores{
		Open: func(t *testing.T) tasks.Store { return open(t, Options{Schema: space(t)}) },
		Reopen: func(t *testing.T, s tasks.Store) tasks.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, Options{Schema: s.(*Store).schema})
		},
		Second: func(t *testing.T, s tasks.Store) tasks.Store {
			return open(t, Options{Schema: s.(*Store).schema})
		},
	})
}
