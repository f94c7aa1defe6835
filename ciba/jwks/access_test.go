package jwks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// accept marks rows whose token is good.
var accept error

// vector is one token and what becomes of it. Unless lookup is set, a token that is refused must be
// refused before anybody looks for a key.
type vector struct {
	name    string
	profile Profile
	token   func() string
	want    error
	lookup  bool
}

func signedBy(d func() *draft) func() string { return func() string { return d().token() } }

func plain(token string) func() string { return func() string { return token } }

func runRows(t *testing.T, rows []vector) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set := testKeySet()
				c, err := accessTokens(set, r.profile).Verify(t.Context(), r.token())
				if r.want == accept {
					if err != nil {
						t.Fatalf("refused: %v", err)
					}
					return
				}
				if !errors.Is(err, r.want) || c != nil {
					t.Fatalf("got %v, %v; want %v", c, err, r.want)
				}
				if !errors.Is(err, ErrInvalid) {
					t.Errorf("%v is not ErrInvalid", err)
				}
				if got := set.lookups.Load() > 0; got != r.lookup {
					t.Errorf("key looked for: %v, want %v (%v)", got, r.lookup, err)
				}
			})
		})
	}
}

// The rows of the table of JWT vectors that concern form and header.
func TestFormAndHeader(t *testing.T) {
	good := func() string { return rfc9068().token() }
	cut := func() []string { return strings.Split(good(), ".") }
	head := func(name string, value any) func() string {
		return signedBy(func() *draft { return rfc9068().head(name, value) })
	}
	forged := func(header string) func() string {
		return func() string { d := rfc9068(); d.rawHeader = header; return d.token() }
	}
	unsigned := func(alg string) func() string {
		return func() string { return rfc9068().head("alg", alg).signingString() + ".AA" }
	}
	hmac := func() string {
		public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY",
			Bytes: must(x509.MarshalPKIXPublicKey(&keys().rsa.PublicKey))})
		return rfc9068().with(jwt.SigningMethodHS256, "rsa", public).token()
	}
	runRows(t, []vector{
		{name: "a good token", token: good, want: accept},
		{name: "2: a token of 1 MiB", token: func() string {
			return good() + strings.Repeat("A", 1<<20)
		}, want: ErrInvalid},
		{name: "2: one byte over the limit", token: func() string {
			g := good()
			return g + strings.Repeat("A", MaxTokenBytes+1-len(g))
		}, want: ErrInvalid},
		{name: "2: two segments", token: func() string {
			return strings.Join(cut()[:2], ".")
		}, want: ErrInvalid},
		{name: "2: four segments", token: func() string {
			return good() + ".AAAA"
		}, want: ErrInvalid},
		{name: "2: five segments, as a JWE has", token: plain("AA.AA.AA.AA.AA"), want: ErrInvalid},
		{name: "2: an empty header", token: func() string {
			return "." + strings.Join(cut()[1:], ".")
		}, want: ErrInvalid},
		{name: "2: an empty payload", token: func() string {
			return cut()[0] + ".." + cut()[2]
		}, want: ErrInvalid},
		{name: "2: an empty signature", token: func() string {
			return strings.Join(cut()[:2], ".") + "."
		}, want: ErrInvalid},
		{name: "2: an empty token", token: plain(""), want: ErrInvalid},
		{name: "2: padding", token: func() string { return good() + "==" }, want: ErrInvalid},
		{name: "2: padding in the header", token: func() string {
			return cut()[0] + "=." + strings.Join(cut()[1:], ".")
		}, want: ErrInvalid},
		{name: "2: a trailing newline", token: func() string {
			return good() + "\n"
		}, want: ErrInvalid},
		{name: "2: a newline inside, which Go's base64 would skip", token: func() string {
			return good()[:5] + "\n" + good()[5:]
		}, want: ErrInvalid},
		{name: "2: a space inside", token: func() string {
			return good()[:5] + " " + good()[5:]
		}, want: ErrInvalid},
		{name: "2: the alphabet of ordinary base64", token: func() string {
			return cut()[0] + "." + cut()[1] + ".+/+/"
		}, want: ErrInvalid},
		{name: "2: bits left over in the header", token: func() string {
			return "eyB" + "." + cut()[1] + "." + cut()[2]
		}, want: ErrInvalid},
		{name: "2: bits left over in the payload", token: func() string {
			return cut()[0] + ".eyB." + cut()[2]
		}, want: ErrInvalid},
		{name: "2: bits left over in the signature", token: func() string {
			return cut()[0] + "." + cut()[1] + ".eyB"
		}, want: ErrInvalid},
		{name: "2: a header that is no JSON", token: forged("{"), want: ErrInvalid},
		{name: "2: a header that is an array", token: forged("[]"), want: ErrInvalid},
		{name: "2: a header that is no UTF-8",
			token: forged("{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"rsa\",\"x\":\"\xff\"}"),
			want:  ErrInvalid},
		{name: "2: a payload that is no UTF-8", token: signedBy(func() *draft {
			return rfc9068().after("\"x\":\"\xc3\"")
		}), want: ErrInvalid},
		{name: "2: a payload that is null", token: func() string {
			d := rfc9068()
			d.rawPayload = "null"
			return d.token()
		}, want: ErrInvalid},
		{name: "2: a payload followed by another", token: func() string {
			d := rfc9068().after(`"x":1`)
			d.rawPayload += "{}"
			return d.token()
		}, want: ErrInvalid},
		{name: "2: a payload that nests without end", token: func() string {
			return rfc9068().after(`"x":` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]",
				maxDepth+1)).token()
		}, want: ErrInvalid},
		{name: "2: a payload whose objects nest without end", token: func() string {
			return rfc9068().after(`"x":` + strings.Repeat(`{"x":`, maxDepth) + "1" +
				strings.Repeat("}", maxDepth)).token()
		}, want: ErrInvalid},
		{name: "2: a payload whose objects nest as deep as allowed", token: func() string {
			return rfc9068().after(`"x":` + strings.Repeat(`{"x":`, maxDepth-1) + "1" +
				strings.Repeat("}", maxDepth-1)).token()
		}, want: accept},
		{name: "2: a payload that nests as deep as allowed", token: func() string {
			return rfc9068().after(`"x":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]",
				maxDepth-1)).token()
		}, want: accept},

		{name: "3: alg none", token: unsigned("none"), want: ErrInvalid},
		{name: "3: alg none without a signature", token: func() string {
			return rfc9068().head("alg", "none").signingString() + "."
		}, want: ErrInvalid},
		{name: "3: alg None", token: unsigned("None"), want: ErrInvalid},
		{name: "3: alg nOnE", token: unsigned("nOnE"), want: ErrInvalid},
		{name: "3: alg empty", token: unsigned(""), want: ErrInvalid},
		{name: "3: alg missing", token: signedBy(func() *draft {
			return rfc9068().dropHead("alg")
		}), want: ErrInvalid},
		{name: "3: alg null", token: head("alg", nil), want: ErrInvalid},
		{name: "3: alg a list", token: head("alg", []string{"RS256"}), want: ErrInvalid},
		{name: "3: alg in lower case", token: head("alg", "rs256"), want: ErrInvalid},
		{name: "3: HS256 signed with the RSA public key", token: hmac, want: ErrInvalid},

		{name: "4: RS384 although the key could", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodRS384, "rsa", keys().rsa)
		}), want: ErrInvalid},
		{name: "4: ES384", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodES384, "ec", keys().p384)
		}), want: ErrInvalid},
		{name: "4: RS256 with the key id of an EC key", token: head("kid", "ec"), want: ErrInvalid,
			lookup: true},
		{name: "4: EdDSA with the key id of an RSA key", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodEdDSA, "rsa", keys().ed)
		}), want: ErrInvalid, lookup: true},
		{name: "4: ES256", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodES256, "ec", keys().ec)
		}), want: accept},
		{name: "4: PS256", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodPS256, "rsa", keys().rsa)
		}), want: accept},
		{name: "4: EdDSA", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodEdDSA, "ed", keys().ed)
		}), want: accept},
		{name: "4: an RS256 signature announced as PS256", token: head("alg", "PS256"),
			want: ErrInvalid, lookup: true},
		{name: "4: PS256 with a salt of another length", token: signedBy(func() *draft {
			return rfc9068().with(&jwt.SigningMethodRSAPSS{
				SigningMethodRSA: jwt.SigningMethodPS256.SigningMethodRSA,
				Options:          &rsa.PSSOptions{SaltLength: 20},
			}, "rsa", keys().rsa)
		}), want: ErrInvalid, lookup: true},

		{name: "5: typ JWT in the strict profile", token: head("typ", "JWT"), want: ErrInvalid},
		{name: "5: typ missing in the strict profile", token: signedBy(func() *draft {
			return rfc9068().dropHead("typ")
		}), want: ErrInvalid},
		{name: "5: typ dpop+jwt", token: head("typ", "dpop+jwt"), want: ErrInvalid},
		{name: "5: typ logout+jwt", token: head("typ", "logout+jwt"), want: ErrInvalid},
		{name: "5: typ AT+JWT", token: head("typ", "AT+JWT"), want: accept},
		{name: "5: typ application/at+jwt", token: head("typ", "application/at+jwt"), want: accept},
		{name: "5: typ a number", token: head("typ", 1), want: ErrInvalid},
		{name: "5: typ text/at+jwt", token: head("typ", "text/at+jwt"), want: ErrInvalid},

		{name: "7: crit with an extension", token: head("crit", []string{"exp"}), want: ErrInvalid},
		{name: "7: crit empty", token: head("crit", []string{}), want: ErrInvalid},
		{name: "7: b64 false", token: head("b64", false), want: ErrInvalid},
		{name: "7: b64 true", token: head("b64", true), want: ErrInvalid},

		{name: "9: no kid", token: signedBy(func() *draft {
			return rfc9068().dropHead("kid")
		}), want: ErrInvalid},
		{name: "9: kid a path", token: head("kid", "../../dev/null"), want: ErrInvalid},
		{name: "9: kid a query", token: head("kid", "rsa' OR '1'='1"), want: ErrInvalid},
		{name: "9: kid of 10 KiB", token: head("kid", strings.Repeat("k", 10<<10)),
			want: ErrInvalid},
		{name: "9: kid one byte too long", token: head("kid", strings.Repeat("k", MaxKeyIDBytes+1)),
			want: ErrInvalid},
		{name: "9: kid as long as allowed, but unknown",
			token: head("kid", strings.Repeat("k", MaxKeyIDBytes)), want: ErrUnknownKey,
			lookup: true},
		{name: "9: kid a number", token: head("kid", 7), want: ErrInvalid},
		{name: "9: kid null", token: head("kid", nil), want: ErrInvalid},
		{name: "9: kid empty", token: head("kid", ""), want: ErrInvalid},
		{name: "9: kid with a terminal sequence", token: head("kid", "\x1b[2J"), want: ErrInvalid},
		{name: "9: kid outside ASCII", token: head("kid", "ключ"), want: ErrInvalid},
		{name: "9: kid in another case", token: head("kid", "RSA"), want: ErrUnknownKey,
			lookup: true},

		{name: "11: an unknown kid of a foreign issuer", token: signedBy(func() *draft {
			return rfc9068().head("kid", "unknown").claim("iss", "https://evil.example/")
		}), want: ErrInvalid},

		{name: "18: alg twice in the header",
			token: forged(`{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"rsa"}`),
			want:  ErrInvalid},
		{name: "18: kid twice, once escaped",
			token: forged(`{"alg":"RS256","typ":"at+jwt","kid":"rsa","\u006bid":"rsa"}`),
			want:  ErrInvalid},
		{name: "18: Kid does not count as kid",
			token: forged(`{"alg":"RS256","typ":"at+jwt","Kid":"rsa"}`), want: ErrInvalid},

		{name: "23: a nested token", token: head("cty", "JWT"), want: ErrInvalid},
		{name: "23: a compressed token", token: head("zip", "DEF"), want: ErrInvalid},
		{name: "23: an encrypted token in three parts", token: head("enc", "A128GCM"),
			want: ErrInvalid},
	})
}

// Row 8: what a token says about keys is not even read.
func TestKeysInTheHeaderAreIgnored(t *testing.T) {
	own := jwk("attacker", &keys().otherRSA.PublicKey)
	cert := base64.StdEncoding.EncodeToString([]byte("certificate"))
	hints := fields{
		"jwk": own, "jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/cert.pem",
		"x5c": []string{cert},
	}
	for name, value := range hints {
		synctest.Test(t, func(t *testing.T) {
			v := accessTokens(testKeySet(), RFC9068)
			forged := rfc9068().with(jwt.SigningMethodRS256, "rsa", keys().otherRSA).head(name,
				value)
			if _, err := v.Verify(t.Context(), forged.token()); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s of the attacker: %v", name, err)
			}
			if _, err := v.Verify(t.Context(), forged.head("kid", "attacker").token()); !errors.Is(
				err, ErrUnknownKey) {
				t.Errorf("%s with a key id of the attacker: %v", name, err)
			}
			if _, err := v.Verify(t.Context(), rfc9068().head(name, value).token()); err != nil {
				t.Errorf("%s in a token of the issuer: %v", name, err)
			}
		})
	}
}

func TestIssuerAudienceAndTimes(t *testing.T) {
	claim := func(name string, value any) func() string {
		return signedBy(func() *draft { return rfc9068().claim(name, value) })
	}
	raw := func(drop, member string) func() string {
		return signedBy(func() *draft { return rfc9068().drop(drop).after(member) })
	}
	in := func(name string, d time.Duration) func() string {
		return signedBy(func() *draft { return rfc9068().claim(name, time.Now().Add(d).Unix()) })
	}
	life := func(d time.Duration) func() string {
		return signedBy(func() *draft { return rfc9068().claim("exp", time.Now().Add(d).Unix()) })
	}
	rows := []vector{
		{name: "16: us and others",
			token: claim("aud", []string{"https://tenant.example/userinfo", testAudience}),
			want:  accept},
		{name: "16: an array of one", token: claim("aud", []string{testAudience}), want: accept},
		{name: "17: exp as a fraction",
			token: raw("exp", fmt.Sprintf(`"exp":%d.75`, inBubble().Unix()+60)), want: accept},
		{name: "17: exp exactly now, within the leeway", token: in("exp", 0), want: accept},
		{name: "17: exp past by a second less than the leeway",
			token: in("exp", -Leeway+time.Second), want: accept},
		{name: "17: exp past by exactly the leeway", token: in("exp", -Leeway), want: ErrExpired},
		{name: "17: exp past by 61 s", token: in("exp", -61*time.Second), want: ErrExpired},
		{name: "17: nbf in the future by the leeway", token: in("nbf", Leeway), want: accept},
		{name: "17: nbf in the future by a second more", token: in("nbf", Leeway+time.Second),
			want: ErrInvalid},
		{name: "17: nbf in the future by 61 s", token: in("nbf", 61*time.Second), want: ErrInvalid},
		{name: "17: nbf negative", token: raw("nbf", `"nbf":-1`), want: ErrInvalid},
		{name: "17: nbf so large that it would wrap around", token: raw("nbf", `"nbf":1e300`),
			want: ErrInvalid},
		{name: "17: iat in the future although nbf is past", token: signedBy(func() *draft {
			return rfc9068().claim("nbf", time.Now().Unix()-60).claim("iat", time.Now().Unix()+61)
		}), want: ErrInvalid},
		{name: "17: nbf a string", token: claim("nbf", "0"), want: ErrInvalid},
		{name: "17: iat in the future by the leeway", token: in("iat", Leeway), want: accept},
		{name: "17: iat in the future by a second more", token: in("iat", Leeway+time.Second),
			want: ErrInvalid},
		{name: "17: iat missing", token: signedBy(func() *draft {
			return rfc9068().drop("iat")
		}), want: ErrInvalid},
		{name: "17: a lifetime of 30 days", token: life(MaxLifetime), want: accept},
		{name: "17: a lifetime of 30 days and a second", token: life(MaxLifetime + time.Second),
			want: ErrInvalid},
		{name: "17: a lifetime of 10 years", token: life(10 * 365 * 24 * time.Hour),
			want: ErrInvalid},
		{name: "24: the clock of the issuer is 5 min ahead", token: in("iat", 5*time.Minute),
			want: ErrInvalid},
		{name: "18: aud twice", token: signedBy(func() *draft {
			return rfc9068().after(`"aud":"` + testAudience + `"`)
		}), want: ErrInvalid},
		{name: "18: scope twice", token: signedBy(func() *draft {
			return rfc9068().after(`"scope":"x"`)
		}), want: ErrInvalid},
		{name: "18: exp twice", token: signedBy(func() *draft {
			return rfc9068().after(`"exp":1`)
		}), want: ErrInvalid},
		{name: "18: exp twice, once escaped", token: signedBy(func() *draft {
			return rfc9068().after(`"\u0065xp":1`)
		}), want: ErrInvalid},
		{name: "18: a name twice, deep inside", token: signedBy(func() *draft {
			return rfc9068().after(`"act":[{"sub":"a","sub":"b"}]`)
		}), want: ErrInvalid},
		{name: "18: one name in two objects", token: signedBy(func() *draft {
			return rfc9068().after(`"act":{"sub":"a"},"x":[{"sub":"b"}]`)
		}), want: accept},
		{name: "18: Iss instead of iss", token: raw("iss", `"Iss":"`+testIssuer+`"`),
			want: ErrInvalid},
		{name: "18: AUD instead of aud", token: raw("aud", `"AUD":"`+testAudience+`"`),
			want: ErrInvalid},
		{name: "18: EXP instead of exp", token: raw("exp", `"EXP":9999999999`), want: ErrInvalid},
		{name: "18: Iss beside iss does not count", token: signedBy(func() *draft {
			return rfc9068().after(`"Iss":"https://evil.example/"`)
		}), want: accept},
	}
	for _, iss := range []string{
		"https://tenant.example", "https://Tenant.example/", "HTTPS://tenant.example/", testIssuer +
			"/", "http://tenant.example/",
		"https://user@tenant.example/", "https://tenant.example:443/", "https://tenаnt.example/",
		" " + testIssuer, "",
	} {
		rows = append(rows, vector{name: "15: iss " + iss, token: claim("iss", iss),
			want: ErrInvalid})
	}
	for _, iss := range []any{[]string{testIssuer}, nil, 1, fields{"iss": testIssuer}} {
		rows = append(rows, vector{name: fmt.Sprintf("15: iss %T", iss), token: claim("iss", iss),
			want: ErrInvalid})
	}
	for _, aud := range []any{
		testAudience[:len(testAudience)-1], testAudience + "/", "https://STAFF0/agent", "",
		"https://staff0/api",
		[]string{"https://staff0/api", "other"}, []string{}, []any{testAudience, 1},
		fields{testAudience: true}, nil,
	} {
		rows = append(rows, vector{name: fmt.Sprintf("16: aud %v", aud), token: claim("aud", aud),
			want: ErrInvalid})
	}
	rows = append(rows, vector{name: "16: aud missing", token: signedBy(func() *draft {
		return rfc9068().drop("aud")
	}), want: ErrInvalid})
	for _, exp := range []string{`"9999999999"`, `null`, `true`, `[]`, `{}`, `1e400`, `-1`, `0`,
		`-1e400`, `253402300800`, `1e18`} {
		rows = append(rows, vector{name: "17: exp " + exp, token: raw("exp", `"exp":`+exp),
			want: ErrInvalid})
	}
	rows = append(rows,
		vector{name: "17: exp NaN", token: raw("exp", `"exp":NaN`), want: ErrInvalid},
		vector{name: "17: exp missing", token: signedBy(func() *draft {
			return rfc9068().drop("exp")
		}), want: ErrInvalid},
	)
	runRows(t, rows)
}

// inBubble is the time that every synctest bubble begins at.
func inBubble() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestRequiredClaimsAndNames(t *testing.T) {
	claim := func(name string, value any) func() string {
		return signedBy(func() *draft { return rfc9068().claim(name, value) })
	}
	rows := []vector{
		{name: "jti missing where the profile is Auth0's RFC 9068", profile: Auth0,
			token: signedBy(func() *draft {
				return rfc9068().drop("jti")
			}), want: ErrInvalid},
		{name: "client_id missing although azp is there", token: signedBy(func() *draft {
			return rfc9068().drop("client_id").claim("azp", testClient)
		}), want: ErrInvalid},
		{name: "client_id and azp disagree", token: claim("azp", "other"), want: ErrInvalid},
		{name: "client_id and azp agree", token: claim("azp", testClient), want: accept},
		{name: "azp a number", token: claim("azp", 1), want: ErrInvalid},
		{name: "sub as long as OpenID Connect allows",
			token: claim("sub", strings.Repeat("s", 255)), want: accept},
		{name: "sub longer", token: claim("sub", strings.Repeat("s", 256)), want: ErrInvalid},
		{name: "sub empty", token: claim("sub", ""), want: ErrInvalid},
		{name: "sub a number", token: claim("sub", 1001), want: ErrInvalid},
		{name: "sub with a line break", token: claim("sub", "auth0|jdoe\n"), want: ErrInvalid},
		{name: "sub with a broken escape, which could be anybody's", token: signedBy(func() *draft {
			return rfc9068().drop("sub").after(`"sub":"auth0|\ud800"`)
		}), want: ErrInvalid},

		{name: "19: scope an array", token: claim("scope", []string{"read:employee_status"}),
			want: ErrInvalid},
		{name: "19: scope with tabs", token: claim("scope", "a\tread:employee_status"),
			want: ErrInvalid},
		{name: "19: scope with NUL", token: claim("scope", "a\x00read:employee_status"),
			want: ErrInvalid},
		{name: "19: scope outside ASCII", token: claim("scope", "a\u00a0read:employee_status"),
			want: ErrInvalid},
		{name: "19: scope with a quote", token: claim("scope", `a"b`), want: ErrInvalid},

		{name: "22: bound by DPoP",
			token: claim("cnf", fields{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
			want:  ErrInvalid},
		{name: "22: bound by certificate",
			token: claim("cnf", fields{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
			want:  ErrInvalid},
		{name: "22: bound by we do not know what", token: claim("cnf", nil), want: ErrInvalid},
		{name: "22: bound, Auth0", profile: Auth0, token: signedBy(func() *draft {
			return auth0().claim("cnf", fields{"jkt": "x"})
		}), want: ErrInvalid},
		{name: "22: bound, Keycloak", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().claim("cnf", fields{"jkt": "x"})
		}), want: ErrInvalid},
	}
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		rows = append(rows, vector{name: name + " missing, which RFC 9068 requires",
			token: signedBy(func() *draft {
				return rfc9068().drop(name)
			}), want: ErrInvalid})
	}
	runRows(t, rows)
}

func TestProfiles(t *testing.T) {
	rows := []vector{
		{name: "auth0: its older profile", profile: Auth0, token: signedBy(auth0), want: accept},
		{name: "auth0: its RFC 9068 profile", profile: Auth0, token: signedBy(rfc9068),
			want: accept},
		{name: "auth0: no typ", profile: Auth0, token: signedBy(func() *draft {
			return auth0().dropHead("typ")
		}), want: ErrInvalid},
		{name: "auth0: no azp", profile: Auth0, token: signedBy(func() *draft {
			return auth0().drop("azp")
		}), want: ErrInvalid},
		{name: "auth0: no sub", profile: Auth0, token: signedBy(func() *draft {
			return auth0().drop("sub")
		}), want: ErrInvalid},
		{name: "auth0: the audience is the client", profile: Auth0, token: signedBy(func() *draft {
			return auth0().claim("azp", testAudience)
		}), want: ErrInvalid},
		{name: "auth0: the client is one of the audiences", profile: Auth0,
			token: signedBy(func() *draft {
				return auth0().claim("aud", []string{testAudience, testClient})
			}), want: ErrInvalid},
		{name: "auth0: userinfo is one of the audiences", profile: Auth0,
			token: signedBy(func() *draft {
				return auth0().claim("aud", []string{testAudience, testIssuer + "userinfo"})
			}), want: accept},
		{name: "keycloak: typ JWT", profile: Keycloak, token: signedBy(keycloak), want: accept},
		{name: "keycloak: typ at+jwt", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().head("typ", "at+jwt")
		}), want: accept},
		{name: "keycloak: no typ", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().dropHead("typ")
		}), want: ErrInvalid},
		{name: "keycloak: payload typ ID", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().claim("typ", "ID")
		}), want: ErrInvalid},
		{name: "keycloak: payload typ Refresh", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().claim("typ", "Refresh")
		}), want: ErrInvalid},
		{name: "keycloak: payload typ missing", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().drop("typ")
		}), want: ErrInvalid},
		{name: "keycloak: no azp", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().drop("azp")
		}), want: ErrInvalid},
		{name: "keycloak: no jti", profile: Keycloak, token: signedBy(func() *draft {
			return keycloak().drop("jti")
		}), want: ErrInvalid},
		{name: "an empty profile is the strict one", token: signedBy(auth0), want: ErrInvalid},
		{name: "rfc9068: Auth0's older profile", profile: RFC9068, token: signedBy(auth0),
			want: ErrInvalid},
		{name: "an unknown profile refuses", profile: "okta", token: signedBy(rfc9068),
			want: ErrInvalid},
	}
	// Row 6: an ID token is an access token in no profile, not even with our audience and all the
	// claims of the profile.
	for _, p := range []Profile{RFC9068, Auth0, Keycloak} {
		rows = append(rows, vector{name: "6: ID token, " + string(p), profile: p,
			token: signedBy(func() *draft {
				return idToken().claim("nonce", "n")
			}), want: ErrInvalid})
		full := map[Profile]func() *draft{RFC9068: rfc9068, Auth0: auth0, Keycloak: keycloak}[p]
		for _, claim := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
			rows = append(rows, vector{name: "6: " + claim + ", " + string(p), profile: p,
				token: signedBy(func() *draft {
					return full().claim(claim, "x")
				}), want: ErrInvalid})
		}
	}
	runRows(t, rows)
}

