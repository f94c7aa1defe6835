package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"staff0/a2a"
)

const maxChatLine = 64 << 10

func (p *program) newChat() *cobra.Command {
	var wire wireFlags
	c := &cobra.Command{
		Use:   "chat",
		Short: "Ask questions as a conversation",
		Long: `chat sends each line as a message. When the agent asks back, the next line answers it in the same task; otherwise it is
a new question in the same context. The end of input ends the conversation.`,
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
	for prompt(); lines.Scan(); prompt() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		q := &question{program: p, progress: p.newProgress(false), agent: p.settings.Agent}
		var task a2a.TaskID
		context := conv
		if open != nil {
			q.task, q.sent, task, context = open.task, open.sent, open.task.ID, ""
		}
		got, err := q.follow(c.Context(), a, text, task, context)
		q.progress.done()
		if err != nil {
			return q.fail(err)
		}
		fmt.Fprintln(p.out, q.printable(got.Text))
		conv, open = got.ContextID, nil
		if got.Answer == answerAsk {
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
