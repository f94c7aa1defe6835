package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"staff0/a2a"
)

// The versions of the protocol, as cards and headers name them: Major.Minor (§3.6).
const (
	Version10 = "1.0"
	Version03 = "0.3"
)

// Headers of the protocol (§3.6.1, §4.6.3). The older extensions header is accepted beside the
// present one.
const (
	VersionHeader          = "A2A-Version" // also the name of the query parameter
	ExtensionsHeader       = "A2A-Extensions"
	LegacyExtensionsHeader = "X-A2A-Extensions"
)

// DeliveryHeader, of a push notification of ours, holds an id that is the same each time that the
// same entry is sent for the same configuration, and no other time.
const DeliveryHeader = "A2A-Notification-Id"

// Dialect is one version of the protocol: its methods, each with what it is called and how its
// parameters and results are written. A method that the version lacks has no name.
type Dialect struct {
	// Version10 or Version03; also what a client of this dialect sends as VersionHeader
	Version string

	// Extensions is the header a client of this dialect names extensions in.
	Extensions string

	// ErrorEvents says how an error is told that comes before a stream has begun: as the first and
	// last event of the stream, or (false) as a plain JSON answer. Clients of 0.3 take no JSON
	// answer to a streaming call for an error, those of 1.0 want nothing else.
	ErrorEvents bool

	// the result is a *Task or a *Message
	SendMessage Method[*a2a.SendMessageRequest, a2a.Event]
	// one result for each event of the stream
	SendStreamingMessage Method[*a2a.SendMessageRequest, a2a.Event]
	GetTask              Method[*a2a.GetTaskRequest, *a2a.Task]
	ListTasks            Method[*a2a.ListTasksRequest, *a2a.ListTasksResponse]
	CancelTask           Method[*a2a.CancelTaskRequest, *a2a.Task]
	// as SendStreamingMessage; its Result is also the body of a webhook
	SubscribeToTask Method[*a2a.SubscribeToTaskRequest, a2a.Event]

	CreateTaskPushNotificationConfig Method[*a2a.TaskPushNotificationConfig, *a2a.TaskPushNotificationConfig]
	GetTaskPushNotificationConfig    Method[*a2a.GetTaskPushNotificationConfigRequest, *a2a.TaskPushNotificationConfig]
	ListTaskPushNotificationConfigs  Method[*a2a.ListTaskPushNotificationConfigsRequest, *a2a.ListTaskPushNotificationConfigsResponse]
	DeleteTaskPushNotificationConfig Method[*a2a.DeleteTaskPushNotificationConfigRequest, Nothing]

	GetExtendedAgentCard Method[*a2a.GetExtendedAgentCardRequest, *a2a.AgentCard]

	errorObject func(b []byte, err error) []byte
}

// Nothing is a result without content.
type Nothing struct{}

// Method is one operation: its name, and the codecs of what it takes and gives.
type Method[Req, Res any] struct {
	Name   string
	Params Codec[Req]
	Result Codec[Res]
}

// Codec writes a T and reads it back. Decode expects JSON that Decode, DecodeResponse or
// UnmarshalCard of this package has checked.
type Codec[T any] struct {
	Append func(b []byte, value T) ([]byte, error)
	Decode func(data []byte) (T, error)
}

// DecodeParams reads the parameters of a call and validates them (§5.7). The error is an *a2a.Error
// of ErrInvalidParams that names the field.
func (m *Method[Req, Res]) DecodeParams(params json.RawMessage) (Req, error) {
	if len(params) == 0 {
		params = json.RawMessage("{}") // absent is empty, and then validated like anything else
	}
	req, err := m.Params.Decode(params)
	var fault *a2a.DecodeError
	switch {
	case err == nil:
		return req, nil
	case errors.As(err, &fault):
		field := fault.Field
		if field == "" {
			field = "params"
		}
		err = a2a.InvalidParams(field, fault.Problem)
	case !errors.Is(err, a2a.ErrInvalidParams):
		err = &a2a.Error{Err: a2a.ErrInvalidParams, Cause: err}
	}
	var none Req
	return none, err
}

// AppendRequest appends the whole call.
func (m *Method[Req, Res]) AppendRequest(b []byte, id ID, req Req) ([]byte, error) {
	b = append(b, responseHead...)
	b = id.Append(b)
	b = append(b, `,"method":`...)
	b = a2a.AppendString(b, m.Name)
	b = append(b, `,"params":`...)
	b, err := m.Params.Append(b, req)
	return append(b, '}'), err
}

// AppendResult appends the whole answer. A success always has a result, also where that is null or
// {} (JSON-RPC 2.0 §5).
func (m *Method[Req, Res]) AppendResult(b []byte, id ID, res Res) ([]byte, error) {
	b = append(b, responseHead...)
	b = id.Append(b)
	b = append(b, resultMember...)
	b, err := m.Result.Append(b, res)
	return append(b, '}'), err
}

