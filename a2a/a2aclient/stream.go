package a2aclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// Bounds of streams. A single event is bounded by wire.MaxEventSize; how long a stream lasts is for
// its task to say.
const (
	idleTimeout = 45 * time.Second // agents send a comment every 10 to 15 s
	// bytes of one stream, or of all that Follow or Watch open for one task
	maxStream = 64 << 20
	maxEvents = 10_000  // of one stream, or of all of them
	maxParts  = 100_000 // of a task, and of what is added to it
)

var (
	errIdle           = fmt.Errorf("%w: nothing was heard for %v", ErrCut, idleTimeout)
	errStreamTooLarge = errors.New("the stream is too large")
	errTooManyEvents  = fmt.Errorf("there are more than %d events", maxEvents)
	errTooManyParts   = fmt.Errorf("there are more than %d parts", maxParts)
)

// allowance is what an agent may still send about one task. It is the reader's, however often the
// agent begins anew.
type allowance struct {
	bytes  int64
	events int
	parts  int // of the task as it was last told whole, and since
}

func newAllowance() *allowance { return &allowance{bytes: maxStream, events: maxEvents} }

// take counts an event.
func (l *allowance) take(event a2a.Event) error {
	if l.events--; l.events < 0 {
		return invalid(errTooManyEvents)
	}
	switch e := event.(type) {
	case *a2a.Task:
		l.parts = partsOf(e.Status.Message)
		for _, m := range e.History {
			l.parts += partsOf(m)
		}
		for _, artifact := range e.Artifacts {
			l.parts += len(artifact.Parts)
		}
	case *a2a.Message:
		l.parts += partsOf(e)
	case *a2a.TaskStatusUpdateEvent:
		l.parts += partsOf(e.Status.Message)
	case *a2a.TaskArtifactUpdateEvent:
		if e.Artifact != nil {
			l.parts += len(e.Artifact.Parts)
		}
	}
	if l.parts > maxParts {
		return invalid(errTooManyParts)
	}
	return nil
}

func partsOf(m *a2a.Message) int {
	if m == nil {
		return 0
	}
	return len(m.Parts)
}

// stream does one call that answers with events.
func stream[Req request](
	ctx context.Context, c *Client, left *allowance, spell spelling[Req, a2a.Event],
) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		if !c.streams() {
			yield(nil, &a2a.Error{Err: a2a.ErrUnsupportedOperation,
				Message: "the agent does not stream"})
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		unanswered := time.AfterFunc(callTimeout, func() { cancel(errNoAnswer) })
		defer unanswered.Stop()
		a, err := open(ctx, c, spell, streamAnswer)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = a.res.Body.Close() }()
		var events iter.Seq2[a2a.Event, error]
		if media, _, _ := mime.ParseMediaType(
			a.res.Header.Get("Content-Type")); media == wire.EventStream {
			unanswered.Stop()
			idle := time.AfterFunc(idleTimeout, func() { cancel(errIdle) })
			defer idle.Stop()
			events = a.decoded(ctx, &watched{r: a.res.Body, idle: idle, left: left})
		} else {
			// An error before the stream has begun comes as plain JSON, and so does the answer of
			// an agent that does not stream (§9.4.2).
			events = once(func() (a2a.Event, error) { return a.single(ctx) })
		}
		var seen thread
		for event, err := range events {
			if err == nil {
				err = left.take(event)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			seen.add(event)
			if !yield(event, nil) || seen.ended() {
				return
			}
		}
		// A stream that ends in good order may still have left its task half done: no event of 1.0
		// says that it is the last.
		if !seen.over() {
			yield(nil, ErrCut)
		}
	}
}

// once is the sequence of one result.
func once(do func() (a2a.Event, error)) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) { yield(do()) }
}

// decoded reads the events of a body. The types of events are ignored: some agents mark errors by
// them, but what is an error says so itself.
func (a *answer[Req, Res]) decoded(ctx context.Context, body io.Reader) iter.Seq2[Res, error] {
	return func(yield func(Res, error) bool) {
		var none Res
		for raw, err := range wire.Events(body) {
			switch {
			case err == nil:
			case ctx.Err() != nil:
				yield(none, context.Cause(ctx))
				return
			case errors.Is(err, wire.ErrEventTooLarge), errors.Is(err, errStreamTooLarge):
				yield(none, invalid(err))
				return
			default:
				yield(none, fmt.Errorf("%w: %w", ErrCut, err))
				return
			}
			event, err := a.result(raw.Data)
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// watched ends the silence of a body by its timer, which runs only while the agent is waited for:
// that the reader of events takes its time is not the agent's fault. Comments are heard too.
type watched struct {
	r    io.Reader
	idle *time.Timer
	left *allowance
}

func (w *watched) Read(p []byte) (int, error) {
	w.idle.Reset(idleTimeout)
	n, err := w.r.Read(p)
	w.idle.Stop()
	if w.left.bytes -= int64(n); w.left.bytes < 0 {
		return 0, errStreamTooLarge
	}
	return n, err
}

// thread is what the events of a stream have told of the task that it is about, which is that of
// the first event. Events about other tasks say nothing of this one.
type thread struct {
	id       a2a.TaskID
	state    a2a.TaskState
	answered bool // by a message alone, without a task
}

func (t *thread) add(event a2a.Event) {
	switch e := event.(type) {
	case *a2a.Task:
		if t.own(e.ID) {
			t.state = e.Status.State
		}
	case *a2a.TaskStatusUpdateEvent:
		if t.own(e.TaskID) {
			t.state = e.Status.State
		}
	case *a2a.TaskArtifactUpdateEvent:
		t.own(e.TaskID)
	case *a2a.Message:
		t.answered = t.answered || t.id == ""
	}
}

// own reports whether an event with this id is about the task. One that names none is.
func (t *thread) own(id a2a.TaskID) bool {
	if t.id == "" {
		t.id = id
	}
	return id == "" || id == t.id
}

// ended reports whether nothing can follow.
func (t *thread) ended() bool { return t.answered || t.state.Terminal() }

// over reports whether nothing more is to be waited for: it has ended, or it is the caller's turn.
// AUTH_REQUIRED is neither: somebody else is being waited for, and the task goes on by itself
// (§7.6.2).
func (t *thread) over() bool { return t.ended() || t.state == a2a.TaskStateInputRequired }
