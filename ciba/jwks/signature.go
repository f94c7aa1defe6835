package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"staff0/ciba/jose"
)

const (
	algRS256 = "RS256"
	algPS256 = "PS256"
	algES256 = "ES256"
	algEdDSA = "EdDSA"
)

var errSignature = refuse("wrong signature")

// supported is the whole list. `none` and the HMAC family are not on it, in any spelling: with
// HS256 the issuer's public key would become a password that everybody knows (RFC 8725 §2.1).
func supported(alg string) bool {
	switch alg {
	case algRS256, algPS256, algES256, algEdDSA:
		return true
	}
	return false
}

// usable reports whether alg is made for this type of key (RFC 8725 §3.1: the key decides, not the
// token) and the key is strong enough.
func usable(key crypto.PublicKey, alg string) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return false
		}
		bits := k.N.BitLen()
		return (alg == algRS256 || alg == algPS256) && bits >= jose.MinRSABits &&
			bits <= jose.MaxRSABits && k.E >= 3 && k.E&1 == 1
	case *ecdsa.PublicKey:
		return alg == algES256 && k != nil && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == algEdDSA && len(k) == ed25519.PublicKeySize
	}
	return false
}

// usableAtAll reports whether any supported algorithm can use the key.
func usableAtAll(key crypto.PublicKey) bool {
	return usable(key, algRS256) || usable(key, algES256) || usable(key, algEdDSA)
}

// verifySignature checks the signature of a token with a key whose kind decides what is possible.
func verifySignature(key crypto.PublicKey, p *parsed) error {
	if !usable(key, p.alg()) {
		return refuse("the key is not for this algorithm")
	}
	if !jose.Verify(key, p.alg(), p.signed, p.Signature) {
		return errSignature
	}
	return nil
}
