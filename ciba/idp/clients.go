package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"staff0/ciba/oauth"
)

// Audiences and scopes of the built-in clients.
const (
	AgentAudience = "https://staff0/agent"
	AgentScope    = "read:employee_status"
	APIAudience   = "https://staff0/api"
	APIScope      = "read:employee"

	// ManagementAudience stands for the Management API of the provider itself,
	// ISSUER/api/v2/, whose address is not known before its port is.
	ManagementAudience = "{issuer}api/v2/"
	// ManagementScope is what the directory look-ups need.
	ManagementScope = "read:users"

	// issuerPlaceholder begins an audience that lies below the issuer.
	issuerPlaceholder = "{issuer}"
	// maxClientsFile bounds what ParseClients reads.
	maxClientsFile = 1 << 20
)

// Client is a registered OAuth 2.0 client. It proves itself with its secret.
type Client struct {
	// ID is the client_id.
	ID string
	// Secret is its client_secret; never empty.
	Secret oauth.Secret
	// Label is the name that people see; the ID if empty.
	Label string
	// ClientCredentials lists what the client may have for itself.
	ClientCredentials []Access
	// CIBA lists what it may ask people for.
	CIBA []Access
}

// Access is one audience and the scopes that may be had for it.
type Access struct {
	Audience string
	Scopes   []string
}

// DefaultClients are the asker and the HR agent of a machine without settings.
// Their secrets are known to everybody.
func DefaultClients() []Client {
	return []Client{
		{
			ID: "bank", Secret: "bank-secret", Label: "First Bank",
			ClientCredentials: []Access{{Audience: AgentAudience, Scopes: []string{AgentScope}}},
		},
		{
			ID: "hr-agent", Secret: "hr-agent-secret", Label: "Staff0 HR Agent",
			ClientCredentials: []Access{{Audience: ManagementAudience,
				Scopes: []string{ManagementScope}}},
			CIBA: []Access{{Audience: APIAudience, Scopes: []string{APIScope}}},
		},
	}
}

// ParseClients reads the file of `--clients`, at most 1 MiB of JSON:
//
//	[{"client_id": "bank", "client_secret": "…", "label": "First Bank",
//	  "client_credentials": [{"audience": "https://staff0/agent", "scope": "read:employee_status"}]},
//	 {"client_id": "hr-agent", "client_secret": "…",
//	  "client_credentials": [{"audience": "{issuer}api/v2/", "scope": "read:users"}],
//	  "ciba": [{"audience": "https://staff0/api", "scope": "read:employee"}]}]
//
// A scope is a list separated by spaces; "{issuer}" at the start of an
// audience stands for the issuer. Unknown members are errors, since a misspelt
// one would take a right away in silence.
func ParseClients(r io.Reader) ([]Client, error) {
	body, err := readBounded(r, maxClientsFile)
	if err != nil {
		return nil, fmt.Errorf("idp: clients: %w", err)
	}
	type access struct {
		Audience string `json:"audience"`
		Scope    string `json:"scope"`
	}
	var list []struct {
		ID                string   `json:"client_id"`
		Secret            string   `json:"client_secret"`
		Label             string   `json:"label"`
		ClientCredentials []access `json:"client_credentials"`
		CIBA              []access `json:"ciba"`
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		// A decoder's error names members and offsets, never the value of a secret.
		return nil, fmt.Errorf("idp: clients: %w; the file is a JSON array of clients", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("idp: clients: something follows the JSON array")
	}
	convert := func(in []access) []Access {
		var out []Access
		for _, a := range in {
			out = append(out, Access{Audience: a.Audience, Scopes: strings.Fields(a.Scope)})
		}
		return out
	}
	clients := make([]Client, 0, len(list))
	for _, c := range list {
		clients = append(clients, Client{
			ID: c.ID, Secret: oauth.Secret(c.Secret), Label: c.Label,
			ClientCredentials: convert(c.ClientCredentials), CIBA: convert(c.CIBA),
		})
	}
	if _, err := indexClients(clients, "http://localhost/"); err != nil {
		return nil, err
	}
	return clients, nil
}

// indexClients checks the clients and puts the issuer into their audiences.
func indexClients(list []Client, issuer string) (map[string]*Client, error) {
	index := make(map[string]*Client, len(list))
	for i, c := range list {
		if c.ID == "" || c.Secret == "" {
			return nil, fmt.Errorf("idp: client %d has no client_id or no client_secret", i+1)
		}
		if index[c.ID] != nil {
			return nil, fmt.Errorf("idp: client_id %q occurs twice", c.ID)
		}
		for _, accesses := range []*[]Access{&c.ClientCredentials, &c.CIBA} {
			*accesses = slices.Clone(*accesses) // the caller's slices stay as they are
			for j, a := range *accesses {
				if a.Audience == "" {
					return nil, fmt.Errorf("idp: client %q: an audience is empty", c.ID)
				}
				if below, ok := strings.CutPrefix(a.Audience, issuerPlaceholder); ok {
					(*accesses)[j].Audience = issuer + below
				}
			}
		}
		index[c.ID] = &c
	}
	return index, nil
}

// authenticate finds the client behind a request: client_secret_basic or
// client_secret_post, RFC 6749 §2.3.1. Client assertions (RFC 7523 as updated
// by RFC 10070) are not taken, and metadata does not announce them.
func (p *Provider) authenticate(r *http.Request, f params) (*Client, error) {
	id, secret := f["client_id"], f["client_secret"]
	values := r.Header.Values("Authorization")
	invalid := &oauthError{status: http.StatusUnauthorized, code: "invalid_client",
		basic:       len(values) > 0,
		description: "The client is unknown or its secret is wrong."}
	switch {
	case f["client_assertion"] != "" || f["client_assertion_type"] != "":
		invalid.description = "Client assertions are not supported; use client_secret_basic or " +
			"client_secret_post."
		return nil, invalid
	case len(values) > 1, len(values) == 1 && secret != "":
		// RFC 6749 §2.3: one method in each request.
		return nil, badRequest("invalid_request", "The client authenticates in more than one way.")
	case len(values) == 1:
		basicID, basicSecret, ok := parseBasic(values[0])
		if !ok {
			invalid.description = "The Authorization header is not Basic with a form-encoded id " +
				"and secret."
			return nil, invalid
		}
		if id != "" && id != basicID {
			return nil, badRequest("invalid_request",
				"client_id differs from the one in the Authorization header.")
		}
		id, secret = basicID, basicSecret
	case id == "" || secret == "":
		invalid.description = "Client authentication is missing."
		return nil, invalid
	}
	c := p.clients[id]
	want := ""
	if c != nil {
		want = c.Secret.Reveal()
	}
	// Hashed first, so that the comparison takes the same time whatever the lengths.
	got, expected := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(want))
	if subtle.ConstantTimeCompare(got[:], expected[:]) != 1 || c == nil {
		return nil, invalid
	}
	return c, nil
}

// parseBasic reads HTTP Basic as OAuth uses it: RFC 6749 §2.3.1 has id and
// secret form-encoded before they are joined, which http.Request.BasicAuth
// does not undo.
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(raw), ":")
	if !ok {
		return "", "", false
	}
	if id, err = url.QueryUnescape(id); err != nil {
		return "", "", false
	}
	if secret, err = url.QueryUnescape(secret); err != nil {
		return "", "", false
	}
	return id, secret, id != ""
}

// readBounded reads all of r, or fails when that is more than limit bytes.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return b, nil
}
