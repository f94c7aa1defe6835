package a2aclient

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"strings"
	"testing"

	"staff0/ciba/jose"
)

const (
	// RFC 7515 appendix A.3
	jwkES256 = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	// RFC 8037 appendix A.2
	jwkEd25519 = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	// RFC 7638 §3.1
	jwkRSA = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
)

func newKey(t testing.TB) (*jose.SigningKey, *CardKey) {
	t.Helper()
	key, err := jose.Generate("ES256")
	if err != nil {
		t.Fatal(err)
	}
	return key, cardKey(t, string(key.PublicJWK()))
}

func cardKey(t testing.TB, pin string) *CardKey {
	t.Helper()
	key, err := ParseCardKey(pin)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// with is a JWK with one member set.
func with(t testing.TB, jwk, name string, value any) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(jwk), &members); err != nil {
		t.Fatal(err)
	}
	members[name] = value
	out, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestThumbprintsOfTheRFCs(t *testing.T) {
	for _, c := range []struct{ source, jwk, want string }{
		{"RFC 7638 §3.1", jwkRSA, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RFC 8037 appendix A.3", jwkEd25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		if got := cardKey(t, c.jwk).thumbprint; got != c.want {
			t.Errorf("%s: %s, want %s", c.source, got, c.want)
		}
	}
}

func TestParseCardKey(t *testing.T) {
	thumbprint := "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
	for _, c := range []struct{ rule, pin string }{
		{"a JWK", jwkRSA},
		{"a JWK with blanks around it", "\n " + jwkRSA + "\n"},
		{"a thumbprint", thumbprint},
		{"a thumbprint with a line break after it", thumbprint + "\n"},
		{"the URN of a thumbprint", "urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + thumbprint},
		{"a key for signatures", with(t, jwkRSA, "use", "sig")},
		{"a key to verify with", with(t, jwkRSA, "key_ops", []string{"verify"})},
		{"a key for any algorithm", with(t, jwkRSA, "alg", "")},
		{"a key for PS256", with(t, jwkRSA, "alg", "PS256")},
		{"members that mean nothing here", with(t, jwkRSA, "exp", 12)},
	} {
		if key, err := ParseCardKey(c.pin); err != nil || key.thumbprint != thumbprint {
			t.Errorf("%s: %v, %v", c.rule, key, err)
		}
	}
}

func TestParseCardKeyRefuses(t *testing.T) {
	uncompressed, err := cardKey(t, jwkES256).public.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	point := uncompressed[1:]
	p384 := strings.Replace(jwkES256, "P-256", "P-384", 1)
	for _, c := range []struct{ rule, pin, why string }{
		{"nothing", "", "thumbprint"},
		{"a short thumbprint", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9X", "thumbprint"},
		{"a thumbprint in another base64", "NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs",
			"thumbprint"},
		{"a thumbprint broken in two", "NzbLsXh8uDCcd-6MNwXF4W_7\nnoWXFZAfHkxZsRGC9Xs",
			"thumbprint"},
		{"an address", "https://agent.example/jwks.json", "thumbprint"},
		{"too much", strings.Repeat(" x", MaxKeySize), "longer"},
		{"half a JWK", jwkRSA[:40], "not valid JSON"},
		{"a member named twice", `{"kty":"EC",` + jwkES256[1:], "twice"},
		{"a private key", with(t, jwkES256, "d", "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
			"private"},
		{"a secret", `{"kty":"oct","k":"AAAA"}`, "private"},
		{"a key for encryption", with(t, jwkES256, "use", "enc"), "use"},
		{"a key to sign with", with(t, jwkES256, "key_ops", []string{"sign"}), "key_ops"},
		{"a key for an algorithm of another kind", with(t, jwkES256, "alg", "RS256"), "alg"},
		{"a key for an algorithm of another curve", with(t, jwkES256, "alg", "ES384"), "alg"},
		{"an unknown kind", with(t, jwkES256, "kty", "X"), "kind"},
		{"an unknown curve", with(t, jwkES256, "crv", "secp256k1"), "kind"},
		{"a key for key agreement", with(t, jwkEd25519, "crv", "X25519"), "kind"},
		{"a point that is not on the curve",
			with(t, jwkES256, "y", "y_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), "no key"},
		{"coordinates of another curve", p384, "no key"},
		{"coordinates cut at another place", `{"kty":"EC","crv":"P-256","x":"` +
			jose.Encode(point[:31]) + `","y":"` + jose.Encode(point[31:]) + `"}`, "no key"},
		{"a coordinate that is no text", with(t, jwkES256, "x", 5), "no key"},
		{"a short Ed25519 key", with(t, jwkEd25519, "x", "11qYAYKxCrfVS_7TyWQHOg"), "no key"},
		{"an RSA key without a modulus", with(t, jwkRSA, "n", ""), "no key"},
		{"an even exponent", with(t, jwkRSA, "e", "AQAA"), "no key"},
		{"the exponent 1", with(t, jwkRSA, "e", "AQ"), "no key"},
		{"a huge exponent", with(t, jwkRSA, "e", "AQAAAAAB"), "no key"},
		{"an RSA key of 1024 bits",
			with(t, jwkRSA, "n", jose.Encode(bytes.Repeat([]byte{0xff}, 128))), "1024 bits"},
		{"an RSA key of 8200 bits",
			with(t, jwkRSA, "n", jose.Encode(bytes.Repeat([]byte{0xff}, 1025))), "8200 bits"},
	} {
		if key, err := ParseCardKey(c.pin); err == nil || key != nil ||
			!strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.rule, err)
		}
	}
}
