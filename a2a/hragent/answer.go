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
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/hrapi"
)

// quickRecord is the time in which a record comes at once: the caller then hears of the approval and of the answer together, and both are stored in
// one transaction.
const quickRecord = 100 * time.Millisecond

// answer reads the record with the token of the approval, which is used here and nowhere else, and says what is in it. The news, if there is any,
// comes before the answer, and is not kept from the caller for longer than quickRecord.
func (a *Agent) answer(ctx context.Context, turn *tasks.Turn, cp *checkpoint, ok approved, news []a2a.Event, yield func(tasks.Step, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
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
		employee, err = ok.record(ctx, cp.Address, a.record)
	}()
	defer func() {
		cancel()
		<-read
	}()
	if len(news) > 0 {
		select {
		case <-read:
		case <-time.After(quickRecord):
			if !yield(tasks.Step{Events: news}, nil) {
				return
			}
			news = nil
		}
	}
	<-read
	if panicked != nil {
		panic(panicked) // where the engine ends the task for it
	}
	if err == nil && cp.Number != "" && !strings.EqualFold(cp.Number, employee.EmployeeID) {
		// The provider's directory and the HR records disagree about whose number it is: no answer about either would be right.
		err = errors.New("the record bears another employee number than the directory")
	}
	if err != nil && !errors.Is(err, hrapi.ErrNotFound) {
		if ctx.Err() == nil {
			reason := reasonRecords
			if errors.Is(err, hrapi.ErrSubjectMismatch) {
				reason = reasonSubject
			}
			a.c.Log.Error("the HR API returned no record", "task", turn.Task.ID, "reason", reason, "error", plain(err))
			failed := cp.failed(reason)
			failed.Events = append(news, failed.Events...)
			yield(failed, nil)
		}
		return
	}
	v := answer{outcome: verdict(cp.Asked, employee), subject: cp.Asked, company: a.c.Company, code: cp.Code, at: ok.at}
	if employee != nil {
		v.asOf = employee.AsOf
	}
	done := final(a2a.TaskStateCompleted, "", consentMetadata(cp.Code, cp.Deadline, v.outcome))
	done.Events = append(append(news, v.artifact(cp.Text, cp.JSON)), done.Events...)
	yield(done, nil)
}

// collected is an approval. Its token is used once: the record that it opens is shared by the tasks that have asked the same.
type collected struct {
	grant *ciba.Grant

	reading  chan struct{} // holds whoever reads
	used     bool
	address  string // that the record was read for
	employee *hrapi.Employee
	err      error
}

func collect(grant *ciba.Grant) *collected {
	return &collected{grant: grant, reading: make(chan struct{}, 1)}
}

// record gives the record, reading it the first time. A task whose turn ends while it reads leaves it to the next one.
// The address is the person's as the directory confirms it, "" if it knows none: one record may have been asked for by several addresses.
func (c *collected) record(ctx context.Context, address string, read func(context.Context, *ciba.Grant, string) (*hrapi.Employee, error)) (*hrapi.Employee, error) {
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if !c.used || c.address != address {
		c.employee, c.err = read(ctx, c.grant, address)
		c.used, c.address = ctx.Err() == nil, address
	}
	return c.employee, c.err
}

// Bounds of reading a record.
const (
	recordTries       = 3
	recordFirstWait   = 200 * time.Millisecond // then four times as long
	recordLongestWait = 5 * time.Second        // whatever the API asks for
)

// record reads the record, and has each address that is known to be the person's compared with it: the one that the approval proves, and the one
// that the directory confirms.
func (a *Agent) record(ctx context.Context, grant *ciba.Grant, address string) (employee *hrapi.Employee, err error) {
	employee, err = a.recordOf(ctx, grant, cmp.Or(grant.Email, address))
	if grant.Email != "" && address != "" && address != lower(grant.Email) && (err == nil || errors.Is(err, hrapi.ErrNotFound)) {
		return a.recordOf(ctx, grant, address)
	}
	return employee, err
}

func (a *Agent) recordOf(ctx context.Context, grant *ciba.Grant, address string) (employee *hrapi.Employee, err error) {
	wait := recordFirstWait
	for try := 1; ; try++ {
		employee, err = a.c.Records.Employee(ctx, grant.Token, grant.Subject, address)
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
