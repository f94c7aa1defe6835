package a2a

import (
	"encoding/json"
)

// Decoding follows ProtoJSON: unknown members are ignored (§5.7), null is absent, enumerations come by name or number, a oneof has exactly one of
// its members, names may be camelCase or snake_case (of a member that comes in both spellings the last one counts). Member names are otherwise
// exact. That required members are there is the business of Validate, since an answer is read more kindly than a request.
//
// The UnmarshalJSON methods expect valid JSON, as encoding/json and a2a/wire hand it to them. Errors are *DecodeError.

func decode(data []byte, read func(*reader)) error {
	r := reader{data: data}
	read(&r)
	return r.end()
}

// UnmarshalJSON reads the task.
func (t *Task) UnmarshalJSON(data []byte) error { return decode(data, t.read) }

func (t *Task) read(r *reader) {
	*t = Task{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "id":
			t.ID = TaskID(r.string())
		case "contextId":
			t.ContextID = ContextID(r.string())
		case "status":
			t.Status.read(r)
		case "artifacts":
			for ok := r.array(); ok && r.element(); {
				a := new(Artifact)
				a.read(r)
				t.Artifacts = append(t.Artifacts, a)
			}
		case "history":
			for ok := r.array(); ok && r.element(); {
				m := new(Message)
				m.read(r)
				t.History = append(t.History, m)
			}
		case "metadata":
			t.Metadata = r.structure()
		default:
			r.skip()
		}
	}
}

// UnmarshalJSON reads the status.
func (s *TaskStatus) UnmarshalJSON(data []byte) error { return decode(data, s.read) }

func (s *TaskStatus) read(r *reader) {
	*s = TaskStatus{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "state":
			s.State = TaskState(r.enum(taskStateNames[:]))
		case "message":
			s.Message = readMessage(r)
		case "timestamp":
			s.Timestamp = r.time()
		default:
			r.skip()
		}
	}
}

// UnmarshalJSON takes a proto name or number.
func (s *TaskState) UnmarshalJSON(data []byte) error {
	return decode(data, func(r *reader) { *s = TaskState(r.enum(taskStateNames[:])) })
}

// UnmarshalJSON takes a proto name or number.
func (r *Role) UnmarshalJSON(data []byte) error {
	return decode(data, func(rd *reader) { *r = Role(rd.enum(roleNames[:])) })
}

// UnmarshalJSON reads the message.
func (m *Message) UnmarshalJSON(data []byte) error { return decode(data, m.read) }

// readMessage reads a message that may be absent.
func readMessage(r *reader) *Message {
	if r.null() {
		return nil
	}
	m := new(Message)
	m.read(r)
	return m
}

func (m *Message) read(r *reader) {
	*m = Message{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "messageId":
			m.MessageID = r.string()
		case "contextId":
			m.ContextID = ContextID(r.string())
		case "taskId":
			m.TaskID = TaskID(r.string())
		case "role":
			m.Role = Role(r.enum(roleNames[:]))
		case "parts":
			m.Parts = readParts(r)
		case "metadata":
			m.Metadata = r.structure()
		case "extensions":
			m.Extensions = readStrings[string](r)
		case "referenceTaskIds":
			m.ReferenceTaskIDs = readStrings[TaskID](r)
		default:
			r.skip()
		}
	}
}

func readParts(r *reader) []Part {
	var parts []Part
	for ok := r.array(); ok && r.element(); {
		parts = append(parts, Part{})
		parts[len(parts)-1].read(r)
	}
	return parts
}

// UnmarshalJSON takes a part with exactly one of its contents. {"data":null} is a data part of the value null (google.protobuf.Value); for the
// other three null is absent.
func (p *Part) UnmarshalJSON(data []byte) error { return decode(data, p.read) }

