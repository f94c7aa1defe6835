//go:build !unix

package cmd

import "io/fs"

// openToOthers cannot be told from mode bits here.
func openToOthers(fs.FileInfo) bool { return false }

// writableByOthers cannot be told from mode bits here; the file's own protection has to do.
func writableByOthers(fs.FileInfo) bool { return false }
