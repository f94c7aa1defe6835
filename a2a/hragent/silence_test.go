package hragent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/ciba"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// Nobody can tell from outside whether there is such a person: the same events with the same texts and members at the same times, whatever is
// behind them. Only ids, codes and the absolute time differ.
func TestWhoDoesNotExistLooksLikeWhoDoesNotAnswer(t *testing.T) {
	type situation struct {
		name     string
		question string
		change   func(w *world)
		reason   string
	}
	unknown := func(reason string) func(w *world) {
		return func(w *world) { w.book.errs = map[string]error{"jdoe@staff0.com": &UnknownError{reason}} }
	}
	rings := func(err error) func(w *world) {
		return func(w *world) {
			ring := refuses(err)
			w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
				if r.LoginHint == john {
					return ring(n, r)
				}
				return acknowledge(n, r)
			}
		}
	}
	polls := func(n int, err error) func(w *world) {
		return func(w *world) {
			w.phone.poll = func(_ context.Context, i int, want ciba.Expectation) (*ciba.Grant, error) {
				if want.Subject != john || len(w.phone.pollTimes()) < n {
					return nil, ciba.ErrPending
				}
				return nil, err
			}
		}
	}
	situations := []situation{
		{"who does not answer", johnAsk, nil, reasonNoAnswer},
		{"unknown to the directory", johnAsk, unknown(reasonUnknown), reasonUnknown},
		{"two with the same address", johnAsk, unknown(reasonAmbiguous), reasonAmbiguous},
		{"blocked", johnAsk, unknown(reasonBlocked), reasonBlocked},
		{"an address that nobody has verified", johnAsk, unknown(reasonUnverified), reasonUnverified},
		{"unknown to the provider", johnAsk, rings(ciba.ErrUnknownUser), reasonUnknown},
		{"whom the provider will not ask", johnAsk, rings(ciba.ErrAccessDenied), reasonUnknown},
		{"a provider that refuses the request", johnAsk, rings(&oauth.Error{Status: 400, Code: "invalid_request"}), reasonProvider},
		{"a provider that refuses us", johnAsk, rings(oauth.ErrInvalidClient), reasonProvider},
		{"a provider that is gone after the look-up", johnAsk, rings(&ciba.TemporaryError{Err: oauth.ErrUnreachable}), reasonProvider},
		{"a provider out of order after the look-up", johnAsk, rings(&ciba.TemporaryError{Err: &oauth.Error{Status: 503}}), reasonProvider},
		{"a provider with one auth_req_id for two", johnAsk, rings(&ciba.MismatchError{What: "twice"}), reasonProvider},
		{"another person's ID token", johnAsk, polls(3, &ciba.MismatchError{What: "the ID token is about another person"}), reasonWrongApproval},
		{"another person's access token at the first poll", johnAsk, polls(1, &ciba.MismatchError{What: "the access token"}), reasonWrongApproval},
		{"a token that cannot be verified", johnAsk, polls(3, fmt.Errorf("ciba: %w", jwks.ErrUnavailable)), reasonProvider},
		{"a request that the provider has forgotten", johnAsk, polls(3, oauth.ErrInvalidGrant), reasonProvider},
		{"credentials that no longer hold", johnAsk, polls(3, oauth.ErrInvalidClient), reasonProvider},
		{"expired_token", johnAsk, polls(3, ciba.ErrExpired), reasonNoAnswer},
		{"a provider that answers nothing any more", johnAsk, polls(2, &ciba.TemporaryError{Err: oauth.ErrUnreachable}), reasonNoAnswer},
		{"a provider that holds every poll for a minute and a half", johnAsk, func(w *world) {
			w.phone.poll = func(ctx context.Context, _ int, _ ciba.Expectation) (*ciba.Grant, error) {
				select {
				case <-time.After(90 * time.Second):
					return nil, ciba.ErrPending
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
		}, reasonNoAnswer},
	}
	for _, lifetime := range []time.Duration{2 * time.Minute, 30 * time.Second} { // what the provider grants, whatever is asked for
		for _, took := range []time.Duration{0, 20 * time.Millisecond, 499 * time.Millisecond, 700 * time.Millisecond, 1200 * time.Millisecond} {
			want := ""
			for _, s := range situations {
				t.Run(fmt.Sprintf("%v %v %s", lifetime, took, s.name), func(t *testing.T) {
					bubble(t, func(w *world) {
						if s.change != nil {
							s.change(w)
						}
						w.phone.took = took
						ring := w.phone.ring
						if ring == nil {
							ring = acknowledge
						}
						w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
							ack, err := ring(n, r)
							if ack != nil {
								ack.ExpiresAt = ack.ExpiresAt.Add(lifetime - ack.ExpiresIn)
								ack.ExpiresIn = lifetime
							}
							return ack, err
						}
					}, func(t *testing.T, w *world) {
						w.finish(w.ask("Does asmith@staff0.com work at Staff0?")) // a real one, from which to draw
						id := w.ask(johnAsk)
						w.finish(id)
						got := w.transcript(id)
						if want == "" {
							want = got
							announced := (took + gridStep - 1) / gridStep * gridStep
							if !strings.Contains(got, (max(announced, gridStep) + lifetime).String()) {
								t.Errorf("the deadline is not %v after the announcement:\n%s", lifetime, got)
							}
						}
						if got != want {
							t.Errorf("got\n%s\nwho does not answer looks like\n%s", got, want)
						}
						w.wantReason(id, s.reason)
						if strings.Contains(string(w.record(id).Checkpoint), "auth-req") {
							t.Error("the auth_req_id is kept")
						}
						alarm := strings.Contains(w.log.String(), "level=ERROR")
						if want := s.reason == reasonProvider || s.reason == reasonWrongApproval; alarm != want {
							t.Errorf("alarm: %v\n%s", alarm, w.log.String())
						}
					})
				})
			}
		}
	}
}

