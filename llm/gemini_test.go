package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const testKey = "AQ.test-key-that-must-not-be-printed"

// foreign is a text that the rules ask back about and a model may settle.
const foreign = "Werkt jdoe@staff0.com bij Staff0?"

func goodAnswer(finish string) string {
	return `{"candidates":[{"content":{"role":"model","parts":[{"text":"thinking","thought":true},{"functionCall":{"name":"read_question","args":{"topic":"employment","person":"P1"},"id":"x1"},"thoughtSignature":"c2ln"}]},"finishReason":"` + finish + `"}],"modelVersion":"gemini-3.5-flash-lite-001","grease":[1]}`
}

// fakeGemini plays one answer and keeps the requests.
func fakeGemini(t *testing.T, h http.HandlerFunc) (*Gemini, *atomic.Int32, *bytes.Buffer) {
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	var log bytes.Buffer
	g, err := NewGemini(GeminiConfig{APIKey: testKey + "\n", BaseURL: srv.URL,
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return g, &calls, &log
}

func TestGeminiRequest(t *testing.T) {
	var path, key, query string
	var body []byte
	g, _, log := fakeGemini(t, func(w http.ResponseWriter, r *http.Request) {
		path, query, key = r.URL.Path, r.URL.RawQuery, r.Header.Get("x-goog-api-key")
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, goodAnswer("STOP"))
	})
	r := newReader()
	r.Model = g
	if q := r.Read(t.Context(), []string{foreign}); q.Outcome != Answerable ||
		q.Person != "jdoe@staff0.com" {
		t.Fatalf("%+v", q)
	}
	if path != "/v1beta/models/gemini-3.5-flash-lite:generateContent" || query != "" ||
		key != testKey {
		t.Errorf("path %q, query %q, trimmed key %t", path, query, key == testKey)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"contents", "systemInstruction", "tools", "toolConfig",
		"generationConfig"} {
		if top[member] == nil {
			t.Errorf("no %s", member)
		}
		delete(top, member)
	}
	if len(top) != 0 {
		t.Errorf("members nobody asked for: %v", top)
	}
	for _, want := range []string{`"mode":"ANY"`, `"allowedFunctionNames":["read_question"]`,
		`"parametersJsonSchema":{`, `"generationConfig":{"maxOutputTokens":4096}`,
		`"role":"user"`} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("the request lacks %s", want)
		}
	}
	for _, never := range []string{"temperature", "topP", "topK", "thinkingBudget", "jdoe",
		testKey} {
		if bytes.Contains(body, []byte(never)) {
			t.Errorf("the request holds %s", never)
		}
	}
	if !strings.Contains(log.String(), "model_version=gemini-3.5-flash-lite-001") {
		t.Errorf("log %q", log)
	}
}

