package a2a

// Event is what an agent sends about a task: *Task, *Message, *TaskStatusUpdateEvent or *TaskArtifactUpdateEvent. The set is closed; it is the
// oneof of StreamResponse (§4.2.3), and its first two members are that of SendMessageResponse.
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

// TaskArtifactUpdateEvent brings an artifact or a piece of one (§4.2.2). With Append the parts are added to the artifact of that id, without it
// they replace it; LastChunk says that no piece follows.
type TaskArtifactUpdateEvent struct {
	TaskID    TaskID    `json:"taskId"`
	ContextID ContextID `json:"contextId"`
	Artifact  *Artifact `json:"artifact"`
	Append    bool      `json:"append,omitempty"`
	LastChunk bool      `json:"lastChunk,omitempty"`
	Metadata  Struct    `json:"metadata,omitempty"`
}

// Apply returns the task as it is after the event; the receiver stays as it was. A *Task replaces everything, for it is a snapshot (§3.1.6).
// Any other event leaves the task alone if it names another one; one that names none belongs to the task.
//
// The metadata of a status join those of the task: a status without a message has nowhere else to leave them.
//
// What the agent said in a status is kept in the history once something follows it, in the order in which things were said (§3.7).
func (t *Task) Apply(event Event) *Task {
	switch e := event.(type) {
	case *Task:
		return e
	case *TaskStatusUpdateEvent:
		if t.foreign(e.TaskID) {
			return t
		}
		next := *t
		next.History = t.spoken()
		next.Status = e.Status
		next.Metadata = t.Metadata.merge(e.Metadata)
		return &next
	case *TaskArtifactUpdateEvent:
		if t.foreign(e.TaskID) || e.Artifact == nil {
			return t
		}
		next := *t
		next.Artifacts = applyArtifact(t.Artifacts, e)
		return &next
	case *Message:
		if t.foreign(e.TaskID) {
			return t
		}
		next := *t
		next.History = append(t.spoken(), e)
		return &next
	}
	return t
}

func (t *Task) foreign(id TaskID) bool { return id != "" && id != t.ID }

// spoken is the history with the message of the present status at its end, in a slice that may be appended to.
func (t *Task) spoken() []*Message {
	history := t.History[:len(t.History):len(t.History)]
	m := t.Status.Message
	if m == nil {
		return history
	}
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].MessageID == m.MessageID {
			return history // it went in with a message that came after it
		}
	}
	return append(history, m)
}

func applyArtifact(have []*Artifact, e *TaskArtifactUpdateEvent) []*Artifact {
	out := append([]*Artifact(nil), have...)
	for i, a := range out {
		if a.ArtifactID != e.Artifact.ArtifactID {
			continue
		}
		if !e.Append {
			out[i] = e.Artifact
			return out
		}
		joined := *a
		joined.Parts = append(a.Parts[:len(a.Parts):len(a.Parts)], e.Artifact.Parts...)
		out[i] = &joined
		return out
	}
	// Appending to an artifact that is not there creates it: dropping what was sent would lose it for good.
	return append(out, e.Artifact)
}
