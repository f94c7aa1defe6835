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
		m.Metadata = a2a.Struct(`{"` + hragent.ConsentExtension +
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
	const status = hragent.ArtifactName
	question := []string{"Does John Doe with email jdoe@staff0.com work at Staff0?"}
	both := answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`)
	both.Artifacts = append(both.Artifacts, answered("weather", "It rains", "").Artifacts...)
	for _, tt := range []struct {
		why  string
		task *a2a.Task
		sent []string
		want string
		exit int
	}{
		{"a yes about whom was asked", answered(status, "Yes",
			`{"answer":"yes","identifier":"jdoe@staff0.com"}`), question, "yes", 0},
		{"a yes in another case of letters", answered(status, "Yes",
			`{"answer":"yes","identifier":"JDoe@Staff0.com"}`), question, "yes", 0},
		{"a yes about whom an earlier message named",
			answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`),
			[]string{"Does John Doe work here?", "jdoe@staff0.com"}, "yes", 0},
		{"a no", answered(status, "No", `{"answer":"no","identifier":"jdoe@staff0.com"}`), question,
			"no", 7},
		{"another name on record",
			answered(status, "…", `{"answer":"name_mismatch","identifier":"jdoe@staff0.com"}`),
			question, "name_mismatch", 5},

		{"a yes about somebody else", answered(status, "Yes",
			`{"answer":"yes","identifier":"asmith@staff0.com"}`), question, "failed", 1},
		{"a no about somebody else", answered(status, "No",
			`{"answer":"no","identifier":"asmith@staff0.com"}`), question, "failed", 1},
		{"a yes about nobody", answered(status, "Yes", `{"answer":"yes","identifier":""}`),
			question, "failed", 1},
		{"a yes without an identifier", answered(status, "Yes", `{"answer":"yes"}`), question,
			"failed", 1},
		{"a yes when nothing was sent",
			answered(status, "Yes", `{"answer":"yes","identifier":"jdoe"}`), nil, "failed", 1},
		{"a yes in words alone",
			answered(status, "Yes, jdoe@staff0.com is an active employee of Staff0.", ""), question,
			"failed", 1},
		{"a yes in an artifact of another name", answered("weather", "Yes",
			`{"answer":"yes","identifier":"jdoe@staff0.com"}`), question, "failed", 1},
		{"a word that is no answer", answered(status, "Yes",
			`{"answer":"YES","identifier":"jdoe@staff0.com"}`), question, "failed", 1},
		{"an answer of ours that is none of the record", answered(status, "Yes",
			`{"answer":"declined","identifier":"jdoe@staff0.com"}`), question, "failed", 1},
		{"data that are no object", answered(status, "Yes", `["yes"]`), question, "failed", 1},
		{"data of another type", answered(status, "Yes",
			`{"answer":true,"identifier":"jdoe@staff0.com"}`), question, "failed", 1},
		{"artifacts of other skills beside it", both, question, "yes", 0},
		{"a task that is complete and has nothing",
			&a2a.Task{Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}}, question,
			"failed", 1},

		{"declined", told(a2a.TaskStateRejected, "…", "declined"), question, "declined", 4},
		{"silence", told(a2a.TaskStateRejected, "…", "not_confirmed"), question,
			"not_confirmed", 5},
		{"refused", told(a2a.TaskStateRejected, "…", "refused"), question, "refused", 1},
		{"rejected by an agent without our metadata, whatever it says",
			told(a2a.TaskStateRejected, "The request was declined.", ""), question, "refused", 1},
		{"rejected, with a yes in the metadata", told(a2a.TaskStateRejected, "…", "yes"), question,
			"refused", 1},
		{"asked back", told(a2a.TaskStateInputRequired, "Who?", ""), question, "ask", 6},
		{"failed", told(a2a.TaskStateFailed, "…", ""), question, "failed", 1},
		{"failed, with a yes in the metadata", told(a2a.TaskStateFailed, "…", "yes"), question,
			"failed", 1},
		{"cancelled", told(a2a.TaskStateCanceled, "", ""), question, "failed", 1},
		{"not over at all", told(a2a.TaskStateWorking, "…", "yes"), question, "failed", 1},
		{"a state from the future", told(a2a.TaskStateUnspecified, "…", "yes"), question,
			"failed", 1},
	} {
		got := judge(tt.task, readAsked(tt.sent, ""))
		if got.Answer != tt.want || got.Exit != tt.exit {
			t.Errorf("%s: %s, exit code %d, want %s and %d", tt.why, got.Answer, got.Exit, tt.want,
				tt.exit)
		}
	}

	// Any state but completed can hold an artifact, and it is no answer there.
	for _, state := range []a2a.TaskState{a2a.TaskStateWorking, a2a.TaskStateAuthRequired,
		a2a.TaskStateRejected, a2a.TaskStateFailed, a2a.TaskStateCanceled} {
		task := answered(status, "Yes", `{"answer":"yes","identifier":"jdoe@staff0.com"}`)
		task.Status.State = state
		if got := judge(task, readAsked(question, "")); got.Exit == exitYes || got.Data != nil {
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
		return artifacts(append([]string{hragent.ArtifactName}, parts...))
	}
	outcome := func(word string) *a2a.Task {
		task := status(yes)
		task.Metadata = a2a.Struct(`{"` + hragent.ConsentExtension + `":{"outcome":"` +
			word + `"}}`)
		return task
	}
	for _, tt := range []struct {
		why, question string
		task          *a2a.Task
		want          string
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
			artifacts([]string{hragent.ArtifactName, yes}, []string{hragent.ArtifactName,
				`{"answer":"no","identifier":"jdoe@staff0.com"}`}), "failed"},
		{"yes, and no in an artifact of another name before it", "Does jdoe@staff0.com work here?",
			artifacts([]string{"weather", `{"answer":"no","identifier":"jdoe@staff0.com"}`},
				[]string{hragent.ArtifactName, yes}), "failed"},
		{"yes, and another skill's data beside it", "Does jdoe@staff0.com work here?",
			artifacts([]string{hragent.ArtifactName, yes}, []string{"weather", `{"rain":true}`}),
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
		got := judge(tt.task, readAsked([]string{tt.question}, ""))
		if got.Answer != tt.want || got.Exit != answerExits[tt.want] {
			t.Errorf("%s: %+v, want %s", tt.why, got, tt.want)
		}
		if tt.want == "failed" && (got.Data != nil || strings.Contains(got.Text, "Yes")) {
			t.Errorf("%s: is passed on: %+v", tt.why, got)
		}
	}
	if got := judge(status(yes), readAsked([]string{"jdoe@staff0.com, asmith@staff0.com?"},
		"jdoe@staff0.com")); got.Exit != exitYes {
		t.Errorf("one of two, and it was said which: %+v", got)
	}
	if got := judge(status(yes), readAsked([]string{"Does jdoe@staff0.com work here?"},
		"asmith@staff0.com")); got.Exit != exitFailed {
		t.Errorf("another one than was said: %+v", got)
	}
}

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
		got := judge(&a2a.Task{ID: "t", Status: a2a.TaskStatus{State: state}}, asked{})
		if got.Text != want {
			t.Errorf("%v: %q", state, got.Text)
		}
		var out, errOut strings.Builder
		(&question{program: &program{out: &out, err: &errOut}}).print(got)
		if out.String() != "" || errOut.String() != "staff0: "+want+"\n" {
			t.Errorf("%v: stdout %q, stderr %q", state, out.String(), errOut.String())
		}
	}
	silent := answered(hragent.ArtifactName, "", `{"answer":"yes","identifier":"jdoe"}`)
	if got := judge(silent, readAsked([]string{"Does jdoe work here?"}, "")); got.Exit != exitYes ||
		got.Text != "the agent has answered without words: yes" {
		t.Errorf("a yes in data alone: %+v", got)
	}
}

