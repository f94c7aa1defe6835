package llm

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain is a text without what is left of HTML: tags are blanks, or the ends of lines, entities are
// what they stand for. Of a link to an address the address stays.
func plain(text string) string {
	if strings.IndexByte(text, '<') >= 0 {
		var b strings.Builder
		for text != "" {
			i := strings.IndexByte(text, '<')
			if i < 0 {
				break
			}
			b.WriteString(text[:i])
			n := tag(text[i:])
			switch {
			case n == 0:
				b.WriteByte('<')
				n = 1
			case breaks(text[i+1 : i+n-1]):
				b.WriteByte('\n')
			default:
				b.WriteByte(' ')
			}
			if _, address, ok := strings.Cut(text[i:i+n], "mailto:"); ok && n > 1 {
				b.WriteString(address[:strings.IndexAny(address, "\"'>")] + " ")
			}
			text = text[i+n:]
		}
		text = b.String() + text
	}
	if strings.IndexByte(text, '&') >= 0 && strings.IndexByte(text, ';') >= 0 {
		return html.UnescapeString(text)
	}
	return text
}

// maxTag bounds a tag, in bytes.
const maxTag = 512

// tag is how long the tag is that a text begins with, 0 if there is none: an address in angle
// brackets is none.
func tag(text string) int {
	end := strings.IndexByte(text[:min(len(text), maxTag)], '>')
	if end < 2 {
		return 0
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimPrefix(text[1:], "/"))
	name, _, attributes := strings.Cut(strings.Trim(text[1:end], "/ "), " ")
	if !unicode.IsLetter(first) || strings.ContainsAny(name, "@|:.,") ||
		attributes && !strings.Contains(text[:end], "=") {
		return 0
	}
	return end + 1
}

// breaks reports whether a tag begins or ends a line.
func breaks(tag string) bool {
	name, _, _ := strings.Cut(strings.ToLower(strings.Trim(tag, "/ ")), " ")
	switch name {
	case "br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "table", "h1", "h2", "h3",
		"blockquote":
		return true
	}
	return false
}
