package jwks

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/oauth"
)

// The times of a Remote.
const (
	// FetchTimeout bounds one fetch, from dialling to the last byte.
	FetchTimeout = 5 * time.Second
	// RefreshInterval is the age at which a set is fetched again, so that a key that the issuer has
	// withdrawn stops working although nobody asks for an unknown one.
	RefreshInterval = 5 * time.Minute
	// RefetchGap is the mean time between fetches that tokens cause, by an unknown key id or by a
	// signature that the known key does not verify, and the least time for one and the same id. It
	// bounds what a flood of invented key ids costs the issuer, and with FetchTimeout it bounds
	// how long a key that was just rotated in can be refused: less than ten seconds.
	RefetchGap = 4 * time.Second
	// SpareFetches may follow one another without a gap, so that one refused key id does not hold
	// up the next one.
	SpareFetches = 3
	// RetryGap lies between the attempts to refresh a set that is still in use, and so between the
	// alarms of an outage.
	RetryGap = 30 * time.Second
	// FirstFetchGap is the gap while there are no keys at all, when waiting helps nobody.
	FirstFetchGap = time.Second
	// MaxStaleness is how long the last good set is used while the issuer cannot be reached. After
	// that nobody can say which keys have been withdrawn.
	MaxStaleness = 24 * time.Hour
)

// RemoteConfig configures NewRemote. One Remote belongs to one issuer, so that no issuer's key
// verifies another's token.
type RemoteConfig struct {
	// URL is the issuer's jwks_uri: https, or http on a loopback address. Either URL or Discover is
	// required.
	URL string
	// Discover finds the URL when it is first needed, for an issuer that may not be up yet. It must
	// take it from the metadata of the configured issuer and from nowhere else. It is asked again
	// until it succeeds.
	Discover func(context.Context) (string, error)
	// HTTPClient lends its transport; nil means one of our own. Redirects are never followed.
	HTTPClient *http.Client
	// Log gets an alarm for each failed fetch and a line for each change of the set; nil is silent.
	Log *slog.Logger
}

// Remote is the key set that an issuer publishes, found by keyfunc in a storage that fetches. It
// fetches when it is asked and needs no goroutine of its own: at most one fetch is under way at a
// time, whoever waits for it may give up alone, and failures leave the last good set in use.
type Remote struct {
	finder   keyfunc.Keyfunc // over the storage that Remote is
	discover func(context.Context) (string, error)
	client   *http.Client
	log      *slog.Logger
	current  atomic.Pointer[generation] // nil until the first success
	failing  atomic.Bool                // the last fetch failed

	mu      sync.Mutex
	address string    // once it is known
	flight  *flight   // nil unless a fetch is under way
	ended   time.Time // of the last fetch
	err     error     // of the last fetch
	// the fetches that tokens have caused are paid for until then
	owed time.Time
	// when a fetch for the sake of what has ended; of those within RefetchGap only
	caused map[string]time.Time
}

// generation is a good set and when it was last confirmed.
type generation struct {
	*set
	version   uint64
	confirmed time.Time
}

func (g *generation) age() time.Duration { return time.Since(g.confirmed) }
func (g *generation) good() bool         { return g != nil && g.age() < MaxStaleness }

type flight struct {
	reason string // if a token has caused it
	done   chan struct{}
	err    error // after done
}

// NewRemote checks the configuration; it does not fetch. See Ready.
func NewRemote(cfg RemoteConfig) (*Remote, error) {
	if (cfg.URL == "") == (cfg.Discover == nil) {
		return nil, errors.New("jwks: a remote key set needs either a URL or a way to discover it")
	}
	r := &Remote{discover: cfg.Discover, address: cfg.URL, client: cfg.HTTPClient, log: cfg.Log,
		caused: map[string]time.Time{}}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if cfg.URL != "" {
		if _, err := oauth.ParseEndpoint(cfg.URL); err != nil {
			return nil, fmt.Errorf("jwks: the address of the key set: %w", err)
		}
	}
	var err error
	r.finder, err = newFinder(fetched{jwkset.NewMemoryStorage(), r})
	return r, err
}

// Ready fetches the set if there is none that may be used, and reports what keeps it from being
// one. Calling it often is cheap: it keeps to FirstFetchGap.
func (r *Remote) Ready(ctx context.Context) error {
	_, err := r.usableSet(ctx)
	return err
}

// Key see KeySet. An unknown id causes one fetch, or joins the one that is under way, or fails at
// once if there have been too many of late.
func (r *Remote) Key(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error) {
	if kid, alg := named(token); !saneKeyID(kid) || !supported(alg) {
		return nil, ErrUnknownKey
	}
	return find(ctx, r.finder, token)
}

// fetched is a Remote as the storage that keyfunc reads. jwkset's own storages over HTTP are passed
// by for the reasons that fetch has. All that keyfunc needs is the reading of one key: what it
// embeds is empty.
type fetched struct {
	jwkset.Storage
	*Remote
}

// KeyRead returns a key of the set in use, or of the one that is fetched for its sake.
func (f fetched) KeyRead(ctx context.Context, kid string) (jwkset.JWK, error) {
	g, err := f.usableSet(ctx)
	if err != nil {
		return jwkset.JWK{}, err
	}
	key, err := g.KeyRead(ctx, kid)
	if !errors.Is(err, jwkset.ErrKeyNotFound) {
		return key, err
	}
	// If the issuer cannot be reached, the key may be one that it has just begun to use.
	if err := f.wait(ctx, func() (*flight, error) { return f.startFor(kid) }); err != nil {
		return jwkset.JWK{}, err
	}
	return f.current.Load().KeyRead(ctx, kid)
}

