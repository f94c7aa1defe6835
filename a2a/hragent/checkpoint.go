package hragent

import (
	"encoding/json"
	"errors"
	"time"
)

// checkpoint is what the store keeps of a task that waits for an approval. It is enough to go on polling the same request in another process,
// and holds no token. The auth_req_id in it is worth nothing without the agent's own credential, and goes when the task ends.
//
// A pretended request has one too, which differs in what belongs to the provider alone. It passes through the same steps at the same times.
type checkpoint struct {
	request
	Code   string  `json:"code,omitempty"`
	Asked  subject `json:"asked,omitzero"`
	Person string  `json:"person,omitempty"` // the identifier, normalised
	// The person's address as the directory confirms it, which the employment records must not have under another subject.
	Address string `json:"address,omitempty"`
	Number  string `json:"number,omitempty"` // the employee number, if that is what was asked about
	// The forms of the answer that the caller takes. They are kept in place of acceptedOutputModes, which a caller may make as long as he likes.
	Text bool `json:"text,omitempty"`
	JSON bool `json:"json,omitempty"`
}

// request is the part that the waiting needs.
type request struct {
	AuthReqID string `json:"auth_req_id,omitempty"`
	Subject   string `json:"subject,omitempty"` // who must approve
	Email     string `json:"email,omitempty"`   // whose address must be verified, when the subject is not known

	Until    time.Time     `json:"until,omitzero"`      // the deadline of the prompt that was joined
	Step     time.Time     `json:"step,omitzero"`       // when AUTH_REQUIRED is announced
	Lifetime time.Duration `json:"lifetime,omitempty"`  // of the request, counted from the announcement
	Deadline time.Time     `json:"deadline,omitzero"`   // zero until it is announced
	Interval time.Duration `json:"interval,omitempty"`  // between polls
	Process  uint64        `json:"process,omitempty"`   // that was given the acknowledgement, and polls from then on
	Expiry   time.Time     `json:"expires_at,omitzero"` // at the provider

	// Reason says, for the operator alone, why nobody was rung or nobody can answer any more. It is what remains when the task has ended.
	Reason string `json:"reason,omitempty"`
}

func (r *request) announced() bool { return !r.Deadline.IsZero() }

// real reports whether there is a request at the provider to poll for.
func (r *request) real() bool { return r.AuthReqID != "" }

func (c *checkpoint) encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, times and numbers always encode
	}
	return b
}

// decodeCheckpoint says nothing of the contents in its error, which is logged.
func decodeCheckpoint(b []byte) (*checkpoint, error) {
	c := new(checkpoint)
	if json.Unmarshal(b, c) != nil {
		return nil, errors.New("hragent: a checkpoint cannot be read")
	}
	return c, nil
}

// note is what remains of a checkpoint when its task ends: the reason, for the operator. None leaves nothing.
func note(reason string) []byte {
	if reason == "" {
		return nil
	}
	return (&checkpoint{request: request{Reason: reason}}).encode()
}

// Note is what a finished task has left for the operator, and what a waiting one says of itself; it never holds an auth_req_id.
type Note struct {
	Reason    string    `json:"reason,omitempty"`
	Pretended bool      `json:"pretended,omitempty"` // nobody is rung, or nobody can answer any more
	Code      string    `json:"code,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	Deadline  time.Time `json:"deadline,omitzero"`
}

// ReadNote reads the operator's view out of a stored checkpoint; none is an empty note.
func ReadNote(b []byte) (Note, error) {
	if len(b) == 0 {
		return Note{}, nil
	}
	c, err := decodeCheckpoint(b)
	if err != nil {
		return Note{}, err
	}
	return Note{
		Reason: c.Reason, Pretended: c.Code != "" && !c.real(), Code: c.Code, Subject: c.Subject, Deadline: c.Deadline,
	}, nil
}
