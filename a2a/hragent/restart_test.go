package hragent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
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

// at is a line of a story, later.
func at(when, line string) string {
	_, rest, _ := strings.Cut(line, " ")
	return when + " " + rest
}

// An agent dies at every step, is gone for a while, and goes on where it was, with the same
// auth_req_id and without another prompt.
func TestARestartAtEveryStep(t *testing.T) {
	const reading = "1.1s WORKING: Approved. Reading the employment record…"
	for _, row := range []struct {
		name     string
		question string
		change   func(w *world)
		dies     time.Duration // after acceptance
		gone     time.Duration
		// polls after the restart
		says    func(context.Context, int, ciba.Expectation) (*ciba.Grant, error)
		want    []string
		prompts int
		reason  string
	}{
		{
			name: "while the question is read", question: johnAsk, dies: 100 * time.Millisecond,
			gone: 150 * time.Millisecond,
			change: func(w *world) {
				w.config.Reader = slowReader{w.config.Reader, 200 * time.Millisecond}
			},
			says: always(grantOf(john), nil),
			want: []string{submitted, working, at("450ms", waits),
				"450ms WORKING: Approved. Reading the employment record…", yesJohn,
				"450ms COMPLETED"},
			prompts: 1,
		},
		{
			name: "while the directory is asked", question: johnAsk, dies: 100 * time.Millisecond,
			gone:    20 * time.Second,
			change:  func(w *world) { w.book.took = 200 * time.Millisecond },
			want:    []string{submitted, working, waits, silent},
			prompts: 1, reason: consent.ReasonNoAnswer,
		},
		{
			name:     "while the directory is asked, back when too little time is left",
			question: johnAsk, dies: 100 * time.Millisecond, gone: 109 * time.Second,
			change: func(w *world) { w.book.took = 200 * time.Millisecond },
			want:   []string{submitted, working, waits, silent}, reason: consent.ReasonLate,
		},
		{
			name: "while the directory is asked about nobody", question: nobodyAsk,
			dies: 100 * time.Millisecond, gone: 20 * time.Second,
			change: func(w *world) { w.book.took = 200 * time.Millisecond },
			want:   []string{submitted, working, waits, silent}, reason: reasonUnknown,
		},
		{
			name: "while the person thinks", question: johnAsk, dies: 7 * time.Second,
			gone: 30 * time.Second,
			want: []string{submitted, working, waits, silent}, prompts: 1,
			reason: consent.ReasonNoAnswer,
		},
		{
			name: "while nobody thinks", question: nobodyAsk, dies: 7 * time.Second,
			gone: 30 * time.Second,
			want: []string{submitted, working, waits, silent}, reason: reasonUnknown,
		},
		{
			name: "while the person thinks, back after the deadline", question: johnAsk,
			dies: 7 * time.Second, gone: 10 * time.Minute,
			says: always(grantOf(john), nil),
			want: []string{submitted, working, waits,
				"10m7s REJECTED: Not confirmed: no approval was given in time."}, prompts: 1,
			reason: consent.ReasonNoAnswer,
		},
		{
			name: "while nobody thinks, back after the deadline", question: nobodyAsk,
			dies: 7 * time.Second, gone: 10 * time.Minute,
			want: []string{submitted, working, waits,
				"10m7s REJECTED: Not confirmed: no approval was given in time."},
			reason: reasonUnknown,
		},
		{
			name: "with an approval that the caller does not know of: silence", question: johnAsk,
			dies: 500 * time.Millisecond, gone: 10 * time.Second,
			change: func(w *world) { w.phone.poll = slowly(time.Second, grantOf(john), nil) },
			says:   always(nil, oauth.ErrInvalidGrant), // its tokens were handed out
			want:   []string{submitted, working, waits, silent}, prompts: 1,
			reason: consent.ReasonForgot,
		},
		{
			name: "with an announced approval, handed out again", question: johnAsk,
			dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(grantOf(john), nil),
			want:    []string{submitted, working, waits, reading, yesJohn, "soon COMPLETED"},
			prompts: 1,
		},
		{
			name: "with an announced approval that is lost", question: johnAsk,
			dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(nil, oauth.ErrInvalidGrant),
			want: []string{submitted, working, waits, reading, "soon" + failedNow}, prompts: 1,
			reason: consent.ReasonLost,
		},
		{
			name: "with an announced approval that the provider calls expired", question: johnAsk,
			dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(nil, ciba.ErrExpired),
			want: []string{submitted, working, waits, reading, "soon" + failedNow}, prompts: 1,
			reason: consent.ReasonLost,
		},
		{
			name: "with an announced approval that the provider calls a refusal", question: johnAsk,
			dies: 2 * time.Second, gone: time.Minute,
			change: readsSlowly, says: always(nil, ciba.ErrAccessDenied),
			want: []string{submitted, working, waits, reading, "soon" + failedNow}, prompts: 1,
			reason: consent.ReasonLost,
		},
		{
			name: "with an announced approval, back after the deadline", question: johnAsk,
			dies: 2 * time.Second, gone: time.Hour,
			change: readsSlowly, says: always(grantOf(john), nil),
			want: []string{submitted, working, waits, reading, "1h0m2s" + failedNow}, prompts: 1,
			reason: consent.ReasonLost,
		},
		{
			name: "after the end", question: johnAsk, dies: time.Minute, gone: time.Minute,
			change: func(w *world) {
				w.phone.poll = always(nil, ciba.ErrAccessDenied)
			}, says: always(grantOf(john), nil),
			want:    []string{submitted, working, waits, "0s REJECTED: The request was declined."},
			prompts: 1,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, row.change, func(t *testing.T, w *world) {
				begun := time.Now()
				id := w.ask(row.question)
				w.after(row.dies)
				w.die()
				// a dying engine may have waited for the provider
				w.after(time.Until(begun.Add(row.dies + row.gone)))
				w.phone.says(row.says)
				w.memory.Reopen()
				w.start()
				w.finish(id)
				got := w.story(id)
				for i, want := range row.want[:min(len(row.want), len(got))] {
					// in the second interval after the restart, for the first is the former
					// process's
					if !strings.HasPrefix(want, "soon") {
						continue
					}
					at, state, _ := strings.Cut(got[i], " ")
					d, err := time.ParseDuration(at)
					if back := row.dies + row.gone; err != nil || d < back+5*time.Second ||
						d > back+11*time.Second {
						t.Errorf("%s after %v", state, at)
					}
					got[i] = "soon " + state
				}
				if !slices.Equal(got, row.want) {
					t.Errorf("the task went\n  %s\nwant\n  %s", strings.Join(got, "\n  "),
						strings.Join(row.want, "\n  "))
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

// A checkpoint that nobody can read ends its task instead of keeping it for ever.
func TestABrokenCheckpoint(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.after(time.Second)
		w.die()
		rec := w.record(id)
		if err := w.memory.Append(w.ctx, id, rec.Seq,
			tasks.Change{ID: tasks.NewChangeID(), Task: rec.Task,
				Checkpoint: []byte(`{"auth_req_id":"auth-req-1`), Run: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadNote(w.ctx, w.store, w.record(id).Checkpoint); err == nil {
			t.Error("it can be read as a note")
		}
		w.memory.Reopen()
		w.start()
		w.finish(id)
		w.wantStory(id, submitted, working, waits, "1s"+failedNow)
		w.agent.Park(id, nil, []byte("nonsense"))
		w.agent.Park(id, nil, []byte("nonsense"))
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
			"with a prompt that is being sent", always(nil, ciba.ErrPending),
			200 * time.Millisecond, 800 * time.Millisecond,
			[]string{submitted, working, waits},
		},
		{
			"with a person who is being looked up", always(nil, ciba.ErrPending),
			200 * time.Millisecond, 0,
			[]string{submitted, working, waits},
		},
		{
			"with a poll that brings an approval in time",
			slowly(3*time.Second, grantOf(john), nil), time.Second, 2 * time.Second,
			[]string{submitted, working, waits,
				"3s WORKING: Approved. Reading the employment record…", yesJohn, "3s COMPLETED"},
		},
		{
			"with a poll that brings nothing", slowly(3*time.Second, nil, ciba.ErrPending),
			time.Second, 2 * time.Second,
			[]string{submitted, working, waits},
		},
		{
			"with a poll that takes longer than the grace",
			slowly(30*time.Second, grantOf(john), nil), time.Second, 5 * time.Second,
			[]string{submitted, working, waits},
		},
		{
			"with nothing under way", always(nil, ciba.ErrPending), time.Second, 0,
			[]string{submitted, working, waits},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.phone.poll = row.poll
				switch row.name {
				case "with a prompt that is being sent":
					w.phone.took = time.Second
				case "with a person who is being looked up":
					w.book.took = time.Second
				}
			}, func(t *testing.T, w *world) {
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
				if n := w.phone.prompts(); n != 1 {
					t.Errorf("%d prompts", n)
				}
				if !w.task(id).Status.State.Terminal() ||
					w.task(other).Status.State != a2a.TaskStateRejected {
					t.Errorf("ended as %v and %v", w.task(id).Status.State,
						w.task(other).Status.State)
				}
			})
		})
	}
}

// slowly answers every poll after a while, or when its context ends.
func slowly(
	d time.Duration, grant *ciba.Grant, err error,
) func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
	return func(ctx context.Context, _ int, _ ciba.Expectation) (*ciba.Grant, error) {
		select {
		case <-time.After(d):
			return grant, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// What the operator reads of a task, from its checkpoint and from the request that it takes part
// in.
func TestReadNote(t *testing.T) {
	deadline := time.Date(2026, 11, 21, 9, 2, 0, 0, time.UTC)
	ticket := consent.Ticket{Key: consent.NewKey("a"), Code: "7K3F-9QXM", Deadline: deadline}
	alone := ticket
	alone.Alone = true
	asked := consent.Request{Code: ticket.Code, Deadline: deadline, Phase: consent.Waiting,
		AuthReqID: "auth-req-1", Subject: john}
	pretended := consent.Request{Code: ticket.Code, Deadline: deadline, Phase: consent.Waiting,
		Reason: reasonUnknown}
	for _, row := range []struct {
		name       string
		checkpoint []byte
		kept       *consent.Request
		want       Note
	}{
		{"none", nil, nil, Note{}},
		{"somebody is asked", (&checkpoint{Ticket: ticket}).encode(), &asked,
			Note{Code: ticket.Code, Subject: john, Deadline: deadline}},
		{"nobody is asked", (&checkpoint{Ticket: ticket}).encode(), &pretended,
			Note{Reason: reasonUnknown, Pretended: true, Code: ticket.Code, Deadline: deadline}},
		{"not kept", (&checkpoint{Ticket: ticket}).encode(), nil, Note{Reason: consent.ReasonGone,
			Pretended: true, Code: ticket.Code, Deadline: deadline}},
		{"too many", (&checkpoint{Ticket: alone}).encode(), &asked, Note{Reason: consent.ReasonFull,
			Pretended: true, Code: ticket.Code, Deadline: deadline}},
		{"a finished one", note(consent.ReasonNoAnswer), nil, Note{Reason: consent.ReasonNoAnswer}},
		{"one of the release before", []byte(olderReal), nil,
			Note{Code: "7K3F-9QXM", Subject: john, Deadline: olderDeadline}},
	} {
		if got, err := ReadNote(t.Context(), oneHold{row.kept}, row.checkpoint); err != nil ||
			got != row.want {
			t.Errorf("%s: %+v, %v", row.name, got, err)
		}
	}
	if note("") != nil {
		t.Error("no reason leaves a note")
	}
}

// oneHold keeps one request under every key.
type oneHold struct{ q *consent.Request }

func (h oneHold) Hold(context.Context, tasks.Key) (*tasks.Hold, error) {
	if h.q == nil {
		return nil, tasks.ErrNotFound
	}
	b, err := json.Marshal(h.q)
	return &tasks.Hold{Value: b}, err
}

// deaf is a store that takes nothing any more after some writes: the process dies at that very
// moment.
type deaf struct {
	tasks.Store
	mu    sync.Mutex
	left  int  // writes
	after bool // the last one is stored before the process dies
}

// write reports whether a write is still taken, and whether its success is still heard of.
func (d *deaf) write() (takes, hears bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left--
	return d.left > 0 || d.left == 0 && d.after, d.left > 0
}

func (d *deaf) Append(ctx context.Context, id a2a.TaskID, base tasks.Seq, c tasks.Change) error {
	takes, hears := d.write()
	if takes {
		if err := d.Store.Append(ctx, id, base, c); err != nil || hears {
			return err
		}
	}
	return tasks.ErrClosed
}

func (d *deaf) Amend(ctx context.Context, id tasks.ChangeID, claims []tasks.Claim) error {
	takes, hears := d.write()
	if takes {
		if err := d.Store.Amend(ctx, id, claims); err != nil || hears {
			return err
		}
	}
	return tasks.ErrClosed
}

// Three changes make a wait. A process that dies at any of them leaves what the next one needs:
// without the word that a prompt is being sent, the person is looked up and prompted; with it and
// without the acknowledgement, nobody is prompted again, and it ends like silence; with the
// acknowledgement, it is polled.
func TestDyingAtEachChange(t *testing.T) {
	type row struct {
		prompts int
		end     string
		reason  string
	}
	for i, want := range []row{
		{1, "COMPLETED", ""}, // before the announcement: the question is read again
		{1, "COMPLETED", ""}, // announced
		// a prompt is being sent, or was about to be
		{0, "REJECTED: " + silenceText, consent.ReasonInDoubt},
		{1, "REJECTED: " + silenceText, consent.ReasonInDoubt}, // it was sent
		{1, "COMPLETED", ""}, // the acknowledgement is kept
		{1, "COMPLETED", ""}, // the end is not
	} {
		for _, policy := range []Disclosure{Guarded, Open} {
			t.Run(fmt.Sprint(i, " ", policy), func(t *testing.T) {
				bubble(t, func(w *world) {
					w.config.Disclosure = policy
					w.phone.poll = from(2, grantOf(john), nil)
					// 1: announced, 2: asking, 3: waiting, 4: the end. An odd row dies behind a
					// write, an even one before it.
					w.store = &deaf{Store: &w.memory, left: [...]int{1, 1, 2, 3, 3, 4}[i],
						after: i == 1 || i == 2 || i == 4}
				}, func(t *testing.T, w *world) {
					id := w.ask(johnAsk)
					w.after(8 * time.Second)
					w.die()
					w.store = &w.memory
					w.memory.Reopen()
					w.phone.says(always(grantOf(john), nil))
					w.start()
					w.finish(id)
					story := w.story(id)
					end := want.end
					if want.reason == consent.ReasonInDoubt && policy == Open {
						end = strings.TrimSpace(failedNow)
					}
					if !strings.HasSuffix(story[len(story)-1], end) {
						t.Errorf("the task went\n  %s\nwant an end with %s",
							strings.Join(story, "\n  "), end)
					}
					if n := w.phone.prompts(); n != want.prompts {
						t.Errorf("%d prompts, want %d", n, want.prompts)
					}
					if ids := w.phone.idsPolled(); len(ids) > 1 {
						t.Errorf("polled %v", ids)
					}
					w.wantReason(id, want.reason)
				})
			})
		}
	}
}

// One approval answers all that take part, also when the agent dies when the first of them has
// ended: the provider does not hand it out again.
func TestDyingBetweenTheEndsOfEqualQuestions(t *testing.T) {
	for _, memory := range []time.Duration{0, Memory} {
		bubble(t, func(w *world) {
			w.config.Memory = memory
			w.phone.poll = from(2, grantOf(john), nil)
			// Announced, asking, waiting, the second one finds it and joins, and the first end.
			w.store = &deaf{Store: &w.memory, left: 6, after: true}
		}, func(t *testing.T, w *world) {
			first := w.ask(johnAsk)
			w.after(time.Second)
			second := w.ask(johnAsk)
			w.after(8 * time.Second)
			w.die()
			w.store = &w.memory
			w.memory.Reopen()
			w.phone.says(always(nil, ciba.ErrExpired))
			w.start()
			for _, id := range []a2a.TaskID{first, second} {
				if task := w.finish(id); task.Status.State != a2a.TaskStateCompleted {
					t.Errorf("memory %v: a task ended %v", memory, task.Status.State)
				}
			}
			if n := w.phone.prompts(); n != 1 {
				t.Errorf("memory %v: %d prompts", memory, n)
			}
		})
	}
}
