package a2aclient

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// CardPath is where an agent's card is (§8.2), and OlderCardPath where it was before 0.3.
const (
	CardPath      = "/.well-known/agent-card.json"
	OlderCardPath = "/.well-known/agent.json"
)

// cardTimeout bounds the fetching of a card.
const cardTimeout = 30 * time.Second

// ParseBase reads the address of an agent: https, or http on this machine.
func ParseBase(raw string) (*url.URL, error) {
	u, err := oauth.ParseEndpoint(raw)
	if err == nil && (u.RawQuery != "" || u.ForceQuery) {
		err = fmt.Errorf("%w: it holds a query", oauth.ErrInsecureURL)
	}
	if err != nil {
		return nil, fmt.Errorf("the agent's address: %w", err)
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return u, nil
}

// Resolve fetches the card of the agent at base, without a token and without following a redirect:
// who answers elsewhere is somebody else. Where there is none, or none for everybody (401, 403,
// 404), the older path is tried. It asks once; Patiently waits for an agent that is still starting.
//
// Errors: *UnreachableError; *HTTPError for a status other than 200; *CardError for what is no
// card; oauth.ErrInsecureURL for an address that ParseBase would refuse; the cause of ctx when that
// has ended.
func Resolve(ctx context.Context, hc *http.Client, base *url.URL) (*a2a.AgentCard, error) {
	return resolve(ctx, hc, base, wire.UnmarshalCard)
}

// ResolvePinned is Resolve for a card that must be signed by one of the pinned keys: public JWKs,
// or thumbprints (RFC 7638). It is refused unsigned, signed by another key, or altered. No address
// in the card is followed to a key.
func ResolvePinned(
	ctx context.Context, hc *http.Client, base *url.URL, pins ...string,
) (*a2a.AgentCard, error) {
	var keys []*CardKey
	for _, pin := range pins {
		key, err := ParseCardKey(pin)
		if err != nil {
			return nil, &PinError{err}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, &PinError{errors.New("there is none")}
	}
	return resolve(ctx, hc, base, func(body []byte) (*a2a.AgentCard, error) {
		return VerifyCard(body, keys...)
	})
}

// PinError says that a pinned key cannot be used.
type PinError struct{ Err error }

func (e *PinError) Error() string { return "the pinned key cannot be used: " + e.Err.Error() }
func (e *PinError) Unwrap() error { return e.Err }

// resolve fetches the card from either path and reads it.
func resolve(
	ctx context.Context, hc *http.Client, base *url.URL,
	read func([]byte) (*a2a.AgentCard, error),
) (*a2a.AgentCard, error) {
	if hc == nil || base == nil {
		return nil, errors.New("a2aclient: base and HTTP client are required")
	}
	if _, err := ParseBase(base.String()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cardTimeout, errNoAnswer)
	defer cancel()
	got, err := resolveAt(ctx, hc, base.String()+CardPath, read)
	var answered *HTTPError
	if !errors.As(err, &answered) {
		return got, err
	}
	switch answered.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		older, olderErr := resolveAt(ctx, hc, base.String()+OlderCardPath, read)
		var unusable *CardError
		if olderErr == nil || errors.As(olderErr, &unusable) {
			return older, olderErr
		}
	}
	return nil, err
}

func resolveAt(
	ctx context.Context, hc *http.Client, at string,
	read func([]byte) (*a2a.AgentCard, error),
) (*a2a.AgentCard, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set(wire.VersionHeader, wire.Version10)
	res, err := do(transport(hc), req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, refusal(res, false)
	}
	// Servers of plain files may not know the ending and say text/plain.
	switch media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); {
	case media == "application/json", media == "text/plain", strings.HasSuffix(media, "+json"):
	default:
		return nil, &CardError{Reason: "it is not served as JSON, so this is hardly an agent; " +
			"check the agent's address"}
	}
	body, err := readAll(ctx, res.Body, wire.MaxCardSize)
	if errors.Is(err, errTooLarge) {
		return nil, &CardError{Reason: fmt.Sprintf("it is larger than %d bytes", wire.MaxCardSize)}
	}
	if err != nil {
		return nil, err
	}
	card, err := read(body)
	if err != nil {
		return nil, &CardError{Reason: cause(err).Error()}
	}
	return card, nil
}

// cause is the private part of a protocol error, which says more than the sentence in front of it.
func cause(err error) error {
	var e *a2a.Error
	if errors.As(err, &e) && e.Cause != nil {
		return e.Cause
	}
	return err
}

// CardError says why a card cannot be used. The text may hold words of the card.
type CardError struct {
	Reason string
	// Elsewhere is the address of its interface, if that is the reason.
	Elsewhere string
}

func (e *CardError) Error() string { return "the agent card cannot be used: " + e.Reason }
