//go:build unix

package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a/a2aclient"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/postgres"
	"staff0/a2a/tasks/sqlite"
	"staff0/ciba/idp"
	"staff0/ciba/oauth"
)

// crashWorld is the program, its processes and the employees' phones.
type crashWorld struct {
	dir, program string
	issuer, api  string
	agents       []*crashAgent
	base         string // where askers find the agents
	client       *a2aclient.Client
	phone        *crashPhone
	openStore    func(context.Context) (tasks.Store, error) // to look into
}

// crashPerson is the user name of a person who exists, by number.
func crashPerson(n int) string { return fmt.Sprintf("p%06d", n) }

// buildProgram builds the program as it ships.
func buildProgram(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "staff0")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the program cannot be built: %v\n%s", err, out)
	}
	return path
}

// newCrashWorld starts all but the agents.
func newCrashWorld(t *testing.T, dir string, form crashForm) *crashWorld {
	w := &crashWorld{dir: dir, program: form.program}
	people := "employee_id,subject,email,name,status,start_date\n"
	for n := range form.rounds * form.askers {
		id := crashPerson(n)
		people += fmt.Sprintf("%d,auth0|%s,%s@staff0.com,Person %s,active,2020-01-01\n", 10000+n,
			id, id, id)
	}
	file := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(file, []byte(people), 0o600); err != nil {
		t.Fatal(err)
	}
	employees := "STAFF0_API_DATABASE=sqlite:" + filepath.Join(dir, "employees.db")
	if out, err := w.command([]string{employees}, "api", "import",
		file).CombinedOutput(); err != nil {
		t.Fatalf("the people cannot be imported: %v\n%s", err, out)
	}
	w.issuer = w.serve(t, "idp", nil, "--people", file, "--alg", "ES256", "--interval",
		crashInterval.String()) + "/"
	w.api = w.serve(t, "api", []string{"STAFF0_ISSUER=" + w.issuer, employees})

	if form.database == "" {
		db := filepath.Join(dir, "agent.db")
		agent := w.agent(t, form, "sqlite:"+db)
		w.base = agent.base()
		w.openStore = func(ctx context.Context) (tasks.Store, error) {
			return sqlite.Open(ctx, db, sqlite.Options{ReadOnly: true})
		}
	} else {
		db := crashDatabase(t, form.database)
		w.agent(t, form, db)
		w.agent(t, form, db)
		w.base = w.balance(t)
		w.openStore = func(ctx context.Context) (tasks.Store, error) {
			return postgres.Open(ctx, db, postgres.Options{ReadOnly: true})
		}
	}
	w.phone = newCrashPhone(w.issuer)
	phone, hangUp := context.WithCancel(context.Background())
	var ringing sync.WaitGroup
	ringing.Go(func() { w.phone.run(phone) })
	t.Cleanup(func() {
		for _, a := range w.agents {
			a.kill()
		}
		hangUp()
		ringing.Wait()
	})
	return w
}

// agent makes an agent that has not begun to live.
func (w *crashWorld) agent(t *testing.T, form crashForm, database string) *crashAgent {
	a := &crashAgent{
		name: fmt.Sprint("agent", len(w.agents)+1), port: freePort(t), world: w, form: form,
		env: []string{"STAFF0_AGENT_DATABASE=" + database},
	}
	w.agents = append(w.agents, a)
	return a
}

