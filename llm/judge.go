package llm

import "strings"

// judge decides in the order of the design: refusals first, whatever else the
// text says; then whether it is our question; then whether it names one person.
func (v *reading) judge() {
	var work class
	for i := range v.sentences {
		s := &v.sentences[i]
		s.mend()
		s.nameStretches()
		if from, to := s.lowerName(); to > from {
			s.total = max(s.total-(to-from), s.known) // a name tells no language
		}
	}
	v.asides()
	for i := range v.sentences[:max(len(v.sentences)-1, 0)] {
		if n := &v.sentences[i+1]; len(n.tokens) > 0 && n.message == v.sentences[i].message &&
			n.tokens[0].ident >= 0 {
			v.sentences[i].heads = true
		} else if len(n.tokens) > 0 && n.hasIdent() && (n.tokens[0].is(pronoun) ||
			n.tokens[0].is(your) && n.lang != en) && !n.asks {
			v.sentences[i].owner = true
		}
	}
	for i := range v.sentences {
		s := &v.sentences[i]
		for j := range s.tokens {
			s.work |= s.tokens[j].class & anyWork
			if n := s.at(j + 1); s.tokens[j].is(prepAt) && n != nil && n.kind == company {
				s.work |= withUs
			}
		}
		s.asks = s.asks || s.begins(aux|question|status) || s.lang == ja && s.endsInKa()
		work |= s.work
	}
	v.userNames(work)
	known, total, refused := 0, 0, false
	for i := range v.sentences {
		s := &v.sentences[i]
		known, total = known+s.known, total+s.total
		if s.forbidden() || s.several() || s.ordered() || s.elsewhere() || s.otherQuestion() ||
			s.besides(work) || s.relative() || s.wished() {
			refused = true
			break
		}
	}
	first, persons, usable := v.persons()
	if refused || persons > 1 {
		return
	}
	// Two thirds of the words, or a little less where two are beyond doubt.
	placed := known*3 > total*2 || known > 1 && known*3 == total*2
	answered := len(v.texts) > 1 && v.bare(len(v.texts)-1)
	switch {
	case work&strongWork != 0 && known*5 >= total*2, work&(weakWork|withUs) != 0 && placed &&
		v.weakSuffices(), answered && (persons == 1 || work != 0):
		if !usable {
			v.question.Outcome = Ask
			if persons == 0 && len(v.candidates) > 0 {
				v.unsure |= unsureUser
			}
			return
		}
		v.question.Outcome = Answerable
	case persons == 1 && !(placed && total > 0):
		v.question.Outcome = Ask
		if !usable {
			return
		}
		v.unsure |= unsureOurs
	case persons == 1 && v.unsaid():
		v.question.Outcome = Ask
		if !usable {
			return
		}
		v.unsure |= unsureOurs
	case work&strongWork != 0 && persons == 0:
		v.question.Outcome = Ask
		return
	default:
		return
	}
	id := &v.idents[first]
	q := &v.question
	if q.Outcome == Answerable {
		v.fill(id)
		return
	}
	// Kept beside Ask only for consult; nobody is rung for it.
	v.asked = first
}

// fill names the person who is asked about.
func (v *reading) fill(id *identifier) {
	v.question.Outcome = Answerable
	v.question.Identifier = v.texts[id.message][id.start:id.end]
	v.question.Person, v.question.Kind = id.person, id.kind
	v.question.Name = v.fullName()
}

// persons counts the different persons named, and says which mention stands
// for the one and whether it can be looked up.
func (v *reading) persons() (first, count int, usable bool) {
	first = -1
	for i := range v.idents {
		id := &v.idents[i]
		same := false
		for k := range i {
			same = same || v.idents[k].person == id.person
		}
		if !same {
			count++
		}
		if ok := !id.unusable && !id.glued; first < 0 || ok && !usable {
			first, usable = i, ok
		}
	}
	return first, count, usable
}

// unsaid: please verify jdoe@…; what is to be verified is not said.
func (v *reading) unsaid() bool {
	verify := false
	for i := range v.sentences {
		s := &v.sentences[i]
		for j := range s.tokens {
			t := &s.tokens[j]
			switch t.low {
			case "verify", "check", "confirm", "verification", "validate", "prüfen", "bestätigen",
				"vérifier", "confirmer", "verificar", "confirmar", "verificare", "confermare", "確認":
				verify = true
			}
			if t.plain() && !t.userName || t.class != 0 &&
				!t.is(confirm|polite|neutral|mail|the|title|nameOf|number|closing|prepFor|role) {
				return false
			}
		}
	}
	return verify
}

// weakSuffices: "still", "active" or "status" mean employment only beside
// nothing but words of no weight.
func (v *reading) weakSuffices() bool {
	for i := range v.sentences {
		s := &v.sentences[i]
		for from := 0; from < len(s.tokens); {
			end := from + 1
			for end < len(s.tokens) && !s.parts(end) && s.tokens[end].r != '-' {
				end++
			}
			c := clause{sentence: s, from: from, end: end}
			matters := s.work == 0 && s.asks || c.work() != 0
			for j := from; j < end && matters; j++ {
				if t := &s.tokens[j]; t.plain() && !t.userName || t.class == desk {
					return false
				}
			}
			from = end
		}
	}
	return true
}

// bare tells a message that gives nothing but an identifier, in any wrapping:
// an answer to the question back.
func (v *reading) bare(message int) bool {
	found := false
	for i := range v.sentences {
		s := &v.sentences[i]
		if s.message != message {
			continue
		}
		for j := range s.tokens {
			t := &s.tokens[j]
			found = found || t.ident >= 0
			if t.plain() && !t.userName && s.total > 3 {
				return false
			}
		}
	}
	return found
}

// begins tells whether the sentence's first words, politeness aside, hold a word of class c.
func (s *sentence) begins(c class) bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind == mark {
			continue
		}
		if t.is(c) && t.kind == word {
			return true
		}
		if !t.is(polite | adverb | and) {
			return false
		}
	}
	return false
}

func (s *sentence) endsInKa() bool {
	for i := len(s.tokens) - 1; i >= 0; i-- {
		if t := &s.tokens[i]; t.kind == word {
			return strings.HasSuffix(t.text, "か") && !strings.HasSuffix(t.text, "いただけますか") &&
				!strings.HasSuffix(t.text, "くださいますか")
		}
	}
	return false
}

// leads tells whether token i begins a clause that is addressed to us: before
// it stand only politeness, fillers and "you", back to a mark that parts clauses.
func (s *sentence) leads(i int) bool {
	toUs := false
	for i--; i >= 0; i-- {
		t := &s.tokens[i]
		if t.kind == mark {
			if t.r == '-' || t.r == '/' {
				continue
			}
			return true
		}
		if t.kind != word {
			return false
		}
		if t.is(you) {
			toUs = true
		}
		if t.is(asker) && !toUs {
			return t.low == "me" || t.low == "us" || t.low == "let"
		}
		if !t.is(polite|adverb|and|you|modal|asker|confirm|give|answerWord) && t.low != "to" &&
			t.low != "do" && t.low != "not" && t.low != "now" {
			return false
		}
	}
	return true
}
