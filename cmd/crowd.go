package cmd

import (
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// When many connections have ended, the memory that they took is given back to the system. The
// runtime would keep most of it for minutes: it is spread over spans that are nearly empty, and in
// pools that two collections clear.
const (
	crowdOf       = 1000             // connections at a time
	crowdLeft     = 4                // a quarter of them is left when they have gone
	crowdRest     = 10 * time.Second // after that, for others to go
	crowdGoAround = 2                // collections
)

// crowd counts connections.
type crowd struct {
	mu      sync.Mutex
	open    int
	most    int
	going   bool   // memory is given back soon
	release func() // debug.FreeOSMemory, but for tests
}

func (c *crowd) note(state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open++
		c.most = max(c.most, c.open)
	case http.StateClosed, http.StateHijacked:
		if c.open--; !c.going && c.most >= crowdOf && c.open <= c.most/crowdLeft {
			c.going = true
			time.AfterFunc(crowdRest, c.free)
		}
	case http.StateActive, http.StateIdle:
	}
}

func (c *crowd) free() {
	c.mu.Lock()
	c.going, c.most = false, c.open
	c.mu.Unlock()
	release := c.release
	if release == nil {
		release = debug.FreeOSMemory
	}
	for range crowdGoAround {
		release()
	}
}
