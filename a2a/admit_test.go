package a2a

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestAdmit has each bound, met and exceeded by one.
func TestAdmit(t *testing.T) {
	say := func(parts ...Part) *SendMessageRequest {
		return &SendMessageRequest{Message: &Message{MessageID: "m", Role: RoleUser, Parts: parts}}
	}
	with := func(r *SendMessageRequest, change func(*SendMessageRequest)) *SendMessageRequest {
		change(r)
		return r
	}
	deep := func(n int) string {
		return strings.Repeat(`{"a":`, n-1) + `{}` + strings.Repeat("}", n-1)
	}
	data := func(text string) *SendMessageRequest { return say(DataPart(json.RawMessage(text))) }
	metadata := func(text string) *SendMessageRequest {
		return with(say(TextPart("x")), func(r *SendMessageRequest) {
			r.Message.Metadata = Struct(text)
		})
	}
	size := func(r *SendMessageRequest) int { return len(r.appendStored(nil)) }
	pad := func(bytes int) *SendMessageRequest { // takes exactly so many bytes
		const frame = `{"x":""}`
		bare := size(metadata(frame))
		return metadata(`{"x":"` + strings.Repeat("x", bytes-bare) + `"}`)
	}
	for _, c := range []struct {
		name   string
		req    *SendMessageRequest
		limits Limits
		field  string // "" for none
		large  bool
	}{
		{"a question", say(TextPart("Does jdoe@staff0.com work here?")), Limits{}, "", false},
		{"64 parts", say(slices.Repeat([]Part{TextPart("x")}, MaxParts)...), Limits{}, "", false},
		{"65 parts", say(slices.Repeat([]Part{TextPart("x")}, MaxParts+1)...), Limits{},
			"message.parts", true},
		{"16 KiB of text", say(TextPart(strings.Repeat("x", MaxText))), Limits{}, "", false},
		{"a byte more, in another part", say(TextPart(strings.Repeat("x", MaxText)), TextPart("x")),
			Limits{}, "message.parts", true},
		{"64 KiB", pad(MaxStored), Limits{}, "", false},
		{"a byte more", pad(MaxStored + 1), Limits{}, "message", true},
		{"text that grows when it is written", say(TextPart(strings.Repeat("\x01", 12<<10))),
			Limits{}, "message", true},
		{"bytes that grow when they are written",
			say(Part{Kind: PartRaw, Raw: make([]byte, 50<<10)}), Limits{}, "message", true},
		{"metadata beside the message", with(say(TextPart("x")), func(r *SendMessageRequest) {
			r.Metadata = Struct(`{"x":"` + strings.Repeat("x", MaxStored) + `"}`)
		}), Limits{}, "message", true},
		{"a webhook's address", with(say(TextPart("x")), func(r *SendMessageRequest) {
			r.Configuration = &SendMessageConfiguration{TaskPushNotificationConfig: &TaskPushNotificationConfig{
				URL:            strings.Repeat("x", MaxStored),
				Authentication: &AuthenticationInfo{Scheme: "s"},
			}}
		}), Limits{}, "message", true},
		{"all of a webhook, as it is written",
			with(say(TextPart("x")), func(r *SendMessageRequest) {
				r.Configuration = &SendMessageConfiguration{TaskPushNotificationConfig: &TaskPushNotificationConfig{
					URL: strings.Repeat("\x01", 6<<10), Token: strings.Repeat("\x01", 4<<10),
					Authentication: &AuthenticationInfo{Scheme: "s",
						Credentials: strings.Repeat("\x01", 2<<10)},
				}}
			}), Limits{}, "message", true},
		{"media types", with(say(TextPart("x")), func(r *SendMessageRequest) {
			r.Configuration = &SendMessageConfiguration{AcceptedOutputModes: slices.Repeat(
				[]string{"text/plain"}, 7000)}
		}), Limits{}, "message", true},
		{"names of extensions and tasks", with(say(TextPart("x")), func(r *SendMessageRequest) {
			r.Message.Extensions = slices.Repeat([]string{"https://e"}, 4000)
			r.Message.ReferenceTaskIDs = slices.Repeat([]TaskID{"t"}, 40000)
		}), Limits{}, "message", true},
		{"limits of one's own", say(TextPart("xx"), TextPart("")), Limits{Parts: 1},
			"message.parts", true},
		{"and for text", say(TextPart("xx")), Limits{Text: 1}, "message.parts", true},
		{"and for all", say(TextPart("xx")), Limits{Stored: 8}, "message", true},

		{"metadata 32 deep", metadata(deep(MaxValueDepth)), Limits{}, "", false},
		{"33 deep", metadata(deep(MaxValueDepth + 1)), Limits{}, "message.metadata", true},
		{"data 32 deep", data(deep(MaxValueDepth)), Limits{}, "", false},
		{"arrays 33 deep", data(strings.Repeat("[", 33) + strings.Repeat("]", 33)), Limits{},
			"message.parts.data", true},
		{"the largest number",
			metadata(`{"n":[1.7976931348623157e308,-0,1e-400,123456789012345678901234567890]}`),
			Limits{}, "", false},
		{"a number beyond float64", metadata(`{"n":1e400}`), Limits{}, "message.metadata", false},
		{"a negative one in data", data(`[-1e309]`), Limits{}, "message.parts.data", false},
		{"half of a surrogate pair", metadata(`{"s":"\ud800"}`), Limits{},
			"message.metadata", false},
		{"half a pair in a name", data(`{"\udc00":1}`), Limits{}, "message.parts.data", false},
		{"bytes that are not UTF-8", data("\"\xff\""), Limits{}, "message.parts.data", false},
		{"a member named twice", metadata(`{"a":1,"a":2}`), Limits{}, "message.metadata", false},
		{"a request's metadata", with(say(TextPart("x")), func(r *SendMessageRequest) {
			r.Metadata = Struct(`{"n":1e400}`)
		}), Limits{}, "metadata", false},
		{"a part's metadata", say(Part{Kind: PartText, Metadata: Struct(deep(33))}), Limits{},
			"message.parts.metadata", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.req.Admit(c.limits)
			var e *Error
			switch {
			case c.field == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &e) || !errors.Is(err, ErrInvalidParams):
				t.Errorf("got %v", err)
			case len(e.Violations) != 1 || e.Violations[0].Field != c.field:
				t.Errorf("got %v, want it to be about %s", err, c.field)
			case (e.Metadata["reason"] == ReasonTooLarge) != c.large:
				t.Errorf("%v has the metadata %v", err, e.Metadata)
			}
		})
	}
}

