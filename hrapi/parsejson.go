package hrapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// parseJSON reads an array of objects with texts as values. It goes on after a
// bad entry and stops at a fault of the syntax, after which nothing can be
// placed any more.
func parseJSON(data []byte) ([]row, []LineError) {
	var bad []LineError
	// encoding/json would replace what is not UTF-8 and say nothing (RFC 8259
	// §8.1 allows UTF-8 only).
	if bad = checkUTF8(data); len(bad) > 0 {
		return nil, bad
	}
	lines := lineCounter{data: data}
	dec := json.NewDecoder(bytes.NewReader(data))
	// broken names the place after start where the syntax breaks. The decoder's
	// own errors count from another place once tokens have been read.
	broken := func(start int64) ([]row, []LineError) {
		var s *json.SyntaxError
		if err := json.Unmarshal(data[start:], new(json.RawMessage)); errors.As(err, &s) {
			start += max(s.Offset-1, 0) // 0 where the file ends
		}
		return nil, append(bad, LineError{Line: lines.at(start), Reason: "no valid JSON from here on"})
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, []LineError{{Line: lines.at(dec.InputOffset()), Reason: "a JSON array of objects is expected; it begins with ["}}
	}
	var rows []row
	for entry := 1; dec.More(); entry++ {
		if entry > maxFileRecords+1 {
			return rows, bad // one too many, which the caller reports
		}
		start := skipSpace(data, dec.InputOffset())
		r := row{line: lines.at(start), entry: entry}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return broken(start)
		}
		if faults := r.decode(raw); len(faults) > 0 {
			bad = append(bad, faults...)
			continue
		}
		rows = append(rows, r)
	}
	if end := skipSpace(data, dec.InputOffset()); !closes(dec) {
		return broken(end)
	}
	if end := skipSpace(data, dec.InputOffset()); end < int64(len(data)) {
		return nil, append(bad, LineError{Line: lines.at(end), Reason: "something follows the array"})
	}
	return rows, bad
}

// closes consumes the bracket that ends the array.
func closes(dec *json.Decoder) bool {
	t, err := dec.Token()
	return err == nil && t == json.Delim(']')
}

// decode fills the row from an object, which is known to be valid JSON. Member
// by member, since a struct would take names in any case and, of two equal
// names, the last one silently.
func (r *row) decode(raw json.RawMessage) []LineError {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return []LineError{r.bad("an object is expected")}
	}
	var bad []LineError
	var seen []string
	for dec.More() {
		if len(seen) == maxFileColumns {
			return []LineError{r.bad("more than %d members, where there are %d", maxFileColumns, len(fileColumns()))}
		}
		t, err := dec.Token()
		if err != nil {
			return append(bad, r.bad("no valid JSON"))
		}
		name := t.(string) // a member begins with a text, or dec would have failed
		var value any
		if err := dec.Decode(&value); err != nil {
			return append(bad, r.bad("no valid JSON"))
		}
		text, isText := value.(string)
		switch {
		case !slices.Contains(Columns(), name):
			bad = append(bad, r.bad("%s", unknownColumn(name)))
		case slices.Contains(seen, name):
			bad = append(bad, r.bad("%s appears twice", name))
		case !isText && value != nil: // null is the same as nothing
			bad = append(bad, r.bad("%s must be a text in double quotes", name))
		default:
			*r.record.field(name) = text
		}
		seen = append(seen, name)
	}
	return bad
}

func checkUTF8(data []byte) []LineError {
	var bad []LineError
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if len(bad) < maxFileRecords && !utf8.Valid(text) {
			bad = append(bad, LineError{Line: line, Reason: notUTF8})
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

const notUTF8 = "not UTF-8, which happens when a spreadsheet saves in Windows-1252 or Latin-1; save the file as UTF-8 (“CSV UTF-8”)"
