package jwks

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func idTokens(k KeySet) *IDTokens {
	return &IDTokens{Keys: k, Issuer: testIssuer, ClientID: testClient}
}

// The ID token rows of the CIBA table, and OpenID Connect Core §3.1.3.7.
func TestIDTokens(t *testing.T) {
	tx := Transaction{AccessToken: "access", RefreshToken: "refresh", AuthReqID: "req-1"}
	half256 := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return b64(string(sum[:16]))
	}
	half512 := func(s string) string {
		sum := sha512.Sum512([]byte(s))
		return b64(string(sum[:32]))
	}
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	for _, r := range []struct {
		name string
		d    func() *draft
		want error
	}{
		{"a good one", idToken, accept},
		{"without typ", func() *draft { return idToken().dropHead("typ") }, accept},
		{"an access token by its typ", func() *draft {
			return idToken().head("typ", "at+jwt")
		}, ErrInvalid},
		{"a logout token by its typ", func() *draft {
			return idToken().head("typ", "logout+jwt")
		}, ErrInvalid},
		{"Keycloak's payload typ ID", func() *draft {
			return idToken().claim("typ", "ID")
		}, accept},
		{"Keycloak's payload typ Bearer", func() *draft {
			return idToken().claim("typ", "Bearer")
		}, ErrInvalid},
		{"payload typ a number", func() *draft { return idToken().claim("typ", 1) }, ErrInvalid},
		{"12: another issuer", func() *draft {
			return idToken().claim("iss", "https://tenant.example")
		}, ErrInvalid},
		{"12: no issuer", func() *draft { return idToken().drop("iss") }, ErrInvalid},
		{"12: another client's", func() *draft {
			return idToken().claim("aud", "other")
		}, ErrInvalid},
		{"12: no audience", func() *draft { return idToken().drop("aud") }, ErrInvalid},
		{"12: the audience in an array", func() *draft {
			return idToken().claim("aud", []string{testClient})
		}, accept},
		{"12: an audience that is not trusted, even with azp", func() *draft {
			return idToken().claim("aud", []string{testClient, "evil"}).claim("azp", testClient)
		}, ErrInvalid},
		{"a trusted audience with azp", func() *draft {
			return idToken().claim("aud", []string{"partner", testClient}).claim("azp", testClient)
		}, accept},
		{"a trusted audience without azp", func() *draft {
			return idToken().claim("aud", []string{"partner", testClient})
		}, ErrInvalid},
		{"azp of another client", func() *draft {
			return idToken().claim("azp", "partner")
		}, ErrInvalid},
		{"azp a number", func() *draft { return idToken().claim("azp", 7) }, ErrInvalid},
		{"12: no exp", func() *draft { return idToken().drop("exp") }, ErrInvalid},
		{"12: expired", func() *draft {
			return idToken().claim("iat", ago(5*time.Minute)).claim("exp", ago(time.Minute))
		}, ErrExpired},
		{"no iat", func() *draft { return idToken().drop("iat") }, ErrInvalid},
		{"12: issued a week ago", func() *draft {
			return idToken().claim("iat", ago(7*24*time.Hour))
		}, ErrInvalid},
		{"issued as long ago as allowed", func() *draft {
			return idToken().claim("iat", ago(MaxIDTokenAge+Leeway))
		}, accept},
		{"issued a second before that", func() *draft {
			return idToken().claim("iat", ago(MaxIDTokenAge+Leeway+time.Second))
		}, ErrInvalid},
		{"issued in the future", func() *draft {
			return idToken().claim("iat", ago(-5*time.Minute))
		}, ErrInvalid},
		{"12: alg none", func() *draft { return idToken().head("alg", "none") }, ErrInvalid},
		{"12: another alg", func() *draft {
			return idToken().with(jwt.SigningMethodRS512, "rsa", keys().rsa)
		}, ErrInvalid},
		{"12: a bad signature", func() *draft {
			return idToken().with(jwt.SigningMethodRS256, "rsa", keys().otherRSA)
		}, ErrInvalid},
		{"a key that is not there", func() *draft {
			return idToken().head("kid", "gone")
		}, ErrUnknownKey},
		{"no subject", func() *draft { return idToken().drop("sub") }, ErrInvalid},
		{"an empty subject", func() *draft { return idToken().claim("sub", "") }, ErrInvalid},
		{"a malformed jti", func() *draft { return idToken().claim("jti", "") }, ErrInvalid},
		{"a malformed email", func() *draft {
			return idToken().claim("email", []string{"jdoe@staff0.com"})
		}, ErrInvalid},
		{"13: at_hash of the access token", func() *draft {
			return idToken().claim("at_hash", half256("access"))
		}, accept},
		{"13: at_hash of another one", func() *draft {
			return idToken().claim("at_hash", half256("other"))
		}, ErrInvalid},
		{"13: at_hash empty", func() *draft { return idToken().claim("at_hash", "") }, ErrInvalid},
		{"13: at_hash a number", func() *draft {
			return idToken().claim("at_hash", 1)
		}, ErrInvalid},
		{"at_hash under EdDSA is half of SHA-512", func() *draft {
			return idToken().with(jwt.SigningMethodEdDSA, "ed", keys().ed).claim("at_hash",
				half512("access"))
		}, accept},
		{"at_hash under EdDSA is not half of SHA-256", func() *draft {
			return idToken().with(jwt.SigningMethodEdDSA, "ed", keys().ed).claim("at_hash",
				half256("access"))
		}, ErrInvalid},
		{"13: auth_req_id of the request", func() *draft {
			return idToken().claim(claimAuthReqID, "req-1")
		}, accept},
		{"13: auth_req_id of another request", func() *draft {
			return idToken().claim(claimAuthReqID, "req-2")
		}, ErrInvalid},
		{"rt_hash of the refresh token", func() *draft {
			return idToken().claim(claimRefreshToken, half256("refresh"))
		}, accept},
		{"rt_hash of another one", func() *draft {
			return idToken().claim(claimRefreshToken, half256("access"))
		}, ErrInvalid},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := idTokens(testKeySet())
				v.TrustedAudiences = []string{"partner"}
				c, err := v.Verify(t.Context(), r.d().token(), tx)
				if !errors.Is(err, r.want) || (err == nil) != (c != nil) {
					t.Fatalf("got %v, %v; want %v", c, err, r.want)
				}
				if err == nil && (c.Subject != "auth0|jdoe" || c.ClientID != testClient ||
					c.Machine) {
					t.Errorf("claims %+v", *c)
				}
			})
		})
	}
}

