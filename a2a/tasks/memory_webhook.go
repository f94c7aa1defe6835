package tasks

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"staff0/a2a"
)

// hook adds a webhook to a task.
func (m *Memory) hook(s *stored, w *Webhook) {
	m.hooked++
	added := *w
	added.Num, added.Revision = m.hooked, rand.Int64()
	s.hooks = append(s.hooks, &added)
	s.over(&added)
}

// over notes that there is nothing left to send.
func (s *stored) over(w *Webhook) {
	w.Over = w.Over || s.record.Task.Status.State.Terminal() && w.Sent >= s.record.Seq
}

// SetWebhook stores a webhook.
func (m *Memory) SetWebhook(_ context.Context, w *Webhook) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.tasks[w.Config.TaskID]
	if s == nil {
		return ErrNotFound
	}
	i := s.webhook(w.Config.ID)
	switch {
	case i < 0 && len(s.hooks) >= MaxWebhooks:
		return ErrWebhooksFull
	case i < 0:
		m.hook(s, w)
	default:
		next := &Webhook{Config: w.Config, Sent: s.hooks[i].Sent, Num: s.hooks[i].Num,
			Revision: rand.Int64()}
		s.over(next)
		s.hooks[i] = next
	}
	return nil
}

// webhook is the place of the one with that id, -1 if there is none.
func (s *stored) webhook(id string) int {
	return slices.IndexFunc(s.hooks, func(w *Webhook) bool { return w.Config.ID == id })
}

// show gives webhooks out.
func (s *stored) show(out []*Webhook, hooks ...*Webhook) []*Webhook {
	for _, w := range hooks {
		shown := *w
		shown.Behind = shown.Sent < s.record.Seq
		out = append(out, &shown)
	}
	return out
}

// Webhooks gives those of a task.
func (m *Memory) Webhooks(_ context.Context, task a2a.TaskID) ([]*Webhook, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.tasks[task]
	if s == nil {
		return nil, nil
	}
	return s.show(nil, s.hooks...), nil
}

// RemoveWebhook removes one.
func (m *Memory) RemoveWebhook(_ context.Context, task a2a.TaskID, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.tasks[task]; s != nil {
		s.hooks = slices.DeleteFunc(s.hooks, func(w *Webhook) bool { return w.Config.ID == id })
	}
	return nil
}

// LiveWebhooks gives what is not over.
func (m *Memory) LiveWebhooks(_ context.Context, after int64, limit int) ([]*Webhook, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var live []*Webhook
	for _, s := range m.tasks {
		for _, w := range s.hooks {
			if !w.Over && w.Num > after {
				live = s.show(live, w)
			}
		}
	}
	slices.SortFunc(live, func(a, b *Webhook) int { return cmp.Compare(a.Num, b.Num) })
	return live[:min(limit, len(live))], nil
}

// TakeWebhook gives one to send to. There is no other agent.
func (m *Memory) TakeWebhook(
	_ context.Context, task a2a.TaskID, id string, _ time.Time,
) (*Webhook, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.tasks[task]; s != nil {
		if i := s.webhook(id); i >= 0 {
			return s.show(nil, s.hooks[i])[0], nil
		}
	}
	return nil, ErrNotFound
}

// ReportWebhook stores what became of one.
func (m *Memory) ReportWebhook(_ context.Context, w *Webhook, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.tasks[w.Config.TaskID]
	if s == nil {
		return ErrConflict
	}
	i := s.webhook(w.Config.ID)
	if i < 0 || s.hooks[i].Revision != w.Revision {
		return ErrConflict
	}
	next := *w
	s.hooks[i] = &next
	return nil
}
