package a2asrv

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
	"staff0/ciba/bearer"
	"staff0/ciba/jose"
)

// Bounds of what a caller may cost.
const (
	// MaxBodySize is the largest request. A question has some hundred bytes.
	MaxBodySize = 1 << 20
	// BodyTimeout is how long a request's body may take to arrive.
	BodyTimeout = 15 * time.Second
	// MaxWaiting is how many calls of one caller may wait at a time, streams and blocking calls
	// together. A waiting call costs tens of KiB.
	MaxWaiting = 4096
	// RetryAfter is what a client is told to wait when the agent starts, stops or has enough of it.
	RetryAfter = time.Second
	// KeepAlive is the longest silence of a call that waits, unless the configuration has another
	// one. Proxies commonly cut connections after 30 or 60 s, and a widespread client for Python
	// after 5.
	KeepAlive = 4 * time.Second
	// WriteTimeout is how long one blank of a blocking call may take to leave.
	WriteTimeout = wire.WriteTimeout
	// ExpiryGrace is how long a call that waits may outlive the token that it came with. See
	// Server.
	ExpiryGrace = 5 * time.Minute
	// CardMaxAge is how long clients may keep the card without asking again (§8.6.1). It changes
	// only with the configuration.
	CardMaxAge = 5 * time.Minute
)

// Where the card is (§8.2). The second is that of 0.2.
const (
	CardPath       = "/.well-known/agent-card.json"
	LegacyCardPath = "/.well-known/agent.json"
)

// Config is what a Server is made of.
type Config struct {
	// Card is served as it is, and decides what is: bindings and versions of its interfaces, their
	// tenants, streaming, extensions. Required.
	Card *a2a.AgentCard
	// ExtendedCard is for callers with a token (§3.1.11). It needs the capability in Card; a Card
	// that has the capability can do without.
	ExtendedCard *a2a.AgentCard
	// CardKey signs the cards of 1.0 (§8.4); nil leaves them unsigned. See OpenCardKey.
	CardKey *jose.SigningKey
	// Engine does the work. Required.
	Engine *tasks.Engine
	// Verifier proves access tokens, which need the Scope. Both are required.
	Verifier bearer.Verifier
	Scope    string
	// Realm and ResourceMetadata (the URL of an RFC 9728 document) go into challenges; "" leaves
	// them out.
	Realm            string
	ResourceMetadata string
	// Path is where JSON-RPC is served, with and without a slash at the end; "" is "/". HTTP+JSON
	// is at RESTPath below it. Both are at the root as well, for proxies that take the path away.
	Path string
	// Ready reports whether the agent can work. While it cannot, card and calls answer as NotReady.
	// An agent that stops had better say no as well: then the clients whose streams it ends do not
	// come back to it. nil is always.
	Ready func() bool
	// KeepAlive is the longest silence of a call that waits: then a comment is sent in a stream,
	// and a blank before the JSON of a blocking answer. 0 is the constant of that name.
	KeepAlive time.Duration
	// QuestionsPerAsker bounds what one client may send: beyond it 429, and nothing is stored.
	QuestionsPerAsker Rate
	Log               *slog.Logger
}

// Server is an http.Handler. It serves the card at CardPath and LegacyCardPath to everyone, calls
// and the extended card to whoever has a token, and nothing else.
//
// A token is judged when a call begins. A call that waits goes on for at most ExpiryGrace after its
// token has expired: so nobody loses an answer because an approval took longer than the token's
// last minutes, and nobody listens for ever on a token of yesterday (the specification leaves this
// open). It then ends as it does when the agent stops: a stream without a terminal event, a
// blocking call with the task as it stands. The client comes back with a fresh token.
type Server struct {
	engine     *tasks.Engine
	log        *slog.Logger
	ready      func() bool
	keepAlive  time.Duration
	meter      *meter
	pages      pages
	path       string // without the slash at the end; "" for the root
	pure       *card  // of the newest version alone
	union      *card  // for readers of any version
	extended   map[*wire.Dialect]*card
	extensions extensions
	endpoint   http.Handler         // JSON-RPC behind the guard
	operations map[string]operation // by method name; the names of the versions are disjoint
	rest       http.Handler         // HTTP+JSON behind the guard
	// by the name of the operation in 1.0; empty if the card has no such interface
	routes map[string]operation
	// the extended card of 0.2 behind the guard, nil if there is none
	older   http.Handler
	buffers sync.Pool // of *buffer

	mu       sync.Mutex
	waiting  map[tasks.Owner]int
	refusals map[refusalText][]byte
}

