package tasks

import (
	"sync"

	"staff0/a2a"
)

// maxTail bounds the entries that a feed keeps. A stream that is further behind reads the store.
const maxTail = 64

// feeds carries entries from those who append them to the streams that are open for a task, so that
// a stream need not read the store for what was stored a moment ago in the same process. A feed
// exists only while somebody reads it.
//
// It is a cache of the tail of the log and nothing more. Two changes of one task may be published
// in another order than they were stored in, so a feed believes its highest number and never that
// nothing is missing below it: a stream that finds a gap reads the store.
type feeds struct {
	mu sync.Mutex
	m  map[a2a.TaskID]*feed
}

type feed struct {
	id      a2a.TaskID
	readers int
	top     Seq           // the highest entry published since the feed was opened
	tail    []Entry       // the entries up to top that are at hand
	doubts  int           // times that something may have been stored without being published
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// cursor is a reader's place in the log of a task. What is stored after the cursor was opened is
// never missed: a reader opens it first, and then writes or reads what it starts with.
type cursor struct {
	fd     *feed
	after  Seq // the last entry that the reader has seen
	doubts int // how many of the feed's it has looked into
}

// open gives a cursor on a task; close it in the end.
func (f *feeds) open(id a2a.TaskID) *cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m == nil {
		f.m = map[a2a.TaskID]*feed{}
	}
	fd := f.m[id]
	if fd == nil {
		fd = &feed{id: id}
		f.m[id] = fd
	}
	fd.readers++
	return &cursor{fd: fd, doubts: fd.doubts}
}

func (f *feeds) close(c *cursor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.fd.readers--; c.fd.readers == 0 {
		delete(f.m, c.fd.id)
	}
}

// publish tells the readers of a task what was stored after base.
func (f *feeds) publish(id a2a.TaskID, base Seq, events []a2a.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd := f.m[id]
	if fd == nil || base+Seq(len(events)) <= fd.top {
		// nobody is there, or what came after it was told already: the readers find this in the
		// store
		return
	}
	if fd.top != base || len(fd.tail) >= maxTail {
		fd.tail = nil
	}
	fd.tail = numbered(fd.tail, base, events)
	fd.top = base + Seq(len(events))
	fd.wake()
}

// doubt tells the readers of a task to look into the store: something may have been stored by a
// call that failed.
func (f *feeds) doubt(id a2a.TaskID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fd := f.m[id]; fd != nil {
		fd.doubts++
		fd.wake()
	}
}

func (fd *feed) wake() {
	if fd.changed != nil {
		close(fd.changed)
		fd.changed = nil
	}
}

// since gives the entries after the cursor, and a channel that is closed when there are more. It is
// not ok when the store must be read; the channel was taken before that, so nothing can slip in
// between.
func (f *feeds) since(c *cursor) (entries []Entry, changed <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd := c.fd
	if fd.changed == nil {
		fd.changed = make(chan struct{})
	}
	switch missing := int(fd.top - c.after); {
	case c.doubts != fd.doubts:
		c.doubts = fd.doubts
		return nil, fd.changed, false
	case missing <= 0:
		return nil, fd.changed, true
	case missing <= len(fd.tail):
		return fd.tail[len(fd.tail)-missing : len(fd.tail) : len(fd.tail)], fd.changed, true
	}
	return nil, fd.changed, false
}

// doubtAll tells the readers of all tasks to look into the store.
func (f *feeds) doubtAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fd := range f.m {
		fd.doubts++
		fd.wake()
	}
}
