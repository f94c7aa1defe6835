package a2aclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a/a2aclient"
	"staff0/ciba/oauth"
)

// timeline is when calls came, in seconds from the start.
type timeline struct {
	start time.Time
	at    []time.Duration
}

func (l *timeline) mark(next func(*call)) func(*call) {
	return func(c *call) {
		l.at = append(l.at, time.Since(l.start))
		next(c)
	}
}

func TestPollingSlowsDownAndQuickensWithNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &timeline{start: time.Now()}
		a := newAgent(t).on("GetTask", l.mark(result(plainTask("SUBMITTED"))))
		for range 7 {
			a.on("GetTask", l.mark(result(plainTask("SUBMITTED"))))
		}
		a.on("GetTask", l.mark(result(plainTask("WORKING"))),
			l.mark(result(plainTask("COMPLETED"))))
		if _, err := heard(t, client(t, a, noStream).Watch(t.Context(), "t1")); err != nil {
			t.Fatal(err)
		}
		// ms, less up to a quarter
		wants := []time.Duration{500, 1000, 2000, 4000, 8000, 10000, 10000, 10000, 500}
		for i, want := range wants {
			want *= time.Millisecond
			if got := l.at[i+1] - l.at[i]; got > want || got < want*3/4 {
				t.Errorf("wait %d was %v, want %v less at most a quarter", i+1, got, want)
			}
		}
	})
}

func TestWhatWasToldAMomentAgoIsNotReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &timeline{start: time.Now()}
		a := newAgent(t).on("SendMessage", result(task("WORKING"))).on("GetTask",
			l.mark(result(plainTask("COMPLETED"))))
		if _, err := heard(t, client(t, a, noStream).Follow(t.Context(), question())); err != nil {
			t.Fatal(err)
		}
		if l.at[0] < 375*time.Millisecond {
			t.Errorf("read after %v", l.at[0])
		}
	})
}

func TestAnAgentThatOnlyEverShowsTheTaskIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		a := newAgent(t).on("SubscribeToTask", streamed(task("WORKING")))
		_, err := heard(t, client(t, a).Watch(ctx, "t1"))
		if n := len(a.calls); !errors.Is(err, context.DeadlineExceeded) || n > 50 {
			t.Errorf("%d calls in five minutes, error %v", n, err)
		}
	})
}

func TestRetryAfterIsObeyedWhenComingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &timeline{start: time.Now()}
		busy := func(c *call) {
			c.Header().Set("Retry-After", "60")
			c.WriteHeader(http.StatusTooManyRequests)
		}
		a := newAgent(t).on("SubscribeToTask", l.mark(busy), l.mark(streamed(task("COMPLETED"))))
		if _, err := heard(t, client(t, a).Watch(t.Context(), "t1")); err != nil {
			t.Fatal(err)
		}
		if l.at[1] != time.Minute {
			t.Errorf("came back after %v", l.at[1])
		}
	})
}

func TestAConnectionThatIsRefusedIsTriedUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := transportFunc(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		})
		stop := errors.New("the deadline of the approval")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Minute, stop)
		defer cancel()
		start := time.Now()
		_, err := heard(t, connect(t, refused).Watch(ctx, "t1"))
		if !errors.Is(err, stop) || time.Since(start) != 10*time.Minute {
			t.Errorf("ended after %v with %v", time.Since(start), err)
		}
	})
}

func TestATokenThatCannotBeHad(t *testing.T) {
	for _, tt := range []struct {
		why  string
		err  error
		long time.Duration
	}{
		{"for the moment is waited for", oauth.ErrUnreachable, time.Minute},
		{"for an overloaded provider likewise", &oauth.Error{Status: 503}, time.Minute},
		{"for good ends it", &oauth.Error{Status: 401, Code: "invalid_client"}, 0},
		{"for reasons of the source's own ends it", errors.New("no store"), 0},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				conf := config(t, inProcess{newAgent(t)})
				conf.Tokens = &purse{err: tt.err}
				c, err := a2aclient.New(card(), conf)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_, err = heard(t, c.Watch(ctx, "t1"))
				if time.Since(start) != tt.long {
					t.Errorf("ended after %v with %v", time.Since(start), err)
				}
				var unreachable *a2aclient.UnreachableError
				if tt.long == 0 && (!errors.Is(err, tt.err) || errors.As(err, &unreachable)) {
					t.Errorf("error %v, want that of the source", err)
				}
			})
		})
	}
}