// Row 21, and what else may be wrong with a signature.
func TestSignatures(t *testing.T) {
	es256 := func(change func(r, s *big.Int) []byte) func() string {
		return func() string {
			signed := rfc9068().with(jwt.SigningMethodES256, "ec", keys().ec).signingString()
			sum := sha256.Sum256([]byte(signed))
			r, s, err := ecdsa.Sign(rand.Reader, keys().ec, sum[:])
			must(0, err)
			return signed + "." + b64(string(change(r, s)))
		}
	}
	pair := func(r, s *big.Int) []byte {
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
	order := elliptic.P256().Params().N
	half := new(big.Int).Rsh(order, 1)
	runRows(t, []vector{
		{name: "21: ES256 in DER", token: func() string {
			signed := rfc9068().with(jwt.SigningMethodES256, "ec", keys().ec).signingString()
			sum := sha256.Sum256([]byte(signed))
			return signed + "." + b64(string(must(ecdsa.SignASN1(rand.Reader, keys().ec, sum[:]))))
		}, want: ErrInvalid, lookup: true},
		{name: "21: r is zero", token: es256(func(_, s *big.Int) []byte {
			return pair(new(big.Int), s)
		}), want: ErrInvalid, lookup: true},
		{name: "21: s is zero", token: es256(func(r, _ *big.Int) []byte {
			return pair(r, new(big.Int))
		}), want: ErrInvalid, lookup: true},
		{name: "21: both are zero", token: es256(func(_, _ *big.Int) []byte {
			return make([]byte, 64)
		}), want: ErrInvalid, lookup: true},
		{name: "21: high s is legal", token: es256(func(r, s *big.Int) []byte {
			if s.Cmp(half) <= 0 {
				s.Sub(order, s)
			}
			return pair(r, s)
		}), want: accept},
		{name: "21: low s", token: es256(func(r, s *big.Int) []byte {
			if s.Cmp(half) > 0 {
				s.Sub(order, s)
			}
			return pair(r, s)
		}), want: accept},
		{name: "21: RS256 with trailing bytes", token: func() string {
			signed := rfc9068().signingString()
			return signed + "." +
				b64(string(must(jwt.SigningMethodRS256.Sign(signed, keys().rsa)))+"\x00")
		}, want: ErrInvalid, lookup: true},
		{name: "a foreign key under a known id", token: signedBy(func() *draft {
			return rfc9068().with(jwt.SigningMethodRS256, "rsa", keys().otherRSA)
		}), want: ErrInvalid, lookup: true},
		{name: "a payload changed after signing", token: func() string {
			good, other := strings.Split(rfc9068().token(), "."),
				strings.Split(rfc9068().claim("sub", "auth0|asmith").token(), ".")
			return good[0] + "." + other[1] + "." + good[2]
		}, want: ErrInvalid, lookup: true},
		{name: "a header changed after signing", token: func() string {
			good, other := strings.Split(rfc9068().token(), "."),
				strings.Split(rfc9068().head("x", 1).token(), ".")
			return other[0] + "." + good[1] + "." + good[2]
		}, want: ErrInvalid, lookup: true},
		{name: "EdDSA by another key", token: func() string {
			d := rfc9068().with(jwt.SigningMethodEdDSA, "ed", keys().ed)
			return d.signingString() + "." + b64(strings.Repeat("\x01", 64))
		}, want: ErrInvalid, lookup: true},
	})
}

func TestClaimsOfAGoodToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := accessTokens(testKeySet(), RFC9068).Verify(t.Context(), rfc9068().
			claim("aud", []string{testAudience, "x"}).claim("scope", "read:employee_status  b").
			claim("authorization_details", []fields{{"type": "t"}}).claim("email",
			"jdoe@staff0.com").token())
		if err != nil {
			t.Fatal(err)
		}
		now := inBubble()
		if c.Issuer != testIssuer || c.Subject != "auth0|jdoe" || c.ClientID != testClient ||
			c.ID != "t-1" || c.Machine ||
			strings.Join(c.Audience, " ") != testAudience+" x" || !c.IssuedAt.Equal(now) ||
			!c.Expiry.Equal(now.Add(time.Hour)) {
			t.Errorf("claims %+v", *c)
		}
		if len(c.Scope) != 2 || !c.HasScope("b", "read:employee_status") ||
			c.HasScope("b", "read:employee") || c.HasScope("read:employee_statu") {
			t.Errorf("scope %q", c.Scope)
		}
		raw, ok := c.Raw("authorization_details")
		if !ok || string(raw) != `[{"type":"t"}]` {
			t.Errorf("raw claim %s", raw)
		}
		raw[0] = 'X'
		if again, _ := c.Raw("authorization_details"); again[0] != '[' {
			t.Error("Raw hands out the claim itself, not a copy")
		}
		if _, ok := c.Raw("Scope"); ok {
			t.Error("Raw folds case")
		}
		for _, printed := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", *c),
			fmt.Sprintf("%v", c), c.LogValue().String(), slog.AnyValue(c).Resolve().String()} {
			if strings.Contains(printed, "jdoe") || !strings.Contains(printed, testClient) {
				t.Errorf("printed as %q", printed)
			}
		}
	})
}

