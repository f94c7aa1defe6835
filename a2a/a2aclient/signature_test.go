package a2aclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/wire"
	"staff0/ciba/jose"
)

// signedText is the golden card with signatures by the keys, as it is served.
func signedText(t testing.TB, keys ...*jose.SigningKey) []byte {
	t.Helper()
	card, err := wire.UnmarshalCard(goldenCard(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		s, err := a2asrv.SignCard(card, key)
		if err != nil {
			t.Fatal(err)
		}
		card.Signatures = append(card.Signatures, s)
	}
	data, err := wire.MarshalCard(card, wire.CardV10)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// edit changes a document. The function may change the members in place.
func edit(t testing.TB, data []byte, change func(doc map[string]any)) []byte {
	t.Helper()
	doc := parse(t, data).(map[string]any)
	change(doc)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignedCardIsVerified(t *testing.T) {
	key, public := newKey(t)
	data := signedText(t, key)
	want := readCard(t, data)
	_, other := newKey(t)
	for _, c := range []struct {
		rule string
		data []byte
		keys []*CardKey
	}{
		{"by its key", data, []*CardKey{public}},
		{"by one of several keys", data, []*CardKey{other, public}},
		{"by its thumbprint, since it brings the key", data, []*CardKey{cardKey(t, key.ID())}},
		{"by a key without kid", data,
			[]*CardKey{cardKey(t, with(t, string(key.PublicJWK()), "kid", ""))}},
		{"by a key that goes by another kid too, since the thumbprint names it", data,
			[]*CardKey{cardKey(t, with(t, string(key.PublicJWK()), "kid", "k1"))}},
		{"in another order and with blanks", edit(t, data, func(map[string]any) {}),
			[]*CardKey{public}},
		{"with default values that a server writes out", edit(t, data, func(doc map[string]any) {
			doc["skills"].([]any)[0].(map[string]any)["examples"] = []any{"Does John Doe with email jdoe@staff0.com work at Staff0?"}
			doc["supportedInterfaces"].([]any)[0].(map[string]any)["tenant"] = ""
			doc["iconUrl"] = nil
		}), []*CardKey{public}},
	} {
		card, err := VerifyCard(c.data, c.keys...)
		if err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		if !reflect.DeepEqual(card, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.rule, card, want)
		}
	}
}

// What is not signed does not come out, whatever the reader of unsigned cards would make of it.
func TestVerifiedCardHasNothingUnsigned(t *testing.T) {
	key, public := newKey(t)
	data := signedText(t, key)
	want := readCard(t, data)
	changed := edit(t, data, func(doc map[string]any) {
		doc["Name"] = "Another" // encoding/json takes it for name
		doc["url"], doc["preferredTransport"] = "https://evil.example", "JSONRPC"
		doc["additionalInterfaces"] = []any{map[string]any{"url": "https://evil.example",
			"transport": "GRPC"}}
		doc["security"] = []any{map[string]any{}}
		doc["x-unknown"] = true
		// "no authentication", were it signed
		doc["securityRequirements"] = append(doc["securityRequirements"].([]any), map[string]any{})
		doc["defaultInputModes"] = append(doc["defaultInputModes"].([]any), "")
		doc["capabilities"].(map[string]any)["stateTransitionHistory"] = true
		for _, s := range doc["securitySchemes"].(map[string]any) {
			s.(map[string]any)["type"], s.(map[string]any)["openIdConnectUrl"] = "openIdConnect",
				"https://evil.example"
		}
	})
	card, err := VerifyCard(changed, public)
	if err != nil || !reflect.DeepEqual(card, want) {
		t.Errorf("got  %+v, %v\nwant %+v", card, err, want)
	}

	// A signer that knows more members than we do signs them, and then they are not to be touched.
	payload := []byte(
		`{"futureMember":{"a":1},"name":"n","supportedInterfaces":[{"url":"https://a.example"}]}`)
	future := edit(t, payload, func(doc map[string]any) {
		doc["signatures"] = []any{signatureOf(t, key, payload, header(key))}
	})
	if card, err := VerifyCard(future, public); err != nil || card.Name != "n" {
		t.Errorf("a card with a member of the future: %v", err)
	}
	touched := edit(t, future, func(doc map[string]any) { delete(doc, "futureMember") })
	if _, err := VerifyCard(touched, public); !errors.Is(err, ErrCardAltered) {
		t.Errorf("a card that lost a member of the future: %v", err)
	}
	// What was signed but is no card that can be used.
	nowhere := []byte(`{"name":"n"}`)
	moved := edit(t, nowhere, func(doc map[string]any) {
		doc["url"] = "https://evil.example"
		doc["signatures"] = []any{signatureOf(t, key, []byte(`{"name":"n"}`), header(key))}
	})
	if card, err := VerifyCard(moved, public); !errors.Is(err, a2a.ErrInvalidAgentResponse) ||
		card != nil {
		t.Errorf("a card without an address was given one: %+v, %v", card, err)
	}
	// What has no canonical form, since it is no I-JSON, was not signed.
	beyond := []byte(`{"url":"u","signatures":[{"protected":"p","signature":"s"}],"future":1e400}`)
	if card, err := VerifyCard(beyond, public); !errors.Is(err, a2a.ErrInvalidAgentResponse) ||
		card != nil {
		t.Errorf("a card with a number beyond doubles: %+v, %v", card, err)
	}
}

// What has no canonical form is not signed.
func TestNothingIsSignedThatHasNoForm(t *testing.T) {
	bad := &a2a.AgentCard{Capabilities: a2a.AgentCapabilities{Extensions: []a2a.AgentExtension{{Params: a2a.Struct(`{"a":"\ud800"}`)}}}}
	key, _ := newKey(t)
	if s, err := a2asrv.SignCard(bad, key); err == nil || s.Signature != "" {
		t.Errorf("half a surrogate pair was signed: %v", s)
	}
}

func header(key *jose.SigningKey) string {
	return `{"alg":"ES256","kid":"` + key.ID() + `","typ":"JOSE"}`
}

// signatureOf signs any payload under any protected header.
func signatureOf(
	t testing.TB, key *jose.SigningKey, payload []byte, protected string,
) map[string]any {
	t.Helper()
	protected = jose.Encode([]byte(protected))
	raw, err := key.Sign(protected + "." + jose.Encode(payload))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"protected": protected, "signature": jose.Encode(raw)}
}

func TestVerifyCardRefuses(t *testing.T) {
	key, public := newKey(t)
	otherKey, other := newKey(t)
	good := signedText(t, key)
	payload, err := wire.CardPayload(readCard(t, good))
	if err != nil {
		t.Fatal(err)
	}
	// under is the card with one good signature, but for its protected header.
	under := func(protected string) []byte {
		return edit(t, good, func(doc map[string]any) {
			doc["signatures"] = []any{signatureOf(t, key, payload, protected)}
		})
	}
	signature := func(change func(s map[string]any)) []byte {
		return edit(t, good, func(doc map[string]any) {
			change(doc["signatures"].([]any)[0].(map[string]any))
		})
	}
	if _, err := VerifyCard(under(header(key)), public); err != nil {
		t.Fatal(err) // or the rows below would prove nothing
	}
	id := key.ID()
	// so that the kind of the key alone decides
	anyAlg := cardKey(t, with(t, string(key.PublicJWK()), "alg", ""))
	for _, c := range []struct {
		rule string
		data []byte
		keys []*CardKey
		want error
		says string
	}{
		{"no signature", signedText(t), []*CardKey{public}, ErrCardUnsigned, "not signed"},
		{"an empty list of signatures", edit(t, good, func(doc map[string]any) {
			doc["signatures"] = []any{}
		}), []*CardKey{public}, ErrCardUnsigned, ""},
		{"no key is pinned", good, nil, ErrCardSigner, "pin"},
		{"a key that is none", good, []*CardKey{{}}, ErrCardSigner, ""},
		{"another key is pinned", good, []*CardKey{other}, ErrCardSigner,
			"signature 1 is by no pinned key"},
		{"another key without kid is pinned", good,
			[]*CardKey{cardKey(t, with(t, string(otherKey.PublicJWK()), "kid", ""))},
			ErrCardSigner, ""},
		{"another thumbprint is pinned", good, []*CardKey{cardKey(t, otherKey.ID())},
			ErrCardSigner, ""},
		{"a thumbprint is pinned and the key is not there", under(header(key)),
			[]*CardKey{cardKey(t, id)}, ErrCardSigner, "pin the whole key"},
		{"a changed address", edit(t, good, func(doc map[string]any) {
			doc["supportedInterfaces"].([]any)[0].(map[string]any)["url"] = "https://evil.example"
		}), []*CardKey{public}, ErrCardAltered, "signature 1 names a pinned key and does not hold"},
		{"a changed address, by the thumbprint", edit(t, good, func(doc map[string]any) {
			doc["supportedInterfaces"].([]any)[0].(map[string]any)["url"] = "https://evil.example"
		}), []*CardKey{cardKey(t, id), other}, ErrCardAltered, ""},
		{"a requirement more", edit(t, good, func(doc map[string]any) {
			doc["securityRequirements"] = append(doc["securityRequirements"].([]any),
				map[string]any{"schemes": map[string]any{"x": map[string]any{"list": []any{"y"}}}})
		}), []*CardKey{public}, ErrCardAltered, ""},
		{"a scheme less", edit(t, good, func(doc map[string]any) {
			delete(doc, "securitySchemes")
		}), []*CardKey{public}, ErrCardAltered, ""},
		{"a signature of another in the name of the key", edit(t, good, func(doc map[string]any) {
			doc["signatures"] = []any{signatureOf(t, otherKey, payload, header(key))}
		}), []*CardKey{public}, ErrCardAltered, ""},

		{"no algorithm", under(`{"alg":"none","kid":"` + id + `"}`), []*CardKey{anyAlg},
			ErrCardAltered, "algorithm"},
		{"no algorithm and no signature", signature(func(s map[string]any) {
			s["protected"], s["signature"] = jose.Encode([]byte(`{"alg":"none","kid":"`+id+`"}`)),
				""
		}), []*CardKey{anyAlg}, ErrCardAltered, "algorithm"},
		{"a secret made of the public key", under(`{"alg":"HS256","kid":"` + id + `"}`),
			[]*CardKey{anyAlg}, ErrCardAltered, "algorithm"},
		{"an algorithm of another curve", under(`{"alg":"ES384","kid":"` + id + `"}`),
			[]*CardKey{anyAlg}, ErrCardAltered, "algorithm"},
		{"an algorithm of another kind of key", under(`{"alg":"RS256","kid":"` + id + `"}`),
			[]*CardKey{anyAlg}, ErrCardAltered, "algorithm"},
		{"an algorithm in other letters", under(`{"alg":"es256","kid":"` + id + `"}`),
			[]*CardKey{anyAlg}, ErrCardAltered, "algorithm"},
		{"the algorithm under another name", under(`{"ALG":"ES256","kid":"` + id + `"}`),
			[]*CardKey{public}, ErrCardSigner, "alg, kid"},
		{"an algorithm that is no text", under(`{"alg":["ES256"],"kid":"` + id + `"}`),
			[]*CardKey{public}, ErrCardSigner, "alg, kid"},
		{"the algorithm outside of what is signed", edit(t, good, func(doc map[string]any) {
			s := signatureOf(t, key, payload, `{"kid":"`+id+`"}`)
			s["header"] = map[string]any{"alg": "ES256"}
			doc["signatures"] = []any{s}
		}), []*CardKey{public}, ErrCardSigner, "alg, kid"},
		{"no kid", under(`{"alg":"ES256"}`), []*CardKey{public}, ErrCardSigner, "alg, kid"},
		{"the kid of nobody", under(`{"alg":"ES256","kid":"k"}`), []*CardKey{public}, ErrCardSigner,
			"by no pinned key"},
		{"a jwk of another", under(`{"alg":"ES256","kid":"` + otherKey.ID() + `","jwk":` +
			string(otherKey.PublicJWK()) + `}`), []*CardKey{public}, ErrCardSigner, ""},
		{"crit", under(`{"alg":"ES256","kid":"` + id + `","crit":["exp"],"exp":1}`),
			[]*CardKey{public}, ErrCardSigner, "crit"},
		{"crit of nothing", under(`{"alg":"ES256","kid":"` + id + `","crit":[]}`),
			[]*CardKey{public}, ErrCardSigner, "crit"},
		{"crit outside of what is signed", signature(func(s map[string]any) {
			s["header"] = map[string]any{"crit": []any{"b64"}}
		}), []*CardKey{public}, ErrCardSigner, "crit"},
		{"a parameter in both headers", signature(func(s map[string]any) {
			s["header"] = map[string]any{"kid": id}
		}), []*CardKey{public}, ErrCardSigner, "twice"},
		{"a parameter named twice", under(`{"alg":"ES256","kid":"x","kid":"` + id + `"}`),
			[]*CardKey{public}, ErrCardSigner, "twice"},
		{"a header that is a list", under(`["ES256"]`), []*CardKey{public}, ErrCardSigner,
			"no JSON object"},
		{"a header that is nothing", under(``), []*CardKey{public}, ErrCardSigner,
			"no JSON object"},
		{"half a header", under(header(key)[:20]), []*CardKey{public}, ErrCardSigner,
			"not valid JSON"},
		{"a header with something after it", under(header(key) + "{}"), []*CardKey{public},
			ErrCardSigner, "not valid JSON"},
		{"a padded header", signature(func(s map[string]any) {
			s["protected"] = s["protected"].(string) + "="
		}), []*CardKey{public}, ErrCardSigner, ""},
		{"a padded signature", signature(func(s map[string]any) {
			s["signature"] = s["signature"].(string) + "=="
		}), []*CardKey{public}, ErrCardSigner, "base64url"},
		{"a signature in two lines", signature(func(s map[string]any) {
			s["signature"] = s["signature"].(string) + "\n"
		}), []*CardKey{public}, ErrCardSigner, "base64url"},
		{"a longer signature", signature(func(s map[string]any) {
			s["signature"] = s["signature"].(string) + "AA"
		}), []*CardKey{public}, ErrCardAltered, ""},
		{"a signature with a zero before its second number", signature(func(s map[string]any) {
			raw, err := jose.Decode(s["signature"].(string))
			if err != nil {
				t.Fatal(err)
			}
			s["signature"] = jose.Encode(slices.Insert(raw, 32, 0))
		}), []*CardKey{public}, ErrCardAltered, ""},
		{"a changed name, by a key and a thumbprint that lacks its key",
			edit(t, under(header(key)), func(doc map[string]any) {
				doc["name"] = "x"
			}),
			[]*CardKey{public, cardKey(t, id)}, ErrCardAltered, ""},
		{"no signature text", signature(func(s map[string]any) {
			s["signature"] = ""
		}), []*CardKey{public}, ErrCardAltered, ""},
		{"a signature of zeros", signature(func(s map[string]any) {
			s["signature"] = jose.Encode(make([]byte, 64))
		}), []*CardKey{public}, ErrCardAltered, ""},
		{"a key that is for another algorithm", good,
			[]*CardKey{{public: public.public, thumbprint: public.thumbprint, alg: "ES384"}},
			ErrCardAltered, "algorithm"},

		{"what is no card", []byte(`[]`), []*CardKey{public}, a2a.ErrInvalidAgentResponse, ""},
		{"a member named twice", append([]byte(`{"name":"x",`), good[1:]...), []*CardKey{public},
			a2a.ErrInvalidAgentResponse, ""},
		{"half a surrogate pair", edit(t, good, func(doc map[string]any) {
			doc["x"] = json.RawMessage(`"\ud800"`)
		}), []*CardKey{public}, a2a.ErrInvalidAgentResponse, ""},
		{"too many signatures", edit(t, good, func(doc map[string]any) {
			doc["signatures"] = slices.Repeat(doc["signatures"].([]any), MaxSignatures+1)
		}), []*CardKey{public}, a2a.ErrInvalidAgentResponse, ""},
	} {
		card, err := VerifyCard(c.data, c.keys...)
		if card != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.rule, err)
		}
		for _, other := range []error{ErrCardUnsigned, ErrCardSigner, ErrCardAltered} {
			if other != c.want && errors.Is(err, other) {
				t.Errorf("%s: also %v", c.rule, other)
			}
		}
	}
}

