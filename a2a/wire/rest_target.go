package wire

import (
	"encoding/json"
	"net/url"
	"strings"

	"staff0/a2a"
)

// Target is where and how a call of this binding is sent.
type Target struct {
	Verb  string
	Other string // another HTTP method that servers know the call by, "" if there is none
	Path  string // escaped, with the query, to be put behind the URL of the interface
	Body  []byte // nil for none
}

// NewTarget spells a call of 1.0: params is what the method's Params codec has written. A tenant
// stands first in the path, but one that could be taken for the path itself (a tenant "tasks")
// stands where the other parameters do.
func NewTarget(method string, params json.RawMessage) (*Target, error) {
	at, call := findCall(method)
	if call == nil {
		return nil, &a2a.Error{Err: a2a.ErrMethodNotFound}
	}
	path := make(map[string]string, 3)
	query := url.Values{}
	body := []byte{'{'}
	err := a2a.Members(params, func(name, value []byte) {
		n, text := string(name), string(value)
		if value[0] == '"' {
			text = textOf(value)
		}
		switch {
		case n == tenantMember && text != tasksPath, at.names(n):
			path[n] = text
		case call.body == BodyIgnored:
			query.Set(n, text)
		default:
			if len(body) > 1 {
				body = append(body, ',')
			}
			body = append(append(a2a.AppendString(body, n), ':'), value...)
		}
	})
	if err != nil {
		return nil, err
	}
	t := &Target{Verb: call.verb}
	if last := at.calls[len(at.calls)-1]; last.method == method && last.verb != call.verb {
		t.Other = last.verb
	}
	if call.body != BodyIgnored {
		t.Body = append(body, '}')
	}
	var b strings.Builder
	if tenant := path[tenantMember]; tenant != "" {
		if err := writeSegment(&b, tenantMember, tenant, ""); err != nil {
			return nil, err
		}
	}
	for _, template := range at.path {
		name, suffix, isMember := cutMember(template)
		if !isMember {
			b.WriteString("/" + template)
			continue
		}
		if err := writeSegment(&b, name, path[name], suffix); err != nil {
			return nil, err
		}
	}
	if len(query) > 0 {
		b.WriteString("?" + query.Encode())
	}
	t.Path = b.String()
	return t, nil
}

// writeSegment refuses what proxies and servers take for a way up or for nothing: an agent chooses
// the ids that a client calls it by.
func writeSegment(b *strings.Builder, name, value, suffix string) error {
	if value == "" || value == "." || value == ".." {
		return a2a.InvalidParams(name, "cannot be part of a path")
	}
	b.WriteByte('/')
	// or an id could end in a verb
	b.WriteString(strings.ReplaceAll(url.PathEscape(value), ":", "%3A"))
	b.WriteString(suffix)
	return nil
}

func (r *resource) names(member string) bool {
	for _, template := range r.path {
		if name, _, ok := cutMember(template); ok && name == member {
			return true
		}
	}
	return false
}

func findCall(method string) (*resource, *restCall) {
	for i := range resources {
		for j := range resources[i].calls {
			if resources[i].calls[j].method == method {
				return &resources[i], &resources[i].calls[j]
			}
		}
	}
	return nil, nil
}
