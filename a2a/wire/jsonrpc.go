package wire

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// ID is the id of a JSON-RPC request as its sender wrote it: a string, a number or null in JSON,
// and nil if there was none. It is echoed to the byte: some clients compare integers by ===, others
// want their string back (JSON-RPC 2.0 §4, §5).
type ID []byte

// maxIDSize bounds an id, since each event of a stream repeats it.
const maxIDSize = 1 << 10

// Append appends the id, null for none.
func (id ID) Append(b []byte) []byte {
	if len(id) == 0 {
		return append(b, "null"...)
	}
	return append(b, id...)
}

// None reports whether the id is null or absent.
func (id ID) None() bool { return len(id) == 0 || string(id) == "null" }

// Equal compares what the ids mean: a peer may have escaped a string in another way.
func (id ID) Equal(other ID) bool {
	if bytes.Equal(id, other) || id.None() && other.None() {
		return true
	}
	if len(id) < 2 || len(other) < 2 || id[0] != '"' || other[0] != '"' {
		return false
	}
	return textOf(id) == textOf(other)
}

// valid is for an id that has been read as JSON: objects, arrays and booleans are none (JSON-RPC
// 2.0 §4).
func (id ID) valid() bool {
	if len(id) > maxIDSize {
		return false
	}
	return id[0] == '"' || id[0] == '-' || '0' <= id[0] && id[0] <= '9' || string(id) == "null"
}

// Request is one call. A notification (no id) is a call as well, and its answer carries id null:
// JSON-RPC wants silence, but the servers of all official SDKs answer, and conformance tests wait
// for it.
type Request struct {
	ID     ID
	Method string
	Params json.RawMessage // an object, or nil for absent and null
}

// Decode reads the body of a JSON-RPC call. The caller has bounded it. The error is an *a2a.Error:
//
//   - ErrParse: not one JSON text in UTF-8, an empty body and trailing bytes included.
//   - ErrInvalidRequest: JSON, but not a call: a batch (A2A has none), an id that is no string, number or null or longer than 1 KiB, another
//     version than "2.0", no method; arrays and objects more than a2a.MaxDepth deep; an object that names a member twice, anywhere in the body.
//   - ErrInvalidParams: params that are no object (A2A passes them by name only).
//
// With an error the ID is the request's as far as it could be read, and the answer must carry it.
// Members besides the four are ignored, names are exact. Request refers to body.
func Decode(body []byte) (Request, error) {
	var req Request
	var version, method []byte
	err := a2a.Members(body, func(name, value []byte) {
		switch string(name) {
		case "jsonrpc":
			version = value
		case "id":
			req.ID = value
		case "method":
			method = value
		case "params":
			req.Params = value
		}
	})
	switch {
	case errors.Is(err, a2a.ErrNotJSON):
		return Request{}, &a2a.Error{Err: a2a.ErrParse, Cause: err}
	case err != nil:
		return Request{}, invalidRequest("", err.Error())
	case !isObject(body):
		return Request{}, invalidRequest("", "must be one object; batches are not part of A2A")
	case req.ID != nil && !req.ID.valid():
		return Request{},
			invalidRequest("id", "must be a string, a number or null, of at most 1 KiB")
	}
	if !isText(version, "2.0") {
		return Request{ID: req.ID}, invalidRequest("jsonrpc", `must be "2.0"`)
	}
	if len(method) == 0 || method[0] != '"' {
		return Request{ID: req.ID}, invalidRequest("method", "must be a string")
	}
	req.Method = textOf(method)
	switch {
	case string(req.Params) == "null":
		req.Params = nil
	case req.Params != nil && req.Params[0] != '{':
		req.Params = nil
		return req, a2a.InvalidParams("params", "must be an object")
	}
	return req, nil
}

// invalidRequest says which member of the envelope is wrong; "" is the body itself.
func invalidRequest(member, why string) error {
	return &a2a.Error{Err: a2a.ErrInvalidRequest,
		Violations: []a2a.FieldViolation{{Field: member, Description: why}}}
}

func isObject(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '{'
}

// textOf is the text of a JSON string that is known to be valid.
func textOf(quoted []byte) string {
	if raw := quoted[1 : len(quoted)-1]; bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return string(text)
}

func isText(value []byte, text string) bool {
	return len(value) > 1 && value[0] == '"' && textOf(value) == text
}

// Response is the answer to one call: a result, or an error object.
type Response struct {
	ID     ID
	Result json.RawMessage
	Error  json.RawMessage // nil in a success; Dialect.DecodeError reads it
}

// DecodeResponse reads an answer. "error":null beside a result is no error, for some servers write
// both. What is no answer at all is ErrInvalidAgentResponse. Response refers to body.
func DecodeResponse(body []byte) (Response, error) {
	var res Response
	var version []byte
	err := a2a.Members(body, func(name, value []byte) {
		switch string(name) {
		case "jsonrpc":
			version = value
		case "id":
			res.ID = value
		case "result":
			res.Result = value
		case "error":
			if string(value) != "null" {
				res.Error = value
			}
		}
	})
	switch {
	case err != nil:
		return Response{}, invalidResponse(err)
	case !isText(version, "2.0"):
		return Response{}, invalidResponse(errors.New("not a JSON-RPC 2.0 response"))
	case res.ID != nil && !res.ID.valid():
		return Response{}, invalidResponse(errors.New("the id is neither a string nor a number"))
	case (res.Result == nil) == (res.Error == nil):
		return Response{}, invalidResponse(errors.New("not exactly one of result and error"))
	}
	return res, nil
}

func invalidResponse(cause error) error {
	return &a2a.Error{Err: a2a.ErrInvalidAgentResponse, Cause: cause}
}

const (
	responseHead = `{"jsonrpc":"2.0","id":`
	resultMember = `,"result":`
	errorMember  = `,"error":`
)