// A server may write out a flag that is false by default, and the signature still holds.
func TestVerifyCardReadsDefaultFlags(t *testing.T) {
	files := signatureFiles(t)
	data := edit(t, files["full.go.json"], func(doc map[string]any) {
		extension := doc["capabilities"].(map[string]any)["extensions"].([]any)[1].(map[string]any)
		if _, ok := extension["required"]; ok {
			t.Fatal("the flag is there already")
		}
		extension["required"] = false
	})
	if _, err := VerifyCard(data, cardKey(t, string(files["go.jwk"]))); err != nil {
		t.Error(err)
	}
}

// Places to fetch keys from are not looked at, and keys that came along count for nothing.
func TestVerifyCardIgnoresKeysThatCameAlong(t *testing.T) {
	key, public := newKey(t)
	otherKey, _ := newKey(t)
	good := signedText(t, key)
	payload, err := wire.CardPayload(readCard(t, good))
	if err != nil {
		t.Fatal(err)
	}
	extra := `,"jku":"http://evil.example/","x5u":"http://evil.example/","x5c":["AAAA"],"jwk":` +
		string(otherKey.PublicJWK()) + `}`
	for _, c := range []struct {
		rule string
		by   *jose.SigningKey
		want error
	}{
		{"of another, by the pinned key", key, nil},
		{"of whoever signed, in the name of the pinned key", otherKey, ErrCardAltered},
	} {
		data := edit(t, good, func(doc map[string]any) {
			doc["signatures"] = []any{signatureOf(t, c.by, payload,
				strings.TrimSuffix(header(key), "}")+extra)}
		})
		if _, err := VerifyCard(data, public); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.rule, err)
		}
	}
}

