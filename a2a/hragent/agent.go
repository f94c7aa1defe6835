package hragent

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"strings"
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
	Employee(ctx context.Context, token oauth.Token, subject string) (*hrapi.Employee, error)
}

// Reader understands questions; *llm.Reader does.
type Reader interface {
	Read(ctx context.Context, texts []string) llm.Question
}

// Config is what an Agent is made of. All but Disclosure, PollRate and Log is required.
type Config struct {
	Company    string
	Reader     Reader
	Directory  Directory
	Consent    Consent
	Records    Records
	Provider   ciba.Provider // shapes the binding message
	Scope      string        // of the HR API
	Expiry     time.Duration // how long a person has to answer
	Disclosure Disclosure    // "" is Guarded
	PollRate   int           // polls a second to the provider, over all tasks; 0 is no limit
	Log        *slog.Logger
}

// Agent is the HR agent: a tasks.Executor.
type Agent struct {
	Config
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
	case c.Expiry <= 0:
		return nil, errors.New("hragent: the time to answer is required")
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
	a := &Agent{Config: c, waiting: newApprovals()}
	a.waiting.consent, a.waiting.scope, a.waiting.log = c.Consent, c.Scope, c.Log
	a.waiting.open, a.waiting.rate = c.Disclosure == Open, c.PollRate
	return a, nil
}

// Run waits for people until ctx ends, and a little longer for approvals that are on their way. Nothing is lost by ending it: what waits is in
// the store.
func (a *Agent) Run(ctx context.Context, engine *tasks.Engine) { a.waiting.run(ctx, engine) }

// Waiting is the number of tasks that wait for a person, or pretend to.
func (a *Agent) Waiting() int { return a.waiting.waiting() }

// Park takes a task into the waiting.
func (a *Agent) Park(id a2a.TaskID, b []byte) {
	cp, err := decodeCheckpoint(b)
	if err != nil {
		a.Log.Error("a task cannot wait on", "task", id, "error", err)
		return
	}
	a.waiting.park(id, cp)
}

// Unpark forgets a task.
func (a *Agent) Unpark(id a2a.TaskID) { a.waiting.unpark(id) }

// The sentences of the table of states (design of the agent, §5). They are all that a caller ever reads of a task that is not answered.
const (
	Opening        = "Looking into the request…" // for tasks.Config.Opening
	askText        = "Please give the person's work e-mail or employee number."
	refusedText    = "I only answer whether one named person works at "
	approvedText   = "Approved. Reading the employment record…"
	declinedText   = "The request was declined."
	silenceText    = "Not confirmed: no approval was given in time."
	nobodyText     = "Not confirmed: no such person can be asked."
	waitingText    = "Waiting for the person's approval. Code "
	waitingTextEnd = ". Nothing has to be sent; keep watching this task."
)

// Execute does one turn.
func (a *Agent) Execute(ctx context.Context, turn *tasks.Turn) iter.Seq2[tasks.Step, error] {
	return func(yield func(tasks.Step, error) bool) {
		if len(turn.Checkpoint) == 0 {
			yield(a.ask(ctx, turn))
			return
		}
		cp, err := decodeCheckpoint(turn.Checkpoint)
		if err != nil {
			yield(tasks.Step{}, err)
			return
		}
		switch signal := turn.Signal.(type) {
		case announce:
			yield(cp.announce(time.Now()), nil)
		case approved:
			a.answer(ctx, turn, cp, signal, yield)
		case declined:
			yield(cp.end(Declined, declinedText, ""), nil)
		case silence:
			yield(cp.end(NotConfirmed, silenceText, signal.reason), nil)
		case silentFailure:
			if turn.Task.Status.State == a2a.TaskStateWorking {
				// The caller has been told of the approval; it was lost with the process that had collected it.
				yield(failed(signal.reason), nil)
				return
			}
			cp.AuthReqID, cp.Reason = "", signal.reason
			yield(tasks.Step{Checkpoint: cp.encode(), Park: true}, nil)
		case failure:
			yield(failed(signal.reason), nil)
		default: // woken without a reason: wait on
			yield(tasks.Step{Park: true}, nil)
		}
	}
}

