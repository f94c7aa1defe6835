package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// key is one of a letter.
func key(letter byte) tasks.Key { return tasks.Key{letter} }

// claims appends a change with claims and without events.
func (f *fixture) claims(r *tasks.Record, claims ...tasks.Claim) error {
	return f.Append(f.ctx, r.Task.ID, r.Seq, tasks.Change{
		ID: tasks.NewChangeID(), Task: r.Task, Checkpoint: r.Checkpoint, Run: true, Claims: claims,
	})
}

func (f *fixture) amend(claims ...tasks.Claim) error {
	return f.Amend(f.ctx, tasks.NewChangeID(), claims)
}

// soon is a time until which a hold lives throughout a test; past is one that is over.
func soon() time.Time { return time.Now().Add(time.Hour) }
func past() time.Time { return time.Now().Add(-time.Hour) }

func open(k byte, value string, until time.Time) tasks.Claim {
	return tasks.Claim{Kind: tasks.Open, Key: key(k), Value: []byte(value), Until: until}
}

func join(k byte, most int) tasks.Claim {
	return tasks.Claim{Kind: tasks.Join, Key: key(k), Max: most}
}

func take(k byte, value string, until time.Time) tasks.Claim {
	return tasks.Claim{Kind: tasks.Take, Key: key(k), Value: []byte(value), Until: until}
}

func put(k byte, value string, revision int64) tasks.Claim {
	return tasks.Claim{Kind: tasks.Put, Key: key(k), Value: []byte(value), Until: soon(),
		Revision: revision}
}

func drop(k byte, value string) tasks.Claim {
	c := tasks.Claim{Kind: tasks.Drop, Key: key(k)}
	if value != "" {
		c.Value = []byte(value)
	}
	return c
}

// wantHold compares a hold; a value of "-" says that there is none.
func (f *fixture) wantHold(k byte, value string, revision int64, ids ...a2a.TaskID) {
	f.t.Helper()
	h, err := f.Hold(f.ctx, key(k))
	if value == "-" {
		if !errors.Is(err, tasks.ErrNotFound) {
			f.t.Errorf("hold %c is there: %+v, %v", k, h, err)
		}
		return
	}
	f.check(err)
	if h.Key != key(k) || string(h.Value) != value || h.Revision != revision ||
		!slices.Equal(h.Tasks, ids) {
		f.t.Errorf("hold %c is %q, revision %d, of %v; want %q, %d, of %v", k, h.Value, h.Revision,
			h.Tasks, value, revision, ids)
	}
}

// wantRefusal compares why a claim was not granted, and what the refusal tells of the hold.
func (f *fixture) wantRefusal(err, reason error, value string) {
	f.t.Helper()
	refused, ok := errors.AsType[*tasks.ClaimError](err)
	if !ok || !errors.Is(err, reason) {
		f.t.Errorf("got %v, want %v", err, reason)
		return
	}
	if (refused.Hold == nil) != (value == "-") || refused.Hold != nil &&
		string(refused.Hold.Value) != value {
		f.t.Errorf("the refusal tells of %+v, want %q", refused.Hold, value)
	}
}

func holds(_ *testing.T, f *fixture) {
	a, b, c := f.create("a"), f.create("b"), f.create("c")
	f.wantHold('k', "-", 0)
	f.wantRefusal(f.claims(b, join('k', 5)), tasks.ErrNoHold, "-")
	f.check(f.claims(a, open('k', "one", past()))) // its task keeps it alive
	f.wantHold('k', "one", 1, "a")
	f.wantRefusal(f.claims(b, open('k', "two", soon())), tasks.ErrHeld, "one")
	f.wantRefusal(f.claims(a, open('k', "two", soon())), tasks.ErrHeld, "one")
	f.check(f.claims(b, join('k', 2)))
	f.check(f.claims(b, join('k', 2))) // once more is the same
	f.wantRefusal(f.claims(c, join('k', 2)), tasks.ErrHoldFull, "one")
	f.wantHold('k', "one", 1, "a", "b")
	f.add(a, a2a.TaskStateCanceled, "")
	f.wantHold('k', "one", 1, "b")
	f.check(f.claims(c, join('k', 2)))
	f.check(f.claims(c, open('l', "other", past()))) // it leaves the first
	f.wantHold('k', "one", 1, "b")
	f.add(b, a2a.TaskStateCompleted, "")
	f.wantHold('k', "-", 0)
	f.wantHold('l', "other", 1, "c")
	f.check(f.claims(c, open('k', "anew", soon())))
	f.wantHold('k', "anew", 1, "c")
	f.wantHold('l', "-", 0)
}

