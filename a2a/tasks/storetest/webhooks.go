package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// webhooks is what a store does with webhooks; webhooksRestart what it does with them after a
// restart, webhooksShared what with several agents.
var (
	webhooks = []test{
		{"a webhook is kept as it was set", webhookKept},
		{"a webhook takes the place of the one with its id", webhookReplaced},
		{"a task has room for ten webhooks", webhooksFull},
		{"a webhook can be set for nothing but a task", webhookMissing},
		{"a webhook that is removed is gone, and removing it twice is once", webhookRemoved},
		{"a webhook that comes with a task is stored with it", webhookInline},
		{"a webhook of a repeated message is not stored", webhookRepeated},
		{"what became of a webhook is kept", webhookReported},
		{"a report about a webhook that was set anew is refused", webhookLate},
		{"a webhook is behind when its task has moved on", webhookBehind},
		{"a webhook of an ended task is over", webhookOver},
		{"a webhook that was given up begins anew when it is set again", webhookRevived},
		{"live webhooks come in order, some at a time", webhooksLive},
		{"webhooks are removed with their task", webhooksRemoved},
		{"webhooks of one task that are set at once are ten", webhooksAtOnce},
	}
	webhooksRestart = []test{
		{"webhooks outlive a restart", webhookRestart},
	}
	webhooksShared = []test{
		{"a webhook is sent to by one agent", webhookTaken},
		{"a webhook that an agent has left is another one's in the end", webhookLeft},
	}
)

// hooks is the fixture's store of webhooks.
func (f *fixture) hooks() tasks.Webhooks {
	f.t.Helper()
	store, ok := f.Store.(tasks.Webhooks)
	if !ok {
		f.t.Fatalf("a %T keeps no webhooks", f.Store)
	}
	return store
}

func webhook(task, id string) *tasks.Webhook {
	return &tasks.Webhook{Config: &a2a.TaskPushNotificationConfig{
		Tenant: "t", TaskID: a2a.TaskID(task), ID: id, URL: "https://bank.example/hook?a=b&c=<ä>",
		Token:          "tok\u2028en",
		Authentication: &a2a.AuthenticationInfo{Scheme: "Bearer", Credentials: "secret"},
		Version:        "another",
	}}
}

// hook sets a webhook and gives it as it is stored.
func (f *fixture) hook(task, id string, sent tasks.Seq) *tasks.Webhook {
	f.t.Helper()
	w := webhook(task, id)
	w.Sent = sent
	f.check(f.hooks().SetWebhook(f.ctx, w))
	return f.take(task, id)
}

func (f *fixture) take(task, id string) *tasks.Webhook {
	f.t.Helper()
	w, err := f.hooks().TakeWebhook(f.ctx, a2a.TaskID(task), id, time.Now().Add(time.Minute))
	f.check(err)
	return w
}

func (f *fixture) report(w *tasks.Webhook) {
	f.t.Helper()
	f.check(f.hooks().ReportWebhook(f.ctx, w, time.Time{}))
}

// wantHooks checks which webhooks a task has.
func (f *fixture) wantHooks(task string, want ...string) {
	f.t.Helper()
	hooks, err := f.hooks().Webhooks(f.ctx, a2a.TaskID(task))
	f.check(err)
	var got []string
	for _, w := range hooks {
		got = append(got, w.Config.ID)
	}
	if !reflect.DeepEqual(got, want) {
		f.t.Errorf("webhooks %q, want %q", got, want)
	}
}

// wantLive checks which webhooks are not over, by a page.
func (f *fixture) wantLive(after int64, limit int, want ...string) []*tasks.Webhook {
	f.t.Helper()
	hooks, err := f.hooks().LiveWebhooks(f.ctx, after, limit)
	f.check(err)
	var got []string
	for _, w := range hooks {
		got = append(got, fmt.Sprintf("%s/%s", w.Config.TaskID, w.Config.ID))
	}
	if !reflect.DeepEqual(got, want) {
		f.t.Errorf("live webhooks %q, want %q", got, want)
	}
	return hooks
}

