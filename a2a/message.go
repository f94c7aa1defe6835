package a2a

import (
	"encoding/json"
	"strings"
)

// Message is one utterance of the user (the calling agent) or of the agent (§4.1.4).
type Message struct {
	MessageID        string    `json:"messageId"`
	ContextID        ContextID `json:"contextId,omitempty"`
	TaskID           TaskID    `json:"taskId,omitempty"`
	Role             Role      `json:"role"`
	Parts            []Part    `json:"parts"`
	Metadata         Struct    `json:"metadata,omitempty"`
	Extensions       []string  `json:"extensions,omitempty"`
	ReferenceTaskIDs []TaskID  `json:"referenceTaskIds,omitempty"`
}

// Text joins the text parts of the message with newlines.
func (m *Message) Text() string { return joinText(m.Parts) }

// Text joins the text parts of the artifact with newlines.
func (a *Artifact) Text() string { return joinText(a.Parts) }

func joinText(parts []Part) string {
	var text strings.Builder
	for i := range parts {
		if parts[i].Kind != PartText {
			continue
		}
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(parts[i].Text)
	}
	return text.String()
}

// Role is the sender of a message (§4.1.5).
type Role uint8

// The roles.
const (
	RoleUnspecified Role = iota
	RoleUser
	RoleAgent
)

var roleNames = [...]string{"ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT"}

// String is the proto name, which is also the JSON form.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return roleNames[0]
}

// PartKind says which one of its members a Part has (a oneof of the proto).
type PartKind uint8

// The kinds of part. The zero kind is no part at all and is refused on input.
const (
	PartNone PartKind = iota
	PartText
	PartRaw
	PartURL
	PartData
)

// Part is a piece of content (§4.1.6): exactly one of Text, Raw, URL and Data, as Kind says.
type Part struct {
	Kind      PartKind
	Text      string
	Raw       []byte
	URL       string
	Data      json.RawMessage // any JSON value, null included
	Metadata  Struct
	Filename  string
	MediaType string
}

// TextPart is a part of plain text.
func TextPart(text string) Part { return Part{Kind: PartText, Text: text} }

// DataPart is a part of JSON. The caller sees to it that data is one valid JSON value.
func DataPart(data json.RawMessage) Part {
	return Part{Kind: PartData, Data: data, MediaType: "application/json"}
}

// Media is the media type that decides whether an agent takes the part: the declared one, else what
// the kind implies (§3.1.1).
func (p *Part) Media() string {
	switch {
	case p.MediaType != "":
		return p.MediaType
	case p.Kind == PartText:
		return "text/plain"
	case p.Kind == PartData:
		return "application/json"
	}
	return "application/octet-stream"
}
