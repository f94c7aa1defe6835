package hragent

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/idp"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

// The whole road in one process and in test time: the development provider with its Management API,
// the HR API with its guard, and the agent between them. Nothing but the network is left out.

const roadIssuer = "http://localhost:10052/"

// archive is the HR API's database.
type archive struct{ *records }

func (a archive) Employee(_ context.Context, subject, _ string) (*hrapi.Employee, error) {
	if e := a.people[subject]; e != nil {
		return e, nil
	}
	return nil, hrapi.ErrNotFound
}

func (archive) Ping(context.Context) error { return nil }

// road puts the real provider and the real HR API around the agent.
func road(t testing.TB, w *world, change func(*idp.Config)) *idp.Provider {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := idp.Config{Issuer: roadIssuer, Alg: "ES256"}
	if change != nil {
		change(&cfg)
	}
	provider, err := idp.New(cfg)
	must(err)
	ctx := context.Background()
	hc := &http.Client{Transport: inProcess{provider}}
	meta, err := oauth.Discover(ctx, hc, roadIssuer)
	must(err)
	keys, err := jwks.NewRemote(jwks.RemoteConfig{URL: meta.JWKSURI, HTTPClient: hc})
	must(err)
	auth := oauth.ClientAuth{ID: "hr-agent", Secret: "hr-agent-secret"}
	kind := ciba.DetectProvider(meta)
	w.config.Consent, err = ciba.New(ciba.Config{
		Metadata: meta, Auth: auth, HTTPClient: hc, Keys: keys, Provider: kind,
		Audience: idp.APIAudience,
	})
	must(err)
	source := oauth.Reuse(&oauth.ClientCredentials{
		Metadata: meta, Auth: auth, HTTPClient: hc, Scopes: []string{idp.ManagementScope},
		Audience: meta.ManagementAPI(),
	})
	w.config.Provider = kind
	w.config.Directory = &ManagementAPI{
		BaseURL: meta.ManagementAPI(), Issuer: roadIssuer, Provider: kind,
		HTTPClient: &http.Client{Transport: &oauth.Transport{Source: source, Base: hc.Transport}},
	}
	api, err := hrapi.NewHandler(hrapi.Config{
		Records: archive{w.records},
		Verifier: &jwks.AccessTokens{Keys: keys, Issuer: roadIssuer, Audience: idp.APIAudience,
			Profile: kind.Profile()},
	})
	must(err)
	w.config.Records = &hrapi.Client{BaseURL: "http://localhost:10051",
		HTTPClient: &http.Client{Transport: inProcess{api}}}
	return provider
}

// decide lets the person in front of the phone act after a while.
func decide(
	t *testing.T, p *idp.Provider, w *world, after time.Duration, do func(id string) error,
) {
	time.AfterFunc(after, func() {
		pending := p.Pending()
		if len(pending) != 1 {
			t.Errorf("on the phone: %+v", pending)
			return
		}
		code, ok := strings.CutPrefix(pending[0].BindingMessage, "first-bank:employment-status:")
		if !ok {
			t.Errorf("the phone shows %s", pending[0].BindingMessage)
		}
		page, err := w.memory.List(context.Background(), tasks.Query{Owner: bank, Limit: 1})
		if err != nil || !strings.Contains(page.Records[0].Task.Status.Message.Text(), code) {
			t.Errorf("the asker does not see the code %s: %v", code, err)
		}
		if err := do(pending[0].ID); err != nil {
			t.Error(err)
		}
	})
}

func TestTheRoad(t *testing.T) {
	const read = "WORKING: Approved. Reading the employment record…"
	for _, row := range []struct {
		name, question string
		decide         func(*idp.Provider) func(string) error
		want           []string
	}{
		{"approved", johnAsk, approve, []string{submitted, working, waits, "7.5s " + read, yesJohn,
			"7.5s COMPLETED"}},
		{"approved, by number", "Is E1001 an active employee?", approve,
			[]string{submitted, working, waits, "7.5s " + read,
				"artifact: Yes, E1001 is an active employee of Staff0.", "7.5s COMPLETED"}},
		{"approved, and left long ago", "Does bwong work here?", approve,
			[]string{submitted, working, waits, "7.5s " + read,
				"artifact: No, bwong is not an active employee of Staff0.", "7.5s COMPLETED"}},
		{"approved, without a record", "Does casey work here?", approve,
			[]string{submitted, working, waits, "7.5s " + read,
				"artifact: No, casey is not an active employee of Staff0.", "7.5s COMPLETED"}},
		{"declined", johnAsk, deny,
			[]string{submitted, working, waits, "7.5s REJECTED: The request was declined."}},
		{"silent", johnAsk, nil, []string{submitted, working, waits, silent}},
		{"nobody", nobodyAsk, nil, []string{submitted, working, waits, silent}},
		{"nobody with such a number", "Is E9999 an active employee?", nil,
			[]string{submitted, working, waits, silent}},
		{"nobody with such a subject", "Does auth0|nobody work at Staff0?", nil,
			[]string{submitted, working, waits, silent}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var p *idp.Provider
			bubble(t, func(w *world) { p = road(t, w, nil) }, func(t *testing.T, w *world) {
				id := w.ask(row.question)
				if row.decide != nil {
					decide(t, p, w, 7*time.Second, row.decide(p))
				}
				w.finish(id)
				w.wantStory(id, row.want...)
			})
		})
	}
}