// same checks a webhook, but for what stores add.
func (f *fixture) same(got, want *tasks.Webhook) {
	f.t.Helper()
	g, w := *got, *want
	g.Num, g.Revision, w.Num, w.Revision = 0, 0, 0, 0
	for _, t := range []*time.Time{&g.Since, &g.Due, &w.Since, &w.Due} {
		if !t.IsZero() {
			*t = t.UTC()
		}
	}
	if !reflect.DeepEqual(g, w) {
		f.t.Errorf("webhook %+v %+v\nwant    %+v %+v", g, g.Config, w, w.Config)
	}
}

func webhookKept(t *testing.T, f *fixture) {
	f.create("t")
	want := webhook("t", "a/ ä")
	want.Sent = 1
	f.check(f.hooks().SetWebhook(f.ctx, want))
	plain := &tasks.Webhook{Config: &a2a.TaskPushNotificationConfig{TaskID: "t", ID: "b",
		URL: "https://b.example"}, Sent: 2}
	f.check(f.hooks().SetWebhook(f.ctx, plain))
	want.Behind = true
	f.same(f.take("t", "a/ ä"), want)
	f.same(f.take("t", "b"), plain)
	all, err := f.hooks().Webhooks(f.ctx, "t")
	f.check(err)
	if len(all) != 2 {
		t.Fatalf("%d webhooks", len(all))
	}
	f.same(all[0], want)
	f.same(all[1], plain)
	if all[0].Num >= all[1].Num {
		t.Errorf("numbers %d and %d", all[0].Num, all[1].Num)
	}
}

func webhookReplaced(t *testing.T, f *fixture) {
	f.create("t")
	first := f.hook("t", "a", 1)
	f.hook("t", "b", 1)
	next := &tasks.Webhook{Config: &a2a.TaskPushNotificationConfig{TaskID: "t", ID: "a",
		URL: "https://new.example"}, Sent: 2}
	f.check(f.hooks().SetWebhook(f.ctx, next))
	f.wantHooks("t", "a", "b")
	got := f.take("t", "a")
	if got.Config.URL != "https://new.example" || got.Config.Authentication != nil ||
		got.Config.Version != "" {
		t.Errorf("the configuration is %+v", got.Config)
	}
	if got.Sent != 1 || got.Num != first.Num || got.Revision == first.Revision {
		t.Errorf("sent %d, number %d after %d, the same revision: %t", got.Sent, got.Num, first.Num,
			got.Revision == first.Revision)
	}
}

func webhooksFull(t *testing.T, f *fixture) {
	f.create("t")
	f.create("other")
	for i := range tasks.MaxWebhooks {
		f.hook("t", fmt.Sprint(i), 2)
	}
	if err := f.hooks().SetWebhook(f.ctx, webhook("t", "more")); !errors.Is(err,
		tasks.ErrWebhooksFull) {
		t.Errorf("one more: %v", err)
	}
	f.hook("t", "3", 2)
	f.hook("other", "more", 2)
	f.check(f.hooks().RemoveWebhook(f.ctx, "t", "5"))
	f.hook("t", "more", 2)
}

func webhookMissing(t *testing.T, f *fixture) {
	if err := f.hooks().SetWebhook(f.ctx, webhook("t", "a")); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("set without a task: %v", err)
	}
	f.wantHooks("t")
	f.create("t")
	if _, err := f.hooks().TakeWebhook(f.ctx, "t", "a", time.Now()); !errors.Is(err,
		tasks.ErrNotFound) {
		t.Errorf("take: %v", err)
	}
	w := webhook("t", "a")
	if err := f.hooks().ReportWebhook(f.ctx, w, time.Time{}); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("report: %v", err)
	}
	w.Config.TaskID = "none"
	if err := f.hooks().ReportWebhook(f.ctx, w, time.Time{}); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("report without a task: %v", err)
	}
	f.check(f.hooks().RemoveWebhook(f.ctx, "none", "a"))
	f.wantLive(0, 10)
}

