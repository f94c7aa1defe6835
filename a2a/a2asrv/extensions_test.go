package a2asrv_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
)

// A turn knows which extensions its message has activated, in whatever way, and the caller is told
// the same.
func TestExtensionsReachTheTurn(t *testing.T) {
	const one, two = "https://x.example/one", "https://x.example/two"
	text := `"parts":[{"text":"Which extensions?"}]`
	newer := `{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER",` + text + `%}}}`
	stream := strings.Replace(newer, "SendMessage", "SendStreamingMessage", 1)
	older := `{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"kind":"message","messageId":"m","role":"user",` +
		`"parts":[{"kind":"text","text":"Which extensions?"}]%}}}`
	rest := `{"message":{"messageId":"m","role":"ROLE_USER",` + text + `%}}`
	for name, c := range map[string]struct {
		path, body string
		header     []string
		inMessage  string
		want       string
	}{
		"none":       {"/", newer, nil, "", ""},
		"undeclared": {"/", newer, []string{"A2A-Extensions", two + "/v2"}, "", ""},
		"header":     {"/", newer, []string{"A2A-Extensions", one}, "", one},
		"both headers": {"/", newer, []string{"A2A-Extensions", two, "X-A2A-Extensions", one},
			"", two + ", " + one},
		"stream": {"/", stream, []string{"A2A-Extensions", one}, "", one},
		"0.3": {"/", older, []string{"X-A2A-Extensions", two + ", " + one}, "", two +
			", " + one},
		"0.3 in message":  {"/", older, nil, two, two},
		"HTTP+JSON":       {"/rest/message:send", rest, []string{"A2A-Extensions", one}, "", one},
		"message":         {"/", newer, nil, one, one},
		"header, message": {"/", newer, []string{"A2A-Extensions", two}, one, two + ", " + one},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAgent(t, func(c *a2asrv.Config) {
					c.Card.Capabilities.Extensions = []a2a.AgentExtension{{URI: one}, {URI: two}}
				})
				named := ""
				if c.inMessage != "" {
					named = `,"extensions":["https://x.example/unknown","` + c.inMessage + `"]`
				}
				r := post(strings.Replace(c.body, "%", named, 1), "bank", c.header...)
				r.URL.Path = c.path
				res, body := do(t, inMemory(t, a.server).client(t, false), r)
				if want := `"text":"` + strings.ReplaceAll(c.want, ", ", " ") +
					`"`; !strings.Contains(body, want) {
					t.Errorf("the turn does not say %s: %s", want, body)
				}
				if got := res.Header.Get("A2A-Extensions") + res.Header.Get(
					"X-A2A-Extensions"); got != c.want {
					t.Errorf("the caller is told of %q, want %q", got, c.want)
				}
			})
		})
	}
}
