package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/hrclient"
)

func (p *program) newAsk() *cobra.Command {
	var (
		asJSON            bool
		task, conv, about string
		wire              wireFlags
		webhook           string
	)
	c := &cobra.Command{
		Use:   "ask QUESTION",
		Short: "Ask one question, get one answer and one exit code",
		Long: `ask sends one question and waits until it is answered. The answer goes to stdout, everything else to stderr.

Code 0 means that the agent has answered yes about the one e-mail address, employee number or subject that the question
holds, or about the one given with --about. A question that holds several is not sent without --about.

Exit codes:
  0  yes                            5  no approval in time, or another name on record
  1  failed, or no such questions   6  the agent needs more input
  2  usage                          7  no, the person is not employed
  3  credentials refused            8  agent or identity provider unreachable
  4  the person declined          130  interrupted; the task goes on`,
		Example: `  staff0 client ask "Does jdoe work here?"
  staff0 client ask "Does John Doe work at Staff0?"           # asks back, exit 6
  staff0 client ask --task ID jdoe@staff0.com                 # answers that
  staff0 client ask "Is E1001 an active employee?" && open-the-account
  staff0 client ask --about jdoe@staff0.com "Does jdoe@staff0.com (E1001) work here?"`,
		Args: func(c *cobra.Command, args []string) error {
			err := needArgs("QUESTION")(c, args)
			if err == nil && strings.TrimSpace(args[0]) == "" {
				err = usageError("the QUESTION is empty", c.CommandPath()+" --help")
			}
			if err != nil && asJSON { // every ending has its object
				return p.newQuestion(p.newProgress(true), true).fail(err)
			}
			return err
		},
		RunE: func(c *cobra.Command, args []string) error {
			q := p.newQuestion(p.newProgress(asJSON && !isTerminal(p.err)), asJSON)
			q.TaskID, q.ContextID, q.Earlier = a2a.TaskID(task), a2a.ContextID(conv), task != ""
			q.About = strings.TrimSpace(about)
			if c.Flags().Changed("about") && q.About == "" {
				return q.fail(usageError("--about is empty",
					"the identifier that the answer has to be about"))
			}
			if err := q.unclear(args[0]); err != nil {
				return q.fail(err)
			}
			if webhook != "" {
				q.Webhook = hrclient.Webhook(webhook, p.settings.WebhookSecret)
			}
			if task != "" && conv != "" {
				return q.fail(usageError("--task and --context cannot be used together",
					"--task alone; a task is in its context already"))
			}
			a, err := p.withClient(c, wire)
			if err != nil {
				return q.fail(err)
			}
			return q.end(q.ask(c.Context(), a, args[0]))
		},
	}
	p.settings.askerFlags(c)
	wire.register(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, however it ends")
	c.Flags().StringVar(&about, "about", "",
		"the `IDENTIFIER` that the answer has to be about, as the question has it")
	c.Flags().StringVar(&task, "task", "", "`ID` of the task that this message belongs to")
	c.Flags().StringVar(&webhook, "webhook", "",
		"`URL` that the agent is to tell of the task, too; staff0 client hook receives it")
	c.Flags().StringVar(&conv, "context", "", "`ID` of the context to begin a new task in")
	return c
}

// question is one question on its way, as the person at the terminal sees it.
type question struct {
	*program
	*hrclient.Question
	progress *progress
	asJSON   bool
	agent    string // for the hints, when it is not the default one
	phone    string // where people approve, for development
	code     string // of the wait that was announced last
}

func (p *program) newQuestion(progress *progress, asJSON bool) *question {
	q := &question{program: p, Question: new(hrclient.Question), progress: progress, asJSON: asJSON,
		agent: p.settings.Agent}
	q.Notify = q.tell
	return q
}

// unclear is an error for a message of which nobody can tell whom an answer has to be about.
func (q *question) unclear(text string) error {
	several, ok := errors.AsType[*hrclient.SeveralError](q.Check(text))
	if !ok {
		return nil
	}
	return usageError("the question names several: "+joinWords(several.Identifiers),
		"--about "+command(several.Identifiers[0])+
			", which says about whom the answer has to be")
}

// ask sends the text and waits for what comes of it.
func (q *question) ask(ctx context.Context, a *asker, text string) (hrclient.Answer, error) {
	q.Client, q.phone = a.Client, a.phone
	q.progress.wait("Asking…", time.Time{})
	return q.Ask(ctx, text)
}

// tell says what has changed.
func (q *question) tell(s hrclient.Status) {
	text := "Waiting…"
	if s.Text != "" {
		text = escape(s.Text)
	}
	// A wait is announced with a code, whatever the state is that says so.
	if s.Code != "" && s.Code != q.code {
		q.code = s.Code
		lines := []string{text,
			fmt.Sprintf("Show the person this code: %s. It is on their phone, too.",
				q.progress.bold(escape(s.Code)))}
		if q.phone != "" {
			lines = append(lines, "The phone is a page for development: "+q.phone)
		}
		q.progress.soon(lines...)
		q.progress.wait("Waiting for the person's approval…", s.Deadline)
		return
	}
	if s.Changed {
		q.progress.say("%s", text)
	}
	q.progress.wait(text, s.Deadline)
}

// end prints the answer and tells the exit code.
func (q *question) end(a hrclient.Answer, err error) error {
	q.progress.done()
	if err != nil {
		return q.fail(err)
	}
	if q.asJSON {
		if err := writeJSON(q.out, endingOf(a)); err != nil {
			return err
		}
		return leave(answerExits[a.Outcome])
	}
	q.print(a)
	if a.Outcome == hrclient.Ask {
		fmt.Fprintf(q.err, "To answer: %s\n",
			q.hint(append([]string{"ask"}, flagWords("--task", string(a.TaskID))...),
				"jdoe@staff0.com"))
	}
	return leave(answerExits[a.Outcome])
}

// print prints the words of an answer: those of the agent to stdout, escaped always, for what is
// piped today is on somebody's terminal tomorrow; what is said in their place to stderr.
func (q *question) print(a hrclient.Answer) {
	if a.Wordless() {
		fmt.Fprintf(q.err, "staff0: %s\n", escape(words(a)))
		return
	}
	fmt.Fprintln(q.out, escapeLines(words(a)))
}

// hint is a command of the client for this agent that can be pasted. The argument may be an id that
// the agent has made up.
func (q *question) hint(words []string, argument string) string {
	all := append([]string{"staff0", "client"}, words...)
	var agent []string
	if q.agent != "" && q.agent != defaultAgentURL && !q.set("STAFF0_AGENT") {
		agent = flagWords("--agent", q.agent)
	}
	if strings.HasPrefix(argument, "-") {
		all = append(append(all, agent...), "--", argument)
	} else {
		all = append(append(all, argument), agent...)
	}
	return escape(command(all...))
}

// flagWords are a flag with its value, in one word where the value looks like a flag itself.
func flagWords(name, value string) []string {
	if strings.HasPrefix(value, "-") {
		return []string{name + "=" + value}
	}
	return []string{name, value}
}

const defaultAgentURL = "http://localhost:10050"

// fail ends without an answer. The task, if there is one, goes on at the agent.
func (q *question) fail(err error) error {
	q.progress.done()
	task := q.Task()
	known := task != nil && task.ID != ""
	if known && !task.Status.State.Terminal() {
		fmt.Fprintf(q.err, "The task goes on at the agent. To come back: %s\n",
			q.hint([]string{"task", "watch"}, string(task.ID)))
	}
	if !known && errors.Is(err, a2aclient.ErrCut) {
		err = &exitError{code: exitFailed,
			err: errors.New(
				"the connection broke before the agent had said anything; the question may or " +
					"may not have arrived"),
			hint: "staff0 client task list, or ask again"}
	}
	err = clientError(err)
	var exit *exitError
	if q.asJSON && errors.As(err, &exit) {
		e := ending{Answer: hrclient.Failed}
		if known {
			e = endingOf(hrclient.Answer{Outcome: hrclient.Failed, TaskID: task.ID,
				ContextID: task.ContextID, State: task.Status.State,
				Deadline: hrclient.ConsentOf(task).Deadline})
		}
		e.Exit, e.Text = exit.code, err.Error()
		if writeErr := writeJSON(q.out, e); writeErr != nil {
			return writeErr
		}
	}
	return err
}
