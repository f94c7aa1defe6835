// Package cmd is the program: it reads flags and environment, builds what the other packages offer,
// starts it and stops it. It decides nothing that one of them could decide.
//
// Manners (design of the program, §2): the answer goes to stdout and only the answer; talk,
// progress and logs go to stderr. An error says what failed, why, and what to try.
package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// program is what a command may touch of the outside.
type program struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	dir      string // where .env is looked for

	settings    *settings
	settingsErr error // for the commands that use settings; see begin
}

// Main runs the program and returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal is the user's way to say: now. NotifyContext swallows it unless it is
	// stopped.
	context.AfterFunc(ctx, stop)
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), dir: "."}
	return p.run(ctx, os.Args[1:])
}

// run runs one command line.
func (p *program) run(ctx context.Context, args []string) int {
	p.settings, p.settingsErr = loadSettings(p.environ, p.dir)
	root := p.newRoot()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	return exitCode(p.err, root.ExecuteContext(ctx))
}

func (p *program) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "staff0",
		Short: "Answer other agents whether a person works here, with that person's consent",
		Long: `staff0 answers other companies' agents whether a person works here. The asking agent speaks A2A and shows
an OAuth 2.0 token; the person asked about approves on their own phone (OpenID CIBA); only then is that one
record read, and the answer given.

To see all of it on this machine, nothing configured:

  staff0 demo`,
		Example: `  staff0 demo "Does jdoe work here?"
  staff0 client ask "Does jdoe work here?"`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError(err.Error(), c.CommandPath()+" --help")
	})
	root.AddCommand(p.newDemo(), p.newIDP(), p.newAPI(), p.newAgent(), p.newClient(), newVersion())
	return root
}

// noArgs is cobra.NoArgs with our manners.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		return usageError(fmt.Sprintf("%q is no command of %s", args[0], c.CommandPath()),
			c.CommandPath()+" --help")
	}
	return usageError(fmt.Sprintf("%s takes no argument, but got %q", c.CommandPath(), args[0]),
		c.CommandPath()+" --help")
}

// needArgs asks for exactly so many arguments.
func needArgs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError("missing "+names[len(args)], c.CommandPath()+" --help")
		case len(args) > len(names):
			return usageError(fmt.Sprintf("too many arguments, from %q on", args[len(names)]),
				"put the question in quotes")
		}
		return nil
	}
}

func joinWords(words []string) string { return strings.Join(words, ", ") }
