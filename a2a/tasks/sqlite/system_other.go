//go:build !unix

package sqlite

import (
	"errors"
	"os"
)

// lock needs a lock that ends with its process; without one two agents could ring the same person.
func lock(string) (*os.File, error) {
	return nil, errors.New(
		"this system has no file locks that the agent could use; run it with memory:")
}

func full(error) bool { return false }
