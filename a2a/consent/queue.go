package consent

import (
	"container/heap"
	"time"
)

// The two queues that a request may stand in.
const (
	onClock = iota // by when something is due
	onPolls        // due to be polled, by how little time is left for it
	queues
)

// queue orders requests by a time; the earliest comes first.
type queue struct {
	which int
	list  []*waiting
}

func (q *queue) first() *waiting {
	if len(q.list) == 0 {
		return nil
	}
	return q.list[0]
}

// put adds a request, or moves it.
func (q *queue) put(w *waiting, at time.Time) {
	w.at[q.which] = at
	if q.has(w) {
		heap.Fix(q, int(w.place[q.which])-1)
		return
	}
	heap.Push(q, w)
}

func (q *queue) drop(w *waiting) {
	if q.has(w) {
		heap.Remove(q, int(w.place[q.which])-1)
	}
}

func (q *queue) has(w *waiting) bool { return w.place[q.which] > 0 }

// Len, Less, Swap, Push and Pop are heap.Interface.
func (q *queue) Len() int           { return len(q.list) }
func (q *queue) Less(i, j int) bool { return q.list[i].at[q.which].Before(q.list[j].at[q.which]) }
func (q *queue) Swap(i, j int) {
	q.list[i], q.list[j] = q.list[j], q.list[i]
	q.list[i].place[q.which], q.list[j].place[q.which] = int32(i+1), int32(j+1)
}

func (q *queue) Push(x any) {
	w := x.(*waiting)
	q.list = append(q.list, w)
	w.place[q.which] = int32(len(q.list))
}

func (q *queue) Pop() any {
	n := len(q.list) - 1
	w := q.list[n]
	q.list[n] = nil
	q.list = q.list[:n]
	w.place[q.which] = 0
	return w
}
