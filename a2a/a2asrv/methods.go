package a2asrv

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
)

// operation is what is behind the name of a method.
type operation struct {
	stream bool // the answer is a stream
	// run answers the call, or returns the error to answer with. Once a stream has begun it answers
	// everything itself.
	run func(*call) error
}

// newOperations builds the table of calls in a binding, for each version that the card has an
// interface for. HTTP+JSON is that of 1.0 alone.
func (s *Server) newOperations(card *a2a.AgentCard, protocolBinding string) map[string]operation {
	tenants := map[*wire.Dialect][]string{}
	for _, i := range card.SupportedInterfaces {
		d := wire.Lookup(i.ProtocolVersion)
		if d != nil && i.ProtocolBinding == protocolBinding &&
			(d == wire.V10 || protocolBinding == a2a.BindingJSONRPC) {
			tenants[d] = append(tenants[d], i.Tenant)
		}
	}
	table := map[string]operation{}
	for d, names := range tenants {
		b := binding{s, names, table}
		serve(b, &d.GetTask, atOnce, s.engine.Get)
		serve(b, &d.ListTasks, paged, s.engine.List)
		serve(b, &d.CancelTask, atOnce, s.engine.Cancel)
		serve(b, &d.SendMessage, waiting, s.engine.Send)
		if declared(card.Capabilities.Streaming) {
			serveStream(b, &d.SendStreamingMessage, s.engine.Stream)
			serveStream(b, &d.SubscribeToTask, s.engine.Subscribe)
		} else {
			refuse(b, d.SendStreamingMessage.Name, true, a2a.ErrUnsupportedOperation)
			refuse(b, d.SubscribeToTask.Name, true, a2a.ErrUnsupportedOperation)
		}
		b.servePush(d, declared(card.Capabilities.PushNotifications))
		switch {
		case s.extended[d] != nil:
			b.serveExtendedCard(d, s.extended[d])
		// §3.1.11: a card that is declared but not there is another error than one that is not
		// declared.
		case declared(card.Capabilities.ExtendedAgentCard):
			refuse(b, d.GetExtendedAgentCard.Name, false, a2a.ErrExtendedCardNotConfigured)
		default:
			refuse(b, d.GetExtendedAgentCard.Name, false, a2a.ErrUnsupportedOperation)
		}
	}
	delete(table, "") // what a version lacks
	return table
}

// servePush enters the configurations of push notifications.
func (b binding) servePush(d *wire.Dialect, there bool) {
	if engine := b.server.engine; there {
		serve(b, &d.CreateTaskPushNotificationConfig, atOnce, engine.CreatePushConfig)
		serve(b, &d.GetTaskPushNotificationConfig, atOnce, engine.GetPushConfig)
		serve(b, &d.ListTaskPushNotificationConfigs, atOnce, engine.ListPushConfigs)
		serve(b, &d.DeleteTaskPushNotificationConfig, atOnce,
			func(ctx context.Context, owner tasks.Owner,
				req *a2a.DeleteTaskPushNotificationConfigRequest) (
				wire.Nothing, error,
			) {
				return wire.Nothing{}, engine.DeletePushConfig(ctx, owner, req)
			})
		return
	}
	for _, name := range []string{
		d.CreateTaskPushNotificationConfig.Name, d.GetTaskPushNotificationConfig.Name,
		d.ListTaskPushNotificationConfigs.Name, d.DeleteTaskPushNotificationConfig.Name,
	} {
		refuse(b, name, false, a2a.ErrPushNotificationNotSupported)
	}
}

// binding is where the methods of one version are entered, in one binding.
type binding struct {
	server  *Server
	tenants []string // those that the card names for them
	table   map[string]operation
}

// manner is how a call is answered.
type manner uint8

const (
	atOnce  manner = iota // with what there is
	paged                 // with much of it, which is built for few calls at a time
	waiting               // with a task that is waited for
)

