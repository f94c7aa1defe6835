package a2a

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"staff0/a2a/readertest"
)

// TestReaders holds the nouns to the table of all readers, in each object that they have.
func TestReaders(t *testing.T) {
	const message = `{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]@}`
	event := func(text []byte) (Event, error) { return UnmarshalEvent(text) }
	readertest.Run(t,
		readertest.Entrance{
			Name: "task", Text: `{"id":"t"@}`, Member: "contextId", Proto: true,
			Read: func(text []byte) (string, error) {
				var task Task
				err := Unmarshal(text, &task)
				return string(task.ContextID), err
			},
		},
		readertest.Entrance{
			Name: "task, by encoding/json", Text: `{"id":"t"@}`, Member: "contextId", Proto: true,
			Read: func(text []byte) (string, error) {
				var task Task
				err := json.Unmarshal(text, &task)
				return string(task.ContextID), err
			},
		},
		readertest.Entrance{
			Name: "history", Text: `{"id":"t","history":[` + message + `]}`, Member: "contextId",
			Proto: true,
			Read: func(text []byte) (string, error) {
				var task Task
				if err := Unmarshal(text, &task); err != nil {
					return "", err
				}
				return string(task.History[0].ContextID), nil
			},
		},
		readertest.Entrance{
			Name: "metadata", Text: `{"id":"t","metadata":{"a":1@}}`,
			Read: func(text []byte) (string, error) { return "", Unmarshal(text, new(Task)) },
		},
		readertest.Entrance{
			Name: "part", Text: `{"text":"x"@}`, Member: "mediaType", Proto: true,
			Read: func(text []byte) (string, error) {
				var part Part
				err := Unmarshal(text, &part)
				return part.MediaType, err
			},
		},
		readertest.Entrance{
			Name: "status update", Text: `{"statusUpdate":{"taskId":"t"@}}`, Member: "contextId",
			Proto: true,
			Read: func(text []byte) (string, error) {
				e, err := event(text)
				if err != nil {
					return "", err
				}
				return string(e.(*TaskStatusUpdateEvent).ContextID), nil
			},
		},
		readertest.Entrance{
			Name: "event", Text: `{"message":` + message + `}`, Member: "taskId", Proto: true,
			Read: func(text []byte) (string, error) {
				e, err := event(text)
				if err != nil {
					return "", err
				}
				return string(e.(*Message).TaskID), nil
			},
		},
		readertest.Entrance{
			Name: "webhook of a request",
			Text: `{"configuration":{"taskPushNotificationConfig":{"id":"i"@}}}`, Member: "taskId",
			Proto: true,
			Read: func(text []byte) (string, error) {
				var req SendMessageRequest
				if err := Unmarshal(text, &req); err != nil {
					return "", err
				}
				return string(req.Configuration.TaskPushNotificationConfig.TaskID), nil
			},
		},
		readertest.Entrance{
			Name: "members", Text: `{"a":1@}`, Member: "taskId",
			Read: func(text []byte) (found string, err error) {
				if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
					// which callers of Members look at themselves
					return "", errors.New("not an object")
				}
				err = Members(text, func(name, value []byte) {
					if string(name) == "taskId" {
						_ = json.Unmarshal(value, &found)
					}
				})
				return found, err
			},
		},
	)
}
