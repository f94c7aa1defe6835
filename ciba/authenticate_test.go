package ciba

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

func TestAcknowledgement(t *testing.T) {
	const fails = -1
	for _, tt := range []struct {
		why, body string
		lives     time.Duration // fails: refused
		interval  time.Duration
	}{
		{"as the specification shows it", `{"auth_req_id":"a","expires_in":120,"interval":2}`,
			2 * time.Minute, 2 * time.Second},
		{"no interval: five seconds", `{"auth_req_id":"a","expires_in":120}`, 2 * time.Minute,
			5 * time.Second},
		{"interval null: five seconds", `{"auth_req_id":"a","expires_in":120,"interval":null}`,
			2 * time.Minute, 5 * time.Second},
		{"interval 0: five seconds", `{"auth_req_id":"a","expires_in":120,"interval":0}`,
			2 * time.Minute, 5 * time.Second},
		{"interval below a second: five seconds",
			`{"auth_req_id":"a","expires_in":120,"interval":0.5}`, 2 * time.Minute,
			5 * time.Second},
		{"interval negative: five seconds", `{"auth_req_id":"a","expires_in":120,"interval":-5}`,
			2 * time.Minute, 5 * time.Second},
		{"interval in quotes is tolerated", `{"auth_req_id":"a","expires_in":120,"interval":"7"}`,
			2 * time.Minute, 7 * time.Second},
		{"expires_in in quotes is tolerated", `{"auth_req_id":"a","expires_in":"120"}`,
			2 * time.Minute, 5 * time.Second},
		{"expires_in of thousands of years is cut", `{"auth_req_id":"a","expires_in":1e12}`,
			15 * time.Minute, 5 * time.Second},
		{"the default interval may outlast a short request", `{"auth_req_id":"a","expires_in":2}`,
			2 * time.Second, 5 * time.Second},
		{"unknown members are passed over", `{"auth_req_id":"a","expires_in":60,"greeting":{}}`,
			time.Minute, 5 * time.Second},

		{"no auth_req_id", `{"expires_in":120}`, fails, 0},
		{"an empty auth_req_id", `{"auth_req_id":"","expires_in":120}`, fails, 0},
		{"an auth_req_id that is no string", `{"auth_req_id":5,"expires_in":120}`, fails, 0},
		{"an auth_req_id beyond the bound", `{"auth_req_id":"` +
			strings.Repeat("a", maxAuthReqID+1) + `","expires_in":120}`, fails, 0},
		{"no expires_in", `{"auth_req_id":"a"}`, fails, 0},
		{"expires_in 0", `{"auth_req_id":"a","expires_in":0}`, fails, 0},
		{"expires_in -1", `{"auth_req_id":"a","expires_in":-1}`, fails, 0},
		{"expires_in is no number", `{"auth_req_id":"a","expires_in":"soon"}`, fails, 0},
		{"interval is no number", `{"auth_req_id":"a","expires_in":120,"interval":"x"}`, fails, 0},
		{"interval beyond the lifetime", `{"auth_req_id":"a","expires_in":120,"interval":100000}`,
			fails, 0},
		{"interval beyond the lifetime once that is cut",
			`{"auth_req_id":"a","expires_in":1e12,"interval":901}`, fails, 0},
		{"an error in a success", `{"auth_req_id":"a","expires_in":120,"error":"invalid_request"}`,
			fails, 0},
		{"HTML", `<html>`, fails, 0},
		{"nothing", ``, fails, 0},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{bc: held(3*time.Second, answer(200, tt.body))}
				ack, err := p.client(t).Authenticate(context.Background(), ask())
				if tt.lives == fails {
					if err == nil {
						t.Errorf("accepted as %+v", ack)
					}
					if _, ok := errors.AsType[*TemporaryError](err); ok {
						t.Errorf("asking again would ring the person again: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if ack.ExpiresIn != tt.lives || ack.Interval != tt.interval ||
					ack.AuthReqID != "a" {
					t.Errorf("got %+v", ack)
				}
				if !ack.ExpiresAt.Equal(p.begun.Add(tt.lives)) {
					t.Errorf("expires %v after the request was sent", ack.ExpiresAt.Sub(p.begun))
				}
			})
		})
	}
}

