// Package push sends what happens in tasks to the webhooks that their callers have named (A2A
// specification 1.0.1, §4.3 and §13.2).
//
// The log of a task is the outbox of its webhooks, and a webhook is a place in that log. What was
// stored is sent from there in order, each entry until the receiver has answered with a status of
// 2xx in time; then the place is moved, in the store. So every entry arrives at least once, also
// across restarts, and one that arrives twice bears the same id (wire.DeliveryHeader). Nothing that
// a receiver does delays a task or another receiver.
//
// An entry that cannot be delivered is tried again, with waits that grow and are drawn by lot.
// Sending is given up when the receiver says that it is gone (410), after RefusedPatience if it
// answers with another refusal, and after Patience if it is not to be reached. Then nothing more is
// sent to that webhook: a receiver gets all that happened up to some point, and never a selection.
// What was given up is logged with its task, and kept with its reason in the store; whoever sets
// the configuration again, under its id, goes on where it ended.
//
// Callers choose the addresses, and the agent stands where they do not. So an address is judged
// when it is dialled, after the name was resolved: what is not on the public internet is not
// connected to, unless the operator has allowed that very host. Redirects are not followed.
package push
