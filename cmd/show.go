package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/hragent"
	"staff0/a2a/tasks"
)

// newAgentShow is the operator's view of one task: what the caller saw, and what the caller must
// not see.
func (p *program) newAgentShow() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show TASK",
		Short: "Show an operator all that the store knows of one task",
		Long: `show reads the agent's store, also while the agent runs, and tells what no caller is told: whose the task is, whether
anybody was really asked, and why it ended as it did.`,
		Example: "  staff0 agent show TASK",
		Args:    needArgs("TASK"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.begin(c, forStore); err != nil {
				return err
			}
			store, err := p.settings.openTasksReadOnly(c.Context())
			if err != nil {
				return err
			}
			defer store.Close()
			rec, err := store.Get(c.Context(), a2a.TaskID(args[0]))
			if errors.Is(err, tasks.ErrNotFound) {
				return startError(errors.New("the store has no such task"),
					"the id as the caller or the log has it")
			}
			if err != nil {
				return startError(err, "check STAFF0_AGENT_DATABASE")
			}
			note, err := hragent.ReadNote(c.Context(), store, rec.Checkpoint)
			if err != nil {
				return startError(err, "a newer version of staff0 may have written it")
			}
			entries, err := store.Events(c.Context(), rec.Task.ID, 0)
			if err != nil {
				return startError(err, "check STAFF0_AGENT_DATABASE")
			}
			return p.showTask(rec, note, entries, asJSON)
		},
	}
	p.settings.agentDatabaseFlag(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return c
}

func (p *program) showTask(
	rec *tasks.Record, note hragent.Note, entries []tasks.Entry, asJSON bool,
) error {
	if asJSON {
		return writeJSON(p.out, struct {
			Owner   string       `json:"owner"`
			Created string       `json:"created"`
			Note    hragent.Note `json:"note"`
			Task    *a2a.Task    `json:"task"`
		}{rec.Owner.Client(), rec.Created.UTC().Format(a2a.TimeLayout), note, rec.Task})
	}
	fmt.Fprintf(p.out, "asked by %s\n", escape(rec.Owner.Client()))
	switch {
	case note.Pretended:
		fmt.Fprintf(p.out, "nobody was asked: %s\n", note.Reason)
	case note.Reason != "":
		fmt.Fprintf(p.out, "reason: %s\n", note.Reason)
	case note.Subject != "":
		fmt.Fprintf(p.out, "waiting for %s until %s\n", escape(note.Subject), when(note.Deadline))
	}
	for _, entry := range entries {
		if u, ok := entry.Event.(*a2a.TaskStatusUpdateEvent); ok {
			text := ""
			if u.Status.Message != nil {
				text = escape(u.Status.Message.Text())
			}
			fmt.Fprintf(p.out, "%4d  %s  %-14s  %s\n", entry.Seq, when(u.Status.Timestamp),
				stateWord(u.Status.State), text)
		}
	}
	return p.printTask(rec.Task, false)
}
