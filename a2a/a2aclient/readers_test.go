package a2aclient

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/readertest"
	"staff0/a2a/wire"
	"staff0/ciba/jose"
)

func readCard(t testing.TB, data []byte) *a2a.AgentCard {
	t.Helper()
	card, err := wire.UnmarshalCard(data)
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func parse(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// goldenCard is the card of 1.0 that package wire is held to.
func goldenCard(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../wire/testdata/card_v10.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestReaders holds what reads signatures and keys to the table of all readers.
func TestReaders(t *testing.T) {
	readertest.Run(t,
		readertest.Entrance{
			Name: "protected header", Text: `{"alg":"ES256"@}`, Member: "kid",
			Read: func(text []byte) (string, error) {
				h, err := readHeader(&a2a.AgentCardSignature{Protected: jose.Encode(text)})
				if err != nil && strings.Contains(err.Error(), "does not name") {
					return "", nil
				}
				if err != nil {
					return "", err
				}
				return h.kid, nil
			},
		},
		readertest.Entrance{
			Name: "header of a signature", Text: `{"a":1@}`,
			Read: func(text []byte) (string, error) {
				if !strings.HasPrefix(strings.TrimLeft(string(text), " \t\r\n"), "{") {
					return "", errors.New("not an object")
				}
				_, err := readHeader(
					&a2a.AgentCardSignature{Protected: jose.Encode(
						[]byte(`{"alg":"ES256","kid":"k"}`)), Header: text})
				return "", err
			},
		},
		readertest.Entrance{
			Name: "public key",
			Text: `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"@}`, Member: "kid",
			Read: func(text []byte) (string, error) {
				key, err := ParseCardKey(string(text))
				if err != nil {
					return "", err
				}
				return key.id, nil
			},
		},
	)
}
