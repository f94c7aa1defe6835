package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func collect(r io.Reader) (events []Event, err error) {
	for e, err := range Events(r) {
		if err != nil {
			return events, err
		}
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	}
	return events, nil
}

// TestEvents has a row for each rule of HTML §9.2.6.
func TestEvents(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []Event
	}{
		{"nothing", "", nil},
		{"one event", "data: a\n\n", []Event{{"message", "", []byte("a")}}},
		{"no space after the colon", "data:a\n\n", []Event{{"message", "", []byte("a")}}},
		{"only one space is taken away", "data:  a\n\n", []Event{{"message", "", []byte(" a")}}},
		{"a field without a colon has an empty value", "data\ndata: x\n\n",
			[]Event{{"message", "", []byte("\nx")}}},
		{"an event without anything to read is none",
			"data\n\ndata:\n\ndata: \ndata\n\ndata: x\n\n", []Event{{"message", "", []byte("x")}}},
		{"data lines are joined", "data: a\ndata\ndata:b\n\n",
			[]Event{{"message", "", []byte("a\n\nb")}}},
		{"colons in a value stay", "data: a: b\n\n", []Event{{"message", "", []byte("a: b")}}},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n",
			[]Event{{"message", "", []byte("a")}, {"message", "", []byte("b")}}},
		{"CR", "data: a\r\rdata: b\r\r",
			[]Event{{"message", "", []byte("a")}, {"message", "", []byte("b")}}},
		{"all three ends of line", "data: a\rdata: b\r\ndata: c\n\r\n",
			[]Event{{"message", "", []byte("a\nb\nc")}}},
		{"a byte order mark", "\ufeffdata: a\n\n", []Event{{"message", "", []byte("a")}}},
		{"a second mark is part of a name", "\ufeff\ufeffdata: a\n\ndata: b\n\n",
			[]Event{{"message", "", []byte("b")}}},
		{"comments", ": keep-alive\n\n:\ndata: a\n: in between\ndata: b\n\n",
			[]Event{{"message", "", []byte("a\nb")}}},
		{"a type of its own, for one event", "event: error\ndata: a\n\ndata: b\n\n",
			[]Event{{"error", "", []byte("a")}, {"message", "", []byte("b")}}},
		{"an event without data is none", "event: x\n\nid: 3\n\ndata: a\n\n",
			[]Event{{"message", "3", []byte("a")}}},
		{"an id holds until another one", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []Event{
			{"message", "1", []byte("a")}, {"message", "1", []byte("b")},
			{"message", "", []byte("c")},
		}},
		{"an id with a NUL is ignored", "id: 1\n\nid: a\x00b\ndata: a\n\n",
			[]Event{{"message", "1", []byte("a")}}},
		{"retry and unknown fields", "retry: 10\nfoo: bar\nDATA: x\n data: y\ndata: a\n\n",
			[]Event{{"message", "", []byte("a")}}},
		{"blank lines in a row", "\n\n\ndata: a\n\n\n\n", []Event{{"message", "", []byte("a")}}},
		{"an event that was cut off", "data: a\n\ndata: b\n",
			[]Event{{"message", "", []byte("a")}}},
		{"a line that was cut off", "data: a\n\ndata: b", []Event{{"message", "", []byte("a")}}},
		{"text beyond ASCII", "data: {\"n\":\"Zoë 号\"}\n\n",
			[]Event{{"message", "", []byte("{\"n\":\"Zoë 号\"}")}}},
	} {
		for reader, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
		} {
			t.Run(c.name+", "+reader, func(t *testing.T) {
				got, err := collect(wrap(strings.NewReader(c.stream)))
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != len(c.want) {
					t.Fatalf("%d events, want %d: %q", len(got), len(c.want), got)
				}
				for i, e := range got {
					if w := c.want[i]; e.Type != w.Type || e.ID != w.ID ||
						string(e.Data) != string(w.Data) {
						t.Errorf("event %d is %q, want %q", i, e, w)
					}
				}
			})
		}
	}
}

// The reader's own error ends the stream and is not lost: a cut connection is no end.
func TestEventsPassErrorsOn(t *testing.T) {
	cut := errors.New("connection reset")
	got, err := collect(io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"),
		iotest.ErrReader(cut)))
	if !errors.Is(err, cut) || len(got) != 1 {
		t.Errorf("got %d events and %v", len(got), err)
	}
}

// endless is a stream that never ends, whatever its bounds.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestEventsAreBounded(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"a line without end":               endless("x"),
		"an event without end":             endless("data: x\n"),
		"an event of comments without end": endless(": x\n"),
		"data just above the bound": strings.NewReader("data:" +
			strings.Repeat("x", MaxEventSize-4) + "\n\n"),
		"two lines that together are above": strings.NewReader(
			strings.Repeat("data:"+strings.Repeat("x", MaxEventSize/2)+"\n", 2) + "\n"),
	} {
		if _, err := collect(r); !errors.Is(err, ErrEventTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := collect(strings.NewReader("data:" + strings.Repeat("x", MaxEventSize-5) + "\n\n"))
	if err != nil || len(got) != 1 {
		t.Errorf("an event at the bound: %d, %v", len(got), err)
	}
}

// An event is there as soon as its blank line is, even when that is a CR which an LF may follow.
func TestEventsDoNotWait(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r\n", "\r\n\r"} {
		r, w := io.Pipe()
		go func() { _, _ = io.WriteString(w, "data: a"+end) }()
		for e, err := range Events(r) {
			if err != nil || string(e.Data) != "a" {
				t.Errorf("%q: %q, %v", end, e.Data, err)
			}
			break
		}
		_ = r.Close()
	}
}

