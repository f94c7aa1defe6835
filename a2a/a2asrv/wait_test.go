package a2asrv_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
)

// A blocking call that takes long sends a blank every few seconds, and then its JSON; status and header go with the first
// blank. A quick answer is not touched.
func TestABlockingCallIsKeptAlive(t *testing.T) {
	type way struct{ path, body, want string }
	message := `"messageId":"m","role":"ROLE_USER","parts":[{"text":%q}]`
	ways := map[string]way{
		"1.0": {"/", `{"jsonrpc":"2.0","id":7,"method":"SendMessage","params":{"message":{` +
			message + `}}}`, `{"jsonrpc":"2.0","id":7,"result":{"task":`},
		"0.3": {"/",
			`{"jsonrpc":"2.0","id":7,"method":"message/send","params":{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":%q}]},` +
				`"configuration":{"blocking":true}}}`,
			`{"jsonrpc":"2.0","id":7,"result":{"kind":"task",`},
		"HTTP+JSON": {"/rest/message:send", `{"message":{` + message + `}}`, `{"task":`},
	}
	for name, way := range ways {
		for _, c := range []struct {
			text   string
			every  time.Duration // as configured
			blanks []time.Duration
			answer time.Duration
		}{
			{"Answer now.", 0, nil, 0},
			{"Take 40 seconds.", 0, times(4*time.Second, 10),
				40*time.Second + 500*time.Millisecond},
			{"Take 40 seconds.", 15 * time.Second, times(15*time.Second, 2),
				40*time.Second + 500*time.Millisecond},
			{"Take 40 seconds.", time.Minute, nil, 40*time.Second + 500*time.Millisecond},
		} {
			t.Run(fmt.Sprintf("%s, %s, %v", name, c.text, c.every), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newAgent(t, func(config *a2asrv.Config) { config.KeepAlive = c.every })
					r := post(fmt.Sprintf(way.body, c.text), "")
					r.URL.Path = way.path
					start := time.Now()
					res, err := inMemory(t, a.server).client(t, false).Do(r)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					var blanks []time.Duration
					body := bufio.NewReader(res.Body)
					for {
						b, err := body.ReadByte()
						if err != nil || b != ' ' {
							break
						}
						blanks = append(blanks, time.Since(start))
					}
					_ = body.UnreadByte()
					rest, err := io.ReadAll(body)
					if err != nil {
						t.Fatal(err)
					}
					if fmt.Sprint(blanks) != fmt.Sprint(c.blanks) {
						t.Errorf("blanks at %v, want %v", blanks, c.blanks)
					}
					if took := time.Since(start); took != c.answer {
						t.Errorf("the answer came after %v, want %v", took, c.answer)
					}
					if !strings.HasPrefix(string(rest), way.want) ||
						!strings.Contains(strings.ToLower(string(rest)), "completed") ||
						!json.Valid(rest) {
						t.Errorf("the answer is %s", rest)
					}
					if res.StatusCode != http.StatusOK ||
						res.Header.Get("Content-Type") != "application/json" ||
						res.Header.Get("Cache-Control") != "no-store" {
						t.Errorf("status %d, header %v", res.StatusCode, res.Header)
					}
					if kept := res.Header.Get("X-Accel-Buffering") == "no"; kept != (len(c.blanks) > 0) || kept != (res.ContentLength < 0) {
						t.Errorf("header %v, length %d", res.Header, res.ContentLength)
					}
					a.shutdown(t)
				})
			})
		}
	}
}

// times are the first n multiples of d.
func times(d time.Duration, n int) (all []time.Duration) {
	for i := range n {
		all = append(all, time.Duration(i+1)*d)
	}
	return all
}

// What ends a wait is a task, whatever has been sent before: when the agent stops, and when the token has been expired
// for long, the task as it stands. A fault is an error of the binding, behind the blanks as well.
func TestHowWaitsEnd(t *testing.T) {
	for _, c := range []struct {
		name, token string
		happen      func(a *agent)
		after       time.Duration
		rpc, rest   string
	}{
		{"the agent stops at once", "", func(a *agent) {
			a.engine.Drain()
		}, time.Second, `"result":{"task":{`, `{"task":{`},
		{"the agent stops", "", func(a *agent) {
			a.engine.Drain()
		}, 10 * time.Second, `"result":{"task":{`, `{"task":{`},
		{"the token has expired", "short", func(*agent) {}, time.Minute + a2asrv.ExpiryGrace,
			`"result":{"task":{`, `{"task":{`},
		{"the store fails", "", func(a *agent) {
			a.store.full.Store(true)
		}, 10 * time.Second, `"error":{"code":-32603,`, `{"error":{"code":500,`},
	} {
		for path, want := range map[string]string{"/": c.rpc, "/rest/message:send": c.rest} {
			t.Run(c.name+" "+path, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newAgent(t, nil)
					id := a.ask() // AUTH_REQUIRED
					params := `{"message":{"messageId":"m-2","role":"ROLE_USER","taskId":"` + id +
						`","parts":[{"text":"And?"}]}}`
					r := post(`{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":`+params+`}`,
						c.token)
					if path != "/" {
						r = post(params, c.token)
						r.URL.Path = path
					}
					start := time.Now()
					time.AfterFunc(c.after, func() {
						c.happen(a)
						if a.store.full.Load() {
							_ = a.engine.Wake(context.Background(), a2a.TaskID(id), "approve")
						}
					})
					res, body := do(t, inMemory(t, a.server).client(t, false), r)
					answer := strings.TrimLeft(body, " ")
					if res.StatusCode != http.StatusOK || !strings.Contains(answer, want) ||
						!json.Valid([]byte(answer)) || strings.Contains(answer, "secret") {
						t.Errorf("%d %s", res.StatusCode, answer)
					}
					if blanks := len(body) - len(answer); blanks < int(
						(c.after-1)/a2asrv.KeepAlive) {
						t.Errorf("%d blanks", blanks)
					}
					if took := time.Since(start); took < c.after || took > c.after+10*time.Second {
						t.Errorf("it took %v", took)
					}
					a.store.full.Store(false)
					a.shutdown(t)
				})
			})
		}
	}
}

// A caller that has left without a word is noticed by a blank, and its call ends.
func TestBlanksToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, nil)
		start := time.Now()
		a.server.ServeHTTP(&deaf{httptest.NewRecorder(), start.Add(5 * time.Second)},
			post(say("SendMessage", "Take 40 seconds."), ""))
		if took := time.Since(start); took != 8*time.Second {
			t.Errorf("it took %v", took)
		}
		a.shutdown(t)
	})
}
