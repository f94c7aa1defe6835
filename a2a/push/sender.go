package push

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// Bounds of what webhooks may cost.
const (
	// Timeout is how long a receiver may take to answer (§13.2 recommends 10 to 30 s).
	Timeout = 10 * time.Second
	// Patience is how long an entry is tried again whose receiver cannot be reached, fails, or asks
	// to be spared (5xx, 408, 425, 429).
	Patience = 24 * time.Hour
	// RefusedPatience is how long an entry is tried again whose receiver answers with any other
	// status, or is not where it may be. Such answers seldom change by themselves, but while a
	// receiver is being deployed they do.
	RefusedPatience = 15 * time.Minute

	connectTimeout = 5 * time.Second
	maxHeader      = 16 << 10 // bytes of an answer; its body is not read at all
	// before anything but 410 ends the patience, which may have passed while no agent was running
	minTries   = 10
	firstRetry = time.Second
	// the longest wait between two attempts, unless the receiver asks for a longer one
	lastRetry     = time.Minute
	maxRetryAfter = 10 * time.Minute

	maxSending = 256              // attempts at a time
	maxPerHost = 8                // of them to one origin; 1 while it cannot be reached
	burst      = 8                // entries sent to one webhook before others get their turn
	lease      = 30 * time.Second // in which an attempt and what it is stored with must be over
	scanEvery  = 30 * time.Second // after which the store is looked through for what was missed
	scanPage   = 500
	storeRetry = 2 * time.Second // until a store that is out of order is tried again
	grace      = 3 * time.Second // for attempts under way when the agent stops
)

// Config is what a Sender is made of.
type Config struct {
	// Store holds the webhooks and the tasks. It is the one of the engine.
	Store tasks.Webhooks
	// Allow lists what may be called against the rule that webhooks are on the public internet and
	// called over https: hosts and host:port, which are still called over https, and origins such
	// as http://localhost:9000. A host without a port allows any port, as http://localhost:* does.
	// Names are not patterns.
	Allow []string
	// UserAgent is what receivers see; "" is staff0.
	UserAgent string
	// RootCAs vouch for receivers; nil are those of the system.
	RootCAs *x509.CertPool
	// Resolver resolves the names of receivers; nil is that of the system.
	Resolver *net.Resolver
	Log      *slog.Logger
}

// Sender sends to webhooks. It is the tasks.Push of an engine on the same store.
type Sender struct {
	store   tasks.Webhooks
	policy  *policy
	agent   string
	log     *slog.Logger
	guarded http.RoundTripper // to the public internet
	open    http.RoundTripper // to what the operator has allowed

	wake chan struct{} // something below has changed

	mu      sync.Mutex
	watched map[a2a.TaskID]struct{} // tasks with webhooks that are not over
	dirty   map[a2a.TaskID]struct{} // those of them that have to be looked at
	all     bool                    // everything has to be looked at
}

var _ tasks.Push = (*Sender)(nil)

