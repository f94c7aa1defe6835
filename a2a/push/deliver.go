package push

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/ciba/oauth"
)

// deliver sends to one webhook what there is to send, and gives way to others after some of it. An
// attempt that has begun is finished even if stop ends; ctx cuts it off.
func (s *Sender) deliver(ctx, stop context.Context, k key) (o outcome) {
	o.key = k
	for n := 0; ; n++ {
		if n == burst {
			o.next = time.Now()
			return o
		}
		w, err := s.store.TakeWebhook(ctx, k.task, k.id, time.Now().Add(lease))
		switch {
		case errors.Is(err, tasks.ErrNotFound):
			o.over = true
			return o
		case errors.Is(err, tasks.ErrWebhookTaken):
			o.next = time.Now().Add(lease)
			return o
		case err != nil:
			s.storeFailed(ctx, "take a webhook", err)
			o.next = time.Now().Add(storeRetry)
			return o
		}
		more := false
		if !w.Over && !w.Due.After(time.Now()) && stop.Err() == nil {
			entry, err := s.notice(ctx, w)
			switch {
			case err != nil:
				s.storeFailed(ctx, "read events", err)
				w.Due = time.Now().Add(storeRetry)
			case entry.event == nil:
				w.Sent, w.Due = entry.through, time.Time{}
			default:
				more = s.attempt(ctx, w, entry, &o)
			}
		}
		if !s.report(ctx, w, more) {
			o.next = time.Now().Add(storeRetry) // it is read again then
			return o
		}
		if o.over, o.next = w.Over, w.Due; !more {
			return o
		}
	}
}

// report stores what became of an attempt. It tries again for a while: an entry whose delivery is
// not stored is delivered twice.
func (s *Sender) report(ctx context.Context, w *tasks.Webhook, more bool) (stored bool) {
	var until time.Time
	if more {
		until = time.Now().Add(lease)
	}
	wait := 50 * time.Millisecond
	for end := time.Now().Add(storePatience); ; wait *= 2 {
		err := s.store.ReportWebhook(context.WithoutCancel(ctx), w, until)
		if err == nil {
			return true
		}
		if errors.Is(err, tasks.ErrConflict) {
			return false // it was set anew or removed, or took so long that it is another agent's
		}
		if time.Now().Add(wait).After(end) {
			s.storeFailed(ctx, "report a webhook", err)
			return false
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}

// storePatience is how long is waited for a store that does not take what became of an attempt.
const storePatience = 5 * time.Second

// attempt sends one entry and notes in the webhook what came of it. It reports whether the next one
// may be sent at once.
func (s *Sender) attempt(ctx context.Context, w *tasks.Webhook, n *notice, o *outcome) (more bool) {
	fault := s.send(ctx, w, n)
	if fault != nil && ctx.Err() != nil {
		return false // the agent has stopped, which is no fault of the receiver's
	}
	o.reached = yes
	if fault == nil {
		if w.Tries > 0 {
			s.log.Info("a webhook takes notifications again", "task", w.Config.TaskID, "webhook",
				w.Num, "tries", w.Tries+1)
		}
		w.Sent, w.Over = n.through, n.last
		w.Tries, w.Since, w.Due, w.Failure = 0, time.Time{}, time.Time{}, ""
		return n.more
	}
	if fault.unreached {
		o.reached = no
	}
	now := time.Now()
	if w.Tries++; w.Tries == 1 {
		w.Since = now
	}
	w.Failure, w.Due = fault.text, now.Add(max(backoff(w.Tries), fault.retryAfter))
	age := now.Sub(w.Since)
	if fault.final || w.Tries >= minTries && age >= fault.patience {
		w.Over, w.Due = true, time.Time{}
		s.log.Warn("notifications were given up: the client does not learn how its task goes on, "+
			"unless it asks or sets the configuration again",
			"task", w.Config.TaskID, "webhook", w.Num, "entry", n.seq, "tries", w.Tries, "for",
			age.Round(time.Second), "failure", w.Failure)
	} else if w.Tries == 1 {
		s.log.Info("a webhook took no notification; trying again", "task", w.Config.TaskID,
			"webhook", w.Num, "entry", n.seq, "failure", w.Failure)
	}
	return false
}

// backoff is the wait after a number of failures: drawn by lot below a bound that doubles, so that
// those who failed together do not come back together.
func backoff(tries int) time.Duration {
	return 1 + rand.N(oauth.Backoff(tries, firstRetry, lastRetry))
}

// fault is why an attempt has failed.
type fault struct {
	text       string // for the operator; nothing in it is the receiver's or the caller's wording
	patience   time.Duration
	final      bool
	unreached  bool          // there is no telling whether the host is there
	retryAfter time.Duration // what the receiver asked for
}

// answered is the fault of an answer, nil for the one that says that the notification was taken.
func answered(res *http.Response) *fault {
	f := &fault{text: fmt.Sprintf("the receiver answered with status %d", res.StatusCode),
		patience: RefusedPatience}
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusGone: // RFC 9110 §15.5.11: likely to be permanent
		f.final = true
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly,
		code == http.StatusTooManyRequests:
		f.patience = Patience
		f.retryAfter = oauth.RetryAfter(res.Header, maxRetryAfter)
	}
	return f
}

// notice is one entry as it is sent.
type notice struct {
	seq     tasks.Seq
	event   a2a.Event
	through tasks.Seq // the last entry that needs no sending once this one was sent
	more    bool      // there is another one to send
	last    bool      // there never will be
	dialect *dialect
}
