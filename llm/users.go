package llm

import (
	"strings"
	"unicode"
)

// userNames finds the bare user names: one lower-case word, of no word list,
// where a person stands.
func (v *reading) userNames(work class) {
	for i := range v.sentences {
		s := &v.sentences[i]
		if v.spelledOut(s) {
			continue
		}
		for j := range s.tokens {
			t := &s.tokens[j]
			if t.kind == digits && t.ident < 0 && s.numbered(j) {
				t.ident = v.add(t, s, EmployeeNumber, t.text)
				continue
			}
			if !t.plain() || v.domain == "" || !userName(t.text) {
				continue
			}
			if work == 0 && !s.labelled(j, user) {
				continue
			}
			if s.labelled(j, user) || s.standsForPerson(j) || s.message > 0 && s.alone(j) {
				t.userName = true
				t.ident = v.add(t, s, Email, lower(t.text)+"@"+v.domain)
				s.total-- // it says nothing about the language
				continue
			}
			v.candidates = append(v.candidates, t.text)
		}
	}
	// A second user name linked to a person makes a list: jdoe and asmith.
	for i := range v.sentences {
		s := &v.sentences[i]
		for j := range s.tokens {
			t := &s.tokens[j]
			if !t.is(and) && !(t.kind == mark && (t.r == ',' || t.r == '/' || t.r == '&')) {
				continue
			}
			p, n := s.prev(j), s.next(j)
			if p == nil || n == nil {
				continue
			}
			if p.ident >= 0 && n.kind == digits && n.ident < 0 &&
				v.idents[p.ident].kind == EmployeeNumber && p.kind == digits {
				n.ident = v.add(n, s, EmployeeNumber, n.text)
				continue
			}
			for _, pair := range [...][2]*token{{p, n}, {n, p}} {
				person, other := pair[0], pair[1]
				if person.ident >= 0 && other.ident < 0 && other.plain() && userName(other.text) &&
					v.domain != "" && (t.is(and) || person.userName && work != 0) {
					other.userName = true
					other.ident = v.add(other, s, Email, lower(other.text)+"@"+v.domain)
				}
			}
		}
	}
}

func (v *reading) add(t *token, s *sentence, kind IdentifierKind, person string) int {
	v.idents = append(v.idents, identifier{start: t.start, end: t.end, message: s.message,
		kind: kind, person: person})
	return len(v.idents) - 1
}

// userName tells the form of a user name: lower-case letters, digits, inner
// dots, hyphens and underscores.
func userName(text string) bool {
	if len(text) < 2 || len(text) > 64 {
		return false
	}
	letters := 0
	for _, r := range text {
		switch {
		case unicode.IsLower(r):
			letters++
		case '0' <= r && r <= '9', strings.ContainsRune("._-", r):
		default:
			return false
		}
	}
	return letters > 0
}

// spelledOut tells "jdoe at staff0 dot com": no address, and its words are no
// user names either.
func (v *reading) spelledOut(s *sentence) bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind != word || t.low != "at" && t.low != "arroba" && t.low != "arobase" &&
			t.low != "chiocciola" && t.low != "ät" {
			continue
		}
		if o, c := s.at(i-1), s.at(i+1); i > 1 && o != nil && c != nil && o.kind == mark &&
			c.kind == mark && wraps(o.r) && wraps(c.r) && o.r != c.r {
			// jdoe (at) staff0.com
			for j := range s.tokens {
				if s.tokens[j].plain() {
					s.tokens[j].class = neutral
				}
			}
			return true
		}
		for k := i + 1; k < len(s.tokens) && k < i+7; k++ {
			if low := s.tokens[k].low; low == "dot" || low == "punkt" || low == "punto" ||
				low == "point" || low == "ponto" {
				for j := range s.tokens {
					if s.tokens[j].plain() {
						// Neither a person nor a foreign word.
						s.tokens[j].class = neutral
					}
				}
				for j := i; j <= k; j++ {
					s.tokens[j].class = neutral
				}
				return true
			}
		}
	}
	return false
}

// numbered: bare digits right behind the words employee number.
func (s *sentence) numbered(j int) bool { return s.labelled(j, number) }

// labelled tells whether a label of class c stands right before token j.
func (s *sentence) labelled(j int, c class) bool {
	for j--; j >= 0; j-- {
		t := &s.tokens[j]
		if t.is(c) {
			return true
		}
		switch {
		case t.kind == mark && (t.r == ':' || t.r == '：' || t.r == '#' || t.r == '=' ||
			t.r == '.' || t.r == '-' || wraps(t.r)):
		case t.kind == word && (t.low == "is" || t.low == "ist" || t.low == "est" ||
			t.low == "es" || t.low == "è" || t.low == "é" || t.low == "は" || t.low == "が"):
		default:
			return false
		}
	}
	return false
}

// alone: a message of one word, fillers aside, answers the question back.
func (s *sentence) alone(j int) bool {
	for i := range s.tokens {
		if t := &s.tokens[i]; i != j && (t.unknown() && t.plain() || t.is(question|asker|past) &&
			!t.is(polite)) {
			return false
		}
	}
	return true
}

