package hragent

import (
	"context"
	"sync"
)

// slotsPerAsker bounds the look-ups and model calls of one asker that are under way at a time, so
// that no asker uses up directory or model for the others.
const slotsPerAsker = 16

// slots are those of all askers. An asker without any work under way costs nothing.
type slots struct {
	mu     sync.Mutex
	askers map[string]*slot
}

type slot struct {
	free  chan struct{}
	users int // that have one or wait for one
}

// take waits for a slot of an asker. The error is that of the context.
func (s *slots) take(ctx context.Context, asker string) (release func(), err error) {
	s.mu.Lock()
	if s.askers == nil {
		s.askers = map[string]*slot{}
	}
	one := s.askers[asker]
	if one == nil {
		one = &slot{free: make(chan struct{}, slotsPerAsker)}
		s.askers[asker] = one
	}
	one.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(s.askers, asker)
		}
	}
	select {
	case one.free <- struct{}{}:
		return func() {
			<-one.free
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
