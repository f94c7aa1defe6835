package a2a

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// TimeLayout is how timestamps are written: UTC, milliseconds, Z (§5.6.1).
const TimeLayout = "2006-01-02T15:04:05.000Z"

// The encoders below write the 1.0 form by hand. Every answer and every stored event passes through
// them; encoding/json would cost more than all else that an agent does for GetTask.

// AppendJSON appends the task.
func (t *Task) AppendJSON(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, string(t.ID))
	b = member(b, "contextId", string(t.ContextID))
	b = append(b, `,"status":`...)
	b = t.Status.AppendJSON(b)
	if len(t.Artifacts) > 0 {
		b = append(b, `,"artifacts":[`...)
		for i, a := range t.Artifacts {
			b = a.AppendJSON(comma(b, i))
		}
		b = append(b, ']')
	}
	if len(t.History) > 0 {
		b = append(b, `,"history":[`...)
		for i, m := range t.History {
			b = m.AppendJSON(comma(b, i))
		}
		b = append(b, ']')
	}
	b = object(b, "metadata", t.Metadata)
	return append(b, '}')
}

// AppendJSON appends the status.
func (s *TaskStatus) AppendJSON(b []byte) []byte {
	b = append(b, `{"state":"`...)
	b = append(b, s.State.String()...)
	b = append(b, '"')
	if s.Message != nil {
		b = append(b, `,"message":`...)
		b = s.Message.AppendJSON(b)
	}
	if !s.Timestamp.IsZero() {
		b = append(b, `,"timestamp":"`...)
		b = AppendTime(b, s.Timestamp)
		b = append(b, '"')
	}
	return append(b, '}')
}

// AppendJSON appends the message.
func (m *Message) AppendJSON(b []byte) []byte {
	b = append(b, `{"messageId":`...)
	b = appendString(b, m.MessageID)
	b = member(b, "contextId", string(m.ContextID))
	b = member(b, "taskId", string(m.TaskID))
	b = append(b, `,"role":"`...)
	b = append(b, m.Role.String()...)
	b = append(b, `","parts":[`...)
	for i := range m.Parts {
		b = m.Parts[i].AppendJSON(comma(b, i))
	}
	b = append(b, ']')
	b = object(b, "metadata", m.Metadata)
	b = list(b, "extensions", m.Extensions)
	b = list(b, "referenceTaskIds", m.ReferenceTaskIDs)
	return append(b, '}')
}

// AppendJSON appends the part. A part of no kind is an empty object, which no reader accepts.
func (p *Part) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	switch p.Kind {
	case PartText:
		b = append(b, `"text":`...)
		b = appendString(b, p.Text)
	case PartRaw:
		b = append(b, `"raw":"`...)
		b = base64.StdEncoding.AppendEncode(b, p.Raw)
		b = append(b, '"')
	case PartURL:
		b = append(b, `"url":`...)
		b = appendString(b, p.URL)
	case PartData:
		b = append(b, `"data":`...)
		if len(p.Data) == 0 {
			b = append(b, "null"...) // so that the whole stays JSON
		}
		b = append(b, p.Data...)
	}
	b = object(b, "metadata", p.Metadata)
	b = member(b, "filename", p.Filename)
	b = member(b, "mediaType", p.MediaType)
	return append(b, '}')
}

// AppendJSON appends the artifact.
func (a *Artifact) AppendJSON(b []byte) []byte {
	b = append(b, `{"artifactId":`...)
	b = appendString(b, a.ArtifactID)
	b = member(b, "name", a.Name)
	b = member(b, "description", a.Description)
	b = append(b, `,"parts":[`...)
	for i := range a.Parts {
		b = a.Parts[i].AppendJSON(comma(b, i))
	}
	b = append(b, ']')
	b = object(b, "metadata", a.Metadata)
	b = list(b, "extensions", a.Extensions)
	return append(b, '}')
}

// AppendJSON appends the event.
func (e *TaskStatusUpdateEvent) AppendJSON(b []byte) []byte {
	b = append(b, `{"taskId":`...)
	b = appendString(b, string(e.TaskID))
	b = append(b, `,"contextId":`...)
	b = appendString(b, string(e.ContextID))
	b = append(b, `,"status":`...)
	b = e.Status.AppendJSON(b)
	b = object(b, "metadata", e.Metadata)
	return append(b, '}')
}

// AppendJSON appends the event.
func (e *TaskArtifactUpdateEvent) AppendJSON(b []byte) []byte {
	b = append(b, `{"taskId":`...)
	b = appendString(b, string(e.TaskID))
	b = append(b, `,"contextId":`...)
	b = appendString(b, string(e.ContextID))
	b = append(b, `,"artifact":`...)
	b = e.Artifact.AppendJSON(b)
	if e.Append {
		b = append(b, `,"append":true`...)
	}
	if e.LastChunk {
		b = append(b, `,"lastChunk":true`...)
	}
	b = object(b, "metadata", e.Metadata)
	return append(b, '}')
}

