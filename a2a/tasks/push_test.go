package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// bell is a sender of webhooks that notes what it hears. It takes no address that is not https.
type bell struct {
	mu    sync.Mutex
	heard []string
}

func (b *bell) Check(prefix string, c *a2a.TaskPushNotificationConfig) error {
	if !strings.HasPrefix(c.URL, "https://") {
		return a2a.InvalidParams(prefix+"url", "must begin with https://")
	}
	return nil
}

func (b *bell) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, text)
}

func (b *bell) Watch(id a2a.TaskID)   { b.note("watch " + string(id)) }
func (b *bell) Changed(id a2a.TaskID) { b.note("changed " + string(id)) }

// take gives what was heard since the last time.
func (b *bell) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	heard := b.heard
	b.heard = nil
	return heard
}

// pushWorld is a world whose engine has a sender.
type pushWorld struct {
	*world
	bell *bell
}

func pushBubble(
	t *testing.T, wrap func(*tasks.Memory) tasks.Store,
	play func(context.Context, *tasks.Turn, yielder), test func(*testing.T, *pushWorld),
) {
	t.Helper()
	bubbleWith(t, wrap, play, func(t *testing.T, w *world) {
		w.stop()
		bell := new(bell)
		var err error
		w.Engine, err = tasks.NewEngine(tasks.Config{
			Store: w.store, Executor: w.actor, InputModes: []string{"text/plain"}, Opening: opening,
			RepeatWindow: tasks.DefaultRepeatWindow, Push: bell,
		})
		if err != nil {
			t.Fatal(err)
		}
		test(t, &pushWorld{w, bell})
	})
}

const hookURL = "https://bank.example/hook"

func hooked(req *a2a.SendMessageRequest, id, url string) *a2a.SendMessageRequest {
	req = now(req)
	req.Configuration.TaskPushNotificationConfig = &a2a.TaskPushNotificationConfig{ID: id,
		TaskID: "another", URL: url}
	return req
}

func (w *pushWorld) create(
	owner tasks.Owner, task a2a.TaskID, id, url string,
) (*a2a.TaskPushNotificationConfig, error) {
	return w.CreatePushConfig(w.ctx, owner, &a2a.TaskPushNotificationConfig{TaskID: task, ID: id,
		URL: url})
}

// configs is what a task has, such as "a https://…".
func (w *pushWorld) configs(task a2a.TaskID) (lines []string) {
	w.t.Helper()
	res, err := w.ListPushConfigs(w.ctx, bank,
		&a2a.ListTaskPushNotificationConfigsRequest{TaskID: task})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range res.Configs {
		if c.TaskID != task {
			w.t.Errorf("the configuration of %s names %s", task, c.TaskID)
		}
		lines = append(lines, c.ID+" "+c.URL)
	}
	return lines
}

func TestWithoutASenderThereAreNoWebhooks(t *testing.T) {
	bubble(t, approve, func(t *testing.T, w *world) {
		id := w.begin("?")
		_, create := w.CreatePushConfig(w.ctx, bank,
			&a2a.TaskPushNotificationConfig{TaskID: id, URL: hookURL})
		_, get := w.GetPushConfig(w.ctx, bank, &a2a.GetTaskPushNotificationConfigRequest{TaskID: id,
			ID: "a"})
		_, list := w.ListPushConfigs(w.ctx, bank,
			&a2a.ListTaskPushNotificationConfigsRequest{TaskID: id})
		remove := w.DeletePushConfig(w.ctx, bank,
			&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: id, ID: "a"})
		_, inline := w.Send(w.ctx, bank, hooked(w.message("?"), "", hookURL))
		for i, err := range []error{create, get, list, remove, inline} {
			if !errors.Is(err, a2a.ErrPushNotificationNotSupported) {
				t.Errorf("operation %d: %v", i, err)
			}
		}
		if w.Pushes() {
			t.Error("the engine says that it pushes")
		}
	})
	type plain struct{ tasks.Store }
	_, err := tasks.NewEngine(tasks.Config{Store: plain{new(tasks.Memory)}, Executor: &actor{},
		InputModes: []string{"text/plain"}, Push: new(bell)})
	if err == nil {
		t.Error("an engine that pushes from a store without webhooks")
	}
}

