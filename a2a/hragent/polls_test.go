package hragent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/ciba"
	"staff0/ciba/oauth"
)

// desk is a scheduler with a provider and an engine that do what a test says.
type desk struct {
	*approvals
	t      *testing.T
	answer func(id string, n int) (*ciba.Grant, error) // to the n-th poll of an id
	held   time.Duration                               // by the provider, each poll
	fails  int                                         // wake-ups that fail first

	lapsed atomic.Bool // the lease

	answering   time.Duration // what an answer takes
	answers     atomic.Int64  // under way
	mostAnswers int

	mu       sync.Mutex
	begun    time.Time
	polls    map[string][]time.Duration // since begun
	requests map[a2a.TaskID]request
	told     map[a2a.TaskID]time.Duration // announcements
	ended    map[a2a.TaskID]any           // the signal with which a task ended
	endedAt  map[a2a.TaskID]time.Duration
	flying   int
	most     int
	stop     context.CancelFunc
}

func newDesk(t *testing.T, rate int) *desk {
	d := &desk{
		t: t, begun: time.Now(), polls: map[string][]time.Duration{}, requests: map[a2a.TaskID]request{},
		told: map[a2a.TaskID]time.Duration{}, ended: map[a2a.TaskID]any{}, endedAt: map[a2a.TaskID]time.Duration{},
		answer: func(string, int) (*ciba.Grant, error) { return nil, ciba.ErrPending },
	}
	d.approvals = newApprovals(d, testScope, rate, slog.New(slog.DiscardHandler))
	var ctx context.Context
	ctx, d.stop = context.WithCancel(context.Background())
	go d.run(ctx, d)
	return d
}

func (d *desk) Authenticate(context.Context, *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
	return nil, errors.New("nobody is asked here")
}

func (d *desk) PollOnce(ctx context.Context, id string, _ ciba.Expectation) (*ciba.Grant, error) {
	d.mu.Lock()
	d.polls[id] = append(d.polls[id], time.Since(d.begun))
	n := len(d.polls[id])
	d.flying++
	d.most = max(d.most, d.flying)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.flying--
		d.mu.Unlock()
	}()
	if d.held > 0 {
		select {
		case <-time.After(d.held):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return d.answer(id, n)
}

func (d *desk) Alive() bool { return !d.lapsed.Load() }

func (d *desk) Wake(_ context.Context, id a2a.TaskID, signal any) error {
	if _, ok := signal.(approved); ok && d.answering > 0 {
		n := d.answers.Add(1)
		d.mu.Lock()
		d.mostAnswers = max(d.mostAnswers, int(n))
		d.mu.Unlock()
		time.Sleep(d.answering)
		d.answers.Add(-1)
	}
	d.mu.Lock()
	if d.fails > 0 {
		d.fails--
		d.mu.Unlock()
		return errBoom
	}
	now := time.Since(d.begun)
	r := d.requests[id]
	switch signal.(type) {
	case announce:
		d.told[id] = now
		r.Deadline = time.Now().Add(r.Lifetime)
		d.mu.Unlock()
		d.park(id, r)
		return nil
	}
	d.ended[id], d.endedAt[id] = signal, now
	d.mu.Unlock()
	return nil
}

// waits parks a request that was acknowledged just now.
func (d *desk) waits(name string, lifetime, interval time.Duration) {
	d.stored(name, lifetime, interval, 0)
}

// stored parks a request that was acknowledged and announced by another process, some time ago.
func (d *desk) stored(name string, lifetime, interval, ago time.Duration) {
	asked := time.Now().Add(-ago)
	r := request{
		AuthReqID: name, Subject: john, Lifetime: lifetime, Interval: interval, Expiry: asked.Add(lifetime), Step: asked.Add(gridStep),
	}
	if ago > 0 {
		r.Deadline = asked.Add(gridStep + lifetime)
	} else {
		r.Process = d.process
	}
	d.mu.Lock()
	d.requests[a2a.TaskID(name)] = r
	d.mu.Unlock()
	d.park(a2a.TaskID(name), r)
}

// at is when an id was polled, in whole milliseconds.
func (d *desk) at(id string) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []time.Duration
	for _, t := range d.polls[id] {
		list = append(list, t.Truncate(time.Millisecond))
	}
	return list
}

// inSteps counts all polls in steps of a duration.
func (d *desk) inSteps(step time.Duration) map[int]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := map[int]int{}
	for _, times := range d.polls {
		for _, t := range times {
			counts[int(t/step)]++
		}
	}
	return counts
}

