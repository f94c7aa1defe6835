package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// actor is an executor that asks for an approval and waits. Woken, it says as many words as the
// signal is, and answers.
type actor struct {
	mu     sync.Mutex
	parked map[a2a.TaskID]string
	turns  int
	join   bool          // the second who asks joins the first
	hang   chan struct{} // nil, or what the first turn waits for
	ended  []error       // with what cause turns that hung were stopped
}

func (a *actor) Execute(ctx context.Context, turn *tasks.Turn) error {
	a.mu.Lock()
	a.turns++
	a.mu.Unlock()
	switch words, _ := turn.Signal.(int); {
	case words > 0:
		for i := range words {
			if err := turn.Do(says(a2a.TaskStateWorking, fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return turn.Do(says(a2a.TaskStateCompleted, "Yes."))
	case a.hang != nil:
		<-ctx.Done()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ended = append(a.ended, context.Cause(ctx))
		return context.Cause(ctx)
	case a.join:
		return share(turn)
	}
	step := says(a2a.TaskStateAuthRequired, "Waiting.")
	step.Checkpoint, step.Park = []byte("auth_req_id"), true
	return turn.Do(step)
}

// share opens the hold of everybody, or joins it.
func share(turn *tasks.Turn) error {
	step := tasks.Step{
		Checkpoint: []byte("first"), Park: true,
		Claims: []tasks.Claim{{Kind: tasks.Open, Key: holdKey("k"), Value: []byte("first")}},
	}
	err := turn.Do(step)
	if held, ok := errors.AsType[*tasks.ClaimError](err); ok && held.Hold != nil {
		step.Checkpoint = append([]byte("beside "), held.Hold.Value...)
		step.Claims = []tasks.Claim{{Kind: tasks.Join, Key: holdKey("k"), Max: 50}}
		err = turn.Do(step)
	}
	return err
}

func says(state a2a.TaskState, text string) tasks.Step {
	return tasks.Step{Events: []a2a.Event{&a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state, Message: &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}}}}}}
}

func (a *actor) Park(id a2a.TaskID, _ any, checkpoint []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parked[id] = string(checkpoint)
}

func (a *actor) Unpark(id a2a.TaskID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parked, id)
}

func (a *actor) waits(id a2a.TaskID) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.parked[id]
}

func (a *actor) ran() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.turns
}

// agent is an engine on a store of its own connections.
type agent struct {
	*tasks.Engine
	t     *testing.T
	store *Store
	actor *actor
}

func newAgent(t *testing.T, o Options) *agent {
	t.Helper()
	a := &agent{t: t, store: open(t, o), actor: &actor{parked: map[a2a.TaskID]string{}}}
	engine, err := tasks.NewEngine(tasks.Config{
		Store: a.store, Executor: a.actor, InputModes: []string{"text/plain"}, Opening: "Looking.",
		RepeatWindow: tasks.DefaultRepeatWindow,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.Engine = engine
	t.Cleanup(func() { a.shutdown() })
	if _, err := engine.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *agent) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.Shutdown(ctx); err != nil {
		a.t.Errorf("shutdown: %v", err)
	}
}

func twoAgents(t *testing.T, lease time.Duration) (a, b *agent) {
	t.Helper()
	t.Parallel()
	o := Options{Schema: space(t), Lease: lease}
	return newAgent(t, o), newAgent(t, o)
}

const bank = tasks.Owner("bank")

// ask sends a question and returns when its task waits for a person.
func (a *agent) ask(id string) a2a.TaskID {
	a.t.Helper()
	task := a.begin(id)
	eventually(a.t, "the task waits", func() bool { return a.actor.waits(task) != "" })
	return task
}

func (a *agent) begin(id string) a2a.TaskID {
	a.t.Helper()
	event, err := a.Send(a.t.Context(), bank, &a2a.SendMessageRequest{
		Message: &a2a.Message{MessageID: id, Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("?")}},
		Configuration: &a2a.SendMessageConfiguration{ReturnImmediately: true},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return event.(*a2a.Task).ID
}

// stream reads a task's stream to its end, as "seq state text" lines.
func (a *agent) stream(id a2a.TaskID) (lines <-chan string) {
	ch := make(chan string, 10_000)
	next, stop := iter.Pull2(a.Subscribe(a.t.Context(), bank, &a2a.SubscribeToTaskRequest{ID: id}))
	first, err, _ := next() // now it is open
	if err != nil {
		a.t.Errorf("subscribe: %v", err)
	}
	ch <- fmt.Sprint(first.Seq)
	go func() {
		defer close(ch)
		defer stop()
		for {
			entry, err, ok := next()
			switch {
			case !ok:
				return
			case err != nil:
				ch <- err.Error()
				return
			}
			u := entry.Event.(*a2a.TaskStatusUpdateEvent)
			ch <- fmt.Sprint(entry.Seq, " ", u.Status.Message.Text())
		}
	}()
	return ch
}

func collect(t *testing.T, lines <-chan string) string {
	t.Helper()
	var all []string
	timeout := time.After(30 * time.Second)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return strings.Join(all, ", ")
			}
			all = append(all, line)
		case <-timeout:
			t.Fatalf("the stream did not end after %s", strings.Join(all, ", "))
		}
	}
}

