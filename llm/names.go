package llm

import (
	"iter"
	"strings"
)

// name is the full name given for a person: at least two words beside the identifier, behind a
// label, or, where nothing stands there, in the place of the person in a question without an
// identifier. Whoever asks is not it.
func (v *view) name(m *mention) string {
	for _, o := range v.mentions {
		if o.person == m.person {
			if name := v.beside(o); name != "" {
				return name
			}
		}
	}
	for i := range v.sentences {
		if name := v.labelled(&v.sentences[i]); name != "" {
			return name
		}
	}
	found := ""
	for i := range v.sentences {
		s := &v.sentences[i]
		if s.contact || !s.topics[employment] || s.hasIdentifier() {
			continue
		}
		for from, end := range s.names() {
			name := v.fullName(s, from, end)
			if name == "" || !s.asksAbout(from) || cjk(firstRune(name)) {
				continue
			}
			if found != "" && found != name {
				return "" // of two, neither
			}
			found = name
		}
	}
	return found
}

// maxLink bounds the small words between a name and its identifier: "with the work e-mail address".
const maxLink = 9

// beside is the name right before or behind an identifier.
func (v *view) beside(m *mention) string {
	if m.contact {
		return ""
	}
	s := &v.sentences[m.sentence]
	at := -1
	for i := range s.tokens {
		if t := &s.tokens[i]; t.kind == identifier && v.mentions[t.mention] == m {
			at = i
		}
	}
	if at < 0 {
		return ""
	}
	end := at
	for end > 0 && at-end < maxLink && s.links(end-1) {
		end--
	}
	if from := s.nameStart(end); from < end && s.lets(from) {
		return v.fullName(s, from, end)
	}
	// jdoe@… (John Doe), jdoe@…, John Doe, and E1001 John Doe
	from := at + 1
	if from < len(s.tokens) && strings.ContainsRune("(（,/|:-–—", s.tokens[from].r) {
		from++
	}
	end = s.nameEnd(from)
	if from < end && (end == len(s.tokens) || s.tokens[end].kind == mark) {
		return v.fullName(s, from, end)
	}
	return ""
}

// links reports whether a token may stand between a name and its identifier.
func (s *sentence) links(i int) bool {
	switch t := &s.tokens[i]; t.class {
	case link, label, numberLabel:
		return true
	case nobody:
		return !t.capital
	case asks: // whose employee number is
		return i > 0 && (s.tokens[i-1].class == numberLabel || s.tokens[i-1].class == link ||
			s.tokens[i-1].class == label)
	default:
		return t.kind == mark && binds(t.r)
	}
}

// binds reports whether a mark may stand between a name and its identifier.
func binds(r rune) bool {
	return strings.ContainsRune("()<>[]{},:;=-–—/|\"'“”„«»（）、：*.", r)
}

// nameStart is where the name begins that ends before token end; end if there is none.
func (s *sentence) nameStart(end int) int {
	from := end
	for from > 0 {
		t := &s.tokens[from-1]
		switch {
		case s.ofName(from - 1):
			from--
			continue
		case t.class == particle && end-from == 1:
			// van der Berg; but "Antrag von John Doe" is no name
			before := from - 1
			for before > 0 && s.tokens[before-1].class == particle {
				before--
			}
			if before > 0 && s.ofName(before-1) {
				from = before
				continue
			}
		case t.r == '.' && from > 1 && s.initial(from-2):
			from -= 2
			continue
		case t.r == ',' && end-from == 1 && from > 1 && s.ofName(from-2) &&
			(from == 2 || s.tokens[from-3].kind == mark || s.tokens[from-3].class == asks):
			from -= 2 // Doe, John
			continue
		}
		break
	}
	if from < end {
		return from
	}
	// A name in lower case, as people type it: two to four words that are in no list.
	for from > 0 && end-from < 4 && s.tokens[from-1].kind == word &&
		s.tokens[from-1].class == none &&
		!s.tokens[from-1].capital {
		from--
	}
	if end-from < 2 || from == 0 || s.tokens[from-1].class != asks &&
		s.tokens[from-1].class != title && s.tokens[from-1].class != nameLabel {
		return end
	}
	return from
}

