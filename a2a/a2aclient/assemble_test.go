package a2aclient_test

import (
	"encoding/json"
	"testing"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
)

func TestAssembler(t *testing.T) {
	const (
		text   = `{"text":"Yes.","metadata":{"k":1}}`
		raw    = `{"raw":"AQI=","filename":"a.bin","mediaType":"application/octet-stream"}`
		link   = `{"url":"https://files.example/a.pdf","mediaType":"application/pdf"}`
		data   = `{"data":{"answer":"yes"}}`
		number = `{"data":null}`
	)
	part := func(artifact, parts string, appended bool) string {
		b, _ := json.Marshal(appended)
		return `{"artifactUpdate":{"taskId":"t1","append":` + string(b) +
			`,"artifact":{"artifactId":"` + artifact + `","parts":[` + parts + `]},"future":1}}`
	}
	for _, tt := range []struct {
		why    string
		events []string
		want   string // of the task; "" if there is none
		spoke  string // of the message
	}{
		{
			why: "pieces of artifacts are joined by the id of the artifact, whatever they are",
			events: []string{task("WORKING"), part("a", text, false), part("b", link, false),
				part("a", raw+","+data, true), part("a", number, true), status("COMPLETED")},
			want: `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[
				{"artifactId":"a","parts":[` + text + `,` + raw + `,{"data":{"answer":"yes"}},{"data":null}]},{"artifactId":"b","parts":[` + link + `]}]}`,
		},
		{
			why:    "without append an artifact replaces the one before",
			events: []string{task("WORKING"), part("a", text, false), part("a", link, false)},
			want:   `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_WORKING"},"artifacts":[{"artifactId":"a","parts":[` + link + `]}]}`,
		},
		{
			why: "a task replaces all that was known",
			events: []string{task("WORKING"), part("a", text, false), task("WORKING"),
				part("a", link, true)},
			want: `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_WORKING"},"artifacts":[{"artifactId":"a","parts":[` + link + `]}]}`,
		},
		{
			why:    "an agent that never sends the task has one all the same",
			events: []string{status("WORKING"), part("a", text, false), status("COMPLETED")},
			want:   `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"artifactId":"a","parts":[` + text + `]}]}`,
		},
		{
			why:    "as when it begins with an artifact",
			events: []string{part("a", text, true), status("COMPLETED")},
			want:   `{"id":"t1","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"artifactId":"a","parts":[` + text + `]}]}`,
		},
		{
			why: "events of another task are passed over",
			events: []string{task("WORKING"),
				`{"task":{"id":"t2","status":{"state":"TASK_STATE_FAILED"}}}`,
				`{"statusUpdate":{"taskId":"t2","status":{"state":"TASK_STATE_FAILED"}}}`},
			want: `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_WORKING"}}`,
		},
		{
			why:    "a message alone is the answer",
			events: []string{`{"message":{"messageId":"x","role":"ROLE_AGENT","parts":[{"text":"Hello."}]}}`},
			spoke:  "Hello.",
		},
		{
			why: "a message within a task is part of its history",
			events: []string{task("WORKING"),
				`{"message":{"messageId":"x","taskId":"t1","role":"ROLE_AGENT","parts":[{"text":"Soon."}]}}`},
			want: `{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_WORKING"},
				"history":[{"messageId":"x","taskId":"t1","role":"ROLE_AGENT","parts":[{"text":"Soon."}]}]}`,
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var got a2aclient.Assembler
			for event, err := range client(t, newAgent(t).on("SendStreamingMessage",
				streamed(tt.events...))).SendStreamingMessage(t.Context(), question()) {
				if err == nil {
					got.Add(event)
				}
			}
			if m := got.Message(); (m == nil) != (tt.spoke == "") || m != nil &&
				m.Text() != tt.spoke {
				t.Errorf("message %v, want %q", m, tt.spoke)
			}
			if tt.want == "" {
				if got.Task() != nil {
					t.Errorf("task %v", got.Task())
				}
				return
			}
			want := new(a2a.Task)
			if err := json.Unmarshal([]byte(tt.want), want); err != nil {
				t.Fatal(err)
			}
			if text, wanted := string(got.Task().AppendJSON(nil)),
				string(want.AppendJSON(nil)); text != wanted {
				t.Errorf("got\n  %s\nwant\n  %s", text, wanted)
			}
		})
	}
}
