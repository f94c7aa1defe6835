package llm

// asides takes the weight from words that speak of the asker and not of the
// person: a signature, "our loan review", "this is the visa office", "I work
// for First Bank". Left alone they would refuse an honest question.
func (v *reading) asides() {
	signed := -1
	for i := range v.sentences {
		s := &v.sentences[i]
		if len(s.tokens) == 0 {
			continue
		}
		if t := &s.tokens[0]; t.low == "best" && (len(s.tokens) == 1 || s.tokens[1].kind == mark) {
			t.class = closing // Best, Anna
		}
		from := 0
		for j := range s.tokens {
			if s.tokens[j].is(closing) && s.first(j) {
				signed, from = s.message, j+1
			}
		}
		if s.rule() || s.thanks() && i > 0 {
			signed, from = s.message, len(s.tokens)
		}
		if signed == s.message && s.signature(from) {
			s.signed = true
			for j := from; j < len(s.tokens); j++ {
				s.tokens[j].class = neutral
			}
			continue
		}
		s.ownWork()
		s.introduction()
		for j := range s.tokens {
			if t := &s.tokens[j]; t.is(forbidden) && !t.is(desk) && s.ownDoing(j) {
				t.class = neutral // before we pay the loan out
			}
			if t := &s.tokens[j]; t.is(desk) && (s.ownDesk(j) || s.heading(j)) {
				t.class &^= forbidden | action | list
				if t.is(role) {
					t.class = role
				} else {
					t.class |= neutral
				}
			}
		}
	}
}

// rule tells the dashes above a signature.
func (s *sentence) rule() bool {
	for i := range s.tokens {
		if t := &s.tokens[i]; t.kind != mark || t.r != '-' && t.r != '_' && t.r != '—' &&
			t.r != '*' {
			return false
		}
	}
	return len(s.tokens) > 1
}

// thanks tells a sentence of nothing but politeness; a signature may follow.
func (s *sentence) thanks() bool {
	for i := range s.tokens {
		if t := &s.tokens[i]; t.kind != mark && !t.is(polite|adverb|closing) {
			return false
		}
	}
	return true
}

// maxSignature is how many words a line of a signature has at most.
const maxSignature = 10

// signature tells a line that says who writes: names, offices and numbers, no
// verb and nothing in lower case that would carry a meaning.
func (s *sentence) signature(from int) bool {
	words, office := 0, s.mentions(desk)
	for i := from; i < len(s.tokens); i++ {
		t := &s.tokens[i]
		switch {
		case !t.capital && t.kind == word && office && (t.unknown() || t.class == desk|forbidden):
		case t.ident >= 0, t.kind == mark && (t.r == ':' || t.r == '：') &&
			!s.tokens[max(i-1, 0)].is(phone):
			return false
		case t.kind != word:
			continue
		case t.is(question|status|aux|modal|past) && !t.is(neutral):
			return false
		case !t.capital && t.unknown() &&
			!particle(t.low), t.is(forbidden|action|list|give|strongWork|yesWord) && !t.capital:
			return false
		}
		words++
	}
	return !s.asks && words <= maxSignature
}

// ownWork: "I work for First Bank" says where the asker works.
func (s *sentence) ownWork() {
	for i := range s.tokens {
		if !s.tokens[i].is(strongWork) {
			continue
		}
		k := i - 1
		for k >= 0 && s.tokens[k].kind == word && !s.tokens[k].is(asker) &&
			(s.tokens[k].is(adverb|the|title) || s.tokens[k].low == "am" ||
				s.tokens[k].low == "are" || s.tokens[k].low == "bin" || s.tokens[k].low == "suis" ||
				s.tokens[k].low == "also") {
			k--
		}
		if k < 0 || !s.tokens[k].is(asker) || s.tokens[k].is(confirm|polite) ||
			oblique(s.tokens[k].low) {
			continue
		}
		if p := s.at(k - 1); p != nil && p.is(aux|past|modal|whether|confirm) {
			continue
		}
		for ; k < len(s.tokens); k++ {
			t := &s.tokens[k]
			if t.ident >= 0 || k > i && (t.kind == mark && !wraps(t.r) ||
				t.is(and|confirm|whether|modal) && !t.is(prepAt|prepFor)) {
				break
			}
			if t.kind == word && t.class != 0 && !t.is(asker) {
				t.class = neutral
			}
		}
	}
}

// introduction: "this is Karen Hill from the lending team at First Bank" says
// who asks; its places are no employer of the person.
func (s *sentence) introduction() {
	if s.asks || s.hasIdent() || s.mentions(strongWork|confirm|status|question) {
		return
	}
	for i := range s.tokens {
		t := &s.tokens[i]
		n := s.at(i + 1)
		switch {
		case t.kind == mark || t.is(polite) && !t.is(asker):
			continue
		case t.is(asker), t.is(my) && n != nil && n.is(nameOf), n != nil &&
			(t.low == "this" && n.low == "is" || t.low == "hier" && n.is(aux)),
			t.low == "sono" || t.low == "siamo" || t.low == "soy" || t.low == "somos" ||
				t.low == "sou":
			for j := i; j < len(s.tokens); j++ {
				if t := &s.tokens[j]; t.is(weakWork | prepAt | prepFor | prepAs) {
					t.class = neutral
				}
			}
		}
		return
	}
}

