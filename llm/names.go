package llm

import "strings"

// fullName finds the full name given for the person: at least two words that
// stand beside the identifier, behind a label, or where a person stands. The
// asker's own name and a signature's are not it.
func (v *reading) fullName() string {
	best, bestRank := "", 0
	first, last := "", ""
	signed := -1
	for i := range v.sentences {
		s := &v.sentences[i]
		for j := range s.tokens {
			if s.tokens[j].is(closing) && s.first(j) {
				signed = s.message
			}
		}
		if a, b := s.labelledName(&first, &last); a >= 0 {
			if rank := 5; rank > bestRank {
				best, bestRank = v.written(s, a, b), rank
			}
		}
		if (s.signed || signed == s.message) && !s.hasIdent() {
			continue
		}
		if a, b := s.lowerName(); b > a && bestRank < 4 {
			if name := v.written(s, a, b); name != "" {
				best, bestRank = name, 4
			}
		}
		for j := 0; j < len(s.tokens); {
			end := s.nameRun(j)
			if end == j {
				j++
				continue
			}
			rank := s.rank(j, end)
			if name := v.written(s, j, end); rank == 0 && name != "" && s.hasIdent() &&
				!s.introduces(j) && v.Reader.Model != nil {
				v.names = append(v.names, name)
			}
			if rank > bestRank {
				if name := v.written(s, j, end); name != "" {
					best, bestRank = name, rank
				}
			}
			j = end
		}
	}
	if best == "" && first != "" && last != "" {
		best = first + " " + last
	}
	if best == "" && len(v.names) > 0 {
		v.unsure |= unsureName
	}
	return best
}

func (s *sentence) hasIdent() bool {
	for i := range s.tokens {
		if s.tokens[i].ident >= 0 {
			return true
		}
	}
	return false
}

// written is the name as it stands in the text, if it has two words.
func (v *reading) written(s *sentence, from, to int) string {
	words := 0
	for i := from; i < to; i++ {
		t := &s.tokens[i]
		if t.kind == word && organisation(t.low) {
			return ""
		}
		if t.kind == word && !t.is(title) {
			words++
		}
	}
	if to < len(s.tokens) && s.tokens[to].is(legal) && s.tokens[to].capital {
		return "" // Deutsche Bank AG
	}
	if words == 1 && uncased(s.tokens[from].text) && len([]rune(s.tokens[from].text)) >= 3 &&
		strings.ContainsRune(s.tokens[from].text, '・') {
		words = 2
	}
	if words < 2 {
		return ""
	}
	end := s.tokens[to-1].end
	if t := &s.tokens[to-1]; t.possessive {
		end = t.start + len(t.text)
	}
	return v.texts[s.message][s.tokens[from].start:end]
}

// nameWord tells whether token i can be part of a name.
func (s *sentence) nameWord(i int) bool {
	t := &s.tokens[i]
	if t.kind != word || t.ident >= 0 || t.userName {
		return false
	}
	if t.nameable() {
		return true
	}
	// Will, May, Young: words of ours beside an unknown capitalised word.
	if !t.capital || s.lang == de ||
		t.is(strongWork|closing|polite|title|mail|user|number|nameOf|firm|prepAt|prepFor|the|asker|role|confirm|aux|named|whether|and|give|legal) && !t.foreign {
		return false
	}
	p, n := s.at(i-1), s.at(i+1)
	return i > 0 && (p != nil && p.nameable() && p.capital || n != nil && n.nameable() && n.capital)
}

// particle tells the small words inside a name: van, de la, O'.
func particle(low string) bool {
	switch low {
	case "van", "von", "de", "der", "den", "del", "della", "di", "da", "do", "dos", "das", "la",
		"le", "el", "al", "bin", "ibn", "ben", "y", "zu", "ter", "ten", "du", "st", "mac":
		return true
	}
	return false
}

// nameRun returns where the run of name words that begins at token i ends.
func (s *sentence) nameRun(i int) int {
	if !s.nameWord(i) {
		return i
	}
	end := i + 1
	for end < len(s.tokens) {
		t := &s.tokens[end]
		switch {
		case s.tokens[end-1].possessive:
			return end
		case s.nameWord(end):
			end++
			continue
		case t.kind == mark && t.r == '.' && end+1 < len(s.tokens) &&
			len(s.tokens[end-1].text) == 1 && s.nameWord(end+1):
			end += 2
			continue
		case t.kind == word && particle(t.low) && !t.capital:
			k := end + 1
			for k < len(s.tokens) && s.tokens[k].kind == word && particle(s.tokens[k].low) {
				k++
			}
			if k < len(s.tokens) && s.nameWord(k) && s.tokens[k].capital &&
				(s.lang != de || s.towards(s.nameRun(k), 1)) {
				end = k + 1
				continue
			}
		case t.kind == mark && t.r == ',' && end == i+1 && end+1 < len(s.tokens) &&
			s.nameWord(end+1) && s.tokens[end+1].capital:
			// Doe, John <jdoe@…>: only right before the identifier.
			k := end + 2
			for k < len(s.tokens) && s.nameWord(k) {
				k++
			}
			if c, b, d := s.at(k), s.at(i-1), s.at(i-2); c != nil && c.r == ')' && b != nil &&
				b.r == '(' && d != nil && d.ident >= 0 {
				end = k // jdoe@… (Doe, John)
				continue
			}
			if n := s.next(k - 1); n != nil &&
				(n.ident >= 0 || n.is(mail) && s.at(k) != nil && s.at(k).kind == mark) {
				end = k
				continue
			}
		}
		break
	}
	return end
}

