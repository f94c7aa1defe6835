package consent

import (
	"encoding/json"
	"errors"
	"time"

	"staff0/ciba"
)

// Phase is how far a request has come.
type Phase string

// The phases.
const (
	Announced Phase = "announced"
	Asking    Phase = "asking"
	Waiting   Phase = "waiting"
	Over      Phase = "over"
)

// Request is what is kept of a question that somebody is asked. It holds no token. The auth_req_id
// is worth nothing without the agent's own credential, and goes when the request is over.
//
// A pretended one, which nobody can answer, has none, and a Reason.
type Request struct {
	Code     string          `json:"code"`
	Begun    time.Time       `json:"begun"`    // announced
	Deadline time.Time       `json:"deadline"` // as announced
	Asker    string          `json:"asker,omitempty"`
	About    json.RawMessage `json:"about,omitempty"` // for LookUp
	Phase    Phase           `json:"phase"`
	Process  uint64          `json:"process,omitempty"` // that has come to this phase
	Reason   string          `json:"reason,omitempty"`  // for the operator alone

	Person    Key           `json:"person,omitzero"` // whose claim is taken
	Subject   string        `json:"subject,omitempty"`
	Email     string        `json:"email,omitempty"`
	Address   string        `json:"address,omitempty"` // as in Person
	AuthReqID string        `json:"auth_req_id,omitempty"`
	Interval  time.Duration `json:"interval,omitempty"`
	Expires   time.Time     `json:"expires,omitzero"` // at the provider

	Result *Result `json:"result,omitempty"` // once it is over

	opened []byte // as OpenClaim has encoded it
}

// Result is how a request has ended, for those who ask the same a little later.
type Result struct {
	Outcome string    `json:"outcome"`
	AsOf    time.Time `json:"as_of,omitzero"`
	At      time.Time `json:"at,omitzero"` // of the approval
}

// NewRequest begins a request with a code and a deadline, which are announced before anything is
// known of the person.
func (r *Room) NewRequest(asker string, about []byte) *Request {
	now := time.Now()
	return &Request{
		Code: ciba.NewCode(), Begun: now.UTC(),
		Deadline: now.Add(r.c.Expiry).UTC().Truncate(time.Millisecond),
		Asker:    asker, About: about, Phase: Announced,
	}
}

// OpenClaim keeps a new request, and lets the task of the change take part in it.
func (r *Room) OpenClaim(key Key, q *Request) Claim {
	q.opened = q.encode()
	return Claim{Kind: Open, Key: key, Value: q.opened, Until: q.Deadline}
}

func (q *Request) encode() []byte {
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // strings, times, numbers and JSON that was encoded here always encode
	}
	return b
}

// ReadRequest reads what is kept. The error says nothing of the contents, for it is logged.
func ReadRequest(b []byte) (*Request, error) {
	q := new(Request)
	if json.Unmarshal(b, q) != nil || q.Code == "" || q.Deadline.IsZero() {
		return nil, errors.New("consent: a request cannot be read")
	}
	return q, nil
}

// Pretended reports whether nobody is asked, or nobody can answer any more.
func (q *Request) Pretended() bool { return q.Phase == Waiting && q.AuthReqID == "" }

// expiry is the time that the person has from the announcement on.
func (q *Request) expiry() time.Duration { return q.Deadline.Sub(q.Begun) }

// limit bounds look-up, client token and CIBA request together.
func (q *Request) limit() time.Duration { return min(q.expiry()/4, maxAsking) }

// least is the time that must be left, or nobody is prompted any more.
func (q *Request) least() time.Duration { return min(max(q.expiry()/10, leastLeft), q.expiry()/4) }

// tail is how long before the deadline the last poll starts.
func (q *Request) tail() time.Duration { return min(lastPoll, q.expiry()/4) }

// ended is the request once it is over: without all that is not needed any more.
func (q *Request) ended(r Result) *Request {
	return &Request{Code: q.Code, Begun: q.Begun, Deadline: q.Deadline, Phase: Over,
		Reason: q.Reason, Result: &r}
}

// Ticket says in which request a task takes part. It is what a task's own checkpoint needs.
type Ticket struct {
	Key      Key       `json:"key"`
	Code     string    `json:"code"`
	Deadline time.Time `json:"deadline"`
	// Approved says that the task has been told of an approval, which a process that died had in
	// its memory.
	Approved bool `json:"approved,omitempty"`
	// Alone says that the task was told the code and the deadline of a request in which too many
	// take part already.
	Alone bool `json:"alone,omitempty"`
}

// Ticket is for whoever takes part.
func (q *Request) Ticket(key Key) Ticket {
	return Ticket{Key: key, Code: q.Code, Deadline: q.Deadline}
}
