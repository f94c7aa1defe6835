package jwks

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// RememberedTokens is how many verified tokens a Remembered holds at most. See there.
	RememberedTokens = rememberedRows * rememberedWays
	// MaxRememberedBytes is the longest token that is remembered; longer ones are verified every
	// time. It bounds the memory of the full table.
	MaxRememberedBytes = 4 << 10

	rememberedRows = 1024
	rememberedWays = 8
)

// Versioned is a KeySet that can tell whether its keys are still the same. The version changes
// whenever a key is added, changed or withdrawn; 0 means that nothing may be concluded from earlier
// verifications.
type Versioned interface {
	KeySet
	Version() uint64
}

// Remembered verifies as its AccessTokens do, but a token that was proven once is recognised by its
// SHA-256 and costs less than a microsecond afterwards, where parsing and the signature cost thirty
// to sixty (BenchmarkVerify).
//
// What is remembered, and until when. Only tokens that passed every check are entered, so whatever
// strangers send, however much of it, displaces nothing. An entry is used only between the times in
// the token and only while the key set has the version under which it was proven: a key that is
// withdrawn, added or replaced sends every token through the whole verification again. Revocation
// therefore works as it does without the table: by expiry, and by withdrawing the key, which a
// Remote notices within RefreshInterval, or RefetchGap when a token with an unknown key id arrives.
// Introspection is not used in either case. While the key set is out of date nothing is remembered.
//
// Two tokens are never confused: entries are compared by all 256 bits of the hash of the whole
// token, signature included. Tokens themselves are not kept.
//
// Size. 8192 tokens, eight to a row, the row chosen by the hash. A caller needs one token for as
// long as it lives, so this is room for some thousands of callers at a time; with 2000 tokens in
// use one row in 5000 overflows. An entry takes 1 KiB for a token of 400 bytes: 8 MiB when the
// table is full, and about 40 MiB if every token had MaxRememberedBytes. The empty table takes 144
// KiB. A token that does not fit in is merely verified again.
//
// Displacement looks at one row and is constant work. An entry that has been used since it was
// entered is spared as long as there is another that has not, so a client that fetches a token for
// each request displaces its own leavings first. A hit writes nothing but that mark, and only the
// first time; it takes no lock, so processors do not wait for each other.
type Remembered struct {
	tokens *AccessTokens
	keys   Versioned // nil if the key set cannot tell
	rows   []row
}

type row struct {
	// marks are the first bytes of the hashes, beside each other so that a look-up touches one
	// cache line and then only the entry it wants. 0 is an empty place.
	marks   [rememberedWays]atomic.Uint64
	entries [rememberedWays]atomic.Pointer[entry]
	mu      sync.Mutex // for writers
	hand    int        // where the next search for a place begins
}

type entry struct {
	sum           [sha256.Size]byte
	claims        *Claims // never handed out, only copies of it
	version       uint64
	begin, expire int64 // Unix seconds, leeway included; expire is exclusive
	used          atomic.Bool
}

// NewRemembered fails if tokens is not fully configured. A key set that is no Versioned is verified
// against each time.
func NewRemembered(tokens *AccessTokens) (*Remembered, error) {
	if err := tokens.Validate(); err != nil {
		return nil, err
	}
	own := *tokens
	r := &Remembered{tokens: &own, rows: make([]row, rememberedRows)}
	r.keys, _ = own.Keys.(Versioned)
	return r, nil
}

// Validate see AccessTokens.Validate.
func (r *Remembered) Validate() error {
	if r == nil {
		return errConfiguration
	}
	return r.tokens.Validate()
}

// Verify see AccessTokens.Verify.
func (r *Remembered) Verify(ctx context.Context, token string) (*Claims, error) {
	if r.Validate() != nil {
		return nil, refuse("the verifier is not configured")
	}
	if r.keys == nil || len(token) > MaxRememberedBytes {
		return r.tokens.Verify(ctx, token)
	}
	// The version is read before the token is proven. If the keys change in between, the entry is
	// of the older version and will not be used.
	version := r.keys.Version()
	if version == 0 {
		return r.tokens.Verify(ctx, token)
	}
	sum := sha256.Sum256([]byte(token))
	now := time.Now().Unix()
	if c := r.row(&sum).find(&sum, version, now); c != nil {
		return c.clone(), nil
	}
	c, err := r.tokens.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	r.row(&sum).enter(&entry{
		sum:     sum,
		claims:  c,
		version: version,
		begin:   c.notBefore.Add(-Leeway).Unix(),
		expire:  c.Expiry.Add(Leeway).Unix(),
	}, now)
	return c.clone(), nil
}

func (r *Remembered) row(sum *[sha256.Size]byte) *row {
	return &r.rows[binary.LittleEndian.Uint64(sum[8:])%rememberedRows]
}

func mark(sum *[sha256.Size]byte) uint64 { return binary.LittleEndian.Uint64(sum[:]) | 1 }

// find takes no lock. Between a mark and its entry a writer may come; the comparison of the whole
// hash decides.
func (w *row) find(sum *[sha256.Size]byte, version uint64, now int64) *Claims {
	m := mark(sum)
	for i := range w.marks {
		if w.marks[i].Load() != m {
			continue
		}
		e := w.entries[i].Load()
		if e == nil || e.sum != *sum || !e.valid(version, now) {
			continue
		}
		if !e.used.Load() {
			e.used.Store(true)
		}
		return e.claims
	}
	return nil
}

// valid asks for both ends of the time, because clocks are also set back.
func (e *entry) valid(version uint64, now int64) bool {
	return e.version == version && now >= e.begin && now < e.expire
}

// enter puts e where the same token was, or at an empty or worthless place, or in place of an entry
// that was not used since it was entered, or, if all were, of the next in turn.
func (w *row) enter(e *entry, now int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	place, unused := -1, -1
	for n := range rememberedWays {
		i := (w.hand + n) % rememberedWays
		old := w.entries[i].Load()
		switch {
		case old == nil || !old.valid(e.version, now):
			if place < 0 {
				place = i
			}
		case old.sum == e.sum:
			return
		case unused < 0 && !old.used.Load():
			unused = i
		}
	}
	if place < 0 {
		place = unused
	}
	if place < 0 {
		place = w.hand
		for i := range w.entries {
			w.entries[i].Load().used.Store(false)
		}
	}
	w.hand = (place + 1) % rememberedWays
	w.entries[place].Store(e)
	w.marks[place].Store(mark(&e.sum))
}
