package idp

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
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
		{"an address with an apostrophe", []string{"login_hint", "siobhan.o'sullivan@staff0.com"}, 200, ""},
		{"an address in another case", []string{"login_hint", "JDoe@staff0.com"}, 400, "unknown_user_id"},
		{"an address that two people have", []string{"login_hint", "twin@staff0.com"}, 400, "unknown_user_id"},
		{"an address that only one of two has proven", []string{"login_hint", "half@staff0.com"}, 200, ""},
		{"an unproven address", []string{"login_hint", "unproven@staff0.com"}, 400, "unknown_user_id"},
		{"the subject of a person with an unproven address", []string{"login_hint", "auth0|unproven"}, 200, ""},
		{"a person without an address", []string{"login_hint", "auth0|no-address"}, 200, ""},
		{"a person without an HR record", []string{"login_hint", "auth0|contractor"}, 200, ""},
		{"an unknown subject", []string{"login_hint", "auth0|nobody"}, 400, "unknown_user_id"},
		{"an unknown subject of this issuer", []string{"login_hint", issSub("iss_sub", testIssuer, "auth0|nobody")}, 400, "unknown_user_id"},
		{"a blocked person", []string{"login_hint", "auth0|blocked"}, 403, "access_denied"},
		{"the issuer without its slash", []string{"login_hint", issSub("iss_sub", strings.TrimSuffix(testIssuer, "/"), "auth0|jdoe")}, 400, "invalid_request"},
		{"another issuer", []string{"login_hint", issSub("iss_sub", "https://elsewhere/", "auth0|jdoe")}, 400, "invalid_request"},
		{"another format", []string{"login_hint", issSub("opaque", testIssuer, "auth0|jdoe")}, 400, "invalid_request"},
		{"a hint that is half JSON", []string{"login_hint", `{"format":`}, 400, "invalid_request"},
		{"no hint", []string{"login_hint", ""}, 400, "invalid_request"},
		{"two hints", []string{"id_token_hint", "e.y.J"}, 400, "invalid_request"},
		{"only a hint token", []string{"login_hint", "", "login_hint_token", "e.y.J"}, 400, "invalid_request"},
		{"no scope", []string{"scope", ""}, 400, "invalid_request"},
		{"a scope without openid", []string{"scope", APIScope}, 400, "invalid_request"},
		{"openid as part of a word", []string{"scope", "openid2 " + APIScope}, 400, "invalid_request"},
		{"an unknown scope", []string{"scope", "openid admin"}, 400, "invalid_scope"},
		{"offline_access", []string{"scope", "openid offline_access"}, 400, "invalid_scope"},
		{"openid, e-mail and profile", []string{"scope", "openid email profile"}, 200, ""},
		{"no audience", []string{"audience", ""}, 400, "invalid_request"},
		{"resource instead of audience", []string{"audience", "", "resource", APIAudience}, 200, ""},
		{"another audience", []string{"audience", AgentAudience}, 400, "invalid_target"},
		{"no binding message", []string{"binding_message", ""}, 400, "invalid_binding_message"},
		{"a binding message of 64 characters", []string{"binding_message", strings.Repeat("a", 64)}, 200, ""},
		{"a binding message of 65 characters", []string{"binding_message", strings.Repeat("a", 65)}, 400, "invalid_binding_message"},
		{"every character that Auth0 allows", []string{"binding_message", "AZaz09+-_.,:#"}, 200, ""},
		{"a space in the binding message", []string{"binding_message", "code 7K3F"}, 400, "invalid_binding_message"},
		{"markup in the binding message", []string{"binding_message", "a<b>c"}, 400, "invalid_binding_message"},
		{"letters beyond ASCII in the binding message", []string{"binding_message", "é"}, 400, "invalid_binding_message"},
		{"a user code", []string{"user_code", "1234"}, 400, "invalid_request"},
		{"a notification token in poll mode", []string{"client_notification_token", "abc"}, 400, "invalid_request"},
		{"a signed request", []string{"request", "e.y.J"}, 400, "invalid_request"},
		{"a request by reference", []string{"request_uri", "https://elsewhere"}, 400, "invalid_request"},
		{"authorization details", []string{"authorization_details", "[]"}, 400, "invalid_authorization_details"},
		{"a wrong secret", []string{"client_secret", "wrong"}, 401, "invalid_client"},
		{"a client assertion", []string{"client_assertion", "e.y.J"}, 401, "invalid_client"},
		{"a client that may not ask people", []string{"client_id", "bank", "client_secret", "bank-secret"}, 400, "unauthorized_client"},
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
			t.Errorf("auth_req_id has %d bytes (%v); CIBA Core §7.3 recommends 160 bits", len(raw), err)
		}
		if strings.Contains(send(p, "GET", "/approvals", "").text, a.str("auth_req_id")) {
			t.Error("the list of approvals shows the auth_req_id")
		}
	}
}

