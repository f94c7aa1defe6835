package push

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// delivery is an attempt as a receiver sees it.
type delivery struct {
	at     time.Time
	url    string
	header http.Header
	body   string
	status int // that it was answered with, 0 for none
}

func (d *delivery) seq() tasks.Seq {
	n, _ := strconv.Atoi(d.header.Get(SequenceHeader))
	return tasks.Seq(n)
}

// receiver is the network: every webhook there is.
type receiver struct {
	mu     sync.Mutex
	answer func(d *delivery, ctx context.Context) (*http.Response, error) // nil is 200
	got    []*delivery
	busy   map[string]int // attempts under way by host
	most   map[string]int
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	d := &delivery{at: time.Now(), url: req.URL.String(), header: req.Header.Clone(),
		body: string(body)}
	r.mu.Lock()
	r.got = append(r.got, d)
	r.busy[req.URL.Host]++
	r.most[req.URL.Host] = max(r.most[req.URL.Host], r.busy[req.URL.Host])
	answer := r.answer
	r.mu.Unlock()
	res := status(200)
	if answer != nil {
		res, err = answer(d, req.Context())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[req.URL.Host]--
	if err != nil {
		return nil, err
	}
	d.status = res.StatusCode
	return res, nil
}

func status(code int) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: http.NoBody}
}

// answers makes the receiver answer each attempt with the next of the codes, and those after them
// with 200.
func (r *receiver) answers(codes ...int) {
	r.does(func(*delivery, context.Context) (*http.Response, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		code := 200
		if len(codes) > 0 {
			code, codes = codes[0], codes[1:]
		}
		return status(code), nil
	})
}

func (r *receiver) does(answer func(*delivery, context.Context) (*http.Response, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) all() []*delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// taken gives the numbers of the entries that a webhook has taken, in order.
func (r *receiver) taken(url string) (seqs []tasks.Seq) {
	for _, d := range r.all() {
		if d.url == url && d.status/100 == 2 {
			seqs = append(seqs, d.seq())
		}
	}
	return seqs
}

// world is a sender in test time with its store and the network.
type world struct {
	t       *testing.T
	store   tasks.Webhooks
	memory  *tasks.Memory
	process *process
	sender  *Sender
	net     *receiver
	log     *bytes.Buffer
	stop    func()
}

const hookURL = "https://bank.example/hook"

func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	bubbleOver(t, nil, test)
}

// bubbleOver puts something in front of the store.
func bubbleOver(
	t *testing.T, wrap func(*tasks.Memory) tasks.Webhooks, test func(t *testing.T, w *world),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, memory: new(tasks.Memory), net: &receiver{busy: map[string]int{},
				most: map[string]int{}}, log: new(bytes.Buffer), stop: func() {},
		}
		w.store = w.memory
		if wrap != nil {
			w.store = wrap(w.memory)
		}
		w.start()
		defer func() { w.stop() }()
		test(t, w)
	})
}

// start makes a sender that sends until stop.
func (w *world) start() {
	w.process = &process{hookStore: w.store}
	w.sender = newSender(w.t,
		Config{Store: w.process, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	w.sender.guarded, w.sender.open = w.net, nil
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		w.sender.Run(ctx)
		close(done)
	}()
	w.stop = func() { cancel(); <-done }
	synctest.Wait() // it has looked through the store
}

// process is the store as one process sees it.
type process struct {
	hookStore
	dead atomic.Bool
}

type hookStore = tasks.Webhooks

func (p *process) ReportWebhook(ctx context.Context, w *tasks.Webhook, until time.Time) error {
	if p.dead.Load() {
		return tasks.ErrConflict
	}
	return p.hookStore.ReportWebhook(ctx, w, until)
}

// kill ends the sender as SIGKILL does: attempts under way are not reported, and the next process
// begins with what is stored.
func (w *world) kill() {
	w.process.dead.Store(true)
	w.stop()
	w.memory.Reopen()
	w.start()
}

func config(task, id, url string) *a2a.TaskPushNotificationConfig {
	return &a2a.TaskPushNotificationConfig{TaskID: a2a.TaskID(task), ID: id, URL: url}
}

// create stores a task with its webhook, or without one.
func (w *world) create(id string, c *a2a.TaskPushNotificationConfig) {
	w.t.Helper()
	task := &a2a.Task{
		ID: a2a.TaskID(id), ContextID: "c", Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted,
			Timestamp: time.Now()},
		History: []*a2a.Message{{MessageID: "m", TaskID: a2a.TaskID(id), Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("Does jdoe work here?")}}},
	}
	r := &tasks.Record{Task: task, Owner: "bank", Seq: 1, Created: time.Now()}
	if c != nil {
		r.Webhook = &tasks.Webhook{Config: c}
	}
	if _, err := w.store.Create(w.t.Context(), r, []a2a.Event{task}, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	if c != nil {
		w.sender.Watch(task.ID)
	}
}

