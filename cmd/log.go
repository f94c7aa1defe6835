package cmd

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

// logFlags choose what goes to stderr.
type logFlags struct {
	level  slog.Level
	format string
}

func (l *logFlags) register(c *cobra.Command, level slog.Level) {
	l.level = level
	c.Flags().TextVar(&l.level, "log-level", level,
		"least level that is logged: debug, info, warn or error")
	c.Flags().StringVar(&l.format, "log-format", "text", "form of the log: text or json")
}

func (l *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: l.level}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, usageError(fmt.Sprintf("%q is no form of a log", l.format),
		"--log-format is text or json")
}