// rank tells how surely the run from to end names the person: 4 beside an
// identifier, 3 behind Mr. or "named", 2 where a person stands; 0 for anybody else.
func (s *sentence) rank(from, end int) int {
	beside := 0
	if s.towards(end, 1) {
		beside = 4
	}
	if beside == 0 && s.towards(from-1, -1) {
		beside = 4
	}
	p := s.prev(from)
	if p != nil && p.r == '.' && from > 1 && s.tokens[from-2].is(title) {
		p = &s.tokens[from-2] // Mr.
	}
	if p != nil && p.kind == word && p.is(the) && s.lang != en {
		p = s.prev(s.index(p))
	}
	if s.namedBefore(p) {
		return 3
	}
	for k := from - 1; p != nil && p.kind == word && p.is(title) && k > 0; k-- {
		// A form of address belongs to the name; the word before it decides.
		beside = max(beside, 3)
		p = s.prev(s.index(p))
	}
	if p != nil && p.kind == word && p.is(the) && p.low != "that" {
		// a Mr. John Doe
		p = s.prev(s.index(p))
	}
	if p != nil && p.kind == word && (p.is(asker|closing) || p.low == "from" && !s.enclosed(end) ||
		p.low == "am" || s.greets(p)) {
		return 0
	}
	if s.introduces(from) {
		return 0
	}
	if beside > 0 {
		return beside
	}
	if n := s.at(end); s.tokens[end-1].possessive && n != nil &&
		(n.is(employment|weakWork) || n.is(adverb|neutral) && s.ofWork(end)) {
		return 2 // John Doe's employment
	}
	if p != nil && p.kind == mark && p.r == ',' && s.at(end) != nil && s.at(end).r == ',' &&
		s.roleBefore(from) {
		return 2 // a customer of ours, John Doe, says
	}
	switch {
	case p == nil:
		if n := s.at(end); n != nil && (n.is(anyWork|aux) || n.is(title) && s.lang == ja ||
			s.work != 0 && claims(n.low)) {
			return 2
		}
		if s.alonePart(from, end) && (s.message > 0 || s.heads) {
			return 1
		}
	case p.is(named) || p.is(nameOf):
		return 3
	case p.is(aux|whether|employVerb|employee|role) && s.work != 0, p.is(workVerb|here) &&
		s.lang != en && s.work != 0, p.is(prepFor) && s.work&(employment|weakWork) != 0:
		return 2
	case s.owner && s.work == 0:
		return 1
	case s.lang == ja && s.work != 0:
		if n := s.at(end); n != nil && (n.is(title) || n.low == "は" || n.low == "が") {
			return 2
		}
	}
	return 0
}

func claims(low string) bool {
	switch low {
	case "says", "claims", "states", "said", "stated", "claimed", "told":
		return true
	}
	return false
}

// enclosed tells a name whose identifier follows at once: from John Doe (jdoe@…).
func (s *sentence) enclosed(end int) bool {
	n, m := s.at(end), s.next(end)
	return n != nil && (n.ident >= 0 || n.kind == mark &&
		(n.r == '(' || n.r == '<' || n.r == '[' || n.r == ',') && m != nil && m.ident >= 0)
}

// namedBefore: "his name is" before the run; "my name is" is the asker's.
func (s *sentence) namedBefore(p *token) bool {
	if p == nil || p.kind == mark && p.r != ':' {
		return false
	}
	switch p.low {
	case "is", "ist", "lautet", "est", "es", "è", "é", "", "は":
	default:
		return false
	}
	i := s.index(p)
	q := s.prev(i)
	if q == nil || !q.is(nameOf) {
		return false
	}
	for k := i - 1; k >= 0 && k >= i-4; k-- {
		if s.tokens[k].is(my) {
			return false
		}
	}
	return true
}

// roleBefore tells whether the words before token i speak of the person asked about.
func (s *sentence) roleBefore(i int) bool {
	for k := i - 1; k >= 0 && k >= i-6; k-- {
		if t := &s.tokens[k]; t.is(role) && !t.is(title) {
			return true
		} else if t.is(asker) {
			return false
		}
	}
	return false
}

