//go:build unix

package cmd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"staff0/a2a"
	reasons "staff0/a2a/consent"
	"staff0/a2a/hragent"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/postgres"
)

const (
	crashOwner    = tasks.Owner("bank")
	crashInterval = time.Second // of the provider
	// crashPoll is the time in which an agent that has just started certainly asks once how a
	// prompt stands: two of the provider's intervals, and slack.
	crashPoll = 2*crashInterval + time.Second
	// crashTakeover is the time in which, of two agents, one certainly asks once, if neither ends
	// in it: it takes the other's tasks over, and polls.
	crashTakeover = postgres.DefaultLease + crashPoll
	// crashLook bounds the unfinished tasks that are read after an end.
	crashLook = 200
	// crashFlight is the time in which the provider takes what an agent had sent before it ended:
	// far less than until another one takes its tasks over.
	crashFlight = time.Second
)

// crashReading is the log of a task as it was at some time.
type crashReading struct {
	entries int
	sum     [sha256.Size]byte
	ended   bool
}

func readLog(entries []tasks.Entry) crashReading {
	h := sha256.New()
	for _, e := range entries {
		h.Write(fmt.Appendf(nil, "%d ", e.Seq))
		h.Write(a2a.AppendEvent(nil, e.Event))
	}
	r := crashReading{entries: len(entries)}
	h.Sum(r.sum[:0])
	if n := len(entries); n > 0 {
		r.ended = stateAfter(entries[n-1].Event).Terminal()
	}
	return r
}

// stateAfter is the state that an event leaves, unspecified if it leaves it as it was.
func stateAfter(event a2a.Event) a2a.TaskState {
	switch e := event.(type) {
	case *a2a.Task:
		return e.Status.State
	case *a2a.TaskStatusUpdateEvent:
		return e.Status.State
	}
	return a2a.TaskStateUnspecified
}

// readStore looks into the store after an agent has ended. No task that an answer has named may be
// missing, and what was read of a task before must still be so.
func (c *crash) readStore() {
	ctx, cancel := context.WithTimeout(context.Background(), crashPatience)
	defer cancel()
	c.mu.Lock()
	known := slices.Collect(maps.Keys(c.known))
	c.mu.Unlock()
	store, err := c.openStore(ctx)
	if err != nil {
		c.faultf("the store cannot be opened: %v", err)
		return
	}
	defer store.Close()
	looked := 0
	for _, id := range known { // in no order
		if c.readings[id].ended {
			continue // read again in the end
		}
		if looked++; looked > crashLook {
			break
		}
		entries, err := store.Events(ctx, id, 0)
		if err != nil || len(entries) == 0 {
			c.faultf("task %s was acknowledged, and cannot be read: %v", id, err)
			continue
		}
		c.compare(id, entries)
	}
}

// compare demands that a log has only grown since it was last read.
func (c *crash) compare(id a2a.TaskID, entries []tasks.Entry) {
	before := c.readings[id]
	if before.entries > len(entries) || before.entries > 0 &&
		readLog(entries[:before.entries]).sum != before.sum {
		c.faultf("the events of task %s have changed between two readings", id)
	}
	now := readLog(entries)
	if before.ended && now.entries != before.entries {
		c.faultf("task %s had ended, and has changed", id)
	}
	c.readings[id] = now
}

// list gives all tasks in a state, or in any.
func (c *crash) list(
	ctx context.Context, store tasks.Store, state a2a.TaskState,
) func(func(*tasks.Record) bool) {
	return func(yield func(*tasks.Record) bool) {
		q := tasks.Query{Owner: crashOwner, State: state, Limit: a2a.MaxPageSize}
		for {
			page, err := store.List(ctx, q)
			if err != nil {
				c.faultf("the tasks cannot be listed: %v", err)
				return
			}
			for _, rec := range page.Records {
				if !yield(rec) {
					return
				}
			}
			if len(page.Records) < q.Limit {
				return
			}
			last := page.Records[len(page.Records)-1].Task
			q.After = tasks.Position{Timestamp: last.Status.Timestamp, ID: last.ID}
		}
	}
}

// crashTask is what the store holds of one question in the end.
type crashTask struct {
	*tasks.Record
	entries []tasks.Entry
}

