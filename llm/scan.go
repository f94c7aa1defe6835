package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// mention is one identifier as it stands in a text.
type mention struct {
	text       string // as written
	person     string // normalised: what two mentions of one person have in common
	kind       IdentifierKind
	message    int
	start, end int // in the message's text
	sentence   int // index in view.sentences
	ours       bool
	contact    bool // in a header, a signature or quoted text
	userName   bool
}

type tokenKind uint8

const (
	word tokenKind = iota
	digits
	mark // punctuation, a line's end included
	identifier
	company
)

// token is one word, mark or identifier of a text.
type token struct {
	start, end int
	low        string // as words are compared: lower case, without accents and compatibility forms
	r          rune   // of a mark
	mention    int32  // of an identifier: index in view.mentions
	kind       tokenKind
	class      class
	capital    bool // begins with a capital letter, or has none in its script
	space      bool // a blank, or a line's end, before it
}

// scanner cuts a text into tokens and finds what is an identifier by its form alone.
type scanner struct {
	*view
	message int
	text    string
	tokens  []token
	space   bool
}

func (s *scanner) scan() {
	text := s.text
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n' || r == '\u2028' || r == '\u2029':
			s.mark(i, i+n, '\n')
			s.space = true
		case unicode.IsSpace(r):
			s.space = true
		case ofMailbox(r):
			for i+n < len(text) {
				next, m := utf8.DecodeRuneInString(text[i+n:])
				if !ofMailbox(next) {
					break
				}
				n += m
			}
			s.run(i, i+n)
		case !unicode.IsControl(r):
			s.mark(i, i+n, r)
		}
		i += n
	}
}

func (s *scanner) mark(start, end int, r rune) {
	s.tokens = append(s.tokens, token{start: start, end: end, kind: mark, r: r, space: s.space,
		low: s.text[start:end]})
	s.space = false
}

func (s *scanner) found(start, end int, kind IdentifierKind) {
	m := &mention{text: s.text[start:end], person: lower(s.text[start:end]), kind: kind,
		message: s.message, start: start, end: end}
	m.ours = kind != Email || s.Reader.owns(m.person)
	s.tokens = append(s.tokens, token{start: start, end: end, kind: identifier,
		mention: int32(len(s.mentions)), space: s.space})
	s.space = false
	s.mentions = append(s.mentions, m)
}

// owns reports whether an address is in a domain of the company; subdomains are only where listed.
func (r *Reader) owns(address string) bool {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	for _, d := range r.Domains {
		if domain == lower(d) {
			return true
		}
	}
	return false
}

// ofMailbox reports whether a mailbox or a subject may hold a character: RFC 5322 §3.2.3 atext, the
// dot and the at sign, the letters of RFC 6531, and whatever could be slipped in to make one
// address look like another (invisible characters, look-alikes).
func ofMailbox(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.@", r)
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So, unicode.Sk, unicode.Cf,
		unicode.Co) || strings.ContainsRune("’‑·‧・＠﹫．－＿＇＋", r)
}

func isAt(r rune) bool { return r == '@' || r == '\uFF20' || r == '\uFE6B' }

const subjectPrefix = "auth0|"

// run reads a run of characters that a mailbox may hold: the addresses or the subject in it, or an
// employee number, or words.
func (s *scanner) run(from, to int) {
	run := s.text[from:to]
	at := strings.IndexFunc(run, isAt)
	before := run
	if at >= 0 {
		before = run[:at] // all that is looked for ends early, or long runs would be read often
	}
	if i := indexFold(before, subjectPrefix); i >= 0 && (i == 0 || !wordRune(rune(run[i-1]))) {
		if start, end := s.trim(from+i, to); end-start > len(subjectPrefix) {
			s.words(from, start)
			s.found(start, end, Subject)
			s.words(end, to)
			return
		}
	}
	if at <= 0 {
		s.byScript(from, to)
		return
	}
	// a@x|b@y names two people; a@b@c is one strange mailbox, and so may a&b@x be. A query
	// (mailto:…?subject=…) and a path are not the address, which may hold both characters before
	// the at sign.
	cut := strings.IndexAny(run[at:], "?/|&+=*`~!")
	if cut >= 0 && strings.IndexByte(run[at+cut:], '@') < 0 {
		cut = strings.IndexAny(run[at:], "?/")
	}
	if cut >= 0 {
		cut += from + at
		s.run(from, cut)
		if c := s.text[cut]; c != '?' && c != '/' {
			s.mark(cut, cut+1, ',')
		}
		s.run(cut+1, to)
		return
	}
	if label := strings.LastIndexByte(run[:at], '='); label > 0 && s.listed(run[:label]) == 1 {
		s.words(from, from+label)
		s.mark(from+label, from+label+1, '=')
		s.run(from+label+1, to)
		return
	}
	a, b := unglued(run)
	start, end := s.trim(from+a, from+b)
	core := s.text[start:max(start, end)]
	if i := strings.IndexFunc(core, isAt); i <= 0 || i == len(core)-1 {
		s.words(from, to)
		return
	}
	s.words(from, start)
	s.found(start, end, Email)
	if end < to && strings.Trim(s.text[end:to], "'’s") != "" {
		s.words(end, to)
	}
}

