package ciba

import (
	"errors"
	"time"

	"staff0/ciba/oauth"
)

const (
	// DefaultInterval is the time between polls when the provider names none
	// (CIBA Core §7.3), or names one below a second.
	DefaultInterval = 5 * time.Second

	// slowDownStep is the least that a slow_down adds (CIBA Core §11).
	slowDownStep = 5 * time.Second

	// maxBackoff bounds the pause after several failures in a row, unless the
	// interval or the provider's Retry-After is longer.
	maxBackoff = 30 * time.Second
)

// Pace says when to poll for one auth_req_id. It is plain data without a clock
// or a goroutine: whoever schedules keeps one per request, may store its
// exported fields, and goes on with them after a restart. The first poll may
// follow the acknowledgement at once.
type Pace struct {
	Interval time.Duration // between the sending of two polls; only ever grows
	Expiry   time.Time     // when the provider gives the request up
	Deadline time.Time     // when we do: Expiry or our own deadline, whichever is earlier

	failures int // temporary errors in a row
}

// NewPace begins with an acknowledgement. own is the caller's deadline; zero
// means that only the provider's counts.
func NewPace(ack *Acknowledgement, own time.Time) Pace {
	p := Pace{Interval: ack.Interval, Expiry: ack.ExpiresAt, Deadline: ack.ExpiresAt}
	if !own.IsZero() && own.Before(p.Deadline) {
		p.Deadline = own
	}
	return p
}

// Next takes in the result of the poll that was sent at sent and ended at now,
// and returns when to send the next one. It returns false when there is none to
// send: the result was final, or the next poll would be past the deadline; after
// a result that was not final, the outcome is then silence.
//
// CIBA Core §7.3 counts the interval from the sending of the last request, so
// time that the provider held a poll open (long polling) has counted already.
func (p *Pace) Next(sent, now time.Time, err error) (at time.Time, ok bool) {
	wait := p.Interval
	notBefore := now
	slow, isSlow := errors.AsType[*SlowDown](err)
	failed, isTemporary := errors.AsType[*TemporaryError](err)
	switch {
	case errors.Is(err, ErrPending):
		p.failures = 0
	case isSlow:
		// CIBA Core §11: "the interval MUST be increased by at least 5 seconds
		// for this and all subsequent requests". Auth0 names its own figure.
		p.failures = 0
		p.Interval = max(p.Interval+slowDownStep, slow.Interval, slow.RetryAfter)
		wait = p.Interval
		notBefore = now.Add(slow.RetryAfter)
	case isTemporary:
		// RFC 8628 §3.5, which CIBA follows: poll less often upon time-outs.
		// Ten thousand pollers must not greet a provider that comes back.
		p.failures++
		wait = max(oauth.Backoff(p.failures, p.Interval, maxBackoff), p.Interval)
		notBefore = now.Add(failed.RetryAfter)
	default:
		return time.Time{}, false
	}
	at = sent.Add(wait)
	if at.Before(notBefore) {
		at = notBefore
	}
	return at, at.Before(p.Deadline)
}

// Silence reports whether the result of a poll that ended at now means that
// nobody answered, rather than that somebody declined. expired_token does. So
// does an access_denied within one interval of the provider's expiry or later,
// since Auth0 says access_denied for both; between the last poll and the expiry
// nobody can tell, and silence is the reading that wrongs nobody.
func (p *Pace) Silence(now time.Time, err error) bool {
	return errors.Is(err, ErrExpired) ||
		errors.Is(err, ErrAccessDenied) && !now.Before(p.Expiry.Add(-p.Interval))
}