func TestGeminiFaultsLeaveTheRulesAnswer(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	apiError := func(code int, status, details string) http.HandlerFunc {
		return answer(code,
			fmt.Sprintf(`{"error":{"code":%d,"message":"key %s","status":%q,"details":[%s]}}`, code,
				testKey, status, details))
	}
	parts := func(p string) http.HandlerFunc {
		return answer(200, `{"candidates":[{"content":{"parts":[`+p+`]},"finishReason":"STOP"}]}`)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("redirect followed: %v", r.Header)
	}))
	defer elsewhere.Close()
	faults := map[string]struct {
		h    http.HandlerFunc
		want error
	}{
		"429 daily quota": {apiError(429, "RESOURCE_EXHAUSTED",
			`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"22s"}`), ErrModelUnavailable},
		"429 RetryInfo": {apiError(429, "RESOURCE_EXHAUSTED",
			`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}`),
			ErrModelUnavailable},
		"429 Retry-After": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		}, ErrModelUnavailable},
		"429 HTML": {answer(429, "<html>slow down"), ErrModelUnavailable},
		"400 key invalid": {apiError(400, "INVALID_ARGUMENT", `{"reason":"API_KEY_INVALID"}`),
			ErrModelConfiguration},
		"403 leaked": {apiError(403, "PERMISSION_DENIED", ""), ErrModelConfiguration},
		"401":        {apiError(401, "UNAUTHENTICATED", ""), ErrModelConfiguration},
		"404 model":  {apiError(404, "NOT_FOUND", ""), ErrModelConfiguration},
		"408":        {answer(408, ""), ErrModelUnavailable},
		"499":        {answer(499, ""), ErrModelUnavailable},
		"500":        {apiError(500, "INTERNAL", ""), ErrModelUnavailable},
		"502 HTML":   {answer(502, "<html>"), ErrModelUnavailable},
		"503":        {apiError(503, "UNAVAILABLE", ""), ErrModelUnavailable},
		"504":        {apiError(504, "DEADLINE_EXCEEDED", ""), ErrModelUnavailable},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, ErrModelUnavailable},
		"HTML":            {answer(200, "<html>hello"), ErrModelAnswer},
		"empty body":      {answer(200, ""), ErrModelAnswer},
		"array around it": {answer(200, `[`+goodAnswer("STOP")+`]`), ErrModelAnswer},
		"JSON cut off":    {answer(200, goodAnswer("STOP")[:120]), ErrModelAnswer},
		"null":            {answer(200, "null"), ErrModelAnswer},
		"no candidates":   {answer(200, `{}`), ErrModelAnswer},
		"empty candidate": {answer(200, `{"candidates":[{}]}`), ErrModelAnswer},
		"empty content": {answer(200, `{"candidates":[{"content":{},"finishReason":"STOP"}]}`),
			ErrModelAnswer},
		"parts null": {answer(200,
			`{"candidates":[{"content":{"parts":null},"finishReason":"STOP"}]}`), ErrModelAnswer},
		"no parts":  {parts(``), ErrModelAnswer},
		"text only": {parts(`{"text":"{\"topic\":\"employment\"}"}`), ErrModelAnswer},
		"undeclared call": {parts(
			`{"functionCall":{"name":"is_active_employee","args":{"topic":"employment"}}}`),
			ErrModelAnswer},
		"two calls": {parts(
			`{"functionCall":{"name":"read_question","args":{"topic":"employment"}}},{"functionCall":{"name":"read_question","args":{"topic":"other"}}}`), ErrModelAnswer},
		"name missing": {parts(`{"functionCall":{"args":{"topic":"employment"}}}`), ErrModelAnswer},
		"100 MB": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte(" "), 1<<20)
			for range 100 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, ErrModelAnswer},
		"cut connection": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "{")
		}, ErrModelUnavailable},
		// What decodes but says nothing that can be used.
		"arguments missing": {parts(`{"functionCall":{"name":"read_question"}}`), ErrModelAnswer},
		"arguments a string": {parts(`{"functionCall":{"name":"read_question","args":"ours"}}`),
			ErrModelAnswer},
		"arguments wrong type": {parts(
			`{"functionCall":{"name":"read_question","args":{"ours":"yes","__proto__":{"topic":"employment"}}}}`), nil},
		"arguments of 100 kB": {parts(
			`{"functionCall":{"name":"read_question","args":{"topic":"employment","x":"` +
				strings.Repeat("y", 100<<10) + `"}}}`), nil},
	}
	for _, reason := range []string{"MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST",
		"PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL",
		"MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "OTHER",
		"FINISH_REASON_UNSPECIFIED", "IMAGE_SAFETY", "NO_IMAGE", "NEW_REASON"} {
		faults["finish "+reason] = struct {
			h    http.HandlerFunc
			want error
		}{answer(200, goodAnswer(reason)), ErrModelAnswer}
	}
	for _, reason := range []string{"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT",
		"IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK", "NEW_REASON"} {
		faults["blocked "+reason] = struct {
			h    http.HandlerFunc
			want error
		}{answer(200, `{"promptFeedback":{"blockReason":"`+reason+`"}}`), ErrModelAnswer}
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			g, calls, _ := fakeGemini(t, f.h)
			_, err := g.Call(t.Context(), &Request{System: "s", Text: "t", Tool: readTool})
			if !errors.Is(err, f.want) {
				t.Errorf("error %v, want %v", err, f.want)
			}
			if err != nil && strings.Contains(err.Error(), testKey) {
				t.Error("the key is in the error")
			}
			calls.Store(0)
			var log bytes.Buffer
			r := newReader()
			r.Model, r.Log = g, slog.New(slog.NewTextHandler(&log, nil))
			if q := r.Read(t.Context(), []string{foreign}); q.Outcome != AskWhat {
				t.Errorf("%+v", q)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d attempts", n)
			}
			if strings.Contains(log.String(), testKey) || strings.Contains(log.String(), "jdoe") {
				t.Errorf("log %s", &log)
			}
			if q := r.Read(t.Context(),
				[]string{"Does John Doe (jdoe@staff0.com) " +
					"work here?"}); q.Person != "jdoe@staff0.com" || q.Name != "John Doe" {
				t.Errorf("%+v", q)
			}
		})
	}
}