func TestAWebhookThatComesWithAMessageIsThereFromTheFirstEntry(t *testing.T) {
	pushBubble(t, nil, answer, func(t *testing.T, w *pushWorld) {
		for name, send := range map[string]func(*a2a.SendMessageRequest) a2a.TaskID{
			"send": func(req *a2a.SendMessageRequest) a2a.TaskID { return w.send(req).ID },
			"stream": func(req *a2a.SendMessageRequest) (id a2a.TaskID) {
				for told, err := range w.Stream(w.ctx, bank, req) {
					if err != nil {
						t.Fatal(err)
					}
					if task, ok := told.Event.(*a2a.Task); ok {
						id = task.ID
					}
				}
				return id
			},
		} {
			id := send(hooked(w.message("?"), "", hookURL))
			synctest.Wait()
			hooks, err := w.memory.Webhooks(w.ctx, id)
			if err != nil || len(hooks) != 1 || hooks[0].Sent != 0 || hooks[0].Config.ID == "" ||
				hooks[0].Config.TaskID != id || hooks[0].Over {
				t.Fatalf("%s: %+v, %v", name, hooks, err)
			}
			heard := w.bell.take()
			if want := []string{"watch " + string(id), "changed " + string(id)}; len(heard) == 0 ||
				heard[0] != want[0] || heard[len(heard)-1] != want[1] {
				t.Errorf("%s: the sender heard %q", name, heard)
			}
		}
	})
}

func TestAWebhookThatMayNotBeCalledMakesNoTask(t *testing.T) {
	pushBubble(t, nil, answer, func(t *testing.T, w *pushWorld) {
		_, err := w.Send(w.ctx, bank, hooked(w.message("?"), "", "http://inside"))
		var fault *a2a.Error
		if !errors.As(err, &fault) || len(fault.Violations) != 1 ||
			fault.Violations[0].Field != "configuration.taskPushNotificationConfig.url" {
			t.Errorf("send: %v", err)
		}
		synctest.Wait()
		page, _ := w.memory.List(w.ctx, tasks.Query{Owner: bank, Limit: 1})
		if page.Total != 0 || w.actor.ran() != 0 {
			t.Errorf("%d tasks, %d turns", page.Total, w.actor.ran())
		}
	})
}

func TestAMessageThatIsRepeatedBringsNoSecondWebhook(t *testing.T) {
	pushBubble(t, nil, ask, func(t *testing.T, w *pushWorld) {
		req := hooked(w.message("?"), "", hookURL)
		id := w.send(req).ID
		synctest.Wait()
		if again := w.send(req).ID; again != id {
			t.Fatalf("the repetition is task %s", again)
		}
		if got := w.configs(id); len(got) != 1 {
			t.Errorf("after a repetition: %q", got)
		}
		// Another webhook with the same message is another webhook.
		w.send(hooked(&a2a.SendMessageRequest{Message: req.Message}, "b", hookURL+"2"))
		if got := w.configs(id); len(got) != 2 || got[1] != "b "+hookURL+"2" {
			t.Errorf("after a repetition with another webhook: %q", got)
		}
		// The same in the middle of a task.
		more := hooked(to(id, w.message("more")), "", hookURL+"3")
		w.send(more)
		w.send(more)
		if got := w.configs(id); len(got) != 3 {
			t.Errorf("after a repeated answer: %q", got)
		}
		hooks, _ := w.memory.Webhooks(w.ctx, id)
		if hooks[2].Sent == 0 || hooks[2].Sent >= w.record(id).Seq {
			t.Errorf("the webhook of an answer begins after %d of %d", hooks[2].Sent,
				w.record(id).Seq)
		}
	})
}

func TestAMessageThatIsRefusedBringsNoWebhook(t *testing.T) {
	pushBubble(t, nil, answer, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		if _, err := w.Send(w.ctx, bank, hooked(to(id, w.message("more")), "",
			hookURL)); !errors.Is(err, a2a.ErrUnsupportedOperation) {
			t.Errorf("a message to a task that has ended: %v", err)
		}
		if _, err := w.Send(w.ctx, other,
			hooked(to(id, w.message("more")), "", hookURL)); !errors.Is(err, a2a.ErrTaskNotFound) {
			t.Errorf("a message to a task of another caller: %v", err)
		}
		if got := w.configs(id); got != nil {
			t.Errorf("the task has %q", got)
		}
	})
}

