package cmd

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"staff0/a2a/a2asrv"
)

// cardKeyFile is the key of the agent card in the state directory.
const cardKeyFile = "card-key.pem"

// cardKeyPath is where the key that signs the agent card is kept; "" leaves the card unsigned, for
// an agent that keeps nothing.
func (s *settings) cardKeyPath() (string, error) {
	if s.CardKey != "" {
		return s.CardKey, nil
	}
	if s.AgentDatabase == "memory:" {
		return "", nil
	}
	if err := os.MkdirAll(s.stateDir, 0o700); err != nil {
		return "", startError(fmt.Errorf("cannot make the state directory: %w", err),
			"name a file with STAFF0_CARD_KEY")
	}
	return filepath.Join(s.stateDir, cardKeyFile), nil
}

func (p *program) newAgentCardKey() *cobra.Command {
	c := &cobra.Command{
		Use:   "card-key",
		Short: "Print the public key that signs the agent card, for others to pin",
		Long: `card-key prints the public key that signs the agent card, as a JWK. The key is made when it is needed first, and kept in the state
directory, or in the file that STAFF0_CARD_KEY names. Give it to callers on a way that you both trust; they pin it with
staff0 client card --pin, or with any library that verifies JWS over JCS (A2A §8.4).`,
		Example: "  staff0 agent card-key\n  staff0 agent card-key > hr-agent.jwk",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.begin(c, forCardKey); err != nil {
				return err
			}
			path, err := p.settings.cardKeyPath()
			if err != nil {
				return err
			}
			if path == "" {
				return usageError("an agent that keeps nothing has no key",
					"name a file with STAFF0_CARD_KEY")
			}
			key, err := a2asrv.OpenCardKey(path)
			if err != nil {
				return startError(err,
					"check the file and its directory, or name another one with STAFF0_CARD_KEY")
			}
			fmt.Fprintf(p.out, "%s\n", key.PublicJWK())
			return nil
		},
	}
	p.settings.cardKeyFlag(c)
	return c
}
