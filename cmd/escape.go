package cmd

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape makes text of other parties fit for a terminal: control characters (ESC sequences among them), bidirectional overrides, invisible
// characters and broken UTF-8 are shown as escapes, on one line.
func escape(s string) string { return escapeText(s, false) }

// escapeLines is escape for texts of several lines.
func escapeLines(s string) string { return escapeText(s, true) }

func escapeText(s string, lines bool) string {
	clean := true
	for _, r := range s {
		if hidden(r) {
			clean = false
			break
		}
	}
	if clean && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case r == '\n' && lines:
			b.WriteByte('\n')
		case hidden(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// hidden reports whether a character does something on a terminal other than standing there.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		unicode.Is(unicode.Co, r) || r == utf8.RuneError
}
