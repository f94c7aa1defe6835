package idp

import (
	"net/http"
	"testing"
)

func TestHostMustNameALoopbackAddress(t *testing.T) {
	tests := []struct {
		host string
		ok   bool
	}{
		{"localhost:10052", true}, {"LOCALHOST", true}, {"127.0.0.1:1", true}, {"127.8.9.1", true},
		{"[::1]:10052", true}, {"[::1]", true},
		{"[::ffff:127.0.0.1]:1", true},
		{"", false}, {"staff0.com", false}, {"localhost.evil.example", false},
		{"127.0.0.1.evil.example:80", false}, {"evil.localhost", false},
		{"10.0.0.1:10052", false}, {"[::1%25eth0]:1", false}, {"0.0.0.0:10052", false},
		{"[fe80::1]", false}, {"localhost.", false},
	}
	strict := newTest(t, nil)
	loose := newTest(t, func(c *Config) { c.InsecureAnyAddress = true })
	for _, tt := range tests {
		for _, path := range []string{"/", "/approvals", "/livez", pathDiscovery} {
			if a := send(strict, "GET", path, "", "Host", tt.host); (a.status == 200) != tt.ok {
				t.Errorf("Host %q %s: %d", tt.host, path, a.status)
			}
		}
		if a := send(loose, "GET", "/approvals", "", "Host", tt.host); a.status != 200 {
			t.Errorf("Host %q with InsecureAnyAddress: %d", tt.host, a.status)
		}
	}
}

func TestPostsFromOtherSitesAreRefused(t *testing.T) {
	p := newTest(t, nil)
	ask(t, p)
	path := "/approvals/" + p.Pending()[0].ID
	for what, header := range map[string][]string{
		"cross-site":                   {"Sec-Fetch-Site", "cross-site"},
		"another port of this machine": {"Sec-Fetch-Site", "same-site"},
		"an old browser":               {"Origin", "https://evil.example"},
		"a page without an origin":     {"Origin", "null"},
		"cross-site with our own Origin": {"Sec-Fetch-Site", "cross-site", "Origin",
			"http://localhost:10052"},
	} {
		for _, target := range []string{path, pathToken, pathBackchannel} {
			a := send(p, "POST", target, `{"decision":"approve"}`,
				append(header, "Content-Type", "application/json")...)
			if a.status != http.StatusForbidden {
				t.Errorf("%s to %s: %d", what, target, a.status)
			}
		}
	}
	if len(p.Pending()) != 1 {
		t.Error("one of them decided")
	}
	for what, header := range map[string][]string{
		"the page itself": {"Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:10052"},
		"a script":        nil,
	} {
		if a := send(p, "POST", path, `{"decision":"approve"}`, append(header, "Content-Type",
			"application/json")...); a.status != http.StatusNoContent {
			t.Errorf("%s: %d %s", what, a.status, a.text)
		}
	}
}