func TestAnyAgentServesAnyTask(t *testing.T) {
	a, b := twoAgents(t, 0)
	id := a.ask("m")
	if again := b.begin("m"); again != id {
		t.Errorf("the repeated message became %s at the other agent", again)
	}
	task, err := b.Get(t.Context(), bank, &a2a.GetTaskRequest{ID: id})
	if err != nil || task.Status.State != a2a.TaskStateAuthRequired {
		t.Errorf("get: %v, %v", task, err)
	}
	list, err := b.List(t.Context(), bank, &a2a.ListTasksRequest{})
	if err != nil || len(list.Tasks) != 1 {
		t.Errorf("list: %v, %v", list, err)
	}
	if b.actor.ran() != 0 {
		t.Error("two agents ran one task")
	}
	if _, err := b.Cancel(t.Context(), bank, &a2a.CancelTaskRequest{ID: id}); err != nil {
		t.Errorf("cancel: %v", err)
	}
	eventually(t, "the runner stops waiting", func() bool { return a.actor.waits(id) == "" })
	// Waking it all the same does nothing.
	if err := a.Wake(t.Context(), id, 3); err != nil || a.actor.ran() != 1 {
		t.Errorf("%d turns, %v", a.actor.ran(), err)
	}
}

func TestATurnIsStoppedFromAnotherAgent(t *testing.T) {
	a, b := twoAgents(t, 0)
	a.actor.hang = make(chan struct{})
	id := a.begin("m")
	eventually(t, "the turn runs", func() bool { return a.actor.ran() == 1 })
	if _, err := b.Cancel(t.Context(), bank, &a2a.CancelTaskRequest{ID: id}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the turn is stopped", func() bool {
		a.actor.mu.Lock()
		defer a.actor.mu.Unlock()
		return len(a.actor.ended) == 1
	})
}

func TestAStreamAtAnotherAgentHasEveryEntryInOrder(t *testing.T) {
	a, b := twoAgents(t, 0)
	const words = 200
	want := "3"
	for i := range words {
		want += fmt.Sprint(", ", i+4, " ", i)
	}
	want += fmt.Sprint(", ", words+4, " Yes.")
	id := a.ask("m")
	here, there := a.stream(id), b.stream(id)
	stop := make(chan struct{})
	var killing sync.WaitGroup
	killing.Go(func() { // and nobody notices that the listeners are killed all the time
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				_, _ = a.store.pool.Exec(context.Background(),
					"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1",
					"LISTEN "+a.store.quoted)
			}
		}
	})
	if err := a.Wake(t.Context(), id, words); err != nil {
		t.Fatal(err)
	}
	for _, lines := range []<-chan string{here, there} {
		if got := collect(t, lines); got != want {
			t.Errorf("the stream told\n  %s\nwant\n  %s", got, want)
		}
	}
	close(stop)
	killing.Wait()
}

