package a2a

// Event is what an agent sends about a task: *Task, *Message, *TaskStatusUpdateEvent or
// *TaskArtifactUpdateEvent. The set is closed; it is the oneof of StreamResponse (§4.2.3), and its
// first two members are that of SendMessageResponse.
type Event interface{ event() }

func (*Task) event()                    {}
func (*Message) event()                 {}
func (*TaskStatusUpdateEvent) event()   {}
func (*TaskArtifactUpdateEvent) event() {}

// TaskStatusUpdateEvent tells a new status (§4.2.1).
type TaskStatusUpdateEvent struct {
	TaskID    TaskID     `json:"taskId"`
	ContextID ContextID  `json:"contextId"`
	Status    TaskStatus `json:"status"`
	Metadata  Struct     `json:"metadata,omitempty"`
}

// TaskArtifactUpdateEvent brings an artifact or a piece of one (§4.2.2). With Append the parts are
// added to the artifact of that id, without it they replace it; LastChunk says that no piece
// follows.
type TaskArtifactUpdateEvent struct {
	TaskID    TaskID    `json:"taskId"`
	ContextID ContextID `json:"contextId"`
	Artifact  *Artifact `json:"artifact"`
	Append    bool      `json:"append,omitempty"`
	LastChunk bool      `json:"lastChunk,omitempty"`
	Metadata  Struct    `json:"metadata,omitempty"`
}

// Apply returns the task as it is after the event; the receiver stays as it was. Fold says what
// becomes of it, and costs less where there are many events.
func (t *Task) Apply(event Event) *Task {
	f := NewFold(t)
	f.Add(event)
	return f.Task()
}
