package cmd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
)

const (
	// no question is waited for longer, whatever deadline is announced
	askLimit      = 30 * time.Minute
	deadlineGrace = 30 * time.Second // past the announced deadline, for an answer on its way
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
				return (&question{program: p, progress: p.newProgress(true), asJSON: true}).fail(
					err)
			}
			return err
		},
		RunE: func(c *cobra.Command, args []string) error {
			q := &question{
				program: p, progress: p.newProgress(asJSON && !isTerminal(p.err)), asJSON: asJSON,
				agent: p.settings.Agent, earlier: task != "", about: strings.TrimSpace(about),
			}
			if c.Flags().Changed("about") && q.about == "" {
				return q.fail(usageError("--about is empty",
					"the identifier that the answer has to be about"))
			}
			if err := q.unclear(args[0]); err != nil {
				return q.fail(err)
			}
			if webhook != "" {
				q.webhook = p.settings.webhook(webhook)
			}
			if task != "" && conv != "" {
				return q.fail(usageError("--task and --context cannot be used together",
					"--task alone; a task is in its context already"))
			}
			a, err := p.withClient(c, wire)
			if err != nil {
				return q.fail(err)
			}
			return q.ask(c.Context(), a, args[0], a2a.TaskID(task), a2a.ContextID(conv))
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
	progress *progress
	asJSON   bool
	agent    string // for the hints, when it is not the default one
	task     *a2a.Task
	code     string // of the wait that was announced last
	sent     []string
	about    string // whom the answer has to be about, if the caller has said so
	webhook  *a2a.TaskPushNotificationConfig
	// earlier says that the task has messages of ours from another run. The agent has to be
	// believed about them; about a task that began here it is not, or it could put any question
	// into our mouth.
	earlier bool
}

// unclear is an error for a message of which nobody can tell whom an answer has to be about.
func (q *question) unclear(text string) error {
	found := identifiersIn(text)
	if q.about != "" || len(found) < 2 {
		return nil
	}
	return usageError("the question names several: "+joinWords(found), "--about "+command(found[0])+
		", which says about whom the answer has to be")
}

// ask sends the text and waits for the end.
func (q *question) ask(
	ctx context.Context, a *asker, text string, task a2a.TaskID, conv a2a.ContextID,
) error {
	defer q.progress.done()
	return q.end(q.follow(ctx, a, text, task, conv))
}

// follow sends the text and watches what comes of it.
func (q *question) follow(
	ctx context.Context, a *asker, text string, task a2a.TaskID, conv a2a.ContextID,
) (answer, error) {
	req := &a2a.SendMessageRequest{Message: &a2a.Message{
		MessageID: a2a.NewMessageID(), Role: a2a.RoleUser, TaskID: task, ContextID: conv,
		Parts: []a2a.Part{a2a.TextPart(text)},
	}}
	if q.webhook != nil {
		req.Configuration = &a2a.SendMessageConfiguration{TaskPushNotificationConfig: q.webhook}
	}
	q.sent = append(q.sent, text)
	q.progress.wait("Asking…", time.Time{})
	return q.watch(ctx, a, func(ctx context.Context) iter.Seq2[a2a.Event, error] {
		return a.Follow(ctx, req)
	})
}

// watch reads events until the task is over. Once a deadline has been announced, a little more than
// that is waited, and no more; never longer than askLimit altogether, whatever is announced.
func (q *question) watch(
	ctx context.Context, a *asker, events func(context.Context) iter.Seq2[a2a.Event, error],
) (answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	last := time.Now().Add(askLimit)
	limit := time.AfterFunc(askLimit, func() { cancel(errTooLong) })
	defer limit.Stop()
	var seen a2aclient.Assembler
	if q.task != nil {
		seen.Add(q.task)
	}
	var sequel error
	for event, err := range events(ctx) {
		if err != nil {
			sequel = err
			break
		}
		seen.Add(event)
		if deadline := q.tell(a, event); !deadline.IsZero() {
			limit.Reset(max(min(time.Until(deadline), time.Until(last)), 0) + deadlineGrace)
		}
	}
	q.task = seen.Task()
	switch m := seen.Message(); {
	case sequel != nil:
		return answer{}, sequel
	case q.task != nil:
	case m == nil:
		return answer{}, errors.New("the agent sent nothing")
	case strings.TrimSpace(m.Text()) == "":
		return answer{}, errors.New("the agent has answered without a word")
	default: // another agent's way to answer: words alone, and words are no yes
		return answer{Answer: answerFailed, Exit: exitFailed, Text: m.Text(),
			ContextID: m.ContextID}, nil
	}
	q.complete(ctx, a)
	sent := q.sent
	if q.earlier {
		sent = nil
		for _, m := range q.task.History {
			if m.Role == a2a.RoleUser {
				sent = append(sent, m.Text())
			}
		}
		sent = append(sent, q.sent...)
	}
	return judge(q.task, readAsked(sent, q.about)), nil
}

