package hragent

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/postgres"
	"staff0/a2a/tasks/sqlite"
	"staff0/ciba"
)

// fault is what a store does with one write, whose error it returns in any case.
type fault string

const (
	notStored  fault = "not stored"
	stored     fault = "stored"
	storedLate fault = "stored late" // after the writer has tried again, perhaps
)

var errMedium = errors.New("no space left on device")

// durable is a store under a name that is none of its methods.
type durable = tasks.Webhooks

// medium is a store with one fault.
type medium struct {
	durable
	at    int // which write it is in; 0 is none
	fault fault
	then  func(a2a.TaskID) // what a caller does in that moment

	mu     sync.Mutex
	writes int
	last   a2a.TaskID // that was written
	late   sync.WaitGroup
}

// write does one write, or what the fault makes of it.
func (m *medium) write(id a2a.TaskID, do func() error) error {
	m.mu.Lock()
	m.writes++
	hit := m.writes == m.at
	if id == "" { // what belongs to a request
		id = m.last
	}
	m.last = id
	m.mu.Unlock()
	if !hit {
		return do()
	}
	switch m.fault {
	case stored:
		_ = do() // told as an error all the same
	case storedLate:
		m.late.Go(func() {
			time.Sleep(60 * time.Millisecond)
			_ = do() // perhaps it is stored already
		})
	}
	if m.then != nil {
		m.then(id)
	}
	return errMedium
}

func (m *medium) Create(
	ctx context.Context, r *tasks.Record, events []a2a.Event, since time.Time,
) (existing a2a.TaskID, err error) {
	err = m.write(r.Task.ID, func() error {
		var err error
		existing, err = m.durable.Create(context.WithoutCancel(ctx), r, events, since)
		return err
	})
	return existing, err
}

func (m *medium) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	if m.fault == storedLate { // a server has its own copy when the engine goes on with the events
		c = own(c)
	}
	return m.write(id, func() error {
		return m.durable.Append(context.WithoutCancel(ctx), id, base, c)
	})
}

// own is a change that shares nothing with the one given.
func own(c tasks.Change) tasks.Change {
	events := make([]a2a.Event, len(c.Events))
	for i, event := range c.Events {
		copied, err := a2a.UnmarshalEvent(a2a.AppendEvent(nil, event))
		if err != nil {
			panic(err) // what was encoded can be decoded
		}
		events[i] = copied
	}
	task := new(a2a.Task)
	if err := task.UnmarshalJSON(c.Task.AppendJSON(nil)); err != nil {
		panic(err)
	}
	c.Events, c.Task = events, task
	return c
}

func (m *medium) Amend(ctx context.Context, id tasks.ChangeID, claims []tasks.Claim) error {
	return m.write("", func() error {
		return m.durable.Amend(context.WithoutCancel(ctx), id, claims)
	})
}

func (m *medium) SetWebhook(ctx context.Context, w *tasks.Webhook) error {
	return m.write(w.Config.TaskID, func() error {
		return m.durable.SetWebhook(context.WithoutCancel(ctx), w)
	})
}

// outbox tells a webhook whatever the store has, when the engine says so.
type outbox struct {
	store tasks.Store
	mu    sync.Mutex
	told  map[a2a.TaskID]tasks.Seq
	group sync.WaitGroup
}

func (o *outbox) Check(string, *a2a.TaskPushNotificationConfig) error { return nil }
func (o *outbox) Watch(id a2a.TaskID)                                 { o.Changed(id) }
func (o *outbox) Changed(id a2a.TaskID) {
	o.group.Go(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for id := range map[a2a.TaskID]bool{id: true} {
			entries, err := o.store.Events(context.Background(), id, o.told[id])
			if err == nil && len(entries) > 0 {
				o.told[id] = entries[len(entries)-1].Seq
			}
		}
	})
}

// TestEachWrite does to each write of a question, of a joined one and of a webhook what a medium
// can do to it, and lets the caller do what he may in that moment. Whatever happens, nobody is
// prompted twice, every approval is answered or ends as not confirmed because the prompt is in
// doubt, every stream ends, and every webhook is told all.
func TestEachWrite(t *testing.T) {
	eachWrite(t, 1, func(t *testing.T, test func(t *testing.T)) { synctest.Test(t, test) },
		func(*testing.T) tasks.Webhooks { return new(tasks.Memory) })
}

// faultStride is how many cases are left out on a store that takes real time: every case is run
// with -fault-stride 1.
var faultStride = flag.Int("fault-stride", 7,
	"run every n-th fault of TestEachWrite on SQLite and PostgreSQL")

func inRealTime(t *testing.T, test func(t *testing.T)) { test(t) }

