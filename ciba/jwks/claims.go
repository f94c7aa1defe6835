package jwks

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// Leeway is how far the clocks of this machine and of the issuer may differ, for exp, nbf and
	// iat alike. A token is refused from the instant exp + Leeway on (RFC 7519 §4.1.4: "on or
	// after").
	Leeway = 30 * time.Second
	// MaxLifetime bounds exp - iat. Auth0 lets an API choose up to 30 days; a longer life is a
	// mistake or a forgery.
	MaxLifetime = 30 * 24 * time.Hour

	// maxName bounds subjects, client ids and token ids. OpenID Connect Core §2 allows 255
	// characters for `sub`.
	maxName = 255
	// maxNumericDate is the year 10000, after which time.Time no longer formats as RFC 3339.
	maxNumericDate = 253402300800
)

// Claims is what a verified token says. Each call of Verify hands out a value of its own: changing
// it changes nobody else's.
type Claims struct {
	Issuer  string
	Subject string
	// the client that the token was issued to: client_id, or azp where a provider says that instead
	ClientID string
	Audience []string // all of them, ours among them
	Scope    []string // exactly as granted; compare with HasScope
	Expiry   time.Time
	IssuedAt time.Time
	ID       string // jti; "" if the profile does not ask for one

	// Machine is true if the client acts for itself, so that Subject is no person. A resource that
	// belongs to a person must not be given to a machine, whatever its subject is called (RFC 9700
	// §4.15).
	Machine bool

	// Email and EmailVerified are those of an ID token. An address that is not verified is
	// anybody's.
	Email         string
	EmailVerified bool

	payload   object // shared and never changed
	notBefore time.Time
}

// HasScope reports whether every one of the wanted scopes was granted, each to the letter.
func (c *Claims) HasScope(wanted ...string) bool {
	for _, w := range wanted {
		if !slices.Contains(c.Scope, w) {
			return false
		}
	}
	return true
}

// Raw returns a copy of the JSON value of one claim, by its exact name.
func (c *Claims) Raw(name string) (json.RawMessage, bool) {
	raw, ok := c.payload.get(name)
	return slices.Clone(raw), ok
}

// String and LogValue name the client and leave the person out: subjects and addresses do not
// belong in logs.
func (c Claims) String() string {
	return "claims of a token of client " + strconv.Quote(c.ClientID)
}

// LogValue see String.
func (c Claims) LogValue() slog.Value { return slog.StringValue(c.String()) }

// clone copies everything that can be reached and changed through the exported fields, in one
// allocation for the usual number of audiences and scopes.
func (c *Claims) clone() *Claims {
	type roomy struct {
		Claims
		room [6]string
	}
	out := &roomy{Claims: *c}
	texts := append(append(out.room[:0], c.Audience...), c.Scope...)
	n := len(c.Audience)
	out.Audience, out.Scope = texts[:n:n], texts[n:len(texts):len(texts)]
	return &out.Claims
}

// validate has golang-jwt compare iss, aud, exp, nbf and iat, and puts what it finds into words.
// Issuer and audience compare as plain strings (RFC 7519 §4.1.1, OpenID Connect Discovery §3): a
// trailing slash, a port, another case or a look-alike is another issuer. exp and iat are required,
// nbf is not.
func validate(p *parsed, issuer, audience string, now time.Time) (*Claims, error) {
	err := jwt.NewValidator(jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(Leeway), jwt.WithTimeFunc(func() time.Time {
			return now
		})).Validate(p.payload)
	if err != nil {
		return nil, p.payload.refusal(err, issuer, audience)
	}
	c := &Claims{Issuer: issuer, payload: p.payload}
	raw, _ := c.payload.get("aud")
	c.Audience, _ = asTexts(raw)
	c.Expiry, _ = c.payload.date("exp") // all three were read a moment ago
	c.IssuedAt, _ = c.payload.date("iat")
	c.notBefore = c.IssuedAt
	if nbf, _ := c.payload.date("nbf"); nbf.After(c.notBefore) {
		c.notBefore = nbf
	}
	if c.Expiry.Sub(c.IssuedAt) > MaxLifetime {
		return nil, refuse("lives too long")
	}
	return c, nil
}