// Row 19, the rest: what is granted is compared to the letter.
func TestScopeIsExact(t *testing.T) {
	for scope, has := range map[any]bool{
		"employee:read": true, "a employee:read b": true, "employee:readonly": false,
		"Employee:read": false, "employee": false, "": false,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, err := accessTokens(testKeySet(), "").Verify(t.Context(),
				rfc9068().claim("scope", scope).token())
			if err != nil || c.HasScope("employee:read") != has {
				t.Errorf("scope %q: %v, %v", scope, c.HasScope("employee:read"), err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c, err := accessTokens(testKeySet(), "").Verify(t.Context(),
			rfc9068().drop("scope").claim("scp", []string{"employee:read"}).after(
				`"SCOPE":"employee:read"`).token())
		if err != nil || len(c.Scope) != 0 || c.HasScope("employee:read") {
			t.Errorf("scp and SCOPE: %v, %v", c.Scope, err)
		}
	})
}

func TestMachines(t *testing.T) {
	for _, r := range []struct {
		name    string
		profile Profile
		draft   func() *draft
		machine bool
	}{
		{"a person", RFC9068, rfc9068, false},
		{"the subject is the client", RFC9068, func() *draft {
			return rfc9068().claim("sub", testClient)
		}, true},
		{"Auth0: a person", Auth0, auth0, false},
		{"Auth0: client@clients", Auth0, func() *draft {
			return auth0().claim("sub", testClient+"@clients")
		}, true},
		{"Auth0: another client's name @clients", Auth0, func() *draft {
			return auth0().claim("sub", "x@clients")
		}, true},
		{"Auth0: the bare client", Auth0, func() *draft {
			return auth0().claim("sub", testClient)
		}, true},
		{"Auth0: an agent as principal", Auth0, func() *draft {
			return auth0().claim("sub", "agt_123")
		}, true},
		{"Auth0: the grant type says so", Auth0, func() *draft {
			return auth0().claim("gty", "client-credentials")
		}, true},
		{"Auth0: one of the grant types says so", Auth0, func() *draft {
			return auth0().claim("gty", []string{"x", "client-credentials"})
		}, true},
		{"Auth0: another grant type", Auth0, func() *draft {
			return auth0().claim("gty", "password")
		}, false},
		{"Keycloak: a person", Keycloak, func() *draft {
			return keycloak().claim("preferred_username", "jdoe")
		}, false},
		{"Keycloak: scope service_account", Keycloak, func() *draft {
			return keycloak().claim("client_id", testClient)
		}, true},
		{"Keycloak: the account of the client", Keycloak, func() *draft {
			return keycloak().claim("preferred_username", "service-account-BANK")
		}, true},
		{"Keycloak: a person with such a name", Keycloak, func() *draft {
			return keycloak().claim("preferred_username", "service-account-jdoe")
		}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, err := accessTokens(testKeySet(), r.profile).Verify(t.Context(), r.draft().token())
			if err != nil || c.Machine != r.machine || c.ClientID != testClient {
				t.Errorf("%s: %+v, %v", r.name, c, err)
			}
		})
	}
}

