package a2asrv

import (
	"fmt"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/jose"
)

// OpenCardKey reads the key that signs the agent card (§8.4) from a PEM file, or makes one and keeps it there, readable by its owner alone. Whoever
// pins the key trusts it for as long as the file lives.
func OpenCardKey(path string) (*jose.SigningKey, error) {
	key, err := jose.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the key of the agent card, %s: %w", path, err)
	}
	return key, nil
}

// signed is the card with a signature by the key; without a key it is the card as it is.
func signed(card *a2a.AgentCard, key *jose.SigningKey) (*a2a.AgentCard, error) {
	if key == nil || card == nil {
		return card, nil
	}
	signature, err := wire.SignCard(card, key)
	if err != nil {
		return nil, fmt.Errorf("a2asrv: sign the agent card: %w", err)
	}
	c := *card
	c.Signatures = append(c.Signatures[:len(c.Signatures):len(c.Signatures)], signature)
	return &c, nil
}
