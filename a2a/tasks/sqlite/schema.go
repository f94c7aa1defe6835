package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed schema/*.sql
var schema embed.FS

// applicationID marks the file as ours (PRAGMA application_id): "st0a".
const applicationID = 0x73743061

// migrations are the schema files in the order of their names. The version of a database is how
// many of them it has seen (PRAGMA user_version).
func migrations() ([]string, error) {
	names, err := fs.Glob(schema, "schema/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	statements := make([]string, len(names))
	for i, name := range names {
		b, err := schema.ReadFile(name)
		if err != nil {
			return nil, err
		}
		statements[i] = string(b)
	}
	return statements, nil
}

// migrate brings a database up to date, each file in a transaction of its own. A database that only
// reads must be up to date already.
func migrate(ctx context.Context, conn *sql.Conn, path string, readOnly bool) error {
	files, err := migrations()
	if err != nil {
		return err
	}
	version, err := checkVersion(ctx, conn, path)
	if err != nil || version == len(files) {
		return err
	}
	if readOnly {
		return &Error{path, ErrReadOnly,
			fmt.Errorf("its schema is version %d of %d and must be brought up to date by an "+
				"agent first", version, len(files))}
	}
	for ; version < len(files); version++ {
		// The pragmas are part of the transaction: a crash leaves the file either before or after
		// it.
		text := fmt.Sprintf(
			"BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;",
			files[version], applicationID, version+1)
		if _, err := conn.ExecContext(ctx, text); err != nil {
			_, _ = conn.ExecContext(ctx, "ROLLBACK")
			return fmt.Errorf("schema version %d: %w", version+1, err)
		}
	}
	return nil
}

// checkVersion gives the version of a database, 0 of an empty one, and refuses what is not ours or
// newer than this program.
func checkVersion(ctx context.Context, conn *sql.Conn, path string) (int, error) {
	files, err := migrations()
	if err != nil {
		return 0, err
	}
	var version, application, objects int
	row := conn.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),
		(SELECT count(*) FROM sqlite_schema)`)
	if err := row.Scan(&version, &application, &objects); err != nil {
		return 0, err
	}
	switch {
	case application != applicationID && (objects > 0 || version != 0 || application != 0):
		return 0, &Error{Path: path, Err: ErrForeign}
	case version > len(files):
		return 0, &Error{path, ErrNewerSchema,
			fmt.Errorf("schema version %d, this one knows %d", version, len(files))}
	}
	return version, nil
}
