package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func created(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	r.Checkpoint = []byte("auth_req_id")
	f.store(r, entries)
	f.want(r)
	f.wantEvents("t", entries)
}

func missing(t *testing.T, f *fixture) {
	f.create("t")
	if _, err := f.Get(f.ctx, "u"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := f.Events(f.ctx, "u", 0); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("events: %v", err)
	}
	r, _ := f.record("u")
	if _, err := f.try(r, "", true, status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err,
		tasks.ErrNotFound) {
		t.Errorf("append: %v", err)
	}
}

func appended(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	f.store(r, entries)
	artifact := &a2a.TaskArtifactUpdateEvent{TaskID: "t", ContextID: "c", LastChunk: true,
		Artifact: &a2a.Artifact{ArtifactID: "a", Parts: []a2a.Part{a2a.TextPart("Yes.")}}}
	message := &a2a.Message{MessageID: "n", TaskID: "t", ContextID: "c", Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart("Hurry.")}}
	end := status(a2a.TaskStateCompleted, f.clock.Add(time.Second))
	next, err := f.try(r, "", true, message)
	f.check(err)
	f.want(next)
	next, err = f.try(next, "", true, artifact, end)
	f.check(err)
	f.want(next)
	f.wantEvents("t", append(entries, message, artifact, end))
}

func conflict(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	f.store(r, entries)
	next := f.add(r, a2a.TaskStateAuthRequired, "new")
	for _, base := range []tasks.Seq{0, 1, 2, 4, 99} {
		late := *r
		late.Seq = base
		if _, err := f.try(&late, "late", true,
			status(a2a.TaskStateCompleted, f.clock)); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a change after %d of 3: %v", base, err)
		}
	}
	f.want(next)
	if entries, _ := f.Events(f.ctx, "t", 0); len(entries) != 3 {
		t.Errorf("%d entries", len(entries))
	}
}

func twice(t *testing.T, f *fixture) {
	r := f.create("t")
	again, entries := f.record("t")
	again.MessageKey = []byte("k")
	if _, err := f.Create(f.ctx, again, entries, f.clock); !errors.Is(err, tasks.ErrStored) {
		t.Errorf("got %v", err)
	}
	f.want(r)
	// The key of the refused one is free.
	other, entries := f.record("u")
	other.MessageKey = []byte("k")
	f.store(other, entries)
}

func checkpoints(t *testing.T, f *fixture) {
	r := f.add(f.create("t"), a2a.TaskStateAuthRequired, "auth_req_id")
	f.want(r)
	// The caller's message, which has perhaps not seen it, leaves it alone.
	next, err := f.try(r, "", false, &a2a.Message{MessageID: "n", TaskID: "t", Role: a2a.RoleUser,
		Parts: []a2a.Part{a2a.TextPart("?")}})
	f.check(err)
	next.Checkpoint = []byte("auth_req_id")
	f.want(next)
	f.want(f.add(next, a2a.TaskStateWorking, ""))
	// The end removes it, whoever brings it about, and the runner may leave another.
	for i, run := range []bool{false, true} {
		r := f.add(f.create(fmt.Sprint(i)), a2a.TaskStateAuthRequired, "auth_req_id")
		end, err := f.try(r, "", run, status(a2a.TaskStateCanceled, f.clock))
		f.check(err)
		f.want(end)
	}
	f.want(f.add(f.add(f.create("note"), a2a.TaskStateAuthRequired, "auth_req_id"),
		a2a.TaskStateRejected, "no_answer"))
}

func checkpointAlone(t *testing.T, f *fixture) {
	r := f.create("t")
	next, err := f.try(r, "auth_req_id", true)
	f.check(err)
	f.want(next)
	f.want(f.add(next, a2a.TaskStateAuthRequired, "auth_req_id"))
	if _, err := f.try(next, "late", true); !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("a late checkpoint: %v", err)
	}
}

func events(t *testing.T, f *fixture) {
	r := f.create("t")
	f.create("u") // whose entries must not be among them
	for range 10 {
		r = f.add(r, a2a.TaskStateWorking, "")
	}
	for after := range tasks.Seq(15) {
		entries, err := f.Events(f.ctx, "t", after)
		f.check(err)
		if want := max(0, 12-int(after)); len(entries) != want {
			t.Errorf("%d entries after %d, want %d", len(entries), after, want)
		}
		for i, entry := range entries {
			if entry.Seq != after+tasks.Seq(i)+1 {
				t.Errorf("entry %d after %d is numbered %d", i, after, entry.Seq)
			}
		}
	}
}

func manyEvents(t *testing.T, f *fixture) {
	for n := range 40 {
		id := fmt.Sprint("t", n)
		r, want := f.record(id)
		f.store(r, want)
		var more []a2a.Event
		for i := range n {
			more = append(more, &a2a.TaskArtifactUpdateEvent{TaskID: r.Task.ID, ContextID: "c",
				Artifact: &a2a.Artifact{ArtifactID: fmt.Sprint(i),
					Parts: []a2a.Part{a2a.TextPart("x")}}})
		}
		_, err := f.try(r, "", true, more...)
		f.check(err)
		f.wantEvents(r.Task.ID, append(want, more...))
	}
}

