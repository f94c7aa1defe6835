package idp

import (
	"encoding/json"
	"net/url"
	"testing"
)

func managementToken(t testing.TB, p *Provider) string {
	t.Helper()
	a := post(p, pathToken, bankForm(), "client_id", "hr-agent", "client_secret", "hr-agent-secret",
		"audience", testIssuer+"api/v2/", "scope", ManagementScope)
	if a.status != 200 {
		t.Fatal(a.text)
	}
	return a.str("access_token")
}

func TestManagementAPINeedsItsToken(t *testing.T) {
	p := newTest(t, func(c *Config) {
		c.Approve = Auto
		c.Clients = append(DefaultClients(),
			Client{ID: "noscope", Secret: "s",
				ClientCredentials: []Access{{Audience: ManagementAudience,
					Scopes: []string{"read:stats"}}}})
	})
	good := managementToken(t, p)
	noScope := post(p, pathToken, bankForm(), "client_id", "noscope", "client_secret", "s",
		"audience", testIssuer+"api/v2/", "scope", "").str("access_token")
	answer := poll(p, ask(t, p))
	other := newTest(t, nil)
	tests := []struct {
		what   string
		header []string
		status int
		code   string
	}{
		{"the agent's token", []string{"Authorization", "Bearer " + good}, 200, ""},
		{"no token", nil, 401, ""},
		{"the token of another audience", []string{"Authorization", "Bearer " +
			post(p, pathToken, bankForm()).str("access_token")}, 401, "invalid_token"},
		{"a person's token", []string{"Authorization", "Bearer " + answer.str("access_token")}, 401,
			"invalid_token"},
		{"an ID token", []string{"Authorization", "Bearer " + answer.str("id_token")}, 401,
			"invalid_token"},
		{"another provider's token",
			[]string{"Authorization", "Bearer " + managementToken(t, other)}, 401, "invalid_token"},
		{"a token without the scope", []string{"Authorization", "Bearer " + noScope}, 403,
			"insufficient_scope"},
		{"two tokens", []string{"Authorization", "Bearer " + good, "Authorization", "Bearer " +
			good}, 400, "invalid_request"},
	}
	for _, tt := range tests {
		for _, path := range []string{pathUsersByEmail + "?email=jdoe@staff0.com", pathUsers +
			`?search_engine=v3&q=app_metadata.employee_id:%22E1001%22`} {
			a := send(p, "GET", path, "", tt.header...)
			if a.status != tt.status || a.str("errorCode") != tt.code {
				t.Errorf("%s: %d %s, want %d %s", tt.what, a.status, a.text, tt.status, tt.code)
			}
			if tt.status != 200 && (a.body["statusCode"] != float64(tt.status) ||
				a.str("message") == "" || a.header.Get("WWW-Authenticate") == "") {
				t.Errorf("%s: the error is not in Auth0's form: %s", tt.what, a.text)
			}
		}
	}
	if err := p.Rotate(); err != nil {
		t.Fatal(err)
	}
	for what, token := range map[string]string{"before": good, "after": managementToken(t, p)} {
		if a := send(p, "GET", pathUsersByEmail+"?email=x@y", "", "Authorization", "Bearer "+
			token); a.status != 200 {
			t.Errorf("a token from %s the rotation: %d", what, a.status)
		}
	}
}

