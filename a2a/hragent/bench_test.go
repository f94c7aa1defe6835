//go:build unix

package hragent

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/ciba"
	"staff0/ciba/idp"
)

// A whole question under the open policy: rules, directory, provider, HR API, every token made and proven, all in memory.
func BenchmarkAWholeQuestion(b *testing.B) {
	for name, scripted := range map[string]bool{"real provider": false, "scripted provider": true} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			open(w)
			w.config.Log = nil
			w.phone.poll = always(grantOf(john), nil)
			if !scripted {
				road(b, w, func(c *idp.Config) { c.Approve, c.MaxPendingPerPerson, c.MaxPending = idp.Auto, 1<<20, 1<<20 })
			}
			w.start()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				last := a2a.TaskStateUnspecified
				for entry, err := range w.engine.Stream(w.ctx, bank, &a2a.SendMessageRequest{Message: &a2a.Message{
					MessageID: fmt.Sprint(n), Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart(johnAsk)},
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

// idler answers polls without work, and counts them.
type idler struct {
	Consent
	polls atomic.Int64
}

func (i *idler) PollOnce(context.Context, string, ciba.Expectation) (*ciba.Grant, error) {
	i.polls.Add(1)
	return nil, ciba.ErrPending
}

type nobodyWakes struct{}

func (nobodyWakes) Wake(context.Context, a2a.TaskID, any) error { return nil }

func (nobodyWakes) Alive() bool { return true }

// The waiting itself: what a pending approval weighs, and what the scheduling of a poll costs, the poll's own work left out. One operation is a
// second of 10,000 waiting tasks with an interval of 5 s, or of 100,000 with one of 60 s.
func BenchmarkWaiting(b *testing.B) {
	for _, row := range []struct {
		n        int
		interval time.Duration
	}{{10_000, 5 * time.Second}, {100_000, 60 * time.Second}} {
		b.Run(fmt.Sprint(row.n), func(b *testing.B) {
			i := &idler{}
			before := heapNow()
			a := newApprovals(i, testScope, 0, slog.New(slog.DiscardHandler))
			asked := time.Now().Add(-time.Minute)
			begun := time.Now()
			for n := range row.n {
				cp := checkpoint{request: request{
					AuthReqID: fmt.Sprintf("%064d", n), Subject: "auth0|jdoe", Lifetime: 15 * time.Minute, Interval: row.interval,
					Expiry: asked.Add(15 * time.Minute), Step: asked, Deadline: asked.Add(15 * time.Minute),
				}, Code: "7K3F-9QXM", Asked: subject{"jdoe@staff0.com", "John Doe"}, Text: true, JSON: true}
				decoded, err := decodeCheckpoint(cp.encode())
				if err != nil {
					b.Fatal(err)
				}
				a.park(a2a.TaskID(fmt.Sprintf("%032d", n)), decoded.request)
			}
			parking := time.Since(begun)
			weight := heapNow() - before
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() {
				defer close(done)
				a.run(ctx, nobodyWakes{})
			}()
			time.Sleep(100 * time.Millisecond)
			i.polls.Store(0)
			used := cpu()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			used = cpu() - used
			polls := max(i.polls.Load(), 1)
			b.ReportMetric(float64(weight)/float64(row.n), "B/waiting")
			b.ReportMetric(float64(used.Microseconds())/float64(polls), "cpu-µs/poll")
			b.ReportMetric(float64(polls)/b.Elapsed().Seconds(), "polls/s")
			b.ReportMetric(float64(parking.Milliseconds()), "ms-to-park-all")
			b.ReportMetric(0, "ns/op")
			cancel()
			<-done
		})
	}
}

func heapNow() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// cpu is what the process has used, all threads together.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
