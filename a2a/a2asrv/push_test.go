package a2asrv_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
)

// hooks is a sender of webhooks that sends nothing, and takes no address that is not https.
type hooks struct{}

func (hooks) Check(prefix string, c *a2a.TaskPushNotificationConfig) error {
	if !strings.HasPrefix(c.URL, "https://") {
		return a2a.InvalidParams(prefix+"url", "must begin with https://")
	}
	return nil
}

func (hooks) Watch(a2a.TaskID)   {}
func (hooks) Changed(a2a.TaskID) {}

// newPushAgent makes an agent with push notifications.
func newPushAgent(t testing.TB) *agent {
	t.Helper()
	var engine *tasks.Engine
	kept := &store{}
	a := newAgent(t, func(c *a2asrv.Config) {
		yes := true
		c.Card.Capabilities.PushNotifications = &yes
		var err error
		engine, err = tasks.NewEngine(tasks.Config{Store: kept, Executor: script{},
			InputModes: []string{"text/plain"}, Push: hooks{}})
		if err != nil {
			t.Fatal(err)
		}
		c.Engine = engine
	})
	a.store, a.engine = kept, engine
	return a
}

func TestTheCardAndTheEngineAgreeAboutPushNotifications(t *testing.T) {
	yes, no := true, false
	for _, row := range []struct {
		push     tasks.Push
		declared *bool
		fine     bool
	}{{hooks{}, &yes, true}, {nil, &no, true}, {nil, nil, true}, {hooks{}, &no, false},
		{hooks{}, nil, false}, {nil, &yes, false}} {
		engine, err := tasks.NewEngine(tasks.Config{Store: &store{}, Executor: script{},
			InputModes: []string{"text/plain"}, Push: row.push})
		if err != nil {
			t.Fatal(err)
		}
		card := testCard()
		card.Capabilities.PushNotifications = row.declared
		if _, err := a2asrv.New(a2asrv.Config{Card: card, Engine: engine, Verifier: tokens{},
			Scope: testScope}); (err == nil) != row.fine {
			t.Errorf("push %v, declared %v: %v", row.push, row.declared, err)
		}
	}
}

// one is the answer to a call by a caller.
func one[Req, Res any](s *speaker, caller string, m *wire.Method[Req, Res], req Req) (Res, error) {
	s.t.Helper()
	r := request(s, m, req)
	r.Header.Set("Authorization", "Bearer "+caller)
	w := serve(s.server, r)
	return decoded(s, m, w.Code, w.Body.Bytes())
}

// TestPushConfigurationsInEveryTongue: made in one tongue, seen in all; nobody else's; gone when
// deleted.
func TestPushConfigurationsInEveryTongue(t *testing.T) {
	tongues := []tongue{{wire.V10, false}, {wire.V10, true}, {wire.V03, false}}
	for _, maker := range tongues {
		t.Run(maker.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newPushAgent(t)
				defer a.shutdown(t)
				in := func(g tongue) *speaker { return &speaker{t, a, g, &names{}} }
				s := in(maker)
				d := s.dialect
				sent, err := one(s, "bank", &d.SendMessage,
					asks("Does jdoe@staff0.com work here?", func(q *a2a.SendMessageRequest) {
						q.Configuration = &a2a.SendMessageConfiguration{ReturnImmediately: true,
							TaskPushNotificationConfig: &a2a.TaskPushNotificationConfig{
								ID: "inline", URL: "https://bank.example/1",
							}}
					}))
				if err != nil {
					t.Fatal(err)
				}
				id := sent.(*a2a.Task).ID
				made, err := one(s, "bank", &d.CreateTaskPushNotificationConfig,
					&a2a.TaskPushNotificationConfig{
						TaskID: id, URL: "https://bank.example/2", Token: "t",
						Authentication: &a2a.AuthenticationInfo{Scheme: "Bearer", Credentials: "c"},
					})
				if err != nil || made.ID == "" || made.TaskID != id {
					t.Fatalf("made %+v, %v", made, err)
				}
				stored, _ := a.store.Webhooks(t.Context(), id)
				for _, w := range stored {
					if wire.Lookup(w.Config.Version) != d &&
						(w.Config.Version != "" || d != wire.V10) {
						t.Errorf("a configuration of version %s is kept as one of %q", d.Version,
							w.Config.Version)
					}
				}
				for _, g := range tongues {
					s, d := in(g), g.dialect
					got, err := one(s, "bank", &d.GetTaskPushNotificationConfig,
						&a2a.GetTaskPushNotificationConfigRequest{TaskID: id, ID: made.ID})
					if err != nil || configured(got) != configured(made) {
						t.Errorf("%v: got %s, %v", g, configured(got), err)
					}
					list, err := one(s, "bank", &d.ListTaskPushNotificationConfigs,
						&a2a.ListTaskPushNotificationConfigsRequest{TaskID: id})
					if err != nil || len(list.Configs) != 2 || list.Configs[0].ID != "inline" ||
						configured(list.Configs[1]) != configured(made) {
						t.Errorf("%v: the list is %+v, %v", g, list, err)
					}
					for what, err := range map[string]error{
						"get of another caller": second(
							one(s, "insurer", &d.GetTaskPushNotificationConfig,
								&a2a.GetTaskPushNotificationConfigRequest{TaskID: id,
									ID: made.ID})),
						"list of another caller": second(
							one(s, "insurer", &d.ListTaskPushNotificationConfigs,
								&a2a.ListTaskPushNotificationConfigsRequest{TaskID: id})),
						"create of another caller": second(
							one(s, "insurer", &d.CreateTaskPushNotificationConfig,
								&a2a.TaskPushNotificationConfig{TaskID: id,
									URL: "https://x.example"})),
						"delete of another caller": second(
							one(s, "insurer", &d.DeleteTaskPushNotificationConfig,
								&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: id,
									ID: made.ID})),
						"get of an unknown one": second(
							one(s, "bank", &d.GetTaskPushNotificationConfig,
								&a2a.GetTaskPushNotificationConfigRequest{TaskID: id,
									ID: "unknown"})),
						"create for no task": second(
							one(s, "bank", &d.CreateTaskPushNotificationConfig,
								&a2a.TaskPushNotificationConfig{TaskID: "none",
									URL: "https://x.example"})),
					} {
						if !errors.Is(err, a2a.ErrTaskNotFound) {
							t.Errorf("%v: %s: %v", g, what, err)
						}
					}
					_, err = one(s, "bank", &d.CreateTaskPushNotificationConfig,
						&a2a.TaskPushNotificationConfig{TaskID: id, URL: "http://x.example"})
					var fault *a2a.Error
					if !errors.As(err, &fault) || !errors.Is(err, a2a.ErrInvalidParams) ||
						len(fault.Violations) != 1 || fault.Violations[0].Field != "url" {
						t.Errorf("%v: a webhook without TLS: %v", g, err)
					}
				}
				for range 2 {
					if _, err := one(s, "bank", &d.DeleteTaskPushNotificationConfig,
						&a2a.DeleteTaskPushNotificationConfigRequest{TaskID: id,
							ID: made.ID}); err != nil {
						t.Errorf("delete: %v", err)
					}
				}
				list, _ := one(s, "bank", &d.ListTaskPushNotificationConfigs,
					&a2a.ListTaskPushNotificationConfigsRequest{TaskID: id})
				if len(list.Configs) != 1 {
					t.Errorf("after the deletion: %+v", list)
				}
			})
		})
	}
}

