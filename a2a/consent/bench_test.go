//go:build unix

package consent

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"staff0/ciba"
)

// idler answers polls without work, and counts them.
type idler struct {
	Asker
	polls atomic.Int64
}

func (i *idler) PollOnce(context.Context, string, ciba.Expectation) (*ciba.Grant, error) {
	i.polls.Add(1)
	return nil, ciba.ErrPending
}

type nobodyWakes struct{}

func (nobodyWakes) Wake(context.Context, string, *Signal) error { return nil }
func (nobodyWakes) Alive() bool                                 { return true }

// The waiting itself: what a pending approval weighs, and what the scheduling of a poll costs, the
// poll's own work left out. One operation is a second of 10,000 waiting tasks with an interval of 5
// s, or of 100,000 with one of 60 s.
func BenchmarkWaiting(b *testing.B) {
	for _, row := range []struct {
		n        int
		interval time.Duration
	}{{10_000, 5 * time.Second}, {100_000, 60 * time.Second}} {
		b.Run(fmt.Sprint(row.n), func(b *testing.B) {
			i := &idler{}
			before := heapNow()
			r, err := NewRoom(Config{
				Asker: i, LookUp: func(context.Context, string, []byte) (Person, error) {
					return Person{}, nil
				}, Provider: ciba.Auth0,
				Scope: testScope, Purpose: "employment-status", Expiry: ciba.MaxExpiry,
			})
			if err != nil {
				b.Fatal(err)
			}
			asked := time.Now().Add(-time.Minute)
			begun := time.Now()
			ctx, cancel := context.WithCancel(context.Background())
			k := &shelf{kept: map[Key]*Kept{}, until: map[Key]time.Time{}}
			done := make(chan struct{})
			go func() {
				defer close(done)
				r.Run(ctx, k, nobodyWakes{})
			}()
			for n := range row.n {
				q := Request{
					Code: "7K3F-9QXM", Begun: asked, Deadline: asked.Add(15 * time.Minute),
					Asker: "first-bank", Phase: Waiting,
					About: []byte(`{"email":"jdoe@staff0.com"}`), AuthReqID: fmt.Sprintf("%064d",
						n), Subject: "auth0|jdoe", Interval: row.interval,
					Expires: asked.Add(15 * time.Minute),
				}
				r.ParkOlder(fmt.Sprintf("%032d", n), q, false)
			}
			parking := time.Since(begun)
			weight := heapNow() - before
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
