package a2asrv

import (
	"context"
	"errors"
	"sync"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// stream is the answer to one streaming call. While nothing happens it is a connection, a timer and
// the goroutine of the request: the timer keeps the connection open and ends the stream in time,
// from a goroutine that lives as long as one line takes to leave.
type stream struct {
	call   *call
	cancel context.CancelCauseFunc // ends the wait for the next entry
	every  time.Duration
	end    time.Time
	begun  bool

	mu     sync.Mutex // of the writer, which both goroutines use
	events *wire.EventWriter
	timer  *time.Timer
	closed bool
}

var (
	errStreamOver = errors.New("the stream is over")
	errExpired    = errors.New("the access token of the stream has expired")
)

// newStream prepares a stream and the context in which to wait for its entries. Nothing is sent
// yet: the call can still fail.
func newStream(c *call, every time.Duration) (*stream, context.Context) {
	ctx, cancel := context.WithCancelCause(c.r.Context())
	return &stream{call: c, cancel: cancel, every: every, end: c.expiry.Add(ExpiryGrace),
		events: wire.NewEventWriter(c.w)}, ctx
}

// ends reports whether a stream ends with this event. It leaves with the end of the answer, in one
// write.
func ends(event a2a.Event) bool {
	u, ok := event.(*a2a.TaskStatusUpdateEvent)
	return ok && u.Status.State.Terminal()
}

// send sends one event. When more is to leave at once it may wait for that.
func (st *stream) send(data []byte, more bool) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.begun = true
	defer st.rest()
	if more {
		return st.events.Hold(data)
	}
	err := st.events.Send(data)
	unhurried(st.call.w)
	return err
}

// rest begins the next silence.
func (st *stream) rest() {
	if st.timer == nil {
		st.timer = time.AfterFunc(st.pause(), st.beat)
	} else {
		st.timer.Reset(st.pause())
	}
}

func (st *stream) pause() time.Duration { return silence(st.every, st.end) }

// beat breaks the silence, or ends the stream when its time is over. Where nobody listens any more,
// the line cannot be sent and the wait ends.
func (st *stream) beat() {
	if !st.mu.TryLock() {
		return // an event is leaving; the next silence begins after it
	}
	defer st.mu.Unlock()
	switch {
	case st.closed:
	case !time.Now().Before(st.end):
		st.cancel(errExpired)
	default:
		if err := st.events.Comment("keep-alive"); err != nil {
			st.cancel(err)
			return
		}
		unhurried(st.call.w)
		st.rest()
	}
}

// close ends the stream. Once it has returned nobody writes any more.
func (st *stream) close() {
	st.cancel(errStreamOver)
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.closed {
		_ = st.events.End()
	}
	st.closed = true
	if st.timer != nil {
		st.timer.Stop()
	}
}