// ask reads the question and begins to wait for the person, or ends the task.
func (a *Agent) ask(ctx context.Context, turn *tasks.Turn) (tasks.Step, error) {
	q := a.Reader.Read(ctx, said(turn.Task))
	switch q.Outcome {
	case llm.Refuse:
		return step(a2a.TaskStateRejected, refusedText+a.Company+".", "", time.Time{}, Refused), nil
	case llm.Ask:
		return step(a2a.TaskStateInputRequired, askText, "", time.Time{}, ""), nil
	}
	identifier := q.Person
	if q.Kind == llm.Subject {
		identifier = q.Identifier // providers compare subjects to the letter
	}
	cp := &checkpoint{Asked: &subject{q.Identifier, q.Name}, Modes: turn.AcceptedOutputModes}
	if q.Kind == llm.EmployeeNumber {
		cp.Number = q.Person
	}
	person, err := a.Directory.Find(ctx, q.Kind, identifier)
	var unknown *UnknownError
	switch {
	case errors.As(err, &unknown):
		return a.nobody(turn, cp, unknown.Reason), nil
	case err != nil:
		a.Log.Error("the directory cannot be consulted", "task", turn.Task.ID, "error", err)
		return failed(reasonDirectory), nil
	}
	return a.ring(ctx, turn, cp, person), nil
}

// said is what the caller has said in this task, oldest first.
func said(t *a2a.Task) []string {
	var texts []string
	for _, m := range t.History {
		if m.Role == a2a.RoleUser {
			texts = append(texts, m.Text())
		}
	}
	return texts
}

// purpose is what the person reads behind the asker's label.
const purpose = "employment-status"

// ring asks the person.
func (a *Agent) ring(ctx context.Context, turn *tasks.Turn, cp *checkpoint, person Person) tasks.Step {
	cp.Code = ciba.NewCode()
	scope := "openid " + a.Scope
	if person.Subject == "" {
		scope += " email" // the address in the ID token is then all that says who has approved
	}
	ack, err := a.Consent.Authenticate(ctx, &ciba.AuthenticationRequest{
		Scope: scope, LoginHint: person.LoginHint, RequestedExpiry: a.Expiry,
		BindingMessage: a.Provider.BindingMessage(turn.Owner.Client(), purpose, cp.Code),
	})
	if err != nil {
		return a.notRung(turn, cp, person, err)
	}
	cp.AuthReqID, cp.Subject, cp.Email = ack.AuthReqID, person.Subject, person.Email
	cp.Interval, cp.Expiry, cp.Lifetime = ack.Interval, ack.ExpiresAt, min(ack.ExpiresIn, a.Expiry)
	now := time.Now()
	if a.Disclosure == Open {
		cp.Step = now
		return cp.announce(now)
	}
	cp.Step = a.grid.real(accepted(turn), now, cp.Lifetime)
	return tasks.Step{Checkpoint: cp.encode(), Park: true}
}

// accepted is when the message was stored that began the turn.
func accepted(turn *tasks.Turn) time.Time { return turn.Task.Status.Timestamp }

// notRung ends or disguises a request that the provider did not take.
func (a *Agent) notRung(turn *tasks.Turn, cp *checkpoint, person Person, err error) tasks.Step {
	nobody := errors.Is(err, ciba.ErrUnknownUser) || errors.Is(err, ciba.ErrAccessDenied)
	switch {
	case nobody:
		return a.nobody(turn, cp, reasonUnknown)
	case a.Disclosure == Open, !person.Found && errors.Is(err, oauth.ErrUnreachable):
		a.Log.Error("the provider cannot be asked", "task", turn.Task.ID, "error", err)
		return failed(reasonProvider)
	}
	a.Log.Error("the provider did not ask the person; the caller is told that no approval was given", "task", turn.Task.ID, "error", err)
	return a.nobody(turn, cp, reasonProvider)
}

// nobody is for a person whom nobody can ask. Under an open policy the caller is told; else a request is pretended, and runs out.
func (a *Agent) nobody(turn *tasks.Turn, cp *checkpoint, reason string) tasks.Step {
	a.Log.Info("nobody was asked", "task", turn.Task.ID, "reason", reason)
	if a.Disclosure == Open {
		s := step(a2a.TaskStateRejected, nobodyText, "", time.Time{}, NotConfirmed)
		s.Checkpoint = note(reason)
		return s
	}
	if cp.Code == "" {
		cp.Code = ciba.NewCode()
	}
	cp.Reason = reason
	cp.Step, cp.Lifetime = a.grid.pretended(accepted(turn), time.Now(), a.Expiry)
	return tasks.Step{Checkpoint: cp.encode(), Park: true}
}

