package tasks

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"

	"staff0/a2a"
)

// The ids of tasks end in a digest of what comes before and of the owner. So a task of somebody
// else and one that does not exist are refused by the id alone, with the same work; time tells
// nothing either (§13.1). The digest keeps no secret: what comes before it cannot be guessed.
const (
	idLength  = 42 // characters
	idTag     = 4  // bytes
	idContent = 22 // bytes before the tag
)

// newTaskID returns the id of a new task.
func newTaskID(owner Owner) a2a.TaskID {
	id := a2a.NewTaskID()
	content, err := idLetters.DecodeString(string(id))
	if err != nil { // no id of ours: it is searched in the store
		return id
	}
	return a2a.TaskID(idLetters.EncodeToString(append(content, idDigest(owner, content)...)))
}

// foreign reports whether an id is one of another owner's task, or of none. Of ids that former
// releases made it says no.
func foreign(owner Owner, id a2a.TaskID) bool {
	if len(id) != idLength {
		return false
	}
	b, err := idLetters.DecodeString(string(id))
	if err != nil || len(b) != idContent+idTag {
		return false
	}
	return !bytes.Equal(b[idContent:], idDigest(owner, b[:idContent]))
}

func idDigest(owner Owner, content []byte) []byte {
	sum := sha256.Sum256(append([]byte(owner+"\x00"), content...))
	return sum[:idTag]
}

var idLetters = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
