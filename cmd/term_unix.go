//go:build unix

package cmd

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// foregroundTerminal reports whether in is a terminal whose keys are for this process. A process in
// the background that reads its terminal is stopped by the system, so it must not even try; should
// it be sent there later, reading fails instead.
func foregroundTerminal(in io.Reader) (*os.File, bool) {
	f, ok := in.(*os.File)
	if !ok || !isTerminal(f) {
		return nil, false
	}
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	if err != nil || group != unix.Getpgrp() {
		return nil, false
	}
	signal.Ignore(syscall.SIGTTIN)
	return f, true
}
