package wire

import (
	"errors"
	"fmt"

	"staff0/a2a"
)

// V10 is protocol 1.0: the nouns of package a2a as they are. It must not be changed.
var V10 = &Dialect{
	Version:     Version10,
	Extensions:  ExtensionsHeader,
	errorObject: appendErrorV10,

	SendMessage: Method[*a2a.SendMessageRequest, a2a.Event]{"SendMessage", sendV10,
		answerV10},
	SendStreamingMessage: Method[*a2a.SendMessageRequest, a2a.Event]{"SendStreamingMessage",
		sendV10, eventV10},
	GetTask: Method[*a2a.GetTaskRequest, *a2a.Task]{"GetTask",
		paramsV10[a2a.GetTaskRequest](), taskV10},
	ListTasks: Method[*a2a.ListTasksRequest, *a2a.ListTasksResponse]{
		"ListTasks", paramsV10[a2a.ListTasksRequest](), Codec[*a2a.ListTasksResponse]{
			Append: func(b []byte, page *a2a.ListTasksResponse) ([]byte, error) {
				return page.AppendJSON(b), nil
			},
			Decode: decodeNoun[a2a.ListTasksResponse],
		},
	},
	CancelTask: Method[*a2a.CancelTaskRequest, *a2a.Task]{"CancelTask",
		paramsV10[a2a.CancelTaskRequest](), taskV10},
	SubscribeToTask: Method[*a2a.SubscribeToTaskRequest, a2a.Event]{"SubscribeToTask",
		paramsV10[a2a.SubscribeToTaskRequest](), eventV10},

	CreateTaskPushNotificationConfig: Method[*a2a.TaskPushNotificationConfig, *a2a.TaskPushNotificationConfig]{
		"CreateTaskPushNotificationConfig", paramsV10[a2a.TaskPushNotificationConfig](),
		nounV10[a2a.TaskPushNotificationConfig](),
	},
	GetTaskPushNotificationConfig: Method[*a2a.GetTaskPushNotificationConfigRequest, *a2a.TaskPushNotificationConfig]{
		"GetTaskPushNotificationConfig", paramsV10[a2a.GetTaskPushNotificationConfigRequest](),
		nounV10[a2a.TaskPushNotificationConfig](),
	},
	ListTaskPushNotificationConfigs: Method[*a2a.ListTaskPushNotificationConfigsRequest, *a2a.ListTaskPushNotificationConfigsResponse]{
		"ListTaskPushNotificationConfigs", paramsV10[a2a.ListTaskPushNotificationConfigsRequest](),
		configsV10,
	},
	DeleteTaskPushNotificationConfig: Method[*a2a.DeleteTaskPushNotificationConfigRequest, Nothing]{
		"DeleteTaskPushNotificationConfig",
		paramsV10[a2a.DeleteTaskPushNotificationConfigRequest](), nothing("{}"),
	},

	GetExtendedAgentCard: Method[*a2a.GetExtendedAgentCardRequest, *a2a.AgentCard]{
		"GetExtendedAgentCard", paramsV10[a2a.GetExtendedAgentCardRequest](), cardCodec(CardV10),
	},
}

func decodeNoun[T any](data []byte) (*T, error) {
	value := new(T)
	if err := a2a.Unmarshal(data, value); err != nil {
		return nil, err
	}
	return value, nil
}

func nounV10[T any]() Codec[*T] {
	return Codec[*T]{Append: appendValue[*T], Decode: decodeNoun[T]}
}

// paramsV10 is the codec of a noun that knows what it requires.
func paramsV10[T any, P interface {
	*T
	Validate() error
}]() Codec[*T] {
	return Codec[*T]{
		Append: appendValue[*T],
		Decode: func(data []byte) (*T, error) {
			value, err := decodeNoun[T](data)
			if err != nil {
				return nil, err
			}
			return value, P(value).Validate()
		},
	}
}

// sendV10 is bounded, since what comes with a message is kept.
var sendV10 = bounded(paramsV10[a2a.SendMessageRequest]())

// bounded refuses parameters above a2a.MaxRequest before it looks at them.
func bounded[T any](codec Codec[T]) Codec[T] {
	decode := codec.Decode
	codec.Decode = func(data []byte) (T, error) {
		if len(data) > a2a.MaxRequest {
			var none T
			return none, a2a.TooLarge("params",
				fmt.Sprintf("must be at most %d KiB of JSON", a2a.MaxRequest>>10))
		}
		return decode(data)
	}
	return codec
}

var taskV10 = Codec[*a2a.Task]{
	Append: func(b []byte, t *a2a.Task) ([]byte, error) { return t.AppendJSON(b), nil },
	Decode: func(data []byte) (*a2a.Task, error) {
		t, err := decodeNoun[a2a.Task](data)
		if err == nil && t.ID == "" {
			return nil, errNoID
		}
		return t, err
	},
}

var eventV10 = Codec[a2a.Event]{
	Append: func(b []byte, event a2a.Event) ([]byte, error) {
		return a2a.AppendEvent(b, event), nil
	},
	Decode: a2a.UnmarshalEvent,
}

var answerV10 = Codec[a2a.Event]{Append: eventV10.Append, Decode: onlyAnswers(a2a.UnmarshalEvent)}

// Faults of results.
var (
	errNoID     = errors.New("a task without an id")
	errNoAnswer = errors.New("the answer is neither a task nor a message")
)

// onlyAnswers refuses the two events that SendMessage cannot answer with (§3.1.1).
func onlyAnswers(decode func([]byte) (a2a.Event, error)) func([]byte) (a2a.Event, error) {
	return func(data []byte) (a2a.Event, error) {
		event, err := decode(data)
		if err != nil {
			return nil, err
		}
		switch event.(type) {
		case *a2a.Task, *a2a.Message:
			return event, nil
		}
		return nil, errNoAnswer
	}
}

// configsV10 always writes the list, also when it is empty.
var configsV10 = Codec[*a2a.ListTaskPushNotificationConfigsResponse]{
	Append: func(b []byte, l *a2a.ListTaskPushNotificationConfigsResponse) ([]byte, error) {
		out := *l
		if out.Configs == nil {
			out.Configs = []*a2a.TaskPushNotificationConfig{}
		}
		return appendValue(b, &out)
	},
	Decode: decodeNoun[a2a.ListTaskPushNotificationConfigsResponse],
}

// nothing writes the given text and reads anything: there is nothing to learn from it.
func nothing(text string) Codec[Nothing] {
	return Codec[Nothing]{
		Append: func(b []byte, _ Nothing) ([]byte, error) { return append(b, text...), nil },
		Decode: func([]byte) (Nothing, error) { return Nothing{}, nil },
	}
}
