package wire

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"

	"staff0/a2a"
)

// Kinds of 0.3.
const (
	kindTask           = "task"
	kindMessage        = "message"
	kindStatusUpdate   = "status-update"
	kindArtifactUpdate = "artifact-update"
	kindText           = "text"
	kindFile           = "file"
	kindData           = "data"
)

// statesV03 spells the states (0.3 §6.3), at the numbers of 1.0.
var statesV03 = [...]string{
	"unknown", "submitted", "working", "completed", "failed", "canceled", "input-required",
	"rejected", "auth-required",
}

func stateToV03(s a2a.TaskState) string {
	if int(s) < len(statesV03) {
		return statesV03[s]
	}
	return statesV03[0]
}

// stateFromV03 reads a state it does not know as unspecified, which is not terminal: a client goes
// on (§5.7).
func stateFromV03(text string) a2a.TaskState {
	for s, name := range statesV03 {
		if name == text {
			return a2a.TaskState(s)
		}
	}
	return a2a.TaskStateUnspecified
}

const (
	userV03  = "user"
	agentV03 = "agent"
)

func roleToV03(r a2a.Role) string {
	if r == a2a.RoleUser {
		return userV03
	}
	return agentV03 // 0.3 has no third word, and what is not the caller's is the agent's
}

// roleFromV03 reads the names of 1.0, too: libraries in the middle of the way from one version to
// the other send them under the method names of 0.3.
func roleFromV03(text string) a2a.Role {
	switch text {
	case userV03, a2a.RoleUser.String():
		return a2a.RoleUser
	case agentV03, a2a.RoleAgent.String():
		return a2a.RoleAgent
	}
	return a2a.RoleUnspecified
}

func taskFromV03(t *taskV03) (*a2a.Task, error) {
	if t.ID == "" {
		return nil, errNoID
	}
	status, err := statusFromV03(&t.Status)
	if err != nil {
		return nil, under("status", err)
	}
	out := &a2a.Task{ID: t.ID, ContextID: t.ContextID, Status: status, Metadata: t.Metadata}
	for i := range t.Artifacts {
		a, err := artifactFromV03(&t.Artifacts[i])
		if err != nil {
			return nil, under("artifacts", err)
		}
		out.Artifacts = append(out.Artifacts, a)
	}
	for _, m := range t.History {
		if m == nil {
			continue
		}
		message, err := messageFromV03(m)
		if err != nil {
			return nil, under("history", err)
		}
		out.History = append(out.History, message)
	}
	return out, nil
}

func statusFromV03(s *statusV03) (a2a.TaskStatus, error) {
	out := a2a.TaskStatus{State: stateFromV03(s.State), Timestamp: s.Timestamp.Time}
	if s.Message == nil {
		return out, nil
	}
	var err error
	out.Message, err = messageFromV03(s.Message)
	return out, under("message", err)
}

// messageFromV03 takes a message without kind: where only a message can stand, many clients leave
// it out. Another kind is refused.
func messageFromV03(m *messageV03) (*a2a.Message, error) {
	if m.Kind != "" && m.Kind != kindMessage {
		return nil, &a2a.DecodeError{Field: "kind", Problem: "must be message"}
	}
	parts, err := partsFromV03(m.Parts)
	return &a2a.Message{
		MessageID: m.MessageID, ContextID: m.ContextID, TaskID: m.TaskID, Role: roleFromV03(m.Role),
		Parts:    parts,
		Metadata: m.Metadata, Extensions: m.Extensions, ReferenceTaskIDs: m.ReferenceTaskIDs,
	}, err
}

func artifactFromV03(a *artifactV03) (*a2a.Artifact, error) {
	parts, err := partsFromV03(a.Parts)
	return &a2a.Artifact{
		ArtifactID: a.ArtifactID, Name: a.Name, Description: a.Description, Parts: parts,
		Metadata: a.Metadata, Extensions: a.Extensions,
	}, err
}