func TestGeminiTakesAnswersOfLocalServers(t *testing.T) {
	g, _, _ := fakeGemini(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w,
			`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"read_question","args":{"topic":"employment"}}}]}}]}`)
	})
	call, err := g.Call(t.Context(), &Request{Tool: readTool})
	if err != nil || call.Name != "read_question" ||
		string(call.Arguments) != `{"topic":"employment"}` {
		t.Errorf("%+v, %v", call, err)
	}
}

// roundTripper answers in the bubble: real sockets would not let its clock run.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSlowModelIsLeftAfterAFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		g, err := NewGemini(GeminiConfig{APIKey: testKey,
			HTTPClient: &http.Client{Transport: silent, Timeout: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		r := newReader()
		r.Model = g
		start := time.Now()
		if q := r.Read(t.Context(), []string{foreign}); q.Outcome != AskWhat {
			t.Errorf("%+v", q)
		}
		if took := time.Since(start); took != modelTimeout {
			t.Errorf("left after %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start = time.Now()
		if q := r.Read(ctx, []string{foreign}); q.Outcome != AskWhat || time.Since(start) != 0 {
			t.Errorf("%+v after %v", q, time.Since(start))
		}
	})
}

func TestSlowDripEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drip := roundTripper(func(r *http.Request) (*http.Response, error) {
			pr, pw := io.Pipe()
			go func() {
				defer pw.Close()
				for range 100 {
					select {
					case <-r.Context().Done():
						pw.CloseWithError(r.Context().Err())
						return
					case <-time.After(time.Second):
						pw.Write([]byte(" "))
					}
				}
			}()
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr, Request: r}, nil
		})
		g, _ := NewGemini(GeminiConfig{APIKey: testKey, HTTPClient: &http.Client{Transport: drip}})
		r := newReader()
		r.Model = g
		start := time.Now()
		if q := r.Read(t.Context(), []string{foreign}); q.Outcome != AskWhat ||
			time.Since(start) > modelTimeout {
			t.Errorf("%+v after %v", q, time.Since(start))
		}
	})
}

func TestGeminiConfiguration(t *testing.T) {
	for _, c := range []struct {
		name string
		c    GeminiConfig
		ok   bool
	}{
		{"a key with the old prefix", GeminiConfig{APIKey: "AIzaX"}, true},
		{"a key with the new prefix and a newline", GeminiConfig{APIKey: " AQ.x\n"}, true},
		{"no key", GeminiConfig{APIKey: " \n"}, false},
		{"two keys", GeminiConfig{APIKey: "a b"}, false},
		{"a gateway on loopback", GeminiConfig{APIKey: "k", BaseURL: "http://127.0.0.1:9379/genai"},
			true},
		{"plain http elsewhere", GeminiConfig{APIKey: "k", BaseURL: "http://gemini.example"},
			false},
		{"a base URL with a query",
			GeminiConfig{APIKey: "k", BaseURL: "https://gemini.example/?key=1"}, false},
		{"a base URL without a host", GeminiConfig{APIKey: "k", BaseURL: "gemini.example"}, false},
		{"a base URL with a user", GeminiConfig{APIKey: "k", BaseURL: "https://u:p@gemini.example"},
			false},
	} {
		g, err := NewGemini(c.c)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if g != nil && strings.TrimSpace(c.c.APIKey) != "k" &&
			strings.Contains(fmt.Sprintf("%v %+v %#v %s", g, g, g, g),
				strings.TrimSpace(c.c.APIKey)) {
			t.Errorf("%s: the key is printed", c.name)
		}
	}
}
