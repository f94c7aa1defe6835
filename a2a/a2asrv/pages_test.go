package a2asrv_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// held is an answer that its reader does not take before it is let go.
type held struct {
	*httptest.ResponseRecorder
	taken *atomic.Int32
	let   chan struct{}
}

func (h *held) Write(p []byte) (int, error) {
	if h.Code == http.StatusOK {
		h.taken.Add(1)
		<-h.let
	}
	return h.ResponseRecorder.Write(p)
}

// Few pages are built for one client at a time, until they have left: the others wait for their
// turn, not for ever, and other clients do not wait for them.
func TestFewPagesAtATime(t *testing.T) {
	const list = `{"jsonrpc":"2.0","id":1,"method":"ListTasks"}`
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, nil)
		var building atomic.Int32
		let := make(chan struct{})
		var calls sync.WaitGroup
		answers := make(chan *held, 200)
		call := func(ctx context.Context, token, path string) {
			w := &held{ResponseRecorder: httptest.NewRecorder(), taken: &building, let: let}
			r := post(list, token).WithContext(ctx)
			if path != "" {
				r = post("", token).WithContext(ctx)
				r.Method, r.URL.Path = http.MethodGet, path
			}
			calls.Go(func() {
				a.server.ServeHTTP(w, r)
				answers <- w
			})
			synctest.Wait()
		}
		built := func(want int32, when string) {
			t.Helper()
			synctest.Wait()
			if n := building.Load(); n != want {
				t.Errorf("%d pages are built %s, want %d", n, when, want)
			}
		}
		call(t.Context(), "bank", "")
		call(t.Context(), "bank-for-alice", "")
		call(t.Context(), "bank-for-bob", "")
		call(t.Context(), "bank", "/rest/tasks")
		call(t.Context(), "bank", "")
		call(t.Context(), "bank", "")
		built(4, "for one client")
		leaving, leave := context.WithCancel(t.Context())
		call(leaving, "bank", "")
		leave()
		if w := <-answers; w.Body.Len() != 0 {
			t.Errorf("who has left is answered %s", w.Body)
		}
		let <- struct{}{}
		<-answers
		built(5, "when one has left")
		call(t.Context(), "insurer", "")
		built(6, "with another client's")
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if w := <-answers; w.Code != http.StatusTooManyRequests ||
			w.Header().Get("Retry-After") == "" {
			t.Errorf("who has waited for long is answered %d %s", w.Code, w.Body)
		}
		for range 40 {
			call(t.Context(), "bank", "")
		}
		if n := len(answers); n != 40-32 {
			t.Errorf("%d calls are sent away at once", n)
		}
		close(let)
		calls.Wait()
		close(answers)
		pages := 0
		for w := range answers {
			if w.Code == http.StatusOK && strings.Contains(w.Body.String(), `"tasks"`) {
				pages++
			}
		}
		if pages != 5+32 {
			t.Errorf("%d calls have got their page in the end", pages)
		}
		a.shutdown(t)
	})
}