// standsForPerson looks at the words around an unknown lower-case word.
func (s *sentence) standsForPerson(j int) bool {
	p, n := s.prev(j), s.next(j)
	for _, other := range [...]*token{p, n} {
		// Two such words side by side are a name or a foreign text.
		if other != nil && other.plain() && !other.userName && other.kind == word &&
			(other == s.at(j-1) || other == s.at(j+1)) {
			return false
		}
	}
	t := &s.tokens[j]
	if t.possessive {
		return n != nil && n.is(anyWork|adverb)
	}
	verb := n != nil && (n.is(workVerb|aux|employment) || n.is(adverb|weakWork) && s.work != 0)
	if s.lang == ja {
		return n != nil && (n.low == "は" || n.low == "が" || n.low == "も" || n.is(title) ||
			n.low == "の")
	}
	if p == nil || p.kind == mark && !wraps(p.r) {
		// jdoe works here? jdoe: employed?
		if n == nil {
			// Employment check: jdoe.
			if p == nil || p.r != ':' && p.r != '-' && p.r != '–' && p.r != '：' {
				return false
			}
			label := s.at(s.index(p) - 1)
			return label != nil && label.is(employment|employee|weakWork|role|confirm) &&
				s.work&(employment|employee) != 0
		}
		return verb || n.kind == mark && !wraps(n.r) && s.work != 0 &&
			(p == nil || p.r != ',' || n.r == ',') && s.first(j)
	}
	switch {
	case p.nameable() && p.capital && s.tokens[j-1].kind == mark &&
		strings.ContainsRune("(<[（", s.tokens[j-1].r):
		// Ben Wong (bwong).
		return true
	case p.is(and) && n == nil && s.first(s.index(p)):
		// And asmith?
		return true
	case p.is(named):
		return true
	case p.is(title) && !p.is(role):
		return false
	case p.is(aux) && !p.is(you):
		if q := s.prev(s.index(p)); q != nil &&
			(q.ident >= 0 || q.is(asker|you|role|pronoun) && !q.is(confirm|polite)) {
			return false // we are renting
		}
		if n != nil && n.low == "to" && s.lang == en {
			return false // is supposed to work
		}
		if n != nil && n.r == ':' {
			return false // one word is enough: does …
		}
		return s.predicate(j, n)
	case p.is(workVerb):
		return s.lang != en && s.predicate(j, n)
	case p.is(employVerb):
		return true
	case p.is(whether), p.is(confirm):
		return verb || n != nil && n.kind == mark && s.work&strongWork != 0 && p.is(whether)
	case p.is(prepFor):
		return s.work&(employment|weakWork) != 0 && s.personBehind(j)
	case p.is(employee), p.is(role) && !p.is(title):
		before := s.prev(s.index(p))
		return (verb || n == nil || n.kind == mark && !wraps(n.r) && n.r != ':' && n.r != '：' &&
			n.r != '=') && (before == nil || !s.indefinite(before) || n == nil || n.kind == mark)
	}
	return false
}

func (s *sentence) indefinite(t *token) bool {
	switch t.low {
	case "a", "an", "ein", "eine", "einen", "un", "une", "una", "um", "uma":
		return true
	}
	return false
}

func (s *sentence) index(t *token) int {
	for i := range s.tokens {
		if &s.tokens[i] == t {
			return i
		}
	}
	return 0
}

// first: nothing but politeness before token j.
func (s *sentence) first(j int) bool {
	for i := range j {
		if t := &s.tokens[i]; t.kind != mark && !t.is(polite|adverb|confirm|neutral) {
			return false
		}
	}
	return true
}

// predicate: what follows the word says that employment is asked of it.
func (s *sentence) predicate(j int, n *token) bool {
	if n == nil {
		return s.work&strongWork != 0
	}
	if n.kind == mark {
		return s.work != 0
	}
	return n.kind == company || n.ident >= 0 || n.class&^confirm != 0 || n.capital
}

// personBehind: behind "employment status of" stands a person.
func (s *sentence) personBehind(j int) bool {
	for i := j - 1; i >= 0; i-- {
		t := &s.tokens[i]
		if t.is(employment|weakWork) || t.is(confirm) {
			return true
		}
		if t.is(workVerb|employee|employVerb) && !t.is(employment) {
			return false
		}
	}
	return false
}

// mend reads misspelt English words of our subject as what they were meant to
// be, one slip each (emplyoed, wroks). Nothing that could be a user name where
// a person stands is touched.
func (s *sentence) mend() {
	if s.lang != en {
		return
	}
	for i := range s.tokens {
		t := &s.tokens[i]
		if !t.plain() || len(t.low) < 4 || i == 0 {
			continue
		}
		if p := s.prev(i); p != nil && p.is(aux|employVerb|named|user|role) &&
			!s.at(i-1).is(adverb) && t.low[0] != 'e' {
			continue
		}
		for _, m := range [...]struct {
			low string
			c   class
		}{{"works", workVerb}, {"work", workVerb}, {"working", workVerb}, {"employee", employee},
			{"employed", employment}, {"employment", employment},
			{"currently", adverb}, {"active", weakWork}, {"company", firm}, {"status", weakWork},
			{"still", weakWork}, {"verify", confirm}, {"confirm", confirm},
			{"payroll", employment}} {
			if slip(t.low, m.low) {
				t.class = m.c
				s.known++
				break
			}
		}
	}
}

// slip tells whether got is want with one letter missing, doubled, wrong or
// swapped with its neighbour.
func slip(got, want string) bool {
	if len(got)-len(want) > 1 || len(want)-len(got) > 1 || got[0] != want[0] {
		return false
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	g, w := got[i:], want[i:]
	switch {
	case len(g) == len(w) && len(w) > 4:
		return g[1:] == w[1:] || g[0] == w[1] && g[1] == w[0] && g[2:] == w[2:]
	case len(g) == len(w):
		return len(g) > 1 && g[0] == w[1] && g[1] == w[0] && g[2:] == w[2:] || len(want) > 5 &&
			len(g) > 0 && g[1:] == w[1:]
	case len(g) > len(w):
		return g[1:] == w && len(want) > 4
	}
	return len(want) > 4 && g == w[1:]
}
