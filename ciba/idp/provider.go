// Package idp is an OpenID provider for development: what Auth0 speaks, as far
// as staff0 needs it, so that a machine without a tenant runs the very code
// that runs in production. It issues access tokens for client credentials
// (RFC 6749 §4.4) in the form of RFC 9068, asks people for approval by OpenID
// CIBA Core 1.0 in poll mode, answers the two directory look-ups of Auth0's
// Management API, and shows the employee's phone as a web page.
//
// It is not a product: there is no login, whoever can reach the page decides
// for everybody. It therefore answers only requests that name a loopback
// address, and says "for development" wherever it shows itself.
package idp

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Mode says who decides about a request for approval.
type Mode string

const (
	// Ask leaves the decision to the phone page, to POST /approvals or to
	// [Provider.Approve] and [Provider.Deny].
	Ask Mode = "ask"
	// Auto approves every request once Config.ApproveAfter has passed.
	Auto Mode = "auto"
	// Deny declines every request once Config.ApproveAfter has passed.
	Deny Mode = "deny"
)

// Defaults and limits of [Config].
const (
	// DefaultInterval is the least time between two polls.
	DefaultInterval = time.Second
	// DefaultTokenLifetime is how long access tokens and ID tokens live.
	DefaultTokenLifetime = 10 * time.Minute
	// DefaultMaxPending bounds the requests that are remembered at once.
	DefaultMaxPending = 20_000
	// DefaultMaxPendingPerPerson bounds the undecided requests of one person.
	DefaultMaxPendingPerPerson = 200

	// maxInterval is what the conformance suite of CIBA still finds plausible.
	maxInterval = 6 * time.Hour
	// maxTokenLifetime is Auth0's own default for an API, one day.
	maxTokenLifetime = 24 * time.Hour
)

// Config is what a [Provider] is made of. Issuer is required.
type Config struct {
	// Issuer is the issuer identifier, such as "http://localhost:10052/". Like
	// Auth0's it is an origin and a slash; every endpoint lies below it.
	Issuer string
	// Clients replaces [DefaultClients] unless it is nil.
	Clients []Client
	// People replaces [SamplePeople] unless it is nil.
	People []Person
	// Alg signs the tokens: RS256 (the default), PS256, ES256 or EdDSA.
	// ES256 and EdDSA keys are made in microseconds, which suits tests.
	Alg string
	// Interval between polls is in every acknowledgement; whole seconds,
	// because CIBA Core §7.3 counts in those. Zero means DefaultInterval.
	Interval time.Duration
	// TokenLifetime of access and ID tokens, in whole seconds up to a day.
	// Zero means DefaultTokenLifetime.
	TokenLifetime time.Duration
	// Approve says who decides. The zero value means Ask.
	Approve Mode
	// ApproveAfter is how long Auto and Deny wait before they decide.
	ApproveAfter time.Duration
	// OnRequest, if set, is told of every accepted request before its client
	// gets the acknowledgement, in the goroutine of the HTTP request and
	// whatever Approve says. It must return soon and may call Approve or Deny.
	OnRequest func(Approval)
	// MaxPending and MaxPendingPerPerson bound what is remembered; a request
	// beyond them is answered with 429. Zero means the defaults.
	MaxPending, MaxPendingPerPerson int
	// InsecureAnyAddress takes requests whose Host is not a loopback address.
	// Whoever can reach the provider then decides for every person in it.
	InsecureAnyAddress bool
	// Log gets events without personal data; nil is silent.
	Log *slog.Logger
}

// Provider is the development identity provider: an [http.Handler], and the
// employee's hand for tests and terminals. Its methods may be called at once
// from many goroutines. It needs no closing: nothing runs in the background
// once its key is made.
type Provider struct {
	issuer    string
	clients   map[string]*Client
	people    *directory
	keys      *keyring
	interval  time.Duration
	lifetime  time.Duration
	onRequest func(Approval)
	log       *slog.Logger
	metadata  []byte
	handler   http.Handler

	mu       sync.Mutex
	requests *requests // guarded by mu
}

