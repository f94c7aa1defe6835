package ciba

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba/idp"
	"staff0/ciba/jwks"
	"staff0/ciba/oauth"
)

// The same client against the development provider: discovery, key set,
// prompt, decision and tokens, all of them real, in a bubble of test time.

const idpIssuer = "http://localhost:10052/"

var john = Expectation{Subject: "auth0|jdoe", Scope: "read:employee"}

type handler struct{ http.Handler }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), r.Context().Err()
}

// start makes a provider and a client that has discovered it.
func start(t *testing.T, change func(*idp.Config)) (*idp.Provider, *Client) {
	t.Helper()
	cfg := idp.Config{Issuer: idpIssuer, Alg: "ES256", Interval: 5 * time.Second}
	if change != nil {
		change(&cfg)
	}
	p, err := idp.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	hc := &http.Client{Transport: handler{p}}
	meta, err := oauth.Discover(t.Context(), hc, idpIssuer)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwks.NewRemote(jwks.RemoteConfig{URL: meta.JWKSURI, HTTPClient: hc})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{
		Metadata: meta, Auth: oauth.ClientAuth{ID: "hr-agent", Secret: "hr-agent-secret"},
		HTTPClient: hc, Keys: keys, Provider: DetectProvider(meta),
		Audience: "https://staff0/api",
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

func question(subject string) *AuthenticationRequest {
	return &AuthenticationRequest{
		Scope: "openid read:employee", LoginHint: Auth0.LoginHint(idpIssuer, subject),
		BindingMessage:  Auth0.BindingMessage("bank", "employment-status", NewCode()),
		RequestedExpiry: 2 * time.Minute,
	}
}

func authenticate(
	t *testing.T, c *Client, r *AuthenticationRequest,
) *Acknowledgement {
	t.Helper()
	ack, err := c.Authenticate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

func TestDevelopmentProviderApproves(t *testing.T) {
	for _, alg := range []string{"ES256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, c := start(t, func(c *idp.Config) { c.Alg = alg })
				r := question("auth0|jdoe")
				begin := time.Now()
				ack := authenticate(t, c, r)
				if ack.Interval != 5*time.Second || ack.ExpiresIn != 2*time.Minute {
					t.Errorf("got %+v", ack)
				}
				time.AfterFunc(63*time.Second, func() {
					pending := p.Pending()
					if len(pending) != 1 || pending[0].BindingMessage != r.BindingMessage ||
						pending[0].Subject != "auth0|jdoe" {
						t.Errorf("on the phone: %+v", pending)
					}
					if err := p.Approve(pending[0].ID); err != nil {
						t.Error(err)
					}
				})
				grant, err := c.Poll(t.Context(), ack, time.Time{}, john)
				if err != nil || grant.Subject != "auth0|jdoe" ||
					time.Since(begin) != 66*time.Second {
					t.Errorf("after %v: %v, %v", time.Since(begin), grant, err)
				}
			})
		})
	}
}

func TestDevelopmentProviderDenies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, func(c *idp.Config) {
			c.Approve, c.ApproveAfter = idp.Deny, 7*time.Second
		})
		begin := time.Now()
		_, err := c.Poll(t.Context(), authenticate(t, c, question("auth0|jdoe")), time.Time{}, john)
		if !errors.Is(err, ErrAccessDenied) || time.Since(begin) != 11*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

func TestDevelopmentProviderExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, nil)
		begin := time.Now()
		ack := authenticate(t, c, question("auth0|jdoe"))
		_, err := c.Poll(t.Context(), ack, time.Time{}, john)
		if !errors.Is(err, ErrExpired) || time.Since(begin) != 2*time.Minute {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		if _, err := c.PollOnce(t.Context(), ack.AuthReqID, john); !errors.Is(err,
			ErrExpired) {
			t.Errorf("the provider's own word: %v", err)
		}
	})
}

func TestDevelopmentProviderSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c := start(t, nil)
		ack := authenticate(t, c, question("auth0|jdoe"))
		pace := NewPace(ack, time.Time{}, 2*time.Second)
		poll := func() error {
			_, err := c.PollOnce(t.Context(), ack.AuthReqID, john)
			return err
		}
		if err := poll(); !errors.Is(err, ErrPending) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		sent := time.Now()
		err := poll()
		if _, ok := errors.AsType[*SlowDown](err); !ok {
			t.Fatalf("got %v", err)
		}
		at, ok := pace.Next(time.Now(), err)
		if !ok || at.Sub(sent) < 10*time.Second {
			t.Fatalf("next poll after %v", at.Sub(sent))
		}
		time.Sleep(time.Until(at))
		if err := poll(); !errors.Is(err, ErrPending) {
			t.Errorf("who obeys is not slowed down again: %v", err)
		}
		if err := p.Approve(p.Pending()[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(pace.Interval)
		if err := poll(); err != nil {
			t.Error(err)
		}
	})
}

func TestDevelopmentProviderIsAskedAboutTheRightPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, func(c *idp.Config) { c.Approve = idp.Auto })

		// Alice's consent says nothing about John.
		g, err := c.PollOnce(t.Context(), authenticate(t, c, question("auth0|asmith")).AuthReqID,
			john)
		if _, ok := errors.AsType[*MismatchError](err); !ok {
			t.Errorf("got %v, %v", g, err)
		}

		// Directory "hint": the address is all that is known.
		byAddress := question("")
		byAddress.LoginHint, byAddress.Scope = "jdoe@staff0.com", "openid email read:employee"
		want := Expectation{Email: "jdoe@staff0.com", Scope: "read:employee"}
		g, err = c.PollOnce(t.Context(), authenticate(t, c, byAddress).AuthReqID, want)
		if err != nil || g.Subject != "auth0|jdoe" || g.Email != "jdoe@staff0.com" {
			t.Errorf("got %v, %v", g, err)
		}
		byAddress.LoginHint = "asmith@staff0.com"
		_, err = c.PollOnce(t.Context(), authenticate(t, c, byAddress).AuthReqID, want)
		if _, ok := errors.AsType[*MismatchError](err); !ok {
			t.Errorf("got %v", err)
		}

		if _, err := c.Authenticate(t.Context(), question("auth0|nobody")); !errors.Is(err,
			ErrUnknownUser) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDevelopmentProviderChangesItsKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c := start(t, func(c *idp.Config) { c.Approve = idp.Auto })
		for range 3 {
			if _, err := c.PollOnce(t.Context(),
				authenticate(t, c, question("auth0|jdoe")).AuthReqID, john); err != nil {
				t.Fatal(err)
			}
			if err := p.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestDevelopmentProviderRefusesAWrongSecret(t *testing.T) {
	p, err := idp.New(idp.Config{Issuer: idpIssuer, Alg: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	hc := &http.Client{Transport: handler{p}}
	meta, err := oauth.Discover(context.Background(), hc, idpIssuer)
	if err != nil {
		t.Fatal(err)
	}
	cc := &oauth.ClientCredentials{Metadata: meta, Auth: oauth.ClientAuth{ID: "bank",
		Secret: "wrong"}, HTTPClient: hc, Audience: "https://staff0/agent"}
	if _, err := cc.Token(context.Background()); !errors.Is(err, oauth.ErrInvalidClient) {
		t.Errorf("got %v", err)
	}
	cc.Auth.Secret = "bank-secret"
	token, err := cc.Token(context.Background())
	if err != nil || token.Expiry.IsZero() {
		t.Errorf("got %v, %v", token, err)
	}
}