// crashDatabase makes a database of its own on a server.
func crashDatabase(t *testing.T, server string) string {
	name := fmt.Sprintf("crash_%d", time.Now().UnixNano())
	run := func(statement string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), crashPatience)
		defer cancel()
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE DATABASE " + name)
	t.Cleanup(func() { run("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// balance serves all agents at one address, each call at the next one that is up.
func (w *crashWorld) balance(t *testing.T) string {
	var proxies []http.Handler
	for _, a := range w.agents {
		target, _ := url.Parse(a.base())
		proxies = append(proxies, &httputil.ReverseProxy{
			Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
			FlushInterval: -1,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
			ErrorLog:      log.New(io.Discard, "", 0),
			ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, err error) {
				var op *net.OpError
				if errors.As(err, &op) && op.Op == "dial" { // the call has certainly not arrived
					rw.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				rw.WriteHeader(http.StatusBadGateway)
			},
		})
	}
	var turn atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for range w.agents {
			i := int(turn.Add(1)) % len(w.agents)
			if w.agents[i].serves.Load() {
				proxies[i].ServeHTTP(rw, r)
				return
			}
		}
		rw.WriteHeader(http.StatusServiceUnavailable)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	return "http://localhost:" + port
}

// command is the program with a home of its own.
func (w *crashWorld) command(env []string, args ...string) *exec.Cmd {
	c := exec.Command(w.program, args...)
	c.Dir = w.dir
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "STAFF0_MODEL=rules"},
		env...)
	return c
}

// serve starts a server that lives as long as the test, and returns its URL.
func (w *crashWorld) serve(t *testing.T, name string, env []string, args ...string) string {
	addr, errs := filepath.Join(w.dir, name+".addr"), filepath.Join(w.dir, name+".err")
	c := w.command(env, append([]string{name, "--addr", "127.0.0.1:0", "--addr-file", addr},
		args...)...)
	out, err := os.Create(errs)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c.Stderr = out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for until := time.Now().Add(crashPatience); time.Now().Before(until); time.Sleep(scriptPace) {
		if b, err := os.ReadFile(addr); err == nil {
			_, port, _ := net.SplitHostPort(string(b))
			url := "http://localhost:" + port
			if awaitReady(url, until, nil) == nil {
				return url
			}
		}
	}
	b, _ := os.ReadFile(errs)
	t.Fatalf("%s did not start: %s", name, b)
	return ""
}

var errEnded = errors.New("the process has ended")

// awaitReady waits for a server, unless it ends.
func awaitReady(url string, until time.Time, ended <-chan struct{}) error {
	hc := &http.Client{Timeout: 5 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Now().Before(until) {
		res, err := hc.Get(url + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ended:
			return errEnded
		case <-time.After(3 * time.Millisecond):
		}
	}
	return errors.New("it is not ready")
}

// crashPorts counts the ports that this process has given to agents.
var crashPorts atomic.Int64

// freePort finds a port that the system does not hand out by itself, nor do we to anybody else:
// between two lives of an agent nobody must take it.
func freePort(t *testing.T) int {
	for {
		// processes that run this test side by side begin four apart
		port := 12000 + 4*(os.Getpid()%4000) + int(crashPorts.Add(1))
		if port >= 32000 {
			t.Fatal("no port is free")
		}
		if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			ln.Close()
			return port
		}
	}
}

// connect makes the client of all askers.
func (c *crash) connect(ctx context.Context) {
	hc := oauth.NewHTTPClient(0)
	base, err := a2aclient.ParseBase(c.base)
	if err != nil {
		c.Fatal(err)
	}
	issuer, err := url.Parse(c.issuer)
	if err != nil {
		c.Fatal(err)
	}
	metadata, err := oauth.Discover(ctx, hc, c.issuer)
	if err != nil {
		c.Fatal(err)
	}
	card, err := a2aclient.Resolve(ctx, hc, base)
	if err != nil {
		c.Fatal(err)
	}
	c.client, err = a2aclient.New(card, a2aclient.Config{
		Base: base, HTTPClient: hc, Issuer: issuer, Patience: a2aclient.DefaultPatience,
		Tokens: oauth.Reuse(&oauth.ClientCredentials{
			Metadata: metadata, Auth: oauth.ClientAuth{ID: "bank", Secret: "bank-secret"},
			HTTPClient: hc,
			Audience:   "https://staff0/agent", Scopes: []string{hrclient.Scope},
		}),
	})
	if err != nil {
		c.Fatal(err)
	}
}

// crashAgent is an agent through all its lives.
type crashAgent struct {
	name  string
	port  int
	env   []string
	world *crashWorld
	form  crashForm

	cmd  *exec.Cmd
	done chan struct{}
	err  error // of the life that has ended

	serves atomic.Bool
	born   time.Time
	up     []crashSpan // in which it was ready
}

type crashSpan struct{ from, to time.Time }

func (a *crashAgent) base() string { return fmt.Sprintf("http://localhost:%d", a.port) }

// launch begins a life.
func (a *crashAgent) launch(c *crash) {
	env := append([]string{"STAFF0_ISSUER=" + a.world.issuer, "HR_API_BASE_URL=" + a.world.api},
		a.env...)
	a.cmd = a.world.command(env, "agent", "--addr", fmt.Sprintf("127.0.0.1:%d", a.port),
		"--public-url", a.world.base, "--consent-expiry", a.form.expiry.String())
	out, err := os.OpenFile(filepath.Join(a.world.dir, a.name+".err"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.Fatal(err)
	}
	defer out.Close()
	a.cmd.Stderr = out
	a.born = time.Now()
	if err := a.cmd.Start(); err != nil {
		c.Fatal(err)
	}
	done, cmd := make(chan struct{}), a.cmd
	a.done = done
	go func() {
		a.err = cmd.Wait()
		close(done)
	}()
}

// awake waits until callers are served.
func (a *crashAgent) awake(c *crash) {
	if err := awaitReady(a.base(), time.Now().Add(crashPatience), a.done); err != nil {
		log, _ := os.ReadFile(filepath.Join(a.world.dir, a.name+".err"))
		c.Fatalf("%s: %v: %s", a.name, err, log[max(0, len(log)-2000):])
	}
	a.up = append(a.up, crashSpan{from: time.Now()})
	a.serves.Store(true)
}

// gone notes that the agent does not serve any more.
func (a *crashAgent) gone() {
	a.serves.Store(false)
	if n := len(a.up); n > 0 && a.up[n-1].to.IsZero() {
		a.up[n-1].to = time.Now()
	}
}

// kill ends a life at once. It reports whether there was one.
func (a *crashAgent) kill() bool {
	if a.cmd == nil {
		return false
	}
	select {
	case <-a.done:
		return false
	default:
	}
	a.gone()
	_ = a.cmd.Process.Kill()
	<-a.done
	status, ok := a.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// terminate asks the agent to stop.
func (a *crashAgent) terminate(c *crash) {
	a.gone()
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.faultf("%s could not be told to stop: %v", a.name, err)
	}
}

// ended waits for the end of a life that must end well.
func (a *crashAgent) ended(within time.Duration) error {
	select {
	case <-a.done:
		return a.err
	case <-time.After(within):
		a.kill()
		return errors.New("it goes on")
	}
}

// crashPhone is every employee's phone: it decides as the plan has it.
type crashPhone struct {
	issuer string
	hc     *http.Client

	mu      sync.Mutex
	plans   map[string]*crashPlan // by e-mail address
	prompts map[string]*crashPrompt
	order   []*crashPrompt
	failed  []error
	pending sync.WaitGroup
}

// crashPrompt is a request for approval that has reached the provider.
type crashPrompt struct {
	idp.Approval
	decided time.Time // zero if it was not
}

func newCrashPhone(issuer string) *crashPhone {
	return &crashPhone{
		issuer: strings.TrimSuffix(issuer, "/"), hc: &http.Client{Timeout: 10 * time.Second},
		plans: map[string]*crashPlan{}, prompts: map[string]*crashPrompt{},
	}
}

func (p *crashPhone) expect(plan *crashPlan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans[plan.email()] = plan
}

const crashPhoneLook = 40 * time.Millisecond // far less than a prompt stands

// run looks at the phones until ctx ends.
func (p *crashPhone) run(ctx context.Context) {
	tick := time.NewTicker(crashPhoneLook)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := p.look(); err != nil {
				p.fault(err)
			}
		case <-ctx.Done():
			p.pending.Wait()
			return
		}
	}
}

