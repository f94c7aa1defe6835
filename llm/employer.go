package llm

// elsewhere: the sentence says where, as what or how the person works, and
// that is not simply "here".
func (s *sentence) elsewhere() bool {
	if s.work == 0 {
		return false
	}
	if s.lang == ja {
		return s.elsewhereJapanese()
	}
	filled, named, begun := false, false, false
	var kind class
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.is(strongWork) {
			if s.modified(i) {
				return true
			}
			kind = t.class & strongWork
		}
		if t.is(employVerb) && s.otherSubject(i) {
			return true
		}
		if t.is(firm) && s.otherFirm(i) {
			return true
		}
		if i > 0 && t.kind == word && t.is(neutral) && s.behindWork(i) && !s.placeBehind(i) {
			return true
		}
		if begun && t.is(prepAt|prepFor|prepAs) && !t.is(neutral|adverb|here|and) &&
			t.kind == word && !t.capital {
			switch ok, ours := s.place(i, kind, filled, named); {
			case !ok:
				return true
			case ours:
				filled = true
			}
		}
		if n := s.at(i + 1); begun && t.kind == company && s.lang == en && n != nil &&
			n.nameable() && n.capital && n.space {
			return true // Staff0 Labs is not Staff0
		}
		if t.ident >= 0 || t.is(anyWork) {
			begun = true
		}
		if t.ident >= 0 || t.is(role) || t.nameable() && t.capital && i > 0 && !begun {
			named = true
		}
		if t.kind == company || t.is(here|firm) {
			filled = true
		}
	}
	return false
}

// place looks at what follows a preposition: ok unless it is another employer,
// a role, a team or a place; ours if it is us.
func (s *sentence) place(i int, kind class, filled, named bool) (ok, ours bool) {
	prep := &s.tokens[i]
	for j := i + 1; j < len(s.tokens); j++ {
		t := &s.tokens[j]
		switch {
		case t.kind == mark && wraps(t.r):
			continue
		case t.kind == mark || t.kind == digits:
			return true, false
		case t.kind == company:
			return true, true
		case t.ident >= 0:
			return true, false
		case t.is(here | firm | your):
			if t.is(your) && !t.is(here|the) {
				continue
			}
			if s.differs(j - 1) {
				return false, false
			}
			return true, true
		case t.is(the|adverb|legal) && !t.is(role|mail|title):
			continue
		case s.lang == en && trade(t.low) && j > 0 && s.tokens[j-1].is(the):
			return false, false
		case t.is(firm) && s.differs(j-1):
			return false, false
		case t.class != 0 && !s.another(j):
			return true, false
		}
		if end := s.nameRun(j); kind == employment && end-j >= 2 && s.towards(end, 1) {
			return true, false // conferma di impiego per John Doe, jdoe@…
		}
		// An unknown word: a person behind "employment of", else somewhere else.
		person := prep.is(prepFor) && (kind == employment || kind == 0)
		if s.lang != en {
			person = person || prep.is(prepFor) && !named && kind != employee && t.capital
		}
		if person && !(named && !filled && prep.is(prepAt)) {
			return true, false
		}
		if prep.is(prepFor) && filled {
			return true, false
		}
		if t.userName {
			return true, false
		}
		return false, false
	}
	return true, false
}

// behindWork tells a preposition that joins its place to the work (works at
// the …), joined to an article by the word lists.
func (s *sentence) behindWork(i int) bool {
	switch s.tokens[i].low {
	case "at", "for", "in", "with", "by":
		p := s.at(i - 1)
		if p != nil && p.is(adverb) {
			p = s.at(i - 2)
		}
		return s.lang == en && p != nil && p.is(strongWork)
	}
	return false
}

// placeBehind: what follows is us or no place at all.
func (s *sentence) placeBehind(i int) bool {
	for i++; i < len(s.tokens); i++ {
		t := &s.tokens[i]
		switch {
		case t.kind == mark && wraps(t.r), t.is(the|adverb|legal) && !t.is(role|mail|title):
		case t.plain() && s.at(i+1) != nil && s.at(i+1).is(role):
			return true
		case t.nameable() && t.capital || t.plain() && !t.userName:
			return t.ident >= 0
		default:
			return !trade(t.low)
		}
	}
	return true
}

