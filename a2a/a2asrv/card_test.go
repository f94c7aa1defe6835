package a2asrv_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a/a2asrv"
)

// RFC 9110 §13.1.3 and §13.2.2.
func TestTheTimeOfTheCardSavesFetchingIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond) // times on the wire have whole seconds
		made := time.Now().UTC()
		a := newAgent(t, nil)
		defer a.shutdown(t)
		time.Sleep(time.Hour)
		get := func(header ...string) *http.Response {
			r := httptest.NewRequest(http.MethodGet, a2asrv.CardPath, nil)
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			w := httptest.NewRecorder()
			a.server.ServeHTTP(w, r)
			return w.Result()
		}
		first := get()
		modified, tag := first.Header.Get("Last-Modified"), first.Header.Get("ETag")
		if want := made.Format(http.TimeFormat); modified != want {
			t.Errorf("Last-Modified is %q, want %q", modified, want)
		}
		for _, r := range []struct {
			name   string
			header []string
			status int
		}{
			{"the time that was told", []string{"If-Modified-Since", modified},
				http.StatusNotModified},
			{"a later time", []string{"If-Modified-Since",
				made.Add(time.Minute).Format(http.TimeFormat)}, http.StatusNotModified},
			{"an earlier time", []string{"If-Modified-Since",
				made.Add(-time.Minute).Format(http.TimeFormat)}, http.StatusOK},
			{"no time", []string{"If-Modified-Since", "yesterday"}, http.StatusOK},
			{"the time with another tag", []string{"If-Modified-Since", modified, "If-None-Match",
				`"another"`}, http.StatusOK},
			{"an earlier time with the tag",
				[]string{"If-Modified-Since", made.Add(-time.Minute).Format(http.TimeFormat),
					"If-None-Match", tag}, http.StatusNotModified},
		} {
			if got := get(r.header...).StatusCode; got != r.status {
				t.Errorf("%s is answered with %d, want %d", r.name, got, r.status)
			}
		}
	})
}
