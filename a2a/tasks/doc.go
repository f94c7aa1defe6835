// Package tasks is the life of a task: the engine that runs it, the log that keeps it, and the
// streams that report it.
//
// A task is a log of entries, numbered from 1. Whatever happens is first appended to the log, in
// one transaction with the resulting state and with what is needed to go on after a crash; only
// then is it reported. A stream is a cursor over the log and nothing else: it can begin anywhere,
// at any agent, be as slow as it likes, and costs the writer nothing.
//
// Three may be writing: the turn that runs the task, the caller who adds a message, the caller who
// cancels. Each names the last entry it has seen, and whoever is late reads again and decides
// anew. So a cancellation and an approval that meet have one winner: the one that was stored.
//
// It obeys the A2A specification 1.0.1, §3.1 to §3.5 and §7.6.
//
// # Glossary
//
//   - Entry: one stored event of a task, with its sequence number ([Seq]). The log of a task is all
//     of its entries.
//   - Record: a task as the store holds it, the sum of its entries so far ([Record]).
//   - Owner: the OAuth client whose task it is, and the user it acts for if there is one
//     ([Owner]).
//   - Turn: one run of the executor on a task, begun by a message or by Wake, ended when Execute
//     returns ([Turn]).
//   - Step: what a turn stores at once ([Step]).
//   - Change: what one transaction adds to a task; steps, messages and cancellations are
//     stored as changes ([Change]). Its id lets an attempt be repeated safely ([ChangeID]).
//   - Checkpoint: bytes that the executor needs to go on after a restart.
//   - Park, wake: a turn that waits for something outside parks its task; Wake begins the next
//     turn.
//   - Hold: something that several tasks have in common, such as one request to a person, under a
//     key ([Hold]).
//   - Claim: what a change wants of one hold. All claims of a change are granted, or none of it is
//     stored ([Claim]).
//   - Agent: one process that runs tasks. Several may share a store ([Shared]); each task is then
//     run by one of them.
//   - Webhook: a push notification configuration of a task, with how far its delivery has come
//     ([Webhook]).
package tasks
