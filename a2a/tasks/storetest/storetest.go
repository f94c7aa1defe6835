// Package storetest is what every tasks.Store must do, as one body of tests.
package storetest

import (
	"testing"

	"staff0/a2a/tasks"
)

// Stores opens stores for a test. All of them are closed by whoever opens them, at the end of the
// test if not before.
type Stores struct {
	// Open opens a store with nothing in it.
	Open func(t *testing.T) tasks.Store
	// Reopen opens what a store holds once more, as the process after a crash does. Nil leaves out
	// what only it can show.
	Reopen func(t *testing.T, s tasks.Store) tasks.Store
	// Second opens what a store holds beside it, as another agent does. Nil leaves out what only it
	// can show.
	Second func(t *testing.T, s tasks.Store) tasks.Store
}

type test struct {
	name string
	test func(*testing.T, *fixture)
}

// Run runs all tests.
func Run(t *testing.T, stores Stores) {
	run(t, stores, []test{
		{"a task that was created can be read", created},
		{"what is not there is not found", missing},
		{"a change adds entries and replaces the sum", appended},
		{"a change that comes too late is refused and stores nothing", conflict},
		{"a task is created once", twice},
		{"a checkpoint is replaced and removed by the runner alone", checkpoints},
		{"a checkpoint changes without an entry", checkpointAlone},
		{"entries come in order after a number", events},
		{"many entries in one change", manyEvents},
		{"one of many writers wins each number", writers},
		{"readers see a task and its entries grow together", readers},
		{"an equal key within the window is the same task", keys},
		{"an equal key that arrives many times at once is one task", keysAtOnce},
		{"a list is ordered by time and id, descending", listOrder},
		{"a list is cut into pages", listPages},
		{"a list is filtered", listFilters},
		{"a list is the owner's", listOwner},
		{"anything that JSON can say is kept", content},
		{"a big task is kept", big},
		{"what ended long ago is removed", removed},
		{"what was given out does not change", immutable},
		{"an empty store has nothing to claim", claimNothing},
		{"a context that has ended stores nothing by halves", canceled},
		{"a change is stored once, whatever came after it", known},
		{"ids of changes without entries are known for a while", knownMany},
		{"an amendment is stored once", knownAmendments},
		{"a task is stored once, with its message key", knownTasks},
		{"the terms of the last turn are kept", terms},
		{"what is kept for a client is counted, and its oldest ended tasks can go", kept},
		{"a hold is opened by one, joined by others, and over at the end", holds},
		{"a hold outlives its tasks until its time", holdsOutlive},
		{"holds are amended together or not at all", holdsAmended},
		{"a hold without tasks is over when its time is up", holdsInTime},
		{"a late change is late before it is refused for its claims", holdsLate},
		{"an end is stored with what is said of the hold", holdsWithAnEnd},
		{"of many who open a hold at once one does and some join", holdsAtOnce},
		{"of many who amend a hold at once one does, of all that they have read",
			holdsAmendedAtOnce},
		{"holds that are over are removed", holdsSwept},
	})
	run(t, stores, webhooks)
	if stores.Reopen != nil {
		run(t, stores, []test{
			{"all is there after a restart", restart},
			{"what is unfinished is claimed once after a restart", claim},
			{"what this process has run is not claimed", claimRun},
			{"keys outlive a restart", keysRestart},
			{"holds outlive a restart", holdsRestart},
		})
		run(t, stores, webhooksRestart)
	}
	if stores.Second != nil {
		run(t, stores, shared)
		run(t, stores, webhooksShared)
	}
}

func run(t *testing.T, stores Stores, tests []test) {
	for _, row := range tests {
		t.Run(row.name, func(t *testing.T) { row.test(t, newFixture(t, stores)) })
	}
}

const owner = tasks.Owner("bank\x00user")
