package idp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxBody bounds the body of a protocol request; the longest legal one, with a
// signed hint of another provider in it, stays far below.
const maxBody = 64 << 10

// oauthError is an error answer of RFC 6749 §5.2.
type oauthError struct {
	status      int
	code        string
	description string
	interval    time.Duration // slow_down: the interval from now on
	retryAfter  time.Duration // 429: when to come back
	basic       bool          // 401: the client used HTTP Basic
}

func (e *oauthError) Error() string { return e.code + ": " + e.description }

func badRequest(code, format string, args ...any) *oauthError {
	return &oauthError{status: http.StatusBadRequest, code: code,
		description: fmt.Sprintf(format, args...)}
}

// fail writes e as JSON, or hides an error of ours behind server_error.
func (p *Provider) fail(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*oauthError](err)
	if !ok {
		p.internal(w, "serving a request", err)
		return
	}
	body := map[string]any{"error": e.code, "error_description": e.description}
	if e.interval > 0 {
		// Auth0 names the new interval twice; CIBA Core §11 does not ask for it.
		body["interval"] = int64(e.interval / time.Second)
		e.retryAfter = e.interval
	}
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64(e.retryAfter/time.Second), 10))
	}
	if e.basic {
		// RFC 6749 §5.2: a 401 names the scheme that the client tried.
		w.Header().Set("WWW-Authenticate", `Basic realm="staff0 for development", charset="UTF-8"`)
	}
	writeJSON(w, e.status, body)
}

func (p *Provider) internal(w http.ResponseWriter, doing string, err error) {
	p.log.Error("for development: "+doing+" failed", "error", err)
	writeJSON(w, http.StatusInternalServerError, map[string]any{
		"error":             "server_error",
		"error_description": "The identity provider failed; its log says why.",
	})
}

// RFC 6749 §5.1 wants no-store on whatever carries a token; the front door
// sets it on every answer.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		// Only maps, strings and numbers of this package get here.
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	writeJSONBytes(w, status, b)
}

func writeJSONBytes(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b[:len(b):len(b)], '\n')) // the client has gone: nothing to do
}

func writeText(w http.ResponseWriter, status int, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, s+"\n")
}

// params are the parameters of a request, each at most once and never empty.
type params map[string]string

// readParams reads a form, or JSON where the endpoint takes it as Auth0's does.
// RFC 6749 §3.2: parameters without a value count as omitted, and none may
// be included more than once.
func readParams(w http.ResponseWriter, r *http.Request, takeJSON bool) (params, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			return nil, &oauthError{
				status: http.StatusRequestEntityTooLarge, code: "invalid_request",
				description: fmt.Sprintf("The body exceeds %d bytes.", maxBody),
			}
		}
		return nil, badRequest("invalid_request", "The body could not be read.")
	}
	if !utf8.Valid(body) {
		return nil, badRequest("invalid_request", "The body is not UTF-8.")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "application/x-www-form-urlencoded":
		return readForm(string(body))
	case err == nil && media == "application/json" && takeJSON:
		return readJSONParams(body)
	case takeJSON:
		return nil, badRequest("invalid_request",
			"Content-Type must be application/x-www-form-urlencoded or application/json.")
	default:
		return nil, badRequest("invalid_request",
			"Content-Type must be application/x-www-form-urlencoded.")
	}
}

func readForm(body string) (params, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, badRequest("invalid_request", "The form is malformed.")
	}
	out := make(params, len(form))
	for name, values := range form {
		if len(values) > 1 {
			if name == "resource" {
				// RFC 8707 §2 allows several; a token here has one audience.
				return nil, badRequest("invalid_target", "Only one resource can be asked for.")
			}
			return nil, badRequest("invalid_request", "A parameter occurs more than once.")
		}
		if !utf8.ValidString(values[0]) {
			return nil, badRequest("invalid_request", "A parameter is not UTF-8.")
		}
		if values[0] != "" {
			out[name] = values[0]
		}
	}
	return out, nil
}

// readJSONParams takes one flat object of strings. encoding/json would let the
// last of two equal names win, and what two readers read differently is refused.
func readJSONParams(body []byte) (params, error) {
	malformed := badRequest("invalid_request",
		"The body is no JSON object of strings with different names.")
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, malformed
	}
	out := params{}
	seen := map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, malformed
		}
		value, err := dec.Token()
		if err != nil {
			return nil, malformed
		}
		n, _ := name.(string)
		s, ok := value.(string)
		if !ok || seen[n] {
			return nil, malformed
		}
		seen[n] = true
		if s != "" {
			out[n] = s
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, malformed
	}
	return out, nil
}
