// Package a2aclient calls A2A agents over JSON-RPC, in either protocol version, as the agent's card says.
//
// A card is untrusted input. It says that a token is wanted and of which scopes; it never says where a credential goes. The token goes to the
// configured origin of the agent and nowhere else, and it comes from the configured issuer whatever the card names.
//
// It obeys the A2A specification 1.0.1, §3.6, §8 and §9.
package a2aclient
