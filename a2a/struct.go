package a2a

import (
	"encoding/json"
	"slices"
)

// Struct is a JSON object whose members the protocol does not define (google.protobuf.Struct), kept
// as compact text; nil is absent.
type Struct []byte

// Lookup returns the value of one member, nil if there is none.
func (s Struct) Lookup(name string) (found json.RawMessage) {
	if len(s) == 0 {
		return nil
	}
	err := Members(s, func(have, value []byte) {
		if string(have) == name {
			found = value
		}
	})
	if err != nil {
		return nil
	}
	return found
}

// MarshalJSON returns the object unchanged.
func (s Struct) MarshalJSON() ([]byte, error) {
	if len(s) == 0 {
		return []byte("null"), nil
	}
	return s, nil
}

// merge returns the members of all objects, oldest first; of those that have the same name the
// newest is taken. What is not an object is left out.
func merge(objects []Struct) Struct {
	var out Struct
	found, seen := 0, map[string]bool{}
	for _, object := range slices.Backward(objects) {
		if len(object) == 0 {
			continue
		}
		if found++; found == 1 {
			out = object // most often there is no other
		}
	}
	if found < 2 {
		return out
	}
	out = Struct{'{'}
	for _, object := range slices.Backward(objects) {
		if len(object) == 0 || Members(object, nil) != nil {
			continue
		}
		_ = Members(object, func(name, value []byte) {
			if !seen[string(name)] {
				seen[string(name)] = true
				out = append(appendString(comma(out, len(out)-1), string(name)), ':')
				out = append(out, value...)
			}
		})
	}
	return append(out, '}')
}
