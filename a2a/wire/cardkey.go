package wire

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"staff0/a2a"
)

// SigningKey signs agent cards: an ECDSA key on P-256, for ES256. Its fields are closed, so that no printing of it shows the private part.
type SigningKey struct{ private *ecdsa.PrivateKey }

// GenerateSigningKey makes a key.
func GenerateSigningKey() (*SigningKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return &SigningKey{private}, nil
}

const pemType = "PRIVATE KEY" // PKCS #8 without a passphrase (RFC 7468 §10)

// ParseSigningKey reads what MarshalPEM wrote, or any other tool that writes PKCS #8.
func ParseSigningKey(text []byte) (*SigningKey, error) {
	const advice = "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("the card key is no PEM block %q; %s", pemType, advice)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the card key is not in PKCS #8; %s", advice) // the cause might quote the key
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("the card key is not an ECDSA key on P-256; %s", advice)
	}
	return &SigningKey{private}, nil
}

// MarshalPEM is the private key for a file that nobody else can read.
func (k *SigningKey) MarshalPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ID is the kid of signatures by the key: the thumbprint of its public part.
func (k *SigningKey) ID() string { return thumbprint(&k.private.PublicKey) }

// PublicJWK is the public key for those who are to verify cards, as JSON (RFC 7517); ParseCardKey reads it.
func (k *SigningKey) PublicJWK() []byte {
	jwk := jwkOf(&k.private.PublicKey)
	jwk["kid"], jwk["use"], jwk["alg"] = k.ID(), "sig", "ES256"
	return canonical(jwk)
}

// CardKey is a public key for agent cards that somebody has chosen to trust ("pinned"), or its thumbprint.
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

// ParseCardKey reads a public JWK (RFC 7517) or the SHA-256 thumbprint of one (RFC 7638, base64url, also as the URN of RFC 9278).
//
// Keys are EC on P-256 or P-384, OKP on Ed25519, and RSA of 2048 to 8192 bits. use, key_ops and alg must allow it to
// verify. If it has a kid, signatures must bear that or the thumbprint. A private key is refused: who verifies has no business with one.
func ParseCardKey(pin string) (*CardKey, error) {
	pin = strings.TrimSpace(pin)
	if len(pin) > MaxKeySize {
		return nil, fmt.Errorf("the pinned key is longer than %d bytes", MaxKeySize)
	}
	if strings.HasPrefix(pin, "{") {
		return parseJWK([]byte(pin))
	}
	digest := strings.TrimPrefix(pin, thumbprintURI)
	if sum, err := decode64(digest); err != nil || len(sum) != sha256.Size {
		return nil, errors.New("the pinned key is neither a public key as JSON (JWK) nor the SHA-256 thumbprint of one; the agent's operator can print either")
	}
	return &CardKey{thumbprint: digest}, nil
}

// Thumbprint names the key (RFC 7638, SHA-256, base64url).
func (k *CardKey) Thumbprint() string { return k.thumbprint }

func parseJWK(data []byte) (*CardKey, error) {
	members := map[string]string{} // those that are texts
	var keyOps []string
	var fault error
	err := a2a.Members(data, func(name, value []byte) {
		switch {
		case string(name) == "d" || string(name) == "k":
			fault = errors.New("is a private one; take the public part, and replace the key if this text has been anywhere else")
		case string(name) == "key_ops":
			if a2a.Unmarshal(value, &keyOps) != nil || !slices.Contains(keyOps, "verify") {
				fault = errors.New("is not for verifying (key_ops)")
			}
		case value[0] == '"':
			members[string(name)] = textOf(value)
		}
	})
	if err = cmp.Or(err, fault); err != nil {
		return nil, fmt.Errorf("the key %w", err)
	}
	public, err := publicKey(members)
	if err != nil {
		return nil, fmt.Errorf("the key %w", err)
	}
	key := &CardKey{id: members["kid"], alg: members["alg"], public: public, thumbprint: thumbprint(public)}
	if use, ok := members["use"]; ok && use != "sig" {
		return nil, errors.New("the key is not for signatures (use)")
	}
	if key.alg != "" && !slices.Contains(algorithms(public), key.alg) {
		return nil, errors.New("the key is for an algorithm that does not fit it (alg)")
	}
	return key, nil
}

// Sizes of RSA keys: below is weak, above costs whoever verifies too much time.
const minRSA, maxRSA = 2048, 8192

var errKey = errors.New("has coordinates or numbers that make no key")

func publicKey(jwk map[string]string) (crypto.PublicKey, error) {
	switch kty, crv := jwk["kty"], jwk["crv"]; {
	case kty == "EC" && crv == "P-256":
		return ecKey(elliptic.P256(), jwk)
	case kty == "EC" && crv == "P-384":
		return ecKey(elliptic.P384(), jwk)
	case kty == "OKP" && crv == "Ed25519":
		x, err := decode64(jwk["x"])
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errKey
		}
		return ed25519.PublicKey(x), nil
	case kty == "RSA":
		n, err1 := decode64(jwk["n"])
		e, err2 := decode64(jwk["e"])
		modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
		if err1 != nil || err2 != nil || exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 || modulus.Bit(0) == 0 {
			return nil, errKey
		}
		if bits := modulus.BitLen(); bits < minRSA || bits > maxRSA {
			return nil, fmt.Errorf("has %d bits, of %d to %d", bits, minRSA, maxRSA)
		}
		return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
	}
	return nil, errors.New("is of a kind that signs no cards; EC (P-256, P-384), OKP (Ed25519) and RSA do")
}

func ecKey(curve elliptic.Curve, jwk map[string]string) (crypto.PublicKey, error) {
	size := (curve.Params().BitSize + 7) / 8
	x, err1 := decode64(jwk["x"])
	y, err2 := decode64(jwk["y"])
	if err1 != nil || err2 != nil || len(x) != size || len(y) != size { // RFC 7518 §6.2.1.2: full width
		return nil, errKey
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y)) // refuses points that are not on the curve
	if err != nil {
		return nil, errKey
	}
	return key, nil
}

// jwkOf has the members that a thumbprint is made of (RFC 7638 §3.2, RFC 8037 §2), of a key that publicKey can give.
func jwkOf(public crypto.PublicKey) map[string]any {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			return nil
		}
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		return map[string]any{"kty": "EC", "crv": key.Params().Name, "x": encode64(x), "y": encode64(y)}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode64(key)}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": encode64(key.N.Bytes()), "e": encode64(big.NewInt(int64(key.E)).Bytes())}
	}
	return nil
}

func thumbprint(public crypto.PublicKey) string {
	sum := sha256.Sum256(canonical(jwkOf(public)))
	return encode64(sum[:])
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode64 is base64url without padding (RFC 7515 §2), one text for one value: no line breaks, which Go skips, and no stray bits at the end.
func decode64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