func second[T any](_ T, err error) error { return err }

// configured is a configuration without the version that it came in.
func configured(c *a2a.TaskPushNotificationConfig) string {
	b, err := json.Marshal(c)
	return fmt.Sprint(string(b), err)
}

func TestPushConfigurationsAsTheyAreSpelled(t *testing.T) {
	a := newPushAgent(t)
	defer a.shutdown(t)
	// The task of a first call: each is spelled with its id.
	w := serve(a.server, post(say("SendMessage", "Answer now."), "bank", "A2A-Version", "1.0"))
	_, rest, _ := strings.Cut(w.Body.String(), `"task":{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	call := func(version, method, params string) string {
		r := post(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+
			strings.ReplaceAll(params, "TASK", id)+`}`, "bank", "A2A-Version", version)
		w := serve(a.server, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", method, w.Code)
		}
		body := strings.ReplaceAll(w.Body.String(), id, "TASK")
		return strings.TrimSuffix(strings.TrimPrefix(body, `{"jsonrpc":"2.0","id":1,"result":`),
			"}")
	}
	for _, row := range []struct{ version, method, params, want string }{
		{"1.0", "CreateTaskPushNotificationConfig",
			`{"taskId":"TASK","id":"a","url":"https://x.example","authentication":{"scheme":"Bearer","credentials":"c"}}`,
			`{"id":"a","taskId":"TASK","url":"https://x.example","authentication":{"scheme":"Bearer","credentials":"c"}}`},
		{"0.3", "tasks/pushNotificationConfig/get", `{"id":"TASK"}`,
			`{"taskId":"TASK","pushNotificationConfig":{"id":"a","url":"https://x.example","authentication":{"schemes":["Bearer"],"credentials":"c"}}}`},
		{"1.0", "ListTaskPushNotificationConfigs", `{"taskId":"TASK"}`,
			`{"configs":[{"id":"a","taskId":"TASK","url":"https://x.example","authentication":{"scheme":"Bearer","credentials":"c"}}]}`},
		{"1.0", "DeleteTaskPushNotificationConfig", `{"taskId":"TASK","id":"a"}`, `{}`},
		{"0.3", "tasks/pushNotificationConfig/delete",
			`{"id":"TASK","pushNotificationConfigId":"a"}`, `null`},
		{"1.0", "ListTaskPushNotificationConfigs", `{"taskId":"TASK"}`, `{"configs":[]}`},
		{"0.3", "tasks/pushNotificationConfig/list", `{"id":"TASK"}`, `[]`},
	} {
		if got := call(row.version, row.method, row.params); got != row.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", row.method, row.params, got, row.want)
		}
	}
	if got := call("1.0", "CreateTaskPushNotificationConfig",
		`{"tenant":"x","taskId":"TASK","url":"https://x.example"}`); !strings.Contains(got,
		`"field":"tenant"`) {
		t.Errorf("another tenant: %s", got)
	}
}
