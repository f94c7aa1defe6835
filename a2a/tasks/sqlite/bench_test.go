package sqlite

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// benchRecord is a task as the HR agent has it when a question was accepted.
func benchRecord(id a2a.TaskID) (*tasks.Record, []a2a.Event) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	task := &a2a.Task{
		ID: id, ContextID: a2a.NewContextID(), Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted, Timestamp: now},
		History: []*a2a.Message{{
			MessageID: a2a.NewMessageID(), TaskID: id, ContextID: "c", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("Does John Doe with email jdoe@staff0.com work at Staff0?")},
		}},
	}
	working := benchStatus(task, a2a.TaskStateWorking, "Looking into the request…")
	key := [32]byte{}
	copy(key[:], id[len(id)-32:])
	return &tasks.Record{Task: task.Apply(working), Owner: "bank", Seq: 2, Created: now, MessageKey: key[:]}, []a2a.Event{task, working}
}

func benchStatus(t *a2a.Task, state a2a.TaskState, text string) *a2a.TaskStatusUpdateEvent {
	u := &a2a.TaskStatusUpdateEvent{TaskID: t.ID, ContextID: t.ContextID, Status: a2a.TaskStatus{State: state, Timestamp: time.Now().UTC()}}
	if text != "" {
		u.Status.Message = &a2a.Message{
			MessageID: a2a.NewMessageID(), TaskID: t.ID, ContextID: t.ContextID, Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart(text)},
		}
	}
	return u
}

func benchStores(b *testing.B, run func(b *testing.B, s tasks.Store)) {
	b.Run("memory", func(b *testing.B) { run(b, new(tasks.Memory)) })
	b.Run("sqlite", func(b *testing.B) {
		s := open(b, filepath.Join(b.TempDir(), "agent.db"))
		before := s.writer.commits.Load()
		run(b, s)
		b.ReportMetric(float64(s.writer.commits.Load()-before)/float64(b.N), "commits/op")
	})
}

// question is what one question costs a store: the task, its checkpoint, its announcement, the approval, the answer.
func question(b *testing.B, s tasks.Store) {
	ctx := b.Context()
	r, events := benchRecord(a2a.NewTaskID())
	if _, err := s.Create(ctx, r, events, r.Created.Add(-time.Minute)); err != nil {
		b.Error(err)
	}
	add := func(checkpoint string, events ...a2a.Event) {
		rec, err := s.Get(ctx, r.Task.ID)
		if err != nil {
			b.Error(err)
			return
		}
		task := rec.Task
		for _, e := range events {
			task = task.Apply(e)
		}
		if err := s.Append(ctx, task.ID, rec.Seq, tasks.Change{Events: events, Task: task, Checkpoint: []byte(checkpoint), Run: true}); err != nil {
			b.Error(err)
		}
	}
	const checkpoint = `{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","code":"7K3F-9QXM","deadline":"2026-11-21T08:00:00.000Z","interval":5,"subject":"auth0|jdoe"}`
	add(checkpoint)
	add(checkpoint, benchStatus(r.Task, a2a.TaskStateAuthRequired, "Waiting for the person's approval. Code 7K3F-9QXM. Nothing has to be sent; keep watching this task."))
	add(checkpoint, benchStatus(r.Task, a2a.TaskStateWorking, "Approved. Reading the employment record…"))
	add("", &a2a.TaskArtifactUpdateEvent{TaskID: r.Task.ID, ContextID: r.Task.ContextID, Artifact: &a2a.Artifact{
		ArtifactID: "a", Name: "employment-status", Parts: []a2a.Part{
			a2a.TextPart("Yes, John Doe (jdoe@staff0.com) is an active employee of Staff0."),
			a2a.DataPart([]byte(`{"answer":"yes","identifier":"jdoe@staff0.com","employed":true,"company":"Staff0","as_of":"2026-11-21T08:00:00.000Z","consent":{"method":"ciba","at":"2026-11-21T08:00:00.000Z","code":"7K3F-9QXM"}}`)),
		}}}, benchStatus(r.Task, a2a.TaskStateCompleted, ""))
}

func BenchmarkQuestion(b *testing.B) {
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			benchStores(b, func(b *testing.B, s tasks.Store) {
				b.ReportAllocs()
				inParallel(b, parallel, func() { question(b, s) })
			})
		})
	}
}

// inParallel shares the iterations among so many goroutines.
func inParallel(b *testing.B, n int, f func()) {
	work := make(chan struct{}, n)
	done := make(chan struct{})
	for range n {
		go func() {
			for range work {
				f()
			}
			done <- struct{}{}
		}()
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	for range n {
		<-done
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			benchStores(b, func(b *testing.B, s tasks.Store) {
				b.ReportAllocs()
				var next atomic.Int64
				recs := make(chan *tasks.Record, parallel)
				for range parallel {
					r, events := benchRecord(a2a.NewTaskID())
					if _, err := s.Create(b.Context(), r, events, r.Created); err != nil {
						b.Fatal(err)
					}
					recs <- r
				}
				inParallel(b, parallel, func() {
					r := *<-recs
					next.Add(1)
					u := benchStatus(r.Task, a2a.TaskStateWorking, "")
					base := r.Seq
					r.Task, r.Seq = r.Task.Apply(u), r.Seq+1
					if err := s.Append(b.Context(), r.Task.ID, base, tasks.Change{Events: []a2a.Event{u}, Task: r.Task, Run: true}); err != nil {
						b.Error(err)
					}
					recs <- &r
				})
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, cached := range []bool{true, false} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "agent.db"))
			r, events := benchRecord(a2a.NewTaskID())
			if _, err := s.Create(b.Context(), r, events, r.Created); err != nil {
				b.Fatal(err)
			}
			if !cached {
				s.cache.drop(r.Task.ID)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Get(b.Context(), r.Task.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkManyTasks is what a store of a hundred thousand parked tasks costs: to be opened and taken up, and to be listed.
func BenchmarkManyTasks(b *testing.B) {
	const n = 100_000
	p := filepath.Join(b.TempDir(), "agent.db")
	s := open(b, p)
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	done := make(chan struct{})
	for range 64 {
		go func() {
			for range work {
				r, events := benchRecord(a2a.NewTaskID())
				r.Checkpoint = []byte(`{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1"}`)
				if _, err := s.Create(b.Context(), r, events, r.Created); err != nil {
					b.Error(err)
				}
			}
			done <- struct{}{}
		}()
	}
	for range 64 {
		<-done
	}
	b.Run("restart", func(b *testing.B) {
		for b.Loop() {
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			s = open(b, p)
			total := 0
			for {
				pending, err := s.Claim(b.Context(), 1000)
				if err != nil {
					b.Fatal(err)
				}
				if len(pending) == 0 {
					break
				}
				total += len(pending)
			}
			if total != n {
				b.Fatalf("%d tasks", total)
			}
		}
	})
	s = open(b, p)
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if page, err := s.List(b.Context(), tasks.Query{Owner: "bank", Limit: 51}); err != nil || page.Total != n {
				b.Fatal(page.Total, err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		page, err := s.List(b.Context(), tasks.Query{Owner: "bank", Limit: 51})
		if err != nil {
			b.Fatal(err)
		}
		i := 0
		for b.Loop() {
			if _, err := s.Get(b.Context(), page.Records[i%51].Task.ID); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}
