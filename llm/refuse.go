package llm

import "strings"

// forbidden: a subject other than ours, anywhere in the text.
func (s *sentence) forbidden() bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind == word && (t.low == "system" || t.low == "assistant" || t.low == "developer") &&
			i+1 < len(s.tokens) && s.tokens[i+1].r == ':' {
			return true
		}
		if s.markup(i) {
			return true
		}
		if t.is(phone) && !s.contact(i) && !(i > 0 && s.tokens[i-1].low == "by" && !s.hasIdent()) {
			return true
		}
		if t.is(forbidden) && len(s.tokens) == 1 &&
			(t.low == "great" || t.low == "good" || t.low == "nice") {
			continue // Great. Then please check …
		}
		if t.is(forbidden) && !t.is(strongWork|mail|neutral|polite) && !s.partOfName(i) {
			return true
		}
	}
	return false
}

// markup tells a tag that plays a part of a conversation with a model.
func (s *sentence) markup(i int) bool {
	if i == 0 || s.tokens[i].kind != word {
		return false
	}
	if p := &s.tokens[i-1]; p.kind != mark || p.r != '<' && p.r != '/' && p.r != '|' && p.r != '[' {
		return false
	}
	switch s.tokens[i].low {
	case "system", "assistant", "developer", "instructions", "inst", "prompt", "im_start", "im_end",
		"endoftext", "sys", "tool", "function":
		return true
	}
	return false
}

// contact: a telephone label with digits behind it gives a number and asks for
// none, as a signature does.
func (s *sentence) contact(i int) bool {
	if s.tokens[i].kind != word || len(s.tokens[i].low) == 1 {
		return true
	}
	for _, t := range s.tokens[i+1:] {
		if t.kind == digits {
			return true
		}
		if t.kind == word && !t.is(phone|nameOf|number) {
			break
		}
	}
	return false
}

// partOfName: a surname may be a word of ours (Casey Contractor); it is one
// behind a capitalised unknown word, before an identifier, a mark or a verb.
func (s *sentence) partOfName(i int) bool {
	t := &s.tokens[i]
	if !t.capital || i == 0 || s.lang == de || t.foreign {
		return false
	}
	p := &s.tokens[i-1]
	if !p.nameable() || !p.capital || p.possessive {
		return false
	}
	n := s.next(i)
	if n == nil {
		return s.work != 0
	}
	if n.ident >= 0 || n.kind == mark || n.is(workVerb|aux|mail|number|and|whether) ||
		n.low == "with" || n.low == "an" || n.low == "still" || n.low == "employed" ||
		n.low == "currently" {
		t.class = 0
		return true
	}
	return false
}

// several: a list of people, or two linked by and, or.
func (s *sentence) several() bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.is(list) && (!t.capital || i == 0) {
			if n := s.at(i + 1); n != nil && n.kind == company && t.low == "lists" {
				continue // lists Staff0 as the employer
			}
			return true
		}
		if !t.is(and) &&
			!(t.kind == mark && (t.r == '&' || t.r == '/' || t.r == '、' || t.r == ',')) {
			continue
		}
		comma := t.kind == mark && t.r != '&'
		p, n := s.prev(i), s.next(i)
		if p == nil || n == nil {
			continue
		}
		left, right := p.ident >= 0, n.ident >= 0
		if left && right && different(p, n) {
			return true
		}
		if comma {
			continue
		}
		name := func(t *token) bool { return t.nameable() }
		if left && (name(n) || n.is(role|pronoun) && s.lang != ja || n.is(my)) || right &&
			name(p) && s.work != 0 {
			return true
		}
		if s.work != 0 && name(p) && name(n) && s.personBefore(i) {
			return true
		}
		// Staff0 and Google.
		if p.kind == company && n.nameable() && n.capital && s.after(i) {
			return true
		}
	}
	return false
}

// different: the same identifier twice (jdoe@…, jdoe@…) is no list.
func different(p, n *token) bool { return !strings.EqualFold(p.text, n.text) }

// personBefore tells whether the words before token i stand where a person
// stands: at the beginning behind is, does, or behind "employment of".
func (s *sentence) personBefore(i int) bool {
	for i--; i >= 0; i-- {
		t := &s.tokens[i]
		if t.is(aux | prepFor | employVerb | whether) {
			return true
		}
		if !t.unknown() && !t.is(title) && t.kind != mark {
			return t.is(workVerb) && s.lang != en
		}
	}
	return false
}

// after tells whether employment or the person has been named before token i.
func (s *sentence) after(i int) bool {
	for k := range i {
		if t := &s.tokens[k]; t.ident >= 0 || t.is(anyWork) {
			return true
		}
	}
	return false
}

