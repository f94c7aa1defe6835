//go:build unix && !linux

package cmd

// terminalCommands are for Linux: elsewhere pseudo-terminals are opened in other ways. Scripts ask
// for [linux].
func terminalCommands() map[string]scriptCommand { return nil }
