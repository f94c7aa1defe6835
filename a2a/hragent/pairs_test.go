package hragent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
)

// Whatever a caller does around a question, and however slow directory and provider are, it sees
// the same of a person who does not answer and of one who does not exist: the transcripts of all
// its tasks are compared whole.
func TestNothingAroundAQuestionTellsWhoExists(t *testing.T) {
	type caller func(w *world, address string) []a2a.TaskID
	ask := func(w *world, question, address string) a2a.TaskID {
		return w.ask(strings.Replace(question, "jdoe@staff0.com", address, 1))
	}
	plain := "Does jdoe@staff0.com work at Staff0?"
	pair := func(gap time.Duration, second string) caller {
		return func(w *world, address string) []a2a.TaskID {
			first := ask(w, johnAsk, address)
			w.after(gap)
			return []a2a.TaskID{first, ask(w, second, address)}
		}
	}
	callers := map[string]caller{
		"nothing": func(w *world, address string) []a2a.TaskID {
			return []a2a.TaskID{ask(w, johnAsk, address)}
		},
		"the same at once":            pair(0, johnAsk),
		"the same 15 ms later":        pair(15*time.Millisecond, johnAsk),
		"the same half a second on":   pair(500*time.Millisecond, johnAsk),
		"the same in the last moment": pair(2*time.Minute-time.Millisecond, johnAsk),
		"the same after the end":      pair(2*time.Minute+time.Second, johnAsk),
		"the same long after the end": pair(4*time.Minute, johnAsk),
		"another question":            pair(15*time.Millisecond, plain),
		"another question later":      pair(90*time.Second, plain),
		"another name": pair(time.Second,
			"Does Jane Roe with email jdoe@staff0.com work at Staff0?"),
		"fifty-one at once": func(w *world, address string) (ids []a2a.TaskID) {
			for range 51 {
				ids = append(ids, ask(w, johnAsk, address))
				w.after(time.Microsecond)
			}
			return ids
		},
		"a remark": func(w *world, address string) []a2a.TaskID {
			id := ask(w, johnAsk, address)
			w.after(100 * time.Millisecond)
			w.send(id, "Please hurry.")
			return []a2a.TaskID{id}
		},
		"just after a start": func(w *world, address string) []a2a.TaskID {
			w.crash()
			return []a2a.TaskID{ask(w, johnAsk, address)}
		},
		"a restart": func(w *world, address string) []a2a.TaskID {
			id := ask(w, johnAsk, address)
			w.after(10 * time.Second)
			w.crash()
			w.after(time.Second)
			return []a2a.TaskID{id, ask(w, johnAsk, address)}
		},
		"a restart between announcement and prompt": func(w *world, address string) []a2a.TaskID {
			id := ask(w, johnAsk, address)
			w.after(time.Millisecond)
			w.crash()
			return []a2a.TaskID{id}
		},
		"what was missing at first": func(w *world, address string) []a2a.TaskID {
			id := w.ask("Does John Doe work at Staff0?")
			w.after(time.Second)
			w.send(id, address)
			return []a2a.TaskID{id}
		},
	}
	for _, when := range []time.Duration{0, 100 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 90 * time.Second} {
		callers[fmt.Sprintf("a cancellation after %v, and the same again", when)] = func(w *world,
			address string) []a2a.TaskID {
			id := ask(w, johnAsk, address)
			w.after(when)
			w.cancel(id)
			w.after(15 * time.Millisecond)
			return []a2a.TaskID{id, ask(w, johnAsk, address), ask(w, plain, address)}
		}
	}
	for _, policy := range []struct {
		name   string
		change func(w *world)
	}{{"", nil}, {"where nothing is remembered", func(w *world) { w.config.Memory = 0 }}} {
		for name, caller := range callers {
			for _, took := range []struct{ directory, provider time.Duration }{
				{0, 0}, {20 * time.Millisecond, 300 * time.Millisecond},
				{120 * time.Millisecond, 700 * time.Millisecond},
				{120 * time.Millisecond, 1200 * time.Millisecond}, {0, time.Hour},
			} {
				t.Run(fmt.Sprint(name, policy.name, took), func(t *testing.T) {
					var seen [2]string
					for i, address := range []string{"jdoe@staff0.com", "jroe@staff0.com"} {
						bubble(t, func(w *world) {
							w.book.took, w.phone.took = took.directory, took.provider
							if policy.change != nil {
								policy.change(w)
							}
						}, func(t *testing.T, w *world) {
							for _, id := range caller(w, address) {
								w.finish(id)
								seen[i] += w.transcript(id) + "\n\n"
							}
							page, err := w.engine.List(w.ctx, bank, &a2a.ListTasksRequest{})
							if err != nil {
								t.Fatal(err)
							}
							seen[i] += fmt.Sprint(len(page.Tasks), " in the list")
						})
					}
					if got := strings.ReplaceAll(seen[1], "jroe", "jdoe"); got != seen[0] {
						t.Errorf("about John, who does not answer:\n%s\nabout nobody:\n%s",
							seen[0], got)
					}
				})
			}
		}
	}
}
