package tasks

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"staff0/a2a"
)

// Faults of a store.
var (
	// ErrNotFound says that there is no such task, or no such hold.
	ErrNotFound = errors.New("no such task in the store")
	// ErrConflict says that the task has moved on since the sequence number that a change was based
	// on. Nothing was stored.
	ErrConflict = errors.New("the task has changed meanwhile")
	// ErrStored says that the store has the change already: an earlier attempt that ended with an
	// error was stored all the same. Nothing was stored a second time. Other changes may have come
	// since.
	ErrStored = errors.New("the change is stored already")
	// ErrLeaseLost says that another agent has taken the task over. Nothing was stored; whoever
	// meets it stops working on the task.
	ErrLeaseLost = errors.New("another agent runs the task")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// Owner is who a task belongs to: the client that sent its first message. What belongs to somebody
// else does not exist for a caller.
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
	// Checkpoint is what the executor needs to go on after a restart: nil unless the task waits for
	// something outside, or has ended with a note.
	Checkpoint []byte
	// MessageKey is a digest of owner and first message, nil if repetitions of it are new tasks.
	// Store.Create takes it; what is read need not have it.
	MessageKey []byte
	// Webhook is stored with the task by Store.Create, if the store is one of Webhooks; nil is
	// none. What is read need not have it.
	Webhook *Webhook
	Created time.Time
	// Terms is what the message that began the last turn asked for beside its text, as the engine
	// encodes it; nil is nothing.
	Terms []byte
	// Elsewhere marks a task that is another agent's to run, in a store that several agents share.
	// Nobody here works on it.
	Elsewhere bool
}

// ChangeID tells a change from every other one, so that an attempt at storing it can be repeated:
// whoever does not know whether the first one was stored sends the same change again. The zero
// value is not an id.
type ChangeID [16]byte

// NewChangeID returns an id of 128 random bits.
func NewChangeID() (id ChangeID) {
	_, _ = rand.Read(id[:]) // never fails, see crypto/rand
	return id
}

// Change is what one transaction adds to a task.
type Change struct {
	// ID is required. A store knows those of a task for at least ten minutes, and the last 64 for
	// as long as the task is there.
	ID     ChangeID
	Events []a2a.Event // may be empty when only the checkpoint or the claims change
	Task   *a2a.Task   // the sum after Events
	// Checkpoint replaces the stored one when Run is set; nil removes it. A change by somebody else
	// leaves the stored one as it is, and removes it when the task ends: whoever does not run the
	// task has perhaps not seen the latest, for a checkpoint alone does not move the sequence.
	Checkpoint []byte
	// Terms replaces those of the record, unless it is nil.
	Terms []byte
	// Run marks a change by whoever runs the task. A store that several agents share refuses it
	// with ErrLeaseLost when the task has been taken over; any agent may store a caller's message
	// or cancellation.
	Run bool
	// Claims are granted all, or nothing of the change is stored and a *ClaimError tells why. They
	// take Run.
	Claims []Claim
}

// Validate reports a change that no store takes: that is a fault of the program.
func (c *Change) Validate() error {
	if c.ID == (ChangeID{}) {
		return errors.New("a change without an id")
	}
	return nil
}

// Query selects tasks of one owner, newest status first, then by id, descending (§3.1.4). Zero
// values do not select.
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

// Store keeps tasks and their entries. What a method that writes has returned without an error is
// there after a crash, as far as the store is durable at all. What it returned with an error is not
// there, except that after a fault of the medium or a broken connection both are possible; whoever
// needs to know repeats the same change, with the same ChangeID, and gets nil if it is stored now
// or ErrStored if it was before. All methods may be called at once. Reading does not wait for
// writing.
type Store interface {
	// Create stores a task with its first entries, Seq counting them. If the record has a message
	// key and a task with the same key was created at or after since, nothing is stored and that
	// task's id is returned. The id of the task is the id of the change, too: a task that is there
	// already was stored by an earlier attempt, and ErrStored is returned.
	Create(ctx context.Context, r *Record, events []a2a.Event,
		since time.Time) (existing a2a.TaskID, err error)
	// Append adds a change to a task whose last entry is base, else ErrConflict. ErrStored goes
	// before both.
	Append(ctx context.Context, id a2a.TaskID, base Seq, c Change) error
	// Amend changes holds on behalf of no task: all claims are granted, or nothing is stored and a
	// *ClaimError tells why. Claims of the kinds Open and Join are refused with an error. The store
	// knows the ids of the last amendments of each hold, as it knows those of changes.
	Amend(ctx context.Context, id ChangeID, claims []Claim) error
	// Hold returns a hold that is alive, or ErrNotFound.
	Hold(ctx context.Context, key Key) (*Hold, error)
	// Get returns a task, or ErrNotFound.
	Get(ctx context.Context, id a2a.TaskID) (*Record, error)
	// Events returns the entries after a sequence number, in order.
	Events(ctx context.Context, id a2a.TaskID, after Seq) ([]Entry, error)
	// List returns a page of tasks. Times count in milliseconds, as on the wire; ids are compared
	// byte by byte.
	List(ctx context.Context, q Query) (*Page, error)
	// Claim takes over unfinished tasks that no living agent works on, at most limit of them: at
	// the start of an agent those that a former process left, later those of agents that died. None
	// is returned twice to the same process, and none that it has created or run itself. Tasks that
	// wait for their caller need not be among them. An empty answer ends the claiming for now. In a
	// store that several agents share, ErrLeaseLost says once that this one was taken for dead:
	// whatever it had is another agent's now. The next Claim registers as a new agent.
	Claim(ctx context.Context, limit int) ([]Pending, error)
	// Remove removes tasks that ended before a time, with all their entries, at most limit of them
	// and the oldest first, and the holds that are over: a store that others write to removes them
	// a little later. It returns how many tasks there were.
	Remove(ctx context.Context, finishedBefore time.Time, limit int) (n int, err error)
	// Kept returns how many bytes are kept for an OAuth client, whatever users it acts for: the
	// entries of its tasks and what belongs to them. In a store that several agents share it may be
	// ten seconds old.
	Kept(ctx context.Context, client string) (int64, error)
	// Shed removes tasks of an OAuth client that ended before a time, the oldest first, until so
	// many bytes are freed or none is left. It returns how many bytes were freed.
	Shed(ctx context.Context, client string, finishedBefore time.Time, bytes int64) (freed int64,
		err error)
	// Close ends all work. What was stored stays.
	Close() error
}
