package jwks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"staff0/ciba/jose"
)

// issuer publishes a key set, called in-process so that time in a bubble can pass.
type issuer struct {
	mu     sync.Mutex
	answer http.HandlerFunc
	hits   int
	paths  []string
}

func serving(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func (i *issuer) set(h http.HandlerFunc) { i.mu.Lock(); defer i.mu.Unlock(); i.answer = h }
func (i *issuer) count() int             { i.mu.Lock(); defer i.mu.Unlock(); return i.hits }

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	answer := i.answer
	i.hits++
	i.paths = append(i.paths, r.URL.String())
	i.mu.Unlock()
	rec := httptest.NewRecorder()
	answer(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return rec.Result(), nil
}

func bothKeys() string {
	return keySetJSON(jwk("rsa", &keys().rsa.PublicKey), jwk("ec", &keys().ec.PublicKey),
		jwk("ed", keys().ed.Public()))
}

func newRemote(t *testing.T, i *issuer) (*Remote, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	r, err := NewRemote(RemoteConfig{
		URL: "https://tenant.example/.well-known/jwks.json", HTTPClient: &http.Client{Transport: i},
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, &log
}

func bubble(
	t *testing.T, body string, f func(t *testing.T, i *issuer, r *Remote, log *bytes.Buffer),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{answer: serving(body)}
		r, log := newRemote(t, i)
		f(t, i, r, log)
	})
}

func TestRemoteVerifiesWithEachKindOfKey(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
		v := accessTokens(r, RFC9068)
		for _, d := range []*draft{
			rfc9068(), rfc9068().with(jwt.SigningMethodPS256, "rsa", keys().rsa),
			rfc9068().with(jwt.SigningMethodES256, "ec", keys().ec),
			rfc9068().with(jwt.SigningMethodEdDSA, "ed", keys().ed),
		} {
			if _, err := v.Verify(t.Context(), d.token()); err != nil {
				t.Errorf("%v: %v", d.header["alg"], err)
			}
		}
		if _, err := v.Verify(t.Context(), rfc9068().head("kid", "ec").token()); !errors.Is(err,
			ErrInvalid) || errors.Is(err, ErrUnknownKey) {
			t.Errorf("RS256 with an EC key: %v", err)
		}
		if i.count() != 1 {
			t.Errorf("%d fetches, want 1", i.count())
		}
	})
}

// Row 10.
func TestAFloodOfUnknownKeyIDs(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
		v := accessTokens(r, RFC9068)
		if err := r.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(RefetchGap)
		start := time.Now()
		for n := range 1000 {
			if _, err := v.Verify(t.Context(), rfc9068().head("kid",
				fmt.Sprint("no-", n)).token()); !errors.Is(err, ErrUnknownKey) {
				t.Fatal(err)
			}
		}
		if i.count() != 1+SpareFetches {
			t.Errorf("%d fetches, want one for the start and the spare ones", i.count())
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the unknown keys were waited for, %v", took)
		}
		if _, err := v.Verify(t.Context(), rfc9068().token()); err != nil {
			t.Errorf("another caller: %v", err)
		}
		time.Sleep(RefetchGap - time.Nanosecond)
		_, _ = r.Key(t.Context(), at("no", algRS256))
		if i.count() != 1+SpareFetches {
			t.Error("fetched before the gap was over")
		}
		time.Sleep(time.Nanosecond)
		_, _ = r.Key(t.Context(), at("no", algRS256))
		if i.count() != 2+SpareFetches {
			t.Error("not fetched when the gap was over")
		}
		for _, kid := range []string{"no", "not", "never"} {
			_, _ = r.Key(t.Context(), at(kid, algRS256))
		}
		if i.count() != 2+SpareFetches {
			t.Error("fetched again within the gap")
		}
	})
}

// Rows 9 and 11: what is refused before the key is looked for never reaches the issuer.
func TestNoFetchForTokensKnownToBeBad(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
		v := accessTokens(r, RFC9068)
		for _, d := range []*draft{
			rfc9068().head("kid", "unknown").claim("iss", "https://evil.example/"),
			rfc9068().head("kid", "unknown").claim("aud", "other"),
			rfc9068().head("kid", "unknown").claim("exp", time.Now().Add(-time.Hour).Unix()),
			rfc9068().head("kid", "unknown").head("typ", "JWT"),
			rfc9068().head("kid", "../unknown"),
		} {
			if _, err := v.Verify(t.Context(), d.token()); !errors.Is(err, ErrInvalid) {
				t.Error(err)
			}
		}
		for _, kid := range []string{"", "a/b", strings.Repeat("k", MaxKeyIDBytes+1)} {
			if _, err := r.Key(t.Context(), at(kid, algRS256)); !errors.Is(err, ErrUnknownKey) {
				t.Errorf("%q: %v", kid, err)
			}
		}
		if _, err := r.Key(t.Context(), at("rsa", "HS256")); !errors.Is(err, ErrUnknownKey) {
			t.Error(err)
		}
		if i.count() != 0 {
			t.Errorf("%d fetches, want none", i.count())
		}
	})
}

