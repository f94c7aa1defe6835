package hragent

import (
	"context"
	"errors"
	"slices"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
)

// purpose is what the person reads behind the asker's label.
const purpose = "employment-status"

// Execute does one turn.
func (a *Agent) Execute(ctx context.Context, turn *tasks.Turn) error {
	if len(turn.Checkpoint) == 0 {
		return a.ask(ctx, turn)
	}
	cp, err := decodeCheckpoint(turn.Checkpoint)
	if err != nil {
		return err
	}
	signal, woken := turn.Signal.(*consent.Signal)
	switch {
	case cp.Older != nil && cp.Ticket.Deadline.IsZero():
		return a.announceOlder(turn, cp)
	case !woken || signal.Outcome == 0: // woken without a reason: wait on
		return turn.Do(tasks.Step{Park: true})
	}
	return a.finish(ctx, turn, cp, signal)
}

// ask reads the question and announces that somebody is asked, before anything is known of the
// person.
func (a *Agent) ask(ctx context.Context, turn *tasks.Turn) error {
	q, step, err := a.read(ctx, turn)
	switch {
	case err != nil:
		return err
	case step != nil:
		return turn.Do(*step)
	}
	asker := turn.Owner.Client()
	key := consent.QuestionKey(asker, SkillID, q.about.identifiers(), nameWords(q.asked.Name))
	cp := &checkpoint{
		Asked: q.asked, Number: q.about.Number, More: q.more,
		Text: takes(turn.OutputModes, "text/plain"),
		JSON: takes(turn.OutputModes, "application/json"),
	}
	for {
		request := a.room.NewRequest(asker, q.about.encode())
		cp.Ticket = request.Ticket(key)
		step := a.announcement(turn, cp)
		step.Claims, step.Park, step.Value = storeClaims(
			[]consent.Claim{a.room.OpenClaim(key, request)}), true, parked{cp.Ticket, request}
		err := turn.Do(step)
		held, ok := errors.AsType[*tasks.ClaimError](err)
		if !ok || held.Hold == nil {
			return err
		}
		other, err := consent.ReadRequest(held.Hold.Value)
		if err != nil {
			return err
		}
		if joined, err := a.join(ctx, turn, cp, key, other); joined || err != nil {
			return err
		}
	}
}

// join takes part in an equal question's request: the same code, the same deadline, one approval
// for all, and the same end at once if it has ended already. It reports whether the turn is over;
// it is not if the request is gone meanwhile.
func (a *Agent) join(
	ctx context.Context, turn *tasks.Turn, cp *checkpoint, key consent.Key, other *consent.Request,
) (bool, error) {
	cp.Ticket = other.Ticket(key)
	over := other.Phase == consent.Over && other.Result != nil
	step := a.announcement(turn, cp)
	step.Claims = storeClaims(
		[]consent.Claim{{Kind: consent.Join, Key: key, Max: consent.MaxTogether}})
	step.Park, step.Value = !over, parked{ticket: cp.Ticket}
	err := turn.Do(step)
	switch {
	case errors.Is(err, tasks.ErrNoHold):
		return false, nil
	case errors.Is(err, tasks.ErrHoldFull):
		cp.Ticket.Alone = true
		step = a.announcement(turn, cp)
		step.Park, step.Value = true, parked{ticket: cp.Ticket}
		return true, turn.Do(step)
	case err != nil || !over:
		return true, err
	}
	return true, a.finish(ctx, turn, cp,
		&consent.Signal{Outcome: consent.Ended, Reason: other.Reason, Result: other.Result})
}

// announcement tells the caller that somebody is asked, or seems to be. For whoever activates the
// extension the task waits for an authorization; others would take that for the end of their call.
func (a *Agent) announcement(turn *tasks.Turn, cp *checkpoint) tasks.Step {
	state := a2a.TaskStateWorking
	if a.c.WaitingState == WaitAuthRequired ||
		slices.Contains(turn.Extensions, hrclient.ConsentExtension) {
		state = a2a.TaskStateAuthRequired
	}
	s := step(state, waitingText+cp.Ticket.Code+waitingTextEnd,
		consentMetadata(cp.Ticket.Code, cp.Ticket.Deadline, ""))
	s.Checkpoint = cp.encode()
	return s
}

// announceOlder announces what a release before this one has asked, and not announced yet.
func (a *Agent) announceOlder(turn *tasks.Turn, cp *checkpoint) error {
	deadline := cp.Older.Until
	if deadline.IsZero() {
		deadline = time.Now().Add(cp.Older.Lifetime).UTC().Truncate(time.Millisecond)
	}
	cp.Ticket.Deadline = deadline
	step := a.announcement(turn, cp)
	step.Park = true
	return turn.Do(step)
}

// finish ends the task with what has come of the request. That is for the room to say: nothing is
// decided here.
func (a *Agent) finish(
	ctx context.Context, turn *tasks.Turn, cp *checkpoint, s *consent.Signal,
) error {
	if cp.older861 && turn.Task.Status.State == a2a.TaskStateWorking {
		// The release before this one has told the caller of the approval, which was in the memory
		// of its process.
		cp.Ticket.Approved = true
		if s.Outcome != consent.Approved {
			s = &consent.Signal{Outcome: consent.Lost, Reason: consent.ReasonLost}
		}
	}
	result := &consent.Result{Outcome: string(hrclient.NotConfirmed)}
	switch s.Outcome {
	case consent.Approved:
		return a.answer(ctx, turn, cp, s)
	case consent.Declined:
		result.Outcome = string(hrclient.Declined)
		return a.end(turn, s, result, cp.end(hrclient.Declined, declinedText, ""))
	case consent.Silent:
		return a.end(turn, s, result, cp.end(hrclient.NotConfirmed, silenceText, s.Reason))
	case consent.Unknown:
		return a.end(turn, s, result, cp.end(hrclient.NotConfirmed, nobodyText, s.Reason))
	case consent.Ended:
		return a.repeat(turn, cp, s)
	}
	return a.end(turn, s, nil, cp.failed(s.Reason))
}

// repeat ends the task as an equal question has ended a moment ago.
func (a *Agent) repeat(turn *tasks.Turn, cp *checkpoint, s *consent.Signal) error {
	switch o := hrclient.Outcome(s.Result.Outcome); o {
	case hrclient.Yes, hrclient.No, hrclient.NameMismatch:
		v := a.verdictOf(cp, o, s.Result.AsOf, s.Result.At)
		return a.end(turn, s, s.Result, cp.completed(v, nil))
	case hrclient.Declined:
		return a.end(turn, s, s.Result, cp.end(hrclient.Declined, declinedText, ""))
	}
	return a.end(turn, s, s.Result, cp.end(hrclient.NotConfirmed, silenceText, s.Reason))
}

// end stores the last step of a task, and with it that the request is over. What the task is told
// does not depend on whether that can be kept.
func (a *Agent) end(
	turn *tasks.Turn, s *consent.Signal, told *consent.Result, last tasks.Step,
) error {
	last.Claims = storeClaims(s.Claims(told))
	err := turn.Do(last)
	if _, refused := errors.AsType[*tasks.ClaimError](err); refused {
		last.Claims = nil
		err = turn.Do(last)
	}
	return err
}