// Row 20: a token of another client, with everything else right.
func TestAllowListOfClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := testKeySet()
		v := accessTokens(set, RFC9068)
		v.Clients = []string{"insurer", testClient}
		if _, err := v.Verify(t.Context(), rfc9068().token()); err != nil {
			t.Errorf("a client on the list: %v", err)
		}
		set.lookups.Store(0)
		if _, err := v.Verify(t.Context(), rfc9068().claim("client_id", "ban").token()); !errors.Is(
			err, ErrInvalid) || set.lookups.Load() != 0 {
			t.Errorf("a client that is not on the list: %v", err)
		}
	})
}

func TestAnIncompleteVerifierRefusesEverything(t *testing.T) {
	token := rfc9068().token()
	set := testKeySet()
	for name, v := range map[string]*AccessTokens{
		"nil": nil, "zero": {}, "no issuer": {Keys: set, Audience: testAudience},
		"no audience":            {Keys: set, Issuer: testIssuer},
		"no keys":                {Issuer: testIssuer, Audience: testAudience},
		"a profile nobody knows": accessTokens(set, "none"),
	} {
		if _, err := v.Verify(context.Background(), token); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if v.Validate() == nil {
			t.Errorf("%s passes Validate", name)
		}
		if _, err := NewRemembered(v); err == nil {
			t.Errorf("%s can be remembered", name)
		}
	}
	// An empty issuer or audience must not match a token that has none either.
	v := &AccessTokens{Keys: set}
	if _, err := v.Verify(context.Background(),
		rfc9068().claim("iss", "").claim("aud", "").token()); !errors.Is(err, ErrInvalid) {
		t.Errorf("empty issuer and audience: %v", err)
	}
	if _, err := (&Remembered{}).Verify(context.Background(), token); !errors.Is(err, ErrInvalid) {
		t.Errorf("zero Remembered: %v", err)
	}
	if _, err := (*Remembered)(nil).Verify(context.Background(), token); !errors.Is(err,
		ErrInvalid) {
		t.Errorf("nil Remembered: %v", err)
	}
}

