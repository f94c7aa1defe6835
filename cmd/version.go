package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"staff0/a2a/a2asrv"
)

// build is what the binary says about itself.
type build struct {
	Version   string   `json:"version"`
	Revision  string   `json:"revision,omitempty"`
	Time      string   `json:"time,omitempty"`
	Modified  bool     `json:"modified,omitempty"` // built from a work tree with changes
	Go        string   `json:"go"`
	Platform  string   `json:"platform"`
	Protocols []string `json:"a2a"`
}

func readBuild() build {
	b := build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" +
		runtime.GOARCH}
	for _, i := range a2asrv.Interfaces("") {
		if !slices.Contains(b.Protocols, i.ProtocolVersion) {
			b.Protocols = append(b.Protocols, i.ProtocolVersion)
		}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func newVersion() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Say which build this is",
		Example: "  staff0 version\n  staff0 version --json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b := readBuild()
			if asJSON {
				return writeJSON(c.OutOrStdout(), b)
			}
			text := "staff0 " + b.Version
			if b.Revision != "" {
				text += " (" + b.Revision[:min(12, len(b.Revision))]
				if b.Modified {
					text += ", modified"
				}
				text += ")"
			}
			fmt.Fprintf(c.OutOrStdout(), "%s, A2A %s, %s, %s\n", text, joinWords(b.Protocols), b.Go,
				b.Platform)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return c
}
