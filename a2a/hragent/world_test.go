package hragent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

const (
	bank      = tasks.Owner("first-bank")
	testScope = "read:employee"
	john      = "auth0|jdoe"
	johnAsk   = "Does John Doe with email jdoe@staff0.com work at Staff0?"
	nobodyAsk = "Does John Doe with email jroe@staff0.com work at Staff0?"
)

// phone is a scripted Consent: what the provider says, and what it was asked.
type phone struct {
	// nil acknowledges
	ring func(n int, r *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error)
	poll func(ctx context.Context, n int, want ciba.Expectation) (*ciba.Grant, error)
	took time.Duration // before the acknowledgement

	pollTakes time.Duration // before a poll is answered

	mu     sync.Mutex
	asked  []ciba.AuthenticationRequest
	polled []time.Time
	ids    []string // of the polls
}

func (p *phone) Authenticate(
	ctx context.Context, r *ciba.AuthenticationRequest,
) (*ciba.Acknowledgement, error) {
	p.mu.Lock()
	p.asked = append(p.asked, *r)
	n, ring := len(p.asked), p.ring
	p.mu.Unlock()
	sent := time.Now()
	select {
	case <-time.After(p.took):
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", oauth.ErrUnreachable, ctx.Err())
	}
	if ring != nil {
		return ring(n, r)
	}
	return &ciba.Acknowledgement{
		AuthReqID: fmt.Sprintf("auth-req-%d", n), ExpiresIn: r.RequestedExpiry,
		ExpiresAt: sent.Add(r.RequestedExpiry), Interval: 5 * time.Second,
	}, nil
}

func (p *phone) PollOnce(
	ctx context.Context, id string, want ciba.Expectation,
) (*ciba.Grant, error) {
	p.mu.Lock()
	p.polled, p.ids = append(p.polled, time.Now()), append(p.ids, id)
	n, poll := len(p.polled), p.poll
	p.mu.Unlock()
	if p.pollTakes > 0 {
		select {
		case <-time.After(p.pollTakes):
		case <-ctx.Done():
			return nil, &ciba.TemporaryError{Err: ctx.Err()}
		}
		p.mu.Lock()
		poll = p.poll // what the provider says at the end
		p.mu.Unlock()
	}
	if poll == nil {
		return nil, ciba.ErrPending
	}
	return poll(ctx, n, want)
}

// approveWhoeverWasAsked answers each poll with an approval by the person it is about.
func (w *world) approveWhoeverWasAsked() func(context.Context, int, ciba.Expectation) (*ciba.Grant,
	error) {
	return func(_ context.Context, _ int, want ciba.Expectation) (*ciba.Grant, error) {
		return grantOf(want.Subject), nil
	}
}

// prompts is how often somebody was rung.
func (p *phone) prompts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

func (p *phone) pollTimes() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.polled)
}

// says changes what polls are answered with.
func (p *phone) says(
	poll func(ctx context.Context, n int, want ciba.Expectation) (*ciba.Grant, error),
) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.poll = poll
}

// always answers every poll alike.
func always(
	grant *ciba.Grant, err error,
) func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
	return func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) { return grant, err }
}

// from answers polls from the n-th on; those before find the person still thinking.
func from(
	n int, grant *ciba.Grant, err error,
) func(context.Context, int, ciba.Expectation) (*ciba.Grant, error) {
	return func(_ context.Context, i int, _ ciba.Expectation) (*ciba.Grant, error) {
		if i < n {
			return nil, ciba.ErrPending
		}
		return grant, err
	}
}

func grantOf(subject string) *ciba.Grant {
	return &ciba.Grant{Token: oauth.Token{AccessToken: "eyJ-the-access-token"}, Subject: subject}
}

// records is a scripted Records.
type records struct {
	mu     sync.Mutex
	people map[string]*hrapi.Employee
	errs   []error // of the first calls
	calls  []time.Time
}

