package cmd

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver of the employees database; the tasks have their own package

	"staff0/a2a/tasks"
	"staff0/a2a/tasks/postgres"
	"staff0/a2a/tasks/sqlite"
	"staff0/hrapi"
)

// The names of the databases in the state directory.
const (
	agentDatabase = "agent.db"
	apiDatabase   = "employees.db"
)

// isPostgres reports whether a setting names a PostgreSQL database. What else is in it may be a
// password.
func isPostgres(value string) bool {
	return strings.HasPrefix(value, "postgres://") || strings.HasPrefix(value, "postgresql://")
}

// shownDatabase is a setting as it may be shown.
func shownDatabase(value string) string {
	if kind, _, ok := strings.Cut(value, "://"); ok {
		return kind + "://…"
	}
	return value
}

// databaseFile reads a setting such as sqlite:agent.db. A name without a directory lies in the
// state directory. An empty path is a database in memory; ok is false for what is neither.
func (s *settings) databaseFile(value, file string) (path string, ok bool) {
	if value == "" {
		value = "sqlite:" + file
	}
	kind, path, _ := strings.Cut(value, ":")
	switch {
	case kind == "memory" && path == "":
		return "", true
	case kind != "sqlite" || path == "":
		return "", false
	case filepath.Base(path) == path:
		path = filepath.Join(s.stateDir, path)
	}
	return path, true
}

// databasePath is databaseFile with an error that says what may be set. The directory is made if
// need be.
func (s *settings) databasePath(name, value, file string) (path string, err error) {
	path, ok := s.databaseFile(value, file)
	switch {
	case !ok:
		return "", usageError(fmt.Sprintf("%s is %q", name, shownDatabase(value)),
			"sqlite:FILE or memory:, for the agent also postgres://HOST/DATABASE")
	case path == "":
		return "", nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", startError(fmt.Errorf("cannot make the directory of the database: %w", err),
			"another place with "+name)
	}
	return path, nil
}

// checkDatabases keeps employment records out of the agent's reach: what the agent does not hold,
// nobody can get from it.
func (s *settings) checkDatabases() error {
	agent, _ := s.databaseFile(s.AgentDatabase, agentDatabase)
	api, _ := s.databaseFile(s.APIDatabase, apiDatabase)
	if agent != "" && api != "" && sameFile(agent, api) {
		return usageError("agent and HR API have the same database",
			"different ones in STAFF0_AGENT_DATABASE and STAFF0_API_DATABASE; the agent must not "+
				"hold HR records")
	}
	return nil
}

// sameFile reports whether two paths lead to one file, which need not be there yet.
func sameFile(a, b string) bool {
	if aInfo, err := os.Stat(a); err == nil {
		if bInfo, err := os.Stat(b); err == nil {
			return os.SameFile(aInfo, bInfo)
		}
	}
	a, aErr := filepath.Abs(a)
	b, bErr := filepath.Abs(b)
	return aErr == nil && bErr == nil && a == b
}

// openTasks opens the agent's store.
func (s *settings) openTasks(ctx context.Context, log *slog.Logger) (tasks.Store, error) {
	if err := s.checkDatabases(); err != nil {
		return nil, err
	}
	if isPostgres(s.AgentDatabase) {
		store, err := postgres.Open(ctx, s.AgentDatabase, postgres.Options{Log: log})
		if err != nil {
			return nil, startError(err,
				"check that the PostgreSQL server runs and that STAFF0_AGENT_DATABASE is right")
		}
		return store, nil
	}
	path, err := s.databasePath("STAFF0_AGENT_DATABASE", s.AgentDatabase, agentDatabase)
	switch {
	case err != nil:
		return nil, err
	case path == "":
		return new(tasks.Memory), nil
	}
	store, err := sqlite.Open(ctx, path, sqlite.Options{Log: log})
	if err != nil {
		return nil, startError(err,
			"see which process uses the file, or name another one in STAFF0_AGENT_DATABASE")
	}
	return store, nil
}

// openTasksReadOnly opens the agent's store to look, while the agent may be running.
func (s *settings) openTasksReadOnly(ctx context.Context) (tasks.Store, error) {
	if isPostgres(s.AgentDatabase) {
		store, err := postgres.Open(ctx, s.AgentDatabase, postgres.Options{ReadOnly: true})
		if err != nil {
			return nil, startError(err, "check STAFF0_AGENT_DATABASE")
		}
		return store, nil
	}
	path, err := s.databasePath("STAFF0_AGENT_DATABASE", s.AgentDatabase, agentDatabase)
	if err == nil && path == "" {
		err = usageError("a store in memory can be seen by its own process only",
			"name the agent's database with STAFF0_AGENT_DATABASE")
	}
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, startError(err, "check STAFF0_AGENT_DATABASE")
	}
	return store, nil
}

// employees is the HR API's database with the pool under it.
type employees struct {
	*hrapi.Database
	pool *sql.DB
}

func (e *employees) Close() error { return errors.Join(e.Database.Close(), e.pool.Close()) }

// openEmployees opens the HR API's database.
func (s *settings) openEmployees(ctx context.Context) (*employees, error) {
	if err := s.checkDatabases(); err != nil {
		return nil, err
	}
	path, err := s.databasePath("STAFF0_API_DATABASE", s.APIDatabase, apiDatabase)
	if err != nil {
		return nil, err
	}
	if path != "" {
		// SQLite would make it with the permissions of the umask; its other files take after this
		// one.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, startError(fmt.Errorf("the employees database cannot be opened: %w", err),
				"check the permissions of the file and its directory")
		}
		f.Close()
	}
	pool, err := sql.Open("sqlite", hrapi.DSN(path))
	if err != nil {
		return nil, startError(fmt.Errorf("the employees database cannot be opened: %w", err),
			"check STAFF0_API_DATABASE")
	}
	db, err := hrapi.Open(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, startError(err, "check STAFF0_API_DATABASE")
	}
	return &employees{db, pool}, nil
}