func (s *sentence) alonePart(from, end int) bool { return from == 0 && end == len(s.tokens) }

// greets: the name behind a greeting is ours.
func (s *sentence) greets(p *token) bool {
	switch p.low {
	case "dear", "hi", "hello", "hey", "hallo", "liebe", "lieber", "bonjour", "hola", "ciao", "olá",
		"cher", "chère", "estimado", "estimada", "gentile", "prezado", "prezada", "thanks":
		return true
	}
	return false
}

// introduces: "we are", "my name is", "on behalf of", "this is" before the run.
func (s *sentence) introduces(from int) bool {
	for k := from - 1; k >= 0 && k >= from-4; k-- {
		t := &s.tokens[k]
		if t.ident >= 0 {
			return false
		}
		if t.kind == mark {
			if wraps(t.r) {
				continue
			}
			return false
		}
		if t.is(my) || t.is(asker) && !t.is(confirm) && s.lang == en && t.low != "me" &&
			t.low != "us" || t.is(speaks) || t.low == "behalf" || t.low == "auftrag" ||
			t.low == "nom" || t.low == "nombre" && k > 0 && s.tokens[k-1].low == "en" {
			return !t.is(my) || s.at(k+1) != nil && s.at(k+1).is(nameOf)
		}
		if t.low == "bin" || t.low == "sind" || t.low == "suis" || t.low == "sommes" ||
			t.low == "soy" || t.low == "somos" || t.low == "sono" || t.low == "siamo" ||
			t.low == "sou" {
			return k == from-1 && t.low != "sind"
		}
		if t.is(role | aux | anyWork | whether) {
			return false
		}
	}
	return false
}

// towards tells whether an identifier follows (or precedes) with nothing
// between but brackets, a comma and words that announce an address.
func (s *sentence) towards(i, step int) bool {
	words := 0
	for ; i >= 0 && i < len(s.tokens) && words < 7; i += step {
		t := &s.tokens[i]
		switch {
		case t.ident >= 0:
			return true
		case t.kind == mark:
			if t.r == ',' || t.r == ':' || t.r == '：' || t.r == '-' || t.r == '–' || t.r == '—' ||
				t.r == '、' || t.r == '/' || t.r == '=' || wraps(t.r) {
				continue
			}
			return false
		case t.kind != word:
			return false
		case step < 0:
			return false
		case t.is(mail|user|number|prepAt|the|title|my|your) || t.is(neutral) &&
			t.class&^(neutral|shared) == 0 || t.low == "is" || t.low == "の" || t.low == "whose" ||
			t.low == "his" || t.low == "her" || t.low == "their" || t.is(pronoun) && s.lang != en ||
			t.is(shared):
			words++
		default:
			return false
		}
	}
	return false
}

// labelledName reads "Name: John Doe" and the pair of first and last name.
func (s *sentence) labelledName(first, last *string) (from, to int) {
	for j := range s.tokens {
		t := &s.tokens[j]
		if !t.is(nameOf | role | employee) {
			continue
		}
		k := j + 1
		if k >= len(s.tokens) || s.tokens[k].kind != mark || s.tokens[k].r != ':' &&
			s.tokens[k].r != '：' && s.tokens[k].r != '=' {
			continue
		}
		for k++; k < len(s.tokens) && (s.tokens[k].kind == mark && wraps(s.tokens[k].r) ||
			s.tokens[k].is(title)); k++ {
		}
		if k >= len(s.tokens) || s.introduces(j) {
			continue
		}
		end := k
		for end < len(s.tokens) && (s.tokens[end].unknown() || s.tokens[end].kind == word &&
			(s.tokens[end].capital && !s.tokens[end].is(strongWork) ||
				particle(s.tokens[end].low)) || s.tokens[end].kind == mark &&
			(s.tokens[end].r == '.' || s.tokens[end].r == ',') && end+1 < len(s.tokens) &&
			s.tokens[end+1].kind == word) && s.tokens[end].ident < 0 && s.tokens[end].r != ';' {
			end++
		}
		if end == k {
			continue
		}
		if end-k >= 2 {
			return k, end
		}
		label := t.low
		switch {
		case strings.HasPrefix(label, "first"), strings.HasPrefix(label, "given"),
			label == "vorname", label == "prénom":
			*first = s.tokens[k].text
		case strings.HasPrefix(label, "last"), strings.HasPrefix(label, "family"),
			label == "surname", label == "nachname", label == "nom", label == "apellido",
			label == "apellidos", label == "cognome", label == "sobrenome":
			*last = s.tokens[k].text
		case label == "nombre", label == "nome":
			*first = s.tokens[k].text
		}
	}
	return -1, -1
}