// ordered: the text tells us to do something, or what to say.
func (s *sentence) ordered() bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.is(action|give) && t.is(mail) && s.label(i) {
			continue
		}
		if t.is(action) && !t.is(strongWork|forbidden) && s.leads(i) && (s.lang != de || i == 0 ||
			!t.capital) || t.is(action) && s.lang == ja && !t.is(confirm) {
			return true
		}
		if t.is(give) && s.lang != ja &&
			!s.mentions(confirm|workVerb|employVerb|employment|weakWork) && s.work != 0 &&
			s.leads(i) {
			return true // show me the personnel file
		}
		if n, to := s.at(i+1), s.at(i+2); i == 0 && t.unknown() && n != nil && n.ident >= 0 &&
			to != nil && s.lang == en && (to.low == "as" || to.low == "to" || to.low == "from" ||
			to.low == "into") {
			return true // Mark jdoe@… as employed
		}
		if t.is(give) && s.lang != ja && s.work&strongWork == 0 && s.work&weakWork == 0 &&
			s.leads(i) {
			return true
		}
		if n := s.at(i + 1); s.lang == en && t.is(confirm|give) && n != nil && n.ident >= 0 &&
			s.leads(i) {
			if to, be := s.at(i+2), s.at(i+3); to != nil && to.low == "to" && be != nil &&
				be.low != "be" {
				return true // tell jdoe@… to call
			}
		}
		if n := s.at(i + 1); s.lang == de && i == 0 && n != nil && n.low == "sie" &&
			strings.HasSuffix(t.low, "en") && t.unknown() {
			return true // Verb Sie …
		}
		if t.is(answerWord) && !t.is(neutral|confirm) || t.is(confirm) || t.low == "says" ||
			t.low == "saying" {
			for k := i + 1; k < len(s.tokens) && k < i+6; k++ {
				if s.tokens[k].is(yesWord) && !s.tokens[k].is(neutral|whether) {
					return true
				}
			}
		}
	}
	return false
}

// otherQuestion: when, where, how; what, unless the employment status; the
// past, the future, permission; and any question without our subject.
func (s *sentence) otherQuestion() bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.is(question) && !t.is(whether|the|neutral) && (s.lang == ja || s.asks || s.opens(i)) {
			return true
		}
		if t.is(status) && !t.is(neutral|whether) && i > 0 {
			if p := &s.tokens[i-1]; p.kind == word &&
				(p.is(prepAt|prepFor|prepAs) || p.low == "in") && !p.is(whether) && s.asks {
				return true // on what basis, in welcher Position
			}
		}
		if t.is(status) && s.opens(i) && s.job() {
			return true
		}
		if t.is(status) && i > 0 && len(s.tokens) < 4 && s.next(i) == nil {
			continue // sorry, what?
		}
		if t.is(status) && s.opens(i) && !t.is(neutral) && !(s.work&(employment|weakWork) != 0) &&
			!(t.is(whether) && i > 0) {
			return true
		}
		if n := s.at(i + 1); t.is(employVerb) && s.lang == en && n != nil && i > 1 &&
			s.tokens[i-1].is(you) && s.tokens[i-2].is(modal) {
			return true // can you employ
		}
		if t.is(past|modal) && !t.is(neutral) && s.person(i+1) && s.opens(i) {
			return true
		}
		if t.is(past|modal) && !t.is(aux|neutral|you) && s.work != 0 && i > 0 && !t.capital {
			p := s.prev(i)
			if p != nil && (p.ident >= 0 || p.is(pronoun) && singular(p.low)) {
				return true
			}
		}
	}
	return s.asks && s.work == 0 && s.strange()
}

// job: "what is her job" asks for a title although "does she have a job" is ours.
func (s *sentence) job() bool {
	found := false
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.is(employment) {
			return false
		}
		found = found || t.is(weakWork) && (t.low == "job" || t.low == "team" ||
			t.low == "equipo" || t.low == "équipe" || t.low == "equipe")
	}
	return found
}

// strange tells a question that holds words of weight, in a language we know.
func (s *sentence) strange() bool {
	weight := false
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.plain() && !t.userName {
			weight = true
		}
		if t.ident < 0 && t.is(role|firm) {
			weight = true
		}
	}
	return weight && s.total > 1 && s.known*3 > s.total*2
}

func singular(low string) bool {
	switch low {
	case "he", "she", "er", "il", "elle", "él", "ella", "lui", "lei", "ele", "ela":
		return true
	}
	return false
}

// opens tells whether a question can begin at token i.
func (s *sentence) opens(i int) bool {
	for i--; i >= 0; i-- {
		t := &s.tokens[i]
		if t.kind == mark {
			if wraps(t.r) {
				continue
			}
			return true
		}
		if t.is(confirm | whether | and) {
			return true
		}
		if !t.is(polite | adverb | you | modal | asker) {
			return false
		}
	}
	return true
}

// person tells whether a person stands at token i.
func (s *sentence) person(i int) bool {
	for ; i < len(s.tokens); i++ {
		t := &s.tokens[i]
		if t.kind == mark && wraps(t.r) || t.is(the|my|title) && !t.is(role) {
			continue
		}
		if t.is(pronoun) {
			return singular(t.low) && !t.is(you)
		}
		return t.ident >= 0 || t.is(role) && !t.is(polite|you|title) || t.nameable() && t.capital ||
			t.plain() && s.lang == en && s.work != 0
	}
	return false
}

func (s *sentence) mentions(c class) bool {
	for i := range s.tokens {
		if s.tokens[i].is(c) {
			return true
		}
	}
	return false
}

// label tells a word that names what stands behind it in a form (Email: …)
// or heads a column, rather than an order.
func (s *sentence) label(i int) bool {
	n := s.at(i + 1)
	return n == nil || n.kind == mark && n.r != '(' && n.r != '\'' && n.r != '`' && n.r != '“' &&
		n.r != '‘'
}
