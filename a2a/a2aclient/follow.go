package a2aclient

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"reflect"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// The pace of coming back to a task: twice as long from time to time, until something new is read
// or a stream has lasted for a while.
const (
	followFirstWait = 500 * time.Millisecond
	followMaxWait   = 10 * time.Second
)

// Follow sends a message and yields all that comes of it until the task has ended or asks for
// input, whatever happens to connections: once the task is known, a cut stream is resumed by
// subscribing, and an agent that does not stream is asked again and again. A *a2a.Task among the
// events replaces what came before it (§3.1.6); an Assembler puts them together. An error is the
// last element, and the only one.
//
// How long to try is for ctx to say. A message that is answered 429 or 502 is sent again for as
// long as the client is patient: it has the same id, by which an agent knows it, should a gateway
// have lost only the answer. If a connection breaks before the first answer the message is not sent
// again, for nobody knows whether the agent has it.
func (c *Client) Follow(
	ctx context.Context, req *a2a.SendMessageRequest,
) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		left := newAllowance()
		events := c.sendStreaming(ctx, req, left)
		if !c.streams() {
			// The sooner the task is known, the less can be lost.
			events = once(func() (a2a.Event, error) { return c.SendMessage(ctx, immediate(req)) })
		}
		events = unlessBusy(ctx, c.patience, events)
		// A task that the message continues is not known before the agent has answered: to watch it
		// then would pass off the state before the message as what came of it.
		var seen thread
		f := follower{client: c, poll: !c.streams(), yield: yield, left: left}
		for event, err := range events {
			if err != nil {
				unreadable := errors.Is(err, a2a.ErrInvalidAgentResponse)
				if seen.id == "" || ctx.Err() != nil || !temporary(err) && !unreadable {
					yield(nil, err)
					return
				}
				f.poll = f.poll || unreadable
				break
			}
			seen.add(event)
			f.last, _ = event.(*a2a.Task)
			if !yield(event, nil) || seen.over() {
				return
			}
		}
		f.id = seen.id
		f.run(ctx)
	}
}

// unlessBusy is a sequence that is begun again while its first element is an error that says so.
func unlessBusy(
	ctx context.Context, patience time.Duration, events iter.Seq2[a2a.Event, error],
) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		p := newPace(patience)
		for {
			var again error
			begun := false
			for event, err := range events {
				if !begun && busy(err) && !p.over() {
					again = err
					break
				}
				begun = true
				if !yield(event, err) {
					return
				}
			}
			if again == nil {
				return
			}
			if err := p.pause(ctx, again); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// immediate is the request with the wish to be answered before the work is done (§3.2.2).
func immediate(req *a2a.SendMessageRequest) *a2a.SendMessageRequest {
	r := *req
	var configuration a2a.SendMessageConfiguration
	if r.Configuration != nil {
		configuration = *r.Configuration
	}
	configuration.ReturnImmediately = true
	r.Configuration = &configuration
	return &r
}

// Watch yields a task as it is and what comes of it, in the way of Follow.
func (c *Client) Watch(ctx context.Context, id a2a.TaskID) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		f := follower{client: c, id: id, poll: !c.streams(), yield: yield, left: newAllowance()}
		f.run(ctx)
	}
}

// follower comes back to one task until it is over.
type follower struct {
	client *Client
	id     a2a.TaskID
	poll   bool      // read the task, for it cannot be subscribed to
	last   *a2a.Task // what the reader knows, if it was told a whole task
	yield  func(a2a.Event, error) bool
	left   *allowance // of all streams together
}

// run gives up when ctx ends, and on answers that will not change.
func (f *follower) run(ctx context.Context) {
	wait := followFirstWait
	asked := time.Duration(0) // by Retry-After
	// what was told a moment ago need not be read at once
	for again := f.poll && f.last != nil; ; again = true {
		if again {
			if err := sleep(ctx, max(spread(wait), asked)); err != nil {
				f.yield(nil, err)
				return
			}
			wait = min(2*wait, followMaxWait)
		}
		began := time.Now()
		news, done, err := f.visit(ctx)
		asked = retryAfter(err)
		switch {
		case done:
			return
		case err != nil && !temporary(err):
			f.yield(nil, err)
			return
		case news && (f.poll || time.Since(began) >= followMaxWait):
			// not for streams that end as soon as they have begun, whatever they tell
			wait = followFirstWait
		}
	}
}

// spread keeps clients that were cut at one moment from coming back at one moment.
func spread(d time.Duration) time.Duration { return d - rand.N(d/4) }

// visit subscribes once, or reads once. Done says that nothing more is to come, or that the reader
// has had enough; news, that the agent had something to tell.
func (f *follower) visit(ctx context.Context) (news, done bool, err error) {
	if f.poll {
		return f.read(ctx, new(int32))
	}
	if f.client.way().dialect == wire.V03 {
		// A subscription of 0.3 need not begin with the task, and what was said before it, such as
		// where to approve, would never be told.
		if news, done, err := f.read(ctx, nil); done || err != nil {
			return news, done, err
		}
	}
	seen := thread{id: f.id}
	whole, heard := false, 0
	for event, err := range f.client.subscribe(ctx, &a2a.SubscribeToTaskRequest{ID: f.id}, f.left) {
		switch {
		case err == nil:
		case temporary(err) || !ofTask(err) || ctx.Err() != nil:
			// the first event tells where the task is, not that it moves
			return heard > 1, false, err
		default:
			// It has ended (§3.1.6), or this agent has its own reasons; those of 0.3 have many
			// words for either. Reading it tells.
			f.poll = true
			return f.read(ctx, nil)
		}
		if heard++; heard == 1 {
			_, whole = event.(*a2a.Task)
		}
		f.last = nil
		seen.add(event)
		if seen.over() && !whole {
			// what was told between the streams is lost, and part of the result may be among it
			return f.read(ctx, nil)
		}
		if !f.yield(event, nil) || seen.over() {
			return true, true, nil
		}
	}
	return heard > 1, false, ErrCut
}

// read reads the task and tells it if there is something new. The history, of which only so much is
// read, counts when there is nothing more to come: then the task is read whole.
func (f *follower) read(ctx context.Context, history *int32) (news, done bool, err error) {
	task, err := f.client.GetTask(ctx, &a2a.GetTaskRequest{ID: f.id, HistoryLength: history})
	if err == nil && history != nil && settled(task) {
		task, err = f.client.GetTask(ctx, &a2a.GetTaskRequest{ID: f.id})
	}
	switch {
	case err != nil:
		return false, false, err
	case settled(task):
		f.yield(task, nil)
		return true, true, nil
	case f.last != nil && same(f.last, task):
		return false, false, nil
	}
	news, f.last = f.last != nil, task
	return news, !f.yield(task, nil), nil
}

func settled(t *a2a.Task) bool {
	seen := thread{id: t.ID, state: t.Status.State}
	return seen.over()
}

// same compares what reading tells of a task.
func same(a, b *a2a.Task) bool {
	return reflect.DeepEqual(a.Status, b.Status) && reflect.DeepEqual(a.Artifacts, b.Artifacts) &&
		reflect.DeepEqual(a.Metadata, b.Metadata)
}
