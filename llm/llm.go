// Package llm reads what an asker wrote: about which person, and what is asked.
//
// A text goes one way. [Scan] finds the identifiers by their form. Who is meant is said by a model
// where there is one, which sees placeholders in their place, and by small rules where there is
// none. What is asked is one of four topics: again the model's word, or that of two lists of words
// per language (words/*.txt). Both together make an [Outcome].
//
// A wrong "that is our question" costs one prompt about employment, which the same asker can cause
// by asking plainly; a wrong refusal loses an honest asker. So what is not understood is asked
// back, and only what is clearly something else is refused. Whatever a text or a model says, nobody
// is asked about but a person whose identifier the caller wrote, and code answers.
package llm

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
)

// Outcome says what is to become of a question.
type Outcome int

// The outcomes. The zero value asks back.
const (
	// AskAnything is a text that says neither what it wants nor about whom.
	AskAnything Outcome = iota
	// AskWho is our question without a person.
	AskWho
	// AskWhich is our question, and several people may be meant: Question.Which.
	AskWhich
	// AskWhat is one person, Question.Which, and nothing that could be understood.
	AskWhat
	// Answerable is our question about one person.
	Answerable
	// OtherTopic is clearly another question.
	OtherTopic
	// TooLong is more text than is read.
	TooLong
)

// Topic is what is asked.
type Topic int

// The topics.
const (
	Unclear           Topic = iota
	Employment              // whether this person works here, in any words
	EmploymentAndMore       // that, and something else
	Other                   // something else
)

// IdentifierKind tells how a directory must look an identifier up.
type IdentifierKind int

const (
	// Email is an address, or a bare user name completed with the first domain.
	Email IdentifierKind = iota + 1
	// EmployeeNumber matches Reader.Number, or is bare digits behind a label.
	EmployeeNumber
	// Subject is a subject of the identity provider (auth0|…).
	Subject
)

// Question is what was understood of an asker's messages.
type Question struct {
	Outcome Outcome
	// Identifier is the person's identifier as the caller wrote it; Person is the same, normalised:
	// lower case, a bare user name completed with the first domain.
	Identifier, Person string
	Kind               IdentifierKind
	// Number is an employee number that stands beside the address for the same person, normalised.
	Number string
	// Name is the full name given for the person, as written and at least two words long.
	Name string
	// More says that something else was asked, too.
	More bool
	// Which are the identifiers that a question back is about, as the caller wrote them.
	Which []string
}

// MaxText bounds the text of one task, in bytes. A longer one is refused as a whole: a cut one
// could hide the second person or the other question.
const MaxText = 8 << 10

// Reader reads questions. The zero value is usable: it knows no company and no domain, so that no
// address is one of ours and no user name is read.
type Reader struct {
	// Company is the employer this agent speaks for, without its legal form.
	Company string
	// Domains are the company's; the first completes a bare user name.
	Domains []string
	// Number matches an employee number as a whole; nil is E and three digits or more.
	Number *regexp.Regexp
	// Model says who and what is meant; nil leaves it to the rules.
	Model Model
	// Log receives the model's failures, never a word of the question. Nil is silent.
	Log *slog.Logger
}

// Read reads a caller's messages of one task, oldest first, together. It never fails: what it
// cannot place is asked back.
func (r *Reader) Read(ctx context.Context, texts []string) Question {
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	if size > MaxText {
		return Question{Outcome: TooLong}
	}
	v := r.view(texts)
	if r.Model != nil && v.said() {
		if said, ok := r.consult(ctx, v); ok {
			return v.outcome(said)
		}
	}
	return v.outcome(v.byRules())
}

// understood is who and what: what a model or the rules make of a text.
type understood struct {
	topic   Topic
	mention *mention   // of the person; nil if nobody or several are meant
	several []*mention // that may be meant, if mention is nil
	name    string
}

// outcome is the table of design: what becomes of who and what.
func (v *view) outcome(u understood) Question {
	q := Question{More: u.topic == EmploymentAndMore}
	for _, m := range u.several {
		q.Which = append(q.Which, m.text)
	}
	switch {
	case u.topic == Other:
		return Question{Outcome: OtherTopic}
	case u.topic == Unclear && u.mention != nil:
		return Question{Outcome: AskWhat, Which: []string{u.mention.text}}
	case u.topic == Unclear:
		return Question{}
	case u.mention != nil:
		q.Outcome, q.Name = Answerable, u.name
		q.Identifier, q.Person, q.Kind = u.mention.text, u.mention.person, u.mention.kind
		if other := v.partner(u.mention); other != nil {
			address, number := u.mention, other
			if address.kind == EmployeeNumber {
				address, number = number, address
			}
			q.Identifier, q.Person, q.Kind = address.text, address.person, address.kind
			q.Number = number.person
		}
	case len(u.several) > 1:
		q.Outcome = AskWhich
	default:
		q.Outcome, q.Which = AskWho, nil
	}
	return q
}

// Model makes one tool call out of one text. Implementations make at most one attempt and give up
// when ctx ends; any error leaves it to the rules.
type Model interface {
	Call(ctx context.Context, req *Request) (*ToolCall, error)
}

// Request is the whole conversation with a model.
type Request struct {
	// System instructs the model; Text is the asker's text, untrusted, with placeholders in place
	// of identifiers.
	System, Text string
	Tool         Tool
}

// Tool is the one function a model must call. Parameters is a JSON Schema object.
type Tool struct {
	Name, Description string
	Parameters        json.RawMessage
}

// ToolCall is a model's answer: arguments that nobody has checked yet.
type ToolCall struct {
	Name      string
	Arguments json.RawMessage
}