// Row 12, with the worst case of a flood that has just used up the fetch.
func TestRotation(t *testing.T) {
	bubble(t, keySetJSON(jwk("rsa", &keys().rsa.PublicKey)),
		func(t *testing.T, i *issuer, r *Remote, log *bytes.Buffer) {
			v := accessTokens(r, RFC9068)
			if _, err := v.Verify(t.Context(), rfc9068().token()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			_, _ = r.Key(t.Context(), at("invented", algRS256))
			i.set(serving(keySetJSON(jwk("new", &keys().otherRSA.PublicKey))))
			rotated := time.Now()
			fresh := rfc9068().with(jwt.SigningMethodRS256, "new", keys().otherRSA).token()
			for {
				_, err := v.Verify(t.Context(), fresh)
				if err == nil {
					break
				}
				if !errors.Is(err, ErrUnknownKey) {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if took := time.Since(rotated); took > 10*time.Second {
				t.Errorf("the new key was usable after %v", took)
			}
			if i.count() != 3 {
				t.Errorf("%d fetches, want the first, the flood's and the new key's", i.count())
			}
			if _, err := v.Verify(t.Context(), rfc9068().token()); !errors.Is(err, ErrUnknownKey) {
				t.Errorf("the old key: %v", err)
			}
			if r.Version() != 2 || !strings.Contains(log.String(), "version=2") {
				t.Errorf("version %d, log %s", r.Version(), log)
			}
		})
}

// A token with an id that nobody knows, a moment before the rotation, costs the new key nothing.
func TestARefusedKeyIDDoesNotHoldUpTheNextOne(t *testing.T) {
	bubble(t, keySetJSON(jwk("rsa", &keys().rsa.PublicKey)),
		func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
			v := accessTokens(r, RFC9068)
			for range 1000 {
				_, _ = v.Verify(t.Context(), rfc9068().head("kid", "invented").token())
			}
			i.set(serving(keySetJSON(jwk("new", &keys().otherRSA.PublicKey))))
			fresh := rfc9068().with(jwt.SigningMethodRS256, "new", keys().otherRSA).token()
			if _, err := v.Verify(t.Context(), fresh); err != nil || i.count() != 3 {
				t.Errorf("%v after %d fetches", err, i.count())
			}
		})
}

// A new key under an old id is found by the first token that it signs, also while others send
// tokens with signatures that no key verifies; those cost the issuer a bounded number of fetches.
func TestANewKeyUnderAnOldID(t *testing.T) {
	bubble(t, keySetJSON(jwk("rsa", &keys().rsa.PublicKey)),
		func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
			v := accessTokens(r, RFC9068)
			if _, err := v.Verify(t.Context(), rfc9068().token()); err != nil {
				t.Fatal(err)
			}
			forged := rfc9068().with(jwt.SigningMethodRS256, "rsa", keys().otherRSA).token()
			for range 1000 {
				if _, err := v.Verify(t.Context(), forged); !errors.Is(err, ErrInvalid) {
					t.Fatal(err)
				}
			}
			if i.count() != 2 {
				t.Errorf("%d fetches for a flood of forgeries", i.count())
			}
			i.set(serving(keySetJSON(jwk("rsa", &keys().otherRSA.PublicKey))))
			changed := time.Now()
			for {
				_, err := v.Verify(t.Context(), forged) // which is genuine now
				if err == nil {
					break
				}
				if time.Since(changed) > 10*time.Second {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if _, err := v.Verify(t.Context(), rfc9068().token()); !errors.Is(err, ErrInvalid) {
				t.Errorf("the old key: %v", err)
			}
			i.set(status(500))
			time.Sleep(RefetchGap)
			if _, err := v.Verify(t.Context(), rfc9068().token()); !errors.Is(err, ErrInvalid) {
				t.Errorf("while the issuer is down, a wrong signature is: %v", err)
			}
		})
}

func TestTheFirstTokenWithANewKeyWorksAtOnce(t *testing.T) {
	bubble(t, keySetJSON(jwk("rsa", &keys().rsa.PublicKey)),
		func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
			if err := r.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			i.set(serving(bothKeys()))
			time.Sleep(RefetchGap)
			if _, err := r.Key(t.Context(), at("ec", algES256)); err != nil {
				t.Error(err)
			}
		})
}

// A key that is withdrawn stops working although every token names a known key.
func TestAWithdrawnKeyIsNoticed(t *testing.T) {
	for name, quiet := range map[string]time.Duration{"under traffic": time.Second,
		"after a quiet night": 10 * time.Hour} {
		bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
			if err := r.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			i.set(serving(keySetJSON(jwk("ec", &keys().ec.PublicKey))))
			withdrawn := time.Now()
			for {
				time.Sleep(quiet)
				_, err := r.Key(t.Context(), at("rsa", algRS256))
				synctest.Wait()
				if errors.Is(err, ErrUnknownKey) {
					break
				}
				if time.Since(withdrawn) > RefreshInterval+time.Second {
					t.Fatalf("%s: still in use after %v: %v", name, time.Since(withdrawn), err)
				}
			}
		})
	}
}