// end is the signal with which a task ended, endAt when.
func (d *desk) end(id string) any {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended[a2a.TaskID(id)]
}

func (d *desk) endAt(id string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.endedAt[a2a.TaskID(id)]
}

func (d *desk) wantEnd(id string, want any) {
	d.t.Helper()
	if got := fmt.Sprintf("%T%v", d.end(id), d.end(id)); got != fmt.Sprintf("%T%v", want, want) {
		d.t.Errorf("%s ended with %s, want %T%v", id, got, want, want)
	}
}

func office(t *testing.T, rate int, test func(t *testing.T, d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, rate)
		defer d.stop()
		test(t, d)
	})
}

func seconds(list ...float64) []time.Duration {
	var out []time.Duration
	for _, s := range list {
		out = append(out, time.Duration(s*float64(time.Second)))
	}
	return out
}

// When one id is polled, and what the provider says of it.
func TestPolling(t *testing.T) {
	slow := func(interval, retryAfter time.Duration) error {
		return &ciba.SlowDown{Interval: interval, RetryAfter: retryAfter}
	}
	down := func(retryAfter time.Duration) error {
		return &ciba.TemporaryError{RetryAfter: retryAfter, Err: &oauth.Error{Status: 503, RetryAfter: retryAfter}}
	}
	const s = time.Second
	for _, row := range []struct {
		name    string
		held    time.Duration
		answers []error // then pending
		want    []time.Duration
	}{
		{"at once, then every interval", 0, nil, seconds(0, 5, 10, 15, 20, 25)},
		{"the interval counts from sending", 3 * s, nil, seconds(0, 5, 10, 15, 20, 25)},
		{"a held poll is not overtaken", 12 * s, nil, seconds(0, 12, 24)},
		{"slow_down adds five seconds, for good", 0, []error{ciba.ErrPending, slow(0, 0)}, seconds(0, 5, 15, 25)},
		{"slow_down with an interval", 0, []error{slow(12*s, 0)}, seconds(0, 12, 24)},
		{"slow_down with Retry-After", 0, []error{slow(0, 14*s)}, seconds(0, 14, 28)},
		{"503 with Retry-After", 0, []error{down(17 * s)}, seconds(0, 17, 22, 27)},
		{"503 again and again", 0, []error{down(0), down(0), down(0)}, seconds(0, 5, 15)},
		{"a final answer is the last", 0, []error{ciba.ErrPending, ciba.ErrAccessDenied}, seconds(0, 5)},
		{"expired is the last", 0, []error{ciba.ErrExpired}, seconds(0)},
		{"a mismatch is the last", 0, []error{&ciba.MismatchError{What: "x"}}, seconds(0)},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, 0, func(t *testing.T, d *desk) {
				d.held = row.held
				d.answer = func(id string, n int) (*ciba.Grant, error) {
					if id == "a" && n <= len(row.answers) {
						return nil, row.answers[n-1]
					}
					return nil, ciba.ErrPending
				}
				d.waits("a", 30*s, 5*s)
				d.waits("b", 30*s, 5*s) // another id takes no notice
				time.Sleep(40 * s)
				if got := d.at("a"); !slices.Equal(got, row.want) {
					t.Errorf("polled at %v, want %v", got, row.want)
				}
				if got := len(d.at("b")); row.held == 0 && got != 6 {
					t.Errorf("the other id was polled %d times", got)
				}
				if d.count() != 0 {
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
		{"with Retry-After", &ciba.TemporaryError{
			RetryAfter: 20 * time.Second, Err: &oauth.Error{Status: http.StatusTooManyRequests, RetryAfter: 20 * time.Second},
		}, 10 * time.Second, 30 * time.Second},
		{"without", &ciba.TemporaryError{Err: &oauth.Error{Status: http.StatusTooManyRequests}}, 10 * time.Second, 11 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, 0, func(t *testing.T, d *desk) {
				d.answer = func(id string, _ int) (*ciba.Grant, error) {
					if id == "first" && time.Since(d.begun) == 10*time.Second {
						return nil, row.err
					}
					return nil, ciba.ErrPending
				}
				d.waits("first", 2*time.Minute, 5*time.Second)
				for i := range n {
					time.Sleep(5 * time.Second / n)
					d.waits(fmt.Sprint(i), 2*time.Minute, 5*time.Second)
				}
				time.Sleep(45 * time.Second)
				perMilli := d.inSteps(time.Millisecond)
				for ms, count := range perMilli {
					at := time.Duration(ms) * time.Millisecond
					if at > row.from+2*time.Millisecond && at < row.till {
						t.Errorf("%d polls at %v, in the pause", count, at)
					}
					if at >= row.till && count > 30 {
						t.Errorf("%d polls at once, at %v", count, at)
					}
				}
				after := 0
				for ms, count := range perMilli {
					if at := time.Duration(ms) * time.Millisecond; at >= row.till && at < row.till+5*time.Second {
						after += count
					}
				}
				if after < n*9/10 || after > n*11/10 {
					t.Errorf("%d polls in the interval after the pause, want about %d", after, n)
				}
			})
		})
	}
	t.Run("longer than the request lives: silence", func(t *testing.T) {
		office(t, 0, func(t *testing.T, d *desk) {
			d.answer = func(string, int) (*ciba.Grant, error) {
				return nil, &ciba.TemporaryError{Err: &oauth.Error{Status: http.StatusTooManyRequests, RetryAfter: time.Hour}}
			}
			d.waits("a", 30*time.Second, 5*time.Second)
			d.waits("b", 30*time.Second, 5*time.Second)
			time.Sleep(time.Minute)
			d.wantEnd("a", silence{reasonNoAnswer})
			d.wantEnd("b", silence{reasonNoAnswer})
			if n := len(d.at("a")); n > 2 {
				t.Errorf("%d polls", n)
			}
		})
	})
	t.Run("a slow_down with status 429 is for its id alone", func(t *testing.T) {
		office(t, 0, func(t *testing.T, d *desk) {
			d.answer = func(id string, n int) (*ciba.Grant, error) {
				if id == "a" {
					return nil, &ciba.SlowDown{RetryAfter: 20 * time.Second}
				}
				return nil, ciba.ErrPending
			}
			d.waits("a", 30*time.Second, 5*time.Second)
			d.waits("b", 30*time.Second, 5*time.Second)
			time.Sleep(time.Minute)
			if got := d.at("b"); len(got) != 6 {
				t.Errorf("polled at %v", got)
			}
		})
	})
	t.Run("polls that wait for the rate wait for the pause as well", func(t *testing.T) {
		office(t, 10, func(t *testing.T, d *desk) {
			d.answer = func(string, int) (*ciba.Grant, error) {
				if time.Since(d.begun) < time.Second {
					return nil, &ciba.TemporaryError{Err: &oauth.Error{Status: http.StatusTooManyRequests, RetryAfter: 10 * time.Second}}
				}
				return nil, ciba.ErrPending
			}
			for i := range 50 {
				d.waits(fmt.Sprint(i), 2*time.Minute, 5*time.Second)
			}
			time.Sleep(30 * time.Second)
			counts := d.inSteps(time.Second)
			for s := range 10 {
				if s > 0 && counts[s] > 0 {
					t.Errorf("%d polls in second %d", counts[s], s)
				}
			}
			if counts[12] == 0 {
				t.Errorf("no polls after the pause: %v", counts)
			}
		})
	})
}

