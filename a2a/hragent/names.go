package hragent

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// sameName reports whether two full names may be the same person's: all words of one occur in the other, whatever their order (Doe, John). Case,
// accents, apostrophes, hyphens, titles and initials do not count, since records and letters disagree about them every day. A name without a
// single whole word is nobody's.
func sameName(a, b string) bool {
	for _, hyphen := range []string{" ", ""} { // Anne-Marie is written Anne Marie as well as Annemarie
		x, y := nameWords(a, hyphen), nameWords(b, hyphen)
		if len(x) == 0 || len(y) == 0 {
			continue
		}
		if within(x, y) || within(y, x) || joined(x) == joined(y) {
			return true
		}
	}
	return false
}

func within(a, b []string) bool {
	return !slices.ContainsFunc(a, func(word string) bool { return !slices.Contains(b, word) })
}

// joined is a name without its blanks, for scripts that are written with and without them (加藤 太郎, 加藤太郎).
func joined(words []string) string { return strings.Join(words, "") }

// nameWords folds a name and splits it into words, leaving out titles and initials.
func nameWords(name, hyphen string) []string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r), isApostrophe(r), unicode.Is(unicode.Cf, r):
		case unicode.Is(unicode.Pd, r):
			b.WriteString(hyphen)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if s, ok := plainLetters[unicode.ToLower(r)]; ok {
				b.WriteString(s)
			} else {
				b.WriteRune(unicode.ToLower(r))
			}
		default:
			b.WriteByte(' ')
		}
	}
	return slices.DeleteFunc(strings.Fields(b.String()), func(word string) bool {
		return titles[word] || isInitial(word)
	})
}

// isInitial reports whether a word is a single letter of an alphabet; a single ideograph is a name.
func isInitial(word string) bool {
	return len(word) <= 2 && len([]rune(word)) == 1
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', 'ʼ', '`', '´', 'ʻ', '＇':
		return true
	}
	return false
}

// plainLetters are letters that do not decompose and yet are written plainly where a keyboard lacks them.
var plainLetters = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ı': "i", 'ħ': "h",
}

// titles are words before or after a name that are not part of it.
var titles = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "mx": true, "miss": true, "sir": true, "dr": true, "prof": true, "professor": true,
	"herr": true, "frau": true, "dipl": true, "ing": true, "mag": true,
	"monsieur": true, "madame": true, "mme": true, "mlle": true, "me": true,
	"sr": true, "sra": true, "srta": true, "senor": true, "senora": true, "don": true, "dona": true, "dra": true,
	"sig": true, "signor": true, "signora": true, "dott": true, "dottssa": true, "avv": true,
	"senhor": true, "senhora": true, "jr": true, "phd": true, "md": true, "esq": true,
	"さん": true, "様": true, "氏": true,
}
