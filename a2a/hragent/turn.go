package hragent

import (
	"context"
	"errors"
	"iter"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/llm"
)

// Reasons that are not the directory's.
const (
	reasonDirectory     = "directory_unreachable"
	reasonProvider      = "provider_refused"
	reasonNoAnswer      = "no_answer"
	reasonWrongApproval = "approval_of_somebody_else"
	reasonRecords       = "hr_api_failed"
	reasonSubject       = "subject_mismatch"
	reasonLost          = "approval_lost"
)

// Execute does one turn.
func (a *Agent) Execute(ctx context.Context, turn *tasks.Turn) iter.Seq2[tasks.Step, error] {
	return func(yield func(tasks.Step, error) bool) {
		if len(turn.Checkpoint) == 0 {
			a.ask(ctx, turn, yield)
			return
		}
		cp, err := decodeCheckpoint(turn.Checkpoint)
		if err != nil {
			yield(tasks.Step{}, err)
			return
		}
		if cp.announced() && turn.Task.Status.State == a2a.TaskStateWorking {
			// The caller has been told of the approval; it was in the memory of a process that died. It can be had again from a provider that
			// hands it out twice, and else it is lost: whatever comes now, it is not that nobody has agreed.
			if ok, again := turn.Signal.(approved); again {
				a.answer(ctx, turn, cp, ok, nil, yield)
			} else {
				yield(cp.failed(reasonLost), nil)
			}
			return
		}
		a.resume(ctx, turn, cp, turn.Signal, yield)
	}
}

// resume goes on with what has come of the waiting.
func (a *Agent) resume(ctx context.Context, turn *tasks.Turn, cp *checkpoint, signal any, yield func(tasks.Step, error) bool) {
	switch signal := signal.(type) {
	case announce:
		yield(cp.announce(time.Now()), nil)
	case approved:
		a.answer(ctx, turn, cp, signal, step(a2a.TaskStateWorking, approvedText, nil).Events, yield)
	case declined:
		yield(cp.end(Declined, declinedText, ""), nil)
	case silence:
		yield(cp.end(NotConfirmed, silenceText, signal.reason), nil)
	case failure:
		if a.c.Disclosure == Open {
			yield(cp.failed(signal.reason), nil)
			return
		}
		// A caller would learn from a failure that there was somebody to ask. From here on the request is a pretended one.
		cp.AuthReqID, cp.Reason = "", signal.reason
		yield(tasks.Step{Checkpoint: cp.encode(), Park: true}, nil)
	default: // woken without a reason: wait on
		yield(tasks.Step{Park: true}, nil)
	}
}

// question is one that has been read, on its way to the person.
type question struct {
	turn *tasks.Turn
	cp   *checkpoint
	read time.Time // when it was: what follows takes a time that depends on the person
	key  []byte    // of the prompt
}

// ask reads the question and begins to wait for the person, or ends the task.
func (a *Agent) ask(ctx context.Context, turn *tasks.Turn, yield func(tasks.Step, error) bool) {
	read := a.c.Reader.Read(ctx, said(turn.Task))
	switch read.Outcome {
	case llm.Answerable:
	case llm.Ask:
		yield(step(a2a.TaskStateInputRequired, askText, nil), nil)
		return
	default:
		yield(final(a2a.TaskStateRejected, refusedText+a.c.Company+".", consentMetadata("", time.Time{}, Refused)), nil)
		return
	}
	q := &question{turn: turn, read: time.Now(), cp: &checkpoint{
		Asked: subject{read.Identifier, read.Name}, Person: read.Person, Text: takes(turn.AcceptedOutputModes, "text/plain"),
		JSON: takes(turn.AcceptedOutputModes, "application/json"),
	}}
	identifier := read.Person
	switch read.Kind {
	case llm.Subject:
		identifier = read.Identifier // providers compare subjects to the letter
	case llm.EmployeeNumber:
		q.cp.Number = read.Person
	}
	person, err := a.c.Directory.Find(ctx, read.Kind, identifier)
	if ctx.Err() != nil {
		return // canceled, or the agent stops: nobody was asked yet
	}
	unknown, isUnknown := errors.AsType[*UnknownError](err)
	switch {
	case isUnknown && a.c.Disclosure == Open:
		yield(a.nobody(q, unknown.Reason), nil)
	case isUnknown:
		// Pretended requests are joined as real ones are.
		q.key = promptKey(turn.Owner, "identifier", read.Person)
		a.share(ctx, q, yield, func() { yield(a.nobody(q, unknown.Reason), nil) })
	case err != nil:
		a.c.Log.Error("the directory cannot be consulted", "task", turn.Task.ID, "error", plain(err))
		yield(q.cp.failed(reasonDirectory), nil)
	default:
		q.cp.Address = person.Address
		q.key = promptKey(turn.Owner, "person", person.Subject+" "+person.Email)
		a.share(ctx, q, yield, func() { a.begin(ctx, q, person, yield) })
	}
}

