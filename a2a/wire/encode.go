package wire

import (
	"bytes"
	"encoding/json"
)

// appendValue appends what encoding/json makes of a value, without its care for HTML: none of this
// is ever part of a page.
func appendValue[T any](b []byte, value T) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return b, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
