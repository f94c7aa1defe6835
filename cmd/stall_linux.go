package cmd

import (
	"syscall"
	"time"
)

// stallTimeout is how long the other side may take nothing of what is on its way to it. It also
// ends connections whose answer has left the process and lies in the buffers of the system.
const stallTimeout = 30 * time.Second

// TCP_USER_TIMEOUT, in milliseconds; accepted connections take it from their listener
const tcpUserTimeout = 0x12

// boundStall sets it for a listener. Where that cannot be done, the connection ends as an idle one.
func boundStall(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout,
			int(stallTimeout/time.Millisecond))
	})
}
