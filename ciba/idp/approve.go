package idp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"
)

// maxDecisionBody bounds the body of a decision, which has one short member.
const maxDecisionBody = 4 << 10

// serveApprovals lists the undecided requests, for scripts.
func (p *Provider) serveApprovals(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, p.Pending())
}

// serveDecision decides one request: 204, also when it was decided the same way
// before. The content type must be JSON: a form of another site can post
// without asking the browser's leave, but not with that type.
func (p *Provider) serveDecision(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, description string) {
		writeJSON(w, status, map[string]any{"error": code, "error_description": description})
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil ||
		media != "application/json" {
		refuse(http.StatusUnsupportedMediaType, "invalid_request",
			"Content-Type must be application/json.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDecisionBody))
	if err != nil {
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			refuse(http.StatusRequestEntityTooLarge, "invalid_request", "The body is too long.")
			return
		}
		refuse(http.StatusBadRequest, "invalid_request", "The body could not be read.")
		return
	}
	var wanted struct {
		Decision string `json:"decision"`
	}
	decisions := map[string]decision{"approve": approved, "deny": denied}
	if err := json.Unmarshal(body, &wanted); err != nil || decisions[wanted.Decision] == undecided {
		refuse(http.StatusBadRequest, "invalid_request",
			`The body must be {"decision":"approve"} or {"decision":"deny"}.`)
		return
	}
	switch err := p.decide(r.PathValue("id"), decisions[wanted.Decision]); {
	case errors.Is(err, ErrNotFound):
		refuse(http.StatusNotFound, "not_found",
			"There is no such request; it may have ended long ago.")
	case errors.Is(err, ErrDecided):
		refuse(http.StatusConflict, "already_decided", "The request was decided the other way.")
	case errors.Is(err, ErrExpired):
		refuse(http.StatusGone, "expired", "The request has expired.")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// phoneRequest is a pending request as the page shows it.
type phoneRequest struct {
	ID      string `json:"id"`
	Person  string `json:"person"`  // whose phone rings
	Asker   string `json:"asker"`   // who wants to know
	Through string `json:"through"` // the client that asked the provider
	Purpose string `json:"purpose"` // what for, in words
	Code    string `json:"code"`    // to be compared with what the asker shows
	Message string `json:"message"` // the binding message as it is, if it is in no known form
	Reads   string `json:"reads"`   // what an approval opens
	// LeftMS and not a time of day: the phone's clock may be wrong.
	LeftMS int64 `json:"left_ms"`
}

// maxShown bounds the requests in one answer to the page.
const maxShown = 50

// servePhoneState gives the page what it shows: the requests of one person, or of everybody.
func (p *Provider) servePhoneState(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	p.mu.Lock()
	pending := p.requests.pending(now, r.URL.Query().Get("person"))
	p.mu.Unlock()
	shown := []phoneRequest{}
	for _, a := range pending[:min(len(pending), maxShown)] {
		shown = append(shown, p.present(a, now))
	}
	writeJSON(w, http.StatusOK,
		map[string]any{"requests": shown, "more": len(pending) - len(shown)})
}
