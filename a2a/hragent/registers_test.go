package hragent

import (
	"context"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/ciba"
	"staff0/llm"
)

// directoryOf is a Directory that finds the same person for every identifier.
type directoryOf Person

func (d directoryOf) Find(context.Context, llm.IdentifierKind, string) (Person, error) {
	return Person(d), nil
}

// TestNoAnswerWhenTheRegistersDoNotFit: provider, directory and records join on a subject. An
// address that is known to be the person's must not be somebody else's in the records, or "no"
// and "yes" would both be about a person who was not asked.
func TestNoAnswerWhenTheRegistersDoNotFit(t *testing.T) {
	proven := func(email string) func(*world) {
		return func(w *world) {
			w.phone.poll = always(&ciba.Grant{Token: grantOf(john).Token, Subject: john,
				Email: email}, nil)
		}
	}
	directory := func(address string) func(*world) {
		return func(w *world) {
			w.config.Directory = directoryOf{Subject: john, LoginHint: john, Address: address,
				Found: true}
		}
	}
	otherSubject := func(w *world) { // F2: the records have another form of the subject
		w.records.people["jdoe"] = w.records.people[john]
		delete(w.records.people, john)
	}
	for _, row := range []struct {
		name   string
		change []func(*world)
		state  a2a.TaskState
		reason string
	}{
		{"the approval proves the address of another record",
			[]func(*world){proven("jdoe@staff0.com"), otherSubject},
			a2a.TaskStateFailed, reasonSubject},
		{"the directory has the address of another record",
			[]func(*world){proven(""), directory("asmith@staff0.com")},
			a2a.TaskStateFailed, reasonSubject},
		{"only the directory's address is another record's",
			[]func(*world){proven("jdoe@staff0.com"), directory("asmith@staff0.com")},
			a2a.TaskStateFailed, reasonSubject},
		{"only the proven address is another record's",
			[]func(*world){proven("asmith@staff0.com"), directory("jdoe@staff0.com")},
			a2a.TaskStateFailed, reasonSubject},
		{"both are the record's",
			[]func(*world){proven("JDoe@staff0.com"), directory("jdoe@staff0.com")},
			a2a.TaskStateCompleted, ""},
		{"both are nobody's",
			[]func(*world){proven("john@new.example"), directory("john.doe@staff0.com")},
			a2a.TaskStateCompleted, ""},
		{"no address is known", []func(*world){proven(""), directory("")}, a2a.TaskStateCompleted,
			""},
		{"no record at all", []func(*world){proven("jdoe@staff0.com"), func(w *world) {
			delete(w.records.people, john)
		}},
			a2a.TaskStateCompleted, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				for _, change := range row.change {
					change(w)
				}
			}, func(t *testing.T, w *world) {
				id := w.ask(johnAsk)
				task := w.finish(id)
				if task.Status.State != row.state {
					t.Errorf("it ended %v, want %v", task.Status.State, row.state)
				}
				w.wantReason(id, row.reason)
				alarmed := strings.Contains(w.log.String(), "level=ERROR") &&
					strings.Contains(w.log.String(), "reason="+reasonSubject)
				if alarmed != (row.reason == reasonSubject) {
					t.Errorf("the operator reads\n%s", w.log.String())
				}
				if strings.Contains(w.log.String(), "@") {
					t.Errorf("the log names a person: %s", w.log.String())
				}
			})
		})
	}
}
