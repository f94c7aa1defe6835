package main

import (
	"testing"

	"staff0/a2a"
)

// requirement is one row of the kit's list, by the kit's id. The same holds in every binding,
// unless one is named.
type requirement struct {
	id      string
	means   string
	test    func(*kit)
	binding string               // the only one, "" for all
	card    func(*a2a.AgentCard) // changes the card of the agent
	network bool                 // over real connections, with a receiver of webhooks
}

// TestRequirements holds the engine and the bindings to what the official kit asks for, without the
// kit. What the kit gets wrong is done right here.
func TestRequirements(t *testing.T) {
	seen := map[string]bool{}
	for _, rows := range [][]requirement{sending, reading, streaming, notifying, spelling,
		describing} {
		for _, r := range rows {
			if seen[r.id] {
				t.Errorf("%s is there twice", r.id)
			}
			seen[r.id] = true
			t.Run(r.id, func(t *testing.T) {
				for _, b := range bindings {
					if r.binding == "" || r.binding == b.name() {
						t.Run(b.name(), func(t *testing.T) {
							withKit(t, b, r)
							if t.Failed() {
								t.Log(r.means)
							}
						})
					}
				}
			})
		}
	}
}
