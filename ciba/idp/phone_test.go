package idp

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPhonePagePolicy(t *testing.T) {
	p := newTest(t, nil)
	a := send(p, "GET", "/", "")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	policy := map[string]string{}
	for directive := range strings.SplitSeq(a.header.Get("Content-Security-Policy"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		policy[name] = value
	}
	nonce := strings.TrimSuffix(strings.TrimPrefix(policy["script-src"], "'nonce-"), "'")
	want := map[string]string{
		"default-src": "'none'", "script-src": "'nonce-" + nonce + "'", "style-src": "'nonce-" +
			nonce + "'", "connect-src": "'self'",
		"img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
		"frame-ancestors":           "'none'",
		"require-trusted-types-for": "'script'", "trusted-types": "'none'",
	}
	if fmt.Sprint(policy) != fmt.Sprint(want) {
		t.Errorf("policy: %v\nwant    %v", policy, want)
	}
	if len(nonce) < 22 || strings.Count(a.text, `nonce="`+nonce+`"`) != 2 {
		t.Errorf("the nonce %q is short or not on script and style", nonce)
	}
	if again := send(p, "GET", "/", ""); strings.Contains(again.text, nonce) {
		t.Error("two pages have the same nonce")
	}
	for _, forbidden := range []string{" onclick=", " onload=", " style=", "http://", "https://",
		"innerHTML", "eval("} {
		if strings.Contains(a.text, forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}
	for _, path := range []string{"/approvals", "/nothing", "/livez", pathJWKS} {
		if got := send(p, "GET", path, "").header.Get(
			"Content-Security-Policy"); got != "default-src 'none'; frame-ancestors 'none'" {
			t.Errorf("policy of %s: %q", path, got)
		}
	}
}

func TestPhonePageSaysForDevelopment(t *testing.T) {
	p := newTest(t, nil)
	page := send(p, "GET", "/", "").text
	if !strings.Contains(page, "For development:") ||
		!strings.Contains(page, "for development</title>") {
		t.Error("the page does not say so")
	}
	for _, refusal := range []answer{
		send(p, "GET", "/", "", "Host", "evil.example"),
		send(p, "POST", "/approvals/x", "", "Sec-Fetch-Site", "cross-site"),
	} {
		if refusal.status != 403 || !strings.Contains(refusal.text, "for development") {
			t.Errorf("%d %q", refusal.status, refusal.text)
		}
	}
}

func TestPhonePageEscapesPeople(t *testing.T) {
	p := newTest(t, hostile)
	page := send(p, "GET", "/?person="+`%22%3E%3Cscript%3Ealert(4)%3C/script%3E`, "").text
	if strings.Count(page, "<script") != 1 || strings.Contains(page, "<img") ||
		strings.Contains(page, "<svg") || strings.Contains(page, "alert(4)") {
		t.Error("hostile text became markup")
	}
	if !strings.Contains(page, html.EscapeString(hostileName)[:20]) {
		t.Error("the hostile name is missing")
	}
	if !strings.Contains(page,
		`<option value="auth0|osullivan">Siobhán O&#39;Sullivan (siobhan.o&#39;sullivan@staff0.com)</option>`) {
		t.Error("a name with an apostrophe is not listed as expected")
	}
}

func TestPhonePageRemembersThePerson(t *testing.T) {
	page := send(newTest(t, nil), "GET", "/?person=auth0%7Casmith", "").text
	if strings.Count(page, " selected") != 1 ||
		!strings.Contains(page, `value="auth0|asmith" selected>`) {
		t.Error("the person in the address is not chosen")
	}
}

func TestPhonePageListsAFewHundredPeople(t *testing.T) {
	var people []Person
	for i := range maxListed + 3 {
		people = append(people, Person{Subject: fmt.Sprintf("auth0|%d", i)})
	}
	page := send(newTest(t, func(c *Config) { c.People = people }), "GET", "/", "").text
	if n := strings.Count(page, "<option"); n != maxListed+1 ||
		!strings.Contains(page, "3 more people are not listed") {
		t.Errorf("%d options", n)
	}
}

// shown gives what the page would show.
func shown(t *testing.T, p *Provider, query string) (requests []map[string]any, more float64) {
	t.Helper()
	a := send(p, "GET", "/phone.json"+query, "")
	var state struct {
		Requests []map[string]any
		More     float64
	}
	if err := json.Unmarshal([]byte(a.text), &state); err != nil || state.Requests == nil {
		t.Fatalf("%s: %v", a.text, err)
	}
	return state.Requests, state.More
}

func TestWhatThePhoneShows(t *testing.T) {
	tests := []struct {
		message, scope string
		want           map[string]string
	}{
		{"bank:employment-status:7K3F-9QXM", "openid " + APIScope, map[string]string{
			"asker": "First Bank", "through": "Staff0 HR Agent",
			"purpose": "whether you are employed here",
			"code":    "7K3F-9QXM", "message": "", "reads": "your employment record"}},
		{"another-bank:start_date:7K3F-9QXM", "openid email profile " + APIScope, map[string]string{
			"asker": "another-bank", "through": "Staff0 HR Agent", "purpose": "about “start date”",
			"code": "7K3F-9QXM", "message": "",
			"reads": "your e-mail address, your name, your employment record"}},
		{"HR-7K3F-9QXM", "openid other", map[string]string{
			"asker": "Staff0 HR Agent", "through": "", "purpose": "", "code": "HR-7K3F-9QXM",
			"message": "", "reads": "other"}},
		{"please-approve", "openid", map[string]string{
			"asker": "Staff0 HR Agent", "through": "", "purpose": "", "code": "",
			"message": "please-approve", "reads": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTest(t, func(c *Config) {
					c.Clients = DefaultClients()
					c.Clients[1].CIBA[0].Scopes = []string{APIScope, "other"}
				})
				ask(t, p, "binding_message", tt.message, "scope", tt.scope)
				time.Sleep(30 * time.Second)
				got, _ := shown(t, p, "")
				for name, want := range tt.want {
					if got[0][name] != want {
						t.Errorf("%s: %q, want %q", name, got[0][name], want)
					}
				}
				if got[0]["person"] != "John Doe" || got[0]["left_ms"] != 90_000.0 {
					t.Errorf("person and time left: %v", got[0])
				}
			})
		})
	}
}

