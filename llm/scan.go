package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	word tokenKind = iota
	digits
	mark // punctuation; its rune is in token.r
	identity
	company
)

// token is one word, mark or identifier of the text.
type token struct {
	text       string // as written, a part of the asker's text
	low        string // as looked up: lower case, compatibility forms and invisible characters gone
	ent        *entry
	start, end int
	class      class // what the word is in its sentence's language
	ident      int   // index of the identifier, or -1
	r          rune
	lang       language
	kind       tokenKind
	capital    bool // begins with a capital letter
	space      bool // whitespace before it
	possessive bool // 's cut off
	foreign    bool // no language of its sentence knows it
	userName   bool // read as a bare user name
}

func (t *token) is(c class) bool { return t.class&c != 0 }

// unknown tells a word that no word list holds.
func (t *token) unknown() bool { return t.kind == word && t.class == 0 }

// plain tells an unknown word that could be a user name or a misspelling.
func (t *token) plain() bool { return t.unknown() && !t.capital && t.ident < 0 }

// nameable tells a capitalised word that is nothing else.
func (t *token) nameable() bool { return t.unknown() && (t.capital || uncased(t.text)) }

func (t *token) ends() bool {
	if t.kind != mark {
		return false
	}
	switch t.r {
	case '.', '?', '!', ';', '\n', '。', '？', '！', '；', '…', '¿', '¡', '｡':
		return true
	}
	return false
}

// scanner cuts a text into tokens and finds what is an identifier by its form
// alone; user names need the sentence around them.
type scanner struct {
	text            string
	company, domain string
	dict            *dictionary
	tokens          []token
	idents          []identifier
	space           bool
	newline         int
	message         int
}

func (s *scanner) scan(from, to int) {
	for i := from; i < to; {
		r, n := utf8.DecodeRuneInString(s.text[i:to])
		switch {
		case r == '\n' || r == '\u2028' || r == '\u2029':
			s.newline++
			s.space = true
			i += n
		case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			s.space = s.space || unicode.IsSpace(r)
			i += n
		case mailbox(r):
			s.breakLine(r)
			end := s.run(i, to)
			if !s.identifier(i, end) {
				s.words(i, end)
			}
			i = end
		default:
			s.breakLine(r)
			s.mark(i, i+n, r)
			i += n
		}
	}
}

// breakLine makes a line break a mark unless the line merely wraps: the next
// line goes on in lower case and no blank line stands between.
func (s *scanner) breakLine(next rune) {
	if s.newline > 1 || s.newline == 1 && !unicode.IsLower(next) {
		s.tokens = append(s.tokens, token{kind: mark, r: '\n', ident: -1, space: true})
	}
	s.newline = 0
}

func (s *scanner) mark(start, end int, r rune) {
	s.tokens = append(s.tokens, token{text: s.text[start:end], start: start, end: end, kind: mark,
		r: r, ident: -1, space: s.space})
	s.space = false
}

// mailbox tells whether a mailbox may hold r: RFC 5322 §3.2.3 atext, the dot
// and the at sign, the letters of RFC 6531, and whatever could be slipped in
// to make one address look like another (invisible characters, look-alikes).
func mailbox(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.@", r)
	}
	switch r {
	case '’', '‑', '\uFF20', '\uFE6B', '．', '－', '＋', '＿', '＇', '·', '‧', '・':
		return true
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So, unicode.Sk, unicode.Cf,
		unicode.Co)
}

// run returns the end of the whole run of mailbox characters.
func (s *scanner) run(from, to int) int {
	i := from
	for i < to {
		r, n := utf8.DecodeRuneInString(s.text[i:to])
		if !mailbox(r) {
			break
		}
		i += n
	}
	return i
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Cf)
}

func cjk(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) ||
		r == 'ー' || r == '々'
}

// words cuts a run without an address into words and marks.
func (s *scanner) words(from, to int) {
	for i := from; i < to; {
		r, n := utf8.DecodeRuneInString(s.text[i:to])
		switch {
		case cjk(r):
			end := i
			for end < to {
				r, n := utf8.DecodeRuneInString(s.text[end:to])
				if !cjk(r) && r != '・' {
					break
				}
				end += n
			}
			s.japanese(i, end)
			i = end
		case s.companyAt(i, to) > 0:
			end := i + s.companyAt(i, to)
			s.tokens = append(s.tokens, token{text: s.text[i:end], start: i, end: end,
				kind: company, ident: -1, space: s.space})
			s.space = false
			i = s.skipPossessive(end, to)
		case wordRune(r) && !unicode.Is(unicode.Cf, r):
			end := s.wordEnd(i, to)
			if strings.Trim(s.text[i:end], "_") == "" {
				s.mark(i, end, '_')
			} else {
				s.word(i, end)
			}
			i = end
		default:
			if !unicode.Is(unicode.Cf, r) {
				s.mark(i, i+n, r)
			}
			i += n
		}
	}
}

func (s *scanner) skipPossessive(i, to int) int {
	for _, p := range [...]string{"'s", "’s"} {
		if strings.HasPrefix(s.text[i:to], p) {
			if r, _ := utf8.DecodeRuneInString(s.text[i+len(p) : to]); i+len(p) == to ||
				!wordRune(r) {
				return i + len(p)
			}
		}
	}
	return i
}

