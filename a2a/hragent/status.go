package hragent

import (
	"time"

	"staff0/a2a"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
)

// The sentences of the table of states. They are all that a caller ever reads of a task that is not
// answered.
const (
	Opening        = "Looking into the request…" // for tasks.Config.Opening
	askText        = "Please give the person's work e-mail or employee number."
	refusedText    = "I only answer whether one named person works at "
	tooLongText    = "The question is too long: at most 8 KiB."
	approvedText   = "Approved. Reading the employment record…"
	declinedText   = "The request was declined."
	silenceText    = "Not confirmed: no approval was given in time."
	nobodyText     = "Not confirmed: no such person can be asked."
	waitingText    = "Waiting for the person's approval. Code "
	moreText       = " Nothing else is answered."
	waitingTextEnd = ". Nothing has to be sent; keep watching this task."
)

// step is one status.
func step(state a2a.TaskState, text string, metadata a2a.Struct) tasks.Step {
	u := &a2a.TaskStatusUpdateEvent{Status: a2a.TaskStatus{State: state}}
	if text != "" {
		u.Status.Message = &a2a.Message{Parts: []a2a.Part{a2a.TextPart(text)}, Metadata: metadata}
	}
	return tasks.Step{Events: []a2a.Event{u}}
}

// final is the last status. Its metadata stands at the event too, for the completed status has no
// message to carry it.
func final(state a2a.TaskState, text string, metadata a2a.Struct) tasks.Step {
	s := step(state, text, metadata)
	s.Events[0].(*a2a.TaskStatusUpdateEvent).Metadata = metadata
	return s
}

// end ends the task without an answer.
func (c *checkpoint) end(o hrclient.Outcome, text, reason string) tasks.Step {
	s := final(a2a.TaskStateRejected, text, consentMetadata(c.Ticket.Code, c.Ticket.Deadline, o))
	s.Checkpoint = note(reason)
	return s
}

// failed ends the task because of a fault that is not the person's.
func (c *checkpoint) failed(reason string) tasks.Step {
	s := final(a2a.TaskStateFailed, tasks.FailedText,
		consentMetadata(c.Ticket.Code, c.Ticket.Deadline, ""))
	s.Checkpoint = note(reason)
	return s
}

// consentMetadata is the metadata of a status about a request for consent. Members that do not
// apply are left out.
func consentMetadata(code string, deadline time.Time, o hrclient.Outcome) a2a.Struct {
	b := append([]byte(nil), `{"`+hrclient.ConsentExtension+`":{`...)
	comma := ""
	if code != "" {
		b = append(b, `"code":`...)
		b = a2a.AppendString(b, code)
		b = append(b, `,"deadline":"`...)
		b = a2a.AppendTime(b, deadline)
		b = append(b, '"')
		comma = ","
	}
	if o != "" {
		b = append(b, comma...)
		b = append(b, `"outcome":"`...)
		b = append(b, o...)
		b = append(b, '"')
	}
	return append(b, "}}"...)
}

// refusedMetadata is the metadata of a refusal.
func refusedMetadata(reason string) a2a.Struct {
	return a2a.Struct(`{"` + hrclient.ConsentExtension + `":{"outcome":"` +
		string(hrclient.Refused) +
		`","reason":"` + reason + `"}}`)
}

// Reasons that are not the waiting room's, for the operator alone.
const (
	reasonRecords = "hr_api_failed"
	reasonSubject = "subject_mismatch" // the person's address stands in another record
)
