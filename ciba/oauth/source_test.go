package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counter is a source whose tokens are numbered, each fetch taking a while.
type counter struct {
	calls atomic.Int64
	takes time.Duration
	lives time.Duration // 0: unknown
	fail  atomic.Bool
}

var errFetch = errors.New("fetch failed")

func (c *counter) Token(ctx context.Context) (*Token, error) {
	n := c.calls.Add(1)
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.fail.Load() {
		return nil, errFetch
	}
	t := &Token{AccessToken: Secret(fmt.Sprint("t", n)), Type: "Bearer"}
	if c.lives != 0 {
		t.Expiry = time.Now().Add(c.lives)
	}
	return t, nil
}

func get(t *testing.T, s TokenSource) string {
	t.Helper()
	tok, err := s.Token(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return tok.AccessToken.Reveal()
}

func TestReuseKeepsATokenUntilShortlyBeforeItExpires(t *testing.T) {
	for _, tt := range []struct {
		why   string
		lives time.Duration
		kept  time.Duration
	}{
		{"a long life: 30 s early", time.Hour, time.Hour - 30*time.Second},
		{"a short life: three quarters of it", time.Minute, 45 * time.Second},
		{"an unknown life: five minutes", 0, 5 * time.Minute},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &counter{lives: tt.lives}
				s := Reuse(src)
				if got := get(t, s); got != "t1" {
					t.Fatal(got)
				}
				time.Sleep(tt.kept - time.Millisecond)
				if got := get(t, s); got != "t1" {
					t.Errorf("renewed too early: %s", got)
				}
				time.Sleep(time.Millisecond)
				if got := get(t, s); got != "t2" {
					t.Errorf("handed out too long: %s", got)
				}
			})
		})
	}
	t.Run("a token that is born dead is used and not kept", func(t *testing.T) {
		src := &counter{lives: -time.Second}
		s := Reuse(src)
		if a, b := get(t, s), get(t, s); a != "t1" || b != "t2" {
			t.Error(a, b)
		}
	})
}

func TestReuseMakesOneFetchForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &counter{takes: time.Second, lives: time.Hour}
		s := Reuse(src)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got := get(t, s); got != "t1" {
					t.Error(got)
				}
			})
		}
		wg.Wait()
		if n := src.calls.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestACallerWhoGivesUpLeavesTheOthersTheirToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &counter{takes: 10 * time.Second, lives: time.Hour}
		s := Reuse(src)
		ctx, cancel := context.WithCancelCause(context.Background())
		cause := errors.New("enough")
		var wg sync.WaitGroup
		wg.Go(func() { // the first: the fetch is made for it
			_, err := s.Token(ctx)
			if !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got := get(t, s); got != "t1" {
				t.Error(got)
			}
		})
		time.Sleep(time.Second)
		cancel(cause)
		wg.Wait()
		if n := src.calls.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestAFailedFetchIsToldAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &counter{takes: time.Second, lives: time.Hour}
		src.fail.Store(true)
		s := Reuse(src)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := s.Token(context.Background()); !errors.Is(err, errFetch) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		src.fail.Store(false)
		if got := get(t, s); got != "t2" {
			t.Error(got)
		}
	})
}

func TestAProviderThatIsDownIsAskedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := new(counter)
		src.fail.Store(true)
		s := Reuse(src)
		start := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for time.Since(start) < 10*time.Second {
					if _, err := s.Token(context.Background()); !errors.Is(err, errFetch) {
						t.Errorf("got %v", err)
					}
				}
			})
		}
		wg.Wait()
		if n := src.calls.Load(); n > 11 {
			t.Errorf("asked %d times in ten seconds", n)
		}
	})
}

func TestAFetchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Reuse(&counter{takes: time.Hour})
		start := time.Now()
		if _, err := s.Token(context.Background()); err == nil ||
			time.Since(start) != flightTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

type nothing struct{}

func (nothing) Token(context.Context) (*Token, error) { return nil, nil }

func TestASourceWithoutATokenIsAnError(t *testing.T) {
	if tok, err := Reuse(nothing{}).Token(context.Background()); err == nil {
		t.Errorf("got %v", tok)
	}
}

