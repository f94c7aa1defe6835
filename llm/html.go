package llm

import (
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// angle is what may be a tag.
var angle = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<[^<>]+>`) })

// attribute is one that holds an address.
var attribute = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"[^"]*@[^"]*"|'[^']*@[^']*'`)
})

// plain is a text without what is left of HTML: tags are blanks, or the ends of lines, entities are
// what they stand for. Of an attribute with an address (<a href="mailto:…">, <employee
// email="…"/>) the address stays.
func plain(text string) string {
	if strings.IndexByte(text, '<') >= 0 {
		text = angle().ReplaceAllStringFunc(text, untagged)
	}
	if strings.IndexByte(text, '&') >= 0 && strings.IndexByte(text, ';') >= 0 {
		return html.UnescapeString(text)
	}
	return text
}

// maxTag bounds a tag, in bytes.
const maxTag = 512

// untagged is what stays of a tag. An address in angle brackets is none.
func untagged(tag string) string {
	inner := strings.Trim(tag[1:len(tag)-1], "/ ")
	name, _, attributes := strings.Cut(inner, " ")
	if len(tag) > maxTag || !unicode.IsLetter(firstRune(strings.TrimPrefix(tag[1:], "/"))) ||
		strings.ContainsAny(name, "@|:.,") || attributes && !strings.Contains(inner, "=") {
		return tag
	}
	gap := " "
	if breaks(inner) {
		gap = "\n"
	}
	for _, value := range attribute().FindAllString(tag, -1) {
		gap += strings.TrimPrefix(value[1:len(value)-1], "mailto:") + " "
	}
	return gap
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
