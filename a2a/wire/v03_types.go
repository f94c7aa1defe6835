package wire

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// The objects of protocol 0.3 (0.3 §6, §7). Each that can stand in several places says by kind what
// it is. Those down to sendParamsV03 serve reading alone.

type taskV03 struct {
	Kind      string        `json:"kind"`
	ID        a2a.TaskID    `json:"id"`
	ContextID a2a.ContextID `json:"contextId"`
	Status    statusV03     `json:"status"`
	Artifacts []artifactV03 `json:"artifacts"`
	History   []*messageV03 `json:"history"`
	Metadata  a2a.Struct    `json:"metadata"`
}

type statusV03 struct {
	State     string      `json:"state"`
	Message   *messageV03 `json:"message"`
	Timestamp timestamp   `json:"timestamp"`
}

type messageV03 struct {
	Kind             string        `json:"kind"`
	MessageID        string        `json:"messageId"`
	ContextID        a2a.ContextID `json:"contextId"`
	TaskID           a2a.TaskID    `json:"taskId"`
	Role             string        `json:"role"`
	Parts            []partV03     `json:"parts"`
	Metadata         a2a.Struct    `json:"metadata"`
	Extensions       []string      `json:"extensions"`
	ReferenceTaskIDs []a2a.TaskID  `json:"referenceTaskIds"`
}

type partV03 struct {
	Kind     string         `json:"kind"`
	Type     string         `json:"type"` // what early 0.2 called kind
	Text     *string        `json:"text"`
	File     *fileV03       `json:"file"`
	Data     jsontext.Value `json:"data"`
	Metadata a2a.Struct     `json:"metadata"`
}

type fileV03 struct {
	Name     string  `json:"name"`
	MimeType string  `json:"mimeType"`
	Bytes    *string `json:"bytes"` // base64
	URI      *string `json:"uri"`
}

type artifactV03 struct {
	ArtifactID  string     `json:"artifactId"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Parts       []partV03  `json:"parts"`
	Metadata    a2a.Struct `json:"metadata"`
	Extensions  []string   `json:"extensions"`
}

type statusUpdateV03 struct {
	Kind      string        `json:"kind"`
	TaskID    a2a.TaskID    `json:"taskId"`
	ContextID a2a.ContextID `json:"contextId"`
	Status    statusV03     `json:"status"`
	Final     bool          `json:"final"`
	Metadata  a2a.Struct    `json:"metadata"`
}

type artifactUpdateV03 struct {
	Kind      string        `json:"kind"`
	TaskID    a2a.TaskID    `json:"taskId"`
	ContextID a2a.ContextID `json:"contextId"`
	Artifact  *artifactV03  `json:"artifact"`
	Append    bool          `json:"append"`
	LastChunk bool          `json:"lastChunk"`
	Metadata  a2a.Struct    `json:"metadata"`
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

// timestamp is read with any fraction and offset.
type timestamp struct{ time.Time }

// UnmarshalJSONFrom reads it as in 1.0.
func (t *timestamp) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return json.UnmarshalDecode(d, &t.Time)
}
