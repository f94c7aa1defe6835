package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

const (
	bank  = tasks.Owner("bank")
	other = tasks.Owner("other-bank")

	opening = "Looking into the request…"
)

// yielder is the yield of an executor.
type yielder = func(tasks.Step, error) bool

// actor is a scripted executor.
type actor struct {
	mu     sync.Mutex
	play   func(ctx context.Context, turn *tasks.Turn, yield yielder)
	exec   func(ctx context.Context, turn *tasks.Turn) error // instead of play
	turns  []*tasks.Turn
	parked map[a2a.TaskID]string
	log    []string // what Park and Unpark were called with
	onPark func(a2a.TaskID)
}

func (a *actor) Execute(ctx context.Context, turn *tasks.Turn) (err error) {
	a.mu.Lock()
	a.turns = append(a.turns, turn)
	play, exec := a.play, a.exec
	a.mu.Unlock()
	if exec != nil {
		return exec(ctx, turn)
	}
	play(ctx, turn, func(step tasks.Step, fault error) bool {
		if err = fault; err == nil {
			err = turn.Do(step)
		}
		if _, ok := errors.AsType[*tasks.ClaimError](err); ok {
			err = nil
			return true
		}
		state := turn.Task.Status.State
		return err == nil && !step.Park && !state.Terminal() && state != a2a.TaskStateInputRequired
	})
	return err
}

func (a *actor) Park(id a2a.TaskID, value any, checkpoint []byte) {
	if a.onPark != nil {
		a.onPark(id)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parked[id] = string(checkpoint)
	said := "park " + string(checkpoint)
	if value != nil {
		said += fmt.Sprintf(" (%v)", value)
	}
	a.log = append(a.log, said)
}

func (a *actor) Unpark(id a2a.TaskID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parked, id)
	a.log = append(a.log, "unpark")
}

func (a *actor) waiting() map[a2a.TaskID]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := map[a2a.TaskID]string{}
	for id, c := range a.parked {
		m[id] = c
	}
	return m
}

func (a *actor) ran() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.turns)
}

func (a *actor) turn(i int) *tasks.Turn {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.turns[i]
}

// heard is what Park and Unpark were called with.
func (a *actor) heard() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.log)
}

// does changes the script.
func (a *actor) does(play func(context.Context, *tasks.Turn, yielder)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.play = play
}

// executes sets an executor in place of the script.
func (a *actor) executes(exec func(context.Context, *tasks.Turn) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.exec = exec
}

// world is an engine with all that is around it.
type world struct {
	*tasks.Engine
	t      *testing.T
	ctx    context.Context
	memory *tasks.Memory
	store  tasks.Store
	actor  *actor
	sent   int
	change func(*tasks.Config)
}

// bubble runs a test in test time, with an engine whose executor does what play says.
func bubble(
	t *testing.T, play func(ctx context.Context, turn *tasks.Turn, yield yielder),
	test func(t *testing.T, w *world),
) {
	t.Helper()
	bubbleWith(t, nil, play, test)
}

// bubbleConfig changes the configuration of the engine.
func bubbleConfig(
	t *testing.T, change func(*tasks.Config), play func(context.Context, *tasks.Turn, yielder),
	test func(*testing.T, *world),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, ctx: t.Context(), memory: new(tasks.Memory),
			actor: &actor{play: play, parked: map[a2a.TaskID]string{}}, change: change}
		w.store = w.memory
		w.start()
		defer w.stop()
		test(t, w)
	})
}

// bubbleWith puts something in front of the store.
func bubbleWith(
	t *testing.T, wrap func(*tasks.Memory) tasks.Store,
	play func(context.Context, *tasks.Turn, yielder), test func(*testing.T, *world),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, ctx: t.Context(), memory: new(tasks.Memory),
			actor: &actor{play: play, parked: map[a2a.TaskID]string{}}}
		w.store = w.memory
		if wrap != nil {
			w.store = wrap(w.memory)
		}
		w.start()
		defer w.stop()
		test(t, w)
	})
}

