package cmd

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a"
)

func (p *program) newTask() *cobra.Command {
	c := &cobra.Command{
		Use:     "task",
		Short:   "Look at, watch and cancel tasks at the agent",
		Example: "  staff0 client task list\n  staff0 client task watch ID",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.newTaskGet(), p.newTaskList(), p.newTaskWatch(), p.newTaskCancel())
	return c
}

// taskCommand is a command about one task or all of them.
func (p *program) taskCommand(
	c *cobra.Command, run func(ctx context.Context, a *asker, args []string) error,
) *cobra.Command {
	var wire wireFlags
	c.RunE = func(c *cobra.Command, args []string) error {
		a, err := p.withClient(c, wire)
		if err != nil {
			return err
		}
		return clientError(run(c.Context(), a, args))
	}
	p.settings.askerFlags(c)
	wire.register(c)
	return c
}

func (p *program) newTaskGet() *cobra.Command {
	var asJSON bool
	c := p.taskCommand(&cobra.Command{
		Use:     "get ID",
		Short:   "Show one task",
		Example: "  staff0 client task get ID\n  staff0 client task get ID --json",
		Args:    needArgs("ID"),
	}, func(ctx context.Context, a *asker, args []string) error {
		t, err := a.GetTask(ctx, &a2a.GetTaskRequest{ID: a2a.TaskID(args[0])})
		if err != nil {
			return err
		}
		return p.printTask(t, asJSON)
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the task as JSON")
	return c
}

func (p *program) printTask(t *a2a.Task, asJSON bool) error {
	if asJSON {
		return writeJSON(p.out, t)
	}
	fmt.Fprintf(p.out, "%s  %s  %s\n", escape(string(t.ID)), stateWord(t.Status.State),
		when(t.Status.Timestamp))
	for _, m := range t.History {
		printSaid(p.out, m)
	}
	// Some agents have the message of the status in the history, too, as those of the JS SDK do.
	said := func(m *a2a.Message) bool { return m.MessageID == t.Status.Message.MessageID }
	if m := t.Status.Message; m != nil && !slices.ContainsFunc(t.History, said) {
		printSaid(p.out, m)
	}
	for _, artifact := range t.Artifacts {
		fmt.Fprintf(p.out, "answer: %s\n", escape(artifact.Text()))
	}
	return nil
}

func printSaid(w io.Writer, m *a2a.Message) {
	who := "agent"
	if m.Role == a2a.RoleUser {
		who = "you"
	}
	fmt.Fprintf(w, "%s: %s\n", who, escape(m.Text()))
}

// stateWord is a state as a person reads it.
func stateWord(s a2a.TaskState) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.String(), "TASK_STATE_")),
		"_", " ")
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

func (p *program) newTaskList() *cobra.Command {
	var asJSON bool
	var conv string
	var limit int
	c := p.taskCommand(&cobra.Command{
		Use:     "list",
		Short:   "List your tasks, the newest first",
		Example: "  staff0 client task list\n  staff0 client task list --limit 200 --json",
		Args:    noArgs,
	}, func(ctx context.Context, a *asker, _ []string) error {
		for t, err := range allTasks(ctx, a, a2a.ContextID(conv), limit) {
			if err != nil {
				return err
			}
			if asJSON {
				if err := writeJSON(p.out, t); err != nil {
					return err
				}
				continue
			}
			first := ""
			if len(t.History) > 0 {
				first = escape(t.History[0].Text())
			}
			fmt.Fprintf(p.out, "%s  %-14s  %s  %s\n", escape(string(t.ID)),
				stateWord(t.Status.State), when(t.Status.Timestamp), first)
		}
		return nil
	})
	c.Flags().StringVar(&conv, "context", "", "only those of the context with this `ID`")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each task")
	return c
}

// allTasks yields tasks page by page. An agent whose pages never end is stopped by the limit.
func allTasks(
	ctx context.Context, a *asker, conv a2a.ContextID, limit int,
) iter.Seq2[*a2a.Task, error] {
	return func(yield func(*a2a.Task, error) bool) {
		for token := ""; limit > 0; {
			size := int32(min(limit, a2a.MaxPageSize))
			page, err := a.ListTasks(ctx, &a2a.ListTasksRequest{ContextID: conv, PageSize: &size,
				PageToken: token})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, t := range page.Tasks {
				if limit--; limit < 0 || !yield(t, nil) {
					return
				}
			}
			if token = page.NextPageToken; token == "" || len(page.Tasks) == 0 {
				return
			}
		}
	}
}

func (p *program) newTaskWatch() *cobra.Command {
	var asJSON bool
	c := p.taskCommand(&cobra.Command{
		Use:     "watch ID",
		Short:   "Watch a task to its end, and end as ask does",
		Example: "  staff0 client task watch ID",
		Args:    needArgs("ID"),
	}, func(ctx context.Context, a *asker, args []string) error {
		q := p.newQuestion(p.newProgress(asJSON && !isTerminal(p.err)), asJSON)
		q.Client, q.phone, q.TaskID = a.Client, a.phone, a2a.TaskID(args[0])
		q.progress.wait("Looking…", time.Time{})
		return q.end(q.Watch(ctx))
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, however it ends")
	return c
}

func (p *program) newTaskCancel() *cobra.Command {
	var asJSON bool
	c := p.taskCommand(&cobra.Command{
		Use:     "cancel ID",
		Short:   "Cancel a task; an approval that comes later is dropped",
		Example: "  staff0 client task cancel ID",
		Args:    needArgs("ID"),
	}, func(ctx context.Context, a *asker, args []string) error {
		t, err := a.CancelTask(ctx, &a2a.CancelTaskRequest{ID: a2a.TaskID(args[0])})
		if err != nil {
			return err
		}
		return p.printTask(t, asJSON)
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the task as JSON")
	return c
}
