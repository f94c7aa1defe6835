package hragent

import (
	"encoding/json"
	"fmt"
	"time"

	"staff0/ciba"
)

// checkpoint is what the store keeps of a task that waits for an approval. It is enough to go on polling the same request in another process,
// and holds no token. The auth_req_id in it is worth nothing without the agent's own credential, and goes when the task ends.
//
// A pretended request has one too, in every member alike but for the auth_req_id, so that nothing about a task tells the two apart but this.
type checkpoint struct {
	AuthReqID string   `json:"auth_req_id,omitempty"`
	Code      string   `json:"code,omitempty"`
	Subject   string   `json:"subject,omitempty"` // who must approve
	Email     string   `json:"email,omitempty"`   // whose address must be verified, when the subject is not known
	Asked     *subject `json:"asked,omitempty"`
	Number    string   `json:"number,omitempty"` // the employee number, if that is what was asked about
	Modes     []string `json:"modes,omitempty"`  // acceptedOutputModes

	Step     time.Time     `json:"step,omitzero"`       // when AUTH_REQUIRED is announced
	Lifetime time.Duration `json:"lifetime,omitempty"`  // of the request, counted from the announcement
	Deadline time.Time     `json:"deadline,omitzero"`   // zero until it is announced
	Interval time.Duration `json:"interval,omitempty"`  // between polls
	Expiry   time.Time     `json:"expires_at,omitzero"` // at the provider

	// Reason says, for the operator alone, why nobody was rung or nobody can answer any more. It is what remains when the task has ended.
	Reason string `json:"reason,omitempty"`
}

func (c *checkpoint) announced() bool { return !c.Deadline.IsZero() }

// real reports whether there is a request at the provider to poll for.
func (c *checkpoint) real() bool { return c.AuthReqID != "" }

func (c *checkpoint) expectation(scope string) ciba.Expectation {
	return ciba.Expectation{Subject: c.Subject, Email: c.Email, Scope: scope}
}

func (c *checkpoint) encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, times and numbers always encode
	}
	return b
}

func decodeCheckpoint(b []byte) (*checkpoint, error) {
	c := new(checkpoint)
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("a checkpoint cannot be read: %w", err)
	}
	return c, nil
}

// note is what remains of a checkpoint when its task ends: the reason, for the operator.
func note(reason string) []byte {
	return (&checkpoint{Reason: reason}).encode()
}

// Note is what a finished task has left for the operator, and what a waiting one says of itself; it never holds an auth_req_id.
type Note struct {
	Reason    string    `json:"reason,omitempty"`
	Pretended bool      `json:"pretended,omitempty"` // nobody was rung
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