func TestOneGoodSignatureIsEnough(t *testing.T) {
	oldKey, old := newKey(t)
	key, public := newKey(t)
	data := signedText(t, oldKey, key)
	for _, pinned := range []*CardKey{old, public} {
		card, err := VerifyCard(data, pinned)
		if err != nil {
			t.Fatal(err)
		}
		if len(card.Signatures) != 1 ||
			!strings.Contains(string(card.Signatures[0].Header), jose.Members(pinned.public)["x"]) {
			t.Errorf("the card that is left has %v", card.Signatures)
		}
	}
	broken := edit(t, data, func(doc map[string]any) {
		list := doc["signatures"].([]any)
		list[0].(map[string]any)["signature"] = list[1].(map[string]any)["signature"]
	})
	if _, err := VerifyCard(broken, old, public); err != nil {
		t.Errorf("the second signature is good: %v", err)
	}
	if _, err := VerifyCard(broken, old); !errors.Is(err, ErrCardAltered) ||
		!strings.Contains(err.Error(), "signature 2 is by no pinned key") {
		t.Errorf("the first is not: %v", err)
	}
}

// Every bit of what is signed and of the signature counts: the payload, the header, and both texts in base64url.
func TestEveryBitCounts(t *testing.T) {
	key, public := newKey(t)
	data := signedText(t, key)
	payloads, err := wire.CardPayloads(data)
	if err != nil {
		t.Fatal(err)
	}
	s := readCard(t, data).Signatures[0]
	flips := func(text string, then func(flipped string)) {
		for i := range len(text) {
			for bit := range 8 {
				b := []byte(text)
				b[i] ^= 1 << bit
				then(string(b))
			}
		}
	}
	holdsFor := func(s a2a.AgentCardSignature, payloads ...[]byte) bool {
		_, err := signedPayload(&s, payloads, []*CardKey{public})
		return err == nil
	}
	if !holdsFor(s, payloads...) {
		t.Fatal("the signature does not hold")
	}
	flips(s.Protected, func(flipped string) {
		if holdsFor(a2a.AgentCardSignature{Protected: flipped, Signature: s.Signature},
			payloads...) {
			t.Errorf("holds with the header %s", flipped)
		}
	})
	flips(s.Signature, func(flipped string) {
		if holdsFor(a2a.AgentCardSignature{Protected: s.Protected, Signature: flipped},
			payloads...) {
			t.Errorf("holds with the signature %s", flipped)
		}
	})
	payload, _ := signedPayload(&s, payloads, []*CardKey{public})
	for i := range payload { // one bit of each byte, for there are many
		b := bytes.Clone(payload)
		b[i] ^= 1 << (i % 8)
		if holdsFor(s, b) {
			t.Errorf("holds for %s", b)
		}
	}
}
