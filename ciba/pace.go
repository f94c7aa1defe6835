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

	// minMargin is the least that is kept beyond an interval.
	minMargin = 250 * time.Millisecond

	// slowDownStep is the least that a slow_down adds (CIBA Core §11).
	slowDownStep = 5 * time.Second

	// maxBackoff bounds the pause after several failures in a row, unless the
	// interval or the provider's Retry-After is longer.
	maxBackoff = 30 * time.Second
)

// Pace says when to poll for one auth_req_id. It is plain data without a clock
// or a goroutine: whoever schedules keeps one per request. The first poll may
// follow the acknowledgement at once.
type Pace struct {
	Interval time.Duration // between an answer and the next poll; only ever grows
	Expiry   time.Time     // when the provider gives the request up
	Deadline time.Time     // when we do: Expiry or our own deadline, whichever is earlier

	last     time.Time // when the last poll starts
	failures int       // temporary errors in a row
}

// NewPace begins with an acknowledgement. own is the caller's deadline; zero
// means that only the provider's counts. The last poll starts so long before the
// deadline as tail says, so that its answer comes in time.
func NewPace(ack *Acknowledgement, own time.Time, tail time.Duration) Pace {
	p := Pace{Interval: ack.Interval, Expiry: ack.ExpiresAt, Deadline: ack.ExpiresAt}
	if !own.IsZero() && own.Before(p.Deadline) {
		p.Deadline = own
	}
	p.last = p.Deadline.Add(-tail)
	// What was asked for in whole seconds ends a little before our own deadline: that is no reason
	// to look earlier.
	if !own.IsZero() && p.Deadline.Before(own) && own.Add(-tail).Before(p.Expiry.Add(-tail/2)) {
		p.last = own.Add(-tail)
	}
	return p
}

// Last is when the last poll starts.
func (p *Pace) Last() time.Time { return p.last }

// Margin is kept beyond an interval: a provider that counts it from when it
// handled the former poll would answer slow_down to a poll that comes a few
// milliseconds early, and with that every later one would be later.
func Margin(interval time.Duration) time.Duration { return max(interval/10, minMargin) }

// Next takes in the result of a poll that was answered at now, and returns when
// to send the next one. It returns false when there is none to send: the result
// was final, or the last poll has been sent; after a result that was not final,
// the outcome is then silence.
//
// The interval counts from the answer, and a margin is added. The last two polls
// are spread over what is left, so that the last one starts shortly before the
// deadline and none comes before its time.
func (p *Pace) Next(now time.Time, err error) (at time.Time, ok bool) {
	notBefore := now
	slow, isSlow := errors.AsType[*SlowDown](err)
	failed, isTemporary := errors.AsType[*TemporaryError](err)
	interval := p.Interval
	switch {
	case errors.Is(err, ErrPending):
		p.failures = 0
	case isSlow:
		// CIBA Core §11: "the interval MUST be increased by at least 5 seconds
		// for this and all subsequent requests". Auth0 names its own figure. A
		// Retry-After holds once.
		p.failures = 0
		p.Interval = max(p.Interval+slowDownStep, slow.Interval)
		interval = p.Interval
		notBefore = now.Add(slow.RetryAfter)
	case isTemporary:
		// RFC 8628 §3.5, which CIBA follows: poll less often upon time-outs.
		// Ten thousand pollers must not greet a provider that comes back.
		p.failures++
		interval = max(oauth.Backoff(p.failures, p.Interval, maxBackoff), p.Interval)
		notBefore = now.Add(failed.RetryAfter)
	default:
		return time.Time{}, false
	}
	left := p.last.Sub(now)
	if left <= 0 {
		return time.Time{}, false
	}
	gap := interval + Margin(interval)
	switch {
	case left < 2*gap: // one more
		gap = left
	case left < 3*gap: // two more
		gap = left / 2
	}
	at = now.Add(gap)
	if at.Before(notBefore) {
		at = notBefore
	}
	return at, !at.After(p.last)
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
