package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// RFC 7515 appendix A.3
	jwkES256 = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	// RFC 8037 appendix A.2
	jwkEd25519 = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

func newKey(t testing.TB) *SigningKey {
	t.Helper()
	key, err := Generate("ES256")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicKey(t testing.TB, jwk string) crypto.PublicKey {
	t.Helper()
	var members map[string]string
	if err := json.Unmarshal([]byte(jwk), &members); err != nil {
		t.Fatal(err)
	}
	key, err := Public(members)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A key of every kind signs, and only its own public key and algorithm verify.
func TestKeysOfEveryKind(t *testing.T) {
	type signed struct {
		key *SigningKey
		sig []byte
	}
	var all []signed
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		key, err := Generate(alg)
		if err != nil || key.Alg() != alg {
			t.Fatal(err)
		}
		sig, err := key.Sign("input")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signed{key, sig})
		again, err := Public(key.JWK("k"))
		if err != nil || Thumbprint(again) != key.ID() {
			t.Errorf("%s: %s, want %s, %v", alg, Thumbprint(again), key.ID(), err)
		}
		token, err := key.SignToken("k", "at+jwt", jwt.MapClaims{"sub": "s"})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) {
			return key.Public(), nil
		}, jwt.WithValidMethods([]string{alg}))
		if err != nil || parsed.Header["kid"] != "k" || parsed.Header["typ"] != "at+jwt" {
			t.Errorf("%s: %v, %v", alg, parsed, err)
		}
	}
	for _, s := range all {
		for _, v := range all {
			if got, want := Verify(v.key.Public(), s.key.Alg(), "input", s.sig),
				s.key == v.key; got != want {
				t.Errorf("%s by a key for %s: %v", s.key.Alg(), v.key.Alg(), got)
			}
		}
		for _, alg := range []string{"", "none", "HS256", "RS384", "es256"} {
			if Verify(s.key.Public(), alg, "input", s.sig) {
				t.Errorf("%s holds as %q", s.key.Alg(), alg)
			}
		}
	}
	if key, err := Generate("HS256"); err == nil || key != nil {
		t.Error("a key for HS256 was made")
	}
}

func TestSigningKeyKeptInAFile(t *testing.T) {
	key := newKey(t)
	file, err := key.MarshalPEM()
	if err != nil || !bytes.HasPrefix(file, []byte("-----BEGIN PRIVATE KEY-----\n")) {
		t.Fatalf("%s, %v", file, err)
	}
	again, err := ParsePEM(append([]byte("a comment\n"), file...))
	if err != nil || again.ID() != key.ID() {
		t.Fatalf("%v", err)
	}
	var jwk map[string]string
	if err := json.Unmarshal(key.PublicJWK(), &jwk); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256",
		"use": "sig", "kid": key.ID()} {
		if jwk[name] != want {
			t.Errorf("%s is %q, want %q", name, jwk[name], want)
		}
	}
	if _, ok := jwk["d"]; ok || len(jwk) != 7 {
		t.Errorf("the public key is %s", key.PublicJWK())
	}
	d, err := key.private.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	number := new(big.Int).SetBytes(d).String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if strings.Contains(fmt.Sprintf(verb, key), number) {
			t.Errorf("%s prints the private key", verb)
		}
	}
}

func TestParsePEMRefuses(t *testing.T) {
	pkcs8 := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	key := newKey(t)
	for _, c := range []struct {
		rule, kind string
		der        []byte
	}{
		{"nothing", "", nil},
		{"another PEM block", "EC PRIVATE KEY", pkcs8(key.private)},
		{"what is no key", "PRIVATE KEY", []byte("no key")},
		{"another kind of key", "PRIVATE KEY", pkcs8(ed)},
		{"another curve", "PRIVATE KEY", pkcs8(p384)},
	} {
		var file []byte
		if c.kind != "" {
			file = pem.EncodeToMemory(&pem.Block{Type: c.kind, Bytes: c.der})
		}
		if got, err := ParsePEM(file); err == nil || got != nil ||
			!strings.Contains(err.Error(), "openssl genpkey") {
			t.Errorf("%s: %v", c.rule, err)
		}
	}
}

// The examples of the RFCs, and that nothing but the very input holds.
func TestSignaturesOfTheRFCs(t *testing.T) {
	for _, c := range []struct{ source, jwk, alg, input, signature string }{
		{
			"RFC 7515 appendix A.3", jwkES256, "ES256",
			"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
			"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
		{
			"RFC 8037 appendix A.4", jwkEd25519, "EdDSA",
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
			"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
		},
	} {
		public := publicKey(t, c.jwk)
		raw, err := Decode(c.signature)
		if err != nil || !Verify(public, c.alg, c.input, raw) {
			t.Errorf("%s does not hold (%v)", c.source, err)
		}
		if Verify(public, c.alg, c.input+"A", raw) ||
			Verify(public, c.alg, c.input, append(raw, 0)) ||
			Verify(public, c.alg, c.input, raw[1:]) {
			t.Errorf("%s holds for something else", c.source)
		}
	}
}

// RFC 7518 §3.5: the salt of PS256 is as long as the hash.
func TestPS256WantsItsSaltLength(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, MinRSABits)
	if err != nil {
		t.Fatal(err)
	}
	input := "input"
	digest := sha256.Sum256([]byte(input))
	for salt, want := range map[int]bool{sha256.Size: true, 20: false} {
		raw, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:],
			&rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		if Verify(&private.PublicKey, "PS256", input, raw) != want ||
			Verify(&private.PublicKey, "RS256", input, raw) {
			t.Errorf("a salt of %d bytes", salt)
		}
	}
}
