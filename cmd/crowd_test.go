package cmd

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// What many connections took is given back once, when most of them have gone; few give nothing
// back.
func TestACrowdThatHasGoneLeavesNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed := 0
		c := &crowd{release: func() { freed++ }}
		come := func(n int) {
			for range n {
				c.note(http.StateNew)
				c.note(http.StateActive)
				c.note(http.StateIdle)
			}
		}
		leave := func(n int) {
			for range n {
				c.note(http.StateClosed)
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