func TestEventWriter(t *testing.T) {
	rec := httptest.NewRecorder()
	w := NewEventWriter(rec)
	if rec.Flushed || len(rec.Header()) > 0 {
		t.Error("something was sent before the first event")
	}
	for _, step := range []error{w.Send([]byte(`{"a":1}`)), w.Comment("keep-alive"),
		w.Send([]byte("{\n\"b\":\r\n2}")), w.Comment("a\ndata: b")} {
		if step != nil {
			t.Fatal(step)
		}
	}
	const want = "data: {\"a\":1}\n\n: keep-alive\n\ndata: { \"b\":  2}\n\n: a data: b\n\n"
	if got := rec.Body.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, value := range map[string]string{"Content-Type": "text/event-stream",
		"Cache-Control": "no-cache", "X-Accel-Buffering": "no"} {
		if got := rec.Header().Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	if rec.Code != http.StatusOK || !rec.Flushed {
		t.Error("not flushed with status 200")
	}
}

// deadlines records what a connection would be told.
type deadlines struct {
	*httptest.ResponseRecorder
	at                []time.Time
	flushes           int
	deadline, written error
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.at = append(d.at, at)
	return d.deadline
}
func (d *deadlines) FlushError() error { d.flushes++; return nil }
func (d *deadlines) Write(p []byte) (int, error) {
	if d.written != nil {
		return 0, d.written
	}
	return d.ResponseRecorder.Write(p)
}

// Each event has the whole WriteTimeout, counted from its own moment: a stream lives longer than
// any deadline.
func TestEachWriteHasItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		w := NewEventWriter(d)
		for range 3 {
			if err := w.Send([]byte("{}")); err != nil {
				t.Fatal(err)
			}
			if got := time.Until(d.at[len(d.at)-1]); got != WriteTimeout {
				t.Errorf("%v left", got)
			}
			time.Sleep(time.Hour)
		}
		if len(d.at) != 3 || d.flushes != 3 {
			t.Errorf("%d deadlines, %d flushes", len(d.at), d.flushes)
		}
	})
}

func TestEventWriterFails(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, d := range map[string]*deadlines{"deadline": {deadline: broken},
		"write": {written: broken}} {
		d.ResponseRecorder = httptest.NewRecorder()
		if err := NewEventWriter(d).Send([]byte("{}")); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Where nothing can be flushed there is no stream.
	plain := struct{ http.ResponseWriter }{httptest.NewRecorder()}
	var unflushable http.ResponseWriter = struct {
		http.ResponseWriter
		Unwrap int
	}{ResponseWriter: plain}
	if err := NewEventWriter(unflushable).Send([]byte("{}")); !errors.Is(err,
		http.ErrNotSupported) {
		t.Errorf("no flush: %v", err)
	}
}

// counted counts writes and flushes.
type counted struct {
	*httptest.ResponseRecorder
	writes, flushes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.ResponseRecorder.Write(p)
}

func (c *counted) Flush() { c.flushes++ }

// TestHeldEventsLeaveTogether: what is held goes out before the next event, in the same write; the
// end of the answer takes the rest along.
func TestHeldEventsLeaveTogether(t *testing.T) {
	w := &counted{ResponseRecorder: httptest.NewRecorder()}
	e := NewEventWriter(w)
	for _, step := range []struct {
		do              func() error
		body            string
		writes, flushes int
	}{
		{func() error { return e.Hold([]byte("1")) }, "", 0, 0},
		{func() error { return e.Send([]byte("2")) }, "data: 1\n\ndata: 2\n\n", 1, 1},
		{func() error { return e.Hold([]byte("3")) }, "data: 1\n\ndata: 2\n\n", 1, 1},
		{e.End, "data: 1\n\ndata: 2\n\ndata: 3\n\n", 2, 1},
		{e.End, "data: 1\n\ndata: 2\n\ndata: 3\n\n", 2, 1},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if w.Body.String() != step.body || w.writes != step.writes || w.flushes != step.flushes {
			t.Fatalf("%d writes, %d flushes of %q; want %d, %d of %q", w.writes, w.flushes, w.Body,
				step.writes, step.flushes, step.body)
		}
	}
	big := make([]byte, maxHeld)
	for i := range big {
		big[i] = '0'
	}
	if err := e.Hold(big); err != nil || w.writes != 3 {
		t.Errorf("%d writes after more than may be held, %v", w.writes, err)
	}
}
