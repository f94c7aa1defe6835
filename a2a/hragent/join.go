package hragent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// reasonOtherQuestion is for a question about a person who is being asked by the same asker already, about something else.
const reasonOtherQuestion = "another_question_is_pending"

// joinLook is the time between two looks at a prompt that another task is about to make, or to end.
const joinLook = 50 * time.Millisecond

// promptKey is what equal and unequal questions about one person have in common: the asker and the person. Other askers have prompts of their own.
// It is a digest, so that the column of the store which is searched holds nobody's name.
func promptKey(owner tasks.Owner, kind, person string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s", len(owner), owner, kind, person))
	return sum[:]
}

// share takes the prompt of a question, and then begins it; or, when another task of the same asker has it, joins that one, if it asks the same
// about the same person under the same identifier and name. A question that differs gets no prompt and runs out like silence: nobody is rung
// twice at a time, and whoever varies a question learns nothing from it.
func (a *Agent) share(ctx context.Context, q *question, yield func(tasks.Step, error) bool, begin func()) {
	until := time.Now().Add(ringTimeout + time.Second) // for the other task's prompt to be made
	for {
		if !yield(tasks.Step{Prompt: &tasks.Prompt{Key: q.key}}, nil) {
			return
		}
		if q.turn.Refused == nil {
			begin()
			return
		}
		other, state, err := a.holder(ctx, q)
		switch {
		case err != nil:
			yield(tasks.Step{}, err)
			return
		case other == nil, other.announced() && state == a2a.TaskStateWorking:
			// It is being made, or being answered: that will be over in a moment.
			if time.Now().After(until) {
				a.apart(q, yield)
				return
			}
		case !same(other, q.cp):
			a.apart(q, yield)
			return
		default:
			if !yield(a.joining(q, other), nil) || q.turn.Refused == nil {
				return
			}
			if errors.Is(q.turn.Refused, tasks.ErrPromptFull) {
				a.apart(q, yield)
				return
			}
		}
		select {
		case <-time.After(joinLook):
		case <-ctx.Done():
			return
		}
	}
}

// holder is what the oldest other task that holds the prompt waits with, nil while it does not wait yet.
func (a *Agent) holder(ctx context.Context, q *question) (*checkpoint, a2a.TaskState, error) {
	holders, err := q.turn.Holders(ctx, q.key)
	if err != nil {
		return nil, 0, err
	}
	for _, rec := range holders {
		if rec.Task.ID == q.turn.Task.ID || len(rec.Checkpoint) == 0 {
			continue
		}
		cp, err := decodeCheckpoint(rec.Checkpoint)
		if err != nil {
			continue // it will be ended by whoever runs it
		}
		return cp, rec.Task.Status.State, nil
	}
	return nil, 0, nil
}

// same reports whether two questions are one: the same identifier, as written but for case, blanks and the domain of a bare user name, and the same
// name.
func same(a, b *checkpoint) bool { return a.Person == b.Person && a.Asked.Name == b.Asked.Name }

// joining waits beside another task for the same prompt: the same code, the same deadline, one approval for both.
func (a *Agent) joining(q *question, other *checkpoint) tasks.Step {
	cp, now := *q.cp, time.Now() // a copy: if it cannot join, nothing of the other task's may stay with it
	cp.request, cp.Code = other.request, other.Code
	cp.Until, cp.Deadline = other.Deadline, time.Time{}
	if !other.announced() {
		cp.Until = other.Step.Add(other.Lifetime).UTC().Truncate(time.Millisecond)
	}
	prompt := &tasks.Prompt{Key: q.key, Join: true}
	if a.c.Disclosure == Open {
		cp.Step = now
		s := cp.announce(now)
		s.Prompt = prompt
		return s
	}
	cp.Step = nextStep(accepted(q.turn), now)
	return tasks.Step{Checkpoint: cp.encode(), Prompt: prompt, Park: true}
}

// apart lets a question run out that may not join and may not ring. It is not told at once under any policy: what it would tell is about the
// other question.
func (a *Agent) apart(q *question, yield func(tasks.Step, error) bool) {
	a.c.Log.Info("nobody was asked", "task", q.turn.Task.ID, "reason", reasonOtherQuestion)
	yield(a.pretend(q, reasonOtherQuestion), nil)
}