func partsFromV03(parts []partV03) ([]a2a.Part, error) {
	var out []a2a.Part
	for i := range parts {
		p, err := partFromV03(&parts[i])
		if err != nil {
			return nil, under("parts", err)
		}
		out = append(out, p)
	}
	return out, nil
}

func partFromV03(p *partV03) (a2a.Part, error) {
	out := a2a.Part{Metadata: p.Metadata}
	switch kind := p.kind(); {
	case kind == kindText && p.Text != nil:
		out.Kind, out.Text = a2a.PartText, *p.Text
	case kind == kindData && isObject(p.Data):
		_ = p.Data.Compact() // it has been read, so it is valid
		out.Kind = a2a.PartData
		out.Data, out.Metadata = dataFromV03(json.RawMessage(p.Data), p.Metadata)
	case kind == kindFile && p.File != nil && p.File.Bytes != nil && p.File.URI == nil:
		raw, err := decodeBase64(*p.File.Bytes)
		if err != nil {
			return a2a.Part{}, &a2a.DecodeError{Field: "file.bytes", Problem: "is not base64"}
		}
		out.Kind, out.Raw, out.Filename, out.MediaType = a2a.PartRaw, raw, p.File.Name,
			p.File.MimeType
	case kind == kindFile && p.File != nil && p.File.URI != nil && p.File.Bytes == nil:
		out.Kind, out.URL, out.Filename, out.MediaType = a2a.PartURL, *p.File.URI, p.File.Name,
			p.File.MimeType
	default:
		return a2a.Part{},
			&a2a.DecodeError{Problem: "must be a text, a data object, or a file of either " +
				"bytes or uri"}
	}
	return out, nil
}

// kind is what the part says of itself, or else what it holds, if that is one thing.
func (p *partV03) kind() string {
	if kind := cmp.Or(p.Kind, p.Type); kind != "" {
		return kind
	}
	var kinds []string
	if p.Text != nil {
		kinds = append(kinds, kindText)
	}
	if p.File != nil {
		kinds = append(kinds, kindFile)
	}
	if isObject(p.Data) {
		kinds = append(kinds, kindData)
	}
	if len(kinds) != 1 {
		return ""
	}
	return kinds[0]
}

// decodeBase64 takes either alphabet, padded or not.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

// Data that is no object goes through 0.3 inside one, marked in the metadata of the part. The
// official SDKs for Go, Python and JavaScript agreed on these two names.
const (
	compatMark  = "data_part_compat"
	compatValue = "value"
)

func dataToV03(data json.RawMessage, metadata a2a.Struct) (json.RawMessage, a2a.Struct) {
	if isObject(data) {
		return data, metadata
	}
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	wrapped := append(append([]byte(`{"`+compatValue+`":`), data...), '}')
	marked := []byte(`{"` + compatMark + `":true`)
	if rest := withoutMark(metadata); rest != nil {
		return wrapped, append(append(marked, ','), rest[1:]...)
	}
	return wrapped, append(marked, '}')
}

// withoutMark is the metadata less the mark, nil if nothing is left.
func withoutMark(metadata a2a.Struct) a2a.Struct {
	rest := []byte{'{'}
	_ = a2a.Members(metadata, func(name, v []byte) {
		if string(name) == compatMark {
			return
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(a2a.AppendString(rest, string(name)), ':')
		rest = append(rest, v...)
	})
	if len(rest) == 1 {
		return nil
	}
	return append(rest, '}')
}

func dataFromV03(data json.RawMessage, metadata a2a.Struct) (json.RawMessage, a2a.Struct) {
	if string(metadata.Lookup(compatMark)) != "true" {
		return data, metadata
	}
	var value json.RawMessage
	members := 0
	_ = a2a.Members(data, func(name, v []byte) {
		members++
		if string(name) == compatValue {
			value = v
		}
	})
	if members != 1 || value == nil {
		return data, metadata
	}
	return value, withoutMark(metadata)
}
