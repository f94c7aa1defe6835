package wire

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// The objects of protocol 0.3 (0.3 §6, §7). Each that can stand in several places says by kind what it is.

type taskV03 struct {
	Kind      string        `json:"kind"`
	ID        a2a.TaskID    `json:"id"`
	ContextID a2a.ContextID `json:"contextId"`
	Status    statusV03     `json:"status"`
	Artifacts []artifactV03 `json:"artifacts,omitempty"`
	History   []*messageV03 `json:"history,omitempty"`
	Metadata  a2a.Struct    `json:"metadata,omitempty"`
}

type statusV03 struct {
	State     string      `json:"state"`
	Message   *messageV03 `json:"message,omitempty"`
	Timestamp timestamp   `json:"timestamp,omitzero"`
}

type messageV03 struct {
	Kind             string        `json:"kind"`
	MessageID        string        `json:"messageId"`
	ContextID        a2a.ContextID `json:"contextId,omitempty"`
	TaskID           a2a.TaskID    `json:"taskId,omitempty"`
	Role             string        `json:"role"`
	Parts            []partV03     `json:"parts"`
	Metadata         a2a.Struct    `json:"metadata,omitempty"`
	Extensions       []string      `json:"extensions,omitempty"`
	ReferenceTaskIDs []a2a.TaskID  `json:"referenceTaskIds,omitempty"`
}

type partV03 struct {
	Kind     string         `json:"kind"`
	Type     string         `json:"type,omitempty"` // what early 0.2 called kind; never written
	Text     *string        `json:"text,omitempty"`
	File     *fileV03       `json:"file,omitempty"`
	Data     jsontext.Value `json:"data,omitempty"`
	Metadata a2a.Struct     `json:"metadata,omitempty"`
}

type fileV03 struct {
	Name     string  `json:"name,omitempty"`
	MimeType string  `json:"mimeType,omitempty"`
	Bytes    *string `json:"bytes,omitempty"` // base64
	URI      *string `json:"uri,omitempty"`
}

type artifactV03 struct {
	ArtifactID  string     `json:"artifactId"`
	Name        string     `json:"name,omitempty"`
	Description string     `json:"description,omitempty"`
	Parts       []partV03  `json:"parts"`
	Metadata    a2a.Struct `json:"metadata,omitempty"`
	Extensions  []string   `json:"extensions,omitempty"`
}

type statusUpdateV03 struct {
	Kind      string        `json:"kind"`
	TaskID    a2a.TaskID    `json:"taskId"`
	ContextID a2a.ContextID `json:"contextId"`
	Status    statusV03     `json:"status"`
	Final     bool          `json:"final"`
	Metadata  a2a.Struct    `json:"metadata,omitempty"`
}

type artifactUpdateV03 struct {
	Kind      string        `json:"kind"`
	TaskID    a2a.TaskID    `json:"taskId"`
	ContextID a2a.ContextID `json:"contextId"`
	Artifact  *artifactV03  `json:"artifact"`
	Append    bool          `json:"append"`
	LastChunk bool          `json:"lastChunk"`
	Metadata  a2a.Struct    `json:"metadata,omitempty"`
}

type sendParamsV03 struct {
	Message       *messageV03       `json:"message"`
	Configuration *configurationV03 `json:"configuration,omitempty"`
	Metadata      a2a.Struct        `json:"metadata,omitempty"`
}

type configurationV03 struct {
	AcceptedOutputModes    []string       `json:"acceptedOutputModes,omitempty"`
	Blocking               *bool          `json:"blocking,omitempty"`
	HistoryLength          *int32         `json:"historyLength,omitempty"`
	PushNotificationConfig *pushConfigV03 `json:"pushNotificationConfig,omitempty"`
}

type pushConfigV03 struct {
	ID             string       `json:"id,omitempty"`
	URL            string       `json:"url"`
	Token          string       `json:"token,omitempty"`
	Authentication *pushAuthV03 `json:"authentication,omitempty"`
}

type pushAuthV03 struct {
	Schemes     []string `json:"schemes"`
	Credentials string   `json:"credentials,omitempty"`
}

type taskPushConfigV03 struct {
	TaskID                 a2a.TaskID     `json:"taskId"`
	PushNotificationConfig *pushConfigV03 `json:"pushNotificationConfig"`
}

// taskParamsV03 serves every method that names a task.
type taskParamsV03 struct {
	ID                       a2a.TaskID `json:"id"`
	HistoryLength            *int32     `json:"historyLength,omitempty"`
	PushNotificationConfigID string     `json:"pushNotificationConfigId,omitempty"`
	Metadata                 a2a.Struct `json:"metadata,omitempty"`
}

// timestamp is written as in 1.0 and read with any fraction and offset.
type timestamp struct{ time.Time }

func (t timestamp) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, len(a2a.TimeLayout)+2), '"')
	return append(a2a.AppendTime(b, t.Time), '"'), nil
}

// UnmarshalJSONFrom reads it as in 1.0.
func (t *timestamp) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return json.UnmarshalDecode(d, &t.Time)
}
