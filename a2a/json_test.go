package a2a

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// full is a task with everything in it, and the texts that JSON must escape.
func full() *Task {
	at := time.Date(2026, 10, 1, 9, 15, 2, 120_000_000, time.UTC)
	hard := "\"\\/\b\f\n\r\t\x00\x1f\x7f <&> é 号 😀 \u2028\u2029"
	message := &Message{
		MessageID: "m", ContextID: "c", TaskID: "t", Role: RoleUser,
		Extensions: []string{"https://e", hard}, ReferenceTaskIDs: []TaskID{"r", "s"},
		Metadata: Struct(`{"k":[1,2.50,null,"x"]}`),
		Parts: []Part{
			TextPart(hard), TextPart(""), {Kind: PartRaw, Raw: []byte{0xff, 0xfe, 0},
				Filename: hard, MediaType: "a/b"}, {Kind: PartRaw, Raw: []byte{}},
			{Kind: PartURL, URL: "https://x?a=1&b=2", Metadata: Struct(`{"z":{}}`)},
			DataPart(json.RawMessage(`{"n":1e400}`)),
			{Kind: PartData, Data: json.RawMessage(`null`)},
		},
	}
	return &Task{
		ID: "t", ContextID: "c", Status: TaskStatus{State: TaskStateAuthRequired, Message: message,
			Timestamp: at}, History: []*Message{message, {MessageID: "n", Role: RoleAgent}},
		Artifacts: []*Artifact{{ArtifactID: "a", Name: "n", Description: hard, Parts: message.Parts,
			Metadata: Struct(`{"m":1}`), Extensions: []string{"e"}}, {ArtifactID: "b"}},
		Metadata: Struct(`{}`),
	}
}

// TestEncodersAgainstEncodingJSON holds the encoders to encoding/json over the tags of the same
// types. The copies have no methods, so that encoding/json writes them by itself; only the
// enumerations, times and parts are spelled out.
func TestEncodersAgainstEncodingJSON(t *testing.T) {
	task := full()
	for name, c := range map[string]struct{ got, want []byte }{
		"task": {task.AppendJSON(nil), oracle(t, plainTask(task))},
		"message": {task.Status.Message.AppendJSON(nil),
			oracle(t, plainMessage(task.Status.Message))},
		"status event": {
			(&TaskStatusUpdateEvent{TaskID: "t", Status: TaskStatus{State: TaskStateWorking},
				Metadata: Struct(`{"a":1}`)}).AppendJSON(nil),
			[]byte(`{"taskId":"t","contextId":"","status":{"state":"TASK_STATE_WORKING"},"metadata":{"a":1}}`),
		},
		"artifact event": {
			(&TaskArtifactUpdateEvent{TaskID: "t", ContextID: "c",
				Artifact: &Artifact{ArtifactID: "a"}, Append: true, LastChunk: true,
				Metadata: Struct(`{"a":1}`)}).AppendJSON(nil),
			[]byte(`{"taskId":"t","contextId":"c","artifact":{"artifactId":"a","parts":[]},"append":true,"lastChunk":true,"metadata":{"a":1}}`),
		},
		"page": {
			(&ListTasksResponse{Tasks: []*Task{{ID: "a"}, {ID: "b"}}, NextPageToken: "n",
				PageSize: 2, TotalSize: 9}).AppendJSON(nil),
			[]byte(`{"tasks":[{"id":"a","status":{"state":"TASK_STATE_UNSPECIFIED"}},{"id":"b","status":{"state":"TASK_STATE_UNSPECIFIED"}}],"nextPageToken":"n","pageSize":2,"totalSize":9}`),
		},
		"empty page": {(&ListTasksResponse{}).AppendJSON(nil),
			[]byte(`{"tasks":[],"nextPageToken":"","pageSize":0,"totalSize":0}`)},
		"a part of no kind": {(&Part{Filename: "f"}).AppendJSON(nil),
			[]byte(`{"filename":"f"}`)},
		"data without a value": {(&Part{Kind: PartData}).AppendJSON(nil), []byte(`{"data":null}`)},
		"list request": {
			oracle(t, &ListTasksRequest{ContextID: "c", Status: TaskStateWorking,
				StatusTimestampAfter: time.Date(2026, 10, 1, 2, 0, 0, 0,
					time.FixedZone("x", 7200))}),
			[]byte(`{"contextId":"c","status":"TASK_STATE_WORKING","statusTimestampAfter":"2026-10-01T00:00:00.000Z"}`),
		},
		"empty list request": {oracle(t, &ListTasksRequest{}), []byte(`{}`)},
	} {
		if !json.Valid(c.got) {
			t.Errorf("%s: not JSON: %s", name, c.got)
			continue
		}
		var got, want any
		if err := errors.Join(numbers(c.got, &got), numbers(c.want, &want)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, c.got, c.want)
		}
	}
}

