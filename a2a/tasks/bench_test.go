package tasks_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// benchEngine has an executor that answers at once.
func benchEngine(b *testing.B) *tasks.Engine {
	b.Helper()
	engine, err := tasks.NewEngine(tasks.Config{
		Store: new(tasks.Memory), Executor: &quick{}, InputModes: []string{"text/plain"},
		Opening: opening, RepeatWindow: tasks.DefaultRepeatWindow,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Shutdown(context.Background()) })
	return engine
}

// quick is an actor that remembers nothing.
type quick struct{ actor }

func (*quick) Execute(_ context.Context, turn *tasks.Turn) error { return turn.Do(answered()) }

var benchID atomic.Int64

func benchMessage() *a2a.SendMessageRequest {
	return &a2a.SendMessageRequest{Message: &a2a.Message{
		MessageID: fmt.Sprintf("m%d", benchID.Add(1)), Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart("Does John Doe with email jdoe@staff0.com work at Staff0?")},
	}}
}

func BenchmarkSend(b *testing.B) {
	engine := benchEngine(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := engine.Send(b.Context(), bank, benchMessage()); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkStream(b *testing.B) {
	engine := benchEngine(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := 0
			for _, err := range engine.Stream(b.Context(), bank, benchMessage()) {
				if n++; err != nil {
					b.Error(err)
				}
			}
			if n != 4 {
				b.Errorf("%d entries", n)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	engine := benchEngine(b)
	ev, err := engine.Send(b.Context(), bank, benchMessage())
	if err != nil {
		b.Fatal(err)
	}
	req := &a2a.GetTaskRequest{ID: ev.(*a2a.Task).ID}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Get(b.Context(), bank, req); err != nil {
			b.Fatal(err)
		}
	}
}
