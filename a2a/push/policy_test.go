package push

import (
	"errors"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func newSender(t testing.TB, c Config) *Sender {
	t.Helper()
	if c.Store == nil {
		c.Store = new(tasks.Memory)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhichAddressesAConfigurationMayHave(t *testing.T) {
	s := newSender(t,
		Config{Allow: []string{"http://localhost:9000", "hooks.internal", "10.0.0.1:8443",
			"https://Inner.Bank.example", "[fd00::1]:99", "http://127.0.0.1:*"}})
	const inside, https, noURL = "must be on the public internet", "must begin with https://",
		"is not a URL with a host"
	for _, row := range []struct{ url, problem string }{
		{"https://bank.example/hook", ""},
		{"https://bank.example", ""},
		{"https://bank.example:8443/hook?key=value", ""},
		{"HTTPS://Bank.Example/", ""},
		{"https://bank.example./", ""},
		{"https://xn--bcher-kva.example/", ""},
		{"https://8.8.8.8/", ""},
		{"https://[2606:4700:4700::1111]/", ""},
		{"https://notlocalhost.example/", ""},
		{"https://local.example/", ""},

		{"http://bank.example/hook", https},
		{"ftp://bank.example/hook", https},
		{"file:///etc/passwd", noURL},
		{"gopher://bank.example/", https},
		{"bank.example/hook", noURL},
		{"//bank.example/hook", https},
		{"https:bank.example", noURL},
		{"https://", noURL},
		{"https:///hook", noURL},
		{"https://:443/", noURL},
		{"https://bank.example:0/", noURL},
		{"https://bank.example:65536/", noURL},
		{"https://bank.example:-1/", noURL},
		{"https://bank.example\r\nX: y/", noURL},
		{"https://bank.example/\x00", noURL},
		{"https://[::1/", noURL},
		{"https://bank.example/" + strings.Repeat("a", maxURL), "is too long"},
		{"https://user:secret@bank.example/", "must not have user information: use authentication"},
		{"https://user@bank.example/", "must not have user information: use authentication"},
		{"https://bank.example/#part", "must not have a fragment"},
		{"https://bank.example/#", "must not have a fragment"},
		{"https://bücher.example/", "must have a host name in ASCII"},
		{"https://bank..example/", "must have a host name in ASCII"},
		{"https://bank.example../", "must have a host name in ASCII"},
		{"https://bank,example/", "must have a host name in ASCII"},
		{"https://" + strings.Repeat("a", 64) + ".example/", "must have a host name in ASCII"},
		{"https://./", "must have a host name in ASCII"},

		{"https://127.0.0.1/", inside},
		{"https://127.0.0.1:8443/", inside},
		{"https://10.1.2.3/", inside},
		{"https://169.254.169.254/latest/meta-data", inside},
		{"https://0.0.0.0/", inside},
		{"https://[::1]/", inside},
		{"https://[::ffff:127.0.0.1]/", inside},
		{"https://[::ffff:7f00:1]/", inside},
		{"https://[fe80::1%25eth0]/", inside},
		{"https://[64:ff9b::7f00:1]/", inside},
		{"https://2130706433/", inside},
		{"https://127.1/", inside},
		{"https://0x7f.0.0.1/", inside},
		{"https://0x7f000001/", inside},
		{"https://0177.0.0.1/", inside},
		{"https://127.0.0.1./", inside},
		{"https://localhost/", inside},
		{"https://LOCALHOST/", inside},
		{"https://localhost./", inside},
		{"https://%6c%6fcalhost/", noURL},
		{"https://a.localhost/", inside},
		{"https://printer.local/", inside},
		{"https://metadata.google.internal/", inside},
		{"https://router.home.arpa/", inside},

		// What the operator allows.
		{"http://localhost:9000/hook", ""},
		{"http://LOCALHOST:9000/hook", ""},
		{"https://localhost:9000/hook", inside},
		{"http://localhost:9001/hook", https},
		{"http://localhost/hook", https},
		{"http://a.localhost:9000/hook", https},
		{"http://user@localhost:9000/hook", "must not have user information: use authentication"},
		{"https://hooks.internal/", ""},
		{"https://hooks.internal:1234/", ""},
		{"http://hooks.internal/", https},
		{"https://a.hooks.internal/", inside},
		{"https://10.0.0.1:8443/", ""},
		{"https://10.0.0.1/", inside},
		{"https://inner.bank.example/", ""},
		{"https://inner.bank.example:443/", ""},
		{"http://127.0.0.1:1234/", ""},
		{"http://127.0.0.1/", ""},
		{"https://127.0.0.1:1234/", inside},
		{"https://[fd00::1]:99/", ""},
		{"https://[fd00::1]/", inside},
	} {
		err := s.Check("configuration.", &a2a.TaskPushNotificationConfig{URL: row.url})
		var fault *a2a.Error
		switch {
		case row.problem == "" && err != nil:
			t.Errorf("%.80q: %v", row.url, err)
		case row.problem == "":
		case !errors.As(err, &fault) || !errors.Is(err, a2a.ErrInvalidParams) ||
			len(fault.Violations) != 1:
			t.Errorf("%.80q: %v", row.url, err)
		case fault.Violations[0] != a2a.FieldViolation{Field: "configuration.url",
			Description: row.problem}:
			t.Errorf("%.80q: %+v, want %q", row.url, fault.Violations, row.problem)
		}
	}
}

func TestOnlyWhatTheOperatorAllowsIsDialledWithoutTheGuard(t *testing.T) {
	s := newSender(t, Config{Allow: []string{"http://localhost:9000", "bank.example"}})
	for url, want := range map[string]bool{
		"http://localhost:9000/": true, "https://bank.example/": true,
		"https://bank.example:99/": true, "https://other.example/": false,
		"https://8.8.8.8/": false,
	} {
		if target, problem := s.policy.target(url); problem != "" || target.allowed != want {
			t.Errorf("%s: %+v %q", url, target, problem)
		}
	}
}

func TestAListWithSomethingElseInItIsRefused(t *testing.T) {
	for _, entry := range []string{
		"", "*", "*.bank.example", "ftp://bank.example", "https://bank.example/hook",
		"bank.example/hook", "user@bank.example", "bank.example:0", "bank.example:http",
		"bank.example?", "bank.example#a", ":443", "10.0.0.0/8", "https://", "a b",
		"bank.example:1:*", "bank.example:1:2", "http://bank.example:9:*", ":*",
	} {
		_, err := New(Config{Store: new(tasks.Memory), Allow: []string{"fine.example", entry}})
		if err == nil || !strings.Contains(err.Error(), "origin") {
			t.Errorf("%q: %v", entry, err)
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a sender without a store")
	}
}

func TestWhatHeadersMayHold(t *testing.T) {
	s := newSender(t, Config{})
	long := strings.Repeat("x", maxSecret+1)
	for _, row := range []struct {
		name                       string
		token, scheme, credentials string
		fields                     string
	}{
		{"nothing", "", "Bearer", "", ""},
		{"a token and credentials", "t0ken", "Bearer", "ey.J.x", ""},
		{"credentials with a space", "", "Digest", `username="a", realm="b"`, ""},
		{"any scheme", "", "HOBA+x", "c", ""},
		{"a line break in the token", "a\r\nEvil: 1", "Bearer", "c", "token"},
		{"a line feed in the credentials", "", "Bearer", "c\nd", "authentication.credentials"},
		{"a carriage return in the scheme", "", "Bea\rrer", "c", "authentication.scheme"},
		{"a zero byte", "a\x00", "Bearer", "c", "token"},
		{"a tab", "a\tb", "Bearer", "c", "token"},
		{"DEL", "a\x7f", "Bearer", "c", "token"},
		{"more than ASCII", "ä", "Bearer", "ö", "token authentication.credentials"},
		{"a space in front", " a", "Bearer", "c ", "token authentication.credentials"},
		{"a scheme of two words", "", "Bearer x", "c", "authentication.scheme"},
		{"a scheme with a colon", "", "Bearer:", "c", "authentication.scheme"},
		{"too much of everything", long, long, long,
			"token authentication.credentials authentication.scheme"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := s.Check("", &a2a.TaskPushNotificationConfig{
				URL: "https://bank.example", Token: row.token,
				Authentication: &a2a.AuthenticationInfo{Scheme: row.scheme,
					Credentials: row.credentials},
			})
			var fault *a2a.Error
			var fields []string
			if errors.As(err, &fault) {
				for _, v := range fault.Violations {
					fields = append(fields, v.Field)
				}
			}
			if got := strings.Join(fields, " "); got != row.fields {
				t.Errorf("the fields %q, want %q", got, row.fields)
			}
		})
	}
}

// FuzzWhatPassesTheCheckCanBeSent: a URL that passes has a host that net/http calls by the same
// name, and never one that is visibly inside.
func FuzzWhatPassesTheCheckCanBeSent(f *testing.F) {
	for _, url := range []string{
		"https://bank.example/hook", "https://127.0.0.1/", "https://[::1]/",
		"http://localhost:9000/", "https://2130706433/", "https://a@b/", "https://%31%32%37.1/",
		"https://bank.example:443/?a#b", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/",
	} {
		f.Add(url, "token", "Bearer", "credentials")
	}
	s := newSender(f, Config{})
	f.Fuzz(func(t *testing.T, url, token, scheme, credentials string) {
		c := &a2a.TaskPushNotificationConfig{TaskID: "t", ID: "i", URL: url, Token: token,
			Authentication: &a2a.AuthenticationInfo{Scheme: scheme, Credentials: credentials}}
		if s.Check("", c) != nil {
			return
		}
		target, problem := s.policy.target(url)
		if problem != "" || target.url.Scheme != "https" || target.allowed ||
			target.url.User != nil {
			t.Fatalf("%q: %+v %q", url, target, problem)
		}
		host := strings.TrimSuffix(strings.ToLower(target.url.Hostname()), ".")
		if host == "localhost" || strings.HasPrefix(host, "127.") ||
			strings.HasPrefix(host, "10.") && strings.Trim(host, "0123456789.") == "" {
			t.Errorf("%q leads to %q", url, host)
		}
		for _, text := range []string{url, token, scheme, credentials} {
			if strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("%q passes", text)
			}
		}
	})
}