func TestJudgeTellsWhatWasWrong(t *testing.T) {
	got := judge(answered(hragent.ArtifactName, "Yes, certainly",
		`{"answer":"yes","identifier":"asmith@staff0.com"}`), readAsked([]string{"jdoe@staff0.com"},
		""))
	if want := "The agent has answered about somebody who was not asked about: " +
		"asmith@staff0.com"; got.Text != want {
		t.Errorf("text %q, want %q", got.Text, want)
	}
}

// TestExitCodes is the table of design §2.
func TestExitCodes(t *testing.T) {
	want := map[string]int{"yes": 0, "failed": 1, "refused": 1, "declined": 4, "not_confirmed": 5,
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
	full := judge(told(a2a.TaskStateRejected, "The request was declined.", "declined"), asked{})
	for _, tt := range []struct {
		a    answer
		want string
	}{
		{full, `{"answer":"declined","exit":4,"text":"The request was declined.","task_id":"t","context_id":"c","state":"TASK_STATE_REJECTED","deadline":"2026-10-01T09:15:20.000Z"}`},
		{answer{Answer: "yes", Data: []byte(`{"answer":"yes"}`)},
			`{"answer":"yes","exit":0,"data":{"answer":"yes"}}`},
		{answer{Answer: "failed", Exit: 8, Text: "<down> & out"},
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