// oblique tells the forms of I and we that are nobody's subject.
func oblique(low string) bool {
	switch low {
	case "me", "us", "myself", "ourselves", "let", "mir", "mich", "uns", "m", "me.", "moi", "mi",
		"ci", "nos":
		return true
	}
	return false
}

// ownDoing: a verb right behind I or we is the asker's, unless it does
// something to the person.
func (s *sentence) ownDoing(i int) bool {
	k := i - 1
	for k >= 0 && s.tokens[k].kind == word && (s.tokens[k].is(adverb|modal) ||
		s.tokens[k].low == "are" || s.tokens[k].low == "am" || s.tokens[k].low == "have") {
		k--
	}
	if k < 0 || !s.tokens[k].is(asker) || oblique(s.tokens[k].low) ||
		s.tokens[k].is(confirm|polite) {
		return false
	}
	if p := s.at(k - 1); p != nil && p.is(aux|past|modal|question|status) {
		return false
	}
	for j := i + 1; j < len(s.tokens) && s.tokens[j].kind == word; j++ {
		if s.tokens[j].is(pronoun | role | forbidden | strongWork) {
			return false
		}
	}
	n := s.next(i)
	return n == nil || n.ident < 0
}

// maxHeading is how many words and marks a heading has at most.
const maxHeading = 12

// heading tells a stretch between marks that only names an office or an
// errand, ahead of the question: First Bank, Compliance Department: is …
func (s *sentence) heading(i int) bool {
	from, to := i, i+1
	for from > 0 && i-from <= maxHeading &&
		(s.tokens[from-1].kind != mark || wraps(s.tokens[from-1].r)) {
		from--
	}
	for to < len(s.tokens) && to-i <= maxHeading &&
		(s.tokens[to].kind != mark || wraps(s.tokens[to].r)) {
		to++
	}
	if to == len(s.tokens) && (s.asks || s.message > 0 && from == 0) || to+1 == len(s.tokens) &&
		s.tokens[to].r == ':' {
		return false
	}
	if to-from > maxHeading || from > 4*maxHeading {
		return false
	}
	for k := range from {
		if t := &s.tokens[k]; t.ident >= 0 || t.is(aux|strongWork) {
			return false
		}
	}
	words := 0
	for k := from; k < to; k++ {
		t := &s.tokens[k]
		switch {
		case t.kind == mark || t.kind == digits:
			continue
		case t.ident >= 0, t.possessive,
			t.is(aux|strongWork|pronoun|status|question|give|modal|past|confirm) &&
				!t.is(neutral|polite), t.is(forbidden) && !t.is(desk):
			return false
		case t.is(prepFor) && k > i:
			return false
		}
		words++
	}
	return words > 1
}

// when tells words of time that a plain statement of the asker may hold.
func when(low string) bool {
	switch low {
	case "tonight", "today", "tomorrow", "yesterday", "heute", "morgen", "gestern", "demain",
		"hier", "hoy", "mañana", "ayer", "oggi", "domani", "ieri", "hoje", "amanhã", "ontem":
		return true
	}
	return false
}

// ownDesk tells whether a word that may name an office, an errand or a
// relative belongs to the asker here.
func (s *sentence) ownDesk(i int) bool {
	if when(s.tokens[i].low) && !s.asks && !s.mentions(strongWork|confirm|give) &&
		(!s.hasIdent() || s.mentions(asker)) {
		return true // Our deadline is tonight.
	}
	for k := i - 1; k >= 0 && k >= i-8; k-- {
		t := &s.tokens[k]
		if t.kind == mark {
			if wraps(t.r) {
				continue
			}
			return false
		}
		switch {
		case t.ident >= 0, t.possessive:
			return false
		case t.is(my|asker|speaks) || t.low == "us" || t.low == "from" || t.low == "this" &&
			s.at(k+1).low == "is":
			return true
		case t.low == "have" && s.at(k-1) != nil && s.at(k-1).is(asker):
			return true
		case t.is(role|strongWork|pronoun|status|question|give|modal) && !t.is(neutral|desk|the),
			t.is(confirm) && k < i-1, t.is(aux) && t.low != "are" && t.low != "is":
			return false
		}
	}
	// The visa section of the consulate requests: the subject of the sentence asks.
	for k := i + 1; k < len(s.tokens) && k < i+8; k++ {
		t := &s.tokens[k]
		switch {
		case t.is(confirm) && !s.tokens[0].is(confirm|give|aux|modal|status|question) && !t.capital:
			return true
		case t.kind != word || t.is(aux|and|strongWork|role|pronoun):
			return false
		}
	}
	return false
}
