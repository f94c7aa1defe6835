package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// na is the reason why a client cannot do a thing at all. It is no failure.
type na string

func (r na) Error() string { return string(r) }

// check runs one check and prints its line. .ci/clients counts the lines.
func check(what string, f func() error) {
	err := f()
	var reason na
	switch {
	case err == nil:
		fmt.Println(os.Args[1], what, "ok")
	case errors.As(err, &reason):
		fmt.Println(os.Args[1], what, "n/a", reason)
	default:
		fmt.Println(os.Args[1], what, "FAIL", strings.ReplaceAll(err.Error(), "\n", " "))
	}
}

// same is nil if an error is the one that was wanted.
func same(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("want %q, got %v", want, err)
}

// refused is nil if an error says that the server answered 401. The SDKs have no type for it.
func refused(err error) error {
	if err != nil && strings.Contains(err.Error(), "401") {
		return nil
	}
	return fmt.Errorf("want a 401, got %v", err)
}

// bearer sends an access token with each request, or none if it is empty.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+string(b))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func client(token string) *http.Client {
	return &http.Client{Transport: bearer(token), Timeout: 30 * time.Second}
}

const (
	hookSecret = "hook-secret"
	hookToken  = "hook-token"
)

// hook is a webhook: it keeps the bodies of the notifications that show the credentials and the
// token of the configuration.
type hook struct {
	url    string
	bodies chan string
	wrong  chan string
}

func listen() (*hook, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hook{
		url:    fmt.Sprintf("http://localhost:%d/hook", l.Addr().(*net.TCPAddr).Port),
		bodies: make(chan string, 100), wrong: make(chan string, 100),
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Header.Get("Authorization") != "Bearer "+hookSecret ||
				r.Header.Get("X-A2A-Notification-Token") != hookToken {
				h.wrong <- "a notification without the credentials or the token of the " +
					"configuration"
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			h.bodies <- string(body)
		}))
	}()
	return h, nil
}

// await waits for a notification that holds all of the texts.
func (h *hook) await(texts ...string) error {
	limit := time.After(10 * time.Second)
next:
	for {
		select {
		case body := <-h.bodies:
			for _, text := range texts {
				if !strings.Contains(body, text) {
					continue next
				}
			}
			return nil
		case wrong := <-h.wrong:
			return errors.New(wrong)
		case <-limit:
			return fmt.Errorf("no notification with %q within 10 s", texts)
		}
	}
}
