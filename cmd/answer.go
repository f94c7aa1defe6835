package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
	"staff0/a2a/hragent"
)

// answer is how a question ended, for the exit code and for --json. Members that do not apply are
// left out.
type answer struct {
	Answer    string         `json:"answer"`
	Exit      int            `json:"exit"`
	Text      string         `json:"text,omitempty"`
	Data      jsontext.Value `json:"data,omitempty"`
	TaskID    a2a.TaskID     `json:"task_id,omitempty"`
	ContextID a2a.ContextID  `json:"context_id,omitempty"`
	State     string         `json:"state,omitempty"`
	Deadline  string         `json:"deadline,omitempty"`

	wordless bool // the text is ours, since the agent has sent none
}

// The words of answer.Answer.
const (
	answerYes          = "yes"
	answerNo           = "no"
	answerNameMismatch = "name_mismatch"
	answerDeclined     = "declined"
	answerNotConfirmed = "not_confirmed"
	answerAsk          = "ask"
	answerRefused      = "refused"
	answerFailed       = "failed"
)

var answerExits = map[string]int{
	answerYes: exitYes, answerNo: exitNo, answerNameMismatch: exitNotConfirmed,
	answerDeclined:     exitDeclined,
	answerNotConfirmed: exitNotConfirmed, answerAsk: exitAsk, answerRefused: exitFailed,
	answerFailed: exitFailed,
}

// consent is what the consent extension puts into the metadata of statuses. Like all that decides
// something here it is read by exact names, and an object that names a member twice is not read at
// all.
type consent struct {
	Code     string    `json:"code"`
	Deadline time.Time `json:"deadline"`
	Outcome  string    `json:"outcome"`
}

// readConsent reads what has been said of a task last.
func readConsent(t *a2a.Task) consent { return consentOf(t.Status, t.Metadata) }

// consentOf reads it from the message of a status, or from the metadata beside it, where a status
// without a message has left it.
func consentOf(status a2a.TaskStatus, beside a2a.Struct) (c consent) {
	var raw []byte
	if m := status.Message; m != nil {
		raw = m.Metadata.Lookup(hragent.ConsentExtension)
	}
	if raw == nil {
		raw = beside.Lookup(hragent.ConsentExtension)
	}
	if json.Unmarshal(raw, &c) != nil {
		return consent{}
	}
	return c
}

// judge reads an answer out of a task. about is whom the caller has asked about.
func judge(t *a2a.Task, about asked) answer {
	a := answer{Answer: answerFailed, TaskID: t.ID, ContextID: t.ContextID,
		State: t.Status.State.String()}
	if t.Status.Message != nil {
		a.Text = t.Status.Message.Text()
	}
	c := readConsent(t)
	a.setDeadline(c)
	switch t.Status.State {
	case a2a.TaskStateCompleted:
		a.judgeArtifacts(t, about, c.Outcome)
	case a2a.TaskStateInputRequired:
		a.Answer = answerAsk
	case a2a.TaskStateRejected:
		// What an agent means is in its metadata; sentences may change and be translated.
		switch c.Outcome {
		case answerDeclined, answerNotConfirmed, answerRefused:
			a.Answer = c.Outcome
		default:
			a.Answer = answerRefused
		}
	}
	a.Exit = answerExits[a.Answer]
	if strings.TrimSpace(a.Text) == "" {
		a.Text, a.wordless = wordless(t.Status.State, a.Answer), true
	}
	return a
}

// wordless says how a task has ended about which the agent says nothing.
func wordless(state a2a.TaskState, word string) string {
	switch {
	case word == answerYes, word == answerNo, word == answerNameMismatch:
		return "the agent has answered without words: " + word
	case state == a2a.TaskStateCompleted:
		return "the agent has completed the task without an answer"
	case state == a2a.TaskStateInputRequired:
		return "the agent needs more, and does not say what"
	}
	return "the agent has ended the task without a word; its state is " + stateWord(state)
}

// setDeadline tells until when the person has time, if that was announced.
func (a *answer) setDeadline(c consent) {
	if !c.Deadline.IsZero() {
		a.Deadline = c.Deadline.UTC().Format(a2a.TimeLayout)
	}
}

// verdict is what a data part says. The zero value says nothing.
type verdict struct {
	Answer     string `json:"answer"`
	Identifier string `json:"identifier"`
	Employed   *bool  `json:"employed"`
}

// readVerdict reads a data part, and reports whether it is a verdict that does not contradict
// itself.
func readVerdict(data []byte) (v verdict, ok bool) {
	if json.Unmarshal(data, &v) != nil {
		return verdict{}, false
	}
	switch v.Answer {
	case answerYes:
		ok = v.Employed == nil || *v.Employed
	case answerNo:
		ok = v.Employed == nil || !*v.Employed
	case answerNameMismatch: // of an active employee
		ok = v.Employed == nil || *v.Employed
	}
	return v, ok
}

// judgeArtifacts looks for the employment status. An answer counts only if it is about what the
// caller has asked about, and if nothing that the agent has sent with it says otherwise: code 0
// opens accounts.
func (a *answer) judgeArtifacts(t *a2a.Task, about asked, outcome string) {
	var first verdict
	var data jsontext.Value
	var others []jsontext.Value // of other skills
	var words, status []string
	agree := true
	for _, artifact := range t.Artifacts {
		ours := artifact.Name == hragent.ArtifactName || artifact.ArtifactID == hragent.ArtifactName
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
	case !agree, outcome != "" && outcome != first.Answer:
		a.Text = "The agent's answer contradicts itself, or cannot be read"
	case about.several():
		a.Text = "The question names several people; say with --about which one is meant"
	case !about.matches(first.Identifier):
		a.Text = fmt.Sprintf("The agent has answered about somebody who was not asked about: %.*s",
			maxQuoted, first.Identifier)
	default:
		a.Answer, a.Data = first.Answer, data
	}
}

// maxQuoted bounds, in characters, what a sentence of ours repeats of an agent.
const maxQuoted = 200

// hasAnswer reports whether data have the member that answers are in.
func hasAnswer(data []byte) (has bool) {
	var members map[string]jsontext.Value
	if json.Unmarshal(data, &members) != nil {
		return false
	}
	_, has = members["answer"]
	return has
}
