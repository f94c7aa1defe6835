// Package llm reads what an asker wrote: which one person is meant, and
// whether the question is the only one this agent answers, "does this person
// work here?".
//
// The built-in rules always run. They alone find identifiers and they alone
// refuse; a [Model] is asked only about what they marked as unsure and is
// believed only where its words occur in the text. Whatever a model says, the
// worst is one needless prompt or one needless refusal.
package llm

import (
	"context"
	"encoding/json"
	"log/slog"
)

// Outcome says what is to become of a question.
type Outcome int

const (
	// Refuse is the zero value: what nobody placed is not our business.
	Refuse Outcome = iota
	// Ask means an employment question without anything unique about the
	// person, or a text that cannot be placed although it holds one identifier.
	Ask
	// Answerable means exactly one identifier and nothing but our question.
	Answerable
)

func (o Outcome) String() string {
	switch o {
	case Ask:
		return "ask"
	case Answerable:
		return "answerable"
	default:
		return "refuse"
	}
}

// IdentifierKind tells how a directory must look an identifier up.
type IdentifierKind int

const (
	// Email is an address, or a bare user name completed with the domain.
	Email IdentifierKind = iota + 1
	// EmployeeNumber is E and digits, or bare digits after "employee number".
	EmployeeNumber
	// Subject is a subject of the identity provider (auth0|…).
	Subject
)

// Question is what was understood of an asker's messages.
type Question struct {
	Outcome Outcome
	// Identifier is the person's identifier as the caller wrote it; of several
	// spellings of one person, the first.
	Identifier string
	// Person is the identifier normalised: lower case, a bare user name
	// completed with the domain (jdoe@staff0.com, e1001, auth0|jdoe).
	Person string
	Kind   IdentifierKind
	// Name is the full name given for the person, as written and at least two
	// words long; empty otherwise.
	Name string
}

// Reader reads questions. The zero value is usable and refuses most things: it
// knows no company and no domain.
type Reader struct {
	// Company is the employer this agent speaks for, without its legal form.
	Company string
	// Domain completes a bare user name. Without it user names are not read.
	Domain string
	// Model settles what the rules are unsure of; nil leaves it to the rules.
	Model Model
	// Log receives the model's failures, never a word of the question. Nil is silent.
	Log *slog.Logger
}

// Model makes one tool call out of one text. Implementations make at most one
// attempt and give up when ctx ends; any error leaves the rules' answer standing.
type Model interface {
	Call(ctx context.Context, req *Request) (*ToolCall, error)
}

// Request is the whole conversation with a model.
type Request struct {
	// System instructs the model; Text is the asker's text, untrusted, with
	// placeholders in place of identifiers.
	System, Text string
	Tool         Tool
}

// Tool is the one function a model must call. Parameters is a JSON Schema
// object.
type Tool struct {
	Name, Description string
	Parameters        json.RawMessage
}

// ToolCall is a model's answer: arguments that nobody has checked yet.
type ToolCall struct {
	Name      string
	Arguments json.RawMessage
}
