package hragent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"staff0/ciba"
	"staff0/ciba/people"
	"staff0/llm"
)

// inProcess calls a handler without a socket, which would not block durably in a bubble.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

const testIssuer = "https://tenant.example/"

// management is the directory with a server that answers as the handler does.
func management(h http.HandlerFunc) *ManagementAPI {
	return &ManagementAPI{
		BaseURL: testIssuer + "api/v2/", Issuer: testIssuer, Provider: ciba.Auth0,
		HTTPClient: &http.Client{Transport: inProcess{h}},
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// wantPerson compares what a directory found; a reason stands for an UnknownError, "error" for any
// other.
func wantPerson(
	t *testing.T, d Directory, kind llm.IdentifierKind, identifier string, want Person,
	reason string,
) {
	t.Helper()
	got, err := d.Find(context.Background(), kind, identifier)
	var unknown *UnknownError
	switch {
	case errors.As(err, &unknown):
		if unknown.Reason != reason {
			t.Errorf("%s: reason %q, want %q", identifier, unknown.Reason, reason)
		}
	case err != nil:
		if reason != "error" {
			t.Errorf("%s: %v", identifier, err)
		}
		if strings.Contains(err.Error(), "jdoe") || strings.Contains(err.Error(), "@") {
			t.Errorf("the error names the person: %v", err)
		}
	case reason != "" || got != want:
		t.Errorf("%s: got %+v, want %+v or %q", identifier, got, want, reason)
	}
}

func TestManagementAPIByAddress(t *testing.T) {
	found := Person{Subject: john, Address: "jdoe@staff0.com", Found: true,
		LoginHint: `{"format":"iss_sub","iss":"https://tenant.example/","sub":"auth0|jdoe"}`}
	user := func(id, email, more string) string {
		return fmt.Sprintf(`{"user_id":%q,"email":%q,"email_verified":true%s}`, id, email, more)
	}
	jdoe := user(john, "jdoe@staff0.com", "")
	for _, row := range []struct {
		name   string
		status int
		body   string
		reason string
	}{
		{"one", 200, "[" + jdoe + "]", ""},
		{"one, written in capitals", 200, "[" + user(john, "JDoe@Staff0.com", "") + "]", ""},
		{"one who was blocked once and is not now", 200, "[" +
			user(john, "jdoe@staff0.com", `,"blocked":false`) + "]", ""},
		{"one and members that nobody asked for", 200, "[" +
			user(john, "jdoe@staff0.com", `,"name":"J","identities":[{}]`) + "]", ""},
		{"nobody", 200, "[]", reasonUnknown},
		{"two", 200, "[" + jdoe + "," + user("google|1", "jdoe@staff0.com", "") + "]",
			reasonAmbiguous},
		{"two, of whom one is blocked", 200, "[" + jdoe + "," +
			user("google|1", "jdoe@staff0.com", `,"blocked":true`) + "]", reasonAmbiguous},
		{"a looser match", 200, "[" + user(john, "jdoe+x@staff0.com", "") + "]", reasonUnknown},
		{"a looser match beside the very one", 200, "[" + user("auth0|x", "jdoe.x@staff0.com", "") +
			"," + jdoe + "]", ""},
		{"the Kelvin sign in place of a letter", 200, "[" +
			user(john, "jdoe@staff0.com\u212a", "") + "]", reasonUnknown},
		{"blocked", 200, "[" + user(john, "jdoe@staff0.com", `,"blocked":true`) + "]",
			reasonBlocked},
		{"not verified", 200,
			`[{"user_id":"auth0|jdoe","email":"jdoe@staff0.com","email_verified":false}]`,
			reasonUnverified},
		{"verified is missing", 200, `[{"user_id":"auth0|jdoe","email":"jdoe@staff0.com"}]`,
			reasonUnverified},
		{"no user_id", 200, `[{"email":"jdoe@staff0.com","email_verified":true}]`, reasonUnknown},
		{"no address", 200, `[{"user_id":"auth0|jdoe","email_verified":true}]`, reasonUnknown},
		{"members of other types", 200,
			`[{"user_id":"auth0|jdoe","email":"jdoe@staff0.com","email_verified":"true"}]`,
			reasonBroken},
		{"a record that is none", 200, `["auth0|jdoe"]`, reasonBroken},
		{"null", 200, "null", "error"},
		{"an object", 200, `{"users":[]}`, "error"},
		{"HTML", 200, "<html>jdoe@staff0.com</html>", "error"},
		{"nothing", 200, "", "error"},
		{"too much", 200, "[" + strings.Repeat(" ", maxDirectoryAnswer) + "]", reasonBroken},
		{"just not too much", 200, "[" + strings.Repeat(" ", maxDirectoryAnswer-2) + "]",
			reasonUnknown},
		{"a wrong token", 401, `{"message":"jdoe@staff0.com"}`, "error"},
		{"no scope", 403, "", "error"},
		{"not found", 404, "[]", "error"},
		{"too many requests", 429, "[]", "error"},
		{"broken", 500, "[]", "error"},
		{"nothing at all", 204, "", "error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantPerson(t, management(says(row.status, row.body)), llm.Email, "jdoe@staff0.com",
				found, row.reason)
		})
	}
}