// TestPolling plays conversations. A step waits and then polls, approves or denies.
func TestPolling(t *testing.T) {
	type step struct {
		wait time.Duration
		do   string // "" polls
		want string // the error code, or "tokens"
	}
	const sec = time.Second
	tests := []struct {
		what   string
		change func(*Config)
		steps  []step
	}{
		{"the first poll is free, the next after the interval", nil,
			[]step{{0, "", "authorization_pending"}, {sec, "", "authorization_pending"}, {sec, "", "authorization_pending"}}},
		{"a poll a tenth of a second early is forgiven", nil,
			[]step{{0, "", "authorization_pending"}, {sec - pollTolerance, "", "authorization_pending"}}},
		{"a poll earlier than that is not", nil,
			[]step{{0, "", "authorization_pending"}, {sec - pollTolerance - 1, "", "slow_down"}}},
		{"slowing down lasts", nil,
			[]step{{0, "", "authorization_pending"}, {sec / 2, "", "slow_down"}, {2 * sec, "", "slow_down"}, {11 * sec, "", "authorization_pending"}, {10 * sec, "", "slow_down"}}},
		{"the configured interval counts", func(c *Config) { c.Interval = 5 * sec },
			[]step{{0, "", "authorization_pending"}, {4 * sec, "", "slow_down"}, {10 * sec, "", "authorization_pending"}}},
		{"approval before the first poll", nil,
			[]step{{0, "approve", ""}, {0, "", "tokens"}}},
		{"an early poll does not get the tokens, a later one does", nil,
			[]step{{0, "", "authorization_pending"}, {0, "approve", ""}, {0, "", "slow_down"}, {6 * sec, "", "tokens"}}},
		{"tokens are given once", nil,
			[]step{{0, "approve", ""}, {0, "", "tokens"}, {sec, "", "invalid_grant"}, {sec, "", "invalid_grant"}}},
		{"a refusal is repeated, however soon", nil,
			[]step{{0, "", "authorization_pending"}, {0, "deny", ""}, {0, "", "access_denied"}, {0, "", "access_denied"}, {sec, "", "access_denied"}}},
		{"expired to the second", nil,
			[]step{{120*sec - 1, "", "authorization_pending"}, {1, "", "expired_token"}, {sec, "", "expired_token"}}},
		{"an approval that was not fetched in time is lost", nil,
			[]step{{119 * sec, "approve", ""}, {sec, "", "expired_token"}}},
		{"a refusal after its time has expired too", nil,
			[]step{{0, "deny", ""}, {120 * sec, "", "expired_token"}}},
		{"forgotten after a while", nil,
			[]step{{120*sec + keepEnded, "sweep", ""}, {0, "", "invalid_grant"}}},
		{"not forgotten before", nil,
			[]step{{120*sec + keepEnded - 1, "sweep", ""}, {0, "", "expired_token"}}},
		{"auto approves at once", func(c *Config) { c.Approve = Auto },
			[]step{{0, "", "tokens"}}},
		{"auto approves after a while", func(c *Config) { c.Approve, c.ApproveAfter = Auto, 3*sec },
			[]step{{3*sec - 1, "", "authorization_pending"}, {1*sec + 1, "", "tokens"}}},
		{"a person may be faster than auto", func(c *Config) { c.Approve, c.ApproveAfter = Auto, 3*sec },
			[]step{{0, "deny", ""}, {5 * sec, "", "access_denied"}}},
		{"auto after the expiry is never", func(c *Config) { c.Approve, c.ApproveAfter = Auto, 120*sec },
			[]step{{120*sec - 1, "", "authorization_pending"}, {1, "", "expired_token"}}},
		{"deny declines after a while", func(c *Config) { c.Approve, c.ApproveAfter = Deny, 3*sec },
			[]step{{0, "", "authorization_pending"}, {3 * sec, "", "access_denied"}}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTest(t, tt.change)
				id := ask(t, p)
				name := ""
				for _, a := range p.Pending() {
					name = a.ID
				}
				for i, s := range tt.steps {
					time.Sleep(s.wait)
					var err error
					got := ""
					switch s.do {
					case "approve":
						err = p.Approve(name)
					case "deny":
						err = p.Deny(name)
					case "sweep":
						ask(t, p, "login_hint", "auth0|asmith")
					default:
						a := poll(p, id)
						if got = a.str("error"); a.status == http.StatusOK {
							got = "tokens"
						} else if a.status != http.StatusBadRequest {
							t.Errorf("step %d: status %d", i+1, a.status)
						}
					}
					if err != nil || got != s.want {
						t.Fatalf("step %d: got %q %v, want %q", i+1, got, err, s.want)
					}
				}
			})
		})
	}
}

func TestSlowDownNamesAGrowingInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, nil)
		id := ask(t, p, "requested_expiry", "900")
		poll(p, id)
		want := 1.0
		for range 15 {
			want = min(want+5, 60)
			a := poll(p, id)
			if a.body["interval"] != want || a.header.Get("Retry-After") != fmt.Sprint(want) {
				t.Fatalf("%s Retry-After %q, want %v", a.text, a.header.Get("Retry-After"), want)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, func(c *Config) { c.Interval = 90 * time.Second })
		id := ask(t, p)
		poll(p, id)
		if a := poll(p, id); a.body["interval"] != 90.0 {
			t.Errorf("slow_down shortens the interval: %s", a.text)
		}
	})
}

func TestTokensOfAnApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, nil)
		id := ask(t, p, "scope", "openid email profile "+APIScope+" openid")
		time.Sleep(7 * time.Second)
		decided := time.Now().Unix()
		if err := p.Approve(p.Pending()[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		a := poll(p, id)
		if a.str("token_type") != "Bearer" || a.body["expires_in"] != 600.0 || a.str("scope") != "openid email profile "+APIScope {
			t.Errorf("answer: %s", a.text)
		}
		access := claims(t, a.str("access_token"))
		if access["sub"] != "auth0|jdoe" || access["client_id"] != "hr-agent" || access["aud"] != APIAudience || access["scope"] != a.str("scope") {
			t.Errorf("access token: %v", access)
		}
		verified, err := verifier(p, APIAudience).Verify(t.Context(), a.str("access_token"))
		if err != nil || verified.Machine {
			t.Errorf("our own verifier: %+v, %v", verified, err)
		}
		got := claims(t, a.str("id_token"))
		want := map[string]any{
			"iss": testIssuer, "sub": "auth0|jdoe", "aud": "hr-agent",
			"iat": float64(time.Now().Unix()), "exp": float64(time.Now().Unix() + 600), "auth_time": float64(decided),
			"email": "jdoe@staff0.com", "email_verified": true, "name": "John Doe",
			"at_hash": p.keys.leftHalf(a.str("access_token")),
			"urn:openid:params:jwt:claim:auth_req_id": id,
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("ID token:\n%v\nwant\n%v", got, want)
		}
		if typ := segment(t, a.str("id_token"), 0)["typ"]; typ != "JWT" {
			t.Errorf("the ID token could pass for an access token: typ %v", typ)
		}
		if _, err := verifier(p, "hr-agent").Verify(t.Context(), a.str("id_token")); err == nil {
			t.Error("the ID token passes for an access token")
		}
	})
}

