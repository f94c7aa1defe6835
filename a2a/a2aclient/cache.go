package a2aclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// MaxCardAge is the longest time for which a card is used without asking again, whatever the agent
// allows.
const MaxCardAge = time.Hour

// Cache keeps the cards of agents in memory, for as long as each agent allows (§8.6.2, RFC 9111): a
// fresh card is given without a request, and an older one is asked for by its tag. An agent that
// cannot be reached has no card. The zero value is empty and ready; it is safe for concurrent use.
type Cache struct {
	mu    sync.Mutex
	cards map[string]*kept // by the address of the card
}

// kept is a card with what was said about keeping it. It is never changed.
type kept struct {
	card  *a2a.AgentCard
	at    string // where it was
	tag   string // of HTTP, "" for none
	until time.Time
}

// Resolve is Resolve for callers that come back. The card is shared and must not be changed.
func (c *Cache) Resolve(
	ctx context.Context, hc *http.Client, base *url.URL,
) (*a2a.AgentCard, error) {
	if base == nil {
		return Resolve(ctx, hc, base) // which says what is missing
	}
	at := base.String()
	c.mu.Lock()
	have := c.cards[at]
	c.mu.Unlock()
	if have != nil && time.Now().Before(have.until) {
		return have.card, nil
	}
	got, err := resolve(ctx, hc, base, have, wire.UnmarshalCard)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cards == nil {
		c.cards = map[string]*kept{}
	}
	c.cards[at] = got
	return got.card, nil
}

// newKept reads how long an answer may be kept: not at all, unless it says so.
func newKept(card *a2a.AgentCard, h http.Header) *kept {
	k := &kept{card: card, tag: h.Get("ETag")}
	age, asks := time.Duration(0), false
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store":
			return &kept{card: card}
		case "no-cache":
			asks = true
		case "max-age":
			age = seconds(strings.Trim(value, `"`))
		}
	}
	if !asks {
		// proxies have kept it for a while already
		k.until = time.Now().Add(min(age-seconds(h.Get("Age")), MaxCardAge))
	}
	return k
}

// seconds reads a number of seconds (RFC 9111 §1.2.2); what is none is 0.
func seconds(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
