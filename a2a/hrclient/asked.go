package hrclient

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// asked is about whom the caller asks, as far as it can be told without knowing the
// agent's company. An answer counts only if it is about the same identifier, to the letter but for
// the case of ASCII letters: whatever else was folded could be somebody else.
type asked struct {
	identifiers []string // that the caller has written, each once
	words       []string // of the latest message, where there is no identifier
}

// readAsked reads the messages of one task, oldest first. The latest that holds an identifier
// decides. about, if it is not empty, is what the caller has said beside them, and decides alone.
func readAsked(messages []string, about string) asked {
	if about != "" {
		return asked{identifiers: []string{about}}
	}
	for i := len(messages) - 1; i >= 0; i-- {
		if found, _ := tokens(messages[i]); len(found) > 0 {
			return asked{identifiers: found}
		}
	}
	if len(messages) == 0 {
		return asked{}
	}
	_, words := tokens(messages[len(messages)-1])
	return asked{words: words}
}

// several reports whether nobody can tell about whom an answer has to be.
func (a asked) several() bool { return len(a.identifiers) > 1 }

// matches reports whether an answer about this identifier answers what was asked.
func (a asked) matches(identifier string) bool {
	if a.several() || identifier == "" {
		return false
	}
	for _, one := range append(a.words, a.identifiers...) {
		if equalFold(one, identifier) {
			return true
		}
	}
	return false
}

// Identifiers returns the e-mail addresses, employee numbers and subjects that a text holds, each
// once. Employee numbers of other forms than E1001 are taken for words.
func Identifiers(text string) []string {
	found, _ := tokens(text)
	return found
}

// Choose returns the one of several identifiers that a line names, "" if it names none or more.
func Choose(several []string, line string) string {
	for _, one := range several {
		if equalFold(one, line) {
			return one
		}
	}
	if said := Identifiers(line); len(said) == 1 && said[0] != line {
		return Choose(several, said[0])
	}
	return ""
}

// tokens cuts a text into identifiers, each once, and words. An identifier is the whole run of
// characters that a mailbox may hold: what looks like one within a longer run is part of another.
func tokens(text string) (identifiers, words []string) {
	known := map[string]bool{}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !ofMailbox(r) }) {
		for _, one := range mailboxes(run) {
			one = trimToken(one)
			switch {
			case one == "":
			case !isIdentifier(one):
				words = append(words, splitScripts(one)...)
			case !known[lowerASCII(one)]:
				known[lowerASCII(one)] = true
				identifiers = append(identifiers, one)
			}
		}
	}
	return identifiers, words
}

// ofMailbox reports whether a mailbox or a subject may hold a character. What is outside ASCII and
// no blank or punctuation counts, invisible characters too: they make another mailbox.
func ofMailbox(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.@", r)
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.S, unicode.Cf, unicode.Co) ||
		strings.ContainsRune("’‑·‧・＠﹫．－＿＇", r)
}

// mailboxes cuts a run that names several people, and what stands around an address that nothing
// separates from it: a label (email=), a query, and Chinese or Japanese words, which are written
// without blanks.
func mailboxes(run string) []string {
	at := strings.IndexByte(run, '@')
	if at < 0 {
		return []string{run}
	}
	if strings.Count(run, "@") > 1 && !isSubject(run) {
		if parts := strings.FieldsFunc(run, func(r rune) bool {
			return strings.ContainsRune("|&+=*`~!/?", r)
		}); len(parts) > 1 {
			return parts
		}
	}
	if label := strings.LastIndexByte(run[:at], '='); label > 0 && isLabel(run[:label]) {
		run, at = run[label+1:], at-label-1
	}
	if end := strings.IndexAny(run[at:], "?/"); end >= 0 {
		run = run[:at+end]
	}
	from, to := 0, len(run)
	for i, r := range run {
		next := i + utf8.RuneLen(r)
		switch {
		case !isCJK(r):
		case next < at && run[next] < utf8.RuneSelf && run[next] != '.':
			from = next
		case i > at && run[i-1] < utf8.RuneSelf && !strings.ContainsRune(".@-", rune(run[i-1])):
			to = min(to, i)
		}
	}
	return []string{run[from:to]}
}

// trimToken takes away what is punctuation only because of where it stands, and the English
// genitive.
func trimToken(s string) string {
	s = strings.TrimLeftFunc(s, func(r rune) bool {
		return strings.ContainsRune("!#'*/=?^`{|}~.’·‧$%&@", r) || unicode.Is(unicode.Cf, r)
	})
	s = strings.TrimRightFunc(s, func(r rune) bool {
		return strings.ContainsRune("!#'*/=?^`{|}~.’·‧．-‑+$%&@", r) || unicode.Is(unicode.Cf, r)
	})
	for _, genitive := range []string{"'s", "’s"} {
		s = strings.TrimSuffix(s, genitive)
	}
	if len(s) > 2 && s[0] == '_' && s[len(s)-1] == '_' { // emphasis
		s = s[1 : len(s)-1]
	}
	return s
}

func isIdentifier(s string) bool {
	return strings.ContainsAny(s, "@＠﹫") || isSubject(s) || isEmployeeNumber(s)
}

// isSubject reports whether a run has the form of a subject of an identity provider, such as
// auth0|123.
func isSubject(s string) bool {
	provider, id, ok := strings.Cut(s, "|")
	return ok && id != "" && isLabel(provider)
}

// isEmployeeNumber is the default of STAFF0_EMPLOYEE_NUMBER. Other companies' numbers are words.
func isEmployeeNumber(s string) bool {
	return len(s) >= 4 && s[0]|0x20 == 'e' && strings.Trim(s[1:], "0123456789") == ""
}

// isLabel reports whether there are only ASCII letters, digits and hyphens.
func isLabel(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

func isCJK(r rune) bool {
	return r == 'ー' || r == '々' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// splitScripts cuts a word where Chinese or Japanese script and another meet.
func splitScripts(s string) (words []string) {
	from, cjk := 0, false
	for i, r := range s {
		if now := isCJK(r); i == 0 {
			cjk = now
		} else if now != cjk {
			words, from, cjk = append(words, s[from:i]), i, now
		}
	}
	return append(words, s[from:])
}

// equalFold compares without the case of ASCII letters.
func equalFold(a, b string) bool { return len(a) == len(b) && lowerASCII(a) == lowerASCII(b) }

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
