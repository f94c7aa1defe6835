package hrapi

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// registers is a database with two people and the HTTP API over it; what it logs is returned.
func registers(t *testing.T) (http.Handler, *bytes.Buffer) {
	t.Helper()
	d := newFile(t)
	mustImport(t, d, "employee_id,subject,email,name,status\n"+
		"E1,auth0|jdoe,jdoe@staff0.com,John Doe,active\n"+
		"E2,auth0|asmith,ásmith%x@staff0.com,Alice Smith,active\n", ImportOptions{})
	log := new(bytes.Buffer)
	return newHandler(t, Config{Records: d, Log: slog.New(slog.NewTextHandler(log, nil)),
		Verifier: verifier{
			"john":     person("auth0|jdoe", "read:employee"),
			"stranger": person("auth0|none", "read:employee"),
			"alice":    person("auth0|asmith", "read:employee"),
		}}), log
}

// TestRegistersMustFit: the subject's record is answered for the address in it, and for one that
// nobody else's record has; with one that somebody else's record has, nothing is true of either.
func TestRegistersMustFit(t *testing.T) {
	for _, tt := range []struct {
		why, token string
		header     []string
		status     int
		kind       string
		logged     string
	}{
		{"no address", "john", nil, 200, "", ""},
		{"the address of the record", "john", []string{"jdoe@staff0.com"}, 200, "", ""},
		{"in capitals", "john", []string{"JDoe@Staff0.COM"}, 200, "", ""},
		{"with letters and signs", "alice", []string{"%C3%A1smith%25x@staff0.com"}, 200, "", ""},
		{"an address that nobody has", "john", []string{"john@new.example"}, 200, "", "level=WARN"},
		{"the Kelvin sign is nobody's k", "john", []string{"%E2%84%AA@staff0.com"}, 200, "",
			"level=WARN"},
		{"somebody else's", "john", []string{"%C3%A1smith%25x@staff0.com"}, 409,
			typeSubjectMismatch, "level=ERROR"},
		{"a stranger with somebody's address", "stranger", []string{"jdoe@staff0.com"}, 409,
			typeSubjectMismatch, "level=ERROR"},
		{"a stranger with his own", "stranger", []string{"stranger@staff0.com"}, 404,
			typeNoRecord, ""},
		{"a stranger without", "stranger", nil, 404, typeNoRecord, ""},
		{"no address in it", "john", []string{"jdoe"}, 400, "about:blank", "level=INFO"},
		{"nothing in it", "john", []string{""}, 400, "about:blank", "level=INFO"},
		{"a broken escape", "john", []string{"jdoe%4@staff0.com"}, 400, "about:blank",
			"level=INFO"},
		{"bytes that are no text", "john", []string{"%FF@staff0.com"}, 400, "about:blank",
			"level=INFO"},
		{"too much", "john", []string{strings.Repeat("j", maxEmailBytes) + "@staff0.com"}, 400,
			"about:blank", "level=INFO"},
		{"two of them", "john", []string{"jdoe@staff0.com", "john@new.example"}, 400, "about:blank",
			"level=INFO"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			h, log := registers(t)
			subject := map[string]string{"john": "auth0%7Cjdoe", "alice": "auth0%7Casmith",
				"stranger": "auth0%7Cnone"}[tt.token]
			r := httptest.NewRequest("GET", "/employees/"+subject, nil)
			r.Header.Set("Authorization", "Bearer "+tt.token)
			r.Header[VerifiedEmailHeader] = tt.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if tt.status != 200 {
				if p := checkProblem(t, w); p.Type != tt.kind || strings.Contains(p.Detail, "@") {
					t.Errorf("problem %+v, want type %s", p, tt.kind)
				}
			}
			if !strings.Contains(log.String(), tt.logged) || tt.logged == "" && log.Len() > 0 {
				t.Errorf("logged %q, want %q", log, tt.logged)
			}
			if tt.status == 409 && !strings.Contains(log.String(), "reason=subject_mismatch") {
				t.Errorf("the alarm has no reason: %s", log)
			}
			for _, personal := range []string{"@", "auth0", "jdoe", "E1", "John"} {
				if strings.Contains(log.String(), personal) {
					t.Errorf("the log names a person: %s", log)
				}
			}
		})
	}
}

// TestClientTellsTheAddress: in the header, whatever letters it has, and never in the URL.
func TestClientTellsTheAddress(t *testing.T) {
	var got *http.Request
	c := &Client{"https://hr.example",
		&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			got = r
			return answering(409, "application/problem+json", `{"type":"`+typeSubjectMismatch+
				`"}`).HTTPClient.Transport.RoundTrip(r)
		})}}
	for _, address := range []string{"jdoe@staff0.com", "siobhan.o'sullivan+a%2b@staff0.com",
		"加藤@staff0.com"} {
		_, err := c.Employee(t.Context(), bearerToken("t"), "auth0|x", address)
		if !errors.Is(err, ErrSubjectMismatch) || strings.Contains(err.Error(), "staff0.com") {
			t.Errorf("%s: %v", address, err)
		}
		values := got.Header[VerifiedEmailHeader]
		for _, c := range []byte(strings.Join(values, "")) {
			if c <= ' ' || c > '~' {
				t.Errorf("%s: the header is %q", address, values)
			}
		}
		if read, err := readAddress(got.Header); len(values) != 1 || read != address || err != nil {
			t.Errorf("%s: read as %q, %v from %q", address, read, err, values)
		}
		if strings.Contains(got.URL.String(), "staff0.com") {
			t.Errorf("%s: asked %s", address, got.URL)
		}
	}
	if _, err := c.Employee(t.Context(), bearerToken("t"), "auth0|x", ""); err == nil ||
		got.Header[VerifiedEmailHeader] != nil {
		t.Errorf("without an address: %q, %v", got.Header, err)
	}
}
