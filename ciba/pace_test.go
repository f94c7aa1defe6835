package ciba

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

func TestPaceNext(t *testing.T) {
	start := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	type step struct {
		err  error
		took time.Duration // from sending to the answer
		want time.Duration // from sending to the next poll; 0: none
	}
	temp := func(after time.Duration) error { return &TemporaryError{RetryAfter: after, Err: io.EOF} }
	for _, tt := range []struct {
		why      string
		interval time.Duration
		steps    []step
	}{
		{"pending: the interval", 5 * time.Second, []step{{ErrPending, 0, 5 * time.Second}, {ErrPending, time.Second, 5 * time.Second}}},
		{"the interval counts from sending", 5 * time.Second, []step{{ErrPending, 4 * time.Second, 5 * time.Second}}},
		{"an answer later than the interval: at once", 5 * time.Second, []step{{ErrPending, 29 * time.Second, 29 * time.Second}}},
		{"slow_down adds five seconds for good", 5 * time.Second, []step{{&SlowDown{}, 0, 10 * time.Second}, {ErrPending, 0, 10 * time.Second}, {&SlowDown{}, 0, 15 * time.Second}, {ErrPending, 0, 15 * time.Second}}},
		{"slow_down with an interval in the body", 5 * time.Second, []step{{&SlowDown{Interval: time.Minute}, 0, time.Minute}, {ErrPending, 0, time.Minute}}},
		{"slow_down with a smaller interval than ours", 5 * time.Second, []step{{&SlowDown{Interval: time.Second}, 0, 10 * time.Second}}},
		{"slow_down with Retry-After counts from the answer", 5 * time.Second, []step{{&SlowDown{RetryAfter: time.Minute}, 2 * time.Second, 62 * time.Second}, {ErrPending, 0, time.Minute}}},
		{"a failure: the interval, then longer and longer", 5 * time.Second, []step{
			{temp(0), 0, 5 * time.Second}, {temp(0), 0, 10 * time.Second}, {temp(0), 0, 20 * time.Second},
			{temp(0), 0, 30 * time.Second}, {temp(0), 0, 30 * time.Second}, {ErrPending, 0, 5 * time.Second}, {temp(0), 0, 5 * time.Second}}},
		{"slow_down ends a row of failures", 5 * time.Second, []step{{temp(0), 0, 5 * time.Second}, {&SlowDown{}, 0, 10 * time.Second}, {temp(0), 0, 10 * time.Second}}},
		{"failures never shorten a long interval", time.Minute, []step{{temp(0), 0, time.Minute}, {temp(0), 0, time.Minute}}},
		{"a failure with Retry-After counts from the answer", 5 * time.Second, []step{{temp(40 * time.Second), time.Second, 41 * time.Second}}},
		{"a wait beyond the deadline: none", 5 * time.Second, []step{{temp(10 * time.Minute), 0, 0}}},
		{"an interval beyond the deadline: none", 5 * time.Second, []step{{&SlowDown{Interval: time.Hour}, 0, 0}}},
		{"declined: none", 5 * time.Second, []step{{ErrAccessDenied, 0, 0}}},
		{"expired: none", 5 * time.Second, []step{{ErrExpired, 0, 0}}},
		{"an alarm: none", 5 * time.Second, []step{{&MismatchError{}, 0, 0}}},
		{"the caller gave up: none", 5 * time.Second, []step{{context.Canceled, 0, 0}}},
		{"success: none", 5 * time.Second, []step{{nil, 0, 0}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := NewPace(&Acknowledgement{Interval: tt.interval, ExpiresAt: start.Add(10 * time.Minute)}, time.Time{})
			sent := start
			for i, s := range tt.steps {
				at, ok := p.Next(sent, sent.Add(s.took), s.err)
				if ok != (s.want != 0) || ok && at.Sub(sent) != s.want {
					t.Fatalf("step %d: %v, %v; want %v", i, at.Sub(sent), ok, s.want)
				}
				sent = at
			}
		})
	}
}

