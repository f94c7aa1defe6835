package tasks

import (
	"context"
	"errors"
	"strings"
	"time"

	"staff0/a2a"
)

// Faults of a store.
var (
	// ErrNotFound says that there is no such task.
	ErrNotFound = errors.New("no such task in the store")
	// ErrConflict says that the task has moved on since the sequence number that a change was based on. Nothing was stored.
	ErrConflict = errors.New("the task has changed meanwhile")
	// ErrLeaseLost says that another agent has taken the task over. Nothing was stored; whoever meets it stops working on the task.
	ErrLeaseLost = errors.New("another agent runs the task")
	// ErrPromptHeld says that another unfinished task holds the key of a prompt. Nothing was stored.
	ErrPromptHeld = errors.New("another task holds the prompt")
	// ErrPromptGone says that no other unfinished task holds the key, so there is nothing to join. Nothing was stored.
	ErrPromptGone = errors.New("no task holds the prompt")
	// ErrPromptFull says that MaxPromptHolders tasks hold the key. Nothing was stored.
	ErrPromptFull = errors.New("enough tasks share the prompt")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// Owner is who a task belongs to: the client that sent its first message. What belongs to somebody else does not exist for a caller.
type Owner string

// NewOwner is the owner for an OAuth client, and for the user it acts for when its token names one.
func NewOwner(clientID, user string) Owner {
	if user == "" {
		return Owner(clientID)
	}
	return Owner(clientID + "\x00" + user)
}

// Client is the OAuth client id.
func (o Owner) Client() string {
	client, _, _ := strings.Cut(string(o), "\x00")
	return client
}

// Seq counts the entries of one task from 1, without gaps.
type Seq int64

// Entry is one stored event. Entries never change and are never removed before their task is.
type Entry struct {
	Seq   Seq
	Event a2a.Event
}

// Record is a task as the store holds it. Whoever gets one reads it and does not change it.
type Record struct {
	Task  *a2a.Task // the sum of the entries up to Seq
	Owner Owner
	Seq   Seq
	// Checkpoint is what the executor needs to go on after a restart: nil unless the task waits for something outside, or has ended with a note.
	Checkpoint []byte
	// MessageKey is a digest of owner and first message, nil if repetitions of it are new tasks. Store.Create takes it; what is read need not
	// have it.
	MessageKey []byte
	// Webhook is stored with the task by Store.Create, if the store is one of Webhooks; nil is none. What is read need not have it.
	Webhook *Webhook
	Created time.Time
	// Elsewhere marks a task that is another agent's to run, in a store that several agents share. Nobody here works on it.
	Elsewhere bool
}

// Change is what one transaction adds to a task.
type Change struct {
	Events []a2a.Event // may be empty when only the checkpoint changes
	Task   *a2a.Task   // the sum after Events
	// Checkpoint replaces the stored one when Run is set; nil removes it. A change by somebody else leaves the stored one as it is, and removes
	// it when the task ends: who does not run the task has perhaps not seen the latest, for a checkpoint alone does not move the sequence.
	Checkpoint []byte
	// Run marks a change by whoever runs the task. A store that several agents share refuses it with ErrLeaseLost when the task has been
	// taken over; the caller's own messages and cancellations are welcome at any agent.
	Run bool
	// Prompt, if not nil, makes the task a holder of a key. It takes a change with Run. Without an event and a checkpoint it need not outlive the
	// process: nobody has been asked yet, and the next process runs the task again.
	Prompt *Prompt
}

// MaxPromptHolders bounds the tasks that share a prompt.
const MaxPromptHolders = 5

// Prompt is what several tasks may have in common: somebody is asked once for all of them. A task holds the key until it ends, and holds one at
// most; another one takes its place.
type Prompt struct {
	Key []byte // a digest, of at most 64 bytes
	// Join makes the task a holder beside others, else ErrPromptGone or ErrPromptFull; without it the task must be the only one, else
	// ErrPromptHeld. That it holds the key already does not count. In a store that several agents share, all holders of a key are the same
	// agent's to run: who joins a task of another agent leaves his own to it, and that agent claims it.
	Join bool
}

// refused reports whether a change was not stored because of its prompt.
func refused(err error) bool {
	return errors.Is(err, ErrPromptHeld) || errors.Is(err, ErrPromptGone) || errors.Is(err, ErrPromptFull)
}

// Query selects tasks of one owner, newest status first, then by id, descending (§3.1.4). Zero values do not select.
type Query struct {
	Owner   Owner
	Context a2a.ContextID
	State   a2a.TaskState
	Since   time.Time // status not older
	After   Position  // what the previous page ended with
	Limit   int
}

// Position is a place in the order of a Query.
type Position struct {
	Timestamp time.Time
	ID        a2a.TaskID
}

// Page is a part of what a query selects. Total counts all of it.
type Page struct {
	Records []*Record
	Total   int
}

// Pending is an unfinished task that nobody works on.
type Pending struct {
	ID         a2a.TaskID
	State      a2a.TaskState
	Checkpoint []byte
}

// Store keeps tasks and their entries. What a method that writes has returned without an error is there after a crash, as far as the store is
// durable at all; what it returned with an error is not there, except that after a broken connection both are possible and a caller that tries
// again learns it from ErrConflict. All methods may be called at once. Reading does not wait for writing.
type Store interface {
	// Create stores a task with its first entries, Seq counting them. If the record has a message key and a task with the same key was created
	// at or after since, nothing is stored and that task's id is returned.
	Create(ctx context.Context, r *Record, events []a2a.Event, since time.Time) (existing a2a.TaskID, err error)
	// Append adds a change to a task whose last entry is base, else ErrConflict.
	Append(ctx context.Context, id a2a.TaskID, base Seq, c Change) error
	// Get gives a task, or ErrNotFound.
	Get(ctx context.Context, id a2a.TaskID) (*Record, error)
	// Events gives the entries after a sequence number, in order.
	Events(ctx context.Context, id a2a.TaskID, after Seq) ([]Entry, error)
	// List gives a page of tasks. Times count in milliseconds, as on the wire; ids are compared byte by byte.
	List(ctx context.Context, q Query) (*Page, error)
	// Holders gives the unfinished tasks that hold the key of a prompt, in the order of their creation.
	Holders(ctx context.Context, key []byte) ([]*Record, error)
	// Claim takes over unfinished tasks that no living agent works on, at most limit of them: at the start of an agent those that a former
	// process left, later those of agents that died. None is returned twice to the same process, and none that it has created or run itself.
	// Tasks that wait for their caller need not be among them. An empty answer ends the claiming for now. In a store that several agents share,
	// ErrLeaseLost says once that this one was taken for dead: whatever it had is another agent's now. Who claims again is a new agent.
	Claim(ctx context.Context, limit int) ([]Pending, error)
	// Remove removes tasks that ended before a time, with all their entries, at most limit of them and the oldest first. It returns how many.
	Remove(ctx context.Context, finishedBefore time.Time, limit int) (n int, err error)
	// Close ends all work. What was stored stays.
	Close() error
}
