package idp

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What [Provider.Approve] and [Provider.Deny] fail with.
var (
	// ErrNotFound: no request has this id, or it was long ago.
	ErrNotFound = errors.New("idp: no such request; it may have ended long ago")
	// ErrDecided: the request was decided the other way.
	ErrDecided = errors.New("idp: the request is already decided the other way")
	// ErrExpired: the request ended before it was decided.
	ErrExpired = errors.New("idp: the request has expired; ask again")
)

const (
	// slowDownStep is what a poll before its time adds to the interval; CIBA
	// Core §11 has the client wait "at least 5 seconds" longer.
	slowDownStep = 5 * time.Second
	// maxSlowDown is where the interval stops growing.
	maxSlowDown = time.Minute
	// pollTolerance forgives a poll that the network brought a little early: the
	// client counts from sending (CIBA Core §10.1), the provider from arrival.
	pollTolerance = 100 * time.Millisecond
	// keepEnded is how long an ended request still says how it ended.
	keepEnded = 5 * time.Minute
	// sweepEvery bounds how often ended requests are looked for.
	sweepEvery = 10 * time.Second
	// authReqIDBytes makes 64 characters, as Auth0's. CIBA Core §7.3 asks for
	// at least 128 bits and recommends 160.
	authReqIDBytes = 48
)

// Approval is a request for a person's approval, as GET /approvals shows it.
type Approval struct {
	// ID names the request on the page and to Approve and Deny. It is not the
	// auth_req_id, which only the client may know.
	ID             string    `json:"id"`
	ClientID       string    `json:"client_id"`
	Subject        string    `json:"subject"`
	Email          string    `json:"email"`
	Scope          string    `json:"scope"`
	BindingMessage string    `json:"binding_message"`
	RequestedAt    time.Time `json:"requested_at"`
	ExpiresAt      time.Time `json:"expires_at"`

	// Name is the person's, ClientLabel the client's display name. Like the
	// binding message they are texts of others: escape them where they are shown.
	Name        string `json:"-"`
	ClientLabel string `json:"-"`
}

type decision int

const (
	undecided decision = iota
	approved
	denied
)

func (d decision) String() string {
	switch d {
	case approved:
		return "approve"
	case denied:
		return "deny"
	default:
		return "undecided"
	}
}

// request is one authentication request from its acknowledgement to its end.
type request struct {
	Approval
	audience  string
	scopes    []string
	authReqID string
	number    uint64 // in the order of arrival, which the clock is too coarse for

	decision  decision
	decidedAt time.Time
	consumed  bool // its tokens were handed out; they are handed out once

	interval time.Duration
	lastPoll time.Time // zero before the first poll
}

// grant is what an approval yields.
type grant struct {
	subject, audience string
	scopes            []string
	decidedAt         time.Time
}

type limits struct {
	total, perPerson int
	mode             Mode
	after            time.Duration
}

// requests holds the authentication requests; its owner holds the lock. A
// decision by [Auto] or [Deny] is worked out from the clock whenever somebody
// looks, so nothing has to run in the background.
type requests struct {
	limits    limits
	byID      map[string]*request
	byAuthReq map[string]*request
	bySubject map[string][]*request // those that may still be open
	lastSweep time.Time
	arrived   uint64
}

func newRequests(l limits) *requests {
	return &requests{
		limits: l, byID: map[string]*request{},
		byAuthReq: map[string]*request{}, bySubject: map[string][]*request{},
	}
}

// settle applies the decision that the mode has made by now.
func (s *requests) settle(q *request, now time.Time) {
	if q.decision != undecided || s.limits.mode == Ask {
		return
	}
	due := q.RequestedAt.Add(s.limits.after)
	if now.Before(due) || !due.Before(q.ExpiresAt) {
		return
	}
	q.decision, q.decidedAt = approved, due
	if s.limits.mode == Deny {
		q.decision = denied
	}
}

// open tells whether a person can still decide q.
func (s *requests) open(q *request, now time.Time) bool {
	s.settle(q, now)
	return q.decision == undecided && now.Before(q.ExpiresAt)
}

