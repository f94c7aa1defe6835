package main

import (
	"slices"
	"strings"
	"time"

	"staff0/a2a"
)

var reading = []requirement{
	{id: "CORE-GET-001", means: "GetTask tells the present state, with artifacts (§3.1.3)",
		test: func(k *kit) {
			sent := k.send("tck-artifact-text", nil)
			got := k.does("GetTask", object{"id": sent["id"]})
			if state(got) != "TASK_STATE_COMPLETED" || !equal(got, sent) {
				k.Errorf("sent %v, got %v", sent, got)
			}
		}},
	{id: "CORE-GET-002", means: "a task that is not there is not found (§3.1.3)",
		test: func(k *kit) {
			k.refused("GetTask", object{"id": "nobody-knows"}, a2a.ErrTaskNotFound)
		}},
	{id: "CORE-LIST-001", means: "ListTasks tells the caller's tasks, and filters them (§3.1.4)",
		test: func(k *kit) {
			a := k.send("tck-complete-task", nil)
			time.Sleep(time.Hour)
			b := k.send("tck-input-required", func(m object) { m["contextId"] = "ours" })
			time.Sleep(time.Hour)
			c := k.send("tck-complete-task", func(m object) { m["contextId"] = "ours" })
			for _, row := range []struct {
				params object
				want   []object
			}{
				{object{}, []object{c, b, a}},
				{object{"contextId": "ours"}, []object{c, b}},
				{object{"status": "TASK_STATE_COMPLETED"}, []object{c, a}},
				{object{"contextId": "ours", "status": "TASK_STATE_COMPLETED"}, []object{c}},
				{object{"statusTimestampAfter": time.Now().Add(-time.Minute).UTC().Format(
					time.RFC3339)}, []object{c}},
				{object{"contextId": "theirs"}, nil},
			} {
				k.lists(row.params, row.want)
			}
		}},
	{id: "CORE-LIST-002", means: "pages follow a cursor, without a task twice or missing (§3.1.4)",
		test: func(k *kit) {
			var want []object
			for range 5 {
				want = append(want, k.send("tck-complete-task", nil)) // all of the same time
			}
			var got []any
			params := object{"pageSize": 2}
			for range 3 {
				page := k.does("ListTasks", params)
				if page["totalSize"] != 5.0 || page["pageSize"] != 2.0 {
					k.Errorf("the page says %v of %v", page["pageSize"], page["totalSize"])
				}
				got = append(got, ids(page)...)
				params["pageToken"] = page["nextPageToken"]
			}
			for _, task := range want {
				if !slices.Contains(got, task["id"]) {
					k.Errorf("%v is missing", task["id"])
				}
			}
			if len(got) != 5 || params["pageToken"] != "" {
				k.Errorf("the pages hold %v and end with %q", got, params["pageToken"])
			}
		}},
	{id: "CORE-LIST-003", means: "the task with the newest status comes first (§3.1.4)",
		test: func(k *kit) {
			a := k.send("tck-input-required", nil)
			time.Sleep(time.Second)
			b := k.send("tck-complete-task", nil)
			k.lists(object{}, []object{b, a})
			time.Sleep(time.Second)
			k.send("tck-complete-task", to(a))
			k.lists(object{}, []object{a, b})
		}},
	{id: "CORE-LIST-004", means: "nextPageToken is there, and empty on the last page (§3.1.4)",
		test: func(k *kit) {
			if page := k.does("ListTasks", object{}); page["nextPageToken"] != "" ||
				!equal(page["tasks"], []any{}) {
				k.Errorf("without tasks the page is %v", page)
			}
			k.send("tck-complete-task", nil)
			if page := k.does("ListTasks", object{"pageSize": 1}); page["nextPageToken"] != "" {
				k.Errorf("the last page is %v", page)
			}
		}},
	{id: "CORE-LIST-005", means: "artifacts are listed only where they are wanted (§3.1.4)",
		test: func(k *kit) {
			sent := k.send("tck-artifact-text", nil)
			for _, params := range []object{{}, {"includeArtifacts": false}} {
				task := k.does("ListTasks", params)["tasks"].([]any)[0].(object)
				if _, ok := task["artifacts"]; ok {
					k.Errorf("%v lists %v", params, task)
				}
			}
			task := k.does("ListTasks", object{"includeArtifacts": true})["tasks"].([]any)[0].(object)
			if !equal(task["artifacts"], sent["artifacts"]) {
				k.Errorf("the list has %v, want %v", task["artifacts"], sent["artifacts"])
			}
		}},
	{id: "CORE-CANCEL-001", means: "CancelTask gives the canceled task (§3.1.5)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			for range 2 { // twice is the same as once (§3.3.1)
				if got := k.does("CancelTask", object{"id": task["id"]}); state(
					got) != "TASK_STATE_CANCELED" || got["id"] != task["id"] {
					k.Errorf("the task is %v", got)
				}
			}
		}},
	{id: "CORE-CANCEL-002", means: "a task that has ended cannot be canceled (§3.1.5)",
		test: func(k *kit) {
			for _, prefix := range []string{"tck-complete-task", "tck-reject-task"} {
				k.refused("CancelTask", object{"id": k.send(prefix, nil)["id"]},
					a2a.ErrTaskNotCancelable)
			}
		}},
	{id: "CORE-CANCEL-003", means: "a task that is not there cannot be canceled (§3.1.5)",
		test: func(k *kit) {
			k.refused("CancelTask", object{"id": "nobody-knows"}, a2a.ErrTaskNotFound)
		}},
	{id: "CORE-HIST-001", means: "a historyLength of 0 leaves the history out (§3.2.4)",
		test: func(k *kit) {
			task := k.send("tck-complete-task", nil)
			got := k.does("GetTask", object{"id": task["id"], "historyLength": 0})
			if _, ok := got["history"]; ok {
				k.Errorf("there is a history in %v", got)
			}
		}},
	{id: "CORE-HIST-002",
		means: "no more messages come than historyLength allows, and the newest of them (§3.2.4)",
		test: func(k *kit) {
			task := k.conversation()
			all := texts(k.does("GetTask", object{"id": task["id"]}))
			for n := 1; n <= len(all)+1; n++ {
				got := texts(k.does("GetTask", object{"id": task["id"], "historyLength": n}))
				if want := all[max(0, len(all)-n):]; !slices.Equal(got, want) {
					k.Errorf("of %d messages there are %q, want %q", n, got, want)
				}
			}
		}},
	{id: "CORE-HIST-003",
		means: "a historyLength of 0 in SendMessage leaves it out as well (§3.2.4)",
		test: func(k *kit) {
			params := k.message("tck-complete-task", nil)
			params["configuration"] = object{"historyLength": 0}
			task := k.does("SendMessage", params)["task"].(object)
			if _, ok := task["history"]; ok {
				k.Errorf("there is a history in %v", task)
			}
		}},
	{id: "CORE-HIST-004", means: "messages are kept in the history (§3.7)", test: func(k *kit) {
		if got := texts(k.send("tck-complete-task", nil)); !slices.Contains(got, "Say something") {
			k.Errorf("the history is %q", got)
		}
	}},
	{id: "CORE-HIST-005", means: "messages are kept in the order in which they were said (§3.7)",
		test: func(k *kit) {
			want := []string{"First", "Please go on.", "Second", "Please go on.", "Third"}
			if got := texts(k.conversation()); !slices.Equal(got, want) {
				k.Errorf("the history is %q, want %q", got, want)
			}
		}},
	{id: "CORE-HIST-006", means: "messages are kept as they were sent (§3.7)", test: func(k *kit) {
		said := object{
			"messageId": "tck-complete-task-whole", "role": "ROLE_USER", "contextId": "ours",
			"metadata":   object{"ä": []any{1.5, nil}},
			"extensions": []any{"https://example.com/x"}, "referenceTaskIds": []any{"another"},
			"parts": []any{
				object{"text": "Grüße \"あ\" \u2028 <&>"}, object{"data": nil},
				object{"raw": "/+8=", "filename": "ä.bin", "mediaType": "text/plain",
					"metadata": object{"a": "b"}},
			},
		}
		task := k.does("SendMessage", object{"message": said})["task"].(object)
		said["taskId"] = task["id"]
		got := k.does("GetTask", object{"id": task["id"]})["history"].([]any)
		if !equal(got[0], said) {
			k.Errorf("said %v, kept %v", said, got[0])
		}
	}},
	{id: "DM-TASK-002", means: "states are those of the proto (§4.1.3)", test: func(k *kit) {
		for prefix, want := range map[string]string{
			"tck-complete-task":  "TASK_STATE_COMPLETED",
			"tck-input-required": "TASK_STATE_INPUT_REQUIRED",
			"tck-reject-task":    "TASK_STATE_REJECTED",
		} {
			if task := k.send(prefix, nil); state(task) != want {
				k.Errorf("%s makes %v", prefix, task)
			}
		}
	}},
	{id: "DM-PART-001", means: "a part is one of text, raw, url and data (§4.1.6)",
		test: func(k *kit) {
			for prefix, want := range map[string]object{
				"tck-artifact-text": {"text": "Generated text content"},
				"tck-artifact-file": {"raw": "dGNr", "filename": "output.txt",
					"mediaType": "text/plain"},
				"tck-artifact-file-url": {"url": "https://example.com/output.txt",
					"filename": "output.txt", "mediaType": "text/plain"},
				"tck-artifact-data": {"data": object{"key": "value", "count": 42},
					"mediaType": "application/json"},
			} {
				artifacts, _ := k.send(prefix, nil)["artifacts"].([]any)
				if len(artifacts) != 1 || !equal(artifacts[0].(object)["parts"], []any{want}) {
					k.Errorf("%s makes %v", prefix, artifacts)
				}
			}
		}},
	{id: "DM-SERIAL-001",
		means: "members are written in lowerCamelCase, and read in either spelling (§5.5)",
		test: func(k *kit) {
			sent := k.send("tck-artifact-data", func(m object) {
				delete(m, "messageId")
				m["message_id"], m["context_id"] = "tck-artifact-data-1", "ours"
			})
			if sent["contextId"] != "ours" {
				k.Errorf("the context is lost: %v", sent)
			}
			if found := members(sent, func(name string, _ any) bool {
				return strings.Contains(name, "_")
			}); len(found) > 0 {
				k.Errorf("there is %q in %v", found, sent)
			}
		}},
	{id: "DM-SERIAL-003", means: "times are in UTC and end in Z (§5.6.1)", test: func(k *kit) {
		times := members(k.conversation(), func(name string, v any) bool {
			return name == "timestamp" && misshapen("Timestamp", v) == ""
		})
		if len(times) == 0 {
			k.Error("there are none")
		}
	}},
	{id: "DM-SERIAL-005", means: "members that nobody knows are ignored (§5.7)",
		test: func(k *kit) {
			params := k.message("tck-complete-task", func(m object) {
				m["mood"], m["kind"] = "good", "message"
				m["parts"] = []any{object{"text": "Say something", "kind": "text",
					"font": object{"size": 12}}}
			})
			params["hurry"], params["configuration"] = true, object{"blocking": true, "colour": nil}
			k.does("SendMessage", params)
		}},
}

