package a2a

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ProtoJSON readers take the proto's name of a member (task_id) for its JSON name (taskId). The
// library reads by one name, so a text with names of the first kind is rewritten before. Both names
// side by side are the same name twice then, and refused.

// hasSnake reports whether a member name may hold an underscore: whether one stands in a string
// that a colon follows, or may be hidden in an escape. Names that hold a quote are none of ours.
func hasSnake(data []byte) bool {
	for rest := data; ; {
		i := bytes.IndexByte(rest, '_')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			break
		}
		rest = rest[end+1:]
		if after := bytes.TrimLeft(rest, " \t\r\n"); len(after) > 0 && after[0] == ':' {
			return true
		}
	}
	return bytes.Contains(data, []byte(`\u005`))
}

// inCamelCase is the text with the proto's names of members replaced by their JSON names, in the
// objects that the protocol defines. Everything else stays as it is.
func inCamelCase(data []byte) ([]byte, error) {
	w := camelWriter{make([]byte, 0, len(data))}
	err := json.Unmarshal(data, &w)
	return w.out, err
}

type camelWriter struct{ out []byte }

// UnmarshalJSONFrom reads the next value.
func (w *camelWriter) UnmarshalJSONFrom(d *jsontext.Decoder) error { return w.value(d, true) }

// value copies a value; ours says whether the names of an object are the protocol's or data.
func (w *camelWriter) value(d *jsontext.Decoder, ours bool) error {
	kind := d.PeekKind()
	if kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		raw, err := d.ReadValue()
		w.out = append(w.out, raw...)
		return err
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	w.out = append(w.out, byte(kind))
	end := jsontext.KindEndObject
	if kind == jsontext.KindBeginArray {
		end = jsontext.KindEndArray
	}
	for n := 0; d.PeekKind() != end; n++ {
		w.out = comma(w.out, n)
		name := ""
		if kind == jsontext.KindBeginObject {
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			if name = token.String(); ours {
				name = camel(name)
			}
			w.out = append(appendString(w.out, name), ':')
		}
		switch {
		case kind == jsontext.KindBeginArray, !ours, slices.Contains(containers, name):
			if err := w.value(d, name != "securitySchemes"); err != nil {
				return err
			}
		default:
			raw, err := d.ReadValue()
			if err != nil {
				return err
			}
			w.out = append(w.out, raw...)
		}
	}
	w.out = append(w.out, byte(end))
	_, err := d.ReadToken()
	return err
}

// containers are the members with objects of the protocol in them, by their JSON names: of either
// version, of answers and of cards.
var containers = []string{
	"message", "configuration", "taskPushNotificationConfig", "pushNotificationConfig",
	"authentication", "parts", "file", "task", "tasks", "configs", "status", "history", "artifacts",
	"artifact", "statusUpdate", "artifactUpdate",

	"supportedInterfaces", "additionalInterfaces", "provider", "capabilities", "extensions",
	"skills",
	"securityRequirements", "signatures", "securitySchemes", "apiKeySecurityScheme",
	"httpAuthSecurityScheme", "oauth2SecurityScheme", "openIdConnectSecurityScheme",
	"mtlsSecurityScheme", "flows", "authorizationCode", "clientCredentials", "deviceCode",
	"implicit",
	"password",
}

// camel is the JSON name for a proto name; any other name stays as it is.
func camel(name string) string {
	if len(name) > maxMemberName {
		return name
	}
	out := make([]byte, 0, maxMemberName)
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			out = append(out, c)
		case c == '_' && i > 0 && i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z':
			i++
			out = append(out, name[i]-'a'+'A')
		default:
			return name
		}
	}
	return string(out)
}
