package jwks

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// versioned is a key set whose version a test can change.
type versioned struct {
	*counted
	version uint64
	onKey   func()
}

func (v *versioned) Version() uint64 { return v.version }

func (v *versioned) Key(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error) {
	if v.onKey != nil {
		v.onKey()
	}
	return v.counted.Key(ctx, token)
}

func remember(t testing.TB) (*Remembered, *versioned) {
	t.Helper()
	set := &versioned{counted: testKeySet(), version: 1}
	r, err := NewRemembered(accessTokens(set, RFC9068))
	if err != nil {
		t.Fatal(err)
	}
	return r, set
}

func ecToken(id string, life time.Duration) string {
	now := time.Now()
	return rfc9068().with(jwt.SigningMethodES256, "ec", keys().ec).claim("jti", id).
		claim("iat", now.Unix()).claim("exp", now.Add(life).Unix()).token()
}

func TestAVerifiedTokenIsRemembered(t *testing.T) {
	r, set := remember(t)
	token := rfc9068().token()
	first, err := r.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again, err := r.Verify(t.Context(), token)
		if err != nil || fmt.Sprintf("%#v", again) != fmt.Sprintf("%#v", first) {
			t.Fatalf("%#v, want %#v, %v", again, first, err)
		}
	}
	if n := set.lookups.Load(); n != 1 {
		t.Errorf("verified %d times, want once", n)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

func TestClaimsOfARememberedTokenBelongToTheCaller(t *testing.T) {
	r, _ := remember(t)
	token := rfc9068().token()
	for range 3 {
		c, err := r.Verify(t.Context(), token)
		if err != nil || c.Subject != "auth0|jdoe" || c.Scope[0] != "read:employee_status" ||
			c.Audience[0] != testAudience {
			t.Fatalf("%+v, %v", c, err)
		}
		c.Subject, c.Scope[0], c.Audience[0] = "auth0|root", "write:all", "x"
		_ = append(c.Audience, "overwrites the first scope?")
		if c.Scope[0] != "write:all" {
			t.Error("audience and scope overlap")
		}
		raw, _ := c.Raw("jti")
		clear(raw)
	}
	many, err := r.Verify(t.Context(),
		rfc9068().claim("scope", strings.Repeat("s ", 20)+"last").token())
	if err != nil || len(many.Scope) != 21 || many.Scope[20] != "last" ||
		many.Audience[0] != testAudience {
		t.Errorf("many scopes: %+v, %v", many, err)
	}
}

func TestARememberedTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := remember(t)
		token := ecToken("a", time.Minute)
		if _, err := r.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + Leeway - time.Second)
		if _, err := r.Verify(t.Context(), token); err != nil {
			t.Errorf("a second before: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := r.Verify(t.Context(), token); !errors.Is(err, ErrExpired) {
			t.Errorf("at the end: %v", err)
		}
	})
}

// A token that is remembered is not valid before its time when the clock is set back.
func TestARememberedTokenBeginsAtItsTime(t *testing.T) {
	e := entry{version: 1, begin: 100, expire: 200}
	for now, want := range map[int64]bool{99: false, 100: true, 199: true, 200: false} {
		if e.valid(1, now) != want {
			t.Errorf("at %d: %v", now, !want)
		}
	}
	if e.valid(2, 150) {
		t.Error("valid under another version")
	}
	synctest.Test(t, func(t *testing.T) {
		set := testKeySet()
		c, err := accessTokens(set, "").Verify(t.Context(),
			rfc9068().claim("nbf", time.Now().Add(-time.Hour).Unix()).token())
		if err != nil || !c.notBefore.Equal(time.Now()) {
			t.Errorf("begins at %v, want the later of iat and nbf, %v", c.notBefore, err)
		}
	})
}

func TestAKeyThatIsWithdrawnTakesItsTokensAlong(t *testing.T) {
	bubble(t, bothKeys(), func(t *testing.T, i *issuer, remote *Remote, _ *bytes.Buffer) {
		r, err := NewRemembered(accessTokens(remote, RFC9068))
		if err != nil {
			t.Fatal(err)
		}
		one, two := rfc9068().token(), ecToken("a", time.Hour)
		for range 3 {
			for _, token := range []string{one, two} {
				if _, err := r.Verify(t.Context(), token); err != nil {
					t.Fatal(err)
				}
			}
		}
		i.set(serving(keySetJSON(jwk("ec", &keys().ec.PublicKey))))
		// Nobody sends an unknown key id; the remembered token alone keeps the set fresh.
		end := time.Now().Add(RefreshInterval + time.Second)
		for time.Now().Before(end) {
			_, _ = r.Verify(t.Context(), one)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if _, err := r.Verify(t.Context(), one); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("token of the withdrawn key: %v", err)
		}
		if _, err := r.Verify(t.Context(), two); err != nil {
			t.Errorf("token of the other key: %v", err)
		}
	})
}