// add takes a request in, or says why not, and gives it its two names.
func (s *requests) add(q *request, now time.Time) error {
	s.sweep(now, len(s.byID) >= s.limits.total)
	full := &oauthError{status: http.StatusTooManyRequests, code: "too_many_requests",
		retryAfter: sweepEvery}
	if len(s.byID) >= s.limits.total {
		full.description = "Too many requests are pending at this provider."
		return full
	}
	// What has ended never opens again, so the list of a person is shortened
	// here to those that wait: counting stays cheap under any load.
	waiting := slices.DeleteFunc(s.bySubject[q.Subject], func(other *request) bool {
		return !s.open(other, now)
	})
	if len(waiting) >= s.limits.perPerson {
		// Push bombing: the list on a phone stays one that a person can read.
		s.bySubject[q.Subject] = waiting
		full.description = "Too many requests are pending for this person."
		return full
	}
	var secret [authReqIDBytes]byte
	rand.Read(secret[:]) // never fails (crypto/rand)
	q.authReqID = base64.RawURLEncoding.EncodeToString(secret[:])
	q.ID = strings.ToLower(rand.Text()[:16])
	s.arrived++
	q.number = s.arrived
	s.byID[q.ID], s.byAuthReq[q.authReqID] = q, q
	s.bySubject[q.Subject] = append(waiting, q)
	return nil
}

// sweep forgets what ended long ago; when there is no room left, whatever has ended.
func (s *requests) sweep(now time.Time, full bool) {
	if !full && now.Sub(s.lastSweep) < sweepEvery {
		return
	}
	s.lastSweep = now
	for _, q := range s.byID {
		if now.Sub(q.ExpiresAt) >= keepEnded || full && (q.consumed || !now.Before(q.ExpiresAt)) {
			s.remove(q)
		}
	}
}

func (s *requests) remove(q *request) {
	delete(s.byID, q.ID)
	delete(s.byAuthReq, q.authReqID)
	rest := slices.DeleteFunc(s.bySubject[q.Subject], func(other *request) bool {
		return other == q
	})
	if len(rest) == 0 {
		delete(s.bySubject, q.Subject)
		return
	}
	s.bySubject[q.Subject] = rest
}

// pending gives the undecided requests of one subject, or of all if it is empty.
func (s *requests) pending(now time.Time, subject string) []Approval {
	var open []*request
	if subject != "" {
		open = slices.Clone(s.bySubject[subject])
	} else {
		open = slices.Collect(maps.Values(s.byID))
	}
	open = slices.DeleteFunc(open, func(q *request) bool { return !s.open(q, now) })
	slices.SortFunc(open, func(a, b *request) int { return cmp.Compare(a.number, b.number) })
	out := make([]Approval, 0, len(open)) // an empty list is [] in JSON
	for _, q := range open {
		out = append(out, q.Approval)
	}
	return out
}

func (s *requests) decide(id string, d decision, now time.Time) error {
	q := s.byID[id]
	if q == nil {
		return ErrNotFound
	}
	s.settle(q, now)
	switch {
	case q.decision == d:
		return nil
	case q.decision != undecided:
		return ErrDecided
	case !now.Before(q.ExpiresAt):
		return ErrExpired
	}
	q.decision, q.decidedAt = d, now
	return nil
}

// find gives the request that a client may poll. Somebody else's is not found.
func (s *requests) find(authReqID, clientID string) *request {
	if q := s.byAuthReq[authReqID]; q != nil && q.ClientID == clientID {
		return q
	}
	return nil
}

// poll is one poll: the outcome, or one of the errors of CIBA Core §11. A
// refusal is told at once and as often as it is asked for; otherwise a poll
// before its time is told to slow down, except the first, which is free.
func (s *requests) poll(authReqID, clientID string, now time.Time) (grant, error) {
	q := s.find(authReqID, clientID)
	if q == nil || q.consumed {
		return grant{},
			badRequest("invalid_grant", "The auth_req_id is unknown, used, or another client's.")
	}
	s.settle(q, now)
	switch {
	case !now.Before(q.ExpiresAt):
		return grant{}, badRequest("expired_token", "The request has expired.")
	case q.decision == denied:
		return grant{}, badRequest("access_denied", "The person declined the request.")
	}
	early := !q.lastPoll.IsZero() && now.Sub(q.lastPoll) < q.interval-pollTolerance
	q.lastPoll = now
	if early {
		q.interval = max(q.interval, min(q.interval+slowDownStep, maxSlowDown))
		e := badRequest("slow_down",
			"You are polling faster than allowed. Try again in %d seconds.",
			int64(q.interval/time.Second))
		e.interval = q.interval
		return grant{}, e
	}
	if q.decision == undecided {
		return grant{}, badRequest("authorization_pending", "The person has not decided yet.")
	}
	q.consumed = true
	return grant{subject: q.Subject, audience: q.audience, scopes: q.scopes,
		decidedAt: q.decidedAt}, nil
}
