package hrapi

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"staff0/ciba/idp"
)

func TestRecordsOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?#%20.db")
	d := openFile(t, path)
	mustImport(t, d, header+ada, ImportOptions{})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the file has another name than the one given: %v", err)
	}
	wantLines(t, openFile(t, path), adaLine)
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	openFile(t, "employees.db")
	if _, err := os.Stat("employees.db"); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryIsPrivateAndLasts(t *testing.T) {
	first, second := openFile(t, ""), openFile(t, "")
	mustImport(t, first, header+ada, ImportOptions{})
	// Connections that are not in use go away; the records must not.
	first.db.SetMaxIdleConns(0)
	wantLines(t, first, adaLine)
	wantLines(t, second)
}

func TestEmployee(t *testing.T) {
	d := newFile(t)
	at := mustImport(t, d, header+ada, ImportOptions{}).At
	got, err := d.Employee(t.Context(), "auth0|ada", "")
	want := Employee{"1", "Ada Moreau", "ada@example.com", "active", true, at}
	if err != nil || !got.AsOf.Equal(want.AsOf) ||
		(Employee{got.EmployeeID, got.Name, got.Email, got.Status, got.Active, want.AsOf}) != want {
		t.Errorf("Employee: %+v, %v, want %+v", got, err, want)
	}
	for _, subject := range []string{"", "auth0|ADA", "ada", "auth0|ada ", "' OR 1=1 --", "%",
		"\xff"} {
		if got, err := d.Employee(t.Context(), subject, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("Employee(%q) = %v, %v, want ErrNotFound", subject, got, err)
		}
	}
}

func TestListStopsWhenAsked(t *testing.T) {
	d := newFile(t)
	mustImport(t, d, header+jun+ada, ImportOptions{})
	for r, err := range d.List(t.Context()) {
		if err != nil || r.EmployeeID != "1" {
			t.Errorf("first %q, %v, want 1: the list goes by employee_id", r.EmployeeID, err)
		}
		break
	}
	wantLines(t, d, adaLine, junLine)
}

func TestSeed(t *testing.T) {
	d := newFile(t)
	if sample, err := d.Sample(t.Context()); sample || err != nil {
		t.Errorf("an empty database is a sample: %v, %v", sample, err)
	}
	if seeded, err := d.Seed(t.Context()); !seeded || err != nil {
		t.Fatalf("Seed: %v, %v", seeded, err)
	}
	if sample, err := d.Sample(t.Context()); !sample || err != nil {
		t.Errorf("Sample: %v, %v, want true", sample, err)
	}
	first := records(t, d)
	if seeded, err := d.Seed(t.Context()); seeded || err != nil {
		t.Errorf("Seed again: %v, %v, want false", seeded, err)
	}
	if !slices.Equal(first, records(t, d)) {
		t.Error("the second Seed changed something")
	}
	var got []string
	for _, r := range first {
		e, err := d.Employee(t.Context(), r.Subject, "")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got,
			strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s %s", r.EmployeeID, r.Subject, r.Name,
				r.Email, r.Status, r.EndDate))+fmt.Sprint(" ", e.Active))
	}
	want := []string{
		"E1001 auth0|jdoe John Doe jdoe@staff0.com active true",
		"E1002 auth0|asmith Alice Smith asmith@staff0.com on_leave true",
		"E1003 auth0|bwong Ben Wong bwong@staff0.com ended 2024-06-30 false",
		"E1004 auth0|mgarcia María García mgarcia@staff0.com active true",
		"E1005 auth0|tkato 加藤 太郎 tkato@staff0.com active true",
		"E1006 auth0|osullivan Siobhán O'Sullivan siobhan.o'sullivan@staff0.com active true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sample people\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := d.Employee(t.Context(), "auth0|contractor", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("the contractor has a record: %v", err)
	}
}

