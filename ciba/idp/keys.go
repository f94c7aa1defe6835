package idp

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/big"
	"sync"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jwks"
)

// rsaBits is the least that RFC 7518 §3.3 allows, and what Auth0 uses.
const rsaBits = 2048

// signingKey is a private key with the name under which it is published.
type signingKey struct {
	kid     string
	private crypto.Signer
}

// keyring holds the key that signs and the one that signed before it.
type keyring struct {
	alg    string
	method jwt.SigningMethod
	ready  chan struct{} // closed when the first key is made

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
	k := &keyring{alg: alg, method: jwt.GetSigningMethod(alg), ready: make(chan struct{})}
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
	var (
		private crypto.Signer
		err     error
	)
	switch alg {
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	}
	if err != nil {
		return signingKey{}, fmt.Errorf("idp: making a %s key: %w", alg, err)
	}
	return signingKey{kid: rand.Text()[:16], private: private}, nil
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
			return key.private.Public(), nil
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
	t := jwt.NewWithClaims(k.method, claims)
	t.Header["typ"] = typ
	t.Header["kid"] = keys[0].kid
	signed, err := t.SignedString(keys[0].private)
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
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// jwk is a public key as RFC 7517, RFC 7518 §6 and RFC 8037 §2 write it.
func (k *keyring) jwk(key signingKey) (map[string]string, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	m := map[string]string{"kid": key.kid, "use": "sig", "alg": k.alg}
	switch public := key.private.Public().(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y: SEC 1 §2.3.3, both of full length
		if err != nil {
			return nil, fmt.Errorf("idp: encoding a key: %w", err)
		}
		half := 1 + (len(point)-1)/2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", "P-256", b64(point[1:half]), b64(point[half:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(public)
	}
	return m, nil
}
