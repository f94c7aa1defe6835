package llm

import (
	"context"
	"sync"
)

// maxText bounds what is read of one task, in bytes. A longer text is refused
// as a whole: a cut one could hide the second person or the other question.
const maxText = 8 << 10

// maxMentions bounds the identifiers of one task, the same one counted as
// often as it stands there. A text with more is no question about one person.
const maxMentions = 64

// Read reads a caller's messages of one task, oldest first, together. It never
// fails: what it cannot place is asked back or refused.
func (r *Reader) Read(ctx context.Context, texts []string) Question {
	v := r.rules(texts)
	if r.Model != nil && v.unsure != 0 {
		r.consult(ctx, v)
	}
	question := v.question
	*v = reading{} // nothing of what was asked stays behind
	readings.Put(v)
	return question
}

// readings are used again, for one is larger than all else that a question
// takes.
var readings = sync.Pool{New: func() any { return new(reading) }}

// unsure says what a model may settle.
type unsure uint8

const (
	// unsureOurs: one identifier, nothing refused, and words no rule can place.
	unsureOurs unsure = 1 << iota
	// unsureUser: an employment question whose user name is one of several words.
	unsureUser
	// unsureName: capitalised words beside the identifier that may be a name.
	unsureName
)

// reading is one pass of the rules over the messages of a task.
type reading struct {
	Reader    *Reader
	texts     []string
	question  Question
	unsure    unsure
	idents    []identifier
	sentences []sentence
	// candidates are words that may be the user name.
	candidates []string
	names      []string // what could be the full name, where the rules found none
	asked      int      // the identifier beside an Ask that consult may turn
	domain     string
	// tokens is the room most questions fit into.
	tokens [64]token
	room   [8]sentence
	ids    [4]identifier
}

func (r *Reader) rules(texts []string) *reading {
	v := readings.Get().(*reading)
	v.Reader, v.texts, v.domain = r, texts, lower(r.Domain)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	if size > maxText {
		return v
	}
	dict := lexicon()
	v.sentences, v.idents = v.room[:0], v.ids[:0]
	tokens := v.tokens[:0]
	var scores [languages]int
	for k, text := range texts {
		s := scanner{text: text, company: r.Company, domain: r.Domain, dict: dict, message: k,
			tokens: tokens, idents: v.idents}
		s.scan(0, len(text))
		v.idents, tokens = s.idents, nil
		score(s.tokens, &scores)
		v.sentences = split(s.tokens, k, v.sentences)
	}
	if len(v.idents) >= maxMentions {
		return v
	}
	for i := range v.sentences {
		v.sentences[i].resolve(&scores)
	}
	v.judge()
	return v
}