// New checks c and makes a provider of it. The signing key is made in the
// background (an RSA key takes a tenth of a second and more); whatever needs it
// waits for it, and /readyz answers 503 until then.
func New(c Config) (*Provider, error) {
	issuer, err := checkIssuer(c.Issuer)
	if err != nil {
		return nil, err
	}
	c.Alg = cmp.Or(c.Alg, "RS256")
	c.Interval = cmp.Or(c.Interval, DefaultInterval)
	c.TokenLifetime = cmp.Or(c.TokenLifetime, DefaultTokenLifetime)
	c.Approve = cmp.Or(c.Approve, Ask)
	c.MaxPending = cmp.Or(c.MaxPending, DefaultMaxPending)
	c.MaxPendingPerPerson = cmp.Or(c.MaxPendingPerPerson, DefaultMaxPendingPerPerson)
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Clients == nil {
		c.Clients = DefaultClients()
	}
	if c.People == nil {
		c.People = SamplePeople()
	}
	clients, err := indexClients(c.Clients, issuer)
	if err != nil {
		return nil, err
	}
	people, err := newDirectory(c.People)
	if err != nil {
		return nil, err
	}
	keys, err := newKeyring(c.Alg)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		issuer: issuer, clients: clients, people: people, keys: keys,
		interval: c.Interval, lifetime: c.TokenLifetime,
		onRequest: c.OnRequest,
		log:       cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		requests: newRequests(limits{
			total: c.MaxPending, perPerson: c.MaxPendingPerPerson,
			mode: c.Approve, after: c.ApproveAfter,
		}),
	}
	if p.metadata, err = p.discovery(c.Alg); err != nil {
		return nil, err
	}
	guard, err := p.guardManagement()
	if err != nil {
		return nil, err
	}
	p.handler = p.frontDoor(p.routes(guard), c.InsecureAnyAddress)
	p.log.Warn("identity provider for development: whoever reaches it decides for everybody",
		"issuer", issuer, "alg", c.Alg, "approve", string(c.Approve))
	if c.InsecureAnyAddress {
		p.log.Warn("for development: requests are taken under any host name")
	}
	return p, nil
}

func (c *Config) check() error {
	switch {
	case c.Approve != Ask && c.Approve != Auto && c.Approve != Deny:
		return fmt.Errorf("idp: unknown approve mode %q: use ask, auto or deny", c.Approve)
	case c.ApproveAfter < 0:
		return errors.New("idp: ApproveAfter is negative")
	case c.Interval < time.Second || c.Interval > maxInterval || c.Interval%time.Second != 0:
		return fmt.Errorf("idp: interval %v: use whole seconds from 1s to %v", c.Interval,
			maxInterval)
	case c.TokenLifetime < time.Second || c.TokenLifetime > maxTokenLifetime ||
		c.TokenLifetime%time.Second != 0:
		return fmt.Errorf("idp: token lifetime %v: use whole seconds from 1s to %v",
			c.TokenLifetime, maxTokenLifetime)
	case c.MaxPending < 0 || c.MaxPendingPerPerson < 0:
		return errors.New("idp: a bound is negative")
	}
	return nil
}

// checkIssuer wants an origin with a slash. Auth0's issuers end in one, and the
// difference between with and without is the commonest wrong `iss`.
func checkIssuer(issuer string) (string, error) {
	u, err := url.Parse(issuer)
	switch {
	case issuer == "":
		return "", errors.New("idp: Issuer is missing")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.Path != "/" || u.RawQuery != "" || u.ForceQuery ||
		strings.Contains(issuer, "#"):
		return "", fmt.Errorf(
			"idp: issuer %q is no origin with a slash, such as http://localhost:10052/", issuer)
	}
	return issuer, nil
}

// ServeHTTP serves every endpoint of the provider and the phone page.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Issuer is the issuer identifier, exactly as in every token.
func (p *Provider) Issuer() string { return p.issuer }

// Rotate makes a fresh signing key under a fresh key id. The key before it
// stays in the JWK Set until the next Rotate, so that its tokens live on; call
// Rotate twice to take a key away.
func (p *Provider) Rotate() error { return p.keys.rotate() }

// Pending gives the undecided requests, the oldest first.
func (p *Provider) Pending() []Approval {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests.pending(time.Now(), "")
}

// Approve decides the request with this id (an Approval.ID, which is not the
// auth_req_id) as its person would. Deciding the same again changes nothing.
// Errors: [ErrNotFound], [ErrDecided], [ErrExpired].
func (p *Provider) Approve(id string) error { return p.decide(id, approved) }

// Deny declines the request with this id; otherwise like [Provider.Approve].
func (p *Provider) Deny(id string) error { return p.decide(id, denied) }

func (p *Provider) decide(id string, d decision) error {
	p.mu.Lock()
	err := p.requests.decide(id, d, time.Now())
	p.mu.Unlock()
	if err != nil {
		return err
	}
	p.log.Info("approval decided", "id", id, "decision", d.String())
	return nil
}

// clientLabel is the display name of a client id, or the id itself.
func (p *Provider) clientLabel(id string) string {
	if c := p.clients[id]; c != nil {
		return cmp.Or(c.Label, c.ID)
	}
	return id
}
