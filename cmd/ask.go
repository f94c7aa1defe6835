package cmd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
)

const (
	askLimit      = 30 * time.Minute // no question is waited for longer
	deadlineGrace = 30 * time.Second // past the announced deadline, for an answer on its way
)

func (p *program) newAsk() *cobra.Command {
	var (
		asJSON     bool
		task, conv string
		wire       wireFlags
		webhook    string
	)
	c := &cobra.Command{
		Use:   "ask QUESTION",
		Short: "Ask one question, get one answer and one exit code",
		Long: `ask sends one question and waits until it is answered. The answer goes to stdout, everything else to stderr.

Exit codes:
  0  yes                            5  no approval in time, or another name on record
  1  failed, or no such questions   6  the agent needs more input
  2  usage                          7  no, the person is not employed
  3  credentials refused            8  agent or identity provider unreachable
  4  the person declined          130  interrupted; the task goes on`,
		Example: `  staff0 client ask "Does jdoe work here?"
  staff0 client ask "Does John Doe work at Staff0?"           # asks back, exit 6
  staff0 client ask --task ID jdoe@staff0.com                 # answers that
  staff0 client ask "Is E1001 an active employee?" && open-the-account`,
		Args: func(c *cobra.Command, args []string) error {
			err := needArgs("QUESTION")(c, args)
			if err != nil && asJSON { // every ending has its object
				return (&question{program: p, progress: p.newProgress(true), asJSON: true}).fail(err)
			}
			return err
		},
		RunE: func(c *cobra.Command, args []string) error {
			q := &question{
				program: p, progress: p.newProgress(asJSON && !isTerminal(p.err)), asJSON: asJSON, agent: p.settings.Agent, earlier: task != "",
			}
			if webhook != "" {
				q.webhook = p.settings.webhook(webhook)
			}
			if task != "" && conv != "" {
				return q.fail(usageError("--task and --context cannot be used together", "--task alone; a task is in its context already"))
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
	c.Flags().StringVar(&task, "task", "", "`ID` of the task that this message belongs to")
	c.Flags().StringVar(&webhook, "webhook", "", "`URL` that the agent is to tell of the task, too; staff0 client hook receives it")
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
	webhook  *a2a.TaskPushNotificationConfig
	// earlier says that the task has messages of ours from another run. The agent has to be believed about them; about a task that began here
	// it is not, or it could put any question into our mouth.
	earlier bool
}

// ask sends the text and waits for the end.
func (q *question) ask(ctx context.Context, a *asker, text string, task a2a.TaskID, conv a2a.ContextID) error {
	defer q.progress.done()
	return q.end(q.follow(ctx, a, text, task, conv))
}

// follow sends the text and watches what comes of it.
func (q *question) follow(ctx context.Context, a *asker, text string, task a2a.TaskID, conv a2a.ContextID) (answer, error) {
	req := &a2a.SendMessageRequest{Message: &a2a.Message{
		MessageID: a2a.NewMessageID(), Role: a2a.RoleUser, TaskID: task, ContextID: conv, Parts: []a2a.Part{a2a.TextPart(text)},
	}}
	if q.webhook != nil {
		req.Configuration = &a2a.SendMessageConfiguration{TaskPushNotificationConfig: q.webhook}
	}
	q.sent = append(q.sent, text)
	q.progress.wait("Asking…", time.Time{})
	return q.watch(ctx, a, func(ctx context.Context) iter.Seq2[a2a.Event, error] { return a.Follow(ctx, req) })
}

// watch reads events until the task is over. Once a deadline has been announced, a little more than that is waited, and no more.
func (q *question) watch(ctx context.Context, a *asker, events func(context.Context) iter.Seq2[a2a.Event, error]) (answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(askLimit, func() { cancel(errTooLong) })
	defer limit.Stop()
	var seen a2aclient.Assembler
	if q.task != nil {
		seen.Add(q.task)
	}
	for event, err := range events(ctx) {
		if err != nil {
			return answer{}, err
		}
		seen.Add(event)
		if q.task = seen.Task(); q.task == nil {
			continue
		}
		if deadline := readConsent(q.task).Deadline; !deadline.IsZero() {
			limit.Reset(max(time.Until(deadline), 0) + deadlineGrace)
		}
		q.tell(a, event)
	}
	if q.task == nil {
		if m := seen.Message(); m != nil { // another agent's way to answer: words alone, and words are no yes
			return answer{Answer: answerFailed, Exit: exitFailed, Text: m.Text(), ContextID: m.ContextID}, nil
		}
		return answer{}, errors.New("the agent sent nothing")
	}
	sent := q.sent
	if q.earlier {
		for _, m := range q.task.History {
			if m.Role == a2a.RoleUser {
				sent = append(sent, m.Text())
			}
		}
	}
	return judge(q.task, sent), nil
}

var errTooLong = errors.New("the agent has not answered, long after it should have")

// tell says what has changed.
func (q *question) tell(a *asker, event a2a.Event) {
	status := q.task.Status
	if _, ok := event.(*a2a.TaskArtifactUpdateEvent); ok || status.State.Terminal() || status.State == a2a.TaskStateInputRequired {
		return
	}
	text := "Waiting…"
	if status.Message != nil {
		text = escape(status.Message.Text())
	}
	// A wait is announced with a code, whatever the state is that says so.
	if c := readConsent(q.task); c.Code != "" {
		if c.Code != q.code {
			q.code = c.Code
			lines := []string{text, fmt.Sprintf("Show the person this code: %s. It is on their phone, too.", q.progress.bold(escape(c.Code)))}
			if a.phone != "" {
				lines = append(lines, "The phone is a page for development: "+a.phone)
			}
			q.progress.soon(lines...)
			q.progress.wait("Waiting for the person's approval…", c.Deadline)
			return
		}
	}
	if _, isTask := event.(*a2a.Task); !isTask {
		q.progress.say("%s", text)
	}
	q.progress.wait(text, readConsent(q.task).Deadline)
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
	fmt.Fprintln(q.out, q.printable(a.Text))
	if a.Answer == answerAsk {
		fmt.Fprintf(q.err, "To answer: %s\n", q.hint("ask", "--task", string(a.TaskID), "jdoe@staff0.com"))
	}
	return leave(a.Exit)
}

// printable is text of the agent as it goes to stdout: escaped always, for what is piped today is on somebody's terminal tomorrow.
func (q *question) printable(text string) string { return escapeLines(text) }

// hint is a command of the client for this agent.
func (q *question) hint(args ...string) string {
	all := append([]string{"staff0", "client"}, args...)
	if q.agent != "" && q.agent != defaultAgentURL && !q.set("STAFF0_AGENT") {
		all = append(all, "--agent", q.agent)
	}
	return escape(command(all...))
}

const defaultAgentURL = "http://localhost:10050"

// fail ends without an answer. The task, if there is one, goes on at the agent.
func (q *question) fail(err error) error {
	q.progress.done()
	known := q.task != nil && q.task.ID != ""
	if known && !q.task.Status.State.Terminal() {
		fmt.Fprintf(q.err, "The task goes on at the agent. To come back: %s\n", q.hint("task", "watch", string(q.task.ID)))
	}
	if !known && errors.Is(err, a2aclient.ErrCut) {
		err = &exitError{code: exitFailed, err: errors.New("the connection broke before the agent had said anything; the question may or may not have arrived"),
			hint: "staff0 client task list, or ask again"}
	}
	err = clientError(err)
	var exit *exitError
	if q.asJSON && errors.As(err, &exit) {
		a := answer{Answer: answerFailed, Exit: exit.code, Text: err.Error()}
		if known {
			a.TaskID, a.ContextID, a.State = q.task.ID, q.task.ContextID, q.task.Status.State.String()
			a.setDeadline(readConsent(q.task))
		}
		if writeErr := writeJSON(q.out, a); writeErr != nil {
			return writeErr
		}
	}
	return err
}
