package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/readertest"
)

// TestReaders holds every entrance of this package to the table of all readers: the calls and
// answers of both versions and both bindings, webhooks, and cards.
func TestReaders(t *testing.T) {
	rpc := func(method, params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
	}
	// call reads a whole call and looks at the message of it.
	call := func(look func(*a2a.SendMessageRequest) string) func([]byte) (string, error) {
		return func(text []byte) (string, error) {
			req, err := Decode(text)
			if err != nil {
				return "", err
			}
			d, err := For("", req.Method)
			if err != nil {
				return "", err
			}
			p, err := d.SendMessage.DecodeParams(req.Params)
			if err != nil {
				return "", err
			}
			return look(p), nil
		}
	}
	contextOf := func(r *a2a.SendMessageRequest) string { return string(r.Message.ContextID) }
	none := func(*a2a.SendMessageRequest) string { return "" }
	const message = `"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]`
	const old = `"messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]`

	// event reads the event of a stream, an answer or a webhook.
	event := func(d *Dialect, decode func([]byte) (Response, error)) func([]byte) (string, error) {
		return func(text []byte) (string, error) {
			if decode != nil {
				res, err := decode(text)
				if err != nil {
					return "", err
				}
				text = res.Result
			}
			e, err := d.SubscribeToTask.DecodeResult(text)
			if err != nil {
				return "", err
			}
			switch e := e.(type) {
			case *a2a.TaskStatusUpdateEvent:
				return string(e.ContextID), nil
			case *a2a.Task:
				return string(e.ContextID), nil
			}
			return "", errors.New("no such event")
		}
	}
	card := func(look func(*a2a.AgentCard) string) func([]byte) (string, error) {
		return func(text []byte) (string, error) {
			card, err := UnmarshalCard(text)
			if err != nil {
				return "", err
			}
			return look(card), nil
		}
	}
	route := func(verb, path string, find func(json.RawMessage) (string, error)) func([]byte) (
		string, error) {
		return func(body []byte) (string, error) {
			r, _ := MatchRoute(verb, path)
			params, err := r.Params("", body)
			if err != nil {
				return "", err
			}
			return find(params)
		}
	}
	fault := func(e *a2a.Error) error {
		if e == nil || errors.Is(e, a2a.ErrInvalidAgentResponse) {
			return errors.New("not an error object")
		}
		return nil
	}
	object := func(text []byte) error {
		if !isObject(text) {
			return errors.New("not an object")
		}
		return nil
	}

	readertest.Run(t,
		readertest.Entrance{Name: "envelope",
			Text: `{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{` + message +
				`}}@}`, Read: call(none)},
		readertest.Entrance{Name: "1.0, message", Text: rpc("SendMessage", `{"message":{`+message+
			`@}}`), Member: "contextId", Proto: true, Read: call(contextOf)},
		readertest.Entrance{
			Name: "1.0, webhook", Text: rpc("SendMessage", `{"message":{`+message+
				`},"configuration":{"taskPushNotificationConfig":{"url":"u"@}}}`),
			Member: "taskId", Proto: true,
			Read: call(func(r *a2a.SendMessageRequest) string {
				return string(r.Configuration.TaskPushNotificationConfig.TaskID)
			}),
		},
		readertest.Entrance{Name: "1.0, metadata", Text: rpc("SendMessage", `{"message":{`+message+
			`,"metadata":{"a":1@}}}`), Read: call(none)},
		readertest.Entrance{Name: "1.0, data",
			Text: rpc("SendMessage",
				`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"data":{"a":1@}}]}}`),
			Read: call(none)},
		readertest.Entrance{Name: "0.3, message", Text: rpc("message/send", `{"message":{`+old+
			`@}}`), Member: "contextId", Proto: true, Read: call(contextOf)},
		readertest.Entrance{
			Name: "0.3, file",
			Text: rpc("message/send",
				`{"message":{"messageId":"m","role":"user","parts":[{"kind":"file","file":{"uri":"u"@}}]}}`),
			Member: "mimeType", Proto: true,
			Read: call(func(r *a2a.SendMessageRequest) string {
				return r.Message.Parts[0].MediaType
			}),
		},
		readertest.Entrance{Name: "0.3, params",
			Text: rpc("message/send", `{"message":{`+old+`}@}`), Read: call(none)},
		readertest.Entrance{Name: "0.3, metadata", Text: rpc("message/send", `{"message":{`+old+
			`,"metadata":{"a":1@}}}`), Read: call(none)},

		readertest.Entrance{
			Name: "HTTP+JSON, body", Text: `{"message":{` + message + `@}}`, Member: "contextId",
			Proto: true,
			Read: route(http.MethodPost, "/message:send",
				func(params json.RawMessage) (string, error) {
					p, err := V10.SendMessage.DecodeParams(params)
					if err != nil {
						return "", err
					}
					return contextOf(p), nil
				}),
		},
		readertest.Entrance{
			Name: "HTTP+JSON, body beside a path", Text: `{"url":"u"@}`,
			Read: route(http.MethodPost, "/tasks/t/pushNotificationConfigs",
				func(params json.RawMessage) (string, error) {
					_, err := V10.CreateTaskPushNotificationConfig.DecodeParams(params)
					return "", err
				}),
		},

		readertest.Entrance{Name: "1.0, event of a stream",
			Text:   `{"jsonrpc":"2.0","id":1,"result":{"statusUpdate":{"taskId":"t"@}}}`,
			Member: "contextId", Proto: true, Read: event(V10, DecodeResponse)},
		readertest.Entrance{Name: "1.0, answer",
			Text: `{"jsonrpc":"2.0","id":1,"result":{"task":{"id":"t"}}@}`,
			Read: event(V10, DecodeResponse)},
		readertest.Entrance{Name: "HTTP+JSON, event", Text: `{"statusUpdate":{"taskId":"t"@}}`,
			Member: "contextId", Proto: true, Read: event(V10, DecodeBare)},
		readertest.Entrance{Name: "1.0, webhook's body", Text: `{"task":{"id":"t"@}}`,
			Member: "contextId", Proto: true, Read: event(V10, nil)},
		readertest.Entrance{Name: "0.3, event of a stream",
			Text: `{"jsonrpc":"2.0","id":1,"result":{"kind":"status-update","taskId":"t","status":{"state":"working"}@}}`, Member: "contextId", Proto: true, Read: event(V03, DecodeResponse)},
		readertest.Entrance{Name: "0.3, webhook's body",
			Text: `{"kind":"task","id":"t","status":{"state":"working"}@}`, Member: "contextId",
			Proto: true, Read: event(V03, nil)},

		readertest.Entrance{
			Name: "card", BOM: true, Text: `{"name":"n","url":"u"@}`, Member: "documentationUrl",
			Proto: true,
			Read:  card(func(c *a2a.AgentCard) string { return c.DocumentationURL }),
		},
		readertest.Entrance{
			Name: "interface of a card", BOM: true, Text: `{"supportedInterfaces":[{"url":"u"@}]}`,
			Member: "protocolBinding", Proto: true,
			Read: card(func(c *a2a.AgentCard) string {
				return c.SupportedInterfaces[0].ProtocolBinding
			}),
		},
		readertest.Entrance{
			Name: "scheme of a card", BOM: true,
			Text:   `{"url":"u","securitySchemes":{"my_scheme":{"openIdConnectSecurityScheme":{"description":"d"@}}}}`,
			Member: "openIdConnectUrl", Proto: true,
			Read: card(func(c *a2a.AgentCard) string {
				return c.SecuritySchemes["my_scheme"].OpenIDConnect.OpenIDConnectURL
			}),
		},
		readertest.Entrance{
			Name: "requirement of a card", BOM: true,
			Text: `{"url":"u","securityRequirements":[{"schemes":{"s":{"list":[]@}}}]}`,
			Read: card(func(*a2a.AgentCard) string { return "" }),
		},
		readertest.Entrance{
			Name: "error object", Text: `{"code":-32603@}`, Member: "message",
			Read: func(text []byte) (string, error) {
				e := DecodeError(text)
				return e.Message, fault(e)
			},
		},
		readertest.Entrance{
			Name: "error of HTTP+JSON", Text: `{"code":500@}`, Member: "message",
			Read: func(text []byte) (string, error) {
				e := DecodeStatus(text, 500)
				if err := errors.Join(fault(e), object(text)); err != nil {
					return "", err
				}
				return e.Message, nil
			},
		},
	)
}