func TestConfigurationsAreMadeReadAndDeleted(t *testing.T) {
	pushBubble(t, nil, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		seq := w.record(id).Seq
		made, err := w.create(bank, id, "", hookURL)
		if err != nil || made.ID == "" || made.URL != hookURL || made.TaskID != id {
			t.Fatalf("made %+v, %v", made, err)
		}
		if _, err := w.create(bank, id, "b", hookURL+"/b"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.create(bank, id, "b", hookURL+"/c"); err != nil {
			t.Fatal(err)
		}
		if got := w.configs(id); !slices.Equal(got,
			[]string{made.ID + " " + hookURL, "b " + hookURL + "/c"}) {
			t.Errorf("the list is %q", got)
		}
		for want, name := range map[string]string{hookURL: made.ID, hookURL + "/c": "b"} {
			for _, ask := range []string{name, ""} {
				got, err := w.GetPushConfig(w.ctx, bank,
					&a2a.GetTaskPushNotificationConfigRequest{TaskID: id, ID: ask})
				if ask == "" {
					want = hookURL // the first one
				}
				if err != nil || got.URL != want {
					t.Errorf("get %q: %+v, %v", ask, got, err)
				}
			}
		}
		hooks, _ := w.memory.Webhooks(w.ctx, id)
		if hooks[0].Sent != seq {
			t.Errorf("a new webhook begins after %d, not %d", hooks[0].Sent, seq)
		}
		for range 2 {
			if err := w.DeletePushConfig(w.ctx, bank,
				&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: id, ID: "b"}); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
		if got := w.configs(id); len(got) != 1 {
			t.Errorf("after the deletion: %q", got)
		}
		if _, err := w.GetPushConfig(w.ctx, bank,
			&a2a.GetTaskPushNotificationConfigRequest{TaskID: id, ID: "b"}); !errors.Is(err,
			a2a.ErrTaskNotFound) {
			t.Errorf("get of what was deleted: %v", err)
		}
	})
}

func TestATaskThatHasEndedTakesConfigurations(t *testing.T) {
	pushBubble(t, nil, answer, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		if _, err := w.create(bank, id, "a", hookURL); err != nil {
			t.Fatal(err)
		}
		hooks, _ := w.memory.Webhooks(w.ctx, id)
		if len(hooks) != 1 || !hooks[0].Over {
			t.Errorf("the webhook is %+v", hooks)
		}
	})
}

func TestATaskHasRoomForTenConfigurations(t *testing.T) {
	pushBubble(t, nil, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		for i := range tasks.MaxWebhooks {
			if _, err := w.create(bank, id, fmt.Sprint(i), hookURL); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.create(bank, id, "more", hookURL); !errors.Is(err,
			a2a.ErrUnsupportedOperation) || !strings.Contains(err.Error(),
			fmt.Sprint(tasks.MaxWebhooks)) {
			t.Errorf("one more: %v", err)
		}
	})
}

