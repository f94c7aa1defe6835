package a2a

import (
	"encoding/json"
	"maps"
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

// UnmarshalJSON takes an object or null.
func (s *Struct) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*s = nil
		return nil
	}
	if len(data) == 0 || data[0] != '{' {
		return &DecodeError{Problem: problemObject}
	}
	*s = compact(data)
	return nil
}

// merge is the object with the members of another one added; where both have one, the other's is taken.
func (s Struct) merge(other Struct) Struct {
	if len(s) == 0 || len(other) == 0 {
		if len(other) > 0 {
			return other
		}
		return s
	}
	var members, added map[string]json.RawMessage
	if json.Unmarshal(s, &members) != nil || json.Unmarshal(other, &added) != nil {
		return s
	}
	maps.Copy(members, added)
	b, err := json.Marshal(members)
	if err != nil {
		return s
	}
	return b
}
