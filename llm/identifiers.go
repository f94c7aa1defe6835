package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// identifier is one mention of a person by something unique.
type identifier struct {
	start, end int
	message    int // index of the message it stands in
	kind       IdentifierKind
	person     string // normalised
	// unusable marks what looks like an identifier and is none: it is never
	// looked up, and never folded into one that could be.
	unusable bool
	// glued marks an address that Japanese text touches without a space: where
	// it ends is a guess, so it alone is not enough to ring anybody.
	glued bool
}

func (s *scanner) found(id identifier) int {
	id.message = s.message
	s.idents = append(s.idents, id)
	return len(s.idents) - 1
}

// lower is the case folding of identifiers. A letter outside ASCII whose lower
// case is an ASCII letter (the Kelvin sign, the dotted capital I) stays what
// it is, or it would be another person's letter.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
			return l
		}
		return r
	}, text)
}

// employeeNumber tells E and digits, nothing before or after.
func employeeNumber(text string) bool {
	if len(text) < 2 || text[0]|0x20 != 'e' {
		return false
	}
	for _, c := range []byte(text[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func atSign(r rune) bool { return r == '@' || r == '\uFF20' || r == '\uFE6B' }

const subjectPrefix = "auth0|"

// identifier emits the address or subject in a run of mailbox characters and
// reports whether there was one. The identifier is the whole run, less the
// punctuation around it.
func (s *scanner) identifier(from, to int) bool {
	if len(s.idents) >= maxMentions {
		return true // refused as a whole
	}
	run := s.text[from:to]
	if at := indexFold(run, subjectPrefix); at >= 0 && !strings.ContainsFunc(run[:at], wordRune) {
		start, end := s.trim(from+at, to)
		if end-start > len(subjectPrefix) {
			s.words(from, start)
			s.emit(start, end, identifier{kind: Subject, person: lower(s.text[start:end])})
			s.words(end, to)
			return true
		}
	}
	if !strings.ContainsFunc(run, atSign) {
		return false
	}
	// A query (mailto:…?subject=…) and a path are not the address; the part
	// before the at sign may hold both characters.
	firstAt := from + strings.IndexFunc(run, atSign)
	if cut := strings.IndexAny(s.text[firstAt:to], "?/"); cut >= 0 {
		stop := firstAt + cut
		if !s.identifier(from, stop) {
			s.words(from, stop)
		}
		if !s.identifier(stop, to) {
			s.words(stop, to)
		}
		return true
	}
	start, end := s.trim(from, to)
	if start >= end {
		return false
	}
	core := s.text[start:end]
	ats := strings.Count(core, "@")
	if !strings.ContainsFunc(core, atSign) || strings.IndexFunc(core, atSign) == 0 && ats <= 1 {
		// A handle such as @jdoe is a word with a mark before it.
		if start > from && s.text[start-1] == '"' || strings.ContainsRune(core, '.') &&
			strings.IndexFunc(core, atSign) == 0 {
			s.emit(start, end, identifier{kind: Email, person: lower(core), unusable: true})
			return true
		}
		return false
	}
	// a&b@x and a@x|b@y name two people; a@b@c is one strange mailbox.
	if ats > 1 {
		for _, sep := range [...]string{"|", "&", "+", "=", "*", "`", "~", "!"} {
			left, right, ok := strings.Cut(core, sep)
			if ok && strings.Contains(left, "@") && strings.Contains(right, "@") {
				mid := start + len(left)
				s.identifier(start, mid)
				s.mark(mid, mid+1, ',')
				s.identifier(mid+1, end)
				return true
			}
		}
	}
	id := identifier{kind: Email, person: lower(core), unusable: ats == 0 ||
		strings.HasSuffix(core, "@")}
	if a, b, glued := touching(core); glued {
		s.words(from, start)
		s.words(start, start+a)
		id.glued, id.person = true, lower(core[a:b])
		s.emit(start+a, start+b, id)
		s.words(start+b, to)
		return true
	}
	s.words(from, start)
	s.emit(start, end, id)
	if next := s.skipPossessive(end, to); next > end {
		s.tokens[len(s.tokens)-1].possessive = true
		end = next
	}
	s.words(end, to)
	return true
}

func (s *scanner) emit(start, end int, id identifier) {
	id.start, id.end = start, end
	s.tokens = append(s.tokens, token{text: s.text[start:end], start: start, end: end,
		kind: identity, ident: s.found(id), space: s.space})
	s.space = false
}

// trim takes the punctuation around an identifier away: quotes, brackets,
// markdown, sentence marks, invisible characters. An underscore, a plus and a
// hyphen may begin a mailbox and stay, unless markdown puts one on both sides.
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
		if strings.ContainsRune("!#'*/=?^`{|}~.’·‧．-‑+", r) || unicode.Is(unicode.Cf, r) {
			to -= n
			continue
		}
		if r == '_' && s.text[from] == '_' && to-from > 2 {
			from, to = from+1, to-1
			continue
		}
		if cut := to - 2; cut > from && strings.HasSuffix(s.text[from:to], "'s") &&
			strings.Contains(s.text[from:cut], "@") {
			to = cut
			continue
		}
		if cut := to - len("’s"); cut > from && strings.HasSuffix(s.text[from:to], "’s") &&
			strings.Contains(s.text[from:cut], "@") {
			to = cut
			continue
		}
		break
	}
	return from, to
}

// touching finds an ASCII address that kana or ideographs touch directly, in
// the part before the at sign or at its end: メールはjdoe@staff0.comです. A label
// that changes script in the middle is no name that a registry would take, so
// this is a sentence without spaces and not a mailbox; a label wholly in one
// script (jdoe@例え.jp) is one.
func touching(run string) (from, to int, glued bool) {
	to = len(run)
	at := strings.IndexByte(run, '@')
	if at < 0 {
		return 0, to, false
	}
	for i, r := range run[:at] {
		if n := i + utf8.RuneLen(r); cjk(r) && n < at && run[n] < utf8.RuneSelf && run[n] != '.' {
			from, glued = n, true
		}
	}
	for i, r := range run {
		if i > at && cjk(r) && run[i-1] < utf8.RuneSelf && run[i-1] != '.' && run[i-1] != '@' &&
			run[i-1] != '-' {
			return from, i, true
		}
	}
	return from, to, glued
}

func indexFold(text, prefix string) int {
	for i := 0; i+len(prefix) <= len(text); i++ {
		if text[i]|0x20 == prefix[0] && strings.EqualFold(text[i:i+len(prefix)], prefix) {
			return i
		}
	}
	return -1
}
