package wire

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"staff0/a2a"
)

func TestErrorObjects(t *testing.T) {
	notFound := &a2a.Error{Err: a2a.ErrTaskNotFound,
		Metadata: map[string]string{"taskId": "task-nope", "b": "2"},
		Cause:    errors.New("row 7 of db1")}
	invalid := &a2a.Error{Err: a2a.ErrInvalidParams,
		Violations: []a2a.FieldViolation{{Field: "message.parts",
			Description: "must hold at least one part"}, {Field: "x", Description: "y"}}}
	for _, c := range []struct {
		name string
		err  error
		v10  string
		v03  string
	}{
		{"an error of A2A has an ErrorInfo", notFound,
			`{"code":-32001,"message":"Task not found","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","domain":"a2a-protocol.org","metadata":{"b":"2","taskId":"task-nope"}}]}`,
			`{"code":-32001,"message":"Task not found","data":{"metadata":{"b":"2","taskId":"task-nope"}}}`},
		{"wrapped, it is the same", fmt.Errorf("get: %w", notFound),
			`{"code":-32001,"message":"Task not found","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","domain":"a2a-protocol.org","metadata":{"b":"2","taskId":"task-nope"}}]}`,
			`{"code":-32001,"message":"Task not found","data":{"metadata":{"b":"2","taskId":"task-nope"}}}`},
		{"wrong parameters have a BadRequest", invalid,
			`{"code":-32602,"message":"Invalid parameters","data":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.parts","description":"must hold at least one part"},{"field":"x","description":"y"}]}]}`,
			`{"code":-32602,"message":"Invalid parameters","data":{"fieldViolations":[{"field":"message.parts","description":"must hold at least one part"},{"field":"x","description":"y"}]}}`},
		{"a bound that was exceeded has its reason",
			&a2a.Error{Err: a2a.ErrInvalidParams, Violations: invalid.Violations[1:],
				Metadata: map[string]string{"reason": a2a.ReasonTooLarge}},
			`{"code":-32602,"message":"Invalid parameters","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TOO_LARGE","domain":"a2a-protocol.org","metadata":{"reason":"too_large"}},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"x","description":"y"}]}]}`,
			`{"code":-32602,"message":"Invalid parameters","data":{"fieldViolations":[{"field":"x","description":"y"}],"metadata":{"reason":"too_large"}}}`},
		{"both at once", &a2a.Error{Err: a2a.ErrContentTypeNotSupported,
			Violations: invalid.Violations[1:], Metadata: map[string]string{"k": "v"}},
			`{"code":-32005,"message":"Incompatible content types","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONTENT_TYPE_NOT_SUPPORTED","domain":"a2a-protocol.org","metadata":{"k":"v"}},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"x","description":"y"}]}]}`,
			`{"code":-32005,"message":"Incompatible content types","data":{"fieldViolations":[{"field":"x","description":"y"}],"metadata":{"k":"v"}}}`},
		{"a bare sentinel", a2a.ErrUnsupportedOperation,
			`{"code":-32004,"message":"This operation is not supported","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"UNSUPPORTED_OPERATION","domain":"a2a-protocol.org"}]}`,
			`{"code":-32004,"message":"This operation is not supported"}`},
		{"the last code of 0.3", a2a.ErrExtendedCardNotConfigured,
			`{"code":-32007,"message":"Extended Agent Card is not configured","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"EXTENDED_AGENT_CARD_NOT_CONFIGURED","domain":"a2a-protocol.org"}]}`,
			`{"code":-32007,"message":"Extended Agent Card is not configured"}`},
		{"a code that 0.3 lacks", a2a.ErrExtensionSupportRequired,
			`{"code":-32008,"message":"Extension support is required","data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"EXTENSION_SUPPORT_REQUIRED","domain":"a2a-protocol.org"}]}`,
			`{"code":-32600,"message":"Extension support is required"}`},
		{"JSON-RPC's own have no data", a2a.ErrParse,
			`{"code":-32700,"message":"Invalid JSON payload"}`,
			`{"code":-32700,"message":"Invalid JSON payload"}`},
		{"who are you?", a2a.ErrUnauthenticated, `{"code":-32000,"message":"Unauthorized"}`,
			`{"code":-32000,"message":"Unauthorized"}`},
		{"anything else is internal and says nothing", errors.New("password is 1234"),
			`{"code":-32603,"message":"Internal error"}`,
			`{"code":-32603,"message":"Internal error"}`},
		{"a public sentence of its own", &a2a.Error{Err: a2a.ErrUnavailable,
			Message: "Come back \"later\"", Cause: errors.New("secret")},
			`{"code":-32000,"message":"Come back \"later\""}`,
			`{"code":-32000,"message":"Come back \"later\""}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for d, want := range map[*Dialect]string{V10: c.v10, V03: c.v03} {
				got := d.AppendError(nil, ID("1"), c.err)
				if string(got) != `{"jsonrpc":"2.0","id":1,"error":`+want+`}` {
					t.Errorf("%s: %s", d.Version, got)
				}
				if _, err := DecodeResponse(got); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Every error of the protocol comes back from either version as itself, with what it said.
func TestErrorsThereAndBack(t *testing.T) {
	for _, c := range a2a.Codes {
		have := &a2a.Error{
			Err: c.Err, Message: "why",
			Violations: []a2a.FieldViolation{{Field: "f", Description: "d"}},
			Metadata:   map[string]string{"k": "v"},
			Cause:      errors.New("private"),
		}
		for _, d := range []*Dialect{V10, V03} {
			res, err := DecodeResponse(d.AppendError(nil, nil, have))
			if err != nil {
				t.Fatal(err)
			}
			got := DecodeError(res.Error)
			want := &a2a.Error{Err: c.Err, Code: c.Code, Message: "why",
				Violations: have.Violations}
			switch {
			case c.Err == a2a.ErrUnavailable:
				// one number for both; the HTTP status tells them apart
				want.Err = a2a.ErrUnauthenticated
			case d == V03 &&
				(c.Err == a2a.ErrVersionNotSupported || c.Err == a2a.ErrExtensionSupportRequired):
				want.Err, want.Code = a2a.ErrInvalidRequest, -32600
			}
			// 1.0 has no place for the metadata of JSON-RPC's own errors
			if c.Reason != "" || d == V03 {
				want.Metadata = have.Metadata
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %v: got %+v, want %+v", d.Version, c.Err, got, want)
			}
			if !errors.Is(got, want.Err) || strings.Contains(got.Error(), "private") {
				t.Errorf("%s, %v: %v", d.Version, c.Err, got)
			}
		}
	}
}

// TestDecodeError: peers are free with their errors.
func TestDecodeError(t *testing.T) {
	for _, c := range []struct {
		name, object string
		want         a2a.Error
	}{
		{"no data", `{"code":-32001,"message":"gone"}`,
			a2a.Error{Err: a2a.ErrTaskNotFound, Code: -32001, Message: "gone"}},
		{"a code outside the protocol", `{"code":-31401,"message":"who?"}`,
			a2a.Error{Err: a2a.ErrUnknown, Code: -31401, Message: "who?"}},
		{"a code that is reserved", `{"code":-32010,"message":"x"}`,
			a2a.Error{Err: a2a.ErrUnknown, Code: -32010, Message: "x"}},
		{"a fraction", `{"code":1.5}`, a2a.Error{Err: a2a.ErrUnknown}},
		{"control characters are kept", `{"code":-32603,"message":"a\u001b[31m"}`,
			a2a.Error{Err: a2a.ErrInternal, Code: -32603, Message: "a\x1b[31m"}},
		{"a message that is no text", `{"code":-32603,"message":{"x":1}}`,
			a2a.Error{Err: a2a.ErrInternal, Code: -32603}},
		{"data that is a text", `{"code":-32603,"data":"stack"}`,
			a2a.Error{Err: a2a.ErrInternal, Code: -32603}},
		{"data that is a mixed list",
			`{"code":-32602,"data":[1,null,"x",{"fieldViolations":[{"field":"a"}]},{"fieldViolations":7},{"metadata":{"n":1}},{"metadata":{"k":"v"}}]}`,
			a2a.Error{Err: a2a.ErrInvalidParams, Code: -32602,
				Violations: []a2a.FieldViolation{{Field: "a"}},
				Metadata:   map[string]string{"k": "v"}}},
		{"null data", `{"code":-32002,"data":null}`,
			a2a.Error{Err: a2a.ErrTaskNotCancelable, Code: -32002}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := DecodeError([]byte(c.object)); !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
	for _, object := range []string{`{}`, `"oops"`, `[]`, `{"code":"x"}`, `{"code":null}`,
		`{"message":"x"}`, ``} {
		if got := DecodeError([]byte(object)); !errors.Is(got, a2a.ErrInvalidAgentResponse) {
			t.Errorf("%s: %v", object, got)
		}
	}
}
