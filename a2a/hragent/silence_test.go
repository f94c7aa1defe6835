package hragent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// Nobody can tell from outside whether there is such a person: the same events with the same texts
// and members at the same times, whatever is behind them. Only ids, codes and the absolute time
// differ.
func TestWhoDoesNotExistLooksLikeWhoDoesNotAnswer(t *testing.T) {
	type situation struct {
		name     string
		question string
		change   func(w *world)
		reason   string
	}
	unknown := func(reason string) func(w *world) {
		return func(w *world) {
			w.book.errs = map[string]error{"jdoe@staff0.com": &UnknownError{Reason: reason}}
		}
	}
	rings := func(err error) func(w *world) {
		return func(w *world) {
			ring := refuses(err)
			w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement,
				error) {
				if r.LoginHint == john {
					return ring(n, r)
				}
				return acknowledge(n, r)
			}
		}
	}
	polls := func(n int, err error) func(w *world) {
		return func(w *world) {
			w.phone.poll = func(_ context.Context, i int, want ciba.Expectation) (*ciba.Grant,
				error) {
				if want.Subject != john || len(w.phone.pollTimes()) < n {
					return nil, ciba.ErrPending
				}
				return nil, err
			}
		}
	}
	situations := []situation{
		{"who does not answer", johnAsk, nil, consent.ReasonNoAnswer},
		{"unknown to the directory", johnAsk, unknown(reasonUnknown), reasonUnknown},
		{"two with the same address", johnAsk, unknown(reasonAmbiguous), reasonAmbiguous},
		{"blocked", johnAsk, unknown(reasonBlocked), reasonBlocked},
		{"an address that nobody has verified", johnAsk, unknown(reasonUnverified),
			reasonUnverified},
		{"unknown to the provider", johnAsk, rings(ciba.ErrUnknownUser), reasonUnknown},
		{"whom the provider will not ask", johnAsk, rings(ciba.ErrAccessDenied), reasonBlocked},
		{"whom the provider cannot reach", johnAsk, rings(ciba.ErrNoDevice),
			"person_without_device"},
		{"a provider that refuses the request", johnAsk,
			rings(&oauth.Error{Status: 400, Code: "invalid_request"}), consent.ReasonProvider},
		{"a provider that refuses us", johnAsk, rings(oauth.ErrInvalidClient),
			consent.ReasonProvider},
		{"a provider that is gone after the look-up", johnAsk, rings(unreachable),
			consent.ReasonProvider},
		{"a provider that breaks off", johnAsk,
			rings(&ciba.TemporaryError{Err: oauth.ErrUnreachable}), consent.ReasonProvider},
		{"a provider out of order after the look-up", johnAsk,
			rings(&ciba.TemporaryError{Err: &oauth.Error{Status: 503}}), consent.ReasonProvider},
		{"a provider that is asked too much", johnAsk,
			rings(&ciba.TemporaryError{Err: &oauth.Error{Status: 429, RetryAfter: time.Minute}}),
			consent.ReasonProvider},
		{"a provider with one auth_req_id for two", johnAsk,
			rings(&ciba.MismatchError{What: "twice"}), consent.ReasonProvider},
		{"another person's ID token", johnAsk,
			polls(3, &ciba.MismatchError{What: "the ID token is about another person"}),
			consent.ReasonSomebodyElse},
		{"another person's access token at the first poll", johnAsk,
			polls(1, &ciba.MismatchError{What: "the access token is about another person"}),
			consent.ReasonSomebodyElse},
		{"a token that is not valid", johnAsk,
			polls(1, &ciba.MismatchError{What: "the access token"}), consent.ReasonToken},
		{"a token that allows less", johnAsk,
			polls(1, &ciba.MismatchError{What: "the access token lacks the scope"}),
			consent.ReasonScope},
		{"an address that is not verified", johnAsk,
			polls(2, &ciba.MismatchError{What: "the ID token does not confirm the e-mail address"}),
			consent.ReasonAddress},
		{"a token that cannot be verified", johnAsk,
			polls(3, fmt.Errorf("ciba: %w", jwks.ErrUnavailable)), consent.ReasonProvider},
		{"a request that the provider has forgotten", johnAsk, polls(3, oauth.ErrInvalidGrant),
			consent.ReasonForgot},
		{"credentials that no longer hold", johnAsk, polls(3, oauth.ErrInvalidClient),
			consent.ReasonProvider},
		{"expired_token", johnAsk, polls(3, ciba.ErrExpired), consent.ReasonNoAnswer},
		{"a provider that answers nothing any more", johnAsk,
			polls(2, &ciba.TemporaryError{Err: oauth.ErrUnreachable}), consent.ReasonUnavailable},
		{"a provider that holds every poll for a minute and a half", johnAsk, func(w *world) {
			w.phone.poll = func(ctx context.Context, _ int, _ ciba.Expectation) (*ciba.Grant,
				error) {
				select {
				case <-time.After(90 * time.Second):
					return nil, ciba.ErrPending
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
		}, consent.ReasonNoAnswer},
	}
	// what the provider grants, whatever is asked for
	for _, lifetime := range []time.Duration{2 * time.Minute, 30 * time.Second, time.Hour} {
		// directory and provider
		for _, took := range []time.Duration{0, 20 * time.Millisecond, 700 * time.Millisecond,
			3 * time.Second} {
			want := ""
			for _, s := range situations {
				t.Run(fmt.Sprintf("%v %v %s", lifetime, took, s.name), func(t *testing.T) {
					bubble(t, func(w *world) {
						if s.change != nil {
							s.change(w)
						}
						w.phone.took, w.book.took = took, took
						ring := w.phone.ring
						if ring == nil {
							ring = acknowledge
						}
						w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (
							*ciba.Acknowledgement, error) {
							ack, err := ring(n, r)
							if ack != nil {
								ack.ExpiresAt = ack.ExpiresAt.Add(lifetime - ack.ExpiresIn)
								ack.ExpiresIn = lifetime
							}
							return ack, err
						}
					}, func(t *testing.T, w *world) {
						id := w.ask(s.question)
						w.finish(id)
						got := w.transcript(id)
						if want == "" {
							want = got
							w.wantStory(id, submitted, working, waits, silent)
						}
						if got != want {
							t.Errorf("got\n%s\nwho does not answer looks like\n%s", got, want)
						}
						w.wantReason(id, s.reason)
						if strings.Contains(string(w.record(id).Checkpoint), "auth-req") {
							t.Error("the auth_req_id is kept")
						}
						alarm := strings.Contains(w.log.String(), "level=ERROR")
						if want := alarms[s.reason]; alarm != want {
							t.Errorf("alarm: %v\n%s", alarm, w.log.String())
						}
					})
				})
			}
		}
	}
}

// alarms are the reasons that an operator should look into.
var alarms = map[string]bool{
	consent.ReasonProvider: true, consent.ReasonForgot: true, consent.ReasonSomebodyElse: true,
	consent.ReasonToken: true,
	consent.ReasonScope: true, consent.ReasonAddress: true, consent.ReasonInDoubt: true,
}

// unreachable is a connection that could not be made.
var unreachable = &ciba.TemporaryError{Err: fmt.Errorf("%w: %w", oauth.ErrUnreachable,
	&net.OpError{Op: "dial", Err: errors.New("connection refused")})}

func acknowledge(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
	return &ciba.Acknowledgement{
		AuthReqID: fmt.Sprintf("auth-req-%d", n), ExpiresIn: r.RequestedExpiry,
		ExpiresAt: time.Now().Add(r.RequestedExpiry), Interval: 5 * time.Second,
	}, nil
}

// deadlineOf is the announced deadline, counted from the announcement.
func deadlineOf(w *world, id a2a.TaskID) time.Duration {
	w.t.Helper()
	task := w.task(id)
	at, err := time.Parse(a2a.TimeLayout,
		timePattern.FindString(
			string(task.Status.Message.Metadata.Lookup(hrclient.ConsentExtension))))
	if err != nil {
		w.t.Fatalf("no deadline in %s", task.Status.Message.Metadata)
	}
	return at.Sub(task.Status.Timestamp)
}

// The deadline is the announcement and the setting, whatever the provider grants; silence is told
// exactly then.
func TestTheDeadline(t *testing.T) {
	for _, granted := range []time.Duration{40 * time.Second, 2 * time.Minute, 5 * time.Minute} {
		for _, question := range []string{johnAsk, nobodyAsk} {
			t.Run(fmt.Sprint(granted, " ", question), func(t *testing.T) {
				bubble(t, func(w *world) {
					w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (
						*ciba.Acknowledgement, error) {
						ack, err := acknowledge(n, r)
						ack.ExpiresIn, ack.ExpiresAt = granted, time.Now().Add(granted)
						return ack, err
					}
				}, func(t *testing.T, w *world) {
					id := w.ask(question)
					w.after(time.Second)
					if got := deadlineOf(w, id); got != 2*time.Minute {
						t.Errorf("the deadline is %v after the announcement", got)
					}
					w.after(2*time.Minute - time.Second - time.Millisecond)
					if state := w.task(id).Status.State; state != a2a.TaskStateWorking {
						t.Errorf("%v a millisecond before the deadline", state)
					}
					w.after(time.Millisecond)
					if state := w.task(id).Status.State; state != a2a.TaskStateRejected {
						t.Errorf("%v at the deadline", state)
					}
					if told := strings.Count(w.log.String(),
						"less time than it was asked for"); told != 1 && granted < time.Minute &&
						question == johnAsk {
						t.Errorf("the operator was told %d times that the provider gives less time",
							told)
					}
				})
			})
		}
	}
}

// An approval while the provider holds the poll open counts at once.
func TestAnApprovalInALongPoll(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.poll = func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
			time.Sleep(12 * time.Second)
			return grantOf(john), nil
		}
	}, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.finish(id)
		w.wantStory(id, submitted, working, waits,
			"12s WORKING: Approved. Reading the employment record…", yesJohn, "12s COMPLETED")
	})
}

