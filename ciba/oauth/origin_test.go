package oauth

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSameOrigin(t *testing.T) {
	for _, tt := range []struct {
		why, a, b string
		want      bool
	}{
		{"path and query do not matter", "https://issuer.example/a?b", "https://issuer.example/c",
			true},
		{"host names ignore case", "https://Issuer.Example/", "https://issuer.example", true},
		{"the default https port may be written", "https://issuer.example:443/",
			"https://issuer.example/", true},
		{"the default http port may be written", "http://localhost:80/", "http://localhost/", true},
		{"localhost and 127.0.0.1 are this machine", "http://localhost:10050/",
			"http://127.0.0.1:10050", true},
		{"localhost and [::1] are this machine", "http://LOCALHOST:10050/", "http://[::1]:10050/",
			true},
		{"127.0.0.1 and [::1] are this machine", "https://127.0.0.1/", "https://[::1]/", true},

		{"another port", "http://localhost:10050/", "http://127.0.0.1:10051/", false},
		{"another scheme", "https://issuer.example/", "http://issuer.example/", false},
		{"another scheme on the same port", "https://issuer.example:8080/",
			"http://issuer.example:8080/", false},
		{"a longer host that begins alike", "https://issuer.example/",
			"https://issuer.example.attacker.io/", false},
		{"a longer host that ends alike", "https://issuer.example/", "https://notissuer.example/",
			false},
		{"the issuer as a user name", "https://issuer.example/",
			"https://issuer.example@attacker.io/", false},
		{"user information at the right host", "https://issuer.example/",
			"https://x@issuer.example/", false},
		{"a trailing dot", "https://issuer.example/", "https://issuer.example./", false},
		{"a look-alike in Unicode", "https://issuer.example/", "https://issu\u0435r.example/",
			false},
		{"its punycode", "https://issuer.example/", "https://xn--issur-pbb.example/", false},
		{"another loopback address", "http://127.0.0.1:1/", "http://127.0.0.2:1/", false},
		{"another spelling of 127.0.0.1", "http://127.0.0.1:1/", "http://[::ffff:127.0.0.1]:1/",
			false},
		{"a name below localhost", "http://localhost:1/", "http://evil.localhost:1/", false},
		{"no host", "https:///a", "https:///a", false},
		{"an opaque URL", "https:issuer.example", "https:issuer.example", false},
		{"another kind of URL", "ftp://issuer.example/", "ftp://issuer.example/", false},
		{"a relative URL", "/a", "/a", false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a, b := mustURL(t, tt.a), mustURL(t, tt.b)
			if SameOrigin(a, b) != tt.want || SameOrigin(b, a) != tt.want {
				t.Errorf("SameOrigin(%s, %s) = %v, %v; want %v", a, b, SameOrigin(a, b),
					SameOrigin(b, a), tt.want)
			}
		})
	}
	if SameOrigin(nil, nil) {
		t.Error("nothing has an origin")
	}
}

func TestParseEndpoint(t *testing.T) {
	for _, tt := range []struct {
		raw string
		ok  bool
	}{
		{"https://issuer.example/token", true},
		{"http://localhost:10052/", true},
		{"http://LocalHost/", true},
		{"http://127.0.0.1:1/x", true},
		{"http://127.9.9.9/", true},
		{"http://[::1]:1/x", true},
		{"", false},
		{"issuer.example", false},
		{"//issuer.example/", false},
		{"http://issuer.example/", false},
		{"http://localhost.example/", false},
		{"http://localhost./", false},
		{"http://10.0.0.1/", false},
		{"http://169.254.169.254/", false},
		{"http://0.0.0.0/", false},
		{"http://127.1/", false},
		{"https://user:hunter2@issuer.example/", false},
		{"https://user:hunter2@issuer.example/%zz", false},
		{"https://issuer.example/#x", false},
		{"https://issuer.example/#", false},
		{"https://", false},
		{"https:issuer.example", false},
		{"ftp://localhost/", false},
		{"https://issuer.example/%zz", false},
	} {
		u, err := ParseEndpoint(tt.raw)
		if (err == nil) != tt.ok || err != nil && (!errors.Is(err, ErrInsecureURL) || u != nil) {
			t.Errorf("ParseEndpoint(%q) = %v, %v; want ok = %v", tt.raw, u, err, tt.ok)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestLoopbackNamesAreDialledAtLoopbackAddressesOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"10.0.0.1:80": false, "169.254.169.254:80": false, "[fe80::1]:80": false,
		"localhost:80": false, "": false,
	} {
		if err := loopbackOnly(context.Background(), "tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func FuzzSameOriginIsSymmetricAndStrict(f *testing.F) {
	f.Add("https://issuer.example/", "https://issuer.example@attacker.io/")
	f.Add("http://localhost:1/", "http://[::1]:1/")
	f.Fuzz(func(t *testing.T, x, y string) {
		a, errA := ParseEndpoint(x)
		b, errB := ParseEndpoint(y)
		if errA != nil || errB != nil {
			return
		}
		if SameOrigin(a, b) != SameOrigin(b, a) || !SameOrigin(a, a) {
			t.Fatalf("not an equivalence: %q, %q", x, y)
		}
		if SameOrigin(a, b) && (a.Scheme != b.Scheme ||
			!strings.EqualFold(a.Hostname(), b.Hostname()) && !(IsLoopback(a) && IsLoopback(b))) {
			t.Fatalf("one origin: %q, %q", x, y)
		}
	})
}
