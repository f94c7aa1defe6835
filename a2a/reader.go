package a2a

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Everything of the protocol that is read as JSON is read by Unmarshal and Members, so that no two
// places see two things in one text. On top of the grammar they demand what I-JSON (RFC 7493) does:
// no object names a member twice, strings are Unicode. Member names are exact, and the proto's name
// of a member (task_id) is the same name as its JSON name (taskId).

// MaxDepth is how deep arrays and objects may lie in one another in a text that is read. No message
// of the protocol needs a quarter of it; data of callers may.
const MaxDepth = 100

// Why a text is not read at all. The errors continue "the body …".
var (
	// ErrNotJSON is a text that is not one JSON value in UTF-8, half surrogate pairs included.
	ErrNotJSON = errors.New("is not valid JSON in UTF-8")
	// ErrTooDeep is a text nested deeper than MaxDepth.
	ErrTooDeep = errors.New("is nested too deeply")
	// ErrNamedTwice is a text in which an object names a member twice. JSON leaves open which of
	// the two counts (RFC 8259 §4), so somebody else could see another message in it.
	ErrNamedTwice = errors.New("names a member twice")
)

// DecodeError says what is wrong with the JSON of a noun. It repeats nothing of the input but the
// names of the protocol's own members.
type DecodeError struct {
	Field   string // path in lowerCamelCase from the noun down, "" for the noun itself
	Problem string
	Cause   error // ErrNotJSON, ErrTooDeep or ErrNamedTwice where it is one of them
}

func (e *DecodeError) Error() string {
	if e.Field == "" {
		return "the value " + e.Problem
	}
	return e.Field + " " + e.Problem
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Cause }

// Unmarshal reads one JSON text into the value that v points to. As in ProtoJSON, null is absent,
// unknown members are ignored (§5.7), names may be camelCase or snake_case, whole numbers may stand
// in quotes or end in .0, and times may have any offset and fraction. Nothing remains of what v was
// before, and v does not refer to data.
//
// The error is a *DecodeError. The time and memory it takes are in proportion to the text.
func Unmarshal(data []byte, v any) error {
	if tooDeep(data) {
		return &DecodeError{Problem: ErrTooDeep.Error(), Cause: ErrTooDeep}
	}
	if hasSnake(data) {
		named, err := inCamelCase(data)
		if err != nil {
			return decodeError(err)
		}
		data = named
	}
	reflect.ValueOf(v).Elem().SetZero()
	if err := json.Unmarshal(data, v, leniencies); err != nil {
		return decodeError(err)
	}
	return nil
}

// Members checks a whole JSON text as Unmarshal would. If it is an object, each is called with its
// members in their order: the name without escapes, as it is spelled, and the value as it is in
// data. What each was called with counts only once Members has returned nil. The error is
// ErrNotJSON, ErrTooDeep or ErrNamedTwice. each may be nil.
func Members(data []byte, each func(name, value []byte)) error {
	if tooDeep(data) {
		return ErrTooDeep
	}
	if err := json.Unmarshal(data, &memberReader{each}); err != nil {
		return causeOf(err)
	}
	return nil
}

type memberReader struct {
	each func(name, value []byte)
}

// UnmarshalJSONFrom reads the next value.
func (r *memberReader) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if r.each == nil || d.PeekKind() != jsontext.KindBeginObject {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		if bytes.IndexByte(name, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote(nil, name); err != nil {
				return err
			}
		} else {
			name = name[1 : len(name)-1]
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		r.each(name, value[:len(value):len(value)])
	}
	_, err := d.ReadToken()
	return err
}

// causeOf tells apart why a text was not read.
func causeOf(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return ErrNamedTwice
	}
	return ErrNotJSON
}

// decodeError turns an error of the library into one that says no more than it may.
func decodeError(err error) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) || errors.Is(err, jsontext.ErrDuplicateName) {
		cause := causeOf(err)
		return &DecodeError{Problem: cause.Error(), Cause: cause}
	}
	out := DecodeError{Field: fieldOf(semantic.JSONPointer)}
	var inner *DecodeError
	switch {
	case errors.As(semantic.Err, &inner):
		out.Field = strings.Trim(out.Field+"."+inner.Field, ".")
		out.Problem, out.Cause = inner.Problem, inner.Cause
	case semantic.GoType == nil:
		out.Problem = problemType
	default:
		out.Problem = problemOf(semantic.GoType.Kind())
	}
	return &out
}

