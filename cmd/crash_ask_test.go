//go:build unix

package cmd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
)

// crashPlan is one question: how it is put, and what becomes of it at the other end.
type crashPlan struct {
	person   string // user name
	exists   bool
	way      crashWay
	start    time.Duration // in the round
	decision string        // of the person: approve, deny, or "" for none
	delay    time.Duration // until it is made
	cancel   time.Duration // after which the asker thinks better of it
	twin     bool          // somebody else asks the same
}

func (p *crashPlan) email() string { return p.person + "@staff0.com" }

// crashWay is how a question is put.
type crashWay int

const (
	crashFollows   crashWay = iota // by a stream
	crashBlocks                    // by a call that is answered when somebody is awaited
	crashLooks                     // by a call that is answered at once; the task is watched later
	crashTwice                     // by the same message several times at once
	crashCancels                   // by a stream, and is then withdrawn
	crashAsksVague                 // without saying whom it is about, until the agent asks back
	crashWays
)

func (w crashWay) String() string {
	return [...]string{"follows", "blocks", "looks later", "repeats", "cancels", "is asked back"}[w]
}

// plan draws a question.
func (c *crash) plan(within time.Duration) *crashPlan {
	r := c.random
	p := &crashPlan{
		person: crashPerson(len(c.askers)), exists: true, way: crashWay(r.IntN(int(crashWays))),
		start:  time.Duration(r.Int64N(int64(within))),
		delay:  time.Duration(r.Int64N(int64(min(crashDecision, c.form.expiry/2)))),
		cancel: time.Duration(r.Int64N(int64(2 * time.Second))),
	}
	if r.IntN(3) > 0 && p.way != crashFollows {
		p.way = crashFollows
	}
	switch n := r.IntN(20); {
	case n < 14:
		p.decision = "approve"
	case n < 17:
		p.decision = "deny"
	case c.form.hurry:
		p.decision = "approve"
	case n == 17:
		p.exists, p.person = false, "nobody"+p.person
	}
	if n := len(c.askers); n%c.form.askers > 0 && r.IntN(8) == 0 &&
		c.askers[n-1].way != crashCancels && p.way != crashCancels {
		first := c.askers[n-1].crashPlan
		first.twin, p.twin = true, true
		p.person, p.exists, p.decision, p.delay = first.person, first.exists, first.decision,
			first.delay
		p.start = first.start + time.Duration(r.Int64N(int64(time.Second)))
	}
	return p
}

// crashAsker is somebody who asks a question until it is answered.
type crashAsker struct {
	c *crash
	*crashPlan
	message string // its id, whenever it is sent

	mu       sync.Mutex
	id       a2a.TaskID
	streams  [][]a2a.Event // what each reading has told, resumed ones included
	retries  int           // sendings whose answer was lost
	withdrew bool          // a cancellation has succeeded
	final    *a2a.Task     // as the last reading has it
	done     bool
}

// ask begins to ask.
func (c *crash) ask(p *crashPlan) {
	a := &crashAsker{c: c, crashPlan: p, message: fmt.Sprintf("%d-%06d", c.seed, len(c.askers))}
	c.askers = append(c.askers, a)
	c.phone.expect(p)
	c.asking.Go(func() {
		time.Sleep(p.start)
		ctx, cancel := context.WithTimeout(c.Context(), crashPatience)
		defer cancel()
		if err := a.run(ctx); err != nil && c.Context().Err() == nil {
			c.faultf("%s: %v", a, err)
			return
		}
		a.mu.Lock()
		a.done = true
		a.mu.Unlock()
	})
}

func (a *crashAsker) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return fmt.Sprintf("question %s (task %s) about %s, which %s and is to %q", a.message, a.id,
		a.person, a.way, a.decision)
}

// named takes in the id of the task. All answers to one message must name the same.
func (a *crashAsker) named(id a2a.TaskID) {
	a.mu.Lock()
	was := a.id
	a.id = id
	a.mu.Unlock()
	if was == id {
		return
	}
	if was != "" {
		a.c.faultf("%s: became task %s as well", a, was)
	}
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	a.c.known[id] = a
}

