package hrapi

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// openFile opens the database in a file as the program does.
func openFile(t testing.TB, path string) *Database {
	t.Helper()
	d, err := Open(t.Context(), pool(t, DSN(path)))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func pool(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newFile(t testing.TB) *Database {
	t.Helper()
	return openFile(t, filepath.Join(t.TempDir(), "employees.db"))
}

func records(t testing.TB, d *Database) []Record {
	t.Helper()
	var all []Record
	for r, err := range d.List(t.Context()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		all = append(all, r)
	}
	return all
}

// lines is what records say, without the time of the import.
func lines(t testing.TB, d *Database) []string {
	t.Helper()
	var out []string
	for _, r := range records(t, d) {
		out = append(out, strings.Join(r.fileValues(), ","))
	}
	return out
}

func mustImport(t testing.TB, d *Database, file string, opts ImportOptions) Summary {
	t.Helper()
	s, err := d.Import(t.Context(), strings.NewReader(file), opts)
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	return s
}

func wantLines(t testing.TB, d *Database, want ...string) {
	t.Helper()
	if got := lines(t, d); !slices.Equal(got, want) {
		t.Errorf("the database holds\n%s\nwant\n%s", strings.Join(got, "\n"),
			strings.Join(want, "\n"))
	}
}
