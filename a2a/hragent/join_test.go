package hragent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/hrapi"
)

// codeAndDeadline is the code that the caller was shown, and the deadline he was told.
func (w *world) codeAndDeadline(id a2a.TaskID) string {
	w.t.Helper()
	consent := lastConsent(w.task(id))
	if !strings.Contains(consent, `"code"`) {
		w.t.Fatalf("no code was announced:\n%s", strings.Join(w.story(id), "\n"))
	}
	return consent
}

func (w *world) cancel(id a2a.TaskID) {
	w.t.Helper()
	if _, err := w.engine.Cancel(w.ctx, bank, &a2a.CancelTaskRequest{ID: id}); err != nil {
		w.t.Fatal(err)
	}
}

// Equal questions share one prompt: one code, one deadline, one reading of the record, an answer
// for each.
func TestEqualQuestionsShareOnePrompt(t *testing.T) {
	for name, change := range map[string]func(*world){"guarded": nil, "open": open} {
		t.Run(name, func(t *testing.T) {
			bubble(t, change, func(t *testing.T, w *world) {
				first := w.ask(johnAsk)
				w.after(3 * time.Second)
				second := w.ask("Is jdoe@staff0.com, John Doe, employed at Staff0?")
				w.after(time.Second)
				if a, b := w.codeAndDeadline(first), w.codeAndDeadline(second); a != b {
					t.Errorf("the first was told %s, the second %s", a, b)
				}
				w.phone.says(always(grantOf(john), nil))
				for _, id := range []a2a.TaskID{first, second} {
					if task := w.finish(id); task.Status.State != a2a.TaskStateCompleted ||
						!strings.HasPrefix(task.Artifacts[0].Text(), "Yes") {
						t.Errorf("the task went\n  %s", strings.Join(w.story(id), "\n  "))
					}
				}
				if w.phone.prompts() != 1 || len(w.records.calls) != 1 {
					t.Errorf("%d prompts, %d readings of the record", w.phone.prompts(),
						len(w.records.calls))
				}
			})
		})
	}
}

// A bare user name is the address that it stands for.
func TestAUserNameJoinsItsAddress(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		w.ask("Does jdoe work here?")
		w.after(2 * time.Second)
		w.ask("Does jdoe@staff0.com work here?")
		w.after(2 * time.Second)
		if w.phone.prompts() != 1 {
			t.Errorf("%d prompts", w.phone.prompts())
		}
	})
}

// A refusal is one for all that have asked the same.
func TestARefusalIsForAll(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		first, second := w.ask(johnAsk), w.ask(johnAsk)
		w.after(3 * time.Second)
		w.phone.says(always(nil, ciba.ErrAccessDenied))
		for _, id := range []a2a.TaskID{first, second} {
			if story := w.story(w.finish(id).ID); !strings.HasSuffix(story[len(story)-1],
				declinedText) {
				t.Errorf("went %q", story)
			}
		}
		if w.phone.prompts() != 1 {
			t.Errorf("%d prompts", w.phone.prompts())
		}
	})
}

// What differs gets no prompt and ends like silence, whoever is asked about: another name, another
// identifier of the same person. What belongs to another asker has a prompt of its own.
func TestUnequalQuestionsGetNoPrompt(t *testing.T) {
	for _, row := range []struct {
		name, question string
		owner          tasks.Owner
		prompts        int
		end            string
	}{
		{"the same question", johnAsk, bank, 1, "COMPLETED"},
		{"in capitals", "Does John Doe with email JDOE@STAFF0.COM work at Staff0?", bank, 1,
			"COMPLETED"},
		{"under another name", "Does Jane Roe with email jdoe@staff0.com work at Staff0?", bank, 1,
			silenceText},
		{"without the name", "Does jdoe@staff0.com work at Staff0?", bank, 1, silenceText},
		{"by employee number", "Is E1001 an active employee?", bank, 1, silenceText},
		{"about somebody else", "Is asmith@staff0.com an employee?", bank, 2, "COMPLETED"},
		{"by another asker", johnAsk, "second-bank", 2, "COMPLETED"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, w *world) {
				first := w.ask(johnAsk)
				w.after(2 * time.Second)
				second := w.sendAs(row.owner, "", row.question)
				w.after(2 * time.Second)
				if w.phone.prompts() != row.prompts {
					t.Errorf("%d prompts, want %d", w.phone.prompts(), row.prompts)
				}
				if row.end == silenceText && w.codeAndDeadline(first) == w.codeAndDeadline(second) {
					t.Error("a question that shares nothing shares the code")
				}
				w.phone.says(w.approveWhoeverWasAsked())
				story := w.story(w.finish(second).ID)
				if !strings.HasSuffix(story[len(story)-1], row.end) {
					t.Errorf("went\n  %s\nwant an end with %s", strings.Join(story, "\n  "),
						row.end)
				}
				w.finish(first)
			})
		})
	}
}

