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
type extensions struct {
	declared, required []string
	alone              [][]string // each declared one as a header's values
}

func newExtensions(card *a2a.AgentCard) extensions {
	var e extensions
	for _, x := range card.Capabilities.Extensions {
		e.declared = append(e.declared, x.URI)
		e.alone = append(e.alone, []string{x.URI})
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

// headerOf is where a version names extensions, as net/http spells it.
func headerOf(d *wire.Dialect) string {
	if d.Extensions == wire.ExtensionsHeader {
		return extensionHeaders[0]
	}
	return extensionHeaders[1]
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
	i := slices.Index(e.declared, uri)
	if i < 0 || slices.Contains(c.extensions, uri) {
		return
	}
	value := e.alone[i]
	if c.extensions = append(c.extensions, e.declared[i]); len(c.extensions) > 1 {
		value = []string{strings.Join(c.extensions, ", ")}
	}
	c.w.Header()[headerOf(c.dialect)] = value
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
