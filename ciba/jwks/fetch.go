package jwks

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/oauth"
)

const (
	// MaxKeySetBytes bounds the document; providers publish two to six keys, about a kilobyte each
	// with certificates.
	MaxKeySetBytes = 256 << 10
	// MaxKeys bounds the number of keys in it, since each costs a decoding.
	MaxKeys = 64
)

// set is one good key set, as it was fetched. It is never changed.
type set struct {
	jwkset.Storage
	// content says which keys there are, canonically, so that a set that was fetched again is known
	// as the same one.
	content []byte
	dropped []string // why keys were left out, without their material
}

// newFinder makes keyfunc find the keys that tokens name in a storage.
func newFinder(storage jwkset.Storage) (keyfunc.Keyfunc, error) {
	return keyfunc.New(keyfunc.Options{Storage: storage,
		UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
}

// find returns the key that a token names. keyfunc compares `alg` and `use` of the key with it; the
// type of the key is compared here.
func find(ctx context.Context, finder keyfunc.Keyfunc, t *jwt.Token) (crypto.PublicKey, error) {
	key, err := finder.KeyfuncCtx(ctx)(t)
	if down, ok := errors.AsType[*unavailable](err); ok {
		return nil, down
	}
	_, alg := named(t)
	switch {
	case errors.Is(err, jwkset.ErrKeyNotFound):
		return nil, ErrUnknownKey
	case err != nil || !usable(key, alg):
		return nil, refuse("the key is not for this algorithm")
	}
	return key, nil
}

// fetch gets and reads a key set. jwkset's own fetching is passed by: it follows redirects, reads
// without end, and lets one malformed key or an empty set take all good keys away.
func fetch(ctx context.Context, hc *http.Client, address string) (*set, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := oauth.Do(hc, req, FetchTimeout, MaxKeySetBytes)
	switch {
	case resp == nil:
		return nil, err
	case resp.Status != http.StatusOK:
		return nil, fmt.Errorf("the key set was answered with status %d", resp.Status)
	case err != nil:
		return nil, fmt.Errorf("the key set is larger than %d bytes", MaxKeySetBytes)
	}
	return readSet(ctx, resp.Body)
}

// readSet keeps the keys that may verify signatures. A set without any is an error, never an empty
// set: an issuer that really has no keys left cannot sign tokens either, and an issuer with a
// broken page must not lock everybody out.
func readSet(ctx context.Context, body []byte) (*set, error) {
	doc, err := parseObject(body)
	if err != nil {
		return nil, fmt.Errorf("the key set is malformed: %w", err)
	}
	rawKeys, _ := doc.get("keys")
	var items []json.RawMessage
	if err := json.Unmarshal(rawKeys, &items); err != nil || len(items) == 0 {
		return nil, errors.New("the key set has no keys")
	}
	if len(items) > MaxKeys {
		return nil, fmt.Errorf("the key set has more than %d keys", MaxKeys)
	}
	s := &set{}
	kept := s.sift(items)
	if len(kept) == 0 {
		return nil, fmt.Errorf("the key set has no key that can be used (%s)",
			strings.Join(s.dropped, "; "))
	}
	s.Storage = jwkset.NewMemoryStorage()
	if err := s.KeyReplaceAll(ctx, kept); err != nil {
		return nil, err
	}
	s.content, err = s.JSONPublic(ctx)
	return s, err
}

// sift drops the keys that must not be used, one by one. Of two different keys with one id neither
// is kept: which of them a token means would be decided by their order.
func (s *set) sift(items []json.RawMessage) []jwkset.JWK {
	var kept []jwkset.JWK
	ambiguous := map[string]bool{}
	for i, item := range items {
		key, err := readKey(item)
		if err != nil {
			s.dropped = append(s.dropped, fmt.Sprintf("key %d: %v", i, err))
			continue
		}
		kid := key.Marshal().KID
		if j := slices.IndexFunc(kept, func(k jwkset.JWK) bool {
			return k.Marshal().KID == kid
		}); j >= 0 {
			s.dropped = append(s.dropped, fmt.Sprintf("key %d: an id that occurs twice", i))
			ambiguous[kid] = ambiguous[kid] || !sameKey(kept[j].Key(), key.Key())
			continue
		}
		kept = append(kept, key)
	}
	kept = slices.DeleteFunc(kept, func(k jwkset.JWK) bool { return ambiguous[k.Marshal().KID] })
	slices.SortFunc(kept, func(a, b jwkset.JWK) int {
		return strings.Compare(a.Marshal().KID, b.Marshal().KID)
	})
	return kept
}

func sameKey(a, b any) bool {
	x, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && x.Equal(b)
}

// readKey decides on one member of `keys` (RFC 7517 §4) before jwkset decodes it, and hands on only
// the members that make a public key. In particular no x5u, which would name a further address to
// fetch.
func readKey(raw json.RawMessage) (jwkset.JWK, error) {
	var none jwkset.JWK
	o, err := parseObject(raw)
	if err != nil {
		return none, err
	}
	var m jwkset.JWKMarshal
	for _, field := range []struct {
		name string
		to   *string
	}{
		{"kty", (*string)(&m.KTY)}, {"use", (*string)(&m.USE)}, {"alg", (*string)(&m.ALG)},
		{"kid", &m.KID},
		{"crv", (*string)(&m.CRV)}, {"x", &m.X}, {"y", &m.Y}, {"n", &m.N}, {"e", &m.E},
	} {
		s, _, ok := o.text(field.name)
		if !ok {
			return none, fmt.Errorf("%s is no string", field.name)
		}
		*field.to = s
	}
	switch {
	case m.USE != "" && m.USE != jwkset.UseSig:
		return none, errors.New("not for signatures")
	case !forVerifying(o):
		return none, errors.New("key_ops without verify")
	case !saneKeyID(m.KID):
		return none, errors.New("no id, or a malformed one")
	case o.has("d"):
		// A secret that is published is no secret: whoever reads this page can sign.
		return none, errors.New("private")
	}
	key, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return none, errors.New("malformed or of an unknown type")
	}
	if !usableAtAll(key.Key()) || m.ALG != "" && !usable(key.Key(), string(m.ALG)) {
		return none, errors.New("too weak, or for no algorithm that is used")
	}
	return key, nil
}

// forVerifying reads key_ops (RFC 7517 §4.3), where present.
func forVerifying(o object) bool {
	raw, present := o.get("key_ops")
	if !present {
		return true
	}
	ops, ok := asTexts(raw)
	return ok && bytes.HasPrefix(raw, []byte("[")) &&
		slices.Contains(ops, string(jwkset.KeyOpsVerify))
}
