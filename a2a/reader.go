package a2a

import (
	"bytes"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// DecodeError says what is wrong with the JSON of a noun. It repeats nothing of the input but the names of the protocol's own members.
type DecodeError struct {
	Field   string // path in lowerCamelCase from the noun down, "" for the noun itself
	Problem string
}

func (e *DecodeError) Error() string {
	if e.Field == "" {
		return "the value " + e.Problem
	}
	return e.Field + " " + e.Problem
}

// reader reads one JSON value that is known to be valid: encoding/json or a2a/wire has checked the grammar, the encoding and the depth. On
// anything else it ends with an error or with values nobody meant, never with a panic or without an end.
//
// It is written by hand for two reasons. encoding/json takes member names of any case (two readers of one message then see two messages), and
// every question passes through here. The first error stays; after it all reads do nothing.
type reader struct {
	data  []byte
	pos   int
	err   error
	path  [16][]byte // names of the members that are being read, outermost first
	depth int
}

// maxMemberName is longer than any member name of the protocol.
const maxMemberName = 48

// Problems that several places report.
const (
	problemObject = "must be an object"
	problemString = "must be a string"
	problemSyntax = "is not valid JSON"
)

func (r *reader) fail(problem string) {
	if r.err != nil {
		return
	}
	path := make([]string, 0, r.depth)
	for _, name := range r.path[:min(r.depth, len(r.path))] {
		path = append(path, string(name))
	}
	r.err = &DecodeError{Field: strings.Join(path, "."), Problem: problem}
}

// end is the error of the whole reading.
func (r *reader) end() error {
	if r.err == nil && r.peek() != 0 {
		r.fail(problemSyntax)
	}
	return r.err
}

// peek is the next byte that is not blank, 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// null takes a null, which ProtoJSON reads as absent everywhere.
func (r *reader) null() bool {
	if r.peek() == 'n' && bytes.HasPrefix(r.data[r.pos:], []byte("null")) {
		r.pos += len("null")
		return true
	}
	return false
}

// object enters an object; false for null and after an error.
func (r *reader) object() bool {
	if r.err != nil || r.null() {
		return false
	}
	if r.peek() != '{' {
		r.fail(problemObject)
		return false
	}
	r.pos++
	r.depth++
	return true
}

// member gives the next name of the object, in camelCase whichever way it was written (the official JSON parsers of proto take both), and false
// after the last. The name is good until the next call. The caller must read or skip the value.
func (r *reader) member() ([]byte, bool) {
	if r.err != nil {
		return nil, false
	}
	c := r.peek()
	if c == ',' {
		r.pos++
		c = r.peek()
	}
	if c == '}' {
		r.pos++
		r.depth--
		return nil, false
	}
	name, escaped := r.quoted()
	if r.err == nil && r.peek() != ':' {
		r.fail(problemSyntax)
	}
	if r.err != nil {
		return nil, false
	}
	r.pos++
	if escaped {
		name = unescape(nil, name)
	}
	if bytes.IndexByte(name, '_') > 0 {
		name = camel(name)
	}
	if r.depth <= len(r.path) {
		r.path[r.depth-1] = name
	}
	return name, true
}

// camel is the JSON name of a proto name: task_id is taskId. A name longer than any of ours is unknown however it is spelled.
func camel(name []byte) []byte {
	if len(name) > maxMemberName {
		return name
	}
	out := make([]byte, 0, len(name))
	upper := false
	for _, c := range name {
		switch {
		case c == '_':
			upper = true
			continue
		case upper && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		upper = false
		out = append(out, c)
	}
	return out
}

// array enters an array; false for null and after an error.
func (r *reader) array() bool {
	if r.err != nil || r.null() {
		return false
	}
	if r.peek() != '[' {
		r.fail("must be an array")
		return false
	}
	r.pos++
	return true
}

// element reports whether another element follows.
func (r *reader) element() bool {
	if r.err != nil {
		return false
	}
	switch r.peek() {
	case ',':
		r.pos++
	case ']':
		r.pos++
		return false
	case 0:
		r.fail(problemSyntax)
		return false
	}
	return true
}

// quoted takes a string as it is between its quotes.
func (r *reader) quoted() (text []byte, escaped bool) {
	if r.peek() != '"' {
		r.fail(problemString)
		return nil, false
	}
	start := r.pos + 1
	for i := start; i < len(r.data); i++ {
		switch r.data[i] {
		case '"':
			r.pos = i + 1
			return r.data[start:i], escaped
		case '\\':
			escaped = true
			i++
		}
	}
	r.fail(problemSyntax)
	return nil, false
}

// string takes a string, or null for "".
func (r *reader) string() string {
	if r.err != nil || r.null() {
		return ""
	}
	text, escaped := r.quoted()
	if escaped {
		text = unescape(make([]byte, 0, len(text)), text)
	}
	return string(text)
}

// bool takes a boolean; null is false.
func (r *reader) bool() bool {
	if r.err != nil || r.null() {
		return false
	}
	switch value := r.raw(); string(value) {
	case "true":
		return true
	case "false":
	default:
		r.fail("must be true or false")
	}
	return false
}

// optionalBool tells absent from false.
func (r *reader) optionalBool() *bool {
	if r.err != nil || r.null() {
		return nil
	}
	b := r.bool()
	return &b
}

// int32 takes a number without a fraction, or the same in quotes (ProtoJSON); null is absent.
func (r *reader) int32() *int32 {
	if r.err != nil || r.null() {
		return nil
	}
	digits := bytes.Trim(r.raw(), `"`)
	n, err := strconv.ParseInt(string(digits), 10, 32)
	if err != nil {
		// 1.0 and 1e2 are whole numbers too, and some writers have no other kind.
		f, ferr := strconv.ParseFloat(string(digits), 64)
		if ferr != nil || f != math.Trunc(f) || f < math.MinInt32 || f > math.MaxInt32 {
			r.fail("must be a whole number of 32 bits")
			return nil
		}
		n = int64(f)
	}
	out := int32(n)
	return &out
}

// time takes a timestamp of RFC 3339, with an offset too, though none may be written (§5.6.1).
func (r *reader) time() time.Time {
	if r.err != nil || r.null() {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, r.string())
	if err != nil {
		r.fail("must be a timestamp such as 2006-01-02T15:04:05.000Z")
		return time.Time{}
	}
	return t.UTC()
}

// base64 takes the standard and the URL-safe alphabet, padded or not, as ProtoJSON readers do.
func (r *reader) base64() []byte {
	s := strings.TrimRight(r.string(), "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	raw, err := enc.DecodeString(s)
	if err != nil {
		r.fail("is not base64")
	}
	return raw
}

// unknownEnum is what a value reads as that this version does not know. It prints as unspecified and counts as not terminal, so a client
// that meets a newer agent goes on (§5.7); requests that carry it are refused by Validate.
const unknownEnum = 255

// enum takes a proto name or number.
func (r *reader) enum(names []string) uint8 {
	if r.err != nil || r.null() {
		return 0
	}
	if r.peek() == '"' {
		text, _ := r.quoted()
		for i, name := range names {
			if string(text) == name {
				return uint8(i)
			}
		}
		return unknownEnum
	}
	n := r.int32()
	switch {
	case n == nil:
		return 0
	case *n < 0 || int(*n) >= len(names):
		return unknownEnum
	}
	return uint8(*n)
}

// structure takes an object whose members the protocol does not define.
func (r *reader) structure() Struct {
	if r.err != nil || r.null() {
		return nil
	}
	if r.peek() != '{' {
		r.fail(problemObject)
		return nil
	}
	return compact(r.raw())
}

// raw takes any value as it is. Brackets are counted, not matched: the value is known to be valid.
func (r *reader) raw() []byte {
	r.peek()
	start := r.pos
	depth := 0
	for r.pos < len(r.data) && r.err == nil {
		switch r.data[r.pos] {
		case '"':
			r.quoted()
			if depth == 0 {
				return r.data[start:r.pos]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return r.data[start:r.pos] // the end of what holds this number or word
			}
			depth--
			if depth == 0 {
				r.pos++
				return r.data[start:r.pos]
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return r.data[start:r.pos]
			}
		}
		r.pos++
	}
	if depth > 0 {
		r.fail(problemSyntax)
	}
	return r.data[start:r.pos]
}

func (r *reader) skip() { r.raw() }

// readStrings takes a list of strings.
func readStrings[S ~string](r *reader) []S {
	var out []S
	if r.array() {
		for r.element() {
			out = append(out, S(r.string()))
		}
	}
	return out
}

// compact copies valid JSON without the blanks between its tokens, so that equal values that were spaced differently are equal bytes and a
// value never breaks the line it stands in.
func compact(data []byte) []byte {
	out := make([]byte, 0, len(data))
	quoted := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted && c == '\\' && i+1 < len(data):
			out = append(out, c)
			i++
			c = data[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		out = append(out, c)
	}
	return slices.Clip(out)
}

// unescape appends the text of a JSON string. Half of a surrogate pair becomes U+FFFD, as in encoding/json.
func unescape(b, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'u':
			u := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(u) {
				low := rune(-1)
				if i+2 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					low = hex4(s[i+3:])
				}
				u = utf16.DecodeRune(u, low)
				if u != utf8.RuneError {
					i += 6
				}
			}
			b = utf8.AppendRune(b, u)
		default: // quote, backslash, slash
			b = append(b, s[i])
		}
	}
	return b
}

func hex4(s []byte) rune {
	if len(s) < 4 {
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(string(s[:4]), 16, 32)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