// New makes a sender. It sends nothing before Run.
func New(c Config) (*Sender, error) {
	if c.Store == nil {
		return nil, errors.New("push: a sender needs a store")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	policy, err := newPolicy(c.Allow)
	if err != nil {
		return nil, err
	}
	return &Sender{
		store: c.Store, policy: policy, agent: cmp.Or(c.UserAgent, "staff0"), log: c.Log,
		guarded: transport(c, guard), open: transport(c, nil),
		wake: make(chan struct{}, 1), watched: map[a2a.TaskID]struct{}{},
		dirty: map[a2a.TaskID]struct{}{},
	}, nil
}

// transport makes connections of one use each: so every attempt is judged by where the name leads
// at that time, and nothing that one receiver does to a connection is met by the next attempt.
// There is no proxy, from the environment least of all, for it would do the dialling.
func transport(c Config, control func(string, string, syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, Control: control, Resolver: c.Resolver}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs},
		TLSHandshakeTimeout:    connectTimeout,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// Watch says that a task has a webhook that was set just now.
func (s *Sender) Watch(task a2a.TaskID) {
	s.mu.Lock()
	s.watched[task], s.dirty[task] = struct{}{}, struct{}{}
	s.mu.Unlock()
	s.ring()
}

// Changed says that a task may have new entries, or any task if the id is empty.
func (s *Sender) Changed(task a2a.TaskID) {
	s.mu.Lock()
	_, watched := s.watched[task]
	switch {
	case task == "":
		s.all = true
	case watched:
		s.dirty[task] = struct{}{}
	default:
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.ring()
}

func (s *Sender) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends. What is under way then has a short time to end; the rest is sent by the
// next process, or by another agent on the store.
func (s *Sender) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	q := newQueue()
	ended := make(chan outcome, maxSending)
	scan := time.NewTicker(scanEvery)
	defer scan.Stop()
	again := s.scan(ctx, q)
	for {
		again = s.look(ctx, q) || again
		for job := q.next(time.Now()); job != nil; job = q.next(time.Now()) {
			go func() { ended <- s.deliver(sending, ctx, job.key) }()
		}
		timer := time.NewTimer(q.wait(time.Now(), again))
		select {
		case <-s.wake:
		case o := <-ended:
			s.finished(q, o)
		case <-timer.C:
			if again {
				again = s.scan(ctx, q)
			}
		case <-scan.C:
			again = s.scan(ctx, q)
		case <-ctx.Done():
			timer.Stop()
			time.AfterFunc(grace, cut)
			for range q.sending {
				<-ended
			}
			return
		}
		timer.Stop()
	}
}

// finished takes in what became of a webhook.
func (s *Sender) finished(q *queue, o outcome) {
	q.finished(o)
	if o.over { // if it was the last one, nobody need watch its task
		s.mu.Lock()
		s.dirty[o.key.task] = struct{}{}
		s.mu.Unlock()
	}
}

// scan looks through the store for webhooks that are not over. It reports whether that has to be
// done again soon.
func (s *Sender) scan(ctx context.Context, q *queue) (again bool) {
	for after := int64(0); ; {
		hooks, err := s.store.LiveWebhooks(ctx, after, scanPage)
		if err != nil {
			s.storeFailed(ctx, "look for webhooks", err)
			return true
		}
		s.mu.Lock()
		for _, w := range hooks {
			s.watched[w.Config.TaskID] = struct{}{}
		}
		s.mu.Unlock()
		for _, w := range hooks {
			s.enqueue(q, w)
			after = w.Num
		}
		if len(hooks) < scanPage {
			return false
		}
	}
}

// look reads the webhooks of the tasks that have changed. It reports whether all have to be looked
// at again soon.
func (s *Sender) look(ctx context.Context, q *queue) (again bool) {
	s.mu.Lock()
	dirty, all := s.dirty, s.all
	if len(dirty) == 0 && !all {
		s.mu.Unlock()
		return false
	}
	s.dirty, s.all = map[a2a.TaskID]struct{}{}, false
	s.mu.Unlock()
	if all && s.scan(ctx, q) {
		return true
	}
	for task := range dirty {
		hooks, err := s.store.Webhooks(ctx, task)
		if err != nil {
			s.storeFailed(ctx, "read webhooks", err)
			return true // the scan finds those of the others too
		}
		live := false
		for _, w := range hooks {
			if !w.Over {
				live = true
				s.enqueue(q, w)
			}
		}
		if !live {
			s.forget(task)
		}
	}
	return false
}

// forget ends the watching of a task, unless it has got a webhook since it was looked at.
func (s *Sender) forget(task a2a.TaskID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.dirty[task]; !again {
		delete(s.watched, task)
	}
}

func (s *Sender) enqueue(q *queue, w *tasks.Webhook) {
	if !w.Behind {
		return
	}
	host := ""
	if t, _ := s.policy.target(w.Config.URL); t != nil {
		host = t.origin
	}
	q.add(keyOf(w), host, w.Due)
}

func (s *Sender) storeFailed(ctx context.Context, doing string, err error) {
	if ctx.Err() == nil {
		s.log.Warn("webhooks wait for the task store", "doing", doing, "error", err)
	}
}
