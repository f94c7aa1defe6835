package consent

import (
	"context"
	"time"

	"staff0/ciba"
)

// Outcome is what has become of a request.
type Outcome uint8

// The outcomes.
const (
	_        Outcome = iota
	Approved         // with an Approval
	Declined         // by the person
	Silent           // nobody has answered in time, or that is what is told
	Unknown          // nobody can be asked
	// the provider refuses or breaks, or what it handed out is no approval of the person's
	Broken
	Failed // the directory as a whole, which everybody needs
	Lost   // an approval that was told of went with a process, and cannot be had again
	Ended  // earlier; Result says how
)

// Policy says which outcomes are told as soon as they are known. All others end as silence does, at
// the deadline.
type Policy struct {
	TellUnknown  bool // nobody can be asked by this identifier
	TellDeclined bool
	TellBudget   bool // no more prompts for this person at present
	TellFailure  bool // of the provider's
}

// tells is the one place where the policy is read.
func (p Policy) tells(o Outcome) bool {
	switch o {
	case Unknown:
		return p.TellUnknown
	case Declined:
		return p.TellDeclined
	case Broken:
		return p.TellFailure
	}
	return true
}

// Reasons, for the operator alone. Those of an UnknownError come beside them.
const (
	ReasonNoAnswer  = "no_answer"
	ReasonDeclined  = "declined"
	ReasonDirectory = "directory_unreachable"
	// somebody may have been prompted, and nobody knows by which auth_req_id
	ReasonInDoubt      = "prompt_in_doubt"
	ReasonBusy         = "another_question_is_pending" // the same person is asked by the same asker
	ReasonLate         = "too_little_time_left"
	ReasonFull         = "too_many_take_part"
	ReasonGone         = "request_not_kept"
	ReasonLost         = "approval_lost"
	ReasonProvider     = "provider_refused"
	ReasonUnavailable  = "provider_unavailable"
	ReasonForgot       = "provider_forgot_the_request"
	ReasonSomebodyElse = "approval_of_somebody_else"
	ReasonAddress      = "address_not_verified"
	ReasonScope        = "scope_missing"
	ReasonToken        = "token_not_valid"
	reasonUnknownUser  = "unknown_person"
	reasonRefusedUser  = "blocked_person"
	reasonNoDevice     = "person_without_device"
)

// Signal is what a task is woken with.
type Signal struct {
	Outcome  Outcome
	Reason   string    // for the operator
	Approval *Approval // with Approved
	Result   *Result   // with Ended

	key    Key
	kept   bool
	q      Request
	stored []byte // what is kept, as far as this process knows
	memory time.Duration
}

// Forgets reports whether an outcome is not told again to those who ask the same a little later.
func (o Outcome) forgets() bool { return o == Unknown || o == Broken || o == Failed || o == Lost }

// Claims belong to the last change of a task that ends with the signal: the request is over, and is
// known to those who ask the same for a while, with what the task was told; the claim on the person
// is given back, unless the time of both is up anyway. A task that ends as failed although the
// outcome is another one tells no result.
func (s *Signal) Claims(told *Result) []Claim {
	if !s.kept || s.Outcome == Ended {
		return nil
	}
	var claims []Claim
	now := time.Now()
	until := s.q.Deadline
	if t := now.Add(s.memory); t.After(until) || s.memory == 0 {
		// without a memory, the other tasks that take part keep the end until they have been told
		until = t
	}
	if told == nil || s.Outcome.forgets() {
		claims = append(claims, Claim{Kind: Drop, Key: s.key, Value: s.stored})
	} else {
		claims = append(claims, Claim{Kind: Put, Key: s.key, Value: s.q.ended(*told).encode(),
			Until: until})
	}
	if s.q.Person != (Key{}) && s.Outcome != Silent {
		claims = append(claims, Claim{Kind: Drop, Key: s.q.Person, Value: s.q.holder(s.key)})
	}
	return claims
}

// holder is the value of the claim on a person: which request has it.
func (q *Request) holder(key Key) []byte { return append(key[:], q.Code...) }

// Approval is a grant that is used once, whoever waits for it: what it opens is shared by all who
// have asked the same.
type Approval struct {
	At      time.Time
	Address string // of the person, as in Person

	grant  *ciba.Grant
	using  chan struct{} // holds whoever uses it
	used   bool
	result any
	err    error
}

// NewApproval holds a grant that was collected at a time.
func NewApproval(grant *ciba.Grant, at time.Time) *Approval {
	return &Approval{At: at, grant: grant, using: make(chan struct{}, 1)}
}

// Use returns what use makes of the grant, which is called once and remembered. Whoever ends while
// he uses it leaves it to the next one.
func (a *Approval) Use(
	ctx context.Context, use func(context.Context, *ciba.Grant) (any, error),
) (any, error) {
	select {
	case a.using <- struct{}{}:
		defer func() { <-a.using }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if !a.used {
		a.result, a.err = use(ctx, a.grant)
		if a.used = ctx.Err() == nil; a.used {
			a.grant = nil // its token has served
		}
	}
	return a.result, a.err
}
