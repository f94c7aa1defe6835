package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a/hrclient"
	"staff0/ciba/idp"
	"staff0/hrapi"
)

// sampleQuestion is asked when none is given.
const sampleQuestion = "Does John Doe with email jdoe@staff0.com work at Staff0?"

// demoOptions are the flags of demo.
type demoOptions struct {
	approve string
	expiry  time.Duration
	asJSON  bool
	log     logFlags
}

func (p *program) newDemo() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo [QUESTION]",
		Short: "Show the whole road in one process: ask, approve, answer",
		Long: `demo runs an identity provider, the HR API and the HR agent in this process, on free ports of this machine and in memory,
asks as a bank's agent would, and tells each step. You are the employee: approve on the phone page, or with y or n here.

It ends with the answer on stdout and the exit code of staff0 client ask.`,
		Example: `  staff0 demo
  staff0 demo "Does bwong work here?"
  staff0 demo --approve deny "Does jdoe work here?"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(fmt.Sprintf("too many arguments, from %q on", args[1]),
					"put the question in quotes")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			text := sampleQuestion
			if len(args) == 1 {
				text = args[0]
			}
			return p.demo(c.Context(), &o, text, c.Flags().Changed("approve"))
		},
	}
	c.Flags().StringVar(&o.approve, "approve", "ask",
		"who decides: ask (you), auto or deny; auto by default when this is no terminal")
	c.Flags().DurationVar(&o.expiry, "consent-expiry", 2*time.Minute,
		"how long the employee has to answer, 2s to 15m")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON object, however it ends")
	o.log.register(c, slog.LevelError)
	return c
}

// demo runs the three servers and asks one question.
func (p *program) demo(ctx context.Context, o *demoOptions, text string, chosen bool) error {
	keys, atTerminal := foregroundTerminal(p.in)
	if !chosen && !atTerminal {
		o.approve = string(idp.Auto)
	}
	log, err := o.log.logger(p.err)
	if err != nil {
		return err
	}
	// Nothing of the environment counts here: what is shown is the same on every machine.
	s, err := loadSettings(nil, "")
	if err != nil {
		return err
	}
	s.AgentDatabase, s.APIDatabase, s.Model, s.ConsentExpiry = "memory:", "memory:", "rules",
		o.expiry
	story := &story{progress: p.newProgress(false)}
	w, err := startWorld(ctx, s, o, story, log)
	if err != nil {
		return err
	}
	defer w.stop()

	story.opening(s, o)
	if o.approve == string(idp.Ask) && atTerminal {
		story.mu.Lock()
		story.keys = newKeyboard(keys, story.w)
		story.mu.Unlock()
		go story.keys.run(w.provider)
	}
	q := p.newQuestion(story.progress, o.asJSON)
	q.agent = s.Agent
	q.progress.quiet = true // the story tells what ask would
	if err := q.unclear(text); err != nil {
		return q.fail(err)
	}
	story.step("Card",
		"The bank's agent reads the HR agent's card, which says what it answers and what it "+
			"wants to be shown.",
		s.Agent+"/.well-known/agent-card.json")
	asker, err := s.connect(ctx, wireFlags{})
	if err != nil {
		return q.fail(err)
	}
	if _, err := asker.tokens.Token(ctx); err != nil {
		return q.fail(err)
	}
	story.step("Token",
		"The bank shows its client credentials to the identity provider and gets an access token "+
			"for the agent, for nothing but this question.",
		"scope "+hrclient.Scope)
	story.step("Question", "The question goes to the HR agent over A2A, with that token.",
		fmt.Sprintf("%q", text))
	got, err := q.ask(ctx, asker, text)
	if err != nil {
		return q.fail(err)
	}
	story.ending(got)
	if !o.asJSON {
		fmt.Fprintln(p.err)
	}
	return q.end(got, nil)
}

// world is the three servers of a demonstration.
type world struct {
	provider *idp.Provider
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// startWorld starts provider, API and agent on free ports. They find each other as they would in
// three processes.
func startWorld(
	ctx context.Context, s *settings, o *demoOptions, story *story, log *slog.Logger,
) (*world, error) {
	if err := s.checkExpiry(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &world{cancel: cancel}
	start := func(svc *service) {
		w.done.Go(func() {
			if err := svc.run(ctx, ""); err != nil {
				log.Error("a server of the demonstration stopped", "error", err)
			}
		})
	}
	err := func() error {
		ln, err := listen("127.0.0.1:0")
		if err != nil {
			return err
		}
		s.Issuer = baseURL(ln, false) + "/"
		// ES256 keys are made at once; an RSA key can take most of a second.
		w.provider, err = idp.New(idp.Config{Issuer: s.Issuer, Alg: "ES256",
			Approve: idp.Mode(o.approve), OnRequest: story.prompt, Log: log})
		if err != nil {
			ln.Close()
			return usageError(err.Error(), "--approve is ask, auto or deny")
		}
		start(&service{name: "the development identity provider", ln: ln, handler: w.provider,
			log: log})

		if ln, err = listen("127.0.0.1:0"); err != nil {
			return err
		}
		s.APIBaseURL = baseURL(ln, false)
		api, err := s.newAPIService(ctx, ln, log)
		if err != nil {
			ln.Close()
			return err
		}
		api.handler = story.watchAPI(api.handler)
		start(api)

		if ln, err = listen("127.0.0.1:0"); err != nil {
			return err
		}
		s.Agent = baseURL(ln, false)
		agent, err := s.newAgentService(ctx, ln, log)
		if err != nil {
			ln.Close()
			return err
		}
		start(agent)
		return nil
	}()
	if err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *world) stop() {
	w.cancel()
	w.done.Wait()
}

// story tells on stderr what happens, in the words of somebody who sees it for the first time.
type story struct {
	keys *keyboard // nil without a terminal
	*progress
	count  int
	issuer string
	mode   idp.Mode
	mu     sync.Mutex
}

func (t *story) opening(s *settings, o *demoOptions) {
	t.issuer, t.mode = s.Issuer, idp.Mode(o.approve)
	t.tellf("A bank's agent is about to ask Staff0's HR agent whether somebody works at Staff0.")
	t.tellf("Everything runs in this process, for development: identity provider, HR API, HR " +
		"agent, bank.")
	switch t.mode {
	case idp.Auto:
		t.tellf("\n%s",
			t.bold("NOBODY IS ASKED: THIS DEMONSTRATION APPROVES BY ITSELF (--approve auto)."))
	case idp.Deny:
		t.tellf("\n%s",
			t.bold("NOBODY IS ASKED: THIS DEMONSTRATION DECLINES BY ITSELF (--approve deny)."))
	default:
		t.tellf("You are the employee. The phone is a page: %s", t.bold(t.issuer))
	}
}

// tellf prints lines whatever the progress of the question would leave out.
func (t *story) tellf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.w, format+"\n", args...)
}

// step tells one step with a detail in the next line.
func (t *story) step(name, text, detail string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	fmt.Fprintf(t.w, "\n%d. %s\n   %s\n", t.count, t.bold(name), text)
	if detail != "" {
		fmt.Fprintf(t.w, "   %s\n", escape(detail))
	}
}

// prompt is told by the provider of each request.
func (t *story) prompt(a idp.Approval) {
	code := a.BindingMessage
	if m, ok := idp.ReadMessage(a.BindingMessage); ok {
		code = m.Code
	}
	t.step("Prompt",
		fmt.Sprintf(
			"The HR agent has the identity provider ask %s out of band (CIBA). Both sides see "+
				"the same code.", escape(a.Name)), "code "+code)
	t.mu.Lock()
	keys := t.keys
	t.mu.Unlock()
	switch {
	case keys != nil:
		keys.arrived(a)
	case t.mode == idp.Ask:
		t.tellf("\n   %s On the phone: %s", describeApproval(a), t.issuer)
	}
}

// watchAPI tells of records that were read.
func (t *story) watchAPI(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w}
		if strings.HasPrefix(r.URL.Path, "/employees/") {
			t.step("Approval",
				"The employee has approved. The approval yields a token of that employee, for "+
					"that one record.", "scope "+hrapi.ScopeReadEmployee)
		}
		next.ServeHTTP(seen, r)
		if strings.HasPrefix(r.URL.Path, "/employees/") {
			detail := fmt.Sprintf("GET %s answered %d", r.URL.EscapedPath(), seen.status)
			t.step("Record",
				"With that token, and with no other, the HR agent reads the record from the "+
					"HR API.", detail)
		}
	})
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ending tells how it ended.
func (t *story) ending(a hrclient.Answer) {
	text := map[hrclient.Outcome]string{
		hrclient.Yes: "The HR agent compares the record with the question and answers. The " +
			"verdict is made by code, from the record.",
		hrclient.No: "The HR agent compares the record with the question and answers. The " +
			"verdict is made by code, from the record.",
		hrclient.NameMismatch: "The record bears another name than the question. That is all the " +
			"bank learns.",
		hrclient.Declined: "The employee has declined, and nothing was read. That is all the " +
			"bank learns.",
		hrclient.NotConfirmed: "Nobody approved in time. Whether there is such a person, " +
			"nobody can " +
			"tell from it.",
		hrclient.Ask: "The question names nobody without doubt, so the HR agent asks back. " +
			"Nobody was asked for approval.",
		hrclient.Refused: "The HR agent answers no such questions. Nobody was asked for " +
			"approval.",
	}[a.Outcome]
	if text == "" {
		text = "Something failed."
	}
	detail := fmt.Sprintf("answer %s, exit code %d", a.Outcome, answerExits[a.Outcome])
	t.step("Answer", text, detail)
}
