package wire

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// Types of error details (§9.5, google.rpc).
const (
	typeErrorInfo  = "type.googleapis.com/google.rpc.ErrorInfo"
	typeBadRequest = "type.googleapis.com/google.rpc.BadRequest"
)

// fault is what of an error the other side may see.
type fault struct {
	a2a.Code
	reason     string // for ErrorInfo, "" for none
	violations []a2a.FieldViolation
	metadata   map[string]string
}

func faultOf(err error) fault {
	f := fault{Code: a2a.CodeOf(err)}
	var e *a2a.Error
	if errors.As(err, &e) {
		f.Message, f.violations, f.metadata = e.Public(), e.Violations, e.Metadata
	}
	// ErrorInfo writes reasons in capitals.
	f.reason = cmp.Or(f.Code.Reason, strings.ToUpper(f.metadata["reason"]))
	return f
}

func (f *fault) append(b []byte) []byte {
	b = append(b, `{"code":`...)
	b = strconv.AppendInt(b, int64(f.Code.Code), 10)
	b = append(b, `,"message":`...)
	return a2a.AppendString(b, f.Message)
}

// appendErrorV10 writes data as a list of google.rpc details.
func appendErrorV10(b []byte, err error) []byte {
	f := faultOf(err)
	return append(f.appendDetails(f.append(b), "data"), '}')
}

// appendDetails writes ErrorInfo for the errors of A2A, BadRequest where fields are at fault, and
// no member for an error that is neither (§9.5, §11.6).
func (f *fault) appendDetails(b []byte, name string) []byte {
	if f.reason == "" && len(f.violations) == 0 {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":[`...)
	if f.reason != "" {
		b = append(b, `{"@type":"`+typeErrorInfo+`","reason":"`...)
		b = append(b, f.reason...)
		b = append(b, `","domain":"`+a2a.Domain+`"`...)
		if len(f.metadata) > 0 {
			b = appendMetadata(append(b, ','), f.metadata)
		}
		b = append(b, '}')
	}
	if len(f.violations) > 0 {
		if f.reason != "" {
			b = append(b, ',')
		}
		b = append(b, `{"@type":"`+typeBadRequest+`",`...)
		b = append(appendViolations(b, f.violations), '}')
	}
	return append(b, ']')
}

// appendErrorV03 knows -32001 to -32007 of the protocol's own codes (0.3 §8.2); a newer error is an
// invalid request there. data is free in 0.3.
func appendErrorV03(b []byte, err error) []byte {
	f := faultOf(err)
	if f.Reason != "" && f.Code.Code < lastCodeV03 {
		f.Code.Code = a2a.CodeOf(a2a.ErrInvalidRequest).Code
	}
	b = f.append(b)
	if len(f.violations) == 0 && len(f.metadata) == 0 {
		return append(b, '}')
	}
	b = append(b, `,"data":{`...)
	if len(f.violations) > 0 {
		b = appendViolations(b, f.violations)
	}
	if len(f.metadata) > 0 {
		if len(f.violations) > 0 {
			b = append(b, ',')
		}
		b = appendMetadata(b, f.metadata)
	}
	return append(b, '}', '}')
}

const lastCodeV03 = -32007

func appendViolations(b []byte, violations []a2a.FieldViolation) []byte {
	b = append(b, `"fieldViolations":[`...)
	for i, v := range violations {
		if i > 0 {
			b = append(b, ',')
		}
		b = a2a.AppendString(append(b, `{"field":`...), v.Field)
		b = a2a.AppendString(append(b, `,"description":`...), v.Description)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendMetadata writes strings only, as ErrorInfo wants, in a fixed order.
func appendMetadata(b []byte, metadata map[string]string) []byte {
	b = append(b, `"metadata":{`...)
	for i, key := range slices.Sorted(maps.Keys(metadata)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(a2a.AppendString(b, key), ':')
		b = a2a.AppendString(b, metadata[key])
	}
	return append(b, '}')
}

// DecodeError reads the error object of a Response, of either version, into an error that errors.Is
// the sentinel of its code, or ErrUnknown. An object that is no error object is
// ErrInvalidAgentResponse.
//
// Message, violations and metadata are the peer's words. They are kept as they came and must be
// escaped before a person sees them.
func DecodeError(object json.RawMessage) *a2a.Error {
	var e struct {
		Code    jsontext.Value `json:"code"`
		Message jsontext.Value `json:"message"`
		Data    jsontext.Value `json:"data"`
	}
	if a2a.Unmarshal(object, &e) != nil || e.Code.Kind() != jsontext.KindNumber {
		return &a2a.Error{Err: a2a.ErrInvalidAgentResponse,
			Cause: errors.New("the error has no code")}
	}
	out := &a2a.Error{Err: a2a.ErrUnknown}
	if code, err := strconv.Atoi(string(e.Code)); err == nil {
		out.Code = code
		if known := a2a.ErrorOf(code); known != nil {
			out.Err = known
		}
	}
	if e.Message.Kind() == jsontext.KindString { // a message that is no text is none
		out.Message = textOf(e.Message)
	}

	details := []jsontext.Value{e.Data}
	if e.Data.Kind() == jsontext.KindBeginArray {
		_ = a2a.Unmarshal(e.Data, &details)
	}
	for _, d := range details {
		out.Violations = append(out.Violations, violationsOf(d)...)
		if out.Metadata == nil {
			out.Metadata = metadataOf(d)
		}
	}
	return out
}

// The two below read a detail, or the plain data of 0.3, which we write with the same members. What
// has another shape tells us nothing.

func violationsOf(detail jsontext.Value) []a2a.FieldViolation {
	var d struct {
		Violations []a2a.FieldViolation `json:"fieldViolations"`
	}
	if a2a.Unmarshal(detail, &d) != nil {
		return nil
	}
	return d.Violations
}

func metadataOf(detail jsontext.Value) map[string]string {
	var d struct {
		Metadata map[string]string `json:"metadata"`
	}
	if a2a.Unmarshal(detail, &d) != nil {
		return nil
	}
	return d.Metadata
}