// People who do not exist are joined as those who do: nothing tells the two apart.
func TestPretendedRequestsJoinAlike(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		var transcripts [2][3]string
		for i, address := range []string{"jdoe@staff0.com", "jroe@staff0.com"} {
			ids := []a2a.TaskID{w.ask("Does John Doe with email " + address + " work at Staff0?")}
			w.after(2 * time.Second)
			ids = append(ids, w.ask("Does John Doe with email "+address+" work at Staff0?"),
				w.ask("Does "+address+" work at Staff0?"))
			w.after(2 * time.Second)
			if w.codeAndDeadline(ids[0]) != w.codeAndDeadline(ids[1]) ||
				w.codeAndDeadline(ids[0]) == w.codeAndDeadline(ids[2]) {
				t.Errorf("%s: told %s, %s, %s", address, w.codeAndDeadline(ids[0]),
					w.codeAndDeadline(ids[1]), w.codeAndDeadline(ids[2]))
			}
			for j, id := range ids {
				w.finish(id)
				transcripts[i][j] = w.transcript(id)
			}
		}
		if transcripts[0] != transcripts[1] {
			t.Errorf("John, who does not answer:\n%s\nnobody:\n%s",
				strings.Join(transcripts[0][:], "\n\n"), strings.Join(transcripts[1][:], "\n\n"))
		}
	})
}

// Fifty take part in one prompt at a time. The next one is told the same, takes part in nothing and
// runs out; so it is for people who do not exist.
func TestFiftyAtMost(t *testing.T) {
	var ends [2]string
	for i, question := range []string{johnAsk, nobodyAsk} {
		bubble(t, nil, func(t *testing.T, w *world) {
			var ids []a2a.TaskID
			for range consent.MaxTogether + 1 {
				ids = append(ids, w.ask(question))
				w.after(time.Millisecond)
			}
			w.after(time.Second)
			if a, b := w.codeAndDeadline(ids[0]),
				w.codeAndDeadline(ids[consent.MaxTogether]); a != b {
				t.Errorf("the first was told %s, the last %s", a, b)
			}
			if n := w.phone.prompts(); n > 1 {
				t.Errorf("%d prompts", n)
			}
			w.phone.says(always(grantOf(john), nil))
			for i, id := range ids {
				want := a2a.TaskStateCompleted
				if i == consent.MaxTogether || question == nobodyAsk {
					want = a2a.TaskStateRejected
				}
				if got := w.finish(id).Status.State; got != want {
					t.Errorf("number %d ended %v, want %v", i+1, got, want)
				}
			}
			ends[i] = w.transcript(ids[consent.MaxTogether])
			w.wantReason(ids[consent.MaxTogether], consent.ReasonFull)
		})
	}
	if ends[0] != ends[1] {
		t.Errorf("the one too many about John:\n%s\nabout nobody:\n%s", ends[0], ends[1])
	}
}

// Whoever cancels leaves the prompt to the others, be it the one that polls or not, with a poll
// under way or not.
func TestCancelingOneLeavesThePromptToTheOthers(t *testing.T) {
	for canceled := range 3 {
		for _, at := range []time.Duration{3 * time.Second, 5*time.Second + 200*time.Millisecond} {
			bubble(t, func(w *world) {
				w.phone.pollTakes = time.Second
			}, func(t *testing.T, w *world) {
				ids := []a2a.TaskID{w.ask(johnAsk), w.ask(johnAsk), w.ask(johnAsk)}
				w.after(at)
				w.cancel(ids[canceled])
				w.phone.says(always(grantOf(john), nil))
				for i, id := range ids {
					want := a2a.TaskStateCompleted
					if i == canceled {
						want = a2a.TaskStateCanceled
					}
					if got := w.finish(id).Status.State; got != want {
						t.Errorf("at %v number %d was canceled: number %d ended %v, want %v", at,
							canceled+1, i+1, got, want)
					}
				}
				if w.phone.prompts() != 1 {
					t.Errorf("%d prompts", w.phone.prompts())
				}
			})
		}
	}
}

