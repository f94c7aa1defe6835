package consent

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"staff0/ciba"
)

// Key names what is kept of a request, or the claim on a person: a digest, which tells nobody's
// name.
type Key [sha256.Size]byte

// NewKey digests its parts in order, each with its length.
func NewKey(parts ...string) (k Key) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return Key(h.Sum(nil))
}

// QuestionKey is the key of equal questions: the same asker (an OAuth client), the same skill, the
// same identifiers, normalised and in any order, and the same words of a name in any order.
func QuestionKey(asker, skill string, identifiers, words []string) Key {
	set := func(list []string) string {
		list = slices.Compact(slices.Sorted(slices.Values(list)))
		k := NewKey(list...)
		return string(k[:])
	}
	return NewKey("question", asker, skill, set(identifiers), set(words))
}

// PersonKey is the key of the claim on one person by one asker: one prompt at a time.
func PersonKey(asker, subject, email string) Key { return NewKey("person", asker, subject, email) }

// MarshalText writes the key in hexadecimal.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Key) UnmarshalText(b []byte) error {
	if hex.DecodedLen(len(b)) != len(k) {
		return errors.New("consent: a key of the wrong length")
	}
	_, err := hex.Decode(k[:], b)
	return err
}

// ClaimKind is what a claim wants of something kept.
type ClaimKind uint8

// The kinds of claims. They mean what the store's claims of the same names mean.
const (
	_    ClaimKind = iota
	Open           // begins a request, and the task takes part in it
	Join           // takes part in one that is there, beside fewer than Max others
	Take           // takes the claim on a person until a time; refused if another request has it
	Put            // replaces the value; if Revision is not 0, only of that revision
	Drop           // ends it, unless it has another value than Value
)

// Claim is granted together with the change that it is part of, or nothing of that change is
// stored.
type Claim struct {
	Kind     ClaimKind
	Key      Key
	Value    []byte
	Until    time.Time
	Max      int
	Revision int64
}

// Kept is a request as it is kept.
type Kept struct {
	Value    []byte
	Revision int64
	Tasks    int // that take part and have not ended
}

// Why a Keeper refuses. Any other error means that nobody knows whether something was kept.
var (
	ErrGone  = errors.New("consent: nothing is kept under this key")
	ErrHeld  = errors.New("consent: another request has the claim")
	ErrMoved = errors.New("consent: somebody else has changed it")
)

// Keeper keeps requests beyond the life of a process. Errors: ErrGone, ErrHeld, ErrMoved, or a
// fault of the store.
type Keeper interface {
	Hold(ctx context.Context, key Key) (*Kept, error)
	Amend(ctx context.Context, claims []Claim) error
}

// Waker runs the next turn of a task that waits, and returns when the turn is over. An error says
// that there was none, and that the task still waits.
type Waker interface {
	Wake(ctx context.Context, task string, signal *Signal) error
	// Alive reports whether the tasks are certainly still this agent's.
	Alive() bool
}

// Asker asks people; *ciba.Client does.
type Asker interface {
	Authenticate(ctx context.Context, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error)
	PollOnce(ctx context.Context, authReqID string, want ciba.Expectation) (*ciba.Grant, error)
}

// Person is whom the provider is to ask, and by which marks the approval is known to be theirs.
type Person struct {
	Subject   string // sub at the provider; "" when only the address is known
	Email     string // checked against the ID token when there is no subject
	LoginHint string // as the provider takes it
	// Address is the person's address as a directory confirms it, "" if it does not know one. It is
	// handed on with the approval, for registers to be compared by it.
	Address string
	// Found says that a directory has confirmed that there is such a person. From then on nothing
	// may fail visibly.
	Found bool
}

// LookUp finds the person whom a question is about. The error is an *UnknownError if there is none
// who could be asked; any other one says that the directory as a whole could not be consulted, and
// must not name the person.
type LookUp func(ctx context.Context, asker string, about []byte) (Person, error)

// UnknownError says that an identifier leads to nobody who can be asked. Reason is for the operator
// alone.
type UnknownError struct{ Reason string }

func (e *UnknownError) Error() string { return "no such person can be asked: " + e.Reason }
