package wire

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// AppendStatus appends an error as the HTTP+JSON binding has it: the body of an answer with that
// HTTP status, and the last event of a stream (§11.6). The status is that of a2a.CodeOf, unless
// HTTP has a word of its own for what happened.
func AppendStatus(b []byte, status int, err error) []byte {
	f := faultOf(err)
	b = append(b, `{"error":{"code":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"status":"`...)
	b = append(b, rpcStatus(status, f.Status)...)
	b = append(b, `","message":`...)
	b = a2a.AppendString(b, f.Message)
	b = f.appendDetails(b, "details")
	return append(b, '}', '}')
}

// rpcStatus is the google.rpc.Code of an HTTP status where A2A has none.
func rpcStatus(status int, otherwise string) string {
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusMethodNotAllowed:
		return "UNIMPLEMENTED"
	case http.StatusRequestTimeout:
		return "DEADLINE_EXCEEDED"
	case http.StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	}
	return otherwise
}

// DecodeStatus reads the error object of the HTTP+JSON binding into an error that errors.Is the
// sentinel of its reason. Where an agent gives no reason the HTTP status has to say it; ErrUnknown
// is for what neither tells. Code is the HTTP status. It is nil for what is no error object.
//
// The words are the peer's, as with DecodeError.
func DecodeStatus(object json.RawMessage, status int) *a2a.Error {
	var e struct {
		Code    jsontext.Value   `json:"code"`
		Message string           `json:"message"`
		Details []jsontext.Value `json:"details"`
	}
	if a2a.Unmarshal(object, &e) != nil || e.Message == "" && len(e.Code) == 0 {
		return nil
	}
	out := &a2a.Error{Err: a2a.ErrUnknown, Code: status, Message: e.Message}
	if code, err := strconv.Atoi(string(e.Code)); err == nil && 400 <= code && code < 600 {
		out.Code = code // in a stream the status is that of its beginning
	}
	for _, d := range e.Details {
		out.Violations = append(out.Violations, violationsOf(d)...)
		if out.Metadata == nil {
			out.Metadata = metadataOf(d)
		}
		if known := errorOfReason(d); known != nil {
			out.Err = known
		}
	}
	if out.Err == a2a.ErrUnknown {
		out.Err = errorOfStatus(out.Code)
	}
	return out
}

func errorOfReason(detail jsontext.Value) error {
	var d struct {
		Reason string `json:"reason"`
		Domain string `json:"domain"`
	}
	if a2a.Unmarshal(detail, &d) != nil || d.Reason == "" || d.Domain != a2a.Domain {
		return nil
	}
	for _, c := range a2a.Codes {
		if c.Reason == d.Reason {
			return c.Err
		}
	}
	return nil
}

func errorOfStatus(status int) error {
	switch status {
	case http.StatusBadRequest:
		return a2a.ErrInvalidParams
	case http.StatusUnauthorized, http.StatusForbidden:
		return a2a.ErrUnauthenticated
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return a2a.ErrMethodNotFound
	case http.StatusInternalServerError:
		return a2a.ErrInternal
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return a2a.ErrUnavailable
	}
	return a2a.ErrUnknown
}
