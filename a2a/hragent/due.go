package hragent

import (
	"container/heap"
	"time"
)

// The two queues that a waiting task may stand in.
const (
	onClock = iota // by when something is due
	onPolls        // due to be polled, by how little time is left for it
	queues
)

// queue orders waiting tasks by a time; the earliest comes first.
type queue struct {
	which int
	list  []*approval
}

func (q *queue) first() *approval {
	if len(q.list) == 0 {
		return nil
	}
	return q.list[0]
}

// put adds a task, or moves it.
func (q *queue) put(e *approval, at time.Time) {
	e.at[q.which] = at
	if q.has(e) {
		heap.Fix(q, int(e.place[q.which])-1)
		return
	}
	heap.Push(q, e)
}

func (q *queue) drop(e *approval) {
	if q.has(e) {
		heap.Remove(q, int(e.place[q.which])-1)
	}
}

func (q *queue) has(e *approval) bool { return e.place[q.which] > 0 }

// Len, Less, Swap, Push and Pop are heap.Interface.
func (q *queue) Len() int           { return len(q.list) }
func (q *queue) Less(i, j int) bool { return q.list[i].at[q.which].Before(q.list[j].at[q.which]) }
func (q *queue) Swap(i, j int) {
	q.list[i], q.list[j] = q.list[j], q.list[i]
	q.list[i].place[q.which], q.list[j].place[q.which] = int32(i+1), int32(j+1)
}

func (q *queue) Push(x any) {
	e := x.(*approval)
	q.list = append(q.list, e)
	e.place[q.which] = int32(len(q.list))
}

func (q *queue) Pop() any {
	n := len(q.list) - 1
	e := q.list[n]
	q.list[n] = nil
	q.list = q.list[:n]
	e.place[q.which] = 0
	return e
}