// Row 14: two issuers may use the same key id; each verifier has its own set.
func TestAKeyBelongsToOneIssuer(t *testing.T) {
	one := must(NewStatic(map[string]crypto.PublicKey{"k": &keys().rsa.PublicKey}))
	two := must(NewStatic(map[string]crypto.PublicKey{"k": &keys().otherRSA.PublicKey}))
	a := &AccessTokens{Keys: one, Issuer: "https://a.example/", Audience: testAudience}
	b := &AccessTokens{Keys: two, Issuer: "https://b.example/", Audience: testAudience}
	of := func(iss string, key *rsa.PrivateKey) string {
		return rfc9068().with(jwt.SigningMethodRS256, "k", key).claim("iss", iss).token()
	}
	for _, r := range []struct {
		v     *AccessTokens
		token string
		ok    bool
	}{
		{a, of("https://a.example/", keys().rsa), true},
		{b, of("https://b.example/", keys().otherRSA), true},
		{a, of("https://b.example/", keys().otherRSA), false},
		{b, of("https://b.example/", keys().rsa), false},
		{a, of("https://a.example/", keys().otherRSA), false},
	} {
		if _, err := r.v.Verify(t.Context(), r.token); (err == nil) != r.ok {
			t.Errorf("verifier of %s: %v", r.v.Issuer, err)
		}
	}
}

