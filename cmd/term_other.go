//go:build !unix

package cmd

import (
	"io"
	"os"
)

// foregroundTerminal reports whether in is a terminal.
func foregroundTerminal(in io.Reader) (*os.File, bool) {
	f, ok := in.(*os.File)
	return f, ok && isTerminal(f)
}
