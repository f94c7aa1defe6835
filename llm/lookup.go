package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// japanese cuts a run of kana and ideographs by the longest entry; what no
// entry covers stays together as one unknown word.
func (s *scanner) japanese(from, to int) {
	unknown := from
	flush := func(end int) {
		if end > unknown {
			text := s.text[unknown:end]
			s.tokens = append(s.tokens, token{text: text, low: text, start: unknown, end: end,
				kind: word, ident: -1, space: s.space, capital: true})
			s.space = false
		}
	}
	for i := from; i < to; {
		end, e := 0, (*entry)(nil)
		for j, runes := i, 0; j < to && runes < s.dict.longest; runes++ {
			_, n := utf8.DecodeRuneInString(s.text[j:to])
			j += n
			if found := s.dict.words[s.text[i:j]]; found != nil && found.in[ja] != 0 {
				end, e = j, found
			}
		}
		if e == nil {
			_, n := utf8.DecodeRuneInString(s.text[i:to])
			i += n
			continue
		}
		flush(i)
		s.tokens = append(s.tokens, token{text: s.text[i:end], low: s.text[i:end], ent: e, start: i,
			end: end, kind: word, ident: -1, space: s.space})
		s.space = false
		i, unknown = end, end
	}
	flush(to)
}

// lookup is the form in which words are compared with the word lists. It is
// never used for identifiers.
func lookup(text string) string {
	plain := true
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	low := strings.ToLower(text)
	for i := range len(low) {
		if low[i] >= utf8.RuneSelf {
			low = strings.Map(func(r rune) rune {
				switch {
				case unicode.Is(unicode.Cf, r):
					return -1
				case r == '’':
					return '\''
				case r == '‑':
					return '-'
				}
				return r
			}, norm.NFKC.String(low))
			break
		}
	}
	return low
}

func capital(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsUpper(r)
}

// uncased tells a word of a script without capitals, such as 加藤.
func uncased(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsLetter(r) && !unicode.IsLower(r) && !unicode.IsUpper(r)
}