// What is asked of the Management API: the address and no more fields than are needed.
func TestManagementAPIRequests(t *testing.T) {
	for _, row := range []struct {
		kind       llm.IdentifierKind
		identifier string
		path       string
		want       url.Values // beside the fields; nil is no request
	}{
		{llm.Email, "siobhan.o'sullivan+a&b=c@staff0.com", "/api/v2/users-by-email",
			url.Values{"email": {"siobhan.o'sullivan+a&b=c@staff0.com"}}},
		{llm.Email, "джон@staff0.com", "/api/v2/users-by-email",
			url.Values{"email": {"джон@staff0.com"}}},
		{llm.EmployeeNumber, "e1001", "/api/v2/users",
			url.Values{"search_engine": {"v3"}, "q": {`app_metadata.employee_id:"E1001"`}}},
		{llm.EmployeeNumber, "1001", "/api/v2/users",
			url.Values{"search_engine": {"v3"}, "q": {`app_metadata.employee_id:"1001"`}}},
		{llm.EmployeeNumber, `e1" OR email:"*`, "", nil},
		{llm.EmployeeNumber, "e1*", "", nil},
		{llm.EmployeeNumber, "e1 e2", "", nil},
		{llm.EmployeeNumber, "e１", "", nil},
		{llm.EmployeeNumber, "", "", nil},
		{llm.Subject, john, "", nil},
		{0, "jdoe", "", nil},
	} {
		t.Run(row.identifier, func(t *testing.T) {
			asked := false
			d := management(func(w http.ResponseWriter, r *http.Request) {
				asked = true
				if r.Method != http.MethodGet || r.URL.Path != row.path {
					t.Errorf("%s %s, want %s", r.Method, r.URL.Path, row.path)
				}
				q := r.URL.Query()
				if q.Get("fields") != "user_id,email,email_verified,blocked" ||
					q.Get("include_fields") != "true" {
					t.Errorf("fields %v", q)
				}
				q.Del("fields")
				q.Del("include_fields")
				if q.Encode() != row.want.Encode() {
					t.Errorf("asked %v, want %v", q, row.want)
				}
				_, _ = io.WriteString(w, "[]")
			})
			p, err := d.Find(context.Background(), row.kind, row.identifier)
			if asked != (row.want != nil) {
				t.Errorf("asked: %v", asked)
			}
			if row.kind == llm.Subject {
				if err != nil || p.Subject != john || p.Found ||
					!strings.Contains(p.LoginHint, `"sub":"auth0|jdoe"`) {
					t.Errorf("a subject is asked as it is: %+v, %v", p, err)
				}
			} else if _, ok := errors.AsType[*UnknownError](err); !ok {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

func TestManagementAPIByNumber(t *testing.T) {
	hint := `{"format":"iss_sub","iss":"https://tenant.example/","sub":"auth0|jdoe"}`
	for _, row := range []struct{ body, reason string }{
		{`[{"user_id":"auth0|jdoe"}]`, ""}, // nobody asks by which address
		{`[{"user_id":"auth0|jdoe","blocked":true}]`, reasonBlocked},
		{`[{"user_id":"auth0|jdoe"},{"user_id":"auth0|asmith"}]`, reasonAmbiguous},
		{`[]`, reasonUnknown},
		{`{"start":0,"users":[]}`, "error"},
	} {
		wantPerson(t, management(says(200, row.body)), llm.EmployeeNumber, "e1001",
			Person{Subject: john, LoginHint: hint, Found: true}, row.reason)
	}
}

// A redirect would take the agent's token and the address to wherever it says.
func TestManagementAPIFollowsNoRedirect(t *testing.T) {
	n := 0
	d := management(func(w http.ResponseWriter, r *http.Request) {
		n++
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
	})
	wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
	if n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestManagementAPIUnreachable(t *testing.T) {
	d := management(nil)
	d.HTTPClient = &http.Client{Transport: failing{}}
	wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
	if _, err := d.Find(context.Background(), llm.Email, "jdoe@staff0.com"); !errors.Is(err,
		errBoom) {
		t.Errorf("the cause is lost: %v", err)
	}
	d.HTTPClient = &http.Client{Transport: breaking{}}
	wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
	wantPerson(t, d, llm.EmployeeNumber, "e1001", Person{}, "error")
	d.HTTPClient = nil
	wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
	d.BaseURL = "::"
	wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
	synctest.Test(t, func(t *testing.T) {
		d := management(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		begun := time.Now()
		wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
		if took := time.Since(begun); took != directoryTimeout {
			t.Errorf("waited %v", took)
		}
		d.HTTPClient.Timeout = time.Second
		begun = time.Now()
		wantPerson(t, d, llm.Email, "jdoe@staff0.com", Person{}, "error")
		if took := time.Since(begun); took != time.Second {
			t.Errorf("waited %v", took)
		}
	})
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errBoom }

// breaking breaks off in the middle of the body.
type breaking struct{}

func (breaking) RoundTrip(*http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader("["), readError{})
	return &http.Response{StatusCode: 200, Body: io.NopCloser(body)}, nil
}

type readError struct{}

func (readError) Read([]byte) (int, error) { return 0, errBoom }

func TestHint(t *testing.T) {
	wantPerson(t, Hint{}, llm.Email, "jdoe@staff0.com",
		Person{Email: "jdoe@staff0.com", LoginHint: "jdoe@staff0.com"}, "")
	wantPerson(t, Hint{}, llm.EmployeeNumber, "e1001", Person{}, reasonNoHint)
	wantPerson(t, Hint{}, llm.Subject, john, Person{}, reasonNoHint)
}

func openText(t *testing.T, text string, provider ciba.Provider) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return OpenFile(path, testIssuer, provider)
}

func TestDirectoryFile(t *testing.T) {
	d, err := openText(t, "\ufeff\"Email\", subject ,employee_id,login_hint,department\n"+
		"jdoe@staff0.com,auth0|jdoe,E1001,,x\n"+
		"John.Doe@staff0.com,auth0|jdoe,,,an alias\n"+
		"asmith@staff0.com,auth0|asmith,E1002,asmith,x\n"+
		"shared@staff0.com,s1,7,,\n"+
		"shared@staff0.com,s2,8,,\n"+
		"me@staff0.com,me@staff0.com,,,\n"+
		",7,,,\n"+
		"Key@staff0.com,kelvin,,,\n", ciba.Generic)
	if err != nil {
		t.Fatal(err)
	}
	known := func(subject, hint, address string) Person {
		return Person{Subject: subject, LoginHint: hint, Address: address, Found: true}
	}
	for _, row := range []struct {
		kind       llm.IdentifierKind
		identifier string
		want       Person
		reason     string
	}{
		{llm.Email, "jdoe@staff0.com", known(john, john, "jdoe@staff0.com"), ""},
		{llm.Email, "john.doe@staff0.com", known(john, john, "john.doe@staff0.com"), ""},
		{llm.Subject, john, known(john, john, ""), ""},
		{llm.Subject, "AUTH0|jdoe", Person{}, reasonUnknown},
		{llm.EmployeeNumber, "e1001", known(john, john, "jdoe@staff0.com"), ""},
		{llm.Email, "asmith@staff0.com", known("auth0|asmith", "asmith", "asmith@staff0.com"), ""},
		{llm.Email, "shared@staff0.com", Person{}, reasonAmbiguous},
		// and not the subject 7
		{llm.EmployeeNumber, "7", known("s1", "s1", "shared@staff0.com"), ""},
		{llm.Subject, "7", known("7", "7", ""), ""},
		{llm.Email, "me@staff0.com", known("me@staff0.com", "me@staff0.com", "me@staff0.com"), ""},
		{llm.Email, "jroe@staff0.com", Person{}, reasonUnknown},
		{llm.Email, "e1001", Person{}, reasonUnknown},
		{llm.Email, "", Person{}, reasonUnknown},
		{llm.Email, "\u212aey@staff0.com", Person{}, reasonUnknown},
		{llm.Email, "key@staff0.com", known("kelvin", "kelvin", "key@staff0.com"), ""},
	} {
		wantPerson(t, d, row.kind, row.identifier, row.want, row.reason)
	}

	d, err = openText(t, "subject\nauth0|jdoe\n", ciba.Auth0)
	if err != nil {
		t.Fatal(err)
	}
	wantPerson(t, d, llm.Subject, john,
		known(john, `{"format":"iss_sub","iss":"https://tenant.example/","sub":"auth0|jdoe"}`, ""),
		"")
}

func TestBadDirectoryFiles(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"empty", "", "no header line"},
		{"no subject column", "email,login_hint\n", "column \"subject\" is missing"},
		{"a column twice", "subject,email,Email\n", "column \"email\" appears twice"},
		{"a line without a subject", "subject,email\ns1,a@b\n ,c@d\n",
			"line 3: the subject is missing"},
		{"a line with a field too many", "subject,email\ns1,a@b\n\ns2,c@d,x\n", "line 4"},
		{"an open quote", "subject,email\ns1,\"a@b\n", "line 2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := openText(t, row.text, ciba.Generic)
			if err == nil || !strings.Contains(err.Error(), row.want) ||
				!strings.Contains(err.Error(), "people.csv") {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "@") {
				t.Errorf("the error names a person: %v", err)
			}
		})
	}
	if _, err := OpenFile(filepath.Join(t.TempDir(), "none"), testIssuer, ciba.Generic); !errors.Is(
		err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "huge")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.WriteString("subject\ns1\n\""); err == nil {
		err = f.Truncate(people.MaxBytes + 1)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path, testIssuer, ciba.Generic); err == nil ||
		!strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("got %v", err)
	}
}
