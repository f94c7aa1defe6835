package tasks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// TestWhatIsKeptForAClientIsBounded counts bytes of a client, whatever users it acts for: its
// oldest ended tasks go early, none of the last hour, and only then is a message refused.
func TestWhatIsKeptForAClientIsBounded(t *testing.T) {
	const bound = 64 << 10
	bubbleConfig(t, func(c *tasks.Config) {
		c.BytesPerClient = bound
	}, answer, func(t *testing.T, w *world) {
		long := strings.Repeat("x", 4<<10)
		ask := func(owner tasks.Owner) (*a2a.Task, error) {
			time.Sleep(time.Millisecond) // the oldest is known by the time of its end
			ev, err := w.Send(w.ctx, owner, w.message(long))
			if err != nil {
				return nil, err
			}
			return ev.(*a2a.Task), nil
		}
		first, err := ask(bank)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		for ; err == nil; n++ {
			if n > 100 {
				t.Fatal("there is no bound")
			}
			_, err = ask(tasks.NewOwner("bank", string(rune('a'+n%26))))
		}
		if !errors.Is(err, tasks.ErrOverQuota) {
			t.Fatalf("message %d: %v", n, err)
		}
		if kept, _ := w.store.Kept(w.ctx, "bank"); kept < bound || kept > bound+8<<10 {
			t.Errorf("%d bytes are kept", kept)
		}
		if _, err := ask(other); err != nil {
			t.Errorf("another client: %v", err)
		}
		if _, err := w.Get(w.ctx, bank, &a2a.GetTaskRequest{ID: first.ID}); err != nil {
			t.Errorf("an answer younger than an hour is gone: %v", err)
		}
		time.Sleep(time.Hour + time.Second)
		if _, err := ask(bank); err != nil {
			t.Errorf("an hour later: %v", err)
		}
		if _, err := w.Get(w.ctx, bank, &a2a.GetTaskRequest{ID: first.ID}); !errors.Is(err,
			a2a.ErrTaskNotFound) {
			t.Errorf("the oldest task is still there: %v", err)
		}
	})
}

// shedder counts how often tasks of a client are looked for that could go.
type shedder struct {
	*tasks.Memory
	looks int
}

func (s *shedder) Shed(
	ctx context.Context, client string, before time.Time, bytes int64,
) (int64, error) {
	s.looks++
	return s.Memory.Shed(ctx, client, before, bytes)
}

// To look takes time in proportion to what a client has, and whoever is refused may ask as often as
// he likes.
func TestRefusedMessagesDoNotHaveTheTasksOfTheirClientLookedThrough(t *testing.T) {
	var store *shedder
	change := func(c *tasks.Config) {
		store = &shedder{Memory: c.Store.(*tasks.Memory)}
		c.Store, c.BytesPerClient = store, 16<<10
	}
	bubbleConfig(t, change, answer, func(t *testing.T, w *world) {
		long := strings.Repeat("x", 4<<10)
		refused := 0
		for range 100 {
			if _, err := w.Send(w.ctx, bank, w.message(long)); errors.Is(err, tasks.ErrOverQuota) {
				refused++
			}
		}
		if refused < 90 || store.looks != 1 {
			t.Errorf("%d messages were refused after %d looks", refused, store.looks)
		}
		time.Sleep(time.Hour + 2*time.Second) // all may go by then
		if _, err := w.Send(w.ctx, bank, w.message(long)); err != nil || store.looks != 2 {
			t.Errorf("an hour later: %v, after %d looks", err, store.looks)
		}
	})
}
