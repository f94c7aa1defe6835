package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"staff0/ciba/idp"
)

// keyboard is the employee at the terminal. One request is on the screen at a time, and an answer
// belongs to that one: the next is shown when it is decided, here or on the phone page, or its time
// is up.
type keyboard struct {
	in  io.Reader
	out io.Writer

	mu       sync.Mutex
	provider phone
	shown    idp.Approval // its ID is empty while nothing is asked
}

// phone is what decides; *idp.Provider is one.
type phone interface {
	Pending() []idp.Approval
	Approve(id string) error
	Deny(id string) error
}

// keyboardLook is how often is looked whether the request on the screen still waits.
const keyboardLook = 250 * time.Millisecond

func newKeyboard(in io.Reader, out io.Writer) *keyboard { return &keyboard{in: in, out: out} }

// arrived is told of each request.
func (k *keyboard) arrived(a idp.Approval) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shown.ID == "" {
		k.show(a)
	}
}

// show puts a request on the screen. The lock is held.
func (k *keyboard) show(a idp.Approval) {
	k.shown = a
	fmt.Fprintf(k.out, "\n%s\n[y/n] ", describeApproval(a))
}

// next shows the oldest request that waits. The lock is held.
func (k *keyboard) next() {
	k.shown = idp.Approval{}
	if pending := k.provider.Pending(); len(pending) > 0 {
		k.show(pending[0])
	}
}

// run takes decisions until the terminal ends.
func (k *keyboard) run(provider phone) {
	k.mu.Lock()
	k.provider = provider
	if k.shown.ID == "" {
		k.next()
	}
	k.mu.Unlock()
	ended := make(chan struct{})
	defer close(ended)
	go k.watch(ended)
	for lines := bufio.NewScanner(k.in); lines.Scan(); {
		k.decide(lines.Text())
	}
}

// watch takes requests from the screen that do not wait any more.
func (k *keyboard) watch(ended <-chan struct{}) {
	tick := time.NewTicker(keyboardLook)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			k.look(time.Now())
		case <-ended:
			return
		}
	}
}

func (k *keyboard) look(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shown.ID == "" || slices.ContainsFunc(k.provider.Pending(), func(a idp.Approval) bool {
		return a.ID == k.shown.ID
	}) {
		return
	}
	if now.Before(k.shown.ExpiresAt) {
		k.tell("decided on the phone page.")
	} else {
		k.tell("the time is up.")
	}
	k.next()
}

// tell says what has become of the request on the screen. The lock is held.
func (k *keyboard) tell(what string) {
	fmt.Fprintf(k.out, "\n%s, code %s: %s\n", escape(k.shown.Name), escape(approvalCode(k.shown)),
		what)
}

// decide takes an answer for the request on the screen.
func (k *keyboard) decide(line string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shown.ID == "" {
		return
	}
	var err error
	outcome := "approved."
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		err = k.provider.Approve(k.shown.ID)
	case "n", "no":
		err = k.provider.Deny(k.shown.ID)
		outcome = "declined."
	default:
		fmt.Fprint(k.out, "y or n? ")
		return
	}
	switch {
	case errors.Is(err, idp.ErrDecided):
		outcome = "it was decided already, on the phone page."
	case errors.Is(err, idp.ErrExpired), errors.Is(err, idp.ErrNotFound):
		outcome = "too late, the time is up."
	case err != nil:
		outcome = err.Error()
	}
	k.tell(outcome)
	k.next()
}

// approvalCode is the code that person and asker compare.
func approvalCode(a idp.Approval) string {
	if m, ok := idp.ReadMessage(a.BindingMessage); ok {
		return m.Code
	}
	return a.BindingMessage
}