// add appends events to a task.
func (w *world) add(id string, events ...a2a.Event) {
	w.t.Helper()
	r, err := w.memory.Get(w.t.Context(), a2a.TaskID(id))
	if err != nil {
		w.t.Fatal(err)
	}
	task := r.Task
	for _, event := range events {
		switch e := event.(type) {
		case *a2a.TaskStatusUpdateEvent:
			e.TaskID, e.ContextID, e.Status.Timestamp = task.ID, "c", time.Now()
		case *a2a.TaskArtifactUpdateEvent:
			e.TaskID, e.ContextID = task.ID, "c"
		}
		task = task.Apply(event)
	}
	if err := w.memory.Append(w.t.Context(), task.ID, r.Seq,
		tasks.Change{ID: tasks.NewChangeID(), Events: events, Task: task}); err != nil {
		w.t.Fatal(err)
	}
	w.sender.Changed(task.ID)
}

func (w *world) state(id string, s a2a.TaskState) { w.t.Helper(); w.add(id, update(s)) }

func update(s a2a.TaskState) *a2a.TaskStatusUpdateEvent {
	return &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: s}}
}

func (w *world) set(c *a2a.TaskPushNotificationConfig, sent tasks.Seq) {
	w.t.Helper()
	if err := w.store.SetWebhook(w.t.Context(), &tasks.Webhook{Config: c, Sent: sent}); err != nil {
		w.t.Fatal(err)
	}
	w.sender.Watch(c.TaskID)
}

// hook gives a webhook as it is stored.
func (w *world) hook(task, id string) *tasks.Webhook {
	w.t.Helper()
	hook, err := w.memory.TakeWebhook(w.t.Context(), a2a.TaskID(task), id, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return hook
}

// wantTaken checks what a webhook has taken, after a time.
func (w *world) wantTaken(after time.Duration, url string, want ...tasks.Seq) {
	w.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	if got := w.net.taken(url); !slices.Equal(got, want) {
		w.t.Errorf("%s has taken %v, want %v", url, got, want)
	}
}

// faulty is a store of which each method fails as often as it is told to.
type faulty struct {
	*tasks.Memory
	mu                               sync.Mutex
	live, read, take, events, report int
	calls                            int
}

func (f *faulty) fails(n *int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if *n == 0 {
		return nil
	}
	*n--
	return fmt.Errorf("the disk is full")
}

func (f *faulty) LiveWebhooks(
	ctx context.Context, after int64, limit int,
) ([]*tasks.Webhook, error) {
	if err := f.fails(&f.live); err != nil {
		return nil, err
	}
	return f.Memory.LiveWebhooks(ctx, after, limit)
}

func (f *faulty) Webhooks(ctx context.Context, task a2a.TaskID) ([]*tasks.Webhook, error) {
	if err := f.fails(&f.read); err != nil {
		return nil, err
	}
	return f.Memory.Webhooks(ctx, task)
}

func (f *faulty) TakeWebhook(
	ctx context.Context, task a2a.TaskID, id string, until time.Time,
) (*tasks.Webhook, error) {
	if err := f.fails(&f.take); err != nil {
		return nil, err
	}
	return f.Memory.TakeWebhook(ctx, task, id, until)
}

func (f *faulty) Events(
	ctx context.Context, id a2a.TaskID, after tasks.Seq,
) ([]tasks.Entry, error) {
	if err := f.fails(&f.events); err != nil {
		return nil, err
	}
	return f.Memory.Events(ctx, id, after)
}

func (f *faulty) ReportWebhook(ctx context.Context, w *tasks.Webhook, until time.Time) error {
	if err := f.fails(&f.report); err != nil {
		return err
	}
	return f.Memory.ReportWebhook(ctx, w, until)
}
