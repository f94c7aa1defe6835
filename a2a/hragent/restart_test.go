package hragent

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/hrapi"
)

// idsPolled are the auth_req_ids of all polls, each once.
func (p *phone) idsPolled() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := slices.Clone(p.ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// An agent dies at every step, is gone for a while, and goes on where it was, with the same auth_req_id and without another prompt.
func TestARestartAtEveryStep(t *testing.T) {
	const reading = "1.1s WORKING: Approved. Reading the employment record…"
	for _, row := range []struct {
		name     string
		question string
		change   func(w *world)
		dies     time.Duration // after acceptance
		gone     time.Duration
		says     func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) // polls after the restart
		want     []string
		prompts  int
		reason   string
	}{
		{
			name: "while the question is read", question: johnAsk, dies: 100 * time.Millisecond, gone: 50 * time.Millisecond,
			change:  func(w *world) { w.config.Reader = slowReader{w.config.Reader, 200 * time.Millisecond} },
			says:    always(grantOf(john), nil),
			want:    []string{submitted, working, waits, "500ms WORKING: Approved. Reading the employment record…", yesJohn, "500ms COMPLETED"},
			prompts: 1,
		},
		{
			name: "while the directory is asked", question: johnAsk, dies: 100 * time.Millisecond, gone: 20 * time.Second,
			change: func(w *world) { w.book.took = 200 * time.Millisecond },
			want: []string{submitted, working, strings.Replace(waits, "500ms", "20.5s", 1),
				"2m20.5s REJECTED: Not confirmed: no approval was given in time."},
			prompts: 1, reason: reasonNoAnswer,
		},
		{
			name: "while the provider is asked: its answer is waited for", question: johnAsk, dies: 100 * time.Millisecond, gone: time.Second,
			change: func(w *world) { w.phone.took = 300 * time.Millisecond },
			want: []string{submitted, working, "1.1s AUTH_REQUIRED: Waiting for the person's approval. Code CODE. Nothing has to be sent; keep watching this task.",
				"2m1.1s REJECTED: Not confirmed: no approval was given in time."},
			prompts: 1, reason: reasonNoAnswer,
		},
		{
			name: "when the acknowledgement is stored", question: johnAsk, dies: 100 * time.Millisecond, gone: 100 * time.Millisecond,
			says:    always(grantOf(john), nil),
			want:    []string{submitted, working, waits, "soon WORKING: Approved. Reading the employment record…", yesJohn, "soon COMPLETED"},
			prompts: 1,
		},
		{
			name: "when a pretended acknowledgement is stored", question: nobodyAsk, dies: 100 * time.Millisecond, gone: 100 * time.Millisecond,
			want: []string{submitted, working, waits, silent}, reason: reasonUnknown,
		},
		{
			name: "when the acknowledgement is stored, back after the step", question: johnAsk, dies: 100 * time.Millisecond, gone: 30 * time.Second,
			want: []string{submitted, working, strings.Replace(waits, "500ms", "30.1s", 1),
				"2m30.1s REJECTED: Not confirmed: no approval was given in time."},
			prompts: 1, reason: reasonNoAnswer,
		},
		{
			name: "when a pretended one is stored, back after the step", question: nobodyAsk, dies: 100 * time.Millisecond, gone: 30 * time.Second,
			want: []string{submitted, working, strings.Replace(waits, "500ms", "30.1s", 1),
				"2m30.1s REJECTED: Not confirmed: no approval was given in time."},
			reason: reasonUnknown,
		},
		{
			name: "while the person thinks", question: johnAsk, dies: 7 * time.Second, gone: 30 * time.Second,
			want: []string{submitted, working, waits, silent}, prompts: 1, reason: reasonNoAnswer,
		},
		{
			name: "while nobody thinks", question: nobodyAsk, dies: 7 * time.Second, gone: 30 * time.Second,
			want: []string{submitted, working, waits, silent}, reason: reasonUnknown,
		},
		{
			name: "while the person thinks, back after the deadline", question: johnAsk, dies: 7 * time.Second, gone: 10 * time.Minute,
			says: always(grantOf(john), nil),
			want: []string{submitted, working, waits, "10m7s REJECTED: Not confirmed: no approval was given in time."}, prompts: 1, reason: reasonNoAnswer,
		},
		{
			name: "while nobody thinks, back after the deadline", question: nobodyAsk, dies: 7 * time.Second, gone: 10 * time.Minute,
			want: []string{submitted, working, waits, "10m7s REJECTED: Not confirmed: no approval was given in time."}, reason: reasonUnknown,
		},
		{
			name: "with an approval that the caller does not know of: silence", question: johnAsk, dies: 100 * time.Millisecond, gone: 100 * time.Millisecond,
			change: func(w *world) { w.phone.poll = always(grantOf(john), nil) },
			says:   always(nil, oauth.ErrInvalidGrant), // its tokens were handed out
			want:   []string{submitted, working, waits, silent}, prompts: 1, reason: reasonProvider,
		},
		{
			name: "with an announced approval, handed out again", question: johnAsk, dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(grantOf(john), nil),
			want: []string{submitted, working, waits, reading, yesJohn, "soon COMPLETED"}, prompts: 1,
		},
		{
			name: "with an announced approval that is lost", question: johnAsk, dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(nil, oauth.ErrInvalidGrant),
			want: []string{submitted, working, waits, reading, "soon" + failedNow}, prompts: 1, reason: reasonLost,
		},
		{
			name: "with an announced approval that the provider calls expired", question: johnAsk, dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(nil, ciba.ErrExpired),
			want: []string{submitted, working, waits, reading, "2m0.5s" + failedNow}, prompts: 1, reason: reasonLost,
		},
		{
			name: "with an announced approval that the provider calls a refusal", question: johnAsk, dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(nil, ciba.ErrAccessDenied),
			want: []string{submitted, working, waits, reading, "soon" + failedNow}, prompts: 1, reason: reasonLost,
		},
		{
			name: "with an announced approval, back after the deadline", question: johnAsk, dies: 2 * time.Second, gone: time.Hour,
			change: readsSlowly, says: always(grantOf(john), nil),
			want: []string{submitted, working, waits, reading, "1h0m2s" + failedNow}, prompts: 1, reason: reasonLost,
		},
		{
			name: "after the end", question: johnAsk, dies: time.Minute, gone: time.Minute,
			change: func(w *world) { w.phone.poll = always(nil, ciba.ErrAccessDenied) }, says: always(grantOf(john), nil),
			want: []string{submitted, working, waits, "500ms REJECTED: The request was declined."}, prompts: 1,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, row.change, func(t *testing.T, w *world) {
				begun := time.Now()
				id := w.ask(row.question)
				w.after(row.dies)
				w.die()
				w.after(time.Until(begun.Add(row.dies + row.gone))) // a dying engine may have waited for the provider
				w.phone.says(row.says)
				w.memory.Reopen()
				w.start()
				w.finish(id)
				got := w.story(id)
				for i, want := range row.want[:min(len(row.want), len(got))] {
					if !strings.HasPrefix(want, "soon") { // in the second interval after the restart, for the first is the former process's
						continue
					}
					at, state, _ := strings.Cut(got[i], " ")
					d, err := time.ParseDuration(at)
					if back := row.dies + row.gone; err != nil || d < back+5*time.Second || d > back+11*time.Second {
						t.Errorf("%s after %v", state, at)
					}
					got[i] = "soon " + state
				}
				if !slices.Equal(got, row.want) {
					t.Errorf("the task went\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(row.want, "\n  "))
				}
				if n := w.phone.prompts(); n != row.prompts {
					t.Errorf("%d prompts, want %d", n, row.prompts)
				}
				if ids := w.phone.idsPolled(); len(ids) > 1 {
					t.Errorf("polled %v", ids)
				}
				w.wantReason(id, row.reason)
			})
		})
	}
}

