// Package a2aclient calls A2A agents, over JSON-RPC in either protocol version or over HTTP+JSON,
// as the agent's card says.
//
// A card is untrusted input. It says that a token is wanted and of which scopes; it never says
// where a credential goes. The token goes to the configured origin of the agent and nowhere else,
// and it comes from the configured issuer whatever the card names. Nothing else that an agent sends
// is acted upon: no redirect is followed, no link in a challenge, a message or an error is opened,
// and every answer is bounded in size and time. A card with signatures is treated as one without,
// since no key is configured to check them against.
//
// Which addresses are called is up to the configuration alone, so there is no list of forbidden
// ones: an agent may well be on a private network. Plain http is for this machine, and a name of
// this machine is dialled at its own addresses only (see oauth.NewHTTPClient).
//
// Texts of the agent come back as they were sent, in errors too. They must be escaped before a
// person sees them.
//
// It obeys the A2A specification 1.0.1, §3, §7.3, §8, §9 and §11, and reads 0.3 as far as it
// differs.
package a2aclient
