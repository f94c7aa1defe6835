package a2asrv

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// card is one form of the agent card, ready to be sent.
type card struct {
	noun         *a2a.AgentCard // of an extended card
	body         []byte
	tag          string // strong (RFC 9110 §8.8.3): equal tags are equal bytes
	made         time.Time
	etag, length []string
	modified     []string // when it was made: it changes only with the process
}

func newCard(c *a2a.AgentCard, form wire.CardForm) (*card, error) {
	body, err := wire.MarshalCard(c, form)
	if err != nil {
		return nil, fmt.Errorf("a2asrv: write the agent card: %w", err)
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	made := time.Now().UTC().Truncate(time.Second)
	return &card{
		body: body, tag: tag, made: made, etag: []string{tag},
		length:   []string{strconv.Itoa(len(body))},
		modified: []string{made.Format(http.TimeFormat)},
	}, nil
}

// Headers of the card. It is public, so any page may read it: browsers send the version header only
// where they are told that they may.
var (
	cardCaching  = []string{"public, max-age=" + strconv.Itoa(int(CardMaxAge/time.Second))}
	cardVary     = []string{wire.VersionHeader}
	cardOrigin   = []string{"*"}
	cardMethods  = []string{"GET, HEAD"}
	cardAllow    = []string{"GET, HEAD, OPTIONS"}
	cardHeaders  = []string{wire.VersionHeader + ", If-None-Match"}
	cardRemember = []string{"86400"} // seconds that a browser may remember the answer to OPTIONS
)

// serveCard gives the card of the newest version to whoever asks for that version, and to everybody
// else the one that all can read (§8.2, §8.6.1).
func (s *Server) serveCard(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = cardOrigin
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h["Allow"] = cardAllow
		h["Access-Control-Allow-Methods"] = cardMethods
		h["Access-Control-Allow-Headers"] = cardHeaders
		h["Access-Control-Max-Age"] = cardRemember
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h["Allow"] = cardAllow
		s.refuse(w, r, http.StatusMethodNotAllowed,
			&a2a.Error{Err: a2a.ErrInvalidRequest, Message: "The card is read with GET"})
		return
	}
	if !s.ready() {
		NotReady(w, r)
		return
	}
	c := s.union
	if v := version(r); v != "" && wire.Lookup(v) == wire.V10 {
		c = s.pure
	}
	h["Cache-Control"] = cardCaching
	h["Vary"] = cardVary
	c.serve(w, r, jsonType)
}

// serve answers a GET with the card, unless the client has it.
func (c *card) serve(w http.ResponseWriter, r *http.Request, media []string) {
	h := w.Header()
	h["Etag"] = c.etag
	h["Last-Modified"] = c.modified
	if c.known(r.Header) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = media
	h["Content-Length"] = c.length
	_, _ = w.Write(c.body)
}

// known reports whether the client has the card. A tag wins over a time (RFC 9110 §13.2.2).
func (c *card) known(h http.Header) bool {
	if tags := h["If-None-Match"]; len(tags) > 0 {
		return c.matches(tags)
	}
	times := h["If-Modified-Since"]
	if len(times) != 1 {
		return false
	}
	since, err := http.ParseTime(times[0])
	return err == nil && !c.made.After(since)
}

// matches compares weakly, as If-None-Match wants it (RFC 9110 §13.1.2). Our tags hold no comma, so
// the list may be cut at them.
func (c *card) matches(lists []string) bool {
	for _, list := range lists {
		for tag := range strings.SplitSeq(list, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == c.tag {
				return true
			}
		}
	}
	return false
}
