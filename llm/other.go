package llm

// besides: a clause that asks something else of the person. No list can hold
// every other subject, so the form decides: is, does or has, then the person,
// then words that are not ours. text is the evidence of all messages that
// employment is meant; without it a foreign text must not be mistaken.
func (s *sentence) besides(text class) bool {
	if s.lang == ja {
		return false
	}
	asked := class(0) // what the clauses so far say of employment
	for from := 0; from < len(s.tokens); {
		end := from + 1
		for end < len(s.tokens) && !s.tokens[end].is(and) && !s.parts(end) {
			end++
		}
		c := clause{sentence: s, from: from, end: end}
		if c.other(text, asked) {
			return true
		}
		asked |= c.work()
		from = end
	}
	return false
}

// parts tells a mark between clauses.
func (s *sentence) parts(i int) bool {
	t := &s.tokens[i]
	return t.kind == mark && !wraps(t.r) && t.r != '.' && t.r != '/' && t.r != '-'
}

type clause struct {
	*sentence
	from, end int
}

func (c *clause) work() (w class) {
	for i := c.from; i < c.end; i++ {
		w |= c.tokens[i].class & anyWork
	}
	return w
}

func (c *clause) other(text, asked class) bool {
	if c.work() != 0 && !c.merelyStill() {
		return false
	}
	if text == 0 && c.lang != en && c.elsewise() {
		return true
	}
	linked := false
	head := c.from
	for ; head < c.end; head++ {
		t := &c.tokens[head]
		linked = linked || t.is(and)
		if t.kind != mark && !t.is(and|polite|adverb) {
			break
		}
	}
	if head == c.end {
		return false
	}
	strange, own, ours, english := 0, false, false, false
	for i := head; i < c.end; i++ {
		t := &c.tokens[i]
		switch {
		case t.class == desk:
			strange++
		case t.unknown() && t.capital && t.ident < 0 && c.lang == en && c.end == head+3 &&
			i == head+2:
			strange++ // Is jdoe@… Catholic?
		case t.unknown() && t.ident < 0 && !t.userName &&
			(!t.capital || c.lang == de && i > head && c.tokens[i-1].is(the|my|weakWork)):
			if p := c.at(i - 1); i > head && !t.capital && p.unknown() && !p.capital {
				// A second one in a row: a name in lower case, or one strange thing.
				continue
			}
			strange++
		case t.is(asker|my|confirm|you) && !t.is(pronoun) && t.low != "me":
			own = true
		case t.kind == company || t.is(firm|here):
			ours = true
		}
		switch t.low {
		case "affiliated", "associated", "attached", "connected":
			return false // an odd way to put our question
		case "still", "a", "an", "the", "on", "at", "to", "not", "his", "any", "for", "with":
			english = c.lang == en
		}
	}
	t := &c.tokens[head]
	if n := c.next(head); strange > 0 && text == 0 && c.lang == en && t.is(aux|past|modal) &&
		n != nil && n.kind == company {
		return true // Will Staff0 sponsor jdoe@…
	}
	if strange == 0 || own {
		return false
	}
	if n := c.next(head); t.is(aux) && !t.is(modal) && n != nil &&
		(n.ident >= 0 || n.is(pronoun) && singular(n.low) || n.is(role)) {
		if text&strongWork != 0 {
			return true
		}
		english = english || c.lang == en && t.ent != nil && t.ent.in[en]&shared == 0
		certain := t.ent != nil && t.ent.in[c.lang]&shared == 0 || english || c.lang == en &&
			c.end == head+3
		return n.ident >= 0 && certain && (!ours || c.lang == en && english)
	}
	// … works at Staff0 and has a dog?
	return linked && c.asks && asked&strongWork != 0 &&
		(t.is(aux|past) || t.plain() && !t.userName) && !c.tokens[c.from].capital
}

// merelyStill: "still" alone is no evidence of employment (still a student).
func (c *clause) merelyStill() bool {
	for i := c.from; i < c.end; i++ {
		t := &c.tokens[i]
		if !t.is(anyWork) {
			continue
		}
		switch t.low {
		case "still", "noch", "toujours", "encore", "todavía", "aún", "ancora", "ainda":
		default:
			return false
		}
	}
	return true
}

// elsewise: a question in a language we read about one person and something
// that no list holds. A verb, an article or a pronoun of that language tells it
// from its neighbours; a word for us leaves it open.
func (c *clause) elsewise() bool {
	person, strange, certain := false, false, false
	for i := c.from; i < c.end; i++ {
		t := &c.tokens[i]
		switch {
		case t.ident >= 0:
			person = true
		case t.kind == company || t.is(firm|here|asker|confirm|status|polite) && !t.is(the|pronoun):
			return false
		case t.plain() && !t.userName || c.lang == de && t.unknown() && t.capital:
			strange = true
		case (t.low == "é" || t.low == "è" || t.low == "es") &&
			(i > c.from && c.tokens[i-1].ident >= 0 || i == c.from):
			certain = true
		case t.is(aux|pronoun|the) && t.ent != nil && t.ent.in[c.lang]&shared == 0 && !t.foreign:
			certain = true
		}
	}
	return c.asks && person && strange && certain
}

// relative: not the person but somebody or something of theirs (the brother of
// jdoe@…, jdoe@…'s son).
func (s *sentence) relative() bool {
	if s.lang != en || s.work == 0 {
		return false
	}
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.ident < 0 {
			continue
		}
		if n := s.at(i + 1); t.possessive && n != nil && n.kind == word && !s.ofWork(i+1) {
			return true
		}
		if p, q := s.at(i-1), s.at(i-2); p != nil && q != nil && p.low == "of" && q.plain() &&
			!q.userName {
			return true
		}
		if n := s.at(i + 1); n != nil && n.is(employVerb) && !n.is(employment|employee) {
			return true // does jdoe@… employ anybody
		}
	}
	return false
}

// ofWork tells that what is had (jdoe@…'s current employment) is employment.
func (s *sentence) ofWork(i int) bool {
	for ; i < len(s.tokens); i++ {
		t := &s.tokens[i]
		switch {
		case t.is(anyWork) || t.is(aux|mail|number|user|nameOf):
			return true
		case t.kind != word || !t.is(adverb|neutral|the):
			return false
		}
	}
	return false
}

// wished: able, allowed, trying to work is not working.
func (s *sentence) wished() bool {
	if s.lang != en {
		return false
	}
	for i := range s.tokens {
		t := &s.tokens[i]
		if !t.is(workVerb) || i < 2 || s.tokens[i-1].low != "to" {
			continue
		}
		switch s.tokens[i-2].low {
		case "claims", "claim", "claimed", "claiming", "said", "known", "appears", "appear",
			"seems", "seem", "supposed", "believed", "stated", "reported",
			"purports", "continue", "continues", "alleged", "alleges", "happen", "happens",
			"professes", "pretends", "understood", "thought":
			continue
		}
		for k := range i - 2 {
			if p := &s.tokens[k]; p.ident >= 0 || p.is(pronoun) && singular(p.low) {
				return true
			}
		}
	}
	return false
}
