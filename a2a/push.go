package a2a

// TaskPushNotificationConfig is a webhook for the events of one task (§4.3.1).
type TaskPushNotificationConfig struct {
	Tenant         string              `json:"tenant,omitempty"`
	ID             string              `json:"id,omitempty"`
	TaskID         TaskID              `json:"taskId,omitempty"`
	URL            string              `json:"url"`
	Token          string              `json:"token,omitempty"`
	Authentication *AuthenticationInfo `json:"authentication,omitempty"`

	// Version is the version of the protocol that the configuration came in, which is also that of
	// what is sent to the webhook; "" is the newest. It is no member on the wire.
	Version string `json:"-"`
}

// AuthenticationInfo is how an agent shows itself to a webhook: Authorization: Scheme Credentials
// (§4.3.2).
type AuthenticationInfo struct {
	Scheme      string `json:"scheme"`
	Credentials string `json:"credentials,omitempty"`
}

// GetTaskPushNotificationConfigRequest asks for one configuration (§3.1.8). Protocol 0.3 may leave
// the ID out and means the first one then.
type GetTaskPushNotificationConfigRequest struct {
	Tenant string `json:"tenant,omitempty"`
	TaskID TaskID `json:"taskId"`
	ID     string `json:"id"`
}

// ListTaskPushNotificationConfigsRequest asks for the configurations of a task (§3.1.9).
type ListTaskPushNotificationConfigsRequest struct {
	Tenant    string `json:"tenant,omitempty"`
	TaskID    TaskID `json:"taskId"`
	PageSize  *int32 `json:"pageSize,omitempty"`
	PageToken string `json:"pageToken,omitempty"`
}

// ListTaskPushNotificationConfigsResponse is one page of them.
type ListTaskPushNotificationConfigsResponse struct {
	Configs       []*TaskPushNotificationConfig `json:"configs"`
	NextPageToken string                        `json:"nextPageToken,omitempty"`
}

// DeleteTaskPushNotificationConfigRequest asks to remove a configuration; removing one that is not
// there succeeds (§3.1.10).
type DeleteTaskPushNotificationConfigRequest struct {
	Tenant string `json:"tenant,omitempty"`
	TaskID TaskID `json:"taskId"`
	ID     string `json:"id"`
}

// GetExtendedAgentCardRequest asks for the card that only authenticated callers see (§3.1.11).
type GetExtendedAgentCardRequest struct {
	Tenant string `json:"tenant,omitempty"`
}

// Validate checks what the proto marks REQUIRED. Whether the address may be called is for whoever
// calls it to decide.
func (c *TaskPushNotificationConfig) Validate() error {
	var v violations
	v.name("taskId", string(c.TaskID), true)
	c.validate("", &v)
	return v.err()
}

// validate checks all but the task, which an inline configuration does not name.
func (c *TaskPushNotificationConfig) validate(prefix string, v *violations) {
	v.name(prefix+"id", c.ID, false)
	if c.URL == "" {
		v.add(prefix+"url", "is required")
	}
	if c.Authentication != nil && c.Authentication.Scheme == "" {
		v.add(prefix+"authentication.scheme", "is required")
	}
}

// Validate checks the two names.
func (r *GetTaskPushNotificationConfigRequest) Validate() error {
	var v violations
	v.name("taskId", string(r.TaskID), true)
	v.name("id", r.ID, true)
	return v.err()
}

// Validate checks the name of the task and the bounds of a page.
func (r *ListTaskPushNotificationConfigsRequest) Validate() error {
	var v violations
	v.name("taskId", string(r.TaskID), true)
	if r.PageSize != nil && *r.PageSize < 0 {
		v.add("pageSize", "must not be negative")
	}
	return v.err()
}

// Validate checks the two names.
func (r *DeleteTaskPushNotificationConfigRequest) Validate() error {
	var v violations
	v.name("taskId", string(r.TaskID), true)
	v.name("id", r.ID, true)
	return v.err()
}

// Validate has nothing to check: every member is optional.
func (r *GetExtendedAgentCardRequest) Validate() error { return nil }
