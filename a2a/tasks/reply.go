package tasks

import (
	"context"

	"staff0/a2a"
)

// Replier is an Executor that answers some messages without a task (§3.1.1): a greeting, say, or a
// question that is none of its business.
type Replier interface {
	Executor
	// Reply gives the answer to a message that names no task, or nil if the message is to begin
	// one. It is called before anything is stored, and nothing is stored of a message that it
	// answers. The engine fills in role, context and message id.
	Reply(ctx context.Context, owner Owner, m *a2a.Message) *a2a.Message
}

// reply is the answer to a message without a task, nil if there is to be one.
func (e *Engine) reply(ctx context.Context, owner Owner, m *a2a.Message) *a2a.Message {
	replier, ok := e.executor.(Replier)
	if !ok || m.TaskID != "" {
		return nil
	}
	said := replier.Reply(ctx, owner, m)
	if said == nil {
		return nil
	}
	answer := *said
	answer.Role, answer.TaskID, answer.ContextID = a2a.RoleAgent, "", m.ContextID
	if answer.ContextID == "" {
		answer.ContextID = a2a.NewContextID()
	}
	if answer.MessageID == "" {
		answer.MessageID = a2a.NewMessageID()
	}
	return &answer
}
