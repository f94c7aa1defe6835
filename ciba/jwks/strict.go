// Package jwks proves JSON Web Tokens against a JSON Web Key Set: access tokens for a resource
// server (RFC 9068 and two named providers that deviate from it) and ID tokens for a client (OpenID
// Connect Core §3.1.3.7).
//
// Both rule sets stand on one strict parser of JWS compact serialisation (RFC 7515, RFC 8725). The
// order is always the same: form, header, claims, key, signature. A token that is already known to
// be bad never causes a key to be fetched, so a stranger cannot make this process talk to the
// identity provider.
package jwks

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MaxTokenBytes bounds a token before anything of it is decoded. Tokens of the supported
	// providers have 0.5 to 3 KiB.
	MaxTokenBytes = 8 << 10
	// MaxKeyIDBytes bounds `kid`; providers use 20 to 64 characters.
	MaxKeyIDBytes = 128
)

// strictBase64 refuses padding and non-zero trailing bits, so that one value has one spelling (RFC
// 7515 §2). It would still skip line breaks; split looks for those first.
var strictBase64 = base64.RawURLEncoding.Strict()

// reader is golang-jwt's parser. It decodes strictly; what it would let pass besides, parse looks
// for first.
var reader = jwt.NewParser(jwt.WithStrictDecoding())

// parsed is a token whose form and header are in order. Nothing in it is proven.
type parsed struct {
	*jwt.Token
	typ     string // media type in lower case without "application/"; "" if the header has none
	payload object
	signed  string // header and payload as they were signed
}

// alg is the algorithm that the header names, one of those that are supported.
func (p *parsed) alg() string { return p.Method.Alg() }

// parse takes a token apart without believing it. What it accepts has exactly one spelling:
// re-encoding its parts gives the same bytes. golang-jwt would skip line breaks and let the last of
// two equal names win.
func parse(token string) (*parsed, error) {
	if len(token) > MaxTokenBytes {
		return nil, refuse("too long")
	}
	head, body, ok := split(token)
	if !ok {
		return nil, refuse("not three parts of base64url")
	}
	// The header alone tells most of what is no token for us, and reading it costs least.
	rawHead, err := strictBase64.DecodeString(head)
	if err != nil {
		return nil, refuse("header is not base64url")
	}
	header, err := parseObject(rawHead)
	if err != nil {
		return nil, refuse("header: " + err.Error())
	}
	p := &parsed{signed: token[:len(head)+1+len(body)]}
	if p.typ, err = readHeader(header); err != nil {
		return nil, err
	}
	if p.Token, _, err = reader.ParseUnverified(token, &p.payload); err != nil {
		return nil, unreadable(err)
	}
	if p.payload == nil {
		return nil, refuse("payload: " + errNotObject.Error())
	}
	return p, nil
}

// unreadable puts what golang-jwt says into words that hold nothing of the token.
func unreadable(err error) error {
	for _, fault := range []error{errEncoding, errDuplicate, errDepth} {
		if errors.Is(err, fault) {
			return refuse("payload: " + fault.Error())
		}
	}
	return refuse("payload or signature are not what they should be")
}

// split cuts at exactly two dots and refuses every byte outside the alphabet.
func split(token string) (head, body string, ok bool) {
	dots := 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '.':
			dots++
		case !alphanumeric(c) && c != '-' && c != '_':
			return "", "", false
		}
	}
	head, rest, _ := strings.Cut(token, ".")
	body, sig, _ := strings.Cut(rest, ".")
	return head, body, dots == 2 && head != "" && body != "" && sig != ""
}

func alphanumeric(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// readHeader applies the rules that concern the header alone and returns its typ. `jwk`, `jku`,
// `x5u` and `x5c` are not looked at: a token must not bring or name the key that proves it (RFC
// 8725 §3.10).
func readHeader(header object) (typ string, err error) {
	alg, _, ok := header.text("alg")
	if !ok || !supported(alg) {
		return "", refuse("algorithm not allowed")
	}
	// RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is. `b64` is
	// one of them (RFC 7797); it changes what is signed, so it is refused even if `crit` forgets to
	// name it.
	if header.has("crit") || header.has("b64") {
		return "", refuse("critical header extension")
	}
	// A nested or compressed token is none of the kinds that are read here (RFC 7519 §5.2; RFC 8725
	// §3.6 on compression).
	if header.has("cty") || header.has("zip") || header.has("enc") {
		return "", refuse("nested or compressed token")
	}
	kid, present, ok := header.text("kid")
	switch {
	case !present:
		// Without a key id every key would have to be tried, encryption keys included.
		return "", refuse("no key id")
	case !ok || !saneKeyID(kid):
		return "", refuse("malformed key id")
	}
	if typ, _, ok = header.text("typ"); !ok {
		return "", refuse("malformed typ")
	}
	// RFC 7515 §4.1.9: media types compare without case, and "application/" may be left out.
	return strings.TrimPrefix(strings.ToLower(typ), "application/"), nil
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
