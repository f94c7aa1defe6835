package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// sleepOn stops an agent as a debugger or a suspended machine does: it renews nothing and tells
// nothing any more.
func (s *Store) sleepOn() {
	s.cancel()
	s.work.Wait()
}

// lapse ends an agent's lease by the server's clock, and lets the agent know by its own that it has
// been asleep.
func lapse(t testing.TB, s *Store) {
	t.Helper()
	s.sleepOn()
	if _, err := s.pool.Exec(t.Context(),
		"UPDATE agents SET alive_until = clock_timestamp() - interval '1 second' WHERE id = $1",
		s.holder.current()); err != nil {
		t.Fatal(err)
	}
	s.holder.mu.Lock()
	s.holder.renewed = time.Now().Add(-time.Hour)
	s.holder.mu.Unlock()
}

func event(id a2a.TaskID, state a2a.TaskState) *a2a.TaskStatusUpdateEvent {
	return &a2a.TaskStatusUpdateEvent{TaskID: id, ContextID: "c",
		Status: a2a.TaskStatus{State: state,
			Timestamp: time.Now().UTC().Truncate(time.Millisecond)}}
}

// create stores a task at WORKING.
func create(t testing.TB, s *Store, id string) *tasks.Record {
	t.Helper()
	r, events := newTask(id)
	if _, err := s.Create(t.Context(), r, events, time.Time{}); err != nil {
		t.Fatal(err)
	}
	return r
}

func newTask(id string) (*tasks.Record, []a2a.Event) {
	first := &a2a.Task{ID: a2a.TaskID(id), ContextID: "c",
		Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted,
			Timestamp: time.Now().UTC().Truncate(time.Millisecond)}}
	working := event(first.ID, a2a.TaskStateWorking)
	return &tasks.Record{Task: first.Apply(working), Owner: "bank", Seq: 2, Created: time.Now()},
		[]a2a.Event{first, working}
}

// change adds a status.
func change(s *Store, r *tasks.Record, state a2a.TaskState, c tasks.Change) error {
	c.ID = tasks.NewChangeID()
	u := event(r.Task.ID, state)
	c.Events, c.Task = []a2a.Event{u}, r.Task.Apply(u)
	return s.Append(context.Background(), r.Task.ID, r.Seq, c)
}

func run(s *Store, r *tasks.Record, state a2a.TaskState) error {
	return change(s, r, state, tasks.Change{Run: true})
}