func approve(p *idp.Provider) func(string) error { return p.Approve }
func deny(p *idp.Provider) func(string) error    { return p.Deny }

// Alice's consent says nothing about John, whoever hands out the tokens.
func TestTheRoadWithAnotherPersonsTokens(t *testing.T) {
	var p *idp.Provider
	bubble(t, func(w *world) {
		p = road(t, w, nil)
		// A directory that was tampered with, or a provider that asks whom it likes: the hint is
		// Alice's.
		w.config.Directory = swapped{w.config.Directory}
	}, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		decide(t, p, w, 7*time.Second, p.Approve)
		w.finish(id)
		w.wantStory(id, submitted, working, waits, silent)
		w.wantReason(id, consent.ReasonSomebodyElse)
		if !strings.Contains(w.log.String(), "level=ERROR") {
			t.Error("no alarm")
		}
	})
}

type swapped struct{ Directory }

func (s swapped) Find(context.Context, llm.IdentifierKind, string) (Person, error) {
	return Person{Subject: john, LoginHint: ciba.Auth0.LoginHint(roadIssuer, "auth0|asmith"),
		Found: true}, nil
}

// A crash loses neither the request nor, once the person has approved, the answer.
func TestTheRoadAcrossARestart(t *testing.T) {
	var p *idp.Provider
	bubble(t, func(w *world) { p = road(t, w, nil) }, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.after(3 * time.Second)
		w.die()
		decide(t, p, w, time.Second, p.Approve)
		w.after(20 * time.Second)
		w.memory.Reopen()
		w.start()
		if got := w.finish(id).Status.State; got != a2a.TaskStateCompleted {
			t.Errorf("ended as %v: %v", got, w.story(id))
		}
		if n := len(p.Pending()); n != 0 {
			t.Errorf("%d prompts are left", n)
		}
	})
}

// With directory hint the address in the ID token says who has approved.
func TestTheRoadByAddressAlone(t *testing.T) {
	for _, row := range []struct{ name, question, end string }{
		{"hers", "Does asmith@staff0.com work at Staff0?", "COMPLETED"},
		{"nobody's", nobodyAsk, "REJECTED: Not confirmed: no approval was given in time."},
		{"no address", "Is E1001 an active employee?",
			"REJECTED: Not confirmed: no approval was given in time."},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				road(t, w, func(c *idp.Config) { c.Approve = idp.Auto })
				w.config.Directory = Hint{}
			}, func(t *testing.T, w *world) {
				id := w.ask(row.question)
				w.finish(id)
				story := w.story(id)
				if !strings.HasSuffix(story[len(story)-1], row.end) {
					t.Errorf("went %v", story)
				}
			})
		})
	}
}

// Many wait and are answered, through the engine and its store. More of them, or longer, is more
// timers than the race detector bears in one bubble: https://go.dev/issue/78156.
func TestManyWait(t *testing.T) {
	const n = 200
	bubble(t, func(w *world) {
		w.config.PollRate = 50
		w.phone.poll = func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
			if time.Since(w.begun) < 20*time.Second {
				return nil, ciba.ErrPending
			}
			return grantOf(john), nil
		}
	}, func(t *testing.T, w *world) {
		var ids []a2a.TaskID
		for i := range n { // each asker has a prompt of its own
			ids = append(ids, w.sendAs(tasks.Owner(fmt.Sprint("bank-", i)), "", johnAsk))
		}
		w.after(15 * time.Second)
		if got := w.agent.Waiting(); got != n {
			t.Errorf("%d wait", got)
		}
		w.crash()
		w.after(15 * time.Second)
		for _, id := range ids {
			if state := w.task(id).Status.State; state != a2a.TaskStateCompleted {
				t.Fatalf("%v", w.story(id))
			}
		}
		if w.phone.prompts() != n || w.agent.Waiting() != 0 {
			t.Errorf("%d prompts, %d wait", w.phone.prompts(), w.agent.Waiting())
		}
	})
}
