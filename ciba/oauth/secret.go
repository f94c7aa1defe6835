package oauth

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that must not be seen: a client secret, an access token,
// an ID token. Every way of printing or marshalling it yields "[redacted]";
// only [Secret.Reveal] gives the value.
//
// Two ways reach past the methods of a string type: fmt prints an unexported
// field of a struct by its kind, and encoding/json writes the key of a map so. A
// struct that keeps a Secret in an unexported field and may be printed needs a
// String method of its own; a Secret is no key.
type Secret string

// Reveal returns the secret itself, to be put on the wire and nowhere else.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]", so that %#v does not show the value either.
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb. Without it %x and %q would print
// the value, because fmt treats the type as the string that it is.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue makes every slog handler print "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes encoding/json and its relatives write "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
