package jwks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	testIssuer   = "https://tenant.example/"
	testAudience = "https://staff0/agent"
	testClient   = "bank"
)

// keyring holds one key of each kind that a test asks for; made once, since RSA keys are slow to
// make.
type keyring struct {
	rsa, otherRSA, weakRSA *rsa.PrivateKey
	ec, otherEC, p384      *ecdsa.PrivateKey
	ed                     ed25519.PrivateKey
}

var keys = sync.OnceValue(func() *keyring {
	rsaKey := func(bits int) *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, bits)) }
	ecKey := func(c elliptic.Curve) *ecdsa.PrivateKey {
		return must(ecdsa.GenerateKey(c, rand.Reader))
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(0, err)
	return &keyring{
		rsa: rsaKey(2048), otherRSA: rsaKey(2048), weakRSA: rsaKey(1024),
		ec: ecKey(elliptic.P256()), otherEC: ecKey(elliptic.P256()), p384: ecKey(elliptic.P384()),
		ed: ed,
	}
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// counted counts how often a key was looked for.
type counted struct {
	KeySet
	lookups atomic.Int64
}

func (c *counted) Key(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error) {
	c.lookups.Add(1)
	return c.KeySet.Key(ctx, token)
}

func testKeySet() *counted {
	k := keys()
	return &counted{KeySet: must(NewStatic(map[string]crypto.PublicKey{
		"rsa": &k.rsa.PublicKey, "ec": &k.ec.PublicKey, "ed": k.ed.Public(),
	}))}
}

// at is a token of which only the header is looked at.
func at(kid, alg string) *jwt.Token { return &jwt.Token{Header: fields{"kid": kid, "alg": alg}} }

func lookup(t *testing.T, s *set, token *jwt.Token) (crypto.PublicKey, error) {
	return find(t.Context(), must(newFinder(s)), token)
}

type fields = map[string]any

// draft is a token before it is signed. rawHeader and rawPayload, where set, are used to the
// letter.
type draft struct {
	header, payload       fields
	rawHeader, rawPayload string
	method                jwt.SigningMethod
	key                   any
}

// rfc9068 is a good access token of the strict profile.
func rfc9068() *draft {
	now := time.Now().Unix()
	return &draft{
		header: fields{"alg": "RS256", "typ": "at+jwt", "kid": "rsa"},
		payload: fields{
			"iss": testIssuer, "aud": testAudience, "sub": "auth0|jdoe", "client_id": testClient,
			"iat": now, "exp": now + 3600, "jti": "t-1",
			"scope": "read:employee_status read:employee",
		},
		method: jwt.SigningMethodRS256, key: keys().rsa,
	}
}

// auth0 is a good access token of Auth0's older profile.
func auth0() *draft {
	return rfc9068().head("typ", "JWT").drop("client_id", "jti").claim("azp", testClient)
}

func keycloak() *draft {
	return rfc9068().head("typ", "JWT").drop("client_id").claim("azp", testClient).claim("typ",
		"Bearer")
}

func idToken() *draft {
	return rfc9068().head("typ", "JWT").drop("client_id", "jti", "scope").claim("aud", testClient).
		claim("email", "jdoe@staff0.com").claim("email_verified", true)
}

func (d *draft) head(name string, value any) *draft  { d.header[name] = value; return d }
func (d *draft) claim(name string, value any) *draft { d.payload[name] = value; return d }

func (d *draft) drop(claims ...string) *draft {
	for _, name := range claims {
		delete(d.payload, name)
	}
	return d
}

func (d *draft) dropHead(name string) *draft { delete(d.header, name); return d }

// after puts raw JSON members behind those of the payload, for duplicates and values that Go would
// not write.
func (d *draft) after(raw string) *draft {
	p := string(must(json.Marshal(d.payload)))
	d.rawPayload = p[:len(p)-1] + "," + raw + "}"
	return d
}

// with signs by another algorithm; kid and alg of the header follow.
func (d *draft) with(method jwt.SigningMethod, kid string, key any) *draft {
	d.method, d.key = method, key
	return d.head("alg", method.Alg()).head("kid", kid)
}

func (d *draft) signingString() string {
	header, payload := d.rawHeader, d.rawPayload
	if header == "" {
		header = string(must(json.Marshal(d.header)))
	}
	if payload == "" {
		payload = string(must(json.Marshal(d.payload)))
	}
	return b64(header) + "." + b64(payload)
}

func (d *draft) token() string {
	signed := d.signingString()
	return signed + "." + b64(string(must(d.method.Sign(signed, d.key))))
}

func (d *draft) clone() *draft {
	c := *d
	c.header, c.payload = maps.Clone(d.header), maps.Clone(d.payload)
	return &c
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func accessTokens(k KeySet, p Profile) *AccessTokens {
	return &AccessTokens{Keys: k, Issuer: testIssuer, Audience: testAudience, Profile: p}
}

// jwk is a public key as an issuer publishes it.
func jwk(kid string, key crypto.PublicKey) fields {
	out := fields{"kid": kid, "use": "sig"}
	num := func(n *big.Int, size int) string { return b64(string(n.FillBytes(make([]byte, size)))) }
	switch k := key.(type) {
	case *rsa.PublicKey:
		out["kty"], out["n"], out["e"] = "RSA", num(k.N, k.Size()), "AQAB"
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		point := must(k.Bytes())[1:]
		out["kty"], out["crv"] = "EC", k.Curve.Params().Name
		out["x"], out["y"] = b64(string(point[:size])), b64(string(point[size:]))
	case ed25519.PublicKey:
		out["kty"], out["crv"], out["x"] = "OKP", "Ed25519", b64(string(k))
	}
	return out
}

func jwkWith(f fields, name string, value any) fields {
	f = maps.Clone(f)
	f[name] = value
	return f
}

// keySetJSON is a document of keys, with the grease that a reader must overlook: an unknown member
// and an unknown type.
func keySetJSON(jwks ...fields) string {
	all := append([]fields{{"kty": "X-GREASE", "kid": "grease"}}, jwks...)
	return string(must(json.Marshal(fields{"keys": all, "x-grease": []int{1}})))
}

func TestMain(m *testing.M) {
	keys() // outside of every synctest bubble
	m.Run()
}
