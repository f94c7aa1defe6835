// Package jwks proves JSON Web Tokens against a JSON Web Key Set: access tokens for a resource server (RFC 9068 and two
// named providers that deviate from it) and ID tokens for a client (OpenID Connect Core §3.1.3.7).
//
// Both rule sets stand on one strict parser of JWS compact serialisation (RFC 7515, RFC 8725). The order is always the
// same: form, header, claims, key, signature. A token that is already known to be bad never causes a key to be fetched,
// so a stranger cannot make this process talk to the identity provider.
package jwks

import (
	"encoding/base64"
	"strings"
)

const (
	// MaxTokenBytes bounds a token before anything of it is decoded. Tokens of the supported providers have 0.5 to 3 KiB.
	MaxTokenBytes = 8 << 10
	// MaxKeyIDBytes bounds `kid`; providers use 20 to 64 characters.
	MaxKeyIDBytes = 128
)

// strictBase64 refuses padding and non-zero trailing bits, so that one value has one spelling (RFC 7515 §2). It would
// still skip line breaks; parse looks for those first.
var strictBase64 = base64.RawURLEncoding.Strict()

// parsed is a token whose form and header are in order. Nothing in it is proven.
type parsed struct {
	alg, kid string
	typ      string // media type in lower case without "application/"; "" if the header has none
	payload  object
	signed   string // header and payload as they were signed
	sig      []byte
}

// parse takes a token apart without believing it. What it accepts has exactly one spelling: re-encoding its parts gives
// the same bytes.
func parse(token string) (*parsed, error) {
	if len(token) > MaxTokenBytes {
		return nil, refuse("too long")
	}
	head, body, sig, ok := split(token)
	if !ok {
		return nil, refuse("not three parts of base64url")
	}
	rawHead, err := strictBase64.DecodeString(head)
	if err != nil {
		return nil, refuse("header is not base64url")
	}
	header, err := parseObject(rawHead)
	if err != nil {
		return nil, refuse("header: " + err.Error())
	}
	p := &parsed{signed: token[:len(head)+1+len(body)]}
	if err := p.readHeader(header); err != nil {
		return nil, err
	}
	rawBody, err := strictBase64.DecodeString(body)
	if err != nil {
		return nil, refuse("payload is not base64url")
	}
	if p.payload, err = parseObject(rawBody); err != nil {
		return nil, refuse("payload: " + err.Error())
	}
	if p.sig, err = strictBase64.DecodeString(sig); err != nil {
		return nil, refuse("signature is not base64url")
	}
	return p, nil
}

// split cuts at exactly two dots and refuses every byte outside the alphabet.
func split(token string) (head, body, sig string, ok bool) {
	dots := 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '.':
			dots++
		case !alphanumeric(c) && c != '-' && c != '_':
			return "", "", "", false
		}
	}
	if dots != 2 {
		return "", "", "", false
	}
	head, rest, _ := strings.Cut(token, ".")
	body, sig, _ = strings.Cut(rest, ".")
	return head, body, sig, head != "" && body != "" && sig != ""
}

func alphanumeric(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// readHeader applies the rules that concern the header alone. `jwk`, `jku`, `x5u` and `x5c` are not looked at: a token
// must not bring or name the key that proves it (RFC 8725 §3.10).
func (p *parsed) readHeader(header object) error {
	alg, _, ok := header.text("alg")
	if !ok || !supported(alg) {
		return refuse("algorithm not allowed")
	}
	p.alg = alg
	// RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is. `b64` is one of them (RFC
	// 7797); it changes what is signed, so it is refused even if `crit` forgets to name it.
	if header.has("crit") || header.has("b64") {
		return refuse("critical header extension")
	}
	// A nested or compressed token is none of the kinds that are read here (RFC 7519 §5.2; RFC 8725 §3.6 on compression).
	if header.has("cty") || header.has("zip") || header.has("enc") {
		return refuse("nested or compressed token")
	}
	kid, present, ok := header.text("kid")
	switch {
	case !present:
		// Without a key id every key would have to be tried, encryption keys included.
		return refuse("no key id")
	case !ok || !saneKeyID(kid):
		return refuse("malformed key id")
	}
	p.kid = kid
	typ, _, ok := header.text("typ")
	if !ok {
		return refuse("malformed typ")
	}
	// RFC 7515 §4.1.9: media types compare without case, and "application/" may be left out.
	p.typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return nil
}

// saneKeyID keeps what could be a path, a query or a terminal sequence away from look-ups and logs.
func saneKeyID(kid string) bool {
	if kid == "" || len(kid) > MaxKeyIDBytes {
		return false
	}
	for i := range len(kid) {
		if c := kid[i]; !alphanumeric(c) && !strings.ContainsRune("-_.~+=:@", rune(c)) {
			return false
		}
	}
	return true
}