// DecodeResult reads the result of a Response. The error is an *a2a.Error of
// ErrInvalidAgentResponse.
func (m *Method[Req, Res]) DecodeResult(result json.RawMessage) (Res, error) {
	res, err := m.Result.Decode(result)
	if err != nil {
		var none Res
		return none, invalidResponse(err)
	}
	return res, nil
}

// AppendError appends the whole answer to a call that failed. Of err the peer sees the public
// sentence, the violations and the metadata.
func (d *Dialect) AppendError(b []byte, id ID, err error) []byte {
	b = append(b, responseHead...)
	b = id.Append(b)
	b = append(b, errorMember...)
	b = d.errorObject(b, err)
	return append(b, '}')
}

// Versions lists what this package speaks, newest first.
func Versions() []string { return []string{Version10, Version03} }

// Lookup is the dialect of a version as a card or header names it, nil for one that is not spoken.
// A patch number makes no difference (§3.6), and 0.2 is read and written as 0.3, which only adds to
// it.
func Lookup(version string) *Dialect {
	switch majorMinor(version) {
	case Version10:
		return V10
	case Version03, version02:
		return V03
	}
	return nil
}

const version02 = "0.2"

// majorMinor drops a patch number. What is not a version comes back as it is, and equals none.
func majorMinor(version string) string {
	head, patch, found := cutPatch(version)
	if found && (patch == "" || strings.Trim(patch, "0123456789") != "") {
		return version
	}
	return head
}

// cutPatch cuts behind the second number.
func cutPatch(version string) (head, patch string, found bool) {
	major, rest, _ := strings.Cut(version, ".")
	minor, patch, found := strings.Cut(rest, ".")
	if !found {
		return version, "", false
	}
	return major + "." + minor, patch, true
}

// RequestVersion is the version that a request asks for, "" if it names none. The header wins over
// the query parameter (§3.6.1). Header values that contradict each other come back joined by a
// comma, which is a version that nobody speaks.
func RequestVersion(header http.Header, query url.Values) string {
	values := strings.Split(strings.Join(header.Values(VersionHeader), ","), ",")
	version := ""
	for _, v := range values {
		switch v = strings.TrimSpace(v); {
		case v == "":
		case version == "":
			version = v
		case majorMinor(v) != majorMinor(version):
			return strings.Join(values, ",")
		}
	}
	if version == "" {
		version = strings.TrimSpace(query.Get(VersionHeader))
	}
	return version
}

// For chooses the dialect of a call. The names of methods are disjoint (1.0 begins with a capital,
// 0.3 has a slash), so the name decides, and the version that was asked for must not contradict it:
//
//	version          1.0 name              0.3 name
//	1.0, 1.0.x       1.0                   ErrMethodNotFound
//	0.3, 0.3.x       ErrMethodNotFound     0.3
//	0.2, 0.2.x       ErrVersionNotSupported  0.3
//	none             1.0                   0.3
//	anything else    ErrVersionNotSupported  ErrVersionNotSupported
//
// By the letter no version is 0.3 (§3.6.2), and a 1.0 name does not exist there; but nobody who
// uses one means that. In 0.3 an unsupported version is told as an invalid request, for that
// version has no other word.
//
// The dialect is never nil: with an error it is the one to say so in. For(version, "") therefore
// gives the dialect for an answer to a call whose method could not be read.
func For(version, method string) (*Dialect, error) {
	asked := Lookup(version)
	named := V10
	switch {
	case strings.Contains(method, "/"):
		named = V03
	case method == "" || method[0] < 'A' || 'Z' < method[0]: // of neither grammar
		if named = asked; named == nil {
			named = V10
		}
	}
	old := majorMinor(version) == version02
	switch {
	case version != "" && (asked == nil || old && named == V10):
		return named, versionNotSupported()
	case asked != nil && asked != named, !named.has(method):
		return named, &a2a.Error{Err: a2a.ErrMethodNotFound}
	}
	return named, nil
}

func versionNotSupported() error {
	return &a2a.Error{Err: a2a.ErrVersionNotSupported,
		Metadata: map[string]string{"supportedVersions": strings.Join(Versions(), ",")}}
}

func (d *Dialect) has(method string) bool {
	switch method {
	case "":
		return false
	case d.SendMessage.Name, d.SendStreamingMessage.Name, d.GetTask.Name, d.ListTasks.Name,
		d.CancelTask.Name, d.SubscribeToTask.Name,
		d.CreateTaskPushNotificationConfig.Name, d.GetTaskPushNotificationConfig.Name,
		d.ListTaskPushNotificationConfigs.Name,
		d.DeleteTaskPushNotificationConfig.Name, d.GetExtendedAgentCard.Name:
		return true
	}
	return false
}