func (a *crashAsker) run(ctx context.Context) error {
	question := a.says(a.message, "Does "+a.email()+" work at Staff0?")
	switch a.way {
	case crashBlocks, crashLooks:
		id, err := a.send(ctx, question, a.way == crashLooks)
		if err != nil {
			return err
		}
		if a.way == crashLooks {
			time.Sleep(a.cancel)
		}
		return a.read(a.c.client.Watch(ctx, id))
	case crashTwice:
		var others sync.WaitGroup
		for range 2 {
			others.Go(func() {
				if _, err := a.send(ctx, question, true); err != nil {
					a.c.faultf("%s: %v", a, err)
				}
			})
		}
		err := a.follow(ctx, question)
		others.Wait()
		if err == nil { // long after
			_, err = a.send(ctx, question, true)
		}
		return err
	case crashCancels:
		var other sync.WaitGroup
		other.Go(func() {
			time.Sleep(a.cancel)
			a.withdraw(ctx)
		})
		err := a.follow(ctx, question)
		other.Wait()
		return err
	case crashAsksVague:
		if err := a.follow(ctx,
			a.says(a.message, "Does my applicant work at Staff0?")); err != nil {
			return err
		}
		if s := a.final.Status.State; s != a2a.TaskStateInputRequired {
			return fmt.Errorf("a question without a person was answered with %v", s)
		}
		answer := a.says(a.message+"-answer", a.email())
		answer.TaskID = a.id
		return a.follow(ctx, answer)
	}
	return a.follow(ctx, question)
}

func (a *crashAsker) says(id, text string) *a2a.Message {
	return &a2a.Message{MessageID: id, Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart(text)}}
}

// passes waits a little before a call is made again whose answer was lost, and reports errors that
// are no such thing.
func (a *crashAsker) passes(ctx context.Context, err error) error {
	var unreachable *a2aclient.UnreachableError
	var answered *a2aclient.HTTPError
	lost := errors.As(err, &unreachable) || errors.Is(err, a2aclient.ErrCut) || a.c.form.pauses &&
		errors.Is(err, a2a.ErrInternal) ||
		errors.As(err, &answered) && answered.Status >= http.StatusInternalServerError
	if !lost {
		return err
	}
	a.mu.Lock()
	a.retries++
	a.mu.Unlock()
	select {
	case <-time.After(100 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no answer in time: %w", err)
	}
}

// send sends a message until an answer names its task.
func (a *crashAsker) send(
	ctx context.Context, m *a2a.Message, immediately bool,
) (a2a.TaskID, error) {
	for {
		event, err := a.c.client.SendMessage(ctx, &a2a.SendMessageRequest{
			Message: m, Configuration: &a2a.SendMessageConfiguration{ReturnImmediately: immediately},
		})
		if err == nil {
			task, ok := event.(*a2a.Task)
			if !ok {
				return "", fmt.Errorf("the answer is a %T", event)
			}
			a.named(task.ID)
			return task.ID, a.read(func(yield func(a2a.Event, error) bool) { yield(task, nil) })
		}
		if err := a.passes(ctx, err); err != nil {
			return "", err
		}
	}
}

// follow sends a message and reads until the task has ended or asks. When the first answer is lost,
// the message is sent again.
func (a *crashAsker) follow(ctx context.Context, m *a2a.Message) error {
	for {
		heard := false
		err := a.read(func(yield func(a2a.Event, error) bool) {
			for event, err := range a.c.client.Follow(ctx, &a2a.SendMessageRequest{Message: m}) {
				heard = heard || err == nil
				if !yield(event, err) {
					return
				}
			}
		})
		if err == nil || heard { // what is known is resumed by the client itself
			return err
		}
		if err := a.passes(ctx, err); err != nil {
			return err
		}
	}
}

// read keeps what is told.
func (a *crashAsker) read(events iter.Seq2[a2a.Event, error]) error {
	var told []a2a.Event
	var sum a2aclient.Assembler
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.streams = append(a.streams, told)
		if t := sum.Task(); t != nil && (a.final == nil || !a.final.Status.State.Terminal()) {
			a.final = t
		}
	}()
	for event, err := range events {
		if err != nil {
			return err
		}
		if task, ok := event.(*a2a.Task); ok {
			a.named(task.ID)
		}
		told = append(told, event)
		sum.Add(event)
	}
	return nil
}

// withdraw cancels the task, once it is known, and unless it has ended.
func (a *crashAsker) withdraw(ctx context.Context) {
	for ctx.Err() == nil {
		a.mu.Lock()
		id := a.id
		a.mu.Unlock()
		if id == "" {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		task, err := a.c.client.CancelTask(ctx, &a2a.CancelTaskRequest{ID: id})
		switch {
		case err == nil && task.Status.State == a2a.TaskStateCanceled:
			a.mu.Lock()
			a.withdrew = true
			a.mu.Unlock()
			return
		case err == nil:
			a.c.faultf("%s: canceled, it is %v", a, task.Status.State)
			return
		case errors.Is(err, a2a.ErrTaskNotCancelable):
			return
		}
		if err := a.passes(ctx, err); err != nil {
			a.c.faultf("%s: cannot be canceled: %v", a, err)
			return
		}
	}
}
