package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// script is what the executor does for messages whose id begins with the prefix. The texts are
// those of the kit's scenarios.
type script struct {
	prefix string
	reply  string // the answer without a task
	steps  func() [][]a2a.Event
}

// scripts is the kit's scenarios/*.feature, and the default at the end. Steps are made anew for
// every turn: the engine writes into events.
var scripts = []script{
	{prefix: "tck-complete-task", steps: ends(says(a2a.TaskStateCompleted, "Hello from TCK"))},
	{prefix: "tck-input-required", steps: ends(says(a2a.TaskStateInputRequired, "Please go on."))},
	{prefix: "tck-reject-task", steps: ends(says(a2a.TaskStateRejected, "rejected"))},
	{prefix: "tck-message-response", reply: "Direct message response"},

	{prefix: "tck-artifact-text", steps: brings(a2a.TextPart("Generated text content"))},
	{prefix: "tck-artifact-file", steps: brings(outputFile)},
	{prefix: "tck-artifact-file-url", steps: brings(a2a.Part{
		Kind: a2a.PartURL, URL: "https://example.com/output.txt", Filename: "output.txt",
		MediaType: "text/plain",
	})},
	{prefix: "tck-artifact-data",
		steps: brings(a2a.DataPart([]byte(`{"key":"value","count":42}`)))},

	{prefix: "tck-stream-001", steps: brings(a2a.TextPart("Stream hello from TCK"))},
	{prefix: "tck-stream-002", steps: ends(is(a2a.TaskStateCompleted))},
	{prefix: "tck-stream-003", steps: brings(a2a.TextPart("Stream task lifecycle"))},
	{prefix: "tck-stream-ordering-001", steps: brings(a2a.TextPart("Ordered output"))},
	{prefix: "tck-stream-artifact-text", steps: brings(a2a.TextPart("Streamed text content"))},
	{prefix: "tck-stream-artifact-file", steps: brings(outputFile)},
	{prefix: "tck-stream-artifact-chunked", steps: func() [][]a2a.Event {
		first, last := artifact(a2a.TextPart("chunk-1 ")), artifact(a2a.TextPart("chunk-2"))
		last.Append, last.LastChunk = true, true
		return [][]a2a.Event{{first}, {last}, {is(a2a.TaskStateCompleted)()}}
	}},

	{prefix: longTask, steps: ends(is(a2a.TaskStateCompleted))},

	// What the kits send beside is to become a task that stays: they cancel it, go on with it, or
	// subscribe to it.
	{prefix: "", steps: ends(says(a2a.TaskStateInputRequired, "Please go on."))},
}

// longTask is the prefix of messages whose task takes a while, so that there is time to subscribe
// to it.
const longTask = "test-resubscribe-message-id"

var outputFile = a2a.Part{Kind: a2a.PartRaw, Raw: []byte("tck"), Filename: "output.txt",
	MediaType: "text/plain"}

// ends makes one step of one event.
func ends(event func() a2a.Event) func() [][]a2a.Event {
	return func() [][]a2a.Event { return [][]a2a.Event{{event()}} }
}

// brings makes an artifact of one part, then the end of the task.
func brings(part a2a.Part) func() [][]a2a.Event {
	return func() [][]a2a.Event {
		whole := artifact(part)
		whole.LastChunk = true
		return [][]a2a.Event{{whole}, {is(a2a.TaskStateCompleted)()}}
	}
}

func artifact(part a2a.Part) *a2a.TaskArtifactUpdateEvent {
	return &a2a.TaskArtifactUpdateEvent{Artifact: &a2a.Artifact{ArtifactID: "output",
		Name: "Output", Parts: []a2a.Part{part}}}
}

// is makes a status without a message.
func is(state a2a.TaskState) func() a2a.Event {
	return func() a2a.Event {
		return &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state}}
	}
}

// says makes a status with a message.
func says(state a2a.TaskState, text string) func() a2a.Event {
	return func() a2a.Event {
		message := &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}}
		return &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state, Message: message}}
	}
}

// find gives the script with the longest prefix of a message id.
func find(messageID string) script {
	fitting := func(s script) bool { return strings.HasPrefix(messageID, s.prefix) }
	best := scripts[slices.IndexFunc(scripts, fitting)]
	for _, s := range scripts {
		if fitting(s) && len(s.prefix) > len(best.prefix) {
			best = s
		}
	}
	return best
}

// executor plays the scripts.
type executor struct {
	pause time.Duration // how long a long task takes
}

// Reply answers the one scenario that has no task.
func (executor) Reply(_ context.Context, _ tasks.Owner, m *a2a.Message) *a2a.Message {
	text := find(m.MessageID).reply
	if text == "" {
		return nil
	}
	return &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}}
}

// Execute plays the script of the caller's last message. The engine has begun the turn with
// WORKING, which is the first status of most scenarios.
func (e executor) Execute(ctx context.Context, turn *tasks.Turn) error {
	said := ""
	for _, m := range slices.Backward(turn.Task.History) {
		if m.Role == a2a.RoleUser {
			said = m.MessageID
			break
		}
	}
	if strings.HasPrefix(said, longTask) {
		select {
		case <-time.After(e.pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	steps := find(said).steps
	if steps == nil { // a direct answer was wanted from a task
		steps = ends(is(a2a.TaskStateCompleted))
	}
	for _, events := range steps() {
		if err := turn.Do(tasks.Step{Events: events}); err != nil {
			return err
		}
	}
	return nil
}

// Park and Unpark have nothing to do: no script waits for anything outside.
func (executor) Park(a2a.TaskID, any, []byte) {}
func (executor) Unpark(a2a.TaskID)            {}
