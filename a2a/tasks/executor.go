package tasks

import (
	"context"

	"staff0/a2a"
)

// Executor is the agent behind the protocol: it does the work of tasks.
//
// A turn begins with a message of the caller, or with Engine.Wake, and ends when Execute returns. A
// turn that has to wait for something outside, such as a person, stores a step with Park and
// returns: from then on the task costs a few hundred bytes and no goroutine, until the executor
// calls Wake.
type Executor interface {
	// Execute does one turn. It stores what happens with Turn.Do, and returns nil after a step that
	// ends the task, asks the caller (INPUT_REQUIRED) or parks it. An error of Turn.Do is returned
	// as it is; any other error ends the task as FAILED with a public sentence, and is meant for
	// what nobody foresaw.
	Execute(ctx context.Context, turn *Turn) error
	// Park begins the waiting for a task, once for every turn that has parked it, with the value of
	// that step. After a restart, or when the task was another agent's until now, the value is nil
	// and the checkpoint says it all. Park must not block.
	Park(id a2a.TaskID, value any, checkpoint []byte)
	// Unpark ends the waiting: the task was canceled or taken over. Unknown ids are ignored.
	Unpark(id a2a.TaskID)
}

// Turn is what a turn begins with.
type Turn struct {
	Task  *a2a.Task // as stored; the messages of both sides are in its history, the newest last
	Owner Owner
	// Checkpoint is what the last step that had one left, nil at the beginning of a task.
	Checkpoint []byte
	// Signal is what Wake was called with, nil when a message began the turn or when the task is
	// run again after a crash.
	Signal any
	// Terms are those of the last message that began a turn.
	Terms

	do func(Step) error
}

// Terms is what a message asks for beside its text.
type Terms struct {
	// OutputModes are the media types that the caller takes, none when it named none.
	OutputModes []string `json:"modes,omitempty"`
	// Extensions are the URIs of those that the request has activated, of the ones that the agent
	// knows.
	Extensions []string `json:"extensions,omitempty"`
}

// Do stores a step. A *ClaimError says that nothing of it was stored because a claim was not
// granted; the turn goes on as it likes. With any other error the turn is over: the task was
// canceled or taken over, the agent stops, or the store has failed for longer than a step waits for
// it. Do is called by the goroutine that runs Execute.
func (t *Turn) Do(step Step) error { return t.do(step) }

// Step is stored in one transaction before anybody is told of it. The engine fills in the ids,
// times and message ids that the events lack.
type Step struct {
	Events []a2a.Event // status and artifact updates
	// Checkpoint replaces the stored one; nil leaves it, an empty one removes it. A task that has
	// one is the executor's to wake, and waits on after a restart. INPUT_REQUIRED and the end of
	// the task remove it, but for what that step itself leaves: with the end this is a note for the
	// operator, without anything that is still worth something to anybody.
	Checkpoint []byte
	// Claims are granted all, or nothing of the step is stored and Do returns a *ClaimError.
	Claims []Claim
	// Park ends the turn and begins the waiting, once the step is stored. A task that has joined
	// one of another agent waits there.
	Park bool
	// Value is handed to Executor.Park.
	Value any
}
