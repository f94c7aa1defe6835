package consent

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

// When one request is polled, and what the provider says of it.
func TestPolling(t *testing.T) {
	slow := func(interval, retryAfter time.Duration) error {
		return &ciba.SlowDown{Interval: interval, RetryAfter: retryAfter}
	}
	const s = time.Second
	for _, row := range []struct {
		name    string
		held    time.Duration
		answers []error // then pending
		want    []time.Duration
	}{
		{"at once, then an interval and a margin after each answer; the last one 2 s before the " +
			"deadline", 0, nil, seconds(0, 5.5, 11, 16.5, 22.25, 28)},
		{"the interval counts from the answer", 3 * s, nil, seconds(0, 8.5, 17, 28)},
		{"a held poll is not overtaken", 12 * s, nil, seconds(0, 20)},
		{"slow_down adds five seconds, for good", 0, []error{ciba.ErrPending, slow(0, 0)},
			seconds(0, 5.5, 16.75, 28)},
		{"slow_down with an interval", 0, []error{slow(12*s, 0)}, seconds(0, 14, 28)},
		{"slow_down with Retry-After, which holds once", 0, []error{slow(0, 14*s)},
			seconds(0, 14, 28)},
		{"503 with Retry-After", 0, []error{temporary(503, 17*s)}, seconds(0, 17, 22.5, 28)},
		{"503 again and again", 0, []error{temporary(503, 0), temporary(503, 0), temporary(503, 0)},
			seconds(0, 5.5, 16.75, 28)},
		{"a final answer is the last", 0, []error{ciba.ErrPending, ciba.ErrAccessDenied},
			seconds(0, 5.5)},
		{"expired is the last", 0, []error{ciba.ErrExpired}, seconds(0)},
		{"a mismatch is the last", 0, []error{&ciba.MismatchError{What: "x"}}, seconds(0)},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, nil, func(t *testing.T, d *desk) {
				d.held = row.held
				d.answer = func(id string, n int) (*ciba.Grant, error) {
					if id == "a" && n <= len(row.answers) {
						return nil, row.answers[n-1]
					}
					return nil, ciba.ErrPending
				}
				d.begins("a", 30*s, 5*s)
				d.begins("b", 30*s, 5*s) // another id takes no notice
				time.Sleep(40 * s)
				if got := d.at("a"); !slices.Equal(got, row.want) {
					t.Errorf("polled at %v, want %v", got, row.want)
				}
				if got := len(d.at("b")); row.held == 0 && got != 6 {
					t.Errorf("the other id was polled %d times", got)
				}
				if d.Waiting() != 0 {
					t.Error("something waits on")
				}
			})
		})
	}
}

