package consent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

var unreachable = &ciba.TemporaryError{Err: fmt.Errorf("%w: %w", oauth.ErrUnreachable,
	&net.OpError{Op: "dial", Err: errors.New("refused")})}

// A wait is three changes: the announcement, which is the task's, and two more, whoever is asked
// and whatever comes of it. Behind them nobody can tell one from the other before the deadline.
func TestThreeChangesMakeAWait(t *testing.T) {
	for name, row := range map[string]struct {
		change func(d *desk)
		reason string
		asked  bool
	}{
		"a person who does not answer": {nil, ReasonNoAnswer, true},
		"a person whom nobody knows": {func(d *desk) {
			d.lookUp = unknown
		}, "unknown_person", false},
		"a person who is being asked": {func(d *desk) {
			d.shelf.keep(Claim{Key: PersonKey("a", john+"a", ""), Value: []byte("x"),
				Until: time.Now().Add(time.Hour)})
		}, ReasonBusy, false},
		"a provider that refuses": {func(d *desk) {
			d.ring = refuse(&oauth.Error{Status: 400})
		}, ReasonProvider, true},
		"a provider that cannot be had": {func(d *desk) {
			d.ring = refuse(unreachable)
		}, ReasonProvider, true},
		"an auth_req_id without an end": {func(d *desk) {
			d.ring = refuse(&ciba.MismatchError{What: "twice"})
		}, ReasonProvider, true},
	} {
		t.Run(name, func(t *testing.T) {
			office(t, nil, func(t *testing.T, d *desk) {
				if row.change != nil {
					row.change(d)
				}
				d.begins("a", 2*time.Minute, 5*time.Second)
				time.Sleep(time.Minute)
				if got := d.wrote(); got != "asking and a claim, waiting" {
					t.Errorf("kept: %s", got)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				d.wantEnd("a", Silent, row.reason, 2*time.Minute)
				if asked := len(d.prompts("a")) > 0; asked != row.asked {
					t.Errorf("asked: %v", asked)
				}
			})
		})
	}
}

func unknown(string) (Person, error) { return Person{}, &UnknownError{Reason: "unknown_person"} }

func refuse(err error) func(int, string) error { return func(int, string) error { return err } }

// What the policy has told at once, and what nobody is told before the deadline.
func TestThePolicy(t *testing.T) {
	open := Policy{TellUnknown: true, TellDeclined: true, TellBudget: true, TellFailure: true}
	for name, row := range map[string]struct {
		policy Policy
		change func(d *desk)
		want   Outcome
		reason string
		at     time.Duration
	}{
		"unknown, told": {open, func(d *desk) {
			d.lookUp = unknown
		}, Unknown, "unknown_person", 0},
		"unknown": {Policy{}, func(d *desk) {
			d.lookUp = unknown
		}, Silent, "unknown_person", 2 * time.Minute},
		"declined, told": {Policy{TellDeclined: true}, func(d *desk) {
			d.answer = answers(ciba.ErrAccessDenied)
		}, Declined, ReasonDeclined, 0},
		"declined": {Policy{}, func(d *desk) {
			d.answer = answers(ciba.ErrAccessDenied)
		}, Silent, ReasonDeclined, 2 * time.Minute},
		"refused, told": {open, func(d *desk) {
			d.ring = refuse(&oauth.Error{Status: 400})
		}, Broken, ReasonProvider, 0},
		"refused": {Policy{}, func(d *desk) {
			d.ring = refuse(&oauth.Error{Status: 400})
		}, Silent, ReasonProvider, 2 * time.Minute},
		"somebody else": {Policy{}, func(d *desk) {
			d.answer = answers(&ciba.MismatchError{What: "the ID token is about another person"})
		}, Silent, ReasonSomebodyElse, 2 * time.Minute},
		"a directory": {Policy{}, func(d *desk) {
			d.lookUp = func(string) (Person, error) { return Person{}, errBoom }
		}, Failed, ReasonDirectory, 0},
		"no connection": {Policy{}, func(d *desk) {
			d.lookUp, d.ring = bare, refuse(unreachable)
		}, Failed, ReasonProvider, 20 * time.Second},
		"busy, whatever is": {open, func(d *desk) {
			d.shelf.keep(Claim{Key: PersonKey("a", john+"a", ""), Value: []byte("x"),
				Until: time.Now().Add(time.Hour)})
		}, Silent, ReasonBusy, 2 * time.Minute},
		"expired_token": {open, func(d *desk) {
			d.answer = answers(ciba.ErrExpired)
		}, Silent, ReasonNoAnswer, 2 * time.Minute},
		"no answer to polls": {open, func(d *desk) {
			d.answer = answers(unreachable)
		}, Silent, ReasonUnavailable, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			office(t, func(c *Config) { c.Policy = row.policy }, func(t *testing.T, d *desk) {
				row.change(d)
				d.begins("a", 2*time.Minute, 5*time.Second)
				time.Sleep(3 * time.Minute)
				d.wantEnd("a", row.want, row.reason, row.at)
			})
		})
	}
}

