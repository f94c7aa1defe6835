package jwks

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays may nest; claims in use nest two or three levels.
const maxDepth = 32

// member is one name and its value as it stood in the document.
type member struct {
	name  string
	value json.RawMessage
}

// object is a JSON object whose names are unique and compared to the letter. Decoding into a struct
// would do neither: encoding/json lets the last duplicate win and matches `SCOPE` to a field named
// scope, so two readers of one token could see two different tokens (RFC 8725 §2.4, RFC 7515 §4:
// names must be unique).
type object []member

func (o object) get(name string) (json.RawMessage, bool) {
	for i := range o {
		if o[i].name == name {
			return o[i].value, true
		}
	}
	return nil, false
}

func (o object) has(name string) bool {
	_, ok := o.get(name)
	return ok
}

// text returns the string member name. present tells an absent member from one of another type,
// which is ok == false.
func (o object) text(name string) (s string, present, ok bool) {
	raw, present := o.get(name)
	if !present {
		return "", false, true
	}
	s, ok = asText(raw)
	return s, true, ok
}

// UnmarshalJSON reads the payload of a token for golang-jwt.
func (o *object) UnmarshalJSON(data []byte) (err error) {
	*o, err = parseObject(bytes.Clone(data)) // the bytes are the caller's
	return err
}

var (
	errNotObject = errors.New("not a JSON object")
	errEncoding  = errors.New("not UTF-8")
	errDuplicate = errors.New("a name occurs twice")
	errDepth     = errors.New("nested too deeply")
)

// parseObject reads one JSON object and nothing after it. Duplicate names are refused at every
// depth.
func parseObject(data []byte) (object, error) {
	// Invalid bytes would all become U+FFFD, and different names the same.
	if !utf8.Valid(data) {
		return nil, errEncoding
	}
	if !json.Valid(data) {
		return nil, errNotObject
	}
	s := scanner{data: data}
	if s.peek() != '{' {
		return nil, errNotObject
	}
	return s.object(1)
}

// scanner walks through a document that is known to be well-formed, so it only has to find where
// things end.
type scanner struct {
	data []byte
	pos  int
}

// peek skips white space, colons and commas and returns the byte where the next name, value or end
// begins.
func (s *scanner) peek() byte {
	for {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n', ':', ',':
			s.pos++
		default:
			return c
		}
	}
}

func (s *scanner) object(depth int) (object, error) {
	out := make(object, 0, 12) // what tokens in use hold
	var seen names
	s.pos++
	for s.peek() != '}' {
		// Names compare as what they mean: "\u0061ud" is aud.
		name, ok := asText(s.quoted())
		if !ok {
			return nil, errNotObject
		}
		if !seen.add(name) {
			return nil, errDuplicate
		}
		s.peek()
		start := s.pos
		if err := s.value(depth); err != nil {
			return nil, err
		}
		if depth == 1 {
			out = append(out, member{name, s.data[start:s.pos:s.pos]})
		}
	}
	s.pos++
	return out, nil
}

// names is a set of names. Tokens in use have few, for which looking through them costs less than a
// map; a hostile one has thousands.
type names struct {
	few  [16]string
	n    int
	many map[string]struct{}
}

// add reports whether the name is new.
func (s *names) add(name string) bool {
	if s.many == nil {
		if slices.Contains(s.few[:s.n], name) {
			return false
		}
		if s.n < len(s.few) {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.many = make(map[string]struct{}, 4*len(s.few))
		for _, have := range s.few {
			s.many[have] = struct{}{}
		}
	}
	if _, twice := s.many[name]; twice {
		return false
	}
	s.many[name] = struct{}{}
	return true
}

func (s *scanner) value(depth int) error {
	switch s.peek() {
	case '"':
		s.quoted()
	case '{':
		if depth++; depth > maxDepth {
			return errDepth
		}
		_, err := s.object(depth)
		return err
	case '[':
		if depth++; depth > maxDepth {
			return errDepth
		}
		s.pos++
		for s.peek() != ']' {
			if err := s.value(depth); err != nil {
				return err
			}
		}
		s.pos++
	default: // a number, true, false or null
		s.pos += bytes.IndexAny(s.data[s.pos:], ",]} \t\r\n")
	}
	return nil
}

// quoted passes a string and returns it with its quotes.
func (s *scanner) quoted() []byte {
	start := s.pos
	for s.pos++; s.data[s.pos] != '"'; s.pos++ {
		if s.data[s.pos] == '\\' {
			s.pos++
		}
	}
	s.pos++
	return s.data[start:s.pos]
}

// asText reads a JSON value that is a string.
func asText(raw json.RawMessage) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// asTexts reads a string or an array of strings, the two forms of `aud` (RFC 7519 §4.1.3).
func asTexts(raw json.RawMessage) ([]string, bool) {
	if s, ok := asText(raw); ok {
		return []string{s}, true
	}
	var items []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	out := make([]string, len(items))
	for i, item := range items {
		s, ok := asText(item)
		if !ok {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}