// Problems that several places report.
const (
	problemObject = "must be an object"
	problemString = "must be a string"
	problemWhole  = "must be a whole number of 32 bits"
	problemTime   = "must be a timestamp such as 2006-01-02T15:04:05.000Z"
	problemBase64 = "is not base64"
	problemType   = "has the wrong type"
)

func problemOf(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return problemString
	case reflect.Bool:
		return "must be true or false"
	case reflect.Slice:
		return "must be an array"
	case reflect.Struct, reflect.Map:
		return problemObject
	}
	return problemType
}

// fieldOf is the path of members to where a pointer leads. Places in arrays are left out, and so is
// what cannot be a name of the protocol.
func fieldOf(pointer jsontext.Pointer) string {
	var path []string
	for name := range pointer.Tokens() {
		if len(name) <= maxMemberName && strings.Trim(name, letters) == "" && name != "" {
			path = append(path, name)
		}
	}
	return strings.Join(path, ".")
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// maxMemberName is longer than any member name of the protocol.
const maxMemberName = 48

// tooDeep reports whether brackets lie more than MaxDepth deep in one another. The text need not be
// valid; the library's own bound is a hundred times as high and cannot be set.
func tooDeep(data []byte) bool {
	if bytes.Count(data, []byte{'['})+bytes.Count(data, []byte{'{'}) <= MaxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// leniencies are how Go's own types are read, where ProtoJSON takes more than the library does.
var leniencies = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readWhole), json.UnmarshalFromFunc(readTime),
))

// readWhole takes a number without a fraction, or the same in quotes; null is 0.
func readWhole(d *jsontext.Decoder, n *int32) error {
	switch d.PeekKind() {
	case jsontext.KindNull:
		*n = 0
		return d.SkipValue()
	case jsontext.KindNumber, jsontext.KindString:
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		// 1.0 and 1e2 are whole numbers too, and some writers have no other kind.
		text := token.String()
		f, err := strconv.ParseFloat(text, 64)
		if err == nil && strings.Trim(text, "0123456789+-.eE") == "" &&
			f == math.Trunc(f) && math.MinInt32 <= f && f <= math.MaxInt32 {
			*n = int32(f)
			return nil
		}
	}
	return &DecodeError{Problem: problemWhole}
}

// readTime takes a timestamp of RFC 3339, with an offset too, though none may be written (§5.6.1);
// null is the zero time.
func readTime(d *jsontext.Decoder, t *time.Time) error {
	*t = time.Time{}
	switch d.PeekKind() {
	case jsontext.KindNull:
		return d.SkipValue()
	case jsontext.KindString:
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339Nano, token.String())
		if err == nil {
			*t = at.UTC()
			return nil
		}
	}
	return &DecodeError{Problem: problemTime}
}

// unknownEnum is what a value reads as that this version does not know. It prints as unspecified
// and counts as not terminal, so a client that meets a newer agent goes on (§5.7); requests that
// carry it are refused by Validate.
const unknownEnum = 255

// readEnum takes a proto name or number; null is 0.
func readEnum(d *jsontext.Decoder, names []string) (uint8, error) {
	if d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return 0, err
		}
		if i := slices.Index(names, token.String()); i >= 0 {
			return uint8(i), nil
		}
		return unknownEnum, nil
	}
	var n int32
	if err := readWhole(d, &n); err != nil {
		return 0, err
	}
	if n < 0 || int(n) >= len(names) {
		return unknownEnum, nil
	}
	return uint8(n), nil
}

// decodeBase64 takes the standard and the URL-safe alphabet, padded or not, as ProtoJSON readers
// do.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

// compact copies valid JSON without the blanks between its tokens, so that equal values that were
// spaced differently are equal bytes and a value never breaks the line it stands in.
func compact(data []byte) []byte {
	out := make([]byte, 0, len(data))
	quoted := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted && c == '\\' && i+1 < len(data):
			out = append(out, c)
			i++
			c = data[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		out = append(out, c)
	}
	return slices.Clip(out)
}
