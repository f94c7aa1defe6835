package idp

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
			[]step{{0, "", "authorization_pending"}, {sec, "", "authorization_pending"},
				{sec, "", "authorization_pending"}}},
		{"a poll a tenth of a second early is forgiven", nil,
			[]step{{0, "", "authorization_pending"},
				{sec - pollTolerance, "", "authorization_pending"}}},
		{"a poll earlier than that is not", nil,
			[]step{{0, "", "authorization_pending"}, {sec - pollTolerance - 1, "", "slow_down"}}},
		{"slowing down lasts", nil,
			[]step{{0, "", "authorization_pending"}, {sec / 2, "", "slow_down"},
				{2 * sec, "", "slow_down"}, {11 * sec, "", "authorization_pending"},
				{10 * sec, "", "slow_down"}}},
		{"the configured interval counts", func(c *Config) { c.Interval = 5 * sec },
			[]step{{0, "", "authorization_pending"}, {4 * sec, "", "slow_down"},
				{10 * sec, "", "authorization_pending"}}},
		{"approval before the first poll", nil,
			[]step{{0, "approve", ""}, {0, "", "tokens"}}},
		{"an early poll does not get the tokens, a later one does", nil,
			[]step{{0, "", "authorization_pending"}, {0, "approve", ""}, {0, "", "slow_down"},
				{6 * sec, "", "tokens"}}},
		{"tokens are given once", nil,
			[]step{{0, "approve", ""}, {0, "", "tokens"}, {sec, "", "invalid_grant"},
				{sec, "", "invalid_grant"}}},
		{"a refusal is repeated, however soon", nil,
			[]step{{0, "", "authorization_pending"}, {0, "deny", ""}, {0, "", "access_denied"},
				{0, "", "access_denied"}, {sec, "", "access_denied"}}},
		{"expired to the second", nil,
			[]step{{120*sec - 1, "", "authorization_pending"}, {1, "", "expired_token"},
				{sec, "", "expired_token"}}},
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
		{"a person may be faster than auto", func(c *Config) {
			c.Approve, c.ApproveAfter = Auto, 3*sec
		},
			[]step{{0, "deny", ""}, {5 * sec, "", "access_denied"}}},
		{"auto after the expiry is never", func(c *Config) {
			c.Approve, c.ApproveAfter = Auto, 120*sec
		},
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

func TestDecidingTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, nil)
		ask(t, p)
		id := p.Pending()[0].ID
		time.Sleep(defaultExpiry - 1)
		if err := p.Deny(id); err != nil {
			t.Errorf("in the last moment: %v", err)
		}
		if err := p.Approve(id); !errors.Is(err, ErrDecided) {
			t.Errorf("the other way: %v", err)
		}
		if err := p.Approve("nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown request: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		// Auto, too, decides before the expiry or not at all.
		p := newTest(t, func(c *Config) { c.Approve, c.ApproveAfter = Auto, defaultExpiry })
		ask(t, p)
		id := p.Pending()[0].ID
		time.Sleep(defaultExpiry)
		if err := p.Approve(id); !errors.Is(err, ErrExpired) {
			t.Errorf("after the expiry: %v", err)
		}
	})
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
		if a.str("token_type") != "Bearer" || a.body["expires_in"] != 600.0 ||
			a.str("scope") != "openid email profile "+APIScope {
			t.Errorf("answer: %s", a.text)
		}
		access := claims(t, a.str("access_token"))
		if access["sub"] != "auth0|jdoe" || access["client_id"] != "hr-agent" ||
			access["aud"] != APIAudience || access["scope"] != a.str("scope") {
			t.Errorf("access token: %v", access)
		}
		verified, err := verifier(p, APIAudience).Verify(t.Context(), a.str("access_token"))
		if err != nil || verified.Machine {
			t.Errorf("our own verifier: %+v, %v", verified, err)
		}
		got := claims(t, a.str("id_token"))
		want := map[string]any{
			"iss": testIssuer, "sub": "auth0|jdoe", "aud": "hr-agent",
			"iat": float64(time.Now().Unix()), "exp": float64(time.Now().Unix() + 600),
			"auth_time": float64(decided),
			"email":     "jdoe@staff0.com", "email_verified": true, "name": "John Doe",
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
			{Subject: "auth0|jdoe", Email: "jdoe@staff0.com", Name: "John Doe",
				EmailUnverified: true},
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
	got = claims(t,
		poll(p, ask(t, p, "login_hint", "auth0|bare", "scope", "openid email profile")).str(
			"id_token"))
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
			CIBA: []Access{{Audience: APIAudience, Scopes: []string{APIScope}},
				{Audience: "https://staff0/other"}},
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
		{"another client", []string{"client_id", "other", "client_secret", "other-secret"},
			"invalid_grant"},
		{"another client with an audience", []string{"client_id", "other", "client_secret",
			"other-secret", "audience", "https://staff0/other"}, "invalid_grant"},
		{"an audience that the client has not", []string{"audience", AgentAudience},
			"invalid_target"},
		{"the audience that was approved", []string{"audience", APIAudience}, ""},
	} {
		if a := poll(p, id, tt.change...); a.str("error") != tt.code {
			t.Errorf("%s: %d %s", tt.what, a.status, a.text)
		}
	}
	// An approval for one audience yields no token for another of the same client.
	a := post(p, pathBackchannel, askForm(), "client_id", "other", "client_secret", "other-secret")
	if a := poll(p, a.str("auth_req_id"), "client_id", "other", "client_secret", "other-secret",
		"audience", "https://staff0/other"); a.str("error") != "invalid_target" {
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
