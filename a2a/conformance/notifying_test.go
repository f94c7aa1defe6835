package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"staff0/a2a"
)

// receiver is what a webhook leads to.
type receiver struct {
	*httptest.Server
	got chan delivery
}

type delivery struct {
	header http.Header
	body   object
}

// origin is that of the server.
func (r *receiver) origin() string { return r.URL }

func receive(t *testing.T) *receiver {
	r := &receiver{got: make(chan delivery, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		d := delivery{header: req.Header}
		if err := json.NewDecoder(req.Body).Decode(&d.body); err != nil ||
			req.Method != http.MethodPost || req.URL.Path != "/webhook" {
			t.Errorf("the webhook is called with %s %s: %v", req.Method, req.URL, err)
		}
		r.got <- d
	}))
	t.Cleanup(r.Close)
	return r
}

// until gives what arrives up to the end of a task.
func (r *receiver) until(k *kit, end string) (all []object, headers []http.Header) {
	k.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case d := <-r.got:
			all, headers = append(all, d.body), append(headers, d.header)
			if update, _ := d.body["statusUpdate"].(object); state(update) == end {
				return all, headers
			}
		case <-timeout:
			k.Fatalf("only %s arrived", told(all))
		}
	}
}

// hookOf is a configuration without an id.
func hookOf(task object, url string) object {
	return object{
		"taskId": task["id"], "url": url, "token": "ours",
		"authentication": object{"scheme": "Bearer", "credentials": "secret"},
	}
}

const elsewhere = "https://example.com/webhook"

