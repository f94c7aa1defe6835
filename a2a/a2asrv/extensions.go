package a2asrv

import (
	"net/http"
	"slices"
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// extensions are what the card declares (§4.6), by URI. Another version of an extension is another
// extension.
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

// The headers in which clients name extensions: each version has its own, and either is read in
// both.
var extensionHeaders = [...]string{
	http.CanonicalHeaderKey(wire.ExtensionsHeader),
	http.CanonicalHeaderKey(wire.LegacyExtensionsHeader),
}

// activate notes which of the extensions that the client asks for are in force, tells it so, and
// refuses a call without one that the card requires (§3.3.4). What is not declared is ignored.
func (e *extensions) activate(c *call) error {
	if len(e.declared) == 0 {
		return nil
	}
	for _, header := range extensionHeaders {
		for _, line := range c.r.Header[header] {
			for uri := range strings.SplitSeq(line, ",") {
				e.add(c, strings.TrimSpace(uri))
			}
		}
	}
	for _, uri := range e.required {
		if !slices.Contains(c.extensions, uri) {
			return &a2a.Error{Err: a2a.ErrExtensionSupportRequired,
				Metadata: map[string]string{"extension": uri}}
		}
	}
	return nil
}

// add puts an extension in force that the card declares.
func (e *extensions) add(c *call, uri string) {
	if slices.Contains(e.declared, uri) && !slices.Contains(c.extensions, uri) {
		c.extensions = append(c.extensions, uri)
		c.w.Header().Set(c.dialect.Extensions, strings.Join(c.extensions, ", "))
	}
}

// message hands a message the extensions that are in force. Those that it names itself (§4.1.4)
// count as asked for: there are clients whose programs cannot set a header.
func (e *extensions) message(c *call, send *a2a.SendMessageRequest) {
	if len(e.declared) == 0 {
		return
	}
	if send.Message != nil {
		for _, uri := range send.Message.Extensions {
			e.add(c, uri)
		}
	}
	send.Extensions = c.extensions
}
