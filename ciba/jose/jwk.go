// Package jose holds keys that sign and keys that verify: how they are made and
// kept (PKCS #8 in PEM), how they are written and named (JSON Web Keys, RFC 7517,
// and their thumbprints, RFC 7638), and signatures by them (JWS, RFC 7515, on the
// signing methods of golang-jwt). What is signed, and whose keys are believed, is
// the matter of its callers.
package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Sizes of RSA keys in bits: below is weak (RFC 7518 §3.3), above costs whoever
// verifies too much time.
const (
	MinRSABits = 2048
	MaxRSABits = 8192
)

var errKey = errors.New("has coordinates or numbers that make no key")

// Public makes a key of the members of a public JWK that are texts: EC on P-256
// or P-384, OKP on Ed25519, RSA. The error continues "the key …" and holds
// nothing of it.
func Public(jwk map[string]string) (crypto.PublicKey, error) {
	switch kty, crv := jwk["kty"], jwk["crv"]; {
	case kty == "EC" && crv == "P-256":
		return ecKey(elliptic.P256(), jwk)
	case kty == "EC" && crv == "P-384":
		return ecKey(elliptic.P384(), jwk)
	case kty == "OKP" && crv == "Ed25519":
		x, err := Decode(jwk["x"])
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errKey
		}
		return ed25519.PublicKey(x), nil
	case kty == "RSA":
		n, err1 := Decode(jwk["n"])
		e, err2 := Decode(jwk["e"])
		modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
		if err1 != nil || err2 != nil || exponent.BitLen() > 31 || exponent.Int64() < 3 ||
			exponent.Bit(0) == 0 || modulus.Bit(0) == 0 {
			return nil, errKey
		}
		if bits := modulus.BitLen(); bits < MinRSABits || bits > MaxRSABits {
			return nil, fmt.Errorf("has %d bits, of %d to %d", bits, MinRSABits, MaxRSABits)
		}
		return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
	}
	return nil, errors.New("is of a kind that is not used here; " +
		"EC (P-256, P-384), OKP (Ed25519) and RSA are")
}

func ecKey(curve elliptic.Curve, jwk map[string]string) (crypto.PublicKey, error) {
	size := (curve.Params().BitSize + 7) / 8
	x, err1 := Decode(jwk["x"])
	y, err2 := Decode(jwk["y"])
	// RFC 7518 §6.2.1.2: full width
	if err1 != nil || err2 != nil || len(x) != size || len(y) != size {
		return nil, errKey
	}
	// It refuses points that are not on the curve.
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, errKey
	}
	return key, nil
}

// Members are those that a thumbprint is made of (RFC 7638 §3.2, RFC 8037 §2), of
// a key of a kind that Public returns; nil for any other.
func Members(public crypto.PublicKey) map[string]string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4, x, y: SEC 1 §2.3.3, both of full width
		if err != nil {
			return nil
		}
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		return map[string]string{"kty": "EC", "crv": key.Params().Name, "x": Encode(x),
			"y": Encode(y)}
	case ed25519.PublicKey:
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "x": Encode(key)}
	case *rsa.PublicKey:
		e := big.NewInt(int64(key.E)).Bytes()
		return map[string]string{"kty": "RSA", "n": Encode(key.N.Bytes()), "e": Encode(e)}
	}
	return nil
}

// Thumbprint names a key by what it is (RFC 7638, SHA-256, base64url).
func Thumbprint(public crypto.PublicKey) string {
	// The form of §3.3 is how encoding/json writes these members: sorted, without
	// blanks, and nothing in them needs an escape.
	text, _ := json.Marshal(Members(public))
	sum := sha256.Sum256(text)
	return Encode(sum[:])
}

// Algorithms are those that a key may be used with. None of them takes a secret,
// so no public key can ever be mistaken for one.
func Algorithms(public crypto.PublicKey) []string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA", "Ed25519"} // RFC 8037, RFC 9864
	case *rsa.PublicKey:
		return []string{"RS256", "PS256"}
	}
	return nil
}

// strictPS256 insists on a salt as long as the hash (RFC 7518 §3.5); golang-jwt's
// own PS256 takes any length.
var strictPS256 = &jwt.SigningMethodRSAPSS{
	SigningMethodRSA: jwt.SigningMethodPS256.SigningMethodRSA,
	Options:          jwt.SigningMethodPS256.Options,
	VerifyOptions:    &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
}

// Method is how signatures of an algorithm are made and verified; nil for one
// that is not used here. Signatures of ES256 and ES384 are the pair of RFC 7518
// §3.4, not DER; a twin with the other s is as good.
func Method(alg string) jwt.SigningMethod {
	switch alg {
	case "RS256":
		return jwt.SigningMethodRS256
	case "PS256":
		return strictPS256
	case "ES256":
		return jwt.SigningMethodES256
	case "ES384":
		return jwt.SigningMethodES384
	case "EdDSA", "Ed25519":
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// Verify reports whether a signature holds for what was signed. The algorithm
// must fit the key.
func Verify(public crypto.PublicKey, alg, signed string, signature []byte) bool {
	return slices.Contains(Algorithms(public), alg) &&
		Method(alg).Verify(signed, signature, public) == nil
}

// Encode is base64url without padding (RFC 7515 §2).
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Decode reads what Encode writes and nothing else, one text for one value: no
// line breaks, which Go skips, and no stray bits at the end.
func Decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
