package hrapi

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"staff0/ciba/bearer"
)

const (
	// realm is what challenges call this server.
	realm = "Staff0 HR API"
	// lookUpTimeout bounds the work on one request. A look-up takes microseconds;
	// what takes seconds is a disk that hangs.
	lookUpTimeout = 5 * time.Second
	// retryAfter is what a client is told to wait, in seconds, when the records
	// cannot be read.
	retryAfter = "1"
)

//go:embed openapi.json
var openAPI []byte

// Config is what NewHandler needs.
type Config struct {
	Records  Records         // required
	Verifier bearer.Verifier // required; proves tokens whose audience is this API
	// Ready reports whether everything besides the records is ready, for
	// instance the issuer's keys; its error is logged and not sent. Nil means
	// that there is nothing else.
	Ready func(ctx context.Context) error
	// Log gets a line for every request that was refused or failed, without
	// subjects, addresses and tokens. Nil is silent.
	Log *slog.Logger
}

// route is one path of the API. Paths are compared in their escaped form, so
// that a subject may hold a slash; nothing is cleaned and nothing redirected.
type route struct {
	path string // as in openapi.json; {id} stands for one segment
	http.Handler
}

type server struct {
	Config
	routes []route
}

// NewHandler returns the HTTP API:
//
//	GET /employees/{id}   the record of the token's subject, which {id} must be
//	GET /openapi.json     its description
//	GET /livez, /readyz   health, without a token
func NewHandler(cfg Config) (http.Handler, error) {
	if cfg.Records == nil {
		return nil, errors.New("hrapi: NewHandler needs Records")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	guard, err := bearer.Require(cfg.Verifier, bearer.Options{
		Realm:  realm,
		Scopes: []string{ScopeReadEmployee},
		ErrorBody: func(w http.ResponseWriter, _ *http.Request, refusal *bearer.Refusal) {
			writeProblem(w, problem{Status: refusal.Status, Detail: refusal.Description})
		},
		Log: cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("hrapi: %w", err)
	}
	s := &server{Config: cfg}
	s.routes = []route{
		{"/employees/{id}", guard(http.HandlerFunc(s.employee))},
		{"/openapi.json", http.HandlerFunc(s.describe)},
		{"/livez", http.HandlerFunc(s.live)},
		{"/readyz", http.HandlerFunc(s.ready)},
	}
	return s, nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := s.match(r.URL.EscapedPath())
	switch {
	case !ok:
		writeProblem(w, problem{Status: http.StatusNotFound,
			Detail: "There is nothing at this address; see /openapi.json."})
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD") // RFC 9110 §15.5.6: a 405 must name them
		writeProblem(w, problem{Status: http.StatusMethodNotAllowed, Detail: "Use GET."})
	default:
		route.ServeHTTP(w, r)
	}
}

func (s *server) match(path string) (route, bool) {
	for _, route := range s.routes {
		prefix, wildcard := strings.CutSuffix(route.path, "{id}")
		if path == route.path {
			return route, true
		}
		if id, ok := strings.CutPrefix(path, prefix); ok && wildcard && id != "" &&
			!strings.Contains(id, "/") {
			return route, true
		}
	}
	return route{}, false
}

// employee is reached with a person's token that has the scope.
func (s *server) employee(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	claims, ok := bearer.FromContext(r.Context())
	id, err := url.PathUnescape(r.URL.EscapedPath()[len("/employees/"):])
	// Before any look-up, so that neither the answer nor its time tells whether
	// somebody else has a record. Byte by byte: OpenID Connect Core §2 makes sub
	// a case-sensitive text. A machine has no record of its own, and a client may
	// be able to choose a client id that looks like a person's subject (RFC 9700
	// §4.15).
	if !ok || err != nil || claims.Machine || claims.Subject == "" || id != claims.Subject {
		s.Log.Info("request refused", "status", http.StatusForbidden, "cause",
			"the token is not of the person whose record was asked for")
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+
			`", error="insufficient_scope", scope="`+ScopeReadEmployee+`"`)
		writeProblem(w,
			problem{Status: http.StatusForbidden, Detail: "The access token does not allow this."})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookUpTimeout)
	defer cancel()
	address, err := readAddress(r.Header)
	if err != nil {
		s.Log.Info("request refused", "status", http.StatusBadRequest, "cause", err)
		writeProblem(w, problem{Status: http.StatusBadRequest, Detail: "The header " +
			VerifiedEmailHeader + " must hold one e-mail address."})
		return
	}
	record, err := s.Records.Employee(ctx, id, address)
	switch {
	case errors.Is(err, ErrSubjectMismatch):
		s.Log.Error(
			"the identity provider and the employment records do not agree on who is who: the "+
				"proven address stands in the record of another subject",
			"status", http.StatusConflict, "reason", "subject_mismatch")
		writeProblem(w, problem{Type: typeSubjectMismatch, Title: "Subject mismatch",
			Status: http.StatusConflict,
			Detail: "The e-mail address proven for this person stands in another person's " +
				"employment record."})
	case errors.Is(err, ErrNotFound):
		writeProblem(w, problem{Type: typeNoRecord, Title: "No employment record",
			Status: http.StatusNotFound,
			Detail: "The person whom the access token speaks for has no employment record."})
	case r.Context().Err() != nil: // nobody is left to answer
	case err != nil:
		s.Log.Error("look-up failed", "error", err)
		unavailable(w, "The employment records cannot be read at the moment. Please try again.")
	default:
		if address != "" && address != record.Email {
			s.Log.Warn("the address proven for a person is not the one in the employment record; " +
				"import the employees anew if it has changed")
		}
		writeJSON(w, http.StatusOK, "application/json", record)
	}
}

func (s *server) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}

// live answers as long as the process serves requests at all.
func (s *server) live(w http.ResponseWriter, _ *http.Request) { writeHealth(w) }

// ready asks the database and whatever else the configuration named.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), lookUpTimeout)
	defer cancel()
	if err := s.Records.Ping(ctx); err != nil {
		s.Log.Warn("not ready: the records cannot be read", "error", err)
		unavailable(w, "The employment records cannot be read at the moment.")
		return
	}
	if s.Ready != nil {
		if err := s.Ready(ctx); err != nil {
			s.Log.Warn("not ready", "error", err)
			unavailable(w,
				"The server is starting: it does not know the identity provider and its keys yet.")
			return
		}
	}
	writeHealth(w)
}

func writeHealth(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ok"})
}

func unavailable(w http.ResponseWriter, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", retryAfter)
	writeProblem(w, problem{Status: http.StatusServiceUnavailable, Detail: detail})
}

// typeNoRecord tells the 404 of a person without a record from that of a wrong
// address: taking the second for the first would answer that the person is not
// employed.
const typeNoRecord = "https://staff0.com/problems/no-employment-record"

// typeSubjectMismatch is the problem of a person whose proven address stands in
// another person's record.
const typeSubjectMismatch = "https://staff0.com/problems/subject-mismatch"

// problem is a problem document (RFC 9457 §3.1).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func writeProblem(w http.ResponseWriter, p problem) {
	if p.Type == "" {
		// RFC 9457 §4.2.1: about:blank says no more than the status, and the title
		// should be its phrase.
		p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // Siobhán O'Sullivan needs no escapes, and JSON is no HTML
	_ = enc.Encode(v)        // the status is sent; whoever reads finds the body cut short
}
