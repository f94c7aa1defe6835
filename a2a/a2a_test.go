package a2a

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func said(id, text string) *Message {
	return &Message{MessageID: id, Role: RoleAgent, Parts: []Part{TextPart(text)}}
}

func ids(messages []*Message) string {
	var out []string
	for _, m := range messages {
		out = append(out, m.MessageID)
	}
	return strings.Join(out, " ")
}

// TestApplyHistory: what was said is in the history in the order in which it was said, once, and
// what is being said is in the status only (§3.7).
func TestApplyHistory(t *testing.T) {
	status := func(s TaskState, m *Message) Event {
		return &TaskStatusUpdateEvent{TaskID: "t", Status: TaskStatus{State: s, Message: m}}
	}
	user := func(id string) Event { return &Message{MessageID: id, TaskID: "t", Role: RoleUser} }
	for _, c := range []struct {
		name    string
		events  []Event
		history string
		status  string
	}{
		{"a status without words adds nothing", []Event{status(TaskStateWorking, nil)}, "u", ""},
		{"words of the present status are not history",
			[]Event{status(TaskStateWorking, said("a", ""))}, "u", "a"},
		{"words of a past status are", []Event{status(TaskStateWorking, said("a", "")),
			status(TaskStateCompleted, said("b", ""))}, "u a", "b"},
		{"a message follows what the agent said",
			[]Event{status(TaskStateInputRequired, said("a", "")), user("u2")}, "u a u2", "a"},
		{"and the words go in once", []Event{status(TaskStateInputRequired, said("a", "")),
			user("u2"), status(TaskStateWorking, nil)}, "u a u2", ""},
		{"two messages after one status", []Event{status(TaskStateAuthRequired, said("a", "")),
			user("u2"), user("u3"), status(TaskStateCompleted, nil)}, "u a u2 u3", ""},
		{"another task's status",
			[]Event{&TaskStatusUpdateEvent{TaskID: "x",
				Status: TaskStatus{State: TaskStateFailed, Message: said("a", "")}}}, "u", ""},
		{"another task's message", []Event{&Message{MessageID: "a", TaskID: "x"}}, "u", ""},
		{"a message that names no task", []Event{&Message{MessageID: "a"}}, "u a", ""},
		{"a snapshot replaces everything", []Event{status(TaskStateWorking, said("a", "")),
			&Task{ID: "t", History: []*Message{said("s", "")}}}, "s", ""},
		{"nothing", []Event{nil}, "u", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			task := &Task{ID: "t", Status: TaskStatus{State: TaskStateSubmitted},
				History: []*Message{{MessageID: "u", Role: RoleUser}}}
			for _, e := range c.events {
				task = task.Apply(e)
			}
			got := ""
			if task.Status.Message != nil {
				got = task.Status.Message.MessageID
			}
			if ids(task.History) != c.history || got != c.status {
				t.Errorf("history %q, status %q; want %q, %q", ids(task.History), got, c.history,
					c.status)
			}
		})
	}
}

