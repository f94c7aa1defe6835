package cmd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/hrclient"
)

// TestNoEndWithoutWords demands that every ending says something, and says what is ours on stderr.
func TestNoEndWithoutWords(t *testing.T) {
	for state, want := range map[a2a.TaskState]string{
		a2a.TaskStateCompleted:     "the agent has completed the task without an answer",
		a2a.TaskStateInputRequired: "the agent needs more, and does not say what",
		a2a.TaskStateCanceled: "the agent has ended the task without a word; its state is " +
			"canceled",
		a2a.TaskStateFailed: "the agent has ended the task without a word; its state " +
			"is failed",
		a2a.TaskStateRejected: "the agent has ended the task without a word; its state is " +
			"rejected",
	} {
		got := hrclient.Judge(&a2a.Task{ID: "t", Status: a2a.TaskStatus{State: state}}, nil, "")
		if words(got) != want {
			t.Errorf("%v: %q", state, words(got))
		}
		var out, errOut strings.Builder
		(&question{program: &program{out: &out, err: &errOut}}).print(got)
		if out.String() != "" || errOut.String() != "staff0: "+want+"\n" {
			t.Errorf("%v: stdout %q, stderr %q", state, out.String(), errOut.String())
		}
	}
	silent := hrclient.Answer{Outcome: hrclient.Yes, State: a2a.TaskStateCompleted,
		Data: []byte(`{"answer":"yes","identifier":"jdoe"}`)}
	if got := endingOf(silent); got.Exit != exitYes ||
		got.Text != "the agent has answered without words: yes" {
		t.Errorf("a yes in data alone: %+v", got)
	}
}

// TestWordsAboutFaults is what a person reads of an answer that does not count.
func TestWordsAboutFaults(t *testing.T) {
	for want, fault := range map[string]error{
		"The agent's answer contradicts itself, or cannot be read": hrclient.ErrContradiction,
		"The agent has answered about somebody who was not asked about: asmith@staff0.com": fmt.Errorf(
			"%w: asmith@staff0.com", hrclient.ErrOtherPerson),
		"The question names several people; say with --about which one is meant": new(
			hrclient.SeveralError),
	} {
		if got := words(hrclient.Answer{Fault: fault}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestExitCodes is the table of design §2.
func TestExitCodes(t *testing.T) {
	want := map[hrclient.Outcome]int{"yes": 0, "failed": 1, "refused": 1, "declined": 4,
		"not_confirmed": 5,
		"name_mismatch": 5, "ask": 6, "no": 7}
	if len(answerExits) != len(want) {
		t.Errorf("%d answers, want %d", len(answerExits), len(want))
	}
	for word, code := range want {
		if got, ok := answerExits[word]; !ok || got != code {
			t.Errorf("%s: exit code %d, want %d", word, got, code)
		}
	}
}

// TestAnswerJSON demands the members of design §2, and that those that do not apply are left out.
func TestAnswerJSON(t *testing.T) {
	full := endingOf(hrclient.Answer{Outcome: hrclient.Declined, Text: "The request was declined.",
		TaskID: "t", ContextID: "c", State: a2a.TaskStateRejected,
		Deadline: time.Date(2026, 10, 1, 9, 15, 20, 0, time.UTC)})
	for _, tt := range []struct {
		a    ending
		want string
	}{
		{full, `{"answer":"declined","exit":4,"text":"The request was declined.","task_id":"t","context_id":"c","state":"TASK_STATE_REJECTED","deadline":"2026-10-01T09:15:20.000Z"}`},
		{ending{Answer: "yes", Data: []byte(`{"answer":"yes"}`)},
			`{"answer":"yes","exit":0,"data":{"answer":"yes"}}`},
		{ending{Answer: "failed", Exit: 8, Text: "<down> & out"},
			`{"answer":"failed","exit":8,"text":"<down> & out"}`},
	} {
		var got strings.Builder
		if err := writeJSON(&got, tt.a); err != nil {
			t.Fatal(err)
		}
		if got.String() != tt.want+"\n" {
			t.Errorf("got %s want %s", got.String(), tt.want)
		}
	}
}
