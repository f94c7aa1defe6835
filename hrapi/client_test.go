package hrapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"staff0/ciba/oauth"
)

func bearerToken(t string) oauth.Token {
	return oauth.Token{AccessToken: oauth.Secret(t), Type: "Bearer"}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answering(status int, contentType, body string) *Client {
	return &Client{"https://hr.example/base/",
		&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status,
				Header: http.Header{"Content-Type": {contentType},
					"Retry-After": {"7"}, "Location": {"/elsewhere"}},
				Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}}
}

const good = `{"employee_id":"E1001","name":"John Doe","email":"jdoe@staff0.com","status":"active","active":true,"as_of":"2026-03-01T09:00:00+01:00"}`

func with(old, new string) string { return strings.Replace(good, old, new, 1) }

func TestClientReads(t *testing.T) {
	asOf := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, body string
		want       Employee
	}{
		{"a record", good, Employee{"E1001", "John Doe", "jdoe@staff0.com", "active", true, asOf}},
		{"members that it does not know", with("{", `{"salary":1,"x":[{"active":false}],`),
			Employee{"E1001", "John Doe", "jdoe@staff0.com", "active", true, asOf}},
		{"the subject said again, as the perf rig does", with("{", `{"id":"auth0|jdoe",`),
			Employee{"E1001", "John Doe", "jdoe@staff0.com", "active", true, asOf}},
		{"no name and no address", with(`"name":"John Doe","email":"jdoe@staff0.com",`, ""),
			Employee{"E1001", "", "", "active", true, asOf}},
		{"leave", with(`"active",`, `"on_leave",`),
			Employee{"E1001", "John Doe", "jdoe@staff0.com", "on_leave", true, asOf}},
		{"an end", with(`"active","active":true`, `"ended","active":false`),
			Employee{"E1001", "John Doe", "jdoe@staff0.com", "ended", false, asOf}},
		{"active, but not yet or no longer", with(`true`, `false`),
			Employee{"E1001", "John Doe", "jdoe@staff0.com", "active", false, asOf}},
	} {
		got, err := answering(200, "application/json; charset=utf-8", tc.body).Employee(t.Context(),
			bearerToken("t"), "auth0|jdoe", "")
		if err != nil || *got != tc.want {
			t.Errorf("%s: %+v, %v, want %+v", tc.name, got, err, tc.want)
		}
	}
}

func TestClientRefusesRecords(t *testing.T) {
	for _, tc := range []struct{ name, contentType, body string }{
		{"HTML", "text/html", good},
		{"no content type", "", good},
		{"a problem under 200", "application/problem+json", good},
		{"nothing", "application/json", ""},
		{"null", "application/json", "null"},
		{"a list", "application/json", "[" + good + "]"},
		{"two records", "application/json", good + good},
		{"a record that breaks off", "application/json", good[:80]},
		{"too much", "application/json", good + strings.Repeat(" ", maxAnswerBytes)},
		{"a member twice", "application/json", with("{", `{"active":false,`)},
		{"a name in another case", "application/json", with(`"active":`, `"Active":`)},
		{"no employee_id", "application/json", with(`"employee_id":"E1001",`, "")},
		{"an empty employee_id", "application/json", with(`E1001`, "")},
		{"a number as employee_id", "application/json", with(`"E1001"`, "1001")},
		{"no status", "application/json", with(`"status":"active",`, "")},
		{"an unknown status", "application/json", with(`"active",`, `"retired",`)},
		{"no active", "application/json", with(`,"active":true`, "")},
		{"null for active", "application/json", with(`true`, "null")},
		{"a text for active", "application/json", with(`true`, `"true"`)},
		{"a number for active", "application/json", with(`true`, `1`)},
		{"ended and active", "application/json", with(`"active",`, `"ended",`)},
		{"no as_of", "application/json", with(`,"as_of":"2026-03-01T09:00:00+01:00"`, "")},
		{"a day for as_of", "application/json", with(`T09:00:00+01:00`, "")},
		{"null for name", "application/json", with(`"John Doe"`, "null")},
		{"a list for email", "application/json", with(`"jdoe@staff0.com"`, `[]`)},
		{"another person's id", "application/json", with("{", `{"id":"auth0|asmith",`)},
		{"another person's sub", "application/json", with("{", `{"sub":"auth0|asmith",`)},
		{"another person's subject", "application/json", with("{", `{"subject":"auth0|asmith",`)},
		{"a number as id", "application/json", with("{", `{"id":7,`)},
	} {
		got, err := answering(200, tc.contentType, tc.body).Employee(t.Context(), bearerToken("t"),
			"auth0|jdoe", "")
		var bad *AnswerError
		if got != nil || !errors.As(err, &bad) || bad.Status != 200 {
			t.Errorf("%s: %+v, %v, want an *AnswerError", tc.name, got, err)
			continue
		}
		for _, personal := range []string{"jdoe", "John", "asmith", "E1001"} {
			if strings.Contains(err.Error(), personal) {
				t.Errorf("%s: the error quotes the record: %v", tc.name, err)
			}
		}
	}
}

