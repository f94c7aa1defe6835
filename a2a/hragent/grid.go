package hragent

import (
	"math/rand/v2"
	"sync"
	"time"
)

// gridStep is the distance of the times at which AUTH_REQUIRED is announced. A directory look-up and a provider's acknowledgement together take
// less, so that nearly every request, real or pretended, is announced at the first step.
const gridStep = 500 * time.Millisecond

// gridMemory is the number of recent requests whose time pretended ones draw from.
const gridMemory = 64

// grid hides how long the provider took, and whether it was asked at all: requests are announced at multiples of a step after they were
// accepted. A pretended one draws the time that directory and provider have lately taken for a real one, and is then rounded up as that was, so
// both fall on the same multiples equally often, however long the question took to read.
type grid struct {
	mu       sync.Mutex
	recent   [gridMemory]time.Duration
	n        int           // requests so far
	lifetime time.Duration // that the provider has given last; 0 if it has not been asked yet
}

// took notes what directory and provider have taken for a request, from the reading of the question to the answer of the provider.
func (g *grid) took(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.recent[g.n%gridMemory] = d
	g.n++
}

// granted notes the lifetime of a request.
func (g *grid) granted(lifetime time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lifetime = lifetime
}

// recall takes the lifetime of a request that an earlier process has made, until this one learns better.
func (g *grid) recall(lifetime time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lifetime == 0 {
		g.lifetime = lifetime
	}
}

// pretend gives what a real request might have taken, and its lifetime: the provider's last, or the setting before it has given any.
func (g *grid) pretend(setting time.Duration) (took, lifetime time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n > 0 {
		took = g.recent[rand.N(min(g.n, gridMemory))]
	}
	lifetime = setting
	if g.lifetime > 0 {
		lifetime = min(g.lifetime, setting)
	}
	return took, lifetime
}

// nextStep is the first step after acceptance that is not before ready.
func nextStep(accepted, ready time.Time) time.Time {
	steps := (ready.Sub(accepted) + gridStep - 1) / gridStep
	return accepted.Add(max(steps, 1) * gridStep)
}
