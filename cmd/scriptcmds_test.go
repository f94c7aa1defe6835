//go:build unix

package cmd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"staff0/ciba/idp"
)

const (
	scriptPatience = 40 * time.Second // for anything that is waited for; a loaded machine is slow
	// how often somebody looks for what is waited for: at first, and after a while
	scriptPace     = 10 * time.Millisecond
	scriptPaceMost = 100 * time.Millisecond
)

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// scriptCommands are what scripts can say beyond the words of testscript. $NAME stands for the
// address of the server that was started as name.
func scriptCommands() map[string]scriptCommand {
	words := map[string]scriptCommand{
		// exits CODE PROGRAM ARGS... runs a program and demands its exit code.
		"exits": scriptExits,
		// start NAME PROGRAM ARGS... runs it in the background, with its output in NAME.out and
		// NAME.err.
		"start": scriptStart,
		// serve NAME PROGRAM ARGS... starts a server on a free port, waits until it listens, and
		// sets $NAME to its URL.
		"serve": scriptServe,
		// world [AGENT-FLAGS...] is identity provider, HR API and HR agent, ready, and the settings
		// for a client.
		"world": scriptWorld,
		// signal INT|TERM NAME sends a signal.
		"signal": scriptSignal,
		// ended NAME CODE waits for the end of a program and demands its exit code.
		"ended": scriptEnded,
		// await FILE PATTERN waits until a file has a line like that.
		"await": scriptAwait,
		// get STATUS URL [HEADER...] demands a status; body in stdout, headers in stderr. until
		// waits for it.
		"get":   scriptGet,
		"until": scriptUntil,
		// post STATUS URL FILE [HEADER...] posts JSON.
		"post": scriptPost,
		// approve EMAIL and deny EMAIL decide on the phone, at $idp, as soon as it rings.
		"approve": decision("approve"),
		"deny":    decision("deny"),
		// phone-silent demands that nobody is being asked.
		"phone-silent": scriptPhoneSilent,
		// same FILE WANT compares texts in which ids, times and codes are replaced by what they
		// are.
		"same": scriptSame,
		// capture NAME FILE PATTERN sets a variable to what the pattern's group found.
		"capture": scriptCapture,
		// mode PERM FILE... demands permissions.
		"mode": scriptMode,
		// await-announced waits until a task of ours waits for approval, for a client that says
		// nothing before its end.
		"await-announced": scriptAwaitAnnounced,
		// eventually CODE PROGRAM ARGS... runs a program until it ends with that code.
		"eventually": scriptEventually,
		// expand FILE TO copies a file with its variables replaced.
		"expand": scriptExpand,
		// card DIR SCHEMES writes the card of a peer with these security schemes, all of them
		// required. ISSUER stands for the provider.
		"card": scriptCard,
		// employee-token EMAIL asks for that person's approval as the HR agent does, approves, and
		// sets $token to what it yields.
		"employee-token": scriptEmployeeToken,
		// helps PROGRAM asks every command for its help and looks at it.
		"helps": scriptHelps,
		// freeport NAME sets a variable to a port that nobody listens on.
		"freeport": scriptFreePort,
		// startin NAME FILE PROGRAM ARGS... is start with an input.
		"startin": scriptStartIn,
		// certificate CERT KEY makes a certificate for this machine.
		"certificate": scriptCertificate,
		// set NAME FILE sets a variable to the contents of a file.
		"set": scriptSet,
	}
	for name, word := range words {
		words[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("unsupported: ! %s", name)
			}
			word(ts, neg, args)
		}
	}
	maps.Copy(words, terminalCommands())
	return words
}

// process is a program in the background.
type process struct {
	cmd      *exec.Cmd
	line     string
	out, err string // files
	done     chan struct{}
}

// processes are those of one script.
type processes struct {
	script     string
	byName     map[string]*process
	transcript *transcript
}

type processesKey struct{}

func running(ts *testscript.TestScript) *processes {
	p := ts.Value(processesKey{}).(*processes)
	p.script = ts.Name()
	return p
}

