package cmd

import (
	"container/list"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// maxIdle bounds the connections that are kept for a next request, about 20 KiB each. Beyond it the
// one that has waited longest is closed: whoever opens many must not buy memory with them.
const maxIdle = 2048

// When many connections have ended, the memory that they took is given back to the system. The
// runtime would keep most of it for minutes: it is spread over spans that are nearly empty, and in
// pools that two collections clear.
const (
	crowdOf       = 1000             // connections at a time
	crowdLeft     = 4                // a quarter of them is left when they have gone
	crowdRest     = 10 * time.Second // after that, for others to go
	crowdGoAround = 2                // collections
)

// crowd counts connections, and closes those that are too many to be kept.
type crowd struct {
	mu      sync.Mutex
	open    int
	most    int
	idle    list.List                  // of net.Conn, who has waited longest first
	places  map[net.Conn]*list.Element // in idle
	going   bool                       // memory is given back soon
	release func()                     // debug.FreeOSMemory, but for tests
}

// note is for http.Server.ConnState.
func (c *crowd) note(conn net.Conn, state http.ConnState) {
	if surplus := c.take(conn, state); surplus != nil {
		_ = surplus.Close() // net/http finds it closed and tells of it
	}
}

// take takes in a state and returns a connection that is one too many.
func (c *crowd) take(conn net.Conn, state http.ConnState) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place := c.places[conn]; place != nil {
		c.idle.Remove(place)
		delete(c.places, conn)
	}
	switch state {
	case http.StateNew:
		c.open++
		c.most = max(c.most, c.open)
	case http.StateIdle:
		if c.places == nil {
			c.places = map[net.Conn]*list.Element{}
		}
		c.places[conn] = c.idle.PushBack(conn)
		if c.idle.Len() > maxIdle {
			return c.idle.Front().Value.(net.Conn)
		}
	case http.StateClosed, http.StateHijacked:
		if c.open--; !c.going && c.most >= crowdOf && c.open <= c.most/crowdLeft {
			c.going = true
			time.AfterFunc(crowdRest, c.free)
		}
	case http.StateActive:
	}
	return nil
}

func (c *crowd) free() {
	c.mu.Lock()
	c.going, c.most = false, c.open
	if c.idle.Len() == 0 {
		c.places = nil // a map never shrinks
	}
	c.mu.Unlock()
	release := c.release
	if release == nil {
		release = debug.FreeOSMemory
	}
	for range crowdGoAround {
		release()
	}
}
