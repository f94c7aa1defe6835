package idp

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAuthenticationRequests(t *testing.T) {
	people := append(SamplePeople(),
		Person{Subject: "auth0|blocked", Email: "blocked@staff0.com", Blocked: true},
		Person{Subject: "auth0|unproven", Email: "unproven@staff0.com", EmailUnverified: true},
		Person{Subject: "auth0|twin1", Email: "twin@staff0.com"},
		Person{Subject: "auth0|twin2", Email: "twin@staff0.com"},
		Person{Subject: "auth0|half1", Email: "half@staff0.com"},
		Person{Subject: "auth0|half2", Email: "half@staff0.com", EmailUnverified: true},
		Person{Subject: "auth0|no-address"},
	)
	issSub := func(format, iss, sub string) string {
		return fmt.Sprintf(`{"format":%q,"iss":%q,"sub":%q}`, format, iss, sub)
	}
	tests := []struct {
		what   string
		change []string
		status int
		code   string
	}{
		{"issuer and subject, as Auth0 wants them", nil, 200, ""},
		{"a plain subject", []string{"login_hint", "auth0|jdoe"}, 200, ""},
		{"a plain e-mail address", []string{"login_hint", "jdoe@staff0.com"}, 200, ""},
		{"an address with an apostrophe", []string{"login_hint", "siobhan.o'sullivan@staff0.com"},
			200, ""},
		{"an address in another case", []string{"login_hint", "JDoe@staff0.com"}, 400,
			"unknown_user_id"},
		{"an address that two people have", []string{"login_hint", "twin@staff0.com"}, 400,
			"unknown_user_id"},
		{"an address that only one of two has proven", []string{"login_hint", "half@staff0.com"},
			200, ""},
		{"an unproven address", []string{"login_hint", "unproven@staff0.com"}, 400,
			"unknown_user_id"},
		{"the subject of a person with an unproven address",
			[]string{"login_hint", "auth0|unproven"}, 200, ""},
		{"a person without an address", []string{"login_hint", "auth0|no-address"}, 200, ""},
		{"a person without an HR record", []string{"login_hint", "auth0|contractor"}, 200, ""},
		{"an unknown subject", []string{"login_hint", "auth0|nobody"}, 400, "unknown_user_id"},
		{"an unknown subject of this issuer", []string{"login_hint",
			issSub("iss_sub", testIssuer, "auth0|nobody")}, 400, "unknown_user_id"},
		{"a blocked person", []string{"login_hint", "auth0|blocked"}, 403, "access_denied"},
		{"the issuer without its slash",
			[]string{"login_hint", issSub("iss_sub", strings.TrimSuffix(testIssuer, "/"),
				"auth0|jdoe")}, 400, "invalid_request"},
		{"another issuer", []string{"login_hint",
			issSub("iss_sub", "https://elsewhere/", "auth0|jdoe")}, 400, "invalid_request"},
		{"another format", []string{"login_hint", issSub("opaque", testIssuer, "auth0|jdoe")}, 400,
			"invalid_request"},
		{"a hint that is half JSON", []string{"login_hint", `{"format":`}, 400, "invalid_request"},
		{"no hint", []string{"login_hint", ""}, 400, "invalid_request"},
		{"two hints", []string{"id_token_hint", "e.y.J"}, 400, "invalid_request"},
		{"only a hint token", []string{"login_hint", "", "login_hint_token", "e.y.J"}, 400,
			"invalid_request"},
		{"no scope", []string{"scope", ""}, 400, "invalid_request"},
		{"a scope without openid", []string{"scope", APIScope}, 400, "invalid_request"},
		{"openid as part of a word", []string{"scope", "openid2 " + APIScope}, 400,
			"invalid_request"},
		{"an unknown scope", []string{"scope", "openid admin"}, 400, "invalid_scope"},
		{"offline_access", []string{"scope", "openid offline_access"}, 400, "invalid_scope"},
		{"openid, e-mail and profile", []string{"scope", "openid email profile"}, 200, ""},
		{"no audience", []string{"audience", ""}, 400, "invalid_request"},
		{"resource instead of audience", []string{"audience", "", "resource", APIAudience},
			200, ""},
		{"another audience", []string{"audience", AgentAudience}, 400, "invalid_target"},
		{"no binding message", []string{"binding_message", ""}, 400, "invalid_binding_message"},
		{"a binding message of 64 characters", []string{"binding_message", strings.Repeat("a", 64)},
			200, ""},
		{"a binding message of 65 characters", []string{"binding_message", strings.Repeat("a", 65)},
			400, "invalid_binding_message"},
		{"every character that Auth0 allows", []string{"binding_message", "AZaz09+-_.,:#"},
			200, ""},
		{"a space in the binding message", []string{"binding_message", "code 7K3F"}, 400,
			"invalid_binding_message"},
		{"markup in the binding message", []string{"binding_message", "a<b>c"}, 400,
			"invalid_binding_message"},
		{"letters beyond ASCII in the binding message", []string{"binding_message", "é"}, 400,
			"invalid_binding_message"},
		{"a user code", []string{"user_code", "1234"}, 400, "invalid_request"},
		{"a notification token in poll mode", []string{"client_notification_token", "abc"}, 400,
			"invalid_request"},
		{"a signed request", []string{"request", "e.y.J"}, 400, "invalid_request"},
		{"a request by reference", []string{"request_uri", "https://elsewhere"}, 400,
			"invalid_request"},
		{"authorization details", []string{"authorization_details", "[]"}, 400,
			"invalid_authorization_details"},
		{"a wrong secret", []string{"client_secret", "wrong"}, 401, "invalid_client"},
		{"a client assertion", []string{"client_assertion", "e.y.J"}, 401, "invalid_client"},
		{"a client that may not ask people", []string{"client_id", "bank", "client_secret",
			"bank-secret"}, 400, "unauthorized_client"},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			p := newTest(t, func(c *Config) { c.People = people })
			a := post(p, pathBackchannel, askForm(), tt.change...)
			if a.status != tt.status || a.str("error") != tt.code {
				t.Fatalf("got %d %s, want %d %s", a.status, a.text, tt.status, tt.code)
			}
			if rings := len(p.Pending()); rings != 0 != (tt.code == "") {
				t.Errorf("%d people are asked", rings)
			}
		})
	}
}