func TestAuthenticateRefusedByTheProvider(t *testing.T) {
	for _, tt := range []struct {
		why       string
		h         http.HandlerFunc
		is        error
		temporary bool
	}{
		{"unknown_user_id",
			answer(400, `{"error":"unknown_user_id","error_description":"no jdoe@staff0.com here"}`), ErrUnknownUser, false},
		{"access_denied at once (CIBA §13)", answer(403, `{"error":"access_denied"}`),
			ErrAccessDenied, false},
		{"invalid_binding_message", refusal("invalid_binding_message"),
			&oauth.Error{Code: "invalid_binding_message"}, false},
		{"invalid_target", refusal("invalid_target"), oauth.ErrInvalidTarget, false},
		{"invalid_request about our request", refusal("invalid_request"), oauth.ErrInvalidRequest,
			false},
		{"Keycloak's unknown or disabled person",
			answer(400, `{"error":"invalid_request","error_description":"invalid_user"}`),
			ErrUnknownUser, false},
		{"Keycloak's, as older releases write it",
			answer(400, `{"error":"invalid_request","error_description":"Invalid user"}`),
			ErrUnknownUser, false},
		{"Auth0's person without a device",
			answer(400, `{"error":"invalid_request","error_description":`+
				`"User does not have push notifications enabled"}`), ErrNoDevice, false},
		{"invalid_client", answer(401, `{"error":"invalid_client"}`), oauth.ErrInvalidClient,
			false},
		{"a redirect", answer(302, ``, "Location", "https://attacker.example/"), nil, false},
		{"503", answer(503, ``, "Retry-After", "9"), nil, true},
		{"429", answer(429, ``, "Retry-After", "9"), nil, true},
		{"cut connection", cut(0), oauth.ErrUnreachable, true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := &provider{bc: tt.h}
			_, err := p.client(t).Authenticate(context.Background(), ask())
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v", err)
			}
			te, ok := errors.AsType[*TemporaryError](err)
			if ok != tt.temporary || ok && !errors.Is(err, oauth.ErrUnreachable) &&
				te.RetryAfter != 9*time.Second {
				t.Errorf("temporary = %v, %v", ok, err)
			}
			if strings.Contains(err.Error(), "jdoe") {
				t.Errorf("the error names the person: %v", err)
			}
			if len(p.forms) != 1 {
				t.Errorf("%d requests; a second could ring the person again", len(p.forms))
			}
		})
	}
}

func TestWhatIsSent(t *testing.T) {
	for _, tt := range []struct {
		provider           Provider
		audience, resource string
	}{
		{Auth0, testAPI, ""},
		{Keycloak, testAPI, testAPI},
		{Generic, testAPI, testAPI},
		{"", testAPI, testAPI},
	} {
		t.Run(string(tt.provider), func(t *testing.T) {
			p := &provider{bc: acknowledged, polls: []http.HandlerFunc{pending}}
			c := p.client(t, func(c *Config) { c.Provider = tt.provider })
			r := ask()
			r.RequestedExpiry = 90*time.Second + 900*time.Millisecond
			if _, err := c.Authenticate(context.Background(), r); err != nil {
				t.Fatal(err)
			}
			_, _ = c.PollOnce(context.Background(), testID, jdoe)
			want := []map[string]string{
				{"scope": "openid read:employee", "login_hint": testPerson,
					"binding_message": "7K3F-9QXM", "requested_expiry": "90"},
				{"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": testID},
			}
			for i, form := range p.forms {
				want[i]["client_id"], want[i]["client_secret"] = testClient, "hr-agent-secret"
				want[i]["audience"] = tt.audience
				if tt.resource != "" {
					want[i]["resource"] = tt.resource
				}
				for k := range form {
					if form.Get(k) != want[i][k] || len(form[k]) != 1 {
						t.Errorf("request %d: %s = %q, want %q", i, k, form[k], want[i][k])
					}
				}
				// No client_notification_token and no user_code among them.
				if len(form) != len(want[i]) {
					t.Errorf("request %d has %d parameters, want %d: %v", i, len(form),
						len(want[i]), form)
				}
			}
		})
	}
	p := &provider{bc: acknowledged}
	if _, err := p.client(t).Authenticate(context.Background(), ask()); err != nil ||
		p.forms[0].Has("requested_expiry") {
		t.Errorf("%v %v", err, p.forms)
	}
}

