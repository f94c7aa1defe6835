package hragent

import (
	"context"
	"time"

	"staff0/a2a"
)

// promptMemory is how long the outcome of a prompt is known after the last of its tasks has ended, to a task that has joined it in that moment.
const promptMemory = 10 * time.Second

// prompt is one request at the provider. Several tasks may wait for it, when they ask the same: one of them polls for all. When that one is
// canceled, another one goes on.
type prompt struct {
	members []*approval
	poller  *approval
	result  any // a signal, once the provider has decided
}

// attach adds an entry to the prompt of its auth_req_id. The lock is held.
func (a *approvals) attach(e *approval) {
	p := a.prompts[e.authReqID]
	if p == nil {
		p = new(prompt)
		a.prompts[e.authReqID] = p
	}
	p.members = append(p.members, e)
	e.prompt, e.result = p, p.result
	if p.poller == nil && p.result == nil {
		p.poller = e
	}
}

// polls reports whether it is this entry that polls.
func (e *approval) polls() bool {
	return e.prompt != nil && e.prompt.poller == e && time.Now().Before(e.pace.Expiry)
}

// detach takes an entry out of its prompt. If it has polled, another one takes over where it stood, with the poll that may be in flight; without
// another one that poll is given up, for an approval that comes now is of no use to anybody. The lock is held.
func (a *approvals) detach(e *approval) {
	p := e.prompt
	if p == nil {
		return
	}
	e.prompt = nil
	for i, m := range p.members {
		if m == e {
			p.members = append(p.members[:i], p.members[i+1:]...)
			break
		}
	}
	id := e.authReqID
	switch {
	case p.poller == e && len(p.members) > 0:
		next := p.members[0]
		p.poller = next
		next.pace, next.pollAt, next.cancel = e.pace, e.pollAt, e.cancel
		a.schedule(next)
	case p.poller == e && e.cancel != nil:
		e.cancel()
	}
	e.pollAt, e.cancel = time.Time{}, nil
	a.polls.drop(e)
	if len(p.members) > 0 {
		return
	}
	p.poller = nil
	if p.result == nil {
		delete(a.prompts, id)
		return
	}
	time.AfterFunc(promptMemory, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.prompts[id] == p && len(p.members) == 0 {
			delete(a.prompts, id)
		}
	})
}

// decide hands the outcome of a prompt to all that wait for it. The lock is held.
func (a *approvals) decide(p *prompt, result any) {
	p.result = result
	for _, e := range p.members {
		e.result = result
		a.polls.drop(e)
		a.schedule(e)
	}
}

// first polls for a request that was just acknowledged, in the turn that has made it: most of the work of a question that is approved at once is
// then done where it stands. It returns the signal to go on with, or nil when there is none yet; the task is then to be parked. In either case
// leave must follow when the turn is over.
func (a *approvals) first(ctx context.Context, id a2a.TaskID, r request) (signal any, leave func()) {
	a.mu.Lock()
	now := time.Now()
	if a.rate > 0 || now.Before(a.paused) || a.inFlight >= maxPollsInFlight || a.draining || a.entries[id] != nil {
		a.mu.Unlock()
		return nil, func() {}
	}
	e := a.enter(id, r, now)
	e.turning = true
	if e.polls() {
		polling, cancel := context.WithCancel(ctx)
		e.cancel = cancel
		a.inFlight++
		a.mu.Unlock()
		a.poll(polling, e)
		a.mu.Lock()
	}
	defer a.mu.Unlock()
	signal, e.result = e.result, nil
	e.turning = signal != nil
	return signal, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if signal != nil && !e.gone {
			a.forget(e)
		}
	}
}
