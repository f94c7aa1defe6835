package cmd

import (
	"encoding/json"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/hragent"
)

// answer is how a question ended, for the exit code and for --json. Members that do not apply are left out.
type answer struct {
	Answer    string          `json:"answer"`
	Exit      int             `json:"exit"`
	Text      string          `json:"text,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
	TaskID    a2a.TaskID      `json:"task_id,omitempty"`
	ContextID a2a.ContextID   `json:"context_id,omitempty"`
	State     string          `json:"state,omitempty"`
	Deadline  string          `json:"deadline,omitempty"`
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
	answerYes: exitYes, answerNo: exitNo, answerNameMismatch: exitNotConfirmed, answerDeclined: exitDeclined,
	answerNotConfirmed: exitNotConfirmed, answerAsk: exitAsk, answerRefused: exitFailed, answerFailed: exitFailed,
}

// consent is what the consent extension puts into the metadata of statuses.
type consent struct {
	Code     string    `json:"code"`
	Deadline time.Time `json:"deadline"`
	Outcome  string    `json:"outcome"`
}

// readConsent reads it from the message of the status, or from the task, where a status without a message has left it.
func readConsent(t *a2a.Task) (c consent) {
	var raw json.RawMessage
	if m := t.Status.Message; m != nil {
		raw = m.Metadata.Lookup(hragent.ConsentExtension)
	}
	if raw == nil {
		raw = t.Metadata.Lookup(hragent.ConsentExtension)
	}
	if json.Unmarshal(raw, &c) != nil {
		return consent{}
	}
	return c
}

// judge reads an answer out of a task. sent is what this caller has said in it.
func judge(t *a2a.Task, sent []string) answer {
	a := answer{Answer: answerFailed, TaskID: t.ID, ContextID: t.ContextID, State: t.Status.State.String()}
	if t.Status.Message != nil {
		a.Text = t.Status.Message.Text()
	}
	c := readConsent(t)
	a.setDeadline(c)
	switch t.Status.State {
	case a2a.TaskStateCompleted:
		a.judgeArtifacts(t, sent)
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
	return a
}

// setDeadline tells until when the person has time, if that was announced.
func (a *answer) setDeadline(c consent) {
	if !c.Deadline.IsZero() {
		a.Deadline = c.Deadline.UTC().Format(a2a.TimeLayout)
	}
}

// judgeArtifacts looks for the employment status. A yes counts only if it is about an identifier that the caller has asked about: code 0 opens
// accounts.
func (a *answer) judgeArtifacts(t *a2a.Task, sent []string) {
	for _, artifact := range t.Artifacts {
		text := artifact.Text()
		if text != "" {
			a.Text = text
		}
		if artifact.Name != hragent.ArtifactName && artifact.ArtifactID != hragent.ArtifactName {
			continue
		}
		for _, part := range artifact.Parts {
			var data struct {
				Answer     string `json:"answer"`
				Identifier string `json:"identifier"`
			}
			if part.Kind != a2a.PartData || json.Unmarshal(part.Data, &data) != nil {
				continue
			}
			a.Data = part.Data
			switch data.Answer {
			case answerYes, answerNo, answerNameMismatch:
				if occurs(data.Identifier, sent) {
					a.Answer = data.Answer
				} else {
					a.Text = "The agent has answered about somebody who was not asked about: " + data.Identifier
				}
			}
		}
	}
}

// occurs reports whether an identifier stands in one of the texts, ignoring case.
func occurs(identifier string, texts []string) bool {
	if identifier == "" {
		return false
	}
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), strings.ToLower(identifier)) {
			return true
		}
	}
	return false
}
