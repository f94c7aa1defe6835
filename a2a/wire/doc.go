// Package wire is A2A as it goes over the wire, in each version of the protocol: JSON-RPC
// envelopes, server-sent events, the methods of a version with their codecs, errors and agent
// cards. Everything above it speaks the 1.0 nouns of package a2a.
//
// It obeys the A2A specification 1.0.1 and, for its older peers, 0.3.0 (which also serves 0.2.x),
// JSON-RPC 2.0, and the event stream format of the HTML standard (§9.2). It is the only package
// that knows a version by name. "§n" in comments is a section of the A2A specification.
//
// Nothing here trusts its input: it may come from anybody, in either direction. The caller bounds
// what it reads before it hands it over.
package wire