// companyAt returns how long the company's name, or its domain, is at i.
func (s *scanner) companyAt(i, to int) int {
	for _, name := range [...]string{s.domain, s.company} {
		if name == "" || len(s.text)-i < len(name) ||
			!strings.EqualFold(s.text[i:i+len(name)], name) {
			continue
		}
		end := i + len(name)
		if end >= len(s.text) {
			return len(name)
		}
		r, n := utf8.DecodeRuneInString(s.text[end:])
		if wordRune(r) && !cjk(r) {
			continue
		}
		if r == '.' || r == '&' || r == '@' {
			// Staff0.evil is not Staff0.
			if next, _ := utf8.DecodeRuneInString(s.text[end+n:]); wordRune(next) && !cjk(next) {
				continue
			}
		}
		return len(name)
	}
	return 0
}

// wordEnd runs over letters and the marks that may stand inside a word.
func (s *scanner) wordEnd(i, to int) int {
	for i < to {
		r, n := utf8.DecodeRuneInString(s.text[i:to])
		if cjk(r) {
			break
		}
		if !wordRune(r) {
			if !strings.ContainsRune("'’-‑.", r) || i+n >= to {
				break
			}
			next, _ := utf8.DecodeRuneInString(s.text[i+n : to])
			if !wordRune(next) || cjk(next) {
				break
			}
		}
		i += n
	}
	return i
}

// elides tells the French and Italian articles that lean on the next word.
func elides(article string) bool {
	switch article {
	case "l", "d", "qu", "j", "s", "n", "c", "m", "t", "un", "dell", "all", "nell", "dall", "sull",
		"quell", "quest", "lorsqu", "puisqu", "jusqu":
		return true
	}
	return false
}

func (s *scanner) word(i, end int) {
	text := s.text[i:end]
	low := lookup(text)
	e := s.dict.words[low]
	if e == nil {
		if cut := strings.LastIndexAny(low, "'"); cut > 0 &&
			(low[cut:] == "'s" || low[cut:] == "'") {
			raw := strings.LastIndexAny(text, "'’")
			if raw > 0 {
				s.word(i, i+raw)
				s.tokens[len(s.tokens)-1].possessive = true
				return
			}
		}
		if article, rest, ok := strings.Cut(low, "'"); ok && elides(article) &&
			(s.dict.words[rest] != nil || !capital(text)) {
			raw := strings.IndexAny(text, "'’")
			_, n := utf8.DecodeRuneInString(text[raw:])
			s.word(i, i+raw)
			s.word(i+raw+n, end)
			return
		}
		if s.pieces(i, end, low) {
			return
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	t := token{text: text, low: low, ent: e, start: i, end: end, kind: word, ident: -1,
		space: s.space, capital: unicode.IsUpper(first) || innerCapital(text)}
	if low != "" && strings.Trim(low, "0123456789") == "" {
		t.kind = digits
	}
	s.space = false
	if t.ent == nil && employeeNumber(text) {
		t.kind = identity
		t.ident = s.found(identifier{start: i, end: end, kind: EmployeeNumber, person: lower(text)})
	} else if t.ent == nil && employeeNumber(low) && low != lower(text) {
		// Full-width forms of a number are never folded to it.
		t.kind = identity
		t.ident = s.found(identifier{start: i, end: end, kind: EmployeeNumber, person: lower(text),
			unusable: true})
	}
	s.tokens = append(s.tokens, t)
}

// innerCapital tells al-Rahman and d'Artagnan: a capital behind a hyphen or an apostrophe.
func innerCapital(text string) bool {
	i := strings.IndexAny(text, "-'’‑")
	if i < 0 {
		return false
	}
	_, n := utf8.DecodeRuneInString(text[i:])
	return capital(text[i+n:])
}

// pieces cuts a word that no list knows at its hyphens and dots where the
// parts are known words: travaille-t-il, Google-Mitarbeiter, here.thanks,
// E1001-E1005. Where a part is not, the word stays whole (j-doe).
func (s *scanner) pieces(i, end int, low string) bool {
	if !strings.ContainsAny(low, "-.") || len(low) > 80 {
		return false
	}
	known, count, numbers := 0, 0, 0
	var last *entry
	for piece := range strings.FieldsFuncSeq(low, hyphenOrDot) {
		count++
		last = s.dict.words[piece]
		if last != nil || strings.EqualFold(piece, s.company) {
			known++
		}
		if employeeNumber(piece) {
			numbers++
		}
	}
	if count < 2 || known < count && numbers < 2 &&
		(last == nil || last.all&(employee|employment) == 0) {
		return false
	}
	for from := i; from < end; {
		r, n := utf8.DecodeRuneInString(s.text[from:end])
		if hyphenOrDot(r) {
			if r == '.' {
				s.mark(from, from+n, r)
			}
			from += n
			continue
		}
		to := from
		for to < end {
			r, n := utf8.DecodeRuneInString(s.text[to:end])
			if hyphenOrDot(r) {
				break
			}
			to += n
		}
		if n := s.companyAt(from, to); n > 0 && from+n == to {
			s.tokens = append(s.tokens, token{text: s.text[from:to], start: from, end: to,
				kind: company, ident: -1, space: s.space})
			s.space = false
		} else {
			s.word(from, to)
		}
		from = to
	}
	return true
}

func hyphenOrDot(r rune) bool { return r == '-' || r == '.' || r == '‑' }
