package tasks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"staff0/a2a"
)

// Push sends what happens in tasks to the webhooks that their callers have named. The engine stores
// webhooks and says when there is something to send; how it is sent is none of its business. None
// of the methods may block.
type Push interface {
	// Check reports why a webhook may not be called, as far as that can be seen: an error of
	// a2a.ErrInvalidParams that names the field, below the given prefix.
	Check(prefix string, c *a2a.TaskPushNotificationConfig) error
	// Watch says that a task has a webhook that was set just now.
	Watch(task a2a.TaskID)
	// Changed says that a task may have new entries; an empty id says it of all.
	Changed(task a2a.TaskID)
}

// Pushes reports whether webhooks are sent to.
func (e *Engine) Pushes() bool { return e.push != nil }

// webhooks is the store of webhooks, or the error that the protocol has for an agent without
// (§3.3.4).
func (e *Engine) webhooks() (Webhooks, error) {
	if e.push == nil {
		return nil, &a2a.Error{Err: a2a.ErrPushNotificationNotSupported}
	}
	return e.store.(Webhooks), nil // NewEngine has seen to that
}

// changed tells the sender of webhooks of a task with new entries; an empty id is any task.
func (e *Engine) changed(id a2a.TaskID) {
	if e.push != nil {
		e.push.Changed(id)
	}
}

// CreatePushConfig does CreateTaskPushNotificationConfig (§3.1.7): from now on, what happens in the
// task is sent to the webhook. A configuration without an id gets one; one with the id of another
// takes its place. A task that has ended takes configurations too, to no effect.
func (e *Engine) CreatePushConfig(
	ctx context.Context, owner Owner, c *a2a.TaskPushNotificationConfig,
) (*a2a.TaskPushNotificationConfig, error) {
	store, err := e.webhooks()
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	rec, err := e.get(ctx, owner, c.TaskID)
	if err != nil {
		return nil, err
	}
	if err := e.push.Check("", c); err != nil {
		return nil, err
	}
	w := newWebhook(c, c.TaskID, rec.Seq)
	if err := e.setWebhook(ctx, store, w); err != nil {
		return nil, err
	}
	return w.Config, nil
}

// olderPushConfigID is the id of a configuration without one that came in an older version. There a
// task has one configuration, which is set or updated, unless its client tells several apart by ids
// of its own (0.3 §6.8, §7.5): so another one without an id takes its place.
const olderPushConfigID = "default"

func newWebhook(c *a2a.TaskPushNotificationConfig, task a2a.TaskID, sent Seq) *Webhook {
	config := *c
	config.TaskID = task // an inline configuration has none, or the wrong one (§4.3.1)
	switch {
	case config.ID != "":
	case config.Version != "":
		config.ID = olderPushConfigID
	default:
		config.ID = a2a.NewPushConfigID()
	}
	return &Webhook{Config: &config, Sent: sent}
}

// setWebhook stores a webhook, trying again while it is not known whether an attempt has stored it:
// it has an id, so that once more is the same.
func (e *Engine) setWebhook(ctx context.Context, store Webhooks, w *Webhook) error {
	var err error
	for p := (patience{limit: storePatience}); ; {
		err = store.SetWebhook(context.WithoutCancel(ctx), w)
		if err == nil || final(err) || errors.Is(err, ErrWebhooksFull) || !p.wait(ctx) {
			break
		}
	}
	e.push.Watch(w.Config.TaskID) // after an error too: it may have been stored all the same
	switch {
	case errors.Is(err, ErrNotFound):
		return &a2a.Error{Err: a2a.ErrTaskNotFound,
			Metadata: map[string]string{"taskId": string(w.Config.TaskID)}}
	case errors.Is(err, ErrWebhooksFull):
		return &a2a.Error{Err: a2a.ErrUnsupportedOperation,
			Message: fmt.Sprintf(
				"The task has %d push notification configurations: delete one first", MaxWebhooks)}
	case err != nil:
		return e.fault("set a webhook", w.Config.TaskID, err)
	}
	return nil
}

// inline is the configuration that comes with a message, nil if there is none.
func inline(req *a2a.SendMessageRequest) *a2a.TaskPushNotificationConfig {
	if req.Configuration == nil {
		return nil
	}
	return req.Configuration.TaskPushNotificationConfig
}

// admitInline checks the configuration that comes with a message, before anything of the message is
// stored.
func (e *Engine) admitInline(c *a2a.TaskPushNotificationConfig) error {
	if c == nil {
		return nil
	}
	if _, err := e.webhooks(); err != nil {
		return err
	}
	return e.push.Check("configuration.taskPushNotificationConfig.", c)
}

