package oauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func post(hc *http.Client, meta *Metadata) (*Response, error) {
	return PostForm(context.Background(), hc, meta.TokenEndpoint, meta, testAuth,
		url.Values{"grant_type": {"x"}})
}

func TestPostFormAuthenticates(t *testing.T) {
	odd := ClientAuth{ID: "bänk:1", Secret: "p%40:s+/=& w;~"}
	for _, tt := range []struct {
		why     string
		methods []string
		basic   bool
		fails   bool
	}{
		{"post when it is advertised", []string{"client_secret_basic", "client_secret_post"},
			false, false},
		{"basic when only that is advertised", []string{"private_key_jwt", "client_secret_basic"},
			true, false},
		{"basic when nothing is advertised (Discovery §3)", nil, true, false},
		{"nothing is sent when no secret is taken", []string{"private_key_jwt"}, false, true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var got *http.Request
			hc := clientOf(func(w http.ResponseWriter, r *http.Request) {
				got = r
				_ = r.ParseForm()
				jsonAnswer(`{}`)(w, r)
			})
			meta := testMetadata()
			meta.AuthMethods = tt.methods
			form := url.Values{"grant_type": {"client_credentials"},
				"audience": {"https://staff0/agent"}}
			_, err := PostForm(context.Background(), hc, meta.TokenEndpoint, meta, odd, form)
			if tt.fails {
				if err == nil || got != nil {
					t.Fatalf("sent %v, error %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != http.MethodPost ||
				got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
				got.Header.Get("Accept") != "application/json" {
				t.Errorf("not a form post: %s %v", got.Method, got.Header)
			}
			if got.PostForm.Get("audience") != "https://staff0/agent" ||
				got.PostForm.Get("grant_type") != "client_credentials" {
				t.Errorf("form is %v", got.PostForm)
			}
			id, secret := got.PostForm.Get("client_id"), got.PostForm.Get("client_secret")
			if tt.basic {
				if id != "" || secret != "" {
					t.Error("credentials were sent in two ways (RFC 6749 §2.3)")
				}
				raw, _ := base64.StdEncoding.DecodeString(
					strings.TrimPrefix(got.Header.Get("Authorization"), "Basic "))
				user, pass, _ := strings.Cut(string(raw), ":")
				id, _ = url.QueryUnescape(user)
				secret, _ = url.QueryUnescape(pass)
			} else if got.Header.Get("Authorization") != "" {
				t.Error("credentials were sent in two ways (RFC 6749 §2.3)")
			}
			if id != odd.ID || secret != odd.Secret.Reveal() {
				t.Errorf("credentials arrive as %q, %q", id, secret)
			}
			if len(form) != 2 {
				t.Errorf("the caller's form was changed: %v", form)
			}
		})
	}
}

func TestPostFormSendsSecretsOnlyWhereTheMetadataSays(t *testing.T) {
	hc := clientOf(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	plain := testMetadata()
	plain.TokenEndpoint = "http://issuer.example/token"
	broken := testMetadata()
	broken.TokenEndpoint = "https://issuer.example/%zz"
	for _, tt := range []struct {
		why, endpoint string
		meta          *Metadata
		auth          ClientAuth
		hc            *http.Client
	}{
		{"an endpoint that the metadata does not name", "https://attacker.example/token",
			testMetadata(), testAuth, hc},
		{"the key set is no place for a secret", testIssuer + "jwks", testMetadata(), testAuth, hc},
		{"no endpoint", "", &Metadata{}, testAuth, hc},
		{"plain http", plain.TokenEndpoint, plain, testAuth, hc},
		{"an address that cannot be parsed", broken.TokenEndpoint, broken, testAuth, hc},
		{"no metadata", testIssuer + "token", nil, testAuth, hc},
		{"no HTTP client", testIssuer + "token", testMetadata(), testAuth, nil},
		{"no client id", testIssuer + "token", testMetadata(), ClientAuth{Secret: "x"}, hc},
		{"no client secret", testIssuer + "token", testMetadata(), ClientAuth{ID: "x"}, hc},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if _, err := PostForm(context.Background(), tt.hc, tt.endpoint, tt.meta, tt.auth,
				nil); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestPostFormAnswers(t *testing.T) {
	future := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, tt := range []struct {
		why       string
		h         handler
		want      Error
		temporary bool
	}{
		{"error and description",
			answer(400, `{"error":"invalid_grant","error_description":"gone"}`),
			Error{400, "invalid_grant", "gone", 0, 0}, false},
		{"401", answer(401, `{"error":"invalid_client"}`), Error{401, "invalid_client", "", 0, 0},
			false},
		{"interval in the body", answer(400, `{"error":"slow_down","interval":60}`),
			Error{400, "slow_down", "", time.Minute, 0}, false},
		{"interval in quotes", answer(400, `{"error":"slow_down","interval":"7"}`),
			Error{400, "slow_down", "", 7 * time.Second, 0}, false},
		{"a nonsensical interval does not hide the code",
			answer(400, `{"error":"slow_down","interval":{"a":1}}`),
			Error{400, "slow_down", "", 0, 0}, false},
		{"a negative interval is none", answer(400, `{"error":"slow_down","interval":-3}`),
			Error{400, "slow_down", "", 0, 0}, false},
		{"an absurd interval is cut", answer(400, `{"error":"slow_down","interval":1e300}`),
			Error{400, "slow_down", "", 24 * time.Hour, 0}, false},
		{"Retry-After in seconds", answer(429, `{"error":"too_many_requests"}`, "Retry-After",
			"30"), Error{429, "too_many_requests", "", 0, 30 * time.Second}, true},
		{"Retry-After as a date", answer(503, `down`, "Retry-After", future),
			Error{503, "", "", 0, 90 * time.Second}, true},
		{"Retry-After in the past", answer(503, ``, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"),
			Error{503, "", "", 0, 0}, true},
		{"Retry-After is nonsense", answer(503, ``, "Retry-After", "-5"), Error{503, "", "", 0, 0},
			true},
		{"Retry-After beyond a day", answer(503, ``, "Retry-After", "999999999"),
			Error{503, "", "", 0, 24 * time.Hour}, true},
		{"HTML from a proxy", answer(502, `<html>Bad Gateway</html>`), Error{502, "", "", 0, 0},
			true},
		{"members of the wrong type", answer(400, `{"error":5}`), Error{400, "", "", 0, 0}, false},
		{"408", answer(408, ``), Error{408, "", "", 0, 0}, true},
		{"a redirect is not followed", answer(307, ``, "Location", "https://attacker.example/"),
			Error{307, "", "", 0, 0}, false},
		{"any other success is not one", answer(204, ``), Error{204, "", "", 0, 0}, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			calls := 0
			hc := clientOf(func(w http.ResponseWriter, r *http.Request) { calls++; tt.h(w, r) })
			_, err := post(hc, testMetadata())
			got, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if tt.why == "Retry-After as a date" {
				got.RetryAfter = got.RetryAfter.Round(5 * time.Second)
			}
			if *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
			if IsTemporary(err) != tt.temporary {
				t.Errorf("temporary = %v", !tt.temporary)
			}
			if calls != 1 {
				t.Errorf("%d requests; there is one attempt", calls)
			}
		})
	}
}

func TestErrorIsComparedByCode(t *testing.T) {
	err := error(&Error{Status: 401, Code: "invalid_client", Description: "x"})
	if !errors.Is(err, ErrInvalidClient) || errors.Is(err, ErrInvalidGrant) {
		t.Error("errors.Is does not go by the code")
	}
	if errors.Is(&Error{Status: 500}, &Error{}) || errors.Is(err, io.EOF) {
		t.Error("an error without a code is like no other")
	}
	if IsTemporary(io.EOF) {
		t.Error("an unknown error is not temporary")
	}
}

func TestErrorTextIsHarmless(t *testing.T) {
	for _, tt := range []struct {
		why  string
		err  *Error
		want string
	}{
		{"plain", &Error{Status: 400, Code: "invalid_scope", Description: "no such scope"},
			"oauth: the identity provider answered HTTP 400, invalid_scope: no such scope"},
		{"control characters",
			&Error{Status: 400, Code: "a\nb", Description: "\x1b[31mred\x07\r\u202e\u2028\\"},
			`oauth: the identity provider answered HTTP 400, a\nb: \x1b[31mred\a\r\u202e\u2028\\`},
		{"readable text of other languages stays",
			&Error{Status: 400, Code: "x", Description: "désolé 申し訳"},
			"oauth: the identity provider answered HTTP 400, x: désolé 申し訳"},
		{"redirect", &Error{Status: 302},
			"oauth: the identity provider answered HTTP 302; a redirect is not followed, because " +
				"the request carries credentials"},
		{"a sentinel", ErrInvalidClient,
			"oauth: the identity provider answered with an error, invalid_client"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.why, got, tt.want)
		}
	}
	long := (&Error{Status: 400, Description: strings.Repeat("é", 10_000)}).Error()
	if len(long) > 600 || !strings.HasSuffix(long, "…") {
		t.Errorf("%d bytes of description are repeated", len(long))
	}
}

func TestPostFormIsNotFooledByTheHTTPClient(t *testing.T) {
	// A real client that would follow redirects and keep cookies.
	reached := false
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached = true
	}))
	defer sink.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, sink.URL, http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	meta := &Metadata{Issuer: srv.URL, TokenEndpoint: srv.URL + "/token"}
	_, err := post(&http.Client{}, meta)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 307 {
		t.Errorf("got %v", err)
	}
	if reached {
		t.Error("the credentials were sent on")
	}
}

func TestNewHTTPClient(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" || len(r.Cookies()) > 0 {
			t.Errorf("headers %v", r.Header)
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer srv.Close()
	hc := NewHTTPClient(5 * time.Second)
	defer hc.CloseIdleConnections()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(srv.URL, "http://"))
	for _, host := range []string{"127.0.0.1", "localhost", "127.0.0.1"} {
		res, err := hc.Get("http://" + net.JoinHostPort(host, port))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusFound {
			t.Errorf("status %d; redirects are for the caller to see", res.StatusCode)
		}
	}
	if hc.Timeout != 5*time.Second {
		t.Errorf("timeout %v", hc.Timeout)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://issuer.example", nil)
	if res, err := hc.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", res, err)
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (brokenBody) Close() error             { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBodiesAreBounded(t *testing.T) {
	huge := bytes.Repeat([]byte(" "), maxResponseBytes+1)
	for _, length := range []int64{-1, int64(len(huge)), 1 << 40} {
		hc := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: length,
				Body: io.NopCloser(bytes.NewReader(huge))}, nil
		})}
		if _, err := post(hc, testMetadata()); !errors.Is(err, ErrBadResponse) || IsTemporary(err) {
			t.Errorf("length %d: %v", length, err)
		}
	}
	exact := `{"a":"` + strings.Repeat("x", maxResponseBytes-8) + `"}`
	for _, length := range []int64{-1, int64(len(exact))} {
		hc := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: length,
				Body: io.NopCloser(strings.NewReader(exact))}, nil
		})}
		if res, err := post(hc, testMetadata()); err != nil || string(res.Body) != exact {
			t.Errorf("length %d: the largest body is refused: %v", length, err)
		}
	}
}

