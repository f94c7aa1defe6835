package a2aclient_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

func TestParseBase(t *testing.T) {
	for raw, want := range map[string]string{
		"https://agent.example":        "https://agent.example",
		"https://agent.example/":       "https://agent.example",
		"https://agent.example/hr/":    "https://agent.example/hr",
		"https://agent.example/h%2fr/": "https://agent.example/h%2fr",
		"http://localhost:10050":       "http://localhost:10050",
		"http://[::1]:10050/":          "http://[::1]:10050",
		"http://agent.example":         "",
		"https://agent.example?x=1":    "",
		"https://agent.example/?":      "",
		"https://agent.example/#x":     "",
		"https://u:p@agent.example":    "",
		"agent.example:443":            "",
		"":                             "",
	} {
		u, err := a2aclient.ParseBase(raw)
		switch {
		case want == "" && !errors.Is(err, oauth.ErrInsecureURL):
			t.Errorf("%q: error %v", raw, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: %v, error %v; want %s", raw, u, err, want)
		case err != nil && strings.Contains(err.Error(), "u:p"):
			t.Errorf("%q: the error repeats the password: %v", raw, err)
		}
	}
}

const plainCard = `{"name":"a","description":"","version":"1","url":"https://agent.example/a2a","protocolVersion":"0.3.0",
	"capabilities":{"streaming":true},"skills":[],"defaultInputModes":[],"defaultOutputModes":[],"hologram":{"unknown":["member"]}}`

// serveCard is an agent of which only the card can be had.
func serveCard(status int, media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		why    string
		agent  http.HandlerFunc
		reason string // "" if the card is taken
	}{
		{"a card of 0.3 with unknown members",
			serveCard(200, "application/json; charset=utf-8", plainCard), ""},
		{"by the media type of A2A", serveCard(200, "application/a2a+json", plainCard), ""},
		{"HTML", serveCard(200, "text/html", "<html>"), "not served as JSON"},
		{"HTML that says it is JSON", serveCard(200, "application/json", "<html>"),
			"not valid JSON"},
		{"nothing said of what it is", serveCard(200, "", plainCard), "not served as JSON"},
		{"10 MB", serveCard(200, "application/json", `{"name":"`+strings.Repeat("a", 10<<20)),
			"larger than"},
		{"just too large", serveCard(200, "application/json",
			plainCard+strings.Repeat(" ", wire.MaxCardSize+1-len(plainCard))), "larger than"},
		{"as large as may be", serveCard(200, "application/json",
			plainCard+strings.Repeat(" ", wire.MaxCardSize-len(plainCard))), ""},
		{"a member twice",
			serveCard(200, "application/json", strings.Replace(plainCard, `"name":"a"`,
				`"name":"a","url":"https://attacker.example"`, 1)), "twice"},
		{"a list", serveCard(200, "application/json", "["+plainCard+"]"),
			"cannot be used: reading the agent card: the value must be an object"},
		{"no address", serveCard(200, "application/json", `{"name":"a"}`), "no address"},
		{"something behind it", serveCard(200, "application/json", plainCard+"{}"),
			"not valid JSON"},
		{"not found", serveCard(404, "application/json", plainCard), "answered 404 Not Found"},
		{"a success of another kind", serveCard(203, "application/json", plainCard),
			"answered 203"},
		{"an agent that starts",
			serveCard(503, "application/json",
				`{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"starting"}}`),
			"503 Service Unavailable: starting"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			hc := &http.Client{Transport: inProcess{tt.agent}}
			card, err := a2aclient.Resolve(t.Context(), hc, parse(t, agentURL))
			switch {
			case tt.reason == "" && (err != nil || card.Name != "a"):
				t.Errorf("card %v, error %v", card, err)
			case tt.reason != "" && (err == nil || !strings.Contains(err.Error(), tt.reason)):
				t.Errorf("error %v, want one that says %q", err, tt.reason)
			}
		})
	}
}

func TestTheCardIsAskedForWithoutCredentials(t *testing.T) {
	var asked *http.Request
	hc := &http.Client{Transport: inProcess{http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			asked = r
			serveCard(200, "application/json", plainCard)(w, r)
		})}}
	if _, err := a2aclient.Resolve(t.Context(), hc, parse(t, agentURL+"/hr")); err != nil {
		t.Fatal(err)
	}
	if asked.Method != "GET" ||
		asked.URL.String() != "https://agent.example/hr/.well-known/agent-card.json" {
		t.Errorf("asked with %s %s", asked.Method, asked.URL)
	}
	if asked.Header.Get("Authorization") != "" || asked.Header.Get("A2A-Version") != "1.0" {
		t.Errorf("headers %v", asked.Header)
	}
}

func TestACardIsNotFetchedOverPlainHTTP(t *testing.T) {
	n := newNetwork(t, nil)
	hc := &http.Client{Transport: n}
	for _, base := range []string{"http://agent.example", "http://10.0.0.1",
		"https://agent.example?x", "ftp://agent.example", "/"} {
		if _, err := a2aclient.Resolve(t.Context(), hc, parse(t, base)); !errors.Is(err,
			oauth.ErrInsecureURL) {
			t.Errorf("%s: error %v", base, err)
		}
	}
	if _, err := a2aclient.Resolve(t.Context(), nil, parse(t, agentURL)); err == nil {
		t.Error("no client: no error")
	}
	if _, err := a2aclient.Resolve(t.Context(), hc, nil); err == nil {
		t.Error("no base: no error")
	}
}

func TestACardThatDoesNotComeIsWaitedForAndNoLonger(t *testing.T) {
	for why, agent := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half an answer": func(w http.ResponseWriter, r *http.Request) {
			serveCard(200, "application/json", `{"name":`)(w, r)
			<-r.Context().Done()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := a2aclient.Resolve(t.Context(), &http.Client{Transport: inProcess{agent}},
				parse(t, agentURL))
			var unreachable *a2aclient.UnreachableError
			if !errors.As(err, &unreachable) || time.Since(start) != 30*time.Second {
				t.Errorf("%s: ended after %v with %v", why, time.Since(start), err)
			}

			cause := errors.New("Ctrl-C")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			if _, err := a2aclient.Resolve(ctx, &http.Client{Transport: inProcess{agent}},
				parse(t, agentURL)); !errors.Is(err, cause) {
				t.Errorf("%s: interrupted with %v", why, err)
			}
		})
	}
}

func TestPatientlyWaitsForACard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hc := &http.Client{Transport: inProcess{http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				if time.Since(start) < 3*time.Second {
					serveCard(503, "application/json", "")(w, r)
					return
				}
				serveCard(200, "application/json", plainCard)(w, r)
			})}}
		card, err := a2aclient.Patiently(t.Context(), a2aclient.DefaultPatience,
			func(ctx context.Context) (*a2a.AgentCard, error) {
				return a2aclient.Resolve(ctx, hc, parse(t, agentURL))
			})
		if err != nil || card.Name != "a" {
			t.Errorf("card %v, error %v", card, err)
		}
	})
}