// complete reads a task once that was told to be completed before anything of its answer was: some
// agents send that afterwards, when nobody listens any more.
func (q *question) complete(ctx context.Context, a *asker) {
	if q.task.Status.State != a2a.TaskStateCompleted || len(q.task.Artifacts) > 0 ||
		q.task.ID == "" {
		return
	}
	whole, err := a.GetTask(ctx, &a2a.GetTaskRequest{ID: q.task.ID})
	if err == nil && whole.ID == q.task.ID && whole.Status.State == a2a.TaskStateCompleted {
		q.task = whole
	}
}

var errTooLong = errors.New("the agent has not answered, long after it should have")

// tell says what has changed, and returns the deadline if one is announced. It looks at the event
// alone: to put the task together for each would cost more the longer the task is.
func (q *question) tell(a *asker, event a2a.Event) (deadline time.Time) {
	var status a2a.TaskStatus
	var beside a2a.Struct
	switch e := event.(type) {
	case *a2a.Task:
		status, beside = e.Status, e.Metadata
	case *a2a.TaskStatusUpdateEvent:
		status, beside = e.Status, e.Metadata
	default:
		return time.Time{}
	}
	c := consentOf(status, beside)
	if status.State.Terminal() || status.State == a2a.TaskStateInputRequired {
		return c.Deadline
	}
	text := "Waiting…"
	if status.Message != nil {
		text = escape(status.Message.Text())
	}
	// A wait is announced with a code, whatever the state is that says so.
	if c.Code != "" && c.Code != q.code {
		q.code = c.Code
		lines := []string{text,
			fmt.Sprintf("Show the person this code: %s. It is on their phone, too.",
				q.progress.bold(escape(c.Code)))}
		if a.phone != "" {
			lines = append(lines, "The phone is a page for development: "+a.phone)
		}
		q.progress.soon(lines...)
		q.progress.wait("Waiting for the person's approval…", c.Deadline)
		return c.Deadline
	}
	if _, isTask := event.(*a2a.Task); !isTask {
		q.progress.say("%s", text)
	}
	q.progress.wait(text, c.Deadline)
	return c.Deadline
}

// end prints the answer and tells the exit code.
func (q *question) end(a answer, err error) error {
	q.progress.done()
	if err != nil {
		return q.fail(err)
	}
	if q.asJSON {
		if err := writeJSON(q.out, a); err != nil {
			return err
		}
		return leave(a.Exit)
	}
	q.print(a)
	if a.Answer == answerAsk {
		fmt.Fprintf(q.err, "To answer: %s\n",
			q.hint(append([]string{"ask"}, flagWords("--task", string(a.TaskID))...),
				"jdoe@staff0.com"))
	}
	return leave(a.Exit)
}

// print prints the words of an answer: those of the agent to stdout, escaped always, for what is
// piped today is on somebody's terminal tomorrow; what is said in their place to stderr.
func (q *question) print(a answer) {
	if a.wordless {
		fmt.Fprintf(q.err, "staff0: %s\n", escape(a.Text))
		return
	}
	fmt.Fprintln(q.out, escapeLines(a.Text))
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
	known := q.task != nil && q.task.ID != ""
	if known && !q.task.Status.State.Terminal() {
		fmt.Fprintf(q.err, "The task goes on at the agent. To come back: %s\n",
			q.hint([]string{"task", "watch"}, string(q.task.ID)))
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
		a := answer{Answer: answerFailed, Exit: exit.code, Text: err.Error()}
		if known {
			a.TaskID, a.ContextID, a.State = q.task.ID, q.task.ContextID,
				q.task.Status.State.String()
			a.setDeadline(readConsent(q.task))
		}
		if writeErr := writeJSON(q.out, a); writeErr != nil {
			return writeErr
		}
	}
	return err
}
