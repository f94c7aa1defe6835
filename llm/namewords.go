package llm

import "strings"

// nameStretches gives the words of a name their freedom from the word lists:
// Will Young, Grace Hope and Nguyễn Văn An are made of words of ours. Two or
// more capitalised words are a name where a person stands and an identifier or
// the work follows.
func (s *sentence) nameStretches() {
	for i := range s.tokens {
		t := &s.tokens[i]
		switch {
		case t.ident >= 0:
			end := i
			for marks := 0; end > 0 && marks < 4; end-- {
				p := &s.tokens[end-1]
				if p.kind == mark && (wraps(p.r) || p.r == ',' || p.r == ':' || p.r == '-') {
					marks++
				} else if !p.is(mail|prepAt) || p.capital && !p.is(mail) {
					break
				}
			}
			if from := s.stretch(end); end-from >= 2 && s.awaits(from, end) {
				s.free(from, end)
			}
		case i > 2 && !t.capital && t.is(anyWork|adverb|the) && s.lang != de:
			if from := s.stretch(i); i-from >= 2 && from == 1 && s.tokens[0].is(aux) {
				s.free(from, i)
			}
		}
	}
}

// stretch returns where the run of capitalised words that ends before end begins.
func (s *sentence) stretch(end int) int {
	from := end
	for from > 0 {
		t := &s.tokens[from-1]
		switch {
		case t.kind == word && t.capital && !t.possessive &&
			!t.is(strongWork|title|mail|user|number|nameOf|closing|legal|firm|confirm|asker|role) &&
			(!t.is(aux|whether|polite|weakWork|status|question) || from > 1 && t.unknown()):
			from--
			continue
		case t.kind == word && t.capital && from > 1 && (t.is(polite) && !t.is(the|closing) ||
			t.is(modal)) && s.tokens[0].is(aux) && !upper(s.tokens[0].text):
			from--
			continue
		case t.kind == mark && t.r == '.' && from > 1 && len(s.tokens[from-2].text) == 1 &&
			s.tokens[from-2].capital:
			from--
			continue
		case t.kind == word && !t.capital && particle(t.low) && from < end && from > 1 &&
			s.tokens[from-2].capital && s.tokens[from-2].unknown():
			from--
			continue
		}
		break
	}
	return from
}

// upper tells a word in capitals, where capitals tell nothing.
func upper(text string) bool { return len(text) > 1 && strings.ToUpper(text) == text }

// awaits tells whether a person is due at token from.
func (s *sentence) awaits(from, end int) bool {
	if from == 0 {
		return false
	}
	p := s.prev(from)
	if p != nil && p.r == '.' && from > 1 && s.tokens[from-2].is(title) {
		return true // Dr.
	}
	if p == nil || p.kind != word {
		return false
	}
	if p.is(aux|title|named) || p.is(whether|employVerb) && s.lang != de {
		return true
	}
	if s.lang == de || !p.is(prepFor|role|employee|my) {
		return false
	}
	for i := from; i < end; i++ {
		if s.tokens[i].nameable() {
			return true
		}
	}
	return false
}

func (s *sentence) free(from, end int) {
	for i := from; i < end; i++ {
		if t := &s.tokens[i]; t.kind == word {
			t.class = 0
		}
	}
}

// organisation tells the words that make a capitalised run a firm or an office.
func organisation(low string) bool {
	switch low {
	case "bank", "banque", "banca", "banco", "sparkasse", "kreditbank", "rentals", "lettings",
		"insurance", "versicherung", "assurances", "holdings", "group", "university",
		"council", "embassy", "consulate", "office", "department", "agency", "properties", "realty",
		"immobilien", "recruiting", "recruitment", "staffing", "times", "news",
		"society", "union", "association", "services", "solutions", "partners", "credit",
		"mortgage", "mortgages", "lending", "capital", "resources", "team", "desk",
		"street", "road",
		"house", "hr", "post", "tribune", "herald", "gazette", "immobilière", "inmobiliaria",
		"imobiliária", "estates", "housing", "verwaltung", "hausverwaltung", "銀行", "証券", "ファーストバンク":
		return true
	}
	return false
}

// lowerName finds a name written without capitals right beside an identifier:
// does john doe (jdoe@…) work here? It returns an empty run if there is none.
func (s *sentence) lowerName() (from, to int) {
	for i := range s.tokens {
		if s.tokens[i].ident < 0 || s.tokens[i].userName {
			continue
		}
		end := i
		for end > 0 {
			p := &s.tokens[end-1]
			if p.kind == mark && (wraps(p.r) || p.r == ',' || p.r == ':' || p.r == '-') ||
				p.kind == word && p.is(mail|prepAt|the|number) && !p.is(role) && end < i+6 {
				end--
				continue
			}
			break
		}
		if from := s.lowerRun(end); end-from >= 2 && end-from <= 5 && s.whose(from) {
			return from, end
		}
		// jdoe@… (john doe)
		if n := s.at(i + 1); n != nil && n.kind == mark && (n.r == '(' || n.r == ',') {
			to := i + 2
			for to < len(s.tokens) && s.lowerWord(to) {
				to++
			}
			if c := s.at(to); to-i-2 >= 2 && to-i-2 <= 4 &&
				(n.r == ',' && (c == nil || c.r == ',') || c != nil && c.r == ')') {
				return i + 2, to
			}
		}
	}
	return 0, 0
}

func (s *sentence) lowerWord(i int) bool {
	t := &s.tokens[i]
	return t.plain() && !t.userName && t.kind == word
}

func (s *sentence) lowerRun(end int) int {
	from := end
	for from > 0 {
		t := &s.tokens[from-1]
		if s.lowerWord(from-1) || from < end && t.kind == word && particle(t.low) && !t.capital &&
			from > 1 && s.lowerWord(from-2) {
			from--
			continue
		}
		break
	}
	return from
}

// whose tells whether the words before token i let a person follow.
func (s *sentence) whose(i int) bool {
	p := s.prev(i)
	return p == nil || p.kind == mark ||
		p.is(aux|whether|employVerb|named|nameOf|title|role|employee|prepFor|confirm|polite|my) ||
		p.is(workVerb) && s.lang != en || s.lang == en && p.low == "a"
}
