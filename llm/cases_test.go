package llm

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What servers have been seen to answer, as their users reported it. The question is one that the
// rules leave unclear, so that an answer which is used shows.
func TestReportedAnswers(t *testing.T) {
	const (
		call = `{"functionCall":{"name":"read_question","args":{"topic":"employment","person":"P1"}},"thoughtSignature":"c2ln"}`
		used = "model answered"
	)
	candidate := func(finish, parts string) string {
		return `{"candidates":[{"content":{"role":"model","parts":[` + parts +
			`]},"finishReason":"` +
			finish + `"}]}`
	}
	refused := func(code, rest string) string {
		return `{"error":{"code":400,"status":"` + code + `",` + rest + `}}`
	}
	for _, row := range []struct {
		name   string
		status int
		body   string
		yes    bool
		log    []string // all of them stand in one line of the log
	}{
		{"one call with a thought signature", 200, candidate("STOP", call), true,
			[]string{used, "usable=true"}},
		{"malformed call, no content", 200,
			`{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}`, false,
			[]string{"MALFORMED_FUNCTION_CALL", "the rules decide"}},
		{"one empty text", 200, candidate("STOP", `{"text":""}`), false,
			[]string{"no function call"}},
		{"no candidates", 200, `{}`, false, []string{"blocked or empty"}},
		{"a thought alone", 200, candidate("STOP", `{"text":"hm","thought":true}`), false,
			[]string{"no function call"}},
		{"content without parts", 200,
			`{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}`, false,
			[]string{"no function call"}},
		{"a refusal in an array", 400, `[` + refused("INVALID_ARGUMENT",
			`"message":"API key not valid","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]`) + `]`,
			false, []string{"HTTP 400 INVALID_ARGUMENT API_KEY_INVALID", "the key is wrong",
				"GOOGLE_API_KEY"}},
		{"an undeclared tool", 200,
			candidate("UNEXPECTED_TOOL_CALL", `{"function_call":{"name":"x"}}`), false,
			[]string{"UNEXPECTED_TOOL_CALL"}},
		{"a call without arguments", 200,
			candidate("STOP", `{"functionCall":{"name":"read_question"}}`), false,
			[]string{used, "usable=false"}},
		{"text, call, text", 200, candidate("STOP", `{"text":"a"},`+call+`,{"text":"b"}`), true,
			[]string{"usable=true"}},
		{"the same call twice", 200, candidate("STOP", call+`,`+call), true,
			[]string{"usable=true"}},
		{"text and call in one part", 200, candidate("STOP", `{"text":"",`+call[1:]), true,
			[]string{"usable=true"}},
		{"arguments that are a number", 200,
			candidate("STOP", `{"functionCall":{"name":"read_question","args":20}}`), false,
			[]string{"usable=false"}},
		{"a thought, then the call", 200, candidate("STOP", `{"text":"hm","thought":true},`+call),
			true, []string{"usable=true"}},
		{"thinking as text, then the call", 200, candidate("STOP", `{"text":"THOUGHT: hm"},`+call),
			true, []string{"usable=true"}},
		{"a prefix before the name", 200,
			candidate("STOP", strings.Replace(call, "read_q", "default_api.read_q", 1)), true,
			[]string{"usable=true"}},
		{"prohibited content", 200, `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}`,
			false, []string{"PROHIBITED_CONTENT"}},
		{"null for what is optional", 200,
			candidate("STOP",
				strings.Replace(call, `"P1"`, `"P1","user_name":null,"full_name":"null"`, 1)),
			true, []string{"usable=true"}},
		{"a topic that is a boolean", 200,
			candidate("STOP", strings.Replace(call, `"employment"`, `true`, 1)), false,
			[]string{"wrong types"}},
		{"a leaked key", 403,
			refused("PERMISSION_DENIED", `"message":"Your API key was reported as leaked."`), false,
			[]string{"HTTP 403 PERMISSION_DENIED", "leaked", "make another one"}},
		{"a retired model", 404, refused("NOT_FOUND", `"message":"models/x is not found"`), false,
			[]string{"HTTP 404 NOT_FOUND", "no such model", "STAFF0_GEMINI_MODEL"}},
		{"the day's quota", 429, refused("RESOURCE_EXHAUSTED",
			`"message":"quota","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]}]`), false,
			[]string{"HTTP 429 RESOURCE_EXHAUSTED GenerateRequestsPerDay", "until tomorrow"}},
		{"a place that is not served", 400, refused("FAILED_PRECONDITION",
			`"message":"User location is not supported for the API use."`),
			false, []string{"HTTP 400 FAILED_PRECONDITION", "from this place"}},
		{"billing", 400, refused("FAILED_PRECONDITION", `"message":"enable billing"`), false,
			[]string{"billing"}},
		{"a page", 503, "<html>try later", false, []string{"HTTP 503", "asked again"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls := 0
			srv := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					calls++
					w.WriteHeader(row.status)
					_, _ = io.WriteString(w, row.body)
				}))
			defer srv.Close()
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, nil))
			model, err := NewGemini(GeminiConfig{APIKey: testKey, BaseURL: srv.URL, Log: logger})
			if err != nil {
				t.Fatal(err)
			}
			r := newReader()
			r.Model, r.Log = model, logger
			q := r.Read(t.Context(), []string{"Werkt jdoe@staff0.com bij jullie?"})
			if (q.Outcome == Answerable) != row.yes || q.Outcome != Answerable &&
				q.Outcome != AskWhat {
				t.Errorf("%+v", q)
			}
			if calls != 1 {
				t.Errorf("%d attempts", calls)
			}
			found := false
			for line := range strings.Lines(log.String()) {
				all := true
				for _, want := range row.log {
					all = all && strings.Contains(line, want)
				}
				found = found || all
			}
			if !found {
				t.Errorf("no line of the log holds %q:\n%s", row.log, &log)
			}
			if strings.Contains(log.String(), testKey) || strings.Contains(log.String(), "jdoe") {
				t.Errorf("the log holds %s", &log)
			}
		})
	}
}

// At the start the model is looked at, with the key in the header alone.
func TestCheck(t *testing.T) {
	for status, ok := range map[int]bool{200: true, 404: false, 403: false, 500: false} {
		var path string
		g, _, _ := fakeGemini(t, func(w http.ResponseWriter, r *http.Request) {
			path = r.Method + " " + r.RequestURI
			if r.Header.Get("X-Goog-Api-Key") != testKey {
				t.Error("no key")
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"name":"models/x"}`)
		})
		if err := g.Check(t.Context()); (err == nil) != ok {
			t.Errorf("%d: %v", status, err)
		}
		if path != "GET /v1beta/models/"+DefaultGeminiModel {
			t.Errorf("asked %s", path)
		}
	}
}

// Models that think more than it takes are told not to; others know no such thing.
func TestThinking(t *testing.T) {
	for model, want := range map[string]string{"gemini-3.8-flash": "LOW", "gemini-3.1-pro": "LOW",
		"gemini-4-argon": "LOW", "gemini-3.5-flash-lite": "", "gemini-2.5-flash": "", "llama3": "",
		"openai/gpt": ""} {
		if got := thinkingOf(model); got != want {
			t.Errorf("%s: %q", model, got)
		}
	}
}
