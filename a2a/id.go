package a2a

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewTaskID makes a task id that nobody can guess: 48 bits of Unix milliseconds, then 128 random
// bits, and then tag, in digits and small letters. The time in front keeps the newest rows of a
// store together.
func NewTaskID(tag ...byte) TaskID {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 32), uint64(time.Now().UnixMilli())<<16)[:6]
	b = b[:6+16]
	_, _ = rand.Read(b[6:]) // never fails (crypto/rand, Go 1.24)
	return TaskID(idLetters.EncodeToString(append(b, tag...)))
}

var idLetters = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewContextID makes a context id.
func NewContextID() ContextID { return ContextID(newID()) }

// NewMessageID makes a message id.
func NewMessageID() string { return newID() }

// NewPushConfigID makes the id of a push notification configuration.
func NewPushConfigID() string { return newID() }

// newID is a UUID of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits.
// The time in front keeps the newest rows of a store together. Guessing one takes 2^73 tries on
// average, and an id alone opens nothing: every operation checks the owner.
func newID() string {
	var u [16]byte
	_, _ = rand.Read(u[6:]) // never fails (crypto/rand, Go 1.24)
	ms := uint64(time.Now().UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80

	var s [36]byte
	hex.Encode(s[0:8], u[0:4])
	hex.Encode(s[9:13], u[4:6])
	hex.Encode(s[14:18], u[6:8])
	hex.Encode(s[19:23], u[8:10])
	hex.Encode(s[24:36], u[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
