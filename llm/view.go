package llm

import (
	"slices"
	"strings"
)

// view is the messages of one task, cut up.
type view struct {
	*Reader
	lists     *lexicon
	texts     []string
	mentions  []*mention
	sentences []sentence
}

// sentence is a sentence, a field of a form, or a line that is no sentence.
type sentence struct {
	tokens  []token
	message int
	topics  [classes]bool // which lists its words are in
	contact bool          // a header, a signature or quoted text
	field   bool          // "label: value"
}

// view cuts messages up and finds what is an identifier.
func (r *Reader) view(texts []string) *view {
	v := &view{Reader: r, lists: lists(), texts: slices.Clone(texts)}
	for k, text := range texts {
		v.texts[k] = plain(text)
		s := scanner{view: v, message: k, text: v.texts[k]}
		s.scan()
		v.lists.classify(s.tokens)
		v.label(&s)
		v.split(s.tokens, k)
	}
	for i := range v.sentences {
		s := &v.sentences[i]
		for j := range s.tokens {
			if t := &s.tokens[j]; t.kind == identifier {
				m := v.mentions[t.mention]
				m.sentence, m.contact = i, s.contact
			} else {
				s.topics[t.class] = true
			}
		}
	}
	for k := range texts {
		v.reply(k) // may be digits that are a number for that
	}
	return v
}

// said reports whether there is anything to read.
func (v *view) said() bool {
	return slices.ContainsFunc(v.texts, func(t string) bool { return strings.TrimSpace(t) != "" })
}

// label finds the numbers that are one only behind a label, and the user names behind theirs.
func (v *view) label(s *scanner) {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.class != numberLabel && t.class != userLabel ||
			i+1 < len(s.tokens) && s.tokens[i+1].class == t.class {
			continue
		}
		j := i + 1
		for j < len(s.tokens) && j <= i+maxBetween && (s.tokens[j].kind == mark &&
			s.tokens[j].r != '\n' || s.tokens[j].class == link || s.tokens[j].class == asks) {
			j++
		}
		if j == len(s.tokens) {
			continue
		}
		switch value := &s.tokens[j]; {
		case t.class == numberLabel && value.kind == digits:
			v.refer(0, s.message, value, EmployeeNumber)
		case t.class == userLabel && v.userName(value):
			v.refer(0, s.message, value, Email)
		}
	}
}

// maxBetween bounds the marks and small words between a label and what it is of, in tokens; a line
// of dots is one of many.
const maxBetween = 60

// refer makes a mention of a word: an employee number, or else a user name.
func (v *view) refer(sentence, message int, t *token, kind IdentifierKind) *mention {
	text := v.texts[message][t.start:t.end]
	m := &mention{text: text, person: lower(text), kind: kind, message: message, start: t.start,
		end: t.end, sentence: sentence, ours: true, userName: kind == Email}
	if m.userName {
		m.person += "@" + lower(v.Domains[0])
	}
	t.kind, t.mention, t.class = identifier, int32(len(v.mentions)), none
	v.mentions = append(v.mentions, m)
	return m
}

// userName reports whether a word may be a user name: one lower-case word that is in no list. A
// word whose first part is one (j-doe, john.doe) is not read as that part.
func (v *view) userName(t *token) bool {
	return len(v.Domains) > 0 && t.kind == word && t.class == none && !t.capital &&
		t.end-t.start > 1
}

// split cuts the tokens of a message into sentences, and says which are contacts.
func (v *view) split(tokens []token, message int) {
	first := len(v.sentences)
	from := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && !ends(tokens, i) {
			continue
		}
		end := min(i+1, len(tokens))
		if slices.ContainsFunc(tokens[from:end], func(t token) bool { return t.kind != mark }) {
			s := sentence{tokens: tokens[from:end:end], message: message}
			s.field = s.isField()
			v.sentences = append(v.sentences, s)
			from = end
		} else if i < len(tokens) && tokens[i].r != '\n' {
			continue // a mark alone goes with what follows
		} else {
			from = end
		}
	}
	contacts(v.sentences[first:])
}

