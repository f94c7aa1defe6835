package storetest

import (
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// Questions measures whole questions, so many at a time.
func Questions(b *testing.B, s tasks.Store, parallel int) {
	b.ReportAllocs()
	InParallel(b, parallel, func() { question(b, s) })
}

// BenchRecord is a task as the HR agent has it when a question was accepted.
func BenchRecord(id a2a.TaskID) (*tasks.Record, []a2a.Event) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	task := &a2a.Task{
		ID: id, ContextID: a2a.NewContextID(), Status: a2a.TaskStatus{State: a2a.TaskStateSubmitted,
			Timestamp: now},
		History: []*a2a.Message{{
			MessageID: a2a.NewMessageID(), TaskID: id, ContextID: "c", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart(
				"Does John Doe with email jdoe@staff0.com work at Staff0?")},
		}},
	}
	working := BenchStatus(task, a2a.TaskStateWorking, "Looking into the request…")
	key := [32]byte{}
	copy(key[:], id[len(id)-32:])
	return &tasks.Record{Task: task.Apply(working), Owner: "bank", Seq: 2, Created: now,
		MessageKey: key[:]}, []a2a.Event{task, working}
}

// BenchStatus is a status of such a task.
func BenchStatus(t *a2a.Task, state a2a.TaskState, text string) *a2a.TaskStatusUpdateEvent {
	u := &a2a.TaskStatusUpdateEvent{TaskID: t.ID, ContextID: t.ContextID,
		Status: a2a.TaskStatus{State: state, Timestamp: time.Now().UTC()}}
	if text != "" {
		u.Status.Message = &a2a.Message{
			MessageID: a2a.NewMessageID(), TaskID: t.ID, ContextID: t.ContextID,
			Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart(text)},
		}
	}
	return u
}

// question is what one question costs a store: the task, the announcement, the claim on the person,
// the acknowledgement, the answer.
func question(b *testing.B, s tasks.Store) {
	ctx := b.Context()
	r, events := BenchRecord(a2a.NewTaskID())
	if _, err := s.Create(ctx, r, events, r.Created.Add(-time.Minute)); err != nil {
		b.Error(err)
	}
	add := func(checkpoint string, claims []tasks.Claim, events ...a2a.Event) {
		rec, err := s.Get(ctx, r.Task.ID)
		if err != nil {
			b.Error(err)
			return
		}
		task := rec.Task
		for _, e := range events {
			task = task.Apply(e)
		}
		change := tasks.Change{
			ID: tasks.NewChangeID(), Events: events, Task: task, Checkpoint: []byte(checkpoint),
			Run: true, Claims: claims,
		}
		if err := s.Append(ctx, task.ID, rec.Seq, change); err != nil {
			b.Error(err)
		}
	}
	amend := func(claims ...tasks.Claim) {
		if err := s.Amend(ctx, tasks.NewChangeID(), claims); err != nil {
			b.Error(err)
		}
	}
	const checkpoint = `{"request":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","code":"7K3F-9QXM","deadline":"2026-11-21T08:00:00.000Z"}`
	const value = `{"phase":"waiting","code":"7K3F-9QXM","deadline":"2026-11-21T08:00:00.000Z","auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","interval":5,"subject":"auth0|jdoe"}`
	key, person := tasks.Key(r.MessageKey), tasks.Key(r.MessageKey)
	person[0] ^= 1
	until := time.Now().Add(time.Minute)
	put := tasks.Claim{Kind: tasks.Put, Key: key, Value: []byte(value), Until: until}
	add(checkpoint, []tasks.Claim{{Kind: tasks.Open, Key: key, Value: []byte(value), Until: until}},
		BenchStatus(r.Task, a2a.TaskStateWorking,
			"Waiting for the person's approval. Code 7K3F-9QXM. Nothing has to be sent; keep "+
				"watching this task."))
	amend(tasks.Claim{Kind: tasks.Take, Key: person, Value: key[:], Until: until}, put)
	amend(put)
	add("", []tasks.Claim{put, {Kind: tasks.Drop, Key: person, Value: key[:]}},
		BenchStatus(r.Task, a2a.TaskStateWorking, "Approved. Reading the employment record…"),
		&a2a.TaskArtifactUpdateEvent{TaskID: r.Task.ID, ContextID: r.Task.ContextID,
			Artifact: &a2a.Artifact{
				ArtifactID: "a", Name: "employment-status", Parts: []a2a.Part{
					a2a.TextPart(
						"Yes, John Doe (jdoe@staff0.com) is an active employee of Staff0."),
					a2a.DataPart(
						[]byte(`{"answer":"yes","identifier":"jdoe@staff0.com","employed":true,"company":"Staff0","as_of":"2026-11-21T08:00:00.000Z","consent":{"method":"ciba","at":"2026-11-21T08:00:00.000Z","code":"7K3F-9QXM"}}`)),
				}}}, BenchStatus(r.Task, a2a.TaskStateCompleted, ""))
}

// InParallel shares the iterations among so many goroutines.
func InParallel(b *testing.B, n int, f func()) {
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
