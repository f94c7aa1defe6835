package postgres

import (
	"errors"
	"testing"
	"time"
	"unsafe"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// A busy agent has many more holds than tasks to remove.
func TestAllHoldsThatAreOverAreRemoved(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Schema: space(t)})
	if _, err := s.pool.Exec(t.Context(),
		"INSERT INTO holds (key, value, revision, until) SELECT sha256(n::text::bytea), '', 1, 0 "+
			"FROM generate_series(1, $1) AS n",
		3*removeGroup); err != nil {
		t.Fatal(err)
	}
	claim := tasks.Claim{Kind: tasks.Take, Key: tasks.Key{1}, Until: time.Now().Add(time.Hour)}
	if err := s.Amend(t.Context(), tasks.NewChangeID(), []tasks.Claim{claim}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(t.Context(), time.Now(), 10); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM holds").Scan(&n); err != nil ||
		n != 1 {
		t.Errorf("%d holds are left, %v", n, err)
	}
}

// Who joins a hold in its last moment finds it, however long his transaction takes.
func TestAHoldStaysForWhoHasJoinedInItsLastMoment(t *testing.T) {
	a, b := two(t)
	key := tasks.Key{'k'}
	claim := tasks.Claim{Kind: tasks.Take, Key: key, Value: []byte("v"),
		Until: time.Now().Add(time.Hour)}
	if err := a.Amend(t.Context(), tasks.NewChangeID(), []tasks.Claim{claim}); err != nil {
		t.Fatal(err)
	}
	create(t, a, "t")
	tx, err := a.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	// as who joins does
	if _, err := tx.Exec(t.Context(), "UPDATE tasks SET hold = $1 WHERE id = 't'",
		key[:]); err != nil {
		t.Fatal(err)
	}
	over := time.Now().Add(-time.Second).UnixNano()
	if _, err := b.pool.Exec(t.Context(), "UPDATE holds SET until = $1", over); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Remove(t.Context(), time.Now(), 10); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h, err := b.Hold(t.Context(), key); err != nil || string(h.Value) != "v" {
		t.Errorf("%+v, %v", h, err)
	}
}

// What was stored by an attempt that ended with an error is told when it is found to be stored.
func TestWhatIsFoundToBeStoredIsTold(t *testing.T) {
	a, b := two(t)
	first := create(t, a, "first")
	if err := a.Append(t.Context(), "first", first.Seq, holds(first, "k", false)); err != nil {
		t.Fatal(err)
	}
	second := create(t, b, "second")
	join := holds(second, "k", true)
	third := create(t, b, "third")
	end := tasks.Change{ID: tasks.NewChangeID(), Run: true,
		Events: []a2a.Event{event("third", a2a.TaskStateCompleted)}}
	end.Task = third.Task.Apply(end.Events[0])
	changes := map[a2a.TaskID]tasks.Change{"second": join, "third": end}
	news := follow(t, a)
	for _, want := range []error{nil, tasks.ErrStored} {
		for id, c := range changes {
			if err := b.Append(t.Context(), id, 2, c); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", id, err, want)
			}
		}
		news.wants(t, tasks.News{Claim: true})
		news.wants(t, tasks.News{Task: "third", Ended: true})
		news.clear()
	}
}

// asleep is a time as it looks after a machine has slept whose monotonic clock stood still
// meanwhile.
func asleep(at time.Time, d time.Duration) time.Time {
	type clocks struct { // of time.Time
		wall uint64 // seconds from its 31st bit on
		ext  int64
		loc  *time.Location
	}
	(*clocks)(unsafe.Pointer(&at)).wall -= uint64(d/time.Second) << 30
	return at
}

// An agent that was asleep is not alive to itself, whichever of its clocks went on.
func TestAnAgentIsNotAliveAfterASleepThatItsMonotonicClockHasMissed(t *testing.T) {
	var h holder
	h.init(10 * time.Second)
	now := time.Now()
	before := asleep(now, time.Hour)
	if slept := now.Round(0).Sub(before.Round(0)); now.Sub(before) != 0 || slept != time.Hour {
		t.Fatalf("the clocks tell of a sleep of %v and of %v", now.Sub(before), slept)
	}
	for _, row := range []struct {
		renewed time.Time
		stale   bool
	}{{now, false}, {before, true}, {now.Add(-time.Hour), true}, {asleep(now, -time.Hour), false}} {
		h.take(1, row.renewed)
		if _, stale, _, _ := h.state(); stale != row.stale {
			t.Errorf("renewed at %v: stale is %v", row.renewed, stale)
		}
	}
}
