package a2a

// UnmarshalJSON reads the request.
func (q *SendMessageRequest) UnmarshalJSON(data []byte) error { return decode(data, q.read) }

func (q *SendMessageRequest) read(r *reader) {
	*q = SendMessageRequest{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "tenant":
			q.Tenant = r.string()
		case "message":
			q.Message = readMessage(r)
		case "configuration":
			if !r.null() {
				q.Configuration = new(SendMessageConfiguration)
				q.Configuration.read(r)
			}
		case "metadata":
			q.Metadata = r.structure()
		default:
			r.skip()
		}
	}
}

func (c *SendMessageConfiguration) read(r *reader) {
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "acceptedOutputModes":
			c.AcceptedOutputModes = readStrings[string](r)
		case "taskPushNotificationConfig":
			if !r.null() {
				c.TaskPushNotificationConfig = new(TaskPushNotificationConfig)
				c.TaskPushNotificationConfig.read(r)
			}
		case "historyLength":
			c.HistoryLength = r.int32()
		case "returnImmediately":
			c.ReturnImmediately = r.bool()
		default:
			r.skip()
		}
	}
}

// UnmarshalJSON reads the configuration.
func (c *TaskPushNotificationConfig) UnmarshalJSON(data []byte) error { return decode(data, c.read) }

func (c *TaskPushNotificationConfig) read(r *reader) {
	*c = TaskPushNotificationConfig{}
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "tenant":
			c.Tenant = r.string()
		case "id":
			c.ID = r.string()
		case "taskId":
			c.TaskID = TaskID(r.string())
		case "url":
			c.URL = r.string()
		case "token":
			c.Token = r.string()
		case "authentication":
			if !r.null() {
				c.Authentication = new(AuthenticationInfo)
				c.Authentication.read(r)
			}
		default:
			r.skip()
		}
	}
}

func (a *AuthenticationInfo) read(r *reader) {
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "scheme":
			a.Scheme = r.string()
		case "credentials":
			a.Credentials = r.string()
		default:
			r.skip()
		}
	}
}

// UnmarshalJSON reads the request.
func (q *GetTaskRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*q = GetTaskRequest{}
	if r.object() {
		for name, ok := r.member(); ok; name, ok = r.member() {
			switch string(name) {
			case "tenant":
				q.Tenant = r.string()
			case "id":
				q.ID = TaskID(r.string())
			case "historyLength":
				q.HistoryLength = r.int32()
			default:
				r.skip()
			}
		}
	}
	return r.end()
}

// UnmarshalJSON reads the request.
func (q *ListTasksRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*q = ListTasksRequest{}
	if r.object() {
		for name, ok := r.member(); ok; name, ok = r.member() {
			switch string(name) {
			case "tenant":
				q.Tenant = r.string()
			case "contextId":
				q.ContextID = ContextID(r.string())
			case "status":
				q.Status = TaskState(r.enum(taskStateNames[:]))
			case "pageSize":
				q.PageSize = r.int32()
			case "pageToken":
				q.PageToken = r.string()
			case "historyLength":
				q.HistoryLength = r.int32()
			case "statusTimestampAfter":
				q.StatusTimestampAfter = r.time()
			case "includeArtifacts":
				q.IncludeArtifacts = r.optionalBool()
			default:
				r.skip()
			}
		}
	}
	return r.end()
}

// UnmarshalJSON reads the page. Members that are missing are zero: some agents leave the empty ones out.
func (p *ListTasksResponse) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*p = ListTasksResponse{}
	if r.object() {
		for name, ok := r.member(); ok; name, ok = r.member() {
			switch string(name) {
			case "tasks":
				for ok := r.array(); ok && r.element(); {
					t := new(Task)
					t.read(&r)
					p.Tasks = append(p.Tasks, t)
				}
			case "nextPageToken":
				p.NextPageToken = r.string()
			case "pageSize":
				p.PageSize = orZero(r.int32())
			case "totalSize":
				p.TotalSize = orZero(r.int32())
			default:
				r.skip()
			}
		}
	}
	return r.end()
}

func orZero(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// UnmarshalJSON reads the request.
func (q *CancelTaskRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*q = CancelTaskRequest{}
	if r.object() {
		for name, ok := r.member(); ok; name, ok = r.member() {
			switch string(name) {
			case "tenant":
				q.Tenant = r.string()
			case "id":
				q.ID = TaskID(r.string())
			case "metadata":
				q.Metadata = r.structure()
			default:
				r.skip()
			}
		}
	}
	return r.end()
}

// UnmarshalJSON reads the request.
func (q *SubscribeToTaskRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*q = SubscribeToTaskRequest{}
	q.Tenant, q.ID, _ = readNamed(&r, "id", "")
	return r.end()
}

// UnmarshalJSON reads the request.
func (q *GetTaskPushNotificationConfigRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	q.Tenant, q.TaskID, q.ID = readNamed(&r, "taskId", "id")
	return r.end()
}

// UnmarshalJSON reads the request.
func (q *DeleteTaskPushNotificationConfigRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	q.Tenant, q.TaskID, q.ID = readNamed(&r, "taskId", "id")
	return r.end()
}

// UnmarshalJSON reads the request.
func (q *GetExtendedAgentCardRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	q.Tenant, _, _ = readNamed(&r, "", "")
	return r.end()
}

// readNamed reads a request that does no more than name a task, and perhaps something of it.
func readNamed(r *reader, taskMember, idMember string) (tenant string, task TaskID, id string) {
	if !r.object() {
		return
	}
	for name, ok := r.member(); ok; name, ok = r.member() {
		switch string(name) {
		case "tenant":
			tenant = r.string()
		case taskMember:
			task = TaskID(r.string())
		case idMember:
			id = r.string()
		default:
			r.skip()
		}
	}
	return
}

// UnmarshalJSON reads the request.
func (q *ListTaskPushNotificationConfigsRequest) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*q = ListTaskPushNotificationConfigsRequest{}
	if r.object() {
		for name, ok := r.member(); ok; name, ok = r.member() {
			switch string(name) {
			case "tenant":
				q.Tenant = r.string()
			case "taskId":
				q.TaskID = TaskID(r.string())
			case "pageSize":
				q.PageSize = r.int32()
			case "pageToken":
				q.PageToken = r.string()
			default:
				r.skip()
			}
		}
	}
	return r.end()
}

// UnmarshalJSON reads the list.
func (l *ListTaskPushNotificationConfigsResponse) UnmarshalJSON(data []byte) error {
	r := reader{data: data}
	*l = ListTaskPushNotificationConfigsResponse{}
	if r.object() {
		for name, ok := r.member(); ok; name, ok = r.member() {
			switch string(name) {
			case "configs":
				for ok := r.array(); ok && r.element(); {
					c := new(TaskPushNotificationConfig)
					c.read(&r)
					l.Configs = append(l.Configs, c)
				}
			case "nextPageToken":
				l.NextPageToken = r.string()
			default:
				r.skip()
			}
		}
	}
	return r.end()
}
