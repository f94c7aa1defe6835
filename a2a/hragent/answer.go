package hragent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/hrapi"
)

// quickRecord is the time in which a record comes at once: the caller then hears of the approval
// and of the answer together, and both are stored in one transaction.
const quickRecord = 100 * time.Millisecond

// answer reads the record with the token of the approval, which is used here and nowhere else, and
// says what is in it. That the person has approved comes before the answer, and is not kept from
// the caller for longer than quickRecord.
func (a *Agent) answer(
	ctx context.Context, turn *tasks.Turn, cp *checkpoint, s *consent.Signal,
) error {
	reading, cancel := context.WithCancel(ctx)
	var employee *hrapi.Employee
	var err error
	var panicked any
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer func() {
			if r := recover(); r != nil {
				panicked = fmt.Sprintf("%v\n%s", r, debug.Stack())
			}
		}()
		var found any
		found, err = s.Approval.Use(reading,
			func(ctx context.Context, grant *ciba.Grant) (any, error) {
				return a.record(ctx, grant, s.Approval.Address)
			})
		employee, _ = found.(*hrapi.Employee)
	}()
	defer func() {
		cancel()
		<-read
	}()
	var news []a2a.Event
	if !cp.Ticket.Approved {
		news = step(a2a.TaskStateWorking, approvedText, nil).Events
		// from now on whoever takes this up knows that the person has agreed
		cp.Ticket.Approved = true
		select {
		case <-read:
		case <-time.After(quickRecord):
			if err := turn.Do(tasks.Step{Events: news, Checkpoint: cp.encode()}); err != nil {
				return err
			}
			news = nil
		}
	}
	<-read
	if panicked != nil {
		panic(panicked) // where the engine ends the task for it
	}
	if err == nil && cp.Number != "" && !strings.EqualFold(cp.Number, employee.EmployeeID) {
		// The provider's directory and the HR records disagree about whose number it is: no answer
		// about either would be right.
		err = errors.New("the record bears another employee number than the directory")
	}
	if err != nil && !errors.Is(err, hrapi.ErrNotFound) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		reason := reasonRecords
		if errors.Is(err, hrapi.ErrSubjectMismatch) {
			reason = reasonSubject
		}
		a.c.Log.Error("the HR API returned no record", "task", turn.Task.ID, "reason", reason,
			"error", consent.Plain(err))
		failed := cp.failed(reason)
		failed.Events = append(news, failed.Events...)
		return a.end(turn, s, nil, failed)
	}
	var asOf time.Time
	if employee != nil {
		asOf = employee.AsOf
	}
	v := a.verdictOf(cp, verdict(cp.Asked, employee), asOf, s.Approval.At)
	return a.end(turn, s, &consent.Result{Outcome: string(v.outcome), AsOf: v.asOf, At: v.at},
		cp.completed(v, news))
}

// verdictOf is what the caller is told of a verdict.
func (a *Agent) verdictOf(cp *checkpoint, o hrclient.Outcome, asOf, at time.Time) answer {
	return answer{
		outcome: o, subject: cp.Asked, company: a.c.Company, code: cp.Ticket.Code, asOf: asOf,
		at: at, more: cp.More,
	}
}

// completed ends the task with an answer, behind the news that the caller has not heard yet.
func (c *checkpoint) completed(v answer, news []a2a.Event) tasks.Step {
	done := final(a2a.TaskStateCompleted, "",
		consentMetadata(c.Ticket.Code, c.Ticket.Deadline, v.outcome))
	done.Events = append(append(news, v.artifact(c.Text, c.JSON)), done.Events...)
	return done
}

// Bounds of reading a record.
const (
	recordTries       = 3
	recordFirstWait   = 200 * time.Millisecond // then four times as long
	recordLongestWait = 5 * time.Second        // whatever the API asks for
)

// proofWaits are the pauses before a record is asked for again whose API did not take the token.
// The agent itself has proven it, and the approval is spent: the API may only not know the
// provider's new key yet, for which it looks again after a few seconds.
var proofWaits = [...]time.Duration{500 * time.Millisecond, 2 * time.Second, 4 * time.Second}

// record reads the record, and has each address that is known to be the person's compared with it:
// the one that the approval proves, and the one that the directory confirms.
func (a *Agent) record(
	ctx context.Context, grant *ciba.Grant, address string,
) (employee *hrapi.Employee, err error) {
	employee, err = a.recordOf(ctx, grant, cmp.Or(grant.Email, address))
	if grant.Email != "" && address != "" && address != lower(grant.Email) &&
		(err == nil || errors.Is(err, hrapi.ErrNotFound)) {
		return a.recordOf(ctx, grant, address)
	}
	return employee, err
}

func (a *Agent) recordOf(
	ctx context.Context, grant *ciba.Grant, address string,
) (employee *hrapi.Employee, err error) {
	wait, proofs := recordFirstWait, 0
	for try := 1; ; try++ {
		employee, err = a.c.Records.Employee(ctx, grant.Token, grant.Subject, address)
		if errors.Is(err, hrapi.ErrUnauthorized) && proofs < len(proofWaits) {
			select {
			case <-time.After(proofWaits[proofs]):
				proofs++
				try--
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		temporary, again := errors.AsType[*hrapi.TemporaryError](err)
		if err == nil || !again || try == recordTries {
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