func TestIDTokenTellsOnlyWhatTheScopesAskFor(t *testing.T) {
	p := newTest(t, func(c *Config) {
		c.Approve = Auto
		c.People = []Person{
			{Subject: "auth0|jdoe", Email: "jdoe@staff0.com", Name: "John Doe", EmailUnverified: true},
			{Subject: "auth0|bare"},
		}
	})
	got := claims(t, poll(p, ask(t, p)).str("id_token"))
	if got["email"] != nil || got["email_verified"] != nil || got["name"] != nil {
		t.Errorf("without the scopes: %v", got)
	}
	got = claims(t, poll(p, ask(t, p, "scope", "openid email")).str("id_token"))
	if got["email"] != "jdoe@staff0.com" || got["email_verified"] != false || got["name"] != nil {
		t.Errorf("with email: %v", got)
	}
	got = claims(t, poll(p, ask(t, p, "login_hint", "auth0|bare", "scope", "openid email profile")).str("id_token"))
	if _, has := got["email_verified"]; has || got["email"] != nil || got["name"] != nil {
		t.Errorf("of a person without address and name: %v", got)
	}
}

// at_hash values made with another program from the same text (OpenID Connect Core §3.1.3.6).
func TestAtHashByAlgorithm(t *testing.T) {
	for alg, want := range map[string]string{
		"ES256": "K7gNU3sdo-OL0wNhqoVWhg",
		"EdDSA": "vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWg",
	} {
		p := newTest(t, func(c *Config) { c.Alg = alg })
		if got := p.keys.leftHalf("secret"); got != want {
			t.Errorf("%s: %q, want %q", alg, got, want)
		}
	}
}

func TestRedeemingNeedsTheRightClientAndAudience(t *testing.T) {
	p := newTest(t, func(c *Config) {
		c.Approve = Auto
		c.Clients = append(DefaultClients(), Client{
			ID: "other", Secret: "other-secret",
			CIBA: []Access{{Audience: APIAudience, Scopes: []string{APIScope}}, {Audience: "https://staff0/other"}},
		})
	})
	id := ask(t, p)
	for _, tt := range []struct {
		what   string
		change []string
		code   string
	}{
		{"no auth_req_id", []string{"auth_req_id", ""}, "invalid_request"},
		{"an unknown auth_req_id", []string{"auth_req_id", "x"}, "invalid_grant"},
		{"another client", []string{"client_id", "other", "client_secret", "other-secret"}, "invalid_grant"},
		{"another client with an audience", []string{"client_id", "other", "client_secret", "other-secret", "audience", "https://staff0/other"}, "invalid_grant"},
		{"an audience that the client has not", []string{"audience", AgentAudience}, "invalid_target"},
		{"the audience that was approved", []string{"audience", APIAudience}, ""},
	} {
		if a := poll(p, id, tt.change...); a.str("error") != tt.code {
			t.Errorf("%s: %d %s", tt.what, a.status, a.text)
		}
	}
	// An approval for one audience yields no token for another of the same client.
	a := post(p, pathBackchannel, askForm(), "client_id", "other", "client_secret", "other-secret")
	if a := poll(p, a.str("auth_req_id"), "client_id", "other", "client_secret", "other-secret", "audience", "https://staff0/other"); a.str("error") != "invalid_target" {
		t.Errorf("another audience: %s", a.text)
	}
}

func TestOneApprovalOneTokenUnderContention(t *testing.T) {
	p := newTest(t, func(c *Config) { c.Approve = Auto })
	id := ask(t, p)
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		won int
	)
	for range 50 {
		wg.Go(func() {
			if a := poll(p, id); a.status == http.StatusOK {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d polls got tokens", won)
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
			if a.status != http.StatusTooManyRequests || a.str("error") != "too_many_requests" || a.header.Get("Retry-After") == "" {
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
	if len(told) != 1 || told[0].Name != "John Doe" || told[0].ClientLabel != "Staff0 HR Agent" || told[0].BindingMessage != "bank:employment-status:7K3F-9QXM" {
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