// crashTally counts what a run has seen.
type crashTally struct {
	answers       map[string]int
	prompts       int
	lost, missed  int
	streams, cuts int
	retries       int
}

// checkAll looks at everything once all askers have gone.
func (c *crash) checkAll() {
	ctx, cancel := context.WithTimeout(context.Background(), crashPatience)
	defer cancel()
	store, err := c.openStore(ctx)
	if err != nil {
		c.faultf("the store cannot be opened: %v", err)
		return
	}
	defer store.Close()
	stored := map[string]*crashTask{} // by the id of the first message
	for rec := range c.list(ctx, store, a2a.TaskStateUnspecified) {
		full, err := store.Get(ctx, rec.Task.ID)
		if err != nil {
			c.faultf("task %s is listed, and cannot be read: %v", rec.Task.ID, err)
			continue
		}
		entries, err := store.Events(ctx, rec.Task.ID, 0)
		if err != nil {
			c.faultf("the events of task %s cannot be read: %v", rec.Task.ID, err)
			continue
		}
		message := full.Task.History[0].MessageID
		if stored[message] != nil {
			c.faultf("message %s has made two tasks: %s and %s", message, stored[message].Task.ID,
				full.Task.ID)
		}
		stored[message] = &crashTask{full, entries}
	}
	prompts := map[string][]*crashPrompt{}
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	for _, err := range c.phone.failed {
		c.faultf("phone: %v", err)
	}
	for _, p := range c.phone.order {
		prompts[p.Email] = append(prompts[p.Email], p)
	}
	c.checkPhone()
	c.tally = crashTally{answers: map[string]int{}, prompts: len(c.phone.order)}
	for _, a := range c.askers {
		task := stored[a.message]
		switch {
		case task == nil && a.id != "":
			c.faultf("%s: the task is lost", a)
		case task == nil: // it has said why
		case a.done:
			c.checkLog(a, task)
			c.checkStreams(a, task)
			c.checkPrompts(a, task, prompts[a.email()])
			c.checkAnswer(a, task, prompts[a.email()])
		}
	}
}

// checkPhone demands that no prompt has escaped us: the provider logs each.
func (c *crash) checkPhone() {
	log, err := os.ReadFile(filepath.Join(c.dir, "idp.err"))
	if err != nil {
		c.faultf("the provider's log: %v", err)
	}
	if n := strings.Count(string(log), "approval requested"); n != len(c.phone.order) {
		c.faultf("the provider has rung %d times, and %d were seen", n, len(c.phone.order))
	}
}

// crashTable is the table of states: what may come after what.
var crashTable = map[a2a.TaskState][]a2a.TaskState{
	a2a.TaskStateSubmitted: {a2a.TaskStateWorking},
	a2a.TaskStateWorking: {a2a.TaskStateWorking, a2a.TaskStateAuthRequired,
		a2a.TaskStateInputRequired, a2a.TaskStateCompleted, a2a.TaskStateFailed,
		a2a.TaskStateRejected, a2a.TaskStateCanceled},
	a2a.TaskStateAuthRequired: {a2a.TaskStateWorking, a2a.TaskStateFailed, a2a.TaskStateRejected,
		a2a.TaskStateCanceled},
	a2a.TaskStateInputRequired: {a2a.TaskStateWorking, a2a.TaskStateCanceled},
}

// checkLog looks at the stored events of a task.
func (c *crash) checkLog(a *crashAsker, t *crashTask) {
	c.compare(t.Task.ID, t.entries)
	state := a2a.TaskStateUnspecified
	said := map[string]int{}
	for i, e := range t.entries {
		if e.Seq != tasks.Seq(i+1) {
			c.faultf("%s: event %d has number %d", a, i+1, e.Seq)
		}
		if m, ok := e.Event.(*a2a.Message); ok {
			said[m.MessageID]++
		}
		next := stateAfter(e.Event)
		if next == a2a.TaskStateUnspecified {
			continue
		}
		if state != a2a.TaskStateUnspecified && !slices.Contains(crashTable[state], next) {
			c.faultf("%s: %v has followed %v", a, next, state)
		}
		state = next
	}
	if !state.Terminal() {
		c.faultf("%s: has not ended: %v", a, state)
	}
	for id, n := range said {
		if n > 1 {
			c.faultf("%s: message %s was added %d times", a, id, n)
		}
	}
}

