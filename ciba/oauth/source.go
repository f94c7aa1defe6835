package oauth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// earlyRenewal is how long before its expiry a token is no longer handed
	// out, so that it does not expire on its way. A token that lives shorter
	// than four times as long is renewed after three quarters of its life.
	earlyRenewal = 30 * time.Second

	// unknownLifetime is how long a token is kept whose expiry is unknown.
	unknownLifetime = 5 * time.Minute

	// failurePause is how soon after the beginning of a failed fetch the next
	// one begins: a provider that is down is not asked by every caller.
	failurePause = time.Second

	// flightTimeout bounds one fetch, whoever waits for it, with its pause.
	flightTimeout = 60 * time.Second
)

// Invalidator is a [TokenSource] that can be told that a token was refused, so
// that it does not hand it out again. [Transport] uses it upon a 401.
type Invalidator interface {
	Invalidate(t *Token)
}

// Reuse returns a source that keeps the token of src until shortly before its
// expiry. Any number of concurrent callers share one fetch, and the fetch
// belongs to none of them: a caller whose context ends leaves, and the others
// get their token. A failed fetch is told to those who waited for it and is not
// remembered, but the next begins a second later at the earliest. The result is
// an [Invalidator].
//
// The tokens are shared; callers must not change them.
func Reuse(src TokenSource) TokenSource { return &reuse{src: src} }

type reuse struct {
	src    TokenSource
	cached atomic.Pointer[kept] // read without the lock: the way of nearly every call

	mu     sync.Mutex
	flight *flight   // nil when no fetch is under way
	failed time.Time // when the last fetch began, if it failed
}

type kept struct {
	token *Token
	until time.Time
}

type flight struct {
	done  chan struct{} // closed when token and err are set
	token *Token
	err   error
}

func (r *reuse) Token(ctx context.Context) (*Token, error) {
	if k := r.cached.Load(); k != nil && time.Now().Before(k.until) {
		return k.token, nil
	}
	f := r.join(ctx)
	if f == nil {
		return r.Token(ctx)
	}
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("oauth: waiting for a token: %w", context.Cause(ctx))
	}
}

// join returns the fetch that is under way, starting one if there is none, or
// nil if a token has arrived in the meantime.
func (r *reuse) join(ctx context.Context) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.cached.Load(); k != nil && time.Now().Before(k.until) {
		return nil
	}
	if r.flight == nil {
		f := &flight{done: make(chan struct{})}
		r.flight = f
		// The values of the first caller's context stay, its end does not.
		go r.fetch(context.WithoutCancel(ctx), f, time.Until(r.failed.Add(failurePause)))
	}
	return r.flight
}

func (r *reuse) fetch(ctx context.Context, f *flight, pause time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	if pause > 0 {
		time.Sleep(pause) // at most failurePause
	}
	start := time.Now()
	f.token, f.err = r.src.Token(ctx)
	if f.err == nil && f.token == nil {
		f.err = errors.New("oauth: token source returned no token")
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = time.Time{}
	if f.err == nil {
		r.cached.Store(&kept{token: f.token, until: keepUntil(f.token, start)})
	} else {
		r.failed = start
	}
	r.flight = nil
	close(f.done)
}

func keepUntil(t *Token, start time.Time) time.Time {
	if t.Expiry.IsZero() {
		return start.Add(unknownLifetime)
	}
	return t.Expiry.Add(-min(earlyRenewal, t.Expiry.Sub(start)/4))
}

// Invalidate drops t if it is the token that is kept. A newer one stays: many
// requests may be refused over the same old token, and must not each cause a
// fetch.
func (r *reuse) Invalidate(t *Token) {
	if k := r.cached.Load(); k != nil && t != nil && k.token.AccessToken == t.AccessToken {
		r.cached.CompareAndSwap(k, nil)
	}
}