// AppendEvent appends the event as a StreamResponse: an object with the one member that names its
// kind (§4.2.3).
func AppendEvent(b []byte, event Event) []byte {
	switch e := event.(type) {
	case *Task:
		b = append(b, `{"task":`...)
		b = e.AppendJSON(b)
	case *Message:
		b = append(b, `{"message":`...)
		b = e.AppendJSON(b)
	case *TaskStatusUpdateEvent:
		b = append(b, `{"statusUpdate":`...)
		b = e.AppendJSON(b)
	case *TaskArtifactUpdateEvent:
		b = append(b, `{"artifactUpdate":`...)
		b = e.AppendJSON(b)
	}
	return append(b, '}')
}

// AppendJSON appends the page. No member is left out, not even the empty ones (§3.1.4).
func (r *ListTasksResponse) AppendJSON(b []byte) []byte {
	b = append(b, `{"tasks":[`...)
	for i, t := range r.Tasks {
		b = t.AppendJSON(comma(b, i))
	}
	b = append(b, `],"nextPageToken":`...)
	b = appendString(b, r.NextPageToken)
	b = append(b, `,"pageSize":`...)
	b = strconv.AppendInt(b, int64(r.PageSize), 10)
	b = append(b, `,"totalSize":`...)
	b = strconv.AppendInt(b, int64(r.TotalSize), 10)
	return append(b, '}')
}

// AppendTime appends t in TimeLayout.
func AppendTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, TimeLayout) }

// These make encoding/json agree with the encoders above wherever a noun is a member of something
// else.

func (t *Task) MarshalJSON() ([]byte, error)                    { return t.AppendJSON(nil), nil }
func (s TaskStatus) MarshalJSON() ([]byte, error)               { return s.AppendJSON(nil), nil }
func (m *Message) MarshalJSON() ([]byte, error)                 { return m.AppendJSON(nil), nil }
func (p Part) MarshalJSON() ([]byte, error)                     { return p.AppendJSON(nil), nil }
func (a *Artifact) MarshalJSON() ([]byte, error)                { return a.AppendJSON(nil), nil }
func (e *TaskStatusUpdateEvent) MarshalJSON() ([]byte, error)   { return e.AppendJSON(nil), nil }
func (e *TaskArtifactUpdateEvent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }
func (r *ListTasksResponse) MarshalJSON() ([]byte, error)       { return r.AppendJSON(nil), nil }
func (s TaskState) MarshalJSON() ([]byte, error) {
	return []byte(`"` + s.String() + `"`), nil
}
func (r Role) MarshalJSON() ([]byte, error) {
	return []byte(`"` + r.String() + `"`), nil
}

// MarshalJSON writes the time as all times are written (§5.6.1), which encoding/json would not.
func (q *ListTasksRequest) MarshalJSON() ([]byte, error) {
	type plain ListTasksRequest
	out := struct {
		*plain
		// hides the member of the same name
		After json.RawMessage `json:"statusTimestampAfter,omitempty"`
	}{plain: (*plain)(q)}
	if !q.StatusTimestampAfter.IsZero() {
		out.After = append(AppendTime([]byte{'"'}, q.StatusTimestampAfter), '"')
	}
	return json.Marshal(out)
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func name(b []byte, n string) []byte {
	b = append(b, `,"`...)
	b = append(b, n...)
	return append(b, `":`...)
}

// member appends a string member that is left out when empty, and drops the comma when it is the
// first of its object.
func member(b []byte, n, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(first(b, n), value)
}

func object(b []byte, n string, value Struct) []byte {
	if len(value) == 0 {
		return b
	}
	return append(first(b, n), value...)
}

func list[S ~string](b []byte, n string, values []S) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(first(b, n), '[')
	for i, v := range values {
		b = appendString(comma(b, i), string(v))
	}
	return append(b, ']')
}

// first is name, but for a comma that would follow an opening brace.
func first(b []byte, n string) []byte {
	if b[len(b)-1] == '{' {
		b = append(b, '"')
		b = append(b, n...)
		return append(b, `":`...)
	}
	return name(b, n)
}

const hexDigits = "0123456789abcdef"

// plain are the bytes that a JSON string holds as they are, and that need no look at the next one.
var plain = func() (table [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// AppendString appends s as a JSON string, see appendString.
func AppendString(b []byte, s string) []byte { return appendString(b, s) }

// appendString appends s as a JSON string. Unlike encoding/json it leaves <, > and & as they are:
// nothing of this ends in HTML unescaped, and signatures over JSON want the plain form (RFC 8785
// §3.2.2.2). Bytes that are not UTF-8 become U+FFFD; line separators, which break older JavaScript,
// are escaped.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, s[start:i]...)
			b = append(b, "\ufffd"...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(b, s[start:i]...)
			b = append(b, '\\', 'u', '2', '0', '2', hexDigits[r&15])
			start = i + size
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
