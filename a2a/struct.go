package a2a

import "encoding/json"

// Struct is a JSON object whose members the protocol does not define (google.protobuf.Struct), kept as
// compact text; nil is absent.
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

// merge returns the object with the members of another one added; where both have one, the other's is
// taken.
func (s Struct) merge(other Struct) Struct {
	if len(s) == 0 || len(other) == 0 {
		if len(other) > 0 {
			return other
		}
		return s
	}
	out := append(make(Struct, 0, len(s)+len(other)), '{')
	add := func(name, value []byte) {
		out = append(appendString(comma(out, len(out)-1), string(name)), ':')
		out = append(out, value...)
	}
	replaced := map[string]bool{}
	err := Members(other, func(name, value []byte) {
		replaced[string(name)] = true
		add(name, value)
	})
	if err != nil {
		return s
	}
	err = Members(s, func(name, value []byte) {
		if !replaced[string(name)] {
			add(name, value)
		}
	})
	if err != nil {
		return s
	}
	return append(out, '}')
}