// differs tells another, a different: the firm behind it is not ours.
func (s *sentence) differs(i int) bool {
	t := s.at(i)
	if t == nil {
		return false
	}
	switch t.low {
	case "another", "different", "other", "anderen", "andere", "anderer", "autre", "otra", "otro",
		"altra", "altro", "outra", "outro":
		return true
	}
	return false
}

// trade tells what kinds of firm askers are; behind "works in a" it is another employer.
func trade(low string) bool {
	switch low {
	case "bank", "banks", "insurance", "insurer", "agency", "landlord", "lender", "school", "shop",
		"restaurant":
		return true
	}
	return false
}

// another tells a capitalised name made of words of no weight (First Bank).
func (s *sentence) another(j int) bool {
	t := &s.tokens[j]
	return t.capital && s.lang != de && t.class&^(neutral|action|give|adverb|shared) == 0
}

// modified: a word that no list knows qualifies the work (works hard, a lazy
// employee, a Google employee).
func (s *sentence) modified(i int) bool {
	t := &s.tokens[i]
	if t.is(workVerb) && s.lang == en {
		n := s.at(i + 1)
		return n != nil && n.unknown() && n.ident < 0 && !n.userName
	}
	if n := s.at(i + 1); t.is(workVerb) && s.lang == fr && n != nil && n.low == "bien" &&
		s.next(i+1) == nil {
		return true // travaille bien: how, not where
	}
	if !t.is(employee) {
		return false
	}
	if p := s.at(i - 1); p != nil && p.unknown() && p.ident < 0 && !p.userName {
		if d := s.at(i - 2); d != nil && d.is(the) || p.end+1 == t.start && s.hyphen(p, t) {
			return true
		}
	}
	if s.lang == fr || s.lang == es || s.lang == it || s.lang == pt {
		if n := s.at(i + 1); n != nil && n.plain() && !n.userName {
			return true
		}
	}
	return false
}

// hyphen tells a compound that the scanner cut: Google-Mitarbeiter.
func (s *sentence) hyphen(p, t *token) bool {
	return p.end+1 == t.start && !t.space
}

func (s *sentence) at(i int) *token {
	if i < 0 || i >= len(s.tokens) {
		return nil
	}
	return &s.tokens[i]
}

// otherSubject: somebody else employs (Does Google employ …).
func (s *sentence) otherSubject(i int) bool {
	p := s.at(i - 1)
	if p != nil && p.is(adverb) {
		p = s.at(i - 2)
	}
	if p != nil && p.nameable() && !p.userName {
		return true
	}
	if s.lang == en {
		return false
	}
	n := s.at(i + 1)
	after := s.at(i + 2)
	return n != nil && n.nameable() && n.capital && after != nil &&
		(after.ident >= 0 || after.userName)
}

// otherFirm: "the company Google".
func (s *sentence) otherFirm(i int) bool {
	n := s.at(i + 1)
	if n == nil || !n.nameable() || !n.capital || !s.after(i) {
		return false
	}
	p := s.at(i - 1)
	return p == nil || !p.is(your)
}

// elsewhereJapanese: the word before で, に, の at work must be us.
func (s *sentence) elsewhereJapanese() bool {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.unknown() && t.ident < 0 && !t.userName {
			n := s.at(i + 1)
			if n != nil && n.is(legal) {
				n = s.at(i + 2)
			}
			if n == nil {
				continue
			}
			if n.low == "で" || n.low == "に" || n.low == "にて" || n.low == "の" && s.followed(i+2) {
				return true
			}
			if n.is(employee) && !n.space && n.start == t.end && t.text[0] < 0x80 {
				return true
			}
		}
	}
	return false
}

// followed tells a Japanese employer: X の 社員.
func (s *sentence) followed(i int) bool {
	t := s.at(i)
	return t != nil && t.is(employee)
}