func TestACutConnectionIsUnreachable(t *testing.T) {
	for why, rt := range map[string]roundTrip{
		"refused": func(*http.Request) (*http.Response, error) {
			return nil, errors.New("connection refused")
		},
		"cut": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: brokenBody{}}, nil
		},
		"cut short": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: 9,
				Body: io.NopCloser(strings.NewReader("{"))}, nil
		},
	} {
		if _, err := post(&http.Client{Transport: rt}, testMetadata()); !errors.Is(err,
			ErrUnreachable) || !IsTemporary(err) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestTimeoutsAndCancellation(t *testing.T) {
	slow := func(_ http.ResponseWriter, r *http.Request) { wait(r, time.Hour) }
	for _, tt := range []struct {
		why     string
		timeout time.Duration
		ctx     func() (context.Context, context.CancelFunc)
		after   time.Duration
		is, not error
	}{
		{"the client's timeout", 10 * time.Second, func() (context.Context, context.CancelFunc) {
			return context.WithCancel(context.Background())
		}, 10 * time.Second, ErrUnreachable, context.Canceled},
		{"a bound of our own when the client has none", 0,
			func() (context.Context, context.CancelFunc) {
				return context.WithCancel(context.Background())
			}, 30 * time.Second, ErrUnreachable, context.Canceled},
		{"the caller's deadline", time.Minute, func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), time.Second)
		}, time.Second, ErrUnreachable, context.Canceled},
		{"the caller gives up, which is not the provider's fault", time.Minute,
			func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(context.Background())
				time.AfterFunc(2*time.Second, cancel)
				return ctx, cancel
			}, 2 * time.Second, context.Canceled, ErrUnreachable},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := tt.ctx()
				defer cancel()
				hc := &http.Client{Transport: handler(slow), Timeout: tt.timeout}
				meta := testMetadata()
				start := time.Now()
				_, err := PostForm(ctx, hc, meta.TokenEndpoint, meta, testAuth, nil)
				if !errors.Is(err, tt.is) || errors.Is(err, tt.not) ||
					time.Since(start) != tt.after {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
				synctest.Wait()
			})
		})
	}
}

func BenchmarkPostForm(b *testing.B) {
	body := []byte(`{"error":"authorization_pending","error_description":"pending"}`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(400)
		_, _ = w.Write(body)
	}))
	defer srv.Close()
	form := url.Values{"grant_type": {"urn:openid:params:grant-type:ciba"},
		"auth_req_id": {"0123456789012345678901234567890123456789012"}}
	b.Run("ours", func(b *testing.B) {
		hc := NewHTTPClient(30 * time.Second)
		meta := &Metadata{TokenEndpoint: srv.URL, AuthMethods: []string{"client_secret_post"}}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := PostForm(context.Background(), hc, srv.URL, meta, testAuth,
				form); err == nil {
				b.Fatal("no error")
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		hc := &http.Client{Timeout: 30 * time.Second}
		b.ReportAllocs()
		for b.Loop() {
			f := url.Values{"client_id": {"bank"}, "client_secret": {"bank-secret"}}
			for k, v := range form {
				f[k] = v
			}
			res, err := hc.PostForm(srv.URL, f)
			if err != nil {
				b.Fatal(err)
			}
			data, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if len(data) != len(body) {
				b.Fatal(strconv.Itoa(len(data)))
			}
		}
	})
}
