package ciba

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jwks"
)

const other = "auth0|asmith"

// Rows 11 to 14: what an approval must hold. Every refusal is an alarm, final,
// and nobody gets a token.
func TestWhatCountsAsAnApproval(t *testing.T) {
	now := func() int64 { return time.Now().Unix() }
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	access := accessToken(nil)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." +
		strings.Split(idToken(nil), ".")[1] + "."
	tampered := func(token string) string {
		parts := strings.Split(token, ".")
		last := []byte(parts[2])
		last[10] ^= 1
		return parts[0] + "." + parts[1] + "." + string(last)
	}
	for _, tt := range []struct {
		why      string
		h        http.HandlerFunc
		accepted bool
	}{
		{"both tokens are about the person", approved("", "", nil), true},
		{"the audience of the ID token as an array of one",
			approved(idToken(claims{"aud": []string{testClient}}), "", nil), true},
		{"at_hash and auth_req_id that match",
			approved(idToken(claims{"at_hash": hash(access),
				"urn:openid:params:jwt:claim:auth_req_id": testID}), access, nil), true},
		{"more scope than was asked for",
			approved("", accessToken(claims{"scope": "openid admin read:employee"}), nil), true},
		{"a token response that does not repeat the scope", approved("", "", claims{"scope": nil}),
			true},
		{"a token response without a lifetime", approved("", "", claims{"expires_in": nil}), true},
		{"token_type in lower case", approved("", "", claims{"token_type": "bearer"}), true},
		{"the API among several audiences",
			approved("", accessToken(claims{"aud": []string{testAPI, testIssuer + "userinfo"}}),
				nil), true},

		{"no access_token", approved("", "", claims{"access_token": nil}), false},
		{"no id_token", approved("", "", claims{"id_token": nil}), false},
		{"token_type mac", approved("", "", claims{"token_type": "mac"}), false},
		{"no token_type", approved("", "", claims{"token_type": nil}), false},
		{"an opaque access token", approved("", "Zm9vYmFy", nil), false},

		{"ID token: another issuer", approved(idToken(claims{"iss": "https://attacker.example/"}),
			"", nil), false},
		{"ID token: no issuer", approved(idToken(claims{"iss": nil}), "", nil), false},
		{"ID token: another audience", approved(idToken(claims{"aud": "bank"}), "", nil), false},
		{"ID token: no audience", approved(idToken(claims{"aud": nil}), "", nil), false},
		{"ID token: an audience more, whom nobody trusts",
			approved(idToken(claims{"aud": []string{testClient, "bank"}, "azp": testClient}), "",
				nil), false},
		{"ID token: issued to another client", approved(idToken(claims{"azp": "bank"}), "", nil),
			false},
		{"ID token: expired", approved(idToken(claims{"exp": now() - 120, "iat": now() - 300}), "",
			nil), false},
		{"ID token: no expiry", approved(idToken(claims{"exp": nil}), "", nil), false},
		{"ID token: a week old", approved(idToken(claims{"iat": now() - 7*86400}), "", nil), false},
		{"ID token: no subject", approved(idToken(claims{"sub": nil}), "", nil), false},
		{"ID token: alg none", approved(none, "", nil), false},
		{"ID token: another key under the same id",
			approved(mint(foreign(), nil, idClaims()), "", nil), false},
		{"ID token: another alg in the header",
			approved(mint(signer(), claims{"alg": "RS256"}, idClaims()), "", nil), false},
		{"ID token: a bad signature", approved(tampered(idToken(nil)), "", nil), false},
		{"ID token: another person", approved(idToken(claims{"sub": other}), "", nil), false},
		{"ID token: the person in another case",
			approved(idToken(claims{"sub": "auth0|JDOE"}), "", nil), false},
		{"ID token: of another request",
			approved(idToken(claims{"urn:openid:params:jwt:claim:auth_req_id": "another"}), "",
				nil), false},
		{"ID token: for another access token", approved(idToken(claims{"at_hash": hash("another")}),
			"", nil), false},
		{"the access token in place of the ID token", approved(access, access, nil), false},

		{"access token: another person", approved("", accessToken(claims{"sub": other}), nil),
			false},
		{"both tokens: another person, the same in both",
			approved(idToken(claims{"sub": other}), accessToken(claims{"sub": other}), nil), false},
		{"access token: the client's own", approved("", accessToken(claims{"sub": testClient}),
			nil), false},
		{"access token: another API",
			approved("", accessToken(claims{"aud": "https://staff0/agent"}), nil), false},
		{"access token: another client", approved("", accessToken(claims{"client_id": "bank"}),
			nil), false},
		{"access token: no client", approved("", accessToken(claims{"client_id": nil}), nil),
			false},
		{"access token: another issuer",
			approved("", accessToken(claims{"iss": "https://attacker.example/"}), nil), false},
		{"access token: expired",
			approved("", accessToken(claims{"exp": now() - 120, "iat": now() - 300}), nil), false},
		{"access token: another key",
			approved("", mint(foreign(), claims{"typ": "at+jwt"}, accessClaims()), nil), false},
		{"access token: less scope", approved("", accessToken(claims{"scope": "openid"}), nil),
			false},
		{"access token: a scope that begins alike",
			approved("", accessToken(claims{"scope": "read:employee_status"}), nil), false},
		{"access token: no scope", approved("", accessToken(claims{"scope": nil}), nil), false},
		{"the response says that less was granted", approved("", "", claims{"scope": "openid"}),
			false},
		{"the ID token in place of the access token", approved("", idToken(nil), nil), false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := &provider{polls: []http.HandlerFunc{tt.h}}
			c := p.client(t)
			grant, err := c.PollOnce(context.Background(), testID, jdoe)
			if tt.accepted {
				if err != nil || grant.Subject != testPerson {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if _, ok := errors.AsType[*MismatchError](err); !ok || grant != nil {
				t.Fatalf("got %v, %v", grant, err)
			}
			if s := err.Error(); strings.Contains(s, "jdoe") || strings.Contains(s, "asmith") ||
				strings.Contains(s, "eyJ") {
				t.Errorf("the error names a person or shows a token: %v", err)
			}
			if st := c.ids.begin(testID, time.Now()); st != finished {
				t.Errorf("not final: state %v", st)
			}
		})
	}
}

func TestAPersonKnownByAddressOnly(t *testing.T) {
	for _, tt := range []struct {
		why           string
		asked         string
		email, really any
		subject       string // of the access token
		accepted      bool
	}{
		{"the verified address", testEmail, testEmail, true, testPerson, true},
		{"in another case", "JDoe@Staff0.com", testEmail, true, testPerson, true},
		{"beyond ASCII, in another case", "ÉMILE@staff0.com", "émile@staff0.com", true,
			testPerson, true},
		{"another address", testEmail, "asmith@staff0.com", true, testPerson, false},
		{"not verified", testEmail, testEmail, false, testPerson, false},
		{"verified in words only", testEmail, testEmail, "true", testPerson, false},
		{"verified or not is not said", testEmail, testEmail, nil, testPerson, false},
		{"no address", testEmail, nil, true, testPerson, false},
		{"an empty address", testEmail, "", true, testPerson, false},
		{"the Kelvin sign is no k", "k@staff0.com", "\u212a@staff0.com", true, testPerson, false},
		{"an accent is no plain letter", "emile@staff0.com", "émile@staff0.com", true,
			testPerson, false},
		{"the access token is about another person", testEmail, testEmail, true, other, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := &provider{polls: []http.HandlerFunc{approved(
				idToken(claims{"email": tt.email, "email_verified": tt.really}),
				accessToken(claims{"sub": tt.subject}), nil)}}
			grant, err := p.client(t).PollOnce(context.Background(), testID,
				Expectation{Email: tt.asked, Scope: testScope})
			if (err == nil) != tt.accepted {
				t.Fatalf("got %v", err)
			}
			if err == nil && (grant.Subject != testPerson || grant.Email != tt.email) {
				t.Errorf("got subject %q and address %q", grant.Subject, grant.Email)
			}
		})
	}
	t.Run("a machine's token is no person's, whoever vouches for the address", func(t *testing.T) {
		p := &provider{polls: []http.HandlerFunc{approved(
			idToken(claims{"sub": testClient, "email": testEmail, "email_verified": true}),
			accessToken(claims{"sub": testClient}), nil)}}
		if g, err := p.client(t).PollOnce(context.Background(), testID,
			Expectation{Email: testEmail, Scope: testScope}); err == nil {
			t.Errorf("got %v", g)
		}
	})
	t.Run("a subject and an address must both hold", func(t *testing.T) {
		want := Expectation{Subject: testPerson, Email: testEmail, Scope: testScope}
		p := &provider{polls: []http.HandlerFunc{approved("", "", nil)}}
		if _, err := p.client(t).PollOnce(context.Background(), testID, want); err == nil {
			t.Error("accepted without an address")
		}
	})
	t.Run("an address that is not verified is not passed on", func(t *testing.T) {
		p := &provider{polls: []http.HandlerFunc{approved(idToken(claims{"email": testEmail}),
			"", nil)}}
		if g, err := p.client(t).PollOnce(context.Background(), testID, jdoe); err != nil ||
			g.Email != "" {
			t.Errorf("%v, %v", g, err)
		}
	})
}

