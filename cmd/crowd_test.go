package cmd

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// visitor is a connection that says when it is closed.
type visitor struct {
	net.Conn
	closed bool
}

func (v *visitor) Close() error {
	v.closed = true
	return nil
}

// What many connections took is given back once, when most of them have gone; few give nothing
// back.
func TestACrowdThatHasGoneLeavesNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed := 0
		c := &crowd{release: func() { freed++ }}
		var here []*visitor
		come := func(n int) {
			for range n {
				v := new(visitor)
				here = append(here, v)
				c.note(v, http.StateNew)
				c.note(v, http.StateActive)
				c.note(v, http.StateIdle)
			}
		}
		leave := func(n int) {
			for range n {
				c.note(here[0], http.StateClosed)
				here = here[1:]
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		come(crowdOf - 1)
		if leave(crowdOf - 1); freed != 0 {
			t.Errorf("%d times after few connections", freed)
		}
		come(4 * crowdOf)
		if leave(crowdOf); freed != 0 {
			t.Errorf("%d times while most of them stay", freed)
		}
		if leave(3 * crowdOf); freed != crowdGoAround {
			t.Errorf("%d times, want %d", freed, crowdGoAround)
		}
		come(4 * crowdOf)
		if leave(4 * crowdOf); freed != 2*crowdGoAround {
			t.Errorf("%d times after the next crowd, want %d", freed, 2*crowdGoAround)
		}
	})
}

// Of too many that wait for a next request the one that has waited longest is closed, and none that
// is being answered or has only come.
func TestTooManyIdleConnections(t *testing.T) {
	c := &crowd{release: func() {}}
	busy, fresh := new(visitor), new(visitor)
	c.note(busy, http.StateNew)
	c.note(busy, http.StateIdle)
	c.note(busy, http.StateActive)
	c.note(fresh, http.StateNew)
	var idle []*visitor
	for range maxIdle + 3 {
		v := new(visitor)
		idle = append(idle, v)
		c.note(v, http.StateNew)
		c.note(v, http.StateIdle)
		for _, o := range idle {
			if o.closed && c.places[o] != nil { // as net/http finds it
				c.note(o, http.StateClosed)
			}
		}
	}
	for i, v := range idle {
		if v.closed != (i < 3) {
			t.Fatalf("connection %d of %d: closed is %v", i, len(idle), v.closed)
		}
	}
	if busy.closed || fresh.closed {
		t.Error("one that is needed was closed")
	}
	if len(c.places) != maxIdle || c.idle.Len() != maxIdle {
		t.Errorf("%d and %d are kept", len(c.places), c.idle.Len())
	}
}
