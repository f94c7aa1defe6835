package oauth

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTokenResponse(t *testing.T) {
	sent := time.Now()
	for _, tt := range []struct {
		why, body string
		want      error // nil: accepted
		lives     time.Duration
	}{
		{"everything",
			`{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":"x y","id_token":"i"}`, nil, time.Hour},
		{"the type in another case", `{"access_token":"a","token_type":"bearer","expires_in":60}`,
			nil, time.Minute},
		{"a lifetime in quotes", `{"access_token":"a","token_type":"Bearer","expires_in":"60"}`,
			nil, time.Minute},
		{"no lifetime", `{"access_token":"a","token_type":"Bearer"}`, nil, 0},
		{"a null lifetime", `{"access_token":"a","token_type":"Bearer","expires_in":null}`, nil, 0},
		{"unknown members", `{"access_token":"a","token_type":"Bearer","greeting":[1]}`, nil, 0},
		{"a null error is none", `{"access_token":"a","token_type":"Bearer","error":null}`, nil, 0},
		{"an absurd lifetime is cut",
			`{"access_token":"a","token_type":"Bearer","expires_in":1e400}`, nil, maxLifetime},

		{"no access token", `{"token_type":"Bearer"}`, ErrBadResponse, 0},
		{"an empty access token", `{"access_token":"","token_type":"Bearer"}`, ErrBadResponse, 0},
		{"an access token that is no string", `{"access_token":["s3cret"],"token_type":"Bearer"}`,
			ErrBadResponse, 0},
		{"a token that would split a header",
			`{"access_token":"s3cret\r\nX: y","token_type":"Bearer"}`, ErrBadResponse, 0},
		{"a token beyond ASCII", `{"access_token":"s3cret\u00e9","token_type":"Bearer"}`,
			ErrBadResponse, 0},
		{"no type", `{"access_token":"s3cret"}`, ErrBadResponse, 0},
		{"type mac", `{"access_token":"s3cret","token_type":"mac"}`, ErrBadResponse, 0},
		{"type DPoP", `{"access_token":"s3cret","token_type":"DPoP"}`, ErrBadResponse, 0},
		{"a lifetime that is no number",
			`{"access_token":"s3cret","token_type":"Bearer","expires_in":"soon"}`,
			ErrBadResponse, 0},
		{"a lifetime called infinity",
			`{"access_token":"s3cret","token_type":"Bearer","expires_in":"Infinity"}`,
			ErrBadResponse, 0},
		{"a lifetime called NaN",
			`{"access_token":"s3cret","token_type":"Bearer","expires_in":"NaN"}`,
			ErrBadResponse, 0},
		{"a scope that is no string",
			`{"access_token":"s3cret","token_type":"Bearer","scope":["x"]}`, ErrBadResponse, 0},
		{"an error in a success",
			`{"access_token":"s3cret","token_type":"Bearer","error":"invalid_grant"}`,
			ErrInvalidGrant, 0},
		{"an array", `[]`, ErrBadResponse, 0},
		{"HTML", `<html>`, ErrBadResponse, 0},
		{"nothing", ``, ErrBadResponse, 0},
		{"something behind the object", `{"access_token":"s3cret","token_type":"Bearer"} x`,
			ErrBadResponse, 0},
	} {
		t.Run(tt.why, func(t *testing.T) {
			token, err := (&Response{Status: 200, Body: []byte(tt.body), Sent: sent}).Token()
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if token != nil || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v, %v", token, err)
				}
				return
			}
			switch {
			case tt.lives == 0 && !token.Expiry.IsZero():
				t.Errorf("expiry %v, though the provider named none", token.Expiry)
			case tt.lives != 0 && !token.Expiry.Equal(sent.Add(tt.lives)):
				t.Errorf("lives %v from sending, want %v", token.Expiry.Sub(sent), tt.lives)
			case token.AccessToken != "a":
				t.Error("another access token")
			}
		})
	}
	token, _ := (&Response{Body: []byte(`{"access_token":"a","token_type":"Bearer","expires_in":-5,"scope":"x y","id_token":"i"}`), Sent: sent}).Token()
	if !token.Expiry.Equal(sent) || token.Scope != "x y" || token.IDToken != "i" ||
		token.Type != "Bearer" {
		t.Errorf("got %+v", token)
	}
}

func TestSeconds(t *testing.T) {
	for in, want := range map[string]time.Duration{
		`5`: 5 * time.Second, `"5"`: 5 * time.Second, `0.5`: time.Second / 2, `-1`: -time.Second,
		`1e12`: 9223372036 * time.Second, `-1e400`: -9223372036 * time.Second, `null`: 0,
	} {
		var s Seconds
		if err := s.UnmarshalJSON([]byte(in)); err != nil || s.Duration() != want {
			t.Errorf("%s: %v, %v; want %v", in, s.Duration(), err, want)
		}
	}
	for _, in := range []string{`"x"`, `""`, `true`, `{}`, `[5]`, `"5 "`, `"5s"`, `"`, ``} {
		var s Seconds
		if err := s.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%s is taken for %v", in, s.Duration())
		}
	}
}