// checkStreams demands that what was told is what is stored: the task as it was at one moment, and
// after it every event exactly once.
func (c *crash) checkStreams(a *crashAsker, t *crashTask) {
	sums := make([]string, len(t.entries)+1) // the task after so many entries
	var sum *a2a.Task
	for i, e := range t.entries {
		if sum == nil {
			sum, _ = e.Event.(*a2a.Task)
		} else {
			sum = sum.Apply(e.Event)
		}
		sums[i+1] = string(sum.AppendJSON(nil))
	}
	last := len(t.entries)
	if sums[last] != string(t.Task.AppendJSON(nil)) {
		c.faultf("%s: the stored task is not the sum of its events", a)
	}
	if string(a.final.AppendJSON(nil)) != sums[last] {
		c.faultf("%s: ended for its asker as %s, and is %s", a, a.final.AppendJSON(nil), sums[last])
	}
	c.tally.retries += a.retries
	for _, told := range a.streams {
		at := 0
		for i, event := range told {
			if task, ok := event.(*a2a.Task); ok {
				c.tally.streams++
				if i > 0 {
					c.tally.cuts++
				}
				found := slices.Index(sums[at:], string(task.AppendJSON(nil)))
				if found < 0 {
					c.faultf("%s: was told to be %s, which it never was after entry %d", a,
						task.AppendJSON(nil), at)
					return
				}
				at += found
				continue
			}
			for at < last && isCallersMessage(t.entries[at].Event) {
				at++
			}
			if at == last ||
				string(a2a.AppendEvent(nil, t.entries[at].Event)) != string(
					a2a.AppendEvent(nil, event)) {
				c.faultf("%s: event %d of a stream is not entry %d of the log: %s", a, i, at+1,
					a2a.AppendEvent(nil, event))
				return
			}
			at++
		}
	}
}

func isCallersMessage(event a2a.Event) bool {
	_, ok := event.(*a2a.Message)
	return ok
}

// checkPrompts demands that a person was prompted once, whatever became of the agents. Nobody was,
// if an agent was ended in the moment of asking: the task then says so.
func (c *crash) checkPrompts(a *crashAsker, t *crashTask, prompted []*crashPrompt) {
	if len(prompted) == 0 && a.exists && !a.withdrew && !c.unasked(a, t) {
		c.faultf("%s: nobody was prompted", a)
	}
	for i := 1; i < len(prompted); i++ {
		first, second := prompted[i-1], prompted[i]
		if a.twin && (first.ExpiresAt.Before(second.RequestedAt) || !first.decided.IsZero() &&
			first.decided.Before(second.RequestedAt)) {
			continue // a question that came too late to join
		}
		c.faultf("%s: prompted at %v and again at %v%s", a, first.RequestedAt, second.RequestedAt,
			c.endsAround(first.RequestedAt, second.RequestedAt))
	}
}

// unasked reports whether a task has ended without a prompt because agents ended: in the moment of
// asking, or for so long that there was too little time left, or that the directory could not be
// asked in its time.
func (c *crash) unasked(a *crashAsker, t *crashTask) bool {
	began, ended := t.Created, t.Task.Status.Timestamp
	return slices.Contains([]string{reasons.ReasonInDoubt, reasons.ReasonLate,
		reasons.ReasonDirectory, reasons.ReasonUnavailable}, c.reason(a, t)) &&
		slices.ContainsFunc(c.ends, func(e crashEnd) bool {
			return e.at.After(began.Add(-crashTakeover)) && e.at.Before(ended)
		})
}

// reason is what the operator is told of a task.
func (c *crash) reason(a *crashAsker, t *crashTask) string {
	note, err := hragent.ReadNote(c.Context(), nil, t.Checkpoint)
	if err != nil {
		c.faultf("%s: %v", a, err)
	}
	return note.Reason
}

// endsAround tells which agents ended from a second before a prompt until the next one.
func (c *crash) endsAround(first, second time.Time) string {
	var b strings.Builder
	for _, e := range c.ends {
		if e.at.After(first.Add(-time.Second)) && e.at.Before(second) {
			fmt.Fprintf(&b, "; %s ended %v after the first (%s, killed %v)", e.agent.name,
				e.at.Sub(first), e.phase, e.killed)
		}
	}
	return b.String()
}

