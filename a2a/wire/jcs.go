package wire

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// errNumber is what I-JSON (RFC 7493 §2.2) does not let a text hold, since readers would differ
// over it; what else it forbids is no JSON here at all.
var errNumber = errors.New("holds a number too large for an IEEE 754 double")

// parseIJSON returns nil, bool, float64, string, []any or map[string]any, all the way down. The
// error is that of a2a.Members, or errNumber.
func parseIJSON(text []byte) (any, error) {
	if err := a2a.Members(text, nil); err != nil {
		return nil, err
	}
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil, errNumber // nothing else is left that it would not read
	}
	return value, nil
}

// canonical is the one form that all equal JSON values share (RFC 8785): no blanks, members sorted
// by the UTF-16 code units of their names, strings with the fewest escapes, numbers as ECMAScript
// prints them. Signatures are made over it. The value is of the types that parseIJSON returns.
func canonical(value any) []byte {
	text, err := json.Marshal(value)
	form := jsontext.Value(text)
	if err != nil || form.Canonicalize() != nil {
		return nil // which no signature holds for; values of these types always have a text
	}
	return form
}