// Errors go to logs, so they must hold nothing of the token.
func TestErrorsHoldNothingOfTheToken(t *testing.T) {
	const secret = "s3cr3t"
	for _, d := range []*draft{
		rfc9068().claim("sub", secret+"\n"), rfc9068().claim("iss", secret+"@staff0.com"),
		rfc9068().claim("aud", secret+"\n"), rfc9068().claim("exp", secret),
		rfc9068().head("kid", secret), rfc9068().head("kid", secret+"/"),
		rfc9068().head("typ", secret+" "), rfc9068().head("alg", secret),
		rfc9068().after(`"` + secret + `":1,"` + secret + `":1`),
		rfc9068().claim("scope", secret+"\t"), rfc9068().claim("client_id", secret+"\x00"),
	} {
		_, err := accessTokens(testKeySet(), "").Verify(t.Context(), d.token())
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v", err)
		}
	}
}

// Whoever mixes up audiences, issuers or kinds of token on the first day reads what was expected
// and what came.
func TestRefusalsNameBothSides(t *testing.T) {
	long := "https://staff0/" + strings.Repeat("a", maxShownBytes)
	for _, row := range []struct {
		token *draft
		want  string
	}{
		{rfc9068().claim("aud", "https://staff0/api"),
			`expected audience "https://staff0/agent", got "https://staff0/api"`},
		{rfc9068().claim("aud", []string{"a", "b"}),
			`expected audience "https://staff0/agent", got "a", "b"`},
		{rfc9068().claim("aud", []string{"a", "b", "c", "d"}),
			`expected audience "https://staff0/agent", got "a", "b", "c" and more`},
		{rfc9068().claim("aud", []string{}), `expected audience "https://staff0/agent", got none`},
		{rfc9068().drop("aud"), `expected audience "https://staff0/agent", got none`},
		{rfc9068().claim("aud", "jdoe@staff0.com"),
			`expected audience "https://staff0/agent", got something else`},
		{rfc9068().claim("aud", "John Doe"),
			`expected audience "https://staff0/agent", got something else`},
		{rfc9068().claim("aud", "auth0|jdoe"),
			`expected audience "https://staff0/agent", got something else`},
		{rfc9068().claim("aud", "加藤"),
			`expected audience "https://staff0/agent", got something else`},
		{rfc9068().claim("aud", long),
			`expected audience "https://staff0/agent", got something else`},
		{rfc9068().claim("iss", "https://tenant.example"),
			`expected issuer "https://tenant.example/", got "https://tenant.example"`},
		{rfc9068().drop("iss"), `expected issuer "https://tenant.example/", got none`},
		{rfc9068().claim("iss", 7), `expected issuer "https://tenant.example/", got none`},
		{rfc9068().claim("iss", "https://other/").claim("aud", "other").claim("exp", 1),
			`expected issuer "https://tenant.example/", got "https://other/"`},
		{rfc9068().head("typ", "JWT"), `expected typ "at+jwt", got "jwt"`},
		{rfc9068().dropHead("typ"), `expected typ "at+jwt", got none`},
	} {
		_, err := accessTokens(testKeySet(), "").Verify(t.Context(), row.token.token())
		if want := ErrInvalid.Error() + ": " + row.want; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	v := &IDTokens{Keys: testKeySet(), Issuer: testIssuer, ClientID: testClient}
	if _, err := v.Verify(t.Context(), idToken().head("typ", "at+jwt").token(),
		Transaction{}); err == nil || !strings.HasSuffix(err.Error(),
		`expected typ "jwt", got "at+jwt"`) {
		t.Error(err)
	}
}

// wrongKey is a key set that does not keep to the contract of KeySet.
type wrongKey struct{ key crypto.PublicKey }

func (w wrongKey) Key(context.Context, *jwt.Token) (crypto.PublicKey, error) { return w.key, nil }

// The type of the key decides which algorithm is possible, whatever the key set says.
func TestTheKeyDecides(t *testing.T) {
	k := keys()
	for name, key := range map[string]crypto.PublicKey{
		"a weak key": &k.weakRSA.PublicKey, "an EC key": &k.ec.PublicKey,
		"an Ed25519 key": k.ed.Public(), "a secret": []byte("secret"),
		"nothing": nil, "a nil RSA key": (*rsa.PublicKey)(nil),
		"an empty RSA key": &rsa.PublicKey{}, "a private key": k.rsa,
		"a nil EC key": (*ecdsa.PublicKey)(nil),
	} {
		for _, d := range []*draft{rfc9068(),
			rfc9068().with(jwt.SigningMethodRS256, "rsa", k.weakRSA)} {
			if _, err := accessTokens(wrongKey{key}, "").Verify(t.Context(), d.token()); !errors.Is(
				err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, d := range []*draft{rfc9068().with(jwt.SigningMethodES256, "ec", k.ec),
		rfc9068().with(jwt.SigningMethodEdDSA, "ed", k.ed)} {
		for _, key := range []crypto.PublicKey{&k.rsa.PublicKey, &k.p384.PublicKey,
			k.ed.Public().(ed25519.PublicKey)[:31]} {
			if _, err := accessTokens(wrongKey{key}, "").Verify(t.Context(), d.token()); !errors.Is(
				err, ErrInvalid) {
				t.Errorf("%v with %T: %v", d.header["alg"], key, err)
			}
		}
	}
}
