package a2a

// Fold adds events to a task, in time that is in proportion to the events and not to what the task
// has become. The zero value waits for a task to begin with and passes over all other events.
//
// A *Task replaces everything, for it is a snapshot (§3.1.6). Any other event is passed over if it
// names another task; one that names none belongs to this one. The metadata of a status join those
// of the task: a status without a message has nowhere else to leave them. What the agent said in a
// status is kept in the history once something follows it, in the order in which things were said
// (§3.7).
type Fold struct {
	task *Task // as it was handed out last; nil before the first, and once something has come since
	sum  Task  // what it has become; beyond what was handed out, the lists are ours

	begun    bool
	metadata []Struct        // of the statuses since the task was handed out, oldest first
	said     map[string]bool // ids of the messages in the history, nil while they are few
	places   map[string]int  // of the artifacts, nil while they are few
	grown    map[int]grown   // artifacts that parts were added to, by place
	shared   bool            // the list of artifacts has been handed out
	round    int             // how often the task has been handed out
}

// grown is an artifact of our own making, to whose parts others may be appended. Once it has been
// handed out, which begins a new round, it is itself no longer changed.
type grown struct {
	artifact *Artifact
	round    int
}

// few is how many entries are compared one by one before a map is made of them.
const few = 16

// NewFold returns a fold that begins with a task, which it does not change.
func NewFold(t *Task) *Fold {
	f := new(Fold)
	f.begin(t)
	return f
}

func (f *Fold) begin(t *Task) {
	*f = Fold{task: t, sum: *t, begun: true, shared: true}
	f.clip(&f.sum)
}

// clip takes from lists the room behind them, so that whoever appends to them copies them.
func (f *Fold) clip(t *Task) {
	t.History = t.History[:len(t.History):len(t.History)]
	t.Artifacts = t.Artifacts[:len(t.Artifacts):len(t.Artifacts)]
}

// Task returns the task after all events so far, nil if there was no task. It must not be changed,
// and what follows does not change it.
func (f *Fold) Task() *Task {
	if f.task != nil || !f.begun {
		return f.task
	}
	if len(f.metadata) > 0 {
		f.sum.Metadata = merge(append([]Struct{f.sum.Metadata}, f.metadata...))
		f.metadata = nil
	}
	t := f.sum
	f.clip(&t)
	f.task, f.shared = &t, true
	f.round++
	return f.task
}

// Add adds the next event.
func (f *Fold) Add(event Event) {
	switch e := event.(type) {
	case *Task:
		f.begin(e)
	case *TaskStatusUpdateEvent:
		if f.ours(e.TaskID) {
			f.speak()
			f.sum.Status = e.Status
			if len(e.Metadata) > 0 {
				f.metadata = append(f.metadata, e.Metadata)
			}
			f.task = nil
		}
	case *TaskArtifactUpdateEvent:
		if f.ours(e.TaskID) && e.Artifact != nil {
			f.addArtifact(e)
			f.task = nil
		}
	case *Message:
		if f.ours(e.TaskID) {
			f.speak()
			f.say(e)
			f.task = nil
		}
	}
}

func (f *Fold) ours(id TaskID) bool { return f.begun && (id == "" || id == f.sum.ID) }

// speak puts the message of the present status into the history, unless it went in with a message
// that came after it.
func (f *Fold) speak() {
	m := f.sum.Status.Message
	if m == nil {
		return
	}
	if f.said == nil && len(f.sum.History) > few {
		f.said = make(map[string]bool, 2*len(f.sum.History))
		for _, have := range f.sum.History {
			f.said[have.MessageID] = true
		}
	}
	known := f.said[m.MessageID]
	if f.said == nil {
		for _, have := range f.sum.History {
			known = known || have.MessageID == m.MessageID
		}
	}
	if !known {
		f.say(m)
	}
}

func (f *Fold) say(m *Message) {
	f.sum.History = append(f.sum.History, m)
	if f.said != nil {
		f.said[m.MessageID] = true
	}
}

// place is where the artifact of an id stands, -1 if there is none.
func (f *Fold) place(id string) int {
	if f.places == nil && len(f.sum.Artifacts) > few {
		f.places = make(map[string]int, 2*len(f.sum.Artifacts))
		for i, a := range f.sum.Artifacts {
			if _, earlier := f.places[a.ArtifactID]; !earlier {
				f.places[a.ArtifactID] = i
			}
		}
	}
	if f.places != nil {
		if i, ok := f.places[id]; ok {
			return i
		}
		return -1
	}
	for i, a := range f.sum.Artifacts {
		if a.ArtifactID == id {
			return i
		}
	}
	return -1
}

func (f *Fold) addArtifact(e *TaskArtifactUpdateEvent) {
	i := f.place(e.Artifact.ArtifactID)
	if i < 0 {
		// Appending to an artifact that is not there creates it: dropping what was sent would lose
		// it for good.
		if f.places != nil {
			f.places[e.Artifact.ArtifactID] = len(f.sum.Artifacts)
		}
		f.sum.Artifacts = append(f.sum.Artifacts, e.Artifact)
		return
	}
	next := e.Artifact
	if e.Append {
		if next = f.extend(i, e.Artifact.Parts); next == f.sum.Artifacts[i] {
			return
		}
	} else {
		delete(f.grown, i)
	}
	if f.shared {
		f.sum.Artifacts = append([]*Artifact(nil), f.sum.Artifacts...)
		f.shared = false
	}
	f.sum.Artifacts[i] = next
}

// extend returns an artifact with more parts: the same one if nobody else has it.
func (f *Fold) extend(i int, parts []Part) *Artifact {
	have := f.sum.Artifacts[i]
	g := f.grown[i]
	if g.artifact == have && g.round == f.round {
		have.Parts = append(have.Parts, parts...)
		return have
	}
	joined := *have
	if g.artifact != have {
		joined.Parts = have.Parts[:len(have.Parts):len(have.Parts)]
	}
	joined.Parts = append(joined.Parts, parts...)
	if f.grown == nil {
		f.grown = make(map[int]grown)
	}
	f.grown[i] = grown{&joined, f.round}
	return &joined
}
