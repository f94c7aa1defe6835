package postgres

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAgentsMayStartAtOnce(t *testing.T) {
	t.Parallel()
	name := space(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s, err := Open(t.Context(), address(t), Options{Schema: name})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Healthy(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := open(t, Options{Schema: name})
	files, _ := migrations()
	var n int
	if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM schema_version").Scan(
		&n); err != nil || n != len(files) {
		t.Errorf("%d versions were noted, %v", n, err)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dsn := address(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	ln.Close()
	prepare := func(statement string) func(t *testing.T) string {
		return func(t *testing.T) string {
			s := open(t, Options{Schema: space(t)})
			if _, err := s.pool.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			return s.schema
		}
	}
	for _, row := range []struct {
		name, dsn string
		schema    func(t *testing.T) string
		readOnly  bool
		want      error
	}{
		{"a server that is not there", "postgres://staff0:s3cret@" + closed + "/postgres", space2,
			false, ErrUnreachable},
		{"an address that is none", "postgres://staff0:s3cret@[/postgres", space2, false,
			ErrAddress},
		{"a setting that is none", "postgres://staff0:s3cret@" + closed +
			"/postgres?sslmode=s3cret", space2, false, ErrAddress},
		{"a database that is not there", strings.Replace(dsn, "/postgres?", "/nowhere?", 1), space2,
			false, ErrDenied},
		{"a user that is not there", strings.Replace(dsn, "staff0@", "nobody:s3cret@", 1), space2,
			false, ErrDenied},
		{"a newer schema", dsn, prepare("INSERT INTO schema_version VALUES (99)"), false,
			ErrNewerSchema},
		{"a newer schema, to read", dsn, prepare("INSERT INTO schema_version VALUES (99)"), true,
			ErrNewerSchema},
		{"a schema of somebody else", dsn,
			prepare("DROP TABLE schema_version, agents, message_keys, task_events"), false,
			ErrForeign},
		{"no schema, to read", dsn, space2, true, ErrReadOnly},
		{"a server that takes no changes", dsn + "&default_transaction_read_only=on", space2, false,
			ErrReadOnly},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := Options{Schema: row.schema(t), ReadOnly: row.readOnly}
			s, err := Open(t.Context(), row.dsn, o)
			var typed *Error
			switch {
			case err == nil:
				s.Close()
				t.Fatal("it was opened")
			case !errors.Is(err, row.want) || !errors.As(err, &typed) || typed.Try() == "":
				t.Errorf("got %v, want %v", err, row.want)
			case strings.Contains(err.Error(), "s3cret"):
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
	if _, err := Open(t.Context(), dsn, Options{Lease: time.Millisecond}); err == nil {
		t.Error("a lease of a millisecond was taken")
	}
}

// space2 is space for a table of tests.
func space2(t *testing.T) string { return space(t) }

func TestASchemaIsMadeWhereThereIsOneAlready(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Schema: space(t)})
	for _, text := range []string{"DROP SCHEMA " + s.quoted + " CASCADE", "CREATE SCHEMA " +
		s.quoted} {
		if _, err := s.pool.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, Options{Schema: s.schema})
	create(t, again, "t")
}