// start makes a new engine over the store, as a new process does.
func (w *world) start() {
	w.t.Helper()
	config := tasks.Config{
		Store: w.store, Executor: w.actor, InputModes: []string{"text/plain"}, Opening: opening,
		RepeatWindow: tasks.DefaultRepeatWindow,
	}
	if w.change != nil {
		w.change(&config)
	}
	engine, err := tasks.NewEngine(config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Engine = engine
}

func (w *world) stop() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		w.t.Errorf("shutdown: %v", err)
	}
}

// crash throws the engine away and opens the store again. Whatever the old engine still does is
// lost on the new one.
func (w *world) crash() {
	w.t.Helper()
	w.stop()
	w.memory.Reopen()
	w.actor.mu.Lock()
	w.actor.parked, w.actor.turns, w.actor.log = map[a2a.TaskID]string{}, nil, nil
	w.actor.mu.Unlock()
	w.start()
}

// message is a question with an id of its own.
func (w *world) message(text string) *a2a.SendMessageRequest {
	w.sent++
	return &a2a.SendMessageRequest{Message: &a2a.Message{
		MessageID: fmt.Sprintf("m%d", w.sent), Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart(text)},
	}}
}

// to puts a message into a task.
func to(id a2a.TaskID, req *a2a.SendMessageRequest) *a2a.SendMessageRequest {
	req.Message.TaskID = id
	return req
}

// now asks for an answer at once.
func now(req *a2a.SendMessageRequest) *a2a.SendMessageRequest {
	req.Configuration = &a2a.SendMessageConfiguration{ReturnImmediately: true}
	return req
}

// send sends and must get a task.
func (w *world) send(req *a2a.SendMessageRequest) *a2a.Task {
	w.t.Helper()
	ev, err := w.Send(w.ctx, bank, req)
	if err != nil {
		w.t.Fatalf("send: %v", err)
	}
	return ev.(*a2a.Task)
}

// begin sends, does not wait for the answer, and lets the turn go as far as it can.
func (w *world) begin(text string) a2a.TaskID {
	w.t.Helper()
	id := w.send(now(w.message(text))).ID
	synctest.Wait()
	return id
}

func (w *world) get(id a2a.TaskID) *a2a.Task {
	w.t.Helper()
	task, err := w.Get(w.ctx, bank, &a2a.GetTaskRequest{ID: id})
	if err != nil {
		w.t.Fatalf("get: %v", err)
	}
	return task
}

func (w *world) cancel(id a2a.TaskID) (*a2a.Task, error) {
	return w.Cancel(w.ctx, bank, &a2a.CancelTaskRequest{ID: id})
}

func (w *world) wake(id a2a.TaskID, signal any) {
	w.t.Helper()
	if err := w.Wake(w.ctx, id, signal); err != nil {
		w.t.Fatalf("wake: %v", err)
	}
}

// record is what the store holds.
func (w *world) record(id a2a.TaskID) *tasks.Record {
	w.t.Helper()
	rec, err := w.memory.Get(w.ctx, id)
	if err != nil {
		w.t.Fatalf("record: %v", err)
	}
	return rec
}

func (w *world) wantState(id a2a.TaskID, want a2a.TaskState) {
	w.t.Helper()
	if got := w.get(id).Status.State; got != want {
		w.t.Errorf("state %v, want %v", got, want)
	}
}

// reading is a stream that is read as fast as it comes.
type reading struct {
	mu      sync.Mutex
	entries []tasks.Entry
	err     error
	over    bool
}

func read(seq iter.Seq2[tasks.Told, error]) *reading {
	r := new(reading)
	go func() {
		for entry, err := range seq {
			r.mu.Lock()
			if err != nil {
				r.err = err
			} else {
				r.entries = append(r.entries, entry.Entry)
			}
			r.mu.Unlock()
		}
		r.mu.Lock()
		r.over = true
		r.mu.Unlock()
	}()
	return r
}

