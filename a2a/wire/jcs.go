package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// What I-JSON (RFC 7493 §2.1, §2.2) does not let a JSON text hold, since readers would differ over it.
var (
	errSurrogate = errors.New("holds half of a surrogate pair, which is no text")
	errNumber    = errors.New("holds a number too large for an IEEE 754 double")
)

// Canonical is the one form that all equal JSON texts share (RFC 8785): no blanks, members sorted by the UTF-16 code units of their names,
// strings with the fewest escapes, numbers as ECMAScript prints them. Signatures are made over it.
//
// The text must be I-JSON. It is refused if it is no JSON in UTF-8, is nested deeper than MaxDepth, names a member twice, holds half of a
// surrogate pair or a number beyond the range of a double. A number of more digits than a double holds becomes the nearest one (RFC 8785 §3.2.2.3).
// The caller bounds the length.
func Canonical(text []byte) ([]byte, error) {
	value, err := parseIJSON(text)
	if err != nil {
		return nil, err
	}
	return appendCanonical(make([]byte, 0, len(text)), value), nil
}

// parseIJSON gives nil, bool, float64, string, []any or map[string]any, all the way down.
func parseIJSON(text []byte) (any, error) {
	if err := scan(text, nil); err != nil {
		return nil, err
	}
	// encoding/json would put U+FFFD in place of such a half, so that two texts became one.
	if halfSurrogate(text) {
		return nil, errSurrogate
	}
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil, errNumber // nothing else is left that it would not read
	}
	return value, nil
}

// halfSurrogate looks through a valid JSON text, in which a backslash is found in strings alone.
func halfSurrogate(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return false
		}
		text = text[i:]
		unit := codeUnit(text)
		switch {
		case unit < 0:
			text = text[2:]
		case unit>>10 == 0xD800>>10:
			if low := codeUnit(text[6:]); low < 0 || low>>10 != 0xDC00>>10 {
				return true
			}
			text = text[12:]
		case unit>>10 == 0xDC00>>10:
			return true
		default:
			text = text[6:]
		}
	}
}

// codeUnit is the value of the \uXXXX that text starts with, -1 if it starts with something else.
func codeUnit(text []byte) int {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(unit)
}

func appendCanonical(b []byte, value any) []byte {
	switch v := value.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		return appendNumber(b, v)
	case string:
		return appendText(b, v)
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, element)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for i, name := range slices.SortedFunc(maps.Keys(v), compareUTF16) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, name), ':')
			b = appendCanonical(b, v[name])
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// compareUTF16 orders by UTF-16 code units (RFC 8785 §3.2.3). That is the order of code points but for those beyond U+FFFF: their first unit,
// U+D800 to U+DBFF, comes before U+E000.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			if (x > 0xFFFF) != (y > 0xFFFF) {
				return cmp.Compare(firstUnit(x), firstUnit(y))
			}
			return cmp.Compare(x, y)
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

func firstUnit(r rune) rune {
	if r > 0xFFFF {
		return 0xD800
	}
	return r
}

// appendNumber is Number::toString of ECMAScript (RFC 8785 §3.2.2.3): the shortest digits that read back as the same double, with an exponent
// from 1e21 on and below 1e-6.
func appendNumber(b []byte, f float64) []byte {
	if f == 0 {
		return append(b, '0') // there is no -0
	}
	if abs := math.Abs(f); 1e-6 <= abs && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); b[n-2] == '0' && (b[n-3] == '-' || b[n-3] == '+') { // Go pads exponents to two digits
		b = append(b[:n-2], b[n-1])
	}
	return b
}

// appendText escapes what JSON demands and no more (RFC 8785 §3.2.2.2). It differs from a2a.AppendString, which is careful about readers that
// trip over DEL and the line separators.
func appendText(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\t':
			b = append(b, '\\', 't')
		case '\n':
			b = append(b, '\\', 'n')
		case '\f':
			b = append(b, '\\', 'f')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			if c < ' ' {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}