func acknowledge(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
	return &ciba.Acknowledgement{
		AuthReqID: fmt.Sprintf("auth-req-%d", n), ExpiresIn: r.RequestedExpiry, ExpiresAt: time.Now().Add(r.RequestedExpiry), Interval: 5 * time.Second,
	}, nil
}

// deadlineOf is the announced deadline, counted from the announcement.
func deadlineOf(w *world, id a2a.TaskID) time.Duration {
	w.t.Helper()
	task := w.task(id)
	at, err := time.Parse(a2a.TimeLayout, timePattern.FindString(string(task.Status.Message.Metadata.Lookup(ConsentExtension))))
	if err != nil {
		w.t.Fatalf("no deadline in %s", task.Status.Message.Metadata)
	}
	return at.Sub(task.Status.Timestamp)
}

// The deadline is the announcement and the smaller of the provider's last expires_in and the setting, for real and pretended alike.
func TestTheDeadline(t *testing.T) {
	grants := func(d time.Duration) func(w *world) {
		return func(w *world) {
			w.phone.ring = func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
				ack, err := acknowledge(n, r)
				ack.ExpiresIn, ack.ExpiresAt = d, time.Now().Add(d)
				return ack, err
			}
		}
	}
	for _, row := range []struct {
		name      string
		change    func(w *world)
		questions []string
		want      []time.Duration
	}{
		{"nobody was ever asked: the setting", nil, []string{nobodyAsk}, []time.Duration{2 * time.Minute}},
		{"the provider grants what was asked for", nil, []string{johnAsk, nobodyAsk}, []time.Duration{2 * time.Minute, 2 * time.Minute}},
		{"the provider grants less", grants(40 * time.Second), []string{johnAsk, nobodyAsk}, []time.Duration{40 * time.Second, 40 * time.Second}},
		{"the provider grants more", grants(5 * time.Minute), []string{johnAsk, nobodyAsk}, []time.Duration{2 * time.Minute, 2 * time.Minute}},
		{"the first is drawn before the provider was asked", grants(40 * time.Second), []string{nobodyAsk, johnAsk, nobodyAsk},
			[]time.Duration{2 * time.Minute, 40 * time.Second, 40 * time.Second}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, row.change, func(t *testing.T, w *world) {
				for i, question := range row.questions {
					id := w.ask(question)
					w.after(time.Second)
					if got := deadlineOf(w, id); got != row.want[i] {
						t.Errorf("question %d: %v, want %v", i+1, got, row.want[i])
					}
					w.after(row.want[i] - 501*time.Millisecond)
					if state := w.task(id).Status.State; state != a2a.TaskStateAuthRequired {
						t.Errorf("question %d: %v a millisecond before the deadline", i+1, state)
					}
					w.after(time.Millisecond)
					if state := w.task(id).Status.State; state != a2a.TaskStateRejected {
						t.Errorf("question %d: %v at the deadline", i+1, state)
					}
				}
			})
		})
	}
	t.Run("a restart has not forgotten what the provider grants", func(t *testing.T) {
		bubble(t, grants(40*time.Second), func(t *testing.T, w *world) {
			w.ask(johnAsk)
			w.after(time.Second)
			w.crash()
			id := w.ask(nobodyAsk)
			w.after(time.Second)
			if got := deadlineOf(w, id); got != 40*time.Second {
				t.Errorf("the pretended request has %v", got)
			}
		})
	})
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
		w.wantStory(id, submitted, working, waits, "12s WORKING: Approved. Reading the employment record…", yesJohn, "12s COMPLETED")
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