// A request outlives its tasks: when all of them are canceled, nobody polls any more, and nobody is
// prompted again before the deadline; an equal question takes it up, with an approval that was
// given meanwhile.
func TestARequestOutlivesItsTasks(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		ids := []a2a.TaskID{w.ask(johnAsk), w.ask(johnAsk)}
		w.after(3 * time.Second)
		told := w.codeAndDeadline(ids[0])
		for _, id := range ids {
			w.cancel(id)
		}
		polls := len(w.phone.pollTimes())
		w.after(30 * time.Second)
		if got := len(w.phone.pollTimes()); got != polls {
			t.Errorf("%d polls for nobody", got-polls)
		}
		other := w.ask("Does Jane Roe with email jdoe@staff0.com work at Staff0?")
		again := w.ask(johnAsk)
		w.after(time.Millisecond)
		if got := w.codeAndDeadline(again); got != told {
			t.Errorf("the first were told %s, the next one %s", told, got)
		}
		w.phone.says(always(grantOf(john), nil))
		if got := w.finish(again).Status.State; got != a2a.TaskStateCompleted {
			t.Errorf("ended %v", got)
		}
		if got := w.finish(other).Status.State; got != a2a.TaskStateRejected {
			t.Errorf("another question about the same person ended %v", got)
		}
		if w.phone.prompts() != 1 {
			t.Errorf("%d prompts", w.phone.prompts())
		}
	})
}

// Whoever asks and cancels, again and again, has one prompt made, by whatever users of one client;
// so it is after a restart in between.
func TestAskingAndCanceling(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		for i := range 200 {
			id := w.sendAs(tasks.NewOwner("first-bank", fmt.Sprint("user-", i%30)), "", johnAsk)
			w.after(time.Duration(i%7) * 40 * time.Millisecond)
			if _, err := w.engine.Cancel(w.ctx, tasks.NewOwner("first-bank",
				fmt.Sprint("user-", i%30)), &a2a.CancelTaskRequest{ID: id}); err != nil {
				t.Fatal(err)
			}
			if i == 100 {
				w.crash()
			}
		}
		if n := w.phone.prompts(); n != 1 {
			t.Errorf("%d prompts", n)
		}
		w.after(3 * time.Minute)
		if n := w.agent.Waiting(); n != 0 {
			t.Errorf("%d tasks wait", n)
		}
	})
}

// Who asks the same after the end is told the old code and deadline, and the same end at once,
// without a prompt; after a minute, or when something has failed, the person is asked anew.
func TestTheSameQuestionAfterTheEnd(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(w *world)
		ask    string
		same   bool
	}{
		{"answered", func(w *world) { w.phone.poll = always(grantOf(john), nil) }, johnAsk, true},
		{"declined", func(w *world) {
			w.phone.poll = always(nil, ciba.ErrAccessDenied)
		}, johnAsk, true},
		{"silence", nil, johnAsk, true},
		{"nobody", nil, nobodyAsk, true},
		{"failed", func(w *world) {
			w.phone.poll = always(grantOf(john), nil)
			w.records.errs = []error{hrapi.ErrForbidden}
		}, johnAsk, false},
		{"declined, where nothing is remembered", func(w *world) {
			w.phone.poll, w.config.Memory = always(nil, ciba.ErrAccessDenied), 0
		}, johnAsk, false},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(row.name, " ", restart), func(t *testing.T) {
				bubble(t, row.change, func(t *testing.T, w *world) {
					first := w.ask(row.ask)
					w.finish(first)
					prompts := w.phone.prompts()
					w.after(5 * time.Second)
					if restart {
						w.crash()
					}
					second := w.ask(row.ask)
					w.after(time.Millisecond)
					told := w.transcript(second)
					end := w.task(second).Status
					if got := end.State.Terminal(); got != row.same && row.same {
						t.Fatalf("the second time it went\n%s", told)
					}
					if row.same {
						if a, b := w.task(first),
							w.task(second); a.Status.State != b.Status.State ||
							lastConsent(a) != lastConsent(b) ||
							len(a.Artifacts) != len(b.Artifacts) || len(a.Artifacts) > 0 &&
							string(a.Artifacts[0].Parts[1].Data) != string(
								b.Artifacts[0].Parts[1].Data) {
							t.Errorf("the first time it went\n%s\nthe second time\n%s",
								w.transcript(first), told)
						}
						if !strings.Contains(told, "Waiting for the person's approval") {
							t.Errorf("nothing was announced:\n%s", told)
						}
					}
					if n := w.phone.prompts(); (n == prompts) != row.same {
						t.Errorf("%d prompts after %d", n, prompts)
					}
					w.after(3 * time.Minute)
					w.ask(row.ask)
					w.after(time.Second)
					if n := w.phone.prompts(); row.ask == johnAsk && n <= prompts {
						t.Error("the person is never asked again")
					}
				})
			})
		}
	}
}