func TestAGrantPrintsNobody(t *testing.T) {
	g := Grant{Subject: testPerson, Email: testEmail}
	if s := fmt.Sprintf("%v %+v %s", g, &g, g); strings.Contains(s, "jdoe") {
		t.Error(s)
	}
}

// failing fails n times and then knows the key.
type failing struct {
	jwks.KeySet
	err error
	n   int
}

func (f *failing) Key(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error) {
	if f.n--; f.n >= 0 {
		return nil, f.err
	}
	return f.KeySet.Key(ctx, token)
}

// By the time the tokens are verified the auth_req_id is spent: an approval must
// not be lost to a provider that changes its keys just then.
func TestAMissingKeyIsWaitedFor(t *testing.T) {
	for _, tt := range []struct {
		why      string
		err      error
		n        int
		after    time.Duration
		accepted bool
		alarm    bool
	}{
		{"a key that is new", jwks.ErrUnknownKey, 1, 500 * time.Millisecond, true, false},
		{"a key that takes its time", jwks.ErrUnknownKey, 4, 11500 * time.Millisecond, true, false},
		{"a key that nobody has", jwks.ErrUnknownKey, 99, 11500 * time.Millisecond, false, true},
		{"keys that cannot be had for a moment", jwks.ErrUnavailable, 2, 2500 * time.Millisecond,
			true, false},
		{"keys that cannot be had", jwks.ErrUnavailable, 99, 11500 * time.Millisecond,
			false, false},
		{"a key that is bad is not waited for", jwks.ErrInvalid, 99, 0, false, true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{polls: []http.HandlerFunc{approved("", "", nil)}}
				c := p.client(t, func(c *Config) { c.Keys = &failing{c.Keys, tt.err, tt.n} })
				_, err := c.PollOnce(context.Background(), testID, jdoe)
				_, alarm := errors.AsType[*MismatchError](err)
				if (err == nil) != tt.accepted || alarm != tt.alarm ||
					time.Since(p.begun) != tt.after {
					t.Errorf("after %v: %v", time.Since(p.begun), err)
				}
				if len(p.times) != 1 {
					t.Errorf("%d polls; the id is spent", len(p.times))
				}
			})
		})
	}
	t.Run("the caller may give up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &provider{polls: []http.HandlerFunc{approved("", "", nil)}}
			c := p.client(t, func(c *Config) { c.Keys = &failing{c.Keys, jwks.ErrUnavailable, 99} })
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := c.PollOnce(ctx, testID, jdoe)
			if _, alarm := errors.AsType[*MismatchError](err); alarm ||
				!errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	})
}