func (p *crashPhone) fault(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = append(p.failed, err)
}

// look takes in new prompts and plans their decisions.
func (p *crashPhone) look() error {
	res, err := p.hc.Get(p.issuer + "/approvals")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var approvals []idp.Approval
	if err := json.Unmarshal(body, &approvals); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range approvals {
		if p.prompts[a.ID] != nil {
			continue
		}
		prompt := &crashPrompt{Approval: a}
		p.prompts[a.ID] = prompt
		p.order = append(p.order, prompt)
		plan := p.plans[a.Email]
		if plan == nil {
			p.failed = append(p.failed, errors.New("somebody was rung whom nobody has asked about"))
			continue
		}
		if plan.decision == "" {
			continue
		}
		p.pending.Go(func() {
			time.Sleep(plan.delay)
			p.decide(prompt, plan.decision)
		})
	}
	return nil
}

func (p *crashPhone) decide(prompt *crashPrompt, decision string) {
	body := fmt.Sprintf(`{"decision":%q}`, decision)
	res, err := p.hc.Post(p.issuer+"/approvals/"+prompt.ID, "application/json",
		bytes.NewBufferString(body))
	if err != nil {
		p.fault(err)
		return
	}
	res.Body.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch res.StatusCode {
	case http.StatusNoContent:
		prompt.decided = time.Now()
	case http.StatusGone: // the machine was slow
	default:
		p.failed = append(p.failed, fmt.Errorf("a decision was answered %s", res.Status))
	}
}
