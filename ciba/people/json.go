package people

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readJSON reads an array of objects, or objects one after the other (NDJSON). It
// goes on after a bad entry and stops at a fault of the syntax, after which nothing
// can be placed any more.
func (f *Format) readJSON(data []byte) (rows []Row, bad []LineError) {
	// encoding/json would replace what is not UTF-8 and say nothing (RFC 8259 §8.1
	// allows UTF-8 only).
	if bad = checkUTF8(data); len(bad) > 0 {
		return nil, bad
	}
	lines := lineCounter{data: data}
	dec := json.NewDecoder(bytes.NewReader(data))
	// broken names the place after start where the syntax breaks. The decoder's
	// own errors count from another place once tokens have been read.
	broken := func(start int64) ([]Row, []LineError) {
		var s *json.SyntaxError
		if err := json.Unmarshal(data[start:], new(json.RawMessage)); errors.As(err, &s) {
			start += max(s.Offset-1, 0) // 0 where the file ends
		}
		return nil, append(bad, LineError{lines.at(start), 0, "no valid JSON from here on"})
	}
	array := bytes.TrimSpace(data)[0] == '['
	if array {
		_, _ = dec.Token() // the bracket
	}
	for entry := 1; dec.More(); entry++ {
		if entry > MaxRows+1 {
			return rows, bad // one too many, which the caller reports
		}
		start := skipSpace(data, dec.InputOffset())
		r := Row{Line: lines.at(start), Entry: entry, Values: make([]string, len(f.Columns))}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return broken(start)
		}
		known, faults := f.readObject(&r, raw)
		if !array && entry == 1 && !known { // a list in an envelope, more likely than a person
			return nil, []LineError{{r.Line, 0,
				"a JSON array of objects is expected, or one object a line; the array " +
					"begins with ["}}
		}
		if len(faults) > 0 {
			bad = append(bad, faults...)
			continue
		}
		rows = append(rows, r)
	}
	if array {
		if end := skipSpace(data, dec.InputOffset()); !closes(dec) {
			return broken(end)
		}
	}
	if end := skipSpace(data, dec.InputOffset()); end < int64(len(data)) {
		if array {
			return nil, append(bad, LineError{lines.at(end), 0, "something follows the array"})
		}
		return broken(end)
	}
	return rows, bad
}

// closes consumes the bracket that ends the array.
func closes(dec *json.Decoder) bool {
	t, err := dec.Token()
	return err == nil && t == json.Delim(']')
}

// readObject fills the row from a valid JSON value and reports whether it has any
// member that counts. Member by member, since a struct would take names in any case
// and, of two equal names, the last one silently.
func (f *Format) readObject(r *Row, raw json.RawMessage) (known bool, bad []LineError) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return true, []LineError{r.Bad("an object is expected, in a JSON array of objects")}
	}
	var seen []string
	for dec.More() {
		if len(seen) == maxColumns {
			return true, []LineError{
				r.Bad("more than %d members, where there are %d", maxColumns, len(f.Columns)),
			}
		}
		var value any
		t, err := dec.Token()
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil && err != io.EOF {
			return known, append(bad, r.Bad("no valid JSON"))
		}
		name, _ := t.(string) // a member begins with a text, or dec would have failed
		i := f.column(name)
		known = known || i >= 0
		text, isText := value.(string)
		flag, isFlag := value.(bool)
		switch {
		case i < 0 && f.Strict:
			bad = append(bad, r.Bad("%s", f.unknown(name)))
		case i < 0:
		case slices.Contains(seen, f.Columns[i]):
			bad = append(bad, r.Bad("%s appears twice", name))
		case isFlag && slices.Contains(f.Flags, f.Columns[i]):
			r.Values[i] = strconv.FormatBool(flag)
		case !isText && value != nil: // null is the same as nothing
			bad = append(bad, r.Bad("%s must be a text in double quotes", name))
		default:
			r.Values[i] = text
		}
		if i >= 0 {
			name = f.Columns[i]
		}
		seen = append(seen, name)
	}
	return known, bad
}

func checkUTF8(data []byte) []LineError {
	var bad []LineError
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if len(bad) < MaxRows && !utf8.Valid(text) {
			bad = append(bad, LineError{line, 0, notUTF8})
		}
	}
	return bad
}

// lineCounter turns offsets, asked for in rising order, into line numbers
// without counting from the start each time.
type lineCounter struct {
	data  []byte
	seen  int64
	lines int
}

func (c *lineCounter) at(offset int64) int {
	offset = min(offset, int64(len(c.data)))
	if offset > c.seen {
		c.lines += bytes.Count(c.data[c.seen:offset], []byte("\n"))
		c.seen = offset
	}
	return c.lines + 1
}

// skipSpace moves an offset from the end of one entry to the start of the next.
func skipSpace(data []byte, offset int64) int64 {
	for offset < int64(len(data)) && strings.ContainsRune(", \t\r\n", rune(data[offset])) {
		offset++
	}
	return offset
}