func get(t testing.TB, s *Store, id a2a.TaskID) *tasks.Record {
	t.Helper()
	r, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func claimed(t testing.TB, s *Store) []string {
	t.Helper()
	pending, err := s.Claim(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, p := range pending {
		got = append(got, string(p.ID)+" "+string(p.Checkpoint))
	}
	return got
}

func wantClaimed(t testing.TB, s *Store, want ...string) {
	t.Helper()
	if got := claimed(t, s); !slices.Equal(got, want) {
		t.Errorf("claimed %q, want %q", got, want)
	}
}

// two are two agents on one database.
func two(t *testing.T) (a, b *Store) {
	t.Helper()
	t.Parallel()
	o := Options{Schema: space(t)}
	return open(t, o), open(t, o)
}

func TestADeadAgentsTasksAreClaimedOnce(t *testing.T) {
	a, b := two(t)
	c := open(t, Options{Schema: a.schema})
	create(t, a, "working")
	if err := change(a, create(t, a, "waiting"), a2a.TaskStateAuthRequired,
		tasks.Change{Run: true, Checkpoint: []byte("auth_req_id")}); err != nil {
		t.Fatal(err)
	}
	for id, state := range map[string]a2a.TaskState{"ended": a2a.TaskStateCompleted,
		"asks": a2a.TaskStateInputRequired} {
		if err := run(a, create(t, a, id), state); err != nil {
			t.Fatal(err)
		}
	}
	create(t, b, "of another")
	wantClaimed(t, b)
	lapse(t, a)
	wantClaimed(t, b, "working ", "waiting auth_req_id")
	wantClaimed(t, b)
	wantClaimed(t, c)
	if r := get(t, b, "waiting"); r.Elsewhere {
		t.Error("who has claimed a task does not know that it is his")
	} else if err := run(b, r, a2a.TaskStateCompleted); err != nil {
		t.Errorf("who has claimed a task cannot run it: %v", err)
	}
}

func TestAnAgentThatWasAsleepLosesWhatWasTakenAndBeginsAnew(t *testing.T) {
	a, b := two(t)
	r := create(t, a, "t")
	before := a.holder.current()
	lapse(t, a)
	wantClaimed(t, b, "t ")
	if err := run(a, r, a2a.TaskStateCompleted); !errors.Is(err, tasks.ErrLeaseLost) {
		t.Errorf("it goes on with the task: %v", err)
	}
	if get(t, a, "t").Seq != 2 || !get(t, a, "t").Elsewhere {
		t.Error("the task was changed, or does not look like somebody else's")
	}
	if err := a.Healthy(t.Context()); !errors.Is(err, tasks.ErrLeaseLost) {
		t.Errorf("it calls itself healthy: %v", err)
	}
	// Its callers may go on, and what it has to create waits until it has understood.
	if err := change(a, get(t, a, "t"), a2a.TaskStateWorking, tasks.Change{}); err != nil {
		t.Errorf("a caller's change: %v", err)
	}
	created := make(chan error)
	go func() {
		late, events := newTask("late")
		_, err := a.Create(context.Background(), late, events, time.Time{})
		created <- err
	}()
	if _, err := a.Claim(t.Context(), 10); !errors.Is(err, tasks.ErrLeaseLost) {
		t.Errorf("it is not told of the loss: %v", err)
	}
	select {
	case err := <-created:
		t.Errorf("a task was created by nobody: %v", err)
	default:
	}
	wantClaimed(t, a)
	if err := <-created; err != nil || get(t, a, "late").Elsewhere {
		t.Errorf("a task that was to be created meanwhile: %v", err)
	}
	if a.holder.current() == before {
		t.Error("it has the number that it had")
	}
	if err := a.Healthy(t.Context()); err != nil {
		t.Errorf("it is not healthy: %v", err)
	}
	if err := run(b, get(t, b, "t"), a2a.TaskStateCompleted); err != nil {
		t.Errorf("the other agent: %v", err)
	}
}

func TestAnAgentThatWasAsleepKeepsWhatNobodyHasTaken(t *testing.T) {
	a, _ := two(t)
	r := create(t, a, "t")
	lapse(t, a)
	if err := run(a, r, a2a.TaskStateCompleted); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestAnAgentIsAliveWhileItsLeaseRunsByItsOwnClock(t *testing.T) {
	a, b := two(t)
	alive := []bool{a.Alive()}
	lapse(t, a)
	alive = append(alive, a.Alive())
	wantClaimed(t, b)
	alive = append(alive, a.Alive(), b.Alive())
	if want := []bool{true, false, false, true}; !slices.Equal(alive, want) {
		t.Errorf("at first, after the lease, when it was taken, and the other: alive %v, want %v",
			alive, want)
	}
}

func TestASleeperLearnsOfItsDeathBeforeItCreates(t *testing.T) {
	a, b := two(t)
	lapse(t, a)
	wantClaimed(t, b)
	go func() {
		for a.holder.current() != 0 { // it learns by itself
			time.Sleep(time.Millisecond)
		}
		_, _ = a.Claim(context.Background(), 1)
		_, _ = a.Claim(context.Background(), 1)
	}()
	create(t, a, "t")
	if get(t, a, "t").Elsewhere {
		t.Error("the task was created under a number that is dead")
	}
}

func TestALeaseEndsByTheClock(t *testing.T) {
	t.Parallel()
	o := Options{Schema: space(t), Lease: 2 * time.Second}
	a, b := open(t, o), open(t, o)
	create(t, a, "t")
	lease := func() (until time.Time, left time.Duration) {
		var now time.Time
		row := a.pool.QueryRow(t.Context(),
			"SELECT alive_until, clock_timestamp() FROM agents WHERE id = $1", a.holder.current())
		if err := row.Scan(&until, &now); err != nil {
			t.Fatal(err)
		}
		if left = until.Sub(now); left+b.ClaimEvery() >= o.Lease {
			t.Fatalf("it counts for %v more, the next look is within %v: who dies now is missed "+
				"after its lease of %v", left, b.ClaimEvery(), o.Lease)
		}
		return until, left
	}
	first, _ := lease()
	eventually(t, "a lease that is renewed", func() bool {
		wantClaimed(t, b)
		until, _ := lease()
		return until.Sub(first) > 2*o.Lease
	})
	a.sleepOn()
	start := time.Now()
	_, left := lease()
	eventually(t, "a task that is given up", func() bool { return len(claimed(t, b)) == 1 })
	if d := time.Since(start); d < left {
		t.Errorf("the lease was over after %v of %v", d, left)
	}
}

func TestWhatIsGivenBackIsClaimedAtOnce(t *testing.T) {
	a, b := two(t)
	r := create(t, a, "t")
	if err := a.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, b, "t ")
	if err := run(a, r, a2a.TaskStateCompleted); !errors.Is(err, tasks.ErrLeaseLost) {
		t.Errorf("who has given it back goes on: %v", err)
	}
	late, events := newTask("late")
	if _, err := a.Create(t.Context(), late, events, time.Time{}); !errors.Is(err,
		tasks.ErrLeaseLost) {
		t.Errorf("who has left creates: %v", err)
	}
	wantClaimed(t, a)
	// A caller's answer that it still takes is claimed by another.
	if err := run(b, get(t, b, "t"), a2a.TaskStateInputRequired); err != nil {
		t.Fatal(err)
	}
	if err := change(a, get(t, a, "t"), a2a.TaskStateWorking, tasks.Change{}); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, b, "t ")
}

func TestAClaimWhoseAnswerWasLostIsGivenAgain(t *testing.T) {
	a, b := two(t)
	create(t, a, "t")
	lapse(t, a)
	wantClaimed(t, b, "t ")
	b.claims.told = nil // as if the answer had not come
	wantClaimed(t, b, "t ")
	wantClaimed(t, b)
	wantClaimed(t, b)
}

func TestAnAgentThatFallsAsleepInATransactionIsBuriedAllTheSame(t *testing.T) {
	a, b := two(t)
	create(t, a, "t")
	claim, err := a.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Rollback(context.Background())
	for _, lock := range []string{stillAlive, "SELECT 1 FROM tasks WHERE holder = $1 FOR UPDATE"} {
		if _, err := claim.Exec(t.Context(), lock, a.holder.current()); err != nil {
			t.Fatal(err)
		}
	}
	lapse(t, a)
	wantClaimed(t, b) // its locks are respected, but not for ever
	eventually(t, "its task is claimed", func() bool {
		return slices.Equal(claimed(t, b), []string{"t "})
	})
	if err := claim.Commit(t.Context()); err == nil || !passing(err) {
		t.Errorf("it wakes, and is told %v", err)
	}
}

func TestTasksOfOneHoldGoTogether(t *testing.T) {
	a, b := two(t)
	c := open(t, Options{Schema: a.schema})
	const groups = 40
	hold := func(s *Store, id, key string, join bool) error {
		r := create(t, s, id)
		return s.Append(t.Context(), r.Task.ID, r.Seq, holds(r, key, join))
	}
	// First all that asked, then all that joined, so that a short claim cuts through the groups.
	for n := range 3 {
		for g := range groups {
			if err := hold(a, fmt.Sprint(g, "-", n), fmt.Sprint("k", g), n > 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for g := range groups { // and others that share nothing
		create(t, a, fmt.Sprint(g, "-3"))
	}
	lapse(t, a)
	var group sync.WaitGroup
	found := make(chan a2a.TaskID, 10*groups)
	done := make(chan struct{})
	for _, s := range []*Store{b, c} {
		group.Go(func() {
			for left := 3; left > 0; {
				got, err := s.Claim(t.Context(), 7)
				if err != nil {
					t.Error(err)
					return
				}
				for _, p := range got {
					found <- p.ID
				}
				if len(got) == 0 {
					select {
					case <-done:
						left--
					default:
					}
				}
			}
		})
	}
	// Meanwhile others join.
	joined := 0
	for g := range groups {
		s := []*Store{b, c}[g%2]
		if err := hold(s, fmt.Sprint(g, "-late"), fmt.Sprint("k", g), true); err != nil {
			t.Error(err)
		}
		joined++
	}
	close(done)
	group.Wait()
	close(found)
	seen := map[a2a.TaskID]int{}
	for id := range found {
		seen[id]++
	}
	for g := range groups {
		var holders []int64
		rows, _ := a.pool.Query(t.Context(), "SELECT DISTINCT holder FROM tasks WHERE hold = $1",
			keyOf(fmt.Sprint("k", g)))
		for rows.Next() {
			var h int64
			if err := rows.Scan(&h); err != nil {
				t.Fatal(err)
			}
			holders = append(holders, h)
		}
		if len(holders) != 1 || holders[0] != b.holder.current() &&
			holders[0] != c.holder.current() {
			t.Errorf("group %d is held by %v", g, holders)
		}
		for n := range 4 {
			if id := a2a.TaskID(fmt.Sprint(g, "-", n)); seen[id] != 1 {
				t.Errorf("%s was claimed %d times", id, seen[id])
			}
		}
	}
}

func TestAReaderHoldsNothing(t *testing.T) {
	a, b := two(t)
	r := create(t, a, "t")
	ro := open(t, Options{Schema: a.schema, ReadOnly: true})
	if got := get(t, ro, "t"); got.Seq != 2 {
		t.Error("it does not see the task")
	}
	wantClaimed(t, ro)
	for name, err := range map[string]error{
		"append": change(ro, r, a2a.TaskStateCanceled, tasks.Change{}),
		"create": func() error {
			r, events := newTask("u")
			_, err := ro.Create(t.Context(), r, events, time.Time{})
			return err
		}(),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ro.Remove(t.Context(), time.Now(), 1); !errors.Is(err, ErrReadOnly) {
		t.Errorf("remove: %v", err)
	}
	if err := ro.Healthy(t.Context()); err != nil {
		t.Errorf("healthy: %v", err)
	}
	wantClaimed(t, b)
}

func TestAnAgentThatWasBuriedIsRefusedByTheDatabase(t *testing.T) {
	a, b := two(t)
	r := create(t, a, "t")
	if _, err := b.pool.Exec(t.Context(), "DELETE FROM agents WHERE id = $1",
		a.holder.current()); err != nil {
		t.Fatal(err)
	}
	created := make(chan error)
	go func() {
		late, events := newTask("late")
		_, err := a.Create(context.Background(), late, events, time.Time{})
		created <- err
	}()
	// Nobody has taken the task yet, and by its own clock the lease is good.
	if err := run(a, r, a2a.TaskStateCompleted); !errors.Is(err, tasks.ErrLeaseLost) {
		t.Errorf("it goes on with the task: %v", err)
	}
	eventually(t, "it learns of it", func() bool { return a.holder.current() == 0 })
	_, _ = a.Claim(t.Context(), 1)
	if _, err := a.Claim(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := <-created; err != nil || get(t, a, "late").Elsewhere {
		t.Errorf("what it creates is not its own: %v", err)
	}
}

func TestATaskGoesToWhereItsHoldIs(t *testing.T) {
	a, b := two(t)
	for i, id := range []string{"first", "second"} {
		r := create(t, a, id)
		if err := a.Append(t.Context(), r.Task.ID, r.Seq, holds(r, "k", i > 0)); err != nil {
			t.Fatal(err)
		}
	}
	// As when the second has joined while the first was being claimed.
	if _, err := a.pool.Exec(t.Context(),
		"UPDATE tasks SET holder = 1 WHERE id = 'second'"); err != nil {
		t.Fatal(err)
	}
	news := follow(t, a)
	wantClaimed(t, b)
	news.wants(t, tasks.News{Claim: true})
	wantClaimed(t, a, "second ")
}

func TestAHoldThatIsBeingJoinedIsClaimedLater(t *testing.T) {
	a, b := two(t)
	r := create(t, a, "t")
	if err := a.Append(t.Context(), r.Task.ID, r.Seq, holds(r, "k", false)); err != nil {
		t.Fatal(err)
	}
	lapse(t, a)
	joiner, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := joiner.Exec(t.Context(), "SELECT pg_advisory_xact_lock("+holdLock+
		") FROM tasks WHERE hold = $1", keyOf("k")); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, b)
	if err := joiner.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, b, "t ")
}

// holdKey is a key by a name.
func holdKey(name string) (key tasks.Key) {
	copy(key[:], name)
	return key
}

// holds is a change that opens a hold, or joins it.
func holds(r *tasks.Record, name string, join bool) tasks.Change {
	claim := tasks.Claim{Kind: tasks.Open, Key: holdKey(name)}
	if join {
		claim = tasks.Claim{Kind: tasks.Join, Key: holdKey(name), Max: 50}
	}
	return tasks.Change{ID: tasks.NewChangeID(), Task: r.Task, Run: true,
		Claims: []tasks.Claim{claim}}
}

func keyOf(name string) []byte {
	key := holdKey(name)
	return key[:]
}

// settled takes what was stored by an attempt that lost its answer for stored.
func settled(err error) error {
	if errors.Is(err, tasks.ErrStored) {
		return nil
	}
	return err
}