func (r *records) Employee(
	_ context.Context, token oauth.Token, subject, verifiedEmail string,
) (*hrapi.Employee, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, time.Now())
	if n := len(r.calls); n <= len(r.errs) && r.errs[n-1] != nil {
		return nil, r.errs[n-1]
	}
	if token.AccessToken == "" {
		return nil, hrapi.ErrUnauthorized
	}
	for other, e := range r.people {
		if e != nil && other != subject && e.Email == verifiedEmail {
			return nil, hrapi.ErrSubjectMismatch
		}
	}
	if e := r.people[subject]; e != nil {
		return e, nil
	}
	return nil, hrapi.ErrNotFound
}

var confirmed = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// staff is what the HR API knows of the sample people.
func staff() *records {
	e := func(id, name, email, status string) *hrapi.Employee {
		return &hrapi.Employee{EmployeeID: id, Name: name, Email: email, Status: status,
			Active: status != hrapi.StatusEnded, AsOf: confirmed}
	}
	return &records{people: map[string]*hrapi.Employee{
		john:            e("E1001", "John Doe", "jdoe@staff0.com", hrapi.StatusActive),
		"auth0|asmith":  e("E1002", "Alice Smith", "asmith@staff0.com", hrapi.StatusOnLeave),
		"auth0|bwong":   e("E1003", "Ben Wong", "bwong@staff0.com", hrapi.StatusEnded),
		"auth0|mgarcia": e("E1004", "María García", "mgarcia@staff0.com", hrapi.StatusActive),
		"auth0|tkato":   e("E1005", "加藤 太郎", "tkato@staff0.com", hrapi.StatusActive),
		"auth0|osullivan": e("E1006", "Siobhán O'Sullivan", "siobhan.o'sullivan@staff0.com",
			hrapi.StatusActive),
		"auth0|contractor": nil,
	}}
}

// book is a scripted Directory over the sample people.
type book struct {
	mu   sync.Mutex
	err  error // for everybody
	errs map[string]error
	took time.Duration
	now  int // look-ups under way
}

// busy is the number of look-ups under way.
func (b *book) busy() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *book) Find(
	ctx context.Context, kind llm.IdentifierKind, identifier string,
) (Person, error) {
	b.mu.Lock()
	err, took := b.err, b.took
	if err == nil {
		err = b.errs[identifier]
	}
	b.now++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.now--
	}()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return Person{}, ctx.Err()
	}
	if err != nil {
		return Person{}, err
	}
	if kind == llm.Subject {
		return Person{Subject: identifier, LoginHint: identifier}, nil
	}
	subject := map[string]string{
		"jdoe@staff0.com": john, "e1001": john, "asmith@staff0.com": "auth0|asmith",
		"bwong@staff0.com":   "auth0|bwong",
		"mgarcia@staff0.com": "auth0|mgarcia", "tkato@staff0.com": "auth0|tkato",
		"siobhan.o'sullivan@staff0.com": "auth0|osullivan", "casey@staff0.com": "auth0|contractor",
	}[identifier]
	if subject == "" {
		return Person{}, &UnknownError{Reason: reasonUnknown}
	}
	return Person{Subject: subject, LoginHint: subject, Found: true}, nil
}

// capture is a log that can be read while it is written.
type capture struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *capture) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Write(b)
}

func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// world is an agent with all that is around it.
type world struct {
	t       testing.TB
	ctx     context.Context
	memory  tasks.Memory
	store   tasks.Store
	phone   *phone
	records *records
	book    *book
	config  Config
	log     capture

	engine *tasks.Engine
	agent  *Agent
	stop   context.CancelFunc
	done   []chan struct{} // of every process
	sent   int
	begun  time.Time
}

// bubble runs a test in test time. change may change any part before the agent starts.
func bubble(t *testing.T, change func(w *world), test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.ctx = t.Context()
		if change != nil {
			change(w)
		}
		w.start()
		test(t, w)
		w.end()
		w.wantSilentLog()
	})
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, ctx: context.Background(), phone: &phone{}, records: staff(), book: &book{}}
	w.store = &w.memory
	w.begun = time.Now()
	w.config = Config{
		Company: "Staff0", Reader: &llm.Reader{Company: "Staff0", Domains: []string{"staff0.com"}},
		Directory: w.book, Consent: w.phone,
		Records: w.records, Provider: ciba.Auth0, Scope: testScope, Expiry: 2 * time.Minute,
		Memory: Memory,
		Log:    slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return w
}

