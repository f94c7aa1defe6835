package a2asrv

import (
	"net/http"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// extensions are what the card declares (§4.6), by URI. Another version of an extension is another extension.
type extensions struct{ declared, required []string }

func newExtensions(card *a2a.AgentCard) extensions {
	var e extensions
	for _, x := range card.Capabilities.Extensions {
		e.declared = append(e.declared, x.URI)
		if x.Required {
			e.required = append(e.required, x.URI)
		}
	}
	return e
}

// The headers in which clients name extensions: each version has its own, and either is read in both.
var extensionHeaders = [...]string{
	http.CanonicalHeaderKey(wire.ExtensionsHeader), http.CanonicalHeaderKey(wire.LegacyExtensionsHeader),
}

// activate tells the client which of the extensions that it asks for are in force, and refuses a call without one that the card requires (§3.3.4).
// What is not declared is ignored.
func (e *extensions) activate(c *call) error {
	if len(e.declared) == 0 {
		return nil
	}
	var active []string
	for _, header := range extensionHeaders {
		for _, line := range c.r.Header[header] {
			for uri := range strings.SplitSeq(line, ",") {
				uri = strings.TrimSpace(uri)
				if slices.Contains(e.declared, uri) && !slices.Contains(active, uri) {
					active = append(active, uri)
				}
			}
		}
	}
	if len(active) > 0 {
		c.w.Header().Set(c.dialect.Extensions, strings.Join(active, ", "))
	}
	for _, uri := range e.required {
		if !slices.Contains(active, uri) {
			return &a2a.Error{Err: a2a.ErrExtensionSupportRequired, Metadata: map[string]string{"extension": uri}}
		}
	}
	return nil
}
