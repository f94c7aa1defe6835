package wire

import (
	"errors"
	"strings"

	"staff0/a2a"
)

// V03 is protocol 0.3, which serves 0.2.x too: 0.3 only adds to it. It must not be changed.
var V03 = &Dialect{
	Version:     Version03,
	Extensions:  LegacyExtensionsHeader,
	ErrorEvents: true,
	errorObject: appendErrorV03,

	SendMessage: Method[*a2a.SendMessageRequest, a2a.Event]{
		"message/send", sendV03,
		Codec[a2a.Event]{Append: appendSendEventV03, Decode: onlyAnswers(decodeEventV03)},
	},
	SendStreamingMessage: Method[*a2a.SendMessageRequest, a2a.Event]{
		"message/stream", sendV03,
		Codec[a2a.Event]{Append: appendSendEventV03, Decode: decodeEventV03},
	},
	GetTask: Method[*a2a.GetTaskRequest, *a2a.Task]{
		"tasks/get", paramsV03(
			func(p *taskParamsV03) *a2a.GetTaskRequest {
				return &a2a.GetTaskRequest{ID: p.ID, HistoryLength: p.HistoryLength}
			},
			func(q *a2a.GetTaskRequest) *taskParamsV03 {
				return &taskParamsV03{ID: q.ID, HistoryLength: q.HistoryLength}
			},
		), resultTaskV03,
	},
	CancelTask: Method[*a2a.CancelTaskRequest, *a2a.Task]{
		"tasks/cancel", paramsV03(
			func(p *taskParamsV03) *a2a.CancelTaskRequest {
				return &a2a.CancelTaskRequest{ID: p.ID, Metadata: p.Metadata}
			},
			func(q *a2a.CancelTaskRequest) *taskParamsV03 {
				return &taskParamsV03{ID: q.ID, Metadata: q.Metadata}
			},
		), resultTaskV03,
	},
	SubscribeToTask: Method[*a2a.SubscribeToTaskRequest, a2a.Event]{
		"tasks/resubscribe", paramsV03(
			func(p *taskParamsV03) *a2a.SubscribeToTaskRequest {
				return &a2a.SubscribeToTaskRequest{ID: p.ID}
			},
			func(q *a2a.SubscribeToTaskRequest) *taskParamsV03 { return &taskParamsV03{ID: q.ID} },
		), Codec[a2a.Event]{Append: appendSubscribeEventV03, Decode: decodeEventV03},
	},

	CreateTaskPushNotificationConfig: Method[*a2a.TaskPushNotificationConfig, *a2a.TaskPushNotificationConfig]{
		"tasks/pushNotificationConfig/set", pushConfigParamsV03, resultPushConfigV03,
	},
	GetTaskPushNotificationConfig: Method[*a2a.GetTaskPushNotificationConfigRequest, *a2a.TaskPushNotificationConfig]{
		"tasks/pushNotificationConfig/get", getPushConfigV03, resultPushConfigV03,
	},
	ListTaskPushNotificationConfigs: Method[*a2a.ListTaskPushNotificationConfigsRequest, *a2a.ListTaskPushNotificationConfigsResponse]{
		"tasks/pushNotificationConfig/list", paramsV03(
			func(p *taskParamsV03) *a2a.ListTaskPushNotificationConfigsRequest {
				return &a2a.ListTaskPushNotificationConfigsRequest{TaskID: p.ID}
			},
			func(q *a2a.ListTaskPushNotificationConfigsRequest) *taskParamsV03 {
				return &taskParamsV03{ID: q.TaskID}
			},
		), resultPushConfigsV03,
	},
	DeleteTaskPushNotificationConfig: Method[*a2a.DeleteTaskPushNotificationConfigRequest, Nothing]{
		"tasks/pushNotificationConfig/delete", paramsV03(
			func(p *taskParamsV03) *a2a.DeleteTaskPushNotificationConfigRequest {
				return &a2a.DeleteTaskPushNotificationConfigRequest{TaskID: p.ID,
					ID: p.PushNotificationConfigID}
			},
			func(q *a2a.DeleteTaskPushNotificationConfigRequest) *taskParamsV03 {
				return &taskParamsV03{ID: q.TaskID, PushNotificationConfigID: q.ID}
			},
		), nothing("null"),
	},

	GetExtendedAgentCard: Method[*a2a.GetExtendedAgentCardRequest, *a2a.AgentCard]{
		"agent/getAuthenticatedExtendedCard", paramsV03(
			func(*struct{}) *a2a.GetExtendedAgentCardRequest {
				return &a2a.GetExtendedAgentCardRequest{}
			},
			func(*a2a.GetExtendedAgentCardRequest) *struct{} { return &struct{}{} },
		), cardCodec(CardV03),
	},
}

// paramsV03 is the codec of a request that is a small object in 0.3 and a noun with rules of its
// own in 1.0.
func paramsV03[Old, New any, P interface {
	*New
	Validate() error
}](in func(*Old) *New, out func(*New) *Old) Codec[*New] {
	return Codec[*New]{
		Append: func(b []byte, req *New) ([]byte, error) { return appendValue(b, out(req)) },
		Decode: func(data []byte) (*New, error) {
			var p Old
			if err := a2a.Unmarshal(data, &p); err != nil {
				return nil, err
			}
			req := in(&p)
			return req, P(req).Validate()
		},
	}
}

