// Package consent is a waiting room: it asks a person for approval by OpenID CIBA, waits for the
// answer, and tells it to everybody who has asked the same. It knows nothing of the tasks that wait
// and of what an approval is good for.
//
// A question is announced before anything is known of the person: its code and its deadline are the
// room's own, so that neither directory nor provider can be seen in them. What follows, the room
// does by itself, one phase after the other, each stored before the next begins:
//
//	announced   somebody takes part in the request
//	asking      the claim on person and asker is taken, and a prompt is being sent
//	waiting     the provider's acknowledgement is kept, if there is one; it is polled while somebody takes part
//	over        it has ended, and is known a little longer to whoever asks the same
//
// A request that nobody can answer, because there is no such person, or because the provider will
// not ask, goes through the same phases and ends at the same deadline. A [Policy] says which of
// these ends are told at once instead.
//
// It obeys OpenID CIBA Core 1.0 §7 and §10, and RFC 10027 (cross-device flows): one prompt for one
// question, one at a time for a person and an asker, never again while it is in doubt whether
// somebody was asked.
package consent