// Row 13: an issuer that publishes nonsense does not take the good keys away.
func TestABrokenIssuerKeepsTheLastGoodKeys(t *testing.T) {
	rsaKey := jwk("rsa", &keys().rsa.PublicKey)
	many := make([]fields, MaxKeys)
	for n := range many {
		many[n] = jwk(fmt.Sprint("k", n), &keys().ec.PublicKey)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"302": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Host == "evil.example" {
				fmt.Fprint(w, keySetJSON(jwk("evil", &keys().otherRSA.PublicKey)))
				return
			}
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
		"500": status(http.StatusInternalServerError),
		"204": status(http.StatusNoContent),
		"201 with keys": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			fmt.Fprint(w, bothKeys())
		},
		"HTML":  serving("<html>Sorry</html>"),
		"10 MB": serving(`{"keys":[` + strings.Repeat(" ", 10<<20) + `]}`),
		"a byte too big": serving(bothKeys() + strings.Repeat(" ",
			MaxKeySetBytes+1-len(bothKeys()))),
		"hanging":       hanging,
		"an empty body": serving(""),
		"{}":            serving("{}"),
		"no keys":       serving(`{"keys":[]}`),
		"null":          serving(`{"keys":null}`),
		"an object":     serving(`{"keys":{}}`),
		"KEYS":          serving(strings.Replace(bothKeys(), `"keys"`, `"KEYS"`, 1)),
		"keys twice":    serving(`{"keys":[],` + bothKeys()[1:]),
		"two documents": serving(bothKeys() + "{}"),
		"only bad keys": serving(keySetJSON(jwk("weak", &keys().weakRSA.PublicKey))),
		"too many keys": serving(keySetJSON(many...)),
		"one key, twice different": serving(keySetJSON(
			rsaKey, jwk("rsa", &keys().otherRSA.PublicKey))),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, keySetJSON(rsaKey),
				func(t *testing.T, i *issuer, r *Remote, log *bytes.Buffer) {
					if err := r.Ready(t.Context()); err != nil {
						t.Fatal(err)
					}
					i.set(answer)
					time.Sleep(RefetchGap)
					// Nobody can tell whether this key is a new one, so the token is not to blame.
					for range 2 {
						if _, err := r.Key(t.Context(), at("evil", algRS256)); !errors.Is(err,
							ErrUnavailable) || errors.Is(err, ErrInvalid) {
							t.Errorf("unknown key: %v", err)
						}
					}
					if i.count() != 2 {
						t.Errorf("%d fetches, want 2: %q", i.count(), i.paths)
					}
					if _, err := r.Key(t.Context(), at("rsa", algRS256)); err != nil {
						t.Errorf("the good key is gone: %v", err)
					}
					if r.Version() != 1 || r.Ready(t.Context()) != nil {
						t.Errorf("version %d", r.Version())
					}
					if !strings.Contains(log.String(), "level=ERROR") {
						t.Errorf("no alarm in %q", log)
					}
				})
		})
		t.Run(name+" from the start", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := &issuer{answer: answer}
				r, _ := newRemote(t, i)
				start := time.Now()
				if err := r.Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("ready: %v", err)
				}
				if took := time.Since(start); took > FetchTimeout {
					t.Errorf("took %v", took)
				}
				if _, err := r.Key(t.Context(), at("rsa", algRS256)); !errors.Is(err,
					ErrUnavailable) {
					t.Errorf("key: %v", err)
				}
				if i.count() != 1 || r.Version() != 0 {
					t.Errorf("%d fetches within the gap; version %d", i.count(), r.Version())
				}
				i.set(serving(bothKeys()))
				time.Sleep(FirstFetchGap)
				if _, err := r.Key(t.Context(), at("rsa", algRS256)); err != nil {
					t.Errorf("after the repair: %v", err)
				}
			})
		})
	}
}

