package ciba

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba/oauth"
)

func seconds(list ...float64) []time.Duration {
	out := make([]time.Duration, len(list))
	for i, s := range list {
		out[i] = time.Duration(s * float64(time.Second))
	}
	return out
}

// Rows 2 to 4, 8 and 9: when polls are sent. The first follows at once; each
// wait is counted from the answer to the poll before.
func TestPollSchedule(t *testing.T) {
	yes := approved("", "", nil)
	type script = []http.HandlerFunc
	for _, tt := range []struct {
		why   string
		ack   string
		polls script
		waits []time.Duration
	}{
		{"approved at once", `"interval":5`, script{yes}, seconds(0)},
		{"an interval of 31 s is kept", `"interval":31`, script{pending, pending, yes},
			seconds(0, 34.1, 34.1)},
		{"without an interval it is 5 s", `"x":1`, script{pending, pending, yes},
			seconds(0, 5.5, 5.5)},
		{"slow_down at the second poll lasts", `"interval":5`, script{pending, refusal("slow_down"),
			pending, pending, yes}, seconds(0, 5.5, 11, 11, 11)},
		{"slow_down twice adds twice", `"interval":5`, script{refusal("slow_down"),
			refusal("slow_down"), pending, yes}, seconds(0, 11, 16.5, 16.5)},
		{"slow_down with interval 60 in the body", `"interval":5`,
			script{answer(400, `{"error":"slow_down","interval":60}`), pending, yes},
			seconds(0, 66, 66)},
		{"slow_down with Retry-After 60", `"interval":5`,
			script{answer(400, `{"error":"slow_down"}`, "Retry-After", "60"), pending, yes},
			seconds(0, 60, 11)},
		{"slow_down as 429", `"interval":5`, script{answer(429, `{"error":"slow_down"}`), pending,
			yes}, seconds(0, 11, 11)},
		{"a long poll of 29 s: the next one an interval after it, none beside it", `"interval":5`,
			script{held(29*time.Second, pending), yes}, seconds(0, 34.5)},
		{"a long poll that ends in approval", `"interval":5`, script{held(29*time.Second, yes)},
			seconds(0)},
		{"cut after 10 s: an interval later", `"interval":5`, script{cut(10 * time.Second), yes},
			seconds(0, 15.5)},
		{"cut at once: after the interval", `"interval":5`, script{cut(0), yes}, seconds(0, 5.5)},
		{"held for ever: our own bound, then again", `"interval":5`,
			script{held(time.Hour, pending), yes}, seconds(0, 45.5)},
		{"503 with Retry-After", `"interval":5`, script{answer(503, ``, "Retry-After", "20"), yes},
			seconds(0, 20)},
		{"503 with Retry-After below the interval", `"interval":5`,
			script{answer(503, ``, "Retry-After", "1"), yes}, seconds(0, 5.5)},
		{"429 with Retry-After", `"interval":5`,
			script{answer(429, `{"error":"too_many_requests"}`, "Retry-After", "30"), pending, yes},
			seconds(0, 30, 5.5)},
		{"502 with HTML, again and again", `"interval":5`,
			script{answer(502, `<html>`), answer(502, `<html>`), answer(502, `<html>`), pending,
				yes}, seconds(0, 5.5, 11, 22, 5.5)},
		{"400 without JSON, from something in front", `"interval":5`,
			script{answer(400, `<html>`), yes}, seconds(0, 5.5)},
		{"400 with an empty body", `"interval":5`, script{answer(400, ``), yes}, seconds(0, 5.5)},
		{"200 with an empty body", `"interval":5`, script{answer(200, ``), yes}, seconds(0, 5.5)},
		{"200 with HTML", `"interval":5`, script{answer(200, `<html>`), yes}, seconds(0, 5.5)},
		{"200 beyond the bound", `"interval":5`,
			script{answer(200, strings.Repeat("x", 1<<20)), yes}, seconds(0, 5.5)},
		{"a 500 whose body says pending is a 500", `"interval":5`,
			script{answer(500, `{"error":"authorization_pending"}`), answer(500, ``), yes},
			seconds(0, 5.5, 11)},
		{"a 500 whose body says declined declines nothing", `"interval":5`,
			script{answer(500, `{"error":"access_denied"}`), yes}, seconds(0, 5.5)},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{bc: answer(200, `{"auth_req_id":"`+testID+`","expires_in":300,`+
					tt.ack+`}`), polls: tt.polls}
				grant, err := p.run(t, p.client(t), 0)
				if err != nil || grant.Subject != testPerson {
					t.Fatalf("%v, polls after %v", err, p.waits())
				}
				if got := p.waits(); !slices.Equal(got, tt.waits) {
					t.Errorf("polls after %v, want %v", got, tt.waits)
				}
			})
		})
	}
}