func TestKeysThatChangeDuringAVerification(t *testing.T) {
	r, set := remember(t)
	token := rfc9068().token()
	set.onKey = func() { set.version++ }
	for range 3 {
		if _, err := r.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if n := set.lookups.Load(); n != 3 {
		t.Errorf("verified %d times, want each time", n)
	}
}

func TestWhatIsNotRemembered(t *testing.T) {
	r, set := remember(t)
	long := rfc9068().claim("pad", strings.Repeat("p", MaxRememberedBytes)).token()
	for _, row := range []struct {
		name, token string
		version     uint64
	}{{"while the key set is out of date", rfc9068().token(), 0}, {"a long token", long, 1}} {
		set.lookups.Store(0)
		set.version = row.version
		for range 2 {
			if _, err := r.Verify(t.Context(), row.token); err != nil {
				t.Fatal(err)
			}
		}
		if set.lookups.Load() != 2 {
			t.Errorf("%s: verified %d times, want 2", row.name, set.lookups.Load())
		}
	}
	plain := testKeySet()
	unversioned, err := NewRemembered(accessTokens(plain, RFC9068))
	if err != nil {
		t.Fatal(err)
	}
	token := rfc9068().token()
	for range 2 {
		if _, err := unversioned.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if plain.lookups.Load() != 2 {
		t.Error("remembered although the key set cannot tell whether its keys are the same")
	}
}

// A flood of whatever is not valid leaves no trace, whether it is noise or a good token with one
// bit changed.
func TestBadTokensDisplaceNothing(t *testing.T) {
	r, set := remember(t)
	good := make([]string, 50)
	for n := range good {
		good[n] = ecToken(fmt.Sprint(n), time.Hour)
		if _, err := r.Verify(t.Context(), good[n]); err != nil {
			t.Fatal(err)
		}
	}
	parts := strings.Split(good[0], ".")
	for n := range 20_000 {
		bad := fmt.Sprintf("%s.%s.%s", parts[0], parts[1], b64(fmt.Sprintf("%064d", n)))
		if n%20 != 0 {
			bad = fmt.Sprintf("a%d.b.c", n)
		}
		if _, err := r.Verify(t.Context(), bad); !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
	}
	set.lookups.Store(0)
	for _, token := range good {
		if _, err := r.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if n := set.lookups.Load(); n != 0 {
		t.Errorf("%d good tokens were forgotten", n)
	}
}

// sums that fall into one row, in the order of n.
func rowSum(n int) (sum [sha256.Size]byte) {
	binary.LittleEndian.PutUint64(sum[:], uint64(2*n+1))
	sum[31] = byte(n)
	return sum
}

func enter(w *row, n int, version uint64, expire int64) {
	w.enter(&entry{sum: rowSum(n), claims: &Claims{ID: fmt.Sprint(n)}, version: version,
		expire: expire}, 0)
}

func found(w *row, n int, version uint64) bool {
	sum := rowSum(n)
	c := w.find(&sum, version, 0)
	return c != nil && c.ID == fmt.Sprint(n)
}

func TestDisplacement(t *testing.T) {
	t.Run("a row holds its ways", func(t *testing.T) {
		var w row
		for n := range rememberedWays {
			enter(&w, n, 1, 10)
		}
		for n := range rememberedWays {
			if !found(&w, n, 1) {
				t.Errorf("%d is missing", n)
			}
		}
	})
	t.Run("tokens used once go before tokens in use", func(t *testing.T) {
		var w row
		for n := range rememberedWays {
			enter(&w, n, 1, 10)
		}
		for n := range rememberedWays - 1 {
			found(&w, n, 1)
		}
		for n := 100; n < 200; n++ {
			enter(&w, n, 1, 10)
		}
		for n := range rememberedWays - 1 {
			if !found(&w, n, 1) {
				t.Errorf("%d was in use and is gone", n)
			}
		}
		if !found(&w, 199, 1) {
			t.Error("the last one is not there")
		}
	})
	t.Run("when all are in use, one gives way and the newcomer stays", func(t *testing.T) {
		var w row
		for n := range rememberedWays {
			enter(&w, n, 1, 10)
			found(&w, n, 1)
		}
		enter(&w, 100, 1, 10)
		left := 0
		for n := range rememberedWays {
			if found(&w, n, 1) {
				left++
			}
		}
		if left != rememberedWays-1 || !found(&w, 100, 1) {
			t.Errorf("%d left", left)
		}
	})
	t.Run("use counts only since the last time that all were in use", func(t *testing.T) {
		var w row
		for n := range rememberedWays {
			enter(&w, n, 1, 10)
			found(&w, n, 1)
		}
		enter(&w, 100, 1, 10)
		enter(&w, 101, 1, 10)
		if !found(&w, 100, 1) || !found(&w, 101, 1) {
			t.Error("newcomers displace each other while old ones stay for what they were")
		}
	})
	t.Run("worthless entries give way first", func(t *testing.T) {
		for name, worthless := range map[string]func(w *row, n int){
			"expired": func(w *row, n int) {
				w.enter(&entry{sum: rowSum(n), version: 2, expire: 0}, -1)
			},
			"of keys that are gone": func(w *row, n int) { enter(w, n, 1, 10) },
		} {
			var w row
			for n := range rememberedWays {
				if n == 3 {
					worthless(&w, n)
				} else {
					enter(&w, n, 2, 10)
				}
			}
			enter(&w, 100, 2, 10)
			for n := range rememberedWays {
				if found(&w, n, 2) == (n == 3) {
					t.Errorf("%s: entry %d: %v", name, n, found(&w, n, 2))
				}
			}
		}
	})
	t.Run("a token is entered once", func(t *testing.T) {
		var w row
		for range 2 * rememberedWays {
			enter(&w, 7, 1, 10)
		}
		n := 0
		for i := range w.entries {
			if w.entries[i].Load() != nil {
				n++
			}
		}
		if n != 1 {
			t.Errorf("entered %d times", n)
		}
	})
	t.Run("a mark alone is no match", func(t *testing.T) {
		var w row
		enter(&w, 7, 1, 10)
		other := rowSum(7)
		other[20] ^= 1
		if w.find(&other, 1, 0) != nil {
			t.Error("two hashes with the same first bytes were confused")
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	r, set := remember(t)
	tokens := make([]string, 100)
	for n := range tokens {
		tokens[n] = ecToken(fmt.Sprint(n), time.Hour)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 2000 {
				i := (n*7 + g) % len(tokens)
				c, err := r.Verify(t.Context(), tokens[i])
				if err != nil || c.ID != fmt.Sprint(i) {
					t.Errorf("token %d: %+v, %v", i, c, err)
					return
				}
				c.ID, c.Scope[0] = "changed", "changed"
			}
		})
	}
	wg.Wait()
	if n := set.lookups.Load(); n > 8*int64(len(tokens)) {
		t.Errorf("verified %d times", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	token := ecToken("a", time.Hour)
	rs := rfc9068().token()
	set := must(NewStatic(map[string]crypto.PublicKey{"rsa": &keys().rsa.PublicKey,
		"ec": &keys().ec.PublicKey}))
	v := accessTokens(set, RFC9068)
	run := func(name string, v interface {
		Verify(context.Context, string) (*Claims, error)
	}, token string, ok bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(context.Background(), token); (err == nil) != ok {
					b.Fatal(err)
				}
			}
		})
	}
	remembered := must(NewRemembered(v))
	run("proven/ES256", v, token, true)
	run("proven/RS256", v, rs, true)
	run("remembered", remembered, token, true)
	run("refused/wrong audience", remembered, rfc9068().claim("aud", "other").token(), false)
	run("refused/noise", remembered, "not.a.token", false)
	b.Run("remembered/2000 tokens in parallel", func(b *testing.B) {
		tokens := make([]string, 2000)
		for n := range tokens {
			tokens[n] = ecToken(fmt.Sprint(n), time.Hour)
			must(remembered.Verify(context.Background(), tokens[n]))
		}
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for n := 0; pb.Next(); n++ {
				if _, err := remembered.Verify(context.Background(),
					tokens[n%len(tokens)]); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