// serve enters a method with one answer.
func serve[Req, Res any](
	b binding, m *wire.Method[Req, Res], how manner,
	do func(context.Context, tasks.Owner, Req) (Res, error),
) {
	s := b.server
	b.table[m.Name] = operation{run: func(c *call) error {
		req, err := params(b, m, c)
		if err != nil {
			return err
		}
		ctx := c.r.Context()
		switch how {
		case paged:
			leave, err := s.pages.enter(ctx, c.owner.Client())
			if err != nil {
				// it is not kept for whoever does not read, say
				c.w.Header()["Connection"] = closing
				return err
			}
			defer leave() // when the answer has left
		case waiting:
			if !s.enter(c.owner) {
				return errTooMany
			}
			defer s.leave(c.owner)
			c.wait, ctx = newWait(c, s.keepAlive)
			defer c.wait.close()
		}
		res, err := do(ctx, c.owner, req)
		if err != nil {
			return err
		}
		out := s.buffer()
		defer s.release(out)
		if out.b, err = appendResult(out.b, c, m, res); err != nil {
			return err
		}
		c.answer(http.StatusOK, out.b)
		return nil
	}}
}

// serveStream enters a method with an answer for each entry of a task.
func serveStream[Req any](
	b binding, m *wire.Method[Req, a2a.Event],
	do func(context.Context, tasks.Owner, Req) iter.Seq2[tasks.Told, error],
) {
	s := b.server
	b.table[m.Name] = operation{stream: true, run: func(c *call) error {
		req, err := params(b, m, c)
		if err != nil {
			return err
		}
		if !s.enter(c.owner) {
			return errTooMany
		}
		defer s.leave(c.owner)

		st, ctx := newStream(c, s.keepAlive)
		defer st.close()
		for entry, err := range do(ctx, c.owner, req) {
			out := s.buffer()
			if err == nil {
				out.b, err = appendResult(out.b, c, m, entry.Event)
			}
			switch {
			case err == nil:
				err = st.send(out.b, entry.More || ends(entry.Event))
			case !st.begun:
				s.release(out)
				return err
			case ctx.Err() != nil, errors.Is(err, tasks.ErrDraining):
				// Nobody reads any more, or the client is to come back: an end without a terminal
				// event tells it so.
			default:
				_ = st.send(c.appendError(out.b[:0], a2a.CodeOf(err).HTTP, s.public(c, err)), false)
			}
			s.release(out)
			if err != nil {
				break
			}
		}
		return nil
	}}
}

// refuse enters a method that is there to say that it is not supported. What its parameters are
// does not matter then.
func refuse(b binding, name string, stream bool, err error) {
	b.table[name] = operation{stream, func(*call) error { return &a2a.Error{Err: err} }}
}

// params reads the parameters of a call.
func params[Req, Res any](b binding, m *wire.Method[Req, Res], c *call) (Req, error) {
	req, err := m.DecodeParams(c.params)
	b.server.drop(c)
	if err == nil && !slices.Contains(b.tenants, tenant(req)) {
		err = a2a.InvalidParams("tenant", "is not one that the agent card names") // §8.3.2
	}
	if err == nil {
		err = b.server.admit(c, req)
	}
	return req, err
}

// tenant is the routing value of a request, which is never a reason to show anybody anything.
func tenant(req any) string {
	switch q := req.(type) {
	case *a2a.SendMessageRequest:
		return q.Tenant
	case *a2a.GetTaskRequest:
		return q.Tenant
	case *a2a.ListTasksRequest:
		return q.Tenant
	case *a2a.CancelTaskRequest:
		return q.Tenant
	case *a2a.SubscribeToTaskRequest:
		return q.Tenant
	case *a2a.TaskPushNotificationConfig:
		return q.Tenant
	case *a2a.GetTaskPushNotificationConfigRequest:
		return q.Tenant
	case *a2a.ListTaskPushNotificationConfigsRequest:
		return q.Tenant
	case *a2a.DeleteTaskPushNotificationConfigRequest:
		return q.Tenant
	case *a2a.GetExtendedAgentCardRequest:
		return q.Tenant
	}
	return ""
}
