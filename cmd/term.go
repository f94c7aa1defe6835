package cmd

import (
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether f, an *os.File or anything else, is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