// What was granted beyond what was asked is named, and nothing else is.
func TestWhatIsGrantedTooMuch(t *testing.T) {
	now := time.Now().Unix()
	for _, tt := range []struct {
		why      string
		provider Provider
		access   claims
		response claims
		want     []string
	}{
		{"what was asked", Generic, claims{"scope": "openid read:employee"}, nil, nil},
		{"another audience", Generic, claims{"aud": []string{testAPI, "account"}}, nil,
			[]string{`the audience "account"`}},
		{"Auth0's userinfo", Auth0, claims{"aud": []string{testAPI, testIssuer + "userinfo"}}, nil,
			nil},
		{"userinfo elsewhere", Generic, claims{"aud": []string{testAPI, testIssuer + "userinfo"}},
			nil, []string{`the audience "` + testIssuer + `userinfo"`}},
		{"scopes", Generic, claims{"scope": "openid profile email read:employee"}, nil,
			[]string{`the scope "profile"`, `the scope "email"`}},
		{"a refresh token", Generic, nil, claims{"refresh_token": "r"},
			[]string{"a refresh token"}},
		{"an hour", Generic, claims{"iat": now, "exp": now + 3600}, nil, nil},
		{"a day", Generic, claims{"iat": now, "exp": now + 86400}, nil,
			[]string{"a life of 24h0m0s"}},
		{"no end of it", Generic, claims{"scope": "read:employee a b c d e f"}, nil,
			[]string{`the scope "a"`, `the scope "b"`, `the scope "c"`, `the scope "d"`,
				`the scope "e"`, "and more"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := &provider{bc: acknowledged, polls: []http.HandlerFunc{approved("",
				accessToken(tt.access), tt.response)}}
			c := p.client(t, func(c *Config) { c.Provider = tt.provider })
			grant, err := c.PollOnce(t.Context(), testID, jdoe)
			if err != nil || !slices.Equal(grant.Excess, tt.want) {
				t.Errorf("got %q, %v; want %q", grant.Excess, err, tt.want)
			}
		})
	}
}
