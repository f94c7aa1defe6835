package llm

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// language numbers the languages the rules read.
type language uint8

const (
	en language = iota
	de
	fr
	es
	it
	pt
	ja
	languages
)

// class is a set of roles a word can play in a question.
type class uint64

const (
	workVerb   class = 1 << iota // works, arbeitet: the person is the subject
	employVerb                   // employ, beschäftigen: the company is the subject
	employee                     // employee, staff: what a person is
	employment                   // employment, payroll, work status: what is asked for
	weakWork                     // active, still, status, team: ours only beside other evidence
	forbidden                    // salary, phone, opinion, past: refuses the whole text
	action                       // write, fire: refuses where something is ordered
	give                         // send, show: fine for a confirmation of employment
	answerWord                   // answer, say: an order when a "yes" follows
	yesWord
	list     // everyone, the following: more than one person
	question // when, where, how: another question
	status   // what, which: fine before an employment status
	aux      // does, is: a person follows
	past     // did, was, will: fine for the asker, not for the person
	modal    // can, may: fine for you and me, not for the person
	firm     // company, organisation: ours unless another name follows
	here     // here, there, with you, yours
	prepAt   // at, by, with: an employer follows
	prepFor  // for, of: an employer or a person follows
	prepAs   // as, in, on: a role, a place, a team may follow
	the      // articles and demonstratives
	your     // possessives of the company
	my       // possessives of the asker
	pronoun  // he, someone
	role     // applicant, person
	and      // and, or
	asker    // I, we
	you      // the agent addressed
	confirm  // confirm, verify, tell me
	whether  // whether, that
	polite   // hello, please, thanks
	closing  // regards: what follows is a signature
	adverb   // currently, now
	neutral  // words that change nothing
	title    // Mr., Dr.
	mail     // e-mail, address: an address follows
	number   // employee number: a number follows, and may be bare digits
	user     // user name: a user name follows
	nameOf   // name: a name follows
	legal    // Inc., GmbH
	shared   // words that do not tell which language this is
	phone    // a contact detail: tolerated with digits in a signature
	named    // named, called, is: a name follows
	desk     // an office, errand or relative: harmless where it is the asker's
	speaks   // on behalf of: whom the asker speaks for follows
	withUs   // evidence of a sentence, not of a word: "at" and the company
)

const (
	strongWork = workVerb | employVerb | employee | employment
	anyWork    = strongWork | weakWork | withUs
)

// entry is what the rules know of one word: its classes in each language, and
// the phrases that begin with it.
type entry struct {
	in      [languages]class
	all     class
	phrases []phrase
}

// phrase is the rest of an expression of several words; the longest one wins.
type phrase struct {
	rest  []string
	lang  language
	class class
}

type dictionary struct {
	words map[string]*entry
	// longest is the length in runes of the longest Japanese entry.
	longest int
}

// lexicon is built at the first question, so that a program that reads none
// (and a start-up that is measured) does not pay for it.
var lexicon = sync.OnceValue(func() *dictionary {
	d := &dictionary{words: make(map[string]*entry, 4096)}
	names := map[string]class{
		"work": workVerb, "employ": employVerb, "employee": employee, "employment": employment,
		"weak": weakWork, "forbidden": forbidden, "action": action, "give": give,
		"answer": answerWord, "yes": yesWord, "list": list, "question": question, "status": status,
		"aux": aux, "past": past, "modal": modal, "firm": firm, "here": here, "at": prepAt,
		"for": prepFor,
		"as":  prepAs, "the": the, "your": your, "my": my, "pronoun": pronoun, "role": role,
		"and":   and,
		"asker": asker, "you": you, "confirm": confirm, "whether": whether, "polite": polite,
		"closing": closing, "adverb": adverb, "neutral": neutral, "title": title, "mail": mail,
		"number": number, "user": user, "name": nameOf, "legal": legal, "shared": shared,
		"phone": phone, "named": named, "desk": desk, "speaks": speaks,
	}
	for lang, text := range [...]string{en: english, de: german, fr: french, es: spanish,
		it: italian, pt: portuguese, ja: japanese} {
		for line := range strings.Lines(text) {
			label, words, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			var c class
			for name := range strings.SplitSeq(strings.TrimSpace(label), "+") {
				c |= names[name]
			}
			for word := range strings.FieldsSeq(words) {
				d.add(language(lang), word, c)
			}
		}
	}
	return d
})

// add enters a word, or with underscores a phrase.
func (d *dictionary) add(lang language, word string, c class) {
	parts := strings.Split(word, "_")
	if len(parts) > 1 && (lang == fr || lang == it) {
		// The scanner parts l'emploi after its article, so phrases do too.
		var whole []string
		for _, part := range parts {
			if article, noun, ok := strings.Cut(part, "'"); ok && elides(article) {
				whole = append(whole, article, noun)
			} else {
				whole = append(whole, part)
			}
		}
		parts = whole
	}
	e := d.words[parts[0]]
	if e == nil {
		e = &entry{}
		d.words[parts[0]] = e
	}
	if len(parts) == 1 {
		e.in[lang] |= c
		e.all |= c
	} else {
		for i := range e.phrases {
			if p := &e.phrases[i]; p.lang == lang && slices.Equal(p.rest, parts[1:]) {
				p.class |= c
				return
			}
		}
		e.phrases = append(e.phrases, phrase{parts[1:], lang, c})
	}
	if lang == ja {
		d.longest = max(d.longest, utf8.RuneCountInString(word))
	}
}