func TestABoundIDTokenNeedsItsTransaction(t *testing.T) {
	for _, claim := range []string{"at_hash", claimAuthReqID, claimRefreshToken} {
		for _, value := range []string{"", "x", halfHash(algRS256, "")} {
			if _, err := idTokens(testKeySet()).Verify(t.Context(),
				idToken().claim(claim, value).token(), Transaction{}); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s = %q without a transaction: %v", claim, value, err)
			}
		}
	}
}

func TestOnlyTheTrueOfJSONVerifiesAnEmail(t *testing.T) {
	for _, r := range []struct {
		verified any
		email    string
		want     bool
	}{
		{true, "jdoe@staff0.com", true}, {false, "jdoe@staff0.com", false},
		{"true", "jdoe@staff0.com", false},
		{1, "jdoe@staff0.com", false}, {nil, "jdoe@staff0.com", false}, {true, "", false},
	} {
		c, err := idTokens(testKeySet()).Verify(t.Context(), idToken().claim("email",
			r.email).claim("email_verified", r.verified).token(), Transaction{})
		if err != nil || c.Email != r.email || c.EmailVerified != r.want {
			t.Errorf("email_verified %v: %+v, %v", r.verified, c, err)
		}
	}
	c, err := idTokens(testKeySet()).Verify(t.Context(),
		idToken().drop("email").claim("Email", "x@y").token(), Transaction{})
	if err != nil || c.Email != "" || c.EmailVerified {
		t.Errorf("no email: %+v, %v", c, err)
	}
}

func TestAnIncompleteIDTokenVerifierRefusesEverything(t *testing.T) {
	set := testKeySet()
	for name, v := range map[string]*IDTokens{
		"nil": nil, "zero": {}, "no issuer": {Keys: set, ClientID: testClient},
		"no client": {Keys: set, Issuer: testIssuer},
	} {
		if _, err := v.Verify(t.Context(), idToken().token(), Transaction{}); !errors.Is(err,
			ErrInvalid) || v.Validate() == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := idTokens(set).Validate(); err != nil {
		t.Error(err)
	}
	if _, err := idTokens(set).Verify(t.Context(), strings.Repeat("a", 10),
		Transaction{}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}
