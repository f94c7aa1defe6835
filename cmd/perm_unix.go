//go:build unix

package cmd

import (
	"io/fs"
	"os"
	"syscall"
)

// writableByOthers reports whether somebody other than this user and root may change the file.
func writableByOthers(info fs.FileInfo) bool {
	if info.Mode().Perm()&0o022 != 0 {
		return true
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid != 0 && int(st.Uid) != os.Geteuid()
}
