package llm

import "slices"

// sentence is a stretch of tokens between sentence marks.
type sentence struct {
	tokens []token
	// asks: it ends in a question mark or begins like a question.
	asks bool
	// work is the evidence in it that employment is meant.
	work class
	// lang is the language it is read in; known and total count the words that
	// tell languages apart.
	lang         language
	known, total int
	// heads: the next sentence begins with an identifier.
	heads bool
	// owner: the next one gives the address of him, her or them.
	owner bool
	// signed: it belongs to a signature.
	signed bool
	// message is the index of the message it stands in.
	message int
}

// split cuts tokens at sentence marks that are no abbreviation's dots.
func split(tokens []token, message int, out []sentence) []sentence {
	from := 0
	for i := range tokens {
		t := &tokens[i]
		if !t.ends() || t.r == '.' && i > from && abbreviated(tokens, i) {
			continue
		}
		if i > from {
			out = append(out, sentence{tokens: tokens[from:i], asks: t.r == '?' ||
				t.r == '？', message: message})
		} else if n := len(out); n > 0 && (t.r == '?' || t.r == '？') {
			out[n-1].asks = true
		}
		from = i + 1
	}
	if from < len(tokens) {
		out = append(out, sentence{tokens: tokens[from:], message: message})
	}
	return out
}

// abbreviated tells the dot of Mr., of an initial, of "employee no." and of
// "Inc." where the sentence goes on.
func abbreviated(tokens []token, dot int) bool {
	p := &tokens[dot-1]
	if p.kind != word || p.end != tokens[dot].start {
		return false
	}
	if p.capital && len(p.text) == 1 {
		return true
	}
	next := dot + 1
	more := next < len(tokens) && tokens[next].kind != mark
	switch p.low {
	case "tel", "tél":
		return true
	case "no", "nr", "num", "sig", "dott", "spett", "co", "bzw", "e.g", "i.e", "art":
		return more
	}
	if p.ent == nil {
		return false
	}
	if p.ent.all&title != 0 && more {
		return true
	}
	return p.ent.all&legal != 0 && next < len(tokens) &&
		!(tokens[next].capital && !tokens[next].possessive)
}

// score counts, per language, the words that it knows.
func score(tokens []token, scores *[languages]int) {
	for i := range tokens {
		e := tokens[i].ent
		if e == nil || tokens[i].kind != word {
			continue
		}
		for l, c := range e.in {
			switch {
			case c == 0:
			case c&shared != 0:
				scores[l]++
			default:
				scores[l] += 2
			}
		}
	}
}

func best(scores *[languages]int) language {
	top := language(0)
	for l := range languages {
		if scores[l] > scores[top] {
			top = l
		}
	}
	return top
}

// resolve gives each word its classes in the sentence's language and joins
// phrases; text holds the scores of all messages, for sentences too short to tell.
func (s *sentence) resolve(text *[languages]int) {
	own := [languages]int{}
	score(s.tokens, &own)
	for l := range own {
		own[l] = own[l]*4 + min(text[l], 12)
	}
	s.lang = best(&own)
	out := s.tokens[:0]
	for i := 0; i < len(s.tokens); {
		t := s.tokens[i]
		n := 1
		t.lang = s.lang
		if t.kind == word && t.ent != nil {
			t.class = t.ent.in[s.lang]
			if t.class == 0 {
				// A word of another language counts as what it is there, but a
				// capitalised one is more likely a name (Chef, Casa, Marketing).
				t.foreign = true
				t.class = t.ent.all &^ shared
				if t.ent.all&shared != 0 && t.class&strongWork == 0 {
					t.class = shared
				}
				if len(t.low) < 4 && t.class != shared && t.class&strongWork == 0 || t.capital &&
					i > 0 && s.lang != de && t.class&strongWork == 0 && t.class&forbidden != 0 {
					t.class = 0
				}
			}
			if p := s.phrase(i); p != nil {
				n = 1 + s.span(i, p)
				t.class = p.class
				t.foreign = p.lang != s.lang
				t.end = s.tokens[i+n-1].end
				t.possessive = s.tokens[i+n-1].possessive
			}
			if t.class&shared != 0 && t.class != shared {
				t.class &^= shared
			}
		}
		out = append(out, t)
		i += n
	}
	s.tokens = slices.Clip(out)
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind != word || t.capital && i > 0 && t.unknown() {
			continue
		}
		if t.class == shared || t.ent != nil && t.ent.in[s.lang]&shared != 0 {
			continue
		}
		if t.class == 0 && particle(t.low) {
			continue // ibn, al: parts of a name
		}
		s.total++
		if t.class != 0 && !t.foreign {
			s.known++
		}
	}
}

// phrase returns the longest phrase that begins at token i, of the sentence's
// language before others.
func (s *sentence) phrase(i int) *phrase {
	var found *phrase
	phrases := s.tokens[i].ent.phrases
	for k := range phrases {
		p := &phrases[k]
		if p.lang != s.lang &&
			(p.class&(forbidden|list|strongWork) == 0 || s.tokens[i].ent.in[s.lang] != 0) {
			continue
		}
		if s.span(i, p) > 0 && (found == nil || len(p.rest) > len(found.rest)) {
			found = p
		}
	}
	return found
}

// span returns how many tokens after i the rest of the phrase takes, or 0. A
// slash between two words of a phrase (yes/no) is skipped.
func (s *sentence) span(i int, p *phrase) int {
	j := i + 1
	for _, want := range p.rest {
		if j < len(s.tokens) && s.tokens[j].kind == mark && s.tokens[j].r == '/' {
			j++
		}
		if j >= len(s.tokens) || s.tokens[j].kind != word || s.tokens[j].low != want {
			return 0
		}
		j++
	}
	return j - i - 1
}

// prev and next skip quotes and brackets.
func (s *sentence) prev(i int) *token {
	for i--; i >= 0; i-- {
		if t := &s.tokens[i]; t.kind != mark || !wraps(t.r) {
			return t
		}
	}
	return nil
}

func (s *sentence) next(i int) *token {
	if j := s.nextIndex(i); j >= 0 {
		return &s.tokens[j]
	}
	return nil
}

func (s *sentence) nextIndex(i int) int {
	for i++; i < len(s.tokens); i++ {
		if t := &s.tokens[i]; t.kind != mark || !wraps(t.r) {
			return i
		}
	}
	return -1
}

// wraps tells marks that set a word apart without parting the sentence.
func wraps(r rune) bool {
	switch r {
	case '"', '\'', '`', '´', '‘', '’', '‚', '“', '”', '„', '«', '»', '‹', '›', '「', '」', '『', '』',
		'(', ')', '[', ']', '{', '}', '<', '>', '（', '）', '【', '】', '〈', '〉', '《', '》', '［', '］',
		'＜', '＞',
		'*', '_', '~', '^', '#', '|', '\\', '&', '@', '＠', '・':
		return true
	}
	return false
}