// Row 5: the end comes at the deadline, whichever it is, and not before.
func TestSilenceEndsAtTheDeadline(t *testing.T) {
	for _, tt := range []struct {
		why   string
		polls []http.HandlerFunc
		own   time.Duration
		after time.Duration
	}{
		{"pending for ever", []http.HandlerFunc{pending}, 0, 120 * time.Second},
		{"our own deadline is earlier", []http.HandlerFunc{pending}, 33 * time.Second,
			33 * time.Second},
		{"our own deadline is later", []http.HandlerFunc{pending}, time.Hour, 120 * time.Second},
		{"a provider that is gone", []http.HandlerFunc{cut(0)}, 0, 120 * time.Second},
		{"Retry-After beyond the end", []http.HandlerFunc{answer(503, ``, "Retry-After", "3600")},
			0, 120 * time.Second},
		{"slow_down beyond the end",
			[]http.HandlerFunc{answer(400, `{"error":"slow_down","interval":3600}`)}, 0,
			120 * time.Second},
		{"expired_token ahead of time", []http.HandlerFunc{pending, refusal("expired_token")}, 0,
			120 * time.Second},
		{"access_denied just before the expiry",
			append(slices.Repeat([]http.HandlerFunc{pending}, 21), refusal("access_denied")), 0,
			120 * time.Second},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{bc: acknowledged, polls: tt.polls}
				_, err := p.run(t, p.client(t), tt.own)
				if !errors.Is(err, ErrExpired) || time.Since(p.begun) != tt.after {
					t.Errorf("after %v: %v", time.Since(p.begun), err)
				}
				if last := p.times[len(p.times)-1].Sub(p.begun); last >= tt.after {
					t.Errorf("a poll after %v", last)
				}
			})
		})
	}
}

// Rows 6, 9 and 10: after a final answer nothing is sent for this id, not even
// if somebody asks.
func TestFinalAnswers(t *testing.T) {
	for _, tt := range []struct {
		why string
		h   http.HandlerFunc
		is  error
	}{
		{"access_denied", refusal("access_denied"), ErrAccessDenied},
		{"access_denied as 403", answer(403, `{"error":"access_denied"}`), ErrAccessDenied},
		{"invalid_request, which may punish over-polling", refusal("invalid_request"),
			oauth.ErrInvalidRequest},
		{"invalid_grant", refusal("invalid_grant"), oauth.ErrInvalidGrant},
		{"unauthorized_client", refusal("unauthorized_client"), oauth.ErrUnauthorizedClient},
		{"invalid_client", answer(401, `{"error":"invalid_client"}`), oauth.ErrInvalidClient},
		{"transaction_failed", refusal("transaction_failed"),
			&oauth.Error{Code: "transaction_failed"}},
		{"an unknown code", refusal("teapot"), &oauth.Error{Code: "teapot"}},
		{"404", answer(404, `not found`), nil},
		{"a redirect", answer(307, ``, "Location", "https://attacker.example/"), nil},
		{"200 with an error", answer(200, `{"error":"authorization_pending"}`),
			&oauth.Error{Code: "authorization_pending"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{bc: acknowledged,
					polls: []http.HandlerFunc{pending, pending, tt.h, approved("", "", nil)}}
				c := p.client(t)
				_, err := p.run(t, c, 0)
				if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("got %v", err)
				}
				if got := p.waits(); !slices.Equal(got, seconds(0, 5.5, 5.5)) {
					t.Errorf("polls after %v", got)
				}
				if g, err := c.PollOnce(context.Background(), testID, jdoe); err == nil ||
					len(p.times) != 3 {
					t.Errorf("asked again: %v, %v", g, err)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // expired_token is told apart by PollOnce
		p := &provider{bc: acknowledged, polls: []http.HandlerFunc{refusal("expired_token")}}
		if _, err := p.client(t).PollOnce(context.Background(), testID, jdoe); !errors.Is(err,
			ErrExpired) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnApprovalIsGrantedOnce(t *testing.T) {
	p := &provider{bc: acknowledged, polls: []http.HandlerFunc{approved("", "", nil)}}
	c := p.client(t)
	grant, err := c.PollOnce(context.Background(), testID, jdoe)
	if err != nil || grant.Subject != testPerson || grant.Token.AccessToken == "" ||
		grant.Token.IDToken != "" {
		t.Fatalf("%+v, %v", grant, err)
	}
	if g, err := c.PollOnce(context.Background(), testID, jdoe); err == nil || len(p.times) != 1 {
		t.Errorf("granted again: %v", g)
	}
}

// Row 8: two polls for one id never overlap; polls for different ids do.
func TestPollsForOneIDDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{bc: acknowledged, polls: []http.HandlerFunc{held(20*time.Second, pending)}}
		c := p.client(t)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.PollOnce(context.Background(), testID, jdoe); !errors.Is(err,
				ErrPending) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		_, err := c.PollOnce(context.Background(), testID, jdoe)
		if _, ok := errors.AsType[*TemporaryError](err); !ok || len(p.times) != 1 {
			t.Errorf("%d polls at once, %v", len(p.times), err)
		}
		if _, err := c.PollOnce(context.Background(), "another", jdoe); !errors.Is(err,
			ErrPending) {
			t.Errorf("got %v", err)
		}
		wg.Wait()
	})
}

// Row 17: what was stored before a restart is all that is needed to go on.
func TestPollingGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{bc: acknowledged, polls: []http.HandlerFunc{refusal("slow_down"), pending,
			approved("", "", nil)}}
		ack, err := p.client(t).Authenticate(context.Background(), ask())
		if err != nil {
			t.Fatal(err)
		}
		pace := NewPace(ack, time.Time{}, 2*time.Second)
		_, err = p.client(t).PollOnce(context.Background(), ack.AuthReqID, jdoe)
		if _, ok := pace.Next(time.Now(), err); !ok || pace.Interval != 10*time.Second {
			t.Fatalf("%+v, %v", pace, err)
		}
		time.Sleep(time.Minute)
		resumed := &Acknowledgement{AuthReqID: ack.AuthReqID, ExpiresAt: pace.Expiry,
			Interval: pace.Interval}
		grant, err := p.client(t).Poll(context.Background(), resumed, pace.Deadline, jdoe)
		if err != nil || grant.Subject != testPerson {
			t.Fatal(err)
		}
		if got := p.waits()[2:]; !slices.Equal(got, seconds(11)) {
			t.Errorf("polls after %v", p.waits())
		}
	})
}

