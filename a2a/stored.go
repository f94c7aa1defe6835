package a2a

import (
	"bytes"
	"slices"
	"strconv"
)

// Repaired returns a stored JSON text as Unmarshal reads it. Earlier versions took metadata and
// data with half surrogate pairs, which other readers refuse together with all that stands around
// them; each becomes U+FFFD. Without one, data itself is returned.
func Repaired(data []byte) []byte {
	out := data
	for i := 0; i+1 < len(data); {
		next := bytes.IndexByte(data[i:], '\\')
		if next < 0 {
			break
		}
		i += next
		unit := codeUnit(data[i:])
		switch {
		case unit < 0:
			i += 2 // an escape of one letter; a backslash stands in strings alone
		case unit>>10 == 0xD800>>10 && codeUnit(data[i+6:])>>10 == 0xDC00>>10:
			i += 12
		case unit>>11 == 0xD800>>11:
			if &out[0] == &data[0] {
				out = slices.Clone(data)
			}
			copy(out[i:], `\ufffd`)
			i += 6
		default:
			i += 6
		}
	}
	return out
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