func TestConfigurationsComeInPagesIfTheCallerWants(t *testing.T) {
	pushBubble(t, nil, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		for _, name := range []string{"c", "a", "b/ä"} {
			if _, err := w.create(bank, id, name, hookURL); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		size := int32(2)
		req := &a2a.ListTaskPushNotificationConfigsRequest{TaskID: id, PageSize: &size}
		for pages := 0; ; pages++ {
			res, err := w.ListPushConfigs(w.ctx, bank, req)
			if err != nil || len(res.Configs) > 2 || pages > 2 {
				t.Fatalf("page %d: %+v, %v", pages, res, err)
			}
			for _, c := range res.Configs {
				got = append(got, c.ID)
			}
			if req.PageToken = res.NextPageToken; req.PageToken == "" {
				break
			}
		}
		if !slices.Equal(got, []string{"c", "a", "b/ä"}) {
			t.Errorf("the pages hold %q", got)
		}
		negative := int32(-1)
		for _, bad := range []*a2a.ListTaskPushNotificationConfigsRequest{{TaskID: id,
			PageToken: "forged"}, {TaskID: id, PageSize: &negative}, {}} {
			if _, err := w.ListPushConfigs(w.ctx, bank, bad); !errors.Is(err,
				a2a.ErrInvalidParams) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

func TestConfigurationsOfAnotherCallersTaskAreNotFound(t *testing.T) {
	pushBubble(t, nil, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		if _, err := w.create(bank, id, "a", hookURL); err != nil {
			t.Fatal(err)
		}
		w.bell.take()
		for _, row := range []struct {
			owner tasks.Owner
			task  a2a.TaskID
		}{{other, id}, {tasks.NewOwner("bank", "alice"), id}, {bank, "none"}} {
			_, create := w.create(row.owner, row.task, "b", hookURL)
			_, inside := w.create(row.owner, row.task, "b", "http://inside")
			_, get := w.GetPushConfig(w.ctx, row.owner,
				&a2a.GetTaskPushNotificationConfigRequest{TaskID: row.task, ID: "a"})
			_, list := w.ListPushConfigs(w.ctx, row.owner,
				&a2a.ListTaskPushNotificationConfigsRequest{TaskID: row.task})
			remove := w.DeletePushConfig(w.ctx, row.owner,
				&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: row.task, ID: "a"})
			for i, err := range []error{create, inside, get, list, remove} {
				if !errors.Is(err, a2a.ErrTaskNotFound) {
					t.Errorf("%q asks for %s, operation %d: %v", row.owner, row.task, i, err)
				}
			}
		}
		if got := w.configs(id); !slices.Equal(got, []string{"a " + hookURL}) ||
			len(w.bell.take()) != 0 {
			t.Errorf("afterwards the task has %q", got)
		}
	})
}

func TestEveryChangeOfATaskIsTold(t *testing.T) {
	pushBubble(t, nil, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		told := "changed " + string(id)
		if got := w.bell.take(); !slices.Contains(got, told) {
			t.Errorf("a step: %q", got)
		}
		w.wake(id, "yes")
		if got := w.bell.take(); !slices.Contains(got, told) {
			t.Errorf("the next turn: %q", got)
		}
		id = w.begin("??")
		w.bell.take()
		if _, err := w.cancel(id); err != nil {
			t.Fatal(err)
		}
		if got := w.bell.take(); !slices.Contains(got, "changed "+string(id)) {
			t.Errorf("a cancellation: %q", got)
		}
	})
}

// torn is a store whose webhooks cannot be read or written.
type torn struct{ *tasks.Memory }

var errTorn = errors.New("the secret name of the disk")

func (torn) SetWebhook(context.Context, *tasks.Webhook) error { return errTorn }
func (torn) Webhooks(context.Context, a2a.TaskID) ([]*tasks.Webhook, error) {
	return nil, errTorn
}
func (torn) RemoveWebhook(context.Context, a2a.TaskID, string) error { return errTorn }

func TestAStoreOfWebhooksThatIsOutOfOrderIsAnInternalError(t *testing.T) {
	pushBubble(t, func(m *tasks.Memory) tasks.Store {
		return torn{m}
	}, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		w.bell.take()
		_, create := w.create(bank, id, "b", hookURL)
		if got := w.bell.take(); !slices.Equal(got, []string{"watch " + string(id)}) {
			t.Errorf("what may have been stored is watched: %q", got)
		}
		_, get := w.GetPushConfig(w.ctx, bank, &a2a.GetTaskPushNotificationConfigRequest{TaskID: id,
			ID: "a"})
		_, list := w.ListPushConfigs(w.ctx, bank,
			&a2a.ListTaskPushNotificationConfigsRequest{TaskID: id})
		remove := w.DeletePushConfig(w.ctx, bank,
			&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: id, ID: "a"})
		_, inline := w.Send(w.ctx, bank, hooked(to(id, w.message("more")), "", hookURL))
		for i, err := range []error{create, get, list, remove, inline} {
			var fault *a2a.Error
			if !errors.As(err, &fault) || !errors.Is(err, a2a.ErrInternal) ||
				strings.Contains(fault.Public(), "secret") {
				t.Errorf("operation %d: %v", i, err)
			}
		}
	})
}

func TestATaskThatIsRemovedMeanwhileIsNotFound(t *testing.T) {
	pushBubble(t, func(m *tasks.Memory) tasks.Store {
		return vanishing{m}
	}, approve, func(t *testing.T, w *pushWorld) {
		id := w.begin("?")
		if _, err := w.create(bank, id, "a", hookURL); !errors.Is(err, a2a.ErrTaskNotFound) {
			t.Errorf("create: %v", err)
		}
	})
}

type vanishing struct{ *tasks.Memory }

func (vanishing) SetWebhook(context.Context, *tasks.Webhook) error { return tasks.ErrNotFound }
