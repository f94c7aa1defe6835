package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

const (
	maxPayload    = 7900            // bytes; the server takes 8000
	maxChanges    = 10_000          // that wait to be told; what is more is told as "anything"
	lookEvery     = time.Second     // at everything, while nothing can be heard
	quietFor      = 5 * time.Second // before the listening connection is tried
	lastReconnect = time.Second
)

// message is what agents tell each other, as the payload of a notification.
type message struct {
	Origin  uint64       `json:"o"`
	Changed []a2a.TaskID `json:"c,omitempty"`
	Ended   []a2a.TaskID `json:"e,omitempty"`
	Any     bool         `json:"any,omitempty"`  // anything may have changed
	Free    bool         `json:"free,omitempty"` // an agent has left: there is something to claim
	// agents that have something to claim, if only their own death
	Claim []int64 `json:"claim,omitempty"`
}

func (m *message) change(id a2a.TaskID, ended bool) {
	switch {
	case len(m.Changed)+len(m.Ended) >= maxChanges || len(id) > maxPayload/8:
		m.Any = true
	case ended:
		m.Ended = append(m.Ended, id)
	default:
		m.Changed = append(m.Changed, id)
	}
}

// notifier gathers what is to be told. While one telling is under way, the next ones become one.
type notifier struct {
	mu      sync.Mutex
	waiting message
	any     bool // whether there is something in it
	kick    chan struct{}
	sending sync.Mutex
}

func (n *notifier) add(f func(*message)) {
	n.mu.Lock()
	f(&n.waiting)
	n.any = true
	n.mu.Unlock()
	select {
	case n.kick <- struct{}{}:
	default:
	}
}

func (n *notifier) take() (m message, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m, ok = n.waiting, n.any
	n.waiting, n.any = message{}, false
	return m, ok
}

// notify tells what there is to tell, until the store is closed.
func (s *Store) notify() {
	for {
		select {
		case <-s.notifier.kick:
		case <-s.ctx.Done():
			return
		}
		for wait := firstRetry; ; wait = min(2*wait, lastReconnect) {
			ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
			err := s.flush(ctx)
			cancel()
			if err == nil || !sleep(s.ctx, wait) {
				break
			}
		}
	}
}

// flush tells all that waits. What could not be told waits on, as "anything".
func (s *Store) flush(ctx context.Context) error {
	s.notifier.sending.Lock()
	defer s.notifier.sending.Unlock()
	m, ok := s.notifier.take()
	if !ok {
		return nil
	}
	m.Origin = s.origin
	_, err := s.pool.Exec(ctx, "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload",
		s.schema, m.payloads())
	if err != nil {
		s.notifier.add(func(waiting *message) {
			waiting.Any, waiting.Free = true, waiting.Free || m.Free
			waiting.Claim = append(waiting.Claim, m.Claim...)
		})
	}
	return err
}

// payloads cuts a message to the size of notifications.
func (m *message) payloads() []string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // numbers and strings always encode
	}
	if len(b) <= maxPayload {
		return []string{string(b)}
	}
	one, two := *m, *m
	half := func(l []a2a.TaskID) ([]a2a.TaskID, []a2a.TaskID) { return l[:len(l)/2], l[len(l)/2:] }
	one.Changed, two.Changed = half(m.Changed)
	one.Ended, two.Ended = half(m.Ended)
	one.Claim, two.Claim = m.Claim[:len(m.Claim)/2], m.Claim[len(m.Claim)/2:]
	return append(one.payloads(), two.payloads()...)
}

// news passes something on to whoever follows.
func (s *Store) news(n tasks.News) {
	if tell := s.tell.Load(); tell != nil {
		(*tell)(n)
	}
}

// Follow tells what other agents do. While they cannot be heard, it has everything looked at every
// second.
func (s *Store) Follow(ctx context.Context, tell func(tasks.News)) {
	var one sync.Mutex
	told := func(n tasks.News) {
		one.Lock()
		defer one.Unlock()
		tell(n)
	}
	s.tell.Store(&told)
	defer s.tell.Store(nil)
	var hearing atomic.Bool
	var look sync.WaitGroup
	look.Go(func() {
		for sleep(ctx, lookEvery) {
			if !hearing.Load() {
				told(tasks.News{})
			}
		}
	})
	defer look.Wait()
	for wait := time.Duration(0); ctx.Err() == nil; wait = min(max(firstRetry, 2*wait),
		lastReconnect) {
		conn, err := s.listen(ctx)
		if err == nil {
			hearing.Store(true)
			told(tasks.News{}) // what was stored before could not be heard
			told(tasks.News{Claim: true})
			err = s.hear(ctx, conn, told)
			hearing.Store(false)
			conn.Close(ctx)
			wait = 0
		}
		if ctx.Err() == nil {
			s.log.Warn("other agents cannot be heard; looking every second", "error", fault(err))
			sleep(ctx, wait)
		}
	}
}

func (s *Store) listen(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.config.Copy())
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+s.quoted); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// hear listens until the connection breaks. One on which nothing comes is tried now and then: it
// may be broken without telling.
func (s *Store) hear(ctx context.Context, conn *pgx.Conn, told func(tasks.News)) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, quietFor)
		n, err := conn.WaitForNotification(quiet)
		timeout := quiet.Err() != nil
		cancel()
		switch {
		case err == nil:
			s.understand(n.Payload, told)
		case ctx.Err() != nil || !timeout || conn.IsClosed():
			return err
		default:
			try, cancel := context.WithTimeout(ctx, quietFor)
			err := conn.Ping(try)
			cancel()
			if err != nil {
				return err
			}
		}
	}
}

// understand passes on a message. What this very store has said of tasks it knows; what it does not
// understand may be anything.
func (s *Store) understand(payload string, told func(tasks.News)) {
	var m message
	if json.Unmarshal([]byte(payload), &m) != nil {
		m = message{Any: true, Free: true}
	}
	if m.Origin != s.origin {
		for _, id := range m.Changed {
			told(tasks.News{Task: id})
		}
		for _, id := range m.Ended {
			told(tasks.News{Task: id, Ended: true})
		}
	}
	if m.Any {
		told(tasks.News{})
	}
	if me := s.holder.current(); m.Free || slices.Contains(m.Claim, me) {
		if me != 0 && !m.Free {
			ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
			s.suspect(ctx) // it may be the news of our death
			cancel()
		}
		told(tasks.News{Claim: true})
	}
}
