package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	lookAgain   = 50 * time.Millisecond // between two reads of a task
	joiners     = 50
	pairGap     = 15 * time.Millisecond
	afterEndGap = 200 * time.Millisecond
	patience    = expiry + 10*time.Second
)

// question is a question about one person, and what was seen of it.
type question struct {
	*run
	cell   *cell
	agent  *agent
	caller caller
	known  bool
	person string // k or u, and six digits

	mu    sync.Mutex
	forms []string
	times map[string]float64 // in seconds
	err   error
}

func (q *question) address() string { return q.person + "@staff0.com" }

// text is the question; the second form names the person by the employee number.
func (q *question) text(byNumber bool) string {
	if !byNumber {
		return "Does " + q.address() + " work at Staff0?"
	}
	number := "E8" + q.person[1:]
	if q.known {
		number = "E7" + q.person[1:]
	}
	return "Does the person with employee number " + number + " work at Staff0?"
}

func (q *question) note(name string, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.times[name] = d.Seconds()
}

func (q *question) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = errors.Join(q.err, err)
}

// keep takes the forms of a series of things seen, and when the wait was announced and ended.
func (q *question) keep(name string, sent time.Time, all []seen) {
	var forms []string
	var last seen
	for _, s := range all {
		if len(forms) == 0 || forms[len(forms)-1] != s.form {
			forms = append(forms, s.form)
		}
		if s.announced() && last.deadline.IsZero() {
			q.note(name+" announced", s.at.Sub(sent))
		}
		if s.over() && last.state != s.state && !s.deadline.IsZero() {
			q.note(name+" ended after the deadline", s.at.Sub(s.deadline))
		}
		last = s
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forms = append(q.forms, name+"\n"+strings.Join(forms, "\n"))
	if !last.over() {
		q.err = errors.Join(q.err, fmt.Errorf("%s: the last state is %q", name, last.state))
	}
}

// watch asks and follows the question to its end in the way of the cell. It calls announced, if
// that is not nil, when the caller learns of the wait.
func (q *question) watch(
	ctx context.Context, name string, m message, announced func(seen),
) (last seen) {
	sent := time.Now()
	var all []seen
	see := func(s seen) bool {
		if s.announced() && !last.announced() && announced != nil {
			announced(s)
		}
		last = s
		all = append(all, s)
		return !s.over()
	}
	var err error
	switch q.cell.way {
	case stream:
		req, fault := q.caller.send(ctx, m, true)
		err = q.events(req, fault, see)
	case blocking:
		var s seen
		if s, err = q.ask(q.caller.send(ctx, m, false)); err == nil {
			see(s)
		}
	case get, list:
		m.at = true
		var s seen
		s, err = q.ask(q.caller.send(ctx, m, false))
		for err == nil && see(s) {
			if s.state == "" {
				err = fmt.Errorf("an answer without a task: %.200s", s.form)
				break
			}
			if err = sleep(ctx, lookAgain); err != nil {
				break
			}
			if q.cell.way == get {
				s, err = q.ask(q.caller.call(ctx, "GetTask", map[string]any{"id": last.task}))
			} else {
				s, err = q.ask(q.caller.call(ctx, "ListTasks",
					map[string]any{"contextId": last.context}))
			}
		}
	case hook:
		m.at = true
		told, address, done := q.hooks.expect()
		defer done()
		m.hook = address
		var s seen
		if s, err = q.ask(q.caller.send(ctx, m, false)); err == nil {
			all = append(all, s)
		}
		for err == nil {
			select {
			case s = <-told:
			case <-ctx.Done():
				err = ctx.Err()
				continue
			}
			if !see(s) {
				break
			}
		}
	}
	if err != nil {
		q.fail(fmt.Errorf("%s: %w", name, err))
	}
	q.keep(name, sent, all)
	return last
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// message is a new one with the question's text.
func (q *question) message(byNumber bool) message {
	return message{id: rand.Text(), text: q.text(byNumber)}
}

// run does what the cell's asker does.
func (q *question) play(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var side sync.WaitGroup
	defer side.Wait()
	first := q.message(false)
	switch q.cell.situation {
	case pair, twoIDs:
		side.Go(func() {
			if sleep(ctx, pairGap) == nil {
				q.watch(ctx, "second", q.message(q.cell.situation == twoIDs), nil)
			}
		})
		q.watch(ctx, "first", first, nil)
	case fiftyFirst:
		for range joiners {
			m := q.message(false)
			m.at = true
			if _, err := q.ask(q.caller.send(ctx, m, false)); err != nil {
				q.fail(err)
				return
			}
		}
		q.watch(ctx, "51st", first, nil)
	case afterEnd:
		q.watch(ctx, "first", first, nil)
		if sleep(ctx, afterEndGap) == nil {
			again, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			q.watch(again, "again", q.message(false), nil)
		}
	case canceled, remarked, subscribed, repeated:
		q.watch(ctx, "question", first, func(s seen) {
			side.Go(func() {
				if sleep(ctx, q.cell.after) == nil {
					q.follow(ctx, s, first)
				}
			})
		})
	default:
		q.watch(ctx, "question", first, nil)
	}
}

// follow does what is to be done some time after the announcement, on a connection of its own.
func (q *question) follow(ctx context.Context, s seen, first message) {
	began := time.Now()
	took := func(got seen, err error) {
		if err != nil {
			q.fail(err)
			return
		}
		q.note("the answer to it", got.at.Sub(began))
		q.mu.Lock()
		defer q.mu.Unlock()
		q.forms = append(q.forms, "then\n"+got.form)
	}
	switch q.cell.situation {
	case canceled:
		took(q.ask(q.caller.call(ctx, "CancelTask", map[string]any{"id": s.task})))
	case remarked:
		took(q.ask(q.caller.send(ctx, message{id: rand.Text(), task: s.task, text: "Please hurry.",
			at: true}, false)))
	case subscribed:
		var all []seen
		req, err := q.caller.call(ctx, "SubscribeToTask", map[string]any{"id": s.task})
		err = q.events(req, err, func(s seen) bool {
			if len(all) == 0 {
				took(s, nil)
			}
			all = append(all, s)
			return !s.over()
		})
		if err != nil {
			q.fail(err)
		}
		q.keep("subscription", began, all)
	case repeated:
		m := first
		m.at = true
		if q.cell.n%2 == 0 {
			m.id = rand.Text() // an equal question, and not the same message
		}
		took(q.ask(q.caller.send(ctx, m, false)))
	}
}

// sorted is what was seen of a question, whatever came first of what is not ordered.
func (q *question) form() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	slices.Sort(q.forms)
	return strings.Join(q.forms, "\n\n")
}