// stop ends whatever a script has left running, and keeps what it has printed.
func (p *processes) stop() {
	for _, name := range slices.Sorted(maps.Keys(p.byName)) {
		proc := p.byName[name]
		_ = proc.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-proc.done:
		case <-time.After(scriptPatience):
			_ = proc.cmd.Process.Kill()
			<-proc.done
		}
		p.keep(proc)
	}
}

func (p *processes) keep(proc *process) (stdout, stderr string) {
	out, _ := os.ReadFile(proc.out)
	errs, _ := os.ReadFile(proc.err)
	if strings.HasPrefix(proc.line, "staff0 ") {
		p.transcript.add(p.script, proc.line, string(out), string(errs))
	}
	return string(out), string(errs)
}

func (p *processes) named(ts *testscript.TestScript, name string) *process {
	proc := p.byName[name]
	if proc == nil {
		ts.Fatalf("nothing runs under the name %q", name)
	}
	return proc
}

func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits code program args...")
	}
	err := ts.Exec(args[1], args[2:]...)
	if args[1] == "staff0" {
		running(ts).transcript.add(ts.Name(), strings.Join(args[1:], " "), ts.ReadFile("stdout"),
			ts.ReadFile("stderr"))
	}
	demandExit(ts, args[0], err)
}

func demandExit(ts *testscript.TestScript, want string, err error) {
	if code := exitStatus(err); code != want {
		ts.Fatalf("exit code %s, want %s", code, want)
	}
}

// exitStatus is the exit code of a program that was run, or why it was not.
func exitStatus(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &exit):
		return strconv.Itoa(exit.ExitCode())
	}
	return err.Error()
}

func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: start name program args...")
	}
	launch(ts, args[0], args[1:], nil, nil)
}

func scriptStartIn(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: startin name file program args...")
	}
	launch(ts, args[0], args[2:], nil, strings.NewReader(ts.ReadFile(args[1])))
}

// launch starts a program. On a terminal, tty is what it reads and writes.
func launch(
	ts *testscript.TestScript, name string, argv []string, tty *os.File, in io.Reader,
) *process {
	all := running(ts)
	if all.byName[name] != nil {
		ts.Fatalf("%q runs already", name)
	}
	path, err := lookPath(ts, argv[0])
	ts.Check(err)
	p := &process{
		cmd: exec.Command(path, argv[1:]...), line: strings.Join(argv, " "),
		out: ts.MkAbs(name + ".out"), err: ts.MkAbs(name + ".err"),
		done: make(chan struct{}),
	}
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = environment(ts)
	p.cmd.Stdin = in
	var files []*os.File
	if tty != nil {
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = tty, tty, tty
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		files = append(files, tty)
	} else {
		for _, file := range []struct {
			path string
			to   *io.Writer
		}{{p.out, &p.cmd.Stdout}, {p.err, &p.cmd.Stderr}} {
			f, err := os.Create(file.path)
			ts.Check(err)
			*file.to = f
			files = append(files, f)
		}
	}
	ts.Check(p.cmd.Start())
	for _, f := range files {
		f.Close() // the child has its own
	}
	all.byName[name] = p
	done := p.done
	go func() {
		_ = p.cmd.Wait()
		close(done)
	}()
	return p
}

// environment is what the script has set. testscript tells only single variables and gives all of
// them to programs, so a program is asked.
func environment(ts *testscript.TestScript) []string {
	file := ts.MkAbs(".tmp-environment")
	// into a file, for what a program prints is in the log of the script
	ts.Check(ts.Exec("sh", "-c", `env -0 > "$0"`, file))
	return strings.Split(strings.TrimSuffix(ts.ReadFile(file), "\x00"), "\x00")
}

func lookPath(ts *testscript.TestScript, name string) (string, error) {
	for _, dir := range strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		path := dir + string(os.PathSeparator) + name
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no program %q", name)
}

func scriptServe(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: serve name program args...")
	}
	serveAs(ts, args[0], args[1:]...)
}