// A 429 is meant for all of us, and when the pause is over not all come at once.
func TestTooManyRequests(t *testing.T) {
	const n = 1000
	for _, row := range []struct {
		name       string
		err        error
		from, till time.Duration // without a poll
	}{
		{"with Retry-After", temporary(http.StatusTooManyRequests, 20*time.Second),
			11 * time.Second, 31 * time.Second},
		{"without", temporary(http.StatusTooManyRequests, 0), 11 * time.Second, 12 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, nil, func(t *testing.T, d *desk) {
				d.answer = func(id string, n int) (*ciba.Grant, error) {
					if id == "first" && n == 3 {
						return nil, row.err
					}
					return nil, ciba.ErrPending
				}
				d.begins("first", 2*time.Minute, 5*time.Second)
				for i := range n {
					time.Sleep(5 * time.Second / n)
					d.begins(fmt.Sprint(i), 2*time.Minute, 5*time.Second)
				}
				time.Sleep(45 * time.Second)
				after := 0
				for ms, count := range d.inSteps(time.Millisecond) {
					at := time.Duration(ms) * time.Millisecond
					if at > row.from+2*time.Millisecond && at < row.till {
						t.Errorf("%d polls at %v, in the pause", count, at)
					}
					if at >= row.till && count > 30 {
						t.Errorf("%d polls at once, at %v", count, at)
					}
					if at >= row.till && at < row.till+5500*time.Millisecond {
						after += count
					}
				}
				if after < n*8/10 || after > n*12/10 {
					t.Errorf("%d polls in the interval after the pause, want about %d", after, n)
				}
			})
		})
	}
	t.Run("longer than the request lives: silence", func(t *testing.T) {
		office(t, nil, func(t *testing.T, d *desk) {
			d.answer = func(string, int) (*ciba.Grant, error) {
				return nil, temporary(http.StatusTooManyRequests, time.Hour)
			}
			d.begins("a", 30*time.Second, 5*time.Second)
			d.begins("b", 30*time.Second, 5*time.Second)
			time.Sleep(time.Minute)
			d.wantEnd("a", Silent, ReasonUnavailable, 30*time.Second)
			if n := len(d.at("a")) + len(d.at("b")); n > 2 {
				t.Errorf("%d polls", n)
			}
		})
	})
	t.Run("a slow_down with status 429 is for its id alone", func(t *testing.T) {
		office(t, nil, func(t *testing.T, d *desk) {
			d.answer = func(id string, n int) (*ciba.Grant, error) {
				if id == "a" {
					return nil, &ciba.SlowDown{RetryAfter: 20 * time.Second}
				}
				return nil, ciba.ErrPending
			}
			d.begins("a", 30*time.Second, 5*time.Second)
			d.begins("b", 30*time.Second, 5*time.Second)
			time.Sleep(time.Minute)
			if got := d.at("b"); len(got) != 6 {
				t.Errorf("polled at %v", got)
			}
		})
	})
	t.Run("polls that wait for the rate wait for the pause as well", func(t *testing.T) {
		office(t, atRate(10), func(t *testing.T, d *desk) {
			d.answer = func(string, int) (*ciba.Grant, error) {
				if time.Since(d.begun) < time.Second {
					return nil, temporary(http.StatusTooManyRequests, 10*time.Second)
				}
				return nil, ciba.ErrPending
			}
			for i := range 50 {
				d.begins(fmt.Sprint(i), 2*time.Minute, 5*time.Second)
			}
			time.Sleep(30 * time.Second)
			counts := d.inSteps(time.Second)
			for s := 1; s < 10; s++ {
				if counts[s] > 0 {
					t.Errorf("%d polls in second %d", counts[s], s)
				}
			}
			if counts[12] == 0 {
				t.Errorf("no polls after the pause: %v", counts)
			}
		})
	})
}

// With 50 polls a second for 10,000 people no approval is missed, no second has more, and silence
// keeps its time.
func TestTheCap(t *testing.T) {
	const n, rate = 10_000, 50
	office(t, atRate(rate), func(t *testing.T, d *desk) {
		d.answer = func(id string, _ int) (*ciba.Grant, error) {
			if time.Since(d.begun) >= time.Minute && id[0] == 'y' { // all at once
				return new(ciba.Grant), nil
			}
			return nil, ciba.ErrPending
		}
		for i := range n {
			kind := "y"
			if i%10 == 0 {
				kind = "silent "
			}
			d.begins(kind+fmt.Sprint(i), 15*time.Minute, 5*time.Second)
		}
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		d.mu.Lock()
		for task, signal := range d.ended {
			switch at := d.endedAt[task]; {
			case (signal.Outcome == Approved) != (task[0] == 'y'):
				t.Errorf("%s ended with %d", task, signal.Outcome)
			case task[0] != 'y' && at != 15*time.Minute:
				t.Errorf("%s was silent until %v", task, at)
			}
		}
		if len(d.ended) != n {
			t.Errorf("%d of %d have ended", len(d.ended), n)
		}
		d.mu.Unlock()
		for s, count := range d.inSteps(time.Second) {
			if count > rate+1 {
				t.Errorf("%d polls in second %d", count, s)
			}
		}
	})
}

// Who has little time left is not kept waiting behind those who have much.
func TestTheCapStarvesNobody(t *testing.T) {
	office(t, atRate(50), func(t *testing.T, d *desk) {
		d.answer = func(id string, _ int) (*ciba.Grant, error) {
			if id[0] == 's' && time.Since(d.begun) > 80*time.Second {
				return new(ciba.Grant), nil
			}
			return nil, ciba.ErrPending
		}
		for i := range 5000 {
			d.begins(fmt.Sprint("long", i), 15*time.Minute, 5*time.Second)
		}
		time.Sleep(60 * time.Second)
		for i := range 100 {
			d.begins(fmt.Sprint("short", i), 40*time.Second, 5*time.Second)
		}
		time.Sleep(60 * time.Second)
		missed := 0
		for i := range 100 {
			if d.outcome(fmt.Sprint("short", i)) != Approved {
				missed++
			}
		}
		if missed > 0 {
			t.Errorf("%d of 100 short-lived approvals were missed", missed)
		}
		time.Sleep(13 * time.Minute)
		for i := range 5000 {
			if n := len(d.at(fmt.Sprint("long", i))); n < 3 {
				t.Errorf("long %d was polled %d times", i, n)
			}
		}
	})
}