func TestRequestedExpiry(t *testing.T) {
	tests := []struct {
		what, asked string
		want        float64 // seconds; 0 means refused
	}{
		{"two minutes by default", "", 120},
		{"what is asked for", "90", 90},
		{"one second", "1", 1},
		{"fifteen minutes", "900", 900},
		{"at most fifteen minutes", "901", 900},
		{"more than fits into a number", "99999999999999999999", 900},
		{"nothing", "0", 0},
		{"less than nothing", "-1", 0},
		{"a sign", "+5", 0},
		{"a fraction", "1.5", 0},
		{"words", "soon", 0},
	}
	p := newTest(t, nil)
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			a := post(p, pathBackchannel, askForm(), "requested_expiry", tt.asked)
			if tt.want == 0 {
				if a.str("error") != "invalid_request" {
					t.Errorf("got %d %s", a.status, a.text)
				}
				return
			}
			if a.body["expires_in"] != tt.want {
				t.Errorf("expires_in %v, want %v", a.body["expires_in"], tt.want)
			}
		})
	}
}

func TestAcknowledgement(t *testing.T) {
	for _, tt := range []struct {
		interval time.Duration
		want     float64
	}{{0, 1}, {5 * time.Second, 5}} {
		p := newTest(t, func(c *Config) { c.Interval = tt.interval })
		a := post(p, pathBackchannel, askForm())
		if a.body["interval"] != tt.want || len(a.body) != 3 {
			t.Errorf("acknowledgement: %s", a.text)
		}
		raw, err := base64.RawURLEncoding.DecodeString(a.str("auth_req_id"))
		if err != nil || len(raw) < 20 {
			t.Errorf("auth_req_id has %d bytes (%v); CIBA Core §7.3 recommends 160 bits",
				len(raw), err)
		}
		if strings.Contains(send(p, "GET", "/approvals", "").text, a.str("auth_req_id")) {
			t.Error("the list of approvals shows the auth_req_id")
		}
	}
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, func(c *Config) { c.MaxPending, c.MaxPendingPerPerson = 5, 2 })
		for range 2 {
			ask(t, p)
		}
		full := func(what string, change ...string) {
			t.Helper()
			a := post(p, pathBackchannel, askForm(), change...)
			if a.status != http.StatusTooManyRequests || a.str("error") != "too_many_requests" ||
				a.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", what, a.status, a.text)
			}
		}
		full("a third request for one person")
		if err := p.Deny(p.Pending()[0].ID); err != nil {
			t.Fatal(err)
		}
		ask(t, p) // a decided request makes room on the phone
		full("again")
		ask(t, p, "login_hint", "auth0|asmith")
		last := ask(t, p, "login_hint", "auth0|asmith")
		full("a sixth request in all", "login_hint", "auth0|bwong")
		if err := p.Approve(p.Pending()[3].ID); err != nil {
			t.Fatal(err)
		}
		if a := poll(p, last); a.status != http.StatusOK {
			t.Fatal(a.text)
		}
		ask(t, p, "login_hint", "auth0|bwong") // a used one makes room in the memory
		time.Sleep(defaultExpiry)
		for range 2 {
			ask(t, p) // and so do expired ones
		}
		time.Sleep(defaultExpiry + keepEnded)
		ask(t, p, "login_hint", "auth0|asmith")
		if n := len(p.requests.byID); n != 1 {
			t.Errorf("%d requests are remembered, want only the last", n)
		}
		if n := len(p.requests.byAuthReq) + len(p.requests.bySubject); n != 2 {
			t.Errorf("the indexes still hold %d entries", n)
		}
	})
}

func TestOnRequestIsToldBeforeTheAcknowledgement(t *testing.T) {
	var (
		p    *Provider
		told []Approval
	)
	p = newTest(t, func(c *Config) {
		c.OnRequest = func(a Approval) {
			told = append(told, a)
			if err := p.Approve(a.ID); err != nil { // a callback may decide at once
				t.Error(err)
			}
		}
	})
	id := ask(t, p)
	if len(told) != 1 || told[0].Name != "John Doe" || told[0].ClientLabel != "Staff0 HR Agent" ||
		told[0].BindingMessage != "bank:employment-status:7K3F-9QXM" {
		t.Fatalf("told %+v", told)
	}
	if a := poll(p, id); a.status != http.StatusOK {
		t.Error(a.text)
	}
	post(p, pathBackchannel, askForm(), "login_hint", "auth0|nobody")
	if len(told) != 1 {
		t.Error("told of a request that was refused")
	}
}