// Row 13: single bad keys are dropped, the others stay.
func TestBadKeysAreDropped(t *testing.T) {
	good := jwk("good", &keys().rsa.PublicKey)
	ec := jwk("bad", &keys().ec.PublicKey)
	other := jwk("bad", &keys().otherRSA.PublicKey)
	for name, bad := range map[string]fields{
		"oct": {"kty": "oct", "kid": "bad", "k": b64(strings.Repeat("k", 32))},
		"oct with alg RS256": {"kty": "oct", "kid": "bad", "alg": "RS256",
			"k": b64(strings.Repeat("k", 32))},
		"RSA-1024":              jwk("bad", &keys().weakRSA.PublicKey),
		"an even exponent":      jwkWith(other, "e", b64("\x04")),
		"exponent 1":            jwkWith(other, "e", b64("\x01")),
		"a key for encryption":  jwkWith(other, "use", "enc"),
		"an unknown use":        jwkWith(other, "use", "x"),
		"use a list":            jwkWith(other, "use", []string{"sig"}),
		"key_ops encrypt":       jwkWith(other, "key_ops", []string{"encrypt"}),
		"key_ops a string":      jwkWith(other, "key_ops", "verify"),
		"an encryption alg":     jwkWith(other, "alg", "RSA-OAEP"),
		"an HMAC alg":           jwkWith(other, "alg", "HS256"),
		"the alg of other type": jwkWith(other, "alg", "ES256"),
		"P-384":                 jwk("bad", &keys().p384.PublicKey),
		"a point off the curve": jwkWith(ec, "y", ec["x"]),
		"an unknown curve":      jwkWith(ec, "crv", "secp256k1"),
		"a short Ed25519 key":   jwkWith(jwk("bad", keys().ed.Public()), "x", "AAAA"),
		"X25519":                jwkWith(jwk("bad", keys().ed.Public()), "crv", "X25519"),
		"n that is no base64":   jwkWith(other, "n", "!!!"),
		"n missing":             jwkWith(other, "n", ""),
		"x a number":            jwkWith(ec, "x", 5),
		"a private key":         jwkWith(ec, "d", b64("secret")),
		"a key without id":      jwkWith(other, "kid", ""),
		"a malformed id":        jwkWith(other, "kid", "../bad"),
		"an unknown type":       {"kty": "AKP", "kid": "bad", "alg": "ML-DSA-44"},
		"an array":              nil,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readSet(t.Context(), []byte(keySetJSON(bad, good)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := lookup(t, s, at("good", algRS256)); err != nil {
				t.Errorf("the good key: %v", err)
			}
			for _, alg := range []string{algRS256, algPS256, algES256, algEdDSA} {
				if _, err := lookup(t, s, at("bad", alg)); !errors.Is(err, ErrUnknownKey) {
					t.Errorf("the bad key with %s: %v", alg, err)
				}
			}
			if len(s.dropped) != 2 || strings.Contains(strings.Join(s.dropped, ""), b64("secret")) {
				t.Errorf("dropped %q; want the grease and the bad key", s.dropped)
			}
		})
	}
	huge := jwkWith(other, "n", b64("\xff"+strings.Repeat("\xff", jose.MaxRSABits/8)))
	if s, err := readSet(t.Context(), []byte(keySetJSON(huge, good))); err != nil ||
		len(s.dropped) != 2 {
		t.Errorf("a huge key: %v, %v", s, err)
	}
}

