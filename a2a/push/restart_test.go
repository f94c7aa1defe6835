package push

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/sqlite"
)

// TestAFileIsSentFromWhereItEnded: the agent is killed and its file opened again, while the
// receiver is down half of the time.
func TestAFileIsSentFromWhereItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &receiver{busy: map[string]int{}, most: map[string]int{}}
		begin := time.Now()
		var up atomic.Bool
		network.does(func(*delivery, context.Context) (*http.Response, error) {
			if !up.Load() && time.Since(begin)/time.Second%2 == 1 {
				return nil, syscall.ECONNREFUSED
			}
			return status(200), nil
		})
		path := filepath.Join(t.TempDir(), "agent.db")
		const n = 40
		name := func(i int) string { return fmt.Sprint("t", i) }
		for life := range 4 {
			store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := newSender(t, Config{Store: store})
			s.guarded = network
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { s.Run(ctx); close(done) }()
			w := &world{t: t, store: store, sender: s}
			for i := range n {
				id := name(i)
				if life == 0 {
					w.create(id, config(id, "a", hookURL+"/"+id))
				}
				state := a2a.TaskStateWorking
				if life == 3 {
					state = a2a.TaskStateCompleted
				}
				appendTo(t, store, s, id, state)
				time.Sleep(20 * time.Millisecond)
			}
			if life == 3 {
				up.Store(true)
				time.Sleep(lastRetry + time.Second)
			}
			cancel()
			<-done
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			got := network.taken(hookURL + "/" + name(i))
			if !slices.Equal(slices.Compact(got), []tasks.Seq{1, 2, 3, 4, 5}) {
				t.Errorf("%s has taken %v", name(i), got)
			}
		}
	})
}

// appendTo appends a status to a stored task.
func appendTo(t *testing.T, store tasks.Store, s *Sender, id string, state a2a.TaskState) {
	t.Helper()
	r, err := store.Get(t.Context(), a2a.TaskID(id))
	if err != nil {
		t.Fatal(err)
	}
	event := update(state)
	event.TaskID, event.Status.Timestamp = r.Task.ID, time.Now()
	if err := store.Append(t.Context(), r.Task.ID, r.Seq, tasks.Change{ID: tasks.NewChangeID(),
		Events: []a2a.Event{event}, Task: r.Task.Apply(event)}); err != nil {
		t.Fatal(err)
	}
	s.Changed(r.Task.ID)
}
