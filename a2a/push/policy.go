package push

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"staff0/a2a"
)

// Bounds of what a configuration may hold.
const (
	maxURL    = 2048
	maxSecret = 8 << 10 // bytes of a token, of a scheme, or of credentials: a JWT fits in
)

// policy decides which webhooks may be called.
type policy struct {
	origins map[string]bool // scheme://host:port
	hosts   map[string]bool // scheme://host, at any port
}

// newPolicy reads the operator's list.
func newPolicy(allow []string) (*policy, error) {
	p := &policy{origins: map[string]bool{}, hosts: map[string]bool{}}
	for _, entry := range allow {
		text, anyPort := strings.CutSuffix(entry, ":*")
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		u, err := url.Parse(text)
		if err != nil || !isOrigin(u) || !validPort(u.Port()) || !isName(u.Hostname()) || anyPort &&
			u.Port() != "" {
			return nil, fmt.Errorf(
				"push: %q is neither a host, nor host:port, nor an origin such as "+
					"http://localhost:9000", entry)
		}
		if u.Port() == "" && (anyPort || !strings.Contains(entry, "://")) {
			p.hosts[site(u)] = true
		} else {
			p.origins[origin(u)] = true
		}
	}
	return p, nil
}

// isOrigin reports whether a URL is a scheme, a host and perhaps a port.
func isOrigin(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil &&
		strings.Trim(u.Path, "/") == "" &&
		u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// origin is what two URLs have in common that lead to the same server (RFC 6454 §4).
func origin(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return site(u) + ":" + port
}

// site is the origin without the port.
func site(u *url.URL) string { return u.Scheme + "://" + strings.ToLower(u.Hostname()) }

// target is where a webhook is.
type target struct {
	url     *url.URL
	origin  string
	allowed bool // by the operator, wherever its name leads
}

// target reads the address of a webhook. A problem says why it may not be called, as far as that
// can be seen; names are not resolved here, for what they lead to now says nothing about later.
func (p *policy) target(address string) (t *target, problem string) {
	if len(address) > maxURL {
		return nil, "is too long"
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || !validPort(u.Port()):
		return nil, "is not a URL with a host"
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "must begin with https://"
	case u.User != nil:
		return nil, "must not have user information: use authentication"
	case u.Fragment != "" || strings.Contains(address, "#"):
		return nil, "must not have a fragment"
	}
	t = &target{url: u, origin: origin(u)}
	switch t.allowed = p.origins[t.origin] || p.hosts[site(u)]; {
	case t.allowed:
		return t, ""
	case u.Scheme != "https":
		return nil, "must begin with https://"
	}
	return t, hostProblem(strings.ToLower(u.Hostname()))
}

// hostProblem is what is wrong with a host that the operator has not allowed.
func hostProblem(host string) string {
	const inside = "must be on the public internet"
	if a, err := netip.ParseAddr(host); err == nil {
		if !public(a) {
			return inside
		}
		return ""
	}
	if !isName(host) {
		return "must have a host name in ASCII"
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case last[0] >= '0' && last[0] <= '9':
		// 127.1 and 0x7f000001 are addresses to some resolvers, and no top-level domain begins with
		// a digit
		return inside
	case last == "localhost", last == "local", last == "internal",
		strings.HasSuffix("."+host, ".home.arpa"):
		return inside // RFC 6761 §6.3, RFC 6762 §3, ICANN's .internal, RFC 8375
	}
	return ""
}

// isName reports whether a host is an address or a name in ASCII.
func isName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 ||
			strings.Trim(label,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return true
}

// Check reports what is visibly wrong with a configuration.
func (s *Sender) Check(prefix string, c *a2a.TaskPushNotificationConfig) error {
	fault := &a2a.Error{Err: a2a.ErrInvalidParams}
	add := func(field, problem string) {
		if problem != "" {
			fault.Violations = append(fault.Violations,
				a2a.FieldViolation{Field: prefix + field, Description: problem})
		}
	}
	_, problem := s.policy.target(c.URL)
	add("url", problem)
	add("token", fieldProblem(c.Token))
	if a := c.Authentication; a != nil {
		add("authentication.credentials", fieldProblem(a.Credentials))
		if problem = fieldProblem(a.Scheme); problem == "" &&
			strings.Trim(a.Scheme, tokenCharacters) != "" {
			problem = "is not the name of a scheme"
		}
		add("authentication.scheme", problem)
	}
	if fault.Violations == nil {
		return nil
	}
	return fault
}

// tokenCharacters are those of a token (RFC 9110 §5.6.2), of which the name of a scheme is one
// (§11.1).
const tokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// fieldProblem is what keeps a text from being the value of a header. It never repeats the text. A
// line break would be another header.
func fieldProblem(text string) string {
	if len(text) > maxSecret {
		return "is too long"
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return "must be printable ASCII"
		}
	}
	if strings.TrimSpace(text) != text {
		return "must not begin or end with a space"
	}
	return ""
}
