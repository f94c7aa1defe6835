package hragent

import (
	"math/rand/v2"
	"sync"
	"time"
)

// gridStep is the distance of the times at which AUTH_REQUIRED is announced. A directory look-up and a provider's acknowledgement together take
// less, so that nearly every request, real or pretended, is announced at the first step.
const gridStep = 500 * time.Millisecond

// gridMemory is the number of recent real requests that pretended ones take their step from.
const gridMemory = 64

// grid hides how long the provider took, and whether it was asked at all: requests are announced at multiples of a step after they were
// accepted, and pretended ones at a multiple that a real one has needed lately, with the lifetime that the provider has given last.
type grid struct {
	mu       sync.Mutex
	recent   [gridMemory]uint16
	n        int // real requests so far
	lifetime time.Duration
}

// real gives the step of a request that the provider has acknowledged now.
func (g *grid) real(accepted, now time.Time, lifetime time.Duration) time.Time {
	steps := stepsUntil(accepted, now)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.recent[g.n%gridMemory] = uint16(min(steps, 1<<16-1))
	g.n++
	g.lifetime = lifetime
	return accepted.Add(time.Duration(steps) * gridStep)
}

// pretended gives step and lifetime of a request that nobody was asked for.
func (g *grid) pretended(accepted, now time.Time, expiry time.Duration) (time.Time, time.Duration) {
	g.mu.Lock()
	steps, lifetime := 1, expiry
	if g.n > 0 {
		steps = int(g.recent[rand.N(min(g.n, gridMemory))])
		lifetime = min(g.lifetime, expiry)
	}
	g.mu.Unlock()
	// A slow directory, or a restart in between, may have let the step go by.
	steps = max(steps, stepsUntil(accepted, now))
	return accepted.Add(time.Duration(steps) * gridStep), lifetime
}

// stepsUntil is the number of the first step that is not before now, at least one.
func stepsUntil(accepted, now time.Time) int {
	return max(1, int((now.Sub(accepted)+gridStep-1)/gridStep))
}
