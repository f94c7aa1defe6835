package a2aclient

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
	"staff0/ciba/oauth"
)

// way is an interface of the agent that this client can call.
type way struct {
	url     string
	tenant  string // to be repeated in every request (§8.3.2)
	dialect *wire.Dialect
	rest    bool // HTTP+JSON, which is spoken in 1.0 only
}

func (c *Client) way() *way { return &c.ways[c.current.Load()] }

// at is the address for a path of the binding, which may bring a query.
func (w *way) at(path string) string {
	base, query, _ := strings.Cut(w.url, "?")
	if path != "" {
		base = strings.TrimSuffix(base, "/") + path
	}
	if query == "" {
		return base
	}
	if strings.Contains(base, "?") {
		return base + "&" + query
	}
	return base + "?" + query
}

// choose takes the interfaces that both sides speak, at the configured origin, in the order of the
// card (§8.3.2). What a card says of other origins is passed over: the token is for the agent that
// was configured.
func choose(card *a2a.AgentCard, c Config) ([]way, error) {
	var ways []way
	elsewhere := ""
	for _, i := range card.SupportedInterfaces {
		// §4.4.6 requires a version, which the example of the Python SDK leaves out.
		// supportedInterfaces itself is of 1.0, and so is that server.
		dialect := wire.Lookup(cmp.Or(i.ProtocolVersion, wire.Version10))
		rest := i.ProtocolBinding == a2a.BindingHTTPJSON
		switch {
		case dialect == nil, !rest && i.ProtocolBinding != a2a.BindingJSONRPC, rest &&
			dialect != wire.V10,
			c.Version != "" && wire.Lookup(c.Version) != dialect, c.Binding != "" &&
				c.Binding != i.ProtocolBinding:
			continue
		}
		at := absolute(i.URL, c.Base)
		u, err := oauth.ParseEndpoint(at)
		if err != nil || !oauth.SameOrigin(u, c.Base) {
			elsewhere = cmp.Or(elsewhere, at)
			continue
		}
		ways = append(ways, way{url: at, tenant: i.Tenant, dialect: dialect, rest: rest})
	}
	switch {
	case len(ways) > 0:
		return ways, nil
	case elsewhere != "":
		return nil, &CardError{
			Reason: fmt.Sprintf(
				"its interface is at another origin than the configured %s, or not at one that a "+
					"token may be sent to: %.*q",
				c.Base, maxQuoted, elsewhere),
			Elsewhere: elsewhere,
		}
	}
	binding, version := c.Binding, c.Version
	if binding == "" {
		binding = a2a.BindingJSONRPC + " or " + a2a.BindingHTTPJSON
	}
	if version == "" {
		version = wire.Version10 + " or " + wire.Version03
	}
	return nil, &CardError{Reason: "it offers no interface of " + binding + " in version " +
		version}
}

// absolute is the address of an interface. One that names no host is relative to the card's own
// (RFC 3986 §5); both paths of a card are in one directory.
func absolute(raw string, base *url.URL) string {
	u, err := url.Parse(raw)
	if err != nil || raw == "" || u.IsAbs() || u.Host != "" {
		return raw
	}
	card := *base
	card.Path, card.RawPath = base.Path+CardPath, ""
	return card.ResolveReference(u).String()
}

// leadsNowhere reports whether nobody was there to do a call: not an error of the agent, but of
// what stands where the card says that it is. A way that leads nowhere has done nothing, so that
// the call can go another.
func leadsNowhere(err error) bool {
	var answered *HTTPError
	if !errors.As(err, &answered) {
		return false
	}
	switch answered.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone,
		http.StatusUnsupportedMediaType, http.StatusNotImplemented,
		http.StatusServiceUnavailable:
		return answered.Err == nil || errors.Is(answered.Err, a2a.ErrUnknown) ||
			errors.Is(answered.Err, a2a.ErrMethodNotFound)
	}
	return false
}

// agreed are the extensions that both sides know, as a header has them. An agent that requires
// another one would refuse every call (§4.6).
func agreed(card *a2a.AgentCard, known []string) (string, error) {
	var both []string
	for _, extension := range card.Capabilities.Extensions {
		switch {
		case slices.Contains(known, extension.URI):
			both = append(both, extension.URI)
		case extension.Required:
			return "", &CardError{Reason: fmt.Sprintf(
				"it requires the extension %.*q, which is not spoken here", maxQuoted,
				extension.URI)}
		}
	}
	return strings.Join(both, ", "), nil
}
