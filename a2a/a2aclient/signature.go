package a2aclient

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/jose"
)

// Why a card is not believed. VerifyCard gives them with the fault of each signature.
var (
	// ErrCardUnsigned is a card without a signature.
	ErrCardUnsigned = errors.New(
		"the agent card is not signed; ask the agent's operator whether it should be, and call " +
			"no other agent in its place")
	// ErrCardSigner is a card with signatures, none by a pinned key.
	ErrCardSigner = errors.New(
		"the agent card is not signed by a pinned key; if the agent has a new key, get it from " +
			"its operator by another way and pin that")
	// ErrCardAltered is a card with a signature in the name of a pinned key that does not hold: the
	// card, or the signature, is not as the key made it.
	ErrCardAltered = errors.New(
		"the agent card was altered after a pinned key signed it, or signed by somebody else in " +
			"its name; do not call this agent, and tell its operator")
)

// MaxSignatures bounds the signatures of a card, and with them the work of verifying. Rotation
// takes two.
const MaxSignatures = 16

// VerifyCard reads a card as it was received and returns it if one of its signatures is by one of
// the keys (§8.4.3).
//
// The card that is returned is read from the text that was signed, not from what was received, so
// nothing in it comes from anybody else; of the signatures it has the one that held. Callers use
// it, and never the one that wire.UnmarshalCard makes of the same data.
//
// Keys are looked for among those given and nowhere else: jku, x5u and x5c are not looked at, nor
// is jwk, unless its thumbprint was pinned. The algorithm must fit the key: ES256 and ES384 by
// curve, EdDSA (Ed25519), RS256 and PS256. A signature with crit is refused, since none of the
// extensions that it could name is understood here; typ may be anything, as only cards are ever
// taken from this.
//
// Errors are ErrCardUnsigned, ErrCardSigner and ErrCardAltered, or those of wire.UnmarshalCard.
// Whether a key has expired or was revoked is the matter of whoever pins it.
func VerifyCard(data []byte, keys ...*CardKey) (*a2a.AgentCard, error) {
	card, err := wire.UnmarshalCard(data)
	if err != nil {
		return nil, err
	}
	if len(card.Signatures) == 0 {
		return nil, ErrCardUnsigned
	}
	if len(card.Signatures) > MaxSignatures {
		return nil, invalidCard(fmt.Errorf("the agent card has more than %d signatures",
			MaxSignatures))
	}
	payloads, err := wire.CardPayloads(data)
	if err != nil {
		return nil, invalidCard(fmt.Errorf("the agent card %w", err))
	}
	class := ErrCardSigner
	faults := make([]string, len(card.Signatures))
	for i := range card.Signatures {
		payload, fault := signedPayload(&card.Signatures[i], payloads, keys)
		if fault == nil {
			return signedCard(payload, &card.Signatures[i])
		}
		if errors.Is(fault, errUntrue) {
			class = ErrCardAltered
		}
		faults[i] = fmt.Sprintf("signature %d %v", i+1, fault)
	}
	return nil, fmt.Errorf("%w (%s)", class, strings.Join(faults, "; "))
}

func invalidCard(cause error) error {
	return &a2a.Error{Err: a2a.ErrInvalidAgentResponse, Cause: cause}
}

func signedCard(payload []byte, by *a2a.AgentCardSignature) (*a2a.AgentCard, error) {
	card, err := wire.UnmarshalCard(payload)
	if err != nil {
		return nil, err
	}
	card.Signatures = []a2a.AgentCardSignature{*by}
	return card, nil
}

// Faults of one signature. They continue "signature 1 …" and hold no words of the card.
var (
	errForeign   = errors.New("is by no pinned key")
	errUntrue    = errors.New("names a pinned key and does not hold")
	errAlgorithm = fmt.Errorf("%w: its algorithm does not fit the key", errUntrue)
	errKeyless   = errors.New(
		"names a pinned thumbprint and does not bring the key to it; pin the whole key (JWK)")
)

// signedPayload is the one of the payloads that the signature holds for, by one of the keys.
func signedPayload(s *a2a.AgentCardSignature, payloads [][]byte, keys []*CardKey) ([]byte, error) {
	h, err := readHeader(s)
	if err != nil {
		return nil, err
	}
	raw, err := jose.Decode(s.Signature)
	if err != nil {
		return nil, errors.New("is not in base64url")
	}
	fault := errForeign
	for _, key := range keys {
		public, named := h.key(key)
		fits := public != nil && (key.alg == "" || key.alg == h.alg) &&
			slices.Contains(jose.Algorithms(public), h.alg)
		for _, payload := range payloads {
			if fits && jose.Verify(public, h.alg, s.Protected+"."+jose.Encode(payload), raw) {
				return payload, nil
			}
		}
		switch {
		case !named || errors.Is(fault, errUntrue):
		case public == nil:
			fault = errKeyless
		case !fits:
			fault = errAlgorithm
		default:
			fault = errUntrue
		}
	}
	return nil, fault
}

// joseHeader is what counts of the headers of a signature.
type joseHeader struct {
	alg, kid string
	jwks     []json.RawMessage // keys that came with the signature
}

// readHeader takes alg and kid from the protected header alone. The names are compared to the
// letter.
func readHeader(s *a2a.AgentCardSignature) (*joseHeader, error) {
	protected, err := jose.Decode(s.Protected)
	if err != nil || !bytes.HasPrefix(bytes.TrimLeft(protected, " \t\r\n"), []byte("{")) {
		return nil, errors.New("has a protected header that is no JSON object in base64url")
	}
	var h joseHeader
	var fault error
	seen := map[string]bool{}
	each := func(name, value []byte) {
		switch {
		case seen[string(name)]:
			// RFC 7515 §7.2.1: the headers must not overlap
			fault = errors.New("names a header parameter twice")
		case string(name) == "crit":
			// RFC 7515 §4.1.11
			fault = errors.New("asks for extensions that are not understood here (crit)")
		case string(name) == "jwk":
			h.jwks = append(h.jwks, value)
		}
		seen[string(name)] = true
	}
	err = a2a.Members(protected, func(name, value []byte) {
		each(name, value)
		switch {
		case value[0] != '"': // what is no text fits no key
		case string(name) == "alg":
			h.alg = text(value)
		case string(name) == "kid":
			h.kid = text(value)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("has a protected header that %w", err)
	}
	if len(s.Header) > 0 {
		if err := a2a.Members(s.Header, each); err != nil {
			return nil, fmt.Errorf("has a header that %w", err)
		}
	}
	if fault != nil {
		return nil, fault
	}
	if h.alg == "" || h.kid == "" {
		return nil, errors.New("does not name its algorithm and key (alg, kid)") // §8.4.2: MUST
	}
	return &h, nil
}

// key is the public key to try for a pinned one, nil if there is none, and whether the signature
// names that pinned key, rather than merely not contradicting it.
func (h *joseHeader) key(pinned *CardKey) (public crypto.PublicKey, named bool) {
	named = h.kid == pinned.thumbprint || pinned.id != "" && h.kid == pinned.id
	if pinned.public != nil {
		if named || pinned.id == "" {
			return pinned.public, named
		}
		return nil, false
	}
	for _, jwk := range h.jwks {
		if key, err := parseJWK(jwk); err == nil && key.thumbprint == pinned.thumbprint {
			return key.public, true
		}
	}
	return nil, named
}