func webhookRemoved(t *testing.T, f *fixture) {
	f.create("t")
	w := f.hook("t", "a", 2)
	f.hook("t", "b", 2)
	f.check(f.hooks().RemoveWebhook(f.ctx, "t", "a"))
	f.check(f.hooks().RemoveWebhook(f.ctx, "t", "a"))
	f.wantHooks("t", "b")
	f.hook("t", "a", 2)
	f.wantHooks("t", "b", "a")
	if err := f.hooks().ReportWebhook(f.ctx, w, time.Time{}); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a report about one that was removed: %v", err)
	}
}

func webhookInline(_ *testing.T, f *fixture) {
	r, entries := f.record("t")
	r.Webhook = webhook("t", "a")
	f.store(r, entries)
	want := webhook("t", "a")
	want.Behind = true
	f.same(f.take("t", "a"), want)
	f.wantLive(0, 10, "t/a")
}

func webhookRepeated(_ *testing.T, f *fixture) {
	for _, id := range []string{"first", "second"} {
		r, entries := f.record(id)
		r.MessageKey, r.Webhook = []byte("k"), webhook(id, "a")
		_, err := f.Create(f.ctx, r, entries, f.clock.Add(-time.Hour))
		f.check(err)
	}
	f.wantHooks("first", "a")
	f.wantLive(0, 10, "first/a")
}

func webhookReported(_ *testing.T, f *fixture) {
	f.create("t")
	w := f.hook("t", "a", 0)
	w.Sent, w.Tries, w.Failure = 1, 7, "status 503"
	w.Since, w.Due = f.clock.Add(123456), f.clock.Add(time.Hour)
	f.report(w)
	f.same(f.take("t", "a"), w)
	w.Sent, w.Tries, w.Failure, w.Since, w.Due, w.Behind = 2, 0, "", time.Time{}, time.Time{}, false
	f.report(w)
	f.same(f.take("t", "a"), w)
}

func webhookLate(t *testing.T, f *fixture) {
	f.create("t")
	w := f.hook("t", "a", 0)
	f.hook("t", "a", 0)
	w.Sent = 2
	if err := f.hooks().ReportWebhook(f.ctx, w, time.Time{}); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a late report: %v", err)
	}
	if got := f.take("t", "a"); got.Sent != 0 {
		t.Errorf("sent %d after a late report", got.Sent)
	}
}

func webhookBehind(t *testing.T, f *fixture) {
	r := f.create("t")
	if w := f.hook("t", "a", 2); w.Behind {
		t.Error("a webhook is behind before anything has happened")
	}
	f.add(r, a2a.TaskStateInputRequired, "")
	if w := f.take("t", "a"); !w.Behind {
		t.Error("a webhook is not behind after an entry")
	}
	if live := f.wantLive(0, 10, "t/a"); !live[0].Behind {
		t.Error("a live webhook is not behind after an entry")
	}
}

func webhookOver(t *testing.T, f *fixture) {
	r := f.add(f.create("t"), a2a.TaskStateCompleted, "")
	if w := f.hook("t", "after", r.Seq); !w.Over || w.GivenUp() || w.Behind {
		t.Errorf("a webhook that was set after the end: %+v", w)
	}
	f.wantLive(0, 10)
	w := f.hook("t", "behind", r.Seq-1)
	if w.Over {
		t.Error("a webhook that is behind is over")
	}
	f.wantLive(0, 10, "t/behind")
	w.Sent, w.Over = r.Seq, true
	f.report(w)
	f.wantLive(0, 10)
	if w := f.hook("t", "behind", 0); !w.Over || w.Sent != r.Seq {
		t.Errorf("a webhook that was set anew after all was sent: %+v", w)
	}
}

