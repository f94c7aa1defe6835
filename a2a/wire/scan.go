package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may lie in one another. No message of the protocol needs a quarter of it; data of callers may.
const MaxDepth = 100

// What scan finds. A syntax error is not JSON at all; the other two are JSON that we do not read.
var (
	errSyntax    = errors.New("is not valid JSON in UTF-8")
	errDepth     = errors.New("is nested too deeply")
	errDuplicate = errors.New("names a member twice")
)

// scanner checks a JSON text (RFC 8259) in one pass: grammar, UTF-8, depth, and that no object names a member twice. The last is stricter
// than the grammar: RFC 8259 §4 leaves open which of two values counts, so a proxy or an audit that reads another one than we do would see
// another message. I-JSON (RFC 7493 §2.3) forbids it everywhere.
type scanner struct {
	data  []byte
	pos   int
	depth int
	err   error
}

// scan checks the whole text. For an object, each is called with its members in order (values without blanks around them, names without
// escapes); what it was called with counts only once scan has returned nil.
func scan(data []byte, each func(name, value []byte)) error {
	s := scanner{data: data}
	s.blank()
	if s.peek() == '{' {
		s.object(each)
	} else {
		s.value()
	}
	s.blank()
	if s.err == nil && s.pos != len(data) {
		s.fail(errSyntax)
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.pos = len(s.data) // nothing follows a fault
}

func (s *scanner) blank() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the byte at hand, 0 at the end. A zero byte in the text is no token either.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) value() {
	switch c := s.peek(); c {
	case '{':
		s.object(nil)
	case '[':
		s.array()
	case '"':
		s.text()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}

func (s *scanner) word(w string) {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(w)) {
		s.fail(errSyntax)
		return
	}
	s.pos += len(w)
}

func (s *scanner) number() {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else {
		s.digits()
	}
	if s.peek() == '.' {
		s.pos++
		s.digits()
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		s.digits()
	}
}

func (s *scanner) digits() {
	start := s.pos
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	if s.pos == start {
		s.fail(errSyntax)
	}
}

// text passes over a string and gives what is between its quotes, and whether there are escapes in it.
func (s *scanner) text() (raw []byte, escaped bool) {
	start := s.pos + 1
	ascii := true
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			raw = s.data[start:i]
			if !ascii && !utf8.Valid(raw) {
				s.fail(errSyntax)
				return nil, false
			}
			s.pos = i + 1
			return raw, escaped
		case c == '\\':
			escaped = true
			i++
			if i == len(s.data) || !s.escape(i) {
				s.fail(errSyntax)
				return nil, false
			}
		case c < ' ':
			s.fail(errSyntax)
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.fail(errSyntax)
	return nil, false
}

// escape checks what follows a backslash. The digits of \u are looked at here and passed over by text, since a digit ends nothing.
func (s *scanner) escape(i int) bool {
	switch s.data[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		if i+4 >= len(s.data) {
			return false
		}
		for _, c := range s.data[i+1 : i+5] {
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
		return true
	}
	return false
}

// open enters an array or object and reports whether there is anything in it.
func (s *scanner) open(closing byte) bool {
	s.depth++
	if s.depth > MaxDepth {
		s.fail(errDepth)
		return false
	}
	s.pos++
	s.blank()
	if s.peek() == closing {
		s.pos++
		s.depth--
		return false
	}
	return true
}

// more passes the comma or the closing bracket.
func (s *scanner) more(closing byte) bool {
	s.blank()
	switch s.peek() {
	case ',':
		s.pos++
		s.blank()
		return s.err == nil
	case closing:
		s.pos++
		s.depth--
		return false
	}
	s.fail(errSyntax)
	return false
}

func (s *scanner) array() {
	for ok := s.open(']'); ok; ok = s.more(']') {
		s.value()
	}
}

func (s *scanner) object(each func(name, value []byte)) {
	var seen names
	for ok := s.open('}'); ok; ok = s.more('}') {
		if s.peek() != '"' {
			s.fail(errSyntax)
			return
		}
		name, escaped := s.text()
		if escaped {
			name = unquote(name)
		}
		s.blank()
		if s.peek() != ':' {
			s.fail(errSyntax)
			return
		}
		s.pos++
		s.blank()
		if !seen.add(name) {
			s.fail(errDuplicate)
			return
		}
		start := s.pos
		s.value()
		if each != nil && s.err == nil {
			each(name, s.data[start:s.pos])
		}
	}
}

// names is the set of member names of one object. Few are compared one by one; many go into a map, so that an object of a hundred thousand
// members costs no more than its length.
type names struct {
	few  [8][]byte
	n    int
	many map[string]struct{}
}

func (n *names) add(name []byte) bool {
	if n.n < len(n.few) {
		for _, have := range n.few[:n.n] {
			if string(have) == string(name) {
				return false
			}
		}
		n.few[n.n] = name
		n.n++
		return true
	}
	if n.many == nil {
		n.many = make(map[string]struct{}, 2*len(n.few))
		for _, have := range n.few {
			n.many[string(have)] = struct{}{}
		}
	}
	if _, have := n.many[string(name)]; have {
		return false
	}
	n.many[string(name)] = struct{}{}
	return true
}

// unquote is the text of a JSON string whose escapes have been checked.
func unquote(raw []byte) []byte {
	var text string
	quoted := make([]byte, 0, len(raw)+2)
	quoted = append(append(append(quoted, '"'), raw...), '"')
	if json.Unmarshal(quoted, &text) != nil {
		return raw
	}
	return []byte(text)
}
