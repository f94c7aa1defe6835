package hragent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
	"staff0/llm"
)

// An employee number and an address are one person only if the directory says so of both; else
// nobody.
func TestANumberAndAnAddress(t *testing.T) {
	for _, row := range []struct {
		about  about
		reason string
	}{
		{about{Email: "jdoe@staff0.com", Number: "e1001"}, ""},
		{about{Email: "asmith@staff0.com", Number: "e1001"}, reasonTwoPeople},
		{about{Email: "jroe@staff0.com", Number: "e1001"}, reasonUnknown},
		{about{Email: "jdoe@staff0.com", Number: "e9999"}, reasonUnknown},
		{about{Email: "jdoe@staff0.com"}, ""},
		{about{Number: "e1001"}, ""},
		{about{Subject: john}, ""},
	} {
		a := &Agent{c: Config{Directory: &book{}}}
		p, err := a.lookUp(t.Context(), "bank", row.about.encode())
		unknown, _ := errors.AsType[*UnknownError](err)
		switch {
		case row.reason == "" && (err != nil || p.Subject != john):
			t.Errorf("%+v: %+v, %v", row.about, p, err)
		case row.reason != "" && (unknown == nil || unknown.Reason != row.reason):
			t.Errorf("%+v: %v, want %s", row.about, err, row.reason)
		}
	}
	both, one := about{Email: "jdoe@staff0.com", Number: "e1001"}, about{Email: "jdoe@staff0.com"}
	if consent.QuestionKey("bank", SkillID, both.identifiers(), nil) == consent.QuestionKey("bank",
		SkillID, one.identifiers(), nil) {
		t.Error("the number is not in the key")
	}
}

// A directory that cannot be consulted is asked again, and then has failed for everybody.
func TestADirectoryIsAskedAgain(t *testing.T) {
	for fails, want := range map[int]string{1: "0s WORKING", 2: "0s WORKING", 3: "1.25s FAILED"} {
		for _, question := range []string{johnAsk, nobodyAsk} {
			bubble(t, func(w *world) {
				w.config.Directory = &unwell{Directory: w.book, fails: fails}
			}, func(t *testing.T, w *world) {
				id := w.ask(question)
				w.after(5 * time.Second)
				story := w.story(id)
				if last := story[len(story)-1]; !strings.HasPrefix(last, want) {
					t.Errorf("%d failures: %s, want %s", fails, last, want)
				}
			})
		}
	}
}

// A Management API that asks for time gets it, within bounds; its answer is then as good as the
// first one would have been.
func TestAManagementAPIThatAsksForTime(t *testing.T) {
	for after, want := range map[string]time.Duration{"": 250 * time.Millisecond,
		"2": 2 * time.Second, "3600": lookUpLongestWait} {
		for _, status := range []int{429, 500, 503} {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				d := management(func(w http.ResponseWriter, r *http.Request) {
					if asked++; asked == 1 {
						w.Header().Set("Retry-After", after)
						w.WriteHeader(status)
						return
					}
					says(200, `[{"user_id":"auth0|jdoe","email":"jdoe@staff0.com",`+
						`"email_verified":true}]`)(w, r)
				})
				begun := time.Now()
				p, err := (&Agent{c: Config{Directory: d}}).find(t.Context(), llm.Email,
					"jdoe@staff0.com")
				if took := time.Since(begun); err != nil || p.Subject != john || took != want {
					t.Errorf("%d, Retry-After %q: %+v, %v after %v", status, after, p, err, took)
				}
			})
		}
	}
}

// unwell is a directory that cannot be consulted at first.
type unwell struct {
	Directory
	fails int
}

func (f *unwell) Find(
	ctx context.Context, kind llm.IdentifierKind, identifier string,
) (Person, error) {
	if f.fails--; f.fails >= 0 {
		return Person{}, errBoom
	}
	return f.Directory.Find(ctx, kind, identifier)
}

// Look-ups and readings of one asker share a bounded number of slots, whatever users it acts for:
// it waits for itself, and others do not wait for it. Whoever cancels waits no longer.
func TestSlots(t *testing.T) {
	bubble(t, func(w *world) { w.book.took = time.Second }, func(t *testing.T, w *world) {
		var ids []a2a.TaskID
		for i := range 2 * slotsPerAsker {
			ids = append(ids, w.sendAs(tasks.NewOwner("greedy", fmt.Sprint(i)), "",
				fmt.Sprintf("Does nobody%d@staff0.com work at Staff0?", i)))
		}
		w.after(100 * time.Millisecond)
		if n := w.book.busy(); n != slotsPerAsker {
			t.Errorf("%d look-ups at once, want %d", n, slotsPerAsker)
		}
		w.ask(johnAsk)
		w.after(time.Millisecond)
		if n := w.book.busy(); n != slotsPerAsker+1 {
			t.Error("another asker waits for the greedy one")
		}
		last := len(ids) - 1
		if _, err := w.engine.Cancel(w.ctx, tasks.NewOwner("greedy", fmt.Sprint(last)),
			&a2a.CancelTaskRequest{ID: ids[last]}); err != nil {
			t.Fatal(err)
		}
		w.after(time.Second)
		if n := w.book.busy(); n != slotsPerAsker-1 {
			t.Errorf("%d look-ups after a second, one of which was canceled", n)
		}
		w.after(time.Second)
		if n := len(w.agent.slots.askers); n != 0 {
			t.Errorf("%d askers are remembered", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var s slots
		for range slotsPerAsker {
			if _, err := s.take(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.take(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one too many: %v", err)
		}
	})
}
