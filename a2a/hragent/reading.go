package hragent

import (
	"context"
	"encoding/json"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/llm"
)

// question is one that has been read, and that a person is to be asked for.
type question struct {
	asked subject // as the caller wrote it
	about about
	more  bool // something else was asked, too, which is not answered
}

// about is whom a question is about: the identifiers, normalised. It is what the look-up needs.
type about struct {
	Email   string `json:"email,omitempty"`
	Number  string `json:"number,omitempty"`
	Subject string `json:"subject,omitempty"`
}

// identifiers are what equal questions have in common.
func (w about) identifiers() []string {
	var list []string
	for kind, id := range map[string]string{"email": w.Email, "number": w.Number,
		"subject": w.Subject} {
		if id != "" {
			list = append(list, kind+":"+id)
		}
	}
	return list
}

func (w about) encode() []byte {
	b, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

// read reads what the caller has said in this task. If that is no question to ask a person, it
// returns the step with which the turn ends.
func (a *Agent) read(ctx context.Context, turn *tasks.Turn) (*question, *tasks.Step, error) {
	release, err := a.slots.take(ctx, turn.Owner.Client())
	if err != nil {
		return nil, nil, err
	}
	read := a.c.Reader.Read(ctx, said(turn.Task))
	release()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx) // canceled, or the agent stops: nobody was asked yet
	}
	switch read.Outcome {
	case llm.Answerable:
	case llm.Ask:
		s := step(a2a.TaskStateInputRequired, askText, nil)
		return nil, &s, nil
	default:
		s := final(a2a.TaskStateRejected, refusedText+a.c.Company+".",
			consentMetadata("", time.Time{}, Refused))
		return nil, &s, nil
	}
	q := &question{asked: subject{read.Identifier, read.Name}}
	switch read.Kind {
	case llm.Subject:
		q.about.Subject = read.Identifier // providers compare subjects to the letter
	case llm.EmployeeNumber:
		q.about.Number = read.Person
	default:
		q.about.Email = read.Person
	}
	return q, nil, nil
}

// said is what the caller has said in this task, oldest first.
func said(t *a2a.Task) []string {
	var texts []string
	for _, m := range t.History {
		if m.Role == a2a.RoleUser {
			texts = append(texts, m.Text())
		}
	}
	return texts
}