var notifying = []requirement{
	{id: "PUSH-CREATE-001", means: "a configuration is taken, and gets an id (§3.1.7)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			want := hookOf(task, elsewhere)
			got := k.does("CreateTaskPushNotificationConfig", want)
			id, _ := got["id"].(string)
			if want["id"] = id; id == "" || !equal(got, want) {
				k.Errorf("configured %v, got %v", want, got)
			}
			k.refused("CreateTaskPushNotificationConfig",
				hookOf(object{"id": "nobody-knows"}, elsewhere), a2a.ErrTaskNotFound)
			for _, url := range []string{"http://example.com/webhook", "https://127.0.0.1/",
				"https://169.254.169.254/", "ftp://example.com/", "x"} {
				k.refused("CreateTaskPushNotificationConfig", hookOf(task, url),
					a2a.ErrInvalidParams)
			}
		}},
	{id: "PUSH-CREATE-002",
		means: "a configuration stays until it is deleted, whatever the task does (§3.1.7)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			made := k.does("CreateTaskPushNotificationConfig", hookOf(task, elsewhere))
			for range 2 {
				got := k.does("GetTaskPushNotificationConfig",
					object{"taskId": task["id"], "id": made["id"]})
				if !equal(got, made) {
					k.Errorf("configured %v, got %v", made, got)
				}
				k.send("tck-input-required", to(task))
			}
		}},
	{id: "PUSH-GET-001", means: "a configuration can be read (§3.1.8)", test: func(k *kit) {
		task := k.send("tck-input-required", nil)
		want := hookOf(task, elsewhere)
		want["id"] = "mine"
		k.does("CreateTaskPushNotificationConfig", want)
		if got := k.does("GetTaskPushNotificationConfig",
			object{"taskId": task["id"], "id": "mine"}); !equal(got, want) {
			k.Errorf("configured %v, got %v", want, got)
		}
	}},
	{id: "PUSH-GET-002", means: "a configuration that is not there is not found (§3.1.8)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			k.refused("GetTaskPushNotificationConfig",
				object{"taskId": task["id"], "id": "nobody-knows"}, a2a.ErrTaskNotFound)
			k.refused("GetTaskPushNotificationConfig",
				object{"taskId": "nobody-knows", "id": "mine"},
				a2a.ErrTaskNotFound)
		}},
	{id: "PUSH-LIST-001", means: "all configurations of a task are listed (§3.1.9)",
		test: func(k *kit) {
			task, other := k.send("tck-input-required", nil), k.send("tck-input-required", nil)
			var want []any
			for range 3 {
				want = append(want,
					k.does("CreateTaskPushNotificationConfig", hookOf(task, elsewhere))["id"])
			}
			k.does("CreateTaskPushNotificationConfig", hookOf(other, elsewhere))
			var got []any
			for _, c := range k.does("ListTaskPushNotificationConfigs",
				object{"taskId": task["id"]})["configs"].([]any) {
				got = append(got, c.(object)["id"])
			}
			if len(got) != len(want) || slices.ContainsFunc(want, func(id any) bool {
				return !slices.Contains(got, id)
			}) {
				k.Errorf("the list has %v, want %v", got, want)
			}
		}},
	{id: "PUSH-DEL-001", means: "a deleted configuration is gone (§3.1.10)", test: func(k *kit) {
		task := k.send("tck-input-required", nil)
		named := object{"taskId": task["id"],
			"id": k.does("CreateTaskPushNotificationConfig", hookOf(task, elsewhere))["id"]}
		k.does("DeleteTaskPushNotificationConfig", named)
		k.refused("GetTaskPushNotificationConfig", named, a2a.ErrTaskNotFound)
		if list := k.does("ListTaskPushNotificationConfigs", object{"taskId": task["id"]}); len(
			list) > 0 && !equal(list["configs"], []any{}) {
			k.Errorf("the list is %v", list)
		}
	}},
	{id: "PUSH-DEL-002", means: "deleting twice is the same as once (§3.1.10)", test: func(k *kit) {
		task := k.send("tck-input-required", nil)
		named := object{"taskId": task["id"],
			"id": k.does("CreateTaskPushNotificationConfig", hookOf(task, elsewhere))["id"]}
		for range 2 {
			k.does("DeleteTaskPushNotificationConfig", named)
		}
	}},
	{id: "PUSH-DELIVER-001",
		means:   "deliveries carry the credentials that were configured (§4.3.2, §13.2)",
		network: true, test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			k.does("CreateTaskPushNotificationConfig", hookOf(task, k.hook.URL+"/webhook"))
			k.send("tck-complete-task", to(task))
			_, headers := k.hook.until(k, "TASK_STATE_COMPLETED")
			for _, h := range headers {
				if h.Get("Authorization") != "Bearer secret" ||
					h.Get("X-A2A-Notification-Token") != "ours" {
					k.Errorf("a delivery has the headers %v", h)
				}
			}
		}},
	{id: "PUSH-DELIVER-002",
		means: "every webhook is told, also one that came with the message (§13.2)", network: true,
		test: func(k *kit) {
			params := k.message("tck-artifact-text", nil)
			params["configuration"] = object{"taskPushNotificationConfig": object{"url": k.hook.URL +
				"/webhook"}}
			k.does("SendMessage", params)
			if all, _ := k.hook.until(k, "TASK_STATE_COMPLETED"); !slices.Contains(
				[]string{lifecycle,
					"statusUpdate WORKING, artifactUpdate, statusUpdate COMPLETED"}, told(all)) {
				k.Errorf("the webhook was told %s", told(all))
			}
		}},
	{id: "PUSH-DELIVER-003",
		means:   "what is delivered is a StreamResponse, in the order of what happened (§4.3.3)",
		network: true, test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			k.does("CreateTaskPushNotificationConfig", hookOf(task, k.hook.URL+"/webhook"))
			k.send("tck-stream-artifact-chunked", to(task))
			all, headers := k.hook.until(k, "TASK_STATE_COMPLETED")
			for i, event := range all {
				k.shaped("StreamResponse", event)
				if media := headers[i].Get("Content-Type"); media != "application/a2a+json" &&
					media != "application/json" {
					k.Errorf("a delivery is of type %q", media)
				}
			}
			all = slices.DeleteFunc(all, func(event object) bool { return event["message"] != nil })
			if got := told(
				all); got != "statusUpdate WORKING, artifactUpdate, artifactUpdate, statusUpdate "+
				"COMPLETED" {
				k.Errorf("the webhook was told %s", got)
			}
		}},
}