// New makes a server. It fails if something required is missing and if the card promises what is
// not there.
func New(c Config) (*Server, error) {
	switch {
	case c.Card == nil:
		return nil, errors.New("a2asrv: a server needs an agent card")
	case c.Engine == nil:
		return nil, errors.New("a2asrv: a server needs an engine")
	case c.Path != "" && c.Path[0] != '/':
		return nil, errors.New("a2asrv: the path must begin with a slash")
	case declared(c.Card.Capabilities.PushNotifications) != c.Engine.Pushes():
		return nil, errors.New(
			"a2asrv: the card and the engine do not agree about push notifications")
	case c.KeepAlive < 0:
		return nil, errors.New("a2asrv: the time of silence is negative")
	case c.ExtendedCard != nil && !declared(c.Card.Capabilities.ExtendedAgentCard):
		return nil, errors.New("a2asrv: there is an extended card, and the card does not say so")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Ready == nil {
		c.Ready = func() bool { return true }
	}
	s := &Server{
		engine: c.Engine, log: c.Log, ready: c.Ready, keepAlive: cmp.Or(c.KeepAlive, KeepAlive),
		path: strings.TrimSuffix(c.Path, "/"), waiting: map[tasks.Owner]int{},
		refusals: map[refusalText][]byte{},
		buffers:  sync.Pool{New: func() any { return &buffer{make([]byte, 0, bufferSize)} }},
	}
	var err error
	if s.meter, err = newMeter(c.QuestionsPerAsker); err != nil {
		return nil, err
	}
	public, err := signed(c.Card, c.CardKey)
	if err != nil {
		return nil, err
	}
	extended, err := signed(c.ExtendedCard, c.CardKey)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(public, extended); err != nil {
		return nil, err
	}
	guard := func(body bearer.ErrorBody, next http.HandlerFunc) (http.Handler, error) {
		require, err := bearer.Require(c.Verifier, bearer.Options{
			Realm: c.Realm, Scopes: []string{c.Scope}, ResourceMetadata: c.ResourceMetadata,
			ErrorBody: body, Log: c.Log,
		})
		if err != nil {
			return nil, err
		}
		return require(next), nil
	}
	if s.endpoint, err = guard(s.unauthorized, s.serveCall); err != nil {
		return nil, err
	}
	if s.rest, err = guard(s.unauthorizedRoute, s.serveRoute); err != nil {
		return nil, err
	}
	if s.extended[wire.V03] != nil {
		if s.older, err = guard(s.unauthorizedRoute, s.serveOlderCard); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prepare writes what never changes, and builds the tables of calls.
func (s *Server) prepare(public, extended *a2a.AgentCard) (err error) {
	s.extensions = newExtensions(public)
	if s.union, err = newCard(public, wire.CardUnion); err != nil {
		return err
	}
	if s.pure, err = newCard(public, wire.CardV10); err != nil {
		return err
	}
	if extended != nil {
		if err = s.extend(public, extended); err != nil {
			return err
		}
	}
	s.operations = s.newOperations(public, a2a.BindingJSONRPC)
	s.routes = s.newOperations(public, a2a.BindingHTTPJSON)
	if len(s.operations)+len(s.routes) == 0 {
		return errors.New(
			"a2asrv: the card has no interface of a binding and version that are spoken here")
	}
	return nil
}

func declared(capability *bool) bool { return capability != nil && *capability }

// ServeHTTP routes by hand: there are few addresses, and a mux costs more than either answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == CardPath, path == LegacyCardPath:
		s.serveCard(w, r)
	case len(s.operations) > 0 &&
		(path == "/" || path == "" || strings.TrimSuffix(path, "/") == s.path):
		s.serveEndpoint(w, r)
	case s.restful(path):
		s.serveREST(w, r)
	case s.older != nil && s.below(path, olderCardPath) == "/":
		s.serveREST(w, r)
	default:
		http.NotFound(w, r)
	}
}

// below is what a path has behind base, which is below the path of the server or at the root: "" if
// it is elsewhere, "/" for base itself.
func (s *Server) below(path, base string) string {
	rest, ok := strings.CutPrefix(path, base)
	if !ok && s.path != "" {
		if rest, ok = strings.CutPrefix(path, s.path); ok {
			rest, ok = strings.CutPrefix(rest, base)
		}
	}
	switch {
	case !ok:
		return ""
	case rest == "":
		return "/"
	case rest[0] != '/':
		return ""
	}
	return rest
}

// serveEndpoint settles what needs no token. The guard comes next, and before anything of the body
// is read (§13.1).
func (s *Server) serveEndpoint(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		s.refuse(w, r, http.StatusMethodNotAllowed,
			&a2a.Error{Err: a2a.ErrInvalidRequest, Message: "Calls are sent with POST"})
	case !s.ready():
		NotReady(w, r)
	default:
		s.endpoint.ServeHTTP(w, r)
	}
}