func open(w *world) { w.config.Disclosure = Open }

// start is what a new process does.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.agent, err = New(w.config); err != nil {
		w.t.Fatal(err)
	}
	w.engine, err = tasks.NewEngine(tasks.Config{
		Store: w.store, Executor: w.agent, InputModes: InputModes(), Opening: Opening,
		Log: w.config.Log, RepeatWindow: tasks.DefaultRepeatWindow,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	w.stop, w.done = stop, append(w.done, done)
	agent, engine := w.agent, w.engine
	go func() {
		defer close(done)
		agent.Run(ctx, engine)
	}()
	if _, err := w.engine.Resume(w.ctx); err != nil {
		w.t.Fatal(err)
	}
}

// end stops the agent as a deploy does.
func (w *world) end() {
	w.t.Helper()
	w.stop()
	for _, done := range w.done {
		<-done
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.engine.Shutdown(ctx); err != nil {
		w.t.Errorf("shutdown: %v", err)
	}
}

// crash throws agent and engine away, with all that they hold in memory, and starts new ones.
func (w *world) crash() {
	w.t.Helper()
	w.die()
	w.memory.Reopen()
	w.start()
}

func (w *world) die() {
	w.t.Helper()
	if err := w.engine.Shutdown(context.Background()); err != nil {
		w.t.Errorf("shutdown: %v", err)
	}
	w.stop()
}

var taskInLog = regexp.MustCompile(`task=[0-9a-v]+`)

// wantSilentLog checks that nothing of persons, tokens and requests is in the log.
func (w *world) wantSilentLog() {
	w.t.Helper()
	for _, secret := range []string{"@", "auth0|", "auth-req", "eyJ", "jdoe", "jroe", "E1001",
		"John", "Keycloak says"} {
		// ids are random letters, which may spell a name
		text := taskInLog.ReplaceAllString(w.log.String(), "task=ID")
		if strings.Contains(text, secret) {
			w.t.Errorf("the log holds %q:\n%s", secret, text)
		}
	}
}

// ask sends a question and does not wait for its end.
func (w *world) ask(text string, modes ...string) a2a.TaskID {
	w.t.Helper()
	return w.send("", text, modes...)
}

func (w *world) send(to a2a.TaskID, text string, modes ...string) a2a.TaskID {
	w.t.Helper()
	return w.sendAs(bank, to, text, modes...)
}

func (w *world) sendAs(owner tasks.Owner, to a2a.TaskID, text string, modes ...string) a2a.TaskID {
	w.t.Helper()
	w.sent++
	ev, err := w.engine.Send(w.ctx, owner, &a2a.SendMessageRequest{
		Message: &a2a.Message{
			MessageID: fmt.Sprintf("m%d", w.sent), TaskID: to, Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart(text)},
		},
		Configuration: &a2a.SendMessageConfiguration{ReturnImmediately: true,
			AcceptedOutputModes: modes},
	})
	if err != nil {
		w.t.Fatalf("send: %v", err)
	}
	return ev.(*a2a.Task).ID
}

// after lets time go by, and everything that happens in it.
func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// finish waits until the task has ended, at most an hour.
func (w *world) finish(id a2a.TaskID) *a2a.Task {
	w.t.Helper()
	for range 3600 * 4 {
		synctest.Wait()
		if task := w.task(id); task.Status.State.Terminal() ||
			task.Status.State == a2a.TaskStateInputRequired {
			return task
		}
		time.Sleep(250 * time.Millisecond)
	}
	w.t.Fatalf("task %s never ended:\n%s", id, w.log.String())
	return nil
}

func (w *world) task(id a2a.TaskID) *a2a.Task { return w.record(id).Task }

func (w *world) record(id a2a.TaskID) *tasks.Record {
	w.t.Helper()
	rec, err := w.memory.Get(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return rec
}

// note is the operator's view.
func (w *world) note(id a2a.TaskID) Note {
	w.t.Helper()
	n, err := ReadNote(w.ctx, w.store, w.record(id).Checkpoint)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) wantReason(id a2a.TaskID, want string) {
	w.t.Helper()
	if got := w.note(id).Reason; got != want {
		w.t.Errorf("the operator reads the reason %q, want %q", got, want)
	}
}

var (
	timePattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	codePattern = regexp.MustCompile(`\b[2-9B-Z]{4}-[2-9B-Z]{4}\b`)
	idPattern   = regexp.MustCompile(`"(messageId|taskId|contextId|id)":"[^"]*",?`)
)

// transcript is all that a caller ever sees of a task, a line for each event: ids and codes masked,
// times counted from the acceptance.
func (w *world) transcript(id a2a.TaskID) string {
	w.t.Helper()
	entries, err := w.memory.Events(w.ctx, id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	begun := entries[0].Event.(*a2a.Task).Status.Timestamp
	var lines []string
	for _, entry := range entries {
		line := string(a2a.AppendEvent(nil, entry.Event))
		line = idPattern.ReplaceAllString(line, "")
		line = codePattern.ReplaceAllString(line, "CODE")
		line = timePattern.ReplaceAllStringFunc(line, func(s string) string {
			at, err := time.Parse(a2a.TimeLayout, s)
			if err != nil || at.Equal(confirmed) {
				return s
			}
			return at.Sub(begun).String()
		})
		if _, ok := entry.Event.(*a2a.Task); !ok { // the question is the caller's own
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// story is the states of a task, with the seconds at which they came and their sentences.
func (w *world) story(id a2a.TaskID) []string {
	w.t.Helper()
	entries, err := w.memory.Events(w.ctx, id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	begun := entries[0].Event.(*a2a.Task).Status.Timestamp
	var lines []string
	tell := func(s a2a.TaskStatus) {
		line := fmt.Sprintf("%v %s", s.Timestamp.Sub(begun),
			strings.TrimPrefix(s.State.String(), "TASK_STATE_"))
		if s.Message != nil {
			line += ": " + codePattern.ReplaceAllString(s.Message.Text(), "CODE")
		}
		lines = append(lines, line)
	}
	for _, entry := range entries {
		switch ev := entry.Event.(type) {
		case *a2a.Task:
			tell(ev.Status)
		case *a2a.TaskStatusUpdateEvent:
			tell(ev.Status)
		case *a2a.TaskArtifactUpdateEvent:
			lines = append(lines, "artifact: "+ev.Artifact.Text())
		case *a2a.Message:
			lines = append(lines, "message: "+ev.Text())
		}
	}
	return lines
}

func (w *world) wantStory(id a2a.TaskID, want ...string) {
	w.t.Helper()
	if got := w.story(id); !slices.Equal(got, want) {
		w.t.Errorf("the task went\n  %s\nwant\n  %s", strings.Join(got, "\n  "),
			strings.Join(want, "\n  "))
	}
}

// The beginnings that every question shares.
const (
	submitted = "0s SUBMITTED"
	working   = "0s WORKING: Looking into the request…"
	waits     = "0s WORKING: Waiting for the person's approval. Code CODE. Nothing has to be " +
		"sent; keep watching this task."
	silent    = "2m0s REJECTED: Not confirmed: no approval was given in time."
	yesJohn   = "artifact: Yes, John Doe (jdoe@staff0.com) is an active employee of Staff0."
	failedNow = " FAILED: The request could not be processed at the moment. Please try again."
)

// consent reads the extension out of the last status.
func lastConsent(t *a2a.Task) string {
	if t.Status.Message == nil {
		return ""
	}
	return codePattern.ReplaceAllString(
		string(t.Status.Message.Metadata.Lookup(hrclient.ConsentExtension)),
		"CODE")
}

var errBoom = errors.New("boom")

// slowReader is a model that thinks.
type slowReader struct {
	Reader
	takes time.Duration
}

func (r slowReader) Read(ctx context.Context, texts []string) llm.Question {
	time.Sleep(r.takes)
	return r.Reader.Read(ctx, texts)
}
