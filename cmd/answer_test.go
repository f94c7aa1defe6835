package cmd

import (
	"encoding/json"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/hragent"
)

// told is a task in a state, with an outcome in the metadata of its status message.
func told(state a2a.TaskState, text, outcome string) *a2a.Task {
	m := &a2a.Message{MessageID: "m", Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart(text)}}
	if outcome != "" {
		m.Metadata = a2a.Struct(`{"` + hragent.ConsentExtension + `":{"code":"7K3F-9QXM","deadline":"2026-10-01T09:15:20.000Z","outcome":"` + outcome + `"}}`)
	}
	return &a2a.Task{ID: "t", ContextID: "c", Status: a2a.TaskStatus{State: state, Message: m}}
}

// answered is a completed task with one artifact.
func answered(name, text, data string) *a2a.Task {
	parts := []a2a.Part{a2a.TextPart(text)}
	if data != "" {
		parts = append(parts, a2a.Part{Kind: a2a.PartData, Data: json.RawMessage(data), MediaType: "application/json"})
	}
	return &a2a.Task{ID: "t", ContextID: "c", Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}, Artifacts: []*a2a.Artifact{
		{ArtifactID: "a1", Name: name, Parts: parts},
	}}
}

func TestJudge(t *testing.T) {
	const status = hragent.ArtifactName
	asked := []string{"Does John Doe with email jdoe@staff0.com work at Staff0?"}
	both := answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`)
	both.Artifacts = append(both.Artifacts, answered("weather", "It rains", "").Artifacts...)
	for _, tt := range []struct {
		why  string
		task *a2a.Task
		sent []string
		want string
		exit int
	}{
		{"a yes about whom was asked", answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`), asked, "yes", 0},
		{"a yes in another case of letters", answered(status, "Yes", `{"answer":"yes","identifier":"JDoe@Staff0.com"}`), asked, "yes", 0},
		{"a yes about whom an earlier message named", answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`),
			[]string{"Does John Doe work here?", "jdoe@staff0.com"}, "yes", 0},
		{"a no", answered(status, "No", `{"answer":"no","identifier":"jdoe@staff0.com"}`), asked, "no", 7},
		{"another name on record", answered(status, "…", `{"answer":"name_mismatch","identifier":"jdoe@staff0.com"}`), asked, "name_mismatch", 5},

		{"a yes about somebody else", answered(status, "Yes", `{"answer":"yes","identifier":"asmith@staff0.com"}`), asked, "failed", 1},
		{"a no about somebody else", answered(status, "No", `{"answer":"no","identifier":"asmith@staff0.com"}`), asked, "failed", 1},
		{"a yes about nobody", answered(status, "Yes", `{"answer":"yes","identifier":""}`), asked, "failed", 1},
		{"a yes without an identifier", answered(status, "Yes", `{"answer":"yes"}`), asked, "failed", 1},
		{"a yes when nothing was sent", answered(status, "Yes", `{"answer":"yes","identifier":"jdoe"}`), nil, "failed", 1},
		{"a yes in words alone", answered(status, "Yes, jdoe@staff0.com is an active employee of Staff0.", ""), asked, "failed", 1},
		{"a yes in an artifact of another name", answered("weather", "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`), asked, "failed", 1},
		{"a word that is no answer", answered(status, "Yes", `{"answer":"YES","identifier":"jdoe@staff0.com"}`), asked, "failed", 1},
		{"an answer of ours that is none of the record", answered(status, "Yes", `{"answer":"declined","identifier":"jdoe@staff0.com"}`), asked, "failed", 1},
		{"data that are no object", answered(status, "Yes", `["yes"]`), asked, "failed", 1},
		{"data of another type", answered(status, "Yes", `{"answer":true,"identifier":"jdoe@staff0.com"}`), asked, "failed", 1},
		{"artifacts of other skills beside it", both, asked, "yes", 0},
		{"a task that is complete and has nothing", &a2a.Task{Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}}, asked, "failed", 1},

		{"declined", told(a2a.TaskStateRejected, "…", "declined"), asked, "declined", 4},
		{"silence", told(a2a.TaskStateRejected, "…", "not_confirmed"), asked, "not_confirmed", 5},
		{"refused", told(a2a.TaskStateRejected, "…", "refused"), asked, "refused", 1},
		{"rejected by an agent without our metadata, whatever it says", told(a2a.TaskStateRejected, "The request was declined.", ""), asked, "refused", 1},
		{"rejected, with a yes in the metadata", told(a2a.TaskStateRejected, "…", "yes"), asked, "refused", 1},
		{"asked back", told(a2a.TaskStateInputRequired, "Who?", ""), asked, "ask", 6},
		{"failed", told(a2a.TaskStateFailed, "…", ""), asked, "failed", 1},
		{"failed, with a yes in the metadata", told(a2a.TaskStateFailed, "…", "yes"), asked, "failed", 1},
		{"cancelled", told(a2a.TaskStateCanceled, "", ""), asked, "failed", 1},
		{"not over at all", told(a2a.TaskStateWorking, "…", "yes"), asked, "failed", 1},
		{"a state from the future", told(a2a.TaskStateUnspecified, "…", "yes"), asked, "failed", 1},
	} {
		got := judge(tt.task, tt.sent)
		if got.Answer != tt.want || got.Exit != tt.exit {
			t.Errorf("%s: %s, exit code %d, want %s and %d", tt.why, got.Answer, got.Exit, tt.want, tt.exit)
		}
	}

	// Any state but completed can hold an artifact, and it is no answer there.
	for _, state := range []a2a.TaskState{a2a.TaskStateWorking, a2a.TaskStateAuthRequired, a2a.TaskStateRejected, a2a.TaskStateFailed, a2a.TaskStateCanceled} {
		task := answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`)
		task.Status.State = state
		if got := judge(task, asked); got.Exit == exitYes || got.Data != nil {
			t.Errorf("%v with an artifact: %+v", state, got)
		}
	}
}

func TestJudgeTellsWhatWasWrong(t *testing.T) {
	got := judge(answered(hragent.ArtifactName, "Yes, certainly", `{"answer":"yes","identifier":"asmith@staff0.com"}`), []string{"jdoe@staff0.com"})
	if want := "The agent has answered about somebody who was not asked about: asmith@staff0.com"; got.Text != want {
		t.Errorf("text %q, want %q", got.Text, want)
	}
}

// TestExitCodes is the table of design §2.
func TestExitCodes(t *testing.T) {
	want := map[string]int{"yes": 0, "failed": 1, "refused": 1, "declined": 4, "not_confirmed": 5, "name_mismatch": 5, "ask": 6, "no": 7}
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
	full := judge(told(a2a.TaskStateRejected, "The request was declined.", "declined"), nil)
	for _, tt := range []struct {
		a    answer
		want string
	}{
		{full, `{"answer":"declined","exit":4,"text":"The request was declined.","task_id":"t","context_id":"c","state":"TASK_STATE_REJECTED","deadline":"2026-10-01T09:15:20.000Z"}`},
		{answer{Answer: "yes", Data: json.RawMessage(`{"answer":"yes"}`)}, `{"answer":"yes","exit":0,"data":{"answer":"yes"}}`},
		{answer{Answer: "failed", Exit: 8, Text: "<down> & out"}, `{"answer":"failed","exit":8,"text":"<down> & out"}`},
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
