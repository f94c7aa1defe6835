package hragent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

// Disclosure is who may be told what before a person has agreed.
type Disclosure string

const (
	// Guarded makes a person who does not exist look like one who does not answer. It is the
	// default.
	Guarded Disclosure = "guarded"
	// Open says at once that nobody can be asked. It is for closed circles where addresses are no
	// secret.
	Open Disclosure = "open"
)

// policies are what the names of disclosures stand for.
var policies = map[Disclosure]consent.Policy{
	Guarded: {TellDeclined: true},
	Open:    {TellUnknown: true, TellDeclined: true, TellBudget: true, TellFailure: true},
}

// WaitingState is what a caller reads while a person is asked, unless it activates the consent
// extension.
type WaitingState string

const (
	// WaitWorking leaves the task WORKING, so that a blocking call returns with the answer. It is
	// the default.
	WaitWorking WaitingState = "working"
	// WaitAuthRequired says AUTH_REQUIRED, as for those who activate the extension: a blocking call
	// returns there.
	WaitAuthRequired WaitingState = "auth_required"
)

// Memory is how long the end of a question is told again to whoever asks the same, without another
// prompt.
const Memory = time.Minute

// Consent asks people; *ciba.Client does.
type Consent = consent.Asker

// Records reads the one record that a token allows; *hrapi.Client does.
type Records interface {
	Employee(ctx context.Context, token oauth.Token, subject, verifiedEmail string) (
		*hrapi.Employee, error)
}

// Reader understands questions; *llm.Reader does.
type Reader interface {
	Read(ctx context.Context, texts []string) llm.Question
}

// Config is what an Agent is made of. The members down to Expiry are required, but Provider.
type Config struct {
	Company   string
	Reader    Reader
	Directory Directory
	Consent   Consent
	Records   Records
	Provider  ciba.Provider // shapes the binding message
	Scope     string        // of the HR API
	Expiry    time.Duration // how long a person has to answer: a second to ciba.MaxExpiry

	Disclosure   Disclosure   // "" is Guarded
	WaitingState WaitingState // "" is WaitWorking
	// of an end; 0 with the development provider, where people try things again
	Memory   time.Duration
	PollRate int // polls a second to the provider, over all tasks; 0 is no limit
	Log      *slog.Logger
}

// Agent is the HR agent: a tasks.Executor.
type Agent struct {
	c     Config
	room  *consent.Room
	slots slots
}

// New checks the configuration and makes an agent. It waits for nobody until Run.
func New(c Config) (*Agent, error) {
	if c.Disclosure == "" {
		c.Disclosure = Guarded
	}
	if c.WaitingState == "" {
		c.WaitingState = WaitWorking
	}
	policy, ok := policies[c.Disclosure]
	switch {
	case c.Company == "" || c.Scope == "":
		return nil, errors.New("hragent: company and scope are required")
	case c.Reader == nil || c.Directory == nil || c.Consent == nil || c.Records == nil:
		return nil, errors.New("hragent: reader, directory, consent and records are required")
	case !ok:
		return nil, errors.New("hragent: no such disclosure policy")
	case c.WaitingState != WaitWorking && c.WaitingState != WaitAuthRequired:
		return nil, errors.New("hragent: no such state for waiting")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{c: c}
	room, err := consent.NewRoom(consent.Config{
		Asker: c.Consent, LookUp: a.lookUp, Provider: c.Provider, Scope: c.Scope, Purpose: purpose,
		Expiry: c.Expiry,
		Memory: c.Memory, Policy: policy, PollRate: c.PollRate, Log: c.Log,
	})
	a.room = room
	return a, err
}

// Run waits for people until ctx ends, and a little longer for what is on its way. Nothing is lost
// by ending it: what waits is in the store. An agent is run once, and stopped before its engine is
// shut down.
func (a *Agent) Run(ctx context.Context, engine *tasks.Engine) {
	k := keeper{engine}
	a.room.Run(ctx, k, k)
}

// Waiting is the number of tasks that wait for a person, or pretend to.
func (a *Agent) Waiting() int { return a.room.Waiting() }

// Healthy reports what kept everybody from being asked a moment ago.
func (a *Agent) Healthy() error { return a.room.Healthy() }

// parked is what a turn hands over to the waiting.
type parked struct {
	ticket consent.Ticket
	begun  *consent.Request // nil if it has joined another one
}

// Park takes a task into the waiting.
func (a *Agent) Park(id a2a.TaskID, value any, checkpoint []byte) {
	if p, ok := value.(parked); ok {
		a.room.Park(string(id), p.ticket, p.begun)
		return
	}
	cp, err := decodeCheckpoint(checkpoint)
	switch {
	case err != nil:
		a.c.Log.Error("a task cannot wait on", "task", id, "error", err)
		a.room.Wake(string(id), new(consent.Signal)) // the turn ends it
	case cp.Older == nil:
		a.room.Park(string(id), cp.Ticket, nil)
	case cp.Ticket.Deadline.IsZero():
		a.room.Wake(string(id), new(consent.Signal)) // the turn announces it
	default:
		a.room.ParkOlder(string(id), cp.Older.request(cp.Ticket), cp.Ticket.Approved)
	}
}

// Unpark forgets a task.
func (a *Agent) Unpark(id a2a.TaskID) { a.room.Leave(string(id)) }
