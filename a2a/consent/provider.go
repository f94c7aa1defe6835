package consent

import (
	"errors"
	"strings"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

// faultMemory is how long a fault of the provider's counts after it was met last. An agent that is
// unready is asked nothing, so that nothing but time can make it ready again.
const faultMemory = 30 * time.Second

// Healthy reports what kept everybody from being asked a moment ago: the provider cannot be
// reached, or refuses the agent itself. What an asker could bring about by asking for somebody is
// none of it.
func (r *Room) Healthy() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == nil || time.Since(r.faultAt) >= faultMemory {
		return nil
	}
	return errors.New("nobody can be asked: " + Plain(r.fault))
}

// judgeProvider takes in how the provider answered, whoever was asked about. The lock is held.
func (r *Room) judgeProvider(err error, now time.Time) {
	switch {
	case everybodys(err):
		r.fault, r.faultAt = err, now
	case !errors.Is(err, oauth.ErrUnreachable):
		r.fault = nil
	}
}

// everybodys reports whether an error concerns no person.
func everybodys(err error) bool {
	return errors.Is(err, oauth.ErrInvalidClient) || errors.Is(err, oauth.ErrUnauthorizedClient) ||
		errors.Is(err, oauth.ErrUnreachable)
}

// tooMuch warns of an approval that grants more than was asked for, once for the same. The lock is
// held.
func (r *Room) tooMuch(grant *ciba.Grant) {
	all := strings.Join(grant.Excess, ", ")
	if all != "" && all != r.excess {
		r.c.Log.Warn("the provider grants more than it is asked for; take it away there, "+
			"for anybody who obtains such a token could do more with it", "granted", all)
	}
	r.excess = all
}
