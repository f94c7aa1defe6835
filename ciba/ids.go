package ciba

import (
	"crypto/sha256"
	"sync"
	"time"
)

// idKey is the first half of the SHA-256 of an auth_req_id. Ids may be long
// (Keycloak's are encrypted tokens), and nothing that could be sent to the
// provider needs to stay in memory here.
type idKey [16]byte

func keyOf(authReqID string) idKey {
	sum := sha256.Sum256([]byte(authReqID))
	return idKey(sum[:16])
}

type idState uint8

const (
	idle     idState = iota
	polling          // a token request is under way
	finished         // the provider gave a final answer
)

// ids remembers every auth_req_id for at least MaxExpiry, the longest that one
// is in use. It keeps two generations and drops the older one when the younger
// has become that old, so it needs no clock of its own.
type ids struct {
	mu         sync.Mutex
	young, old map[idKey]idState
	since      time.Time // when young was begun
}

// find returns the state of k; the lock is held.
func (s *ids) find(k idKey) (idState, bool) {
	if st, ok := s.young[k]; ok {
		return st, true
	}
	st, ok := s.old[k]
	return st, ok
}

// set keeps the state of k in the younger generation; the lock is held.
func (s *ids) set(k idKey, st idState, now time.Time) {
	if s.young == nil || now.Sub(s.since) > MaxExpiry {
		s.old, s.young, s.since = s.young, make(map[idKey]idState), now
	}
	s.young[k] = st
}

// add takes a new id. It returns false if the id was seen before.
func (s *ids) add(authReqID string, now time.Time) bool {
	k := keyOf(authReqID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.find(k); ok {
		return false
	}
	s.set(k, idle, now)
	return true
}

// begin marks a poll as under way and returns the state before. Only after idle
// may the caller go on, and must call end. An id that was never seen is idle:
// a request of before a restart is resumed.
func (s *ids) begin(authReqID string, now time.Time) idState {
	k := keyOf(authReqID)
	s.mu.Lock()
	defer s.mu.Unlock()
	st, _ := s.find(k)
	if st == idle {
		s.set(k, polling, now)
	}
	return st
}

func (s *ids) end(authReqID string, st idState, now time.Time) {
	k := keyOf(authReqID)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(k, st, now)
}