func answers(err error) func(string, int) (*ciba.Grant, error) {
	return func(string, int) (*ciba.Grant, error) { return nil, err }
}

// bare is a person whom nobody has looked up.
func bare(asker string) (Person, error) {
	return Person{Email: "jdoe@staff0.com", LoginHint: asker}, nil
}

// The CIBA request is sent again only when it is certain that nobody was asked, and as long as
// there is time for it.
func TestSendingTheRequestAgain(t *testing.T) {
	for _, row := range []struct {
		name  string
		err   error // of the first two
		times []time.Duration
	}{
		{"no connection", unreachable, seconds(0, 0.5, 1.5)},
		{"no connection to a proxy", &ciba.TemporaryError{Err: fmt.Errorf("%w: %w",
			oauth.ErrUnreachable, &net.OpError{Op: "proxyconnect", Err: errBoom})},
			seconds(0, 0.5, 1.5)},
		{"429", temporary(429, 0), seconds(0, 0.5, 1.5)},
		{"429 with Retry-After", temporary(429, 3*time.Second), seconds(0, 3, 6)},
		{"503 with Retry-After", temporary(503, 2*time.Second), seconds(0, 2, 4)},
		{"503 without", temporary(503, 0), seconds(0)},
		{"a Retry-After beyond the time for asking", temporary(429, time.Minute), seconds(0)},
		{"a connection that broke off", &ciba.TemporaryError{Err: oauth.ErrUnreachable},
			seconds(0)},
		{"500", temporary(500, time.Second), seconds(0)},
		{"a refusal", &oauth.Error{Status: 400, Code: "invalid_request"}, seconds(0)},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, nil, func(t *testing.T, d *desk) {
				d.ring = func(n int, _ string) error {
					if n <= 2 {
						return row.err
					}
					return nil
				}
				d.begins("a", 2*time.Minute, 5*time.Second)
				time.Sleep(3 * time.Minute)
				if got := d.prompts("a"); !slices.Equal(got, row.times) {
					t.Errorf("sent at %v, want %v", got, row.times)
				}
				if polled := len(d.at("a")) > 0; polled != (len(row.times) == 3) {
					t.Errorf("polled: %v", polled)
				}
			})
		})
	}
}

// What the provider is asked for: what is left of the time in whole seconds, the code that was
// announced, the address if it is all that says who approves.
func TestWhatTheProviderIsAskedFor(t *testing.T) {
	for _, row := range []struct {
		late, expiry time.Duration
		want         time.Duration
	}{
		{0, 2 * time.Minute, 2 * time.Minute},
		{300 * time.Millisecond, 2 * time.Minute, 119 * time.Second},
		{0, 1500 * time.Millisecond, time.Second},
	} {
		office(t, nil, func(t *testing.T, d *desk) {
			var got *ciba.AuthenticationRequest
			d.rings = func(r *ciba.AuthenticationRequest) { got = r }
			d.lookUp = func(asker string) (Person, error) {
				time.Sleep(row.late)
				return bare(asker)
			}
			ticket := d.begins("a", row.expiry, time.Second)
			time.Sleep(time.Second)
			synctest.Wait()
			if got == nil || got.RequestedExpiry != row.want ||
				got.Scope != "openid read:employee email" || got.BindingMessage != ticket.Code {
				t.Errorf("asked for %+v", got)
			}
		})
	}
}

