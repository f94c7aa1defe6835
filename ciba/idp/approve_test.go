package idp

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestApprovalsForScripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, nil)
		if a := send(p, "GET", "/approvals", ""); a.text != "[]\n" {
			t.Errorf("without a request: %q", a.text)
		}
		ask(t, p)
		now := time.Now()
		a := send(p, "GET", "/approvals", "")
		var list []map[string]string
		if err := json.Unmarshal([]byte(a.text), &list); err != nil || len(list) != 1 {
			t.Fatalf("%s %v", a.text, err)
		}
		want := map[string]string{
			"id": p.Pending()[0].ID, "client_id": "hr-agent", "subject": "auth0|jdoe",
			"email": "jdoe@staff0.com",
			"scope": "openid " + APIScope, "binding_message": "bank:employment-status:7K3F-9QXM",
			"requested_at": now.UTC().Format(time.RFC3339Nano),
			"expires_at":   now.Add(2 * time.Minute).UTC().Format(time.RFC3339Nano),
		}
		if len(list[0]) != len(want) {
			t.Errorf("members: %v", list[0])
		}
		for name, value := range want {
			if list[0][name] != value {
				t.Errorf("%s: %q, want %q", name, list[0][name], value)
			}
		}
		time.Sleep(time.Second)
		ask(t, p, "login_hint", "auth0|asmith")
		if got := p.Pending(); len(got) != 2 || got[0].Subject != "auth0|jdoe" {
			t.Errorf("not the oldest first: %+v", got)
		}
		time.Sleep(2*time.Minute - time.Second)
		if got := p.Pending(); len(got) != 1 {
			t.Errorf("an expired request is listed: %+v", got)
		}
	})
}

func TestDecisions(t *testing.T) {
	const approve, deny = `{"decision":"approve"}`, `{"decision":"deny"}`
	type post struct {
		body, contentType string
		status            int
	}
	tests := []struct {
		what  string
		posts []post
		poll  string
	}{
		{"approve", []post{{approve, "", 204}}, ""},
		{"deny", []post{{deny, "", 204}}, "access_denied"},
		{"approve twice", []post{{approve, "", 204}, {approve, "", 204}}, ""},
		{"approve and then deny", []post{{approve, "", 204}, {deny, "", 409}}, ""},
		{"deny and then approve", []post{{deny, "", 204}, {approve, "", 409}}, "access_denied"},
		{"a charset", []post{{approve, "application/json; charset=utf-8", 204}}, ""},
		{"a form", []post{{"decision=approve", "application/x-www-form-urlencoded", 415}},
			"authorization_pending"},
		{"JSON called text", []post{{approve, "text/plain", 415}}, "authorization_pending"},
		{"no content type", []post{{approve, "-", 415}}, "authorization_pending"},
		{"another word", []post{{`{"decision":"yes"}`, "", 400}}, "authorization_pending"},
		{"no decision", []post{{`{}`, "", 400}}, "authorization_pending"},
		{"no JSON", []post{{`approve`, "", 400}}, "authorization_pending"},
		{"more behind it", []post{{approve + "x", "", 400}}, "authorization_pending"},
		{"a long body", []post{{approve + strings.Repeat(" ", maxDecisionBody), "", 413}},
			"authorization_pending"},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			p := newTest(t, nil)
			id := ask(t, p)
			path := "/approvals/" + p.Pending()[0].ID
			for _, d := range tt.posts {
				contentType := d.contentType
				if contentType == "" {
					contentType = "application/json"
				}
				if a := send(p, "POST", path, d.body, "Content-Type",
					contentType); a.status != d.status {
					t.Errorf("%s: %d %s, want %d", d.body, a.status, a.text, d.status)
				}
			}
			if a := poll(p, id); a.str("error") != tt.poll {
				t.Errorf("poll: %s, want %q", a.text, tt.poll)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		p := newTest(t, nil)
		ask(t, p)
		id := p.Pending()[0].ID
		if a := send(p, "POST", "/approvals/nobody", approve, "Content-Type",
			"application/json"); a.status != 404 {
			t.Errorf("an unknown request: %d", a.status)
		}
		time.Sleep(2 * time.Minute)
		if a := send(p, "POST", "/approvals/"+id, approve, "Content-Type",
			"application/json"); a.status != 410 {
			t.Errorf("an expired request: %d %s", a.status, a.text)
		}
	})
}