// readsSlowly approves after a second, and has the HR API ask for time.
func readsSlowly(w *world) {
	w.phone.poll = func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
		time.Sleep(time.Second)
		return grantOf(john), nil
	}
	w.records.errs = []error{&hrapi.TemporaryError{RetryAfter: 4 * time.Second}}
}

// deaf is a store that takes nothing any more once it is told so: the process dies at that very moment.
type deaf struct {
	tasks.Store
	mu    sync.Mutex
	after int // writes until then; 0 is never
	n     int
}

func (d *deaf) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	d.mu.Lock()
	d.n++
	dead := d.after > 0 && d.n > d.after
	d.mu.Unlock()
	if dead {
		return tasks.ErrClosed
	}
	return d.Store.Append(ctx, id, base, c)
}

// The one window in which a person is asked twice: the provider has answered, and the process dies before that is stored.
func TestTheStatedWindow(t *testing.T) {
	bubble(t, func(w *world) {
		store := &deaf{Store: &w.memory}
		w.store = store
		w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
			if n == 1 {
				store.mu.Lock()
				store.after = store.n + 1
				store.n = store.after
				store.mu.Unlock()
			}
			return acknowledge(n, r)
		}
	}, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.after(100 * time.Millisecond)
		w.die()
		w.store = &w.memory
		w.memory.Reopen()
		w.start()
		w.phone.says(always(grantOf(john), nil))
		w.finish(id)
		w.wantStory(id, submitted, working, waits, "500ms WORKING: Approved. Reading the employment record…", yesJohn, "500ms COMPLETED")
		if n := w.phone.prompts(); n != 2 {
			t.Errorf("%d prompts", n)
		}
		if ids := w.phone.idsPolled(); len(ids) != 1 || ids[0] != "auth-req-2" {
			t.Errorf("polled %v", ids)
		}
	})
}