// A provider that holds polls open gets no more than so many connections, and silence does not wait
// for them.
func TestPollsInFlight(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		d.held = 10 * time.Second
		const n = 2000
		for i := range n {
			d.begins(fmt.Sprint(i), 2*time.Minute, 5*time.Second)
		}
		time.Sleep(45 * time.Second)
		synctest.Wait()
		d.mu.Lock()
		if d.most != maxPollsInFlight {
			t.Errorf("%d polls in flight, want %d", d.most, maxPollsInFlight)
		}
		if len(d.polls) != n {
			t.Errorf("%d of %d were polled", len(d.polls), n)
		}
		d.mu.Unlock()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		d.mu.Lock()
		defer d.mu.Unlock()
		for task, at := range d.endedAt {
			if at != 2*time.Minute {
				t.Errorf("%s ended at %v", task, at)
			}
		}
	})
}

// After a restart the polls are spread over the interval, and who is about to expire is still
// polled.
func TestPollsAfterARestart(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		const n = 10_000
		for i := range n {
			d.stored(fmt.Sprint(i), 15*time.Minute, 5*time.Second, time.Minute)
		}
		for i := range 100 {
			d.stored(fmt.Sprint("old", i), time.Minute, 5*time.Second, 55*time.Second)
			d.stored(fmt.Sprint("gone", i), time.Minute, 5*time.Second, time.Minute)
		}
		time.Sleep(20 * time.Second)
		for step, count := range d.inSteps(100 * time.Millisecond) {
			if count > n/50*2 { // 200 on average
				t.Errorf("%d polls in tenth %d of a second", count, step)
			}
		}
		for i := range n {
			got := d.at(fmt.Sprint(i))
			if len(got) < 2 || got[0] < 5*time.Second ||
				got[0] > 10*time.Second+10*time.Millisecond {
				t.Errorf("%d was polled %v: the process before may have polled just before it died",
					i, got)
			}
		}
		for i := range 100 {
			if got := d.at(fmt.Sprint("old", i)); len(got) == 0 || got[0] > 3*time.Second {
				t.Errorf("polled %v, with five seconds to live", got)
			}
			if got := d.at(fmt.Sprint("gone", i)); len(got) != 0 {
				t.Errorf("polled %v after its expiry", got)
			}
			d.wantEnd(fmt.Sprint("gone", i), Silent, ReasonNoAnswer, 0)
		}
	})
}

// What the provider will never answer is kept with its reason: a process that takes the request
// over asks for it no more, and the operator reads why it ended like silence.
func TestWhatAnotherProcessFoundOut(t *testing.T) {
	for name, row := range map[string]struct {
		says   error
		policy Policy
		reason string
	}{
		"the provider has forgotten": {&oauth.Error{Status: 400, Code: "invalid_grant"},
			Policy{TellDeclined: true}, ReasonForgot},
		"declined, which is not told": {ciba.ErrAccessDenied, Policy{}, ReasonDeclined},
	} {
		t.Run(name, func(t *testing.T) {
			policy := func(c *Config) { c.Policy = row.policy }
			office(t, policy, func(t *testing.T, d *desk) {
				d.answer = func(string, int) (*ciba.Grant, error) { return nil, row.says }
				ticket := d.begins("a", time.Minute, time.Second)
				time.Sleep(5 * time.Second)
				d.stop()
				<-d.done
				polled := len(d.at("a"))
				d.open(policy)
				d.Park("a", ticket, nil)
				time.Sleep(2 * time.Minute)
				d.wantEnd("a", Silent, row.reason, time.Minute)
				if n := len(d.at("a")); polled == 0 || n != polled {
					t.Errorf("polled %d times, and %d times by the next process", polled, n-polled)
				}
			})
		})
	}
}