func TestPaceDeadline(t *testing.T) {
	now := time.Now()
	ack := &Acknowledgement{Interval: 5 * time.Second, ExpiresAt: now.Add(time.Minute)}
	for _, tt := range []struct {
		why       string
		own, want time.Time
	}{
		{"the provider's when there is no other", time.Time{}, now.Add(time.Minute)},
		{"ours when it is earlier", now.Add(30 * time.Second), now.Add(30 * time.Second)},
		{"the provider's when ours is later", now.Add(time.Hour), now.Add(time.Minute)},
	} {
		p := NewPace(ack, tt.own)
		if !p.Deadline.Equal(tt.want) || !p.Expiry.Equal(ack.ExpiresAt) {
			t.Errorf("%s: %+v", tt.why, p)
		}
		last := tt.want.Add(-5 * time.Second)
		if _, ok := p.Next(last, last, ErrPending); ok {
			t.Errorf("%s: a poll at the deadline", tt.why)
		}
		if at, ok := p.Next(last.Add(-1), last, ErrPending); !ok {
			t.Errorf("%s: no poll at %v", tt.why, at)
		}
	}
}

func TestPaceSilence(t *testing.T) {
	expiry := time.Now().Add(time.Minute)
	p := Pace{Interval: 5 * time.Second, Expiry: expiry, Deadline: expiry.Add(-30 * time.Second)}
	for _, tt := range []struct {
		why  string
		at   time.Duration // from the provider's expiry
		err  error
		want bool
	}{
		{"expired_token", -time.Minute, &outcome{ErrExpired, io.EOF}, true},
		{"access_denied long before the expiry is a person", -6 * time.Second, ErrAccessDenied, false},
		{"access_denied within an interval of the expiry may be Auth0's word for it", -5 * time.Second, ErrAccessDenied, true},
		{"access_denied after the expiry", time.Second, ErrAccessDenied, true},
		{"pending is no end", time.Second, ErrPending, false},
		{"an alarm is no silence", time.Second, &MismatchError{}, false},
	} {
		if got := p.Silence(expiry.Add(tt.at), tt.err); got != tt.want {
			t.Errorf("%s: %v", tt.why, got)
		}
	}
}

func FuzzPaceNeverHurries(f *testing.F) {
	f.Add(uint16(5), int64(0), int64(0), uint8(0), int64(60))
	f.Add(uint16(1), int64(90), int64(3), uint8(1), int64(600))
	f.Fuzz(func(t *testing.T, interval uint16, a, b int64, kind uint8, lives int64) {
		start := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		clip := func(s int64) time.Duration { return time.Duration(min(max(s, 0), 86400)) * time.Second }
		p := NewPace(&Acknowledgement{Interval: time.Duration(max(interval, 1)) * time.Second, ExpiresAt: start.Add(clip(lives))}, time.Time{})
		sent := start
		for i := range 20 {
			before := p.Interval
			err := []error{ErrPending, &SlowDown{Interval: clip(a), RetryAfter: clip(b)}, &TemporaryError{RetryAfter: clip(b), Err: io.EOF}}[(int(kind)+i)%3]
			now := sent.Add(clip(a) / 10)
			at, ok := p.Next(sent, now, err)
			if p.Interval < before {
				t.Fatalf("the interval shrank from %v to %v", before, p.Interval)
			}
			if _, slow := errors.AsType[*SlowDown](err); slow && p.Interval < before+5*time.Second {
				t.Fatalf("slow_down added %v", p.Interval-before)
			}
			if !ok {
				return
			}
			if at.Before(sent.Add(p.Interval)) || at.Before(now) || !at.Before(p.Deadline) {
				t.Fatalf("poll %v after the last, interval %v", at.Sub(sent), p.Interval)
			}
			sent = at
		}
	})
}