// A checkpoint that nobody can read ends its task instead of keeping it for ever.
func TestABrokenCheckpoint(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.after(time.Second)
		w.die()
		rec := w.record(id)
		if err := w.memory.Append(w.ctx, id, rec.Seq, tasks.Change{Task: rec.Task, Checkpoint: []byte(`{"auth_req_id":"auth-req-1`), Run: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadNote(w.record(id).Checkpoint); err == nil {
			t.Error("it can be read as a note")
		}
		w.memory.Reopen()
		w.start()
		w.finish(id)
		w.wantStory(id, submitted, working, waits, "1s"+failedNow)
		w.agent.Park(id, []byte("nonsense"))
		w.agent.Park(id, []byte("nonsense"))
		w.after(time.Second)
		if n := w.agent.Waiting(); n != 0 {
			t.Errorf("%d tasks wait", n)
		}
	})
}

// A deploy: what was collected is answered, what is waited for waits on.
func TestDraining(t *testing.T) {
	for _, row := range []struct {
		name  string
		poll  func(context.Context, int, ciba.Expectation) (*ciba.Grant, error)
		stops time.Duration // after acceptance
		ends  time.Duration // Run, after that
		want  []string
	}{
		{
			"with an approval that waits for its step", always(grantOf(john), nil), 200 * time.Millisecond, 300 * time.Millisecond,
			[]string{submitted, working, waits, "500ms WORKING: Approved. Reading the employment record…", yesJohn, "500ms COMPLETED"},
		},
		{
			"with a refusal that waits for its step", always(nil, ciba.ErrAccessDenied), 200 * time.Millisecond, 300 * time.Millisecond,
			[]string{submitted, working, waits, "500ms REJECTED: The request was declined."},
		},
		{
			"with a poll that brings an approval in time", slowly(3*time.Second, grantOf(john), nil), time.Second, 2 * time.Second,
			[]string{submitted, working, waits, "3s WORKING: Approved. Reading the employment record…", yesJohn, "3s COMPLETED"},
		},
		{
			"with a poll that brings nothing", slowly(3*time.Second, nil, ciba.ErrPending), time.Second, 2 * time.Second,
			[]string{submitted, working, waits},
		},
		{
			"with a poll that takes longer than the grace", slowly(30*time.Second, grantOf(john), nil), time.Second, drainGrace,
			[]string{submitted, working, waits},
		},
		{
			"with nothing under way", always(nil, ciba.ErrPending), time.Second, 0,
			[]string{submitted, working, waits},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) { w.phone.poll = row.poll }, func(t *testing.T, w *world) {
				id, other := w.ask(johnAsk), w.ask(nobodyAsk)
				w.after(row.stops)
				polls, stopped := len(w.phone.pollTimes()), time.Now()
				w.stop()
				<-w.done[0]
				if took := time.Since(stopped); took != row.ends {
					t.Errorf("it took %v, want %v", took, row.ends)
				}
				w.wantStory(id, row.want...)
				if len(w.phone.pollTimes()) != polls {
					t.Error("it was polled on")
				}
				w.after(time.Minute)
				if err := w.engine.Shutdown(w.ctx); err != nil {
					t.Fatal(err)
				}
				// The next process takes up the rest, both with the time that they had left.
				w.memory.Reopen()
				w.phone.says(nil)
				w.start()
				w.finish(id)
				w.finish(other)
				if !w.task(id).Status.State.Terminal() || w.task(other).Status.State != a2a.TaskStateRejected {
					t.Errorf("ended as %v and %v", w.task(id).Status.State, w.task(other).Status.State)
				}
			})
		})
	}
}

// slowly answers every poll after a while, or when its context ends.
func slowly(d time.Duration, grant *ciba.Grant, err error) func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
	return func(ctx context.Context, _ int, _ ciba.Expectation) (*ciba.Grant, error) {
		select {
		case <-time.After(d):
			return grant, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func TestReadNote(t *testing.T) {
	deadline := time.Date(2026, 11, 21, 9, 2, 0, 0, time.UTC)
	real := &checkpoint{request: request{AuthReqID: "auth-req-1", Subject: john, Deadline: deadline}, Code: "7K3F-9QXM"}
	pretended := &checkpoint{request: request{Reason: reasonUnknown, Deadline: deadline}, Code: "7K3F-9QXM"}
	for _, row := range []struct {
		name       string
		checkpoint []byte
		want       Note
	}{
		{"none", nil, Note{}},
		{"a real one", real.encode(), Note{Code: "7K3F-9QXM", Subject: john, Deadline: deadline}},
		{"a pretended one", pretended.encode(), Note{Reason: reasonUnknown, Pretended: true, Code: "7K3F-9QXM", Deadline: deadline}},
		{"a finished one", note(reasonNoAnswer), Note{Reason: reasonNoAnswer}},
	} {
		if got, err := ReadNote(row.checkpoint); err != nil || got != row.want {
			t.Errorf("%s: %+v, %v", row.name, got, err)
		}
	}
	if note("") != nil {
		t.Error("no reason leaves a note")
	}
}
