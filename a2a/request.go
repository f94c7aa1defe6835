package a2a

import "time"

// Bounds of requests.
const (
	MaxPageSize     = 100 // §3.1.4
	DefaultPageSize = 50
	maxNameLength   = 256 // of ids that a caller chooses; ours are far shorter
)

// SendMessageRequest asks for work, or adds to work under way (§3.1.1).
type SendMessageRequest struct {
	Tenant        string                    `json:"tenant,omitempty"`
	Message       *Message                  `json:"message"`
	Configuration *SendMessageConfiguration `json:"configuration,omitempty"`
	Metadata      Struct                    `json:"metadata,omitempty"`
	// Extensions are the URIs of those that the request activates (§4.6). They travel beside the
	// body, in a header.
	Extensions []string `json:"-"`
}

// SendMessageConfiguration says how the caller wants to be answered (§3.2.2).
type SendMessageConfiguration struct {
	AcceptedOutputModes        []string                    `json:"acceptedOutputModes,omitempty"`
	TaskPushNotificationConfig *TaskPushNotificationConfig `json:"taskPushNotificationConfig,omitempty"`
	// nil: as the server likes
	HistoryLength     *int32 `json:"historyLength,omitempty"`
	ReturnImmediately bool   `json:"returnImmediately,omitempty"`
}

// GetTaskRequest asks for a task (§3.1.3).
type GetTaskRequest struct {
	Tenant        string `json:"tenant,omitempty"`
	ID            TaskID `json:"id"`
	HistoryLength *int32 `json:"historyLength,omitempty"`
}

// ListTasksRequest asks for the caller's tasks, newest status first (§3.1.4). Filters are ANDed;
// zero values do not filter.
type ListTasksRequest struct {
	Tenant               string    `json:"tenant,omitempty"`
	ContextID            ContextID `json:"contextId,omitempty"`
	Status               TaskState `json:"status,omitempty"`
	PageSize             *int32    `json:"pageSize,omitempty"`
	PageToken            string    `json:"pageToken,omitempty"`
	HistoryLength        *int32    `json:"historyLength,omitempty"`
	StatusTimestampAfter time.Time `json:"statusTimestampAfter,omitzero"`
	IncludeArtifacts     *bool     `json:"includeArtifacts,omitempty"`
}

// ListTasksResponse is one page. All four members are on the wire even when empty (§3.1.4).
type ListTasksResponse struct {
	Tasks         []*Task `json:"tasks"`
	NextPageToken string  `json:"nextPageToken"` // "" on the last page
	PageSize      int32   `json:"pageSize"`
	TotalSize     int32   `json:"totalSize"` // matches before paging
}

// CancelTaskRequest asks to stop a task (§3.1.5).
type CancelTaskRequest struct {
	Tenant   string `json:"tenant,omitempty"`
	ID       TaskID `json:"id"`
	Metadata Struct `json:"metadata,omitempty"`
}

// SubscribeToTaskRequest asks for the events of a task from now on (§3.1.6).
type SubscribeToTaskRequest struct {
	Tenant string `json:"tenant,omitempty"`
	ID     TaskID `json:"id"`
}

// Validate checks what the proto marks REQUIRED (§5.7). The error is ErrInvalidParams with a
// violation for each fault.
func (r *SendMessageRequest) Validate() error {
	var v violations
	m := r.Message
	if m == nil {
		v.add("message", "is required")
		return v.err()
	}
	v.name("message.messageId", m.MessageID, true)
	v.name("message.taskId", string(m.TaskID), false)
	v.name("message.contextId", string(m.ContextID), false)
	if m.Role != RoleUser {
		v.add("message.role", "must be ROLE_USER: only the caller sends messages")
	}
	if len(m.Parts) == 0 {
		v.add("message.parts", "must hold at least one part")
	}
	for i := range m.Parts {
		if m.Parts[i].Kind == PartNone {
			v.add("message.parts", "each part must have exactly one of text, raw, url and data")
			break
		}
	}
	if c := r.Configuration; c != nil {
		v.historyLength("configuration.historyLength", c.HistoryLength)
		if p := c.TaskPushNotificationConfig; p != nil {
			p.validate("configuration.taskPushNotificationConfig.", &v)
		}
	}
	return v.err()
}

// Validate checks the required id.
func (r *GetTaskRequest) Validate() error {
	var v violations
	v.name("id", string(r.ID), true)
	v.historyLength("historyLength", r.HistoryLength)
	return v.err()
}

// Validate checks the bounds of a page.
func (r *ListTasksRequest) Validate() error {
	var v violations
	v.name("contextId", string(r.ContextID), false)
	if r.PageSize != nil && (*r.PageSize < 1 || *r.PageSize > MaxPageSize) {
		v.add("pageSize", "must be between 1 and 100")
	}
	v.historyLength("historyLength", r.HistoryLength)
	if r.Status > TaskStateAuthRequired {
		v.add("status", "is not a task state")
	}
	return v.err()
}

// Validate checks the required id.
func (r *CancelTaskRequest) Validate() error {
	var v violations
	v.name("id", string(r.ID), true)
	return v.err()
}

// Validate checks the required id.
func (r *SubscribeToTaskRequest) Validate() error {
	var v violations
	v.name("id", string(r.ID), true)
	return v.err()
}

type violations []FieldViolation

func (v *violations) add(field, description string) {
	*v = append(*v, FieldViolation{Field: field, Description: description})
}

func (v *violations) name(field, value string, required bool) {
	if value == "" && required {
		v.add(field, "is required")
	}
	if len(value) > maxNameLength {
		v.add(field, "is too long")
	}
}

func (v *violations) historyLength(field string, n *int32) {
	if n != nil && *n < 0 {
		v.add(field, "must not be negative")
	}
}

func (v violations) err() error {
	if len(v) == 0 {
		return nil
	}
	return &Error{Err: ErrInvalidParams, Violations: v}
}
