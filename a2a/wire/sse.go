package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"
)

// Bounds of event streams.
const (
	// WriteTimeout is how long one event may take to leave. The stream itself has no end but the
	// task's.
	WriteTimeout = 10 * time.Second

	// maxHeld bounds what waits for the next Send.
	maxHeld = 64 << 10

	// MaxEventSize bounds one event that is read, its field names included. The official JavaScript
	// client draws the line at the same place.
	MaxEventSize = 4 << 20
)

// EventStream is the media type of a stream.
const EventStream = "text/event-stream"

// EventWriter writes a stream of server-sent events as the answer to one request. It is for one
// goroutine.
type EventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     []byte
	open    bool
}

// NewEventWriter makes a writer. Nothing is sent before the first event, so the answer can still
// become another one.
func NewEventWriter(w http.ResponseWriter) *EventWriter {
	return &EventWriter{w: w, control: http.NewResponseController(w)}
}

// Send sends one event, and what was held before it. data is JSON; it goes out as a single data
// line, since some clients join nothing. A line break can only be a blank between two tokens there,
// and becomes one.
func (e *EventWriter) Send(data []byte) error {
	e.add("data: ", data)
	return e.flush()
}

// Hold keeps one event for the next Send, with which it leaves in one write: each write of its own
// costs more than all else about an event. Too much of it leaves at once.
func (e *EventWriter) Hold(data []byte) error {
	e.add("data: ", data)
	if len(e.buf) < maxHeld {
		return nil
	}
	return e.flush()
}

// End writes what is held, without flushing: the end of the answer does that.
func (e *EventWriter) End() error {
	if len(e.buf) == 0 {
		return nil
	}
	return e.write()
}

func (e *EventWriter) add(field string, data []byte) {
	e.buf = append(e.buf, field...)
	start := len(e.buf)
	e.buf = append(e.buf, data...)
	oneLine(e.buf[start:])
	e.buf = append(e.buf, "\n\n"...)
}

// Comment sends a line that readers ignore. It keeps proxies from closing a stream that is silent
// for long.
func (e *EventWriter) Comment(text string) error {
	e.add(": ", []byte(text))
	return e.flush()
}

func oneLine(b []byte) {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			b[i] = ' '
		}
	}
}

func (e *EventWriter) flush() error {
	if err := e.write(); err != nil {
		return err
	}
	if err := e.control.Flush(); err != nil {
		return fmt.Errorf("flushing an event: %w", err)
	}
	return nil
}

// write hands what has gathered to the answer.
func (e *EventWriter) write() error {
	if !e.open {
		e.open = true
		h := e.w.Header()
		h.Set("Content-Type", EventStream)
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Accel-Buffering", "no") // nginx would collect events
		e.w.WriteHeader(http.StatusOK)
	}
	// A reader that has gone away without a word must not hold the writer. Tests and wrappers
	// without a connection have no deadline to set.
	if err := e.control.SetWriteDeadline(time.Now().Add(WriteTimeout)); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("setting the write deadline: %w", err)
	}
	_, err := e.w.Write(e.buf)
	e.buf = e.buf[:0]
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return nil
}

// Event is one event of a stream.
type Event struct {
	Type string // "message" unless the stream says otherwise
	ID   string // the last id that the stream gave
	Data []byte // good until the next event is asked for
}

// ErrEventTooLarge ends a stream with an event above MaxEventSize.
var ErrEventTooLarge = errors.New("an event of the stream is too large")

// Events reads a stream as the HTML standard has it (§9.2.6): lines end in LF, CR or CRLF, a byte
// order mark may come first, data lines are joined with LF, comments and unknown fields are passed
// over, an event without data is none, and neither is one that the end of the stream cut off. Blank
// data is none either, which browsers see otherwise: some servers send it to keep a stream open.
// The stream ends clean with the reader; any other end is the error, once, as the last element.
func Events(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		lines := lineReader{r: bufio.NewReader(r)}
		var event Event
		data := make([]byte, 0, 1<<10)
		first, hasData, size := true, false, 0
		for {
			line, err := lines.next()
			if errors.Is(err, io.EOF) {
				return // what has not been ended by a blank line does not count
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			if first {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
				first = false
			}
			if len(line) == 0 {
				if len(bytes.TrimSpace(data)) > 0 {
					event.Data = data
					if event.Type == "" {
						event.Type = "message"
					}
					if !yield(event, nil) {
						return
					}
				}
				event.Type, data, hasData, size = "", data[:0], false, 0
				continue
			}
			if size += len(line); size > MaxEventSize {
				yield(Event{}, ErrEventTooLarge)
				return
			}
			name, value, _ := bytes.Cut(line, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			switch string(name) {
			case "data":
				if hasData {
					data = append(data, '\n')
				}
				data, hasData = append(data, value...), true
			case "event":
				event.Type = string(value)
			case "id":
				if bytes.IndexByte(value, 0) < 0 {
					event.ID = string(value)
				}
			}
		}
	}
}

// lineReader gives the lines of a stream without their ends. A CR ends a line at once, without
// waiting for what follows: the LF that may come next is dropped when it comes, so the last event
// is not held back.
type lineReader struct {
	r       *bufio.Reader
	line    []byte
	afterCR bool
}

func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	for {
		if l.r.Buffered() == 0 {
			if _, err := l.r.Peek(1); err != nil {
				return nil, err
			}
		}
		chunk, _ := l.r.Peek(l.r.Buffered())
		if l.afterCR {
			l.afterCR = false
			if chunk[0] == '\n' {
				_, _ = l.r.Discard(1)
				continue
			}
		}
		end := bytes.IndexAny(chunk, "\r\n")
		if end < 0 {
			if len(l.line)+len(chunk) > MaxEventSize {
				return nil, ErrEventTooLarge
			}
			l.line = append(l.line, chunk...)
			_, _ = l.r.Discard(len(chunk))
			continue
		}
		l.line = append(l.line, chunk[:end]...)
		l.afterCR = chunk[end] == '\r'
		_, _ = l.r.Discard(end + 1)
		return l.line, nil
	}
}
