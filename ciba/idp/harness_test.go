package idp

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const testIssuer = "http://localhost:10052/"

// newTest makes a provider with keys that cost nothing to make.
func newTest(t testing.TB, change func(*Config)) *Provider {
	t.Helper()
	c := Config{Issuer: testIssuer, Alg: "ES256"}
	if change != nil {
		change(&c)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any // if the body is a JSON object
}

func (a answer) str(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// send calls the provider in-process, as a client on this machine would.
func send(p http.Handler, method, path, body string, header ...string) answer {
	r := httptest.NewRequest(method, "http://localhost:10052"+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := record(p, r)
	text, err := io.ReadAll(w.Body)
	if err != nil {
		panic(err) // a recorder's body cannot fail
	}
	a := answer{status: w.StatusCode, header: w.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // not every answer is an object
	return a
}

// record serves a request in-process.
func record(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// post sends a form. Pairs in change replace the parameters of base; an empty
// value leaves one out.
func post(p http.Handler, path string, base url.Values, change ...string) answer {
	form := url.Values{}
	for k, v := range base {
		form[k] = v
	}
	for i := 0; i < len(change); i += 2 {
		if form.Del(change[i]); change[i+1] != "" {
			form.Set(change[i], change[i+1])
		}
	}
	return send(p, "POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func bankForm() url.Values {
	return url.Values{
		"grant_type": {grantClientCredentials}, "client_id": {"bank"},
		"client_secret": {"bank-secret"},
		"audience":      {AgentAudience}, "scope": {AgentScope},
	}
}

func askForm() url.Values {
	return url.Values{
		"client_id": {"hr-agent"}, "client_secret": {"hr-agent-secret"},
		"scope": {"openid " + APIScope}, "audience": {APIAudience},
		"login_hint":      {`{"format":"iss_sub","iss":"` + testIssuer + `","sub":"auth0|jdoe"}`},
		"binding_message": {"bank:employment-status:7K3F-9QXM"},
	}
}

// ask sends an authentication request and gives its auth_req_id.
func ask(t testing.TB, p http.Handler, change ...string) string {
	t.Helper()
	a := post(p, pathBackchannel, askForm(), change...)
	if a.status != http.StatusOK {
		t.Fatalf("authentication request: %d %s", a.status, a.text)
	}
	return a.str("auth_req_id")
}

// poll asks once for the tokens.
func poll(p http.Handler, authReqID string, change ...string) answer {
	return post(p, pathToken, url.Values{
		"grant_type": {grantCIBA}, "auth_req_id": {authReqID},
		"client_id": {"hr-agent"}, "client_secret": {"hr-agent-secret"},
	}, change...)
}