func TestInvalidateDropsThatTokenOnly(t *testing.T) {
	src := &counter{lives: time.Hour}
	s := Reuse(src)
	inv := s.(Invalidator)
	inv.Invalidate(&Token{AccessToken: "t1"}) // nothing is kept yet
	old, _ := s.Token(context.Background())
	inv.Invalidate(old)
	if got := get(t, s); got != "t2" {
		t.Error(got)
	}
	inv.Invalidate(old) // a late report about the old token
	inv.Invalidate(nil)
	if got := get(t, s); got != "t2" {
		t.Errorf("a late report costs a fetch: %s", got)
	}
}

func TestClientCredentials(t *testing.T) {
	for _, tt := range []struct {
		why  string
		c    ClientCredentials
		want map[string]string
	}{
		{"audience, as Auth0 wants it", ClientCredentials{Audience: "https://staff0/agent",
			Scopes: []string{"a", "b"}},
			map[string]string{"audience": "https://staff0/agent", "resource": "", "scope": "a b"}},
		{"resource, as RFC 8707 wants it", ClientCredentials{Resource: "https://staff0/agent"},
			map[string]string{"audience": "", "resource": "https://staff0/agent", "scope": ""}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			tt.c.Metadata, tt.c.Auth = testMetadata(), testAuth
			tt.c.HTTPClient = clientOf(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				for k, v := range tt.want {
					if r.PostForm.Get(k) != v || (v == "") == r.PostForm.Has(k) {
						t.Errorf("%s is %q, want %q", k, r.PostForm[k], v)
					}
				}
				if r.PostForm.Get("grant_type") != "client_credentials" ||
					r.URL.String() != testIssuer+"token" {
					t.Errorf("%s %v", r.URL, r.PostForm)
				}
				jsonAnswer(`{"access_token":"a","token_type":"Bearer","expires_in":60}`)(w, r)
			})
			tok, err := tt.c.Token(context.Background())
			if err != nil || tok.AccessToken != "a" {
				t.Fatal(tok, err)
			}
			within(t, "expiry", tok.Expiry, time.Now().Add(time.Minute))
		})
	}
	c := ClientCredentials{Metadata: testMetadata(), Auth: testAuth,
		HTTPClient: clientOf(answer(401, `{"error":"invalid_client"}`))}
	if _, err := c.Token(context.Background()); !errors.Is(err, ErrInvalidClient) {
		t.Errorf("got %v", err)
	}
	if _, err := (&ClientCredentials{}).Token(context.Background()); err == nil {
		t.Error("the zero value asks somebody")
	}
}

// A request for a token changes nothing, so that it is sent again, within bounds, when the provider
// is overloaded or broken; a refusal stands.
func TestATokenIsAskedForAgain(t *testing.T) {
	for _, tt := range []struct {
		why   string
		first handler
		fails int
		asked int
		after time.Duration
		ok    bool
	}{
		{"500 once", answer(500, ``), 1, 2, 250 * time.Millisecond, true},
		{"429 that asks for two seconds", answer(429, ``, "Retry-After", "2"), 1, 2,
			2 * time.Second, true},
		{"503 that asks for an hour", answer(503, ``, "Retry-After", "3600"), 1, 2,
			tokenLongestWait, true},
		{"a body that is cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, 2, 3, 1250 * time.Millisecond, true},
		{"500 for ever", answer(500, ``), 9, tokenTries, 1250 * time.Millisecond, false},
		{"a refusal", answer(400, `{"error":"invalid_scope"}`), 1, 1, 0, false},
		{"a wrong secret", answer(401, `{"error":"invalid_client"}`), 1, 1, 0, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				c := ClientCredentials{Metadata: testMetadata(), Auth: testAuth,
					HTTPClient: clientOf(func(w http.ResponseWriter, r *http.Request) {
						if asked++; asked <= tt.fails {
							tt.first(w, r)
							return
						}
						jsonAnswer(`{"access_token":"a","token_type":"Bearer"}`)(w, r)
					})}
				begun := time.Now()
				_, err := c.Token(context.Background())
				if took := time.Since(begun); (err == nil) != tt.ok || asked != tt.asked ||
					took != tt.after {
					t.Errorf("%v, asked %d times in %v", err, asked, took)
				}
			})
		})
	}
}

func BenchmarkReuse(b *testing.B) {
	s := Reuse(&counter{lives: time.Hour})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Token(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