// An approval that arrives with the deadline is too late, or the deadline would tell of it.
func TestAnApprovalThatIsTooLate(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.poll = func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
			time.Sleep(3 * time.Minute)
			return grantOf(john), nil
		}
	}, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.finish(id)
		w.after(5 * time.Minute)
		w.wantStory(id, submitted, working, waits, silent)
		if len(w.records.calls) != 0 {
			t.Error("the record was read")
		}
	})
}

// A provider that hangs is given up, and what follows looks like silence.
func TestAProviderThatHangs(t *testing.T) {
	bubble(t, func(w *world) { w.phone.took = time.Hour }, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.finish(id)
		w.wantStory(id, submitted, working, waits, silent)
		w.wantReason(id, consent.ReasonProvider)
	})
}

// A directory that hangs is one that cannot be consulted, for everybody.
func TestADirectoryThatHangs(t *testing.T) {
	for _, question := range []string{johnAsk, nobodyAsk} {
		bubble(t, func(w *world) { w.book.took = time.Hour }, func(t *testing.T, w *world) {
			id := w.ask(question)
			w.finish(id)
			w.wantStory(id, submitted, working, waits, "20s"+failedNow)
			w.wantReason(id, consent.ReasonDirectory)
		})
	}
}

// A clock that was set back while the caller was asked for more does not hold up what follows.
func TestAClockThatWasSetBack(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		id := w.ask("Does John Doe work at Staff0?")
		w.finish(id)
		rec := w.record(id)
		later := *rec.Task
		later.Status.Timestamp = time.Now().Add(time.Hour)
		asked := &a2a.TaskStatusUpdateEvent{TaskID: id, ContextID: later.ContextID,
			Status: later.Status}
		if err := w.memory.Append(w.ctx, id, rec.Seq, tasks.Change{ID: tasks.NewChangeID(),
			Events: []a2a.Event{asked}, Task: &later, Run: true}); err != nil {
			t.Fatal(err)
		}
		w.send(id, "jdoe@staff0.com")
		w.after(time.Millisecond)
		if n := w.phone.prompts(); n != 1 {
			t.Errorf("%d prompts", n)
		}
		if lastConsent(w.task(id)) == "" {
			t.Errorf("nothing is announced:\n%s", strings.Join(w.story(id), "\n"))
		}
		w.after(2 * time.Minute)
		if state := w.task(id).Status.State; state != a2a.TaskStateRejected {
			t.Errorf("%v at the deadline", state)
		}
	})
}

func TestUnknownErrorNamesNobody(t *testing.T) {
	var err error = &UnknownError{Reason: reasonBlocked}
	if err.Error() != "no such person can be asked: blocked_person" || errors.Is(err, errBoom) {
		t.Errorf("%v", err)
	}
}
