package idp

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultExpiry is how long a person has when the client does not say.
	defaultExpiry = 2 * time.Minute
	// maxExpiry is the longest that is granted, whatever is asked for.
	maxExpiry = 15 * time.Minute
	// maxBindingMessage and bindingCharacters are Auth0's rule.
	maxBindingMessage = 64
	bindingCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_.,:#"
)

// serveBackchannel takes an authentication request, CIBA Core §7.1.
func (p *Provider) serveBackchannel(w http.ResponseWriter, r *http.Request) {
	f, err := readParams(w, r, false)
	if err != nil {
		p.fail(w, err)
		return
	}
	c, err := p.authenticate(r, f)
	if err != nil {
		p.fail(w, err)
		return
	}
	q, err := p.readRequest(c, f)
	if err != nil {
		p.fail(w, err)
		return
	}
	p.mu.Lock()
	err = p.requests.add(q, q.RequestedAt)
	p.mu.Unlock()
	if err != nil {
		p.fail(w, err)
		return
	}
	p.log.Info("approval requested, for development", "id", q.ID, "client_id", c.ID)
	if p.onRequest != nil {
		p.onRequest(q.Approval)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"auth_req_id": q.authReqID,
		"expires_in":  int64(q.ExpiresAt.Sub(q.RequestedAt) / time.Second),
		"interval":    int64(p.interval / time.Second),
	})
}

// readRequest checks everything that can be wrong in a request, in the order in
// which a client can do something about it: its own rights, the form of the
// request, and only then the person.
func (p *Provider) readRequest(c *Client, f params) (*request, error) {
	if len(c.CIBA) == 0 {
		return nil, badRequest("unauthorized_client", "The client may not use %s.", grantCIBA)
	}
	if err := f.refuseUnsupported(); err != nil {
		return nil, err
	}
	asked := strings.Fields(f["scope"])
	if !slices.Contains(asked, "openid") {
		return nil, badRequest("invalid_request", "openid scope must be requested.")
	}
	access, err := f.access(c.CIBA)
	if err != nil {
		return nil, err
	}
	scopes, err := within(asked, append(identityScopes(), access.Scopes...))
	if err != nil {
		return nil, err
	}
	message := f["binding_message"]
	if n := len(message); n == 0 || n > maxBindingMessage ||
		strings.Trim(message, bindingCharacters) != "" {
		// Auth0 requires the parameter, which CIBA Core leaves optional.
		return nil, badRequest("invalid_binding_message",
			"binding_message must be 1 to %d characters: alphanumerics and +-_.,:#.",
			maxBindingMessage)
	}
	expiry, err := f.requestedExpiry()
	if err != nil {
		return nil, err
	}
	person, err := p.hinted(f["login_hint"])
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &request{
		Approval: Approval{
			ClientID: c.ID, ClientLabel: p.clientLabel(c.ID),
			Subject: person.Subject, Email: person.Email, Name: person.Name,
			Scope: strings.Join(scopes, " "), BindingMessage: message,
			RequestedAt: now.UTC(), ExpiresAt: now.Add(expiry).UTC(),
		},
		audience: access.Audience, scopes: scopes, interval: p.interval,
	}, nil
}

// refuseUnsupported refuses what a provider in poll mode without user codes,
// signed requests and rich authorization requests would have to ignore:
// a client that sends such a thing expects something to come of it.
func (f params) refuseUnsupported() error {
	hints := 0
	for _, name := range []string{"login_hint", "login_hint_token", "id_token_hint"} {
		if f[name] != "" {
			hints++
		}
	}
	switch {
	case f["request"] != "" || f["request_uri"] != "":
		return badRequest("invalid_request", "Signed authentication requests are not supported.")
	case hints != 1:
		// CIBA Core §7.1: exactly one of the three.
		return badRequest("invalid_request",
			"Exactly one of login_hint, login_hint_token and id_token_hint is required.")
	case f["login_hint"] == "":
		return badRequest("invalid_request", "Only login_hint is supported.")
	case f["client_notification_token"] != "":
		return badRequest("invalid_request", "client_notification_token has no use in poll mode.")
	case f["user_code"] != "":
		return badRequest("invalid_request", "user_code is not supported.")
	case f["authorization_details"] != "":
		return badRequest("invalid_authorization_details",
			"authorization_details are not supported.")
	}
	return nil
}

// requestedExpiry reads the positive integer of CIBA Core §7.1.
func (f params) requestedExpiry() (time.Duration, error) {
	s := f["requested_expiry"]
	if s == "" {
		return defaultExpiry, nil
	}
	if strings.Trim(s, "0123456789") != "" || strings.Trim(s, "0") == "" {
		return 0, badRequest("invalid_request",
			"requested_expiry must be a positive integer of seconds.")
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil || seconds > int64(maxExpiry/time.Second) { // err: too large for 64 bits
		return maxExpiry, nil
	}
	return time.Duration(seconds) * time.Second, nil
}

// hinted finds the person of a login_hint: Auth0's JSON of issuer and subject,
// a plain subject, or a plain e-mail address.
func (p *Provider) hinted(hint string) (Person, error) {
	unknown := badRequest("unknown_user_id", "User ID is malformed or unknown.")
	var person Person
	if strings.HasPrefix(hint, "{") {
		var issSub struct{ Format, Iss, Sub string }
		if err := json.Unmarshal([]byte(hint), &issSub); err != nil || issSub.Format != "iss_sub" {
			return Person{},
				badRequest("invalid_request",
					`login_hint must be {"format":"iss_sub","iss":…,"sub":…}, a subject or an e-mail address.`)
		}
		if issSub.Iss != p.issuer { // exactly: the trailing slash matters
			return Person{},
				badRequest("invalid_request", "The issuer in login_hint is not this one.")
		}
		var ok bool
		if person, ok = p.people.bySubject(issSub.Sub); !ok {
			return Person{}, unknown
		}
	} else {
		var ok bool
		if person, ok = p.people.bySubject(hint); !ok {
			// Nobody is named by an address that is not proven to be theirs, nor
			// by one that two people have.
			found := slices.DeleteFunc(p.people.byEmail(hint), func(o Person) bool {
				return o.EmailUnverified
			})
			if len(found) != 1 {
				return Person{}, unknown
			}
			person = found[0]
		}
	}
	if person.Blocked {
		// CIBA Core §13: the provider denies the request by itself.
		return Person{}, &oauthError{status: http.StatusForbidden, code: "access_denied",
			description: "The user is blocked."}
	}
	return person, nil
}
