package tasks

import (
	"context"
	"log/slog"
	"time"
)

// The steps in which finished tasks are removed: small ones, so that nobody who writes waits for
// long.
const (
	sweepEvery = 10 * time.Minute
	sweepBatch = 200
	sweepPause = 50 * time.Millisecond
)

// Sweep removes tasks, with all their entries, once they have been finished for the time of
// retention, until ctx ends. Several agents may sweep one store.
func Sweep(ctx context.Context, store Store, retention time.Duration, log *slog.Logger) {
	for wait := time.Duration(0); ; wait = sweepEvery {
		if !pause(ctx, wait) {
			return
		}
		removed := 0
		for {
			n, err := store.Remove(ctx, time.Now().Add(-retention), sweepBatch)
			removed += n
			if err != nil && ctx.Err() == nil {
				log.Warn("finished tasks could not be removed; trying again later", "error", err)
			}
			if err != nil || n < sweepBatch || !pause(ctx, sweepPause) {
				break
			}
		}
		if removed > 0 {
			log.Info("finished tasks were removed", "tasks", removed)
		}
	}
}

// pause reports whether the time has passed, rather than ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