func (p *Part) read(r *reader) {
	*p = Part{}
	if !r.object() {
		r.fail(problemObject)
		return
	}
	kinds, nullData := 0, false
	content := func(k PartKind) bool {
		if r.null() {
			return false
		}
		kinds++
		p.Kind = k
		return true
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "text":
			if content(PartText) {
				p.Text = r.string()
			}
		case "raw":
			if content(PartRaw) {
				p.Raw = r.base64()
			}
		case "url":
			if content(PartURL) {
				p.URL = r.string()
			}
		case "data":
			if content(PartData) {
				p.Data = compact(r.raw())
			} else {
				nullData = true
			}
		case "metadata":
			p.Metadata = r.structure()
		case "filename":
			p.Filename = r.string()
		case "mediaType":
			p.MediaType = r.string()
		default:
			r.skip()
		}
	}
	// Some senders write every member of the oneof and leave those they do not mean at null: a null beside another content is absent.
	if kinds == 0 && nullData {
		kinds, p.Kind, p.Data = 1, PartData, json.RawMessage("null")
	}
	if kinds != 1 {
		r.fail("must have exactly one of text, raw, url and data")
	}
}

// UnmarshalJSON reads the artifact.
func (a *Artifact) UnmarshalJSON(data []byte) error { return decode(data, a.read) }

func (a *Artifact) read(r *reader) {
	*a = Artifact{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "artifactId":
			a.ArtifactID = r.string()
		case "name":
			a.Name = r.string()
		case "description":
			a.Description = r.string()
		case "parts":
			a.Parts = readParts(r)
		case "metadata":
			a.Metadata = r.structure()
		case "extensions":
			a.Extensions = readStrings[string](r)
		default:
			r.skip()
		}
	}
}

// UnmarshalJSON reads the event.
func (e *TaskStatusUpdateEvent) UnmarshalJSON(data []byte) error { return decode(data, e.read) }

func (e *TaskStatusUpdateEvent) read(r *reader) {
	*e = TaskStatusUpdateEvent{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "taskId":
			e.TaskID = TaskID(r.string())
		case "contextId":
			e.ContextID = ContextID(r.string())
		case "status":
			e.Status.read(r)
		case "metadata":
			e.Metadata = r.structure()
		default:
			r.skip()
		}
	}
}

// UnmarshalJSON reads the event; one without an artifact is refused.
func (e *TaskArtifactUpdateEvent) UnmarshalJSON(data []byte) error { return decode(data, e.read) }

func (e *TaskArtifactUpdateEvent) read(r *reader) {
	*e = TaskArtifactUpdateEvent{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "taskId":
			e.TaskID = TaskID(r.string())
		case "contextId":
			e.ContextID = ContextID(r.string())
		case "artifact":
			if !r.null() {
				e.Artifact = new(Artifact)
				e.Artifact.read(r)
			}
		case "append":
			e.Append = r.bool()
		case "lastChunk":
			e.LastChunk = r.bool()
		case "metadata":
			e.Metadata = r.structure()
		default:
			r.skip()
		}
	}
	if e.Artifact == nil {
		r.fail("must have an artifact")
	}
}

// UnmarshalEvent reads a StreamResponse, or a SendMessageResponse: an object with exactly one of its four members.
func UnmarshalEvent(data []byte) (Event, error) {
	r := reader{data: data}
	var event Event
	kinds := 0
	if !r.object() {
		r.fail(problemObject)
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		kind := string(name)
		switch kind {
		case "task", "message", "statusUpdate", "artifactUpdate":
			if r.null() {
				continue
			}
			kinds++
			event = readEvent(&r, kind)
		default:
			r.skip()
		}
	}
	if kinds != 1 {
		r.fail("must have exactly one of task, message, statusUpdate and artifactUpdate")
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return event, nil
}

func readEvent(r *reader, kind string) Event {
	switch kind {
	case "task":
		t := new(Task)
		t.read(r)
		return t
	case "message":
		m := new(Message)
		m.read(r)
		return m
	case "statusUpdate":
		e := new(TaskStatusUpdateEvent)
		e.read(r)
		return e
	}
	e := new(TaskArtifactUpdateEvent)
	e.read(r)
	return e
}
