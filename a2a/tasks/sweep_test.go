package tasks_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// TestSweep: what has been finished for the time of retention goes, in steps; what is younger or
// unfinished stays.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store tasks.Memory
		keep := func(id string, state a2a.TaskState, age time.Duration) {
			at := time.Now().Add(-age).UTC()
			task := &a2a.Task{ID: a2a.TaskID(id),
				Status: a2a.TaskStatus{State: state, Timestamp: at}}
			if _, err := store.Create(t.Context(), &tasks.Record{Task: task, Owner: "bank", Seq: 1,
				Created: at}, []a2a.Event{task}, at); err != nil {
				t.Fatal(err)
			}
		}
		const day = 24 * time.Hour
		for i := range 450 {
			keep(fmt.Sprint("old", i), a2a.TaskStateCompleted, 31*day)
		}
		keep("young", a2a.TaskStateRejected, 29*day)
		keep("waiting", a2a.TaskStateInputRequired, 90*day)
		left := func() string {
			page, err := store.List(t.Context(), tasks.Query{Owner: "bank", Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var ids string
			for _, rec := range page.Records {
				ids += string(rec.Task.ID) + " "
			}
			return fmt.Sprint(page.Total, ": ", ids)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			tasks.Sweep(ctx, &store, 30*day, slog.New(slog.DiscardHandler))
		}()
		time.Sleep(time.Minute)
		if got := left(); got != "2: young waiting " {
			t.Errorf("left %s", got)
		}
		time.Sleep(day + time.Hour)
		if got := left(); got != "1: waiting " {
			t.Errorf("left a day later %s", got)
		}
		stop()
		<-done
	})
}
