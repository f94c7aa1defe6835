package a2a

import (
	"cmp"
	"errors"
	"strings"
)

// The errors of the protocol (§3.3.2, §5.4, §9.5). They are compared with errors.Is; Codes gives
// each its number.
var (
	ErrParse                        = errors.New("invalid JSON payload")
	ErrInvalidRequest               = errors.New("request payload validation error")
	ErrMethodNotFound               = errors.New("method not found")
	ErrInvalidParams                = errors.New("invalid parameters")
	ErrInternal                     = errors.New("internal error")
	ErrTaskNotFound                 = errors.New("task not found")
	ErrTaskNotCancelable            = errors.New("task cannot be canceled")
	ErrPushNotificationNotSupported = errors.New("push notifications are not supported")
	ErrUnsupportedOperation         = errors.New("this operation is not supported")
	ErrContentTypeNotSupported      = errors.New("content type is not supported")
	ErrInvalidAgentResponse         = errors.New("invalid agent response")
	ErrExtendedCardNotConfigured    = errors.New("no extended agent card is configured")
	ErrExtensionSupportRequired     = errors.New(
		"a required extension is not supported by the client")
	ErrVersionNotSupported = errors.New("protocol version is not supported")
	ErrUnauthenticated     = errors.New("unauthorized")
	ErrUnavailable         = errors.New("service unavailable")

	// ErrUnknown is an error of a peer under a number that the protocol does not define; Error.Code
	// keeps the number.
	ErrUnknown = errors.New("an error that the protocol does not define")
)

// Code is what one error is called on the wire.
type Code struct {
	Err     error
	Code    int    // JSON-RPC (§9.5)
	Reason  string // google.rpc.ErrorInfo, "" for errors of JSON-RPC itself
	HTTP    int    // status in the HTTP+JSON binding (§11.6)
	Status  string // google.rpc.Code in the HTTP+JSON binding
	Message string // the public sentence
}

// Domain of every ErrorInfo (§9.5).
const Domain = "a2a-protocol.org"

// Codes lists the errors in order: an error that wraps two of them is the first. It is read both
// ways, by servers and clients.
var Codes = []Code{
	{ErrTaskNotFound, -32001, "TASK_NOT_FOUND", 404, "NOT_FOUND", "Task not found"},
	{ErrTaskNotCancelable, -32002, "TASK_NOT_CANCELABLE", 400, "FAILED_PRECONDITION",
		"Task cannot be canceled"},
	{ErrPushNotificationNotSupported, -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED", 400,
		"FAILED_PRECONDITION", "Push Notification is not supported"},
	{ErrUnsupportedOperation, -32004, "UNSUPPORTED_OPERATION", 400, "FAILED_PRECONDITION",
		"This operation is not supported"},
	{ErrContentTypeNotSupported, -32005, "CONTENT_TYPE_NOT_SUPPORTED", 400, "INVALID_ARGUMENT",
		"Incompatible content types"},
	{ErrInvalidAgentResponse, -32006, "INVALID_AGENT_RESPONSE", 500, "INTERNAL",
		"Invalid agent response"},
	{ErrExtendedCardNotConfigured, -32007, "EXTENDED_AGENT_CARD_NOT_CONFIGURED", 400,
		"FAILED_PRECONDITION", "Extended Agent Card is not configured"},
	{ErrExtensionSupportRequired, -32008, "EXTENSION_SUPPORT_REQUIRED", 400, "FAILED_PRECONDITION",
		"Extension support is required"},
	{ErrVersionNotSupported, -32009, "VERSION_NOT_SUPPORTED", 400, "FAILED_PRECONDITION",
		"Protocol version is not supported"},
	{ErrParse, -32700, "", 400, "INVALID_ARGUMENT", "Invalid JSON payload"},
	{ErrInvalidRequest, -32600, "", 400, "INVALID_ARGUMENT", "Request payload validation error"},
	{ErrMethodNotFound, -32601, "", 404, "NOT_FOUND", "Method not found"},
	{ErrInvalidParams, -32602, "", 400, "INVALID_ARGUMENT", "Invalid parameters"},
	// -32000 is the one number of JSON-RPC's server range that A2A leaves free (§9.5 reserves
	// -32001 to -32099).
	{ErrUnauthenticated, -32000, "", 401, "UNAUTHENTICATED", "Unauthorized"},
	{ErrUnavailable, -32000, "", 503, "UNAVAILABLE", "Service unavailable"},
	{ErrInternal, -32603, "", 500, "INTERNAL", "Internal error"},
}

// CodeOf is the entry of the first error in Codes that err is; an error of no kind is an internal
// one.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) { // nearly always, and then there is nothing to unwrap
		for _, c := range Codes {
			if c.Err == e.Err {
				return c
			}
		}
	}
	for _, c := range Codes {
		if errors.Is(err, c.Err) {
			return c
		}
	}
	return Codes[len(Codes)-1]
}

// ErrorOf is the error for a JSON-RPC code, nil for a code that the protocol does not know.
func ErrorOf(code int) error {
	for _, c := range Codes {
		if c.Code == code {
			return c.Err
		}
	}
	return nil
}

// FieldViolation is one fault of a request (google.rpc.BadRequest). Field is a path in
// lowerCamelCase.
type FieldViolation struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// Error is one of the errors above with what the caller may know of it, and with its private cause,
// which only the log sees.
type Error struct {
	Err        error             // one of the sentinels above
	Code       int               // the number a peer gave, 0 in errors of our own
	Message    string            // public; "" takes the sentence of Codes
	Violations []FieldViolation  // for ErrInvalidParams
	Metadata   map[string]string // for google.rpc.ErrorInfo
	Cause      error             // private
}

// Error is the text for the log: it holds the cause.
func (e *Error) Error() string {
	var s strings.Builder
	s.WriteString(cmp.Or(e.Message, e.Err.Error()))
	for _, v := range e.Violations { // a peer may have sent many
		s.WriteString(": " + v.Field + " " + v.Description)
	}
	if e.Cause != nil {
		s.WriteString(": " + e.Cause.Error())
	}
	return s.String()
}

// Unwrap gives the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// Public is the sentence that the other side may read.
func (e *Error) Public() string {
	if e.Message != "" {
		return e.Message
	}
	return CodeOf(e.Err).Message
}

// InvalidParams is an ErrInvalidParams about one field.
func InvalidParams(field, description string) error {
	return &Error{Err: ErrInvalidParams, Violations: []FieldViolation{{field, description}}}
}