// addInline stores the configuration that came with a message to a task that exists. A message that
// is sent again brings its configuration again, without an id: that is the same webhook, and not
// one more.
func (e *Engine) addInline(
	ctx context.Context, rec *Record, c *a2a.TaskPushNotificationConfig,
) error {
	if c == nil {
		return nil
	}
	store, err := e.webhooks()
	if err != nil {
		return err
	}
	w := newWebhook(c, rec.Task.ID, rec.Seq)
	if c.ID == "" {
		have, err := store.Webhooks(ctx, rec.Task.ID)
		if err != nil {
			return e.fault("read webhooks", rec.Task.ID, err)
		}
		if slices.ContainsFunc(have, func(h *Webhook) bool {
			return sameHook(h.Config, w.Config)
		}) {
			return nil
		}
	}
	return e.setWebhook(ctx, store, w)
}

// sameHook reports whether two configurations send the same to the same place.
func sameHook(a, b *a2a.TaskPushNotificationConfig) bool {
	var none a2a.AuthenticationInfo
	x, y := a.Authentication, b.Authentication
	if x == nil {
		x = &none
	}
	if y == nil {
		y = &none
	}
	return a.URL == b.URL && a.Token == b.Token && a.Version == b.Version && *x == *y
}

// pushConfigs gives the webhooks of a task of the owner. Those of other callers are as little there
// as their tasks (§13.1).
func (e *Engine) pushConfigs(ctx context.Context, owner Owner, id a2a.TaskID) ([]*Webhook, error) {
	store, err := e.webhooks()
	if err != nil {
		return nil, err
	}
	if _, err := e.get(ctx, owner, id); err != nil {
		return nil, err
	}
	hooks, err := store.Webhooks(ctx, id)
	if err != nil {
		return nil, e.fault("read webhooks", id, err)
	}
	return hooks, nil
}

// GetPushConfig does GetTaskPushNotificationConfig (§3.1.8). A configuration that is not there has
// no error of its own. Without an id, which 0.3 may leave out, it is the first one. Secrets are
// told to whoever has set them, as they were set.
func (e *Engine) GetPushConfig(
	ctx context.Context, owner Owner, req *a2a.GetTaskPushNotificationConfigRequest,
) (*a2a.TaskPushNotificationConfig, error) {
	hooks, err := e.pushConfigs(ctx, owner, req.TaskID)
	if err != nil {
		return nil, err
	}
	for _, w := range hooks {
		if req.ID == "" || w.Config.ID == req.ID {
			return w.Config, nil
		}
	}
	return nil, &a2a.Error{Err: a2a.ErrTaskNotFound,
		Metadata: map[string]string{"taskId": string(req.TaskID), "id": req.ID}}
}

// ListPushConfigs does ListTaskPushNotificationConfigs (§3.1.9): in the order in which they were
// made, all of them unless a page is asked for.
func (e *Engine) ListPushConfigs(
	ctx context.Context, owner Owner, req *a2a.ListTaskPushNotificationConfigsRequest,
) (*a2a.ListTaskPushNotificationConfigsResponse, error) {
	if _, err := e.webhooks(); err != nil {
		return nil, err
	}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	hooks, err := e.pushConfigs(ctx, owner, req.TaskID)
	if err != nil {
		return nil, err
	}
	if req.PageToken != "" {
		i := slices.IndexFunc(hooks, func(w *Webhook) bool { return pushToken(w) == req.PageToken })
		if i < 0 {
			return nil, a2a.InvalidParams("pageToken",
				"is not one that this agent made, or its configuration is gone")
		}
		hooks = hooks[i+1:]
	}
	res := new(a2a.ListTaskPushNotificationConfigsResponse)
	for i, w := range hooks {
		if req.PageSize != nil && *req.PageSize > 0 && i == int(*req.PageSize) {
			res.NextPageToken = pushToken(hooks[i-1])
			break
		}
		res.Configs = append(res.Configs, w.Config)
	}
	return res, nil
}

// pushToken is the place behind a configuration as an opaque page token.
func pushToken(w *Webhook) string {
	return base64.RawURLEncoding.EncodeToString([]byte(w.Config.ID))
}

// DeletePushConfig does DeleteTaskPushNotificationConfig (§3.1.10). What is not there needs no
// deleting.
func (e *Engine) DeletePushConfig(
	ctx context.Context, owner Owner, req *a2a.DeleteTaskPushNotificationConfigRequest,
) error {
	store, err := e.webhooks()
	if err != nil {
		return err
	}
	if err := req.Validate(); err != nil {
		return err
	}
	if _, err := e.get(ctx, owner, req.TaskID); err != nil {
		return err
	}
	if err := store.RemoveWebhook(context.WithoutCancel(ctx), req.TaskID, req.ID); err != nil {
		return e.fault("remove a webhook", req.TaskID, err)
	}
	return nil
}