func TestKeysWithOneID(t *testing.T) {
	rsaKey, ec := jwk("k", &keys().rsa.PublicKey), jwk("k", &keys().ec.PublicKey)
	other := jwk("other", &keys().otherRSA.PublicKey)
	for name, r := range map[string]struct {
		keys []fields
		ok   bool
	}{
		"the same key twice": {[]fields{rsaKey, rsaKey}, true},
		"a key and one for encryption": {[]fields{jwkWith(
			jwk("k", &keys().otherRSA.PublicKey), "use", "enc"), rsaKey}, true},
		"two different keys": {[]fields{rsaKey,
			jwk("k", &keys().otherRSA.PublicKey)}, false},
		"two keys of different types":         {[]fields{rsaKey, ec}, false},
		"two different and one of them again": {[]fields{rsaKey, ec, rsaKey}, false},
	} {
		s, err := readSet(t.Context(), []byte(keySetJSON(append(r.keys, other)...)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lookup(t, s, at("k", algRS256)); (err == nil) != r.ok {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := lookup(t, s, at("other", algRS256)); err != nil {
			t.Errorf("%s: the other key: %v", name, err)
		}
	}
}

func TestKeyMembersAreObeyed(t *testing.T) {
	s, err := readSet(t.Context(), []byte(keySetJSON(
		jwkWith(jwk("rs", &keys().rsa.PublicKey), "alg", "RS256"),
		jwkWith(jwkWith(jwk("ops", &keys().rsa.PublicKey), "key_ops", []string{"verify"}),
			"use", ""),
		jwkWith(jwk("x5u", &keys().rsa.PublicKey), "x5u", "https://evil.example/cert"),
	)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		kid, alg string
		ok       bool
	}{{"rs", algRS256, true}, {"rs", algPS256, false}, {"ops", algPS256, true},
		{"x5u", algRS256, true}, {"ops", algES256, false}} {
		if _, err := lookup(t, s, at(r.kid, r.alg)); (err == nil) != r.ok ||
			errors.Is(err, ErrUnknownKey) {
			t.Errorf("%s with %s: %v", r.kid, r.alg, err)
		}
	}
}

func TestTheLastGoodKeysGrowStale(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
		if err := r.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		i.set(hanging)
		up := time.Now()
		time.Sleep(RefetchGap)
		_, _ = r.Key(t.Context(), at("unknown", algRS256))
		for time.Since(up) < MaxStaleness-time.Hour {
			time.Sleep(time.Hour)
			before := time.Now()
			if _, err := r.Key(t.Context(), at("rsa", algRS256)); err != nil || r.Version() != 1 {
				t.Fatalf("after %v: %v", time.Since(up), err)
			}
			// During an outage nobody waits for the attempts to end it.
			if time.Since(before) != 0 {
				t.Fatalf("waited %v", time.Since(before))
			}
		}
		time.Sleep(MaxStaleness - time.Since(up))
		if r.Version() != 0 {
			t.Error("tokens are remembered although the keys are stale")
		}
		if _, err := r.Key(t.Context(), at("rsa", algRS256)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("stale: %v", err)
		}
		if err := r.Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("ready: %v", err)
		}
		i.set(serving(bothKeys()))
		time.Sleep(FirstFetchGap)
		if _, err := r.Key(t.Context(), at("rsa", algRS256)); err != nil || r.Version() != 1 {
			t.Errorf("the same keys are back: %v, version %d", err, r.Version())
		}
	})
}

func TestAnOutageIsRetriedAtABoundedRate(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
		if err := r.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		i.set(status(http.StatusBadGateway))
		time.Sleep(RefreshInterval)
		for range 600 {
			_, _ = r.Key(t.Context(), at("rsa", algRS256))
			_ = r.Version()
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if most := 1 + int(10*time.Minute/RetryGap) + 1; i.count() > most || i.count() < most-3 {
			t.Errorf("%d fetches in ten minutes of outage, want about %d", i.count(), most)
		}
	})
}

func TestOneFetchForManyAndNobodyFailsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{answer: func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * time.Second)
			fmt.Fprint(w, bothKeys())
		}}
		r, _ := newRemote(t, i)
		impatient, cancel := context.WithTimeoutCause(t.Context(), time.Second,
			errors.New("went home"))
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := r.Key(impatient, at("rsa", algRS256))
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "went home") {
				t.Errorf("the one who left: %v", err)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if _, err := r.Key(t.Context(), at("rsa", algRS256)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if i.count() != 1 {
			t.Errorf("%d fetches, want 1", i.count())
		}
	})
}

