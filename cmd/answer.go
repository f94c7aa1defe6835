package cmd

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
	"staff0/a2a/hrclient"
)

// ending is the object that --json prints, however a question has ended. Members that do not apply
// are left out.
type ending struct {
	Answer    hrclient.Outcome `json:"answer"`
	Exit      int              `json:"exit"`
	Text      string           `json:"text,omitempty"`
	Data      jsontext.Value   `json:"data,omitempty"`
	TaskID    a2a.TaskID       `json:"task_id,omitempty"`
	ContextID a2a.ContextID    `json:"context_id,omitempty"`
	State     string           `json:"state,omitempty"`
	Deadline  string           `json:"deadline,omitempty"`
}

var answerExits = map[hrclient.Outcome]int{
	hrclient.Yes: exitYes, hrclient.No: exitNo, hrclient.NameMismatch: exitNotConfirmed,
	hrclient.Declined: exitDeclined, hrclient.NotConfirmed: exitNotConfirmed,
	hrclient.Ask: exitAsk, hrclient.Refused: exitFailed, hrclient.Failed: exitFailed,
}

func endingOf(a hrclient.Answer) ending {
	e := ending{Answer: a.Outcome, Exit: answerExits[a.Outcome], Text: words(a), Data: a.Data,
		TaskID: a.TaskID, ContextID: a.ContextID}
	if a.State != a2a.TaskStateUnspecified {
		e.State = a.State.String()
	}
	if !a.Deadline.IsZero() {
		e.Deadline = a.Deadline.UTC().Format(a2a.TimeLayout)
	}
	return e
}

// words are what a person reads of an answer: the agent's, or ours in their place.
func words(a hrclient.Answer) string {
	_, several := errors.AsType[*hrclient.SeveralError](a.Fault)
	switch {
	case several:
		return "The question names several people; say with --about which one is meant"
	case a.Fault != nil:
		text := a.Fault.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	case !a.Wordless():
		return a.Text
	case a.Data != nil:
		return "the agent has answered without words: " + string(a.Outcome)
	case a.State == a2a.TaskStateCompleted:
		return "the agent has completed the task without an answer"
	case a.State == a2a.TaskStateInputRequired:
		return "the agent needs more, and does not say what"
	}
	return "the agent has ended the task without a word; its state is " + stateWord(a.State)
}