func writers(t *testing.T, f *fixture) {
	const rounds, each = 20, 8
	var ids []string
	for i := range 4 {
		ids = append(ids, fmt.Sprint("t", i))
		f.create(ids[i])
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	won := map[string]int{}
	for w := range each {
		group.Go(func() {
			for i := 0; i < rounds; i++ {
				id := ids[(w+i)%len(ids)]
				r, err := f.Get(f.ctx, a2a.TaskID(id))
				if err != nil {
					t.Error(err)
					return
				}
				u := status(a2a.TaskStateWorking, f.clock)
				u.Status.Message = &a2a.Message{MessageID: fmt.Sprint(w, "-", i),
					Role: a2a.RoleAgent, Parts: []a2a.Part{a2a.TextPart("x")}}
				_, err = f.try(r, "", true, u)
				switch {
				case err == nil:
					mu.Lock()
					won[id]++
					mu.Unlock()
				case !errors.Is(err, tasks.ErrConflict):
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		entries, err := f.Events(f.ctx, a2a.TaskID(id), 0)
		f.check(err)
		if len(entries) != won[id]+2 {
			t.Errorf("%d changes were acknowledged, %d are there", won[id], len(entries)-2)
		}
		sum := entries[0].Event.(*a2a.Task)
		for _, entry := range entries {
			sum = sum.Apply(entry.Event)
		}
		r, err := f.Get(f.ctx, a2a.TaskID(id))
		f.check(err)
		if string(sum.AppendJSON(nil)) != string(r.Task.AppendJSON(nil)) {
			t.Error("the entries do not sum up to the task")
		}
	}
}

func readers(t *testing.T, f *fixture) {
	r := f.create("t")
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for seen := tasks.Seq(0); ; {
				select {
				case <-done:
					return
				default:
				}
				rec, err := f.Get(f.ctx, "t")
				if err != nil || rec.Seq < seen {
					t.Errorf("after entry %d the task is at %d, %v", seen, rec.Seq, err)
					return
				}
				entries, err := f.Events(f.ctx, "t", 0)
				if err != nil || len(entries) < int(rec.Seq) {
					t.Errorf("the task is at %d, its entries at %d, %v", rec.Seq, len(entries), err)
					return
				}
				seen = tasks.Seq(len(entries))
			}
		})
	}
	for range 200 {
		r = f.add(r, a2a.TaskStateWorking, "")
	}
	close(done)
	group.Wait()
}

func content(t *testing.T, f *fixture) {
	for i, text := range []string{
		"Arbeitet María García hier? 加藤 太郎 🙂", "\x00\x01\x7f", "'; DROP TABLE tasks; --",
		"line\nline\r\n\u2028", `{"a":"\u0000"}`, "",
	} {
		r, entries := f.record(fmt.Sprint("t", i))
		message := &a2a.Message{
			MessageID: text + "m", TaskID: r.Task.ID, ContextID: "c", Role: a2a.RoleUser,
			Metadata: a2a.Struct(`{"ключ":[1,null,{}]}`),
			Parts: []a2a.Part{
				a2a.TextPart(text),
				a2a.DataPart([]byte(`{"n":1.50,"big":123456789012345678901234567890,"null":null}`)),
				a2a.DataPart([]byte("null")),
				{Kind: a2a.PartRaw, Raw: []byte{0, 255, 128}, Filename: text + ".bin",
					MediaType: "application/pdf"}, {Kind: a2a.PartURL,
					URL: "https://a.example/?b=ü"},
			},
			Extensions: []string{"https://e.example/x"}, ReferenceTaskIDs: []a2a.TaskID{"other"},
		}
		f.store(r, entries)
		next, err := f.try(r, text+"\x00c", true, message)
		f.check(err)
		f.want(next)
		f.wantEvents(r.Task.ID, append(entries, message))
		if f.stores.Reopen == nil {
			continue
		}
		again := f.reopened() // from the disk and not from a cache
		again.want(next)
		again.wantEvents(r.Task.ID, append(entries, message))
		f = again
	}
}

func big(t *testing.T, f *fixture) {
	r, entries := f.record("t")
	entries[0].(*a2a.Task).History[0].Parts[0].Text = strings.Repeat("ü€", 1<<20)
	r.Task = entries[0].(*a2a.Task).Apply(entries[1])
	r.Checkpoint = []byte(strings.Repeat("c", 1<<16))
	f.store(r, entries)
	f.want(r)
	f.wantEvents("t", entries)
}

func immutable(t *testing.T, f *fixture) {
	r := f.create("t")
	have := f.must("t")
	before := show(have)
	entries, err := f.Events(f.ctx, "t", 0)
	f.check(err)
	f.add(r, a2a.TaskStateAuthRequired, "x")
	if show(have) != before || len(entries) != 2 {
		t.Error("a change has reached what was read before it")
	}
}
