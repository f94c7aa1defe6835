package a2asrv

import (
	"context"
	"net/http"
	"sync"
	"time"

	"staff0/a2a/tasks"
)

// wait keeps a blocking call alive: callers and proxies cut a connection that is silent for long,
// so a blank leaves before the JSON of the answer (RFC 8259 §2) whenever nothing was sent for a
// while. Status 200 goes with the first one. While nothing happens it is a timer, which works in a
// goroutine that lives as long as one blank takes to leave.
type wait struct {
	call   *call
	cancel context.CancelCauseFunc // ends the wait with the task as it stands
	every  time.Duration
	end    time.Time

	mu    sync.Mutex // of the writer, which both goroutines use
	timer *time.Timer
	begun bool // the header is sent
	over  bool
}

// newWait begins to keep a call alive, and returns the context in which to wait for its answer.
func newWait(c *call, every time.Duration) (*wait, context.Context) {
	ctx, cancel := context.WithCancelCause(c.r.Context())
	w := &wait{call: c, cancel: cancel, every: every, end: c.expiry.Add(ExpiryGrace)}
	unhurried(c.w)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.pause(), w.beat)
	return w, ctx
}

func (w *wait) pause() time.Duration { return silence(w.every, w.end) }

// beats is the grid of what breaks silences. A thousand calls that wait would otherwise wake a
// processor that has nothing else to do a thousand times, which costs more than all that they send.
const beats = 250 * time.Millisecond

// silence is how long a call may be silent from now on: at most the given time, up to a point of
// the grid, and not beyond its end.
func silence(every time.Duration, end time.Time) time.Duration {
	now := time.Now()
	next := now.Add(every)
	if every > 2*beats {
		next = next.Truncate(beats)
	}
	if end.Before(next) {
		next = end
	}
	return max(next.Sub(now), 0)
}

// beat sends a blank, or ends the wait when its time is over. Where nobody listens any more the
// wait ends, too.
func (w *wait) beat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.over:
		return
	case !time.Now().Before(w.end):
		w.cancel(tasks.ErrWaitOver)
		return
	case !w.begun:
		w.begun = true
		h := w.call.w.Header()
		h["Content-Type"] = w.call.media
		h["Cache-Control"] = noStore
		h["X-Accel-Buffering"] = unbuffered
		w.call.w.WriteHeader(http.StatusOK)
	}
	control := http.NewResponseController(w.call.w)
	_ = control.SetWriteDeadline(time.Now().Add(WriteTimeout))
	_, err := w.call.w.Write(blank)
	if err == nil {
		err = control.Flush()
	}
	if err != nil {
		w.cancel(err)
		return
	}
	unhurried(w.call.w)
	w.timer.Reset(w.pause())
}

// stop ends the blanks: once it has returned nobody else writes any more. It reports whether the
// answer has begun, with status 200.
func (w *wait) stop() (begun bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
	return w.begun
}

// close gives up what belongs to the wait.
func (w *wait) close() {
	w.stop()
	w.cancel(nil)
}

var (
	blank      = []byte(" ")
	unbuffered = []string{"no"} // nginx would collect the blanks
)
