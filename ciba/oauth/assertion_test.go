package oauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jose"
)

func keyFor(t *testing.T, alg string) *jose.SigningKey {
	t.Helper()
	key, err := jose.Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A client with a key sends an assertion that is good for the issuer alone, for a minute and for
// one request, at both endpoints, and no secret of any kind.
func TestPrivateKeyJWT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			key, announced, want string
		}{
			{"RS256", "", "RS256"}, {"RS256", "PS256", "PS256"}, {"PS256", "RS256 PS256", "RS256"},
			{"ES256", "", "ES256"}, {"ES256", "RS256 ES256", "ES256"}, {"ES256", "RS256", ""},
			{"RS256", "ES256", ""}, {"EdDSA", "", ""},
		} {
			key := keyFor(t, tt.key)
			meta := testMetadata()
			meta.AuthMethods = append(meta.AuthMethods, "private_key_jwt")
			for alg := range strings.FieldsSeq(tt.announced) {
				meta.AuthAlgorithms = append(meta.AuthAlgorithms, alg)
			}
			ids := map[any]bool{}
			sent := 0
			hc := clientOf(func(w http.ResponseWriter, r *http.Request) {
				sent++
				_ = r.ParseForm()
				f := r.PostForm
				if f.Get("client_id") != "bank" || f.Has("client_secret") ||
					r.Header.Get("Authorization") != "" || f.Get("scope") != "openid" ||
					f.Get("client_assertion_type") !=
						"urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Errorf("sent %v, %v", f, r.Header)
				}
				token, err := jwt.Parse(f.Get("client_assertion"), func(*jwt.Token) (any, error) {
					return key.Public(), nil
				}, jwt.WithValidMethods([]string{tt.want}), jwt.WithExpirationRequired(),
					jwt.WithIssuedAt())
				if err != nil {
					t.Errorf("%+v: %v", tt, err)
					return
				}
				c := token.Claims.(jwt.MapClaims)
				now := float64(time.Now().Unix())
				if token.Header["typ"] != "client-authentication+jwt" ||
					len(token.Header) != 2 || c["iss"] != "bank" || c["sub"] != "bank" ||
					c["aud"] != testIssuer || c["iat"] != now || c["exp"] != now+60 ||
					ids[c["jti"]] || len(c) != 6 {
					t.Errorf("%v %v", token.Header, c)
				}
				ids[c["jti"]] = true
				jsonAnswer(`{}`)(w, r)
			})
			for _, endpoint := range []string{meta.TokenEndpoint,
				meta.BackchannelAuthenticationEndpoint, meta.TokenEndpoint} {
				_, err := PostForm(context.Background(), hc, endpoint, meta,
					ClientAuth{ID: "bank", Key: key}, url.Values{"scope": {"openid"}})
				if (err == nil) != (tt.want != "") {
					t.Errorf("%+v: %v", tt, err)
				}
			}
			if (sent == 3) != (tt.want != "") {
				t.Errorf("%+v: %d requests", tt, sent)
			}
		}
	})
}

// What is missing, what is too much, and a provider that does not take the method: nothing is sent.
func TestClientAuthIsOneThing(t *testing.T) {
	key := keyFor(t, "ES256")
	with := testMetadata()
	with.AuthMethods = append(with.AuthMethods, "private_key_jwt")
	for why, tt := range map[string]struct {
		auth ClientAuth
		meta *Metadata
	}{
		"nothing":               {ClientAuth{}, with},
		"an id":                 {ClientAuth{ID: "bank"}, with},
		"a key without an id":   {ClientAuth{Key: key}, with},
		"key and secret":        {ClientAuth{ID: "bank", Secret: "s", Key: key}, with},
		"a provider without it": {ClientAuth{ID: "bank", Key: key}, testMetadata()},
		"a provider that is silent": {ClientAuth{ID: "bank", Key: key}, &Metadata{
			Issuer: testIssuer, TokenEndpoint: testIssuer + "token"}},
	} {
		hc := clientOf(func(http.ResponseWriter, *http.Request) { t.Errorf("%s: sent", why) })
		if _, err := PostForm(context.Background(), hc, testIssuer+"token", tt.meta, tt.auth,
			nil); err == nil {
			t.Errorf("%s: no error", why)
		}
	}
}