// conversation is a task in which both sides have said something.
func (k *kit) conversation() object {
	k.Helper()
	says := func(text string, task object) func(m object) {
		return func(m object) {
			m["parts"] = []any{object{"text": text}}
			if task != nil {
				m["taskId"] = task["id"]
			}
		}
	}
	task := k.send("tck-input-required", says("First", nil))
	k.send("tck-input-required", says("Second", task))
	return k.send("tck-complete-task", says("Third", task))
}

// ids are those of the tasks of a page.
func ids(page object) (all []any) {
	for _, task := range page["tasks"].([]any) {
		all = append(all, task.(object)["id"])
	}
	return all
}

// lists compares a page with the tasks that belong there, in their order.
func (k *kit) lists(params object, want []object) {
	k.Helper()
	page := k.does("ListTasks", params)
	var wanted []any
	for _, task := range want {
		wanted = append(wanted, task["id"])
	}
	if got := ids(page); !slices.Equal(got, wanted) || page["totalSize"] != float64(len(want)) {
		k.Errorf("%v lists %v, want %v", params, got, wanted)
	}
}

// members are the names of those members, at any depth, that are as wanted.
func members(value any, wanted func(name string, v any) bool) (found []string) {
	switch v := value.(type) {
	case object:
		for name, member := range v {
			if wanted(name, member) {
				found = append(found, name)
			}
			found = append(found, members(member, wanted)...)
		}
	case []any:
		for _, element := range v {
			found = append(found, members(element, wanted)...)
		}
	}
	return found
}
