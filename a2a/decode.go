package a2a

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Decoding is encoding/json over the tags of the nouns, with the few rules of ProtoJSON that it does not know: enumerations by name or number,
// exactly one member of a oneof, base64 in either alphabet. Unknown members are ignored (§5.7), null is absent.

// unknownEnum is what a value reads as that this version does not know. It prints as unspecified and counts as not terminal, so a client
// that meets a newer agent goes on (§5.7); requests that carry it are refused by Validate.
const unknownEnum = 255

// UnmarshalJSON takes a proto name or number.
func (s *TaskState) UnmarshalJSON(data []byte) error {
	n, err := unmarshalEnum(data, taskStateNames[:])
	*s = TaskState(n)
	return err
}

// UnmarshalJSON takes a proto name or number.
func (r *Role) UnmarshalJSON(data []byte) error {
	n, err := unmarshalEnum(data, roleNames[:])
	*r = Role(n)
	return err
}

func unmarshalEnum(data []byte, names []string) (uint8, error) {
	if string(data) == "null" {
		return 0, nil
	}
	if data[0] == '"' {
		for i, name := range names {
			if string(data[1:len(data)-1]) == name {
				return uint8(i), nil
			}
		}
		return unknownEnum, nil
	}
	n, err := strconv.ParseInt(string(data), 10, 32)
	switch {
	case err != nil:
		return 0, fmt.Errorf("an enumeration must be a name or a number, not %.20q", data)
	case n < 0 || n >= int64(len(names)):
		return unknownEnum, nil
	}
	return uint8(n), nil
}

// Faults of a part.
var (
	errPartKinds = errors.New("a part must have exactly one of text, raw, url and data")
	errBase64    = errors.New("raw is not base64")
)

// UnmarshalJSON takes a part with exactly one of its contents. {"data":null} is a data part of the value null (google.protobuf.Value); for the
// other three null is absent.
func (p *Part) UnmarshalJSON(data []byte) error {
	var w struct {
		Text      *string     `json:"text"`
		Raw       *string     `json:"raw"`
		URL       *string     `json:"url"`
		Data      presentJSON `json:"data"`
		Metadata  Struct      `json:"metadata"`
		Filename  string      `json:"filename"`
		MediaType string      `json:"mediaType"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*p = Part{Metadata: w.Metadata, Filename: w.Filename, MediaType: w.MediaType}
	kinds := 0
	if w.Text != nil {
		kinds++
		p.Kind, p.Text = PartText, *w.Text
	}
	if w.Raw != nil {
		kinds++
		raw, err := decodeBase64(*w.Raw)
		if err != nil {
			return err
		}
		p.Kind, p.Raw = PartRaw, raw
	}
	if w.URL != nil {
		kinds++
		p.Kind, p.URL = PartURL, *w.URL
	}
	// Some senders write every member of the oneof and leave those they do not mean at null: a null beside another content is absent.
	if w.Data.present && (kinds == 0 || string(w.Data.raw) != "null") {
		kinds++
		p.Kind, p.Data = PartData, w.Data.raw
	}
	if kinds != 1 {
		return errPartKinds
	}
	return nil
}

// presentJSON tells null from absent, which json.RawMessage behind a pointer does not.
type presentJSON struct {
	raw     json.RawMessage
	present bool
}

func (j *presentJSON) UnmarshalJSON(data []byte) error {
	j.raw, j.present = compact(data), true
	return nil
}

// decodeBase64 takes the standard and the URL-safe alphabet, padded or not, as ProtoJSON readers do.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	raw, err := enc.DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return raw, nil
}

// UnmarshalEvent reads a StreamResponse, or a SendMessageResponse: an object with exactly one of its four members.
func UnmarshalEvent(data []byte) (Event, error) {
	var w struct {
		Task           *Task                    `json:"task"`
		Message        *Message                 `json:"message"`
		StatusUpdate   *TaskStatusUpdateEvent   `json:"statusUpdate"`
		ArtifactUpdate *TaskArtifactUpdateEvent `json:"artifactUpdate"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return nil, err
	}
	var event Event
	kinds := 0
	if w.Task != nil {
		event, kinds = w.Task, kinds+1
	}
	if w.Message != nil {
		event, kinds = w.Message, kinds+1
	}
	if w.StatusUpdate != nil {
		event, kinds = w.StatusUpdate, kinds+1
	}
	if w.ArtifactUpdate != nil {
		if w.ArtifactUpdate.Artifact == nil {
			return nil, errors.New("an artifact update without an artifact")
		}
		event, kinds = w.ArtifactUpdate, kinds+1
	}
	if kinds != 1 {
		return nil, errors.New("an event must have exactly one of task, message, statusUpdate and artifactUpdate")
	}
	return event, nil
}
