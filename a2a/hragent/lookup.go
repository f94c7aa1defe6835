package hragent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"staff0/llm"
)

// Bounds of one look-up. All of it is bounded by the room's time for asking, too.
const (
	lookUpTries     = 3
	lookUpFirstWait = 250 * time.Millisecond // then four times as long
	// whatever the directory asks for
	lookUpLongestWait = 5 * time.Second
)

// lookUp finds the person whom a question is about, for the waiting room.
func (a *Agent) lookUp(ctx context.Context, asker string, question []byte) (Person, error) {
	var who about
	if json.Unmarshal(question, &who) != nil {
		return Person{}, errors.New("what was asked cannot be read")
	}
	release, err := a.slots.take(ctx, asker)
	if err != nil {
		return Person{}, err
	}
	defer release()
	if who.Subject != "" {
		return a.find(ctx, llm.Subject, who.Subject)
	}
	if who.Email == "" {
		return a.find(ctx, llm.EmployeeNumber, who.Number)
	}
	p, err := a.find(ctx, llm.Email, who.Email)
	if err != nil || who.Number == "" {
		return p, err
	}
	// Number and address are one person only if the directory says so of both.
	other, err := a.find(ctx, llm.EmployeeNumber, who.Number)
	if err == nil && (p.Subject == "" || other.Subject != p.Subject) {
		err = &UnknownError{Reason: reasonTwoPeople}
	}
	return p, err
}

// find asks the directory, and again if it cannot be consulted.
func (a *Agent) find(
	ctx context.Context, kind llm.IdentifierKind, identifier string,
) (p Person, err error) {
	wait := lookUpFirstWait
	for try := 1; ; try++ {
		p, err = a.c.Directory.Find(ctx, kind, identifier)
		if _, unknown := errors.AsType[*UnknownError](err); err == nil || unknown ||
			try == lookUpTries {
			return p, err
		}
		pause := wait
		if busy, ok := errors.AsType[*busyError](err); ok {
			pause = max(wait, busy.after)
		}
		select {
		case <-time.After(pause):
			wait *= 4
		case <-ctx.Done():
			return p, err
		}
	}
}
