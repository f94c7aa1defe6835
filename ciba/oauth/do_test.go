package oauth

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What an answer asks to wait is read in one way, whoever has answered: digits or a date and
// nothing like them.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const longest = 5 * time.Minute
		at := func(d time.Duration) string {
			return time.Now().Add(d).UTC().Format(http.TimeFormat)
		}
		for value, want := range map[string]time.Duration{
			"": 0, "0": 0, "5": 5 * time.Second, "-5": 0, "+5": 0, "5.5": 0, " 5": 0, "soon": 0,
			"0x10": 0,
			"301":  longest, "999999999999": longest, "99999999999999999999999": longest,
			"9223372037":         longest,
			at(30 * time.Second): 30 * time.Second, at(-time.Hour): 0,
			at(365 * 24 * time.Hour): longest,
		} {
			if got := RetryAfter(http.Header{"Retry-After": {value}}, longest); got != want {
				t.Errorf("Retry-After %q: %v, want %v", value, got, want)
			}
		}
	})
}

func TestBackoff(t *testing.T) {
	for _, row := range []struct {
		failures             int
		first, longest, want time.Duration
	}{
		{0, time.Second, time.Minute, time.Second}, {1, time.Second, time.Minute, time.Second},
		{2, time.Second, time.Minute, 2 * time.Second},
		{6, time.Second, time.Minute, 32 * time.Second}, {7, time.Second, time.Minute, time.Minute},
		{1 << 40, time.Second, time.Minute, time.Minute},
		{1, time.Hour, time.Minute, time.Minute}, {90, 0, 0, 0},
	} {
		if got := Backoff(row.failures, row.first, row.longest); got != row.want {
			t.Errorf("%d failures, %v to %v: %v, want %v", row.failures, row.first, row.longest,
				got, row.want)
		}
	}
}

type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// The bounds of a call hold whatever client is handed over.
func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hops int
		status, body := http.StatusOK, "12345"
		hc := &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
			if hops++; r.URL.Path == "/hangs" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			res := &http.Response{StatusCode: status,
				Header: http.Header{"Location": {"/elsewhere"}}, ContentLength: -1}
			res.Body = io.NopCloser(strings.NewReader(body))
			return res, nil
		})}
		call := func(url string, limit int64) (*Response, error) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			return Do(hc, req, time.Minute, limit)
		}
		for _, status = range []int{200, 302, 307, 500} {
			hops = 0
			if res, err := call("https://staff0/x", 5); err != nil || res.Status != status ||
				string(res.Body) != "12345" || hops != 1 {
				t.Errorf("status %d: %v, %v after %d requests", status, res, err, hops)
			}
		}
		if res, err := call("https://staff0/x", 4); !errors.Is(err, ErrTooLarge) || res == nil ||
			res.Status != status || res.Body != nil {
			t.Errorf("too large: %v, %v", res, err)
		}
		hops = 0
		for _, url := range []string{"http://staff0/", "https://me:pw@staff0/", "ftp://staff0/",
			"https:opaque"} {
			if res, err := call(url, 5); !errors.Is(err, ErrInsecureURL) || res != nil ||
				hops != 0 {
				t.Errorf("%s: %v, %v after %d requests", url, res, err, hops)
			}
		}
		for _, own := range []time.Duration{0, -1, time.Second} {
			hc.Timeout = own
			began, want := time.Now(), time.Minute
			if own > 0 {
				want = own
			}
			if _, err := call("https://staff0/hangs", 5); err == nil || time.Since(began) != want ||
				strings.Contains(err.Error(), "hangs") {
				t.Errorf("with a timeout of %v: %v after %v", own, err, time.Since(began))
			}
		}
	})
}
