package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

func path(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "state", "agent.db")
}

// newTask stores a task at WORKING.
func newTask(t testing.TB, s *Store) *tasks.Record {
	t.Helper()
	r, events := storetest.BenchRecord(a2a.NewTaskID())
	if _, err := s.Create(t.Context(), r, events, r.Created); err != nil {
		t.Fatal(err)
	}
	return r
}

// add appends a status.
func add(s *Store, r *tasks.Record, state a2a.TaskState, checkpoint string) (*tasks.Record, error) {
	u := storetest.BenchStatus(r.Task, state, "")
	next := *r
	next.Task, next.Seq, next.Checkpoint = r.Task.Apply(u), r.Seq+1, nil
	if checkpoint != "" {
		next.Checkpoint = []byte(checkpoint)
	}
	c := tasks.Change{ID: tasks.NewChangeID(), Events: []a2a.Event{u}, Task: next.Task,
		Checkpoint: next.Checkpoint, Run: true}
	return &next, s.Append(context.Background(), r.Task.ID, r.Seq, c)
}

func mustAdd(
	t testing.TB, s *Store, r *tasks.Record, state a2a.TaskState, checkpoint string,
) *tasks.Record {
	t.Helper()
	next, err := add(s, r, state, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// raw changes a database behind the store's back.
func raw(t testing.TB, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAndDirectoryArePrivate(t *testing.T) {
	p := path(t)
	s := open(t, p)
	newTask(t, s)
	for name, want := range map[string]fs.FileMode{filepath.Dir(p): 0o700, p: 0o600, p +
		"-wal": 0o600, p + "-shm": 0o600, p + ".lock": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", filepath.Base(name), info.Mode().Perm(), err, want)
		}
	}
	s.Close()
	if err := os.Chmod(p, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, p)
	if info, _ := os.Stat(p); info.Mode().Perm() != 0o600 {
		t.Errorf("a file that others could read is %v now", info.Mode().Perm())
	}
}

func TestASecondAgentDoesNotStart(t *testing.T) {
	p := path(t)
	s := open(t, p)
	link := filepath.Join(t.TempDir(), "other.db")
	if err := os.Symlink(p, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{p, link} {
		_, err := Open(t.Context(), name, Options{})
		if !errors.Is(err, ErrInUse) ||
			!strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) ||
			!strings.Contains(err.Error(), "stop the other agent") {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
	newTask(t, s) // the first one does not notice
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, p)
}

func TestReadingBesideTheAgentOwnsNothing(t *testing.T) {
	p := path(t)
	if _, err := Open(t.Context(), p, Options{ReadOnly: true}); !errors.Is(err, ErrMissing) {
		t.Errorf("a database that is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(p)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was made")
	}
	s := open(t, p)
	r := newTask(t, s)
	show, err := Open(t.Context(), p, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer show.Close()
	r = mustAdd(t, s, r, a2a.TaskStateAuthRequired, "auth_req_id")
	if have, err := show.Get(t.Context(), r.Task.ID); err != nil || have.Seq != 3 ||
		string(have.Checkpoint) != "auth_req_id" {
		t.Errorf("it reads %+v, %v", have, err)
	}
	if err := show.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := show.Claim(t.Context(), 10); len(got) != 0 || err != nil {
		t.Errorf("it claimed %v, %v", got, err)
	}
	if _, err := add(show, r, a2a.TaskStateCompleted, ""); !errors.Is(err, ErrReadOnly) {
		t.Errorf("it wrote: %v", err)
	}
	if _, err := show.Create(t.Context(), r, nil, time.Time{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("it wrote: %v", err)
	}
	if _, err := show.Remove(t.Context(), time.Now(), 1); !errors.Is(err, ErrReadOnly) {
		t.Errorf("it removed: %v", err)
	}
	mustAdd(t, s, r, a2a.TaskStateCompleted, "")
	s.Close()
	if have, err := show.Get(t.Context(), r.Task.ID); err != nil || have.Seq != 4 {
		t.Errorf("after the agent has gone it reads %+v, %v", have, err)
	}
	again, err := Open(t.Context(), p, Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("without an agent: %v", err)
	}
	again.Close()
}

func TestFilesThatAreNotOurs(t *testing.T) {
	for _, row := range []struct {
		name string
		make func(t *testing.T, p string)
		want error
	}{
		{"a newer schema", func(t *testing.T, p string) {
			open(t, p).Close()
			raw(t, p, "PRAGMA user_version = 99")
		}, ErrNewerSchema},
		{"another program's database", func(t *testing.T, p string) {
			put(t, p, nil)
			raw(t, p, "CREATE TABLE employees (id)")
		}, ErrForeign},
		{"another program's mark", func(t *testing.T, p string) {
			put(t, p, nil)
			raw(t, p, "PRAGMA application_id = 7")
		}, ErrForeign},
		{"a text", func(t *testing.T, p string) {
			put(t, p, bytes.Repeat([]byte("Dear John,\n"), 1000))
		}, ErrForeign},
		{"a damaged schema", func(t *testing.T, p string) {
			open(t, p).Close()
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			copy(b[100:], bytes.Repeat([]byte{0xff}, 3000))
			put(t, p, b)
		}, ErrCorrupt},
		{"a directory", func(t *testing.T, p string) {
			if err := os.MkdirAll(p, 0o700); err != nil {
				t.Fatal(err)
			}
		}, ErrFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := path(t)
			row.make(t, p)
			before, _ := os.ReadFile(p)
			for _, readOnly := range []bool{true, false} {
				s, err := Open(t.Context(), p, Options{ReadOnly: readOnly})
				if err == nil {
					s.Close()
				}
				var fault *Error
				if !errors.As(err, &fault) || !errors.Is(err, row.want) && !readOnly ||
					fault.Try() == "" || !strings.Contains(err.Error(), fault.Try()) {
					t.Errorf("read-only %v: %v, want %v", readOnly, err, row.want)
				}
			}
			if after, _ := os.ReadFile(p); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func put(t *testing.T, p string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryFaultSaysWhatToTry(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []error{ErrInUse, ErrBusy, ErrFull, ErrReadOnly, ErrCorrupt,
		ErrNewerSchema, ErrForeign, ErrFailed} {
		e := &Error{Path: "agent.db", Err: kind}
		if try := e.Try(); try == "" || seen[try] {
			t.Errorf("%v: %q", kind, try)
		} else {
			seen[try] = true
		}
		if !errors.Is(e, kind) {
			t.Errorf("%v is not itself", kind)
		}
	}
}

// pragma sets a pragma of the writer's connection.
func (s *Store) pragma(t *testing.T, text string) {
	t.Helper()
	if _, err := s.writer.conn.ExecContext(t.Context(), "PRAGMA "+text); err != nil {
		t.Fatal(err)
	}
}

// A full disk, a file that cannot be written, and one that another process locks: each is an error
// for whoever writes, readers go on, nothing that was acknowledged is lost, and when it is over
// work goes on by itself.
func TestFaultsOfWritingPassByWithoutALoss(t *testing.T) {
	for _, row := range []struct {
		name       string
		begin, end func(t *testing.T, s *Store, p string)
		want       error
	}{
		{"a full disk",
			func(t *testing.T, s *Store, _ string) {
				s.pragma(t, "wal_checkpoint(TRUNCATE)")
				s.pragma(t, "max_page_count = 1") // SQLite takes the present size, if that is more
			},
			func(t *testing.T, s *Store, _ string) {
				s.pragma(t, "max_page_count = 1000000")
			}, ErrFull},
		{"a file that cannot be written",
			func(t *testing.T, s *Store, _ string) { s.pragma(t, "query_only = 1") },
			func(t *testing.T, s *Store, _ string) { s.pragma(t, "query_only = 0") }, ErrReadOnly},
		{"a file that another process locks",
			func(t *testing.T, s *Store, p string) {
				s.pragma(t, "busy_timeout = 1")
				db, err := sql.Open("sqlite", dsn(p, "rw"))
				if err != nil {
					t.Fatal(err)
				}
				db.SetMaxOpenConns(1)
				if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
					t.Fatal(err)
				}
				locker = db
			},
			func(*testing.T, *Store, string) { locker.Close() }, ErrBusy},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := path(t)
			s := open(t, p)
			var acknowledged []*tasks.Record
			for range 20 {
				acknowledged = append(acknowledged,
					mustAdd(t, s, newTask(t, s), a2a.TaskStateAuthRequired, "auth_req_id"))
			}
			row.begin(t, s, p)
			var mu sync.Mutex
			var failed error
			var group sync.WaitGroup
			for range 8 { // until the last free bytes are used
				group.Go(func() {
					for range 200 {
						r, events := storetest.BenchRecord(a2a.NewTaskID())
						_, err := s.Create(t.Context(), r, events, r.Created)
						mu.Lock()
						if err != nil {
							failed = err
							mu.Unlock()
							return
						}
						acknowledged = append(acknowledged, r)
						mu.Unlock()
					}
				})
			}
			group.Wait()
			if !errors.Is(failed, row.want) {
				t.Fatalf("writing gave %v, want %v", failed, row.want)
			}
			// a probe needs no new page
			if err := s.Healthy(t.Context()); !errors.Is(err, row.want) && row.want != ErrFull {
				t.Errorf("healthy: %v", err)
			}
			for _, r := range acknowledged {
				if have, err := s.Get(t.Context(), r.Task.ID); err != nil || have.Seq != r.Seq {
					t.Fatalf("reading gave %v", err)
				}
			}
			row.end(t, s, p)
			if err := s.Healthy(t.Context()); err != nil {
				t.Errorf("when it was over: %v", err)
			}
			acknowledged = append(acknowledged, newTask(t, s))
			if s.sick.Load() != nil {
				t.Error("every look at the health still writes")
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, p)
			page, err := s.List(t.Context(), tasks.Query{Owner: "bank", Limit: 1})
			if err != nil || page.Total != len(acknowledged) {
				t.Errorf("%d tasks are there, %d were acknowledged, %v", page.Total,
					len(acknowledged), err)
			}
			for _, r := range acknowledged {
				if have, err := s.Get(t.Context(), r.Task.ID); err != nil || have.Seq != r.Seq {
					t.Errorf("task %s: %v", r.Task.ID, err)
				}
			}
		})
	}
}

var locker *sql.DB

// held keeps the writer busy, so that what follows is committed as one group, until release is
// called.
func held(t *testing.T, s *Store) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	go s.writer.do(context.Background(), &write{run: func(*writer, *write) error {
		close(begun)
		<-end
		return nil
	}})
	<-begun
	return func() { close(end) }
}

func TestChangesThatWaitAreCommittedTogetherAndFailAlone(t *testing.T) {
	s := open(t, path(t))
	good, late, taken := newTask(t, s), newTask(t, s), newTask(t, s)
	mustAdd(t, s, late, a2a.TaskStateWorking, "")
	before := s.writer.commits.Load()
	release := held(t, s)
	var group sync.WaitGroup
	errs := make([]error, 4)
	start := func(i int, f func() error) {
		group.Go(func() { errs[i] = f() })
		for len(s.writer.queue) <= i {
			time.Sleep(time.Millisecond)
		}
	}
	start(0, func() error { _, err := add(s, good, a2a.TaskStateCompleted, ""); return err })
	start(1, func() error { _, err := add(s, late, a2a.TaskStateCompleted, ""); return err })
	start(2, func() error {
		_, err := s.Create(t.Context(), taken, []a2a.Event{taken.Task, taken.Task},
			time.Now().Add(time.Hour))
		return err
	})
	next := *good
	next.Task, next.Seq = good.Task.Apply(storetest.BenchStatus(good.Task, a2a.TaskStateCompleted,
		"")), 3
	// based on the first of them
	start(3, func() error { _, err := add(s, &next, a2a.TaskStateWorking, ""); return err })
	release()
	group.Wait()
	for i, want := range []error{nil, tasks.ErrConflict, tasks.ErrStored, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("change %d: %v, want %v", i, errs[i], want)
		}
	}
	if r, _ := s.Get(t.Context(), good.Task.ID); r.Seq != 4 {
		t.Errorf("the good one is at %d", r.Seq)
	}
	// The refused id is found by the database: that group is made again one by one.
	if n := s.writer.commits.Load() - before; n > 5 {
		t.Errorf("%d commits", n)
	}

	before = s.writer.commits.Load()
	release = held(t, s)
	for i := range 100 {
		r, events := storetest.BenchRecord(a2a.NewTaskID())
		group.Go(func() {
			if _, err := s.Create(context.Background(), r, events, r.Created); err != nil {
				t.Errorf("task %d: %v", i, err)
			}
		})
	}
	for len(s.writer.queue) < 100 {
		time.Sleep(time.Millisecond)
	}
	release()
	group.Wait()
	if n := s.writer.commits.Load() - before; n != 2 {
		t.Errorf("a hundred tasks that waited took %d commits beside the one they waited for", n-1)
	}
}

func TestACallerMayLeaveWhileTheQueueIsFull(t *testing.T) {
	s := open(t, path(t))
	release := held(t, s)
	var group sync.WaitGroup
	for range maxGroup {
		r, events := storetest.BenchRecord(a2a.NewTaskID())
		group.Go(func() { _, _ = s.Create(context.Background(), r, events, r.Created) })
	}
	for len(s.writer.queue) < maxGroup {
		time.Sleep(time.Millisecond)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r, events := storetest.BenchRecord(a2a.NewTaskID())
	if _, err := s.Create(ctx, r, events, r.Created); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	release()
	group.Wait()
	if _, err := s.Get(t.Context(), r.Task.ID); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("the task of the one who left: %v", err)
	}
}

func TestATaskThatIsRemovedInTheSameTransactionIsNotFound(t *testing.T) {
	s := open(t, path(t))
	r := mustAdd(t, s, newTask(t, s), a2a.TaskStateCompleted, "")
	group := []*write{
		{run: (*writer).remove, since: time.Now().Add(time.Hour), limit: 1,
			done: make(chan struct{})},
		{run: (*writer).append, id: r.Task.ID, base: r.Seq,
			change: tasks.Change{ID: tasks.NewChangeID(), Task: r.Task}, done: make(chan struct{})},
	}
	s.writer.commit(group) // the writer itself is at rest
	if group[0].err != nil || group[0].removed != 1 || !errors.Is(group[1].err, tasks.ErrNotFound) {
		t.Errorf("removed %d, %v; then %v", group[0].removed, group[0].err, group[1].err)
	}
}

// Each of them would wait for the lock as long as the first one did.
func TestChangesThatMeetALockAreNotTriedOneByOne(t *testing.T) {
	p := path(t)
	s := open(t, p)
	s.pragma(t, "busy_timeout = 100")
	other, err := sql.Open("sqlite", dsn(p, "rw"))
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	defer other.Close()
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var group []*write
	for range 50 {
		r, events := storetest.BenchRecord(a2a.NewTaskID())
		group = append(group, &write{run: (*writer).create, id: r.Task.ID, record: r,
			events: encode(events), done: make(chan struct{})})
	}
	start := time.Now()
	s.writer.commit(group) // the writer itself is at rest
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	for _, c := range group {
		if <-c.done; !errors.Is(c.err, ErrBusy) {
			t.Errorf("got %v", c.err)
		}
	}
}

func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	s := open(t, path(t))
	r := newTask(t, s)
	s.cache.drop(r.Task.ID)
	defer held(t, s)() // a transaction is under way
	if _, err := s.Get(t.Context(), r.Task.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Events(t.Context(), r.Task.ID, 0); err != nil {
		t.Error(err)
	}
	if _, err := s.List(t.Context(), tasks.Query{Owner: "bank", Limit: 1}); err != nil {
		t.Error(err)
	}
}

func TestAfterCloseEverythingIsClosed(t *testing.T) {
	s := open(t, path(t))
	r := newTask(t, s)
	s.cache.drop(r.Task.ID)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	_, get := s.Get(t.Context(), r.Task.ID)
	_, events := s.Events(t.Context(), r.Task.ID, 0)
	_, list := s.List(t.Context(), tasks.Query{Owner: "bank", Limit: 1})
	_, append := add(s, r, a2a.TaskStateCompleted, "")
	_, create := s.Create(t.Context(), r, nil, time.Now())
	for i, err := range []error{get, events, list, append, create, s.Healthy(t.Context())} {
		if !errors.Is(err, tasks.ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if _, err := os.Stat(s.path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there: %v", err)
	}
}

func TestAReadersContextIsObeyed(t *testing.T) {
	s := open(t, path(t))
	r := newTask(t, s)
	s.cache.drop(r.Task.ID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, get := s.Get(ctx, r.Task.ID)
	_, events := s.Events(ctx, r.Task.ID, 0)
	_, list := s.List(ctx, tasks.Query{Owner: "bank", Limit: 1})
	for i, err := range []error{get, events, list} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestDamagedRowsAreErrorsAndNotTasks(t *testing.T) {
	for _, row := range []struct {
		damage string
		log    bool // whether the log alone shows it
	}{
		{"UPDATE task_events SET event = x'7b7d'", true},
		{"UPDATE task_events SET event = x'7b' WHERE seq = 2", true},
		{"DELETE FROM task_events", false},
		{"DELETE FROM task_events WHERE seq = 1", false},
		{"DELETE FROM task_events WHERE seq = 2", false},
	} {
		p := path(t)
		s := open(t, p)
		r := newTask(t, s)
		s.Close()
		raw(t, p, row.damage)
		s = open(t, p)
		_, get := s.Get(t.Context(), r.Task.ID)
		_, list := s.List(t.Context(), tasks.Query{Owner: "bank", Limit: 1})
		errs := []error{get, list}
		if row.log {
			_, events := s.Events(t.Context(), r.Task.ID, 0)
			errs = append(errs, events)
		}
		for i, err := range errs {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: call %d: %v", row.damage, i, err)
			}
		}
	}
}

// What could not be stored holds nothing.
func TestAHoldIsNotThereWhenItsChangeWasNotStored(t *testing.T) {
	s := open(t, path(t))
	a := newTask(t, s)
	claim := tasks.Claim{Kind: tasks.Open, Key: tasks.Key{'k'}, Value: []byte("v"),
		Until: time.Now().Add(time.Hour)}
	change := tasks.Change{
		ID: tasks.NewChangeID(), Task: a.Task, Checkpoint: []byte("waits"), Run: true,
		Claims: []tasks.Claim{claim},
	}
	s.pragma(t, "query_only = 1")
	if err := s.Append(t.Context(), a.Task.ID, a.Seq, change); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Hold(t.Context(), claim.Key); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("the hold: %v", err)
	}
	s.pragma(t, "query_only = 0")
	if err := s.Append(t.Context(), a.Task.ID, a.Seq, change); err != nil {
		t.Errorf("when it was over: %v", err)
	}
}

// Nothing of a request is in the file once it is over: what is removed or replaced is overwritten,
// in the log too.
func TestWhatIsReplacedLeavesNoTrace(t *testing.T) {
	p := path(t)
	s := open(t, p)
	const secret = "auth_req_id-of-a-request-that-is-over"
	var keys []tasks.Key
	for i := range 50 {
		keys = append(keys, tasks.Key{byte(i)})
		if err := s.Amend(t.Context(), tasks.NewChangeID(), []tasks.Claim{
			{Kind: tasks.Take, Key: keys[i], Value: []byte(secret),
				Until: time.Now().Add(time.Hour)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range keys {
		c := tasks.Claim{Kind: tasks.Put, Key: key, Value: []byte("over"),
			Until: time.Now().Add(time.Hour)}
		if i%2 == 0 {
			c = tasks.Claim{Kind: tasks.Drop, Key: key}
		}
		if err := s.Amend(t.Context(), tasks.NewChangeID(), []tasks.Claim{c}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	for _, file := range []string{p, p + "-wal"} {
		b, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s still holds it", filepath.Base(file))
		}
	}
}

// What callers fill is bounded in memory by what it takes, not by how many tasks it is in.
func TestTheCacheIsBoundedInBytes(t *testing.T) {
	s := open(t, path(t))
	var c cache
	r := row{num: 1, record: newTask(t, s), bytes: 64 << 10}
	for i := range 4096 {
		c.put(a2a.TaskID(fmt.Sprint(i)), r)
	}
	if n := int64(len(c.young)+len(c.old)) * r.bytes; n > 2*cacheBytes {
		t.Errorf("%d bytes are held", n)
	}
	r.bytes = cacheBytes + 1
	if c.put("huge", r); c.young["huge"].record != nil {
		t.Error("a task that fills it alone is held")
	}
}

// A file of the time when the sum of a task's entries was stored beside them, and a prompt was held
// by a key alone.
func TestAFileOfAnEarlierVersionIsBroughtUpToDate(t *testing.T) {
	files, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	const earlier = 3
	p := path(t)
	key := tasks.Key{'k'}
	first := &a2a.Task{ID: "t", ContextID: "c",
		Status: a2a.TaskStatus{State: a2a.TaskStateAuthRequired,
			Timestamp: time.UnixMilli(1000).UTC()}}
	text := strings.Join(files[:earlier], "\n") + fmt.Sprintf(`;
		INSERT INTO tasks (num, id, owner, context, state, finished, stamp, created, seq, snapshot, checkpoint, prompt)
			VALUES (1, 't', x'62616e6b', 'c', %d, 0, 1000, 1000000000, 1, x'7b7d', x'77', x'%x');
		INSERT INTO task_events (task, seq, event) VALUES (1, 1, x'%x');
		PRAGMA application_id = %d; PRAGMA user_version = %d`,
		first.Status.State, key[:], a2a.AppendEvent(nil, first), applicationID, earlier)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700),
		os.WriteFile(p, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	raw(t, p, text)
	s := open(t, p)
	have, err := s.Get(t.Context(), "t")
	if err != nil || string(have.Task.AppendJSON(nil)) != string(first.AppendJSON(nil)) ||
		string(have.Checkpoint) != "w" {
		t.Errorf("the task is %+v, %v", have, err)
	}
	if h, err := s.Hold(t.Context(), key); err != nil || len(h.Tasks) != 1 || h.Tasks[0] != "t" {
		t.Errorf("the key is held by %+v, %v", h, err)
	}
	if n, err := s.Kept(t.Context(), "bank"); err != nil ||
		n != int64(len(a2a.AppendEvent(nil, first))) {
		t.Errorf("%d bytes are kept, %v", n, err)
	}
}

// A checkpoint holds an auth_req_id. When its task has ended it is gone, from the file too.
func TestNothingOfACheckpointStaysWhenItsTaskHasEnded(t *testing.T) {
	const secret = "1c266114-a1be-4252-8ad1-04986c5b9ac1"
	for _, size := range []int{1, 300} { // in the row, and in pages of its own
		p := path(t)
		s := open(t, p)
		r := mustAdd(t, s, newTask(t, s), a2a.TaskStateAuthRequired, strings.Repeat(secret, size))
		if !inFiles(t, p, secret) {
			t.Fatal("the checkpoint was never there")
		}
		mustAdd(t, s, r, a2a.TaskStateCompleted, "")
		s.pragma(t, "wal_checkpoint(TRUNCATE)") // what the writer does when it rests
		if inFiles(t, p, secret) {
			t.Errorf("%d of them: it is still in the files", size)
		}
	}
}

func inFiles(t *testing.T, p, text string) bool {
	t.Helper()
	for _, name := range []string{p, p + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

func TestTheWriterEmptiesTheLogWhenItRests(t *testing.T) {
	p := path(t)
	s := open(t, p)
	newTask(t, s)
	for range 100 { // in real time: the file system has no other
		if info, err := os.Stat(p + "-wal"); err == nil && info.Size() == 0 {
			return
		}
		time.Sleep(idleCheckpoint / 20)
	}
	t.Error("the log is as long as it was")
}

func TestTheLogDoesNotGrowWithoutBound(t *testing.T) {
	p := path(t)
	s := open(t, p)
	r := newTask(t, s)
	r.Task.History[0].Parts[0].Text = strings.Repeat("x", 100_000)
	for range 300 { // some 60 MB
		r = mustAdd(t, s, r, a2a.TaskStateWorking, "")
	}
	if info, err := os.Stat(p + "-wal"); err != nil || info.Size() > 4*walPages*4096 {
		t.Errorf("the log has %d bytes, %v", info.Size(), err)
	}
}

func TestABackupIsTheStoreAtOneMoment(t *testing.T) {
	s := open(t, path(t))
	r := mustAdd(t, s, newTask(t, s), a2a.TaskStateAuthRequired, "auth_req_id")
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				rec, events := storetest.BenchRecord(a2a.NewTaskID())
				_, _ = s.Create(context.Background(), rec, events, rec.Created)
			}
		}
	})
	file := filepath.Join(t.TempDir(), "it's a backup.db")
	if err := s.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	close(stop)
	group.Wait()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := s.Backup(t.Context(), file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	copied := open(t, file)
	have, err := copied.Get(t.Context(), r.Task.ID)
	if err != nil || have.Seq != 3 || string(have.Checkpoint) != "auth_req_id" {
		t.Errorf("the copy has %+v, %v", have, err)
	}
	page, err := copied.List(t.Context(), tasks.Query{Owner: "bank", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range page.Records {
		if entries, err := copied.Events(t.Context(), rec.Task.ID, 0); err != nil ||
			len(entries) != int(rec.Seq) {
			t.Errorf("a task of the copy is at %d and has %d entries, %v", rec.Seq,
				len(entries), err)
		}
	}
	if claimed, err := copied.Claim(t.Context(), 10000); err != nil || len(claimed) != page.Total {
		t.Errorf("%d of %d can be taken up, %v", len(claimed), page.Total, err)
	}
}

func TestABackupThatFailsLeavesNothing(t *testing.T) {
	s := open(t, path(t))
	newTask(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "backup.db")
	if err := s.Backup(ctx, file); err == nil {
		t.Error("it succeeded")
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it left a file: %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(file, "in", "no", "directory")); err == nil {
		t.Error("it succeeded")
	}
}

func TestOldKeysArePruned(t *testing.T) {
	s := open(t, path(t))
	for range pruneEvery {
		newTask(t, s)
	}
	later := func() *tasks.Record { // its window began after them
		r, events := storetest.BenchRecord(a2a.NewTaskID())
		r.Created = r.Created.Add(time.Hour)
		if _, err := s.Create(t.Context(), r, events, r.Created); err != nil {
			t.Fatal(err)
		}
		return r
	}
	later()
	s.writer.creates = pruneEvery - 1
	last := later()
	var n int
	if err := s.readers.QueryRow("SELECT count(*) FROM message_keys").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n > 2 {
		t.Errorf("%d keys are left", n)
	}
	if existing, err := s.Create(t.Context(), last, []a2a.Event{last.Task},
		last.Created); !errors.Is(err, tasks.ErrStored) {
		t.Errorf("the last key: %q, %v", existing, err)
	}
}

func TestTasksThatFellOutOfTheCacheAreReadFromTheFile(t *testing.T) {
	s := open(t, path(t))
	var all []*tasks.Record
	for range 3 * cacheTasks {
		all = append(all, newTask(t, s))
	}
	if n := len(s.cache.young) + len(s.cache.old); n > 2*cacheTasks {
		t.Errorf("%d tasks are in the cache", n)
	}
	for _, r := range all {
		next := mustAdd(t, s, r, a2a.TaskStateAuthRequired, "x")
		if have, err := s.Get(t.Context(), r.Task.ID); err != nil || have.Seq != next.Seq ||
			have.Owner != "bank" || !have.Created.Equal(r.Created) {
			t.Fatalf("%+v %v", have, err)
		}
	}
}

// A query that runs over the table would be slow when it is large, and nobody would see it before.
func TestQueriesUseTheirIndexes(t *testing.T) {
	s := open(t, path(t))
	for query, index := range map[string]string{
		"SELECT num, id, state, checkpoint FROM tasks WHERE finished = 0 AND num > ? AND num <= ? ORDER BY num LIMIT ?": "tasks_unfinished",
		"SELECT num, id FROM tasks WHERE finished = 1 AND stamp < ? ORDER BY stamp, id LIMIT ?":                         "tasks_finished",
		"SELECT num FROM tasks WHERE owner = ? AND (stamp, id) < (?, ?) ORDER BY stamp DESC, id DESC LIMIT ?":           "tasks_listed",
		selectHolding: "tasks_holding",
		"SELECT count(*) FROM tasks WHERE owner = ? AND context = ? AND state = ? AND stamp >= ?":                       "COVERING INDEX tasks_listed",
		"SELECT seq, event FROM task_events WHERE task = (SELECT num FROM tasks WHERE id = ?) AND seq > ? ORDER BY seq": "PRIMARY KEY (task=? AND seq>?)",
	} {
		rows, err := s.readers.Query("EXPLAIN QUERY PLAN "+query,
			make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var a, b, c int
			var detail string
			if err := rows.Scan(&a, &b, &c, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		rows.Close()
		if all := strings.Join(plan, "; "); !strings.Contains(all, index) ||
			strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s\n  is done by %s", query, all)
		}
	}
}
