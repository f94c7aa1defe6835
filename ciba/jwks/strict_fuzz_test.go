package jwks

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// Whatever the strict parser accepts has one spelling, and golang-jwt reads the same header and the
// same claims out of it. The reverse is not asked for: golang-jwt takes much that is refused here.
func FuzzParse(f *testing.F) {
	good := rfc9068().with(jwt.SigningMethodES256, "ec", keys().ec)
	f.Add(good.token())
	f.Add(good.clone().after(`"act":{"sub":["a",1e3,{"b":null}]},"n":1e400`).token())
	f.Add(good.clone().after(`"\u0061ud":"x"`).token())
	f.Add(good.clone().head("crit", []string{"exp"}).token())
	f.Add(good.token() + "\n")
	f.Add(b64(`{"alg":"RS256","kid":"a","typ":null}`) + "." + b64(" {} ") + ".AA")
	f.Add(b64(`{"alg":"RS256","kid":"a"}`) + "." + b64(`{"iss":"\ud800","iss\u0000":1}`) + ".AA")
	f.Add("..")
	f.Add("e30.e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := parse(token)
		if err != nil {
			return
		}
		parts := strings.Split(token, ".")
		if len(parts) != 3 || len(token) > MaxTokenBytes {
			t.Fatalf("accepted %d parts, %d bytes", len(parts), len(token))
		}
		for _, part := range parts {
			raw, err := strictBase64.DecodeString(part)
			if err != nil || b64(string(raw)) != part {
				t.Fatalf("%q has another spelling, %v", part, err)
			}
		}
		if p.signed != parts[0]+"."+parts[1] || b64(string(p.Signature)) != parts[2] {
			t.Fatal("what is verified is not what was sent")
		}
		parser := jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithJSONNumber())
		var claims jwt.MapClaims
		theirs, _, err := parser.ParseUnverified(token, &claims)
		if err != nil {
			t.Fatalf("golang-jwt refuses it: %v", err)
		}
		if theirs.Header["alg"] != p.alg() || theirs.Header["kid"] != p.Header["kid"] ||
			!bytes.Equal(theirs.Signature, p.Signature) && len(theirs.Signature) > 0 {
			t.Fatalf("header %v, want %q %q", theirs.Header, p.alg(), p.Header["kid"])
		}
		if len(claims) != len(p.payload) {
			t.Fatalf("%d claims, golang-jwt has %d", len(p.payload), len(claims))
		}
		for _, m := range p.payload {
			var ours any
			dec := json.NewDecoder(bytes.NewReader(m.value))
			dec.UseNumber()
			if err := dec.Decode(&ours); err != nil || !reflect.DeepEqual(ours, claims[m.name]) {
				t.Fatalf("claim %q is %v, golang-jwt has %v, %v", m.name, ours, claims[m.name], err)
			}
		}
	})
}

// Whatever bytes an issuer serves, a set that is read has usable keys only, and reading it again
// gives the same.
func FuzzKeySet(f *testing.F) {
	f.Add([]byte(bothKeys()))
	f.Add([]byte(keySetJSON(jwk("a", &keys().weakRSA.PublicKey), jwk("a", &keys().p384.PublicKey))))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA","kid":"a"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := readSet(t.Context(), body)
		if err != nil {
			return
		}
		all, err := s.KeyReadAll(t.Context())
		if err != nil || len(all) == 0 {
			t.Fatalf("a set without keys: %v", err)
		}
		for _, k := range all {
			if !usableAtAll(k.Key()) || !saneKeyID(k.Marshal().KID) {
				t.Fatalf("kept %+v", k.Marshal())
			}
		}
		again, err := readSet(t.Context(), s.content)
		if err != nil || !bytes.Equal(again.content, s.content) {
			t.Fatalf("read again: %v", err)
		}
	})
}

func TestStaticKeySets(t *testing.T) {
	k := keys()
	for name, bad := range map[string]any{"RSA-1024": &k.weakRSA.PublicKey,
		"P-384": &k.p384.PublicKey, "a secret": []byte("secret"),
		"a short Ed25519 key": k.ed.Public().(ed25519.PublicKey)[:31], "nil": nil,
		"a private key": k.rsa} {
		if _, err := NewStatic(map[string]crypto.PublicKey{"k": bad}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := NewStatic(nil); err == nil {
		t.Error("an empty set was accepted")
	}
	if _, err := NewStatic(map[string]crypto.PublicKey{"a/b": &k.rsa.PublicKey}); err == nil {
		t.Error("a key id that no token may have was accepted")
	}
	given := map[string]crypto.PublicKey{"rsa": &k.rsa.PublicKey}
	s, err := NewStatic(given)
	if err != nil || s.Version() == 0 {
		t.Fatal(err)
	}
	given["evil"] = &k.otherRSA.PublicKey
	if _, err := s.Key(t.Context(), at("evil", algRS256)); err == nil {
		t.Error("the set can be changed from outside")
	}
}