// checkAnswer demands the answer that the person has given. An approval that was collected by an
// agent which was killed is lost, as is what a person says whose agent stood still while it rang
// them: the task must say that it has failed or was not confirmed.
func (c *crash) checkAnswer(a *crashAsker, t *crashTask, rung []*crashPrompt) {
	got := hrclient.Judge(t.Task, []string{"Does " + a.email() + " work at Staff0?", a.email()},
		"").Outcome
	if t.Task.Status.State == a2a.TaskStateCanceled {
		got = "canceled"
	}
	c.tally.answers[string(got)]++
	want := hrclient.NotConfirmed
	var decided, heardUntil time.Time // an agent that asks later hears silence
	for _, p := range rung {
		if decided.IsZero() {
			decided, heardUntil = p.decided, p.ExpiresAt
		}
	}
	if !decided.IsZero() {
		want = map[string]hrclient.Outcome{"approve": hrclient.Yes,
			"deny": hrclient.Declined}[a.decision]
	}
	if want == hrclient.Declined {
		heardUntil = heardUntil.Add(-crashInterval) // see ciba.Pace.Silence
	}
	ended := t.Task.Status.Timestamp
	deadline := hrclient.ConsentOf(t.Task).Deadline
	reason := c.reason(a, t)
	switch {
	case a.withdrew:
		if got != "canceled" {
			c.faultf("%s: canceled, it has ended as %s", a, got)
		}
	case got == hrclient.NotConfirmed && ended.Before(deadline):
		c.faultf("%s: silence was told %v before its time", a, deadline.Sub(ended))
	case got == want:
	case (got == hrclient.Failed || got == hrclient.NotConfirmed) &&
		c.mayBeLost(reason, rung, decided, ended):
		c.tally.lost++
	case got == hrclient.NotConfirmed && !c.mayHaveAsked(decided, heardUntil):
		c.tally.missed++
	default:
		c.faultf("%s: ended as %s (%s), want %s; decided %v, deadline %v, ended %v", a, got, reason,
			want, decided, deadline, ended)
	}
}

// mayBeLost reports whether an approval may have died with an agent, and the store says so: one was
// killed after it was given, or in the moment of asking, so that nobody knows by which auth_req_id.
func (c *crash) mayBeLost(reason string, rung []*crashPrompt, decided, ended time.Time) bool {
	switch reason {
	case reasons.ReasonLost, reasons.ReasonForgot, reasons.ReasonProvider:
		return slices.ContainsFunc(c.ends, func(e crashEnd) bool {
			return e.killed && e.at.After(decided) && e.at.Before(ended)
		})
	case reasons.ReasonInDoubt, reasons.ReasonUnavailable:
		return len(rung) > 0 && slices.ContainsFunc(c.ends, func(e crashEnd) bool {
			return e.killed && rung[0].RequestedAt.Sub(e.at).Abs() < crashFlight
		})
	}
	return false
}

// mayHaveAsked reports whether an agent was up long enough to ask the provider in time. Of several,
// any may have had to wait for the tasks of any other.
func (c *crash) mayHaveAsked(from, to time.Time) bool {
	if c.form.database != "" {
		for _, e := range c.ends {
			if e.at.After(from) && e.at.Before(to) {
				if e.at.Sub(from) > crashTakeover {
					return true
				}
				from = e.at
			}
		}
		return to.Sub(from) > crashTakeover
	}
	for _, agent := range c.agents {
		for _, up := range agent.up {
			begin, end := up.from, up.to
			if begin.Before(from) {
				begin = from
			}
			if end.IsZero() || end.After(to) {
				end = to
			}
			if end.Sub(begin) > crashPoll {
				return true
			}
		}
	}
	return false
}

func (c *crash) figures() string {
	n := &c.tally
	return fmt.Sprintf(
		"answers: %v\nprompts: %d, none of them a second one; approvals lost with an agent: %d; "+
			"not collected because no agent was up for long enough: %d\nstreams: %d told "+
			"the task, "+
			"%d of them resumed; sendings repeated because the answer was lost: %d",
		n.answers, n.prompts, n.lost, n.missed, n.streams, n.cuts, n.retries)
}
