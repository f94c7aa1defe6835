package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/hrclient"
)

const maxChatLine = 64 << 10

func (p *program) newChat() *cobra.Command {
	var wire wireFlags
	c := &cobra.Command{
		Use:   "chat",
		Short: "Ask questions as a conversation",
		Long: `chat sends each line as a message. When the agent asks back, the next line answers it in the same task; otherwise it is
a new question in the same context. A line that names several people is sent once the next line says about which of
them the answer has to be. The end of input ends the conversation.`,
		Example: "  staff0 client chat",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := p.withClient(c, wire)
			if err != nil {
				return err
			}
			return p.chat(c, a)
		},
	}
	p.settings.askerFlags(c)
	wire.register(c)
	return c
}

func (p *program) chat(c *cobra.Command, a *asker) error {
	prompt := func() {
		if isTerminal(p.in) {
			fmt.Fprint(p.err, "> ")
		}
	}
	lines := bufio.NewScanner(p.in)
	lines.Buffer(nil, maxChatLine)
	var conv a2a.ContextID
	var open *question // waits for the caller's answer
	var held string    // a message that names several, which waits for the caller to say which
	for prompt(); lines.Scan(); prompt() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		q := open
		if q == nil {
			q = p.newQuestion(p.newProgress(false), false)
			q.ContextID = conv
		}
		about := q.About
		if one := hrclient.Choose(hrclient.Identifiers(held), text); one != "" {
			text, q.About = held, one
		} else if len(hrclient.Identifiers(text)) > 0 {
			q.About = ""
		}
		if held = ""; q.unclear(text) != nil {
			held, q.About = text, about
			fmt.Fprintf(p.err, "Nothing was sent yet. About whom: %s?\n",
				escape(joinWords(hrclient.Identifiers(text))))
			continue
		}
		got, err := q.ask(c.Context(), a, text)
		q.progress.done()
		if err != nil {
			return q.fail(err)
		}
		q.print(got)
		conv, open = got.ContextID, nil
		if got.Outcome == hrclient.Ask {
			open = q
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return usageError("a line is longer than 64 KiB", "shorter lines")
		}
		return err
	}
	if isTerminal(p.in) {
		fmt.Fprintln(p.err)
	}
	return nil
}
