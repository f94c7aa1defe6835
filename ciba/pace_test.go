package ciba

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"
)

func TestPaceNext(t *testing.T) {
	start := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	type step struct {
		err  error
		want time.Duration // from the answer to the next poll; 0: none
	}
	const s, ms = time.Second, time.Millisecond
	temp := func(after time.Duration) error {
		return &TemporaryError{RetryAfter: after, Err: io.EOF}
	}
	for _, tt := range []struct {
		why      string
		interval time.Duration
		steps    []step
	}{
		{"pending: the interval and a tenth", 5 * s,
			[]step{{ErrPending, 5500 * ms}, {ErrPending, 5500 * ms}}},
		{"a short interval: a quarter of a second more", s, []step{{ErrPending, 1250 * ms}}},
		{"slow_down adds five seconds for good", 5 * s,
			[]step{{&SlowDown{}, 11 * s}, {ErrPending, 11 * s}, {&SlowDown{}, 16500 * ms}}},
		{"slow_down with an interval in the body", 5 * s,
			[]step{{&SlowDown{Interval: time.Minute}, 66 * s}, {ErrPending, 66 * s}}},
		{"slow_down with a smaller interval than ours", 5 * s,
			[]step{{&SlowDown{Interval: s}, 11 * s}}},
		{"slow_down with Retry-After, which holds once", 5 * s,
			[]step{{&SlowDown{RetryAfter: time.Minute}, time.Minute}, {ErrPending, 11 * s}}},
		{"a failure: the interval, then longer and longer", 5 * s, []step{
			{temp(0), 5500 * ms}, {temp(0), 11 * s}, {temp(0), 22 * s}, {temp(0), 33 * s},
			{temp(0), 33 * s}, {ErrPending, 5500 * ms}, {temp(0), 5500 * ms}}},
		{"slow_down ends a row of failures", 5 * s,
			[]step{{temp(0), 5500 * ms}, {&SlowDown{}, 11 * s}, {temp(0), 11 * s}}},
		{"failures never shorten a long interval", time.Minute,
			[]step{{temp(0), 66 * s}, {temp(0), 66 * s}}},
		{"a failure with Retry-After", 5 * s,
			[]step{{temp(40 * s), 40 * s}, {ErrPending, 5500 * ms}}},
		{"a Retry-After beyond the deadline: none", 5 * s, []step{{temp(10 * time.Minute), 0}}},
		{"an interval beyond the deadline: the last poll", 5 * s,
			[]step{{&SlowDown{Interval: time.Hour}, 10*time.Minute - 2*s}, {ErrPending, 0}}},
		{"declined: none", 5 * s, []step{{ErrAccessDenied, 0}}},
		{"expired: none", 5 * s, []step{{ErrExpired, 0}}},
		{"an alarm: none", 5 * s, []step{{&MismatchError{}, 0}}},
		{"the caller gave up: none", 5 * s, []step{{context.Canceled, 0}}},
		{"success: none", 5 * s, []step{{nil, 0}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := NewPace(&Acknowledgement{Interval: tt.interval,
				ExpiresAt: start.Add(10 * time.Minute)}, time.Time{}, 2*s)
			now := start
			for i, step := range tt.steps {
				at, ok := p.Next(now, step.err)
				if ok != (step.want != 0) || ok && at.Sub(now) != step.want {
					t.Fatalf("step %d: %v, %v; want %v", i, at.Sub(now), ok, step.want)
				}
				now = at
			}
		})
	}
}

// The last poll starts shortly before the deadline, and no two polls are closer than the interval
// and its margin as long as there is room for them.
func TestPaceLastPoll(t *testing.T) {
	start := time.Now()
	const s = time.Second
	for _, tt := range []struct {
		why                string
		expires, own, tail time.Duration
		errs               map[int]error
		want               []time.Duration // the last three polls
	}{
		{why: "two minutes", expires: 120 * s, own: 120 * s, tail: 2 * s,
			want: []time.Duration{104500 * time.Millisecond, 111250 * time.Millisecond, 118 * s}},
		{why: "the provider counts in whole seconds", expires: 119 * s,
			own: 119900 * time.Millisecond, tail: 2 * s,
			want: []time.Duration{104500 * time.Millisecond, 111200 * time.Millisecond,
				117900 * time.Millisecond}},
		{why: "the provider gives less", expires: 60 * s, own: 120 * s, tail: 2 * s,
			want: []time.Duration{44 * s, 51 * s, 58 * s}},
		{why: "the provider gives more", expires: time.Hour, own: 30 * s, tail: 2 * s,
			want: []time.Duration{16500 * time.Millisecond, 22250 * time.Millisecond, 28 * s}},
		{why: "slow_down in a short window", expires: 14 * s, own: 14 * s, tail: 2 * s,
			errs: map[int]error{1: &SlowDown{}},
			want: []time.Duration{0, 6 * s, 12 * s}},
		{why: "a window below the interval", expires: 4 * s, own: 4 * s, tail: s,
			want: []time.Duration{0, 3 * s}},
	} {
		p := NewPace(&Acknowledgement{Interval: 5 * s, ExpiresAt: start.Add(tt.expires)},
			start.Add(tt.own), tt.tail)
		var polls []time.Duration
		for now, ok := start, true; ok; {
			polls = append(polls, now.Sub(start))
			err := tt.errs[len(polls)-1]
			if err == nil {
				err = ErrPending
			}
			now, ok = p.Next(now, err)
		}
		if got := polls[max(0, len(polls)-3):]; !slices.Equal(got, tt.want) {
			t.Errorf("%s: the last polls at %v, want %v", tt.why, got, tt.want)
		}
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
		p := NewPace(ack, tt.own, 2*time.Second)
		if !p.Deadline.Equal(tt.want) || !p.Expiry.Equal(ack.ExpiresAt) {
			t.Errorf("%s: %+v", tt.why, p)
		}
		if _, ok := p.Next(p.Last(), ErrPending); ok {
			t.Errorf("%s: a poll after the last", tt.why)
		}
		if at, ok := p.Next(p.Last().Add(-1), ErrPending); !ok || at.After(p.Deadline) {
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
		{"access_denied long before the expiry is a person", -6 * time.Second,
			ErrAccessDenied, false},
		{"access_denied within an interval of the expiry may be Auth0's word for it",
			-5 * time.Second, ErrAccessDenied, true},
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
		clip := func(s int64) time.Duration {
			return time.Duration(min(max(s, 0), 86400)) * time.Second
		}
		p := NewPace(&Acknowledgement{Interval: time.Duration(max(interval, 1)) * time.Second,
			ExpiresAt: start.Add(clip(lives))}, time.Time{}, 2*time.Second)
		sent := start
		for i := range 20 {
			before := p.Interval
			err := []error{ErrPending, &SlowDown{Interval: clip(a), RetryAfter: clip(b)},
				&TemporaryError{RetryAfter: clip(b), Err: io.EOF}}[(int(kind)+i)%3]
			now := sent.Add(clip(a) / 10)
			at, ok := p.Next(now, err)
			if p.Interval < before {
				t.Fatalf("the interval shrank from %v to %v", before, p.Interval)
			}
			if _, slow := errors.AsType[*SlowDown](err); slow && p.Interval < before+5*time.Second {
				t.Fatalf("slow_down added %v", p.Interval-before)
			}
			if !ok {
				return
			}
			if at.Before(now.Add(p.Interval)) && at.Before(p.Last()) || at.Before(now) ||
				!at.Before(p.Deadline) {
				t.Fatalf("poll %v after the last answer, interval %v", at.Sub(now), p.Interval)
			}
			sent = at
		}
	})
}
