package cmd

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escape makes text of other parties fit for a terminal: control characters (ESC sequences among
// them), bidirectional overrides, invisible characters and broken UTF-8 are shown as escapes, on
// one line.
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

// hidden reports whether a character does something on a terminal other than standing there, or
// cannot be seen.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		unicode.Is(unicode.Co, r) || r == utf8.RuneError
}

// writeJSON writes one line of JSON in which nothing is hidden from a terminal, and nothing that
// one would obey is left.
func writeJSON(w io.Writer, v any) error {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeJSON(strings.TrimSuffix(text.String(), "\n"))+"\n")
	return err
}

// escapeJSON is escape for JSON on one line: it stays the same JSON, since all that is hidden
// stands in strings.
func escapeJSON(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b.WriteString(escapedUnit(high) + escapedUnit(low))
		default:
			b.WriteString(escapedUnit(r))
		}
	}
	return b.String()
}

func escapedUnit(unit rune) string { return `\u` + strconv.FormatInt(int64(unit)|0x10000, 16)[1:] }