// A refusal says the bound.
func TestAdmitSaysTheBound(t *testing.T) {
	long := &SendMessageRequest{Message: &Message{Parts: []Part{TextPart(
		strings.Repeat("x", MaxText+1))}}}
	for want, limits := range map[string]Limits{"at most 16 KiB of text": {},
		"at most 100 bytes of text": {Text: 100}} {
		if err := long.Admit(limits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestWorkGrowsWithItsInput: what a peer sends much of costs in proportion to it.
func TestWorkGrowsWithItsInput(t *testing.T) {
	parts := func(n int) []Part { return slices.Repeat([]Part{TextPart("x")}, n) }
	linear(t, "the text of many parts", func(n int) { _ = (&Message{Parts: parts(n)}).Text() })
	linear(t, "an error with many violations", func(n int) {
		_ = (&Error{Err: ErrInvalidParams,
			Violations: slices.Repeat([]FieldViolation{{"field", "is wrong"}}, n)}).Error()
	})
	linear(t, "an object of many members with proto names", func(n int) {
		text := []byte(`{"task_id":"t"`)
		for i := range n {
			text = append(append(append(text, `,"a_`...), strconv.Itoa(i)...), `":1`...)
		}
		_ = Unmarshal(append(text, '}'), new(Message))
	})
}