// serveAs starts a server on a free port, waits until it says where, and sets a variable of its
// name to its URL.
func serveAs(ts *testscript.TestScript, name string, argv ...string) string {
	file := name + ".addr"
	p := launch(ts, name, append(argv, "--addr", "127.0.0.1:0", "--addr-file", file), nil, nil)
	var addr string
	waitFor(ts, name+" to listen", func() bool {
		body, err := os.ReadFile(ts.MkAbs(file))
		addr = string(body)
		if err != nil {
			select {
			case <-p.done:
				ts.Fatalf("%s has ended: %s", name, ts.ReadFile(name+".err"))
			default:
			}
		}
		return err == nil
	})
	_, port, err := net.SplitHostPort(addr)
	ts.Check(err) // half an address would show here
	scheme := "http"
	if ts.Getenv("STAFF0_TLS_CERT") != "" && argv[0] == "staff0" && argv[1] != "idp" ||
		argv[0] == "provider" {
		scheme = "https"
	}
	url := scheme + "://localhost:" + port
	ts.Setenv(name, url)
	return url
}

func scriptWorld(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("STAFF0_ISSUER", serveAs(ts, "idp", "staff0", "idp", "--alg", "ES256")+"/")
	ts.Setenv("HR_API_BASE_URL", serveAs(ts, "api", "staff0", "api"))
	ts.Setenv("STAFF0_AGENT", serveAs(ts, "agent", append([]string{"staff0", "agent"}, args...)...))
	for _, name := range []string{"idp", "api", "agent"} {
		awaitStatus(ts, "200", ts.Getenv(name)+"/readyz", nil)
	}
}

// waitFor polls, for what is waited for is in another process.
func waitFor(ts *testscript.TestScript, what string, done func() bool) {
	until := time.Now().Add(scriptPatience)
	for pace := scriptPace; !done(); pace = min(pace*5/4, scriptPaceMost) {
		if time.Now().After(until) {
			ts.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(pace)
	}
}

func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	if len(args) != 2 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal INT|TERM name")
	}
	ts.Check(running(ts).named(ts, args[1]).cmd.Process.Signal(signals[args[0]]))
}

func scriptEnded(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: ended name code")
	}
	all := running(ts)
	p := all.named(ts, args[0])
	waitFor(ts, args[0]+" to end", func() bool {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	})
	delete(all.byName, args[0])
	stdout, stderr := all.keep(p)
	_, _ = io.WriteString(ts.Stdout(), stdout)
	_, _ = io.WriteString(ts.Stderr(), stderr)
	if code := p.cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[1] {
		ts.Fatalf("%s ended with exit code %d (%v), want %s", args[0], code, p.cmd.ProcessState,
			args[1])
	}
}

func scriptAwait(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await file pattern")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	waitFor(ts, args[0]+" to have "+args[1], func() bool {
		body, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && pattern.Match(body)
	})
}

// scriptClient trusts the certificate that the script trusts, and follows no redirects.
func scriptClient(ts *testscript.TestScript) *http.Client {
	t := &http.Transport{DisableKeepAlives: true}
	if file := ts.Getenv("SSL_CERT_FILE"); file != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(ts.ReadFile(file)))
		t.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: t, Timeout: scriptPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
}

type scriptAnswer struct {
	status       int
	header, body string
}

func call(
	ts *testscript.TestScript, method, url, body string, headers []string,
) (scriptAnswer, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Set(name, strings.TrimSpace(value))
		if name == "Host" {
			req.Host = strings.TrimSpace(value)
		}
	}
	res, err := scriptClient(ts).Do(req)
	if err != nil {
		return scriptAnswer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	var header bytes.Buffer
	_ = res.Header.Write(&header)
	return scriptAnswer{res.StatusCode, strings.ReplaceAll(header.String(), "\r\n", "\n"),
		string(text)}, err
}

func (a scriptAnswer) show(ts *testscript.TestScript) {
	_, _ = io.WriteString(ts.Stdout(), a.body)
	_, _ = io.WriteString(ts.Stderr(), a.header)
}

func scriptGet(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: get status url [header...]")
	}
	a, err := call(ts, http.MethodGet, args[1], "", args[2:])
	ts.Check(err)
	a.show(ts)
	if strconv.Itoa(a.status) != args[0] {
		ts.Fatalf("GET %s answered %d, want %s", args[1], a.status, args[0])
	}
}

func scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: until status url [header...]")
	}
	awaitStatus(ts, args[0], args[1], args[2:]).show(ts)
}

func awaitStatus(ts *testscript.TestScript, status, url string, headers []string) (a scriptAnswer) {
	waitFor(ts, url+" to answer "+status, func() bool {
		var err error
		a, err = call(ts, http.MethodGet, url, "", headers)
		return err == nil && strconv.Itoa(a.status) == status
	})
	return a
}

func scriptPost(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: post status url file [header...]")
	}
	a, err := call(ts, http.MethodPost, args[1], ts.ReadFile(args[2]), args[3:])
	ts.Check(err)
	a.show(ts)
	if strconv.Itoa(a.status) != args[0] {
		ts.Fatalf("POST %s answered %d, want %s", args[1], a.status, args[0])
	}
}

type pendingApproval struct {
	ID, Email string
	Binding   string `json:"binding_message"`
}

func approvals(ts *testscript.TestScript) []pendingApproval {
	a, err := call(ts, http.MethodGet, ts.Getenv("idp")+"/approvals", "", nil)
	ts.Check(err)
	var pending []pendingApproval
	ts.Check(json.Unmarshal([]byte(a.body), &pending))
	return pending
}

// decision is the employee's thumb. It sets $binding to what the phone has shown.
func decision(what string) scriptCommand {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		if len(args) != 1 {
			ts.Fatalf("usage: %s email", what)
		}
		var mine pendingApproval
		waitFor(ts, "the phone of "+args[0]+" to ring", func() bool {
			pending := approvals(ts)
			i := slices.IndexFunc(pending, func(p pendingApproval) bool {
				return p.Email == args[0]
			})
			if i >= 0 {
				mine = pending[i]
			}
			return i >= 0
		})
		a, err := call(ts, http.MethodPost, ts.Getenv("idp")+"/approvals/"+mine.ID, `{"decision":"`+
			what+`"}`, nil)
		ts.Check(err)
		if a.status/100 != 2 {
			ts.Fatalf("the decision was answered %d: %s", a.status, a.body)
		}
		ts.Setenv("binding", mine.Binding)
	}
}

func scriptPhoneSilent(ts *testscript.TestScript, _ bool, args []string) {
	if pending := approvals(ts); len(pending) > 0 {
		ts.Fatalf("somebody is being asked: %v", pending)
	}
}

// scriptVaries are the parts of texts that differ from run to run.
var scriptVaries = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(
		`(?P<ID>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b0[0-9a-v]{41}\b)|` +
			`(?P<TIME>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)|(?P<CLOCK>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)|` +
			`(?P<CODE>\b[0-9A-Z]{4}-[0-9A-Z]{4}\b)|(?P<ORIGIN>https?://(?:localhost|127\.0\.0\.1):\d+)`)
})

func settle(text string) string {
	pattern := scriptVaries()
	return pattern.ReplaceAllStringFunc(text, func(found string) string {
		m := pattern.FindStringSubmatch(found)
		for i, name := range pattern.SubexpNames() {
			if name != "" && m[i] != "" {
				return name
			}
		}
		return found
	})
}

func scriptSame(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same file want")
	}
	if got, want := settle(ts.ReadFile(args[0])), ts.ReadFile(args[1]); got != want {
		ts.Fatalf("%s is\n%s\nwant\n%s", args[0], got, want)
	}
}

func scriptCapture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: capture name file pattern")
	}
	pattern, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	m := pattern.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) < 2 {
		ts.Fatalf("%s has no %s", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}

func scriptSet(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: set name file")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile(args[1]), "\n"))
}

func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args[1:] {
		info, err := os.Stat(ts.MkAbs(file))
		ts.Check(err)
		if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
			ts.Fatalf("%s has the mode %s, want %s", file, got, args[0])
		}
	}
}

func scriptCertificate(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: certificate cert key")
	}
	_, err := certificate(ts.MkAbs(args[0]), ts.MkAbs(args[1]))
	ts.Check(err)
}