// trim takes the punctuation around an identifier away: quotes, brackets, markdown, sentence marks,
// invisible characters, the English genitive. An underscore, a plus and a hyphen may begin a
// mailbox and stay, unless markdown puts one on both sides.
func (s *scanner) trim(from, to int) (int, int) {
	for from < to {
		r, n := utf8.DecodeRuneInString(s.text[from:to])
		if !strings.ContainsRune("!#'*/=?^`{|}~.’·‧", r) && !unicode.Is(unicode.Cf, r) {
			break
		}
		from += n
	}
	for from < to {
		r, n := utf8.DecodeLastRuneInString(s.text[from:to])
		rest := s.text[from:to]
		switch {
		case strings.ContainsRune("!#'*/=?^`{|}~.’·‧．-‑+", r) || unicode.Is(unicode.Cf, r):
			to -= n
			continue
		case r == '_' && s.text[from] == '_' && len(rest) > 2:
			from, to = from+1, to-1
			continue
		case strings.HasSuffix(rest, "'s") && len(rest) > 2:
			to -= len("'s")
			continue
		case strings.HasSuffix(rest, "’s") && len(rest) > len("’s"):
			to -= len("’s")
			continue
		}
		break
	}
	return from, to
}

// unglued is where an ASCII address lies in a run that Chinese or Japanese touches without a blank:
// メールはjdoe@staff0.comです. A label that changes script in the middle is no name that a registry
// would take, so this is a sentence and not a mailbox; a label wholly in one script is one.
func unglued(run string) (from, to int) {
	at := strings.IndexFunc(run, isAt)
	to = len(run)
	for i, r := range run {
		next := i + utf8.RuneLen(r)
		switch {
		case !cjk(r):
		case next < at && run[next] < utf8.RuneSelf && run[next] != '.':
			from = next
		case i > at && i < to && run[i-1] < utf8.RuneSelf &&
			!strings.ContainsRune(".@-", rune(run[i-1])):
			to = i
		}
	}
	return from, to
}

// byScript cuts a run without an address where Chinese or Japanese meets another script.
func (s *scanner) byScript(from, to int) {
	start := from
	for i, r := range s.text[from:to] {
		if at := from + i; at > start && cjk(r) != cjk(firstRune(s.text[start:])) {
			s.numberOrWords(start, at)
			start = at
		}
	}
	s.numberOrWords(start, to)
}

// numberOrWords reads a run without an address, in one script.
func (s *scanner) numberOrWords(from, to int) {
	start, end := s.trim(from, to)
	if start == end {
		s.words(from, to)
		return
	}
	core := s.text[start:end]
	if s.Reader.isNumber(core) {
		s.words(from, start)
		s.found(start, end, EmployeeNumber)
		return
	}
	// E1001-E1005 and E1001/E1002 are two, id=E1001 is one.
	for _, sep := range "=-/|&+" {
		left, right, ok := strings.Cut(core, string(sep))
		if ok && s.Reader.isNumber(right) && (sep == '=' || s.Reader.isNumber(left)) {
			mid := start + len(left)
			s.numberOrWords(from, mid)
			s.mark(mid, mid+1, sep)
			s.numberOrWords(mid+1, to)
			return
		}
	}
	if !s.compound(core) {
		s.words(from, to)
		return
	}
	s.words(from, start)
	s.word(start, end, rune(s.text[start]))
	s.words(end, to)
}

// compound reports whether a text may be a user name of several parts: j.doe, john_doe2. Words that
// the lists know stay words.
func (s *scanner) compound(text string) bool {
	// RFC 5321 §4.5.3.1.1: a mailbox's name has at most 64 octets.
	return len(text) <= 64 && strings.ContainsAny(text, "._-") &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
		}) && !isDigits(text[:1]) && s.listed(text) == 0
}

