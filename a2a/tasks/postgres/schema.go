package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed schema/*.sql
var schema embed.FS

// lockSeed keeps our advisory locks apart from those of others in the same database: "st0a".
const lockSeed = "1936994401"

// migrations are the schema files in the order of their names. The version of a database is how
// many of them it has seen.
func migrations() ([]string, error) {
	names, err := fs.Glob(schema, "schema/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	files := make([]string, len(names))
	for i, name := range names {
		b, err := schema.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[i] = string(b)
	}
	return files, nil
}

// migrate brings the schema up to date, each file in a transaction of its own. Several agents may
// start at once: each transaction takes a lock and looks what is left to do.
func (s *Store) migrate(ctx context.Context) error {
	files, err := migrations()
	if err != nil {
		return err
	}
	for started := time.Now(); ; {
		version, err := s.version(ctx)
		switch {
		case err != nil:
			return err
		case version > len(files):
			return &Error{ErrNewerSchema, fmt.Errorf("schema version %d, this one knows %d",
				version, len(files))}
		case version == len(files):
			return nil
		case s.readOnly:
			return &Error{ErrReadOnly,
				fmt.Errorf("its schema is version %d of %d and must be brought up to date by an "+
					"agent first", version, len(files))}
		}
		err = s.upgrade(ctx, files)
		// An agent that was killed a moment ago is taken for alive until its lease ends.
		if errors.Is(err, ErrOlderAgents) && time.Since(started) < olderLeases*s.holder.lease &&
			sleep(ctx, olderLook) {
			continue
		}
		if err != nil {
			return err
		}
	}
}

// How long is waited for the leases of agents that know an older schema only, in leases of this
// agent, and how often is looked.
const (
	olderLeases = 2
	olderLook   = 500 * time.Millisecond
)

// older reports whether agents live that know an older schema only: they would break on the next
// one.
func older(ctx context.Context, tx pgx.Tx, version, latest int) error {
	if version == 0 {
		return nil
	}
	var living int
	if err := tx.QueryRow(ctx,
		"SELECT count(*) FROM agents WHERE alive_until > clock_timestamp()").Scan(
		&living); err != nil || living == 0 {
		return err
	}
	return &Error{ErrOlderAgents,
		fmt.Errorf("agents: %d, of schema version %d; this one has version %d", living, version,
			latest)}
}

// version is that of the schema, 0 if there is none.
func (s *Store) version(ctx context.Context) (version int, err error) {
	var there bool
	err = s.pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL",
		s.table("schema_version")).Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	err = s.pool.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(
		&version)
	return version, err
}

// upgrade applies the next file.
func (s *Store) upgrade(ctx context.Context, files []string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('schema ' || $1, "+
			lockSeed+"))", s.schema); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL",
			s.quoted).Scan(&there); err != nil {
			return err
		}
		if !there { // it may have been made for a user who may not make schemas
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+s.quoted); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx,
			"CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, applied "+
				"timestamptz NOT NULL DEFAULT now())")
		if err != nil {
			return err
		}
		var version int
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(
			&version); err != nil || version >= len(files) {
			return err // another agent was faster
		}
		if err := older(ctx, tx, version, len(files)); err != nil {
			return err
		}
		// The simple protocol takes several statements at once.
		if _, err := tx.Conn().PgConn().Exec(ctx, files[version]).ReadAll(); err != nil {
			return fmt.Errorf("schema version %d: %w", version+1, err)
		}
		_, err = tx.Exec(ctx, "INSERT INTO schema_version (version) VALUES ($1)", version+1)
		return err
	})
}

func (s *Store) table(name string) string { return pgx.Identifier{s.schema, name}.Sanitize() }
