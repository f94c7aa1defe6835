package hragent

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// sameName reports whether two full names may be the same person's: all words of one occur in the
// other, whatever their order (Doe, John). Case, accents, apostrophes, hyphens, titles and initials
// do not count, since records and letters disagree about them every day. A name without a single
// whole word is nobody's.
func sameName(a, b string) bool {
	for _, x := range nameForms(a) {
		for _, y := range nameForms(b) {
			if within(x.words, y.words) || within(y.words, x.words) || x.joined == y.joined {
				return true
			}
		}
	}
	return false
}

func within(a, b []string) bool {
	return !slices.ContainsFunc(a, func(word string) bool { return !slices.Contains(b, word) })
}

// nameForm is one way to write a name.
type nameForm struct {
	words []string // without titles and initials
	// joined is the name without its blanks: 加藤 太郎 is also written 加藤太郎, and O'Sullivan O Sullivan.
	joined string
}

// nameForms are the ways to write a name that may be met: Anne-Marie as Anne Marie and Annemarie,
// Müller as Muller and Mueller. A name without a whole word has none.
func nameForms(name string) []nameForm {
	var forms []nameForm
	for _, hyphen := range []string{" ", ""} {
		for _, fold := range []map[rune]string{nil, digraphs} {
			all := foldName(name, hyphen, fold)
			if words := wholeWords(all); len(words) > 0 {
				forms = append(forms, nameForm{words, strings.Join(withoutTitles(all), "")})
			}
		}
	}
	return forms
}

// foldName splits a name into words of plain small letters. A word that an abbreviation dot follows
// keeps it.
func foldName(name, hyphen string, fold map[rune]string) []string {
	var b strings.Builder
	for _, r := range norm.NFC.String(name) {
		r = unicode.ToLower(r)
		if s, ok := fold[r]; ok {
			b.WriteString(s)
			continue
		}
		if s, ok := plainLetters[r]; ok {
			b.WriteString(s)
			continue
		}
		for _, r := range norm.NFKD.String(string(r)) {
			switch r = unicode.ToLower(r); {
			case isAccent(r), isApostrophe(r), unicode.Is(unicode.Cf, r):
			case unicode.Is(unicode.Pd, r):
				b.WriteString(hyphen)
			case r == '.':
				b.WriteString(". ")
			case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
				b.WriteRune(r)
			default:
				b.WriteByte(' ')
			}
		}
	}
	return strings.Fields(b.String())
}

// withoutTitles leaves out titles and the dots of abbreviations. A word that is a title in one
// language and a name in another (Don) goes only if it is abbreviated, or if a full name remains.
func withoutTitles(words []string) []string {
	var out []string
	doubtful := 0
	for _, word := range words {
		bare := strings.TrimSuffix(word, ".")
		for _, suffix := range honorifics {
			if rest := strings.TrimSuffix(bare, suffix); rest != "" {
				bare = rest
			}
		}
		switch {
		case bare == "", titles[bare], nameTitles[bare] && bare != word:
			continue
		case nameTitles[bare]:
			doubtful++
		}
		out = append(out, bare)
	}
	if doubtful > 0 && len(out)-doubtful >= 2 {
		out = slices.DeleteFunc(out, func(word string) bool { return nameTitles[word] })
	}
	return out
}

// wholeWords leaves out initials too. A single ideograph is a name; a single letter of an alphabet,
// of two bytes at most, is none.
func wholeWords(words []string) []string {
	return slices.DeleteFunc(withoutTitles(words), func(word string) bool {
		return len(word) <= 2 && len([]rune(word)) == 1
	})
}

// isAccent reports whether a mark can be left out without making another letter. The marks of Indic
// and Thai vowels and of voiced kana cannot.
func isAccent(r rune) bool {
	return r >= 0x300 && r <= 0x36F || // Latin, Greek, Cyrillic
		// Hebrew points, Arabic harakat
		r >= 0x591 && r <= 0x5C7 || r >= 0x64B && r <= 0x65F || r == 0x670
}

func isApostrophe(r rune) bool { return strings.ContainsRune("'’‘ʼ`´ʻ＇", r) }

// plainLetters are letters that do not decompose and yet are written plainly where a keyboard lacks
// them.
var plainLetters = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ı': "i",
	'ħ': "h", '´': "",
}

// digraphs are what the same letters become in the countries that have them.
var digraphs = map[rune]string{'ä': "ae", 'ö': "oe", 'ü': "ue", 'ø': "oe", 'å': "aa"}

// titles are words before or after a name that are not part of it.
var titles = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "mx": true, "miss": true, "sir": true, "dr": true,
	"prof": true, "professor": true,
	"herr": true, "frau": true, "dipl": true, "monsieur": true, "madame": true, "mme": true,
	"mlle": true,
	"sr":   true, "sra": true, "srta": true, "senor": true, "senora": true, "dra": true,
	"signor": true, "signora": true, "dott": true, "ssa": true,
	"senhor": true, "senhora": true, "jr": true, "phd": true, "md": true, "esq": true,
	"さん": true, "様": true, "氏": true,
}

// nameTitles are titles that are also people's names.
var nameTitles = map[string]bool{"don": true, "dona": true, "ing": true, "mag": true, "me": true,
	"sig": true, "avv": true, "ph": true}

// honorifics are written to the end of a Japanese name.
var honorifics = []string{"さん", "様", "さま", "氏"}
