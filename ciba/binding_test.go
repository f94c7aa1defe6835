package ciba

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestBindingMessage(t *testing.T) {
	const code = "7K3F-9QXM"
	for _, tt := range []struct {
		why            string
		provider       Provider
		label, purpose string
		want           string
	}{
		{"Auth0: asker, purpose, code", Auth0, "bank", "employment-status",
			"bank:employment-status:7K3F-9QXM"},
		{"characters that Auth0 refuses become dashes", Auth0, "First Bank & Söhne/✓",
			"employment-status", "First-Bank---S-hne--:employment-status:7K3F-9QXM"},
		{"characters that it takes stay", Auth0, "a+b_c.d,e#9-Z", "p", "a+b_c.d,e#9-Z:p:7K3F-9QXM"},
		{"the separator does not", Auth0, "bank:employment-status:AAAA-BBBB", "p:q",
			"bank-employment-status-AAAA-BBBB:p-q:7K3F-9QXM"},
		{"control characters", Auth0, "a\n\x00\u202eb", "p", "a---b:p:7K3F-9QXM"},
		{"a long label is cut, never the code", Auth0, strings.Repeat("b", 100),
			"employment-status", strings.Repeat("b", 36) + ":employment-status:7K3F-9QXM"},
		{"a label that just fits", Auth0, strings.Repeat("b", 36), "employment-status",
			strings.Repeat("b", 36) + ":employment-status:7K3F-9QXM"},
		{"no label", Auth0, "", "employment-status", "employment-status:7K3F-9QXM"},
		{"no purpose", Auth0, "bank", "", "bank:7K3F-9QXM"},
		{"a purpose too long is left out", Auth0, "bank", strings.Repeat("p", 60),
			"bank:7K3F-9QXM"},
		{"no room for a label", Auth0, "bank", strings.Repeat("p", 54), strings.Repeat("p", 54) +
			":7K3F-9QXM"},
		{"Keycloak: the same with dots", Keycloak, "bank", "employment-status",
			"bank.employment-status.7K3F-9QXM"},
		{"Keycloak: the separator becomes a dash, too", Keycloak, "first.bank:x,y#z", "p",
			"first-bank-x-y-z.p.7K3F-9QXM"},
		{"Keycloak: fifty characters", Keycloak, strings.Repeat("b", 100), "employment-status",
			strings.Repeat("b", 22) + ".employment-status.7K3F-9QXM"},
		{"others: the code alone", Generic, "bank", "employment-status", code},
		{"nothing configured: the code alone", "", "bank", "employment-status", code},
	} {
		if got := tt.provider.BindingMessage(tt.label, tt.purpose, code); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.why, got, tt.want)
		}
	}
}

func FuzzBindingMessageEndsInTheWholeCode(f *testing.F) {
	f.Add("bank", "employment-status")
	f.Add("\xff\xfe", strings.Repeat("é", 99))
	allowed := regexp.MustCompile(`^[A-Za-z0-9+\-_.,:#]{1,64}$`)
	dotted := regexp.MustCompile(`^[A-Za-z0-9\-._+]{1,50}$`)
	narrow := regexp.MustCompile(`^[A-Za-z0-9\-._+#]{1,20}$`)
	f.Fuzz(func(t *testing.T, label, purpose string) {
		code := NewCode()
		if got := Auth0.BindingMessage(label, purpose, code); !allowed.MatchString(got) ||
			!strings.HasSuffix(got, code) {
			t.Errorf("Auth0 refuses %q", got)
		}
		if got := Keycloak.BindingMessage(label, purpose, code); !dotted.MatchString(got) ||
			!strings.HasSuffix(got, code) {
			t.Errorf("Keycloak refuses %q", got)
		}
		if got := Generic.BindingMessage(label, purpose, code); !narrow.MatchString(got) {
			t.Errorf("somebody refuses %q", got)
		}
	})
}

// Row 20: a new code each time.
func TestNewCode(t *testing.T) {
	form := regexp.MustCompile(`^[2-9BCDFGHJKMNPQRSTVWXYZ]{4}-[2-9BCDFGHJKMNPQRSTVWXYZ]{4}$`)
	seen := map[string]bool{}
	count := map[rune]int{}
	const n = 20_000
	for range n {
		code := NewCode()
		if !form.MatchString(code) {
			t.Fatalf("%q", code)
		}
		seen[code] = true
		for _, r := range code {
			count[r]++
		}
	}
	if len(seen) < n-5 { // one pair among so many is a chance of 1 in 2000
		t.Errorf("only %d codes of %d differ", len(seen), n)
	}
	// Each of 28 characters is expected 8n/28 times; 6 % off is five deviations.
	want := float64(8*n) / float64(len(codeAlphabet))
	for _, r := range codeAlphabet {
		if d := float64(count[r])/want - 1; d > 0.08 || d < -0.08 {
			t.Errorf("%c comes up %d times, expected %.0f", r, count[r], want)
		}
	}
}

func TestLoginHint(t *testing.T) {
	for _, p := range []Provider{Keycloak, Generic, ""} {
		if got := p.LoginHint(testIssuer, "jdoe@staff0.com"); got != "jdoe@staff0.com" {
			t.Errorf("%s: %s", p, got)
		}
	}
	if got := Auth0.LoginHint("https://tenant.auth0.com/",
		"auth0|jdoe"); got != `{"format":"iss_sub","iss":"https://tenant.auth0.com/","sub":"auth0|jdoe"}` {
		t.Error(got)
	}
	var hint map[string]string
	hostile := "a\",\"sub\":\"auth0|asmith<&>"
	if err := json.Unmarshal([]byte(Auth0.LoginHint(testIssuer, hostile)), &hint); err != nil ||
		hint["sub"] != hostile || len(hint) != 3 {
		t.Errorf("%v, %v", hint, err)
	}
}