func TestAuthenticateSendsNothingThatMustFail(t *testing.T) {
	for why, change := range map[string]func(*AuthenticationRequest){
		"no openid": func(r *AuthenticationRequest) {
			r.Scope = "read:employee openid2"
		},
		"no hint":            func(r *AuthenticationRequest) { r.LoginHint = "" },
		"no binding message": func(r *AuthenticationRequest) { r.BindingMessage = "" },
		"a negative expiry": func(r *AuthenticationRequest) {
			r.RequestedExpiry = -time.Second
		},
		"an expiry below a second": func(r *AuthenticationRequest) {
			r.RequestedExpiry = time.Millisecond
		},
	} {
		p := &provider{bc: acknowledged}
		r := ask()
		change(r)
		if _, err := p.client(t).Authenticate(context.Background(), r); err == nil ||
			len(p.forms) != 0 {
			t.Errorf("%s: %v, %d requests", why, err, len(p.forms))
		}
	}
}

// Row 15.
func TestTheSameAuthReqIDTwiceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{bc: acknowledged, polls: []http.HandlerFunc{pending}}
		c := p.client(t)
		if _, err := c.Authenticate(context.Background(), ask()); err != nil {
			t.Fatal(err)
		}
		again := func(after time.Duration) {
			t.Helper()
			time.Sleep(after)
			_, err := c.Authenticate(context.Background(), ask())
			if _, ok := errors.AsType[*MismatchError](err); !ok {
				t.Errorf("after %v: %v", after, err)
			}
		}
		again(0)
		again(MaxExpiry - time.Second)
		// A request that was resumed after a restart is known by its polls.
		resumed := p.client(t)
		if _, err := resumed.PollOnce(context.Background(), testID, jdoe); !errors.Is(err,
			ErrPending) {
			t.Fatal(err)
		}
		c = resumed
		again(time.Minute)
	})
}

func TestOldAuthReqIDsAreForgotten(t *testing.T) {
	var s ids
	now := time.Now()
	for i := range 1000 {
		s.add(string(rune('a'+i)), now)
		now = now.Add(time.Minute)
	}
	if n := len(s.young) + len(s.old); n > 40 {
		t.Errorf("%d ids are remembered", n)
	}
	s.add("the newest", now)
	for range int(MaxExpiry / time.Minute) {
		now = now.Add(time.Minute)
		s.add(now.String(), now)
	}
	if s.add("the newest", now) {
		t.Error("an id that may still be in use is forgotten")
	}
	s.end("still polled", finished, now)
	now = now.Add(MaxExpiry + time.Second)
	s.end("another", idle, now)
	if st := s.begin("still polled", now); st != finished {
		t.Error("an id of the older generation is forgotten")
	}
}

func TestNewRefusesAWrongConfiguration(t *testing.T) {
	good := Config{
		Metadata: testMetadata(), Auth: oauth.ClientAuth{ID: testClient, Secret: "s"},
		HTTPClient: &http.Client{}, Keys: testKeys(t), Audience: testAPI,
	}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string]func(*Config){
		"nothing":          func(c *Config) { *c = Config{} },
		"no metadata":      func(c *Config) { c.Metadata = nil },
		"no HTTP client":   func(c *Config) { c.HTTPClient = nil },
		"no client id":     func(c *Config) { c.Auth.ID = "" },
		"no client secret": func(c *Config) { c.Auth.Secret = "" },
		"no keys":          func(c *Config) { c.Keys = nil },
		"no audience":      func(c *Config) { c.Audience = "" },
		"no CIBA": func(c *Config) {
			m := *c.Metadata
			m.BackchannelAuthenticationEndpoint = ""
			c.Metadata = &m
		},
		"no poll mode": func(c *Config) {
			m := *c.Metadata
			m.DeliveryModes = []string{"ping", "push"}
			c.Metadata = &m
		},
		"an unknown provider": func(c *Config) { c.Provider = "okta" },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", why)
		}
	}
	silent := testMetadata()
	silent.DeliveryModes = nil // not every provider lists them
	c := good
	c.Metadata = silent
	if _, err := New(c); err != nil {
		t.Error(err)
	}
}

func TestDetectProvider(t *testing.T) {
	for _, tt := range []struct {
		m       oauth.Metadata
		want    Provider
		profile jwks.Profile
	}{
		{oauth.Metadata{Issuer: "http://localhost:10052/", Development: true}, Auth0, jwks.Auth0},
		{oauth.Metadata{Issuer: "https://sso.example/realms/staff0"}, Keycloak, jwks.Keycloak},
		{oauth.Metadata{Issuer: "https://issuer.example/"}, Generic, jwks.RFC9068},
	} {
		if p := DetectProvider(&tt.m); p != tt.want || p.Profile() != tt.profile {
			t.Errorf("%s: %s, %s", tt.m.Issuer, p, p.Profile())
		}
	}
}