func TestClientReadsRefusals(t *testing.T) {
	const problems, plain = "application/problem+json", "application/json"
	temporary := func(status int) error {
		return &TemporaryError{Status: status, RetryAfter: 7 * time.Second}
	}
	for _, tc := range []struct {
		name              string
		status            int
		contentType, body string
		want              error
	}{
		{"401", 401, problems, `{}`, ErrUnauthorized},
		{"403", 403, problems, `{}`, ErrForbidden},
		{"404 about the person", 404, problems, `{"type":"` + typeNoRecord + `"}`, ErrNotFound},
		{"404 in plain JSON, as the perf rig says it", 404, plain, `{"error":"Not Found"}`,
			ErrNotFound},
		{"404 about the address", 404, problems, `{"type":"about:blank"}`,
			&AnswerError{Status: 404}},
		{"404 of a problem without a type", 404, problems, `{}`, &AnswerError{Status: 404}},
		{"404 of a broken problem", 404, problems, `{`, &AnswerError{Status: 404}},
		{"404 of a proxy", 404, "text/html", `<h1>Not Found</h1>`, &AnswerError{Status: 404}},
		{"409 about the registers", 409, problems, `{"type":"` + typeSubjectMismatch + `"}`,
			ErrSubjectMismatch},
		{"409 of something else", 409, problems, `{"type":"about:blank"}`,
			&AnswerError{Status: 409}},
		{"409 in plain JSON", 409, plain, `{"type":"` + typeSubjectMismatch + `"}`,
			&AnswerError{Status: 409}},
		{"404 about the registers", 404, problems, `{"type":"` + typeSubjectMismatch + `"}`,
			&AnswerError{Status: 404}},
		{"408", 408, "", "", temporary(408)},
		{"429", 429, problems, "{}", temporary(429)},
		{"500", 500, problems, "{}", temporary(500)},
		{"502 of a proxy", 502, "text/html", "<h1>", temporary(502)},
		{"503", 503, problems, "{}", temporary(503)},
		{"a redirect", 302, "", "", &AnswerError{Status: 302}},
		{"400", 400, problems, "{}", &AnswerError{Status: 400}},
		{"204", 204, "", "", &AnswerError{Status: 204}},
		{"201", 201, plain, good, &AnswerError{Status: 201}},
	} {
		got, err := answering(tc.status, tc.contentType, tc.body).Employee(t.Context(),
			bearerToken("t"), "auth0|jdoe", "")
		var gotT, wantT *TemporaryError
		var gotA, wantA *AnswerError
		switch {
		case got != nil || err == nil:
			t.Errorf("%s: %+v, %v", tc.name, got, err)
		case errors.As(tc.want, &wantT):
			if !errors.As(err, &gotT) || *gotT != *wantT {
				t.Errorf("%s: %v, want %+v", tc.name, err, wantT)
			}
		case errors.As(tc.want, &wantA):
			if !errors.As(err, &gotA) || gotA.Status != wantA.Status ||
				errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v, want an *AnswerError", tc.name, err)
			}
		case !errors.Is(err, tc.want):
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestClientAsks(t *testing.T) {
	var got *http.Request
	c := &Client{"http://127.0.0.1:1/base%2Fx/",
		&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			got = r
			return answering(401, "", "").HTTPClient.Transport.RoundTrip(r)
		})}}
	for subject, want := range map[string]string{
		"auth0|jdoe": "/base%2Fx/employees/auth0%7Cjdoe",
		"a/b?c#d e":  "/base%2Fx/employees/a%2Fb%3Fc%23d%20e",
		"..":         "/base%2Fx/employees/%2E%2E",
		".":          "/base%2Fx/employees/%2E",
		"加":          "/base%2Fx/employees/%E5%8A%A0",
		"%2F":        "/base%2Fx/employees/%252F",
	} {
		if _, err := c.Employee(t.Context(), bearerToken("secret"), subject, ""); !errors.Is(err,
			ErrUnauthorized) {
			t.Fatal(err)
		}
		if got.URL.EscapedPath() != want || got.Method != "GET" ||
			got.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("%q: asked %s %s with %s, want %s", subject, got.Method, got.URL.EscapedPath(),
				got.Header.Get("Authorization"), want)
		}
	}
}