func TestSamplePeopleAreThoseOfTheProvider(t *testing.T) {
	d := newFile(t)
	if _, err := d.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	var logins []string
	for _, p := range idp.SamplePeople() {
		if p.EmployeeID != "" {
			logins = append(logins,
				strings.Join([]string{p.EmployeeID, p.Subject, p.Email, p.Name}, ","))
		}
	}
	var people []string
	for _, r := range records(t, d) {
		people = append(people,
			strings.Join([]string{r.EmployeeID, r.Subject, r.Email, r.Name}, ","))
	}
	if !slices.Equal(logins, people) {
		t.Errorf("the provider has\n%v\nand the HR API\n%v", logins, people)
	}
}

func TestSeedLeavesRealDataAlone(t *testing.T) {
	d := newFile(t)
	mustImport(t, d, header+ada, ImportOptions{})
	if seeded, err := d.Seed(t.Context()); seeded || err != nil {
		t.Errorf("Seed: %v, %v, want false", seeded, err)
	}
	if sample, _ := d.Sample(t.Context()); sample {
		t.Error("real data count as a sample")
	}
	wantLines(t, d, adaLine)
}

func TestRealDataReplaceTheSample(t *testing.T) {
	d := newFile(t)
	if _, err := d.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := lines(t, d)
	if _, err := d.Import(t.Context(), strings.NewReader(header+"1\n"),
		ImportOptions{}); err == nil {
		t.Fatal("a bad file was imported")
	}
	wantLines(t, d, before...)
	if sample, _ := d.Sample(t.Context()); !sample {
		t.Error("a refused import took the mark away")
	}
	// The subject of a sample person, and Full, which finds nobody to end.
	s := mustImport(t, d, header+"1,auth0|jdoe,jdoe@staff0.com,Real Doe,active\n",
		ImportOptions{Full: true})
	if s.SampleRemoved != 6 || s.Added != 1 || s.Ended != 0 {
		t.Errorf("summary %+v, want 6 sample people removed, 1 added", s)
	}
	wantLines(t, d, "1,auth0|jdoe,jdoe@staff0.com,Real Doe,active,,,,,")
	if sample, err := d.Sample(t.Context()); sample || err != nil {
		t.Errorf("Sample: %v, %v, want false", sample, err)
	}
}

// Every read sees the records of one import, never of two, and none waits.
func TestReadsDuringImports(t *testing.T) {
	t.Run("file", func(t *testing.T) { testReadsDuringImports(t, newFile(t)) })
	t.Run("memory", func(t *testing.T) { testReadsDuringImports(t, openFile(t, "")) })
}

func testReadsDuringImports(t *testing.T, d *Database) {
	file := func(version string) string {
		return header + strings.ReplaceAll(manyPeople(300), "Person", version)
	}
	mustImport(t, d, file("v0"), ImportOptions{})
	var done atomic.Bool
	var reads atomic.Int64
	finished := make(chan error, 4)
	for range cap(finished) {
		go func() {
			finished <- func() error {
				for !done.Load() {
					versions, people := map[string]bool{}, 0
					for r, err := range d.List(t.Context()) {
						if err != nil {
							return err
						}
						versions[r.Name[:2]] = true
						people++
					}
					if len(versions) != 1 || people != 300 {
						return fmt.Errorf("%d people of the imports %v", people, versions)
					}
					if _, err := d.Employee(t.Context(), "auth0|7", ""); err != nil {
						return err
					}
					reads.Add(1)
				}
				return nil
			}()
		}()
	}
	for i := range 10 {
		mustImport(t, d, file(fmt.Sprintf("v%d", i)), ImportOptions{Full: true})
	}
	done.Store(true)
	for range cap(finished) {
		if err := <-finished; err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d reads", reads.Load())
}

func TestTwoProcessesStartAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "employees.db")
	opened := make(chan error, 8)
	for range cap(opened) {
		db := pool(t, DSN(path))
		go func() {
			d, err := Open(t.Context(), db)
			if err == nil {
				_, err = d.Seed(t.Context())
				d.Close()
			}
			opened <- err
		}()
	}
	for range cap(opened) {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
	if got := len(lines(t, openFile(t, path))); got != 6 {
		t.Errorf("%d people after everybody seeded, want 6", got)
	}
}

func TestOpenWaitsForTheOneThatMakesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "employees.db")
	other, err := pool(t, "file:"+path+"?_txlock=immediate").Begin() // no WAL yet
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { other.Rollback() })
	d, err := Open(t.Context(), pool(t, DSN(path)))
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// A querier before whose nth query something else happens.
type interrupted struct {
	querier
	n      int
	before func()
}

func (q *interrupted) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if q.n--; q.n == 0 {
		q.before()
	}
	return q.querier.QueryRowContext(ctx, query, args...)
}

func TestTheSchemaIsMadeWhileItsVersionIsRead(t *testing.T) {
	migrations, err := readMigrations()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		path := filepath.Join(t.TempDir(), "employees.db")
		q := &interrupted{querier: pool(t, DSN(path)), n: n, before: func() { openFile(t, path) }}
		version, err := schemaVersion(t.Context(), q)
		if err != nil || version != 0 && version != len(migrations) {
			t.Errorf("made before query %d: version %d, %v", n, version, err)
		}
		if q.n > 0 {
			return // there is no such query
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	if _, err := openFile(t, newer).db.Exec(
		`INSERT INTO schema_version (version, applied_at) VALUES (999, '')`); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "agent.db")
	if _, err := pool(t, DSN(foreign)).Exec(`CREATE TABLE tasks (id TEXT)`); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, dsn string
		want      error
	}{
		{"the schema of a later version", DSN(newer), ErrSchemaTooNew},
		{"the agent's database", DSN(foreign), ErrNotOurs},
		{"a file that is no database",
			DSN(file("letter.db", []byte(strings.Repeat("Dear Sir or Madam, ", 500)))), ErrCorrupt},
		{"a directory that is not there", DSN(filepath.Join(dir, "missing", "x.db")),
			ErrCannotOpen},
		{"an empty file that cannot be written to", DSN(file("empty.db", nil)) + "&mode=ro",
			ErrReadOnly},
		{"a disk without room for the schema", DSN(filepath.Join(dir, "tiny.db")) +
			"&_pragma=max_page_count(2)", ErrFull},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := Open(t.Context(), pool(t, tc.dsn))
			if !errors.Is(err, tc.want) {
				t.Fatalf("Open: %v, %v, want %v", d, err, tc.want)
			}
			if tc.want != ErrSchemaTooNew && !strings.HasSuffix(err.Error(), tc.want.Error()) {
				t.Errorf("%q does not end in what to try", err)
			}
		})
	}
	var tables int
	if err := pool(t, DSN(foreign)).QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(
		&tables); err != nil || tables != 1 {
		t.Errorf("the agent's database has %d tables, want the one it had (%v)", tables, err)
	}
	if _, err := Open(t.Context(), nil); err == nil {
		t.Error("Open without a database")
	}
	single := pool(t, DSN(""))
	single.SetMaxOpenConns(1)
	if _, err := Open(t.Context(), single); err == nil {
		t.Error("Open with a single connection, with which every call would hang")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(cancelled, pool(t, DSN(""))); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v, want canceled", err)
	}
}

func TestReadOnlyFileIsReadAndNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "employees.db")
	mustImport(t, openFile(t, path), header+ada, ImportOptions{})
	d, err := Open(t.Context(), pool(t, DSN(path)+"&mode=ro"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	wantLines(t, d, adaLine)
	if _, err := d.Import(t.Context(), strings.NewReader(header+jun), ImportOptions{}); !errors.Is(
		err, ErrReadOnly) {
		t.Errorf("Import: %v, want ErrReadOnly", err)
	}
}

func TestLockedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "employees.db")
	mustImport(t, openFile(t, path), header+ada, ImportOptions{})
	other, err := pool(t, DSN(path)).Begin() // immediate: holds the write lock
	if err != nil {
		t.Fatal(err)
	}
	// The same connection settings but for the wait, which would be real time.
	impatient := strings.Replace(DSN(path), "busy_timeout%2810000%29", "busy_timeout%280%29", 1)
	d, err := Open(t.Context(), pool(t, impatient))
	if err != nil {
		t.Fatalf("Open while another writes: %v", err)
	}
	defer d.Close()
	if impatient == DSN(path) {
		t.Fatal("the wait is still there")
	}
	if _, err := d.Import(t.Context(), strings.NewReader(header+jun), ImportOptions{}); !errors.Is(
		err, ErrLocked) {
		t.Errorf("Import: %v, want ErrLocked", err)
	}
	if _, err := d.Employee(t.Context(), "auth0|ada", ""); err != nil {
		t.Errorf("a look-up waits for a writer: %v", err)
	}
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	mustImport(t, d, header+jun, ImportOptions{})
}

func TestFullDiskChangesNothing(t *testing.T) {
	d, err := Open(t.Context(), pool(t, DSN(filepath.Join(t.TempDir(), "employees.db"))+
		"&_pragma=max_page_count(20)"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	mustImport(t, d, header+ada, ImportOptions{})
	if _, err := d.Import(t.Context(), strings.NewReader(header+manyPeople(5000)),
		ImportOptions{}); !errors.Is(err, ErrFull) {
		t.Errorf("Import: %v, want ErrFull", err)
	}
	wantLines(t, d, adaLine)
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "employees.db")
	db := pool(t, DSN(path))
	d, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	mustImport(t, d, header+manyPeople(500), ImportOptions{})
	d.Close()
	db.Close() // the last one out writes the WAL into the file
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[3*4096:], strings.Repeat("\xa5", len(data)-3*4096))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err = Open(t.Context(), pool(t, DSN(path)))
	if err == nil {
		defer d.Close()
		for _, err = range d.List(t.Context()) {
		}
	}
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged file: %v, want ErrCorrupt", err)
	}
}

func TestRowsChangedByHand(t *testing.T) {
	d := newFile(t)
	mustImport(t, d, header+ada, ImportOptions{})
	if _, err := d.db.Exec(`UPDATE employees SET confirmed_at = 'ada@example.com'`); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Employee(t.Context(), "auth0|ada", ""); err == nil ||
		errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "ada") {
		t.Errorf("Employee: %v, want an error that quotes nothing", err)
	}
	if _, err := d.Import(t.Context(), strings.NewReader(header+ada), ImportOptions{}); err == nil {
		t.Error("Import did not notice")
	}
}

func TestLostTables(t *testing.T) {
	for table, use := range map[string]func(d *Database) error{
		"sample":    func(d *Database) error { _, err := d.Sample(t.Context()); return err },
		"employees": func(d *Database) error { return d.Ping(t.Context()) },
	} {
		d := newFile(t)
		if err := use(d); err != nil {
			t.Errorf("%s: %v", table, err)
		}
		if _, err := d.db.Exec(`DROP TABLE ` + table); err != nil {
			t.Fatal(err)
		}
		if err := use(d); err == nil {
			t.Errorf("no error without the table %s", table)
		}
		if _, err := d.Import(t.Context(), strings.NewReader(header+ada),
			ImportOptions{}); err == nil {
			t.Errorf("Import without the table %s", table)
		}
		if _, err := d.Seed(t.Context()); err == nil {
			t.Errorf("Seed without the table %s", table)
		}
	}
}

func BenchmarkEmployee(b *testing.B) {
	d := newFile(b)
	mustImport(b, d, header+manyPeople(10_000), ImportOptions{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Employee(b.Context(), "auth0|5000", ""); err != nil {
			b.Fatal(err)
		}
	}
}
