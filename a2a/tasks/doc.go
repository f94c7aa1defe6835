// Package tasks is the life of a task: the engine that runs it, the log that keeps it, the streams
// that tell of it.
//
// A task is a log of entries, numbered from 1. Whatever happens is first appended to the log, in
// one transaction with the state that results and with what is needed to go on after a crash; then
// it is told. A stream is a cursor over the log and nothing else: it can begin anywhere, at any
// agent, be as slow as it likes, and costs the writer nothing.
//
// Who may be writing: the turn that runs the task, the caller who adds a message, the caller who
// cancels. Each says which entry it has last seen, and whoever is late reads again and decides
// anew. So a cancellation and an approval that meet have one winner, and it is the one that was
// stored.
//
// It obeys the A2A specification 1.0.1, §3.1 to §3.5 and §7.6.
package tasks
