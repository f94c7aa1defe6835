package hragent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"staff0/a2a/consent"
	"staff0/a2a/tasks"
)

// checkpoint is what the store keeps of a task that waits for an approval. What belongs to the
// request is kept once for all who take part in it, in a hold; see consent.Request.
type checkpoint struct {
	Ticket consent.Ticket `json:"ticket,omitzero"`
	Asked  subject        `json:"asked,omitzero"`
	Number string         `json:"number,omitempty"` // the employee number, if one is asked about
	More   bool           `json:"more,omitempty"`   // something else was asked, too
	// The forms of the answer that the caller takes. They are kept in place of acceptedOutputModes,
	// which a caller may make as long as he likes.
	Text bool `json:"text,omitempty"`
	JSON bool `json:"json,omitempty"`
	// Reason says for the operator why the task has ended. It is what remains then.
	Reason string `json:"reason,omitempty"`
	// Older is a request of a release that kept it with each task.
	Older *older `json:"older,omitempty"`

	older861 bool // it is as that release has left it
}

// older is what release 861aec8 kept of a request, beside what a checkpoint has now.
type older struct {
	AuthReqID string `json:"auth_req_id,omitempty"`
	Subject   string `json:"subject,omitempty"`
	Email     string `json:"email,omitempty"`
	// the deadline of the prompt that was joined
	Until    time.Time     `json:"until,omitzero"`
	Lifetime time.Duration `json:"lifetime,omitempty"` // counted from the announcement
	Deadline time.Time     `json:"deadline,omitzero"`  // zero until it is announced
	Interval time.Duration `json:"interval,omitempty"`
	Expiry   time.Time     `json:"expires_at,omitzero"` // at the provider
	Code     string        `json:"code,omitempty"`
	Reason   string        `json:"reason,omitempty"`
}

// request is an older request as the waiting room knows them.
func (o *older) request(t consent.Ticket) consent.Request {
	return consent.Request{
		Code: t.Code, Begun: t.Deadline.Add(-max(o.Lifetime, time.Second)), Deadline: t.Deadline,
		Phase:  consent.Waiting,
		Reason: o.Reason, Subject: o.Subject, Email: o.Email, AuthReqID: o.AuthReqID,
		Interval: max(o.Interval, time.Second),
		Expires:  o.Expiry,
	}
}

func (c *checkpoint) encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, times and numbers always encode
	}
	return b
}

// decodeCheckpoint reads a checkpoint of this release or of the one before it. It says nothing of
// the contents in its error, which is logged.
func decodeCheckpoint(b []byte) (*checkpoint, error) {
	c := new(checkpoint)
	if json.Unmarshal(b, c) != nil {
		return nil, errors.New("hragent: a checkpoint cannot be read")
	}
	if c.Ticket.Code != "" || c.Older != nil {
		return c, nil
	}
	o := new(older)
	if json.Unmarshal(b, o) != nil {
		return nil, errors.New("hragent: a checkpoint cannot be read")
	}
	if o.Code != "" {
		c.Older, c.older861, c.Reason = o, true, ""
		c.Ticket = consent.Ticket{Code: o.Code, Deadline: o.Deadline}
	}
	return c, nil
}

// note is what remains of a checkpoint when its task ends: the reason, for the operator. None
// leaves nothing.
func note(reason string) []byte {
	if reason == "" {
		return nil
	}
	return (&checkpoint{Reason: reason}).encode()
}

// Note is what a finished task has left for the operator, and what a waiting one says of itself; it
// never holds an auth_req_id.
type Note struct {
	Reason string `json:"reason,omitempty"`
	// nobody is asked, or nobody can answer any more
	Pretended bool      `json:"pretended,omitempty"`
	Code      string    `json:"code,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	Deadline  time.Time `json:"deadline,omitzero"`
}

// Holds is where requests are kept; a tasks.Store is one.
type Holds interface {
	Hold(ctx context.Context, key tasks.Key) (*tasks.Hold, error)
}

// ReadNote reads the operator's view of a task: from its checkpoint and, while it waits, from its
// request, unless holds is nil. No checkpoint is an empty note.
func ReadNote(ctx context.Context, holds Holds, b []byte) (Note, error) {
	if len(b) == 0 {
		return Note{}, nil
	}
	c, err := decodeCheckpoint(b)
	if err != nil {
		return Note{}, err
	}
	n := Note{Reason: c.Reason, Code: c.Ticket.Code, Deadline: c.Ticket.Deadline}
	switch {
	case c.Ticket.Code == "":
		return n, nil
	case c.Older != nil:
		n.Reason, n.Subject, n.Pretended = c.Older.Reason, c.Older.Subject, c.Older.AuthReqID == ""
		return n, nil
	case c.Ticket.Alone:
		n.Reason, n.Pretended = consent.ReasonFull, true
		return n, nil
	}
	if holds == nil {
		return n, nil
	}
	hold, err := holds.Hold(ctx, tasks.Key(c.Ticket.Key))
	if errors.Is(err, tasks.ErrNotFound) {
		n.Reason, n.Pretended = consent.ReasonGone, true
		return n, nil
	}
	if err != nil {
		return n, err
	}
	q, err := consent.ReadRequest(hold.Value)
	if err != nil {
		return n, err
	}
	n.Reason, n.Subject, n.Pretended = q.Reason, q.Subject, q.Pretended()
	return n, nil
}
