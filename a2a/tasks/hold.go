package tasks

import (
	"errors"
	"fmt"
	"time"

	"staff0/a2a"
)

// MaxHoldValue bounds the value of a hold, in bytes.
const MaxHoldValue = 12 << 10

// Key names a hold: a digest, so that what is searched in a store holds nobody's name.
type Key [32]byte

// Hold is what several tasks may have in common: a request to somebody, say, who is asked once for
// all of them. It lives while an unfinished task takes part in it, and until its time in any case;
// then it is over, and is as good as not there. A task takes part in one hold at most, and until it
// ends. In a store that several agents share, all unfinished tasks of a hold are the same agent's
// to run.
type Hold struct {
	Key   Key
	Value []byte // means something to the executor alone
	// Revision counts the values of the hold from 1.
	Revision int64
	Until    time.Time
	// Tasks are the unfinished ones that take part, in the order of their creation.
	Tasks []a2a.TaskID
}

// ClaimKind is what a claim wants of a hold.
type ClaimKind uint8

// The kinds of claims.
const (
	_ ClaimKind = iota
	// Open makes the hold, with Value and Until, and the task of the change takes part in it. It is
	// refused with ErrHeld if the hold is alive. A task that takes part in another hold leaves that
	// one.
	Open
	// Join lets the task of the change take part in a hold that is alive, else ErrNoHold, beside
	// fewer than Max other unfinished tasks, else ErrHoldFull. Taking part already does not count.
	// A task that joins one that another living agent runs becomes that agent's to run.
	Join
	// Take makes the hold, with Value and Until, for no task. It is refused with ErrHeld if the
	// hold is alive with another value; if its value is the same, Until is set.
	Take
	// Put replaces Value and Until of a hold. If Revision is not 0, the hold must have it, else
	// ErrMoved, or ErrNoHold if it is over. Without Revision, a hold that is over is left alone.
	Put
	// Drop ends a hold at once, with tasks in it or not, unless Value is not nil and the hold has
	// another one. What is not there needs no dropping.
	Drop
)

// Claim is what a change wants of one hold. A change has at most one claim on a key.
type Claim struct {
	Kind     ClaimKind
	Key      Key
	Value    []byte
	Until    time.Time
	Max      int
	Revision int64
}

// Validate reports a claim that no store can grant, whatever it holds: that is a fault of the
// program. ofTask says that the claim is part of a task's change.
func (c *Claim) Validate(ofTask bool) error {
	switch {
	case len(c.Value) > MaxHoldValue:
		return fmt.Errorf("the value of a hold has %d bytes, more than %d", len(c.Value),
			MaxHoldValue)
	case c.Kind < Open || c.Kind > Drop:
		return fmt.Errorf("unknown kind of claim %d", c.Kind)
	case !ofTask && (c.Kind == Open || c.Kind == Join):
		return errors.New("only a task can open or join a hold")
	}
	return nil
}

// Why a claim was not granted.
var (
	ErrHeld     = errors.New("the hold is there already")
	ErrNoHold   = errors.New("there is no such hold")
	ErrHoldFull = errors.New("enough tasks take part in the hold")
	ErrMoved    = errors.New("the hold has changed meanwhile")
)

// HoldState is what a store looks up of a hold to judge a claim on it.
type HoldState struct {
	Alive    bool
	Revision int64
	Others   int // tasks that take part, without the one of the change
}

// Refusal returns why a claim is not granted, nil if it is. same reports whether the hold has the
// value of the claim; it is asked only where that matters.
func (c *Claim) Refusal(h HoldState, same func() (bool, error)) (reason, err error) {
	switch {
	case !h.Alive && (c.Kind == Join || c.Kind == Put && c.Revision != 0):
		return ErrNoHold, nil
	case !h.Alive:
	case c.Kind == Open:
		return ErrHeld, nil
	case c.Kind == Join && h.Others >= c.Max:
		return ErrHoldFull, nil
	case c.Kind == Put && c.Revision != 0 && c.Revision != h.Revision:
		return ErrMoved, nil
	case c.Kind == Take:
		if is, err := same(); err != nil || !is {
			return ErrHeld, err
		}
	}
	return nil, nil
}

// ClaimError says which claim of a change was not granted, so that nothing of the change was
// stored. It wraps one of the four reasons.
type ClaimError struct {
	Kind ClaimKind
	Err  error
	Hold *Hold // as it was found; nil with ErrNoHold
}

func (e *ClaimError) Error() string { return fmt.Sprintf("a claim was not granted: %v", e.Err) }

// Unwrap returns the reason.
func (e *ClaimError) Unwrap() error { return e.Err }
