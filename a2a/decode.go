package a2a

import (
	"cmp"
	"encoding/json"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The nouns are read by the tags of their members. What follows is what tags cannot say:
// enumerations come by name or number, of a oneof there is exactly one member, and lists hold no
// nulls. That required members are there is the business of Validate, since an answer is read more
// kindly than a request.

// UnmarshalJSONFrom takes a part with exactly one of its contents. {"data":null} is a data part of
// the value null (google.protobuf.Value); for the other three null is absent.
//
// Most of a text are its parts, so they are read token by token and not by tags. A fault is
// reported once the part has been read, where the library knows its place.
func (p *Part) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return &DecodeError{Problem: problemObject}
	}
	*p = Part{}
	kinds, nullData := 0, false
	var raw string
	var fault *DecodeError
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != jsontext.KindEndObject {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			return err
		}
		kind, text, member := PartNone, (*string)(nil), ""
		switch name.String() {
		case "text":
			kind, text, member = PartText, &p.Text, "text"
		case "raw":
			kind, text, member = PartRaw, &raw, "raw"
		case "url":
			kind, text, member = PartURL, &p.URL, "url"
		case "data":
			kind = PartData
		case "filename":
			text, member = &p.Filename, "filename"
		case "mediaType":
			text, member = &p.MediaType, "mediaType"
		case "metadata":
			member = "metadata"
		}
		value := d.PeekKind()
		if kind != PartNone && value != jsontext.KindNull {
			p.Kind = kind
			kinds++
		}
		switch {
		case value == jsontext.KindNull:
			nullData = nullData || kind == PartData
			err = d.SkipValue()
		case kind == PartData:
			var data jsontext.Value
			data, err = d.ReadValue()
			p.Data = compact(data)
		case text != nil && value == jsontext.KindString:
			var token jsontext.Token
			token, err = d.ReadToken()
			*text = token.String()
		case text != nil:
			fault, err = cmp.Or(fault, &DecodeError{Field: member, Problem: problemString}),
				d.SkipValue()
		case member == "metadata" && value == jsontext.KindBeginObject:
			err = p.Metadata.UnmarshalJSONFrom(d)
		case member == "metadata":
			fault, err = cmp.Or(fault, &DecodeError{Field: member, Problem: problemObject}),
				d.SkipValue()
		default:
			err = d.SkipValue()
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	if err != nil {
		return err
	}
	if p.Kind == PartRaw {
		if p.Raw, err = decodeBase64(raw); err != nil {
			fault = cmp.Or(fault, &DecodeError{Field: "raw", Problem: problemBase64})
		}
	}
	// Some senders write every member of the oneof and leave those they do not mean at null: a null
	// beside another content is absent.
	if kinds == 0 && nullData {
		kinds, p.Kind, p.Data = 1, PartData, json.RawMessage("null")
	}
	if kinds != 1 {
		fault = cmp.Or(fault,
			&DecodeError{Problem: "must have exactly one of text, raw, url and data"})
	}
	if fault != nil {
		return fault
	}
	return nil
}

// UnmarshalJSONFrom takes a proto name or number.
func (s *TaskState) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	n, err := readEnum(d, taskStateNames[:])
	*s = TaskState(n)
	return err
}

// UnmarshalJSONFrom takes a proto name or number.
func (r *Role) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	n, err := readEnum(d, roleNames[:])
	*r = Role(n)
	return err
}

// UnmarshalJSONFrom takes an object, which it keeps as compact text, or null.
func (s *Struct) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*s = nil
	switch d.PeekKind() {
	case jsontext.KindNull:
		return d.SkipValue()
	case jsontext.KindBeginObject:
		raw, err := d.ReadValue()
		*s = compact(raw)
		return err
	}
	return &DecodeError{Problem: problemObject}
}

// UnmarshalJSONFrom reads the task.
func (t *Task) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain Task
	err := jsonv2.UnmarshalDecode(d, (*plain)(t))
	t.Artifacts, t.History = withoutNil(t.Artifacts), withoutNil(t.History)
	return err
}

// UnmarshalJSONFrom reads the event; one without an artifact is refused.
func (e *TaskArtifactUpdateEvent) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain TaskArtifactUpdateEvent
	if err := jsonv2.UnmarshalDecode(d, (*plain)(e)); err != nil {
		return err
	}
	if e.Artifact == nil {
		return &DecodeError{Problem: "must have an artifact"}
	}
	return nil
}

