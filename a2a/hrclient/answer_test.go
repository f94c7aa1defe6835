package hrclient

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"staff0/a2a"
)

// told is a task in a state, with an outcome in the metadata of its status message.
func told(state a2a.TaskState, text, outcome string) *a2a.Task {
	m := &a2a.Message{MessageID: "m", Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart(text)}}
	if outcome != "" {
		m.Metadata = a2a.Struct(`{"` + ConsentExtension +
			`":{"code":"7K3F-9QXM","deadline":"2026-10-01T09:15:20.000Z","outcome":"` +
			outcome + `"}}`)
	}
	return &a2a.Task{ID: "t", ContextID: "c", Status: a2a.TaskStatus{State: state, Message: m}}
}

// answered is a completed task with one artifact.
func answered(name, text, data string) *a2a.Task {
	parts := []a2a.Part{a2a.TextPart(text)}
	if data != "" {
		parts = append(parts, a2a.Part{Kind: a2a.PartData, Data: json.RawMessage(data),
			MediaType: "application/json"})
	}
	return &a2a.Task{ID: "t", ContextID: "c", Status: a2a.TaskStatus{State: a2a.TaskStateCompleted},
		Artifacts: []*a2a.Artifact{
			{ArtifactID: "a1", Name: name, Parts: parts},
		}}
}