// The two below differ in final, which tells a client that the stream is over: where it begins with
// a message it also ends when the agent asks back, where it was subscribed to it goes on until the
// task is over. It never ends at auth-required.

func appendSendEventV03(b []byte, event a2a.Event) ([]byte, error) {
	return appendEventV03(b, event, func(s a2a.TaskState) bool {
		return s.Terminal() || s == a2a.TaskStateInputRequired
	})
}

func appendSubscribeEventV03(b []byte, event a2a.Event) ([]byte, error) {
	return appendEventV03(b, event, a2a.TaskState.Terminal)
}

func appendEventV03(b []byte, event a2a.Event, final func(a2a.TaskState) bool) ([]byte, error) {
	switch e := event.(type) {
	case *a2a.Task:
		return appendTaskV03(b, e), nil
	case *a2a.Message:
		return appendMessageV03(b, e), nil
	case *a2a.TaskStatusUpdateEvent:
		return appendStatusUpdateV03(b, e, final(e.Status.State)), nil
	case *a2a.TaskArtifactUpdateEvent:
		return appendArtifactUpdateV03(b, e), nil
	}
	return b, errNoKind
}

var errNoKind = errors.New("kind is none of task, message, status-update and artifact-update")

func decodeEventV03(data []byte) (a2a.Event, error) {
	var k struct {
		Kind string `json:"kind"`
	}
	if err := a2a.Unmarshal(data, &k); err != nil {
		return nil, err
	}
	switch k.Kind {
	case kindTask:
		return resultTaskV03.Decode(data)
	case kindMessage:
		var m messageV03
		if err := a2a.Unmarshal(data, &m); err != nil {
			return nil, err
		}
		return messageFromV03(&m)
	case kindStatusUpdate:
		var e statusUpdateV03
		if err := a2a.Unmarshal(data, &e); err != nil {
			return nil, err
		}
		status, err := statusFromV03(&e.Status)
		return &a2a.TaskStatusUpdateEvent{TaskID: e.TaskID, ContextID: e.ContextID, Status: status,
			Metadata: e.Metadata}, err
	case kindArtifactUpdate:
		var e artifactUpdateV03
		if err := a2a.Unmarshal(data, &e); err != nil {
			return nil, err
		}
		if e.Artifact == nil {
			return nil, &a2a.DecodeError{Field: "artifact", Problem: "is required"}
		}
		artifact, err := artifactFromV03(e.Artifact)
		return &a2a.TaskArtifactUpdateEvent{
			TaskID: e.TaskID, ContextID: e.ContextID, Artifact: artifact, Append: e.Append,
			LastChunk: e.LastChunk, Metadata: e.Metadata,
		}, err
	}
	return nil, errNoKind
}

var resultTaskV03 = Codec[*a2a.Task]{
	Append: func(b []byte, t *a2a.Task) ([]byte, error) { return appendTaskV03(b, t), nil },
	Decode: func(data []byte) (*a2a.Task, error) {
		var t taskV03
		if err := a2a.Unmarshal(data, &t); err != nil {
			return nil, err
		}
		return taskFromV03(&t)
	},
}

// sendV03 turns blocking around. Absent it means yes (0.3 left it open; the Go and Python SDKs of
// both sides have it so, and the JavaScript client always says); since other servers read absent as
// no, it is always written.
var sendV03 = bounded(Codec[*a2a.SendMessageRequest]{
	Append: func(b []byte, req *a2a.SendMessageRequest) ([]byte, error) {
		var c a2a.SendMessageConfiguration
		if req.Configuration != nil {
			c = *req.Configuration
		}
		blocking := !c.ReturnImmediately
		b = appendMessageV03(append(b, `{"message":`...), req.Message)
		b, err := appendValue(append(b, `,"configuration":`...), &configurationV03{
			AcceptedOutputModes: c.AcceptedOutputModes, Blocking: &blocking,
			HistoryLength:          c.HistoryLength,
			PushNotificationConfig: pushConfigToV03(c.TaskPushNotificationConfig),
		})
		return append(appendObject(b, "metadata", req.Metadata), '}'), err
	},
	Decode: func(data []byte) (*a2a.SendMessageRequest, error) {
		var p sendParamsV03
		if err := a2a.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		req := &a2a.SendMessageRequest{Metadata: p.Metadata}
		if p.Message != nil {
			m, err := messageFromV03(p.Message)
			if err != nil {
				return nil, under("message", err)
			}
			req.Message = m
		}
		if c := p.Configuration; c != nil {
			req.Configuration = &a2a.SendMessageConfiguration{
				AcceptedOutputModes: c.AcceptedOutputModes, HistoryLength: c.HistoryLength,
				ReturnImmediately:          c.Blocking != nil && !*c.Blocking,
				TaskPushNotificationConfig: pushConfigFromV03("", c.PushNotificationConfig),
			}
		}
		return req, req.Validate()
	},
})

// under puts a member name before the field of a decoding error.
func under(member string, err error) error {
	var fault *a2a.DecodeError
	if !errors.As(err, &fault) {
		return err
	}
	return &a2a.DecodeError{Field: strings.TrimSuffix(member+"."+fault.Field, "."),
		Problem: fault.Problem}
}
