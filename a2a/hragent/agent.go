package hragent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

// Disclosure is who may be told what before a person has agreed.
type Disclosure string

const (
	// Guarded makes a person who does not exist look like one who does not answer. It is the default.
	Guarded Disclosure = "guarded"
	// Open says at once that nobody can be asked. It is for closed circles where addresses are no secret.
	Open Disclosure = "open"
)

// Consent asks people; *ciba.Client does.
type Consent interface {
	Authenticate(ctx context.Context, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error)
	PollOnce(ctx context.Context, authReqID string, want ciba.Expectation) (*ciba.Grant, error)
}

// Records reads the one record that a token allows; *hrapi.Client does.
type Records interface {
	Employee(ctx context.Context, token oauth.Token, subject, verifiedEmail string) (*hrapi.Employee, error)
}

// Reader understands questions; *llm.Reader does.
type Reader interface {
	Read(ctx context.Context, texts []string) llm.Question
}

// Config is what an Agent is made of. All but Provider, Disclosure, PollRate and Log is required.
type Config struct {
	Company    string
	Reader     Reader
	Directory  Directory
	Consent    Consent
	Records    Records
	Provider   ciba.Provider // shapes the binding message
	Scope      string        // of the HR API
	Expiry     time.Duration // how long a person has to answer: a second to ciba.MaxExpiry
	Disclosure Disclosure    // "" is Guarded
	PollRate   int           // polls a second to the provider, over all tasks; 0 is no limit
	Log        *slog.Logger
}

// Agent is the HR agent: a tasks.Executor.
type Agent struct {
	c       Config
	waiting *approvals
	grid    grid
}

// New checks the configuration and makes an agent. It waits for nobody until Run.
func New(c Config) (*Agent, error) {
	switch {
	case c.Company == "" || c.Scope == "":
		return nil, errors.New("hragent: company and scope are required")
	case c.Reader == nil || c.Directory == nil || c.Consent == nil || c.Records == nil:
		return nil, errors.New("hragent: reader, directory, consent and records are required")
	case c.Expiry < time.Second || c.Expiry > ciba.MaxExpiry:
		return nil, errors.New("hragent: the time to answer must be between a second and a quarter of an hour")
	case c.PollRate < 0:
		return nil, errors.New("hragent: the number of polls a second is negative")
	}
	switch c.Disclosure {
	case "":
		c.Disclosure = Guarded
	case Guarded, Open:
	default:
		return nil, errors.New("hragent: no such disclosure policy")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{c: c}
	a.waiting = newApprovals(c.Consent, c.Scope, c.PollRate, c.Log)
	return a, nil
}

// Run waits for people until ctx ends, and a little longer for approvals that are on their way. Nothing is lost by ending it: what waits is in
// the store. An agent is run once, and stopped before its engine is shut down.
func (a *Agent) Run(ctx context.Context, engine *tasks.Engine) { a.waiting.run(ctx, engine) }

// Waiting is the number of tasks that wait for a person, or pretend to.
func (a *Agent) Waiting() int { return a.waiting.count() }

// Park takes a task into the waiting.
func (a *Agent) Park(id a2a.TaskID, b []byte) {
	cp, err := decodeCheckpoint(b)
	if err != nil {
		a.c.Log.Error("a task cannot wait on", "task", id, "error", err)
		a.waiting.parkBroken(id)
		return
	}
	a.grid.recall(cp.Lifetime)
	a.waiting.park(id, cp.request)
}

// Unpark forgets a task.
func (a *Agent) Unpark(id a2a.TaskID) { a.waiting.unpark(id) }
