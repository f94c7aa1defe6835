package a2asrv_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Whatever is sent, the answer is one response of JSON-RPC: a result or an error, and never both
// (RPC-5). In a stream every event is one.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		"", "[]", getNothing, strings.Replace(getNothing, "GetTask", "tasks/get", 1),
		say("SendMessage", "Answer now."), say("SendStreamingMessage", "Answer now."),
		`{"jsonrpc":"2.0","id":"x","method":"ListTasks","params":{"pageSize":1,"status":"TASK_STATE_COMPLETED"}}`,
		`{"jsonrpc":"2.0","id":-1.5e3,"method":"message/stream","params":{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":"Answer now."}]}}}`,
		`{"jsonrpc":"2.0","method":"tasks/resubscribe","params":{"id":"\u0000\ud800"}}`,
		"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\"}",
	} {
		f.Add(body)
	}
	a := newAgent(f, nil)
	f.Fuzz(func(t *testing.T, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := serve(a.server, post(body, "").WithContext(ctx))
		if ctx.Err() != nil {
			return
		}
		if w.Code != 200 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		answers := []string{w.Body.String()}
		if w.Header().Get("Content-Type") == "text/event-stream" {
			answers = strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
		}
		for _, answer := range answers {
			var response struct {
				Version       string          `json:"jsonrpc"`
				ID            json.RawMessage `json:"id"`
				Result, Error json.RawMessage
			}
			answer = strings.TrimPrefix(answer, "data: ")
			err := json.Unmarshal([]byte(answer), &response)
			if err != nil || response.Version != "2.0" || response.ID == nil ||
				(response.Result == nil) == (response.Error == nil) ||
				strings.Contains(answer, "\n") {
				t.Fatalf("%q is answered with %q (%v)", body, answer, err)
			}
		}
	})
}