// Row 18: a caller that cancels fetches no token, even if the person approves.
func TestACallerThatCancelsFetchesNoToken(t *testing.T) {
	cause := errors.New("the task was cancelled")
	for why, polls := range map[string][]http.HandlerFunc{
		"between two polls": {pending, approved("", "", nil)},
		"during a poll":     {held(30*time.Second, approved("", "", nil))},
	} {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{bc: acknowledged, polls: polls}
				c := p.client(t)
				ack, err := c.Authenticate(context.Background(), ask())
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancelCause(context.Background())
				time.AfterFunc(2*time.Second, func() { cancel(cause) })
				g, err := c.Poll(ctx, ack, time.Time{}, jdoe)
				if g != nil || !errors.Is(err, cause) || time.Since(p.begun) != 2*time.Second ||
					len(p.times) != 1 {
					t.Errorf("after %v and %d polls: %v, %v", time.Since(p.begun),
						len(p.times), g, err)
				}
				if _, ok := errors.AsType[*TemporaryError](err); ok {
					t.Errorf("told as the provider's fault: %v", err)
				}
				// The id is as it was: a restart may go on with it.
				if st := c.ids.begin(testID, time.Now()); st != idle {
					t.Errorf("state %v", st)
				}
			})
		})
	}
}

func TestPollOnceSendsNothingThatMustFail(t *testing.T) {
	p := &provider{bc: acknowledged, polls: []http.HandlerFunc{approved("", "", nil)}}
	c := p.client(t)
	for why, f := range map[string]func() (*Grant, error){
		"nobody is expected": func() (*Grant, error) {
			return c.PollOnce(context.Background(), testID, Expectation{Scope: testScope})
		},
		"no scope is expected": func() (*Grant, error) {
			return c.PollOnce(context.Background(), testID,
				Expectation{Subject: testPerson, Scope: " "})
		},
		"no id": func() (*Grant, error) { return c.PollOnce(context.Background(), "", jdoe) },
	} {
		if g, err := f(); err == nil || len(p.times) != 0 {
			t.Errorf("%s: %v", why, g)
		}
	}
}

func TestErrorsNameNobody(t *testing.T) {
	body := `{"error":"access_denied","error_description":"jdoe@staff0.com said no"}`
	p := &provider{polls: []http.HandlerFunc{answer(400, body)}}
	_, err := p.client(t).PollOnce(context.Background(), testID, jdoe)
	if e, ok := errors.AsType[*oauth.Error](err); !ok || e.Description == "" {
		t.Errorf("the provider's words are lost: %v", err)
	}
	for _, err := range []error{err, &SlowDown{}, &MismatchError{What: "x", Err: errors.New("y")},
		&TemporaryError{Err: errors.New("z")}} {
		if err.Error() == "" || strings.Contains(err.Error(), "jdoe") {
			t.Errorf("%v", err)
		}
	}
}

func BenchmarkPollOnce(b *testing.B) {
	p := &provider{polls: []http.HandlerFunc{pending}}
	c := p.client(b)
	c.pollHTTP.Transport = inProcess{pending}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.PollOnce(context.Background(), testID, jdoe); !errors.Is(err, ErrPending) {
			b.Fatal(err)
		}
	}
}
