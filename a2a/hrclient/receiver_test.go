package hrclient

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// TestReceiver is which notifications are taken, and that each is delivered once.
func TestReceiver(t *testing.T) {
	const shown = "Bearer secret"
	for _, tt := range []struct {
		why                              string
		secret                           oauth.Secret
		method, authorization, media, id string
		body                             string
		status                           int
	}{
		{"taken", "secret", "POST", shown, "application/a2a+json", "1", `{"a":1}`, 204},
		{"in other letters", "secret", "POST", "bearer secret", "application/json; charset=utf-8",
			"2", `{"a":2}`, 204},
		{"no POST", "secret", "GET", shown, "application/json", "3", `{}`, 405},
		{"no secret shown", "secret", "POST", "", "application/json", "4", `{}`, 401},
		{"another secret", "secret", "POST", "Bearer secrets", "application/json", "5", `{}`, 401},
		{"another scheme", "secret", "POST", "Basic secret", "application/json", "6", `{}`, 401},
		{"a receiver without a secret", "", "POST", "Bearer ", "application/json", "7", `{}`, 401},
		{"no JSON by name", "secret", "POST", shown, "text/plain", "8", `{}`, 415},
		{"no JSON", "secret", "POST", shown, "application/json", "9", `{`, 400},
		{"too much of it", "secret", "POST", shown, "application/json", "10",
			`"` + strings.Repeat("a", maxNotification) + `"`, 400},
	} {
		var got []string
		r := &Receiver{Secret: tt.secret, Log: slog.New(slog.DiscardHandler),
			Deliver: func(body []byte) { got = append(got, string(body)) }}
		for range 2 { // an agent that has not heard the answer sends it again
			req := httptest.NewRequest(tt.method, "/", io.NopCloser(strings.NewReader(tt.body)))
			req.Header = http.Header{"Authorization": {tt.authorization},
				"Content-Type": {tt.media}, http.CanonicalHeaderKey(wire.DeliveryHeader): {tt.id}}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if w.Code != tt.status {
				t.Errorf("%s: %d, want %d", tt.why, w.Code, tt.status)
			}
		}
		want := []string(nil)
		if tt.status == http.StatusNoContent {
			want = []string{tt.body}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: delivered %d times", tt.why, len(got))
		}
	}
}
