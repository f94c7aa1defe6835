package hragent

import (
	"fmt"
	"testing"

	"staff0/a2a"
	"staff0/ciba/idp"
)

// A whole question under the open policy: rules, directory, provider, HR API, every token made and
// proven, all in memory.
func BenchmarkAWholeQuestion(b *testing.B) {
	for name, scripted := range map[string]bool{"real provider": false, "scripted provider": true} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			open(w)
			w.config.Log, w.config.Memory = nil, 0
			w.phone.poll = always(grantOf(john), nil)
			if !scripted {
				road(b, w, func(c *idp.Config) {
					c.Approve, c.MaxPendingPerPerson, c.MaxPending = idp.Auto, 1<<20, 1<<20
				})
			}
			w.start()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				last := a2a.TaskStateUnspecified
				for entry, err := range w.engine.Stream(w.ctx, bank,
					&a2a.SendMessageRequest{Message: &a2a.Message{
						MessageID: fmt.Sprint(n), Role: a2a.RoleUser,
						Parts: []a2a.Part{a2a.TextPart(johnAsk)},
					}}) {
					if err != nil {
						b.Fatal(err)
					}
					if u, ok := entry.Event.(*a2a.TaskStatusUpdateEvent); ok {
						last = u.Status.State
					}
				}
				if last != a2a.TaskStateCompleted {
					b.Fatalf("ended as %v", last)
				}
			}
			w.end()
		})
	}
}
