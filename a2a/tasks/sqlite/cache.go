package sqlite

import (
	"sync"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// row is a task with its number.
type row struct {
	num    int64
	record *tasks.Record
}

// cacheSize bounds each of the two generations: what is parked for minutes must not stay in memory.
const cacheSize = 512

// cache holds the tasks that were written last, for they are read next. This process is the only one that writes, so what is in it is true; while
// a change of a task is being committed, the task is not in it.
type cache struct {
	mu         sync.Mutex
	young, old map[a2a.TaskID]row
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= cacheSize {
		c.young, c.old = make(map[a2a.TaskID]row, cacheSize), c.young
	}
	c.young[id] = r
}

func (c *cache) drop(id a2a.TaskID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, id)
	delete(c.old, id)
}
