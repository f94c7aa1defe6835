package tasks

import (
	"sync"

	"staff0/a2a"
)

// feeds carries entries from those who append them to the streams that are open for a task, so that a stream need not read the store for what
// was stored a moment ago in the same process. A feed exists only while somebody reads it.
//
// It is a cache of the tail of the log and nothing more: a stream that finds a gap reads the store.
type feeds struct {
	mu sync.Mutex
	m  map[a2a.TaskID]*feed
}

type feed struct {
	id      a2a.TaskID
	readers int
	from    Seq // entries[0].Seq-1; -1 while nothing is known
	entries []Entry
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// open gives the feed of a task; close it in the end.
func (f *feeds) open(id a2a.TaskID) *feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m == nil {
		f.m = map[a2a.TaskID]*feed{}
	}
	fd := f.m[id]
	if fd == nil {
		fd = &feed{id: id, from: -1}
		f.m[id] = fd
	}
	fd.readers++
	return fd
}

func (f *feeds) close(fd *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fd.readers--; fd.readers == 0 {
		delete(f.m, fd.id)
	}
}

// publish tells the readers of a task what was stored after base.
func (f *feeds) publish(id a2a.TaskID, base Seq, events []a2a.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd := f.m[id]
	if fd == nil {
		return
	}
	if fd.from < 0 || fd.from+Seq(len(fd.entries)) != base {
		fd.from, fd.entries = base, nil // something in between was stored elsewhere
	}
	for i, e := range events {
		fd.entries = append(fd.entries, Entry{base + Seq(i) + 1, e})
	}
	fd.wake()
}

// poke tells the readers of a task to look into the store: another agent has written.
func (f *feeds) poke(id a2a.TaskID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fd := f.m[id]; fd != nil {
		fd.from, fd.entries = -1, nil
		fd.wake()
	}
}

// all are the tasks that have readers.
func (f *feeds) all() []a2a.TaskID {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := make([]a2a.TaskID, 0, len(f.m))
	for id := range f.m {
		ids = append(ids, id)
	}
	return ids
}

func (fd *feed) wake() {
	if fd.changed != nil {
		close(fd.changed)
		fd.changed = nil
	}
}

// since gives the entries after a sequence number, and a channel that is closed when there are more. It is not ok when the feed does not reach
// back that far; then the store must be read, after the channel was taken, so that nothing can slip in between.
func (f *feeds) since(fd *feed, after Seq) (entries []Entry, changed <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fd.changed == nil {
		fd.changed = make(chan struct{})
	}
	n := after - fd.from
	if fd.from < 0 || n < 0 || n > Seq(len(fd.entries)) {
		return nil, fd.changed, false
	}
	return fd.entries[n:len(fd.entries):len(fd.entries)], fd.changed, true
}
