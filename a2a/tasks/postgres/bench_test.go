package postgres

import (
	"fmt"
	"path/filepath"
	"testing"

	"staff0/a2a/tasks"
	"staff0/a2a/tasks/sqlite"
	"staff0/a2a/tasks/storetest"
)

// BenchmarkQuestion measures the three stores side by side. What PostgreSQL does depends on its
// server, above all on whether it waits for its disk.
func BenchmarkQuestion(b *testing.B) {
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			b.Run("memory", func(b *testing.B) {
				storetest.Questions(b, new(tasks.Memory), parallel)
			})
			b.Run("sqlite", func(b *testing.B) {
				s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "agent.db"),
					sqlite.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				storetest.Questions(b, s, parallel)
			})
			b.Run("postgres", func(b *testing.B) {
				storetest.Questions(b, open(b, Options{Schema: space(b)}), parallel)
			})
		})
	}
}
