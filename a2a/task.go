package a2a

import "time"

// TaskID names a task. The server makes it (§3.4.2); to a client it is opaque.
type TaskID string

// ContextID groups tasks of one conversation. It is opaque and means something only together with
// its owner (§3.4.1).
type ContextID string

// Task is a unit of work and its present state (§4.1.1).
//
// Engine and stores share tasks between goroutines: a *Task that has been handed out is never
// changed again.
type Task struct {
	ID        TaskID      `json:"id"`
	ContextID ContextID   `json:"contextId,omitempty"`
	Status    TaskStatus  `json:"status"`
	Artifacts []*Artifact `json:"artifacts,omitempty"`
	History   []*Message  `json:"history,omitempty"` // oldest first
	Metadata  Struct      `json:"metadata,omitempty"`
}

// TaskStatus is the state of a task since Timestamp, with the agent's message about it, if any
// (§4.1.2).
type TaskStatus struct {
	State     TaskState `json:"state"`
	Message   *Message  `json:"message,omitempty"`
	Timestamp time.Time `json:"timestamp,omitzero"`
}

// TaskState is the state of a task (§4.1.3). Its numbers are those of the proto enumeration.
type TaskState uint8

// The states. TaskStateUnspecified also stands for a state that this version does not know; it
// counts as not terminal.
const (
	TaskStateUnspecified TaskState = iota
	TaskStateSubmitted
	TaskStateWorking
	TaskStateCompleted
	TaskStateFailed
	TaskStateCanceled
	TaskStateInputRequired
	TaskStateRejected
	TaskStateAuthRequired
)

var taskStateNames = [...]string{
	"TASK_STATE_UNSPECIFIED", "TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED",
	"TASK_STATE_FAILED",
	"TASK_STATE_CANCELED", "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_REJECTED",
	"TASK_STATE_AUTH_REQUIRED",
}

// String is the proto name, which is also the JSON form.
func (s TaskState) String() string {
	if int(s) < len(taskStateNames) {
		return taskStateNames[s]
	}
	return taskStateNames[0]
}

// Terminal reports whether nothing follows this state (§4.1.3).
func (s TaskState) Terminal() bool {
	switch s {
	case TaskStateCompleted, TaskStateFailed, TaskStateCanceled, TaskStateRejected:
		return true
	}
	return false
}

// Interrupted reports whether the task waits for somebody outside the agent. A blocking SendMessage
// returns here (§3.2.2).
func (s TaskState) Interrupted() bool {
	return s == TaskStateInputRequired || s == TaskStateAuthRequired
}

// Artifact is a result of a task (§4.1.7). ArtifactID is unique within the task.
type Artifact struct {
	ArtifactID  string   `json:"artifactId"`
	Name        string   `json:"name,omitempty"`
	Description string   `json:"description,omitempty"`
	Parts       []Part   `json:"parts"`
	Metadata    Struct   `json:"metadata,omitempty"`
	Extensions  []string `json:"extensions,omitempty"`
}
