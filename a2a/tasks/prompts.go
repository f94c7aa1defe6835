package tasks

import (
	"cmp"
	"slices"
	"sync"

	"staff0/a2a"
)

// Prompts is which unfinished task holds which key, for a store that is one process's alone. The zero value is ready.
type Prompts struct {
	mu      sync.Mutex
	holders map[string][]holder // by key, in order of creation
	keys    map[a2a.TaskID]string
}

type holder struct {
	num int64 // counts tasks in order of creation
	id  a2a.TaskID
}

// Hold makes a task a holder of a key, or says why it may not be one, with the errors of Store.Append. A change that is then not stored is undone.
func (p *Prompts) Hold(id a2a.TaskID, num int64, q *Prompt) (undo func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := string(q.Key)
	others := len(p.holders[key])
	before, held := p.keys[id]
	same := held && before == key
	if same {
		others--
	}
	switch {
	case !q.Join && others > 0:
		return nil, ErrPromptHeld
	case q.Join && others == 0:
		return nil, ErrPromptGone
	case others >= MaxPromptHolders:
		return nil, ErrPromptFull
	case same:
		return func() {}, nil
	}
	p.take(id, num, key)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.keys[id] != key {
			return
		}
		if p.drop(id); held {
			p.take(id, num, before)
		}
	}, nil
}

// Restore makes a task a holder that was one before a restart.
func (p *Prompts) Restore(id a2a.TaskID, num int64, key []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(id, num, string(key))
}

// take gives a task a key in the place of the one that it has. The lock is held.
func (p *Prompts) take(id a2a.TaskID, num int64, key string) {
	p.drop(id)
	if p.keys == nil {
		p.holders, p.keys = map[string][]holder{}, map[a2a.TaskID]string{}
	}
	at, _ := slices.BinarySearchFunc(p.holders[key], num, func(h holder, num int64) int { return cmp.Compare(h.num, num) })
	p.holders[key] = slices.Insert(p.holders[key], at, holder{num, id})
	p.keys[id] = key
}

// Drop gives up the key of a task, if it has one.
func (p *Prompts) Drop(id a2a.TaskID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(id)
}

func (p *Prompts) drop(id a2a.TaskID) {
	key, ok := p.keys[id]
	if !ok {
		return
	}
	delete(p.keys, id)
	left := slices.DeleteFunc(p.holders[key], func(h holder) bool { return h.id == id })
	if p.holders[key] = left; len(left) == 0 {
		delete(p.holders, key)
	}
}

// Key is the one that a task holds, nil if it holds none.
func (p *Prompts) Key(id a2a.TaskID) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key, ok := p.keys[id]; ok {
		return []byte(key)
	}
	return nil
}

// Holders are the tasks that hold a key, in order of creation.
func (p *Prompts) Holders(key []byte) []a2a.TaskID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []a2a.TaskID
	for _, h := range p.holders[string(key)] {
		ids = append(ids, h.id)
	}
	return ids
}
