package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"staff0/a2a/tasks/sqlite"
)

// newAgentBackup copies the agent's store while the agent runs.
func (p *program) newAgentBackup() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the agent's SQLite store, also while the agent runs",
		Long: `backup writes a copy of the agent's store as it is at one moment. To restore it, stop the agent and put the copy in the place
of the store. For PostgreSQL, use pg_dump.`,
		Example: "  staff0 agent backup agent-backup.db",
		Args:    needArgs("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.begin(c, forStore); err != nil {
				return err
			}
			store, err := p.settings.openTasksReadOnly(c.Context())
			if err != nil {
				return err
			}
			defer store.Close()
			file, ok := store.(*sqlite.Store)
			if !ok {
				return usageError("the agent's store is not an SQLite file", "pg_dump")
			}
			if err := file.Backup(c.Context(), args[0]); err != nil {
				return startError(err, "another FILE, that is not there yet")
			}
			fmt.Fprintf(p.err, "The store was copied to %s.\n", args[0])
			return nil
		},
	}
	p.settings.agentDatabaseFlag(c)
	return c
}