func TestDirectoryLookups(t *testing.T) {
	p := newTest(t, func(c *Config) {
		c.People = append(SamplePeople(),
			Person{Subject: "auth0|blocked", Email: "blocked@staff0.com", EmployeeID: `E"9\`,
				Blocked: true},
			Person{Subject: "auth0|unproven", Email: "unproven@staff0.com", EmailUnverified: true},
			Person{Subject: "auth0|twin1", Email: "twin@staff0.com", EmployeeID: "E7"},
			Person{Subject: "auth0|twin2", Email: "twin@staff0.com", EmployeeID: "E7"},
		)
	})
	bearer := []string{"Authorization", "Bearer " + managementToken(t, p)}
	byEmail := func(email string, more ...string) string {
		return query(pathUsersByEmail, append([]string{"email", email}, more...)...)
	}
	search := func(q string, more ...string) string {
		return query(pathUsers, append([]string{"search_engine", "v3", "q", q}, more...)...)
	}
	const jdoe = `[{"app_metadata":{"employee_id":"E1001"},"email":"jdoe@staff0.com","email_verified":true,"name":"John Doe","user_id":"auth0|jdoe"}]`
	tests := []struct{ what, path, want string }{
		{"an address", byEmail("jdoe@staff0.com"), jdoe},
		{"an address in another case", byEmail("JDoe@staff0.com"), `[]`},
		{"an address with an apostrophe", byEmail("siobhan.o'sullivan@staff0.com", "fields",
			"user_id"), `[{"user_id":"auth0|osullivan"}]`},
		{"an unknown address", byEmail("nobody@staff0.com"), `[]`},
		{"an address of two", byEmail("twin@staff0.com", "fields", "user_id"),
			`[{"user_id":"auth0|twin1"},{"user_id":"auth0|twin2"}]`},
		{"some fields",
			byEmail("jdoe@staff0.com", "fields", "user_id,email,email_verified,blocked"),
			`[{"email":"jdoe@staff0.com","email_verified":true,"user_id":"auth0|jdoe"}]`},
		{"some fields, said twice", byEmail("jdoe@staff0.com", "fields", "user_id, name",
			"include_fields", "true"), `[{"name":"John Doe","user_id":"auth0|jdoe"}]`},
		{"all but some fields", byEmail("jdoe@staff0.com", "fields", "name,app_metadata",
			"include_fields", "false"),
			`[{"email":"jdoe@staff0.com","email_verified":true,"user_id":"auth0|jdoe"}]`},
		{"no fields and none to leave out", byEmail("jdoe@staff0.com", "include_fields", "false"),
			jdoe},
		{"a blocked person", byEmail("blocked@staff0.com", "fields", "blocked"),
			`[{"blocked":true}]`},
		{"an unproven address", byEmail("unproven@staff0.com", "fields", "email_verified"),
			`[{"email_verified":false}]`},
		{"no address", query(pathUsersByEmail), ""},
		{"an employee number", search(`app_metadata.employee_id:"E1001"`), jdoe},
		{"a number of two", search(`app_metadata.employee_id:"E7"`, "fields", "user_id"),
			`[{"user_id":"auth0|twin1"},{"user_id":"auth0|twin2"}]`},
		{"an unknown number", search(`app_metadata.employee_id:"E9999"`), `[]`},
		{"escaped characters", search(`app_metadata.employee_id:"E\"9\\"`, "fields", "user_id"),
			`[{"user_id":"auth0|blocked"}]`},
		{"another search engine",
			query(pathUsers, "search_engine", "v2", "q", `app_metadata.employee_id:"E1001"`), ""},
		{"no search engine", query(pathUsers, "q", `app_metadata.employee_id:"E1001"`), ""},
		{"another field", search(`email:"jdoe@staff0.com"`), ""},
		{"no quotes", search(`app_metadata.employee_id:E1001`), ""},
		{"no closing quote", search(`app_metadata.employee_id:"E1001`), ""},
		{"a backslash at the end", search(`app_metadata.employee_id:"E1001\`), ""},
		{"nothing between the quotes", search(`app_metadata.employee_id:""`), ""},
		{"a wildcard", search(`app_metadata.employee_id:"E*"`), ""},
		{"a second term", search(`app_metadata.employee_id:"E1001" OR email:"x"`), ""},
		{"no query", search(""), ""},
		{"with totals", search(`app_metadata.employee_id:"E1001"`, "include_totals", "true"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			a := send(p, "GET", tt.path, "", bearer...)
			if tt.want == "" {
				if a.status != 400 || a.str("errorCode") != "invalid_query_string" {
					t.Errorf("got %d %s, want 400", a.status, a.text)
				}
				return
			}
			if a.status != 200 || a.text != tt.want+"\n" {
				t.Errorf("got %d %s, want %s", a.status, a.text, tt.want)
			}
		})
	}
}

func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + values.Encode()
}

// A value that was quoted for a search is found as it was.
func FuzzQuotedTerm(f *testing.F) {
	for _, s := range []string{"E1001", `E"1`, `\`, `a\"b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var quoted []byte
		for i := range len(s) {
			quoted = append(quoted, '\\', s[i])
		}
		got, ok := quotedTerm(`f:"`+string(quoted)+`"`, "f")
		if ok != (s != "") || ok && got != s {
			t.Errorf("%q comes back as %q %v", s, got, ok)
		}
		if got, ok := quotedTerm(s, "f"); ok { // hostile input: nothing but the one form
			if raw, err := json.Marshal(got); err != nil || len(raw) == 0 {
				t.Errorf("%q is read as %q", s, got)
			}
		}
	})
}
