package consent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

// firstPause is before the first repetition of a CIBA request that has certainly reached nobody;
// then twice as long.
const firstPause = 500 * time.Millisecond

// startDrive brings a request on, phase by phase, until it is polled or settled. The lock is held.
func (r *Room) startDrive(w *waiting) {
	if r.work == nil || r.draining || w.settled != nil {
		return
	}
	ctx, stop := context.WithCancelCause(r.work)
	w.stop, w.driveAt = stop, time.Time{}
	r.driving++
	r.group.Go(func() {
		err := r.drive(ctx, w)
		stop(nil)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.driving--
		w.stop, w.asking = nil, false
		if w.settled == nil && err != nil {
			now := time.Now()
			w.driveAt = now.Add(again)
			if errors.Is(err, errNobody) {
				w.driveAt = now // whoever joins goes on
			}
		}
		r.schedule(w)
		if r.draining {
			r.poke()
		}
	})
}

// drive does the next steps of a request. An error says that they are to be tried again, from what
// is kept.
func (r *Room) drive(ctx context.Context, w *waiting) error {
	for {
		if w.unread {
			if err := r.read(ctx, w); err != nil {
				return err
			}
		}
		var err error
		switch w.q.Phase {
		case Announced:
			err = r.ask(ctx, w)
		case Asking:
			err = r.acknowledge(ctx, w)
		default:
			return nil
		}
		if !errors.Is(err, ErrMoved) && !errors.Is(err, ErrGone) {
			return err
		}
		w.unread = true
	}
}