func TestThePhoneOfOnePerson(t *testing.T) {
	p := newTest(t, nil)
	ask(t, p)
	ask(t, p, "login_hint", "auth0|asmith")
	if got, _ := shown(t, p, "?person=auth0%7Casmith"); len(got) != 1 ||
		got[0]["person"] != "Alice Smith" {
		t.Errorf("one person: %v", got)
	}
	if got, _ := shown(t, p, "?person=auth0%7Cnobody"); len(got) != 0 {
		t.Errorf("nobody: %v", got)
	}
	for range maxShown {
		ask(t, p)
	}
	if got, more := shown(t, p, ""); len(got) != maxShown || more != 2 {
		t.Errorf("%d requests and %v more", len(got), more)
	}
}

func TestReadMessage(t *testing.T) {
	for s, want := range map[string]Message{
		"bank:employment-status:7K3F-9QXM": {"bank", "employment-status", "7K3F-9QXM"},
		// chance has drawn no digit
		"bank:employment-status:KXTW-HJQM": {"bank", "employment-status", "KXTW-HJQM"},
		"a:b:12345678901234567890":         {"a", "b", "12345678901234567890"},
		"7K3F-9QXM":                        {"", "", "7K3F-9QXM"},
		"1234":                             {"", "", "1234"},
	} {
		if got, ok := ReadMessage(s); !ok || got != want {
			t.Errorf("%q: %+v %v", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "a", ":", "::", "bank::7K3F-9QXM", ":purpose:7K3F-9QXM", "bank:purpose:",
		"bank:purpose:7k3f-9qxm", "bank:purpose:7K3F:9QXM",
		"bank:7K3F-9QXM", "APPROVE-NOW", "123", "123456789012345678901", "-1234", "1234-", "----",
		"7K3F 9QXM", "<b>1</b>",
	} {
		if got, ok := ReadMessage(s); ok || got != (Message{}) {
			t.Errorf("%q is read as %+v", s, got)
		}
	}
}

// Whatever is read must be there: a code that the message does not end in would
// be compared with the wrong one.
func FuzzReadMessage(f *testing.F) {
	for _, s := range []string{"bank:employment-status:7K3F-9QXM", "7K3F-9QXM", "a:b", "::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := ReadMessage(s)
		if !ok {
			return
		}
		if whole := m.Asker + ":" + m.Purpose + ":" + m.Code; s != m.Code && s != whole {
			t.Errorf("%q is read as %+v", s, m)
		}
	})
}
