package sqlite

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

func benchStores(b *testing.B, run func(b *testing.B, s tasks.Store)) {
	b.Run("memory", func(b *testing.B) { run(b, new(tasks.Memory)) })
	b.Run("sqlite", func(b *testing.B) {
		s := open(b, filepath.Join(b.TempDir(), "agent.db"))
		before := s.writer.commits.Load()
		run(b, s)
		b.ReportMetric(float64(s.writer.commits.Load()-before)/float64(b.N), "commits/op")
	})
}

func BenchmarkQuestion(b *testing.B) {
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			benchStores(b, func(b *testing.B, s tasks.Store) {
				storetest.Questions(b, s, parallel)
			})
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			benchStores(b, func(b *testing.B, s tasks.Store) {
				b.ReportAllocs()
				var next atomic.Int64
				recs := make(chan *tasks.Record, parallel)
				for range parallel {
					r, events := storetest.BenchRecord(a2a.NewTaskID())
					if _, err := s.Create(b.Context(), r, events, r.Created); err != nil {
						b.Fatal(err)
					}
					recs <- r
				}
				storetest.InParallel(b, parallel, func() {
					r := *<-recs
					next.Add(1)
					u := storetest.BenchStatus(r.Task, a2a.TaskStateWorking, "")
					base := r.Seq
					r.Task, r.Seq = r.Task.Apply(u), r.Seq+1
					if err := s.Append(b.Context(), r.Task.ID, base,
						tasks.Change{ID: tasks.NewChangeID(), Events: []a2a.Event{u}, Task: r.Task,
							Run: true}); err != nil {
						b.Error(err)
					}
					recs <- &r
				})
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, cached := range []bool{true, false} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "agent.db"))
			r, events := storetest.BenchRecord(a2a.NewTaskID())
			if _, err := s.Create(b.Context(), r, events, r.Created); err != nil {
				b.Fatal(err)
			}
			if !cached {
				s.cache.drop(r.Task.ID)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Get(b.Context(), r.Task.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkManyTasks is what a store of a hundred thousand parked tasks costs: to be opened and
// taken up, and to be listed.
func BenchmarkManyTasks(b *testing.B) {
	const n = 100_000
	p := filepath.Join(b.TempDir(), "agent.db")
	s := open(b, p)
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	done := make(chan struct{})
	for range 64 {
		go func() {
			for range work {
				r, events := storetest.BenchRecord(a2a.NewTaskID())
				r.Checkpoint = []byte(`{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1"}`)
				if _, err := s.Create(b.Context(), r, events, r.Created); err != nil {
					b.Error(err)
				}
			}
			done <- struct{}{}
		}()
	}
	for range 64 {
		<-done
	}
	b.Run("restart", func(b *testing.B) {
		for b.Loop() {
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			s = open(b, p)
			total := 0
			for {
				pending, err := s.Claim(b.Context(), 1000)
				if err != nil {
					b.Fatal(err)
				}
				if len(pending) == 0 {
					break
				}
				total += len(pending)
			}
			if total != n {
				b.Fatalf("%d tasks", total)
			}
		}
	})
	s = open(b, p)
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if page, err := s.List(b.Context(),
				tasks.Query{Owner: "bank", Limit: 51}); err != nil || page.Total != n {
				b.Fatal(page.Total, err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		page, err := s.List(b.Context(), tasks.Query{Owner: "bank", Limit: 51})
		if err != nil {
			b.Fatal(err)
		}
		i := 0
		for b.Loop() {
			if _, err := s.Get(b.Context(), page.Records[i%51].Task.ID); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}