func (w *world) subscribe(id a2a.TaskID) *reading {
	r := read(w.Subscribe(w.ctx, bank, &a2a.SubscribeToTaskRequest{ID: id}))
	synctest.Wait()
	return r
}

// told is the stream as one line, such as "1 task SUBMITTED, 2 WORKING, 3 artifact a, 4
// COMPLETED.". The full stop is there when it has ended.
func (r *reading) told() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var words []string
	for _, entry := range r.entries {
		words = append(words, fmt.Sprintf("%d %s", entry.Seq, name(entry.Event)))
	}
	line := strings.Join(words, ", ")
	if r.err != nil {
		line += "!"
	}
	if r.over {
		line += "."
	}
	return line
}

func name(event a2a.Event) string {
	switch ev := event.(type) {
	case *a2a.Task:
		return "task " + short(ev.Status.State)
	case *a2a.Message:
		return "message " + ev.MessageID
	case *a2a.TaskStatusUpdateEvent:
		return short(ev.Status.State)
	case *a2a.TaskArtifactUpdateEvent:
		return "artifact " + ev.Artifact.ArtifactID
	}
	return "?"
}

func short(s a2a.TaskState) string { return strings.TrimPrefix(s.String(), "TASK_STATE_") }

func (r *reading) want(t *testing.T, want string) {
	t.Helper()
	if got := r.told(); got != want {
		t.Errorf("the stream told\n  %s\nwant\n  %s", got, want)
	}
}

// conversation is the history and the present message of a task: who said what.
func conversation(task *a2a.Task) []string {
	var lines []string
	for _, m := range task.History {
		lines = append(lines, strings.ToLower(strings.TrimPrefix(m.Role.String(), "ROLE_"))+": "+
			m.Text())
	}
	if m := task.Status.Message; m != nil {
		lines = append(lines, "agent now: "+m.Text())
	}
	return lines
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// The steps of the scripts.

func status(state a2a.TaskState, text string) tasks.Step {
	u := &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state}}
	if text != "" {
		u.Status.Message = &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}}
	}
	return tasks.Step{Events: []a2a.Event{u}}
}

func artifact(id, text string) a2a.Event {
	return &a2a.TaskArtifactUpdateEvent{Artifact: &a2a.Artifact{ArtifactID: id,
		Parts: []a2a.Part{a2a.TextPart(text)}}}
}

func completed() tasks.Step { return status(a2a.TaskStateCompleted, "") }

func answered() tasks.Step {
	s := completed()
	s.Events = append([]a2a.Event{artifact("answer", "Yes.")}, s.Events...)
	return s
}

// waiting asks for an approval and parks.
func waiting(checkpoint string) tasks.Step {
	s := status(a2a.TaskStateAuthRequired, "Waiting for the person's approval.")
	s.Checkpoint, s.Park = []byte(checkpoint), true
	return s
}

// answer ends a task at once.
func answer(_ context.Context, _ *tasks.Turn, yield yielder) { yield(answered(), nil) }

// approve parks a task for an approval, and answers when it is woken.
func approve(_ context.Context, turn *tasks.Turn, yield yielder) {
	if turn.Signal == nil {
		yield(waiting("auth_req_id"), nil)
		return
	}
	yield(status(a2a.TaskStateWorking, "Approved."), nil)
	yield(answered(), nil)
}

// hang works until it is stopped.
func hang(ctx context.Context, _ *tasks.Turn, yield yielder) {
	<-ctx.Done()
	yield(answered(), nil)
}

// ask asks the caller back until he says "jdoe".
func ask(_ context.Context, turn *tasks.Turn, yield yielder) {
	if turn.Task.History[len(turn.Task.History)-1].Text() == "jdoe" {
		yield(answered(), nil)
		return
	}
	yield(status(a2a.TaskStateInputRequired, "Who?"), nil)
}
