// Package ciba is a client of OpenID Connect Client-Initiated Backchannel
// Authentication (CIBA Core 1.0) in poll mode: it asks the provider to ring a
// person on their own device, and learns whether that person approved.
//
// [Client.Authenticate] starts a request, [Client.PollOnce] asks once how it
// stands, [Pace] says when to ask next, and a [Grant] is what an approval
// yields: an access token that was proven, together with the ID token beside
// it, to belong to the very person who was asked about. The waiting is the
// caller's, so that one scheduler can wait for ten thousand people;
// [Client.Poll] does it for one.
//
// What providers do differently (login hint, binding message, audience, shape
// of tokens) is a [Provider].
package ciba