// read takes in what is kept of a request: after a restart, or when it is not what this process
// believed.
func (r *Room) read(ctx context.Context, w *waiting) error {
	select {
	case r.reading <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	kept, err := r.keeper.Hold(ctx, w.id.key)
	<-r.reading
	var q *Request
	if err == nil {
		q, err = ReadRequest(kept.Value)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && kept == nil && !errors.Is(err, ErrGone):
		r.c.Log.Warn("a request cannot be read; trying again", "error", err)
		return err
	case err != nil, q.Code != w.id.code:
		w.unread, w.kept = false, false
		r.pretend(w, Silent, ReasonGone)
		w.q.Phase = Waiting
		return nil
	}
	w.unread, w.kept, w.q, w.stored, w.revision = false, true, *q, kept.Value, kept.Revision
	switch {
	case q.Phase == Over && q.Result != nil:
		r.settle(w, &Signal{Outcome: Ended, Reason: q.Reason, Result: q.Result})
	case q.Phase == Waiting:
		w.resumed = q.Process != r.process
		r.wait(w, now)
	}
	return nil
}

// ask finds the person and, once the claim on them is kept with the word that a prompt is being
// sent, prompts them.
func (r *Room) ask(ctx context.Context, w *waiting) error {
	begun := time.Now()
	limit := begun.Add(w.q.limit())
	person, outcome, reason, err := r.find(ctx, w, limit)
	if err != nil {
		return err
	}
	r.mu.Lock()
	switch {
	case outcome == Failed:
		r.settle(w, &Signal{Outcome: Failed, Reason: reason})
	case outcome != 0:
		r.pretend(w, outcome, reason)
	}
	if w.settled != nil {
		r.mu.Unlock()
		return nil
	}
	next := w.q
	r.mu.Unlock()

	next.Phase, next.Process = Asking, r.process
	next.Subject, next.Email, next.Address = person.Subject, person.Email, person.Address
	next.Person = PersonKey(next.Asker, person.Subject, person.Email)
	if outcome != 0 { // the same is kept of a prompt that nobody gets
		next.Person = nobody(w.id.key)
	}
	err = r.keep(ctx, w, next, Claim{Kind: Take, Key: next.Person, Value: next.holder(w.id.key),
		Until: next.Deadline})
	if errors.Is(err, ErrHeld) {
		r.mu.Lock()
		r.pretend(w, Silent, ReasonBusy)
		r.mu.Unlock()
		outcome, next.Reason, next.Person = Silent, ReasonBusy, nobody(w.id.key)
		err = r.keep(ctx, w, next, Claim{Kind: Take, Key: next.Person, Value: next.holder(w.id.key),
			Until: next.Deadline})
	}
	if err != nil {
		return err
	}
	if outcome != 0 {
		return r.acknowledge(ctx, w)
	}
	return r.prompt(ctx, w, person, limit)
}

// nobody is the key of a claim that no other request wants.
func nobody(key Key) Key { return NewKey("nobody", string(key[:])) }

// find looks the person up. An outcome says that they are not asked; an error, that the looking-up
// was broken off.
func (r *Room) find(
	ctx context.Context, w *waiting, limit time.Time,
) (p Person, o Outcome, reason string, err error) {
	if !r.timeLeft(w) {
		return p, Silent, ReasonLate, nil
	}
	looking, cancel := context.WithDeadlineCause(ctx, limit, errTooLate)
	defer cancel()
	p, err = r.c.LookUp(looking, w.q.Asker, w.q.About)
	unknown, isUnknown := errors.AsType[*UnknownError](err)
	switch {
	case ctx.Err() != nil: // nobody was asked yet
		return p, 0, "", context.Cause(ctx)
	case isUnknown:
		return p, Unknown, unknown.Reason, nil
	case err != nil:
		r.alarm(w, "the directory cannot be consulted", ReasonDirectory, err)
		return p, Failed, ReasonDirectory, nil
	case !r.timeLeft(w):
		return p, Silent, ReasonLate, nil
	case !r.waker.Alive():
		return p, 0, "", errors.New("the agent may have been taken for dead")
	}
	return p, 0, "", nil
}

func (r *Room) timeLeft(w *waiting) bool {
	return time.Until(w.due) >= w.q.least()
}

// pretend has a request run out, or ends it at once if the policy says so. The lock is held.
func (r *Room) pretend(w *waiting, o Outcome, reason string) {
	w.q.Reason = reason
	w.q.AuthReqID, w.pollAt, w.acked = "", time.Time{}, nil
	r.polls.drop(w)
	if o != Broken {
		r.eachTask(w, func(task string) {
			r.c.Log.Info("nobody is asked", "task", task, "reason", reason)
		})
	}
	if o != Silent && r.c.Policy.tells(o) {
		r.settle(w, &Signal{Outcome: o, Reason: reason})
	}
}

// keep stores the next phase of a request, if what is kept of it is still what this process
// believes.
func (r *Room) keep(ctx context.Context, w *waiting, next Request, more ...Claim) error {
	value := next.encode()
	next.opened = nil
	claims := append([]Claim{{Kind: Put, Key: w.id.key, Value: value, Until: next.Deadline,
		Revision: w.revision}}, more...)
	if w.kept {
		if err := r.keeper.Amend(ctx, claims); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.q, w.stored = next, value
	w.revision++
	return nil
}

// prompt asks the person. Once sent, the request is seen through, whoever cancels or stops
// meanwhile.
func (r *Room) prompt(ctx context.Context, w *waiting, person Person, limit time.Time) error {
	r.mu.Lock()
	work := r.work
	if w.asking = w.settled == nil; !w.asking {
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	asking, cancel := context.WithDeadlineCause(work, limit, errTooLate)
	defer cancel()
	ack, err := r.authenticate(asking, w, person)

	r.mu.Lock()
	reason := ReasonProvider
	r.judgeProvider(err, time.Now())
	switch {
	case err == nil:
		w.acked = ack
	case errors.Is(err, ciba.ErrUnknownUser):
		r.pretend(w, Unknown, reasonUnknownUser)
	case errors.Is(err, ciba.ErrAccessDenied):
		r.pretend(w, Unknown, reasonRefusedUser)
	case errors.Is(err, ciba.ErrNoDevice):
		r.pretend(w, Unknown, reasonNoDevice)
	case work.Err() != nil:
		r.mu.Unlock()
		return err // the agent has stopped: it is in doubt
	case !person.Found && notConnected(err):
		r.alarmLocked(w, "the provider cannot be reached", reason, err)
		r.settle(w, &Signal{Outcome: Failed, Reason: reason})
	default:
		r.alarmLocked(w, "the provider did not ask the person", reason, err)
		o := Broken
		if !person.Found {
			o = Unknown // nobody has said that there is such a person
		}
		r.pretend(w, o, reason)
	}
	r.mu.Unlock()
	return r.acknowledge(context.WithoutCancel(ctx), w)
}

// authenticate sends the CIBA request, and again only if it is certain that nobody was asked.
func (r *Room) authenticate(
	ctx context.Context, w *waiting, person Person,
) (*ciba.Acknowledgement, error) {
	scope := "openid " + r.c.Scope
	if person.Subject == "" {
		scope += " email" // the address in the ID token is then all that says who has approved
	}
	pause := firstPause
	for {
		left := time.Until(w.due).Truncate(time.Second)
		ack, err := r.c.Asker.Authenticate(ctx, &ciba.AuthenticationRequest{
			Scope: scope, LoginHint: person.LoginHint, RequestedExpiry: max(left, time.Second),
			BindingMessage: r.c.Provider.BindingMessage(w.q.Asker, r.c.Purpose, w.q.Code),
		})
		if err == nil {
			r.shorterThan(left, ack)
			return ack, nil
		}
		after, again := sendAgain(err)
		if !again {
			return nil, err
		}
		wait := time.NewTimer(max(pause, after))
		select {
		case <-wait.C:
			pause *= 2
		case <-ctx.Done():
			wait.Stop()
			return nil, err
		}
		if !r.timeLeft(w) {
			return nil, err
		}
	}
}

// shorterThan tells the operator, once, of a provider that gives less time than it is asked for.
func (r *Room) shorterThan(asked time.Duration, ack *ciba.Acknowledgement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ack.ExpiresIn < asked && !r.shorter {
		r.shorter = true
		r.c.Log.Warn("the provider gives a person less time than it was asked for", "asked", asked,
			"given", ack.ExpiresIn)
	}
}

// sendAgain reports whether it is certain that nobody was asked, so that the request may be sent
// again after a time.
func sendAgain(err error) (after time.Duration, ok bool) {
	if notConnected(err) {
		return 0, true
	}
	refused, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		return 0, false
	}
	return refused.RetryAfter, refused.Status == http.StatusTooManyRequests ||
		refused.Status == http.StatusServiceUnavailable && refused.RetryAfter > 0
}

// notConnected reports whether not even a connection was made.
func notConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	// "proxyconnect" is the way to a proxy, before it has been told anything
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}

// acknowledge keeps what came of the prompt, or that nothing will. A request whose prompt another
// process has sent, or was about to, is looked at once more after the time that it may have taken.
func (r *Room) acknowledge(ctx context.Context, w *waiting) error {
	r.mu.Lock()
	settled, next, ack := w.settled != nil, w.q, w.acked
	switch {
	case settled:
		r.mu.Unlock()
		return nil
	case ack == nil && next.Reason == "" && next.Process != r.process && !w.looked:
		w.looked = true
		w.unread, w.driveAt = true, time.Now().Add(next.limit())
		r.mu.Unlock()
		return nil
	case ack == nil && next.Reason == "":
		r.alarmLocked(w, "a prompt is in doubt, and nobody is prompted again", ReasonInDoubt, nil)
		r.pretend(w, Broken, ReasonInDoubt)
		next = w.q
	}
	r.mu.Unlock()
	next.Phase, next.Process = Waiting, r.process
	if ack != nil {
		next.AuthReqID, next.Interval, next.Expires = ack.AuthReqID, ack.Interval,
			ack.ExpiresAt.UTC()
		if len(next.encode()) > maxKept {
			r.alarm(w, "the provider's auth_req_id is too long", ReasonProvider, nil)
			next.AuthReqID, next.Reason = "", ReasonProvider
		}
	}
	if err := r.keep(ctx, w, next); err != nil {
		return err
	}
	r.mu.Lock()
	w.acked = nil
	w.resumed = false
	if ack != nil {
		w.q.Expires = ack.ExpiresAt // by the clock that nobody sets
	}
	r.wait(w, time.Now())
	poll := w.mayPoll() && r.mayPollNow()
	if poll {
		r.beginPoll(w)
	}
	r.mu.Unlock()
	if poll {
		r.poll(w)
	}
	return nil
}

// maxKept bounds what is kept of a request, in bytes.
const maxKept = 12 << 10

// tidy takes what nobody will ask for any more out of what is kept of a request that nobody has
// waited for. The same is kept of a pretended one. The lock is held.
func (r *Room) tidy(w *waiting) {
	w.tidied = true
	next := w.q
	next.AuthReqID, next.Subject, next.Email, next.Address = "", "", "", ""
	r.keepAside(w, next)
}

// note keeps why a request will end like silence: whoever takes it over does not poll in vain for
// what has gone, and the operator reads the reason. The lock is held.
func (r *Room) note(w *waiting) {
	if w.settled == nil && w.q.Reason != "" {
		next := w.q
		next.AuthReqID = ""
		r.keepAside(w, next)
	}
}

// keepAside keeps a change that nothing waits for. The lock is held.
func (r *Room) keepAside(w *waiting, next Request) {
	if r.work == nil {
		return
	}
	ctx := r.work
	r.driving++
	r.group.Go(func() {
		if err := r.keep(ctx, w, next); err != nil {
			r.c.Log.Info("what is kept of a request stays as it was until it is over",
				"error", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.driving--
		if r.draining {
			r.poke()
		}
	})
}

// alarm is for what no person has caused.
func (r *Room) alarm(w *waiting, what, reason string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alarmLocked(w, what, reason, err)
}

func (r *Room) alarmLocked(w *waiting, what, reason string, err error) {
	r.eachTask(w, func(task string) {
		if err == nil {
			r.c.Log.Error(what, "task", task, "reason", reason)
			return
		}
		r.c.Log.Error(what, "task", task, "reason", reason, "error", Plain(err),
			"said", words(err, w.q.marks()))
	})
}

// eachTask calls f for all that take part, or once without a task. The lock is held.
func (r *Room) eachTask(w *waiting, f func(task string)) {
	for _, m := range w.members {
		f(m.task)
	}
	if len(w.members) == 0 {
		f("")
	}
}
