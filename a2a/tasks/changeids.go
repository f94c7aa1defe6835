package tasks

import (
	"bytes"
	"encoding/binary"
	"time"
)

// The ids that a store keeps of the changes of one task, or of one hold.
const (
	// KeepChanges is how many are known for as long as the task is there.
	KeepChanges = 64
	// KeepChangesFor is for how long more of them are known.
	KeepChangesFor = 10 * time.Minute
)

// ChangeIDs are ids of changes as stores keep them where they have no entry to keep them with, the
// oldest first: each takes the 16 bytes of the id, and 8 of the time in milliseconds. The zero
// value is none.
type ChangeIDs []byte

const idEntry = len(ChangeID{}) + 8

// Has reports whether an id is among them.
func (ids ChangeIDs) Has(id ChangeID) bool {
	for ; len(ids) >= idEntry; ids = ids[idEntry:] {
		if bytes.Equal(ids[:len(id)], id[:]) {
			return true
		}
	}
	return false
}

// With returns them with one more, and without those that need not be known any longer. The given
// ones are not changed.
func (ids ChangeIDs) With(id ChangeID, now time.Time) ChangeIDs {
	for len(ids) >= KeepChanges*idEntry {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(ids[len(id):])))
		if now.Sub(at) <= KeepChangesFor {
			break
		}
		ids = ids[idEntry:]
	}
	more := make(ChangeIDs, 0, len(ids)+idEntry)
	more = append(append(more, ids...), id[:]...)
	return binary.BigEndian.AppendUint64(more, uint64(now.UnixMilli()))
}
