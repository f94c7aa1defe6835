package tasks

import (
	"context"
	"errors"
	"sync"
	"time"

	"staff0/a2a"
)

const (
	// DefaultBytesPerClient is what is kept for one client unless Config says otherwise.
	DefaultBytesPerClient = 256 << 20
	// shedAge is how long an ended task is kept at least, whatever its client has kept here: the
	// client may still come for the answer.
	shedAge = time.Hour
	// shedShare is the part of a client's bytes that is freed when they are used up, so that not
	// every message has to.
	shedShare = 16
	// fullFor is how long a client whose bytes are used up is refused without another look at its
	// tasks: to look takes time in proportion to them, and refused messages are free.
	fullFor = time.Second
	maxFull = 1024 // clients of whom that is remembered
)

// full are the clients for whom there was no room, and when that was.
type full struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (f *full) has(client string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.at[client]
	return ok && time.Since(at) < fullFor
}

func (f *full) add(client string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil || len(f.at) >= maxFull {
		f.at = map[string]time.Time{}
	}
	f.at[client] = time.Now()
}

// ErrOverQuota is the cause of an a2a.ErrUnavailable that only this client meets: as much is kept
// for it as may be, and nothing of its message was stored.
var ErrOverQuota = errors.New("as much is kept for the client as may be")

// makeRoom sees to it that a client stays below its bytes: the oldest of its ended tasks go early.
// It is an error if that is not enough. What the check lets pass may go beyond the bound by a
// message.
func (e *Engine) makeRoom(ctx context.Context, client string) error {
	if e.bytes < 0 {
		return nil
	}
	kept, err := e.store.Kept(ctx, client)
	if err != nil || kept < e.bytes {
		return e.quotaFault(err)
	}
	if !e.full.has(client) {
		freed, err := e.store.Shed(ctx, client, time.Now().Add(-shedAge),
			kept-e.bytes+e.bytes/shedShare)
		if err != nil || kept-freed < e.bytes {
			return e.quotaFault(err)
		}
		e.full.add(client)
	}
	return &a2a.Error{
		Err: a2a.ErrUnavailable, Cause: ErrOverQuota,
		Message: "As much is kept for this client as may be. Please try again later",
	}
}

func (e *Engine) quotaFault(err error) error {
	if err == nil {
		return nil
	}
	return e.fault("count what is kept", "", err)
}