// nameEnd is where the name ends that begins at token from; from if there is none.
func (s *sentence) nameEnd(from int) int {
	if !s.ofName(from) {
		return from
	}
	end := from + 1
	for end < len(s.tokens) {
		t := &s.tokens[end]
		switch {
		case s.ofName(end):
			end++
			continue
		case t.class == particle:
			after := end
			for after < len(s.tokens) && s.tokens[after].class == particle {
				after++
			}
			if s.ofName(after) {
				end = after
				continue
			}
		case t.r == '.' && s.initial(end-1) && s.ofName(end+1):
			end += 2
			continue
		}
		break
	}
	return end
}

// ofName reports whether a token may be a word of a name.
func (s *sentence) ofName(i int) bool {
	if i >= len(s.tokens) {
		return false
	}
	t := &s.tokens[i]
	if t.kind == word && t.capital && i+1 < len(s.tokens) { // O'Sullivan
		if next := &s.tokens[i+1]; next.kind == word && next.capital && !next.space {
			return true
		}
	}
	return t.kind == word && t.class == none && t.capital
}

func (s *sentence) initial(i int) bool {
	return s.ofName(i) && s.tokens[i].end-s.tokens[i].start == 1
}

// lets reports whether what stands before a name leaves it the person's: not "we are", "dear".
func (s *sentence) lets(from int) bool {
	for from > 0 && (s.tokens[from-1].class == title || s.tokens[from-1].r == '.') {
		from--
	}
	return from == 0 || s.tokens[from-1].class != speaker
}

// asksAbout reports whether the person of a question stands at token from: behind a word that asks,
// or one of employment and a small one ("employment of"), behind a form of address, or first.
func (s *sentence) asksAbout(from int) bool {
	return from == 0 || s.addressed(from) || s.tokens[from-1].class == employment ||
		from > 1 && s.tokens[from-2].class == employment || s.tokens[from-1].class == asks ||
		s.tokens[from-1].r == '\n'
}

// addressed reports whether a form of address stands before token from: Mr., Frau.
func (s *sentence) addressed(from int) bool {
	return from > 0 && s.tokens[from-1].class == title ||
		from > 1 && s.tokens[from-1].r == '.' && s.tokens[from-2].class == title
}

// names are the places of the names in a sentence.
func (s *sentence) names() iter.Seq2[int, int] {
	return func(yield func(from, end int) bool) {
		for from := 0; from < len(s.tokens); {
			end := s.nameEnd(from)
			if end > from && !yield(from, end) {
				return
			}
			from = max(end, from+1)
		}
	}
}

// fullName is a name as it is written, if it has two words and is no firm's.
func (v *view) fullName(s *sentence, from, end int) string {
	words, scripts := 0, 0
	for i := from; i < end; i++ {
		t := &s.tokens[i]
		if t.class == firm {
			return ""
		}
		if t.kind == word && t.class != particle && t.class != title && (i == from || t.space) {
			if words++; cjk(firstRune(v.texts[s.message][t.start:])) {
				scripts++
			}
		}
	}
	if words < 2 || end < len(s.tokens) && s.tokens[end].class == firm {
		return ""
	}
	name := v.text(s, from, end)
	if scripts > 0 && (scripts < words || end-from > 8 || !strings.ContainsAny(name, " \u3000・")) {
		return "" // where one word ends cannot be seen
	}
	return name
}

func firstRune(text string) rune {
	for _, r := range text {
		return r
	}
	return 0
}

// labelled is the name in a field of a form.
func (v *view) labelled(s *sentence) string {
	if s.contact {
		return ""
	}
	for i := range s.tokens {
		if s.tokens[i].class != nameLabel {
			continue
		}
		j := i + 1
		for j < len(s.tokens) && (s.tokens[j].kind == mark && s.tokens[j].r != '\n' ||
			s.tokens[j].class == title || s.tokens[j].class == nameLabel ||
			s.tokens[j].class == asks) {
			j++
		}
		if j == i+1 {
			continue // the word in a sentence
		}
		if name := v.fullName(s, j, max(j, s.nameEnd(j))); name != "" {
			return name
		}
	}
	return ""
}

// hasName reports whether a person is named in a sentence: by two words, or by one behind a form of
// address.
func (v *view) hasName(s *sentence) bool {
	for from, end := range s.names() {
		text := v.text(s, from, end)
		if !cjk(firstRune(text)) && s.lets(from) && strings.ToUpper(text) != text && // no heading
			(v.fullName(s, from, end) != "" || s.addressed(from)) {
			return true
		}
	}
	return false
}
