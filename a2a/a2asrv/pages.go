package a2asrv

import (
	"context"
	"sync"
	"time"
)

// Bounds of what a client costs that asks for pages. A page takes a few MiB while it is built, and
// until it has left.
const (
	maxPages    = 4  // built for one client at a time
	maxPageWait = 32 // calls of one client that wait for that
	pageWait    = 10 * time.Second
)

// pages sees to it that few pages are built for one client at a time. The others wait for their
// turn.
type pages struct {
	mu sync.Mutex
	m  map[string]*turns // of the clients that have a call here
}

// turns are those of one client.
type turns struct {
	calls int
	slots chan struct{} // as many as there are pages under way
}

// enter waits until a page may be built; leave is called when it has left. It fails with errTooMany
// when that takes too long or too many calls of the client wait already, and with the cause of ctx.
func (p *pages) enter(ctx context.Context, client string) (leave func(), err error) {
	p.mu.Lock()
	t := p.m[client]
	if t == nil {
		if p.m == nil {
			p.m = map[string]*turns{}
		}
		t = &turns{slots: make(chan struct{}, maxPages)}
		p.m[client] = t
	}
	if t.calls >= maxPages+maxPageWait {
		p.mu.Unlock()
		return nil, errTooMany
	}
	t.calls++
	p.mu.Unlock()

	select {
	case t.slots <- struct{}{}:
	default:
		timer := time.NewTimer(pageWait)
		defer timer.Stop()
		select {
		case t.slots <- struct{}{}:
		case <-timer.C:
			p.left(client, t)
			return nil, errTooMany
		case <-ctx.Done():
			p.left(client, t)
			return nil, context.Cause(ctx)
		}
	}
	return func() {
		<-t.slots
		p.left(client, t)
	}, nil
}

// left counts a call out.
func (p *pages) left(client string, t *turns) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.calls--; t.calls == 0 {
		delete(p.m, client)
	}
}
