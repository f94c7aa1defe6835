package push

import (
	"container/heap"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// key names a webhook.
type key struct {
	task a2a.TaskID
	id   string
}

func keyOf(w *tasks.Webhook) key { return key{w.Config.TaskID, w.Config.ID} }

// queue is what has to be sent to whom, and when. A webhook is in it once: so its entries are sent
// one after the other. It belongs to one goroutine.
type queue struct {
	jobs    map[key]*job
	waiting waiting          // jobs whose time has not come
	hosts   map[string]*host // that are being sent to, or have jobs whose time has come
	turns   []*host          // those that may be sent to, each once; the next one first
	sending int
}

// job is a webhook that has something to send. It is waiting, in the queue of its host, or being
// sent to.
type job struct {
	key   key
	host  string
	due   time.Time
	place int  // among the waiting; -1 when it is not
	begun bool // it is being sent to
	again bool // there is more since that has begun
}

// host is an origin with its jobs whose time has come.
type host struct {
	jobs    []*job
	sending int
	limit   int
	listed  bool // in turns
}

func newQueue() *queue { return &queue{jobs: map[key]*job{}, hosts: map[string]*host{}} }

// add says that a webhook has something to send at a time.
func (q *queue) add(k key, host string, due time.Time) {
	j := q.jobs[k]
	switch {
	case j == nil:
		j = &job{key: k, host: host, due: due}
		q.jobs[k] = j
		heap.Push(&q.waiting, j)
	case j.begun:
		j.again = true
	case j.place >= 0:
		j.host, j.due = host, due
		heap.Fix(&q.waiting, j.place)
	}
}

// next gives a job to begin, nil if there is none at present. Hosts take turns, so that a long
// queue for one does not keep the others waiting.
func (q *queue) next(now time.Time) *job {
	for len(q.waiting) > 0 && !q.waiting[0].due.After(now) {
		j := heap.Pop(&q.waiting).(*job)
		h := q.hosts[j.host]
		if h == nil {
			h = &host{limit: maxPerHost}
			q.hosts[j.host] = h
		}
		h.jobs = append(h.jobs, j)
		q.list(h)
	}
	for len(q.turns) > 0 && q.sending < maxSending {
		h := q.turns[0]
		q.turns = q.turns[1:]
		if h.listed = false; h.sending >= h.limit {
			continue // it could not be reached since it was listed
		}
		j := h.jobs[0]
		h.jobs = h.jobs[1:]
		h.sending++
		q.sending++
		j.begun = true
		q.list(h)
		return j
	}
	return nil
}

// list gives a host its turn if it may have one.
func (q *queue) list(h *host) {
	if !h.listed && len(h.jobs) > 0 && h.sending < h.limit {
		h.listed = true
		q.turns = append(q.turns, h)
	}
}

// outcome is what became of a job.
type outcome struct {
	key     key
	next    time.Time // when there is more to send; zero when there is not
	over    bool      // there never will be
	reached reached
}

// reached says whether a host is there.
type reached uint8

const (
	unknown reached = iota // it was not tried
	yes
	no
)

// finished takes a job back.
func (q *queue) finished(o outcome) {
	j := q.jobs[o.key]
	h := q.hosts[j.host]
	h.sending--
	q.sending--
	switch o.reached {
	case yes:
		h.limit = maxPerHost
	case no: // until it is there again, one attempt at a time finds that out
		h.limit = 1
	}
	if q.list(h); h.sending == 0 && len(h.jobs) == 0 {
		delete(q.hosts, j.host)
	}
	switch {
	case !o.next.IsZero():
		j.due = o.next
	case j.again && !o.over:
		j.due = time.Time{}
	default:
		delete(q.jobs, o.key)
		return
	}
	j.begun, j.again = false, false
	heap.Push(&q.waiting, j)
}

// wait is the time until there is something to do of itself.
func (q *queue) wait(now time.Time, again bool) time.Duration {
	d := scanEvery
	if again {
		d = storeRetry
	}
	if len(q.waiting) > 0 {
		d = min(d, max(q.waiting[0].due.Sub(now), 0))
	}
	return d
}

// waiting is a heap of jobs by their time.
type waiting []*job

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i].due.Before(w[j].due) }
func (w waiting) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].place, w[j].place = i, j
}

// Push is of heap.Interface.
func (w *waiting) Push(x any) {
	j := x.(*job)
	j.place = len(*w)
	*w = append(*w, j)
}

// Pop is of heap.Interface.
func (w *waiting) Pop() any {
	last := len(*w) - 1
	j := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	j.place = -1
	return j
}
