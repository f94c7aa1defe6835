package a2aclient

import "staff0/a2a"

// Assembler puts the events of one task together, as Follow and Watch yield them. The zero value is
// ready. What it returns must not be changed.
type Assembler struct {
	fold    *a2a.Fold // nil before the first event of a task
	message *a2a.Message
}

// Add takes the next event. A task replaces what is known, a status or a piece of an artifact is
// added to it (§4.2.2), also where the agent never sent the task itself. The first event decides
// which task it is about; events of others are passed over.
func (a *Assembler) Add(event a2a.Event) {
	switch e := event.(type) {
	case *a2a.Task:
		if have := a.Task(); have != nil && have.ID != "" && have.ID != e.ID {
			return
		}
		a.fold = a2a.NewFold(e)
		return
	case *a2a.Message:
		if a.fold == nil {
			a.message = e
			return
		}
	case *a2a.TaskStatusUpdateEvent:
		a.begin(e.TaskID, e.ContextID)
	case *a2a.TaskArtifactUpdateEvent:
		a.begin(e.TaskID, e.ContextID)
	}
	if a.fold != nil {
		a.fold.Add(event)
	}
}

func (a *Assembler) begin(id a2a.TaskID, context a2a.ContextID) {
	if a.fold == nil {
		a.fold = a2a.NewFold(&a2a.Task{ID: id, ContextID: context})
	}
}

// Task is the task as far as it is known, nil if no event told of one.
func (a *Assembler) Task() *a2a.Task {
	if a.fold == nil {
		return nil
	}
	return a.fold.Task()
}

// Message is the answer of an agent that answers without a task (§3.1.1), nil if there was none.
func (a *Assembler) Message() *a2a.Message { return a.message }