func TestClientNeedsItsFields(t *testing.T) {
	hc := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})}
	for _, c := range []*Client{
		{}, {"https://hr.example", nil}, {"", hc}, {"http://hr.example", hc},
		{"ftp://hr.example", hc}, {"https://user:pass@hr.example", hc},
		{"https://hr.example?x=1", hc}, {"https://hr.example/?", hc}, {"https://hr.example/#", hc},
		{"://", hc},
	} {
		if err := c.Validate(); err == nil {
			t.Errorf("%q passes", c.BaseURL)
		}
		if _, err := c.Employee(t.Context(), bearerToken("t"), "s", ""); err == nil ||
			strings.Contains(err.Error(), "pass@") {
			t.Errorf("%q: %v", c.BaseURL, err)
		}
	}
	c := &Client{"http://localhost:1", hc}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if _, err := c.Employee(t.Context(), oauth.Token{}, "s", ""); err == nil {
		t.Error("asked without a token")
	}
	if _, err := c.Employee(t.Context(), bearerToken("t"), "", ""); err == nil {
		t.Error("asked about nobody")
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	visited := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visited++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	hc := &http.Client{} // would follow
	_, err := (&Client{srv.URL, hc}).Employee(t.Context(), bearerToken("t"), "s", "")
	var bad *AnswerError
	if !errors.As(err, &bad) || visited != 1 {
		t.Errorf("%v after %d requests, want one request and an *AnswerError", err, visited)
	}
	if hc.CheckRedirect != nil || hc.Timeout != 0 {
		t.Error("the caller's HTTPClient was changed")
	}
}

func TestClientOnABadLine(t *testing.T) {
	cut := &Client{"https://hr.example",
		&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200,
				Body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), Request: r}, nil
		})}}
	refused := &Client{"https://hr.example",
		&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		})}}
	for _, c := range []*Client{cut, refused} {
		_, err := c.Employee(t.Context(), bearerToken("secret"), "auth0|jdoe", "")
		var temporary *TemporaryError
		if !errors.As(err, &temporary) || temporary.Status != 0 || temporary.Unwrap() == nil {
			t.Errorf("%v, want a *TemporaryError", err)
		}
		if s := fmt.Sprint(err); strings.Contains(s, "jdoe") || strings.Contains(s, "secret") {
			t.Errorf("the error names the person or the token: %s", s)
		}
	}
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	srv.Config.ErrorLog = nil
	_, err := (&Client{srv.URL, &http.Client{}}).Employee(t.Context(), bearerToken("t"), "s", "")
	var temporary *TemporaryError
	if err == nil || errors.As(err, &temporary) || !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("an untrusted certificate: %v, want a final error", err)
	}
}

func TestClientWaitsOnlySoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := &Client{"https://hr.example",
			&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})}}
		start := time.Now()
		_, err := silent.Employee(t.Context(), bearerToken("t"), "s", "")
		var temporary *TemporaryError
		if !errors.As(err, &temporary) || time.Since(start) != requestTimeout {
			t.Errorf("%v after %v, want a *TemporaryError after %v", err, time.Since(start),
				requestTimeout)
		}
		shutdown := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(shutdown)
		if _, err := silent.Employee(ctx, bearerToken("t"), "s", ""); !errors.Is(err, shutdown) ||
			errors.As(err, &temporary) {
			t.Errorf("%v, want the cause of the context and nothing temporary", err)
		}
	})
}
