package consent

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba"
	"staff0/ciba/oauth"
)

// What concerns everybody makes the agent unready, for a while after it was met last; what an asker
// could bring about does not, and whatever answer comes is an end of it.
func TestHealthy(t *testing.T) {
	refused := func(code string) error { return &oauth.Error{Status: 400, Code: code} }
	for _, row := range []struct {
		name    string
		ring    error
		poll    error
		healthy bool
	}{
		{"an answer", nil, ciba.ErrPending, true},
		{"an unknown person", ciba.ErrUnknownUser, nil, true},
		{"a person without a device", ciba.ErrNoDevice, nil, true},
		{"a request that is refused", refused("invalid_request"), nil, true},
		{"a message that is refused", refused("invalid_binding_message"), nil, true},
		{"the agent is refused", refused("invalid_client"), nil, false},
		{"the agent's client may not", refused("unauthorized_client"), nil, false},
		{"no answer", &ciba.TemporaryError{Err: oauth.ErrUnreachable}, nil, false},
		{"no answer to polls", nil, &ciba.TemporaryError{Err: oauth.ErrUnreachable}, false},
		{"polls are refused", nil, refused("unauthorized_client"), false},
		{"a broken answer to polls", nil, temporary(500, 0), true},
		{"somebody else's approval", nil, &ciba.MismatchError{What: "x"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			office(t, nil, func(t *testing.T, d *desk) {
				d.ring = func(int, string) error { return row.ring }
				d.answer = answers(row.poll)
				d.begins("a", 20*time.Second, 5*time.Second)
				time.Sleep(time.Second)
				err := d.Healthy()
				if (err == nil) != row.healthy {
					t.Fatalf("%v\n%s", err, d.log.String())
				}
				time.Sleep(time.Minute)
				if err := d.Healthy(); err != nil {
					t.Errorf("a minute after the last question: %v", err)
				}
				synctest.Wait()
				d.ring = func(int, string) error { return row.ring }
				d.begins("b", time.Minute, 5*time.Second)
				time.Sleep(time.Second)
				synctest.Wait()
				d.ring, d.answer = nil, answers(ciba.ErrPending)
				d.begins("c", time.Minute, 5*time.Second)
				time.Sleep(time.Second)
				if err := d.Healthy(); err != nil {
					t.Errorf("after an answer: %v", err)
				}
			})
		})
	}
}

// Nobody who is unknown, blocked or without a device rings an alarm, and each has a reason of its
// own.
func TestPeopleWhoCannotBeAskedAreNoAlarm(t *testing.T) {
	for reason, err := range map[string]error{
		"unknown_person": ciba.ErrUnknownUser, "blocked_person": ciba.ErrAccessDenied,
		"person_without_device": ciba.ErrNoDevice,
	} {
		t.Run(reason, func(t *testing.T) {
			office(t, nil, func(t *testing.T, d *desk) {
				d.ring = refuse(err)
				d.begins("a", 20*time.Second, 5*time.Second)
				time.Sleep(time.Minute)
				d.wantEnd("a", Silent, reason, 20*time.Second)
				if log := d.log.String(); strings.Contains(log, "ERROR") ||
					strings.Contains(log, "WARN") {
					t.Error(log)
				}
			})
		})
	}
}

// The operator is told once of a provider that grants too much, and again when that changes.
func TestTooMuchIsToldOnce(t *testing.T) {
	office(t, nil, func(t *testing.T, d *desk) {
		for i, excess := range [][]string{{`the audience "account"`}, {`the audience "account"`},
			{"a refresh token"}, nil} {
			synctest.Wait()
			d.answer = func(string, int) (*ciba.Grant, error) {
				return &ciba.Grant{Subject: john, Excess: excess}, nil
			}
			d.begins(fmt.Sprint(i), 20*time.Second, 5*time.Second)
			time.Sleep(time.Second)
		}
		if n := strings.Count(d.log.String(), "grants more than it is asked for"); n != 2 {
			t.Errorf("told %d times\n%s", n, d.log.String())
		}
	})
}

// What the provider says beside its code reaches the log, escaped, unless the person may be in it.
func TestWhatTheProviderSaid(t *testing.T) {
	marked := &Request{Subject: "auth0|77", Email: "jdoe@staff0.com",
		About: []byte(`{"number":"E1001"}`)}
	for said, want := range map[string]string{
		"":                                       "",
		"Client not allowed OIDC CIBA Grant":     "Client not allowed OIDC CIBA Grant",
		"a\nline":                                `a\nline`,
		"user JDOE not found":                    "left out, it may name the person",
		"no E1001 here":                          "left out, it may name the person",
		"somebody@example.com is locked":         "left out, it may name the person",
		"auth0|12 is locked":                     "left out, it may name the person",
		strings.Repeat("x", 300):                 strings.Repeat("x", 200) + "…",
		"Account is not fully set up\x1b[31mred": `Account is not fully set up\x1b[31mred`,
	} {
		err := fmt.Errorf("poll: %w", &oauth.Error{Status: 400, Code: "invalid_grant",
			Description: said})
		if got := words(err, marked.marks()); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
	if words(errBoom, nil) != "" {
		t.Error("words of nobody")
	}
}