func scriptAwaitAnnounced(ts *testscript.TestScript, _ bool, _ []string) {
	waitFor(ts, "a task to wait for approval", func() bool {
		tasks, err := quietly(ts, "staff0", "client", "task", "list")
		return err == nil && strings.Contains(tasks, "  auth required ")
	})
}

func scriptEventually(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: eventually code program args...")
	}
	waitFor(ts, strings.Join(args[1:], " ")+" to end with "+args[0], func() bool {
		_, err := quietly(ts, args[1:]...)
		return exitStatus(err) == args[0]
	})
}

// quietly runs a program without filling the log of the script, for programs that are run over and
// over.
func quietly(ts *testscript.TestScript, argv ...string) (stdout string, err error) {
	file := ts.MkAbs(".tmp-quiet")
	err = ts.Exec("sh", append([]string{"-c", `out=$0; exec "$@" > "$out" 2>&1`, file}, argv...)...)
	return ts.ReadFile(file), err
}

func scriptFreePort(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: freeport name")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer ln.Close()
	ts.Setenv(args[0], strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
}

func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: expand file to")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)),
		0o600))
}

// scriptHelps walks through the tree of commands by what help says of it.
func scriptHelps(ts *testscript.TestScript, _ bool, args []string) {
	help, err := quietly(ts, append(args, "--help")...)
	ts.Check(err)
	running(ts).transcript.add(ts.Name(), strings.Join(args, " ")+" --help", help, "")
	_, examples, ok := strings.Cut(help, "\nExamples:\n")
	if !ok || !strings.Contains(examples, "staff0 ") {
		ts.Fatalf("the help of %q has no example", args)
	}
	_, list, _ := strings.Cut(help, "\nAvailable Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "help" &&
			words[0] != "completion" {
			scriptHelps(ts, false, append(slices.Clone(args), words[0]))
		}
	}
}

func scriptCard(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: card dir schemes")
	}
	schemes := strings.ReplaceAll(args[1], "ISSUER", ts.Getenv("idp"))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+"/GET_.well-known_agent-card.json"), []byte(`HTTP/1.1 200 OK
Content-Type: application/json

{"name":"x","description":"x","version":"1","supportedInterfaces":[{"url":"SELF/","protocolBinding":"JSONRPC","protocolVersion":"1.0"}],
 "capabilities":{"streaming":true},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"skills":[],
 "securitySchemes":`+schemes+`,"securityRequirements":[{"schemes":{"m2m":{"list":[]}}}]}`), 0o600))
}

func scriptEmployeeToken(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: employee-token email")
	}
	agent := idp.DefaultClients()[knownAgent]
	people := idp.SamplePeople()
	i := slices.IndexFunc(people, func(p idp.Person) bool { return p.Email == args[0] })
	if i < 0 {
		ts.Fatalf("nobody has the address %s", args[0])
	}
	issuer := ts.Getenv("idp") + "/"
	form := func(path string, values url.Values) (answer struct {
		AuthReqID   string `json:"auth_req_id"`
		AccessToken string `json:"access_token"`
	}) {
		values.Set("client_id", agent.ID)
		values.Set("client_secret", agent.Secret.Reveal())
		res, err := scriptClient(ts).PostForm(issuer+path, values)
		ts.Check(err)
		defer res.Body.Close()
		ts.Check(json.NewDecoder(res.Body).Decode(&answer))
		return answer
	}
	hint, err := json.Marshal(map[string]string{"format": "iss_sub", "iss": issuer,
		"sub": people[i].Subject})
	ts.Check(err)
	request := form("bc-authorize", url.Values{
		"scope": {"openid " + idp.APIScope}, "audience": {idp.APIAudience},
		"login_hint": {string(hint)}, "binding_message": {"test"},
	})
	decision("approve")(ts, false, args)
	var token string
	waitFor(ts, "the token of the approval", func() bool {
		token = form("oauth/token", url.Values{
			"grant_type": {"urn:openid:params:grant-type:ciba"}, "auth_req_id": {request.AuthReqID},
		}).AccessToken
		return token != ""
	})
	ts.Setenv("token", token)
}
