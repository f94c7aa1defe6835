//go:build unix

package cmd

import (
	"io/fs"
	"os"
	"syscall"
)

// openToOthers reports whether a directory's mode lets its group or everybody do anything there.
func openToOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// writableByOthers reports whether somebody other than this user and root may change the file.
func writableByOthers(info fs.FileInfo) bool {
	if info.Mode().Perm()&0o022 != 0 {
		return true
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid != 0 && int(st.Uid) != os.Geteuid()
}
