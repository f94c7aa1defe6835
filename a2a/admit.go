package a2a

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of what a SendMessage request may bring. They are far above what a question needs and
// far below what would hurt the agent that keeps it or a caller that reads it back.
const (
	// MaxParts is how many parts a message may have.
	MaxParts = 64
	// MaxText is how many bytes of UTF-8 the text parts of a message may have together.
	MaxText = 16 << 10
	// MaxStored is how many bytes all that is stored of a request may take as JSON: the message,
	// the configuration and the metadata.
	MaxStored = 64 << 10
	// MaxRequest is how many bytes the parameters of a call may have as they are sent: what is
	// stored of them, with escapes, blanks and members nobody knows. A reader need not look at
	// more.
	MaxRequest = 256 << 10
	// MaxValueDepth is how deep arrays and objects may lie in one another in a value that the
	// protocol does not define (metadata, a data part). Readers of protobuf's JSON count such a
	// value about three times and give up at 100.
	MaxValueDepth = 32
)

// Limits are the bounds that Admit holds a request to; a member that is zero has its default.
type Limits struct {
	Parts  int // MaxParts
	Text   int // MaxText, in bytes
	Stored int // MaxStored, in bytes
}

// Admit reports why a valid request must not be stored: it is larger than the limits allow, or it
// holds a value that other readers of the task would choke on (nested deeper than MaxValueDepth, a
// number beyond float64, a text that is not UTF-8). It takes time in proportion to what the limits
// allow, not to what the request holds.
//
// The error is an *Error of ErrInvalidParams with the field and the bound. Where a bound was
// exceeded, its Metadata has the reason ReasonTooLarge.
func (r *SendMessageRequest) Admit(limits Limits) error {
	parts := orDefault(limits.Parts, MaxParts)
	if n := len(r.Message.Parts); n > parts {
		return TooLarge("message.parts", fmt.Sprintf("must be at most %d parts", parts))
	}
	text, most := 0, orDefault(limits.Text, MaxText)
	for i := range r.Message.Parts {
		text += len(r.Message.Parts[i].Text)
	}
	if text > most {
		return TooLarge("message.parts",
			fmt.Sprintf("must hold at most %s of text", kibibytes(most)))
	}
	// Encoding makes nothing shorter but base64, so what is too large already needs none.
	stored := orDefault(limits.Stored, MaxStored)
	if r.rawSize() > stored || len(r.appendStored(nil)) > stored {
		return TooLarge("message", fmt.Sprintf(
			"must take at most %s as JSON, its metadata and the configuration included",
			kibibytes(stored)))
	}
	return r.admitValues()
}

// ReasonTooLarge is the reason, in the metadata of an error, that a bound was exceeded.
const ReasonTooLarge = "too_large"

// TooLarge returns an ErrInvalidParams about a bound that a field exceeds; the description has the
// bound.
func TooLarge(field, description string) error {
	return &Error{
		Err: ErrInvalidParams, Metadata: map[string]string{"reason": ReasonTooLarge},
		Violations: []FieldViolation{{field, description}},
	}
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func kibibytes(n int) string {
	if n%1024 != 0 {
		return strconv.Itoa(n) + " bytes"
	}
	return strconv.Itoa(n/1024) + " KiB"
}

// rawSize is a lower bound of what appendStored writes, for the members that can be large.
func (r *SendMessageRequest) rawSize() int {
	m := r.Message
	n := len(r.Metadata) + len(m.Metadata)
	for i := range m.Parts {
		p := &m.Parts[i]
		n += len(p.Text) + len(p.Raw) + len(p.URL) + len(p.Data) + len(p.Metadata) + len(
			p.Filename) +
			len(p.MediaType)
	}
	for _, e := range m.Extensions {
		n += len(e)
	}
	for _, id := range m.ReferenceTaskIDs {
		n += len(id)
	}
	if c := r.Configuration; c != nil {
		for _, mode := range c.AcceptedOutputModes {
			n += len(mode)
		}
		if p := c.TaskPushNotificationConfig; p != nil {
			n += len(p.URL) + len(p.Token)
		}
	}
	return n
}

// appendStored appends everything of the request that a store keeps.
func (r *SendMessageRequest) appendStored(b []byte) []byte {
	b = r.Message.AppendJSON(b)
	b = append(b, r.Metadata...)
	c := r.Configuration
	if c == nil {
		return b
	}
	b = list(b, "acceptedOutputModes", c.AcceptedOutputModes)
	if p := c.TaskPushNotificationConfig; p != nil {
		for _, text := range []string{p.Tenant, p.ID, string(p.TaskID), p.URL, p.Token} {
			b = appendString(b, text)
		}
		if a := p.Authentication; a != nil {
			b = appendString(appendString(b, a.Scheme), a.Credentials)
		}
	}
	return b
}

// admitValues checks the values that the protocol does not define.
func (r *SendMessageRequest) admitValues() error {
	if err := admitValue("metadata", r.Metadata); err != nil {
		return err
	}
	if err := admitValue("message.metadata", r.Message.Metadata); err != nil {
		return err
	}
	for i := range r.Message.Parts {
		p := &r.Message.Parts[i]
		if err := admitValue("message.parts.metadata", p.Metadata); err != nil {
			return err
		}
		if err := admitValue("message.parts.data", p.Data); err != nil {
			return err
		}
	}
	return nil
}

// admitValue checks one value; absent is well.
func admitValue(field string, raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	for d := jsontext.NewDecoder(bytes.NewBuffer(raw)); ; {
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return InvalidParams(field, "is not valid JSON in UTF-8, or names a member twice")
		case d.StackDepth() > MaxValueDepth:
			return TooLarge(field, fmt.Sprintf("must be nested at most %d deep", MaxValueDepth))
		case token.Kind() != jsontext.KindNumber:
		default:
			if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
				return InvalidParams(field, "holds a number beyond the range of a 64-bit float")
			}
		}
	}
}
