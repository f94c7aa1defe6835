package a2asrv_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/a2asrv"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
	"staff0/ciba/jwks"
)

// echo is the smallest agent: it repeats what it was told.
type echo struct{}

func (echo) Execute(_ context.Context, turn *tasks.Turn) error {
	said := turn.Task.History[len(turn.Task.History)-1].Text()
	return turn.Do(tasks.Step{Events: []a2a.Event{
		&a2a.TaskArtifactUpdateEvent{Artifact: &a2a.Artifact{
			ArtifactID: "echo", Parts: []a2a.Part{a2a.TextPart(said)}}},
		&a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: a2a.TaskStateCompleted}},
	}})
}

// An agent that never waits for anything outside has nothing to do here.
func (echo) Park(a2a.TaskID, any, []byte) {}
func (echo) Unpark(a2a.TaskID)            {}

// anyToken stands for the verifier of package jwks.
type anyToken struct{}

func (anyToken) Verify(context.Context, string) (*jwks.Claims, error) {
	return &jwks.Claims{ClientID: "caller", Subject: "caller", Machine: true,
		Scope: []string{"echo"}, Expiry: time.Now().Add(time.Hour)}, nil
}

// An agent that echoes messages, with its tasks in memory, and one call of it.
func Example() {
	engine, err := tasks.NewEngine(tasks.Config{Store: new(tasks.Memory), Executor: echo{},
		InputModes: []string{"text/plain"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Shutdown(context.Background())
	server, err := a2asrv.New(a2asrv.Config{
		Card: &a2a.AgentCard{
			Name: "Echo", Description: "Repeats what it is told.", Version: "1.0.0",
			SupportedInterfaces: []a2a.AgentInterface{{URL: "https://echo.example/",
				ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: wire.Version10}},
			DefaultInputModes:  []string{"text/plain"},
			DefaultOutputModes: []string{"text/plain"},
			Skills: []a2a.AgentSkill{{ID: "echo", Name: "Echo", Description: "Repeats a message.",
				Tags: []string{"echo"}}},
		},
		Engine: engine, Verifier: anyToken{}, Scope: "echo",
		QuestionsPerAsker: a2asrv.Unlimited,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"jsonrpc": "2.0", "id": 1,
		"method": "SendMessage", "params": {"message": {"messageId": "m-1", "role": "ROLE_USER",
		"parts": [{"text": "Hello"}]}}}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer a-token")
	r.Header.Set(wire.VersionHeader, wire.Version10)
	server.ServeHTTP(w, r)
	body := w.Body.String()
	fmt.Println(w.Code)
	fmt.Println(strings.Contains(body, `"state":"TASK_STATE_COMPLETED"`))
	fmt.Println(strings.Contains(body, `"artifactId":"echo","parts":[{"text":"Hello"}]`))
	// Output:
	// 200
	// true
	// true
}
