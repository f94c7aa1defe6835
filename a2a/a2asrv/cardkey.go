package a2asrv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// OpenCardKey reads the key that signs the agent card (§8.4) from a PEM file, or makes one and keeps it there, readable by its owner alone. Whoever
// pins the key trusts it for as long as the file lives.
func OpenCardKey(path string) (*wire.SigningKey, error) {
	for range 2 {
		text, err := os.ReadFile(path)
		switch {
		case err == nil:
			key, err := wire.ParseSigningKey(text)
			if err != nil {
				return nil, fmt.Errorf("the key of the agent card, %s: %w", path, err)
			}
			return key, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("the key of the agent card cannot be read: %w", err)
		}
		if err := makeCardKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("the key of the agent card cannot be kept: %w", err)
		}
	}
	return nil, fmt.Errorf("the key of the agent card, %s, comes and goes", path)
}

// makeCardKey writes a new key, whole or not at all. If another process was faster, its key stays (fs.ErrExist).
func makeCardKey(path string) error {
	key, err := wire.GenerateSigningKey()
	if err != nil {
		return err
	}
	text, err := key.MarshalPEM()
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".card-key-*") // mode 0600
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

// signed is the card with a signature by the key; without a key it is the card as it is.
func signed(card *a2a.AgentCard, key *wire.SigningKey) (*a2a.AgentCard, error) {
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
