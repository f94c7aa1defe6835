package idp

import (
	"net/http"
	"strings"

	"staff0/ciba/bearer"
	"staff0/ciba/jwks"
)

// guardManagement asks for an access token of this very provider with
// read:users. Its keys are asked for at every request and so follow a rotation.
func (p *Provider) guardManagement() (func(http.Handler) http.Handler, error) {
	return bearer.Require(&jwks.AccessTokens{
		Keys: p.keys, Issuer: p.issuer, Audience: p.endpoint("/api/v2/"),
	}, bearer.Options{
		Scopes: []string{ManagementScope},
		ErrorBody: func(w http.ResponseWriter, _ *http.Request, refusal *bearer.Refusal) {
			managementError(w, refusal.Status, refusal.Code, refusal.Description)
		},
		Log: p.log,
	})
}

// managementError is an error in the form of Auth0's Management API.
func managementError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{
		"statusCode": status, "error": http.StatusText(status), "message": message,
		"errorCode": code,
	})
}

// serveUsersByEmail finds people by address, in the case in which it is kept.
func (p *Provider) serveUsersByEmail(w http.ResponseWriter, r *http.Request) {
	email := r.URL.Query().Get("email")
	if email == "" {
		managementError(w, http.StatusBadRequest, "invalid_query_string",
			"Query validation error: 'Missing required property: email'")
		return
	}
	p.serveFound(w, r, p.people.byEmail(email))
}

// serveUsers answers the one search that staff0 needs of Auth0's search engine:
// app_metadata.employee_id:"E1001". Anything else is an error, since a search
// that is only half understood would find the wrong people.
func (p *Provider) serveUsers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("search_engine") != "v3" {
		managementError(w, http.StatusBadRequest, "invalid_query_string",
			"This provider for development knows search_engine=v3 only.")
		return
	}
	id, ok := quotedTerm(query.Get("q"), "app_metadata.employee_id")
	if !ok || query.Get("include_totals") == "true" {
		managementError(w, http.StatusBadRequest, "invalid_query_string",
			`This provider for development knows one search: q=app_metadata.employee_id:"E1001", without totals.`)
		return
	}
	p.serveFound(w, r, p.people.byEmployeeID(id))
}

// quotedTerm reads field:"value" of the Lucene query syntax, in which a
// backslash takes the next character as it is.
func quotedTerm(q, field string) (string, bool) {
	q, ok := strings.CutPrefix(q, field+`:"`)
	if !ok {
		return "", false
	}
	var value strings.Builder
	for i := 0; i < len(q); i++ {
		switch q[i] {
		case '"':
			return value.String(), i == len(q)-1 && value.Len() > 0
		case '\\':
			if i++; i == len(q) {
				return "", false
			}
		case '*', '?':
			return "", false // wildcards
		}
		value.WriteByte(q[i])
	}
	return "", false
}

// serveFound writes people as Auth0's user objects, reduced to the fields that
// were asked for: fields=a,b names those wanted, or with include_fields=false
// those unwanted.
func (p *Provider) serveFound(w http.ResponseWriter, r *http.Request, found []Person) {
	query := r.URL.Query()
	include := query.Get("include_fields") != "false"
	var fields map[string]bool
	if list := query.Get("fields"); list != "" {
		fields = map[string]bool{}
		for f := range strings.SplitSeq(list, ",") {
			fields[strings.TrimSpace(f)] = true
		}
	}
	users := []map[string]any{}
	for _, person := range found {
		user := map[string]any{"user_id": person.Subject, "name": person.Name}
		if person.Email != "" {
			user["email"], user["email_verified"] = person.Email, !person.EmailUnverified
		}
		if person.Blocked { // Auth0 leaves the member out otherwise
			user["blocked"] = true
		}
		if person.EmployeeID != "" {
			user["app_metadata"] = map[string]any{"employee_id": person.EmployeeID}
		}
		for name := range user {
			if fields != nil && fields[name] != include {
				delete(user, name)
			}
		}
		users = append(users, user)
	}
	writeJSON(w, http.StatusOK, users)
}
