package a2asrv

import (
	"encoding/json"
	"fmt"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/jose"
)

// OpenCardKey reads the key that signs the agent card (§8.4) from a PEM file, or makes one and
// keeps it there, readable by its owner alone. Whoever pins the key trusts it for as long as the
// file lives.
func OpenCardKey(path string) (*jose.SigningKey, error) {
	key, err := jose.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the key of the agent card, %s: %w", path, err)
	}
	return key, nil
}

// SignCard makes a signature of the card as it is in 1.0 (§8.4.2), for the caller to append to
// card.Signatures. A card may have several, of several keys; each covers the card without any.
// wire.MarshalCard with wire.CardV10 writes the card that it holds for.
//
// The protected header has alg, kid and typ. The unprotected one has the public key (jwk), for
// those who know no more of it than the thumbprint; it proves nothing by itself. There is no jku: a
// key is to be pinned, not fetched from where a card says.
//
// The official SDKs leave out empty texts, lists and objects even where the specification keeps
// them, so they refuse the signature of a card that has such: an empty description, a security
// requirement without scopes, a scheme without members. JS 1.3.0 moreover loses the security
// schemes of a card that it has parsed and must be given the plain JSON.
func SignCard(card *a2a.AgentCard, key *jose.SigningKey) (a2a.AgentCardSignature, error) {
	payload, err := wire.CardPayload(card)
	if err != nil {
		return a2a.AgentCardSignature{}, err
	}
	protected := jose.Encode(
		member(map[string]string{"alg": key.Alg(), "kid": key.ID(), "typ": "JOSE"}))
	raw, err := key.Sign(protected + "." + jose.Encode(payload)) // RFC 7515 §5.1
	if err != nil {
		return a2a.AgentCardSignature{}, err
	}
	header := member(map[string]any{"jwk": jose.Members(key.Public())})
	return a2a.AgentCardSignature{Protected: protected, Signature: jose.Encode(raw),
		Header: header}, nil
}

// member is a JSON text of texts only.
func member(value any) []byte {
	text, _ := json.Marshal(value)
	return text
}

// signed is the card with a signature by the key; without a key it is the card as it is.
func signed(card *a2a.AgentCard, key *jose.SigningKey) (*a2a.AgentCard, error) {
	if key == nil || card == nil {
		return card, nil
	}
	signature, err := SignCard(card, key)
	if err != nil {
		return nil, fmt.Errorf("a2asrv: sign the agent card: %w", err)
	}
	c := *card
	c.Signatures = append(c.Signatures[:len(c.Signatures):len(c.Signatures)], signature)
	return &c, nil
}