// ends reports whether a sentence ends with token i.
func ends(tokens []token, i int) bool {
	t := &tokens[i]
	if t.kind != mark {
		return false
	}
	last := i+1 == len(tokens)
	switch t.r {
	case '?', '!', '。', '？', '！', '｡', '…':
		return true
	case '.', ';', '；':
		if last || !tokens[i+1].space {
			return last
		}
		before := i > 0 && (tokens[i-1].class == title || tokens[i-1].class == numberLabel ||
			tokens[i-1].end-tokens[i-1].start == 1)
		return !before || t.r != '.'
	case '\n':
		// A line that merely wraps goes on in lower case, and no blank line stands between.
		if last || tokens[i+1].r == '\n' {
			return true
		}
		next := &tokens[i+1]
		return next.kind != word || next.capital || i > 0 && tokens[i-1].r == ':' ||
			next.class == userLabel || next.class == label || next.class == nameLabel ||
			next.class == numberLabel || next.class == header || next.class == closing
	}
	return false
}

// isField tells a field of a form: its label ends with a mark within a few words.
func (s *sentence) isField() bool {
	for i := range s.tokens[:min(len(s.tokens), 8)] {
		t := &s.tokens[i]
		if t.kind == mark && i > 0 && (t.r == ':' || t.r == '：' || t.r == '=' ||
			t.r == '.' && i+1 < len(s.tokens) && s.tokens[i+1].r == '.') {
			return true
		}
	}
	return false
}

// leads is the class of the first word of a sentence.
func (s *sentence) leads() class {
	for i := range s.tokens {
		if t := &s.tokens[i]; t.kind != mark {
			return t.class
		}
	}
	return none
}

// contacts marks headers, signatures and quoted text.
func contacts(sentences []sentence) {
	quote, signed := false, false
	employed := func(list []sentence) bool {
		return slices.ContainsFunc(list, func(s sentence) bool {
			return slices.ContainsFunc(s.tokens, func(t token) bool {
				return t.class == employment
			})
		})
	}
	for i := range sentences {
		s := &sentences[i]
		first := s.tokens[max(0, slices.IndexFunc(s.tokens, func(t token) bool {
			return t.r != '\n'
		}))]
		cut := first.kind == mark && (first.r == '-' || first.r == '_') && s.dashes()
		switch {
		case quote, signed:
		case slices.ContainsFunc(s.tokens, func(t token) bool { return t.class == quoted }):
			// What follows is quoted, if it is told of on a line of its own that asks nothing.
			quote = s.tokens[len(s.tokens)-1].r == '\n' && !employed(sentences[i:i+1])
			s.contact = quote
			continue
		case cut, s.leads() == closing:
			// A closing formula ends the letter where nothing is asked behind it, or where it was
			// asked before it and the formula stands alone on its line.
			signed = !employed(sentences[i:]) || employed(sentences[:i]) && s.alone()
		}
		s.contact = quote || signed || first.r == '>' || s.isHeader()
	}
	// A message of headers alone asks in them.
	if !slices.ContainsFunc(sentences, func(s sentence) bool { return !s.contact }) {
		for i := range sentences {
			sentences[i].contact = sentences[i].contact && !sentences[i].isHeader()
		}
	}
}

// isHeader reports whether a sentence begins with the name of a header and its mark.
func (s *sentence) isHeader() bool {
	for i := range s.tokens {
		if t := &s.tokens[i]; t.class != header && t.r != '\n' {
			return i > 0 && s.tokens[i-1].class == header && (t.r == ':' || t.r == '：' ||
				s.tokens[i-1].r == ':')
		}
	}
	return false
}

// alone reports whether there is little but the first words on the line.
func (s *sentence) alone() bool { return len(s.tokens) <= 6 }

// dashes reports whether a sentence begins with the mark of a signature, "-- ".
func (s *sentence) dashes() bool {
	rest := slices.DeleteFunc(slices.Clone(s.tokens), func(t token) bool {
		return t.r != '-' && t.r != '_'
	})
	return len(rest) > 1
}

// hasIdentifier reports whether an identifier stands in the sentence.
func (s *sentence) hasIdentifier() bool {
	return slices.ContainsFunc(s.tokens, func(t token) bool { return t.kind == identifier })
}

// text is what tokens from to end, exclusive, are in their message.
func (v *view) text(s *sentence, from, end int) string {
	return v.texts[s.message][s.tokens[from].start:s.tokens[end-1].end]
}
