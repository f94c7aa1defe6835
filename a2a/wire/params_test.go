package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"staff0/a2a"
)

func field(t *testing.T, err error) string {
	t.Helper()
	var e *a2a.Error
	if !errors.Is(err, a2a.ErrInvalidParams) || !errors.As(err, &e) {
		t.Fatalf("got %v, want invalid parameters", err)
	}
	if len(e.Violations) == 0 {
		t.Fatalf("%v names no field", err)
	}
	return e.Violations[0].Field
}

// TestParamsRefuse has a row for each wrong parameter and the field that the error must name
// (§3.3.2, §5.7).
func TestParamsRefuse(t *testing.T) {
	const ok = `"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]`
	const old = `"messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]`
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		name, method, params, field string
	}{
		{"nothing at all", "SendMessage", ``, "message"},
		{"an unknown member alone", "GetTask", `{"":"x"}`, "id"},
		{"an empty id", "GetTask", `{"id":""}`, "id"},
		{"a null id", "GetTask", `{"id":null}`, "id"},
		{"an id of another case", "GetTask", `{"ID":"x"}`, "id"},
		{"an id that is a number", "GetTask", `{"id":1}`, "id"},
		{"an id of 300 bytes", "GetTask", `{"id":"` + long + `"}`, "id"},
		{"a negative history", "GetTask", `{"id":"x","historyLength":-1}`, "historyLength"},
		{"half a message of history", "GetTask", `{"id":"x","historyLength":0.5}`, "historyLength"},
		{"a history beyond 32 bits", "GetTask", `{"id":"x","historyLength":2147483648}`,
			"historyLength"},
		{"a history in words", "GetTask", `{"id":"x","history_length":"two"}`, "historyLength"},
		{"a tenant that is an object", "GetTask", `{"id":"x","tenant":{}}`, "tenant"},
		{"no message", "SendMessage", `{}`, "message"},
		{"a null message", "SendMessage", `{"message":null}`, "message"},
		{"a message that is a text", "SendMessage", `{"message":"hi"}`, "message"},
		{"no message id", "SendMessage", `{"message":{"role":"ROLE_USER","parts":[{"text":"x"}]}}`,
			"message.messageId"},
		{"no role", "SendMessage", `{"message":{"messageId":"m","parts":[{"text":"x"}]}}`,
			"message.role"},
		{"a role unspecified", "SendMessage",
			`{"message":{"messageId":"m","role":0,"parts":[{"text":"x"}]}}`, "message.role"},
		{"a role of the agent", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"x"}]}}`,
			"message.role"},
		{"a role of 0.3", "SendMessage",
			`{"message":{"messageId":"m","role":"user","parts":[{"text":"x"}]}}`, "message.role"},
		{"a role beyond the enumeration", "SendMessage",
			`{"message":{"messageId":"m","role":99,"parts":[{"text":"x"}]}}`, "message.role"},
		{"a role that is a list", "SendMessage",
			`{"message":{"messageId":"m","role":[],"parts":[{"text":"x"}]}}`, "message.role"},
		{"no parts", "SendMessage", `{"message":{"messageId":"m","role":"ROLE_USER"}}`,
			"message.parts"},
		{"empty parts", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[]}}`, "message.parts"},
		{"parts that are an object", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":{}}}`, "message.parts"},
		{"an empty part", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{}]}}`, "message.parts"},
		{"a null part", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[null]}}`, "message.parts"},
		{"a part of two contents", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x","url":"y"}]}}`,
			"message.parts"},
		{"raw that is not base64", "SendMessage",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"raw":"*"}]}}`,
			"message.parts.raw"},
		{"metadata that is a list", "SendMessage", `{"message":{` + ok + `,"metadata":[]}}`,
			"message.metadata"},
		{"a reference that is a number", "SendMessage", `{"message":{` + ok +
			`,"referenceTaskIds":[1]}}`, "message.referenceTaskIds"},
		{"a negative history of the answer", "SendMessage", `{"message":{` + ok +
			`},"configuration":{"historyLength":-1}}`, "configuration.historyLength"},
		{"returnImmediately as a text", "SendMessage", `{"message":{` + ok +
			`},"configuration":{"returnImmediately":"yes"}}`, "configuration.returnImmediately"},
		{"a webhook without address", "SendMessage", `{"message":{` + ok +
			`},"configuration":{"taskPushNotificationConfig":{}}}`,
			"configuration.taskPushNotificationConfig.url"},
		{"a webhook without scheme", "SendMessage", `{"message":{` + ok +
			`},"configuration":{"taskPushNotificationConfig":{"url":"x","authentication":{}}}}`,
			"configuration.taskPushNotificationConfig.authentication.scheme"},
		{"a page of none", "ListTasks", `{"pageSize":0}`, "pageSize"},
		{"a page of 101", "ListTasks", `{"page_size":101}`, "pageSize"},
		{"a state of nobody", "ListTasks", `{"status":"TASK_STATE_DONE"}`, "status"},
		{"a state of 0.3", "ListTasks", `{"status":"completed"}`, "status"},
		{"a time of day", "ListTasks", `{"statusTimestampAfter":"10:00"}`, "statusTimestampAfter"},
		{"a time as a number", "ListTasks", `{"statusTimestampAfter":5}`, "statusTimestampAfter"},
		{"a switch of three positions", "ListTasks", `{"includeArtifacts":1}`, "includeArtifacts"},
		{"no task to cancel", "CancelTask", ``, "id"},
		{"no task to subscribe to", "SubscribeToTask", `{}`, "id"},
		{"a webhook for no task", "CreateTaskPushNotificationConfig", `{"url":"https://x"}`,
			"taskId"},
		{"a webhook to nowhere", "CreateTaskPushNotificationConfig", `{"taskId":"x"}`, "url"},
		{"which webhook?", "GetTaskPushNotificationConfig", `{"taskId":"x"}`, "id"},
		{"the webhook of which task?", "DeleteTaskPushNotificationConfig", `{"id":"x"}`, "taskId"},
		{"the webhooks of which task?", "ListTaskPushNotificationConfigs", `{}`, "taskId"},
		{"a page of less than none", "ListTaskPushNotificationConfigs",
			`{"taskId":"x","pageSize":-1}`, "pageSize"},

		{"0.3: nothing at all", "message/send", ``, "message"},
		{"0.3: an empty id", "tasks/get", `{"id":""}`, "id"},
		{"0.3: an id that is a number", "tasks/get", `{"id":1}`, "id"},
		{"0.3: a negative history", "tasks/get", `{"id":"x","historyLength":-1}`, "historyLength"},
		{"0.3: a message of another kind", "message/send", `{"message":{"kind":"task",` + old +
			`}}`, "message.kind"},
		{"0.3: the role of the agent, as in 1.0", "message/send",
			`{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"kind":"text","text":"x"}]}}`, "message.role"},
		{"0.3: no parts", "message/send", `{"message":{"messageId":"m","role":"user","parts":[]}}`,
			"message.parts"},
		{"0.3: a role of nobody", "message/send",
			`{"message":{"messageId":"m","role":"ROLE_SYSTEM","parts":[{"kind":"text","text":"x"}]}}`, "message.role"},
		{"0.3: a part without kind that could be two things", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"text":"x","data":{}}]}}`,
			"message.parts"},
		{"0.3: a part without kind that is nothing", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"x":1}]}}`, "message.parts"},
		{"0.3: a part of an unknown kind", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"sound"}]}}`,
			"message.parts"},
		{"0.3: a text part without text", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"text"}]}}`,
			"message.parts"},
		{"0.3: data that is no object", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"data","data":[1]}]}}`,
			"message.parts"},
		{"0.3: a file of bytes and address", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"file","file":{"bytes":"","uri":"x"}}]}}`, "message.parts"},
		{"0.3: a file of neither", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"file","file":{}}]}}`,
			"message.parts"},
		{"0.3: a file that is not base64", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"file","file":{"bytes":"*"}}]}}`, "message.parts.file.bytes"},
		{"0.3: metadata that is a list", "tasks/cancel", `{"id":"x","metadata":[]}`, "metadata"},
		{"0.3: a webhook without configuration", "tasks/pushNotificationConfig/set",
			`{"taskId":"x"}`, "pushNotificationConfig"},
		{"0.3: a webhook for no task", "tasks/pushNotificationConfig/set",
			`{"pushNotificationConfig":{"url":"x"}}`, "taskId"},
		{"0.3: the webhook of which task?", "tasks/pushNotificationConfig/get", `{}`, "id"},
		{"0.3: a webhook by number", "tasks/pushNotificationConfig/get", `{"id":1}`, "id"},
		{"0.3: which webhook?", "tasks/pushNotificationConfig/delete", `{"id":"x"}`, "id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := translateParams(c.method, c.params)
			if err == nil {
				t.Fatal("was accepted")
			}
			if got := field(t, err); got != c.field {
				t.Errorf("names %q, want %q (%v)", got, c.field, err)
			}
		})
	}
}

// translateParams reads parameters in the dialect of the method and gives them as 1.0.
func translateParams(method, params string) (string, error) {
	d, err := For("", method)
	if err != nil {
		return "", err
	}
	names := map[string]string{
		V03.SendMessage.Name: "SendMessage", V03.GetTask.Name: "GetTask",
		V03.CancelTask.Name:                       "CancelTask",
		V03.CreateTaskPushNotificationConfig.Name: "CreateTaskPushNotificationConfig",
		V03.GetTaskPushNotificationConfig.Name:    "GetTaskPushNotificationConfig",
		V03.DeleteTaskPushNotificationConfig.Name: "DeleteTaskPushNotificationConfig",
		V03.GetExtendedAgentCard.Name:             "GetExtendedAgentCard",
	}
	op, ok := names[method]
	if !ok {
		op = method
	}
	call, err := operations()[op].request(d, V10, ID("1"), json.RawMessage(params))
	if err != nil {
		return "", err
	}
	req, err := Decode(call)
	return string(req.Params), err
}

// TestParamsAccept has what official clients and conformance kits send, and how it reads in 1.0.
func TestParamsAccept(t *testing.T) {
	const message = `{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}`
	for _, c := range []struct {
		name, method, params, want string
	}{
		{"JavaScript 1.3.0: an empty configuration", "SendMessage", `{"message":` + message +
			`,"configuration":{}}`, `{"message":` + message + `,"configuration":{}}`},
		{"Go 2: no configuration", "SendMessage", `{"message":` + message + `}`, `{"message":` +
			message + `}`},
		{"JavaScript: defaults written out", "SendMessage",
			`{"tenant":"","message":{"messageId":"m","contextId":"","taskId":"","role":"ROLE_USER","parts":[{"text":"x","filename":"","mediaType":""}],"extensions":[],"referenceTaskIds":[]}}`,
			`{"message":` + message + `}`},
		{"nulls are absent", "SendMessage",
			`{"message":{"messageId":"m","contextId":null,"role":"ROLE_USER","parts":[{"text":"x","data":null,"metadata":null}],"metadata":null,"extensions":null},"configuration":null,"metadata":null}`,
			`{"message":` + message + `}`},
		{"stray members of 0.3 are ignored", "SendMessage", `{"message":{"kind":"message",` +
			message[1:] + `}`, `{"message":` + message + `}`},
		{"the conformance kit: snake case", "SendMessage",
			`{"message":{"message_id":"m","context_id":"c","task_id":"t","role":"ROLE_USER","parts":[{"text":"x","media_type":"text/plain"}],"reference_task_ids":["r"]},"configuration":{"accepted_output_modes":["text/plain"],"history_length":2,"return_immediately":true}}`,
			`{"message":{"messageId":"m","contextId":"c","taskId":"t","role":"ROLE_USER","parts":[{"text":"x","mediaType":"text/plain"}],"referenceTaskIds":["r"]},"configuration":{"acceptedOutputModes":["text/plain"],"historyLength":2,"returnImmediately":true}}`},
		{"snake case inside metadata and data stays", "SendMessage",
			`{"message":{"messageId":"m","role":1,"parts":[{"data":{"task_id":1, "a b":[ ]},"metadata":{"x_y":"z"}}],"metadata":{"context_id": "q"}}}`,
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"data":{"task_id":1,"a b":[]},"metadata":{"x_y":"z"}}],"metadata":{"context_id":"q"}}}`},
		{"numbers as text, enumerations by number", "ListTasks",
			`{"page_size":"50","historyLength":1.0,"status":3,"status_timestamp_after":"2026-10-01T02:00:00.123456+02:00","include_artifacts":true}`,
			`{"pageSize":50,"historyLength":1,"status":"TASK_STATE_COMPLETED","statusTimestampAfter":"2026-10-01T00:00:00.123Z","includeArtifacts":true}`},
		{"a filter by no state", "ListTasks",
			`{"status":"TASK_STATE_UNSPECIFIED","page_token":"p","contextId":"c"}`,
			`{"pageToken":"p","contextId":"c"}`},
		{"nothing to list by", "ListTasks", ``, `{}`},
		{"an exponent", "GetTask", `{"id":"x","historyLength":1e1}`,
			`{"id":"x","historyLength":10}`},
		{"no history", "GetTask", `{"id":"x","historyLength":0}`, `{"id":"x","historyLength":0}`},
		{"a tenant", "SubscribeToTask", `{"tenant":"acme","id":"x"}`, `{"tenant":"acme","id":"x"}`},
		{"escapes in an id", "GetTask", `{"id":"\u0041\n\ud83d\ude00"}`, `{"id":"A\n😀"}`},
		{"the extended card", "GetExtendedAgentCard", `{"tenant":"t"}`, `{"tenant":"t"}`},
		{"webhooks, paged", "ListTaskPushNotificationConfigs",
			`{"taskId":"x","page_size":5,"pageToken":"p"}`,
			`{"taskId":"x","pageSize":5,"pageToken":"p"}`},

		{"0.3: JavaScript always says blocking", "message/send",
			`{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]},"configuration":{"blocking":true}}`,
			`{"message":` + message + `,"configuration":{}}`},
		{"0.3: not blocking", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]},"configuration":{"blocking":false}}`,
			`{"message":` + message + `,"configuration":{"returnImmediately":true}}`},
		{"0.3: Go sends no configuration", "message/send",
			`{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]}}`,
			`{"message":` + message + `}`},
		{"0.3: blocking not said", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]},"configuration":{"historyLength":3,"pushNotificationConfig":{"url":"u","authentication":{"schemes":["Bearer","Basic"]}}}}`,
			`{"message":` + message +
				`,"configuration":{"historyLength":3,"taskPushNotificationConfig":{"url":"u","authentication":{"scheme":"Bearer"}}}}`},
		{"0.3: files and data", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"file","file":{"name":"n","mimeType":"a/b","bytes":"_-8="}},{"kind":"file","file":{"uri":"u"}},{"kind":"data","data":{"a": 1}},{"kind":"data","data":{"value":[1]},"metadata":{"data_part_compat":true,"k":"v"}}]}}`,
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"raw":"/+8=","filename":"n","mediaType":"a/b"},{"url":"u"},{"data":{"a":1}},{"data":[1],"metadata":{"k":"v"}}]}}`},
		{"0.3: roles by their names in 1.0", "message/send",
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"kind":"text","text":"x"}]}}`,
			`{"message":` + message + `}`},
		{"0.3: parts that do not say their kind", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"text":"x"},{"data":{"a":1}},{"file":{"uri":"u"}},{"text":"y","data":null,"file":null}]}}`,
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"},{"data":{"a":1}},{"url":"u"},{"text":"y"}]}}`},
		{"0.2.0: parts have a type", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"type":"text","text":"x"},{"type":"data","data":{"a":1}},{"type":"file","file":{"bytes":"/+8="}}]}}`,
			`{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"},{"data":{"a":1}},{"raw":"/+8="}]}}`},
		{"0.3: the kind counts where both are there", "message/send",
			`{"message":{"messageId":"m","role":"user","parts":[{"kind":"text","type":"data","text":"x","data":{"a":1}}]}}`,
			`{"message":` + message + `}`},
		{"0.3: the first webhook", "tasks/pushNotificationConfig/get", `{"id":"x"}`,
			`{"taskId":"x","id":""}`},
		{"0.3: the extended card", "agent/getAuthenticatedExtendedCard", ``, `{}`},
		{"0.3: metadata of a cancellation", "tasks/cancel", `{"id":"x","metadata":{"why":"late"}}`,
			`{"id":"x","metadata":{"why":"late"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := translateParams(c.method, c.params)
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, []byte(got), []byte(c.want))
		})
	}
}

// TestResultsRefuse: an answer is read kindly, but what is no answer is an error that says so.
func TestResultsRefuse(t *testing.T) {
	for _, c := range []struct {
		name, op string
		d        *Dialect
		result   string
	}{
		{"a bare task", "SendMessage", V10, `{"id":"x","status":{"state":"TASK_STATE_WORKING"}}`},
		{"a task and a message", "SendMessage", V10, `{"task":{"id":"x"},"message":{}}`},
		{"a status update", "SendMessage", V10, `{"statusUpdate":{"taskId":"x"}}`},
		{"an artifact update without artifact", "SubscribeToTask", V10,
			`{"artifactUpdate":{"taskId":"x"}}`},
		{"nothing", "SubscribeToTask", V10, `{}`},
		{"a list", "SubscribeToTask", V10, `[]`},
		{"a wrapped task", "GetTask", V10, `{"task":{"id":"x"}}`},
		{"null for a task", "GetTask", V10, `null`},
		{"a page that is a list", "ListTasks", V10, `[]`},
		{"a card that is a text", "GetExtendedAgentCard", V10, `"card"`},
		{"0.3: no kind", "SendMessage", V03, `{"id":"x"}`},
		{"0.3: an unknown kind", "SubscribeToTask", V03, `{"kind":"thought"}`},
		{"0.3: a status update as an answer", "SendMessage", V03,
			`{"kind":"status-update","taskId":"x","status":{"state":"working"}}`},
		{"0.3: an artifact update without artifact", "SubscribeToTask", V03,
			`{"kind":"artifact-update","taskId":"x"}`},
		{"0.3: a task without id", "GetTask", V03, `{"kind":"task"}`},
		{"0.3: a task that is a text", "GetTask", V03, `"x"`},
		{"0.3: a list", "SubscribeToTask", V03, `[]`},
		{"0.3: a bad time", "GetTask", V03,
			`{"kind":"task","id":"x","status":{"state":"working","timestamp":"now"}}`},
		{"0.3: a time that is a number", "GetTask", V03,
			`{"kind":"task","id":"x","status":{"state":"working","timestamp":1}}`},
		{"0.3: a bad part in a status", "GetTask", V03,
			`{"kind":"task","id":"x","status":{"state":"working","message":{"parts":[{"kind":"x"}]}}}`},
		{"0.3: a bad part in the history", "GetTask", V03,
			`{"kind":"task","id":"x","status":{"state":"working"},"history":[{"parts":[{"kind":"x"}]}]}`},
		{"0.3: a bad part in an artifact", "GetTask", V03,
			`{"kind":"task","id":"x","status":{"state":"working"},"artifacts":[{"parts":[{"kind":"x"}]}]}`},
		{"0.3: a message with a wrong type", "SubscribeToTask", V03,
			`{"kind":"message","parts":1}`},
		{"0.3: a status update with a wrong type", "SubscribeToTask", V03,
			`{"kind":"status-update","status":1}`},
		{"0.3: an artifact update with a wrong type", "SubscribeToTask", V03,
			`{"kind":"artifact-update","artifact":1}`},
		{"0.3: webhooks that are no list", "ListTaskPushNotificationConfigs", V03, `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := operations()[c.op].result(c.d, c.d, nil,
				json.RawMessage(c.result)); !errors.Is(err, a2a.ErrInvalidAgentResponse) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestResultsAcceptMore: what a newer or laxer agent sends is read for what it is (§5.7).
func TestResultsAcceptMore(t *testing.T) {
	for _, c := range []struct {
		name, op   string
		from, to   *Dialect
		have, want string
	}{
		{"an unknown state, not terminal", "GetTask", V10, V10,
			`{"id":"x","generation":4,"status":{"state":"TASK_STATE_PAUSED"}}`,
			`{"id":"x","status":{"state":"TASK_STATE_UNSPECIFIED"}}`},
		{"0.3: an unknown state", "GetTask", V03, V10,
			`{"kind":"task","id":"x","status":{"state":"paused"},"history":[null]}`,
			`{"id":"x","status":{"state":"TASK_STATE_UNSPECIFIED"}}`},
		{"0.3: every state in turn", "GetTask", V03, V10,
			`{"kind":"task","id":"x","status":{"state":"rejected","timestamp":null}}`,
			`{"id":"x","status":{"state":"TASK_STATE_REJECTED"}}`},
		{"an unknown role", "SendMessage", V10, V03,
			`{"message":{"messageId":"m","role":"ROLE_SYSTEM","parts":[]}}`,
			`{"kind":"message","messageId":"m","role":"agent","parts":[]}`},
		{"0.3: an unknown role", "SendMessage", V03, V10,
			`{"kind":"message","messageId":"m","role":"system","parts":[]}`,
			`{"message":{"messageId":"m","role":"ROLE_UNSPECIFIED","parts":[]}}`},
		{"a page with its empty members left out", "ListTasks", V10, V10, `{}`,
			`{"tasks":[],"nextPageToken":"","pageSize":0,"totalSize":0}`},
		{"data beside what 0.3 can carry", "SendMessage", V10, V03,
			`{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"data":1},{"data":null},{"data":"x","metadata":{"k":1}},{"data":2,"metadata":{"data_part_compat":false}}]}}`,
			`{"kind":"message","messageId":"m","role":"agent","parts":[{"kind":"data","data":{"value":1},"metadata":{"data_part_compat":true}},{"kind":"data","data":{"value":null},"metadata":{"data_part_compat":true}},{"kind":"data","data":{"value":"x"},"metadata":{"data_part_compat":true,"k":1}},{"kind":"data","data":{"value":2},"metadata":{"data_part_compat":true}}]}`},
		{"0.3: a state beyond the enumeration", "GetTask", V10, V03,
			`{"id":"x","status":{"state":42}}`,
			`{"kind":"task","id":"x","contextId":"","status":{"state":"unknown"}}`},
		{"marked data that is not wrapped stays", "SendMessage", V03, V10,
			`{"kind":"message","messageId":"m","role":"agent","parts":[{"kind":"data","data":{"value":1,"b":2},"metadata":{"data_part_compat":true}},{"kind":"data","data":{"value":1},"metadata":{"data_part_compat":false}}]}`,
			`{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"data":{"value":1,"b":2},"metadata":{"data_part_compat":true}},{"data":{"value":1},"metadata":{"data_part_compat":false}}]}}`},
		{"0.3: a webhook without configuration is passed over", "ListTaskPushNotificationConfigs",
			V03, V10, `[{"taskId":"x"}]`, `{"configs":[]}`},
		{"deletion, whatever came", "DeleteTaskPushNotificationConfig", V03, V10,
			`{"ok":true}`, `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := operations()[c.op].result(c.from, c.to, nil, json.RawMessage(c.have))
			if err != nil {
				t.Fatal(err)
			}
			res, err := DecodeResponse(got)
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, res.Result, []byte(c.want))
		})
	}
}

// TestFinal: a stream that began with a message is over when the agent asks back, one that was
// subscribed to is not; neither is over while somebody's approval is waited for.
func TestFinal(t *testing.T) {
	for s := a2a.TaskStateUnspecified; s <= a2a.TaskStateAuthRequired; s++ {
		event := &a2a.TaskStatusUpdateEvent{TaskID: "t", Status: a2a.TaskStatus{State: s}}
		send, err1 := V03.SendStreamingMessage.AppendResult(nil, nil, event)
		sub, err2 := V03.SubscribeToTask.AppendResult(nil, nil, event)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got, want := strings.Contains(string(send), `"final":true`), s.Terminal() ||
			s == a2a.TaskStateInputRequired; got != want {
			t.Errorf("send stream at %v: final is %v", s, got)
		}
		if got := strings.Contains(string(sub), `"final":true`); got != s.Terminal() {
			t.Errorf("subscribed stream at %v: final is %v", s, got)
		}
		v10, err := V10.SubscribeToTask.AppendResult(nil, nil, event)
		if err != nil || strings.Contains(string(v10), "final") ||
			strings.Contains(string(v10), "kind") {
			t.Errorf("1.0 at %v: %s, %v", s, v10, err)
		}
		back, err := operations()["SubscribeToTask"].result(V03, V10, nil,
			sub[len(`{"jsonrpc":"2.0","id":null,"result":`):len(sub)-1])
		if err != nil || string(back) != string(v10) {
			t.Errorf("there and back: %s, %v", back, err)
		}
	}
	if _, err := V03.SubscribeToTask.AppendResult(nil, nil, nil); err == nil {
		t.Error("no event was written as one")
	}
}
