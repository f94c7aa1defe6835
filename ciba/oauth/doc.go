// Package oauth holds OAuth 2.0 tokens as a client sees them: where they come
// from (client credentials, RFC 6749 §4.4), how long they are kept, how they
// are put on a request (RFC 6750 §2.1) and how the provider that issues them is
// found (OpenID Connect Discovery 1.0).
//
// The package keeps one promise above all: a credential goes to the endpoint
// that the configured issuer names, and nowhere else. It follows no redirect,
// sends nothing over plain http except to a loopback address, accepts only
// metadata whose endpoints share the issuer's origin, and prints secrets as
// [redacted].
package oauth