// begin asks the person and, under an open policy, looks at once whether they have agreed.
func (a *Agent) begin(ctx context.Context, q *question, person Person, yield func(tasks.Step, error) bool) {
	step := a.ring(ctx, q, person)
	if a.c.Disclosure != Open || !step.Park {
		yield(step, nil)
		return
	}
	step.Park = false
	if !yield(step, nil) {
		return
	}
	signal, leave := a.waiting.first(ctx, q.turn.Task.ID, q.cp.request)
	defer leave()
	if signal == nil {
		yield(tasks.Step{Park: true}, nil)
		return
	}
	a.resume(ctx, q.turn, q.cp, signal, yield)
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

const (
	// purpose is what the person reads behind the asker's label.
	purpose = "employment-status"
	// ringTimeout bounds the one request that rings somebody.
	ringTimeout = 10 * time.Second
)

// ring asks the person.
func (a *Agent) ring(ctx context.Context, q *question, person Person) tasks.Step {
	cp := q.cp
	cp.Code = ciba.NewCode()
	scope := "openid " + a.c.Scope
	if person.Subject == "" {
		scope += " email" // the address in the ID token is then all that says who has approved
	}
	// Once sent, the request is seen through, whoever cancels or stops meanwhile: a person who was rung and whose auth_req_id nobody kept would
	// be rung again by the next process.
	ringing, cancel := context.WithTimeout(context.WithoutCancel(ctx), ringTimeout)
	defer cancel()
	ack, err := a.c.Consent.Authenticate(ringing, &ciba.AuthenticationRequest{
		Scope: scope, LoginHint: person.LoginHint, RequestedExpiry: a.c.Expiry,
		BindingMessage: a.c.Provider.BindingMessage(q.turn.Owner.Client(), purpose, cp.Code),
	})
	if err != nil {
		return a.notRung(q, person, err)
	}
	now := time.Now()
	cp.request = request{
		AuthReqID: ack.AuthReqID, Subject: person.Subject, Email: person.Email,
		Interval: ack.Interval, Expiry: ack.ExpiresAt, Lifetime: min(ack.ExpiresIn, a.c.Expiry),
		Process: a.waiting.process,
	}
	if a.c.Disclosure == Open {
		cp.Step = now
		return cp.announce(now)
	}
	a.grid.took(now.Sub(q.read))
	a.grid.granted(cp.Lifetime)
	cp.Step = nextStep(accepted(q.turn), now)
	return tasks.Step{Checkpoint: cp.encode(), Park: true}
}

// accepted is when the message was stored that began the turn.
func accepted(turn *tasks.Turn) time.Time { return turn.Task.Status.Timestamp }

// notRung ends or disguises a request that the provider did not take.
func (a *Agent) notRung(q *question, person Person, err error) tasks.Step {
	id := q.turn.Task.ID
	switch {
	case errors.Is(err, ciba.ErrUnknownUser), errors.Is(err, ciba.ErrAccessDenied):
		return a.nobody(q, reasonUnknown)
	case !person.Found && errors.Is(err, oauth.ErrUnreachable), person.Found && a.c.Disclosure == Open:
		a.c.Log.Error("the provider cannot be asked", "task", id, "error", plain(err))
		return q.cp.failed(reasonProvider)
	}
	if oauth.IsTemporary(err) {
		// While the provider is slow to fail, people who do not exist must not be the quick ones.
		a.grid.took(time.Since(q.read))
	}
	a.c.Log.Error("the provider did not ask the person; the caller is told that no approval was given", "task", id, "error", plain(err))
	return a.nobody(q, reasonProvider)
}

// nobody is for a person whom nobody can ask. Under an open policy the caller is told; else a request is pretended, and runs out.
func (a *Agent) nobody(q *question, reason string) tasks.Step {
	a.c.Log.Info("nobody was asked", "task", q.turn.Task.ID, "reason", reason)
	cp := q.cp
	if a.c.Disclosure == Open {
		cp.Code = "" // the caller has not been told of it
		return cp.end(NotConfirmed, nobodyText, reason)
	}
	return a.pretend(q, reason)
}

// pretend is a request that nobody is asked for.
func (a *Agent) pretend(q *question, reason string) tasks.Step {
	cp := q.cp
	if cp.Code == "" {
		cp.Code = ciba.NewCode()
	}
	cp.Reason = reason
	took, lifetime := a.grid.pretend(a.c.Expiry)
	cp.Lifetime = lifetime
	// The directory may have been slower than all that.
	cp.Step = nextStep(accepted(q.turn), later(q.read.Add(took), time.Now()))
	return tasks.Step{Checkpoint: cp.encode(), Park: true}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
