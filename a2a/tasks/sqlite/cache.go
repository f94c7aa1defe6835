package sqlite

import (
	"sync"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// row is a task with its number.
type row struct {
	num     int64
	record  *tasks.Record
	bytes   int64           // of its entries
	changes tasks.ChangeIDs // of changes without entries
}

// cacheTasks and cacheBytes bound each of the two generations: what waits for minutes must not stay
// in memory, and what callers fill must not fill it.
const (
	cacheTasks = 512
	cacheBytes = 4 << 20 // of entries; a task takes about twice as much in memory
)

// cache holds the tasks that were written last, for they are read next. This process is the only
// one that writes, so what is in it is true; while a change of a task is being committed, the task
// is not in it.
type cache struct {
	mu         sync.Mutex
	young, old map[a2a.TaskID]row
	bytes      int64 // of the young ones that were put, also of those that were dropped since
}

func (c *cache) get(id a2a.TaskID) (row, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.young[id]
	if !ok {
		r, ok = c.old[id]
	}
	return r, ok
}

func (c *cache) put(id a2a.TaskID, r row) {
	if r.bytes > cacheBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes += r.bytes; c.young == nil || len(c.young) >= cacheTasks || c.bytes > cacheBytes {
		c.young, c.old, c.bytes = make(map[a2a.TaskID]row, cacheTasks), c.young, r.bytes
	}
	c.young[id] = r
}

func (c *cache) drop(id a2a.TaskID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, id)
	delete(c.old, id)
}
