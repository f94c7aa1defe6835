// Package a2asrv is A2A over HTTP in front of the engine of package tasks: the public agent card,
// and behind a bearer token the extended one and the calls, over JSON-RPC in every version of the
// protocol that the card declares, at one address, and over HTTP+JSON below it.
//
// It obeys the A2A specification 1.0.1 (§3, §4.6, §5, §8.2, §8.6, §9, §11) and 0.3, JSON-RPC 2.0,
// and RFC 6750 for tokens.
//
// The bindings are spellings: each finds out which operation is called and puts its parameters
// together, and gives its result or error a form. What is in between is one table of operations.
//
// What a caller may see is decided by the engine, by the owner that the token names: the client,
// together with the person it acts for if there is one (§13.1). Nothing in a body, an id or a
// tenant counts for that.
//
// An http.Server around a Server needs ReadHeaderTimeout and IdleTimeout. It may have a
// WriteTimeout: calls that wait set their own deadlines. The body of a request is bounded here, in
// size and time.
package a2asrv
