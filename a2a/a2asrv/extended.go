package a2asrv

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
)

// olderCardPath is where clients of 0.2 look for the extended card, below the URL of the agent.
const olderCardPath = "/agent/authenticatedExtendedCard"

// extend writes the extended card in the form of each version (§3.1.11): never the union, for
// results are read strictly.
func (s *Server) extend(public, extended *a2a.AgentCard) error {
	s.extended = map[*wire.Dialect]*card{}
	for _, i := range public.SupportedInterfaces {
		form, d, noun := wire.CardV10, wire.Lookup(i.ProtocolVersion), extended
		if d == nil || s.extended[d] != nil {
			continue
		}
		if d == wire.V03 {
			form = wire.CardV03
			unsigned := *extended
			unsigned.Signatures = nil // they are over the form of 1.0
			noun = &unsigned
		}
		c, err := newCard(noun, form)
		if err != nil {
			return fmt.Errorf("a2asrv: the extended card: %w", err)
		}
		c.noun = noun
		s.extended[d] = c
	}
	return nil
}

// serveExtendedCard enters the extended card. A GET of it may be kept for a while by whoever asked,
// and by nobody else (§8.6.1, §13.3).
func (b binding) serveExtendedCard(d *wire.Dialect, c *card) {
	m := &d.GetExtendedAgentCard
	serve(b, m, atOnce, func(context.Context, tasks.Owner, *a2a.GetExtendedAgentCardRequest) (
		*a2a.AgentCard, error) {
		return c.noun, nil
	})
	op := b.table[m.Name]
	rpc := op.run
	op.run = func(call *call) error {
		if !call.rest {
			return rpc(call)
		}
		if _, err := params(b, m, call); err != nil {
			return err
		}
		c.servePrivately(call.w, call.r, call.media)
		return nil
	}
	b.table[m.Name] = op
}

// Headers of the extended card.
var (
	privateCaching = []string{"private, max-age=" + strconv.Itoa(int(CardMaxAge/time.Second))}
	privateVary    = []string{"Authorization, Accept, " + wire.VersionHeader}
)

func (c *card) servePrivately(w http.ResponseWriter, r *http.Request, media []string) {
	h := w.Header()
	h["Cache-Control"] = privateCaching
	h["Vary"] = privateVary
	c.serve(w, r, media)
}

// serveOlderCard answers clients of 0.2, which fetch the extended card.
func (s *Server) serveOlderCard(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		s.refuse(w, r, http.StatusMethodNotAllowed,
			&a2a.Error{Err: a2a.ErrMethodNotFound, Message: "The card is read with GET"})
		return
	}
	s.extended[wire.V03].servePrivately(w, r, jsonType)
}