// Ten thousand people who agree at one moment are not in memory at one moment.
func TestAnswersUnderWay(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		const n = 10_000
		d.answering = time.Second
		d.answer = func(string, int) (*ciba.Grant, error) {
			if time.Since(d.begun) < 10*time.Second {
				return nil, ciba.ErrPending
			}
			return new(ciba.Grant), nil
		}
		for i := range n {
			d.begins(fmt.Sprint(i), time.Minute, 5*time.Second)
		}
		time.Sleep(40 * time.Second)
		d.mu.Lock()
		defer d.mu.Unlock()
		if most := maxAnswers + maxPollsInFlight; d.mostAnswers < maxAnswers ||
			d.mostAnswers > most {
			t.Errorf("%d answers under way, want %d and what the polls in flight bring",
				d.mostAnswers, maxAnswers)
		}
		if len(d.ended) != n {
			t.Errorf("%d of %d were answered", len(d.ended), n)
		}
	})
}

// An agent that was asleep for longer than its lease finds every poll due. It collects nothing
// before it knows what is still its own.
func TestNoPollsWithoutALease(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		for i := range 100 {
			d.begins(fmt.Sprint(i), time.Minute, 5*time.Second)
		}
		time.Sleep(time.Second)
		d.lapsed.Store(true)
		time.Sleep(19 * time.Second)
		for i := range 50 { // another agent has these
			d.Leave(fmt.Sprint(i))
		}
		d.lapsed.Store(false)
		time.Sleep(time.Second)
		for i := range 100 {
			got := d.at(fmt.Sprint(i))
			if want := 1 + i/50; len(got) != want || want == 2 &&
				(got[1] < 20*time.Second || got[1] > 20*time.Second+2*aliveLook) {
				t.Errorf("%d was polled at %v; from 1s to 20s there was no lease", i, got)
			}
		}
	})
}

// A store that fails delays, and loses nothing.
func TestAStoreThatFails(t *testing.T) {
	t.Run("when a turn is to be run", func(t *testing.T) {
		office(t, nil, func(t *testing.T, d *desk) {
			d.answer = func(string, int) (*ciba.Grant, error) { return nil, ciba.ErrAccessDenied }
			d.fails = 3
			d.begins("a", 30*time.Second, 5*time.Second)
			time.Sleep(time.Minute)
			d.wantEnd("a", Declined, ReasonDeclined, 3*time.Second)
			if n := len(d.at("a")); n != 1 {
				t.Errorf("%d polls", n)
			}
		})
	})
	t.Run("when a phase is to be kept: nobody is prompted before, and nobody twice",
		func(t *testing.T) {
			for fails := 1; fails <= 3; fails++ {
				office(t, nil, func(t *testing.T, d *desk) {
					d.shelf.fails = fails
					d.answer = func(string, int) (*ciba.Grant, error) {
						return new(ciba.Grant), nil
					}
					d.begins("a", 30*time.Second, 5*time.Second)
					time.Sleep(time.Minute)
					d.wantEnd("a", Approved, "", time.Duration(fails)*time.Second)
					if got := d.prompts("a"); !slices.Equal(got, seconds(float64(fails))) {
						t.Errorf("prompted at %v", got)
					}
				})
			}
		})
}

// Whatever is parked and left in whatever order, nothing is left behind.
func TestParkingAndLeaving(t *testing.T) {
	office(t, func(c *Config) { c.PollRate = 20 }, func(t *testing.T, d *desk) {
		d.held = 700 * time.Millisecond
		r := rand.New(rand.NewPCG(1, 2))
		tickets := map[string]Ticket{}
		for range 3000 {
			name := fmt.Sprint(r.IntN(40))
			switch r.IntN(4) {
			case 0:
				if _, err := d.Hold(t.Context(), NewKey(name)); err != nil {
					tickets[name] = d.begins(name, time.Duration(1+r.IntN(20))*time.Second,
						time.Second)
				}
			case 1:
				if _, err := d.Hold(t.Context(), NewKey(name)); err == nil {
					d.Park(name+" again", tickets[name], nil)
				}
			case 2:
				d.Leave(name)
				d.Leave(name + " again")
			case 3:
				time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
			}
			synctest.Wait()
			d.Room.mu.Lock()
			for i, w := range d.clock.list {
				if int(w.place[onClock]) != i+1 {
					t.Fatal("a request is in the wrong place")
				}
			}
			d.Room.mu.Unlock()
		}
		time.Sleep(2 * time.Minute)
		if d.Waiting() != 0 || len(d.requests) != 0 || len(d.Room.polls.list) != 0 ||
			len(d.clock.list) != 0 || d.inFlight != 0 {
			t.Errorf("%d tasks and %d requests wait, %d on the clock, %d polls are due, %d "+
				"in flight",
				d.Waiting(), len(d.requests), len(d.clock.list), len(d.Room.polls.list), d.inFlight)
		}
	})
}
