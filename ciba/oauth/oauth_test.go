package oauth

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

const testIssuer = "https://issuer.example/"

var testAuth = ClientAuth{ID: "bank", Secret: "bank-secret"}

func testMetadata() *Metadata {
	return &Metadata{
		Issuer: testIssuer, TokenEndpoint: testIssuer + "token",
		BackchannelAuthenticationEndpoint: testIssuer + "bc-authorize", JWKSURI: testIssuer +
			"jwks",
		AuthMethods: []string{"client_secret_basic", "client_secret_post"},
	}
}

// handler calls h in-process. Unlike a socket, it blocks durably, so it can be
// used inside a synctest bubble.
type handler func(w http.ResponseWriter, r *http.Request)

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	h(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// wait ends with the request's context or after d.
func wait(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func clientOf(h handler) *http.Client {
	return &http.Client{Transport: h, Timeout: 10 * time.Second}
}

func answer(status int, body string, header ...string) handler {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func jsonAnswer(body string) handler {
	return answer(http.StatusOK, body, "Content-Type", "application/json")
}

func within(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want); d < -time.Second || d > time.Second {
		t.Errorf("%s is %v away from what it should be", what, d)
	}
}
