package a2asrv_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a/a2asrv"
)

// One client sends so many questions in a time and no more, whatever users it acts for and however
// it sends them; what is refused is not stored. Other clients do not feel it.
func TestQuestionsPerAsker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, func(c *a2asrv.Config) {
			c.QuestionsPerAsker = a2asrv.Rate{N: 3, Per: 30 * time.Second}
		})
		client := inMemory(t, a.server).client(t, false)
		n := 0
		ask := func(token, how string) (int, string, string) {
			n++
			message := fmt.Sprintf(
				`{"message":{"messageId":"m-%d","role":"ROLE_USER","parts":[{"text":"Answer now."}]}}`, n)
			body, path := message, "/rest/message:send"
			if how != "HTTP+JSON" {
				body, path = `{"jsonrpc":"2.0","id":1,"method":"`+how+`","params":`+message+`}`, "/"
			}
			if strings.Contains(how, "/") && how != "HTTP+JSON" {
				body = strings.ReplaceAll(strings.ReplaceAll(body, "ROLE_USER", "user"), `{"text"`,
					`{"kind":"text","text"`)
			}
			r := post(body, token)
			r.URL.Path = path
			res, answer := do(t, client, r)
			return res.StatusCode, res.Header.Get("Retry-After"), answer
		}
		stored := func(token string) string {
			_, list := do(t, client,
				post(`{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"pageSize":1}}`,
					token))
			return list[strings.Index(list, `"totalSize"`):]
		}
		for _, c := range []struct {
			after      time.Duration
			token, how string
			status     int
			retry      string
			text       string
		}{
			{0, "bank", "SendMessage", 200, "", "COMPLETED"},
			{0, "bank-for-alice", "SendStreamingMessage", 200, "", "COMPLETED"},
			{0, "bank-for-bob", "HTTP+JSON", 200, "", "COMPLETED"},
			{0, "bank", "SendMessage", 429, "10",
				`"error":{"code":-32000,"message":"Too many questions of yours`},
			{500 * time.Millisecond, "bank-for-alice", "HTTP+JSON", 429, "10",
				`{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"`},
			{0, "bank", "SendStreamingMessage", 429, "10", `"code":-32000`},
			{0, "bank", "message/send", 429, "10", `"code":-32000`},
			{0, "bank", "message/stream", 429, "10", `"code":-32000`},
			{0, "insurer", "SendMessage", 200, "", "COMPLETED"},
			{9500 * time.Millisecond, "bank", "message/send", 200, "", "completed"},
			{0, "bank", "SendMessage", 429, "10", `"code":-32000`},
			{time.Hour, "bank", "SendMessage", 200, "", "COMPLETED"},
			{0, "bank", "SendMessage", 200, "", "COMPLETED"},
			{0, "bank", "SendMessage", 200, "", "COMPLETED"},
			{0, "bank", "SendMessage", 429, "10", `"code":-32000`},
		} {
			time.Sleep(c.after)
			status, retry, answer := ask(c.token, c.how)
			if status != c.status || retry != c.retry || !strings.Contains(answer, c.text) {
				t.Errorf("question %d, %s by %s: %d, Retry-After %q: %s", n, c.how, c.token, status,
					retry, answer)
			}
		}
		if got := stored("bank"); !strings.HasPrefix(got, `"totalSize":5}`) {
			t.Errorf("stored: %s", got)
		}
		a.shutdown(t)
	})
}

func TestRates(t *testing.T) {
	for _, c := range []struct {
		rate   a2asrv.Rate
		passed int
		fault  bool
	}{
		{a2asrv.Rate{}, 600, false},
		{a2asrv.Rate{N: 1, Per: time.Hour}, 1, false},
		{a2asrv.Unlimited, 700, false},
		{a2asrv.Rate{N: 5}, 0, true},
		{a2asrv.Rate{Per: time.Second}, 0, true},
		{a2asrv.Rate{N: -2, Per: time.Second}, 0, true},
		{a2asrv.Rate{N: 5, Per: time.Nanosecond}, 0, true},
	} {
		t.Run(fmt.Sprint(c.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.fault {
					if _, err := a2asrv.New(a2asrv.Config{
						Card: testCard(), Engine: newAgent(t, nil).engine, Verifier: tokens{},
						Scope: testScope, QuestionsPerAsker: c.rate,
					}); err == nil {
						t.Error("it is taken")
					}
					return
				}
				a := newAgent(t, func(config *a2asrv.Config) { config.QuestionsPerAsker = c.rate })
				passed := 0
				for range cmp.Or(c.passed, 1) + 1 {
					w := serve(a.server, post(say("SendMessage", "Answer now."), ""))
					if w.Code == http.StatusTooManyRequests {
						break
					}
					passed++
				}
				if passed != c.passed && c.rate != a2asrv.Unlimited {
					t.Errorf("%d passed, want %d", passed, c.passed)
				} else if passed < c.passed {
					t.Errorf("%d passed", passed)
				}
				a.shutdown(t)
			})
		})
	}
}