func webhookRevived(t *testing.T, f *fixture) {
	f.add(f.create("t"), a2a.TaskStateCompleted, "")
	w := f.hook("t", "a", 1)
	w.Over, w.Tries, w.Failure, w.Since, w.Due = true, 9, "status 410", f.clock, f.clock
	f.report(w)
	f.wantLive(0, 10)
	if w := f.take("t", "a"); !w.GivenUp() {
		t.Errorf("what was given up is %+v", w)
	}
	w = f.hook("t", "a", 3)
	want := webhook("t", "a")
	want.Sent, want.Behind = 1, true
	f.same(w, want)
	f.wantLive(0, 10, "t/a")
}

func webhooksLive(_ *testing.T, f *fixture) {
	f.create("b")
	f.create("a")
	f.hook("a", "1", 2)
	f.hook("b", "2", 2)
	f.hook("b", "1", 2)
	f.hook("a", "0", 2)
	page := f.wantLive(0, 3, "a/1", "b/2", "b/1")
	f.wantLive(page[2].Num, 3, "a/0")
}

func webhooksRemoved(t *testing.T, f *fixture) {
	r := f.create("t")
	f.hook("t", "a", 0)
	f.create("stays")
	f.hook("stays", "a", 0)
	f.add(r, a2a.TaskStateCompleted, "")
	if n, err := f.Remove(f.ctx, f.clock.Add(time.Hour), 10); n != 1 || err != nil {
		t.Fatalf("removed %d, %v", n, err)
	}
	f.wantHooks("t")
	f.wantLive(0, 10, "stays/a")
	f.create("t")
	f.wantHooks("t")
}

func webhooksAtOnce(t *testing.T, f *fixture) {
	f.create("t")
	var group sync.WaitGroup
	for i := range 3 * tasks.MaxWebhooks {
		group.Go(func() {
			if err := f.hooks().SetWebhook(f.ctx, webhook("t", fmt.Sprint(i))); err != nil &&
				!errors.Is(err, tasks.ErrWebhooksFull) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	hooks, err := f.hooks().Webhooks(f.ctx, "t")
	f.check(err)
	if len(hooks) != tasks.MaxWebhooks {
		t.Errorf("%d webhooks", len(hooks))
	}
}

func webhookRestart(_ *testing.T, f *fixture) {
	r, entries := f.record("t")
	r.Webhook = webhook("t", "a")
	f.store(r, entries)
	w := f.take("t", "a")
	w.Sent, w.Tries, w.Failure, w.Since, w.Due = 1, 3, "timed out", f.clock,
		f.clock.Add(time.Minute)
	f.report(w)
	f = f.reopened()
	f.same(f.take("t", "a"), w)
	f.wantLive(0, 10, "t/a")
}

func webhookTaken(t *testing.T, f *fixture) {
	other := f.another()
	f.create("t")
	w := f.hook("t", "a", 0) // taken
	if _, err := other.hooks().TakeWebhook(f.ctx, "t", "a",
		time.Now().Add(time.Minute)); !errors.Is(err, tasks.ErrWebhookTaken) {
		t.Errorf("the other agent takes it: %v", err)
	}
	f.take("t", "a")
	w.Sent = 1
	f.check(f.hooks().ReportWebhook(f.ctx, w, time.Now().Add(time.Minute)))
	if _, err := other.hooks().TakeWebhook(f.ctx, "t", "a",
		time.Now().Add(time.Minute)); !errors.Is(err, tasks.ErrWebhookTaken) {
		t.Errorf("the other agent takes it between two reports: %v", err)
	}
	w.Sent = 2
	f.report(w)
	if got := other.take("t", "a"); got.Sent != 2 {
		t.Errorf("the other agent sends after %d", got.Sent)
	}
	if err := f.hooks().ReportWebhook(f.ctx, w, time.Time{}); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a report of the agent that had it: %v", err)
	}
}

func webhookLeft(_ *testing.T, f *fixture) {
	other := f.another()
	f.create("t")
	f.check(f.hooks().SetWebhook(f.ctx, webhook("t", "a")))
	// by the clock of any machine
	_, err := f.hooks().TakeWebhook(f.ctx, "t", "a", time.Now().Add(-time.Minute))
	f.check(err)
	other.take("t", "a")
}
