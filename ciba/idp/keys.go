package idp

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"sync"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jose"
	"staff0/ciba/jwks"
)

// signingKey is a private key with the name under which it is published.
type signingKey struct {
	kid string
	*jose.SigningKey
}

// keyring holds the key that signs and the one that signed before it.
type keyring struct {
	alg   string
	ready chan struct{} // closed when the first key is made

	mu   sync.RWMutex
	keys []signingKey // at most two, the signing one first
	err  error        // why there is none
}

// newKeyring starts to make a key for alg and returns at once.
func newKeyring(alg string) (*keyring, error) {
	switch alg {
	case "RS256", "PS256", "ES256", "EdDSA":
	default:
		return nil, fmt.Errorf("idp: unknown algorithm %q: use RS256, PS256, ES256 or EdDSA", alg)
	}
	k := &keyring{alg: alg, ready: make(chan struct{})}
	go func() {
		defer close(k.ready)
		key, err := newSigningKey(alg)
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.err = err; err == nil {
			k.keys = []signingKey{key}
		}
	}()
	return k, nil
}

func newSigningKey(alg string) (signingKey, error) {
	key, err := jose.Generate(alg)
	if err != nil {
		return signingKey{}, fmt.Errorf("idp: %w", err)
	}
	return signingKey{rand.Text()[:16], key}, nil
}

func (k *keyring) rotate() error {
	<-k.ready
	key, err := newSigningKey(k.alg)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	// Neither slice is ever changed in place: readers hold the old one.
	next := []signingKey{key}
	if len(k.keys) > 0 {
		next = append(next, k.keys[0])
	}
	k.keys, k.err = next, nil
	return nil
}

// published gives the keys of the JWK Set, the signing one first.
func (k *keyring) published(ctx context.Context) ([]signingKey, error) {
	select {
	case <-k.ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys, k.err
}

// isReady tells whether there is a key to sign with, without waiting.
func (k *keyring) isReady() bool {
	select {
	case <-k.ready:
		k.mu.RLock()
		defer k.mu.RUnlock()
		return k.err == nil
	default:
		return false
	}
}

// Key makes the ring a key set for the verifiers of this module, one that
// follows every rotation.
func (k *keyring) Key(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error) {
	keys, err := k.published(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jwks.ErrUnavailable, err)
	}
	for _, key := range keys {
		if token.Header["kid"] == key.kid && token.Header["alg"] == k.alg {
			return key.Public(), nil
		}
	}
	return nil, jwks.ErrUnknownKey
}

// sign makes a JWT of the claims under the current key.
func (k *keyring) sign(ctx context.Context, typ string, claims jwt.MapClaims) (string, error) {
	keys, err := k.published(ctx)
	if err != nil {
		return "", err
	}
	signed, err := keys[0].SignToken(keys[0].kid, typ, claims)
	if err != nil {
		return "", fmt.Errorf("idp: signing: %w", err)
	}
	return signed, nil
}

// leftHalf is at_hash, OpenID Connect Core §3.1.3.6: the left half of the hash
// that the algorithm names. Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
func (k *keyring) leftHalf(s string) string {
	if k.alg == "EdDSA" {
		sum := sha512.Sum512([]byte(s))
		return jose.Encode(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(s))
	return jose.Encode(sum[:len(sum)/2])
}