func TestApplyArtifacts(t *testing.T) {
	chunk := func(id string, extend bool, texts ...string) Event {
		a := &Artifact{ArtifactID: id, Name: "n" + id}
		for _, text := range texts {
			a.Parts = append(a.Parts, TextPart(text))
		}
		return &TaskArtifactUpdateEvent{TaskID: "t", Artifact: a, Append: extend}
	}
	for _, c := range []struct {
		name   string
		events []Event
		want   string
	}{
		{"one", []Event{chunk("1", false, "a")}, "1:a"},
		{"two, in order", []Event{chunk("1", false, "a"), chunk("2", false, "b")}, "1:a 2:b"},
		{"replaced in its place", []Event{chunk("1", false, "a"), chunk("2", false, "b"),
			chunk("1", false, "c")}, "1:c 2:b"},
		{"extended", []Event{chunk("1", false, "a"), chunk("2", false, "b"),
			chunk("1", true, "c", "d")}, "1:acd 2:b"},
		{"extending what is not there creates it", []Event{chunk("1", true, "a")}, "1:a"},
		{"another task's",
			[]Event{&TaskArtifactUpdateEvent{TaskID: "x", Artifact: &Artifact{ArtifactID: "1"}}},
			""},
		{"none", []Event{&TaskArtifactUpdateEvent{TaskID: "t"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			task := &Task{ID: "t"}
			for _, e := range c.events {
				task = task.Apply(e)
			}
			var got []string
			for _, a := range task.Artifacts {
				got = append(got, a.ArtifactID+":"+strings.ReplaceAll(a.Text(), "\n", ""))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

// TestApplyLeavesTheTaskAlone: tasks are shared; two successors of one task must not write into
// each other.
func TestApplyLeavesTheTaskAlone(t *testing.T) {
	task := &Task{
		ID: "t", Status: TaskStatus{State: TaskStateWorking, Message: said("a", "")},
		History: append(make([]*Message, 0, 8), said("u", "")),
		Artifacts: append(make([]*Artifact, 0, 8),
			&Artifact{ArtifactID: "1", Parts: append(make([]Part, 0, 8), TextPart("x"))}),
	}
	before := string(task.AppendJSON(nil))
	piece := func(text string) Event {
		return &TaskArtifactUpdateEvent{TaskID: "t", Append: true,
			Artifact: &Artifact{ArtifactID: "1", Parts: []Part{TextPart(text)}}}
	}
	one := task.Apply(&Message{MessageID: "one"}).Apply(piece("one")).Apply(
		&TaskArtifactUpdateEvent{Artifact: &Artifact{ArtifactID: "one"}})
	two := task.Apply(&Message{MessageID: "two"}).Apply(piece("two")).Apply(
		&TaskArtifactUpdateEvent{Artifact: &Artifact{ArtifactID: "two"}})
	if after := string(task.AppendJSON(nil)); after != before {
		t.Errorf("the task became %s", after)
	}
	if ids(one.History) != "u a one" || ids(two.History) != "u a two" {
		t.Errorf("histories %q and %q", ids(one.History), ids(two.History))
	}
	if one.Artifacts[0].Text() != "x\none" || two.Artifacts[0].Text() != "x\ntwo" ||
		one.Artifacts[1].ArtifactID != "one" {
		t.Errorf("artifacts %q and %q", one.Artifacts[0].Text(), two.Artifacts[0].Text())
	}
}

func TestStates(t *testing.T) {
	for s, want := range map[TaskState]string{
		TaskStateUnspecified: "--", TaskStateSubmitted: "--", TaskStateWorking: "--",
		TaskStateCompleted: "t-", TaskStateFailed: "t-", TaskStateCanceled: "t-",
		TaskStateInputRequired: "-i", TaskStateRejected: "t-", TaskStateAuthRequired: "-i",
		unknownEnum: "--",
	} {
		got := []byte("--")
		if s.Terminal() {
			got[0] = 't'
		}
		if s.Interrupted() {
			got[1] = 'i'
		}
		if string(got) != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
	if TaskState(unknownEnum).String() != "TASK_STATE_UNSPECIFIED" ||
		Role(unknownEnum).String() != "ROLE_UNSPECIFIED" {
		t.Error("an unknown value must print as unspecified")
	}
}

func TestTaskIDs(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-v]{36}$`) // 48 bits of time, 128 random ones
	last, seen := "", map[string]bool{}
	for range 1000 {
		id := string(NewTaskID())
		if !form.MatchString(id) || seen[id[9:]] || id[:9] < last {
			t.Fatalf("%s comes after %s", id, last)
		}
		seen[id[9:]], last = true, id[:9]
	}
	if id := string(NewTaskID(1, 2, 3, 4)); len(id) != 42 {
		t.Errorf("with a tag it is %s", id)
	}
}

func TestIDs(t *testing.T) {
	form := regexp.MustCompile(
		`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	var last string
	seen := map[string]bool{}
	for range 1000 {
		id := string(NewContextID())
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("%s is no new UUID of version 7", id)
		}
		if id[:13] < last {
			t.Fatalf("%s comes before %s", id, last)
		}
		seen[id], last = true, id[:13]
	}
	var ms int64
	if _, err := fmt.Sscanf(strings.ReplaceAll(last, "-", ""), "%x", &ms); err != nil ||
		time.Since(time.UnixMilli(ms)).Abs() > time.Minute {
		t.Errorf("%s does not begin with the time: %v", last, err)
	}
	if !form.MatchString(string(NewContextID())) || !form.MatchString(NewMessageID()) ||
		!form.MatchString(NewPushConfigID()) {
		t.Error("contexts, messages and webhooks have ids of the same form")
	}
}

func TestText(t *testing.T) {
	parts := []Part{TextPart("a"), DataPart(json.RawMessage(`{}`)), TextPart("b")}
	if got := (&Message{Parts: parts}).Text(); got != "a\nb" {
		t.Errorf("message: %q", got)
	}
	if got := (&Artifact{Parts: parts[1:]}).Text(); got != "b" {
		t.Errorf("artifact: %q", got)
	}
	for want, p := range map[string]Part{
		"text/plain": TextPart("x"), "application/json": {Kind: PartData},
		"application/octet-stream": {Kind: PartRaw},
		"image/png":                {Kind: PartURL, MediaType: "image/png"},
	} {
		if got := p.Media(); got != want {
			t.Errorf("%v is %s, want %s", p.Kind, got, want)
		}
	}
}

// TestCodes holds the table to §5.4, §9.5 and §11.6, both ways.
func TestCodes(t *testing.T) {
	want := []string{
		"-32001 TASK_NOT_FOUND 404", "-32002 TASK_NOT_CANCELABLE 400",
		"-32003 PUSH_NOTIFICATION_NOT_SUPPORTED 400", "-32004 UNSUPPORTED_OPERATION 400",
		"-32005 CONTENT_TYPE_NOT_SUPPORTED 400", "-32006 INVALID_AGENT_RESPONSE 500",
		"-32007 EXTENDED_AGENT_CARD_NOT_CONFIGURED 400",
		"-32008 EXTENSION_SUPPORT_REQUIRED 400", "-32009 VERSION_NOT_SUPPORTED 400", "-32700  400",
		"-32600  400", "-32601  404", "-32602  400",
		"-32000  401", "-32000  503", "-32603  500",
	}
	var got []string
	for _, c := range Codes {
		got = append(got, fmt.Sprintf("%d %s %d", c.Code, c.Reason, c.HTTP))
		if CodeOf(fmt.Errorf("op: %w", c.Err)) != c {
			t.Errorf("%v does not find its own code", c.Err)
		}
		if back := ErrorOf(c.Code); back != c.Err && c.Err != ErrUnavailable {
			t.Errorf("%d reads back as %v", c.Code, back)
		}
		if (&Error{Err: c.Err}).Public() != c.Message {
			t.Errorf("%v: public sentence", c.Err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if CodeOf(errors.New("x")).Err != ErrInternal ||
		CodeOf(&Error{Err: ErrUnknown}).Err != ErrInternal {
		t.Error("an error of no kind is internal")
	}
	if ErrorOf(-1) != nil {
		t.Error("an unknown code has no error")
	}
	if CodeOf(errors.Join(ErrInternal, ErrTaskNotFound)).Err != ErrTaskNotFound {
		t.Error("of two errors the first of the table counts")
	}
}

func TestError(t *testing.T) {
	cause := errors.New("row 7")
	err := &Error{Err: ErrTaskNotFound, Cause: cause}
	if !errors.Is(err, ErrTaskNotFound) || !errors.Is(err, cause) ||
		err.Error() != "task not found: row 7" || err.Public() != "Task not found" {
		t.Errorf("%v, public %q", err, err.Public())
	}
	err = &Error{Err: ErrInvalidParams, Message: "Oh no",
		Violations: []FieldViolation{{"a", "is b"}}}
	if err.Error() != "Oh no: a is b" || err.Public() != "Oh no" || len(err.Unwrap()) != 1 {
		t.Errorf("%v, public %q", err, err.Public())
	}
	if got := InvalidParams("f", "is g").Error(); got != "invalid parameters: f is g" {
		t.Error(got)
	}
}

func TestValidate(t *testing.T) {
	n := func(n int32) *int32 { return &n }
	long := strings.Repeat("x", maxNameLength+1)
	ok := func() *SendMessageRequest {
		return &SendMessageRequest{Message: &Message{MessageID: "m", Role: RoleUser,
			Parts: []Part{TextPart("x")}}}
	}
	send := func(change func(*SendMessageRequest)) interface{ Validate() error } {
		r := ok()
		change(r)
		return r
	}
	for _, c := range []struct {
		name   string
		req    interface{ Validate() error }
		fields string
	}{
		{"a message", ok(), ""},
		{"no message", &SendMessageRequest{}, "message"},
		{"an empty message", &SendMessageRequest{Message: &Message{}},
			"message.messageId message.role message.parts"},
		{"names at the bound", send(func(r *SendMessageRequest) {
			r.Message.MessageID, r.Message.TaskID = long[1:], TaskID(long[1:])
		}), ""},
		{"names above it", send(func(r *SendMessageRequest) {
			r.Message.MessageID, r.Message.TaskID, r.Message.ContextID = long, TaskID(long),
				ContextID(long)
		}), "message.messageId message.taskId message.contextId"},
		{"two parts of no kind", send(func(r *SendMessageRequest) {
			r.Message.Parts = make([]Part, 2)
		}), "message.parts"},
		{"a configuration", send(func(r *SendMessageRequest) {
			r.Configuration = &SendMessageConfiguration{HistoryLength: n(0)}
		}), ""},
		{"a negative history", send(func(r *SendMessageRequest) {
			r.Configuration = &SendMessageConfiguration{HistoryLength: n(-1)}
		}), "configuration.historyLength"},
		{"a webhook", send(func(r *SendMessageRequest) {
			r.Configuration = &SendMessageConfiguration{TaskPushNotificationConfig: &TaskPushNotificationConfig{URL: "u", Authentication: &AuthenticationInfo{Scheme: "s"}}}
		}), ""},
		{"a webhook without anything", send(func(r *SendMessageRequest) {
			r.Configuration = &SendMessageConfiguration{TaskPushNotificationConfig: &TaskPushNotificationConfig{ID: long, Authentication: &AuthenticationInfo{}}}
		}), "configuration.taskPushNotificationConfig.id " +
			"configuration.taskPushNotificationConfig.url " +
			"configuration.taskPushNotificationConfig.authentication.scheme"},

		{"get", &GetTaskRequest{ID: "x", HistoryLength: n(0)}, ""},
		{"get nothing", &GetTaskRequest{HistoryLength: n(-1)}, "id historyLength"},
		{"list", &ListTasksRequest{PageSize: n(1)}, ""},
		{"list the most",
			&ListTasksRequest{PageSize: n(MaxPageSize), Status: TaskStateAuthRequired}, ""},
		{"list too few", &ListTasksRequest{PageSize: n(0)}, "pageSize"},
		{"list too many", &ListTasksRequest{PageSize: n(MaxPageSize + 1), HistoryLength: n(-1),
			Status: unknownEnum, ContextID: ContextID(long)},
			"contextId pageSize historyLength status"},
		{"cancel", &CancelTaskRequest{ID: "x"}, ""},
		{"cancel nothing", &CancelTaskRequest{}, "id"},
		{"subscribe", &SubscribeToTaskRequest{ID: "x"}, ""},
		{"subscribe to nothing", &SubscribeToTaskRequest{}, "id"},
		{"create", &TaskPushNotificationConfig{TaskID: "t", URL: "u"}, ""},
		{"create for nothing", &TaskPushNotificationConfig{}, "taskId url"},
		{"get a webhook", &GetTaskPushNotificationConfigRequest{TaskID: "t", ID: "i"}, ""},
		{"get no webhook", &GetTaskPushNotificationConfigRequest{}, "taskId id"},
		{"list webhooks", &ListTaskPushNotificationConfigsRequest{TaskID: "t", PageSize: n(0)}, ""},
		{"list webhooks of nothing", &ListTaskPushNotificationConfigsRequest{PageSize: n(-1)},
			"taskId pageSize"},
		{"delete", &DeleteTaskPushNotificationConfigRequest{TaskID: "t", ID: "i"}, ""},
		{"delete nothing", &DeleteTaskPushNotificationConfigRequest{}, "taskId id"},
		{"the extended card", &GetExtendedAgentCardRequest{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.req.Validate()
			var fields []string
			var e *Error
			if errors.As(err, &e) {
				for _, v := range e.Violations {
					fields = append(fields, v.Field)
				}
			}
			if strings.Join(fields, " ") != c.fields || (err != nil) != (c.fields != "") ||
				err != nil && !errors.Is(err, ErrInvalidParams) {
				t.Errorf("got %v, want %q", err, c.fields)
			}
		})
	}
}

func TestStruct(t *testing.T) {
	var s Struct
	if err := json.Unmarshal([]byte("{ \"a b\" : [ 1 , \"x\\\" y\\\\\" ] }"), &s); err != nil ||
		string(s) != `{"a b":[1,"x\" y\\"]}` {
		t.Errorf("%s, %v", s, err)
	}
	if got := s.Lookup("a b"); string(got) != `[1,"x\" y\\"]` {
		t.Errorf("Lookup gave %s", got)
	}
	if s.Lookup("none") != nil || Struct(nil).Lookup("a") != nil ||
		Struct("nonsense").Lookup("a") != nil {
		t.Error("what is not there must be nil")
	}
	for _, bad := range []string{`[]`, `"x"`, `1`} {
		if json.Unmarshal([]byte(bad), &s) == nil {
			t.Errorf("%s was taken for an object", bad)
		}
	}
	if err := s.UnmarshalJSON([]byte("null")); err != nil || s != nil {
		t.Errorf("null gave %s, %v", s, err)
	}
	if got, err := json.Marshal(struct{ A, B Struct }{B: Struct(`{}`)}); err != nil ||
		string(got) != `{"A":null,"B":{}}` {
		t.Errorf("%s, %v", got, err)
	}
}

// TestApplyMetadata: what a status says in its metadata stays with the task, the last word on each
// member.
func TestApplyMetadata(t *testing.T) {
	task := &Task{ID: "t", Metadata: Struct(`{"kept":1,"replaced":"old"}`)}
	task = task.Apply(&TaskStatusUpdateEvent{TaskID: "t",
		Metadata: Struct(`{"replaced":"new","added":[2]}`)})
	for name, want := range map[string]string{"kept": "1", "replaced": `"new"`, "added": "[2]"} {
		if got := string(task.Metadata.Lookup(name)); got != want {
			t.Errorf("%s is %s, not %s", name, got, want)
		}
	}
	if task = task.Apply(&TaskStatusUpdateEvent{TaskID: "t"}); string(
		task.Metadata.Lookup("kept")) != "1" {
		t.Error("a status without metadata has taken those of the task away")
	}
}