func numbers(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

func oracle(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type members = map[string]any

// set adds what the tags call omitempty.
func set(o members, name string, value any, there bool) {
	if there {
		o[name] = value
	}
}

func plainTask(t *Task) members {
	o := members{"id": t.ID, "status": plainStatus(&t.Status)}
	set(o, "contextId", t.ContextID, t.ContextID != "")
	set(o, "metadata", json.RawMessage(t.Metadata), len(t.Metadata) > 0)
	var artifacts, history []any
	for _, a := range t.Artifacts {
		p := members{"artifactId": a.ArtifactID, "parts": plainParts(a.Parts)}
		set(p, "name", a.Name, a.Name != "")
		set(p, "description", a.Description, a.Description != "")
		set(p, "metadata", json.RawMessage(a.Metadata), len(a.Metadata) > 0)
		set(p, "extensions", a.Extensions, len(a.Extensions) > 0)
		artifacts = append(artifacts, p)
	}
	for _, m := range t.History {
		history = append(history, plainMessage(m))
	}
	set(o, "artifacts", artifacts, len(artifacts) > 0)
	set(o, "history", history, len(history) > 0)
	return o
}

func plainStatus(s *TaskStatus) members {
	o := members{"state": s.State.String()}
	set(o, "timestamp", s.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z"), !s.Timestamp.IsZero())
	if s.Message != nil {
		o["message"] = plainMessage(s.Message)
	}
	return o
}

func plainMessage(m *Message) members {
	o := members{"messageId": m.MessageID, "role": m.Role.String(), "parts": plainParts(m.Parts)}
	set(o, "contextId", m.ContextID, m.ContextID != "")
	set(o, "taskId", m.TaskID, m.TaskID != "")
	set(o, "metadata", json.RawMessage(m.Metadata), len(m.Metadata) > 0)
	set(o, "extensions", m.Extensions, len(m.Extensions) > 0)
	set(o, "referenceTaskIds", m.ReferenceTaskIDs, len(m.ReferenceTaskIDs) > 0)
	return o
}

func plainParts(parts []Part) []any {
	out := []any{}
	for _, p := range parts {
		o := members{}
		set(o, "text", p.Text, p.Kind == PartText)
		set(o, "raw", p.Raw, p.Kind == PartRaw)
		set(o, "url", p.URL, p.Kind == PartURL)
		set(o, "data", p.Data, p.Kind == PartData)
		set(o, "metadata", json.RawMessage(p.Metadata), len(p.Metadata) > 0)
		set(o, "filename", p.Filename, p.Filename != "")
		set(o, "mediaType", p.MediaType, p.MediaType != "")
		out = append(out, o)
	}
	return out
}

// Every noun reads back as it was written, by itself and as a member of something that
// encoding/json writes.
func TestNounsThereAndBack(t *testing.T) {
	task := full()
	n, yes := int32(3), true
	after := time.Date(2026, 10, 1, 0, 0, 0, 5_000_000, time.UTC)
	push := &TaskPushNotificationConfig{Tenant: "t", ID: "i", TaskID: "t", URL: "u", Token: "k",
		Authentication: &AuthenticationInfo{Scheme: "s", Credentials: "c"}}
	for _, have := range []any{
		task, task.Status.Message, task.Artifacts[0], &task.Status, &task.Status.Message.Parts[0],
		&ListTasksResponse{Tasks: []*Task{task}, NextPageToken: "x", PageSize: 1, TotalSize: 2},
		&TaskStatusUpdateEvent{TaskID: "t", ContextID: "c", Status: task.Status,
			Metadata: Struct(`{"a":1}`)},
		&TaskArtifactUpdateEvent{TaskID: "t", ContextID: "c", Artifact: task.Artifacts[0],
			Append: true, LastChunk: true, Metadata: Struct(`{"a":1}`)},
		&SendMessageRequest{Tenant: "t", Message: task.Status.Message, Metadata: Struct(`{"a":1}`),
			Configuration: &SendMessageConfiguration{
				AcceptedOutputModes: []string{"a", "b"}, TaskPushNotificationConfig: push,
				HistoryLength: &n, ReturnImmediately: true,
			}},
		&GetTaskRequest{Tenant: "t", ID: "i", HistoryLength: &n},
		&ListTasksRequest{Tenant: "t", ContextID: "c", Status: TaskStateFailed, PageSize: &n,
			PageToken: "p", HistoryLength: &n, StatusTimestampAfter: after, IncludeArtifacts: &yes},
		&CancelTaskRequest{Tenant: "t", ID: "i", Metadata: Struct(`{"a":1}`)},
		&SubscribeToTaskRequest{Tenant: "t", ID: "i"}, push,
		&GetTaskPushNotificationConfigRequest{Tenant: "t", TaskID: "x", ID: "i"},
		&DeleteTaskPushNotificationConfigRequest{Tenant: "t", TaskID: "x", ID: "i"},
		&ListTaskPushNotificationConfigsRequest{Tenant: "t", TaskID: "x", PageSize: &n,
			PageToken: "p"},
		&ListTaskPushNotificationConfigsResponse{Configs: []*TaskPushNotificationConfig{push},
			NextPageToken: "n"}, &GetExtendedAgentCardRequest{Tenant: "t"},
	} {
		text := oracle(t, have)
		got := reflect.New(reflect.TypeOf(have).Elem())
		// What was there before must not shine through.
		if err := Unmarshal(text, got.Interface()); err != nil {
			t.Errorf("%T: %v", have, err)
			continue
		}
		if err := Unmarshal(text, got.Interface()); err != nil ||
			!reflect.DeepEqual(got.Interface(), have) {
			t.Errorf("%T:\ngot  %+v\nwant %+v\n%v", have, got.Interface(), have, err)
		}
		// What encoding/json would read in its own way has a method for it.
		if _, own := have.(json.Marshaler); own {
			if err := json.Unmarshal(text, got.Interface()); err != nil ||
				!reflect.DeepEqual(got.Interface(), have) {
				t.Errorf("%T by encoding/json: %+v, %v", have, got.Interface(), err)
			}
		}
	}
}

func TestEvents(t *testing.T) {
	task := full()
	for member, event := range map[string]Event{
		"task": task, "message": task.Status.Message,
		"statusUpdate":   &TaskStatusUpdateEvent{TaskID: "t", Status: task.Status},
		"artifactUpdate": &TaskArtifactUpdateEvent{TaskID: "t", Artifact: task.Artifacts[1]},
	} {
		text := AppendEvent(nil, event)
		if !strings.HasPrefix(string(text), `{"`+member+`":{`) || !json.Valid(text) {
			t.Errorf("%T: %s", event, text)
		}
		if got, err := UnmarshalEvent(text); err != nil || !reflect.DeepEqual(got, event) {
			t.Errorf("%T: %+v, %v", event, got, err)
		}
	}
	if got, err := UnmarshalEvent(
		[]byte(`{"task":null,"future":{"x":["}"]},"message":{"message_id":"m"}}`)); err != nil ||
		!reflect.DeepEqual(got, &Message{MessageID: "m"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{`{}`, `null`, `[]`, `{"task":{},"message":{}}`,
		`{"statusUpdate":[]}`, `{"artifactUpdate":{}}`, `{"task":{"id":1}}`, `{"task":{}} x`} {
		if got, err := UnmarshalEvent([]byte(bad)); err == nil {
			t.Errorf("%s gave %+v", bad, got)
		}
	}
}

// TestReader has the kindnesses of ProtoJSON and their limits.
func TestReader(t *testing.T) {
	for _, c := range []struct{ have, want string }{
		{`{"messageId":"m","role":1,"parts":[]}`,
			`{"messageId":"m","role":"ROLE_USER","parts":[]}`},
		{`{"message_id":"m","reference_task_ids":["a"],"role":"ROLE_AGENT"}`,
			`{"messageId":"m","role":"ROLE_AGENT","parts":[],"referenceTaskIds":["a"]}`},
		{`{"m\u0065ssageId":"m"}`, `{"messageId":"m","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"MessageId":"m","messageid":"m","_message_id":"m"}`,
			`{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"` + strings.Repeat("x_", 40) + `":1}`,
			`{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"messageId":"\u00e9\ud83d\ude00\u0041\/\b\f"}`,
			`{"messageId":"é😀A/\u0008\u000c","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"role":"ROLE_OTHER"}`, `{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"role":7}`, `{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"role":-1}`, `{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{`{"role":null,"parts":null,"metadata":null,"messageId":null,"extensions":null}`,
			`{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[]}`},
		{"{ \"parts\" :\n[ {\"raw\":\"_-8\"} ,{\"data\": [ 1 , { } ] } " +
			",\t{\"text\":\"a\",\"raw\":null,\"url\":null,\"data\":null}, {\"data\":null}] }",
			`{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[{"raw":"/+8="},{"data":[1,{}]},{"text":"a"},{"data":null}]}`},
	} {
		var m Message
		if err := Unmarshal([]byte(c.have), &m); err != nil {
			t.Errorf("%s: %v", c.have, err)
			continue
		}
		if got := string(m.AppendJSON(nil)); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.have, got, c.want)
		}
	}
	var null Message
	if err := null.UnmarshalJSON([]byte("null")); err != nil ||
		!reflect.DeepEqual(null, Message{}) {
		t.Errorf("null gave %+v, %v", null, err)
	}
}

// The error names the member, at its place, in the spelling of the protocol.
func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ have, field string }{
		{`{"id":1}`, "id"},
		{`[]`, ""},
		{`{"status":[]}`, "status"},
		{`{"status":{"timestamp":"yesterday"}}`, "status.timestamp"},
		{`{"status":{"timestamp":"2026-13-01T00:00:00Z"}}`, "status.timestamp"},
		{`{"status":{"state":true}}`, "status.state"},
		{`{"status":{"message":{"task_id":{}}}}`, "status.message.taskId"},
		{`{"history":{}}`, "history"},
		{`{"history":[{"parts":[{"text":"a"},{"text":1}]}]}`, "history.parts.text"},
		{`{"history":[{"parts":[{"raw":"a"}]}]}`, "history.parts.raw"},
		{`{"artifacts":[{"extensions":["a",2]}]}`, "artifacts.extensions"},
		{`{"metadata":"x"}`, "metadata"},
		{`{"history":[{"metadata":[]}]}`, "history.metadata"},
		{`{"history":[{"parts":[{"text":"x","metadata":[]}]}]}`, "history.parts.metadata"},
		{`{"history":[{"parts":[{"filename":{},"text":1}]}]}`, "history.parts.filename"},
		{`{"history":[{"parts":[{"text":"x","url":"y"}]}]}`, "history.parts"},
		{`{"history":[{"role":1.5}]}`, "history.role"},
		{`{"id":"\ud800"}`, ""},
		{`{"status":{"state":"\ud800"}}`, ""},
		{`{"status":{"timestamp":"\ud800"}}`, ""},
		{`{"history":[{"parts":[{"text":"\ud800"}]}]}`, ""},
		{`{"history":[{"parts":[{"x":"\ud800"}]}]}`, ""},
		{`{"history":[{"parts":[{"\ud800":1}]}]}`, ""},
		{`{"context_id":"\ud800"}`, ""},
		{`{"context_id":1}`, "contextId"},
		{`{"history":[{"reference_task_ids":[1]}]}`, "history.referenceTaskIds"},
	} {
		var task Task
		err := task.UnmarshalJSON([]byte(c.have))
		var e *DecodeError
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%s: %v", c.have, err)
		}
	}
	if got := (&DecodeError{Problem: "is odd"}).Error(); got != "the value is odd" {
		t.Error(got)
	}
	if got := (&DecodeError{Field: "a.b", Problem: "is odd"}).Error(); got != "a.b is odd" {
		t.Error(got)
	}
}

// A store may hold what earlier versions took for text; the rest of the task must not be lost over
// it.
func TestStoredTextsAreRepaired(t *testing.T) {
	for have, want := range map[string]string{
		`{"a":"x"}`:                           `{"a":"x"}`,
		`{"a":"\\ud800 \ud83d\ude00 \u00e9"}`: `{"a":"\\ud800 \ud83d\ude00 \u00e9"}`,
		`{"a":"\ud800"}`:                      `{"a":"\ufffd"}`,
		`{"\uDC00":"\ud83d\ud83d\ude00\n"}`:   `{"\ufffd":"\ufffd\ud83d\ude00\n"}`,
		`{"a":"\ude00\ud83d"}`:                `{"a":"\ufffd\ufffd"}`,
	} {
		data := []byte(have)
		got := string(Repaired(data))
		if got != want || string(data) != have {
			t.Errorf("%s became %s, want %s", have, got, want)
		}
		if err := Members([]byte(got), nil); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	for _, cut := range []string{``, `\`, `"\u`, `"\ud80`, `"\ud800\u`} {
		_ = Repaired([]byte(cut))
	}
}

// TestDepth: brackets count where they lie in one another, and not in texts.
func TestDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, want := range map[string]error{
		nested(MaxDepth - 1): nil, // and one for what it is in
		nested(MaxDepth + 1): ErrTooDeep,
		"[" + strings.Repeat(`{"a\"[":"\\"},[],`, 500) + `"` + strings.Repeat("[", 500) +
			`\"]"]`: nil,
		`{"a":` + strings.Repeat("[",
			20000): ErrTooDeep,
		strings.Repeat("]",
			500): ErrNotJSON,
	} {
		if err := Members([]byte(text), nil); err != want {
			t.Errorf("%.100s: %v, want %v", text, err, want)
		}
		var fault *DecodeError
		err := Unmarshal([]byte(`{"future":`+text+`}`), new(GetTaskRequest))
		if (err == nil) != (want == nil) || err != nil && !errors.As(err, &fault) {
			t.Errorf("%.100s: %v, want %v", text, err, want)
		}
	}
}

// TestNounsIgnoreTheUnknown: every noun passes over members it does not know, whatever is in them,
// and takes null for absent (§5.7).
func TestNounsIgnoreTheUnknown(t *testing.T) {
	for _, c := range []struct {
		noun any
		text string
	}{
		{new(Task), `{"status":null,"artifacts":null,"history":null,`},
		{new(TaskStatus), `{"message":null,"timestamp":null,"state":null,`},
		{new(Message), `{"parts":null,`}, {new(Artifact), `{"parts":null,`},
		{new(TaskStatusUpdateEvent), `{"status":null,`},
		{new(SendMessageRequest), `{"message":null,"configuration":null,`},
		{new(TaskPushNotificationConfig), `{"authentication":null,`},
		{new(GetTaskRequest), `{"historyLength":null,`}, {new(ListTasksRequest),
			`{"status":null,"includeArtifacts":null,"statusTimestampAfter":null,`},
		{new(ListTasksResponse), `{"tasks":null,"pageSize":null,"totalSize":null,`},
		{new(CancelTaskRequest), `{"metadata":null,`}, {new(SubscribeToTaskRequest), `{"id":null,`},
		{new(GetTaskPushNotificationConfigRequest), `{`},
		{new(DeleteTaskPushNotificationConfigRequest), `{`},
		{new(ListTaskPushNotificationConfigsRequest), `{`},
		{new(ListTaskPushNotificationConfigsResponse), `{"configs":null,`},
		{new(GetExtendedAgentCardRequest), `{`},
	} {
		text := c.text +
			`"future":{"id":"x","a":["]}",{"\"":1}],"b":-1.5e3},"tenant":null,"x":true}`
		zero := reflect.New(reflect.TypeOf(c.noun).Elem()).Interface()
		if err := Unmarshal([]byte(text), c.noun); err != nil || !reflect.DeepEqual(c.noun, zero) {
			t.Errorf("%T: %+v, %v", c.noun, c.noun, err)
		}
		if err := Unmarshal([]byte(`"x"`), c.noun); err == nil {
			t.Errorf("%T was read from a text", c.noun)
		}
		if err := Unmarshal([]byte(`null`), c.noun); err != nil {
			t.Errorf("%T: null: %v", c.noun, err)
		}
	}
	var send SendMessageRequest
	if err := Unmarshal(
		[]byte(`{"configuration":{"x":1,"taskPushNotificationConfig":{"authentication":{"x":[1]}}}}`), &send); err != nil ||
		*send.Configuration.TaskPushNotificationConfig.Authentication != (AuthenticationInfo{}) {
		t.Errorf("%+v, %v", send.Configuration, err)
	}
}

func TestEnumerationsAndSwitches(t *testing.T) {
	v := struct {
		S TaskState
		R Role
		E TaskArtifactUpdateEvent
	}{}
	if err := json.Unmarshal(
		[]byte(`{"S":"TASK_STATE_REJECTED","R":2,"E":{"append":true,"lastChunk":false,"artifact":{"x":1}}}`), &v); err != nil ||
		v.S != TaskStateRejected || v.R != RoleAgent || !v.E.Append || v.E.LastChunk {
		t.Errorf("%+v, %v", v, err)
	}
	if got := string(oracle(t, []any{v.S, v.R})); got != `["TASK_STATE_REJECTED","ROLE_AGENT"]` {
		t.Error(got)
	}
	for _, bad := range []string{`{"S":true}`, `{"R":1.5}`, `{"E":{"append":1}}`,
		`{"E":{"append":"true","artifact":{}}}`, `{"E":null,"S":[]}`} {
		if json.Unmarshal([]byte(bad), &v) == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

// What encoding/json leaves open is fixed: no escapes for HTML, escapes for what breaks terminals
// and old JavaScript.
func TestAppendString(t *testing.T) {
	if got := string(
		AppendString(nil,
			"<&>/\x7f\x1b\u2028\u2029\"\\\n\r\té")); got != `"<&>/\u007f\u001b\u2028\u2029\"\\\n\r\té"` {
		t.Error(got)
	}
}

func TestInvalidUTF8IsReplaced(t *testing.T) {
	if got := string(AppendString(nil, "a\xffb\xc3")); got != "\"a\ufffdb\ufffd\"" {
		t.Errorf("%q", got)
	}
}

// FuzzReader: the reader is given valid JSON, but survives anything; what it reads it writes as
// JSON that it reads the same.
func FuzzReader(f *testing.F) {
	f.Add(full().AppendJSON(nil))
	f.Add([]byte(
		`{"id":"\ud800","status":{"state":3,"timestamp":"2026-10-01T09:15:02+02:00"},"metadata":{"a":[{}]}}`))
	for _, cut := range []string{`{`, `{"`, `{"a`, `{"id"`, `{"id":`, `{"id":"`, `{"id":"\`,
		`{"id":"\u1`, `{"metadata":{`, `{"history":[`, `{"history":[{`, `}`, `{"id":nul`, `{"x":]`,
		`{"history":[}`} {
		f.Add([]byte(cut))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var task Task
		err := task.UnmarshalJSON(data)
		_, _ = UnmarshalEvent(data)
		if err != nil || !json.Valid(data) {
			return
		}
		first := task.AppendJSON(nil)
		if !json.Valid(first) {
			t.Fatalf("not JSON: %s", first)
		}
		var again Task
		if err := again.UnmarshalJSON(first); err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		if second := again.AppendJSON(nil); !bytes.Equal(first, second) {
			t.Fatalf("first  %s\nsecond %s", first, second)
		}
	})
}

func BenchmarkAppendTask(b *testing.B) {
	task := full()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = task.AppendJSON(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkReadTask(b *testing.B) {
	text := full().AppendJSON(nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var task Task
		if err := task.UnmarshalJSON(text); err != nil {
			b.Fatal(err)
		}
	}
}