func TestADeadAgentsTasksGoOnAtAnother(t *testing.T) {
	a, b := twoAgents(t, time.Second)
	id := a.ask("m")
	stream := b.stream(id)
	a.store.sleepOn()
	start := time.Now()
	eventually(t, "the task waits at the other agent", func() bool {
		return b.actor.waits(id) == "auth_req_id"
	})
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("it was taken over after %v", d)
	}
	if err := b.Wake(t.Context(), id, 2); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, stream); got != "3, 4 0, 5 1, 6 Yes." {
		t.Errorf("the stream told %s", got)
	}
}

func TestAnAgentThatComesBackStopsAndBeginsAnew(t *testing.T) {
	a, b := twoAgents(t, time.Minute)
	lost := a.ask("m")
	a.actor.hang = make(chan struct{})
	running := a.begin("n")
	eventually(t, "the turn runs", func() bool { return a.actor.ran() == 2 })
	b.actor.hang = make(chan struct{})

	// It has been silent for too long, and has not noticed.
	_, err := b.store.pool.Exec(t.Context(),
		"UPDATE agents SET alive_until = clock_timestamp() - interval '1 second' WHERE id = $1",
		a.store.holder.current())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resume(t.Context()); err != nil { // or its own claim was faster
		t.Fatal(err)
	}
	eventually(t, "both tasks are at the other agent", func() bool {
		return b.actor.waits(lost) != "" && b.actor.ran() == 1
	})
	eventually(t, "the sleeper stops", func() bool {
		a.actor.mu.Lock()
		defer a.actor.mu.Unlock()
		return len(a.actor.parked) == 0 && len(a.actor.ended) == 1 &&
			errors.Is(a.actor.ended[0], tasks.ErrLeaseLost)
	})
	if err := a.Wake(t.Context(), lost, 1); err != nil || a.actor.ran() != 2 {
		t.Errorf("it wakes what is not its own: %d turns, %v", a.actor.ran(), err)
	}
	for _, id := range []a2a.TaskID{lost, running} {
		if r := get(t, b.store, id); r.Elsewhere || r.Task.Status.State.Terminal() {
			t.Errorf("the task is %v", r.Task.Status.State)
		}
	}
	// It begins anew.
	a.actor.mu.Lock()
	a.actor.hang = nil
	a.actor.mu.Unlock()
	id := a.ask("new")
	if err := a.Wake(t.Context(), id, 1); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b.store, id).Task.Status.State; got != a2a.TaskStateCompleted {
		t.Errorf("what it does now is %v", got)
	}
}

func TestAnAgentThatLeavesGivesItsTasksToOthersAtOnce(t *testing.T) {
	a, b := twoAgents(t, time.Minute)
	id := a.ask("m")
	stream := a.stream(id)
	a.Drain()
	if got := collect(t, stream); !strings.HasPrefix(got, "3, ") ||
		!strings.Contains(got, "unavailable") {
		t.Errorf("the stream told %q", got)
	}
	resumed := b.stream(id)
	// What it has in hand it may still store.
	if err := a.Wake(t.Context(), id, 0); err != nil {
		t.Errorf("wake: %v", err)
	}
	if b.actor.waits(id) != "" {
		t.Error("the task was taken from an agent that drains")
	}
	a.shutdown()
	start := time.Now()
	eventually(t, "the task waits at the other agent", func() bool {
		return b.actor.waits(id) != ""
	})
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it was taken over after %v", d)
	}
	if err := b.Wake(t.Context(), id, 1); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, resumed); !strings.HasSuffix(got, "Yes.") {
		t.Errorf("the resumed stream told %q", got)
	}
}

func TestAQuestionIsJoinedAcrossAgents(t *testing.T) {
	a, b := twoAgents(t, 0)
	a.actor.join, b.actor.join = true, true
	first := a.ask("m")
	second := b.begin("n")
	eventually(t, "the second waits beside the first", func() bool {
		return a.actor.waits(second) == "beside first"
	})
	if b.actor.waits(second) != "" || a.actor.waits(first) != "first" {
		t.Error("two agents wait for one person")
	}
	stream := b.stream(second)
	for _, id := range []a2a.TaskID{first, second} {
		if err := a.Wake(t.Context(), id, 1); err != nil {
			t.Fatal(err)
		}
	}
	if got := collect(t, stream); got != "2, 3 0, 4 Yes." {
		t.Errorf("the stream told %s", got)
	}
}