// UnmarshalJSONFrom reads the page. Members that are missing are zero: some agents leave the empty
// ones out.
func (p *ListTasksResponse) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain ListTasksResponse
	err := jsonv2.UnmarshalDecode(d, (*plain)(p))
	p.Tasks = withoutNil(p.Tasks)
	return err
}

// UnmarshalJSONFrom reads the list.
func (l *ListTaskPushNotificationConfigsResponse) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain ListTaskPushNotificationConfigsResponse
	err := jsonv2.UnmarshalDecode(d, (*plain)(l))
	l.Configs = withoutNil(l.Configs)
	return err
}

// withoutNil drops the elements that were null.
func withoutNil[T any](list []*T) []*T {
	list = slices.DeleteFunc(list, func(element *T) bool { return element == nil })
	return nilIfEmpty(list)
}

// nilIfEmpty makes an empty list what it was before it was written, or left out.
func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// These have methods only because encoding/json would otherwise read them in its own way.

// UnmarshalJSONFrom reads the noun by its tags.
func (m *Message) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain Message
	err := jsonv2.UnmarshalDecode(d, (*plain)(m))
	m.Parts = nilIfEmpty(m.Parts)
	return err
}

// UnmarshalJSONFrom reads the noun by its tags.
func (s *TaskStatus) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain TaskStatus
	return jsonv2.UnmarshalDecode(d, (*plain)(s))
}

// UnmarshalJSONFrom reads the noun by its tags.
func (a *Artifact) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain Artifact
	err := jsonv2.UnmarshalDecode(d, (*plain)(a))
	a.Parts = nilIfEmpty(a.Parts)
	return err
}

// UnmarshalJSONFrom reads the noun by its tags.
func (e *TaskStatusUpdateEvent) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain TaskStatusUpdateEvent
	return jsonv2.UnmarshalDecode(d, (*plain)(e))
}

// UnmarshalJSONFrom reads the noun by its tags.
func (c *TaskPushNotificationConfig) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain TaskPushNotificationConfig
	return jsonv2.UnmarshalDecode(d, (*plain)(c))
}

// These make encoding/json agree with Unmarshal wherever a noun is a member of something else.

func (t *Task) UnmarshalJSON(data []byte) error                       { return Unmarshal(data, t) }
func (s *TaskStatus) UnmarshalJSON(data []byte) error                 { return Unmarshal(data, s) }
func (m *Message) UnmarshalJSON(data []byte) error                    { return Unmarshal(data, m) }
func (p *Part) UnmarshalJSON(data []byte) error                       { return Unmarshal(data, p) }
func (a *Artifact) UnmarshalJSON(data []byte) error                   { return Unmarshal(data, a) }
func (e *TaskStatusUpdateEvent) UnmarshalJSON(data []byte) error      { return Unmarshal(data, e) }
func (e *TaskArtifactUpdateEvent) UnmarshalJSON(data []byte) error    { return Unmarshal(data, e) }
func (r *ListTasksResponse) UnmarshalJSON(data []byte) error          { return Unmarshal(data, r) }
func (c *TaskPushNotificationConfig) UnmarshalJSON(data []byte) error { return Unmarshal(data, c) }
func (s *TaskState) UnmarshalJSON(data []byte) error                  { return Unmarshal(data, s) }
func (r *Role) UnmarshalJSON(data []byte) error                       { return Unmarshal(data, r) }
func (s *Struct) UnmarshalJSON(data []byte) error                     { return Unmarshal(data, s) }

// UnmarshalEvent reads a StreamResponse, or a SendMessageResponse: an object with exactly one of
// its four members. The error is a *DecodeError.
func UnmarshalEvent(data []byte) (Event, error) {
	var in struct {
		Task           *Task                    `json:"task"`
		Message        *Message                 `json:"message"`
		StatusUpdate   *TaskStatusUpdateEvent   `json:"statusUpdate"`
		ArtifactUpdate *TaskArtifactUpdateEvent `json:"artifactUpdate"`
	}
	if err := Unmarshal(data, &in); err != nil {
		return nil, err
	}
	var event Event
	kinds := 0
	if in.Task != nil {
		event, kinds = in.Task, kinds+1
	}
	if in.Message != nil {
		event, kinds = in.Message, kinds+1
	}
	if in.StatusUpdate != nil {
		event, kinds = in.StatusUpdate, kinds+1
	}
	if in.ArtifactUpdate != nil {
		event, kinds = in.ArtifactUpdate, kinds+1
	}
	if kinds != 1 {
		return nil, &DecodeError{
			Problem: "must have exactly one of task, message, statusUpdate and artifactUpdate",
		}
	}
	return event, nil
}