// Nobody is prompted in the last tenth of the time, which is 2 s at least, but a quarter of the
// time at most.
func TestTooLittleTimeLeft(t *testing.T) {
	for _, row := range []struct{ expiry, least time.Duration }{
		{2 * time.Minute, 12 * time.Second}, {15 * time.Second, 2 * time.Second},
		{4 * time.Second, time.Second},
	} {
		for _, ago := range []time.Duration{row.expiry - row.least,
			row.expiry - row.least + time.Millisecond} {
			office(t, nil, func(t *testing.T, d *desk) {
				d.lives["a"], d.interval["a"] = time.Minute, time.Second
				begun := time.Now().Add(-ago) // by a process that has died
				q := &Request{Code: ciba.NewCode(), Begun: begun, Deadline: begun.Add(row.expiry),
					Asker: "a", Phase: Announced}
				d.shelf.keep(d.OpenClaim(NewKey("a"), q))
				d.Park("a", q.Ticket(NewKey("a")), nil)
				time.Sleep(row.expiry)
				want, prompts := ReasonNoAnswer, 1
				if ago > row.expiry-row.least {
					want, prompts = ReasonLate, 0
				}
				d.wantEnd("a", Silent, want, row.expiry-ago)
				if n := len(d.prompts("a")); n != prompts {
					t.Errorf("%d prompts with %v of %v left", n, row.expiry-ago, row.expiry)
				}
			})
		}
	}
}

// A prompt that another process has sent, or was about to, is looked at once more when its time is
// up, for that process may live. Without an acknowledgement it is in doubt, and nobody is prompted
// again.
func TestAPromptInDoubt(t *testing.T) {
	for _, kept := range []bool{false, true} {
		office(t, nil, func(t *testing.T, d *desk) {
			now, key := time.Now(), NewKey("a")
			q := &Request{Code: ciba.NewCode(), Begun: now, Deadline: now.Add(2 * time.Minute),
				Asker: "a", Phase: Asking, Process: 7, Subject: john}
			d.shelf.keep(Claim{Key: key, Value: q.encode(), Until: q.Deadline})
			d.answer = func(string, int) (*ciba.Grant, error) { return new(ciba.Grant), nil }
			d.Park("a", q.Ticket(key), nil)
			d.Park("b", q.Ticket(key), nil)
			time.Sleep(10 * time.Second)
			if kept {
				q.Phase, q.AuthReqID, q.Interval, q.Expires = Waiting, "a", time.Second, q.Deadline
				d.shelf.keep(Claim{Key: key, Value: q.encode(), Until: q.Deadline})
			}
			time.Sleep(3 * time.Minute)
			if n := len(d.prompts("a")); n != 0 {
				t.Errorf("%d prompts", n)
			}
			if kept {
				if d.outcome("a") != Approved || d.outcome("b") != Approved {
					t.Errorf("ended with %d and %d", d.outcome("a"), d.outcome("b"))
				}
				return
			}
			d.wantEnd("a", Silent, ReasonInDoubt, 2*time.Minute)
			d.wantEnd("b", Silent, ReasonInDoubt, 2*time.Minute)
			if !strings.Contains(d.log.String(), "level=ERROR") {
				t.Error("nobody is told")
			}
		})
	}
}

// A process that comes shortly before the deadline cannot wait for the acknowledgement, and does
// not call it silence.
func TestAPromptInDoubtAtTheDeadline(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		now, key := time.Now(), NewKey("a")
		q := &Request{Code: ciba.NewCode(), Begun: now, Deadline: now.Add(2 * time.Minute),
			Asker: "a", Phase: Asking, Process: 7, Subject: john}
		d.shelf.keep(Claim{Key: key, Value: q.encode(), Until: q.Deadline})
		time.Sleep(119 * time.Second)
		d.Park("a", q.Ticket(key), nil)
		time.Sleep(time.Minute)
		d.wantEnd("a", Silent, ReasonInDoubt, 2*time.Minute)
		if n := len(d.prompts("a")); n != 0 {
			t.Errorf("%d prompts", n)
		}
	})
}

// The deadline waits for no poll, and does nothing about one either: that would take time which
// others do not need.
func TestAPollInFlightAtTheDeadlineIsLeftAlone(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		d.held = 15 * time.Second
		d.answer = func(string, int) (*ciba.Grant, error) { return nil, ciba.ErrPending }
		d.begins("a", 10*time.Second, time.Second)
		time.Sleep(10*time.Second + 100*time.Millisecond)
		synctest.Wait()
		d.wantEnd("a", Silent, ReasonNoAnswer, 10*time.Second)
		d.mu.Lock()
		flying := d.flying
		d.mu.Unlock()
		if flying != 1 {
			t.Errorf("%d polls are in flight, want the one that was", flying)
		}
	})
}