// Version see Versioned. It is 0 while no set may be used, and it changes only when the keys do.
// Asking for it also keeps the set fresh, because a verifier that remembers its tokens may not ask
// for a key for hours.
func (r *Remote) Version() uint64 {
	g := r.current.Load()
	if !g.good() || r.forgotten(g) {
		return 0
	}
	if g.age() >= RefreshInterval {
		_, _ = r.start(RetryGap)
	}
	return g.version
}

// forgotten reports whether the set is old because nobody asked for a while. It is then confirmed
// before it is used. One that is old because the issuer does not answer is used at once: waiting
// for every attempt would be an outage of ours.
func (r *Remote) forgotten(g *generation) bool {
	return g.age() >= 2*RefreshInterval && !r.failing.Load()
}

// usableSet returns the set in use. An old one is used while it is fetched again.
func (r *Remote) usableSet(ctx context.Context) (*generation, error) {
	g := r.current.Load()
	switch {
	case !g.good():
		if err := r.refresh(ctx, FirstFetchGap); err != nil {
			return nil, err
		}
	case r.forgotten(g):
		if err := r.refresh(ctx, RetryGap); err != nil && ctx.Err() != nil {
			return nil, err
		}
	case g.age() >= RefreshInterval:
		_, _ = r.start(RetryGap)
	}
	return r.current.Load(), nil
}

// refresh waits for a fetch, or returns what the last one came to if it ended less than gap ago.
func (r *Remote) refresh(ctx context.Context, gap time.Duration) error {
	return r.wait(ctx, func() (*flight, error) { return r.start(gap) })
}

// again see refetching.
func (r *Remote) again(ctx context.Context, kid string) bool {
	f, _ := r.startFor("signature " + kid) // no id is spelt like this one
	if f == nil {
		return false // what was looked at a moment ago is not verified twice
	}
	return r.wait(ctx, func() (*flight, error) { return f, nil }) == nil
}

// wait waits for what begin begins.
func (r *Remote) wait(ctx context.Context, begin func() (*flight, error)) error {
	f, err := begin()
	if f == nil {
		return err
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return &unavailable{context.Cause(ctx)}
	}
}

// start begins a fetch unless one is under way, which it returns, or ended less than gap ago, whose
// error it returns.
func (r *Remote) start(gap time.Duration) (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight, nil
	}
	if !r.ended.IsZero() && time.Since(r.ended) < gap {
		return nil, r.err
	}
	return r.takeOff(), nil
}

// startFor begins a fetch that a token causes, as far as such fetches are allowed: one for each
// RefetchGap, of which SpareFetches may be saved up, and none twice for the same reason within it.
func (r *Remote) startFor(reason string) (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(r.caused, func(_ string, at time.Time) bool {
		return now.Sub(at) >= RefetchGap
	})
	_, twice := r.caused[reason]
	switch {
	case r.flight != nil:
		return r.flight, nil
	case twice, r.owed.Sub(now) > (SpareFetches-1)*RefetchGap:
		return nil, r.err
	}
	if r.owed.Before(now) {
		r.owed = now
	}
	r.owed = r.owed.Add(RefetchGap)
	f := r.takeOff()
	f.reason = reason
	return f, nil
}

// takeOff begins a fetch. The lock is held.
func (r *Remote) takeOff() *flight {
	f := &flight{done: make(chan struct{})}
	r.flight = f
	// Not the caller's context: many may be waiting, and the one who came first may leave first.
	ctx, cancel := context.WithTimeout(context.Background(), FetchTimeout)
	go func() {
		defer cancel()
		r.land(f, r.fetch(ctx))
	}()
	return f
}

// land ends a flight and wakes everybody who waits for it.
func (r *Remote) land(f *flight, err error) {
	if err != nil {
		err = &unavailable{err}
	}
	r.mu.Lock()
	r.flight, r.ended, r.err = nil, time.Now(), err
	r.failing.Store(err != nil)
	if f.reason != "" {
		r.caused[f.reason] = r.ended
	}
	r.mu.Unlock()
	f.err = err
	close(f.done)
}

func (r *Remote) fetch(ctx context.Context) error {
	old := r.current.Load()
	fresh, err := r.fetchSet(ctx)
	if err != nil {
		if old == nil {
			r.log.Warn("the issuer's keys could not be fetched; no token can be verified yet",
				"error", err)
		} else {
			r.log.Error("the issuer's keys could not be fetched; the last good ones stay in use",
				"error", err, "age", old.age().Round(time.Second), "limit", MaxStaleness)
		}
		return err
	}
	next := &generation{set: fresh, version: 1, confirmed: time.Now()}
	if old != nil {
		next.version = old.version
	}
	if old == nil || !bytes.Equal(old.content, fresh.content) {
		if old != nil {
			next.version++
		}
		r.log.Info("the issuer's keys were read", "version", next.version, "dropped", fresh.dropped)
	}
	r.current.Store(next)
	return nil
}

func (r *Remote) fetchSet(ctx context.Context) (*set, error) {
	r.mu.Lock()
	address := r.address
	r.mu.Unlock()
	if address == "" {
		var err error
		if address, err = r.discover(ctx); err != nil {
			return nil, fmt.Errorf("finding the address of the key set: %w", err)
		}
		if _, err := oauth.ParseEndpoint(address); err != nil {
			return nil, fmt.Errorf("the address of the key set: %w", err)
		}
		r.mu.Lock()
		r.address = address
		r.mu.Unlock()
	}
	return fetch(ctx, r.client, address)
}