func TestAForgottenSetIsConfirmedUnlessTheCallerLeaves(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
		if err := r.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		i.set(hanging)
		time.Sleep(2 * RefreshInterval)
		if r.Version() != 0 {
			t.Error("a forgotten set counts as confirmed")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Key(ctx, at("rsa", algRS256)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("the one who left: %v", err)
		}
		if _, err := r.Key(t.Context(), at("rsa", algRS256)); err != nil {
			t.Errorf("the one who stayed uses the last good key: %v", err)
		}
	})
}

func TestDiscoveryIsTriedUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{answer: serving(bothKeys())}
		address, down, calls := "http://evil.example/jwks", true, 0
		r, err := NewRemote(RemoteConfig{HTTPClient: &http.Client{Transport: i},
			Discover: func(context.Context) (string, error) {
				calls++
				if down {
					return "", errors.New("connection refused")
				}
				return address, nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Ready(t.Context()); !errors.Is(err, ErrUnavailable) ||
			!strings.Contains(err.Error(), "connection refused") {
			t.Errorf("issuer down: %v", err)
		}
		down = false
		time.Sleep(FirstFetchGap)
		if err := r.Ready(t.Context()); !errors.Is(err, ErrUnavailable) || i.count() != 0 {
			t.Errorf("plain http to another machine: %v", err)
		}
		address = "http://127.0.0.1:10052/jwks"
		time.Sleep(FirstFetchGap)
		if err := r.Ready(t.Context()); err != nil || i.count() != 1 {
			t.Errorf("issuer up: %v", err)
		}
		time.Sleep(RefetchGap)
		_, _ = r.Key(t.Context(), at("unknown", algRS256))
		if calls != 3 || i.count() != 2 {
			t.Errorf("discovered %d times, fetched %d times", calls, i.count())
		}
	})
}

func TestAHangingDiscoveryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := must(NewRemote(RemoteConfig{Discover: func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}}))
		start := time.Now()
		if err := r.Ready(t.Context()); !errors.Is(err, ErrUnavailable) ||
			time.Since(start) != FetchTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestAddressesOfKeySets(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://tenant.example/jwks": true, "http://localhost:10052/jwks": true,
		"http://127.0.0.1/jwks": true, "http://[::1]:1/jwks": true,
		"http://tenant.example/jwks": false, "http://localhost.evil.example/": false,
		"http://127.0.0.1.evil.example/":      false,
		"https://user:secret@tenant.example/": false, "file:///etc/passwd": false,
		"https://": false, "/jwks": false, "": false,
		"https://tenant.example/#x": false, "ftp://localhost/": false, "http://%zz": false,
		"http://0.0.0.0/": false,
	} {
		if _, err := NewRemote(RemoteConfig{URL: address}); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the password: %v", address, err)
		}
	}
	if _, err := NewRemote(RemoteConfig{URL: "https://a.example",
		Discover: func(context.Context) (string, error) {
			return "", nil
		}}); err == nil {
		t.Error("two sources of the address were accepted")
	}
}

// Over a real connection: the default transport, headers, and no redirect followed to another host.
func TestRemoteOverHTTP(t *testing.T) {
	var evil int
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		evil++
		fmt.Fprint(w, bothKeys())
	}))
	defer trap.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
			return
		}
		if !strings.Contains(r.Header.Get("Accept"), "application/jwk-set+json") {
			t.Errorf("Accept %q", r.Header.Get("Accept"))
		}
		_ = json.NewEncoder(w).Encode(json.RawMessage(bothKeys()))
	}))
	defer srv.Close()
	r, err := NewRemote(RemoteConfig{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := accessTokens(r, RFC9068).Verify(t.Context(), rfc9068().token()); err != nil {
		t.Error(err)
	}
	r, err = NewRemote(RemoteConfig{URL: srv.URL + "/moved"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Ready(t.Context()); !errors.Is(err, ErrUnavailable) || evil != 0 {
		t.Errorf("redirect: %v, followed %d times", err, evil)
	}
}

// A flood of forged signatures costs a fetch now and then, and one verification each.
func TestForgedSignaturesAreVerifiedOnce(t *testing.T) {
	bubble(t, keySetJSON(jwk("rsa", &keys().rsa.PublicKey)),
		func(t *testing.T, i *issuer, r *Remote, _ *bytes.Buffer) {
			if !r.again(t.Context(), "rsa") {
				t.Error("not looked at the first time")
			}
			for range 1000 {
				if r.again(t.Context(), "rsa") {
					t.Fatal("looked at again within the gap, or so it says")
				}
			}
		})
}
