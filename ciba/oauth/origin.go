package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ErrInsecureURL is returned for a URL that nothing secret may be sent to.
var ErrInsecureURL = errors.New("oauth: not a URL that credentials may be sent to")

// ParseEndpoint parses an absolute URL to which credentials may be sent: https,
// or http towards a loopback address; with a host; without user information
// and without a fragment (RFC 6749 §3.2).
func ParseEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The error of url.Parse repeats the URL, which may hold a password.
		return nil, fmt.Errorf("%w: it cannot be parsed", ErrInsecureURL)
	}
	if strings.Contains(raw, "#") { // url.Parse drops an empty fragment without a trace
		return nil, fmt.Errorf("%w: it holds a fragment", ErrInsecureURL)
	}
	if err := checkEndpoint(u); err != nil {
		return nil, err
	}
	return u, nil
}

func checkEndpoint(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "", u.Hostname() == "":
		return fmt.Errorf("%w: it needs the form https://host/path", ErrInsecureURL)
	case u.User != nil:
		return fmt.Errorf("%w: it holds a user name or a password", ErrInsecureURL)
	case u.Scheme == "http" && !IsLoopback(u):
		return fmt.Errorf("%w: plain http is accepted towards a loopback address only; use https",
			ErrInsecureURL)
	}
	return nil
}

// IsLoopback reports whether u names this machine: "localhost" (RFC 6761 §6.3)
// or an address of the loopback range. Any other name is not looked up, so it
// is not loopback whatever it resolves to.
func IsLoopback(u *url.URL) bool { return loopbackHost(u.Hostname()) }

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// SameOrigin reports whether a and b have one origin: the same scheme, host and
// port, with the default port filled in (RFC 6454 §4). The host names
// localhost, 127.0.0.1 and [::1] are one host, since a program that listens on
// this machine is known by each of them; no other two spellings are.
//
// It is the only comparison of this kind in staff0. What is not an http or
// https URL with a host, or carries user information, has no origin and is
// equal to nothing.
func SameOrigin(a, b *url.URL) bool {
	return hasOrigin(a) && hasOrigin(b) && a.Scheme == b.Scheme && port(a) == port(b) &&
		strings.EqualFold(host(a), host(b))
}

func hasOrigin(u *url.URL) bool {
	return u != nil && (u.Scheme == "https" || u.Scheme == "http") && u.Opaque == "" &&
		u.User == nil && u.Hostname() != ""
}

func host(u *url.URL) string {
	switch h := u.Hostname(); h {
	case "127.0.0.1", "::1":
		return "localhost"
	default:
		return h
	}
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}