// isNumber reports whether a token is an employee number wherever it stands. Digits alone are one
// only behind a label.
func (r *Reader) isNumber(text string) bool {
	if isDigits(text) {
		return false
	}
	if r.Number == nil {
		return len(text) > 3 && text[0]|0x20 == 'e' && isDigits(text[1:])
	}
	return r.Number.MatchString(text)
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// listed is the share of the words of a text that are in a list.
func (s *scanner) listed(text string) float64 {
	if s.lists == nil {
		return 0.5 // the lists themselves are being read
	}
	l, n := scanner{view: s.view, text: text}, 0
	l.words(0, len(text))
	s.lists.classify(l.tokens)
	for i := range l.tokens {
		if l.tokens[i].class != none || l.tokens[i].kind == company {
			n++
		}
	}
	return float64(n) / float64(max(len(l.tokens), 1))
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

func cjk(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) ||
		r == 'ー' || r == '々'
}

// words cuts a run into words and marks. Words end where their script or their case changes
// (workEmail), at a hyphen, an apostrophe and an underscore: e-mail and employment_check are two.
// Chinese and Japanese, which are written without blanks, are cut into characters.
func (s *scanner) words(from, to int) {
	for i := from; i < to; {
		r, n := utf8.DecodeRuneInString(s.text[i:to])
		switch {
		case s.employer(i, to) > 0:
			n = s.employer(i, to)
			s.tokens = append(s.tokens, token{start: i, end: i + n, kind: company, capital: true,
				low: companyWord, space: s.space})
			s.space = false
		case cjk(r):
			s.tokens = append(s.tokens, token{start: i, end: i + n, low: s.text[i : i+n],
				capital: true, space: s.space})
			s.space = false
		case wordRune(r) && r != '_':
			before := r
			for i+n < to {
				next, m := utf8.DecodeRuneInString(s.text[i+n : to])
				if !wordRune(next) || next == '_' || cjk(next) ||
					unicode.IsUpper(next) && unicode.IsLower(before) {
					break
				}
				n, before = n+m, next
			}
			s.word(i, i+n, r)
		case strings.ContainsRune("_-‑'’", r) || isAt(r) && i == from || unicode.Is(unicode.Cf, r):
			// parts words and is no mark
		default:
			s.mark(i, i+n, r)
		}
		i += n
	}
}

func (s *scanner) word(start, end int, first rune) {
	text := s.text[start:end]
	t := token{start: start, end: end, low: fold(text), space: s.space,
		capital: unicode.IsUpper(first) || unicode.IsLetter(first) && !unicode.IsLower(first)}
	if isDigits(text) {
		t.kind = digits
	}
	s.space = false
	s.tokens = append(s.tokens, t)
}

// companyWord is how the lists spell the company's name.
const companyWord = "COMPANY"

// employer is how long the company's name, or its domain, is at i; 0 if it is not there.
func (s *scanner) employer(i, to int) int {
	for k := -1; k < len(s.Reader.Domains); k++ {
		name := s.Reader.Company
		if k >= 0 {
			name = s.Reader.Domains[k]
		}
		if name == "" || len(s.text)-i < len(name) ||
			!strings.EqualFold(s.text[i:i+len(name)], name) {
			continue
		}
		next, n := utf8.DecodeRuneInString(s.text[i+len(name):])
		after, _ := utf8.DecodeRuneInString(s.text[min(i+len(name)+n, len(s.text)):])
		// Staff0.evil and Staff0x are not Staff0.
		if wordRune(next) && !cjk(next) || strings.ContainsRune(".&@", next) && wordRune(after) &&
			!cjk(after) {
			continue
		}
		return min(len(name), to-i)
	}
	return 0
}

// lower is the case folding of identifiers. A letter outside ASCII whose lower case is an ASCII
// letter (the Kelvin sign, the dotted capital I) stays what it is, or it would be another person's.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
			return l
		}
		return r
	}, text)
}

// fold is the form in which words are compared with the lists. It is never used for identifiers.
func fold(text string) string {
	text = strings.ToLower(text)
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(text))
}

func indexFold(text, prefix string) int {
	for i := 0; i+len(prefix) <= len(text); i++ {
		if text[i]|0x20 == prefix[0] && strings.EqualFold(text[i:i+len(prefix)], prefix) {
			return i
		}
	}
	return -1
}