// With 50 polls a second for 10,000 people no approval is missed, no second has more, and what the caller sees keeps its time.
func TestTheCap(t *testing.T) {
	const n, rate = 10_000, 50
	office(t, rate, func(t *testing.T, d *desk) {
		approval := time.Minute // all at once
		d.answer = func(id string, _ int) (*ciba.Grant, error) {
			if time.Since(d.begun) >= approval && id[0] == 'y' {
				return grantOf(john), nil
			}
			return nil, ciba.ErrPending
		}
		for i := range n {
			kind := "y"
			if i%10 == 0 {
				kind = "silent "
			}
			d.waits(kind+fmt.Sprint(i), 15*time.Minute, 5*time.Second)
		}
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		d.mu.Lock()
		for id, signal := range d.ended {
			switch signal.(type) {
			case approved:
				if id[0] != 'y' {
					t.Errorf("%s has approved", id)
				}
			default:
				if id[0] == 'y' {
					t.Errorf("the approval of %s was missed: %T", id, signal)
				} else if at := d.endedAt[id]; at != 15*time.Minute+gridStep {
					t.Errorf("%s was silent until %v", id, at)
				}
			}
		}
		if len(d.ended) != n {
			t.Errorf("%d of %d have ended", len(d.ended), n)
		}
		for id, at := range d.told {
			if at != gridStep {
				t.Errorf("%s was announced at %v", id, at)
			}
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
	office(t, 50, func(t *testing.T, d *desk) {
		d.answer = func(id string, _ int) (*ciba.Grant, error) {
			if id[0] == 's' && time.Since(d.begun) > 80*time.Second {
				return grantOf(john), nil
			}
			return nil, ciba.ErrPending
		}
		for i := range 5000 {
			d.waits(fmt.Sprint("long", i), 15*time.Minute, 5*time.Second)
		}
		time.Sleep(60 * time.Second)
		for i := range 100 {
			d.waits(fmt.Sprint("short", i), 40*time.Second, 5*time.Second)
		}
		time.Sleep(60 * time.Second)
		missed := 0
		for i := range 100 {
			if _, ok := d.end(fmt.Sprint("short", i)).(approved); !ok {
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

// A provider that holds polls open gets no more than so many connections, and what the caller sees does not wait for them.
func TestPollsInFlight(t *testing.T) {
	office(t, 0, func(t *testing.T, d *desk) {
		d.held = 10 * time.Second
		const n = 2000
		for i := range n {
			d.waits(fmt.Sprint(i), 2*time.Minute, 5*time.Second)
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
		for id, at := range d.told {
			if at != gridStep {
				t.Errorf("%s was announced at %v", id, at)
			}
		}
		if len(d.told) != n {
			t.Errorf("%d of %d were announced", len(d.told), n)
		}
		d.mu.Unlock()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		d.mu.Lock()
		defer d.mu.Unlock()
		for id, at := range d.endedAt {
			if at != 2*time.Minute+gridStep {
				t.Errorf("%s ended at %v", id, at)
			}
		}
	})
}

// After a restart the polls are spread over the interval, and who is about to expire is still polled.
func TestPollsAfterARestart(t *testing.T) {
	office(t, 0, func(t *testing.T, d *desk) {
		const n = 10_000
		for i := range n {
			d.stored(fmt.Sprint(i), 15*time.Minute, 5*time.Second, time.Minute)
		}
		for i := range 100 {
			d.stored(fmt.Sprint("old", i), time.Minute, 5*time.Second, 59*time.Second)
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
			if len(got) < 2 || got[0] < 5*time.Second || got[0] > 10*time.Second+2*coalesce {
				t.Errorf("%d was polled %v: the process before may have polled just before it died", i, got)
			} else if len(got) != 3 && got[1] < 14990*time.Millisecond {
				t.Errorf("%d was polled %v in four intervals", i, got)
			}
		}
		for i := range 100 {
			if got := d.at(fmt.Sprint("old", i)); len(got) != 1 || got[0] > time.Second {
				t.Errorf("polled %v, with a second to live", got)
			}
			if got := d.at(fmt.Sprint("gone", i)); len(got) != 0 {
				t.Errorf("polled %v after its expiry", got)
			}
			d.wantEnd(fmt.Sprint("gone", i), silence{reasonNoAnswer})
		}
	})
}

// Ten thousand people who agree at one moment are not in memory at one moment.
func TestAnswersUnderWay(t *testing.T) {
	office(t, 0, func(t *testing.T, d *desk) {
		const n = 10_000
		d.answering = time.Second
		d.answer = func(string, int) (*ciba.Grant, error) {
			if time.Since(d.begun) < 10*time.Second {
				return nil, ciba.ErrPending
			}
			return new(ciba.Grant), nil
		}
		for i := range n {
			d.waits(fmt.Sprint(i), time.Minute, 5*time.Second)
		}
		time.Sleep(40 * time.Second)
		d.mu.Lock()
		defer d.mu.Unlock()
		if most := maxAnswers + maxPollsInFlight; d.mostAnswers < maxAnswers || d.mostAnswers > most {
			t.Errorf("%d answers under way, want %d and what the polls in flight bring", d.mostAnswers, maxAnswers)
		}
		for id, signal := range d.ended {
			if _, ok := signal.(approved); !ok {
				t.Errorf("%s ended with %v", id, signal)
			}
		}
		if len(d.ended) != n {
			t.Errorf("%d of %d were answered", len(d.ended), n)
		}
	})
}

// An agent that was asleep for longer than its lease finds every poll due. It collects nothing before it knows what is still its own.
func TestNoPollsWithoutALease(t *testing.T) {
	office(t, 0, func(t *testing.T, d *desk) {
		for i := range 100 {
			d.waits(fmt.Sprint(i), time.Minute, 5*time.Second)
		}
		time.Sleep(time.Second)
		d.lapsed.Store(true)
		time.Sleep(19 * time.Second)
		for i := range 50 { // another agent has these
			d.unpark(a2a.TaskID(fmt.Sprint(i)))
		}
		d.lapsed.Store(false)
		time.Sleep(time.Second)
		for i := range 100 {
			got := d.at(fmt.Sprint(i))
			if want := 1 + i/50; len(got) != want || want == 2 && (got[1] < 20*time.Second || got[1] > 20*time.Second+2*aliveLook) {
				t.Errorf("%d was polled at %v; from 1s to 20s there was no lease", i, got)
			}
		}
	})
}

// A store out of order delays, and loses nothing.
func TestAStoreOutOfOrder(t *testing.T) {
	for name, row := range map[string]struct {
		answer  error
		fails   int
		want    any
		endedAt time.Duration
	}{
		"at the announcement": {ciba.ErrPending, 2, silence{reasonNoAnswer}, 32500 * time.Millisecond},
		"at a refusal":        {ciba.ErrAccessDenied, 3, declined{}, 3500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			office(t, 0, func(t *testing.T, d *desk) {
				d.answer = func(string, int) (*ciba.Grant, error) { return nil, row.answer }
				d.fails = row.fails
				d.waits("a", 30*time.Second, 5*time.Second)
				time.Sleep(time.Minute)
				d.wantEnd("a", row.want)
				if got := d.endAt("a"); got != row.endedAt {
					t.Errorf("ended at %v, want %v", got, row.endedAt)
				}
			})
		})
	}
	t.Run("at a refusal after the announcement", func(t *testing.T) {
		office(t, 0, func(t *testing.T, d *desk) {
			d.answer = func(_ string, n int) (*ciba.Grant, error) {
				if n == 1 {
					return nil, ciba.ErrPending
				}
				return nil, ciba.ErrAccessDenied
			}
			d.waits("a", 30*time.Second, 5*time.Second)
			time.Sleep(time.Second)
			d.mu.Lock()
			d.fails = 3
			d.mu.Unlock()
			time.Sleep(time.Minute)
			d.wantEnd("a", declined{})
			if got := d.endAt("a").Truncate(100 * time.Millisecond); got != 8*time.Second {
				t.Errorf("ended at %v", got)
			}
			if n := len(d.at("a")); n != 2 {
				t.Errorf("%d polls", n)
			}
		})
	})
	t.Run("at an approval and at the deadline", func(t *testing.T) {
		office(t, 0, func(t *testing.T, d *desk) {
			d.answer = func(id string, _ int) (*ciba.Grant, error) {
				if id == "yes" {
					return grantOf(john), nil
				}
				return nil, ciba.ErrPending
			}
			d.waits("yes", 30*time.Second, 5*time.Second)
			d.waits("no", 30*time.Second, 5*time.Second)
			time.Sleep(gridStep)
			synctest.Wait()
			if _, told := d.end("yes").(approved); !told {
				t.Fatal("the approval was held for too long")
			}
			time.Sleep(20 * time.Second)
			d.mu.Lock()
			d.fails = 3
			d.mu.Unlock()
			time.Sleep(time.Minute)
			d.wantEnd("no", silence{reasonNoAnswer})
			if got := d.endAt("no"); got != 33500*time.Millisecond {
				t.Errorf("ended at %v", got)
			}
		})
	})
}

// Whatever is parked and unparked in whatever order, nothing is left behind.
func TestParkingAndUnparking(t *testing.T) {
	office(t, 20, func(t *testing.T, d *desk) {
		d.held = 700 * time.Millisecond
		r := rand.New(rand.NewPCG(1, 2))
		for range 3000 {
			id := fmt.Sprint(r.IntN(40))
			switch r.IntN(3) {
			case 0:
				d.waits(id, time.Duration(1+r.IntN(20))*time.Second, time.Second)
			case 1:
				d.unpark(a2a.TaskID(id))
			case 2:
				time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
			}
			synctest.Wait()
			d.approvals.mu.Lock()
			for i, e := range d.clock.list {
				if int(e.place[onClock]) != i+1 || d.entries[e.id] != e {
					t.Fatalf("entry %s is out of place", e.id)
				}
			}
			if d.approvals.turns != 0 || len(d.clock.list) != len(d.entries) {
				t.Fatalf("%d entries, %d on the clock", len(d.entries), len(d.clock.list))
			}
			d.approvals.mu.Unlock()
		}
		time.Sleep(time.Minute)
		if d.count() != 0 || len(d.approvals.polls.list) != 0 || d.inFlight != 0 {
			t.Errorf("%d wait, %d polls are due, %d in flight", d.count(), len(d.approvals.polls.list), d.inFlight)
		}
	})
}
