package main

import (
	"slices"
	"testing/synctest"
	"time"

	"staff0/a2a"
)

var sending = []requirement{
	{id: "CORE-SEND-001", means: "SendMessage returns a Task or a Message (§3.1.1)",
		test: func(k *kit) {
			if task := k.send("tck-complete-task", nil); state(task) != "TASK_STATE_COMPLETED" {
				k.Errorf("the task is %v", task)
			}
			m, ok := k.does("SendMessage", k.message("tck-message-response", nil))["message"].(object)
			if !ok || m["role"] != "ROLE_AGENT" ||
				!equal(m["parts"], []any{object{"text": "Direct message response"}}) {
				k.Errorf("the message is %v", m)
			}
			if list := k.does("ListTasks", object{}); list["totalSize"] != 1.0 {
				k.Errorf("the message has left a task: %v", list)
			}
		}},
	{id: "CORE-SEND-002", means: "messages to tasks that have ended are refused (§3.1.1)",
		test: func(k *kit) {
			canceled := k.send("tck-input-required", nil)
			k.does("CancelTask", object{"id": canceled["id"]})
			for _, task := range []object{k.send("tck-complete-task", nil),
				k.send("tck-reject-task", nil), canceled} {
				k.refused("SendMessage", k.message("tck-complete-task", to(task)),
					a2a.ErrUnsupportedOperation)
			}
		}},
	{id: "CORE-SEND-003",
		means: "parts of a media type that the agent does not take are refused (§3.1.1)",
		test: func(k *kit) {
			k.refused("SendMessage", k.message("send-003", func(m object) {
				m["parts"] = []any{object{"raw": "dGNr",
					"mediaType": "application/x-unsupported-tck-type"}}
			}), a2a.ErrContentTypeNotSupported)
			k.send("tck-complete-task", func(m object) {
				m["parts"] = []any{
					object{"text": "a"}, object{"data": []any{1, nil}},
					object{"raw": "dGNr", "mediaType": "text/plain", "filename": "a.txt"},
					object{"url": "https://example.com/a.png", "mediaType": "image/png"},
				}
			})
		}},
	{id: "CORE-EXECUTION-MODE-001",
		means: "a blocking call waits for an end or an interruption (§3.2.2)", test: func(k *kit) {
			begun := time.Now()
			if task := k.send(longTask, nil); state(task) != "TASK_STATE_COMPLETED" ||
				time.Since(begun) != time.Minute {
				k.Errorf("after %v the task is %v", time.Since(begun), task)
			}
			if task := k.send("tck-input-required",
				nil); state(task) != "TASK_STATE_INPUT_REQUIRED" {
				k.Errorf("the task is %v", task)
			}
		}},
	{id: "CORE-EXECUTION-MODE-002", means: "returnImmediately returns immediately (§3.2.2)",
		test: func(k *kit) {
			begun := time.Now()
			params := k.message(longTask, nil)
			params["configuration"] = object{"returnImmediately": true}
			task := k.does("SendMessage", params)["task"].(object)
			if s := state(task); s != "TASK_STATE_SUBMITTED" && s != "TASK_STATE_WORKING" ||
				!time.Now().Equal(begun) {
				k.Errorf("after %v the task is %v", time.Since(begun), task)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if task = k.does("GetTask", object{"id": task["id"]}); state(
				task) != "TASK_STATE_COMPLETED" {
				k.Errorf("afterwards the task is %v", task)
			}
		}},
	{id: "CORE-ERR-001", means: "errors have a code and a message (§3.3.2)", test: func(k *kit) {
		k.refused("GetTask", object{"id": "nobody-knows"}, a2a.ErrTaskNotFound)
		k.refused("CancelTask", object{"id": "nobody-knows"}, a2a.ErrTaskNotFound)
	}},
	{id: "CORE-ERR-002", means: "parameters are checked before anything is done (§3.3.1)",
		test: func(k *kit) {
			for name, change := range map[string]func(m object){
				"no id":            func(m object) { delete(m, "messageId") },
				"no role":          func(m object) { delete(m, "role") },
				"a role of nobody": func(m object) { m["role"] = "ROLE_UNSPECIFIED" },
				"an unknown role":  func(m object) { m["role"] = "ROLE_JUDGE" },
				"the agent's role": func(m object) { m["role"] = "ROLE_AGENT" },
				"no parts":         func(m object) { delete(m, "parts") },
				"an empty list":    func(m object) { m["parts"] = []any{} },
				"an empty part":    func(m object) { m["parts"] = []any{object{}} },
				"a part of two": func(m object) {
					m["parts"] = []any{object{"text": "a", "url": "https://example.com/"}}
				},
				"a number as text":  func(m object) { m["parts"] = []any{object{"text": 1}} },
				"raw of no base64":  func(m object) { m["parts"] = []any{object{"raw": "!"}} },
				"a list for an id":  func(m object) { m["messageId"] = []any{} },
				"metadata of a sum": func(m object) { m["metadata"] = 3 },
			} {
				k.Log(name)
				k.refused("SendMessage", k.message("tck-complete-task", change),
					a2a.ErrInvalidParams)
			}
			k.refused("SendMessage", object{}, a2a.ErrInvalidParams)
			for _, params := range []object{
				{"pageSize": 0}, {"pageSize": 101}, {"historyLength": -1},
				{"status": "TASK_STATE_LOST"}, {"pageToken": "page 2"},
				{"statusTimestampAfter": "yesterday"},
			} {
				k.Log(params)
				k.refused("ListTasks", params, a2a.ErrInvalidParams)
			}
			if list := k.does("ListTasks", object{}); list["totalSize"] != 0.0 {
				k.Errorf("something was done: %v", list)
			}
		}},
	{id: "CORE-MULTI-001", means: "a message without a context gets one (§3.4.1)",
		test: func(k *kit) {
			if a, b := k.send("tck-complete-task", nil),
				k.send("tck-complete-task", nil); a["contextId"] == b["contextId"] {
				k.Error("two messages without a context share one")
			}
		}},
	{id: "CORE-MULTI-001a",
		means: "the context that was made is in the answer, Task or Message (§3.4.1)",
		test: func(k *kit) {
			m := k.does("SendMessage", k.message("tck-message-response", nil))["message"].(object)
			for _, answer := range []object{k.send("tck-complete-task", nil), m} {
				if id, _ := answer["contextId"].(string); id == "" {
					k.Errorf("there is no context in %v", answer)
				}
			}
		}},
	{id: "CORE-MULTI-002", means: "the context that the client names is kept (§3.4.1)",
		test: func(k *kit) {
			ours := func(m object) { m["contextId"] = "ours" }
			m := k.does("SendMessage", k.message("tck-message-response", ours))["message"].(object)
			for _, answer := range []object{k.send("tck-complete-task", ours),
				k.send("tck-input-required", ours), m} {
				if answer["contextId"] != "ours" {
					k.Errorf("the context is not ours in %v", answer)
				}
			}
		}},
	{id: "CORE-MULTI-002a", means: "a context that cannot be is refused, and not replaced (§3.4.1)",
		test: func(k *kit) {
			long := slices.Repeat([]byte("x"), 1000)
			k.refused("SendMessage", k.message("tck-complete-task", func(m object) {
				m["contextId"] = string(long)
			}), a2a.ErrInvalidParams)
		}},
	{id: "CORE-MULTI-003", means: "every task has an id of its own (§3.4.2)", test: func(k *kit) {
		var ids []any
		for range 10 {
			task := k.send("tck-complete-task", func(m object) {
				m["messageId"] = "tck-complete-task-again"
			})
			if slices.Contains(ids, task["id"]) {
				k.Errorf("%v is there twice", task["id"])
			}
			ids = append(ids, task["id"])
		}
	}},
	{id: "CORE-MULTI-004", means: "a message to a task that is not there is refused (§3.4.2)",
		test: func(k *kit) {
			params := k.message("tck-complete-task", to(object{"id": "nobody-knows"}))
			k.refused("SendMessage", params, a2a.ErrTaskNotFound)
		}},
	{id: "CORE-MULTI-005", means: "the context follows from the task (§3.4.3)", test: func(k *kit) {
		task := k.send("tck-input-required", nil)
		if next := k.send("tck-complete-task", to(task)); next["contextId"] != task["contextId"] ||
			next["id"] != task["id"] {
			k.Errorf("%v goes on as %v", task, next)
		}
	}},
	{id: "CORE-MULTI-006", means: "a context that is not that of the task is refused (§3.4.3)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			k.refused("SendMessage", k.message("tck-complete-task", func(m object) {
				m["taskId"], m["contextId"] = task["id"], "another"
			}), a2a.ErrInvalidParams)
			k.send("tck-complete-task", func(m object) {
				m["taskId"], m["contextId"] = task["id"], task["contextId"]
			})
		}},
}