// refusal names the rule that the claims broke. What came is named for issuer and audience, for
// whoever has mixed them up on the first day.
func (o object) refusal(err error, issuer, audience string) error {
	if iss, _ := o.GetIssuer(); iss != issuer {
		return mismatch("issuer", issuer, iss)
	}
	if aud, _ := o.GetAudience(); !slices.Contains(aud, audience) {
		return mismatch("audience", audience, aud...)
	}
	if own, ok := errors.AsType[*refusal](err); ok {
		return own
	}
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return refuseAs(ErrExpired, "check the clocks if it is fresh")
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refuse("issued in the future; check the clocks of this machine and of the provider")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return refuse("not valid yet; check the clocks of this machine and of the provider")
	}
	return refuse("its claims are not valid")
}

// GetIssuer and the five methods below make a payload the claims that golang-jwt validates.
func (o object) GetIssuer() (string, error) { return o.plain("iss") }

// GetSubject see GetIssuer.
func (o object) GetSubject() (string, error) { return o.plain("sub") }

func (o object) plain(name string) (string, error) {
	s, _, ok := o.text(name)
	if !ok {
		return "", refuse("malformed " + name)
	}
	return s, nil
}

// GetAudience see GetIssuer.
func (o object) GetAudience() (jwt.ClaimStrings, error) {
	raw, _ := o.get("aud")
	aud, ok := asTexts(raw)
	if !ok {
		return nil, refuse("malformed aud")
	}
	return aud, nil
}

// GetExpirationTime see GetIssuer.
func (o object) GetExpirationTime() (*jwt.NumericDate, error) { return o.numericDate("exp") }

// GetIssuedAt see GetIssuer.
func (o object) GetIssuedAt() (*jwt.NumericDate, error) { return o.numericDate("iat") }

// GetNotBefore see GetIssuer.
func (o object) GetNotBefore() (*jwt.NumericDate, error) {
	if !o.has("nbf") {
		return nil, nil
	}
	return o.numericDate("nbf")
}

func (o object) numericDate(name string) (*jwt.NumericDate, error) {
	t, err := o.date(name)
	return &jwt.NumericDate{Time: t}, err
}

// date reads a NumericDate (RFC 7519 §2): a JSON number of seconds, possibly with a fraction, which
// is cut off.
func (o object) date(name string) (time.Time, error) {
	raw, ok := o.get(name)
	if !ok {
		return time.Time{}, refuse("no " + name)
	}
	// ParseFloat alone would take more than JSON does ("Inf", "0x1p4"), but the value is known to
	// be JSON: a string, null, true and their like start with none of these.
	if c := raw[0]; c != '-' && (c < '0' || c > '9') {
		return time.Time{}, refuse(name + " is no number")
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f <= 0 || f >= maxNumericDate {
		return time.Time{}, refuse(name + " is out of range")
	}
	return time.Unix(int64(math.Trunc(f)), 0), nil
}

// name reads a claim that identifies somebody or something: a bounded string without control
// characters. U+FFFD is refused because every broken escape turns into it, and two subjects must
// not become one.
func (c *Claims) name(claim string, required bool) (string, error) {
	s, present, ok := c.payload.text(claim)
	if !present {
		if required {
			return "", refuse("no " + claim)
		}
		return "", nil
	}
	bad := func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }
	if !ok || s == "" || len(s) > maxName || strings.ContainsFunc(s, bad) {
		return "", refuse("malformed " + claim)
	}
	return s, nil
}

// scopes splits the scope claim (RFC 8693 §4.2): scope tokens of RFC 6749 §3.3 with single spaces
// between them. A tab or another separator is part of no scope and makes the claim malformed; an
// array is not the claim that the RFC defines.
func (c *Claims) scopes() ([]string, error) {
	s, _, ok := c.payload.text("scope")
	if !ok {
		return nil, refuse("scope is no string")
	}
	var out []string
	for scope := range strings.SplitSeq(s, " ") {
		for i := range len(scope) {
			if b := scope[i]; b <= ' ' || b >= 0x7f || b == '"' || b == '\\' {
				return nil, refuse("malformed scope")
			}
		}
		if scope != "" {
			out = append(out, scope)
		}
	}
	return out, nil
}
