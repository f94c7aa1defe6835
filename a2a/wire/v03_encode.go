package wire

import (
	"encoding/base64"
	"strconv"

	"staff0/a2a"
)

// The encoders below write the objects of 0.3 by hand, as package a2a does those of 1.0: every
// event of a stream and every answer passes through them.

func appendTaskV03(b []byte, t *a2a.Task) []byte {
	b = append(b, `{"kind":"`+kindTask+`","id":`...)
	b = a2a.AppendString(b, string(t.ID))
	b = append(b, `,"contextId":`...)
	b = a2a.AppendString(b, string(t.ContextID))
	b = appendStatusV03(append(b, `,"status":`...), &t.Status)
	if len(t.Artifacts) > 0 {
		b = append(b, `,"artifacts":[`...)
		for i, a := range t.Artifacts {
			b = appendArtifactV03(comma(b, i), a)
		}
		b = append(b, ']')
	}
	if len(t.History) > 0 {
		b = append(b, `,"history":[`...)
		for i, m := range t.History {
			b = appendMessageV03(comma(b, i), m)
		}
		b = append(b, ']')
	}
	return append(appendObject(b, "metadata", t.Metadata), '}')
}

func appendStatusV03(b []byte, s *a2a.TaskStatus) []byte {
	b = append(b, `{"state":"`...)
	b = append(append(b, stateToV03(s.State)...), '"')
	if s.Message != nil {
		b = appendMessageV03(append(b, `,"message":`...), s.Message)
	}
	if !s.Timestamp.IsZero() {
		b = append(b, `,"timestamp":"`...)
		b = append(a2a.AppendTime(b, s.Timestamp), '"')
	}
	return append(b, '}')
}

func appendMessageV03(b []byte, m *a2a.Message) []byte {
	b = append(b, `{"kind":"`+kindMessage+`","messageId":`...)
	b = a2a.AppendString(b, m.MessageID)
	b = appendText(b, "contextId", string(m.ContextID))
	b = appendText(b, "taskId", string(m.TaskID))
	b = append(b, `,"role":"`...)
	b = append(append(b, roleToV03(m.Role)...), '"')
	b = appendPartsV03(b, m.Parts)
	b = appendObject(b, "metadata", m.Metadata)
	b = appendTexts(b, "extensions", m.Extensions)
	b = appendTexts(b, "referenceTaskIds", m.ReferenceTaskIDs)
	return append(b, '}')
}

func appendArtifactV03(b []byte, a *a2a.Artifact) []byte {
	b = append(b, `{"artifactId":`...)
	b = a2a.AppendString(b, a.ArtifactID)
	b = appendText(b, "name", a.Name)
	b = appendText(b, "description", a.Description)
	b = appendPartsV03(b, a.Parts)
	b = appendObject(b, "metadata", a.Metadata)
	b = appendTexts(b, "extensions", a.Extensions)
	return append(b, '}')
}

// appendPartsV03 writes the list also when it is empty.
func appendPartsV03(b []byte, parts []a2a.Part) []byte {
	b = append(b, `,"parts":[`...)
	for i := range parts {
		b = appendPartV03(comma(b, i), &parts[i])
	}
	return append(b, ']')
}

// appendPartV03 loses what 0.3 has no room for: the media type and file name of texts and data.
func appendPartV03(b []byte, p *a2a.Part) []byte {
	metadata := p.Metadata
	switch p.Kind {
	case a2a.PartRaw, a2a.PartURL:
		b = append(b, `{"kind":"`+kindFile+`","file":{`...)
		if p.Kind == a2a.PartRaw {
			b = append(b, `"bytes":"`...)
			b = append(base64.StdEncoding.AppendEncode(b, p.Raw), '"')
		} else {
			b = a2a.AppendString(append(b, `"uri":`...), p.URL)
		}
		b = appendText(b, "name", p.Filename)
		b = append(appendText(b, "mimeType", p.MediaType), '}')
	case a2a.PartData:
		data := p.Data
		data, metadata = dataToV03(data, metadata)
		b = append(append(b, `{"kind":"`+kindData+`","data":`...), data...)
	default:
		b = a2a.AppendString(append(b, `{"kind":"`+kindText+`","text":`...), p.Text)
	}
	return append(appendObject(b, "metadata", metadata), '}')
}

func appendStatusUpdateV03(b []byte, e *a2a.TaskStatusUpdateEvent, final bool) []byte {
	b = appendPlaceV03(b, kindStatusUpdate, e.TaskID, e.ContextID)
	b = appendStatusV03(append(b, `,"status":`...), &e.Status)
	b = strconv.AppendBool(append(b, `,"final":`...), final)
	return append(appendObject(b, "metadata", e.Metadata), '}')
}

func appendArtifactUpdateV03(b []byte, e *a2a.TaskArtifactUpdateEvent) []byte {
	b = appendPlaceV03(b, kindArtifactUpdate, e.TaskID, e.ContextID)
	b = appendArtifactV03(append(b, `,"artifact":`...), e.Artifact)
	b = strconv.AppendBool(append(b, `,"append":`...), e.Append)
	b = strconv.AppendBool(append(b, `,"lastChunk":`...), e.LastChunk)
	return append(appendObject(b, "metadata", e.Metadata), '}')
}

// appendPlaceV03 begins an event with what it is and which task it is about.
func appendPlaceV03(b []byte, kind string, task a2a.TaskID, context a2a.ContextID) []byte {
	b = a2a.AppendString(append(b, `{"kind":`...), kind)
	b = a2a.AppendString(append(b, `,"taskId":`...), string(task))
	return a2a.AppendString(append(b, `,"contextId":`...), string(context))
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// appendName begins a member that is not the first of its object.
func appendName(b []byte, name string) []byte {
	return append(append(append(b, ',', '"'), name...), '"', ':')
}

// appendText appends a member that is left out when empty.
func appendText(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return a2a.AppendString(appendName(b, name), text)
}

func appendObject(b []byte, name string, object a2a.Struct) []byte {
	if len(object) == 0 {
		return b
	}
	return append(appendName(b, name), object...)
}

func appendTexts[S ~string](b []byte, name string, texts []S) []byte {
	if len(texts) == 0 {
		return b
	}
	b = append(appendName(b, name), '[')
	for i, text := range texts {
		b = a2a.AppendString(comma(b, i), string(text))
	}
	return append(b, ']')
}