func holdsOutlive(_ *testing.T, f *fixture) {
	a := f.create("a")
	f.check(f.claims(a, open('k', "v", soon())))
	f.add(a, a2a.TaskStateCanceled, "")
	f.wantHold('k', "v", 1)
	b := f.create("b")
	f.wantRefusal(f.claims(b, open('k', "w", soon())), tasks.ErrHeld, "v")
	f.check(f.claims(b, join('k', 1)))
	f.wantHold('k', "v", 1, "b")
}

func holdsAmended(_ *testing.T, f *fixture) {
	f.check(f.claims(f.create("a"), open('k', "1", soon())))
	f.check(f.amend(take('p', "k", soon()), put('k', "2", 1)))
	f.wantHold('k', "2", 2, "a")
	f.wantHold('p', "k", 1)
	f.check(f.amend(take('p', "k", soon()))) // the same value is the same claim
	// Of several claims all are granted or none, whatever their order.
	f.wantRefusal(f.amend(put('k', "3", 2), take('p', "other", soon())), tasks.ErrHeld, "k")
	f.wantRefusal(f.amend(take('q', "k", soon()), put('k', "3", 1)), tasks.ErrMoved, "2")
	f.wantHold('k', "2", 2, "a")
	f.wantHold('q', "-", 0)
	f.check(f.amend(drop('p', "other"))) // another one's is left alone
	f.wantHold('p', "k", 1)
	f.check(f.amend(drop('p', "k"), put('k', "3", 0)))
	f.wantHold('p', "-", 0)
	f.wantHold('k', "3", 3, "a")
	f.check(f.amend(drop('k', "")))
	f.wantHold('k', "-", 0)
	f.check(f.amend(drop('k', ""), put('k', "4", 0))) // nothing is there to be put to
	f.wantHold('k', "-", 0)
	f.wantRefusal(f.amend(put('k', "4", 3)), tasks.ErrNoHold, "-")
	for _, c := range []tasks.Claim{open('k', "", soon()), join('k', 1), {},
		take('k', string(make([]byte, tasks.MaxHoldValue+1)), soon())} {
		if err := f.amend(c); err == nil {
			f.t.Errorf("claim of kind %d is granted", c.Kind)
		}
	}
	// who was in a hold that was dropped is free
	f.check(f.claims(f.must("a"), open('k', "again", soon())))
	f.wantHold('k', "again", 1, "a")
}

func holdsInTime(_ *testing.T, f *fixture) {
	f.check(f.amend(take('p', "1", past())))
	f.wantHold('p', "-", 0)
	f.check(f.amend(take('p', "2", soon())))
	f.wantHold('p', "2", 1)
	over := put('p', "3", 1)
	over.Until = past()
	f.check(f.amend(over))
	f.wantHold('p', "-", 0)
}

// holdsLate has a change refused for its base before it is refused for its claims.
func holdsLate(_ *testing.T, f *fixture) {
	a := f.create("a")
	f.check(f.amend(take('k', "v", soon())))
	f.add(a, a2a.TaskStateWorking, "")
	if err := f.claims(a, open('k', "w", soon())); !errors.Is(err, tasks.ErrConflict) {
		f.t.Errorf("got %v", err)
	}
}

