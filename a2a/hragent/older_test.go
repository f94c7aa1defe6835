package hragent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
	"staff0/ciba"
)

// olderReal is a checkpoint as release 861aec8 has stored it: announced, acknowledged by the
// provider.
const olderReal = `{"auth_req_id":"auth-req-1","subject":"auth0|jdoe","step":"2026-11-21T09:00:00.5Z","lifetime":120000000000,` +
	`"deadline":"2026-11-21T09:02:00.5Z","interval":5000000000,"process":1234567890123456789,"expires_at":"2026-11-21T09:02:00Z",` +
	`"code":"7K3F-9QXM","asked":{"identifier":"jdoe@staff0.com","name":"John Doe"},"person":"jdoe@staff0.com","text":true,"json":true}`

var olderDeadline = time.Date(2026, 11, 21, 9, 2, 0, 500_000_000, time.UTC)

// What the release before this one has left waits on and is answered, and nobody is prompted again.
func TestRequestsOfAnOlderRelease(t *testing.T) {
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
	checkpoint := func(members string) []byte {
		return []byte(`{` + members +
			`"code":"7K3F-9QXM","asked":{"identifier":"jdoe@staff0.com","name":"John Doe"},"person":"jdoe@staff0.com","text":true,"json":true}`)
	}
	request := func(d time.Duration) string {
		return fmt.Sprintf(
			`"auth_req_id":"auth-req-1","subject":"auth0|jdoe","lifetime":120000000000,"interval":5000000000,"process":7,"expires_at":%q,`, at(d))
	}
	told := step(a2a.TaskStateAuthRequired, "Waiting", nil).Events
	approved := append(told[:1:1], step(a2a.TaskStateWorking, approvedText, nil).Events...)
	for _, row := range []struct {
		name       string
		checkpoint func() []byte
		events     []a2a.Event
		poll       func(w *world)
		want       string // the end of the last line of the story
		reason     string
	}{
		{"a real one, approved", func() []byte {
			return checkpoint(request(time.Minute) + fmt.Sprintf(`"deadline":%q,`, at(time.Minute)))
		}, told,
			func(w *world) { w.phone.poll = always(grantOf(john), nil) }, "COMPLETED", ""},
		{"a real one, declined", func() []byte {
			return checkpoint(request(time.Minute) + fmt.Sprintf(`"deadline":%q,`, at(time.Minute)))
		}, told,
			func(w *world) { w.phone.poll = always(nil, ciba.ErrAccessDenied) }, declinedText, ""},
		{"a real one, without an answer", func() []byte {
			return checkpoint(request(time.Minute) + fmt.Sprintf(`"deadline":%q,`, at(time.Minute)))
		}, told,
			nil, "1m0s REJECTED: " + silenceText, consent.ReasonNoAnswer},
		{"a pretended one", func() []byte {
			return checkpoint(
				fmt.Sprintf(`"reason":"unknown_person","lifetime":120000000000,"deadline":%q,`,
					at(time.Minute)))
		}, told, nil, "1m0s REJECTED: " + silenceText, reasonUnknown},
		{"not announced yet", func() []byte { return checkpoint(request(2 * time.Minute)) }, nil,
			func(w *world) { w.phone.poll = always(grantOf(john), nil) }, "COMPLETED", ""},
		{"not announced yet, pretended", func() []byte {
			return checkpoint(`"reason":"unknown_person","lifetime":120000000000,`)
		}, nil,
			nil, "2m0s REJECTED: " + silenceText, reasonUnknown},
		{"approved, which the caller knows, and handed out again", func() []byte {
			return checkpoint(request(time.Minute) + fmt.Sprintf(`"deadline":%q,`, at(time.Minute)))
		}, approved, func(w *world) { w.phone.poll = always(grantOf(john), nil) }, "COMPLETED", ""},
		{"approved, which the caller knows, and lost", func() []byte {
			return checkpoint(request(time.Minute) + fmt.Sprintf(`"deadline":%q,`, at(time.Minute)))
		}, approved, nil, strings.TrimSpace(failedNow), consent.ReasonLost},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				if row.poll != nil {
					row.poll(w)
				}
				for _, id := range []a2a.TaskID{"one", "other"} { // who have joined
					task := &a2a.Task{ID: id, ContextID: "c",
						Status: a2a.TaskStatus{State: a2a.TaskStateWorking, Timestamp: time.Now()}}
					rec := &tasks.Record{Task: task, Owner: bank, Seq: 1, Created: time.Now()}
					if _, err := w.memory.Create(w.ctx, rec, []a2a.Event{task},
						time.Now()); err != nil {
						t.Fatal(err)
					}
					sum := task
					for _, e := range row.events {
						u := *e.(*a2a.TaskStatusUpdateEvent)
						u.TaskID, u.ContextID, u.Status.Timestamp = id, "c", time.Now()
						sum = sum.Apply(&u)
						if err := w.memory.Append(w.ctx, id, rec.Seq,
							tasks.Change{ID: tasks.NewChangeID(), Events: []a2a.Event{&u},
								Task: sum, Run: true}); err != nil {
							t.Fatal(err)
						}
						rec.Seq++
					}
					err := w.memory.Append(w.ctx, id, rec.Seq, tasks.Change{ID: tasks.NewChangeID(),
						Task: sum, Checkpoint: row.checkpoint(), Run: true})
					if err != nil {
						t.Fatal(err)
					}
				}
				w.memory.Reopen()
			}, func(t *testing.T, w *world) {
				for _, id := range []a2a.TaskID{"one", "other"} {
					w.finish(id)
					story := w.story(id)
					if last := story[len(story)-1]; !strings.HasSuffix(last, row.want) {
						t.Errorf("the task went\n  %s\nwant an end with %s",
							strings.Join(story, "\n  "), row.want)
					}
					w.wantReason(id, row.reason)
				}
				if n := w.phone.prompts(); n != 0 {
					t.Errorf("%d prompts", n)
				}
				if n := len(w.records.calls); n > 1 {
					t.Errorf("the record was read %d times", n)
				}
			})
		})
	}
}
