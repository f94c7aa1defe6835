package tasks

import (
	"context"
	"errors"
	"time"

	"staff0/a2a"
)

// MaxWebhooks bounds the webhooks of one task: each multiplies what a task sends to places that
// others have chosen.
const MaxWebhooks = 10

// Faults of a store of webhooks.
var (
	// ErrWebhooksFull says that a task has MaxWebhooks webhooks. Nothing was stored.
	ErrWebhooksFull = errors.New("the task has as many webhooks as it may have")
	// ErrWebhookTaken says that another agent is sending to the webhook.
	ErrWebhookTaken = errors.New("another agent sends to the webhook")
)

// Webhook is a push notification configuration with its place in the log of its task. The log is
// the outbox: what is to be sent is what comes after Sent, so an entry and the duty to send it are
// stored in one transaction, and a restart goes on where the place says.
type Webhook struct {
	// Config has an id and names its task. Its token and credentials are secrets of the caller's.
	// They are stored as they are, for they must be sent as they are; the store is to be kept as
	// one keeps secrets, and they go with their task.
	Config *a2a.TaskPushNotificationConfig
	// Sent is the last entry that needs no sending any more.
	Sent Seq
	// Over says that nothing will be sent any more: the task has ended and all of it was sent, or
	// the webhook was given up.
	Over bool

	// What became of the attempts at the entry after Sent.
	Tries   int
	Since   time.Time // of the first one; zero before it
	Due     time.Time // the next one is not before; zero is at once
	Failure string    // what was wrong with the last one, for the operator; "" when nothing was

	// What a store adds to what it gives out.
	Num      int64 // counts the webhooks of a store in the order in which they were first set
	Revision int64 // another one each time that the webhook is set
	Behind   bool  // the task has entries after Sent
}

// GivenUp reports whether sending has ended before everything was sent. Failure says why.
func (w *Webhook) GivenUp() bool { return w.Over && w.Failure != "" }

// Webhooks is a Store that keeps webhooks beside the tasks. They are removed with their tasks.
type Webhooks interface {
	Store
	// SetWebhook stores a webhook of a task, or ErrNotFound or ErrWebhooksFull. If the task has one
	// with its id, that one's configuration is replaced and its Sent stays, so that what could not
	// be sent to the former address is sent to this one; what was given up begins anew.
	SetWebhook(ctx context.Context, w *Webhook) error
	// Webhooks gives those of a task in the order in which they were first set, none if there is no
	// such task.
	Webhooks(ctx context.Context, task a2a.TaskID) ([]*Webhook, error)
	// RemoveWebhook removes a webhook. Removing one that is not there is no fault.
	RemoveWebhook(ctx context.Context, task a2a.TaskID, id string) error
	// LiveWebhooks gives webhooks of all tasks that are not over, with numbers above after and in
	// their order, at most limit of them.
	LiveWebhooks(ctx context.Context, after int64, limit int) ([]*Webhook, error)
	// TakeWebhook gives a webhook to whoever is about to send to it, or ErrNotFound. In a store
	// that several agents share no other agent gets it until the given time; they get
	// ErrWebhookTaken.
	TakeWebhook(ctx context.Context, task a2a.TaskID, id string, until time.Time) (*Webhook, error)
	// ReportWebhook stores what became of a webhook that was taken: Sent, Over, Tries, Since, Due
	// and Failure. Nothing is stored and ErrConflict returned if it was set anew or removed
	// meanwhile, or taken by another agent. Until prolongs the taking; a time in the past ends it.
	ReportWebhook(ctx context.Context, w *Webhook, until time.Time) error
}

// Nanos is a time as stores keep those of webhooks: nanoseconds since 1970, and 0 for the zero
// time.
func Nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// FromNanos reads what Nanos has made.
func FromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