// NotReady is the answer of an agent that cannot work yet: 503, to be tried again in a second. It
// is also for the time in which there is no Server.
func NotReady(w http.ResponseWriter, r *http.Request) {
	dialect, _ := wire.For(version(r), "")
	unavailable(w)
	answer(w, http.StatusServiceUnavailable, jsonType, dialect.AppendError(nil, nil, errNotReady))
}

var errNotReady = &a2a.Error{Err: a2a.ErrUnavailable,
	Message: "The agent is not ready. Please try again"}

// unauthorized writes the body of a refusal by the guard. The id is null: nothing of the body has
// been read. The error has no details, so it is the same in every version; and since the texts are
// a handful, each body is written once, for whoever sends bad tokens sends many.
func (s *Server) unauthorized(w http.ResponseWriter, _ *http.Request, refusal *bearer.Refusal) {
	answer(w, refusal.Status, jsonType, s.refusal(refusal, false))
}

// unauthorizedRoute does it for HTTP+JSON.
func (s *Server) unauthorizedRoute(
	w http.ResponseWriter, r *http.Request, refusal *bearer.Refusal,
) {
	answer(w, refusal.Status, accepted(r.Header), s.refusal(refusal, true))
}

type refusalText struct {
	status      int
	description string
	rest        bool
}

func (s *Server) refusal(refusal *bearer.Refusal, rest bool) []byte {
	key := refusalText{refusal.Status, refusal.Description, rest}
	s.mu.Lock()
	defer s.mu.Unlock()
	body := s.refusals[key]
	if body == nil {
		fault := &a2a.Error{Err: a2a.ErrUnauthenticated, Message: http.StatusText(key.status) +
			": " + key.description}
		if rest {
			body = wire.AppendStatus(nil, key.status, fault)
		} else {
			body = wire.V10.AppendError(nil, nil, fault)
		}
		s.refusals[key] = body
	}
	return body
}

// refuse answers a request that did not get as far as being a call.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	out, media := s.buffer(), jsonType
	if path := r.URL.Path; s.restful(path) || s.below(path, olderCardPath) != "" {
		out.b, media = wire.AppendStatus(out.b, status, err), accepted(r.Header)
	} else {
		dialect, _ := wire.For(version(r), "")
		out.b = dialect.AppendError(out.b, nil, err)
	}
	answer(w, status, media, out.b)
	s.release(out)
}

// Header values that never change are shared by all answers.
var (
	jsonType   = []string{"application/json"}
	noStore    = []string{"no-store"}
	retryAfter = []string{strconv.Itoa(int(RetryAfter / time.Second))}
	closing    = []string{"close"}

	versionHeader = http.CanonicalHeaderKey(wire.VersionHeader)
)

// answer writes a whole answer at once. What agents say to a caller is for nobody else, so no cache
// keeps it.
func answer(w http.ResponseWriter, status int, media []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = media
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever does not read it has nobody to tell
}

func unavailable(w http.ResponseWriter) { w.Header()["Retry-After"] = retryAfter }

// version is the version that a request asks for, without the work of reading lists and queries for
// the usual header.
func version(r *http.Request) string {
	values := r.Header[versionHeader]
	switch {
	case len(values) == 0 && r.URL.RawQuery == "":
		return ""
	case len(values) == 1 && values[0] != "" && !strings.ContainsAny(values[0], ", \t"):
		return values[0]
	}
	return wire.RequestVersion(r.Header, r.URL.Query())
}

// buffer is what bodies are read into and answers are written in.
type buffer struct{ b []byte }

const (
	bufferSize    = 4 << 10
	maxBufferKept = 64 << 10 // one huge request must not stay in memory for ever
)

func (s *Server) buffer() *buffer { return s.buffers.Get().(*buffer) }

func (s *Server) release(buf *buffer) {
	if buf == nil || cap(buf.b) > maxBufferKept {
		return
	}
	buf.b = buf.b[:0]
	s.buffers.Put(buf)
}

// enter counts a waiting call of a caller in; it is not ok when there are too many.
func (s *Server) enter(owner tasks.Owner) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[owner] == MaxWaiting {
		return false
	}
	s.waiting[owner]++
	return true
}

func (s *Server) leave(owner tasks.Owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[owner]--; s.waiting[owner] == 0 {
		delete(s.waiting, owner)
	}
}

// gone reports whether there is nobody left to answer.
func gone(ctx context.Context) bool { return ctx.Err() != nil }