// Those who share a prompt share it after a restart, too: one of them polls.
func TestSharedPromptsSurviveARestart(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		ids := []a2a.TaskID{w.ask(johnAsk), w.ask(johnAsk)}
		w.after(3 * time.Second)
		w.crash()
		polls := len(w.phone.pollTimes())
		w.after(20 * time.Second)
		if got := len(w.phone.pollTimes()) - polls; got < 2 || got > 5 {
			t.Errorf("%d polls in 20 s at an interval of 5 s", got)
		}
		w.phone.says(always(grantOf(john), nil))
		for _, id := range ids {
			if got := w.finish(id).Status.State; got != a2a.TaskStateCompleted {
				t.Errorf("ended %v", got)
			}
		}
		if w.phone.prompts() != 1 {
			t.Errorf("%d prompts", w.phone.prompts())
		}
	})
}

// A question that comes while another one is just being put to the provider waits for its prompt,
// and joins it.
func TestAQuestionDuringTheRinging(t *testing.T) {
	bubble(t, func(w *world) { w.phone.took = 2 * time.Second }, func(t *testing.T, w *world) {
		ids := []a2a.TaskID{w.ask(johnAsk), w.ask(johnAsk)}
		w.after(5 * time.Second)
		if w.phone.prompts() != 1 || w.codeAndDeadline(ids[0]) != w.codeAndDeadline(ids[1]) {
			t.Errorf("%d prompts, %s, %s", w.phone.prompts(), w.codeAndDeadline(ids[0]),
				w.codeAndDeadline(ids[1]))
		}
	})
}

// recordsFunc is Records as a function.
type recordsFunc func(ctx context.Context) (*hrapi.Employee, error)

func (f recordsFunc) Employee(
	ctx context.Context, _ oauth.Token, _, _ string,
) (*hrapi.Employee, error) {
	return f(ctx)
}

// Whoever goes while he reads the record for all has the next one read it, and whoever goes while
// he waits for that does not hold up the others.
func TestCancelingWhileTheRecordIsReadLeavesItToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := consent.NewApproval(nil, time.Now())
		var readings int
		read := func(ctx context.Context, hangs bool) (got <-chan error) {
			done := make(chan error, 1)
			go func() {
				_, err := c.Use(ctx, func(ctx context.Context, _ *ciba.Grant) (any, error) {
					readings++
					if hangs {
						<-ctx.Done()
					}
					return new(hrapi.Employee), context.Cause(ctx)
				})
				done <- err
			}()
			synctest.Wait()
			return done
		}
		reader, cancelReader := context.WithCancel(t.Context())
		waiter, cancelWaiter := context.WithCancel(t.Context())
		first, second, third := read(reader, true), read(waiter, false), read(t.Context(), false)
		cancelWaiter()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited and went: %v", err)
		}
		cancelReader()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who read and went: %v", err)
		}
		if err := <-third; err != nil {
			t.Errorf("who stayed: %v", err)
		}
		if err := <-read(t.Context(), false); err != nil || readings != 2 {
			t.Errorf("who came later: %v, after %d readings", err, readings)
		}
	})
}

// A fault of the program ends the task it happens in, and nothing else.
func TestAPanicWhileTheRecordIsReadEndsTheTask(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.poll = always(grantOf(john), nil)
		w.config.Records = recordsFunc(func(context.Context) (*hrapi.Employee, error) {
			panic("a fault")
		})
	}, func(t *testing.T, w *world) {
		if got := w.finish(w.ask(johnAsk)).Status.State; got != a2a.TaskStateFailed {
			t.Errorf("it ended %v", got)
		}
	})
}