// What is kept of a request that is over holds nothing that is still worth anything, and frees the
// person.
func TestTheClaimsOfAnEnd(t *testing.T) {
	told := &Result{Outcome: "yes", At: time.Now()}
	for _, row := range []struct {
		name   string
		memory time.Duration
		answer func(string, int) (*ciba.Grant, error)
		told   *Result
		want   string
	}{
		{"answered", time.Minute, func(string, int) (*ciba.Grant, error) {
			return new(ciba.Grant), nil
		}, told, "put 2m0s, drop the person"},
		{"answered, where nothing is remembered", 0, func(string, int) (*ciba.Grant, error) {
			return new(ciba.Grant), nil
		}, told, "put 100ms, drop the person"},
		{"approved, but the record cannot be read", time.Minute,
			func(string, int) (*ciba.Grant, error) {
				return new(ciba.Grant), nil
			}, nil, "drop, drop the person"},
		{"declined", time.Minute, answers(ciba.ErrAccessDenied), &Result{Outcome: "declined"},
			"put 2m0s, drop the person"},
		{"silence", time.Minute, answers(ciba.ErrPending), &Result{Outcome: "not_confirmed"},
			"put 3m0s"},
		{"silence, where nothing is remembered", 0, answers(ciba.ErrPending),
			&Result{Outcome: "not_confirmed"}, "put 2m0s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, func(c *Config) { c.Memory = row.memory }, func(t *testing.T, d *desk) {
				d.answer = row.answer
				key := d.begins("a", 2*time.Minute, 5*time.Second).Key
				for d.outcome("a") == 0 {
					time.Sleep(100 * time.Millisecond)
					synctest.Wait()
				}
				var got []string
				for _, c := range d.ended["a"].Claims(row.told) {
					line := map[ClaimKind]string{Put: "put", Drop: "drop"}[c.Kind]
					if c.Key != key {
						line += " the person"
					}
					if c.Kind == Put {
						line += " " + c.Until.Sub(d.begun).String()
						if q, err := ReadRequest(c.Value); err != nil || q.Phase != Over ||
							q.AuthReqID+q.Subject != "" {
							t.Errorf("kept: %s, %v", c.Value, err)
						}
					}
					got = append(got, line)
				}
				if strings.Join(got, ", ") != row.want {
					t.Errorf("%q, want %q", got, row.want)
				}
			})
		})
	}
}

// Two questions are equal by asker, skill, identifiers and the words of the name, in whatever
// order.
func TestQuestionKey(t *testing.T) {
	base := QuestionKey("bank", "s", []string{"email:a", "number:1"}, []string{"john", "doe"})
	for name, row := range map[string]struct {
		key  Key
		same bool
	}{
		"order": {QuestionKey("bank", "s", []string{"number:1", "email:a"},
			[]string{"doe", "john", "john"}), true},
		"asker": {QuestionKey("other", "s", []string{"email:a", "number:1"},
			[]string{"john", "doe"}), false},
		"skill": {QuestionKey("bank", "t", []string{"email:a", "number:1"},
			[]string{"john", "doe"}), false},
		"one identifier": {QuestionKey("bank", "s", []string{"email:a"}, []string{"john", "doe"}),
			false},
		"another name": {QuestionKey("bank", "s", []string{"email:a", "number:1"},
			[]string{"jane", "doe"}), false},
		"words that slide": {QuestionKey("bank", "s", []string{"email:a", "number:1"},
			[]string{"johndoe"}), false},
	} {
		if (row.key == base) != row.same {
			t.Errorf("%s: equal %v", name, row.key == base)
		}
	}
	b, err := base.MarshalText()
	var back Key
	if err != nil || back.UnmarshalText(b) != nil || back != base ||
		back.UnmarshalText(b[:10]) == nil ||
		back.UnmarshalText([]byte(strings.Repeat("x", 64))) == nil {
		t.Errorf("%s, %v", b, err)
	}
}

func TestNewRoomChecksItsConfiguration(t *testing.T) {
	good := Config{
		Asker: new(desk), LookUp: func(context.Context, string, []byte) (Person, error) {
			return Person{}, nil
		},
		Scope: "s", Purpose: "p", Expiry: time.Minute,
	}
	if _, err := NewRoom(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no asker": func(c *Config) {
			c.Asker = nil
		}, "no look-up": func(c *Config) { c.LookUp = nil },
		"no scope": func(c *Config) {
			c.Scope = ""
		}, "no purpose": func(c *Config) { c.Purpose = "" },
		"too short a time": func(c *Config) {
			c.Expiry = time.Second - 1
		}, "too long a time": func(c *Config) { c.Expiry = ciba.MaxExpiry + 1 },
		"a negative rate": func(c *Config) {
			c.PollRate = -1
		}, "a negative memory": func(c *Config) { c.Memory = -1 },
	} {
		c := good
		spoil(&c)
		if _, err := NewRoom(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
