package a2aclient

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/ciba/jose"
)

// CardKey is a public key for agent cards that somebody has chosen to trust ("pinned"), or its
// thumbprint.
type CardKey struct {
	id         string           // the kid that it goes by besides its thumbprint; "": any
	alg        string           // the one algorithm that it is for; "": any that fits
	public     crypto.PublicKey // nil if only the thumbprint is known
	thumbprint string
}

// thumbprintURI may stand before a thumbprint (RFC 9278).
const thumbprintURI = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"

// MaxKeySize bounds the text of a public key. One of RSA with 8192 bits has 1.5 KiB.
const MaxKeySize = 16 << 10

// ParseCardKey reads a public JWK (RFC 7517) or the SHA-256 thumbprint of one (RFC 7638, base64url,
// also as the URN of RFC 9278).
//
// Keys are EC on P-256 or P-384, OKP on Ed25519, and RSA of 2048 to 8192 bits. use, key_ops and alg
// must allow it to verify. If it has a kid, signatures must bear that or the thumbprint. A private
// key is refused: who verifies has no business with one.
func ParseCardKey(pin string) (*CardKey, error) {
	pin = strings.TrimSpace(pin)
	if len(pin) > MaxKeySize {
		return nil, fmt.Errorf("the pinned key is longer than %d bytes", MaxKeySize)
	}
	if strings.HasPrefix(pin, "{") {
		return parseJWK([]byte(pin))
	}
	digest := strings.TrimPrefix(pin, thumbprintURI)
	if sum, err := jose.Decode(digest); err != nil || len(sum) != sha256.Size {
		return nil, errors.New(
			"the pinned key is neither a public key as JSON (JWK) nor the SHA-256 thumbprint of " +
				"one; the agent's operator can print either")
	}
	return &CardKey{thumbprint: digest}, nil
}

func parseJWK(data []byte) (*CardKey, error) {
	members := map[string]string{} // those that are texts
	var keyOps []string
	var fault error
	err := a2a.Members(data, func(name, value []byte) {
		switch {
		case string(name) == "d" || string(name) == "k":
			fault = errors.New(
				"is a private one; take the public part, and replace the key if this text has " +
					"been anywhere else")
		case string(name) == "key_ops":
			if a2a.Unmarshal(value, &keyOps) != nil || !slices.Contains(keyOps, "verify") {
				fault = errors.New("is not for verifying (key_ops)")
			}
		case value[0] == '"':
			members[string(name)] = text(value)
		}
	})
	if err = cmp.Or(err, fault); err != nil {
		return nil, fmt.Errorf("the key %w", err)
	}
	public, err := jose.Public(members)
	if err != nil {
		return nil, fmt.Errorf("the key %w", err)
	}
	key := &CardKey{id: members["kid"], alg: members["alg"], public: public,
		thumbprint: jose.Thumbprint(public)}
	if use, ok := members["use"]; ok && use != "sig" {
		return nil, errors.New("the key is not for signatures (use)")
	}
	if key.alg != "" && !slices.Contains(jose.Algorithms(public), key.alg) {
		return nil, errors.New("the key is for an algorithm that does not fit it (alg)")
	}
	return key, nil
}

// text is the text of a JSON string, which is known to be valid.
func text(quoted []byte) (s string) {
	_ = a2a.Unmarshal(quoted, &s)
	return s
}
