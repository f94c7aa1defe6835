package main

import (
	"testing/synctest"
	"time"

	"staff0/a2a"
)

// lifecycle is what a stream tells of a task that makes one artifact.
const lifecycle = "task SUBMITTED, statusUpdate WORKING, artifactUpdate, statusUpdate COMPLETED"

var streaming = []requirement{
	{id: "CORE-STREAM-001", means: "SendStreamingMessage tells events as they happen (§3.1.2)",
		test: func(k *kit) {
			begun := time.Now()
			events := k.stream("SendStreamingMessage", k.message(longTask, nil))
			if first := told(
				[]object{events.next(),
					events.next()}); first != "task SUBMITTED, statusUpdate WORKING" ||
				!time.Now().Equal(begun) {
				k.Errorf("after %v the stream has told %s", time.Since(begun), first)
			}
			if rest := told(events.all()); rest != "statusUpdate COMPLETED" ||
				time.Since(begun) != time.Minute {
				k.Errorf("after %v the rest was %s", time.Since(begun), rest)
			}
		}},
	{id: "CORE-STREAM-002", means: "the stream of a Message holds that and nothing else (§3.1.2)",
		test: func(k *kit) {
			all := k.stream("SendStreamingMessage", k.message("tck-message-response", nil)).all()
			if told(all) != "message" {
				k.Errorf("the stream tells %v", all)
			}
		}},
	{id: "CORE-STREAM-003",
		means: "the stream of a Task begins with it and closes at its end (§3.1.2)",
		test: func(k *kit) {
			for prefix, want := range map[string]string{
				"tck-stream-001": lifecycle, "tck-stream-003": lifecycle,
				"tck-stream-artifact-file": lifecycle,
				"tck-stream-002": "task SUBMITTED, statusUpdate WORKING, statusUpdate " +
					"COMPLETED",
				"tck-stream-artifact-chunked": "task SUBMITTED, statusUpdate WORKING, " +
					"artifactUpdate, artifactUpdate, statusUpdate COMPLETED",
				"tck-reject-task": "task SUBMITTED, statusUpdate WORKING, statusUpdate " +
					"REJECTED",
				"tck-input-required": "task SUBMITTED, statusUpdate WORKING, statusUpdate " +
					"INPUT_REQUIRED",
			} {
				if got := told(k.stream("SendStreamingMessage",
					k.message(prefix, nil)).all()); got != want {
					k.Errorf("%s is told as %s, want %s", prefix, got, want)
				}
			}
		}},
	{id: "DM-ART-001", means: "an artifact in chunks is put together (§4.2.2)", test: func(k *kit) {
		all := k.stream("SendStreamingMessage", k.message("tck-stream-artifact-chunked", nil)).all()
		first, last := all[2]["artifactUpdate"].(object), all[3]["artifactUpdate"].(object)
		if first["append"] == true || first["lastChunk"] == true || last["append"] != true ||
			last["lastChunk"] != true {
			k.Errorf("the chunks are %v and %v", first, last)
		}
		artifacts := k.does("GetTask", object{"id": all[0]["task"].(object)["id"]})["artifacts"].([]any)
		if len(artifacts) != 1 ||
			!equal(artifacts[0].(object)["parts"],
				[]any{object{"text": "chunk-1 "}, object{"text": "chunk-2"}}) {
			k.Errorf("the task has %v", artifacts)
		}
	}},
	{id: "STREAM-ORDER-001", means: "events come in the order in which they happened (§3.5.2)",
		test: func(k *kit) {
			if got := told(k.stream("SendStreamingMessage",
				k.message("tck-stream-ordering-001", nil)).all()); got != lifecycle {
				k.Errorf("the stream tells %s", got)
			}
		}},
	{id: "STREAM-ORDER-002", means: "events go to all streams of a task (§3.5.2)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			a, b := k.subscribe(task), k.subscribe(task)
			k.send("tck-artifact-text", to(task))
			for _, s := range []*events{a, b} {
				if got := told(
					s.all()); got != "statusUpdate WORKING, artifactUpdate, statusUpdate "+
					"COMPLETED" {
					k.Errorf("a stream tells %s", got)
				}
			}
		}},
	{id: "STREAM-ORDER-003", means: "all streams tell the same in the same order (§3.5.2)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			var streams []*events
			for range 5 {
				streams = append(streams, k.subscribe(task))
			}
			k.send("tck-input-required", to(task))
			k.send("tck-stream-artifact-chunked", to(task))
			want := streams[0].all()
			for _, s := range streams[1:] {
				if got := s.all(); !equal(got, want) {
					k.Errorf("one stream tells %v, another one %v", got, want)
				}
			}
		}},
	{id: "STREAM-ORDER-004", means: "closing a stream ends no other one, nor the task (§3.5.2)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			a, b := k.subscribe(task), k.subscribe(task)
			a.close()
			synctest.Wait()
			k.send("tck-complete-task", to(task))
			if got := told(b.all()); got != "statusUpdate WORKING, statusUpdate COMPLETED" {
				k.Errorf("the other stream tells %s", got)
			}
		}},
	{id: "STREAM-SUB-001", means: "SubscribeToTask tells the task first, as it is (§3.1.6)",
		test: func(k *kit) {
			task := k.send("tck-input-required", nil)
			events := k.stream("SubscribeToTask", object{"id": task["id"]})
			defer events.close()
			if first := events.next(); !equal(first["task"], task) {
				k.Errorf("the first event is %v, want %v", first, task)
			}
		}},
	{id: "STREAM-SUB-002", means: "a subscription ends with the task, and not before (§3.1.6)",
		test: func(k *kit) {
			sent := k.stream("SendStreamingMessage", k.message(longTask, nil))
			id := sent.next()["task"].(object)["id"]
			time.Sleep(30 * time.Second)
			if got := told(k.stream("SubscribeToTask",
				object{"id": id}).all()); got != "task WORKING, statusUpdate COMPLETED" {
				k.Errorf("the subscription tells %s", got)
			}
			sent.all()
			canceled := k.send("tck-input-required", nil)
			events := k.subscribe(canceled)
			k.does("CancelTask", object{"id": canceled["id"]})
			if got := told(events.all()); got != "statusUpdate CANCELED" {
				k.Errorf("a subscription to a canceled task tells %s", got)
			}
		}},
	{id: "STREAM-SUB-003", means: "a task that has ended cannot be subscribed to (§3.1.6)",
		test: func(k *kit) {
			k.refused("SubscribeToTask", object{"id": k.send("tck-complete-task", nil)["id"]},
				a2a.ErrUnsupportedOperation)
		}},
	{id: "STREAM-SUB-004", means: "a task that is not there cannot be subscribed to (§3.1.6)",
		test: func(k *kit) {
			k.refused("SubscribeToTask", object{"id": "nobody-knows"}, a2a.ErrTaskNotFound)
		}},
}

// subscribe opens a subscription that has told the task.
func (k *kit) subscribe(task object) *events {
	k.Helper()
	events := k.stream("SubscribeToTask", object{"id": task["id"]})
	if first := told([]object{events.next()}); first != "task INPUT_REQUIRED" {
		k.Errorf("the subscription begins with %s", first)
	}
	return events
}
