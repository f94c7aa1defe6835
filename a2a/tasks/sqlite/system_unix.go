//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// full reports whether the system has no space left for a file: on the disk, in the quota, or under
// the limit of the process.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		errors.Is(err, syscall.EFBIG)
}

// lock takes the exclusive lock beside a database. The kernel releases it when the process ends,
// however it ends. It lies in a file of its own because closing any descriptor of the database
// itself would drop SQLite's locks (POSIX, fcntl). The file stays: removing it would let two
// processes lock two files of one name.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		// Who holds it is told to whoever comes second. That this may fail, or be old, hurts
		// nobody.
		_ = f.Truncate(0)
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
		return f, nil
	}
	defer f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, err
	}
	holder := make([]byte, 20)
	n, _ := f.Read(holder)
	return nil, &inUse{strings.TrimSpace(string(holder[:n]))}
}
