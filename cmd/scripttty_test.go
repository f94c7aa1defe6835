//go:build linux

package cmd

import (
	"io"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal: what is written to the first is typed, what the second
// prints is read from the first.
func openTerminal() (keys, screen *os.File, err error) {
	keys, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			keys.Close()
		}
	}()
	raw, err := keys.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var n int
	controlErr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if controlErr != nil {
		return nil, nil, controlErr
	}
	if err != nil {
		return nil, nil, err
	}
	screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	return keys, screen, err
}

// terminals are the keyboards of one script.
type terminals struct {
	mu     sync.Mutex
	byName map[string]*os.File
}

// terminalCommands run programs on a terminal of their own.
func terminalCommands() map[string]scriptCommand {
	keyboards := &terminals{byName: map[string]*os.File{}}
	return map[string]scriptCommand{
		// terminal NAME PROGRAM ARGS... starts it on a terminal; what the terminal shows is in
		// NAME.out.
		"terminal": func(ts *testscript.TestScript, _ bool, args []string) {
			if len(args) < 2 {
				ts.Fatalf("usage: terminal name program args...")
			}
			keys, screen, err := openTerminal()
			ts.Check(err)
			p := launch(ts, args[0], args[1:], screen, nil)
			shown, err := os.Create(p.out)
			ts.Check(err)
			copied := make(chan struct{})
			go func() {
				defer close(copied)
				defer shown.Close()
				_, _ = io.Copy(shown, keys) // ends with EIO once nobody has the screen any more
			}()
			ended := p.done
			p.done = make(chan struct{})
			go func() {
				<-ended
				<-copied
				keys.Close()
				close(p.done)
			}()
			keyboards.mu.Lock()
			defer keyboards.mu.Unlock()
			keyboards.byName[ts.Name()+" "+args[0]] = keys
		},
		// type NAME TEXT types a line.
		"type": func(ts *testscript.TestScript, _ bool, args []string) {
			if len(args) != 2 {
				ts.Fatalf("usage: type name text")
			}
			keyboards.mu.Lock()
			keys := keyboards.byName[ts.Name()+" "+args[0]]
			keyboards.mu.Unlock()
			if keys == nil {
				ts.Fatalf("%q has no terminal", args[0])
			}
			_, err := keys.WriteString(args[1] + "\n")
			ts.Check(err)
		},
	}
}

// testTerminal is a terminal for a test in this process. shown ends it and tells what was printed.
func testTerminal(t *testing.T) (screen *os.File, shown func() string) {
	t.Helper()
	keys, screen, err := openTerminal()
	if err != nil {
		t.Skipf("no pseudo-terminal to be had: %v", err)
	}
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(keys) // ends with EIO once the screen is closed
		text <- string(b)
	}()
	t.Cleanup(func() { screen.Close(); keys.Close() })
	return screen, func() string {
		screen.Close()
		return <-text
	}
}
