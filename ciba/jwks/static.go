package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"

	"github.com/golang-jwt/jwt/v5"
)

// Static is a key set that is known beforehand and never changes.
type Static struct {
	keys map[string]crypto.PublicKey
}

// NewStatic takes public keys by their ids. It fails for a key that no supported algorithm can use
// and for an id that no token may carry, since either would look like a key and verify nothing.
func NewStatic(keys map[string]crypto.PublicKey) (*Static, error) {
	if len(keys) == 0 {
		return nil, errors.New("jwks: a static key set needs at least one key")
	}
	for kid, key := range keys {
		if !saneKeyID(kid) {
			return nil, fmt.Errorf("jwks: malformed key id %q", kid)
		}
		if !usableAtAll(key) {
			return nil, fmt.Errorf("jwks: key %q (%T) is too weak or of no supported type",
				kid, key)
		}
	}
	return &Static{keys: maps.Clone(keys)}, nil
}

// Key see KeySet.
func (s *Static) Key(_ context.Context, t *jwt.Token) (crypto.PublicKey, error) {
	kid, alg := named(t)
	key, ok := s.keys[kid]
	if !ok {
		return nil, ErrUnknownKey
	}
	if !usable(key, alg) {
		return nil, refuse("the key is not for this algorithm")
	}
	return key, nil
}

// Version see Versioned.
func (s *Static) Version() uint64 { return 1 }