// Reasons that are not the directory's.
const (
	reasonDirectory     = "directory_unreachable"
	reasonProvider      = "provider_refused"
	reasonNoAnswer      = "no_answer"
	reasonWrongApproval = "approval_of_somebody_else"
	reasonRecords       = "hr_api_failed"
)

// announce tells the caller that somebody is asked, or seems to be.
func (c *checkpoint) announce(now time.Time) tasks.Step {
	c.Deadline = now.Add(c.Lifetime).UTC().Truncate(time.Millisecond)
	s := step(a2a.TaskStateAuthRequired, waitingText+c.Code+waitingTextEnd, c.Code, c.Deadline, "")
	s.Checkpoint, s.Park = c.encode(), true
	return s
}

// end ends the task without an answer.
func (c *checkpoint) end(o Outcome, text, reason string) tasks.Step {
	s := step(a2a.TaskStateRejected, text, c.Code, c.Deadline, o)
	if reason != "" {
		s.Checkpoint = note(reason)
	}
	return s
}

// failed ends the task because of a fault that is not the person's.
func failed(reason string) tasks.Step {
	s := step(a2a.TaskStateFailed, tasks.FailedText, "", time.Time{}, "")
	s.Checkpoint = note(reason)
	return s
}

// step is one status. A final one carries the outcome in the metadata of the event too, for the completed status has no message to carry it.
func step(state a2a.TaskState, text, code string, deadline time.Time, o Outcome) tasks.Step {
	u := &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state}}
	var metadata a2a.Struct
	if code != "" || o != "" {
		metadata = consentMetadata(code, deadline, o)
	}
	if text != "" {
		u.Status.Message = &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}, Metadata: metadata}
	}
	if o != "" {
		u.Metadata = metadata
	}
	return tasks.Step{Events: []a2a.Event{u}}
}

// answer reads the record with the token of the approval, which is used here and nowhere else, and says what is in it.
func (a *Agent) answer(ctx context.Context, turn *tasks.Turn, cp *checkpoint, ok approved, yield func(tasks.Step, error) bool) {
	if !yield(step(a2a.TaskStateWorking, approvedText, "", time.Time{}, ""), nil) {
		return
	}
	employee, err := a.record(ctx, ok.grant)
	if err == nil && cp.Number != "" && !strings.EqualFold(cp.Number, employee.EmployeeID) {
		// The provider's directory and the HR records disagree about whose number it is: no answer about either would be right.
		err = errors.New("the record bears another employee number than the directory")
	}
	if err != nil && !errors.Is(err, hrapi.ErrNotFound) {
		if ctx.Err() == nil {
			a.Log.Error("the HR API gave no record", "task", turn.Task.ID, "error", err)
			yield(failed(reasonRecords), nil)
		}
		return
	}
	v := answer{outcome: verdict(*cp.Asked, employee), subject: *cp.Asked, company: a.Company, code: cp.Code, at: ok.at}
	if employee != nil {
		v.asOf = employee.AsOf
	}
	done := step(a2a.TaskStateCompleted, "", cp.Code, cp.Deadline, v.outcome)
	done.Events = append([]a2a.Event{v.artifact(cp.Modes)}, done.Events...)
	yield(done, nil)
}

// Bounds of reading a record.
const (
	recordTries       = 3
	recordFirstWait   = 200 * time.Millisecond // then four times as long
	recordLongestWait = 5 * time.Second        // whatever the API asks for
)

func (a *Agent) record(ctx context.Context, grant *ciba.Grant) (employee *hrapi.Employee, err error) {
	wait := recordFirstWait
	for try := 1; ; try++ {
		employee, err = a.Records.Employee(ctx, grant.Token, grant.Subject)
		var temporary *hrapi.TemporaryError
		if err == nil || try == recordTries || !errors.As(err, &temporary) {
			return employee, err
		}
		select {
		case <-time.After(max(wait, min(temporary.RetryAfter, recordLongestWait))):
			wait *= 4
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