func TestEachWriteOnSQLite(t *testing.T) {
	eachWrite(t, *faultStride, inRealTime, func(t *testing.T) tasks.Webhooks {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "agent.db"),
			sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
}

// Without a server that STAFF0_TEST_POSTGRES names, a machine that checks everything fails.
func TestEachWriteOnPostgreSQL(t *testing.T) {
	dsn := os.Getenv("STAFF0_TEST_POSTGRES")
	if dsn == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no PostgreSQL server to test with: start one with . .ci/postgres")
		}
		return
	}
	schema := fmt.Sprintf("test_faults_%d", time.Now().UnixNano())
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), dsn)
		if err == nil {
			_, err = conn.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
			_ = conn.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	eachWrite(t, *faultStride, inRealTime, func(t *testing.T) tasks.Webhooks {
		store, err := postgres.Open(t.Context(), dsn, postgres.Options{Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
}

// eachWrite runs every stride-th case, each in a bubble and with a store of its own.
func eachWrite(
	t *testing.T, stride int, bubble func(*testing.T, func(*testing.T)),
	store func(*testing.T) tasks.Webhooks,
) {
	n := 0
	for _, asked := range []int{1, 2} {
		writes := 0
		bubble(t, func(t *testing.T) { writes = faultyAsk(t, store(t), asked, 0, "", "") })
		if writes < 5 {
			t.Fatalf("%d questions make %d writes", asked, writes)
		}
		for at := 1; at <= writes; at++ {
			for _, f := range []fault{notStored, stored, storedLate} {
				for _, then := range []string{"nothing", "a remark", "a cancellation"} {
					if n++; n%stride != 0 {
						continue
					}
					t.Run(fmt.Sprintf("%d asked, write %d %s, %s", asked, at, f, then),
						func(t *testing.T) {
							bubble(t, func(t *testing.T) {
								faultyAsk(t, store(t), asked, at, f, then)
							})
						})
				}
			}
		}
	}
}

// faultyAsk asks equal questions, with a webhook and a stream for each, over a store with a fault
// in one write. It returns how many writes there were.
func faultyAsk(t *testing.T, store tasks.Webhooks, asked, at int, f fault, then string) int {
	m := &medium{durable: store, at: at, fault: f}
	w := newWorld(t)
	w.store = m
	w.config.Expiry = 10 * time.Second
	w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
		ack, err := acknowledge(n, r)
		ack.Interval = time.Second
		return ack, err
	}
	w.phone.poll = from(2, grantOf(john), nil)
	if _, ok := store.(*tasks.Memory); !ok {
		w.phone.poll = always(grantOf(john), nil) // a second is long without test time
	}
	box := &outbox{store: store, told: map[a2a.TaskID]tasks.Seq{}}
	var err error
	if w.agent, err = New(w.config); err != nil {
		t.Fatal(err)
	}
	w.engine, err = tasks.NewEngine(tasks.Config{
		Store: m, Executor: w.agent, InputModes: InputModes(), Opening: Opening,
		RepeatWindow: tasks.DefaultRepeatWindow, Push: box,
		Log: w.config.Log,
	})
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	m.then = func(id a2a.TaskID) {
		callers.Go(func() { // whatever comes of it
			switch then {
			case "a remark":
				_, _ = w.engine.Send(w.ctx, bank, &a2a.SendMessageRequest{
					Message: &a2a.Message{MessageID: "remark", TaskID: id, Role: a2a.RoleUser,
						Parts: []a2a.Part{a2a.TextPart(johnAsk)}},
					Configuration: &a2a.SendMessageConfiguration{ReturnImmediately: true},
				})
			case "a cancellation":
				_, _ = w.engine.Cancel(w.ctx, bank, &a2a.CancelTaskRequest{ID: id})
			}
		})
	}
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.agent.Run(ctx, w.engine)
	}()

	if _, err := w.engine.Resume(w.ctx); err != nil {
		t.Fatal(err)
	}

	ids := make([]a2a.TaskID, asked)
	run := rand.Text() // cases may share a database
	for i := range ids {
		callers.Go(func() {
			for try := range 3 { // as a client does, with the same message
				last := a2a.TaskStateUnspecified
				var failed error
				for entry, err := range w.engine.Stream(w.ctx, bank, &a2a.SendMessageRequest{
					Message: &a2a.Message{MessageID: fmt.Sprint(run, i), Role: a2a.RoleUser,
						Parts: []a2a.Part{a2a.TextPart(johnAsk)}},
					Configuration: &a2a.SendMessageConfiguration{
						TaskPushNotificationConfig: &a2a.TaskPushNotificationConfig{URL: "https://bank.example/hook"},
					},
				}) {
					if failed = err; err != nil {
						break
					}
					switch ev := entry.Event.(type) {
					case *a2a.Task:
						if ids[i], last = ev.ID, ev.Status.State; try == 0 {
							_, err := w.engine.CreatePushConfig(w.ctx, bank,
								&a2a.TaskPushNotificationConfig{TaskID: ev.ID,
									URL: "https://bank.example/second"})
							if err != nil {
								t.Errorf("a webhook cannot be set: %v", err)
							}
						}
					case *a2a.TaskStatusUpdateEvent:
						last = ev.Status.State
					}
				}
				if failed == nil && !last.Terminal() {
					t.Errorf("attempt %d: the stream ended at %v", try+1, last)
				}
				if failed == nil {
					return
				}
			}
		})
	}
	callers.Wait()
	m.late.Wait()
	stop()
	<-done
	if err := w.engine.Shutdown(w.ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	box.group.Wait()

	if n := w.phone.prompts(); n > 1 {
		t.Errorf("%d prompts", n)
	}
	for _, id := range ids {
		if id == "" {
			if m.at > asked*2 {
				t.Error("a question was not taken")
			}
			continue
		}
		hooks, err := store.Webhooks(w.ctx, id)
		if seconds := slices.DeleteFunc(hooks, func(h *tasks.Webhook) bool {
			return h.Config.URL != "https://bank.example/second"
		}); err != nil || len(seconds) != 1 {
			t.Errorf("the webhook is there %d times, %v", len(seconds), err)
		}

		rec, err := store.Get(w.ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		note, err := ReadNote(w.ctx, store, rec.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		switch state := rec.Task.Status.State; {
		case state == a2a.TaskStateCompleted, state == a2a.TaskStateCanceled &&
			then == "a cancellation":
		case state == a2a.TaskStateRejected && note.Reason == consent.ReasonInDoubt && at > 0:
		default:
			t.Errorf("it ended %v, %q:\n%s", state, note.Reason, w.log.String())
		}
		if told := box.told[id]; told != rec.Seq {
			t.Errorf("the webhook was told %d of %d entries", told, rec.Seq)
		}
	}
	return m.writes
}
