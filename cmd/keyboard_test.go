package cmd

import (
	"slices"
	"strings"
	"testing"
	"time"

	"staff0/ciba/idp"
)

// fakePhone has requests that wait.
type fakePhone struct {
	waiting []idp.Approval
	decided []string
}

func (p *fakePhone) Pending() []idp.Approval { return slices.Clone(p.waiting) }

func (p *fakePhone) remove(id string) error {
	before := len(p.waiting)
	p.waiting = slices.DeleteFunc(p.waiting, func(a idp.Approval) bool { return a.ID == id })
	if len(p.waiting) == before {
		return idp.ErrExpired
	}
	return nil
}

func (p *fakePhone) Approve(id string) error {
	p.decided = append(p.decided, "approve "+id)
	return p.remove(id)
}

func (p *fakePhone) Deny(id string) error {
	p.decided = append(p.decided, "deny "+id)
	return p.remove(id)
}

// An answer at the terminal belongs to the request on the screen, whatever else waits, has lapsed,
// or was decided on the phone page meanwhile.
func TestAnAnswerBelongsToTheRequestOnTheScreen(t *testing.T) {
	now := time.Now()
	request := func(name, code string) idp.Approval {
		return idp.Approval{ID: name, Name: name, BindingMessage: "bank:employment-status:" + code,
			ExpiresAt: now.Add(time.Minute)}
	}
	john, ben, alice := request("John", "AAAA-1111"), request("Ben", "BBBB-2222"),
		request("Alice", "CCCC-3333")
	p := &fakePhone{}
	var out strings.Builder
	k := newKeyboard(strings.NewReader(""), &out)
	k.run(p)
	wants := func(what string, want ...string) {
		t.Helper()
		said := out.String()
		out.Reset()
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: %q is not in %q", what, w, said)
			}
		}
		if n := strings.Count(said, "[y/n]"); n > 1 {
			t.Errorf("%s: %d requests are on the screen: %q", what, n, said)
		}
	}
	arrives := func(a idp.Approval) {
		p.waiting = append(p.waiting, a)
		k.arrived(a)
	}

	arrives(john)
	arrives(ben)
	wants("two requests", "John", "AAAA-1111")
	k.decide("what")
	wants("nonsense", "y or n?")
	k.decide("y")
	wants("the first answer", "John, code AAAA-1111: approved.", "Ben", "BBBB-2222")

	_ = p.remove("Ben")
	arrives(alice)
	k.look(now.Add(2 * time.Minute))
	wants("a lapse", "Ben, code BBBB-2222: the time is up.", "Alice")
	_ = p.remove("Alice")
	k.decide("y")
	wants("an answer that is too late", "Alice, code CCCC-3333: too late")
	k.decide("y") // nothing is on the screen
	wants("nothing")
	arrives(john)
	_ = p.remove("John")
	k.look(now)
	wants("a decision on the page", "John, code AAAA-1111: decided on the phone page.")
	if got := strings.Join(p.decided, ", "); got != "approve John, approve Alice" {
		t.Errorf("decided: %s", got)
	}
}
