package a2a

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"testing"
)

// naive adds an event to a task in the plainest way.
func naive(t *Task, event Event) *Task {
	next := *t
	next.History, next.Artifacts = slices.Clone(t.History), slices.Clone(t.Artifacts)
	speak := func() {
		if m := t.Status.Message; m != nil &&
			!slices.ContainsFunc(t.History, func(have *Message) bool {
				return have.MessageID == m.MessageID
			}) {
			next.History = append(next.History, m)
		}
	}
	switch e := event.(type) {
	case *Task:
		return e
	case *TaskStatusUpdateEvent:
		speak()
		next.Status = e.Status
		next.Metadata = merge([]Struct{t.Metadata, e.Metadata})
	case *Message:
		if e.TaskID != "" && e.TaskID != t.ID {
			return t
		}
		speak()
		next.History = append(next.History, e)
	case *TaskArtifactUpdateEvent:
		i := slices.IndexFunc(t.Artifacts, func(a *Artifact) bool {
			return a.ArtifactID == e.Artifact.ArtifactID
		})
		switch {
		case i < 0:
			next.Artifacts = append(next.Artifacts, e.Artifact)
		case e.Append:
			joined := *t.Artifacts[i]
			joined.Parts = slices.Concat(joined.Parts, e.Artifact.Parts)
			next.Artifacts[i] = &joined
		default:
			next.Artifacts[i] = e.Artifact
		}
	}
	return &next
}

// TestFoldIsApply: whatever events come, and whenever the task is looked at, a fold tells what
// repeated Apply does, and no task that it has handed out changes afterwards.
func TestFoldIsApply(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		id := func(n int) string { return strconv.Itoa(random.IntN(n)) }
		event := func(n int) Event {
			switch random.IntN(12) {
			case 0:
				return &Task{ID: "t", History: []*Message{{MessageID: "s"}},
					Artifacts: []*Artifact{{ArtifactID: "0", Parts: []Part{TextPart("s")}}}}
			case 1, 2:
				return &Message{MessageID: "m" + id(60)}
			case 3:
				return &Message{MessageID: "x", TaskID: "other"}
			case 4, 5:
				e := &TaskStatusUpdateEvent{Metadata: Struct(fmt.Sprintf(`{"%s":%d}`, id(3), n))}
				if random.IntN(2) == 0 {
					e.Status.Message = &Message{MessageID: "m" + id(60)}
				}
				return e
			case 6:
				return &TaskStatusUpdateEvent{TaskID: "t",
					Status: TaskStatus{State: TaskStateWorking}}
			}
			return &TaskArtifactUpdateEvent{Append: random.IntN(3) > 0, Artifact: &Artifact{
				ArtifactID: id(40), Parts: []Part{TextPart(strconv.Itoa(n)), TextPart("-")},
			}}
		}
		first := &Task{ID: "t", Artifacts: make([]*Artifact, 0, 8), History: make([]*Message, 0, 8)}
		want, fold := first, NewFold(first)
		type seen struct {
			task *Task
			text string
		}
		var handed []seen
		for n := range 150 {
			e := event(n)
			if applied := want.Apply(e); random.IntN(2) == 0 {
				want = applied
			} else {
				want = naive(want, e)
			}
			fold.Add(e)
			if random.IntN(4) == 0 {
				got := fold.Task()
				handed = append(handed, seen{got, string(got.AppendJSON(nil))})
			}
		}
		got := fold.Task()
		same := func(t *Task) string {
			plain := *t
			plain.Metadata = nil
			return string(plain.AppendJSON(nil))
		}
		if same(got) != same(want) || !sameMembers(t, got.Metadata, want.Metadata) {
			t.Fatalf("seed %d:\ngot  %s\nwant %s", seed, got.AppendJSON(nil), want.AppendJSON(nil))
		}
		if fold.Task() != got {
			t.Error("a task that nothing was added to is another one")
		}
		for _, h := range handed {
			if now := string(h.task.AppendJSON(nil)); now != h.text {
				t.Fatalf("seed %d: a task that was handed out became\n%s\nfrom\n%s", seed,
					now, h.text)
			}
		}
	}
}

func sameMembers(t *testing.T, a, b Struct) bool {
	t.Helper()
	members := func(s Struct) map[string]string {
		out := map[string]string{}
		if len(s) > 0 {
			if err := Members(s, func(name, value []byte) {
				out[string(name)] = string(value)
			}); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	return reflect.DeepEqual(members(a), members(b))
}

func TestFoldWithoutTask(t *testing.T) {
	var f Fold
	f.Add(&Message{MessageID: "m"})
	f.Add(&TaskStatusUpdateEvent{})
	if f.Task() != nil {
		t.Errorf("got %+v", f.Task())
	}
	f.Add(&Task{ID: "t"})
	f.Add(&Message{MessageID: "m"})
	if got := f.Task(); got == nil || len(got.History) != 1 {
		t.Errorf("got %+v", got)
	}
}

// TestLongTasksFold: a task of many events, as a hostile agent may send it, is put together with
// work that grows with their number and not with its square.
func TestLongTasksFold(t *testing.T) {
	for name, event := range map[string]func(int) Event{
		"messages": func(i int) Event { return &Message{MessageID: strconv.Itoa(i)} },
		"statuses": func(i int) Event {
			return &TaskStatusUpdateEvent{
				Status:   TaskStatus{Message: &Message{MessageID: strconv.Itoa(i)}},
				Metadata: Struct(`{"k` + strconv.Itoa(i) + `":1}`),
			}
		},
		"artifacts": func(i int) Event {
			return &TaskArtifactUpdateEvent{Artifact: &Artifact{ArtifactID: strconv.Itoa(i)}}
		},
		"pieces of an artifact": func(i int) Event {
			return &TaskArtifactUpdateEvent{Append: true,
				Artifact: &Artifact{ArtifactID: "a", Parts: []Part{TextPart("x")}}}
		},
	} {
		linear(t, name, func(n int) {
			f := NewFold(&Task{ID: "t"})
			for i := range n {
				f.Add(event(i))
			}
			f.Task().AppendJSON(nil)
		})
	}
}

// linear demands that ten times as much to do takes about ten times as much memory on the way,
// where work that grew with the square would take a hundred times. Time would tell the same less
// reliably.
func linear(t *testing.T, name string, work func(n int)) {
	t.Helper()
	taken := func(n int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work(n)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	work(10) // whatever is made once
	if few, many := taken(2000), taken(20000); many > 25*few+1<<20 {
		t.Errorf("%s: %d bytes for 2,000, %d for 20,000", name, few, many)
	}
}