func holdsWithAnEnd(_ *testing.T, f *fixture) {
	a := f.create("a")
	f.check(f.claims(a, open('k', "asked", past())))
	end := status(a2a.TaskStateCompleted, f.clock)
	end.TaskID, end.ContextID = a.Task.ID, a.Task.ContextID
	f.check(f.Append(f.ctx, "a", a.Seq, tasks.Change{
		ID: tasks.NewChangeID(), Events: []a2a.Event{end}, Task: a.Task.Apply(end), Run: true,
		Claims: []tasks.Claim{put('k', "answered", 0), drop('p', "")},
	}))
	f.wantHold('k', "answered", 2)
}

func holdsAtOnce(t *testing.T, f *fixture) { openAtOnce(t, f, f) }

// openAtOnce has many tasks of two agents open one hold, and those that may not join it.
func openAtOnce(t *testing.T, agents ...*fixture) {
	const most = 4
	var group sync.WaitGroup
	var mu sync.Mutex
	opened, joined, full := 0, 0, 0
	f := agents[0]
	for i := range 12 {
		f := agents[i%len(agents)]
		f.clock = f.clock.Add(time.Duration(i) * time.Minute)
		r := f.create(string(rune('a' + i)))
		group.Go(func() {
			err := f.claims(r, open('k', "v", soon()))
			if errors.Is(err, tasks.ErrHeld) {
				err = f.claims(r, join('k', most))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					joined++
				case errors.Is(err, tasks.ErrHoldFull):
					full++
				default:
					t.Error(err)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			opened++
		})
	}
	group.Wait()
	if opened != 1 || joined != most-1 || full != 12-most {
		t.Errorf("%d opened, %d joined, %d found it full", opened, joined, full)
	}
	h, err := f.Hold(f.ctx, key('k'))
	f.check(err)
	if len(h.Tasks) != most {
		t.Errorf("%v take part", h.Tasks)
	}
}

func holdsSwept(_ *testing.T, f *fixture) {
	a := f.create("a")
	f.check(f.claims(a, open('k', "v", past())))
	f.check(f.amend(take('p', "1", past()), take('q', "2", soon())))
	_, err := f.Remove(f.ctx, time.Now(), 10)
	f.check(err)
	f.wantHold('k', "v", 1, "a")
	f.wantHold('q', "2", 1)
}

// amendAtOnce has agents amend the same two holds at once, named in either order, each on what it
// has read.
func amendAtOnce(t *testing.T, agents ...*fixture) {
	const rounds = 20
	f := agents[0]
	f.check(f.amend(take('p', "", soon()), take('q', "", soon())))
	var group sync.WaitGroup
	for i := range 4 {
		f := agents[i%len(agents)]
		group.Go(func() {
			for done := 0; done < rounds; {
				p, err := f.Hold(f.ctx, key('p'))
				if err != nil {
					t.Error(err)
					return
				}
				claims := []tasks.Claim{put('p', "v", p.Revision), put('q', "v", p.Revision)}
				if i%2 == 1 {
					slices.Reverse(claims)
				}
				switch err := f.amend(claims...); {
				case err == nil:
					done++
				case !errors.Is(err, tasks.ErrMoved):
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	f.wantHold('p', "v", 4*rounds+1)
	f.wantHold('q', "v", 4*rounds+1)
}

func holdsAmendedAtOnce(t *testing.T, f *fixture) { amendAtOnce(t, f, f) }

func holdsRestart(_ *testing.T, f *fixture) {
	a := f.create("a")
	f.check(f.claims(a, open('k', "v", past())))
	f.check(f.amend(take('p', "1", soon())))
	f = f.reopened()
	_, err := f.Claim(f.ctx, 10) // what is to go on is claimed first
	f.check(err)
	f.wantHold('k', "v", 1, "a")
	f.wantHold('p', "1", 1)
	f.wantRefusal(f.claims(f.create("b"), open('k', "w", soon())), tasks.ErrHeld, "v")
	f.check(f.claims(f.must("a"), put('k', "2", 1)))
}
