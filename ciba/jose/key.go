package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// SigningKey is a private key with the one algorithm it is for. Its fields are
// closed, so that no printing of it shows the private part.
type SigningKey struct {
	alg     string
	private crypto.Signer
}

// Generate makes a key for RS256, PS256 (2,048 bits), ES256 or EdDSA.
func Generate(alg string) (*SigningKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "RS256", "PS256":
		private, err = rsa.GenerateKey(rand.Reader, MinRSABits)
	default:
		return nil, fmt.Errorf("unknown algorithm %q: use RS256, PS256, ES256 or EdDSA", alg)
	}
	if err != nil {
		return nil, fmt.Errorf("making a key for %s: %w", alg, err)
	}
	return &SigningKey{alg, private}, nil
}

const pemType = "PRIVATE KEY" // PKCS #8 without a passphrase (RFC 7468 §10)

// ParsePEM reads a key for ES256 that MarshalPEM wrote, or any other tool that
// writes PKCS #8. The error holds nothing of the text.
func ParsePEM(text []byte) (*SigningKey, error) {
	const advice = "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("there is no PEM block %q; %s", pemType, advice)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		// The cause might quote the key.
		return nil, fmt.Errorf("the key is not in PKCS #8; %s", advice)
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("the key is not an ECDSA key on P-256; %s", advice)
	}
	return &SigningKey{"ES256", private}, nil
}

// ParseAnyPEM reads a key of any kind that Generate makes: an RSA key is for RS256, see As. The
// error holds nothing of the text.
func ParseAnyPEM(text []byte) (*SigningKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("there is no PEM block %q", pemType)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key is not in PKCS #8") // the cause might quote the key
	}
	private, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key does not sign")
	}
	algs := Algorithms(private.Public())
	if rsaKey, ok := private.(*rsa.PrivateKey); ok && (rsaKey.N.BitLen() < MinRSABits ||
		rsaKey.N.BitLen() > MaxRSABits) {
		return nil, fmt.Errorf("the RSA key has %d bits, of %d to %d", rsaKey.N.BitLen(),
			MinRSABits, MaxRSABits)
	}
	if len(algs) == 0 {
		return nil, errors.New("the key is of a kind that is not used here; RSA, ECDSA on P-256 " +
			"or P-384, and Ed25519 are")
	}
	return &SigningKey{algs[0], private}, nil
}

// As is the same key for another of its algorithms, nil if alg is none of them.
func (k *SigningKey) As(alg string) *SigningKey {
	if !slices.Contains(Algorithms(k.Public()), alg) {
		return nil
	}
	return &SigningKey{alg, k.private}
}

// MarshalPEM is the private key for a file that nobody else can read.
func (k *SigningKey) MarshalPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// Open reads a key for ES256 from a PEM file, or makes one and keeps it there,
// readable by its owner alone. Whoever trusts the key trusts it for as long as
// the file lives.
func Open(path string) (*SigningKey, error) {
	for range 2 {
		text, err := os.ReadFile(path)
		if err == nil {
			return ParsePEM(text)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := keep(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("a new key cannot be kept: %w", err)
		}
	}
	return nil, errors.New("the file comes and goes")
}

// keep writes a new key, whole or not at all. If another process was faster, its
// key stays (fs.ErrExist).
func keep(path string) error {
	key, err := Generate("ES256")
	if err != nil {
		return err
	}
	text, err := key.MarshalPEM()
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}

// Public is the key for those who verify.
func (k *SigningKey) Public() crypto.PublicKey { return k.private.Public() }

// ID is the thumbprint of the public part, for use as a kid.
func (k *SigningKey) ID() string { return Thumbprint(k.Public()) }

// JWK has the members of the public key as an issuer publishes it (RFC 7517).
func (k *SigningKey) JWK(kid string) map[string]string {
	jwk := Members(k.Public())
	jwk["kid"], jwk["use"], jwk["alg"] = kid, "sig", k.alg
	return jwk
}

// PublicJWK is the public key as a JSON text, under its ID.
func (k *SigningKey) PublicJWK() []byte {
	text, _ := json.Marshal(k.JWK(k.ID())) // texts only
	return text
}

// Alg is the algorithm of the key's signatures.
func (k *SigningKey) Alg() string { return k.alg }

// Sign makes a signature of a signing input (RFC 7515 §5.1).
func (k *SigningKey) Sign(input string) ([]byte, error) {
	return Method(k.alg).Sign(input, k.private)
}

// SignToken makes a JWT in compact form of the claims, under a kid, if it is not "", and a typ.
func (k *SigningKey) SignToken(kid, typ string, claims jwt.Claims) (string, error) {
	t := jwt.NewWithClaims(Method(k.alg), claims)
	t.Header["typ"] = typ
	if kid != "" {
		t.Header["kid"] = kid
	}
	return t.SignedString(k.private)
}
