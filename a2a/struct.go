package a2a

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Struct is a JSON object whose members the protocol does not define (google.protobuf.Struct), kept as compact text; nil is absent.
type Struct []byte

// Lookup is the value of one member, nil if there is none.
func (s Struct) Lookup(name string) json.RawMessage {
	if len(s) == 0 {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(s, &members) != nil {
		return nil
	}
	return members[name]
}

// MarshalJSON gives the object as it is.
func (s Struct) MarshalJSON() ([]byte, error) {
	if len(s) == 0 {
		return []byte("null"), nil
	}
	return s, nil
}

var errNotAnObject = errors.New("must be an object")

// UnmarshalJSON takes an object or null.
func (s *Struct) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*s = nil
		return nil
	}
	if len(data) == 0 || data[0] != '{' {
		return errNotAnObject
	}
	*s = compact(data)
	return nil
}

// compact copies valid JSON without the blanks between its tokens, so that equal values that were spaced differently are equal bytes.
func compact(data []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(data))
	if json.Compact(&b, data) != nil {
		return append([]byte(nil), data...)
	}
	return b.Bytes()
}