func TestJudge(t *testing.T) {
	const status = ArtifactName
	question := []string{"Does John Doe with email jdoe@staff0.com work at Staff0?"}
	both := answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`)
	both.Artifacts = append(both.Artifacts, answered("weather", "It rains", "").Artifacts...)
	for _, tt := range []struct {
		why  string
		task *a2a.Task
		sent []string
		want Outcome
	}{
		{"a yes about whom was asked", answered(status, "Yes",
			`{"answer":"yes","identifier":"jdoe@staff0.com"}`), question, "yes"},
		{"a yes in another case of letters", answered(status, "Yes",
			`{"answer":"yes","identifier":"JDoe@Staff0.com"}`), question, "yes"},
		{"a yes about whom an earlier message named",
			answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`),
			[]string{"Does John Doe work here?", "jdoe@staff0.com"}, "yes"},
		{"a no", answered(status, "No", `{"answer":"no","identifier":"jdoe@staff0.com"}`), question,
			"no"},
		{"another name on record",
			answered(status, "…", `{"answer":"name_mismatch","identifier":"jdoe@staff0.com"}`),
			question, "name_mismatch"},

		{"a yes about somebody else", answered(status, "Yes",
			`{"answer":"yes","identifier":"asmith@staff0.com"}`), question, "failed"},
		{"a no about somebody else", answered(status, "No",
			`{"answer":"no","identifier":"asmith@staff0.com"}`), question, "failed"},
		{"a yes about nobody", answered(status, "Yes", `{"answer":"yes","identifier":""}`),
			question, "failed"},
		{"a yes without an identifier", answered(status, "Yes", `{"answer":"yes"}`), question,
			"failed"},
		{"a yes when nothing was sent",
			answered(status, "Yes", `{"answer":"yes","identifier":"jdoe"}`), nil, "failed"},
		{"a yes in words alone",
			answered(status, "Yes, jdoe@staff0.com is an active employee of Staff0.", ""), question,
			"failed"},
		{"a yes in an artifact of another name", answered("weather", "Yes",
			`{"answer":"yes","identifier":"jdoe@staff0.com"}`), question, "failed"},
		{"a word that is no answer", answered(status, "Yes",
			`{"answer":"YES","identifier":"jdoe@staff0.com"}`), question, "failed"},
		{"an answer of ours that is none of the record", answered(status, "Yes",
			`{"answer":"declined","identifier":"jdoe@staff0.com"}`), question, "failed"},
		{"data that are no object", answered(status, "Yes", `["yes"]`), question, "failed"},
		{"data of another type", answered(status, "Yes",
			`{"answer":true,"identifier":"jdoe@staff0.com"}`), question, "failed"},
		{"artifacts of other skills beside it", both, question, "yes"},
		{"a task that is complete and has nothing",
			&a2a.Task{Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}}, question,
			"failed"},

		{"declined", told(a2a.TaskStateRejected, "…", "declined"), question, "declined"},
		{"silence", told(a2a.TaskStateRejected, "…", "not_confirmed"), question,
			"not_confirmed"},
		{"refused", told(a2a.TaskStateRejected, "…", "refused"), question, "refused"},
		{"rejected by an agent without our metadata, whatever it says",
			told(a2a.TaskStateRejected, "The request was declined.", ""), question, "refused"},
		{"rejected, with a yes in the metadata", told(a2a.TaskStateRejected, "…", "yes"), question,
			"refused"},
		{"asked back", told(a2a.TaskStateInputRequired, "Who?", ""), question, "ask"},
		{"failed", told(a2a.TaskStateFailed, "…", ""), question, "failed"},
		{"failed, with a yes in the metadata", told(a2a.TaskStateFailed, "…", "yes"), question,
			"failed"},
		{"cancelled", told(a2a.TaskStateCanceled, "", ""), question, "failed"},
		{"not over at all", told(a2a.TaskStateWorking, "…", "yes"), question, "failed"},
		{"a state from the future", told(a2a.TaskStateUnspecified, "…", "yes"), question,
			"failed"},
	} {
		got := Judge(tt.task, tt.sent, "")
		if got.Outcome != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, got.Outcome, tt.want)
		}
	}

	// Any state but completed can hold an artifact, and it is no answer there.
	for _, state := range []a2a.TaskState{a2a.TaskStateWorking, a2a.TaskStateAuthRequired,
		a2a.TaskStateRejected, a2a.TaskStateFailed, a2a.TaskStateCanceled} {
		task := answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`)
		task.Status.State = state
		if got := Judge(task, question, ""); got.Outcome == Yes || got.Data != nil {
			t.Errorf("%v with an artifact: %+v", state, got)
		}
	}
}

// TestJudgeIsNotFooled is about answers that say two things, or that one reader understands
// otherwise than another.
func TestJudgeIsNotFooled(t *testing.T) {
	const yes = `{"answer":"yes","identifier":"jdoe@staff0.com","employed":true}`
	// artifacts is a completed task with artifacts, each of one name and with data parts.
	artifacts := func(all ...[]string) *a2a.Task {
		task := &a2a.Task{ID: "t", Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}}
		for i, one := range all {
			artifact := &a2a.Artifact{ArtifactID: string(rune('a' + i)), Name: one[0],
				Parts: []a2a.Part{a2a.TextPart("Yes, certainly.")}}
			for _, data := range one[1:] {
				artifact.Parts = append(artifact.Parts,
					a2a.Part{Kind: a2a.PartData, Data: json.RawMessage(data)})
			}
			task.Artifacts = append(task.Artifacts, artifact)
		}
		return task
	}
	status := func(parts ...string) *a2a.Task {
		return artifacts(append([]string{ArtifactName}, parts...))
	}
	outcome := func(word string) *a2a.Task {
		task := status(yes)
		task.Metadata = a2a.Struct(`{"` + ConsentExtension + `":{"outcome":"` +
			word + `"}}`)
		return task
	}
	for _, tt := range []struct {
		why, question string
		task          *a2a.Task
		want          Outcome
	}{
		{"the same twice", "Does jdoe@staff0.com work here?", status(yes, yes), "yes"},
		{"no and then yes", "Does jdoe@staff0.com work here?",
			status(`{"answer":"no","identifier":"jdoe@staff0.com"}`, yes), "failed"},
		{"yes and then no", "Does jdoe@staff0.com work here?",
			status(yes, `{"answer":"no","identifier":"jdoe@staff0.com"}`), "failed"},
		{"yes about two", "Does jdoe@staff0.com work here?",
			status(yes, `{"answer":"yes","identifier":"mallory@staff0.com"}`), "failed"},
		{"yes and what cannot be read", "Does jdoe@staff0.com work here?", status(yes, `["no"]`),
			"failed"},
		{"yes, and no in another artifact of the same name", "Does jdoe@staff0.com work here?",
			artifacts([]string{ArtifactName, yes}, []string{ArtifactName,
				`{"answer":"no","identifier":"jdoe@staff0.com"}`}), "failed"},
		{"yes, and no in an artifact of another name before it", "Does jdoe@staff0.com work here?",
			artifacts([]string{"weather", `{"answer":"no","identifier":"jdoe@staff0.com"}`},
				[]string{ArtifactName, yes}), "failed"},
		{"yes, and another skill's data beside it", "Does jdoe@staff0.com work here?",
			artifacts([]string{ArtifactName, yes}, []string{"weather", `{"rain":true}`}),
			"yes"},
		{"yes, not employed", "Does jdoe@staff0.com work here?",
			status(`{"answer":"yes","identifier":"jdoe@staff0.com","employed":false}`), "failed"},
		{"no, employed", "Does jdoe@staff0.com work here?",
			status(`{"answer":"no","identifier":"jdoe@staff0.com","employed":true}`), "failed"},
		{"employed in a word", "Does jdoe@staff0.com work here?",
			status(`{"answer":"yes","identifier":"jdoe@staff0.com","employed":"true"}`), "failed"},
		{"yes, and an outcome that is another", "Does jdoe@staff0.com work here?",
			outcome("declined"), "failed"},
		{"yes, and its outcome", "Does jdoe@staff0.com work here?", outcome("yes"), "yes"},
		{"a member in capitals", "Does jdoe@staff0.com work here?",
			status(`{"ANSWER":"yes","identifier":"jdoe@staff0.com"}`), "failed"},
		{"an identifier in capitals", "Does jdoe@staff0.com work here?",
			status(`{"answer":"yes","Identifier":"jdoe@staff0.com"}`), "failed"},
		{"a member twice", "Does jdoe@staff0.com work here?",
			status(`{"answer":"no","answer":"yes","identifier":"jdoe@staff0.com"}`), "failed"},
		{"a letter of the question", "Does jdoe@staff0.com work here?",
			status(`{"answer":"yes","identifier":"e"}`), "failed"},
		{"a word beside the identifier", "Does jdoe@staff0.com work here?",
			status(`{"answer":"yes","identifier":"here"}`), "failed"},
		{"the Kelvin sign", "Does kim@staff0.com work here?",
			status(`{"answer":"yes","identifier":"\u212aim@staff0.com"}`), "failed"},
		{"one of two", "jdoe@staff0.com, asmith@staff0.com?", status(yes), "failed"},
	} {
		got := Judge(tt.task, []string{tt.question}, "")
		if got.Outcome != tt.want {
			t.Errorf("%s: %+v, want %s", tt.why, got, tt.want)
		}
		if tt.want == "failed" && (got.Data != nil || strings.Contains(got.Text, "Yes")) {
			t.Errorf("%s: is passed on: %+v", tt.why, got)
		}
	}
	if got := Judge(status(yes), []string{"jdoe@staff0.com, asmith@staff0.com?"},
		"jdoe@staff0.com"); got.Outcome != Yes {
		t.Errorf("one of two, and it was said which: %+v", got)
	}
	if got := Judge(status(yes), []string{"Does jdoe@staff0.com work here?"},
		"asmith@staff0.com"); got.Outcome != Failed {
		t.Errorf("another one than was said: %+v", got)
	}
}

func TestJudgeTellsWhatWasWrong(t *testing.T) {
	got := Judge(answered(ArtifactName, "Yes, certainly",
		`{"answer":"yes","identifier":"asmith@staff0.com"}`), []string{"jdoe@staff0.com"}, "")
	if !errors.Is(got.Fault, ErrOtherPerson) ||
		!strings.HasSuffix(got.Fault.Error(), ": asmith@staff0.com") {
		t.Errorf("about somebody else: %v", got.Fault)
	}
}
