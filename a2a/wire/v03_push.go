package wire

import "staff0/a2a"

// Push notifications in 0.3: the configuration is wrapped, and names several schemes where 1.0
// names one.

var pushConfigParamsV03 = Codec[*a2a.TaskPushNotificationConfig]{
	Append: resultPushConfigV03.Append,
	Decode: func(data []byte) (*a2a.TaskPushNotificationConfig, error) {
		config, err := resultPushConfigV03.Decode(data)
		if err != nil {
			return nil, err
		}
		return config, config.Validate()
	},
}

var resultPushConfigV03 = Codec[*a2a.TaskPushNotificationConfig]{
	Append: func(b []byte, config *a2a.TaskPushNotificationConfig) ([]byte, error) {
		return appendValue(b, &taskPushConfigV03{TaskID: config.TaskID,
			PushNotificationConfig: pushConfigToV03(config)})
	},
	Decode: func(data []byte) (*a2a.TaskPushNotificationConfig, error) {
		var p taskPushConfigV03
		if err := a2a.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		if p.PushNotificationConfig == nil {
			return nil, &a2a.DecodeError{Field: "pushNotificationConfig", Problem: "is required"}
		}
		return pushConfigFromV03(p.TaskID, p.PushNotificationConfig), nil
	},
}

// getPushConfigV03 may leave out which configuration is meant.
var getPushConfigV03 = Codec[*a2a.GetTaskPushNotificationConfigRequest]{
	Append: func(b []byte, q *a2a.GetTaskPushNotificationConfigRequest) ([]byte, error) {
		return appendValue(b, &taskParamsV03{ID: q.TaskID, PushNotificationConfigID: q.ID})
	},
	Decode: func(data []byte) (*a2a.GetTaskPushNotificationConfigRequest, error) {
		var p taskParamsV03
		if err := a2a.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		if err := (&a2a.SubscribeToTaskRequest{ID: p.ID}).Validate(); err != nil {
			return nil, err // the rule for the id of a task is the same
		}
		return &a2a.GetTaskPushNotificationConfigRequest{TaskID: p.ID,
			ID: p.PushNotificationConfigID}, nil
	},
}

var resultPushConfigsV03 = Codec[*a2a.ListTaskPushNotificationConfigsResponse]{
	Append: func(b []byte, l *a2a.ListTaskPushNotificationConfigsResponse) ([]byte, error) {
		configs := make([]taskPushConfigV03, 0, len(l.Configs))
		for _, c := range l.Configs {
			configs = append(configs,
				taskPushConfigV03{TaskID: c.TaskID, PushNotificationConfig: pushConfigToV03(c)})
		}
		return appendValue(b, configs)
	},
	Decode: func(data []byte) (*a2a.ListTaskPushNotificationConfigsResponse, error) {
		var configs []taskPushConfigV03
		if err := a2a.Unmarshal(data, &configs); err != nil {
			return nil, err
		}
		out := new(a2a.ListTaskPushNotificationConfigsResponse)
		for _, c := range configs {
			if c.PushNotificationConfig != nil {
				out.Configs = append(out.Configs,
					pushConfigFromV03(c.TaskID, c.PushNotificationConfig))
			}
		}
		return out, nil
	},
}

func pushConfigToV03(c *a2a.TaskPushNotificationConfig) *pushConfigV03 {
	if c == nil {
		return nil
	}
	out := &pushConfigV03{ID: c.ID, URL: c.URL, Token: c.Token}
	if a := c.Authentication; a != nil {
		out.Authentication = &pushAuthV03{Schemes: []string{a.Scheme}, Credentials: a.Credentials}
	}
	return out
}

func pushConfigFromV03(task a2a.TaskID, c *pushConfigV03) *a2a.TaskPushNotificationConfig {
	if c == nil {
		return nil
	}
	out := &a2a.TaskPushNotificationConfig{ID: c.ID, TaskID: task, URL: c.URL, Token: c.Token,
		Version: Version03}
	if a := c.Authentication; a != nil {
		out.Authentication = &a2a.AuthenticationInfo{Credentials: a.Credentials}
		if len(a.Schemes) > 0 {
			out.Authentication.Scheme = a.Schemes[0]
		}
	}
	return out
}
