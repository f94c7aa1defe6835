package a2aclient

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// CardPath is where an agent's card is (§8.2).
const CardPath = "/.well-known/agent-card.json"

// maxCardSize bounds a card. Real ones have some kilobytes.
const maxCardSize = 1 << 20

// ParseBase reads the address of an agent: https, or http on this machine.
func ParseBase(raw string) (*url.URL, error) {
	u, err := oauth.ParseEndpoint(raw)
	if err != nil {
		return nil, fmt.Errorf("the agent's address: %w", err)
	}
	if u.RawQuery != "" {
		return nil, fmt.Errorf("the agent's address: %w: it holds a query", oauth.ErrInsecureURL)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

// Resolve fetches the card of the agent at base, without a token and without following a redirect: who answers elsewhere is somebody else.
func Resolve(ctx context.Context, hc *http.Client, base *url.URL) (*a2a.AgentCard, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String()+CardPath, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set(wire.VersionHeader, wire.Version10)
	res, err := do(hc, req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, refusal(res, nil)
	}
	if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); media != "application/json" && !strings.HasSuffix(media, "+json") {
		return nil, &CardError{"it is not served as JSON, so this is hardly an agent"}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxCardSize+1))
	if err != nil {
		return nil, &UnreachableError{err}
	}
	if len(body) > maxCardSize {
		return nil, &CardError{"it is larger than a megabyte"}
	}
	card, err := wire.UnmarshalCard(body)
	if err != nil {
		return nil, &CardError{err.Error()}
	}
	return card, nil
}

// CardError says why a card cannot be used. The text may hold words of the card.
type CardError struct{ Reason string }

func (e *CardError) Error() string { return "the agent card cannot be used: " + e.Reason }