// Pretended requests are announced at the steps of real ones, as often.
func TestTheGrid(t *testing.T) {
	begin := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	for _, row := range []struct{ ready, want time.Duration }{
		{0, 500 * time.Millisecond},
		{1, 500 * time.Millisecond},
		{500 * time.Millisecond, 500 * time.Millisecond},
		{500*time.Millisecond + 1, time.Second},
		{20*time.Second - 1, 20 * time.Second},
		{-time.Hour, 500 * time.Millisecond}, // a clock that was put back
	} {
		if got := nextStep(begin, at(row.ready)); got.Sub(begin) != row.want {
			t.Errorf("ready after %v: announced after %v, want %v", row.ready, got.Sub(begin), row.want)
		}
	}

	var g grid
	if took, lifetime := g.pretend(time.Minute); took != 0 || lifetime != time.Minute {
		t.Errorf("before the first real request: %v, %v", took, lifetime)
	}
	// One in four was slow, long ago all were slower still.
	for range gridMemory {
		g.took(time.Hour)
	}
	for i := range gridMemory {
		d := 100 * time.Millisecond
		if i%4 == 0 {
			d = 900 * time.Millisecond
		}
		g.took(d)
	}
	slow := 0
	for range 4000 {
		switch took, _ := g.pretend(time.Minute); took {
		case 900 * time.Millisecond:
			slow++
		case 100 * time.Millisecond:
		default:
			t.Fatalf("drew %v", took)
		}
	}
	if slow < 800 || slow > 1200 {
		t.Errorf("%d of 4000 drew the slow time, want about 1000", slow)
	}
}

// While the provider is slow to fail, those who were never asked about are slow as well.
func TestAnOutageDoesNotTellWhoExists(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.took, w.phone.ring = 3*time.Second, refuses(&ciba.TemporaryError{Err: oauth.ErrUnreachable})
	}, func(t *testing.T, w *world) {
		w.finish(w.ask(johnAsk))
		real, pretended := w.ask(johnAsk), w.ask(nobodyAsk)
		w.finish(real)
		w.finish(pretended)
		if got, want := w.transcript(pretended), w.transcript(real); got != strings.ReplaceAll(want, "jdoe", "jroe") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// A provider that hangs is given up, and what follows looks like silence.
func TestAProviderThatHangs(t *testing.T) {
	bubble(t, func(w *world) { w.phone.took = time.Hour }, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.finish(id)
		w.wantStory(id, submitted, working, strings.Replace(waits, "500ms", "10s", 1), "2m10s REJECTED: Not confirmed: no approval was given in time.")
	})
}

// The time that the reading takes shifts both alike: what directory and provider take comes on top for pretended requests too.
func TestASlowReadingDoesNotTellWhoExists(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.took = 300 * time.Millisecond
		w.config.Reader = slowReader{w.config.Reader, 400 * time.Millisecond}
	}, func(t *testing.T, w *world) {
		w.finish(w.ask(johnAsk))
		real, pretended := w.ask(johnAsk), w.ask(nobodyAsk)
		w.finish(real)
		w.finish(pretended)
		if got, want := w.transcript(pretended), w.transcript(real); got != want || !strings.Contains(got, `"timestamp":"1s"`) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestUnknownErrorNamesNobody(t *testing.T) {
	var err error = &UnknownError{reasonBlocked}
	if err.Error() != "no such person can be asked: blocked_person" || errors.Is(err, errBoom) {
		t.Errorf("%v", err)
	}
}
