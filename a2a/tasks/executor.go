package tasks

import (
	"context"
	"iter"

	"staff0/a2a"
)

// Executor is the agent behind the protocol: it does the work of tasks.
//
// A turn begins with a message of the caller, or with Engine.Wake. It ends when its iterator does, or with a step that ends the task or asks the
// caller (INPUT_REQUIRED). A turn that has to wait for something outside, such as a person, yields a step with Park and returns: from then on the
// task costs a few hundred bytes and no goroutine, until the executor calls Wake.
type Executor interface {
	// Execute yields the steps of a turn. When a yield returns false the turn is over: the task was canceled, taken over, or the agent stops.
	// An error ends the task as FAILED with a public sentence; it is meant for what nobody foresaw.
	Execute(ctx context.Context, turn *Turn) iter.Seq2[Step, error]
	// Park begins, or after a restart takes up again, the waiting for a task that has a checkpoint. It must not block. A task is parked once for
	// every turn that has parked it, and once after a restart.
	Park(id a2a.TaskID, checkpoint []byte)
	// Unpark ends the waiting: the task was canceled or taken over. Ids that are not waiting are none of its business.
	Unpark(id a2a.TaskID)
}

// Turn is what a turn begins with.
type Turn struct {
	Task  *a2a.Task // as stored; the messages of both sides are in its history, the newest last
	Owner Owner
	// Checkpoint is what the last step that had one left, nil at the beginning of a task.
	Checkpoint []byte
	// Signal is what Wake was called with, nil when a message began the turn or when the task is run again after a crash.
	Signal any
	// AcceptedOutputModes are those of the message that began the turn, none when it named none.
	AcceptedOutputModes []string
	// Extensions are the URIs of those that the message that began the turn has activated.
	Extensions []string
	// Refused says after a step with a Prompt why nothing of it was stored: ErrPromptHeld, ErrPromptGone or ErrPromptFull. The turn goes on; it is
	// nil after any other step.
	Refused error

	store Store
}

// Holders gives the unfinished tasks that hold the key of a prompt, in the order of their creation, this one perhaps among them.
func (t *Turn) Holders(ctx context.Context, key []byte) ([]*Record, error) {
	if t.store == nil {
		return nil, nil
	}
	return t.store.Holders(ctx, key)
}

// Step is stored in one transaction before anybody is told of it. The engine fills in the ids, times and message ids that the events lack.
type Step struct {
	Events []a2a.Event // status and artifact updates
	// Checkpoint replaces the stored one; nil leaves it, an empty one removes it. A task that has one is the executor's to wake, and waits on
	// after a restart. INPUT_REQUIRED and the end of the task remove it, but for what that step itself leaves: with the end this is a note for
	// the operator, without anything that is still worth something to anybody.
	Checkpoint []byte
	// Prompt takes a key that is to be held, or joins those who hold it. When that cannot be, nothing of the step is stored, Turn.Refused says
	// why, and the turn goes on.
	Prompt *Prompt
	// Park ends the turn and begins the waiting, once the step is stored. A task that has joined one of another agent waits there.
	Park bool
}