// TestRolesWithEscapes: an enumeration is the text that its escapes mean.
func TestRolesWithEscapes(t *testing.T) {
	p, err := V10.SendMessage.DecodeParams(
		json.RawMessage(
			`{"message":{"messageId":"m","role":"ROLE\u005fUSER","parts":[{"text":"x"}]}}`))
	if err != nil || p.Message.Role != a2a.RoleUser {
		t.Errorf("%+v, %v", p, err)
	}
}

// manyParts is a call with a message of so many parts of one letter.
func manyParts(n int, method, role, part string) []byte {
	return []byte(`{"jsonrpc":"2.0","id":1,"method":"` + method +
		`","params":{"message":{"messageId":"m","role":"` + role + `","parts":[` +
		strings.Repeat(part+",", n-1) + part + `]}}}`)
}

// readMany reads such a call as a server does.
func readMany(body []byte) error {
	req, err := Decode(body)
	if err != nil {
		return err
	}
	d, err := For("", req.Method)
	if err != nil {
		return err
	}
	p, err := d.SendMessage.DecodeParams(req.Params)
	if err != nil {
		return err
	}
	return p.Admit(a2a.Limits{})
}

// TestManyPartsAreRefused: what is far too large is refused by its length, and what has a little
// too many parts by their number.
func TestManyPartsAreRefused(t *testing.T) {
	for _, c := range []struct {
		n                  int
		method, role, part string
		field              string
	}{
		{a2a.MaxParts, "SendMessage", "ROLE_USER", `{"text":"x"}`, ""},
		{a2a.MaxParts, "message/send", "user", `{"kind":"text","text":"x"}`, ""},
		{a2a.MaxParts + 1, "SendMessage", "ROLE_USER", `{"text":"x"}`, "message.parts"},
		{a2a.MaxParts + 1, "message/send", "user", `{"kind":"text","text":"x"}`, "message.parts"},
		{70_000, "SendMessage", "ROLE_USER", `{"text":"x"}`, "params"},
		{40_000, "message/send", "user", `{"kind":"text","text":"x"}`, "params"},
	} {
		err := readMany(manyParts(c.n, c.method, c.role, c.part))
		var e *a2a.Error
		switch {
		case c.field == "":
			if err != nil {
				t.Errorf("%d parts by %s: %v", c.n, c.method, err)
			}
		case !errors.As(err, &e) || e.Violations[0].Field != c.field ||
			e.Metadata["reason"] != a2a.ReasonTooLarge:
			t.Errorf("%d parts by %s: %v", c.n, c.method, err)
		}
	}
}

// BenchmarkManyParts is what refusing a message of 70,000 parts costs, and one as large as is read.
func BenchmarkManyParts(b *testing.B) {
	for name, body := range map[string][]byte{
		"70000":       manyParts(70_000, "SendMessage", "ROLE_USER", `{"text":"x"}`),
		"20000":       manyParts(20_000, "SendMessage", "ROLE_USER", `{"text":"x"}`),
		"9000 in 0.3": manyParts(9_000, "message/send", "user", `{"kind":"text","text":"x"}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if readMany(body) == nil {
					b.Fatal("admitted")
				}
			}
		})
	}
}
