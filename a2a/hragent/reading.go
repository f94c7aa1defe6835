package hragent

import (
	"context"
	"encoding/json"
	"strings"

	"staff0/a2a"
	"staff0/a2a/hrclient"
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
	if read.Outcome != llm.Answerable {
		s := a.unread(&read)
		return nil, &s, nil
	}
	q := &question{asked: subject{read.Identifier, read.Name}, more: read.More}
	switch read.Kind {
	case llm.Subject:
		q.about.Subject = read.Identifier // providers compare subjects to the letter
	case llm.EmployeeNumber:
		q.about.Number = read.Person
	default:
		q.about.Email, q.about.Number = read.Person, read.Number
	}
	return q, nil, nil
}

// unread is the step that ends a turn in which nobody can be asked: by a question back, or a
// refusal. It names nobody but those whom the caller has named.
func (a *Agent) unread(read *llm.Question) tasks.Step {
	only := refusedText + a.c.Company + "."
	switch read.Outcome {
	case llm.OtherTopic:
		return final(a2a.TaskStateRejected, only, refusedMetadata(hrclient.OtherTopic))
	case llm.TooLong:
		return final(a2a.TaskStateRejected, tooLongText, refusedMetadata(hrclient.TooLong))
	case llm.AskWho:
		return step(a2a.TaskStateInputRequired, askText, nil)
	case llm.AskWhich:
		return step(a2a.TaskStateInputRequired,
			"Please ask about one person at a time: which of "+strings.Join(read.Which, ", ")+
				" do you mean?", nil)
	case llm.AskWhat:
		return step(a2a.TaskStateInputRequired,
			"I found "+read.Which[0]+", but not what you ask. You can ask, for example: Does "+
				read.Which[0]+" work at "+a.c.Company+"?", nil)
	default:
		return step(a2a.TaskStateInputRequired, only+" "+askText, nil)
	}
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
