package oauth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

type static string

func (s static) Token(context.Context) (*Token, error) {
	if s == "" {
		return nil, errFetch
	}
	return &Token{AccessToken: Secret(s)}, nil
}

func request(t *testing.T, method, target string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestTransportPutsTheTokenOnACopy(t *testing.T) {
	req := request(t, http.MethodGet, "https://agent.example/", nil)
	req.Header.Set("X-Other", "kept")
	rt := &Transport{Source: static("t1"),
		Base: handler(func(_ http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer t1" || r.Header.Get("X-Other") != "kept" {
				t.Errorf("headers %v", r.Header)
			}
		})}
	res, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if req.Header.Get("Authorization") != "" {
		t.Error("the caller's request was changed")
	}
}

func TestTransportRenewsOnceUponA401(t *testing.T) {
	// http cannot rewind this
	reader := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	for _, tt := range []struct {
		why    string
		source func() TokenSource
		body   io.Reader
		good   string // the token that the server takes
		status int
		sent   []string
	}{
		{"a fresh token helps", func() TokenSource {
			return Reuse(&counter{lives: time.Hour})
		}, nil, "t2", 200, []string{"t1", "t2"}},
		{"the body is sent again", func() TokenSource {
			return Reuse(&counter{lives: time.Hour})
		}, strings.NewReader("hello"), "t2", 200, []string{"t1", "t2"}},
		{"a fresh token does not help: once is enough", func() TokenSource {
			return Reuse(&counter{lives: time.Hour})
		}, nil, "none", 401, []string{"t1", "t2"}},
		{"a body that cannot be sent again", func() TokenSource {
			return Reuse(&counter{lives: time.Hour})
		}, reader("hello"), "t2", 401, []string{"t1"}},
		{"a source that cannot be told", func() TokenSource {
			return static("t1")
		}, nil, "t2", 401, []string{"t1"}},
		{"a source that has nothing newer", func() TokenSource {
			return Reuse(static("t1"))
		}, nil, "t2", 401, []string{"t1"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var sent []string
			rt := &Transport{Source: tt.source(),
				Base: handler(func(w http.ResponseWriter, r *http.Request) {
					token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
					sent = append(sent, token)
					if r.Body != nil {
						if b, _ := io.ReadAll(r.Body); tt.body != nil && string(b) != "hello" {
							t.Errorf("body %q", b)
						}
					}
					if token != tt.good {
						w.WriteHeader(http.StatusUnauthorized)
						_, _ = io.WriteString(w, "refused")
					}
				})}
			res, err := rt.RoundTrip(request(t, http.MethodPost, "https://agent.example/", tt.body))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != tt.status ||
				strings.Join(sent, " ") != strings.Join(tt.sent, " ") {
				t.Errorf("status %d, sent %v", res.StatusCode, sent)
			}
			if tt.status == 401 && string(body) != "refused" {
				t.Errorf("the caller cannot read the refusal: %q", body)
			}
		})
	}
}

func TestTransportRefusesToGoAstray(t *testing.T) {
	origin := mustURL(t, "http://localhost:10050/")
	redirected := request(t, http.MethodGet, "https://agent.example/", nil)
	redirected.Response = &http.Response{}
	for _, tt := range []struct {
		why string
		rt  *Transport
		req *http.Request
		is  error
	}{
		{"plain http", &Transport{Source: static("t1")},
			request(t, http.MethodGet, "http://agent.example/", nil), ErrInsecureURL},
		{"a redirect", &Transport{Source: static("t1")}, redirected, ErrInsecureURL},
		{"another origin", &Transport{Source: static("t1"), Origin: origin},
			request(t, http.MethodGet, "http://localhost:10051/", nil), ErrInsecureURL},
		{"no source", &Transport{}, request(t, http.MethodGet, "https://agent.example/", nil), nil},
		{"no token", &Transport{Source: static("")},
			request(t, http.MethodGet, "https://agent.example/", nil), errFetch},
	} {
		t.Run(tt.why, func(t *testing.T) {
			body := &closer{Reader: bytes.NewReader([]byte("x"))}
			tt.req.Body = body
			tt.rt.Base = handler(func(http.ResponseWriter, *http.Request) {
				t.Error("a request was sent")
			})
			_, err := tt.rt.RoundTrip(tt.req)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v", err)
			}
			if !body.closed {
				t.Error("the body was not closed")
			}
		})
	}
	ok := &Transport{Source: static("t1"), Origin: origin, Base: answer(200, "")}
	if _, err := ok.RoundTrip(request(t, http.MethodGet, "http://127.0.0.1:10050/x",
		nil)); err != nil {
		t.Error(err)
	}
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

func TestTransportUnderAClientThatFollowsRedirects(t *testing.T) {
	leaked := false
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked = leaked || r.Header.Get("Authorization") != ""
	}))
	defer sink.Close()
	srv := httptest.NewServer(http.RedirectHandler(sink.URL, http.StatusFound))
	defer srv.Close()
	// nil Base: the default transport
	hc := &http.Client{Transport: &Transport{Source: static("t1")}}
	_, err := hc.Get(srv.URL)
	if _, ok := errors.AsType[*url.Error](err); !ok || !errors.Is(err, ErrInsecureURL) || leaked {
		t.Errorf("leaked = %v, error %v", leaked, err)
	}
}

func TestTransportWhoseBodyCannotBeRewound(t *testing.T) {
	req := request(t, http.MethodPost, "https://agent.example/", strings.NewReader("x"))
	req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
	rt := &Transport{Source: Reuse(&counter{lives: time.Hour}), Base: answer(401, "refused")}
	res, err := rt.RoundTrip(req)
	if err != nil || res.StatusCode != 401 {
		t.Errorf("got %v, %v", res, err)
	}
}
