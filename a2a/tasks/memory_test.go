package tasks_test

import (
	"testing"

	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Stores{
		Open: func(*testing.T) tasks.Store { return new(tasks.Memory) },
		Reopen: func(_ *testing.T, s tasks.Store) tasks.Store {
			s.(*tasks.Memory).Reopen()
			return s
		},
	})
}
