package hrclient

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// Answer is how a question ended. Members that do not apply are zero.
type Answer struct {
	Outcome Outcome
	Text    string         // the agent's words, unless there is a Fault
	Data    jsontext.Value // the answer as it was sent, for Yes, No and NameMismatch
	Fault   error          // why an answer that was sent does not count: one of the errors below

	TaskID    a2a.TaskID
	ContextID a2a.ContextID
	State     a2a.TaskState
	Deadline  time.Time // until when the person had time, if that was announced
}

// Why an answer does not count.
var (
	ErrContradiction = errors.New("the agent's answer contradicts itself, or cannot be read")
	ErrOtherPerson   = errors.New("the agent has answered about somebody who was not asked about")
)

// SeveralError reports that a question names several people, and that nobody has said about which
// of them an answer has to be (Question.About).
type SeveralError struct{ Identifiers []string }

func (e *SeveralError) Error() string { return "the question names several people" }

// maxQuoted bounds, in characters, what an error repeats of an agent.
const maxQuoted = 200

// Judge reads an answer out of a task. sent are the caller's messages in it, oldest first; about,
// if it is not empty, is the identifier that the answer has to be about, whatever they say.
func Judge(t *a2a.Task, sent []string, about string) Answer {
	c := ConsentOf(t)
	a := Answer{Outcome: Failed, TaskID: t.ID, ContextID: t.ContextID, State: t.Status.State,
		Deadline: c.Deadline}
	if t.Status.Message != nil {
		a.Text = t.Status.Message.Text()
	}
	switch t.Status.State {
	case a2a.TaskStateCompleted:
		a.judgeArtifacts(t, readAsked(sent, about), c.Outcome)
	case a2a.TaskStateInputRequired:
		a.Outcome = Ask
	case a2a.TaskStateRejected:
		// What an agent means is in its metadata; sentences may change and be translated.
		switch c.Outcome {
		case Declined, NotConfirmed:
			a.Outcome = c.Outcome
		default:
			a.Outcome = Refused
		}
	}
	return a
}

// verdict is what a data part says. The zero value says nothing.
type verdict struct {
	Answer     Outcome `json:"answer"`
	Identifier string  `json:"identifier"`
	Employed   *bool   `json:"employed"`
}

// readVerdict reads a data part, and reports whether it is a verdict that does not contradict
// itself.
func readVerdict(data []byte) (v verdict, ok bool) {
	if json.Unmarshal(data, &v) != nil {
		return verdict{}, false
	}
	switch v.Answer {
	case Yes, NameMismatch: // a mismatch is of an active employee
		ok = v.Employed == nil || *v.Employed
	case No:
		ok = v.Employed == nil || !*v.Employed
	}
	return v, ok
}

// judgeArtifacts looks for the employment status. An answer counts only if it is about whom the
// caller has asked about, and if nothing that the agent has sent with it says otherwise: a yes
// opens accounts.
func (a *Answer) judgeArtifacts(t *a2a.Task, about asked, outcome Outcome) {
	var first verdict
	var data jsontext.Value
	var others []jsontext.Value // of other skills
	var words, status []string
	agree := true
	for _, artifact := range t.Artifacts {
		ours := artifact.Name == ArtifactName || artifact.ArtifactID == ArtifactName
		if text := artifact.Text(); text != "" {
			words = append(words, text)
			if ours {
				status = append(status, text)
			}
		}
		for _, part := range artifact.Parts {
			switch {
			case part.Kind != a2a.PartData:
			case ours:
				v, ok := readVerdict(part.Data)
				if data == nil {
					first, data = v, jsontext.Value(part.Data)
				}
				agree = agree && ok && v.Answer == first.Answer &&
					equalFold(v.Identifier, first.Identifier)
			case hasAnswer(part.Data):
				others = append(others, jsontext.Value(part.Data))
			}
		}
	}
	for _, other := range others { // they must not contradict either
		v, ok := readVerdict(other)
		agree = agree && ok && v.Answer == first.Answer
	}
	if len(status) > 0 {
		words = status
	}
	if len(words) > 0 {
		a.Text = words[len(words)-1]
	}
	switch {
	case data == nil:
		return
	case !agree, outcome != "" && outcome != first.Answer:
		a.Fault = ErrContradiction
	case about.several():
		a.Fault = &SeveralError{about.identifiers}
	case !about.matches(first.Identifier):
		a.Fault = fmt.Errorf("%w: %.*s", ErrOtherPerson, maxQuoted, first.Identifier)
	default:
		a.Outcome, a.Data = first.Answer, data
		return
	}
	a.Text = "" // it would be taken for an answer
}

// hasAnswer reports whether data have the member that answers are in.
func hasAnswer(data []byte) (has bool) {
	var members map[string]jsontext.Value
	if json.Unmarshal(data, &members) != nil {
		return false
	}
	_, has = members["answer"]
	return has
}

// Wordless reports whether the agent has said nothing that a person could read.
func (a *Answer) Wordless() bool { return a.Fault == nil && strings.TrimSpace(a.Text) == "" }
